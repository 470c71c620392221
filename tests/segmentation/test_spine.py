"""Vertebrae end where their discs are, as long as the image shows any."""

from __future__ import annotations

import numpy as np
import pytest

from heimdallr.imaging.volume import Array, Volume
from heimdallr.segmentation.spine import divided_at_discs

NAMES = {5: "liver", 27: "vertebrae_L5", 28: "vertebrae_L4", 29: "vertebrae_L3"}
MM = 1.5
BODY_MM, DISC_MM, PLATE_MM = 26.0, 9.0, 2.0
SHAPE = (48, 60, 80)
MUSCLE_HU, DISC_HU, MARROW_HU, PLATE_HU = 55, 85, 160, 420


class Spine:
    """Three vertebrae that lean forwards, with processes behind."""

    def __init__(self, *, marrow_hu: int = MARROW_HU) -> None:
        i, j, k = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
        x, y, z = (i - 24) * MM, (j - 36) * MM, (k - 40) * MM
        self._up = z + 0.1 * y + 0 * x  # discs stand a little askew
        self._column = np.hypot(x, y - 0.15 * z) < 18
        self._processes = (np.abs(x) < 4) & (y < -21) & (y > -40)
        level, place = self._levels(0.0)
        disc = self._column & (level > 0) & (place >= BODY_MM)
        self.labels = np.where(place < BODY_MM, level, 0).astype(np.uint8)
        self.labels[~(self._column | self._processes)] = 0
        plate = (place < PLATE_MM) | (place >= BODY_MM - PLATE_MM)
        image = np.full(SHAPE, MUSCLE_HU, np.float32)
        image[self.labels > 0] = marrow_hu
        image[self._column & plate & (self.labels > 0)] = PLATE_HU
        image[disc] = DISC_HU
        image += np.random.default_rng(3).normal(0, 20, SHAPE)
        self.volume = Volume(image.astype(np.int16), np.diag([MM, MM, MM, 1.0]))

    def guessed(self) -> Array:
        """A network's labels: discs are bone, and every border lies 9 mm too high."""
        level, _ = self._levels(9.0 - DISC_MM / 2)
        return np.where(self._column, level, self.labels).astype(np.uint8)

    def _levels(self, raised_mm: float) -> tuple[Array, Array]:
        """Label number, and mm above the vertebra's lower end, as if each were so much higher."""
        period = BODY_MM + DISC_MM
        higher = self._up - raised_mm + 1.5 * period
        level = np.floor(higher / period)
        inside = (level >= 0) & (level <= 2)
        return np.where(inside, 27 + level, 0), higher - level * period


def dice(first: Array, second: Array, number: int) -> float:
    """Overlap of a label in two maps."""
    a, b = first == number, second == number
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


@pytest.mark.parametrize("marrow_hu", [MARROW_HU, DISC_HU])
def test_discs_divide_the_vertebrae(marrow_hu: int) -> None:
    """Borders go to the discs and discs go, also where marrow is as dark as they are."""
    body = Spine(marrow_hu=marrow_hu)
    labels, coarse = body.labels, body.guessed()
    found = divided_at_discs(coarse.copy(), NAMES, body.volume)
    for number in (27, 28, 29):
        assert dice(found, labels, number) > dice(coarse, labels, number), number
    assert dice(coarse, labels, 28) < 0.75
    assert dice(found, labels, 28) > 0.9


def test_processes_keep_their_vertebra() -> None:
    """What lies behind the bodies reaches past the disc and is not divided by it."""
    body = Spine()
    behind = np.zeros(SHAPE, bool)
    behind[:, :22] = True
    coarse = body.guessed()
    coarse[behind & (body.labels > 0)] = 28
    found = divided_at_discs(coarse.copy(), NAMES, body.volume)
    assert not np.array_equal(found, coarse)
    assert np.array_equal(found[behind], coarse[behind])


@pytest.mark.parametrize("flat_hu", [MARROW_HU, DISC_HU])
def test_without_discs_the_network_decides(flat_hu: int) -> None:
    """A fused spine, or slices too thick to show discs, comes back as it was."""
    body = Spine()
    coarse = body.guessed()
    noise = np.random.default_rng(5).normal(0, 20, SHAPE)
    fused = Volume(np.asarray(flat_hu + noise, np.int16), body.volume.affine)
    assert np.array_equal(divided_at_discs(coarse.copy(), NAMES, fused), coarse)


def test_bone_holds_its_marrow() -> None:
    """A hole in the middle of a body is filled, as far as nothing else is there."""
    body = Spine()
    hollow = body.labels.copy()
    hollow[22:26, 32:40, 38:41] = 0
    hollow[23:25, 34:36, 39:40] = 5
    found = divided_at_discs(hollow.copy(), NAMES, body.volume)
    assert (found[22:26, 32:40, 38] == 28).all()
    assert (found[23:25, 34:36, 39:40] == 5).all()


def test_other_structures_and_lone_vertebrae_are_left_alone() -> None:
    """No vertebra, or one without a neighbour: nothing to divide."""
    body = Spine()
    for number, structure in ((28, 28), (28, 5)):
        alone = np.where(body.labels == number, structure, 0).astype(np.uint8)
        assert np.array_equal(divided_at_discs(alone.copy(), NAMES, body.volume), alone)
