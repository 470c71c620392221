"""A vertebra's true level: the column, the ribs, and what falls off the table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from totalsegmentator.map_to_binary import class_map

from heimdallr.corrections.difference import apply, between
from heimdallr.corrections.renaming import levels_moved, renamed_runs, renaming
from heimdallr.domain.corrections import LevelStatement
from heimdallr.domain.errors import CorrectionError

TOTAL = class_map["total"]
NUMBERS = {name: number for number, name in TOTAL.items()}


def renamed(
    *structures: str, moved: int, names: dict[int, str] = TOTAL
) -> tuple[dict[str, str | None], list[str]]:
    """Structure → its new name (``None``: no more), of those that changed; codes of the notes."""
    numbers = {name: number for number, name in names.items()}
    found, notes = renaming(names, [numbers[one] for one in structures], moved)
    return (
        {names[number]: names.get(new) for number, new in found.items()},
        [one.code for one in notes],
    )


def test_the_whole_column_moves_by_as_many_levels() -> None:
    """What is called T12, L1, L2 is L1, L2, L3 once L2 is said to be L3."""
    moved = levels_moved(LevelStatement("vertebrae_L2", "vertebrae_L3"))

    new, notes = renamed("vertebrae_T12", "vertebrae_L1", "vertebrae_L2", "liver", moved=moved)

    assert new == {
        "vertebrae_T12": "vertebrae_L1",
        "vertebrae_L1": "vertebrae_L2",
        "vertebrae_L2": "vertebrae_L3",
    }
    assert notes == []


def test_ribs_go_with_their_vertebra_and_the_sacrum_stays() -> None:
    """The rib of T11 is that of T10 where T11 is T10."""
    new, notes = renamed("vertebrae_T11", "rib_left_11", "rib_right_2", "sacrum", moved=-1)

    assert new == {
        "vertebrae_T11": "vertebrae_T10",
        "rib_left_11": "rib_left_10",
        "rib_right_2": "rib_right_1",
    }
    assert notes == []


@pytest.mark.parametrize(
    ("structure", "moved", "name", "note"),
    [
        ("vertebrae_L5", 1, "vertebrae_S1", "level_below_the_last"),
        ("vertebrae_C1", -1, None, "level_has_no_name"),
        ("rib_left_12", 1, None, "level_has_no_name"),
        ("rib_right_1", -1, None, "level_has_no_name"),
        ("vertebrae_L5", -1, "vertebrae_L4", "no_last_lumbar_vertebra"),
    ],
)
def test_what_falls_off_the_table_is_said(
    structure: str, moved: int, name: str | None, note: str
) -> None:
    """It joins what lies there, or loses its name; either way a person reads of it."""
    assert renamed(structure, moved=moved) == ({structure: name}, [note])


@pytest.mark.parametrize(
    ("names", "name", "note"),
    [
        (["vertebrae_L5", "vertebrae_L6", "sacrum"], "vertebrae_L6", "sixth_lumbar_vertebra"),
        (["vertebrae_L5", "sacrum"], "sacrum", "level_below_the_last"),
        (["vertebrae_L5"], None, "level_has_no_name"),
    ],
)
def test_other_tables_know_other_names(names: list[str], name: str | None, note: str) -> None:
    """A network with a sixth lumbar vertebra uses it; one without S1 has the sacrum."""
    table = dict(enumerate(names, start=1))

    assert renamed("vertebrae_L5", moved=1, names=table) == ({"vertebrae_L5": name}, [note])


def test_a_confirmed_level_changes_nothing() -> None:
    """L3 is L3: nothing moves, nothing is said."""
    assert levels_moved(LevelStatement("vertebrae_L3", "vertebrae_L3")) == 0
    assert renamed("vertebrae_L3", "rib_left_9", moved=0) == ({}, [])


@pytest.mark.parametrize("wrong", ["liver", "vertebrae_S1", "L3", ""])
def test_only_vertebrae_have_levels(wrong: str) -> None:
    """Neither organ nor sacrum can be said to be a level."""
    with pytest.raises(CorrectionError) as refused:
        levels_moved(LevelStatement(wrong, "vertebrae_L3"))

    assert refused.value.why.code == "no_vertebra"


@given(st.integers(0, 2**32), st.integers(-3, 3))
def test_runs_of_a_renaming_are_its_voxels(seed: int, moved: int) -> None:
    """The runs turn the map into the renamed one, voxel by voxel, and cut nothing apart."""
    generator = np.random.default_rng(seed)
    some = np.array([0, NUMBERS["liver"], NUMBERS["vertebrae_L5"], NUMBERS["vertebrae_L4"]])
    labels = some[generator.integers(0, 4, (4, 3, 5))].astype(np.uint8)
    numbers, _ = renaming(TOTAL, set(labels.ravel().tolist()) - {0}, moved)
    table = np.arange(256, dtype=np.uint8)
    for number, new in numbers.items():
        table[number] = new

    runs = renamed_runs(labels, numbers)

    assert np.array_equal(apply(labels, runs), table[labels])
    assert len(runs) == len(between("total", labels, table[labels]))
