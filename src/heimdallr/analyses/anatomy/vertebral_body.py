"""The vertebral body in a frame of its own: arch and processes off, endplates level.

A vertebra's label holds body, arch and processes. In the frame of the vertebra (right, front, up)
the body is what lies before the spinal canal: walking backwards from the middle of the body, in a
band narrower than the canal, the label ends at the posterior wall. *Up* is first the way from the
body below to the body above, then at right angles to the plane midway between both endplates, so
that lordosis, scoliosis and a turned patient change no height; *front* is the way from the middle
of the whole label, which the processes draw backwards, to the middle of the body.

Where task ``vertebrae_body`` was run, its label says which voxels are body.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from heimdallr.analyses.declared_outputs import Absence, unassessable
from heimdallr.analyses.vertebral_levels import LEVELS, structure_of
from heimdallr.imaging.morphology import box_around

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from heimdallr.analyses.case import Case
    from heimdallr.imaging.morphology import Box, Mask
    from heimdallr.imaging.volume import Affine, Array

TASK, LABEL = "vertebrae_body", "vertebrae_body"
"""TotalSegmentator's task, and its one label for the bodies of all vertebrae."""

REACH_MM = (36.0, 36.0, 26.0)
"""Half the size of the frame that a vertebra is looked at in: the largest bodies are 60 mm wide and
45 deep, the canal lies behind them, and a height of 40 mm is that of a tall man's L5."""
STEP_MM, COARSE_MM = 1.0, 2.0
"""Grid of that frame, and the one that its axes are found on. Chosen: half costs eight times as
much and changes heights by less than 0.1 mm, twice makes them uncertain by 0.3 mm."""

CANAL_BAND_MM = 5.0
"""Nearer to the midline than this there is no pedicle: canals are 15 mm wide and more. Chosen: half
would be two voxels of 3 mm, twice would meet the pedicles."""
EDGE = 0.25
"""A wall is where the label is this much as high as in the middle. Chosen: half of it would follow
what a network draws into the canal, twice would end a wedge before its edge."""
DEEPER = 4
"""The middle of the body is that of its depth in the label to this power: arch and processes are
thin. As :mod:`heimdallr.segmentation.anatomy.discs` has it."""
STEEPEST = 0.5
"""Tangent of the most that endplates may lean in one step against the column: 27 degrees; more is
no endplate. Chosen: half would hold L5 back, which leans by up to 20."""
BESIDE, NEAR = 0.2, 0.07
"""A height is the mean over so much of the width to both sides, and of the depth to the front and
back: 17 by 4 mm of a lumbar body. Chosen: half leaves the steps of a label of 3 mm in it, twice
takes the anterior rim for the anterior height."""
DEPTH_MM, WIDTH_MM, HEIGHT_MM = (12.0, 55.0), (15.0, 70.0), (4.0, 48.0)
"""What a thoracic or lumbar body measures, child to giant; else none was found. Chosen."""


