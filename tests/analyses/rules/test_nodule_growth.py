"""A nodule is compared with itself, or with nothing; growth is more than measuring again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from heimdallr.analyses.rules.nodule_growth import (
    Growth,
    PlacedNodule,
    PlacedNodules,
    earlier_of,
    growth_of,
)

LOWER, UPPER = "lung_lower_lobe_left", "lung_upper_lobe_left"
LOBES = frozenset({LOWER, UPPER})
NODULE = PlacedNodule(1, LOWER, (0.5, 0.5, 0.5), (120.0, 180.0, 200.0), 300.0)


def moved(by_mm: float, number: int = 1, lobe: str = LOWER) -> PlacedNodule:
    """The same nodule so many mm higher in its lobe."""
    return replace(NODULE, number=number, lobe=lobe, place=(0.5, 0.5, 0.5 + by_mm / 200.0))


def study(
    *nodules: PlacedNodule,
    lobes: frozenset[str] = LOBES,
    complete: frozenset[str] = LOBES,
    smaller: int = 0,
) -> PlacedNodules:
    """A study that lists all of its nodules."""
    return PlacedNodules(nodules, lobes, complete, smaller)


NOW = study(NODULE)


def test_a_lobe_that_is_stretched_by_breath_takes_its_nodule_along() -> None:
    """Half-way up is half-way up, whether the lobe is 160 or 200 mm tall."""
    before = replace(NODULE, number=3, lobe_mm=(115.0, 175.0, 160.0), volume_mm3=200.0)
    assert earlier_of(NODULE, NOW, study(before)) == before


def test_one_that_lies_farther_or_in_another_lobe_is_another() -> None:
    """14 mm is within reach, 16 are not; the fissure is a border."""
    assert earlier_of(NODULE, NOW, study(moved(14.0))) == moved(14.0)
    assert earlier_of(NODULE, NOW, study(moved(16.0))) == "not_seen_before"
    assert earlier_of(NODULE, NOW, study(moved(0.0, lobe=UPPER))) == "not_seen_before"


def test_where_a_third_could_be_meant_nothing_is_paired() -> None:
    """Two earlier ones near one, or two of now near one earlier."""
    near = study(moved(-8.0, 1), moved(8.0, 2))
    assert earlier_of(NODULE, NOW, near) == "several_near"
    both = study(NODULE, moved(10.0, 2))
    assert earlier_of(NODULE, both, study(moved(5.0))) == "several_near"


def test_a_lobe_that_was_cut_says_nothing_of_new_nodules() -> None:
    """An edge of the earlier image may have hidden it."""
    assert earlier_of(NODULE, NOW, study(lobes=frozenset({UPPER}))) == "lobe_not_whole"


def test_one_that_was_counted_and_not_listed_may_be_meant() -> None:
    """Of more than ten nodules the smaller ones have no place; those too small never have one."""
    upper = frozenset({UPPER})
    near = moved(5.0)
    assert earlier_of(NODULE, NOW, study(near, complete=upper)) == "not_all_listed"
    assert earlier_of(NODULE, study(NODULE, complete=upper), study(near)) == "not_all_listed"
    assert earlier_of(NODULE, NOW, study(complete=upper)) == "not_all_listed"
    assert earlier_of(NODULE, NOW, study(smaller=1)) == "not_all_listed"
    assert earlier_of(NODULE, study(NODULE, complete=upper), study()) == "not_seen_before"
    assert earlier_of(NODULE, NOW, study(near, smaller=1)) == near


@pytest.mark.parametrize(
    ("volume", "date", "wanted"),
    [
        (400.0, "20270101", Growth("risen", 365.0)),
        (800.0, "20270101", Growth("risen", 182.5)),
        (249.0, "20270101", Growth("no_change", None)),
        (151.0, "20270101", Growth("no_change", None)),
        (149.0, "20270101", Growth("fallen", None)),
        (400.0, "20260220", Growth("risen", None)),
        (400.0, "20260101", None),
        (400.0, "soon", None),
    ],
)
def test_the_doubling_time(volume: float, date: str, wanted: Growth | None) -> None:
    """Twice in a year doubles in a year, four times in half of one; a quarter is no change."""
    found = growth_of(volume, date, earlier_mm3=200.0, earlier_date="20260101")
    assert (found and found.verdict) == (wanted and wanted.verdict)
    if wanted and wanted.doubling_days is not None:
        assert found
        assert found.doubling_days == pytest.approx(wanted.doubling_days)
    else:
        assert found is None or found.doubling_days is None
