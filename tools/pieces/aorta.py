"""An aorta of known diameters: with an arch, or the abdominal part alone with an aneurysm.

The vessel is a stack of ellipses at right angles to a curve, which is what a diameter is measured
on, so its diameters are known wherever it bends. What lies around it (kidneys, branches, heart) is
there as a landmark only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import cKDTree

from pieces.drawing import Piece
from pieces.solids import ellipsoid

if TYPE_CHECKING:
    from pieces.drawing import Floats, Grid, Solid

Points = npt.NDArray[np.float64]

BLOOD_HU, ORGAN_HU = 150.0, 60.0
LATTICE_MM = 2.0
"""Between its points the distance from a wall is interpolated: off by less than 0.05 mm."""
CURVE_MM = 0.5
TIGHTEST = 0.8
"""Half a diameter over the radius of the bend it lies in, at most: from 1 on ellipses at right
angles to the curve cut into each other, and the vessel has no diameter there."""
STRAIGHTER = 0.9
"""What is left of a vessel's winding when it is bent too tightly; again until it is not."""


@dataclass(frozen=True, slots=True)
class Bulge:
    """An aneurysm.

    Attributes:
        at: where along the curve, 0 … 1.
        diameter_mm: its largest diameter.
        other_mm: the one at right angles to it.
        length_mm: four standard deviations of its profile.
    """

    at: float
    diameter_mm: float
    other_mm: float
    length_mm: float = 80.0


@dataclass(frozen=True, slots=True)
class Tube:
    """A vessel along a curve.

    Attributes:
        places_mm: (n, 3) the curve, in steps of :data:`CURVE_MM`.
        half_mm: (n, 2) half axes of its ellipses.
        turn_deg: by which their longer axis is turned about the curve.
    """

    places_mm: Points
    half_mm: Points
    turn_deg: float = 0.0

    @property
    def length_mm(self) -> float:
        """Along the curve."""
        return float(np.linalg.norm(np.diff(self.places_mm, axis=0), axis=1).sum())

    @property
    def bend(self) -> float:
        """The largest half diameter over the radius of the bend it lies in."""
        forward, _, _ = _frames(self.places_mm, self.turn_deg)
        curvature = np.linalg.norm(np.gradient(forward, axis=0), axis=1) / CURVE_MM
        return float((curvature * self.half_mm.max(axis=1)).max())

    def diameters_mm(self, first: float = 0.0, last: float = 1.0) -> tuple[float, float]:
        """The largest diameter between two places (0 … 1 along it) and the other one there."""
        count = len(self.places_mm)
        part = 2 * self.half_mm[round(first * count) : max(round(last * count), 1)]
        widest = part[int(np.argmax(part.max(axis=1)))]
        return float(widest.max()), float(widest.min())

    @property
    def solid(self) -> Solid:
        """Where it is: flat at both ends."""
        reach = float(self.half_mm.max()) + 3 * LATTICE_MM
        low = self.places_mm.min(axis=0) - reach
        sides = [
            np.arange(start, stop, LATTICE_MM)
            for start, stop in zip(low, self.places_mm.max(axis=0) + reach, strict=True)
        ]
        lattice = np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1)
        inside_mm = self._depth_mm(lattice.reshape(-1, 3), reach).reshape(lattice.shape[:3])

        def inside(x: Floats, y: Floats, z: Floats) -> npt.NDArray[np.bool_]:
            at = [(along - start) / LATTICE_MM for along, start in zip((x, y, z), low, strict=True)]
            found = np.zeros(np.broadcast_shapes(*(one.shape for one in at)), bool)
            last = np.subtract(inside_mm.shape, 1)
            within = [(one >= 0) & (one <= end) for one, end in zip(at, last, strict=True)]
            near = np.nonzero(within[0] & within[1] & within[2])
            points = [np.broadcast_to(one, found.shape)[near] for one in at]
            found[near] = ndimage.map_coordinates(inside_mm, points, order=1) >= 0
            return found

        return inside

    def _depth_mm(self, points: Points, reach_mm: float) -> Floats:
        """(m,) distance from the wall, negative outside; near the wall exact."""
        tree = cKDTree(self.places_mm)
        distance, place = map(np.asarray, tree.query(points, distance_upper_bound=reach_mm))
        found = np.flatnonzero(np.isfinite(distance))
        nearest = place[found]
        forward, across, beside = _frames(self.places_mm, self.turn_deg)
        offset = points[found] - self.places_mm[nearest]
        a, b = self.half_mm[nearest].T
        u = np.einsum("ma,ma->m", offset, across[nearest])
        v = np.einsum("ma,ma->m", offset, beside[nearest])
        depth = (1 - np.hypot(u / a, v / b)) * np.minimum(a, b)
        beyond = np.einsum("ma,ma->m", offset, forward[nearest])
        at_end = (nearest == 0) | (nearest == len(self.places_mm) - 1)
        depth[at_end] = np.minimum(depth[at_end], -np.abs(beyond[at_end]))
        result = np.full(len(points), -1.0, np.float32)
        result[found] = depth
        return result


