"""Analytic shapes in continuous millimetres.

Coordinates are RAS (x to the patient's right, y to the front, z to the head) in the frame of the
reference body. A shape is a list of pieces; each piece has a bounding box and an inside test that
is only asked within that box, which is what makes painting hundreds of shapes quick.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Floats = npt.NDArray[np.floating[Any]]
Bools = npt.NDArray[np.bool_]
Point = tuple[float, float, float]
Points: TypeAlias = "Sequence[Sequence[float] | Floats] | Floats"


@dataclass(frozen=True, slots=True)
class Coordinates:
    """Where a block of voxels lies, all arrays of one shape.

    Attributes:
        x: right, mm.
        y: anterior, mm.
        z: superior, mm.
        skin_depth: depth below the trunk's skin, mm (negative outside).
        fascia_depth: depth below the outer surface of the trunk's muscle wall, mm.
        cavity_depth: depth below the inner surface of the trunk wall, mm.
        above_diaphragm: height above the diaphragm, mm.
    """

    x: Floats
    y: Floats
    z: Floats
    skin_depth: Floats
    fascia_depth: Floats
    cavity_depth: Floats
    above_diaphragm: Floats

    def block(self, index: tuple[slice, slice, slice]) -> Coordinates:
        """Return views on one block of voxels."""
        return Coordinates(
            self.x[index],
            self.y[index],
            self.z[index],
            self.skin_depth[index],
            self.fascia_depth[index],
            self.cavity_depth[index],
            self.above_diaphragm[index],
        )


@dataclass(frozen=True, slots=True)
class Piece:
    """A bounding box `lo` to `hi` (mm) and the inside test that holds within it."""

    lo: Point
    hi: Point
    inside: Callable[[Coordinates], Bools]


class Shape(Protocol):
    """Anything that can be painted."""

    def pieces(self) -> Iterator[Piece]:
        """Yield the pieces whose union is the shape."""
        ...


@dataclass(frozen=True, slots=True)
class Region:
    """A shape given by its own inside test."""

    lo: Point
    hi: Point
    inside: Callable[[Coordinates], Bools]

    def pieces(self) -> Iterator[Piece]:
        """Yield the single piece."""
        yield Piece(self.lo, self.hi, self.inside)


@dataclass(frozen=True, slots=True)
class Ellipsoid:
    """Superellipsoid with an optional rotation and a lumpy boundary.

    Attributes:
        centre: mm.
        semi: semi-axes, mm.
        rotation: (3, 3), columns are the axes in body coordinates; None for none.
        power: 2 is an ellipsoid, larger is boxier.
        bumps: amplitudes of five low-order harmonics of the boundary radius.
    """

    centre: Point
    semi: Point
    rotation: Floats | None = None
    power: float = 2.0
    bumps: tuple[float, ...] = ()

    def pieces(self) -> Iterator[Piece]:
        """Yield the single piece."""
        reach = 1.0 + sum(abs(b) for b in self.bumps)
        semi = np.asarray(self.semi) * reach
        if self.rotation is not None:
            corner = np.sqrt(((self.rotation * semi) ** 2).sum(axis=1))
            semi = corner if self.power <= 2.0 else np.abs(self.rotation * semi).sum(axis=1)
        centre = np.asarray(self.centre)
        yield Piece(_point(centre - semi), _point(centre + semi), self._inside)

    def _inside(self, c: Coordinates) -> Bools:
        u, v, w = c.x - self.centre[0], c.y - self.centre[1], c.z - self.centre[2]
        if self.rotation is not None:
            r = self.rotation.astype(np.float32)
            u, v, w = (r[0, i] * u + r[1, i] * v + r[2, i] * w for i in range(3))
        u, v, w = u / self.semi[0], v / self.semi[1], w / self.semi[2]
        if self.power == 2.0:
            radius = u * u + v * v + w * w
        else:
            p = self.power
            radius = np.abs(u) ** p + np.abs(v) ** p + np.abs(w) ** p
        if not self.bumps:
            return np.asarray(radius < 1.0)
        b = self.bumps
        # Harmonics of direction only outside, or they would outgrow the radius far away.
        bump = b[0] * u * v + b[1] * v * w + b[2] * u * w + b[3] * (u * u - v * v)
        bump += b[4] * u * v * w * 2.0 / np.sqrt(np.maximum(radius, 1.0))
        edge = 1.0 + bump / np.maximum(radius, 1.0)
        return np.asarray(radius < np.maximum(edge, 0.2) ** self.power)


@dataclass(frozen=True, slots=True)
class Tube:
    """Union of round cones along a polyline: vessels, ribs, bowel, limbs.

    Attributes:
        points: (N, 3) centre line, mm.
        radii: (N,) radii, mm.
        flatten: the radius is multiplied by these factors along x, y, z.
        keep: further condition on the voxels, for instance "in the upper half of the lumen".
    """

    points: Floats
    radii: Floats
    flatten: Point = (1.0, 1.0, 1.0)
    keep: Callable[[Coordinates], Bools] | None = None

    def pieces(self) -> Iterator[Piece]:
        """Yield one piece per segment."""
        flatten = np.asarray(self.flatten)
        for a, b, ra, rb in zip(
            self.points[:-1], self.points[1:], self.radii[:-1], self.radii[1:], strict=True
        ):
            reach = max(ra, rb) * flatten
            lo, hi = np.minimum(a, b) - reach, np.maximum(a, b) + reach
            yield Piece(_point(lo), _point(hi), self._segment(a / flatten, b / flatten, ra, rb))

    def _segment(
        self, a: Floats, b: Floats, ra: float, rb: float
    ) -> Callable[[Coordinates], Bools]:
        d = b - a
        length2 = max(float(d @ d), 1e-6)
        fx, fy, fz = self.flatten

        def inside(c: Coordinates) -> Bools:
            x, y, z = (c.x / fx - a[0], c.y / fy - a[1], c.z / fz - a[2])
            t = (x * d[0] + y * d[1] + z * d[2]) / length2
            np.clip(t, 0.0, 1.0, out=t)
            x, y, z = x - t * d[0], y - t * d[1], z - t * d[2]
            mask = x * x + y * y + z * z < (ra + t * (rb - ra)) ** 2
            return np.asarray(mask if self.keep is None else mask & self.keep(c))

        return inside


@dataclass(frozen=True, slots=True)
class Sheet:
    """A curved plate: triangles between two polylines, with a half thickness.

    Attributes:
        first: (N, 3) one edge, mm.
        second: (N, 3) the opposite edge, mm.
        half_thickness: mm.
    """

    first: Floats
    second: Floats
    half_thickness: float

    def pieces(self) -> Iterator[Piece]:
        """Yield two triangles per quadrilateral."""
        for i in range(len(self.first) - 1):
            a, b = self.first[i], self.first[i + 1]
            d, e = self.second[i], self.second[i + 1]
            for corners in ((a, b, d), (b, e, d)):
                stack = np.stack(corners)
                lo = stack.min(axis=0) - self.half_thickness
                hi = stack.max(axis=0) + self.half_thickness
                yield Piece(_point(lo), _point(hi), self._triangle(*corners))

    def _triangle(self, a: Floats, b: Floats, c: Floats) -> Callable[[Coordinates], Bools]:
        e0, e1 = b - a, c - a
        normal = np.cross(e0, e1)
        normal = normal / max(float(np.linalg.norm(normal)), 1e-6)
        gram = np.linalg.inv(np.array([[e0 @ e0, e0 @ e1], [e0 @ e1, e1 @ e1]]) + 1e-6 * np.eye(2))
        # A little beyond the edges, so that neighbouring triangles and the rim close up.
        size = np.sqrt(max(float(np.linalg.norm(np.cross(e0, e1))), 1.0))
        slack = self.half_thickness / size
        thickness = self.half_thickness

        def inside(c: Coordinates) -> Bools:
            x, y, z = c.x - a[0], c.y - a[1], c.z - a[2]
            near = np.abs(x * normal[0] + y * normal[1] + z * normal[2]) < thickness
            p = x * e0[0] + y * e0[1] + z * e0[2]
            q = x * e1[0] + y * e1[1] + z * e1[2]
            s = gram[0, 0] * p + gram[0, 1] * q
            t = gram[1, 0] * p + gram[1, 1] * q
            return np.asarray(near & (s > -slack) & (t > -slack) & (s + t < 1.0 + slack))

        return inside


@dataclass(frozen=True, slots=True)
class Union:
    """Several shapes painted as one."""

    shapes: Sequence[Shape] = field(default_factory=tuple)

    def pieces(self) -> Iterator[Piece]:
        """Yield every shape's pieces."""
        for shape in self.shapes:
            yield from shape.pieces()


