"""How soon a person should look at a finding."""

from __future__ import annotations

from enum import Enum


class Severity(str, Enum):
    """How soon a person should look; most urgent first."""

    CRITICAL = "critical"
    """Must be acknowledged by a person."""
    SIGNIFICANT = "significant"
    NOTE = "note"

    @property
    def place(self) -> int:
        """0 is the most urgent."""
        return list(Severity).index(self)
