"""A person's word that results may be relied on, as objects and messages tell it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - pydantic and SQLAlchemy read it at run time
from enum import Enum


class Verified(str, Enum):
    """Whether a person has verified a study's results."""

    NO = "no"
    YES = "yes"
    OUTDATED = "outdated"
    """A person has, but the results are others since."""


@dataclass(frozen=True, slots=True)
class Verification:
    """Who verified results, and when.

    Attributes:
        by: name of the account; empty where access control is off and nobody has one.
        at: when, with its zone.
    """

    by: str
    at: datetime

    def __str__(self) -> str:
        return f"verified {self.by} {self.at.isoformat()}"

    def digest_of(self, results: str) -> str:
        """What names results together with this word on them.

        Args:
            results: digest of the results, hexadecimal.
        """
        return hashlib.sha256(f"{results} {self}".encode()).hexdigest()
