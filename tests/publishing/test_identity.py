"""``id.json`` has the founding document's keys, and what was learned beside them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from publishing_cases import CASE_ID, ENDED, PREPARED, STARTED

from heimdallr.analyses.contrast_phase import PHASE
from heimdallr.analyses.declared_outputs import unassessable
from heimdallr.domain.study import Patient, Selection, Series, Study
from heimdallr.preparation.prepare import PreparedStudy
from heimdallr.publishing.identity import Processing, build_identity, identity_json
from heimdallr.publishing.schema import Identity

if TYPE_CHECKING:
    from heimdallr.domain.measurement import Measurement

PROCESSING = Processing(STARTED, ENDED, {"prepare": 12.34567, "segment": 90.0})
NATIVE = (PHASE.measured("native"),)


def _written(*measurements: Measurement) -> dict[str, object]:
    identity = build_identity(PREPARED, measurements, PROCESSING)
    content = json.loads(identity_json(identity))
    assert isinstance(content, dict)
    return content


def test_the_founding_documents_keys_are_there() -> None:
    """Names, nesting and forms are those of the document's example."""
    content = _written(*NATIVE)
    expected = {
        "PatientName": "SILVA^MARIA JOSE",
        "AccessionNumber": "123456",
        "StudyInstanceUID": "1.2.3",
        "Modality": "CT",
        "StudyDate": "20260201",
        "CaseID": CASE_ID,
        "ClinicalName": CASE_ID,
    }
    assert list(content)[: len(expected)] == list(expected)
    assert expected.items() <= content.items()
    assert content["Pipeline"] == {
        "start_time": "2026-02-01T10:00:00-03:00",
        "end_time": "2026-02-01T10:02:30-03:00",
        "elapsed_time": "0:02:30",
        "stages_s": {"prepare": 12.346, "segment": 90.0},
    }
    series = content["SelectedSeries"]
    assert isinstance(series, dict)
    assert series["SeriesNumber"] == "4"
    assert series["ContrastPhaseData"] == {"phase": "native", "probability": None}


def test_every_series_has_its_verdict() -> None:
    """Why a series was chosen or refused can be read long after."""
    series = _written()["Series"]
    assert isinstance(series, list)
    assert [one["rank"] for one in series] == [1, None]
    assert series[0]["reasons"] == ["covers 360 mm"]
    assert series[0]["reasons_coded"] == [
        {"code": "series_covers", "parameters": {"coverage_mm": 360.0}}
    ]
    assert series[1]["SeriesNumber"] is None
    assert series[1]["reasons"] == ["localizer"]


def test_what_preparation_did_is_kept() -> None:
    """Skipped files are counted by reason; the conversion says what it was made with."""
    content = _written()
    assert content["skipped_files"] == {"not DICOM": 3}
    assert content["conversion"] == {
        "converter": "dcm2niix v1.0",
        "return_code": 0,
        "tilt_corrected": False,
        "equidistant": True,
        "resampled_by": "dcm2niix",
        "rewritten": False,
        "placement_error_mm": None,
        "warnings": ["interslice distance varies"],
    }


def test_no_phase_is_null() -> None:
    """A phase that could not be read off is null, not *native*."""
    for measurements in ((), (PHASE.absent(unassessable("two structures in view")),)):
        series = _written(*measurements)["SelectedSeries"]
        assert isinstance(series, dict)
        assert series["ContrastPhaseData"] is None


def test_what_the_headers_do_not_tell_is_null() -> None:
    """A study without headers (a NIfTI file) has every key and no invented value."""
    study = Study("Unknown_00000000_ab12", "", Patient(), "MR")
    prepared = PreparedStudy(study, Series("", "MR"), Selection(), PREPARED.volume_path)
    identity = build_identity(prepared, (), Processing(STARTED, ENDED, {}))
    content = json.loads(identity_json(identity))
    assert content["PatientName"] == ""
    assert content["StudyDate"] is None
    assert content["PatientSex"] is None
    assert content["age_years"] is None
    assert content["SelectedSeries"]["SeriesNumber"] is None
    assert content["Series"] == []
    assert content["conversion"] is None


def test_the_file_is_read_back_as_it_was_written() -> None:
    """The web API reads the same model."""
    identity = build_identity(PREPARED, NATIVE, PROCESSING)
    assert Identity.model_validate_json(identity_json(identity)) == identity


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0:00:00"), (59.6, "0:01:00"), (3661.0, "1:01:01")]
)
def test_elapsed_time_reads_as_hours_minutes_seconds(seconds: float, text: str) -> None:
    """Rounded to whole seconds before it is split."""
    processing = Processing(STARTED, STARTED + timedelta(seconds=seconds), {})
    identity = build_identity(PREPARED, (), processing)
    assert identity.pipeline.elapsed_time == text
