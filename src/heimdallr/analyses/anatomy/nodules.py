"""The nodules a network marked in the lungs: pieces that touch a lobe, with their measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cc3d
import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from heimdallr.analyses.anatomy.axes import Axes, axes_on_slice
from heimdallr.imaging.morphology import Box, Mask, box_of, dilated, eroded, reach_voxels, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from heimdallr.analyses.case import Case
    from heimdallr.imaging.volume import Affine, LabelMap

LOBES = (
    *("lung_upper_lobe_right", "lung_middle_lobe_right", "lung_lower_lobe_right"),
    *("lung_upper_lobe_left", "lung_lower_lobe_left"),
)

TOUCHING_MM = 2.0
"""A piece belongs to the lung when it comes so near to a lobe.

Chosen, not measured: a voxel of the networks, since some maps leave a nodule out of its lobe. Half
of it would lose those, twice it would take in lymph nodes of the hilum.
"""

SEARCHED_MM = 20.0
"""Around the lobes: the margin of the box the network is run in."""

SMALLEST_MM = 3.0
"""Smaller pieces are counted as micronodules and not measured.

Chosen: two voxels of the network (1.5 mm), and what the Fleischner Society calls a micronodule
(Bankier 2017, Radiology 285:584). Half of it is less than a voxel.
"""

RIM_MM = 1.0
"""Left out where attenuation is read: partial volume with air. Chosen, not measured: half of it is
less than a pixel; twice it leaves nothing of a nodule of 5 mm."""

FEWEST_CORE_VOXELS = 8
"""Of a core: with noise of 30 HU their median is good to 15 HU. Chosen."""

FINE_TO_MM = 16.0
"""Beyond this every other voxel is enough: a voxel more or less in two centimetres."""

FARTHEST_MM = 64.0
"""No point of an adult's lung is farther from its surface."""


@dataclass(frozen=True, slots=True)
class Nodule:
    """One nodule.

    Attributes:
        lobe: class name of the lobe that holds or touches most of it.
        slice_index: axial slice of its largest area.
        centre_ijk: (3,) centre of its section on that slice.
        axes: of that section.
        volume_mm3: of all its voxels.
        pleura_mm: from its surface to the nearest voxel outside the lung; 0: it touches.
        core_hu: median attenuation without its rim; ``None``: too small to have a core.
        cuts: faces of the volume that cut it.
    """

    lobe: str
    slice_index: int
    centre_ijk: Affine
    axes: Axes
    volume_mm3: float
    pleura_mm: float | None
    core_hu: float | None
    cuts: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Marked:
    """What the network marked.

    Attributes:
        nodules: the largest first.
        micronodules: pieces too small to be measured.
        outside: pieces that touch no lobe.
    """

    nodules: tuple[Nodule, ...]
    micronodules: int
    outside: int


def marked_nodules(case: Case, nodules: LabelMap, label: str, lobes: Sequence[str]) -> Marked:
    """The pieces of a label map, measured.

    Args:
        case: image and whole-body map.
        nodules: the network's label map, on the same voxels.
        label: the nodules' class name in it.
        lobes: the lobes to go by, those that are believed.
    """
    found, micronodules, outside = [], 0, 0
    for box, piece in _pieces(case, nodules, label, lobes):
        lobe = _lobe(case, box, piece, lobes)
        if lobe is None:
            outside += 1
            continue
        pleura_mm = _surface_distance(case, box, piece, lobes, nodules)
        one = _measured(case, box, piece, lobe, pleura_mm)
        if one.axes.mean_mm < SMALLEST_MM and not one.cuts:
            micronodules += 1
        else:
            found.append(one)
    found.sort(key=lambda one: (-one.axes.mean_mm, one.slice_index))
    return Marked(tuple(found), micronodules, outside)


