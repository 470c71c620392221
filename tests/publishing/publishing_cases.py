"""Small cases for the publishing tests, written by hand."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import numpy as np

from heimdallr.analyses.case import Case
from heimdallr.domain.study import Patient, Selection, Series, SeriesVerdict, Study
from heimdallr.imaging.volume import LabelMap, Volume
from heimdallr.segmentation.result import Segmentation, SegmentationProvenance, WeightsOrigin

CASE_ID = "SilvaMJ_20260201_123456"
BRASILIA = timezone(timedelta(hours=-3))
STARTED = datetime(2026, 2, 1, 10, 0, 0, tzinfo=BRASILIA)
ENDED = STARTED + timedelta(minutes=2, seconds=30)

PATIENT = Patient(
    name="SILVA^MARIA JOSE",
    patient_id="P-77",
    birth_date="19600102",
    sex="F",
    age_years=66.0,
    height_m=1.62,
)
STUDY = Study(
    case_id=CASE_ID,
    study_instance_uid="1.2.3",
    patient=PATIENT,
    modality="CT",
    accession_number="123456",
    study_date="20260201",
    description="CT ABDOMEN",
)
SERIES = Series(
    series_instance_uid="1.2.3.4",
    modality="CT",
    number=4,
    description="ABD 3.0 B30f",
    instances=120,
    kernel="B30f",
    slice_thickness_mm=3.0,
    spacing_mm=3.0,
    coverage_mm=360.0,
)
SELECTION = Selection(
    (
        SeriesVerdict(SERIES, 1, ("thin soft-kernel stack of 360 mm",)),
        SeriesVerdict(Series("1.2.3.5", "CT", description="SCOUT"), None, ("a localizer",)),
    )
)


def segmentation(
    label_map: LabelMap, task: str = "total", origin: WeightsOrigin = "official"
) -> Segmentation:
    """A label map with the provenance of one set of weights."""
    provenance = SegmentationProvenance(
        task=task,
        engine="heimdallr-openvino 0.1.0",
        device="cpu",
        weights=("Dataset297_TotalSegmentator",),
        weights_origin=origin,
        weights_sha256=("0" * 64,),
        spacing_mm=3.0,
        seconds=12.3456,
    )
    return Segmentation(label_map, provenance)


def case(origin: WeightsOrigin = "official") -> Case:
    """A case of 4×4×4 voxels with one structure."""
    image = Volume(np.zeros((4, 4, 4), np.int16), np.eye(4))
    labels = np.zeros((4, 4, 4), np.uint8)
    labels[1:3, 1:3, 1:3] = 5
    total = segmentation(LabelMap(labels, np.eye(4), {5: "liver"}), origin=origin)
    return Case(
        modality="CT",
        image=image,
        patient=PATIENT,
        series=SERIES,
        segmentations={"total": total},
        skipped_tasks={"cerebral_bleed": "no head in view"},
    )
