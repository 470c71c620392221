"""Volume, attenuation and extent of every structure of a label map, in one pass over the voxels.

Voxels are walked once, chunk by chunk, into one joint histogram of (label, value). Mean, standard
deviation, extremes and the *exact* median of every structure follow from it, so the cost does not
depend on how many structures there are. Counts, centroids and bounding boxes come from the runs of
equal labels along the fastest axis, some eighty times fewer than voxels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from heimdallr.imaging.volume import Array, LabelMap, Volume

FACES = (("left", "right"), ("posterior", "anterior"), ("inferior", "superior"))
"""Names of the low and the high face of the volume along each RAS+ axis."""

_CHUNK_VOXELS = 1 << 18
"""Voxels per chunk: index arrays of this size stay in the processor's cache."""

_LARGEST_HISTOGRAM = 1 << 24
"""Bins up to which the joint histogram is used; wider value ranges are sorted instead."""


@dataclass(frozen=True, slots=True)
class StructureStatistics:
    """What one pass over the voxels says about one structure.

    Attributes:
        voxels: number of voxels.
        volume_cm3: voxels × |det(affine)| / 1000.
        mean: mean of the image inside the mask (HU for CT).
        std: population standard deviation (ddof = 0).
        median: exact median; the mean of the two middle values for an even count.
        minimum: lowest value.
        maximum: highest value.
        centroid_ijk: (3,) mean voxel index.
        bbox_min_ijk: (3,) lowest index along each axis.
        bbox_max_ijk: (3,) highest index along each axis, inclusive.
        truncated_at: faces of the volume the structure touches: it may go on beyond them.
    """

    voxels: int
    volume_cm3: float
    mean: float
    std: float
    median: float
    minimum: float
    maximum: float
    centroid_ijk: tuple[float, float, float]
    bbox_min_ijk: tuple[int, int, int]
    bbox_max_ijk: tuple[int, int, int]
    truncated_at: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Intensity:
    """Distribution of the image inside one structure."""

    mean: float
    std: float
    median: float
    minimum: float
    maximum: float


def structure_statistics(label_map: LabelMap, image: Volume) -> Mapping[str, StructureStatistics]:
    """Statistics of every structure present, by name, in label order.

    A structure without a voxel is absent from the result: it has no statistics, not zeros.
    Voxels whose label has no name are left out; voxels whose value is NaN are an error.

    Args:
        label_map: (I, J, K) labels, RAS+.
        image: (I, J, K) image on the same grid.

    Raises:
        ValueError: the grids differ or the image holds NaN.
    """
    if label_map.shape != image.shape:
        msg = f"label map {label_map.shape} and image {image.shape} are not on the same grid"
        raise ValueError(msg)
    found = extents(label_map.data)
    intensities = _intensities(label_map.data, image.data, max(found, default=0) + 1)
    result: dict[str, StructureStatistics] = {}
    for number, name in sorted(label_map.names.items()):
        if number not in found:
            continue
        voxels, (i, j, k), low, high = found[number]
        intensity = intensities[number]
        result[name] = StructureStatistics(
            voxels=voxels,
            volume_cm3=voxels * label_map.voxel_volume_mm3 / 1000,
            mean=intensity.mean,
            std=intensity.std,
            median=intensity.median,
            minimum=intensity.minimum,
            maximum=intensity.maximum,
            centroid_ijk=(i, j, k),
            bbox_min_ijk=low,
            bbox_max_ijk=high,
            truncated_at=faces_touched(low, high, label_map.shape),
        )
    return result


def faces_touched(
    low: tuple[int, int, int], high: tuple[int, int, int], shape: tuple[int, int, int]
) -> tuple[str, ...]:
    """Faces of a (I, J, K) volume that an inclusive index box reaches."""
    faces = []
    for axis, (low_face, high_face) in enumerate(FACES):
        if low[axis] == 0:
            faces.append(low_face)
        if high[axis] == shape[axis] - 1:
            faces.append(high_face)
    return tuple(faces)


_Index = tuple[int, int, int]
Extent = tuple[int, tuple[float, float, float], _Index, _Index]
"""Voxels, centroid, lowest and highest index of a structure."""