@dataclass(frozen=True, slots=True)
class VertebralBody:
    """One vertebral body.

    Attributes:
        level: its name as the labels have it.
        centre_mm: (3,) its middle, RAS mm.
        axes: (3, 3) unit vectors right, front and up as rows, RAS.
        share: (X, Y, Z) 0 … 1, how much of each point of the frame's grid is body.
        back_mm: its posterior wall, along *front* from the middle.
        front_mm: its anterior wall.
        width_mm: from side to side.
    """

    level: str
    centre_mm: Affine
    axes: Affine
    share: Array
    back_mm: float
    front_mm: float
    width_mm: float

    @property
    def depth_mm(self) -> float:
        """From wall to wall."""
        return self.front_mm - self.back_mm

    def height_at(self, depth: float) -> float:
        """Height at a share of the depth, 0 the anterior wall; mean of what lies near, mm."""
        return float(self._near(depth).sum(axis=2).mean() * STEP_MM)

    def endplates_at(self, depth: float) -> tuple[Affine, Affine]:
        """(3,) lower and upper end of that height in the midline, RAS mm."""
        near = self._near(depth).sum(axis=(0, 1))
        half = self.height_at(depth) / 2
        middle = float(near @ _axis(len(near)) / near.sum())
        at_mm = self.front_mm - depth * self.depth_mm
        low, high = (self.to_patient(np.array([0.0, at_mm, middle + z])) for z in (-half, half))
        return low, high

    def _near(self, depth: float) -> Array:
        """(x, y, Z) the columns of the frame that a height is the mean of."""
        right, front = _axis(self.share.shape[0]), _axis(self.share.shape[1])
        at_mm = self.front_mm - depth * self.depth_mm
        middle = np.abs(right) <= BESIDE * self.width_mm
        return np.asarray(self.share[middle][:, np.abs(front - at_mm) <= NEAR * self.depth_mm])

    def to_frame(self, points_mm: Affine) -> Affine:
        """(…, 3) RAS mm → (…, 3) right, front, up from the middle, mm."""
        return np.asarray((points_mm - self.centre_mm) @ self.axes.T)

    def to_patient(self, places_mm: Affine) -> Affine:
        """(…, 3) right, front, up from the middle → (…, 3) RAS mm."""
        return np.asarray(self.centre_mm + np.asarray(places_mm) @ self.axes)


@dataclass(frozen=True, slots=True)
class _Label:
    """A vertebra's voxels: of its body where those are known, else of all of it.

    Attributes:
        mask: within the box.
        affine: (4, 4) voxel of the box → RAS mm.
        middle_mm: (3,) of the whole vertebra.
        body_mm: (3,) middle of its body, roughly.
    """

    mask: Mask
    affine: Affine
    middle_mm: Affine
    body_mm: Affine


@dataclass(frozen=True, slots=True)
class _Walls:
    """Where the body ends in a frame, mm."""

    left: float
    right: float
    back: float
    front: float


def too_coarse(case: Case) -> Absence | None:
    """Why the bundled networks' vertebrae have no bodies to measure; ``None`` for other weights.

    Their borders between vertebrae are good to a voxel of 6 mm. On four real CTs anterior over
    posterior height came out between 0.5 and 2.5, on two of them where official labels give 0.83 to
    1.21. Trabecular means came nearer (a T12 at 111 HU for 102, an L2 at 127 for 122), but so did
    an "L2" of 67 HU where no L2 is whole (November 2026).
    """
    if case.segmentations[case.anatomy_task].provenance.weights_origin != "bundled":
        return None
    return unassessable("bundled_vertebrae_too_coarse")


def vertebral_bodies(case: Case, levels: Iterable[str]) -> Mapping[str, VertebralBody]:
    """The bodies of these levels; one that cannot be told from its arch is left out.

    Args:
        case: with a whole-body map.
        levels: of vertebrae that no edge cuts; neighbours beside them are asked for their place.
    """
    wanted = [level for level in levels if structure_of(level) in case.statistics]
    labels = {level: _label(case, level) for level in _with_neighbours(case, wanted)}
    found = {level: _body(level, labels) for level in wanted}
    return {level: body for level, body in found.items() if body is not None}


def _with_neighbours(case: Case, wanted: Iterable[str]) -> list[str]:
    """These levels and those beside them that no edge cuts, head to foot."""
    places = {LEVELS.index(level) + by for level in wanted for by in (-1, 0, 1)}
    names = [level for n, level in enumerate(LEVELS) if n in places]
    seen = case.statistics
    return [
        level
        for level in names
        if structure_of(level) in seen
        and (level in wanted or not seen[structure_of(level)].truncated_at)
    ]


