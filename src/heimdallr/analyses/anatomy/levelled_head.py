"""A head levelled by its own symmetry: the frame in which widths and shifts are measured.

The skull's inner walls tell where the middle is, not the brain: a mass pushes the brain aside, the
skull it leaves alone. At the height of the ventricles and above, each axial slice of the skull is a
ring; what it encloses is the cavity. The midsagittal plane halves the cavity's width: it is fitted
through the midpoints between both walls, along its own normal, until it stays (halving chords of an
ellipsoid leads to its axis). Forward is the line from the trigones to the frontal horns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from heimdallr.analyses.anatomy.symmetry import midsagittal_plane

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heimdallr.analyses.case import Case
    from heimdallr.imaging.morphology import Box
    from heimdallr.imaging.volume import Affine, Array

GRID_MM = 1.5
"""Of the search for the plane. Chosen: a thousand rows of it average to a few hundredths of a mm;
half of it takes four times as long, twice it loses thin skulls."""

REFINEMENTS, STEADY = 10, 0.002
"""Each takes a third off the angle that is left; done when less than 0.1 degrees are turned."""

REACH_MM = (110.0, 130.0)
"""Half width and half length of the grid: more than any head's."""

CLOSING_MM = 3.0
"""Gaps in the skull's ring that are closed: sutures, thin temporal bone. Chosen,
not measured: half of it leaves rings open, twice it begins to fill corners."""

OUTLIERS = 3.0
"""Midpoints farther off than so many median deviations do not count: a craniotomy, a dent."""

FEWEST_ROWS = 300
"""Of a fit: 7 cm² and more of the plane. Chosen."""

SMALLEST_CAVITY_MM2 = 3000.0
"""A section of less is no cavity at the height of the ventricles but a gap within bone; a newborn's
has twice as much. Chosen."""

HEIGHTS_MM = tuple(float(mm) for mm in range(-10, 61, 7))
"""Of the planes that are fitted, above the frontal horns' middle: from just above the skull base to
the vault. Chosen: lower planes meet the petrous bones, higher ones the vertex."""

COARSE_MM = 3.0
"""Voxels enough to see how a brain lies."""


@dataclass(frozen=True, slots=True)
class HeadFrame:
    """Axes of a levelled head.

    Attributes:
        origin_mm: (3,) RAS; a point of the midsagittal plane, at the height of the frontal horns.
        right: (3,) unit vector, normal of the midsagittal plane.
        forward: (3,) unit vector.
        up: (3,) unit vector.
    """

    origin_mm: Affine
    right: Affine
    forward: Affine
    up: Affine

    def of(self, points_mm: Affine) -> Affine:
        """(N, 3) RAS mm → mm to the right, forward and up."""
        axes = np.column_stack([self.right, self.forward, self.up])
        return np.asarray((points_mm - self.origin_mm) @ axes)

    def place(self, x: float | Affine, y: float | Affine, z: float | Affine) -> Affine:
        """Mm to the right, forward and up → RAS mm; broadcast against each other."""
        x, y, z = np.broadcast_arrays(x, y, z)
        return np.asarray(
            self.origin_mm
            + x[..., None] * self.right
            + y[..., None] * self.forward
            + z[..., None] * self.up
        )


def levelled(
    case: Case, skull: Skull, brain: Array, horns_mm: Affine, trigones_mm: Affine | None
) -> HeadFrame | None:
    """The frame of a head, or ``None`` where the skull's ring is open at all heights.

    Args:
        case: the case.
        skull: its bone.
        brain: (I, J, K) mask in the skull's box.
        horns_mm: (3,) RAS, middle of both frontal horns.
        trigones_mm: (3,) RAS, middle of both trigones; without them the scan's own front is taken.
    """
    affine = case.image.affine
    strides = [max(int(COARSE_MM / mm), 1) for mm in case.image.spacing_mm]
    coarse = brain[tuple(slice(None, None, stride) for stride in strides)]
    _, right = midsagittal_plane(coarse, affine @ np.diag([*strides, 1.0]))
    front = affine[:3, 1] if trigones_mm is None else horns_mm - trigones_mm
    frame = _frame(horns_mm, right, front)
    for _ in range(REFINEMENTS):
        fitted = _halved(case, skull, frame)
        if fitted is None:
            return None
        offset_mm, by_forward, by_up = fitted
        normal = frame.right - by_forward * frame.forward - by_up * frame.up
        frame = _frame(frame.origin_mm + offset_mm * frame.right, normal, front)
        if max(abs(by_forward), abs(by_up)) < STEADY:
            break
    return frame


