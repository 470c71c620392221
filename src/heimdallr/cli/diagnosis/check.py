"""The outcome of one check: a line of `heimdallr doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: what was found, and what to do when it is not ok."""

    name: str
    state: Literal["ok", "warning", "problem"]
    found: str
    remedy: str = ""