def _label(case: Case, level: str) -> _Label:
    found = case.statistics[structure_of(level)]
    box = box_around(found, case.anatomy.shape, case.anatomy.affine)
    mask = np.asarray(case.anatomy.data[box] == case.anatomy.number(structure_of(level)))
    middle_mm = case.anatomy.voxel_to_world(found.centroid_ijk)
    if (body := _of_task(case, box)) is not None and (mask & body).any():
        mask = mask & body
    mask = np.pad(mask, 1)  # or what lies on the box's faces would lose half a voxel
    affine = case.anatomy.affine.copy()
    affine[:3, 3] = case.anatomy.voxel_to_world([side.start - 1 for side in box])
    return _Label(mask, affine, middle_mm, _deepest(mask, affine))


def _of_task(case: Case, box: Box) -> Mask | None:
    """Where the task of the bodies found one, if it was run."""
    made = case.segmentations.get(TASK)
    if made is None or LABEL in case.rejected:
        return None
    return np.asarray(made.label_map.data[box] == made.label_map.number(LABEL))


def _deepest(mask: Mask, affine: Affine) -> Affine:
    """(3,) RAS mm, middle of the thickest part of a mask, on a straight grid over it."""
    corners = np.array(np.meshgrid(*((0, n - 1) for n in mask.shape))).reshape(3, -1).T
    places = corners @ affine[:3, :3].T + affine[:3, 3]
    low, high = places.min(axis=0) - COARSE_MM, places.max(axis=0) + COARSE_MM
    shape = np.ceil((high - low) / COARSE_MM).astype(int) + 1
    inverse = np.linalg.inv(affine)
    offset = inverse[:3, :3] @ low + inverse[:3, 3]
    inside = ndimage.affine_transform(
        mask.astype(np.float32), inverse[:3, :3] * COARSE_MM, offset, tuple(shape), order=1
    )
    depth = ndimage.distance_transform_edt(inside >= 0.5) ** DEEPER  # noqa: PLR2004 - half
    if not depth.any():
        return np.asarray(places.mean(axis=0))
    where = np.indices(depth.shape).reshape(3, -1) @ (depth.ravel() / depth.sum())
    return np.asarray(low + where * COARSE_MM)


def _body(level: str, labels: Mapping[str, _Label]) -> VertebralBody | None:
    label = labels[level]
    axes, centre_mm = _first_axes(level, labels), label.body_mm
    for _ in range(2):
        share = _in_frame(label, centre_mm, axes, COARSE_MM)
        walls = _walls(share, COARSE_MM)
        if walls is None:
            return None
        centre_mm, axes = _levelled(share, walls, centre_mm, axes)
    share = _in_frame(label, centre_mm, axes, STEP_MM)
    walls = _walls(share, STEP_MM)
    if walls is None:
        return None
    x, y = (_axis(n, STEP_MM) for n in share.shape[:2])
    share[(x < walls.left) | (x > walls.right)] = 0.0
    share[:, (y < walls.back) | (y > walls.front)] = 0.0
    body = VertebralBody(
        level, centre_mm, axes, share, walls.back, walls.front, walls.right - walls.left
    )
    sizes = (body.depth_mm, body.width_mm, body.height_at(0.5))
    limits = (DEPTH_MM, WIDTH_MM, HEIGHT_MM)
    fits = all(low <= size <= high for size, (low, high) in zip(sizes, limits, strict=True))
    return body if fits else None


def _first_axes(level: str, labels: Mapping[str, _Label]) -> Affine:
    """(3, 3) right, front, up by the neighbours' places and the processes."""
    names = list(labels)  # head to foot
    place = names.index(level)
    above, below = names[max(place - 1, 0)], names[min(place + 1, len(names) - 1)]
    up = labels[above].body_mm - labels[below].body_mm
    if not up.any():
        up = np.array([0.0, 0.0, 1.0])
    forward = labels[level].body_mm - labels[level].middle_mm
    if np.linalg.norm(forward) < COARSE_MM:  # nothing but a body
        forward = np.array([0.0, 1.0, 0.0])
    return _straight(up, forward)


def _straight(up: Affine, forward: Affine) -> Affine:
    """(3, 3) right, front, up at right angles, *up* as given."""
    up = up / np.linalg.norm(up)
    front = forward - (forward @ up) * up
    front /= np.linalg.norm(front)
    return np.stack([np.cross(front, up), front, up])


