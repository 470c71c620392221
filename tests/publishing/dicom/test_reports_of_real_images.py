"""Reports on real images: tilted, multi-frame, without UIDs, MR. No network runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from dicom_validators import errors_of
from measured_cases import results_of, retold
from object_cases import folder_of
from object_checks import IODS
from pydicom import dcmread

from heimdallr.domain.identity import is_own_object
from heimdallr.imaging.volume import LabelMap, load_volume
from heimdallr.preparation.prepare import PreparedStudy, prepare
from heimdallr.publishing.dicom.kinds import DicomObject
from heimdallr.publishing.dicom.objects import write_objects
from heimdallr.publishing.schema import MeasurementRecord

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KINDS = {
    DicomObject.SR: "sr",
    DicomObject.SR_PLANAR: "sr_planar",
    DicomObject.TABLE: "multi_frame",
    DicomObject.PDF: "pdf",
}


def _case(study: Path, folder: Path) -> Path:
    """A case whose brighter voxels are muscle, with two values on its middle slice."""
    prepared = next(prepare(study, folder / "work"))
    assert isinstance(prepared, PreparedStudy)
    volume = load_volume(prepared.volume_path)
    bright = np.asarray(volume.data) > float(np.median(volume.data))
    labels = LabelMap(bright.astype(np.uint8) * 3, volume.affine, {3: "skeletal_muscle"})
    case = folder_of(prepared, labels, folder / "output", "tissue_types")
    middle = volume.shape[2] // 2
    values = {"slice_L3": ("", middle), "SMA_cm2": ("cm2", 101.25)}
    measurements = [
        MeasurementRecord(
            name=name,
            value=value,
            unit=unit,
            status="measured",
            reason="",
            analysis="sarcopenia_l3",
            structure="skeletal_muscle",
            parameters={},
        )
        for name, (unit, value) in values.items()
    ]
    results = results_of(case).model_copy(update={"measurements": measurements})
    return retold(case, results=results)


@pytest.mark.parametrize(
    ("name", "within"),
    [
        ("ct_abdomen_tcga_lihc_A10W", ""),
        ("ct_head_ge_tilt_varspacing", ""),
        ("ct_enhanced_multiframe", ""),
        ("ct_totalsegmentator_example", "dicom"),
        ("mr_enhanced", ""),
    ],
)
def test_real_images_get_valid_reports(
    name: str, within: str, real_set: Callable[[str], Path], tmp_path: Path
) -> None:
    """Both builds of dciodvfy find nothing; an outline lies on an image of the case."""
    case = _case(real_set(name) / within, tmp_path)
    written = write_objects(case, KINDS, tmp_path / "objects")
    assert {one.kind for one in written} == set(KINDS)
    for one in written:
        assert errors_of(one.path, IODS[KINDS[one.kind]]) == []
        header = dcmread(one.path, stop_before_pixels=True)
        assert is_own_object(header.Manufacturer, header.SOPInstanceUID)
    planar = dcmread(next(one.path for one in written if one.kind is DicomObject.SR_PLANAR))
    group = planar.ContentSequence[-1].ContentSequence[0]
    (region,) = [one for one in group.ContentSequence if one.ValueType == "SCOORD"]
    assert len(region.GraphicData) >= 8
