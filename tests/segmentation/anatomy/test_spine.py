"""Vertebrae end where their discs are, as long as the image shows any."""

from __future__ import annotations

import numpy as np
import pytest

from heimdallr.imaging.volume import Array, Volume
from heimdallr.segmentation.anatomy.spine import divided_at_discs

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


LEVELS = ("L5", "L4", "L3", "L2", "L1", "T12")
TALL_NAMES = {n: f"vertebrae_{level}" for n, level in enumerate(LEVELS, start=27)}
TALL = (44, 44, 120)
TALL_MM = 2.0


class TallSpine:
    """Six vertebrae, each a little lower than the one below; a hidden disc looks like marrow.

    One may be ``broken`` to half its height; ``veins`` are dark bands amid the bodies.
    """

    def __init__(
        self,
        *hidden: int,
        bend: float = 0.0,
        oblique: bool = False,
        broken: int | None = None,
        veins: bool = False,
    ) -> None:
        i, j, k = np.ogrid[: TALL[0], : TALL[1], : TALL[2]]
        z = (k + 0.0 * i + 0.0 * j) * TALL_MM
        side = (i - 22) * TALL_MM - bend * 20 * np.sin(np.pi * z / z.max())
        column = np.hypot(side, (j - 22) * TALL_MM) < 17
        heights = 38.0 * 0.97 ** np.arange(6)
        heights[np.arange(6) == broken] /= 2
        self.borders = 12.0 + np.cumsum(heights)[:-1]
        self._column, self._z = column, z
        ends = [12.0, *self.borders, 12.0 + heights.sum()]
        self._ends = ends
        image = np.full(TALL, MUSCLE_HU, np.float32)
        inside = column & (z >= ends[0]) & (z < ends[-1])
        image[inside] = MARROW_HU
        for middle in np.convolve(ends, [0.5, 0.5], "valid") if veins else ():
            image[inside & (np.abs(z - middle) < 3)] = MARROW_HU - 100
        self.labels = self.divided(self.borders)
        for number, border in enumerate(self.borders):
            if number in hidden:
                continue
            apart = np.abs(z - border)
            image[inside & (apart < DISC_MM / 2 + PLATE_MM + 1)] = PLATE_HU
            image[inside & (apart < DISC_MM / 2)] = DISC_HU
        image += np.random.default_rng(3).normal(0, 20, TALL)
        turn = np.deg2rad(12) if oblique else 0.0
        turned = np.eye(4)
        turned[1:3, 1:3] = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
        affine = turned @ np.diag([TALL_MM, TALL_MM, TALL_MM, 1.0])
        self.volume = Volume(image.astype(np.int16), affine)

    def divided(self, borders: Array) -> Array:
        """Labels with these borders, mm."""
        inside = self._column & (self._z >= self._ends[0]) & (self._z < self._ends[-1])
        return np.where(inside, 27 + np.searchsorted(borders, self._z), 0).astype(np.uint8)

    def guessed(self, *wrong: int, by_mm: float = 10.0) -> Array:
        """Labels of which some borders lie too high."""
        off = np.isin(np.arange(5), wrong) * by_mm
        return self.divided(self.borders + off)


def border_mm(labels: Array, number: int) -> float:
    """Height of the border above a vertebra in the front half of the column, mm."""
    labels = labels[:, 22:]
    below = np.argwhere(labels == 27 + number)[:, 2].max() + 1
    above = np.argwhere(labels == 28 + number)[:, 2].min()
    return float(below + above) / 2 * TALL_MM


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


@pytest.mark.parametrize(("bend", "oblique"), [(0.0, False), (1.0, False), (0.0, True)])
@pytest.mark.parametrize("hidden", [(4,), (2,), (0,)])
def test_a_hidden_disc_is_expected_where_the_others_let_it_be(
    hidden: tuple[int, ...], bend: float, *, oblique: bool
) -> None:
    """Beside discs that are seen the border goes where heights let it be, bent or not."""
    spine = TallSpine(*hidden, bend=bend, oblique=oblique)
    coarse = spine.guessed(*hidden)
    found = divided_at_discs(coarse.copy(), TALL_NAMES, spine.volume)
    for number in hidden:
        assert abs(border_mm(coarse, number) - spine.borders[number]) > 8
        assert abs(border_mm(found, number) - spine.borders[number]) <= 6