@dataclass(frozen=True, slots=True)
class Clip:
    """A shape kept only where a condition holds."""

    shape: Shape
    keep: Callable[[Coordinates], Bools]

    def pieces(self) -> Iterator[Piece]:
        """Yield the shape's pieces with the condition added."""
        for piece in self.shape.pieces():
            yield Piece(piece.lo, piece.hi, self._both(piece.inside))

    def _both(self, inside: Callable[[Coordinates], Bools]) -> Callable[[Coordinates], Bools]:
        return lambda c: inside(c) & self.keep(c)


def tube(
    points: Points,
    radii: Sequence[float] | Floats | float,
    *,
    step_mm: float = 12.0,
    flatten: Point = (1.0, 1.0, 1.0),
) -> Tube:
    """Return a smooth tube through control points.

    Args:
        points: (N, 3) control points, mm.
        radii: one radius per control point, or one for all, mm.
        step_mm: length of the straight segments the spline is cut into.
        flatten: see `Tube`.
    """
    p = np.asarray(points, dtype=float)
    r = np.broadcast_to(np.asarray(radii, dtype=float), (len(p),))
    chord = np.linalg.norm(np.diff(p, axis=0), axis=1)
    s = np.concatenate([[0.0], np.cumsum(np.maximum(chord, 1e-3))])
    n = max(int(np.ceil(s[-1] / step_mm)), len(p) - 1) + 1
    t = np.linspace(0.0, s[-1], n)
    line = CubicSpline(s, p, bc_type="natural")(t) if len(p) > 2 else _lerp(s, p, t)
    return Tube(line, np.interp(t, s, r), flatten)


