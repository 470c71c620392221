"""Volume, attenuation and extent of every structure of a label map, in one pass over the voxels.

Voxels are walked once, chunk by chunk, into one joint histogram of (label, value). Mean, standard
deviation, extremes and the *exact* median of every structure follow from it, so the cost does not
depend on how many structures there are. Counts, centroids and bounding boxes come from the runs of
equal labels along the fastest axis, some eighty times fewer than voxels.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - statistics are read back at run time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from heimdallr.imaging.field_of_view import FIELD_OF_VIEW

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from heimdallr.imaging.field_of_view import FieldOfView
    from heimdallr.imaging.slabs import Slab
    from heimdallr.imaging.volume import Array, LabelMap, Volume

FACES = (("left", "right"), ("posterior", "anterior"), ("inferior", "superior"))
"""Names of the low and the high face of the volume along each RAS+ axis."""
GAP = "gap"
"""What cuts a structure that reaches slices no image shows."""

CUT_SHARE = 0.02
"""A structure is cut where at least this share of its largest section lies on a face.

In four label maps of real trunks structures meet a face 120 times, and each is cut there: at least
5 % of its section (a loop of colon) lies on it, of an aorta 10 %. Below 2 % little can be missing:
a tail of that section as long as the organ is 3 % of an ellipsoid, a rounded end less than 0.01 %.
"""

_CHUNK_VOXELS = 1 << 18
"""Voxels per chunk: index arrays of this size stay in the processor's cache."""

_LARGEST_HISTOGRAM = 1 << 24
"""Bins up to which the joint histogram is used; wider value ranges are sorted instead."""

_COUNTED_BYTES = 2
"""Values of so many bytes are counted whatever their range and the number of labels."""


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
        cuts: faces of the volume (and ``gap``, ``field_of_view``) where it goes on unseen, as of
            :func:`cuts`.
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
    cuts: Mapping[str, float]

    @property
    def truncated_at(self) -> tuple[str, ...]:
        """Names of what cuts it; empty when it is seen whole."""
        return tuple(self.cuts)


@dataclass(frozen=True, slots=True)
class _Intensity:
    """Distribution of the image inside one structure."""

    mean: float
    std: float
    median: float
    minimum: float
    maximum: float


def structure_statistics(
    label_map: LabelMap,
    image: Volume,
    gaps: Sequence[Slab] = (),
    field: FieldOfView | None = None,
) -> Mapping[str, StructureStatistics]:
    """Statistics of every structure present, by name, in label order.

    A structure without a voxel is absent from the result: it has no statistics, not zeros.
    Voxels whose label has no name are left out; voxels whose value is NaN are an error.

    Args:
        label_map: (I, J, K) labels, RAS+.
        image: (I, J, K) image on the same grid.
        gaps: slices that no image shows; no label lies in them.
        field: what its slices show.

    Raises:
        ValueError: the grids differ or the image holds NaN.
    """
    if label_map.shape != image.shape:
        msg = f"label map {label_map.shape} and image {image.shape} are not on the same grid"
        raise ValueError(msg)
    sections = sections_of(label_map.data)
    found = extents(sections)
    numbers = len(sections[0])
    on_rim = np.zeros(numbers) if field is None else field.on_rim_of(label_map.data, numbers)
    intensities = _intensities(label_map.data, image.data, max(found, default=0) + 1)
    return {
        name: _statistics(
            label_map.voxel_volume_mm3,
            found[number],
            intensities[number],
            cuts([along[number] for along in sections], gaps, on_rim[number]),
        )
        for number, name in sorted(label_map.names.items())
        if number in found
    }


def statistics_in(
    label_map: LabelMap,
    image: Volume,
    boxes: Mapping[int, tuple[slice, slice, slice]],
    gaps: Sequence[Slab] = (),
    field: FieldOfView | None = None,
) -> Mapping[str, StructureStatistics] | None:
    """The same of some structures, without a look at the voxels of the others.

    Args:
        label_map: (I, J, K) labels, RAS+.
        image: (I, J, K) image on the same grid.
        boxes: label → a box that holds all of its voxels.
        gaps: slices that no image shows.
        field: what its slices show.

    Returns:
        Structure → the very figures of :func:`structure_statistics`; ``None`` for images whose
        values are too many to count, where these may differ in the last digit.
    """
    if (
        not np.issubdtype(image.data.dtype, np.integer)
        or image.data.dtype.itemsize > _COUNTED_BYTES
    ):
        return None
    result = {}
    for number, box in boxes.items():
        mask = label_map.data[box] == number
        sections = sections_in(mask, box, label_map.shape)
        on_rim = 0.0 if field is None else field.on_rim(mask, box)
        for extent in extents([along[None] for along in sections]).values():
            values = image.data[box][mask].astype(np.int64)
            lowest = int(values.min())
            result[label_map.names[number]] = _statistics(
                label_map.voxel_volume_mm3,
                extent,
                _from_histogram(np.bincount(values - lowest), lowest),
                cuts(sections, gaps, on_rim),
            )
    return result


