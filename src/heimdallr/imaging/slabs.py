"""Slices of a volume that no image shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from heimdallr.domain.study import Unseen
    from heimdallr.imaging.volume import Affine, LabelMap, Volume

_ROUNDING = 1e-3
"""Share of a plane's distance by which its centre may seem to lie outside.

Chosen, not measured: NIfTI keeps affines in single precision.
"""


@dataclass(frozen=True, slots=True)
class Slab:
    """Neighbouring planes of voxels.

    Attributes:
        axis: 0, 1 or 2, the axis they lie across.
        start: index of the first; it may lie outside the volume.
        stop: index behind the last.
    """

    axis: int
    start: int
    stop: int

    @property
    def index(self) -> tuple[slice, ...]:
        """Into a three-dimensional array in which the slab lies."""
        planes = slice(self.start, self.stop)
        return tuple(planes if axis == self.axis else slice(None) for axis in range(3))


def slab_of(part: Unseen, affine: Affine) -> Slab:
    """The planes of voxels whose centres lie in a part of the patient.

    Args:
        part: between two planes; the axis nearest to their normal is taken.
        affine: (4, 4) voxel index → RAS mm.
    """
    normal = np.asarray(part.normal_ras)
    steps_mm = normal @ affine[:3, :3]
    axis = int(np.argmax(np.abs(steps_mm) / np.linalg.norm(affine[:3, :3], axis=0)))
    origin_mm = float(normal @ affine[:3, 3])
    ends = sorted((mm - origin_mm) / float(steps_mm[axis]) for mm in (part.low_mm, part.high_mm))
    return Slab(axis, int(np.ceil(ends[0] - _ROUNDING)), int(np.floor(ends[1] + _ROUNDING)) + 1)


def gaps_in(shape: Sequence[int], affine: Affine, unseen: Iterable[Unseen]) -> tuple[Slab, ...]:
    """What no image shows between the slices of a volume; what lies beyond its ends is left out."""
    slabs = (slab_of(part, affine) for part in unseen)
    return tuple(one for one in slabs if 0 < one.start < one.stop < shape[one.axis])


def bridged(image: Volume, gaps: Iterable[Slab]) -> Volume:
    """An image whose gaps are interpolated from slice to slice, for networks to look at.

    Emptiness amid a body misleads them as far as they see: with 20 mm of a phantom's liver missing,
    kidneys that begin 7 mm below lost a sixth of their volume. What they find in a gap is no
    finding: see :func:`emptied`.
    """
    data = image.data.copy(order="K")
    for gap in gaps:
        planes = np.moveaxis(data, gap.axis, 0)
        below, above = (planes[k].astype(np.float32) for k in (gap.start - 1, gap.stop))
        steps = gap.stop - gap.start + 1
        for step in range(1, steps):
            mixed = below + (above - below) * (step / steps)
            planes[gap.start + step - 1] = mixed if data.dtype.kind == "f" else np.rint(mixed)
    return replace(image, data=data)


def emptied(label_map: LabelMap, gaps: Iterable[Slab]) -> LabelMap:
    """A label map that claims nothing where nothing was seen."""
    data = label_map.data.copy(order="K")
    for gap in gaps:
        data[gap.index] = 0
    return replace(label_map, data=data)