def extents(labels: Array) -> dict[int, Extent]:
    """Label → where its voxels are; 0 and labels without voxels are absent."""
    if labels.size == 0:
        return {}
    fortran = labels.flags.f_contiguous
    axes = (0, 1, 2) if fortran else (2, 1, 0)  # from the fastest to the slowest
    line, lines = labels.shape[axes[0]], labels.shape[axes[1]]
    flat = labels.ravel("F" if fortran else "C")
    boundary = flat[1:] != flat[:-1]
    boundary[line - 1 :: line] = True
    starts = np.concatenate(([0], np.flatnonzero(boundary) + 1))
    lengths = np.diff(starts, append=flat.size)
    runs = flat[starts] != 0
    starts, lengths = starts[runs], lengths[runs]
    label = flat[starts].astype(np.int64)
    first = starts % line
    row = starts // line
    coordinates = [(first, first + lengths - 1), (row % lines,) * 2, (row // lines,) * 2]

    count = np.bincount(label, weights=lengths)
    centre = np.zeros((3, count.size))
    low = np.full((3, count.size), flat.size, np.int64)
    high = np.zeros((3, count.size), np.int64)
    for axis, (begin, end) in zip(axes, coordinates, strict=True):
        centre[axis] = np.bincount(label, weights=lengths * (begin + end) / 2)
        np.minimum.at(low[axis], label, begin)
        np.maximum.at(high[axis], label, end)
    return {
        int(number): (
            int(count[number]),
            _triple(centre[:, number] / count[number]),
            _indices(low[:, number]),
            _indices(high[:, number]),
        )
        for number in np.flatnonzero(count)
    }


def _triple(values: Array) -> tuple[float, float, float]:
    i, j, k = (float(value) for value in values)
    return i, j, k


def _indices(values: Array) -> _Index:
    i, j, k = (int(value) for value in values)
    return i, j, k


def _intensities(labels: Array, values: Array, label_count: int) -> dict[int, _Intensity]:
    """Label → distribution of ``values`` inside it; labels without voxels are absent."""
    if np.issubdtype(values.dtype, np.integer):
        lowest, highest = int(values.min(initial=0)), int(values.max(initial=0))
        if label_count * (highest - lowest + 1) <= _LARGEST_HISTOGRAM:
            histogram = _joint_histogram(labels, values, label_count, lowest, highest)
            return {
                label: _from_histogram(histogram[label], lowest)
                for label in range(1, label_count)
                if histogram[label].any()
            }
    return _by_sorting(labels, values)


def _chunks(labels: Array, values: Array) -> Iterator[tuple[Array, Array]]:
    """Flat views of both arrays, chunk by chunk, in the order that costs no copy."""
    order: Literal["F", "C"] = "F" if values.flags.f_contiguous else "C"
    flat_labels, flat_values = labels.ravel(order), values.ravel(order)
    for start in range(0, flat_labels.size, _CHUNK_VOXELS):
        chunk = slice(start, start + _CHUNK_VOXELS)
        yield flat_labels[chunk], flat_values[chunk]


def _joint_histogram(
    labels: Array, values: Array, label_count: int, lowest: int, highest: int
) -> npt.NDArray[np.int64]:
    """(label_count, highest - lowest + 1) counts of each value inside each label."""
    width = highest - lowest + 1
    counts = np.zeros(label_count * width, dtype=np.int64)
    for chunk_labels, chunk_values in _chunks(labels, values):
        inside = np.flatnonzero(chunk_labels)
        if not inside.size:
            continue
        bins = chunk_labels[inside].astype(np.int64)
        bins *= width
        bins += chunk_values[inside]
        bins -= lowest
        found = np.bincount(bins)
        counts[: found.size] += found
    return counts.reshape(label_count, width)


def _from_histogram(counts: npt.NDArray[np.int64], lowest: int) -> _Intensity:
    """Moments and exact median of integer values with these counts, the first being ``lowest``."""
    occupied = np.flatnonzero(counts)
    weights = counts[occupied].astype(np.float64)
    values = occupied.astype(np.float64) + lowest
    total = weights.sum()
    mean = float(weights @ values / total)
    variance = float(weights @ (values - mean) ** 2 / total)
    below = np.cumsum(counts[occupied])
    n = int(below[-1])
    middle = [values[np.searchsorted(below, rank, side="right")] for rank in ((n - 1) // 2, n // 2)]
    return _Intensity(
        mean, variance**0.5, float(sum(middle) / 2), float(values[0]), float(values[-1])
    )


def _by_sorting(labels: Array, values: Array) -> dict[int, _Intensity]:
    """The same for real values: voxels are grouped by one stable (radix) sort of the labels."""
    inside = labels != 0
    grouped_labels, grouped_values = labels[inside], values[inside].astype(np.float64)
    if np.isnan(grouped_values).any():
        msg = "the image holds NaN inside a structure"
        raise ValueError(msg)
    order = np.argsort(grouped_labels, kind="stable")
    present, starts = np.unique(grouped_labels[order], return_index=True)
    groups = np.split(grouped_values[order], starts[1:]) if present.size else []
    return {
        int(label): _Intensity(
            float(group.mean()),
            float(group.std()),
            float(np.median(group)),
            float(group.min()),
            float(group.max()),
        )
        for label, group in zip(present, groups, strict=True)
    }
