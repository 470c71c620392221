"""One vertebra's true level, and with it that of the whole column.

Whoever says "this is L3" of the vertebra called L2 says that every vertebra is one level lower than
it is called: all of them move by as many levels, and each rib with its vertebra. The sacrum and S1
stay what they are. Every label map that names vertebrae or ribs follows; one in which they are a
single structure has nothing to rename.

What falls off the table is a sign of a transitional vertebra, and is said:

* below L5 it becomes L6 where the network knows one, else it joins S1, else the sacrum: that is
  what lies there in people with five lumbar vertebrae;
* a vertebra above C1, and a rib that no vertebra of the table carries, lose their name: another
  structure's numbers would be wrong with them. Their voxels are in the difference, as all others.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from heimdallr.analyses.vertebral_levels import LEVELS, structure_of
from heimdallr.corrections.difference import Runs
from heimdallr.domain.errors import CorrectionError
from heimdallr.domain.statements import Statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from heimdallr.domain.corrections import LevelStatement
    from heimdallr.imaging.volume import Array

SIXTH = structure_of("L6")
COLUMN = (*map(structure_of, LEVELS), SIXTH)
"""Head to foot; some networks know a sixth lumbar vertebra."""
BELOW = (structure_of("S1"), "sacrum")
"""What takes in a vertebra that would lie below the last lumbar one."""
_RIB = re.compile(r"rib_(left|right)_(\d+)")
_NOTHING = 0


class Renaming(NamedTuple):
    """What becomes of the labels of one map.

    Attributes:
        numbers: label → new label; those that stay are absent, 0 is no name.
        notes: what falls off the table.
    """

    numbers: Mapping[int, int]
    notes: tuple[Statement, ...]


def levels_moved(said: LevelStatement) -> int:
    """By how many levels the column moves, towards the feet.

    Raises:
        CorrectionError: a name is none of a vertebra.
    """
    for name in (said.vertebra, said.is_):
        if name not in COLUMN:
            raise CorrectionError(Statement("no_vertebra", {"name": name}))
    return COLUMN.index(said.is_) - COLUMN.index(said.vertebra)


def is_named_by_level(structure: str) -> bool:
    """Whether a structure is called otherwise when the column is renamed."""
    return structure in COLUMN or _RIB.fullmatch(structure) is not None


def renaming(names: Mapping[int, str], present: Iterable[int], moved: int) -> Renaming:
    """New labels for the vertebrae and ribs of a label map.

    Args:
        names: label number → structure, of the whole map.
        present: labels that have a voxel.
        moved: levels towards the feet.
    """
    numbers = {name: number for number, name in names.items()}
    found: dict[int, int] = {}
    notes = []
    for number in sorted(present):
        structure = names[number]
        place = _moved(structure, moved, numbers)
        if place == structure:
            continue
        found[number] = numbers[place] if place else _NOTHING
        if (note := _note(structure, place)) is not None:
            notes.append(note)
    last = numbers.get(structure_of(LEVELS[-1]))
    if moved < 0 and last in found and last not in found.values():
        notes.append(Statement("no_last_lumbar_vertebra"))
    return Renaming(found, tuple(notes))


def _moved(structure: str, moved: int, numbers: Mapping[str, int]) -> str | None:
    """What a structure is called now; ``None``: there is no name for it."""
    if rib := _RIB.fullmatch(structure):
        moved_rib = f"rib_{rib[1]}_{int(rib[2]) + moved}"
        return moved_rib if moved_rib in numbers else None
    if structure not in COLUMN:
        return structure
    place = COLUMN.index(structure) + moved
    if place < len(LEVELS):
        name = COLUMN[place] if place >= 0 else ""
        return name if name in numbers else None
    lower = (*COLUMN[place:], *BELOW)
    return next((name for name in lower if name in numbers), None)


def _note(structure: str, place: str | None) -> Statement | None:
    """What is to be said of a new name; ``None`` where it is an ordinary one."""
    if place is None:
        return Statement("level_has_no_name", {"structure": structure})
    if place == SIXTH:
        return Statement("sixth_lumbar_vertebra")
    if place in BELOW:
        return Statement("level_below_the_last", {"structures": (structure, place)})
    return None


def renamed_runs(labels: Array, numbers: Mapping[int, int]) -> Runs:
    """The voxels that a renaming changes.

    Args:
        labels: (I, J, K) labels, uint8.
        numbers: label → new label.
    """
    after_of = np.arange(256, dtype=np.uint8)
    for number, new in numbers.items():
        after_of[number] = new
    changes = after_of != np.arange(256)
    flat = np.asfortranarray(labels).reshape(-1, order="F")
    edge = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    starts = np.concatenate(([0], edge))
    lengths = np.diff(starts, append=flat.size)
    own = changes[flat[starts]]
    starts, lengths = starts[own], lengths[own]
    before = flat[starts]
    return Runs(starts.astype(np.uint32), lengths.astype(np.uint32), before, after_of[before])
