"""Case folders for the tests of messages: small, by hand, with everything a message has to say."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from heimdallr.domain.source_images import SOURCE_FILE, SourceImages
from heimdallr.domain.statements import Statement
from heimdallr.domain.study import PixelValues
from heimdallr.publishing.schema import (
    FindingRecord,
    Identity,
    MeasurementRecord,
    PipelineRecord,
    ProvenanceRecord,
    Results,
    SegmentationRecord,
    SelectedSeriesRecord,
    SeriesRecord,
    WeightsRecord,
    coded,
)
from heimdallr.publishing.source_file import source_json

if TYPE_CHECKING:
    from pathlib import Path

BRASILIA = timezone(timedelta(hours=-3))
CREATED = datetime(2026, 2, 1, 10, 2, 30, tzinfo=BRASILIA)
STUDY_UID = "1.2.826.0.1.3680043.8.498.1"


def measured(
    name: str,
    value: float | str,
    unit: str = "",
    *,
    structure: str | None = None,
    analysis: str = "organ_volumetry",
    **parameters: float | str,
) -> MeasurementRecord:
    """A measurement that was made."""
    return MeasurementRecord(
        name=name,
        value=value,
        unit=unit,
        status="measured",
        reason="",
        analysis=analysis,
        structure=structure,
        parameters=dict(parameters),
    )


def absent(
    name: str, unit: str, why: Statement, status: str = "not_assessable"
) -> MeasurementRecord:
    """A measurement that was not made, and why."""
    return MeasurementRecord.model_validate(
        {
            "name": name,
            "value": None,
            "unit": unit,
            "status": status,
            "reason": why.text,
            "reason_coded": coded(why),
            "analysis": "organ_volumetry",
            "structure": None,
            "parameters": {},
        }
    )


CT = (
    measured("liver_vol_cm3", 1432.5, "cm3", structure="liver"),
    measured("spleen_vol_cm3", 400.0, "cm3", structure="spleen"),
    measured("kidney_left_vol_cm3", 155.125, "cm3", structure="kidney_left"),
    absent(
        "kidney_right_vol_cm3",
        "cm3",
        Statement("truncated", {"edges": ("inferior",), "count": 1, "percent": 12.5}),
    ),
    measured("SMA_cm2", 88.1, "cm2", structure="skeletal_muscle", analysis="sarcopenia_l3"),
    absent("SMI_cm2_m2", "cm2/m2", Statement("height_unknown")),
    measured(
        "liver_hu_eroded_mean", 38.0, "HU", structure="liver", analysis="organ_density", kvp=120.0
    ),
    measured("liver_fat_percent", 16.2, "%", structure="liver", analysis="liver_steatosis"),
    measured("liver_hu_std", 21.07, "HU", structure="liver", analysis="organ_density"),
    measured("slice_L3", 38, structure="vertebrae_L3", analysis="sarcopenia_l3"),
    measured("contrast_phase", "native", analysis="contrast_phase"),
    measured("contrast_phase_seconds", 4.0, "s", analysis="contrast_phase"),
    measured("body_regions", "abdomen,pelvis", analysis="body_regions"),
    absent("hemorrhage_vol_cm3", "cm3", Statement("not_requested"), "not_applicable"),
    absent("pancreas_vol_cm3", "cm3", Statement("not_requested"), "failed"),
)
FINDINGS = (
    FindingRecord(
        code="splenomegaly",
        severity="significant",
        title="Spleen",
        title_coded=coded(Statement("finding_splenomegaly", {"volume_cm3": 400.0})),
        evidence={"spleen_vol_cm3": 400.0, "limit_prassopoulos_1997": 314.5},
        reference="Prassopoulos 1997, Eur Radiol 7:246 (107.2 to 314.5 cm³)",
        structure="spleen",
        slice_index=40,
        caveats=["the patient's age is not known; adult values were applied"],
        caveats_coded=[coded(Statement("age_unknown"))],
    ),
)
SITE_NAME = """<b>"Small"</b> | liver ^~\\& it's"""
SITE_FINDING = FindingRecord(
    code="small_liver",
    severity="critical",
    title="Small liver",
    title_coded=coded(
        Statement("site_finding", {"name": SITE_NAME, "value": 870.0, "unit": "cm³"})
    ),
    evidence={"liver_vol_cm3": 870.0, "limit": 900.0},
    reference="",
    structure="liver",
    slice_index=None,
    caveats=[],
)
"""Of a rule of a department, whose name has every character that messages are made of."""
NOTICES = (Statement("bundled_weights"),)


