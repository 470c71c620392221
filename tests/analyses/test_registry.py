"""The registry: what runs, what it promises, and what happens when an analysis breaks."""

from __future__ import annotations

import re
from collections import Counter
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from analysis_bodies import Body, head, trunk

from heimdallr.analyses.declared_outputs import PLACEHOLDER, Output
from heimdallr.analyses.registry import ANALYSES, run_all
from heimdallr.domain.measurement import Measurement, Status
from heimdallr.imaging.statistics import StructureStatistics, structure_statistics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heimdallr.analyses.case import Analysis, Case
    from heimdallr.imaging.field_of_view import FieldOfView
    from heimdallr.imaging.slabs import Slab
    from heimdallr.imaging.volume import LabelMap, Volume

PATIENT = "DOE^JANE"


def mr_abdomen() -> Body:
    """A liver in an MR volume."""
    body = Body((120, 120, 120), modality="MR")
    body.paint(body.ellipsoid((0, 0, 0), (40, 40, 40)), 300, "liver")
    return body


CASES = {
    "trunk": lambda: trunk().case(),
    "head with a bleed": lambda: head(bleeds=[((30, 0, 0), (15, 15, 15))]).case(),
    "nothing segmented": lambda: trunk().case(without=["total", "tissue_types"]),
    "mr": lambda: mr_abdomen().case(),
}


def declares(output: Output, name: str) -> bool:
    """Whether a measurement of this name belongs to an output."""
    pattern = ".+".join(re.escape(part) for part in PLACEHOLDER.split(output.name))
    return re.fullmatch(pattern, name) is not None


@pytest.mark.parametrize("which", CASES)
def test_every_promise_is_kept_and_nothing_else_is_published(which: str) -> None:
    """Each analysis publishes each of its fixed outputs, once, and no name it did not declare."""
    measured = run_all(CASES[which]())
    for name, analysis in ANALYSES.items():
        published = {one.name: one for one in measured if one.analysis == name}
        for output in analysis.OUTPUTS:
            assert output.is_template or output.name in published
        for one in published.values():
            declared = [output for output in analysis.OUTPUTS if declares(output, one.name)]
            assert declared, f"{name} publishes {one.name} and does not declare it"
            assert any((one.unit, one.flat) == (o.unit, o.flat) for o in declared)
    assert max(Counter(one.name for one in measured).values()) == 1


@pytest.mark.parametrize("which", CASES)
def test_missing_is_never_zero(which: str) -> None:
    """What has no value says why; no volume or area of 0 is published."""
    for one in run_all(CASES[which]()):
        if one.value is None:
            assert one.reason
        elif one.unit in ("cm3", "cm2") and "intermuscular" not in one.name:
            assert isinstance(one.value, float | int)
            assert one.value > 0, one.name


def test_a_broken_analysis_costs_only_its_own_numbers() -> None:
    """An exception becomes 'failed' with its kind; its text, which may name a patient, is lost."""

    def explode(_: Case) -> tuple[Measurement, ...]:
        raise RuntimeError(PATIENT)

    broken = SimpleNamespace(
        OUTPUTS=(Output("a_cm3", "cm3", "a", flat=True), Output("<x>_cm3", "cm3", "x")),
        measure=explode,
    )
    analyses: dict[str, Analysis] = {
        "broken": broken,
        "organ_volumetry": ANALYSES["organ_volumetry"],
    }
    measured = {one.name: one for one in run_all(trunk().case(), analyses)}
    assert measured["a_cm3"].status is Status.FAILED
    assert measured["a_cm3"].reason == "broken broke: RuntimeError"
    assert measured["liver_vol_cm3"].status is Status.MEASURED
    assert PATIENT not in str(measured)


def test_later_analyses_know_earlier_results() -> None:
    """The contrast phase stands beside every attenuation measured after it."""
    measured = {one.name: one for one in run_all(trunk().case())}
    phase = measured["contrast_phase"].value
    assert measured["liver_hu_mean"].parameters["contrast_phase"] == phase
    assert measured["muscle_HU_mean"].parameters["contrast_phase"] == phase


def test_the_voxels_are_walked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """All analyses share one pass of statistics over the whole-body map."""
    calls: list[LabelMap] = []

    def counted(
        labels: LabelMap, image: Volume, gaps: tuple[Slab, ...], field: FieldOfView
    ) -> Mapping[str, StructureStatistics]:
        calls.append(labels)
        return structure_statistics(labels, image, gaps, field)

    monkeypatch.setattr("heimdallr.analyses.case.structure_statistics", counted)
    run_all(trunk().case())
    assert len(calls) == 1


def test_the_case_is_left_as_it_was() -> None:
    """Analyses are pure: image and label maps are not touched."""
    case = trunk().case()
    before = case.image.data.copy(), case.anatomy.data.copy()
    run_all(case)
    assert np.array_equal(case.image.data, before[0])
    assert np.array_equal(case.anatomy.data, before[1])
