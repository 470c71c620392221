"""Aortic calcium: plaque of known score, and what must not be scored."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from piece_case import SERIES, case_of
from pieces.calcium import (
    ABDOMEN_MM,
    Plaque,
    abdominal_aorta,
    reference_agatston,
)
from pieces.drawing import Grid

from heimdallr.analyses import aortic_calcium
from heimdallr.analyses.contrast_phase import PHASE
from heimdallr.analyses.vertebral_levels import LevelCheck
from heimdallr.domain.measurement import Measurement, Status
from heimdallr.domain.statements import Statement
from heimdallr.imaging.volume import Volume

if TYPE_CHECKING:
    from pieces.drawing import Piece, Triple

    from heimdallr.analyses.case import Case

PLAQUES = (
    Plaque((3.0, 2.0, 20.0), (1.5, 5.0, 8.0), 700.0),
    Plaque((-6.0, -7.0, -34.0), (4.0, 1.5, 6.0), 450.0),
)
"""One in the left wall, one in the back wall close to L3."""


def draw(grid: Grid, plaques: tuple[Plaque, ...] = PLAQUES) -> Piece:
    """The aorta with them."""
    return abdominal_aorta(grid, plaques)


@cache
def truth() -> float:
    """Their score on axial slices of 3 mm, without noise."""
    return reference_agatston(draw, ABDOMEN_MM, PLAQUES, 1.0)


@cache
def patient(spacing_mm: Triple = (1.0, 1.0, 3.0), turn_deg: Triple = (0, 0, 0)) -> Case:
    """As scanned."""
    grid = Grid(ABDOMEN_MM, spacing_mm, turn_deg)
    return case_of(draw(grid), np.random.default_rng(1))


def measured(case: Case) -> tuple[Measurement, Measurement]:
    """Score and volume."""
    score, volume = aortic_calcium.measure(case)
    return score, volume


def number(one: Measurement) -> float:
    """Its value, which there is."""
    assert isinstance(one.value, int | float), one.reason
    return float(one.value)


def refused(case: Case) -> str:
    """Code of the reason, the same for both."""
    codes = {one.why.code for one in measured(case) if one.why is not None}
    assert {one.status for one in measured(case)}.isdisjoint({Status.MEASURED})
    (code,) = codes
    return code


@pytest.mark.parametrize(
    ("spacing_mm", "turn_deg"),
    [
        ((1.0, 1.0, 3.0), (0.0, 0.0, 0.0)),
        ((1.0, 1.0, 1.5), (0.0, 0.0, 0.0)),
        ((1.0, 1.0, 3.0), (8.0, -6.0, 5.0)),
    ],
)
def test_plaque_of_known_score(spacing_mm: Triple, turn_deg: Triple) -> None:
    """Within a sixth, as two scans of one patient lie apart; the spine behind is no plaque."""
    case = patient(spacing_mm, turn_deg)
    score, volume = measured(case)
    assert number(score) == pytest.approx(truth(), rel=0.17)
    assert number(volume) > 0
    z_mm = case.image.voxel_to_world((0, 0, int(str(score.parameters["slice_index"]))))[2]
    assert turn_deg[0] or 10 < z_mm < 30


def test_no_plaque_is_a_score_of_zero() -> None:
    """Looked at and none found; noise of 15 HU makes none."""
    bare = case_of(
        draw(Grid(ABDOMEN_MM, (1.0, 1.0, 3.0)), ()), np.random.default_rng(2), noise_hu=15.0
    )
    score, volume = measured(bare)
    assert (score.value, volume.value) == (0, 0.0)


@pytest.mark.parametrize(
    ("kvp", "code"),
    [(109.0, "voltage_outside"), (110.0, None), (130.0, None), (131.0, "voltage_outside")],
)
def test_voltages_at_their_border(kvp: float, code: str | None) -> None:
    """110 to 130 kVp."""
    case = replace(patient(), series=replace(SERIES, kvp=kvp))
    case.worked_out.levels = patient().levels
    score, _ = measured(case)
    assert (score.why.code if score.why else None) == code


def test_what_is_not_known_or_not_native_is_refused() -> None:
    """No voltage, thick slices, contrast by phase and by the aorta itself."""
    case = patient()
    assert refused(replace(case, series=replace(SERIES, kvp=None))) == "voltage_unknown"
    thick = replace(SERIES, slice_thickness_mm=5.1)
    assert refused(replace(case, series=thick)) == "slices_too_thick"
    assert refused(case.with_facts([PHASE.measured("venous")])) == "needs_unenhanced_ct"
    aorta = case.anatomy.mask("aorta")
    bright = with_image(case, np.where(aorta, 101, case.image.data).astype(np.int16))
    assert refused(bright) == "vessel_enhanced"


def with_image(case: Case, data: np.ndarray) -> Case:
    """Another image under the same labels."""
    changed = replace(case, image=Volume(data, case.image.affine))
    changed.worked_out.levels = case.levels
    return changed


def test_levels_that_are_not_believed_leave_no_score() -> None:
    """No other stretch is scored instead."""
    case = replace(patient())
    case.worked_out.levels = LevelCheck(Statement("no_level_anchor"), ())
    assert refused(case) == "no_level_anchor"


def test_noise_and_metal_are_refused() -> None:
    """30 HU of noise; a stent graft."""
    noisy = case_of(
        draw(Grid(ABDOMEN_MM, (1.0, 1.0, 3.0))), np.random.default_rng(2), noise_hu=30.0
    )
    assert refused(noisy) == "noise_like_calcium"
    case = patient()
    image = case.image.data.copy()
    i, j, k = (round(at) for at in case.statistics["aorta"].centroid_ijk)
    image[i + 8 : i + 10, j - 3 : j + 3, k] = 2500
    assert refused(with_image(case, image)) == "metal_in"


def test_a_lost_or_missing_aorta_has_no_score() -> None:
    """Half of it not segmented; L4 out of the volume."""
    case = patient()
    labels = case.anatomy.data.copy()
    half = labels.shape[2] // 2
    lost = labels.copy()
    lost[:, :, :half][lost[:, :, :half] == case.anatomy.number("aorta")] = 0
    for data, code in ((lost, "vessel_not_followed"), (labels[:, :, half - 10 :], None)):
        total = replace(case.segmentations["total"], label_map=replace(case.anatomy, data=data))
        image = Volume(case.image.data[:, :, -data.shape[2] :], case.image.affine)
        changed = replace(case, image=image, segmentations={"total": total})
        changed.worked_out.levels = case.levels
        assert refused(changed) == (code or "region_not_covered")
