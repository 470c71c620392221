"""Where a viewer jumps when a measurement or a finding is clicked.

Measurements and findings name a structure, an axial slice, or both. Slice indices are those of the
volume in RAS+ order (0 = most inferior); the position in scanner millimetres (RAS, NIfTI's world)
holds in whatever order a file stores its voxels, and is what a viewer is best given.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from nibabel.affines import apply_affine
from nibabel.orientations import inv_ornt_aff, io_orientation

from heimdallr.analyses import cerebral_haemorrhage, sarcopenia_l3
from heimdallr.analyses.anatomy.axial_tissue import MUSCLE
from heimdallr.analyses.vertebral_levels import structure_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from heimdallr.imaging.volume import Affine, NativeGrid
    from heimdallr.publishing.schema import (
        Index,
        LabelMapRecord,
        MeasurementRecord,
        Point,
        StructureRecord,
    )

HAEMORRHAGE = "cerebral_haemorrhage"
SARCOPENIA = "sarcopenia_l3"
OTHER_NETWORKS = "other_networks"
SLICE_VALUES = frozenset(
    {sarcopenia_l3.SLICE.name, *(one.name for one in cerebral_haemorrhage.SLICES)}
)
"""Measurements whose value is itself a slice."""
MIDDLE_OF_BLEED = "hemorrhage_analysis_slices.center_50"

_AREA_LEVEL = re.compile(r"_area_(?P<level>[CTL]\d+)_cm2$")


@dataclass(frozen=True, slots=True)
class Shown:
    """A structure to show, by its label in a label map."""

    map: str
    label: int
    structure: str


@dataclass(frozen=True, slots=True)
class Target:
    """A place to jump to.

    Attributes:
        structure: what it is about; ``None`` for a bare slice.
        slice_index: axial slice, RAS+, 0 = most inferior.
        position_ijk: voxel of the volume in RAS+ order.
        position_ras_mm: the same place in scanner coordinates.
        shown: structures to show there, the one it is about first; those that have a voxel.
    """

    structure: str | None
    slice_index: int
    position_ijk: Index
    position_ras_mm: Point
    shown: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """The voxels of a volume in RAS+ order.

    Attributes:
        shape: voxels along right, anterior, superior.
        affine: (4, 4) voxel index → RAS mm.
    """

    shape: Index
    affine: Affine


def canonical(grid: NativeGrid) -> Grid:
    """A file's grid as the analyses see it."""
    orientation = io_orientation(grid.affine)
    lengths = [0, 0, 0]
    for length, axis in zip(grid.shape, orientation[:, 0], strict=True):
        lengths[int(axis)] = length
    affine = grid.affine @ inv_ornt_aff(orientation, grid.shape)
    return Grid((lengths[0], lengths[1], lengths[2]), affine)