def _in_frame(label: _Label, centre_mm: Affine, axes: Affine, step_mm: float) -> Array:
    """(X, Y, Z) share of the label at each point of a frame's grid."""
    shape = tuple(2 * round(reach / step_mm) + 1 for reach in REACH_MM)
    inverse = np.linalg.inv(label.affine)
    matrix = inverse[:3, :3] @ axes.T * step_mm
    middle = inverse[:3, :3] @ centre_mm + inverse[:3, 3]
    offset = middle - matrix @ ((np.array(shape) - 1) / 2)
    mask = label.mask.astype(np.float32)
    return np.asarray(ndimage.affine_transform(mask, matrix, offset, shape, order=1))


def _axis(length: int, step_mm: float = STEP_MM) -> Array:
    """(length,) mm from the middle of a frame's axis."""
    return np.asarray((np.arange(length) - (length - 1) / 2) * step_mm)


def _walls(share: Array, step_mm: float) -> _Walls | None:
    """The body's walls in a frame; None where the label does not end behind it."""
    heights = share.sum(axis=2) * step_mm
    x, y = (_axis(n, step_mm) for n in share.shape[:2])
    midline = heights[np.abs(x) <= CANAL_BAND_MM].mean(axis=0)
    ends = _run(midline, y)
    if ends is None:
        return None
    back, front = ends
    # Before the pedicles: only there is the label as wide as the body.
    before = (y >= back + (front - back) / 3) & (y <= front)
    sides = _run(heights[:, before].mean(axis=1), x)
    return None if sides is None else _Walls(*sides, back, front)


def _run(heights: Array, places_mm: Array) -> tuple[float, float] | None:
    """Where heights fall off to both sides of the middle; None where they reach an end."""
    middle = len(heights) // 2
    limit = EDGE * heights[middle - 1 : middle + 2].mean()
    low = np.flatnonzero(heights[:middle] < limit)
    high = np.flatnonzero(heights[middle:] < limit)
    if limit <= 0 or not len(low) or not len(high):
        return None
    ends = (int(low[-1]), int(low[-1]) + 1), (middle + int(high[0]), middle + int(high[0]) - 1)
    found = []
    for outside, inside in ends:
        share = (limit - heights[outside]) / (heights[inside] - heights[outside])
        found.append(float(places_mm[outside] + share * (places_mm[inside] - places_mm[outside])))
    return found[0], found[1]


def _levelled(
    share: Array, walls: _Walls, centre_mm: Affine, axes: Affine
) -> tuple[Affine, Affine]:
    """Middle and axes after the plane midway between the endplates was laid level."""
    x, y, z = (_axis(n, COARSE_MM) for n in share.shape)
    # Off the rim, where osteophytes are.
    across, deep = walls.right - walls.left, walls.front - walls.back
    columns = np.ix_(
        np.abs(x - (walls.left + walls.right) / 2) <= 0.3 * across,
        np.abs(y - (walls.back + walls.front) / 2) <= 0.35 * deep,
    )
    heights = share.sum(axis=2)
    midway = (share @ z) / np.maximum(heights, 1e-6)
    solid = heights[columns] > EDGE * np.median(heights[columns])
    right, front = (one[columns][solid] for one in np.meshgrid(x, y, indexing="ij"))
    design = np.stack([np.ones_like(right), right, front], axis=1)
    level, to_right, to_front = np.linalg.lstsq(design, midway[columns][solid], rcond=None)[0]
    to_right, to_front = np.clip((to_right, to_front), -STEEPEST, STEEPEST)
    up = np.array([-to_right, -to_front, 1.0]) @ axes
    sideways, forward = (walls.left + walls.right) / 2, (walls.back + walls.front) / 2
    height = level + to_right * sideways + to_front * forward
    middle = np.array([sideways, forward, height]) @ axes
    return centre_mm + middle, _straight(up, axes[1])
