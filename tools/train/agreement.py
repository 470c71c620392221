"""How far a label map lies from its reference: distances of surfaces, muscle area at L3."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from scipy.spatial import KDTree

from heimdallr.analyses.anatomy.axial_tissue import MUSCLE, axial_tissue
from heimdallr.analyses.case import Case
from heimdallr.analyses.declared_outputs import Absence
from heimdallr.analyses.sarcopenia_l3 import l3_slice
from heimdallr.domain.study import Patient, Series
from heimdallr.imaging.volume import LabelMap
from heimdallr.segmentation.result import Segmentation, SegmentationProvenance

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy import typing as npt

    from heimdallr.imaging.volume import Volume

    Labels = npt.NDArray[np.uint8]
    Floats = npt.NDArray[np.float64]

_MOST_POINTS = 20_000
"""Of each surface so many points, evenly taken, are measured from; to all of the other."""

_REFERENCE = SegmentationProvenance("reference", "", "", (), "other", (), 0.0, 0.0)


def surface_distances_mm(
    found: Labels, wanted: Labels, numbers: Iterable[int], spacing_mm: Floats
) -> dict[int, tuple[float, float]]:
    """Average symmetric surface distance and the 95th percentile, per class that both maps have.

    Args:
        found: Label map to be judged.
        wanted: Reference, same shape.
        numbers: Class numbers to measure.
        spacing_mm: Size of a voxel.

    Returns:
        Class number to (mean, 95th percentile) of the distances from each surface to the other.
    """
    boxes, other_boxes = (ndimage.find_objects(labels, 255) for labels in (found, wanted))
    result = {}
    for n in numbers:
        if boxes[n - 1] is None or other_boxes[n - 1] is None:
            continue
        ours = _surface_mm(found, n, boxes[n - 1], spacing_mm)
        theirs = _surface_mm(wanted, n, other_boxes[n - 1], spacing_mm)
        there, back = _to_nearest(ours, theirs), _to_nearest(theirs, ours)
        both = np.concatenate([there, back])
        mean = (there.mean() + back.mean()) / 2
        result[n] = (float(mean), float(np.percentile(both, 95)))
    return result


def _surface_mm(labels: Labels, n: int, box: tuple[slice, ...], spacing_mm: Floats) -> Floats:
    """(points, 3) places of the voxels of a class that touch another one; the image's edge is none.

    Voxels at the image's edge belong to the surface only where they touch another class within it.
    """
    wider = tuple(slice(max(side.start - 1, 0), side.stop + 1) for side in box)
    mask = labels[wider] == n
    inner = ndimage.binary_erosion(mask, border_value=1)
    corner = np.array([side.start for side in wider])
    places = np.argwhere(mask & ~inner)
    if not len(places):  # the class fills the image
        places = np.argwhere(mask)
    return np.asarray((places + corner) * spacing_mm, np.float64)


def _to_nearest(points_mm: Floats, surface_mm: Floats) -> Floats:
    step = max(1, len(points_mm) // _MOST_POINTS)
    return np.asarray(KDTree(surface_mm).query(points_mm[::step])[0])


def muscle_area_cm2(
    volume: Volume, total: Labels, tissue: Labels, names: Mapping[str, Mapping[int, str]]
) -> float | None:
    """Skeletal muscle area on the slice of L3's middle, as the analysis takes both.

    Args:
        volume: The CT.
        total: Whole-body label map.
        tissue: Tissue compartments.
        names: Task, `total` or `tissue_types`, to its class names.

    Returns:
        Square centimetres; None where the analysis would not assess it.
    """
    maps = {"total": total, "tissue_types": tissue}
    segmentations = {
        task: Segmentation(LabelMap(labels, volume.affine, names[task]), _REFERENCE)
        for task, labels in maps.items()
    }
    case = Case("CT", volume, Patient(), Series("", "CT"), segmentations)
    k = l3_slice(case)
    return None if isinstance(k, Absence) else axial_tissue(case, k).area_cm2(MUSCLE)