def rotation(
    *, about_x_deg: float = 0.0, about_y_deg: float = 0.0, about_z_deg: float = 0.0
) -> Floats:
    """Return the (3, 3) rotation about x, then y, then z."""
    ax, ay, az = np.deg2rad([about_x_deg, about_y_deg, about_z_deg])
    rx = np.array([[1, 0, 0], [0, np.cos(ax), -np.sin(ax)], [0, np.sin(ax), np.cos(ax)]])
    ry = np.array([[np.cos(ay), 0, np.sin(ay)], [0, 1, 0], [-np.sin(ay), 0, np.cos(ay)]])
    rz = np.array([[np.cos(az), -np.sin(az), 0], [np.sin(az), np.cos(az), 0], [0, 0, 1]])
    return np.asarray(rz @ ry @ rx)


def mirrored(points: Points, side: int) -> Floats:
    """Return points given for the right side (x > 0) on `side` (+1 right, -1 left)."""
    p = np.array(points, dtype=float)
    p[:, 0] *= side
    return p


def _lerp(s: Floats, p: Floats, t: Floats) -> Floats:
    return np.stack([np.interp(t, s, p[:, i]) for i in range(3)], axis=1)


def _point(v: Floats) -> Point:
    return float(v[0]), float(v[1]), float(v[2])