def results(
    measurements: tuple[MeasurementRecord, ...] = CT,
    findings: tuple[FindingRecord, ...] = FINDINGS,
    modality: str = "CT",
) -> Results:
    """Results as they are published."""
    return Results(
        case_id="SilvaMJ_20260201_123456",
        modality="CT" if modality == "CT" else "MR",
        measurements=list(measurements),
        findings=list(findings),
        provenance=ProvenanceRecord(
            software="heimdallr",
            version="0.1.0",
            created_at=CREATED,
            series_instance_uid=STUDY_UID + ".4",
            pixel_values=PixelValues.ATTENUATION if modality == "CT" else None,
            segmentations=[
                SegmentationRecord(
                    task="total",
                    engine="heimdallr-openvino 0.1.0",
                    device="cpu",
                    weights=[WeightsRecord(name="Dataset297", sha256="0" * 64)],
                    weights_origin="bundled",
                    spacing_mm=3.0,
                    seconds=12.3,
                )
            ],
            skipped_tasks={},
        ),
        notices=[one.text for one in NOTICES],
        notices_coded=[coded(one) for one in NOTICES],
    )


def identity(**changes: Any) -> Identity:  # noqa: ANN401 - whatever a test changes
    """``id.json`` of a woman of 66."""
    facts = {
        "patient_name": "SILVA^MARIA JOSÉ",
        "accession_number": "123456",
        "study_instance_uid": STUDY_UID,
        "modality": "CT",
        "study_date": "20260201",
        "case_id": "SilvaMJ_20260201_123456",
        "clinical_name": "SilvaMJ_20260201_123456",
        "pipeline": PipelineRecord(
            start_time=CREATED, end_time=CREATED, elapsed_time="0:02:30", stages_s={}
        ),
        "selected_series": SelectedSeriesRecord(
            number="4",
            contrast_phase=None,
            series_instance_uid=STUDY_UID + ".4",
            description="ABD 3.0 B30f",
            kernel="B30f",
            slice_thickness_mm=3.0,
            spacing_mm=3.0,
            coverage_mm=360.0,
        ),
        "patient_id": "P-77",
        "birth_date": "19600102",
        "sex": "F",
        "age_years": 66.0,
        "height_m": None,
        "weight_kg": None,
        "study_time": "101530.000",
        "study_description": "TC ABDOME",
        "institution": "Hospital",
        "series": [
            SeriesRecord(
                number="4",
                series_instance_uid=STUDY_UID + ".4",
                description="ABD 3.0 B30f",
                modality="CT",
                instances=120,
                rank=1,
                reasons=[],
            )
        ],
        "skipped_files": {},
        "conversion": None,
    }
    return Identity.model_validate(facts | changes)


def _text(vr: str, *values: str) -> dict[str, Any]:
    return {"vr": vr, "Value": list(values)}


def source(**elements: dict[str, Any]) -> SourceImages:
    """A source whose header tells of an order; ``tag_00080201=…`` changes an element."""
    header: dict[str, dict[str, Any]] = {
        "00080050": _text("SH", "123456"),
        "00080090": {"vr": "PN", "Value": [{"Alphabetic": "Souza^Ana^^Dra."}]},
        "00080201": _text("SH", "-0300"),
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "SILVA^MARIA JOSÉ"}]},
        "00100020": _text("LO", "P-77"),
        "00100021": _text("LO", "HOSPITAL"),
        "0020000D": _text("UI", STUDY_UID),
        "00380010": _text("LO", "V-9"),
        "00400275": {
            "vr": "SQ",
            "Value": [{"00401001": _text("SH", "RP-1"), "00402016": _text("LO", "PL-1")}],
        },
        "00402017": _text("LO", "FI-1"),
        "00081032": {
            "vr": "SQ",
            "Value": [
                {
                    "00080100": _text("SH", "TCABD"),
                    "00080102": _text("SH", "99HOSP"),
                    "00080104": _text("LO", "TC de abdome"),
                }
            ],
        },
    }
    header |= {name.removeprefix("tag_"): element for name, element in elements.items()}
    return SourceImages(
        header=header,
        rows=512,
        columns=512,
        pixel_spacing_mm=(0.7, 0.7),
        slice_thickness_mm=3.0,
        planes=(),
    )


def case_folder(
    folder: Path,
    content: Results | None = None,
    who: Identity | None = None,
    images: SourceImages | None = None,
) -> Path:
    """A case folder of these; without ``images`` one of an earlier version."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "resultados.json").write_text((content or results()).model_dump_json(indent=2))
    (folder / "id.json").write_text((who or identity()).model_dump_json(indent=2, by_alias=True))
    if images is not None:
        (folder / SOURCE_FILE).write_text(source_json(images))
    return folder
