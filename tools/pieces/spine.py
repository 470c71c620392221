"""A piece of the thoracolumbar spine: bodies of known height and known trabecular attenuation.

Each vertebra is drawn in its own frame, along a column that bends: a body whose height runs in a
curve from the anterior over the middle to the posterior one, with a shell of cortex, an arch that
leaves a canal with the cord in it, transverse and spinous processes, and discs between the bodies.
The order is head to foot.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from pieces.drawing import Grid, Piece
from pieces.solids import ellipsoid, placed

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from pieces.drawing import Floats, Solid, Triple

CORTEX_MM, CORTEX_HU = 1.0, 450.0
DISC_MM, DISC_HU = 7.0, 80.0
MUSCLE_HU, CORD_HU, ARCH_HU = 55.0, 30.0, 350.0
CEMENT_HU, SCREW_HU = 1400.0, 3000.0
SCREW_MM = 3.0
"""Radius of a pedicle screw."""
NOISE_HU = 15.0
"""Bone scatters more noise than a liver."""
DEPTHS = (0.15, 0.5, 0.85)
"""Where along the depth, 0 the anterior wall, the three heights stand."""


@dataclass(frozen=True, slots=True)
class Vertebra:
    """One vertebra as it is drawn.

    Attributes:
        level: ``L1`` …
        heights_mm: anterior, middle, posterior.
        trabecular_hu: inside the cortex.
        width_mm: of the body, from side to side.
        depth_mm: from wall to wall.
        cement: a ball of bone cement in the middle of the body.
        screws: a screw through each pedicle.
    """

    level: str
    heights_mm: Triple = (26.0, 25.0, 27.0)
    trabecular_hu: float = 150.0
    width_mm: float = 44.0
    depth_mm: float = 32.0
    cement: bool = False
    screws: bool = False

    @property
    def loss_percent(self) -> float:
        """Of the posterior height, at the front or in the middle, whichever is lower."""
        *others, posterior = self.heights_mm
        return max(0.0, 100 * (1 - min(others) / posterior))


@dataclass(frozen=True, slots=True)
class Column:
    """How the vertebrae follow each other.

    Attributes:
        vertebrae: head to foot.
        lordosis_deg: by which each leans against the one above, forwards.
        scoliosis_deg: likewise to the side.
        cut_mm: how much of the lowest is drawn beyond the image.
    """

    vertebrae: tuple[Vertebra, ...]
    lordosis_deg: float = 4.0
    scoliosis_deg: float = 0.0
    cut_mm: float = 0.0


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where a vertebra stands: its middle, and right, front and up as rows."""

    middle_mm: npt.NDArray[np.float64]
    axes: npt.NDArray[np.float64]

    def place(self, x: float, y: float, z: float) -> Triple:
        right, front, up = self.middle_mm + np.array([x, y, z]) @ self.axes
        return float(right), float(front), float(up)

    def solid(self, own: Solid) -> Solid:
        """A solid of the vertebra's own directions, in the patient's."""
        return placed(own, self.middle_mm, self.axes)


@dataclass
class Spine:
    """A spine that was drawn.

    Attributes:
        piece: the volume.
        middles_mm: level → middle of its body in the patient.
    """

    piece: Piece
    middles_mm: dict[str, Triple] = field(default_factory=dict)


def draw_spine(
    column: Column,
    spacing_mm: Triple = (1.0, 1.0, 1.0),
    turn_deg: Triple = (0.0, 0.0, 0.0),
    flipped: tuple[int, ...] = (),
) -> Spine:
    """Draw a column into a volume that holds it.

    The truth has ``height_<anterior|middle|posterior>_<level>_mm`` and ``trabecular_<level>_hu``.
    """
    frames = list(_frames(column))
    middles = np.array([frame.middle_mm for frame in frames])
    length = float(np.ptp(middles[:, 2])) + 60.0 - 2 * column.cut_mm
    tilt = np.deg2rad(np.abs(turn_deg)).max()
    wider = length * np.sin(tilt)
    size = (110.0 + np.ptp(middles[:, 0]) + wider, 125.0 + np.ptp(middles[:, 1]) + wider, length)
    piece = Piece(Grid(size, spacing_mm, turn_deg, flipped), background_hu=MUSCLE_HU, thick=True)
    spine = Spine(piece)
    for frame, vertebra in zip(frames, column.vertebrae, strict=True):
        _draw_cord(piece, frame, vertebra)
    for frame, vertebra in zip(frames, column.vertebrae, strict=True):
        _draw_disc(piece, frame, vertebra)
    for frame, vertebra in zip(frames, column.vertebrae, strict=True):
        _draw_vertebra(piece, frame, vertebra)
        spine.middles_mm[vertebra.level] = frame.place(0.0, 0.0, 0.0)
        for name, height in zip(
            ("anterior", "middle", "posterior"), vertebra.heights_mm, strict=True
        ):
            piece.truth[f"height_{name}_{vertebra.level}_mm"] = height
        piece.truth[f"trabecular_{vertebra.level}_hu"] = vertebra.trabecular_hu
    return spine