def _statistics(
    voxel_mm3: float, extent: Extent, intensity: _Intensity, cut: Mapping[str, float]
) -> StructureStatistics:
    voxels, (i, j, k), low, high = extent
    return StructureStatistics(
        voxels=voxels,
        volume_cm3=voxels * voxel_mm3 / 1000,
        mean=intensity.mean,
        std=intensity.std,
        median=intensity.median,
        minimum=intensity.minimum,
        maximum=intensity.maximum,
        centroid_ijk=(i, j, k),
        bbox_min_ijk=low,
        bbox_max_ijk=high,
        cuts=cut,
    )


def cuts(
    sections: Sequence[Array], gaps: Iterable[Slab] = (), on_rim: float = 0.0
) -> Mapping[str, float]:
    """What cuts a structure (faces, gaps, the field of view) → how much of it lies there.

    The figure is a share of the structure's largest section parallel to the face: close to 1 where
    an organ is halved, close to 0 where its tip just reaches the last slice. A round field of
    view is parallel to none: there, of the largest section along the body, at most 1.

    Args:
        sections: the structure's voxels in each plane across I, J and K; of the pixels of one
            slice, in each line across I and J.
        gaps: slices that no image shows.
        on_rim: voxels at the border of a round field of view.
    """
    shares: dict[str, float] = {}
    for (low_face, high_face), along in zip(FACES, sections, strict=False):
        largest = max(int(along.max()), 1)
        shares[low_face], shares[high_face] = along[0] / largest, along[-1] / largest
    for gap in gaps:
        along = sections[gap.axis]
        beside = max(along[k] for k in (gap.start - 1, gap.stop) if 0 <= k < len(along))
        shares[GAP] = max(beside / max(int(along.max()), 1), shares.get(GAP, 0.0))
    largest = max(*(int(along.max()) for along in sections[:2]), 1)
    shares[FIELD_OF_VIEW] = min(on_rim / largest, 1.0)
    return {face: float(share) for face, share in shares.items() if share >= CUT_SHARE}


def sections_in(
    mask: Array, box: tuple[slice, slice, slice], shape: tuple[int, int, int]
) -> tuple[Array, Array, Array]:
    """A mask's voxels in each plane of the volume across I, J and K, as :func:`cuts` asks for.

    Args:
        mask: boolean, in the box.
        box: in the volume.
        shape: of the volume.
    """
    i, j, k = (np.zeros(length, np.int64) for length in shape)
    for axis, whole in enumerate((i, j, k)):
        others = tuple(other for other in range(3) if other != axis)
        whole[box[axis]] = mask.sum(axis=others)
    return i, j, k


def sections_of(labels: Array) -> tuple[Array, Array, Array]:
    """Voxels of each label in each plane across an axis.

    Args:
        labels: (I, J, K) label numbers.

    Returns:
        three arrays, (labels, I), (labels, J) and (labels, K), a row for each number from 0 on.
    """
    highest = int(labels.max(initial=0))
    if not highest:
        i, j, k = (np.zeros((1, planes), np.int64) for planes in labels.shape)
        return i, j, k
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
    label, first, row = flat[starts].astype(np.int64), starts % line, starts // line

    def count(axis: int, index: Array, weights: Array | None = None) -> Array:
        planes = labels.shape[axis] + 1
        counted = np.bincount(label * planes + index, weights, (highest + 1) * planes)
        return counted.reshape(highest + 1, planes)

    # Along a run: one more where it begins, one less behind its end.
    along = np.cumsum(count(axes[0], first) - count(axes[0], first + lengths), axis=1)
    found = {
        axes[0]: along,
        axes[1]: count(axes[1], row % lines, lengths),
        axes[2]: count(axes[2], row // lines, lengths),
    }
    i, j, k = (found[axis][:, :-1].astype(np.int64) for axis in range(3))
    return i, j, k


_Index = tuple[int, int, int]
Extent = tuple[int, tuple[float, float, float], _Index, _Index]
"""Voxels, centroid, lowest and highest index of a structure."""


def extents(sections: Sequence[Array]) -> dict[int, Extent]:
    """Label → where its voxels are; 0 and labels without voxels are absent.

    Args:
        sections: of every label, as :func:`sections_of` counts them.
    """
    count = sections[0].sum(axis=1)
    found: dict[int, Extent] = {}
    for number in np.flatnonzero(count):
        own = [along[number] for along in sections]
        inside = [np.flatnonzero(along) for along in own]
        i, j, k = (float(along @ np.arange(along.size) / count[number]) for along in own)
        low, high = ([int(ends[end]) for ends in inside] for end in (0, -1))
        found[int(number)] = (
            int(count[number]), (i, j, k), (low[0], low[1], low[2]), (high[0], high[1], high[2])
        )  # fmt: skip
    return found


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
