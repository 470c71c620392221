"""Can the clock be right? Told by what was recorded before, ahead of removing anything by age.

A clock that jumps years ahead makes every study old at once. What is recorded then is recorded
under the wrong time too, so the newest record alone says little. Looked for is a hole: there are
older records, and none of the month that ended a week ago. Whoever sets a clock wrong has
that week to be told and to notice; where nothing was received for a month, and the clock is
right, removing by age goes on a week after something is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import exists, func, select

from heimdallr.store.models import AuditEntry, Study

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

HOLE = timedelta(days=30)
"""A month without an image received, and without anybody looking, is no month that passed."""
SETTLED = timedelta(days=7)
"""Records younger than this may have been made under the wrong clock as well."""


@dataclass(frozen=True, slots=True)
class ClockDoubt:
    """The clock says ``now``, and nothing is known of the time between ``last`` and ``until``."""

    last: datetime
    until: datetime
    now: datetime

    def __str__(self) -> str:
        """What is wrong, and what to do."""
        return (
            f"nothing was recorded between {self.last:%Y-%m-%d} and {self.until:%Y-%m-%d}; is the "
            f"clock right, {self.now:%Y-%m-%d %H:%M} UTC? Nothing is removed by age until it has "
            f"been for {SETTLED.days} days, or until `heimdallr retention --believe-clock`"
        )


def clock_doubt(session: Session, now: datetime) -> ClockDoubt | None:
    """Why ``now`` may be wrong; None: nothing speaks against it."""
    until = now - SETTLED
    begin = until - HOLE
    for at in (AuditEntry.at, Study.last_instance_at):
        if session.scalar(select(exists().where(at.between(begin, until)))):
            return None
    # Where nothing is older, there is nothing that could be removed wrongly.
    last = session.scalar(
        select(func.max(Study.last_instance_at)).where(Study.last_instance_at < begin)
    )
    return None if last is None else ClockDoubt(last, until, now)
