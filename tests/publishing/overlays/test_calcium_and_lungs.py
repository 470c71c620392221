"""Pictures of stones, coronary lesions and emphysema: there where something was found."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from piece_case import case_of
from pieces.calcium import CHEST_MM, Plaque, heart, on_heart
from pieces.drawing import Grid
from pieces.kidneys import SIZE_MM, StoneTruth, kidneys

from heimdallr.analyses import coronary_calcium, kidney_stones
from heimdallr.publishing.overlays import canvas, coronary, emphysema, stones
from heimdallr.publishing.overlays.canvas import LETTER
from heimdallr.publishing.targets import Grid as Voxels
from heimdallr.publishing.targets import Places

if TYPE_CHECKING:
    import pytest

    from heimdallr.analyses.case import Analysis, Case
    from heimdallr.publishing.overlays.sheet import Drawing


def drawn(case: Case, analysis: Analysis, drawing: Drawing) -> list[str]:
    """File names; each sheet has rings."""
    measured = {one.name: one for one in analysis.measure(case)}
    sheets = drawing(case, measured, [])
    for sheet in sheets.values():
        ringed = (np.asarray(sheet.image) == LETTER).all(axis=2)
        assert ringed.sum() > 200
    return list(sheets)


def test_stones_are_ringed_and_none_makes_no_picture() -> None:
    """One sheet for both kidneys; nothing where nothing was counted."""
    grid, rng = Grid(SIZE_MM, (1.5, 1.5, 2.0)), np.random.default_rng(1)
    stone = StoneTruth("kidney_left", (0, 0, -30), (4.0, 4.0, 4.0), 900.0)
    case = case_of(kidneys(grid, [stone]), rng)
    assert drawn(case, kidney_stones, stones.draw) == [stones.FILE_NAME]
    assert drawn(case_of(kidneys(grid), rng), kidney_stones, stones.draw) == []
    assert emphysema.draw(case, {}, []) == {}


def test_each_coronary_lesion_is_ringed() -> None:
    """Twelve at most; category 0 has no picture."""
    grid, rng = Grid(CHEST_MM, (1.2, 1.2, 3.0)), np.random.default_rng(1)
    plaque = Plaque(on_heart(100.0, 0.3), (3.0, 2.0, 5.0), 700.0)
    case = case_of(heart(grid, [plaque]), rng)
    assert drawn(case, coronary_calcium, coronary.draw) == [coronary.FILE_NAME]
    assert drawn(case_of(heart(grid), rng), coronary_calcium, coronary.draw) == []


def test_the_sheet_says_of_gating_what_the_header_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scan for calcium is gated as a rule, and its header may tell."""
    written: list[str] = []
    set_text = canvas.Canvas.text

    def record(self: canvas.Canvas, at: object, text: str, *rest: object, **more: object) -> int:
        written.append(text)
        return set_text(self, at, text, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(canvas.Canvas, "text", record)
    plaque = Plaque(on_heart(100.0, 0.3), (3.0, 2.0, 5.0), 700.0)
    chest = heart(Grid(CHEST_MM, (1.2, 1.2, 3.0)), [plaque])
    case = case_of(chest, np.random.default_rng(1))
    for gated, said, told in (
        (True, "ECG-gated. A category", "gated"),
        (False, "ECG gating not known. A category", "unknown"),
    ):
        one = replace(case, series=replace(case.series, gated=gated))
        measured = {each.name: each for each in coronary_calcium.measure(one)}
        assert measured["coronary_calcium_category"].parameters["ecg_gating"] == told
        written.clear()
        coronary.draw(one, measured, [])
        assert any(text.startswith(said) for text in written)


def test_the_viewer_is_led_to_a_voxel_that_exists() -> None:
    """In scanner millimetres; outside the volume there is no place."""
    places = Places(Voxels((10, 10, 5), np.diag([2.0, 2.0, 3.0, 1.0])))
    target = places.at_voxel([3, 4, 2], None)
    assert target is not None
    assert target.position_ras_mm == (6.0, 8.0, 6.0)
    assert places.at_voxel([3, 4, 5], None) is None
