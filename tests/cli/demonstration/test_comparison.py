"""The demo's verdicts: right, wrong, missing, and there where nothing should be."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from heimdallr.cli.demonstration.comparison import compare
from heimdallr.publishing.schema import (
    ContrastPhaseRecord,
    Identity,
    PipelineRecord,
    ProvenanceRecord,
    Results,
    SelectedSeriesRecord,
)

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 2, 1, 10, tzinfo=timezone.utc)


def _results(**flat: Any) -> Results:  # noqa: ANN401 - any flat key
    return Results(
        case_id="PhantomA_20260201_1",
        modality="CT",
        measurements=[],
        findings=[],
        provenance=ProvenanceRecord(
            software="heimdallr",
            version="0",
            created_at=NOW,
            series_instance_uid="1.2",
            segmentations=[],
            skipped_tasks={},
        ),
        notices=[],
        **flat,
    )


IDENTITY = Identity(
    patient_name="PHANTOM^A",
    accession_number="1",
    study_instance_uid="1",
    modality="CT",
    study_date="20260201",
    case_id="PhantomA_20260201_1",
    clinical_name="PhantomA_20260201_1",
    pipeline=PipelineRecord(start_time=NOW, end_time=NOW, elapsed_time="0:00:00", stages_s={}),
    selected_series=SelectedSeriesRecord(
        number="2",
        contrast_phase=ContrastPhaseRecord(phase="native", probability=1.0),
        series_instance_uid="1.2",
        description="Native",
        kernel="B30f",
        slice_thickness_mm=2.0,
        spacing_mm=2.0,
        coverage_mm=400.0,
    ),
    patient_id="P",
    birth_date=None,
    sex="F",
    age_years=None,
    height_m=None,
    weight_kg=None,
    study_time=None,
    study_description="",
    institution="",
    series=[],
    skipped_files={},
    conversion=None,
)

TRUTH = """{
 "study_instance_uid": "1", "modality": "CT", "contrast_phase": "native",
 "bleed_series_volume_cm3": 0.0,
 "regions": {"covered": ["abdomen"], "partly": ["thorax"], "absent": ["head"]},
 "series": [{"series_instance_uid": "1.2", "description": "Native", "spacing_mm": 2.0,
             "selected": true}],
 "structures": {
  "liver": {"series_volume_cm3": 1000.0, "truncated_at": [], "hu_rendered": 50.0},
  "spleen": {"series_volume_cm3": 200.0, "truncated_at": ["superior"], "hu_rendered": 45.0}},
 "l3": {"slice_index": 100, "sma_window_cm2": 150.0, "hu_rendered": 48.0}
}"""

GOOD = {
    "body_regions": ["abdomen"],
    "liver_vol_cm3": 1080.0,
    "liver_hu_mean": 52.0,
    "slice_L3": 102,
    "SMA_cm2": 148.0,
    "muscle_HU_mean": 47.0,
}


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({}, set()),
        ({"liver_vol_cm3": 1200.0}, {"liver volume"}),
        ({"liver_vol_cm3": None}, {"liver volume"}),
        ({"spleen_vol_cm3": 190.0}, {"spleen volume"}),
        ({"slice_L3": 115}, {"L3 height"}),
        ({"SMA_cm2": None, "muscle_HU_mean": None}, {"L3 muscle area", "L3 muscle density"}),
        ({"body_regions": ["abdomen", "thorax"]}, set()),
        ({"body_regions": ["abdomen", "head"]}, {"regions"}),
    ],
)
def test_verdicts(tmp_path: Path, change: dict[str, Any], wrong: set[str]) -> None:
    """Exactly the rows that are wrong are marked; what is missing never passes."""
    flat = {name: value for name, value in (GOOD | change).items() if value is not None}
    (tmp_path / "resultados.json").write_text(_results(**flat).model_dump_json())
    (tmp_path / "id.json").write_text(IDENTITY.model_dump_json())
    (tmp_path / "truth.json").write_text(TRUTH)
    rows = compare(tmp_path, tmp_path / "truth.json")
    assert {row.what for row in rows if not row.within} == wrong
    assert {"series", "phase", "regions"} <= {row.what for row in rows}
