"""The picture of the spine: what was measured is what is drawn, and nobody is named."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from pieces.spine import Column, Vertebra, draw_spine
from spine_cases import bundled, spine_case, with_levels

from heimdallr.analyses import bone_density, vertebral_fracture
from heimdallr.analyses.vertebral_levels import LevelCheck
from heimdallr.domain.statements import Statement
from heimdallr.domain.study import Patient
from heimdallr.publishing.overlays import canvas, spine

if TYPE_CHECKING:
    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement

LEVELS = ("T12", "L1", "L2")
SILVA = Patient(name="SILVA^ANA", patient_id="4711", age_years=60.0)


@lru_cache
def broken_spine() -> Case:
    """A wedge at L1 between sound bodies of 150 HU."""
    column = (Vertebra("T12"), Vertebra("L1", (16.0, 21.0, 26.0)), Vertebra("L2"))
    drawn = draw_spine(Column(column, 6.0, 4.0), (1.5, 1.5, 1.5))
    return spine_case(drawn, patient=SILVA)


def measured(case: Case) -> dict[str, Measurement]:
    """Heights and densities by name."""
    heights = vertebral_fracture.measure(case)
    return {one.name: one for one in (*heights, *bone_density.measure(case.with_facts(heights)))}


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is written on sheets from here on."""
    texts: list[str] = []
    set_text = canvas.Canvas.text

    def record(self: canvas.Canvas, at: object, text: str, *rest: object, **more: object) -> int:
        texts.append(text)
        return set_text(self, at, text, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(canvas.Canvas, "text", record)
    return texts


def test_levels_heights_densities_and_reasons_are_on_it(written: list[str]) -> None:
    """L1 with its loss and why it has no density; T12 and L2 with theirs."""
    case = broken_spine()
    sheets = spine.draw(case, measured(case), ())
    assert list(sheets) == ["spine_overlay.png"]
    everything = " ".join(written)
    assert all(level in written for level in LEVELS)
    assert "wedge, −" in everything
    assert "L1 looks compressed" in everything
    assert sum("± " in text and text.endswith("HU") for text in written) == 2
    assert not any(secret in everything for secret in ("SILVA", "4711", "1.2.3"))


def test_the_broken_body_alone_is_orange() -> None:
    """The colour of notices, on no other body and not on a sound spine."""
    case = broken_spine()
    (sheet,) = spine.draw(case, measured(case), ()).values()
    pixels = np.asarray(sheet.image).astype(int)
    orange = np.abs(pixels - np.array(canvas.NOTICE)).max(axis=2) < 12
    rows = np.flatnonzero(orange[:, :900].sum(axis=1) > 4)
    assert len(rows)
    assert np.ptp(rows) < 0.45 * pixels.shape[0]


def test_without_names_no_level_is_written_beside_a_body(written: list[str]) -> None:
    """The picture names no vertebra that nothing confirms."""
    case = with_levels(broken_spine(), LEVELS, Statement("no_level_anchor"))
    spine.draw(case, measured(case), ())
    assert written.count("–") == 3
    assert written.count("T12") == 1  # the place of its density, which has none


def test_what_contradicts_the_names_is_not_what_they_are_counted_from(written: list[str]) -> None:
    """The sacrum is in view, and lies below what is labelled L4."""
    case, shifted = broken_spine(), Statement("level_contradicts_anchor")
    spine.draw(case, measured(case), ())
    assert "counted from: sacrum" in " ".join(written)
    written.clear()
    case = replace(case)
    case.worked_out.levels = LevelCheck(shifted, LEVELS, ("sacrum",))
    spine.draw(case, measured(case), ())
    assert written
    assert "counted from" not in " ".join(written)


def test_nothing_measured_nothing_drawn() -> None:
    """Neither a height nor a density: no sheet."""
    case = bundled(broken_spine())
    assert not spine.draw(case, measured(case), ())


def test_densities_alone_are_drawn_too(written: list[str]) -> None:
    """With slices of 4 mm there are no heights."""
    drawn = draw_spine(Column(tuple(map(Vertebra, LEVELS))), (1.5, 1.5, 4.0))
    case = spine_case(drawn)
    assert spine.draw(case, measured(case), ())
    assert sum("± " in text for text in written) == 3
    assert not any(" / " in text and "heights" not in text for text in written)


def test_the_case_is_left_as_it_was() -> None:
    """Drawing changes no voxel."""
    case = broken_spine()
    before = case.image.data.copy()
    spine.draw(replace(case), measured(case), ())
    assert np.array_equal(case.image.data, before)
