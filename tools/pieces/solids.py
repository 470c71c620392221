"""What is drawn: ellipsoids, boxes, tubes, and solids made of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from pieces.drawing import Floats, Solid, Triple


def ellipsoid(centre_mm: Triple, radii_mm: Triple) -> Solid:
    """An ellipsoid along the patient's axes."""

    def inside(x: Floats, y: Floats, z: Floats) -> npt.NDArray[np.bool_]:
        axes = zip((x, y, z), centre_mm, radii_mm, strict=True)
        distance = sum(((along - centre) / radius) ** 2 for along, centre, radius in axes)
        return np.asarray(distance <= 1.0)

    return inside


def box(low_mm: Triple, high_mm: Triple) -> Solid:
    """A box along the patient's axes."""

    def inside(x: Floats, y: Floats, z: Floats) -> npt.NDArray[np.bool_]:
        axes = zip((x, y, z), low_mm, high_mm, strict=True)
        x_in, y_in, z_in = (((low <= along) & (along <= high)) for along, low, high in axes)
        return np.asarray(x_in & y_in & z_in)

    return inside


def tube(low_mm: Triple, high_mm: Triple, radius_mm: float) -> Solid:
    """A straight round tube between two points, with flat ends."""
    low, high = np.array(low_mm), np.array(high_mm)
    length = float(np.linalg.norm(high - low))
    a, b, c = ((high - low) / length).tolist()

    def inside(x: Floats, y: Floats, z: Floats) -> np.ndarray:
        dx, dy, dz = x - low_mm[0], y - low_mm[1], z - low_mm[2]
        along = dx * a + dy * b + dz * c
        aside = dx * dx + dy * dy + dz * dz - along * along
        return np.asarray((along >= 0) & (along <= length) & (aside <= radius_mm**2))

    return inside


def either(*solids: Solid) -> Solid:
    """What lies in any of them."""
    return lambda x, y, z: np.logical_or.reduce([solid(x, y, z) for solid in solids])


def less(one: Solid, other: Solid) -> Solid:
    """One without the other."""
    return lambda x, y, z: np.asarray(one(x, y, z) & ~other(x, y, z))


def both(one: Solid, other: Solid) -> Solid:
    """What lies in both."""
    return lambda x, y, z: np.asarray(one(x, y, z) & other(x, y, z))


def placed(solid: Solid, middle_mm: npt.ArrayLike, axes: npt.ArrayLike) -> Solid:
    """A solid that was made about the origin, put elsewhere and turned.

    Args:
        solid: in directions of its own.
        middle_mm: (3,) where its origin comes to lie.
        axes: (3, 3) its own directions in the patient, in rows.
    """
    middle, rows = np.asarray(middle_mm, np.float32), np.asarray(axes, np.float32)

    def inside(x: Floats, y: Floats, z: Floats) -> npt.NDArray[np.bool_]:
        offset = (x - middle[0], y - middle[1], z - middle[2])
        u, v, w = (sum(row[n] * offset[n] for n in range(3)) for row in rows)
        return solid(u, v, w)

    return inside
