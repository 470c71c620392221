"""Which structures a segmentation object holds.

A viewer draws a frame for every slice of every structure: beyond some 400 frames those of today
switch the overlay off or slow down (OHIF issue 3523, Weasis issue 680). So what leaves the house
by default is what its numbers are about, not all 117 classes; whoever wants others names them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from heimdallr.domain.errors import ObjectError
from heimdallr.publishing.groups import group

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from heimdallr.domain.study import Modality
    from heimdallr.publishing.dicom.case_content import CaseFolderContent
    from heimdallr.publishing.schema import LabelMapRecord, StructureRecord

_ORGANS = frozenset({
    "liver", "spleen", "kidney_left", "kidney_right", "pancreas", "gallbladder",
    "adrenal_gland_left", "adrenal_gland_right", "urinary_bladder", "prostate",
})  # fmt: skip
_LEVELS = frozenset({"vertebrae_T12", *(f"vertebrae_L{n}" for n in range(1, 7)), "sacrum"})
_TISSUES = frozenset({"skeletal_muscle", "subcutaneous_fat", "torso_fat", "intermuscular_fat"})

USUAL: dict[Modality, frozenset[str]] = {
    "CT": _ORGANS | _LEVELS | _TISSUES | {"aorta"},
    "MR": _ORGANS | _TISSUES,
}
"""Modality → structures that are segmented unless others are named; findings always are."""


@dataclass(frozen=True, slots=True)
class ChosenMap:
    """A label map with what is taken of it.

    Attributes:
        record: the label map.
        structures: those taken, in label order: the order of their segments.
    """

    record: LabelMapRecord
    structures: tuple[StructureRecord, ...]


def chosen_maps(
    content: CaseFolderContent, wanted: Sequence[str] | None = None
) -> tuple[ChosenMap, ...]:
    """The label maps of a case of which at least one structure is taken.

    Args:
        content: the case.
        wanted: class names; ``None``: what is usual for the modality, without what is doubted or
            is good for finding a place only.

    Raises:
        ObjectError: the masks are gone, or a structure that is wanted was not segmented.
    """
    if content.labels is None:
        msg = "the case has no label maps"
        raise ObjectError(msg, remedy="process the study again; retention removed its masks")
    maps = content.labels.maps
    if wanted is not None:
        known = {one.structure for record in maps for one in record.structures}
        if missing := sorted(set(wanted) - known):
            msg = f"not segmented in this case: {', '.join(missing)}"
            raise ObjectError(msg, remedy=f"segmented are: {', '.join(sorted(known)) or 'none'}")
    chosen = (ChosenMap(one, _chosen(content, one, wanted)) for one in maps)
    return tuple(one for one in chosen if one.structures)


def _chosen(
    content: CaseFolderContent, record: LabelMapRecord, wanted: Collection[str] | None
) -> tuple[StructureRecord, ...]:
    by_label = sorted(record.structures, key=lambda one: one.label)
    if wanted is not None:
        return tuple(one for one in by_label if one.structure in wanted)
    usual = USUAL[content.results.modality]
    segmentations = content.results.provenance.segmentations
    located = {
        name for one in segmentations if one.task == record.task for name in one.located_only
    }
    return tuple(
        one
        for one in by_label
        if (one.structure in usual or group(one.structure) == "findings")
        and not one.doubts
        and one.structure not in located
    )
