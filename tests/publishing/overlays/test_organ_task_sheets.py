"""Pictures of lung nodules and of the levelled head."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from piece_case import case_of
from pieces.drawing import Grid
from pieces.nodules import LABEL, Nodule, lung
from pieces.ventricles import TASK, HeadShape, head

from heimdallr.analyses import lung_nodules, ventricles
from heimdallr.publishing.overlays import nodules as nodule_sheet
from heimdallr.publishing.overlays import ventricles as ventricle_sheet
from heimdallr.publishing.overlays.sheet import MARGIN
from heimdallr.publishing.overlays.ventricles import SEPTUM_COLOUR, SKULL_COLOUR, WIDTH_COLOUR

RNG = np.random.default_rng(3)


def test_a_tile_for_each_nodule() -> None:
    """Both axes are drawn; six nodules take a second row, none make no picture."""
    sizes = {}
    for count in (1, 6):
        places = [(-18.0 + 7.0 * n, -9.0 + 4.0 * n, 0.0) for n in range(count)]
        made = lung(
            Grid((64.0, 60.0, 30.0), (1.0, 1.0, 1.5)), [Nodule(p, (3.0, 2.6, 3.0)) for p in places]
        )
        case = case_of(made.piece, RNG, marks={LABEL: made.marks})
        measured = {one.name: one for one in lung_nodules.measure(case)}
        assert measured["lung_nodules"].value == count
        (sheet,) = nodule_sheet.draw(case, measured, ["a notice"]).values()
        sizes[count] = sheet.height
        pixels = np.asarray(sheet.image).reshape(-1, 3)
        for tone in (nodule_sheet.LONG, nodule_sheet.SHORT):
            assert (pixels == tone).all(axis=1).any()
        made.marks.labels[:] = 0
        without = {"total": case.segmentations["total"]}
        assert nodule_sheet.draw(replace(case, segmentations=without), measured, ()) == {}
    assert sizes[6] > sizes[1]


@pytest.mark.parametrize("shift_mm", [0.0, 8.0])
def test_the_levelled_head(shift_mm: float) -> None:
    """Widths on the left, midline on the right; the shift to the right is left of the middle."""
    made = head(
        Grid((190.0, 220.0, 190.0), (2.0, 2.0, 4.0)),
        HeadShape(shift_mm=shift_mm, turn_deg=(6.0, -8.0, 10.0)),
    )
    case = case_of(made.piece, RNG, noise_hu=4.0, marks={TASK: made.marks})
    measured = {one.name: one for one in ventricles.measure(case)}
    (sheet,) = ventricle_sheet.draw(case, measured, ()).values()
    pixels = np.asarray(sheet.image)
    drawn = {
        tone: np.argwhere((pixels == tone).all(axis=2))
        for tone in (WIDTH_COLOUR, SKULL_COLOUR, SEPTUM_COLOUR)
    }
    assert all(len(found) for found in drawn.values())
    middle = MARGIN + 1.5 * ventricle_sheet.PANEL + ventricle_sheet.GAP
    pixels_per_mm = ventricle_sheet.PANEL / ventricle_sheet.FIELD_MM
    line = np.bincount(drawn[SEPTUM_COLOUR][:, 1]).argmax()
    assert (middle - line) / pixels_per_mm == pytest.approx(shift_mm, abs=1.2)