def _pieces(
    case: Case, nodules: LabelMap, label: str, lobes: Sequence[str]
) -> Iterator[tuple[Box, Mask]]:
    """Connected pieces near the lungs: box in the volume, and the piece in it."""
    boxes = [case.statistics[lobe] for lobe in lobes]
    reach = reach_voxels(case.image.affine, SEARCHED_MM)
    i, j, k = (
        slice(
            max(min(one.bbox_min_ijk[axis] for one in boxes) - reach[axis], 0),
            max(one.bbox_max_ijk[axis] for one in boxes) + reach[axis] + 1,
        )
        for axis in range(3)
    )
    lungs: Box = (i, j, k)
    mask = nodules.data[lungs] == nodules.number(label)
    inner = box_of(mask)
    if inner is None:
        return
    pieces = cc3d.connected_components(mask[inner], connectivity=26)
    boxes = cc3d.statistics(pieces)["bounding_boxes"]
    for number, (i, j, k) in enumerate(boxes[1:], start=1):
        yield within(within(lungs, inner), (i, j, k)), np.asarray(pieces[i, j, k] == number)


def _wider(box: Box, piece: Mask, by: Sequence[int], shape: Sequence[int]) -> tuple[Box, Mask]:
    """A box with a margin, clipped to the volume, and the piece in it."""
    i, j, k = (
        slice(max(side.start - m, 0), min(side.stop + m, length))
        for side, m, length in zip(box, by, shape, strict=True)
    )
    padding = [
        (side.start - new.start, new.stop - side.stop)
        for side, new in zip(box, (i, j, k), strict=True)
    ]
    return (i, j, k), np.pad(piece, padding)


def _lobe(case: Case, box: Box, piece: Mask, lobes: Sequence[str]) -> str | None:
    """The lobe that most of a piece lies in or touches; ``None``: it is not in the lung."""
    affine = case.image.affine
    wide, inside = _wider(box, piece, reach_voxels(affine, TOUCHING_MM), case.image.shape)
    near = case.anatomy.data[wide][dilated(inside, affine, TOUCHING_MM)]
    counts = {lobe: int(np.count_nonzero(near == case.anatomy.number(lobe))) for lobe in lobes}
    most = max(counts, key=lambda lobe: counts[lobe])
    return most if counts[most] else None


def _measured(case: Case, box: Box, piece: Mask, lobe: str, pleura_mm: float | None) -> Nodule:
    affine = case.image.affine
    corner = np.array([side.start for side in box])
    per_slice = piece.sum(axis=(0, 1))
    k = int(np.argmax(per_slice))
    pixels = np.argwhere(piece[:, :, k])
    section = np.column_stack([pixels, np.full(len(pixels), k)]) + corner
    core = eroded(piece, affine, RIM_MM)
    values = case.image.data[box][core]
    return Nodule(
        lobe=lobe,
        slice_index=k + int(corner[2]),
        centre_ijk=section.mean(axis=0),
        axes=axes_on_slice(section, affine),
        volume_mm3=int(piece.sum()) * case.image.voxel_volume_mm3,
        pleura_mm=pleura_mm,
        core_hu=float(np.median(values)) if values.size >= FEWEST_CORE_VOXELS else None,
        cuts=case.cuts(piece, box),
    )


def _surface_distance(
    case: Case, box: Box, piece: Mask, lobes: Sequence[str], nodules: LabelMap
) -> float | None:
    """From a piece to the nearest voxel that neither network calls lung or nodule, in mm.

    Looked for in ever larger boxes: most nodules lie near the surface.
    """
    affine, inside = case.image.affine, np.zeros(256, bool)
    inside[[case.anatomy.number(lobe) for lobe in lobes]] = True
    own = np.argwhere(piece & ~ndimage.binary_erosion(piece)) + [side.start for side in box]
    tree = cKDTree(own @ affine[:3, :3].T)
    margin_mm = 8.0
    while margin_mm <= FARTHEST_MM:
        wide, padded = _wider(box, piece, reach_voxels(affine, margin_mm), case.image.shape)
        step = (slice(None, None, 1 if margin_mm <= FINE_TO_MM else 2),) * 3
        own_too = padded[step] | (nodules.data[wide][step] != 0)
        lung = inside[case.anatomy.data[wide][step]] | own_too
        beside = ndimage.binary_dilation(lung) & ~lung
        outside = np.argwhere(beside) * step[0].step + [side.start for side in wide]
        if len(outside):
            nearest_mm = float(np.min(tree.query(outside @ affine[:3, :3].T)[0]))
            if nearest_mm <= margin_mm:
                voxel_mm = float(case.image.voxel_volume_mm3 ** (1 / 3))
                return max(nearest_mm - voxel_mm, 0.0)
        margin_mm *= 2
    return None