def tube(
    knots_mm: Points,
    diameters_mm: tuple[float, float],
    bulges: tuple[Bulge, ...] = (),
    *,
    turn_deg: float = 0.0,
) -> Tube:
    """A vessel through knots.

    Args:
        knots_mm: (n, 3) at even distances.
        diameters_mm: at its first and its last end.
        bulges: its aneurysms.
        turn_deg: by which the longer axis of their ellipses is turned about the curve.
    """
    dense = ndimage.zoom(np.asarray(knots_mm, float), (40, 1), order=3, mode="nearest")
    steps = np.linalg.norm(np.diff(dense, axis=0), axis=1)
    along = np.concatenate(([0.0], np.cumsum(steps)))
    even = np.arange(0.0, along[-1], CURVE_MM)
    places = np.stack([np.interp(even, along, dense[:, axis]) for axis in range(3)], axis=1)
    share = even / along[-1]
    radius = (diameters_mm[0] + (diameters_mm[1] - diameters_mm[0]) * share) / 2
    half = np.stack((radius, radius), axis=1)
    for one in bulges:
        profile = np.exp(-((even - one.at * along[-1]) ** 2) / (2 * (one.length_mm / 4) ** 2))
        wider = np.array([one.diameter_mm, one.other_mm]) / 2 - radius[:, None]
        half += profile[:, None] * wider
    return Tube(places, half, turn_deg)


def _frames(places_mm: Points, turn_deg: float) -> tuple[Points, Points, Points]:
    """Unit vectors along a curve and of the planes at right angles to it, turning least."""
    forward = np.gradient(places_mm, axis=0)
    forward /= np.linalg.norm(forward, axis=1, keepdims=True)
    across = np.empty_like(forward)
    last = np.eye(3)[int(np.argmin(np.abs(forward[0])))]
    for n, direction in enumerate(forward):
        last = last - (last @ direction) * direction
        last /= np.linalg.norm(last)
        across[n] = last
    beside = np.cross(forward, across)
    turn = np.deg2rad(turn_deg)
    return (
        forward,
        np.cos(turn) * across + np.sin(turn) * beside,
        np.cos(turn) * beside - np.sin(turn) * across,
    )


def abdominal_aorta(
    grid: Grid,
    rng: np.random.Generator,
    *,
    aneurysm_mm: float = 45.0,
    other_mm: float | None = None,
    winding_mm: float = 8.0,
    length_mm: float = 150.0,
) -> Piece:
    """From above the kidneys to the bifurcation, with an infrarenal aneurysm and iliac arteries.

    Args:
        grid: at least 140 mm wide, and 60 mm higher than the vessel for all of it to be in view.
        rng: where it winds.
        aneurysm_mm: its largest diameter; that of the vessel is 20 to 24 mm.
        other_mm: the diameter at right angles to it; ``None``: 0.85 of it.
        winding_mm: by how much it strays from a straight line; less where it would be bent more
            tightly than :data:`TIGHTEST`.
        length_mm: from end to end, roughly.
    """
    piece = Piece(grid)
    other_mm = 0.85 * aneurysm_mm if other_mm is None else other_mm
    top, bottom = length_mm / 2 + 15, -length_mm / 2 + 15
    count = 7
    knots = np.zeros((count, 3))
    knots[:, 2] = np.linspace(top, bottom, count)
    knots[1:-1, :2] = rng.uniform(-winding_mm, winding_mm, (count - 2, 2))
    above, below = rng.uniform(22, 24), rng.uniform(18, 20)
    bulges, turn_deg = (Bulge(0.62, aneurysm_mm, other_mm, length_mm / 2),), rng.uniform(0, 180)
    while (vessel := tube(knots, (above, below), bulges, turn_deg=turn_deg)).bend > TIGHTEST:
        knots[:, :2] *= STRAIGHTER
    for side, name in ((-1, "iliac_artery_left"), (1, "iliac_artery_right")):
        spread = np.linspace(0, 1, 5)[:, None]
        start = np.array([side * 6.0, 0.0, bottom + 2])
        iliac = tube(start + spread * np.array([side * 30.0, -5.0, -45.0]), (12.0, 11.0))
        piece.draw(iliac.solid, BLOOD_HU, name)
    piece.draw(vessel.solid, BLOOD_HU, "aorta")
    for side, name in ((-1, "kidney_left"), (1, "kidney_right")):
        piece.draw(ellipsoid((side * 55.0, -10.0, top - 45.0), (12.0, 15.0, 35.0)), ORGAN_HU, name)
    largest, smallest = vessel.diameters_mm()
    piece.truth = {
        "diameter_mm": largest,
        "other_mm": smallest,
        "length_mm": vessel.length_mm,
        "iliac_mm": 12.0,
    }
    return piece