def _frame(origin_mm: Affine, right: Affine, front: Affine) -> HeadFrame:
    right = right / np.linalg.norm(right)
    forward = front - (front @ right) * right
    forward /= np.linalg.norm(forward)
    return HeadFrame(origin_mm, right, forward, np.cross(right, forward))


def _halved(case: Case, skull: Skull, frame: HeadFrame) -> Affine | None:
    """The plane x = a + b·y + c·z through the midpoints between the inner walls: a, b, c."""
    x, y = across(GRID_MM), along(GRID_MM)
    cavity = cavities(case, skull, frame, HEIGHTS_MM, GRID_MM)
    row, plane = np.nonzero(cavity.any(axis=0))
    first, last = (side.argmax(axis=0)[row, plane] for side in (cavity, cavity[::-1]))
    middle = (x[first] + x[len(x) - 1 - last]) / 2
    terms = np.column_stack([np.ones(len(row)), y[row], np.array(HEIGHTS_MM)[plane]])
    if len(middle) < FEWEST_ROWS:
        return None
    kept = np.ones(len(middle), bool)
    for _ in range(3):
        fitted = np.linalg.lstsq(terms[kept], middle[kept], rcond=None)[0]
        off = np.abs(middle - terms @ fitted)
        kept = off <= max(OUTLIERS * float(np.median(off)), GRID_MM)
    return np.asarray(fitted)


@dataclass(frozen=True, slots=True)
class Skull:
    """The skull's voxels in a box of the volume.

    Attributes:
        bone: (I, J, K) float32, 1 where it is.
        box: in the volume.
    """

    bone: Array
    box: Box

    def on_planes(
        self, case: Case, frame: HeadFrame, heights_mm: Sequence[float], step_mm: float
    ) -> Array:
        """(X, Y, Z) whether points of levelled axial planes lie in bone, interpolated linearly.

        Args:
            case: the case.
            frame: the levelled head.
            heights_mm: (Z,) of the planes above its origin, at equal distances.
            step_mm: distance of points on a plane, see :func:`across` and :func:`along`.
        """
        x, y = across(step_mm), along(step_mm)
        lift_mm = heights_mm[1] - heights_mm[0] if len(heights_mm) > 1 else 1.0
        to_voxel = np.linalg.inv(case.image.affine[:3, :3])
        axes = np.column_stack([step_mm * frame.right, step_mm * frame.forward, lift_mm * frame.up])
        first = case.image.world_to_voxel(frame.place(x[0], y[0], heights_mm[0]))
        share = ndimage.affine_transform(
            self.bone,
            to_voxel @ axes,
            first - [side.start for side in self.box],
            (len(x), len(y), len(heights_mm)),
            output=np.float32,
            order=1,
        )
        return np.asarray(share >= 1 / 2)


def cavities(
    case: Case, skull: Skull, frame: HeadFrame, heights_mm: Sequence[float], step_mm: float
) -> Array:
    """What the skull encloses on levelled axial planes; nothing where its ring is open.

    Args:
        case: the case.
        skull: its bone.
        frame: the levelled head.
        heights_mm: (Z,) of the planes above its origin, at equal distances.
        step_mm: distance of points on a plane.

    Returns:
        (X, Y, Z) boolean on the grid of :func:`across` and :func:`along`.
    """
    planes = skull.on_planes(case, frame, heights_mm, step_mm)
    for k in range(len(heights_mm)):
        planes[:, :, k] = _enclosed(planes[:, :, k], step_mm)
    return planes


def _enclosed(bone: Array, step_mm: float) -> Array:
    """The largest hole of a ring."""
    closed = ndimage.binary_closing(bone, iterations=max(round(CLOSING_MM / 2 / step_mm), 1))
    pieces, count = ndimage.label(ndimage.binary_fill_holes(closed) & ~bone)
    if not count:
        return np.zeros_like(bone)
    sizes = np.bincount(pieces.ravel())[1:]
    is_closed = sizes.max() * step_mm**2 >= SMALLEST_CAVITY_MM2
    return np.asarray((pieces == 1 + int(np.argmax(sizes))) & is_closed)


def across(step_mm: float) -> Affine:
    """(X,) mm to the right of the grid's points."""
    return np.arange(-REACH_MM[0], REACH_MM[0] + step_mm / 2, step_mm)


def along(step_mm: float) -> Affine:
    """(Y,) mm forward of the grid's points."""
    return np.arange(-REACH_MM[1], REACH_MM[1] + step_mm / 2, step_mm)