class Places:
    """Where the structures of a case are."""

    def __init__(self, grid: Grid, maps: Sequence[LabelMapRecord] = ()) -> None:
        self._grid = grid
        self._structures: dict[str, tuple[str, StructureRecord]] = {}
        self._by_map = {one.name: {s.structure: s for s in one.structures} for one in maps}
        for one in maps:
            for record in one.structures:
                self._structures.setdefault(record.structure, (one.name, record))

    def of_structure(self, structure: str, label_map: str | None = None) -> Target | None:
        """Inside a structure, on the slice that shows most of it; ``None``: it has no voxel.

        Args:
            structure: its class name.
            label_map: whose structure of that name; None: of the first that has it.
        """
        if label_map is None:
            label_map = self._structures[structure][0] if structure in self._structures else ""
        record = self._by_map.get(label_map, {}).get(structure)
        if record is None:
            return None
        shown = [Shown(label_map, record.label, structure)]
        return self._target(structure, record.position_ijk, shown)

    def on_slice(self, k: int, structure: str | None, *beside: str) -> Target | None:
        """On an axial slice, at the height of a structure.

        Args:
            k: the slice.
            structure: what the number is about.
            beside: further structures to show; the first one known centres the view.
        """
        if not 0 <= k < self._grid.shape[2]:
            return None
        shown = self._shown([structure or "", *beside])
        centres = self._shown([*beside, structure or ""])
        i, j, _ = (length // 2 for length in self._grid.shape)
        if centres:
            _, record = self._structures[centres[0].structure]
            i, j, _ = (round(along) for along in record.centroid_ijk)
            if k == record.largest_slice:
                i, j, _ = record.position_ijk
        return self._target(structure, (i, j, k), shown)

    def at_voxel(self, voxel: Sequence[int], structure: str | None) -> Target | None:
        """At a voxel of the volume; ``None``: there is no such voxel."""
        inside = zip(voxel, self._grid.shape, strict=True)
        if not all(0 <= index < length for index, length in inside):
            return None
        i, j, k = voxel
        return self._target(structure, (i, j, k), self._shown([structure or ""]))

    def _shown(self, structures: Iterable[str]) -> list[Shown]:
        found = ((name, self._structures.get(name)) for name in dict.fromkeys(structures))
        return [Shown(one[0], one[1].label, name) for name, one in found if one is not None]

    def _target(self, structure: str | None, index: Index, shown: Sequence[Shown]) -> Target:
        x, y, z = (round(float(mm), 3) for mm in apply_affine(self._grid.affine, np.array(index)))
        return Target(structure, index[2], index, (x, y, z), tuple(shown))


def measurement_targets(
    measurements: Iterable[MeasurementRecord], places: Places
) -> dict[str, Target]:
    """Measurement → its place; one that has none, or whose structure has no voxel, is left out."""
    records = {one.name: one for one in measurements}
    slices = _slices_of_analyses(records)
    found = {name: _of_measurement(one, places, slices) for name, one in records.items()}
    return {name: target for name, target in found.items() if target is not None}


def decided_at(evidence: Iterable[str], targets: Mapping[str, Target]) -> Target | None:
    """The place of what decided a finding: the first of its evidence."""
    return targets.get(next(iter(evidence), ""))


def finding_target(
    structure: str | None,
    slice_index: int | None,
    places: Places,
    of_decisive: Target | None = None,
) -> Target | None:
    """The place of a finding.

    Args:
        structure: what it is about; ``None``: nothing that has a name.
        slice_index: axial slice to look at.
        places: of the case.
        of_decisive: place of the measurement that decided; more than a slice, without a name.
    """
    if structure is None and of_decisive is not None and of_decisive.slice_index == slice_index:
        return of_decisive
    if slice_index is None:
        return places.of_structure(structure) if structure else None
    if structure == MUSCLE:
        return places.on_slice(slice_index, structure, sarcopenia_l3.L3)
    return places.on_slice(slice_index, structure)


def _slices_of_analyses(records: Mapping[str, MeasurementRecord]) -> dict[str, int | None]:
    """Analysis → the slice its numbers without a slice of their own belong to.

    A bleed is looked at where there is most of it; but its label map also holds what the analysis
    dropped as lying outside the brain, and the largest slice may be one of those. Then it is the
    middle of the slices that count.
    """
    l3 = records.get(sarcopenia_l3.SLICE.name)
    bleed, middle = records.get(cerebral_haemorrhage.VOLUME.name), records.get(MIDDLE_OF_BLEED)
    is_whole = bleed is None or bleed.parameters.get("dropped_cm3") == 0
    return {
        SARCOPENIA: _slice(l3.value) if l3 else None,
        HAEMORRHAGE: None if is_whole or middle is None else _slice(middle.value),
    }


def _of_measurement(
    one: MeasurementRecord, places: Places, slices: Mapping[str, int | None]
) -> Target | None:
    structure, beside = one.structure, []
    voxel = one.parameters.get("voxel")
    if isinstance(voxel, str):
        return places.at_voxel([int(index) for index in voxel.split()], structure)
    k = _slice(one.value if one.name in SLICE_VALUES else one.parameters.get("slice_index"))
    if k is None:
        k = slices.get(one.analysis)
    if one.analysis == SARCOPENIA:
        beside = [sarcopenia_l3.L3, MUSCLE]
    elif one.analysis == HAEMORRHAGE:
        structure = structure or cerebral_haemorrhage.LABEL
    elif level := _AREA_LEVEL.search(one.name):
        beside = [structure_of(level["level"])]
    if k is not None:
        return places.on_slice(k, structure, *beside)
    task = one.parameters.get("task")
    label_map = task if isinstance(task, str) and one.analysis == OTHER_NETWORKS else None
    return places.of_structure(structure, label_map) if structure else None


def _slice(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
