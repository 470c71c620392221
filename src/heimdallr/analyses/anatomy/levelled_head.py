"""A head levelled by its own symmetry: the frame in which widths and shifts are measured.

The skull's inner walls tell where the middle is, not the brain: a mass pushes the brain aside, the
skull it leaves alone. At the height of the ventricles and above, each axial slice of the skull is a
ring; what it encloses is the cavity. The midsagittal plane halves the cavity's width: a plane is
fitted through the midpoints between both walls, along its own normal, until it stays.

How far it has to be turned is told by the midpoints' slope and by the shape of the cavity. Turned
by an angle, the midpoints of a tube slope by that angle, those of a ball not at all, those of a
head that is broader than tall the other way: by ``1 - a²/c²`` of it in an ellipsoid with half axes
*a* across and *c* up or along. The half widths tell that share, since their squares fall by
``a²/c²`` of the square of the distance from the middle. What the cavity does not tell stays as the
brain has it: the start is the plane that mirrors it. Forward is the line from the trigones to the
frontal horns.
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
"""Two or three are needed; done when less than 0.1 degrees are to be turned."""

DAMPING = 0.1
"""A share of the angle (see above) that is much smaller tells nothing, and turns nothing.

Chosen on 80 drawn heads (December 2026): the septum came to lie 0.8 mm off at worst, as with twice
of it; with half of it 2.8 mm, since it follows the noise of round heads.
"""

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
    best, left = frame, np.inf
    for _ in range(REFINEMENTS):
        fitted = _halved(case, skull, frame)
        if fitted is None:
            return None
        offset_mm, by_forward, by_up = fitted
        frame = _frame(frame.origin_mm + offset_mm * frame.right, frame.right, front)
        turn = float(np.hypot(by_forward, by_up))
        if turn >= left:  # no better than before
            break
        best, left = frame, turn
        if turn < STEADY:
            break
        normal = frame.right - by_forward * frame.forward - by_up * frame.up
        frame = _frame(frame.origin_mm, normal, front)
    return best


def _frame(origin_mm: Affine, right: Affine, front: Affine) -> HeadFrame:
    right = right / np.linalg.norm(right)
    forward = front - (front @ right) * right
    forward /= np.linalg.norm(forward)
    return HeadFrame(origin_mm, right, forward, np.cross(right, forward))


def _halved(case: Case, skull: Skull, frame: HeadFrame) -> tuple[float, float, float] | None:
    """How far the plane that halves the cavity lies to the right, and how it is turned.

    Returns:
        mm at the frame's origin, and how much it leans to the right per mm forward and up;
        ``None``: too little of the cavity is enclosed.
    """
    x, y = across(GRID_MM), along(GRID_MM)
    cavity = cavities(case, skull, frame, HEIGHTS_MM, GRID_MM)
    row, plane = np.nonzero(cavity.any(axis=0))
    if len(row) < FEWEST_ROWS:
        return None
    first, last = (side.argmax(axis=0)[row, plane] for side in (cavity, cavity[::-1]))
    low, high = x[first], x[len(x) - 1 - last]
    middle, half = (low + high) / 2, (high - low) / 2
    forward, up = y[row], np.array(HEIGHTS_MM)[plane]
    terms = np.column_stack([np.ones(len(row)), forward, up])
    kept = np.ones(len(row), bool)
    for _ in range(3):
        offset, *slopes = np.linalg.lstsq(terms[kept], middle[kept], rcond=None)[0]
        off = np.abs(middle - terms @ [offset, *slopes])
        kept = off <= max(OUTLIERS * float(np.median(off)), GRID_MM)
    bends = np.column_stack([terms, forward**2, forward * up, up**2])[kept]
    *_, along_2, mixed, up_2 = np.linalg.lstsq(bends, half[kept] ** 2, rcond=None)[0]
    share = np.eye(2) + np.array([[along_2, mixed / 2], [mixed / 2, up_2]])
    by_forward, by_up = np.linalg.solve(share @ share + DAMPING**2 * np.eye(2), share @ slopes)
    return float(offset), float(by_forward), float(by_up)


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
