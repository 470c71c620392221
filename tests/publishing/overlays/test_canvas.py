"""The furniture of a sheet says what it should."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from heimdallr.publishing.overlays.canvas import BACKGROUND, INK, NOTICE, Canvas, text_width
from heimdallr.publishing.overlays.picture import Picture
from heimdallr.publishing.overlays.plane import Plane

if TYPE_CHECKING:
    from pathlib import Path


def _pixels(canvas: Canvas) -> np.ndarray:
    return np.asarray(canvas.image).astype(int)


def _black_picture(pixel_mm: float) -> Picture:
    plane = Plane(np.zeros(3), np.array([-pixel_mm, 0, 0]), np.array([0, -pixel_mm, 0]), 100, 100)
    return Picture(np.zeros((100, 100), np.float32), plane, (800, 800))


@pytest.mark.parametrize(("pixel_mm", "length_cm"), [(0.5, 1), (3.0, 5), (4.5, 10)])
def test_the_scale_bar_is_as_long_as_it_says(pixel_mm: float, length_cm: int) -> None:
    """Measured in the finished picture: the bar's pixels against millimetres per pixel."""
    picture = _black_picture(pixel_mm)
    canvas = Canvas(860, 860)
    canvas.picture(picture, (30, 30, 830, 830))
    row = (_pixels(canvas)[830 - 24 + 2] == INK).all(axis=1)
    assert row.sum() == pytest.approx(length_cm * 10 * picture.pixels_per_mm, abs=2)


def test_letters_stand_at_the_four_edges() -> None:
    """Something is written at each edge's middle, and nowhere else on a black picture."""
    canvas = Canvas(860, 860)
    canvas.picture(_black_picture(3.0), (30, 30, 830, 830))
    bright = _pixels(canvas).max(axis=2) > 150
    for rows, columns in (
        (slice(36, 70), slice(410, 450)),
        (slice(790, 830), slice(410, 450)),
        (slice(410, 450), slice(36, 70)),
        (slice(410, 450), slice(790, 830)),
    ):
        assert bright[rows, columns].any()
    assert not bright[100:400, 100:760].any()


def test_superscripts_are_raised_and_dashes_drawn() -> None:
    """The font has neither: no box stands in for them."""
    canvas = Canvas(200, 80)
    canvas.text((10, 50), "²", 40)
    rows, columns = np.nonzero(_pixels(canvas).max(axis=2) > 120)
    assert rows.max() < 42
    assert columns.max() - columns.min() < 20
    canvas = Canvas(200, 80)
    canvas.text((10, 50), "—", 40)
    rows, columns = np.nonzero(_pixels(canvas).max(axis=2) > 120)
    assert np.ptp(rows) < 6
    assert np.ptp(columns) > 25


@pytest.mark.parametrize("anchor", ["left", "middle", "right"])
def test_text_is_anchored(anchor: str) -> None:
    """Left, middle or right end at the place that was given."""
    canvas = Canvas(400, 60)
    width = canvas.text((200, 40), "HH cm²", 30, anchor=anchor)  # type: ignore[arg-type]
    assert width == round(text_width("HH cm²", 30))
    columns = np.nonzero(_pixels(canvas).max(axis=2) > 120)[1]
    start = {"left": 200, "middle": 200 - width / 2, "right": 200 - width}[anchor]
    assert columns.min() == pytest.approx(start, abs=5)
    assert columns.max() == pytest.approx(start + width, abs=5)


def test_a_long_name_makes_room_for_its_value() -> None:
    """Name and value of a legend line never run into each other."""
    canvas = Canvas(460, 80)
    canvas.legend((20, 50), [((255, 0, 0), "Right lung middle lobe", "not assessable")], 372)
    written = (_pixels(canvas)[:, 48:].max(axis=2) > 90).any(axis=0)
    gaps = np.diff(np.nonzero(written)[0])
    assert gaps.max() >= 12
    assert np.nonzero(written)[0].max() + 48 <= 20 + 372


def test_a_notice_fills_the_foot() -> None:
    """Across the whole width, in a colour nothing else has."""
    canvas = Canvas(500, 200)
    assert not (_pixels(canvas) == NOTICE).all(axis=2).any()
    canvas.notice("NOT FOR CLINICAL USE")
    foot = (_pixels(canvas)[-40:] == NOTICE).all(axis=2)
    assert foot[0].all()
    assert foot.mean() > 0.8


def test_the_file_holds_the_picture_and_nothing_else(tmp_path: Path) -> None:
    """A PNG without any text chunk: nothing about the patient hides in it."""
    Canvas(64, 48).save(tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as image:
        assert image.size == (64, 48)
        assert image.info == {}
        assert image.getpixel((1, 1)) == BACKGROUND