def thoracic_aorta(
    grid: Grid,
    rng: np.random.Generator,
    *,
    ascending_mm: float = 36.0,
    descending_mm: float = 26.0,
    aneurysm_mm: float | None = None,
) -> Piece:
    """From the heart over the arch and down to the diaphragm, with the branches of the arch.

    Args:
        grid: at least 120 × 170 × 260 mm for all of it to be in view.
        rng: how wide the arch is, and how it is turned.
        ascending_mm: the largest diameter of the ascending aorta.
        descending_mm: diameter of the descending aorta.
        aneurysm_mm: largest diameter of an aneurysm of it, if there is one.
    """
    piece = Piece(grid)
    span = rng.uniform(32, 40)
    turn = np.deg2rad(rng.uniform(45, 65))
    forward = np.array([np.cos(turn), np.sin(turn), 0.0])
    arch = np.linspace(0, np.pi, 9)
    top = 40.0
    round_ = np.cos(arch)[:, None] * span * forward + np.sin(arch)[:, None] * np.array([0, 0, span])
    step = span * np.pi / 8
    rise = np.arange(4, 0, -1)[:, None] * np.array([0, 0, -step]) + span * forward
    fall = np.arange(1, 11)[:, None] * np.array([0, 0, -step]) - span * forward
    knots = np.concatenate((rise, round_, fall)) + np.array([0, 0, top])
    knots[-7:, :2] += np.cumsum(rng.uniform(-3, 3, (7, 2)), axis=0)
    usual = 30.0
    bulges = [Bulge(0.12, ascending_mm, 0.95 * ascending_mm, 100.0)]
    if aneurysm_mm is not None:
        bulges.append(Bulge(0.75, aneurysm_mm, 0.85 * aneurysm_mm, 90.0))
    vessel = tube(knots, (usual, descending_mm), tuple(bulges), turn_deg=rng.uniform(0, 180))
    count = len(knots) - 1
    for at, name, radius in (
        (7.0, "brachiocephalic_trunk", 6.5),
        (10.0, "subclavian_artery_left", 5.0),
    ):
        start = vessel.places_mm[round(at / count * len(vessel.places_mm))]
        up = np.linspace(0, 1, 4)[:, None] * np.array([0, 0, 55.0])
        piece.draw(tube(start + up, (2 * radius, 2 * radius)).solid, BLOOD_HU, name)
    heart = knots[0] + np.array([5.0, 5.0, -38.0])
    piece.draw(ellipsoid((heart[0], heart[1], heart[2]), (40.0, 40.0, 40.0)), ORGAN_HU, "heart")
    piece.draw(vessel.solid, BLOOD_HU, "aorta")
    piece.truth = {
        "ascending_mm": vessel.diameters_mm(0.06, 7 / count)[0],
        "arch_mm": vessel.diameters_mm(7 / count, 10 / count)[0],
        "descending_mm": vessel.diameters_mm(10 / count, 1.0)[0],
        "length_mm": vessel.length_mm,
    }
    return piece
