"""The sheet of the aorta: for an aneurysm, for none."""

from __future__ import annotations

import numpy as np
import pytest
from aorta_phantoms import ABDOMEN_MM, case_of
from pieces.aorta import abdominal_aorta
from pieces.drawing import Grid

from heimdallr.analyses.aortic_diameters import measure
from heimdallr.publishing.overlays.aorta import FILE_NAME, draw, plane_across
from heimdallr.publishing.overlays.canvas import LETTER


def test_an_aneurysm_is_drawn_with_its_diameters() -> None:
    """Yellow are the larger diameter, the values and the place of the plane."""
    grid = Grid(ABDOMEN_MM, (4.0, 4.0, 4.0))
    case = case_of(abdominal_aorta(grid, np.random.default_rng(3), aneurysm_mm=50.0))
    (sheet,) = draw(case, {one.name: one for one in measure(case)}, ()).items()
    name, canvas = sheet
    assert name == FILE_NAME
    pixels = np.asarray(canvas.image)
    assert (pixels == LETTER).all(axis=-1).sum() > 500
    without = case_of(abdominal_aorta(grid, np.random.default_rng(3)), without=("aorta",))
    assert draw(without, {one.name: one for one in measure(without)}, ()) == {}


@pytest.mark.parametrize(
    ("forward", "letters"),
    [
        ((0.0, 0.0, -1.0), {"left": "R", "right": "L", "top": "A", "bottom": "P"}),
        ((0.0, 1.0, 0.0), {"left": "R", "right": "L", "top": "H", "bottom": "F"}),
        ((1.0, 0.0, 0.0), {"left": "A", "right": "P", "top": "H", "bottom": "F"}),
    ],
)
def test_a_plane_is_held_the_way_radiologists_do(
    forward: tuple[float, float, float], letters: dict[str, str]
) -> None:
    """The patient's right on the left, front or head at the top; the letters say so."""
    assert plane_across(np.zeros(3), np.array(forward), 50.0).letters == letters