def _frames(column: Column) -> Iterable[_Frame]:
    """Where each vertebra stands; the column's middle is the patient's origin, a little forward."""
    steps = [0.0]
    for above, below in zip(column.vertebrae, column.vertebrae[1:], strict=False):
        steps.append((max(above.heights_mm) + max(below.heights_mm)) / 2 + DISC_MM)
    count = len(column.vertebrae)
    axes, places = [], [np.zeros(3)]
    for n in range(count):
        lean = np.deg2rad(column.lordosis_deg) * (n - (count - 1) / 2)
        aside = np.deg2rad(column.scoliosis_deg) * (n - (count - 1) / 2)
        up = np.array([np.sin(aside), np.sin(lean), 1.0])
        up /= np.linalg.norm(up)
        front = np.array([0.0, 1.0, 0.0]) - up[1] * up
        front /= np.linalg.norm(front)
        axes.append(np.stack([np.cross(front, up), front, up]))
    for n in range(1, count):
        between = axes[n - 1][2] + axes[n][2]
        places.append(places[-1] - steps[n] * between / np.linalg.norm(between))
    middle = (np.max(places, axis=0) + np.min(places, axis=0)) / 2
    forward = np.array([0.0, 22.0, 0.0])
    return [_Frame(place - middle + forward, one) for place, one in zip(places, axes, strict=True)]


def body(vertebra: Vertebra, within_mm: float = 0.0) -> Solid:
    """The body in its own frame; or what lies deeper in it than so much."""
    a, b = vertebra.width_mm / 2 - within_mm, vertebra.depth_mm / 2 - within_mm
    anterior, middle, posterior = (np.float32(height) for height in vertebra.heights_mm)
    apart = np.float32((DEPTHS[1] - DEPTHS[0]) * vertebra.depth_mm)

    def inside(x: Floats, y: Floats, z: Floats) -> npt.NDArray[np.bool_]:
        along = np.clip(y / apart, -1, 1)
        height = middle + (anterior - posterior) / 2 * along
        height = height + ((anterior + posterior) / 2 - middle) * along * along
        # The posterior wall is flat: the outline is cut where it is still broad.
        before = np.maximum(y, 0)
        outline = (x * x) / (a * a) + (before * before) / (b * b) <= 1
        return np.asarray(outline & (y >= -b) & (np.abs(z) <= height / 2 - within_mm))

    return inside


def _arch(vertebra: Vertebra) -> Solid:
    """Pedicles, laminae, spinous and transverse processes."""
    back, upper = -vertebra.depth_mm / 2, vertebra.heights_mm[2] / 2

    def inside(x: Floats, y: Floats, z: Floats) -> npt.NDArray[np.bool_]:
        aside, behind, up = np.abs(x), back - y, z
        pedicle = (np.abs(aside - 14) <= 4) & (behind >= -2) & (behind <= 18)
        pedicle &= (up >= 0) & (up <= upper - 1)
        lamina = (aside <= 18) & (behind >= 16) & (behind <= 21) & (np.abs(up) <= upper - 2)
        spinous = (aside <= 3) & (behind >= 20) & (behind <= 45) & (np.abs(up + 4) <= upper - 5)
        transverse = (aside >= 14) & (aside <= 38) & (np.abs(behind - 13) <= 5)
        transverse &= (up >= 0) & (up <= upper - 2)
        return np.asarray(pedicle | lamina | spinous | transverse)

    return inside


def _draw_vertebra(piece: Piece, frame: _Frame, vertebra: Vertebra) -> None:
    name = f"vertebrae_{vertebra.level}"
    piece.draw(frame.solid(_arch(vertebra)), ARCH_HU, name)
    piece.draw(frame.solid(body(vertebra)), CORTEX_HU, name)
    piece.draw(frame.solid(body(vertebra, CORTEX_MM)), vertebra.trabecular_hu)
    if vertebra.cement:
        piece.draw(frame.solid(ellipsoid((0.0, 0.0, 0.0), (9.0, 9.0, 9.0))), CEMENT_HU)
    if vertebra.screws:
        piece.draw(frame.solid(_screws(vertebra)), SCREW_HU)


def _screws(vertebra: Vertebra) -> Solid:
    """Through both pedicles to the middle of the body, heads behind the lamina."""
    back, high = -vertebra.depth_mm / 2, vertebra.heights_mm[2] / 4

    def inside(x: Floats, y: Floats, z: Floats) -> npt.NDArray[np.bool_]:
        thin = (np.abs(x) - 14) ** 2 + (z - high) ** 2 <= SCREW_MM**2
        return np.asarray(thin & (y >= back - 28) & (y <= 0))

    return inside


def _draw_disc(piece: Piece, frame: _Frame, vertebra: Vertebra) -> None:
    """Above and below the body, as wide as it is; bodies are drawn over it."""
    a, b = vertebra.width_mm / 2, vertebra.depth_mm / 2
    high = max(vertebra.heights_mm) / 2 + DISC_MM / 2 + 1

    def inside(x: Floats, y: Floats, z: Floats) -> npt.NDArray[np.bool_]:
        return np.asarray(((x / a) ** 2 + (y / b) ** 2 <= 1) & (np.abs(z) <= high))

    piece.draw(frame.solid(inside), DISC_HU)


def _draw_cord(piece: Piece, frame: _Frame, vertebra: Vertebra) -> None:
    behind = -vertebra.depth_mm / 2 - 8
    high = max(vertebra.heights_mm) / 2 + DISC_MM

    def inside(x: Floats, y: Floats, z: Floats) -> npt.NDArray[np.bool_]:
        return np.asarray((x**2 + (y - behind) ** 2 <= 36) & (np.abs(z) <= high))

    piece.draw(frame.solid(inside), CORD_HU, "spinal_cord")