@pytest.mark.parametrize("broken", [2, 3])
def test_a_broken_vertebra_keeps_its_discs(broken: int) -> None:
    """Half as high as its neighbours, between two clear discs: unlikely, but seen."""
    spine = TallSpine(broken=broken)
    coarse = spine.guessed(0, 1, 2, 3, 4, by_mm=6.0)
    found = divided_at_discs(coarse.copy(), TALL_NAMES, spine.volume)
    for number in range(5):
        assert abs(border_mm(found, number) - spine.borders[number]) < 4, number


def test_a_vein_within_a_body_is_no_disc() -> None:
    """Dark bands amid all the bodies, nearly as clear as discs: twice as many, at half the way."""
    spine = TallSpine(2, veins=True)
    coarse = spine.guessed(1, 2, 3, by_mm=8.0)
    found = divided_at_discs(coarse.copy(), TALL_NAMES, spine.volume)
    for number in range(5):
        assert abs(border_mm(found, number) - spine.borders[number]) < 6, number


def test_too_few_discs_say_nothing() -> None:
    """Where hardly a disc is seen the network's borders stay."""
    spine = TallSpine(0, 1, 2, 4)
    coarse = spine.guessed(4)
    found = divided_at_discs(coarse.copy(), TALL_NAMES, spine.volume)
    assert np.array_equal(found, coarse)


def test_the_sacrum_is_no_rule_for_l5() -> None:
    """L5 stands askew on S1: a border there without a disc stays the network's."""
    spine = TallSpine(0)
    names = {27: "vertebrae_S1"} | {
        n: f"vertebrae_{level}" for n, level in enumerate(LEVELS[:5], start=28)
    }
    coarse = spine.guessed(0)
    found = divided_at_discs(coarse.copy(), names, spine.volume)
    assert border_mm(found, 0) == border_mm(coarse, 0)


SACRAL_NAMES = {27: "vertebrae_S1"} | {
    n: f"vertebrae_{level}" for n, level in enumerate((*LEVELS, "T11", "T10"), start=28)
}


@pytest.mark.parametrize(
    ("names", "given", "counted"),
    [
        # One label covers two vertebrae, all above it are one off.
        (SACRAL_NAMES, (27, 28, 29, 30, 30, 31), (27, 28, 29, 30, 31, 32)),
        # A vertebra is called by two names.
        (SACRAL_NAMES, (27, 28, 29, 31, 32, 33), (27, 28, 29, 30, 31, 32)),
        # No sacrum: as most of the labels have it.
        (TALL_NAMES, (27, 28, 29, 30, 30, 31), (27, 28, 29, 30, 31, 32)),
        (TALL_NAMES, (28, 29, 29, 30, 31, 32), (27, 28, 29, 30, 31, 32)),
    ],
)
def test_vertebrae_are_counted(
    names: dict[int, str], given: tuple[int, ...], counted: tuple[int, ...]
) -> None:
    """From the sacrum; without one as most of the labels have it."""
    spine = TallSpine()
    guess = np.zeros(256, np.uint8)
    guess[27:33] = given
    truth = np.zeros(256, np.uint8)
    truth[27:33] = counted
    found = divided_at_discs(guess[spine.labels], names, spine.volume)
    for number in counted:
        assert dice(found, truth[spine.labels], number) > 0.8, names[number]
    assert set(np.unique(found)) == {0, *counted}


def test_a_column_without_bodies_is_left_alone() -> None:
    """A rim of bone, too thin or too short for a line through it."""
    spine = TallSpine()
    short = np.where(np.arange(TALL[2]) < 15, spine.labels, 0).astype(np.uint8)
    thin = np.where(np.arange(TALL[0])[:, None, None] < 17, spine.labels, 0).astype(np.uint8)
    for labels in (short, thin):
        assert np.array_equal(divided_at_discs(labels.copy(), TALL_NAMES, spine.volume), labels)
