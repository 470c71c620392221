"""Drawing one organ into a small volume: partial volumes, noise, any grid.

A *solid* is a function of patient coordinates; the share of each voxel it covers is found by
looking at several points inside the voxel, so that thin and small things have the attenuation that
a scanner would give them. Solids themselves are in :mod:`pieces.solids`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Floats = npt.NDArray[np.float32]
Solid = Callable[[Floats, Floats, Floats], npt.NDArray[np.bool_]]
"""x (right), y (anterior), z (superior) in mm, broadcastable → whether the point is inside."""
Triple = tuple[float, float, float]
Kernel = Literal["soft", "sharp"]

POINTS = 3
"""Points looked at along each axis of a voxel: a covered share is good to a few hundredths."""
HALF = 0.5
SHARPENING = 0.7
"""Of the sharp kernel: edges overshoot by about a tenth, noise triples; chosen by eye."""


def rotation(turn_deg: Triple) -> npt.NDArray[np.float64]:
    """(3, 3) turns about the patient's x, y and z axis, one after another."""
    turn = np.eye(3)
    for axis, degrees in enumerate(turn_deg):
        a, b = (i for i in range(3) if i != axis)
        one, angle = np.eye(3), np.deg2rad(degrees)
        one[a, a] = one[b, b] = np.cos(angle)
        one[a, b], one[b, a] = -np.sin(angle), np.sin(angle)
        turn = one @ turn
    return turn


@dataclass(frozen=True, slots=True)
class Grid:
    """The voxels a piece is drawn into; its centre is the patient's origin.

    Attributes:
        size_mm: extent along the grid's axes.
        spacing_mm: voxel size along them.
        turn_deg: rotation of the grid about the patient's x, y and z axis, one after another.
        flipped: axes whose index runs against the patient's direction.
    """

    size_mm: Triple
    spacing_mm: Triple = (1.0, 1.0, 1.0)
    turn_deg: Triple = (0.0, 0.0, 0.0)
    flipped: tuple[int, ...] = ()

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along each axis."""
        i, j, k = (round(s / d) for s, d in zip(self.size_mm, self.spacing_mm, strict=True))
        return i, j, k

    @property
    def affine(self) -> npt.NDArray[np.float64]:
        """(4, 4) voxel index → RAS mm."""
        turn = rotation(self.turn_deg)
        signs = [-1.0 if axis in self.flipped else 1.0 for axis in range(3)]
        affine = np.eye(4)
        affine[:3, :3] = turn @ np.diag(np.multiply(self.spacing_mm, signs))
        affine[:3, 3] = -affine[:3, :3] @ ((np.array(self.shape) - 1) / 2)
        return affine


@dataclass
class Marks:
    """Labels of one task on a piece's voxels.

    Attributes:
        grid: the voxels.
        names: label number → class name.
        labels: (I, J, K) uint8 label numbers.
    """

    grid: Grid
    names: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Mark nothing."""
        self.labels = np.zeros(self.grid.shape, np.uint8)

    def mark(self, share: Floats, structure: str) -> None:
        """Give voxels that are at least half covered a name.

        Args:
            share: (I, J, K) how much of each voxel is covered.
            structure: class name.
        """
        number = next((n for n, name in self.names.items() if name == structure), None)
        if number is None:
            number = len(self.names) + 1
            self.names[number] = structure
        self.labels[share >= HALF] = number


@dataclass
class Piece(Marks):
    """A small volume being drawn; its labels are those of the task ``total``.

    Attributes:
        background_hu: what surrounds the organ.
        thick: all solids are thicker than a voxel, so that a look at their borders is enough, which
            is several times as fast.
        hu: (I, J, K) float32 attenuation so far, without noise.
        truth: what was drawn, by name with its unit: ``diameter_mm`` → 42.0.
    """

    background_hu: float = -100.0
    thick: bool = False
    truth: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Fill the volume with its background, without a label."""
        super().__post_init__()
        self.hu = np.full(self.grid.shape, self.background_hu, np.float32)

    def share(self, solid: Solid) -> Floats:
        """(I, J, K) how much of each voxel a solid covers, 0 … 1."""
        centres = [axis.astype(np.float32) for axis in np.ogrid[tuple(map(slice, self.grid.shape))]]
        if not self.thick:
            return self._covered(solid, centres)
        inside = solid(*self._places(centres))
        share = inside.astype(np.float32)
        found = ndimage.find_objects(inside.astype(np.uint8))
        if not found:
            return share
        box = tuple(slice(max(side.start - 1, 0), side.stop + 1) for side in found[0])
        around = np.ones((3, 3, 3), bool)
        border = ndimage.binary_dilation(inside[box], around)
        border &= ~ndimage.binary_erosion(inside[box], around)
        index = np.argwhere(border) + [side.start for side in box]
        share[tuple(index.T)] = self._covered(solid, list(index.T.astype(np.float32)))
        return share

    def _covered(self, solid: Solid, index: list[Floats]) -> Floats:
        """How much of the voxels at an index a solid covers."""
        inside = np.zeros(np.broadcast_shapes(*(along.shape for along in index)), np.float32)
        offsets = (np.arange(POINTS, dtype=np.float32) + 0.5) / POINTS - 0.5
        for moved in product(offsets, repeat=3):
            at = [along + by for along, by in zip(index, moved, strict=True)]
            inside += solid(*self._places(at))
        return inside / np.float32(POINTS**3)

    def _places(self, index: list[Floats]) -> tuple[Floats, Floats, Floats]:
        """x, y, z in mm at an index."""
        affine = self.grid.affine.astype(np.float32)
        x, y, z = (
            sum(affine[row, axis] * index[axis] for axis in range(3) if affine[row, axis])
            + affine[row, 3]
            for row in range(3)
        )
        return x, y, z

    def draw(self, solid: Solid, hu: float, structure: str | None = None) -> Floats:
        """Draw a solid over what is there; voxels at least half covered get its label.

        Args:
            solid: where.
            hu: its attenuation.
            structure: class name; ``None`` leaves the labels that are there.

        Returns:
            What :meth:`share` gives, for whoever needs it again.
        """
        share = self.share(solid)
        self.hu += share * (np.float32(hu) - self.hu)
        if structure is not None:
            self.mark(share, structure)
        return share

    def image(
        self, rng: np.random.Generator, *, noise_hu: float = 10.0, kernel: Kernel = "soft"
    ) -> npt.NDArray[np.int16]:
        """(I, J, K) the attenuation with blur and noise, rounded to whole HU.

        Args:
            rng: source of the noise.
            noise_hu: its standard deviation under the soft kernel.
            kernel: the sharp one enhances edges in the plane and triples the noise.
        """
        hu = self.hu.astype(np.float32)
        noise = rng.normal(0.0, noise_hu, hu.shape).astype(np.float32)
        if kernel == "sharp":
            blurred = ndimage.gaussian_filter(hu, (1.0, 1.0, 0.0))
            hu, noise = hu + SHARPENING * (hu - blurred), 3 * noise
        return np.asarray(np.clip(np.rint(hu + noise), -1024, 3071), np.int16)
