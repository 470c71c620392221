"""Which structures a segmentation object holds.

A viewer draws a frame for every slice of every structure: Weasis 4.6 refuses beyond 400 frames
(Weasis issue 680), others get slow (OHIF issue 3523). So what leaves the house by default is what a
reader checks a reported number with: the organs that have published limits, the vertebra that
muscle is measured at, tissue on that one slice, and every finding. A CT of 600 slices of 1 mm then
has some 550 frames (18 MB) instead of 3500. Whoever wants others names them, or asks for all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from heimdallr.analyses import sarcopenia_l3
from heimdallr.analyses.anatomy.axial_tissue import MUSCLE
from heimdallr.domain.errors import ObjectError
from heimdallr.publishing.groups import group
from heimdallr.publishing.targets import Grid, Places

if TYPE_CHECKING:
    from heimdallr.domain.study import Modality
    from heimdallr.publishing.dicom.case_content import CaseFolderContent
    from heimdallr.publishing.dicom.kinds import Structures
    from heimdallr.publishing.schema import LabelMapRecord, StructureRecord
    from heimdallr.publishing.targets import Target

_ORGANS = frozenset({"liver", "spleen", "kidney_left", "kidney_right"})

USUAL: dict[Modality, frozenset[str]] = {
    "CT": _ORGANS | {sarcopenia_l3.L3},
    "MR": _ORGANS,
}
"""Modality → structures that are segmented unless others are asked for; findings always are."""

TISSUES = frozenset({"skeletal_muscle", "subcutaneous_fat", "torso_fat", "intermuscular_fat"})
"""Segmented on the slice that muscle is measured on, unless asked for: they fill every slice."""


@dataclass(frozen=True, slots=True)
class ChosenMap:
    """A label map with what is taken of it.

    Attributes:
        record: the label map.
        structures: those taken, in label order: the order of their segments.
        only: the axial slice that is taken of them, and their place on it; ``None``: all slices.
    """

    record: LabelMapRecord
    structures: tuple[StructureRecord, ...]
    only: Target | None = None


def chosen_maps(content: CaseFolderContent, wanted: Structures = "usual") -> tuple[ChosenMap, ...]:
    """The label maps of a case of which at least one structure is taken.

    Args:
        content: the case.
        wanted: class names, or which in general: without what is doubted or is good for finding a
            place only.

    Raises:
        ObjectError: the masks are gone, or a structure that is wanted was not segmented.
    """
    if content.labels is None:
        msg = "the case has no label maps"
        raise ObjectError(msg, remedy="process the study again; retention removed its masks")
    maps = content.labels.maps
    if not isinstance(wanted, str):
        known = {one.structure for record in maps for one in record.structures}
        if missing := sorted(set(wanted) - known):
            msg = f"not segmented in this case: {', '.join(missing)}"
            raise ObjectError(msg, remedy=f"segmented are: {', '.join(sorted(known)) or 'none'}")
    chosen = (_chosen(content, one, wanted) for one in maps)
    return tuple(one for one in chosen if one.structures)


def _chosen(content: CaseFolderContent, record: LabelMapRecord, wanted: Structures) -> ChosenMap:
    by_label = sorted(record.structures, key=lambda one: one.label)
    if not isinstance(wanted, str):
        return ChosenMap(record, tuple(one for one in by_label if one.structure in wanted))
    located = {
        name
        for one in content.results.provenance.segmentations
        if one.task == record.task
        for name in one.located_only
    }
    sure = [one for one in by_label if not one.doubts and one.structure not in located]
    if wanted == "all":
        return ChosenMap(record, tuple(sure))
    usual = USUAL[content.results.modality]
    whole = [one for one in sure if one.structure in usual or group(one.structure) == "findings"]
    measured_on = None if whole else _slice_of_l3(content)
    if measured_on is None:
        return ChosenMap(record, tuple(whole))
    return ChosenMap(record, tuple(o for o in sure if o.structure in TISSUES), measured_on)


def _slice_of_l3(content: CaseFolderContent) -> Target | None:
    """The slice that muscle was measured on; on tilted images, its height is that of muscle."""
    name, labels = sarcopenia_l3.SLICE.name, content.labels
    value = next((one.value for one in content.results.measurements if one.name == name), None)
    if labels is None or not isinstance(value, int):
        return None
    return Places(Grid(labels.shape, np.array(labels.affine)), labels.maps).on_slice(value, MUSCLE)
