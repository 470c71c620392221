"""Small cases for the publishing tests, written by hand."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
from nibabel.orientations import apply_orientation, inv_ornt_aff, io_orientation, ornt_transform

from heimdallr.analyses.case import Case
from heimdallr.domain.statements import Statement
from heimdallr.domain.study import Patient, Selection, Series, SeriesVerdict, Study
from heimdallr.imaging.volume import LabelMap, Volume
from heimdallr.preparation.conversion import Conversion
from heimdallr.preparation.prepare import PreparedStudy
from heimdallr.segmentation.result import Segmentation, SegmentationProvenance, WeightsOrigin

if TYPE_CHECKING:
    from heimdallr.imaging.volume import Affine, Array

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
        SeriesVerdict(SERIES, 1, (Statement("series_covers", {"coverage_mm": 360.0}),)),
        SeriesVerdict(
            Series("1.2.3.5", "CT", description="SCOUT"), None, (Statement("series_is_localizer"),)
        ),
    )
)

CONVERSION = Conversion(
    path=Path("volume.nii"),
    converter="dcm2niix v1.0",
    return_code=0,
    tilt_corrected=False,
    equidistant=True,
    resampled_by="dcm2niix",
    rewritten=False,
    placement_error_mm=None,
    warnings=("interslice distance varies",),
)
PREPARED = PreparedStudy(
    STUDY, SERIES, SELECTION, Path("volume.nii"), CONVERSION, skipped={"not DICOM": 3}
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
    """A case of 4×4×4 voxels of a cubic centimetre with one structure."""
    grid = np.diag([10.0, 10.0, 10.0, 1.0])
    image = Volume(np.zeros((4, 4, 4), np.int16), grid)
    labels = np.zeros((4, 4, 4), np.uint8)
    labels[1:3, 1:3, 1:3] = 5
    total = segmentation(LabelMap(labels, grid, {5: "liver"}), origin=origin)
    return Case(
        modality="CT",
        image=image,
        patient=PATIENT,
        series=SERIES,
        segmentations={"total": total},
        skipped_tasks={"cerebral_bleed": Statement("not_requested")},
    )


TRUNK_SHAPE = (88, 64, 72)
TRUNK_AFFINE = np.array(
    [[4.0, 0, 0, -176.0], [0, 4.0, 0, -128.0], [0, 0, 5.0, 900.0], [0, 0, 0, 1.0]]
)
TRUNK_NAMES = {
    1: "spleen",
    2: "kidney_right",
    3: "kidney_left",
    5: "liver",
    28: "vertebrae_L5",
    27: "vertebrae_L4",
    29: "vertebrae_L3",
    30: "vertebrae_L2",
    31: "vertebrae_L1",
    32: "vertebrae_T12",
}
TISSUE_NAMES = {1: "subcutaneous_fat", 2: "torso_fat", 3: "skeletal_muscle"}


def _ellipsoid(centre_mm: tuple[float, float, float], axes_mm: tuple[float, float, float]) -> Array:
    """Voxels of the trunk's grid inside an ellipsoid; RAS mm from the middle of the trunk."""
    grid = np.indices(TRUNK_SHAPE).astype(float)
    middle = (np.array(TRUNK_SHAPE) - 1) / 2
    spacing = np.diag(TRUNK_AFFINE)[:3]
    distance = sum(
        ((grid[axis] - middle[axis]) * spacing[axis] - centre_mm[axis]) ** 2 / axes_mm[axis] ** 2
        for axis in range(3)
    )
    return np.asarray(distance <= 1)


@cache
def trunk_arrays() -> tuple[Array, Array, Array]:
    """A trunk that nobody can mistake for its mirror image: HU, organs, tissues.

    The liver is on the right, the spleen on the left, the spine at the back; the body tapers
    towards the feet.
    """
    taper = np.linspace(0.75, 1.0, TRUNK_SHAPE[2])
    across = (np.arange(TRUNK_SHAPE[0]) - (TRUNK_SHAPE[0] - 1) / 2)[:, None, None] * 4.0
    along = (np.arange(TRUNK_SHAPE[1]) - (TRUNK_SHAPE[1] - 1) / 2)[None, :, None] * 4.0
    body, muscle, inside = (
        (across / (width * taper)) ** 2 + (along / (height * taper)) ** 2 <= 1
        for width, height in ((155, 110), (130, 88), (112, 70))
    )
    tissues = np.zeros(TRUNK_SHAPE, np.uint8)
    tissues[body], tissues[muscle], tissues[inside] = 1, 3, 2
    hu = np.full(TRUNK_SHAPE, -1000, np.int16)
    hu[body], hu[muscle], hu[inside] = -100, 50, -100

    organs = np.zeros(TRUNK_SHAPE, np.uint8)
    organs[_ellipsoid((50, 10, 70), (48, 45, 60))] = 5
    organs[_ellipsoid((-70, -15, 80), (22, 30, 40))] = 1
    organs[_ellipsoid((45, -30, -10), (18, 18, 45))] = 2
    organs[_ellipsoid((-45, -30, 0), (18, 18, 45))] = 3
    for number, height_mm in zip((32, 31, 30, 29, 27, 28), range(115, -61, -35), strict=True):
        organs[_ellipsoid((0, -40, height_mm), (22, 18, 14))] = number
    hu[organs > 0] = 60
    hu[organs > 20] = 300
    hu[_ellipsoid((0, -50, 115), (95, 12, 6))] = 300  # the last ribs: they name the column
    tissues[organs > 0] = 0
    return hu, organs, tissues


def trunk(origin: WeightsOrigin = "official") -> Case:
    """The trunk as a case: whole-body and tissue segmentations, as the pipeline hands them over."""
    hu, organs, tissues = trunk_arrays()
    return trunk_case(
        Volume(hu, TRUNK_AFFINE),
        LabelMap(organs, TRUNK_AFFINE, TRUNK_NAMES),
        LabelMap(tissues, TRUNK_AFFINE, TISSUE_NAMES),
        origin,
    )


def trunk_case(
    image: Volume, organs: LabelMap, tissues: LabelMap, origin: WeightsOrigin = "official"
) -> Case:
    """A case of these three."""
    return Case(
        modality="CT",
        image=image,
        patient=PATIENT,
        series=SERIES,
        segmentations={
            "total": segmentation(organs, "total", origin),
            "tissue_types": segmentation(tissues, "tissue_types", origin),
        },
        skipped_tasks={"cerebral_bleed": Statement("not_requested")},
    )


def orientations() -> list[Array]:
    """The 48 ways to store a volume, as nibabel writes them: (3, 2) axis and flip."""
    return [
        np.array(list(zip(axes, flips, strict=True)))
        for axes in itertools.permutations(range(3))
        for flips in itertools.product((1, -1), repeat=3)
    ]


def stored(path: Path, data: Array, affine: Affine, orientation: Array) -> Path:
    """Write RAS+ voxels the way ``orientation`` says; they mean the same patient."""
    there = ornt_transform(io_orientation(np.eye(4)), orientation)
    moved = affine @ inv_ornt_aff(there, data.shape)
    nib.save(nib.Nifti1Image(apply_orientation(data, there), moved), path)
    return path
