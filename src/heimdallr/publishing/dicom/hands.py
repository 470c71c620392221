"""Whose the outlines are: the networks' own, or a person's.

A person who redraws a structure, or says which level a vertebra is, makes the outline theirs in
part; one that the networks had not drawn at all is theirs alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from heimdallr.publishing.schema import Results

Hand = Literal["in_part", "alone"]


def hands(results: Results) -> dict[tuple[str, str], Hand]:
    """Task and structure → a person's hand in its outline; the networks' own are absent.

    The way back to an earlier version is no hand: the corrections of results are those of the
    version gone back to (:class:`~heimdallr.publishing.schema.ProvenanceRecord`).
    """
    found: dict[tuple[str, str], Hand] = {}
    for correction in results.provenance.corrections:
        if correction.kind == "restore":
            continue
        for change in correction.structures:
            place = change.task, change.structure
            # What only has a new level's name, networks had drawn under another one.
            is_drawn = correction.kind == "voxels"
            before = found.get(place, "in_part" if change.volume_before_cm3 else "alone")
            found[place] = before if is_drawn else "in_part"
    return found
