"""What time it is: the one place that asks the machine.

Whatever decides over time is handed the clock (``now: Callable[[], datetime] = utc_now``) or the
time itself, so that a test can set it. Durations are ``time.monotonic``'s matter.
"""

from __future__ import annotations

from datetime import datetime, timezone


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(timezone.utc)  # noqa: TID251 - here and nowhere else


def local_now() -> datetime:
    """The time in this machine's zone, as a case folder tells it."""
    return utc_now().astimezone()
