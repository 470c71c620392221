"""Cross-sections of a vessel, at right angles to the line through its middle.

A section is what of the mask, interpolated on the plane, is connected with the line and nearer to
this part of the line than to another (the two limbs of an arch lie in one plane). Its border is
where half is covered, between pixels. The diameter is the longest distance between two parallel
tangents of that border, the other one is taken at right angles to it; both are enlarged by what the
blur took from a border so curved.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from heimdallr.analyses.anatomy.vessel_mask import COVERED

if TYPE_CHECKING:
    from heimdallr.analyses.anatomy.vessel_mask import VesselMask
    from heimdallr.imaging.morphology import Mask
    from heimdallr.imaging.volume import Affine, Array

STEP_MM = 2.0
"""Distance of neighbouring places of a line, and of sections."""
PIXEL_MM = 1.5
"""Of a section. Its border lies between pixels."""
STEADY_MM = 6.0
"""A line is smoothed by a Gaussian of this much along itself.

Measured on the phantoms of ``tools/pieces/aorta.py`` (November 2026): at 4 mm sections in
wide aneurysms tip over, by up to 50 degrees; 12 mm would cut the arch of a child short.
"""
STEADY = 1.0
"""Tangents are averaged along the line by a Gaussian of so many times the blur. The largest of many
rough ones would be too large: by 0.2 mm in the mean at 3 mm; twice cuts the peaks of aneurysms."""
DIRECTIONS = 60
"""In which a section is looked at, over half a turn: 3 degrees apart, an error below 0.04 %."""
LIMBS = 3.0
"""Parts of the line farther off along it than so many radii are another limb of the vessel. Chosen:
half of it would cut wide aneurysms, twice join the limbs of a narrow arch."""
_FLAT = 1e-6


@dataclass(frozen=True, slots=True)
class Line:
    """The line through the middle of a piece of a vessel, in steps of :data:`STEP_MM`.

    Attributes:
        places_mm: (n, 3) RAS.
        forwards: (n, 3) unit vectors along it.
        across, beside: (n, 3) unit vectors of the plane at right angles to it; they turn about the
            line as little as can be.
    """

    places_mm: Affine
    forwards: Affine
    across: Affine
    beside: Affine

    @property
    def along_mm(self) -> Affine:
        """(n,) way along the line from its first place."""
        steps = np.linalg.norm(np.diff(self.places_mm, axis=0), axis=1)
        return np.concatenate(([0.0], np.cumsum(steps)))

    @property
    def length_mm(self) -> float:
        """Its whole length."""
        return float(self.along_mm[-1])

    def reversed(self) -> Line:
        """The same line from the other end."""
        return Line(
            self.places_mm[::-1], -self.forwards[::-1], self.across[::-1], -self.beside[::-1]
        )

    def nearest(self, points_mm: Affine) -> tuple[Affine, Array]:
        """Distance of (m, 3) points from the line, and the index of the nearest place."""
        distance, place = cKDTree(self.places_mm).query(points_mm)
        return np.asarray(distance), np.asarray(place)


@dataclass(frozen=True, slots=True)
class Sections:
    """The cross-sections at the places of a line.

    Attributes:
        diameter_mm: (n,) largest diameter.
        other_mm: (n,) the one at right angles to it.
        direction: (n, 3) unit vector along the largest diameter.
        centre_mm: (n, 3) RAS; middle between the tangents of both diameters.
        at_edge: (n,) whether an edge of the image cuts it.
    """

    diameter_mm: Affine
    other_mm: Affine
    direction: Affine
    centre_mm: Affine
    at_edge: Mask

    def reversed(self) -> Sections:
        """The same from the other end of the line."""
        return Sections(*(getattr(self, one.name)[::-1] for one in fields(self)))


def line_through(places_mm: Affine) -> Line:
    """A line through places: smoothed, in even steps, with planes at right angles to it."""
    even = _even(places_mm)
    smooth = _smoothed(even)
    forwards = np.gradient(smooth, axis=0)
    forwards /= np.linalg.norm(forwards, axis=1, keepdims=True)
    across = np.empty_like(forwards)
    last = np.eye(3)[int(np.argmin(np.abs(forwards[0])))]
    for n, forward in enumerate(forwards):
        last = last - (last @ forward) * forward
        last /= np.linalg.norm(last)
        across[n] = last
    return Line(smooth, forwards, across, np.cross(forwards, across))


def _even(places_mm: Affine) -> Affine:
    """The same polygon in steps of :data:`STEP_MM`."""
    steps = np.linalg.norm(np.diff(places_mm, axis=0), axis=1)
    along = np.concatenate(([0.0], np.cumsum(steps)))
    count = max(round(along[-1] / STEP_MM), 2) + 1
    at = np.linspace(0.0, along[-1], count)
    return np.stack([np.interp(at, along, places_mm[:, axis]) for axis in range(3)], axis=1)


def _smoothed(places_mm: Affine) -> Affine:
    """Gaussian along the line; beyond its ends it is thought to go on, turned about them."""
    sigma = STEADY_MM / STEP_MM
    by = min(round(3 * sigma), len(places_mm) - 1)
    before = 2 * places_mm[0] - places_mm[by:0:-1]
    after = 2 * places_mm[-1] - places_mm[-2 : -by - 2 : -1]
    longer = np.concatenate((before, places_mm, after))
    smooth = ndimage.gaussian_filter1d(longer, sigma, axis=0, truncate=3.0, mode="nearest")
    return np.asarray(smooth[by : by + len(places_mm)])


def sections(mask: VesselMask, line: Line, reach_mm: float) -> Sections:
    """The cross-sections at all places of a line.

    Args:
        mask: of the vessel.
        line: through its middle.
        reach_mm: how far from the line its wall is looked for.
    """
    number, border = _border(*_planes(mask, line, reach_mm, PIXEL_MM))
    count = len(line.places_mm)
    angles = np.arange(DIRECTIONS) * np.pi / DIRECTIONS
    ways = np.stack((np.cos(angles), np.sin(angles)))
    low, high = (
        ndimage.gaussian_filter1d(one, STEADY * mask.blur_mm / STEP_MM, axis=0, mode="nearest")
        for one in _extremes(border @ ways, number, count)
    )
    rows = np.arange(count)
    widest = np.argmax(high - low, axis=1)
    square = (widest + DIRECTIONS // 2) % DIRECTIONS
    diameter, other = ((high - low)[rows, at] for at in (widest, square))
    middle = sum(((low + high) / 2)[rows, at][:, None] * ways[:, at].T for at in (widest, square))
    at_edge = np.zeros(count, bool)
    np.logical_or.at(at_edge, number, mask.at_edge(_in_space(line, border, number)))
    shrunk = 2 * mask.blur_mm**2 / np.maximum(diameter * other, 1.0)
    return Sections(
        diameter * (1 + shrunk * diameter / np.maximum(other, 1.0)),
        other * (1 + shrunk * other / np.maximum(diameter, 1.0)),
        _in_space(line, ways[:, widest].T) - line.places_mm,
        _in_space(line, np.asarray(middle)),
        at_edge,
    )


def centroids_mm(mask: VesselMask, line: Line, reach_mm: float) -> Affine:
    """(n, 3) centroids of the sections, RAS; NaN where the line is not in the vessel."""
    inside, _, offsets = _planes(mask, line, reach_mm, 2 * PIXEL_MM)
    counts = inside.sum(axis=(1, 2)).astype(float)
    counts[counts == 0] = np.nan
    return _in_space(line, np.einsum("sij,ijc->sc", inside, offsets) / counts[:, None])


def _in_space(line: Line, flat: Affine, number: Array | slice = slice(None)) -> Affine:
    """Offsets on the planes of a line → RAS mm."""
    across, beside = line.across[number], line.beside[number]
    return np.asarray(line.places_mm[number] + flat[:, :1] * across + flat[:, 1:] * beside)


def _extremes(values: Affine, number: Array, count: int) -> tuple[Affine, Affine]:
    """(count, directions) lowest and highest value of each section; 0 where it has no border."""
    low, high = (np.zeros((count, values.shape[1])) for _ in range(2))
    if len(number):
        starts = np.flatnonzero(np.diff(number, prepend=-1))
        low[number[starts]] = np.minimum.reduceat(values, starts)
        high[number[starts]] = np.maximum.reduceat(values, starts)
    return low, high


def _planes(
    mask: VesselMask, line: Line, reach_mm: float, pixel_mm: float
) -> tuple[Mask, Array, Affine]:
    """The vessel on all planes of a line.

    Returns:
        (n, N, N) what belongs to the vessel here, (n, N, N) covered share, (N, N, 2) offset of the
        pixels from the line.
    """
    half = int(np.ceil(reach_mm / pixel_mm))
    side = np.arange(-half, half + 1) * pixel_mm
    offsets = np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1)
    points = (
        line.places_mm[:, None, None]
        + offsets[None, ..., :1] * line.across[:, None, None]
        + offsets[None, ..., 1:] * line.beside[:, None, None]
    )
    share = mask.at(points)
    inside = share >= COVERED
    inside[inside] = _of_this_limb(line, points[inside], np.nonzero(inside)[0])
    in_plane = np.zeros((3, 3, 3), bool)
    in_plane[1] = True
    pieces, _ = ndimage.label(inside, in_plane)
    here = pieces[:, half, half]
    return (pieces == here[:, None, None]) & (here > 0)[:, None, None], share, offsets


def _of_this_limb(line: Line, points_mm: Affine, number: Array) -> Mask:
    """Whether points of a plane are nearer to its own part of the line than to another limb."""
    distance, nearest = line.nearest(points_mm)
    off = np.abs(line.along_mm[nearest] - line.along_mm[number])
    own = np.linalg.norm(points_mm - line.places_mm[number], axis=1)
    return np.asarray(off <= np.maximum(LIMBS * distance, 2 * own))


def _border(inside: Mask, share: Array, offsets: Affine) -> tuple[Array, Affine]:
    """Where the borders of sections cross the lines between pixels.

    Returns:
        (m,) number of the section, rising; (m, 2) offset from the line.
    """
    pixel_mm = offsets[1, 1] - offsets[0, 0]
    all_, before, behind = slice(None), slice(None, -1), slice(1, None)
    numbers, points = [], []
    for axis, low, high in (
        (0, (all_, before), (all_, behind)),
        (1, (all_, all_, before), (all_, all_, behind)),
    ):
        crossed = inside[low] != inside[high]
        here, there = share[low][crossed].astype(float), share[high][crossed].astype(float)
        steep = np.where(np.abs(there - here) < _FLAT, _FLAT, there - here)
        number, i, j = np.nonzero(crossed)
        point = offsets[i, j].astype(float)
        point[:, axis] += np.clip((COVERED - here) / steep, 0.0, 1.0) * pixel_mm[axis]
        numbers.append(number)
        points.append(point)
    number, point = np.concatenate(numbers), np.concatenate(points)
    order = np.argsort(number, kind="stable")
    return number[order], point[order]
