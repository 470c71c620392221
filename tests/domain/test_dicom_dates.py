"""What is a day, and what only looks like one."""

from __future__ import annotations

from datetime import date

import pytest

from heimdallr.analyses.rules.change import days_between
from heimdallr.domain.dicom_dates import calendar_date


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("20260201", date(2026, 2, 1)),
        ("20240229", date(2024, 2, 29)),
        ("20260229", None),
        ("20261301", None),
        ("00000101", None),
        ("2026131", None),
        ("202611 1", None),
        ("2026111", None),
        ("20260201 ", None),
        ("20260201\n", None),
        ("2026.02.01", None),
        ("2026-02-01", None),
        ("٢٠٢٦٠٢٠١", None),
        ("", None),
        (None, None),
    ],
)
def test_eight_digits_that_are_a_day(text: str | None, day: date | None) -> None:
    """Nothing is guessed from less."""
    assert calendar_date(text) == day


def test_no_time_passes_between_what_is_no_day() -> None:
    """A digit that is missing does not become a change per year."""
    assert days_between("20250131", "20260131") == 365
    assert days_between("20250131", "2026131") is None
    assert days_between("202511 1", "20260131") is None
