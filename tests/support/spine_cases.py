"""Columns of vertebrae of known heights and density as cases."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from piece_case import SERIES, case_of
from pieces.spine import NOISE_HU

from heimdallr.analyses.vertebral_levels import LevelCheck
from heimdallr.domain.study import Patient
from heimdallr.imaging.volume import LabelMap
from heimdallr.segmentation.result import Segmentation, SegmentationProvenance

if TYPE_CHECKING:
    from pieces.spine import Spine

    from heimdallr.analyses.case import Case
    from heimdallr.domain.statements import Statement

WOMAN = Patient(sex="F", age_years=60.0)


def spine_case(spine: Spine, *, patient: Patient = WOMAN, kvp: float | None = 120.0) -> Case:
    """The drawn spine as a case; its levels are those that were drawn, and named by the sacrum."""
    case = case_of(
        spine.piece,
        np.random.default_rng(4),
        noise_hu=NOISE_HU,
        phase=None,
        series=replace(SERIES, kvp=kvp),
        patient=patient,
    )
    return with_levels(case, tuple(spine.middles_mm))


def with_levels(case: Case, levels: tuple[str, ...], problem: Statement | None = None) -> Case:
    """The case with these levels checked, and this wrong with them."""
    case = replace(case)
    case.worked_out.levels = LevelCheck(problem, levels, () if problem else ("sacrum",))
    return case


def with_labels(case: Case, task: str, data: np.ndarray, names: dict[int, str]) -> Case:
    """The case with the label map of a further task."""
    made = SegmentationProvenance(task, "none", "cpu", (), "official", (), 1.5, 0.0)
    one = Segmentation(LabelMap(data, case.image.affine, names), made)
    return _kept(case, replace(case, segmentations={**case.segmentations, task: one}))


def bundled(case: Case) -> Case:
    """The case as if the bundled networks had drawn its labels."""
    total = case.segmentations["total"]
    made = replace(total.provenance, weights_origin="bundled")
    changed = replace(case, segmentations={"total": replace(total, provenance=made)})
    return _kept(case, changed)


def _kept(case: Case, changed: Case) -> Case:
    changed.worked_out.levels = case.levels
    return changed
