"""``resultados.json``: measured keys and nothing else at the top, everything in the lists."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hand_made_outputs import output
from publishing_cases import CASE_ID, ENDED, SERIES, case, segmentation
from pydantic import ValidationError

from heimdallr.analyses.declared_outputs import unassessable
from heimdallr.analyses.rules.findings import Conclusions, Finding
from heimdallr.analyses.rules.severity import Severity
from heimdallr.domain.measurement import Measurement, Status
from heimdallr.domain.statements import Statement
from heimdallr.domain.study import PixelValues, Series, Spectral
from heimdallr.imaging.volume import LabelMap
from heimdallr.publishing.results import build_results, flat_keys, results_json
from heimdallr.publishing.schema import Results
from heimdallr.segmentation.network_collections import Collection

if TYPE_CHECKING:
    from collections.abc import Sequence

LIVER_VOLUME = output("liver_vol_cm3", "cm3", flat=True)
MEASURED = (
    output("body_regions", flat=True).measured("head,abdomen"),
    LIVER_VOLUME.measured(1523.45, structure="liver", edge="none"),
    output("liver_hu_median", "HU").measured(57.0, structure="liver"),
    output("spleen_vol_cm3", "cm3", flat=True).absent(
        unassessable("truncated", edges=("superior",), count=1, percent=42.0)
    ),
    output("slice_L3", flat=True).measured(127),
    output("hemorrhage_analysis_slices.inferior_15", flat=True).measured(83),
    output("hemorrhage_analysis_slices.center_50", flat=True).measured(124),
    output("hemorrhage_analysis_slices.superior_85", flat=True).measured(165),
)
FINDING = Finding(
    code="splenomegaly",
    severity=Severity.SIGNIFICANT,
    said=Statement("finding_splenomegaly", {"volume_cm3": 400.0}),
    evidence={"spleen_vol_cm3": 400.0},
    reference="Prassopoulos 1997",
    structure="spleen",
    slice_index=88,
    caveats=(Statement("age_unknown"),),
)


def _written(
    measurements: Sequence[Measurement] = MEASURED, findings: Sequence[Finding] = ()
) -> dict[str, Any]:
    text = results_json(
        build_results(CASE_ID, case(), measurements, Conclusions(tuple(findings)), ENDED)
    )
    content = json.loads(text)
    assert isinstance(content, dict)
    return content


def test_the_top_level_is_the_founding_documents() -> None:
    """Golden: keys, their order, their values; what was not measured has no key."""
    content = _written()
    lists = ("measurements", "findings", "rules", "provenance", "notices", "notices_coded")
    flat = {key: value for key, value in content.items() if key not in lists}
    assert list(content) == [*flat, *lists]
    assert flat == {
        "case_id": CASE_ID,
        "modality": "CT",
        "body_regions": ["head", "abdomen"],
        "liver_vol_cm3": 1523.45,
        "slice_L3": 127,
        "hemorrhage_analysis_slices": {"inferior_15": 83, "center_50": 124, "superior_85": 165},
    }


def test_other_peoples_networks_are_credited() -> None:
    """In the provenance of what they made, and once in what every reader is told."""
    made = segmentation(LabelMap(np.zeros((4, 4, 4), np.uint8), np.eye(4), {}), "boa", "other")
    boa = Collection("BOA", "Apache-2.0", "Haubold 2023", "https://example.org")
    made = replace(made, provenance=replace(made.provenance, collections=(boa,)))
    credited = replace(case(), segmentations={"boa": made, "tissue_types": made})
    results = build_results(CASE_ID, credited, MEASURED, Conclusions(), ENDED)
    assert [one.collections[0].licence for one in results.provenance.segmentations] == [
        *("Apache-2.0", "Apache-2.0")
    ]
    assert results.notices == ["some numbers are by the networks of BOA (Apache-2.0; Haubold 2023)"]


def test_every_measurement_is_in_the_list() -> None:
    """With value or reason, in the order of the analyses, every field of the type."""
    listed = _written()["measurements"]
    assert [one["name"] for one in listed] == [one.name for one in MEASURED]
    assert listed[1] == {
        "name": "liver_vol_cm3",
        "value": 1523.45,
        "unit": "cm3",
        "status": "measured",
        "reason": "",
        "reason_coded": None,
        "analysis": "",
        "structure": "liver",
        "parameters": {"edge": "none"},
        "corrected": False,
    }
    assert listed[3]["value"] is None
    assert listed[3]["status"] == "not_assessable"
    assert listed[3]["reason"] == "truncated at superior edge (42 % of its largest section)"
    assert listed[3]["reason_coded"] == {
        "code": "truncated",
        "parameters": {"edges": ["superior"], "count": 1, "percent": 42.0},
    }


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.MEASURED])
def test_missing_is_never_zero(status: Status) -> None:
    """No status but *measured* gives a key."""
    missing = Measurement(
        "liver_vol_cm3", None, "cm3", status, Statement("height_unknown"), flat=True
    )
    assert flat_keys([missing]) == {}


def test_findings_carry_their_evidence() -> None:
    """Golden: one finding as a reader of the file sees it."""
    assert _written(findings=[FINDING])["findings"] == [
        {
            "code": "splenomegaly",
            "severity": "significant",
            "title": "Enlarged spleen, 400 cm³",
            "title_coded": {"code": "finding_splenomegaly", "parameters": {"volume_cm3": 400.0}},
            "evidence": {"spleen_vol_cm3": 400.0},
            "reference": "Prassopoulos 1997",
            "structure": "spleen",
            "slice_index": 88,
            "caveats": ["the patient's age is not known; adult values were applied"],
            "caveats_coded": [{"code": "age_unknown", "parameters": {}}],
        }
    ]


def test_provenance_names_software_weights_and_series() -> None:
    """Golden: who computed this, with what, on which series, when."""
    provenance = _written()["provenance"]
    assert provenance.pop("version")
    assert provenance == {
        "software": "heimdallr",
        "created_at": "2026-02-01T10:02:30-03:00",
        "series_instance_uid": "1.2.3.4",
        "pixel_values": "attenuation",
        "computed_as": None,
        "energy_kev": None,
        "segmentations": [
            {
                "task": "total",
                "engine": "heimdallr-openvino 0.1.0",
                "device": "cpu",
                "weights": [{"name": "Dataset297_TotalSegmentator", "sha256": "0" * 64}],
                "weights_origin": "official",
                "spacing_mm": 3.0,
                "seconds": 12.346,
                "confidence": {},
                "left_out": [],
                "located_only": [],
                "collections": [],
                "cropped_to_body": False,
            }
        ],
        "skipped_tasks": {"cerebral_bleed": "not requested"},
        "skipped_tasks_coded": {"cerebral_bleed": {"code": "not_requested", "parameters": {}}},
        "changed_rules": {},
        "corrections": [],
        "rejections": [],
    }


def test_provenance_names_what_the_scanner_computed() -> None:
    """A virtual image of 40 keV; of MR there is nothing to say."""
    virtual = replace(SERIES, spectral=Spectral.MONOENERGETIC, energy_kev=40.0)
    made = build_results(
        CASE_ID, replace(case(), series=virtual), MEASURED, Conclusions(), ENDED
    ).provenance
    assert (made.pixel_values, made.computed_as, made.energy_kev) == (
        PixelValues.VIRTUAL, Spectral.MONOENERGETIC, 40.0,
    )  # fmt: skip
    mr = replace(case(), modality="MR", series=Series("1.2.3", "MR"))
    assert build_results(CASE_ID, mr, (), Conclusions(), ENDED).provenance.pixel_values is None


def test_bundled_weights_are_announced() -> None:
    """The notice stands in the file when this repository's weights had a part, and only then."""
    bundled = build_results(CASE_ID, case("bundled"), MEASURED, Conclusions(), ENDED)
    assert bundled.notices == ["bundled weights — not for clinical use"]
    assert build_results(CASE_ID, case("official"), MEASURED, Conclusions(), ENDED).notices == []


def test_the_file_is_read_back_as_it_was_written() -> None:
    """The web API reads the same model, flat keys included."""
    results = build_results(CASE_ID, case(), MEASURED, Conclusions((FINDING,)), ENDED)
    again = Results.model_validate_json(results_json(results))
    assert again == results
    assert again.flat["liver_vol_cm3"] == 1523.45


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_infinity_reaches_the_file(value: float) -> None:
    """Neither as a parameter of a measurement nor as evidence of a finding."""
    with pytest.raises(ValidationError):
        _written([LIVER_VOLUME.measured(1.0, threshold=value)])
    with pytest.raises(ValidationError):
        _written(findings=[replace(FINDING, evidence={"limit": value})])


def test_a_name_is_measured_once() -> None:
    """Two analyses that claim one key are a fault, not a last word."""
    twice = LIVER_VOLUME.measured(1.0)
    with pytest.raises(ValueError, match="twice"):
        flat_keys([twice, twice])


def test_patient_data_stays_out() -> None:
    """The numbers' file does not name the patient."""
    text = results_json(build_results(CASE_ID, case(), MEASURED, Conclusions((FINDING,)), ENDED))
    assert "SILVA" not in text
    assert "P-77" not in text
