"""How far a recorded time may be believed.

Nothing that was recorded lies after now. A time that does was written under a wrong clock, which
since has been set right: it counts as never. Otherwise failures would keep people out for years,
and sessions and tokens would last as long.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

SKEW = timedelta(minutes=1)
"""How far the clocks of machines that share a database may be apart; NTP keeps them much closer."""


def is_after(recorded: datetime, now: datetime) -> bool:
    """Whether a recorded time lies after now, and so says nothing."""
    return recorded > now + SKEW
