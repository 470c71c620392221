"""Change against an earlier study: a rate a year, or no change within measurement error."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

import pytest

from heimdallr.analyses.registry import ANALYSES
from heimdallr.analyses.rules.change import change_of, smallest_changes


def test_every_entry_names_measurements_there_are() -> None:
    """And gives a difference or a share, not both, and whence."""
    names = [re.sub(r"<[a-z]+>", "x", one.name) for a in ANALYSES.values() for one in a.OUTPUTS]
    for one in smallest_changes():
        assert (one.difference is None) != (one.share is None)
        for name in one.names:
            assert any(fnmatchcase(known, name) for known in names), name


@pytest.mark.parametrize(
    ("value", "earlier", "date", "verdict", "per_year"),
    [
        (1650.0, 1500.0, "20240301", "risen", 75.0),
        (1350.0, 1500.0, "20250301", "fallen", -150.0),
        (1649.0, 1500.0, "20240301", "no_change", None),
        (1800.0, 1500.0, "20260201", "risen", None),
    ],
)
def test_a_tenth_of_a_volume_is_a_change(
    value: float, earlier: float, date: str, verdict: str, per_year: float | None
) -> None:
    """On the limit it is one; a rate a year only over two months and more."""
    found = change_of("liver_vol_cm3", value, "20260301", earlier=earlier, earlier_date=date)
    assert found is not None
    assert found.verdict == verdict
    assert found.per_year == (None if per_year is None else pytest.approx(per_year, rel=0.01))


@pytest.mark.parametrize(
    ("name", "date"), [("contrast_phase_seconds", "20240301"), ("liver_vol_cm3", "2024"),
                       ("liver_vol_cm3", "20270101")]
)  # fmt: skip
def test_nothing_is_said_without_a_table_entry_or_a_date_before(name: str, date: str) -> None:
    """A number nobody knows the error of, a broken date, a later study."""
    assert change_of(name, 2.0, "20260301", earlier=1.0, earlier_date=date) is None
