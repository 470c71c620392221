"""Outlines lie where the structure lies, on the very image, however the images lie."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import highdicom as hd
import numpy as np
import pytest
from dicom_validators import errors_of
from measured_cases import measured_body, measured_trunk, results_of, retold
from object_cases import trunk_source
from object_checks import IODS, output_of
from publishing_cases import (
    ENDED,
    PREPARED,
    STARTED,
    TRUNK_AFFINE,
    TRUNK_SHAPE,
    segmentation,
    trunk,
    trunk_arrays,
)
from pydicom import dcmread

from heimdallr.analyses import cerebral_haemorrhage
from heimdallr.analyses.rules.findings import Conclusions
from heimdallr.domain.source_images import SourceImages, SourcePlane
from heimdallr.imaging.volume import LabelMap, Volume, save_nifti
from heimdallr.publishing.dicom.case_content import read_case
from heimdallr.publishing.dicom.kinds import DicomObject
from heimdallr.publishing.dicom.objects import write_objects
from heimdallr.publishing.dicom.outlines import signed_area
from heimdallr.publishing.dicom.planar_report import planar_report
from heimdallr.publishing.publish import Publication, publish

if TYPE_CHECKING:
    from pathlib import Path

    from pydicom.dataset import Dataset

MIDDLE_LPS_MM = np.array([2.0, 2.0, 1080.0])
"""Of the trunk."""
ORIENTATIONS = {
    "supine": ((1, 0, 0), (0, 1, 0)),
    "prone": ((-1, 0, 0), (0, -1, 0)),
    "decubitus": ((0, 1, 0), (-1, 0, 0)),
    "feet first": ((-1, 0, 0), (0, 1, 0)),
    "tilted": ((1, 0, 0), (0, 0.949, 0.316)),
    "tilted back": ((1, 0, 0), (0, 0.949, -0.316)),
}


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trunk, measured."""
    return measured_trunk(tmp_path_factory.mktemp("case"))


def _source(row: tuple[float, ...], column: tuple[float, ...]) -> SourceImages:
    """Images of the trunk whose rows and columns run that way: 2 mm pixels, 5 mm apart."""
    along_row, along_column = np.array(row, float), np.array(column, float)
    normal = np.cross(along_row, along_column)
    corner = MIDDLE_LPS_MM - 200 * along_row - 160 * along_column
    planes = tuple(
        SourcePlane(
            "1.2.840.10008.5.1.4.1.1.2",
            f"1.2.3.4.{n + 1}",
            None,
            tuple(corner + (n - 30) * 5.0 * normal),
            (row[0], row[1], row[2], column[0], column[1], column[2]),
        )
        for n in range(60)
    )
    return replace(
        trunk_source(), rows=160, columns=200, pixel_spacing_mm=(2.0, 2.0), planes=planes
    )


def _report(case: Path, source: SourceImages, target: Path) -> Dataset:
    """The report of the case as if it were made of these images."""
    report = planar_report(read_case(case, source), "en")
    assert report is not None
    report.write(target / "outlines.dcm")
    return dcmread(target / "outlines.dcm")


def _region(report: Dataset) -> tuple[Dataset, np.ndarray]:
    """The region's item and its points (N, 2): column, row."""
    (groups,) = [one for one in report.ContentSequence if one.ValueType == "CONTAINER"]
    (group,) = groups.ContentSequence
    (region,) = [one for one in group.ContentSequence if one.ValueType == "SCOORD"]
    return region, np.reshape(region.GraphicData, (-1, 2))


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_the_outline_is_around_the_muscle(case: Path, tmp_path: Path, name: str) -> None:
    """In the patient: as large as the compartment, its middle in the trunk's, at L3's height."""
    source = _source(*ORIENTATIONS[name])
    region, points = _region(_report(case, source, tmp_path))
    (image,) = region.ContentSequence
    uid = image.ReferencedSOPSequence[0].ReferencedSOPInstanceUID
    (plane,) = [one for one in source.planes if one.sop_instance_uid == uid]
    row, column = np.reshape(plane.orientation, (2, 3))
    places = np.array(plane.position_lps_mm) + 2.0 * (
        (points[:, :1] - 0.5) * row + (points[:, 1:] - 0.5) * column
    )
    low, high = places.min(axis=0), places.max(axis=0)
    assert np.allclose((low + high)[0] / 2, MIDDLE_LPS_MM[0], atol=4)
    area_cm2 = abs(signed_area(points[:-1])) * 0.04
    (measured,) = [one for one in results_of(case).measurements if one.name == "SMA_cm2"]
    assert isinstance(measured.value, float)
    across = 1.0 if "tilted" not in name else 0.949  # an oblique cut is longer
    assert area_cm2 * across == pytest.approx(measured.value, rel=0.06)


def test_the_area_of_the_line_stands_beside_the_measured_one(tmp_path: Path) -> None:
    """Fat in the muscle is within the line and not in the measured area; an arm is in neither.

    The arm lies against the flank: its muscle is of one piece with the trunk, by the skin.
    """
    hu, organs, tissues = (one.copy() for one in trunk_arrays())
    muscle = tissues == 3
    hu[muscle & (np.indices(muscle.shape)[0] % 5 == 0)] = -100
    tissues[76:86, 26:38][tissues[76:86, 26:38] == 0] = 1
    tissues[79:84, 28:36], hu[76:86, 26:38] = 3, 50
    case = measured_body(tmp_path / "case", hu, organs, tissues)
    values = {one.name: one.value for one in results_of(case).measurements}
    k = values["slice_L3"]
    assert isinstance(k, int)
    line_cm2 = int(muscle[:, :, k].sum()) * 0.16
    (written,) = write_objects(case, [DicomObject.SR_PLANAR], tmp_path, source=trunk_source())
    _, points = _region(dcmread(written.path))
    assert abs(signed_area(points)) * 0.16 == pytest.approx(line_cm2, rel=0.001)
    (group,) = hd.sr.srread(written.path).content.get_planar_roi_measurement_groups()
    told = {one.name.value: (one.value, one.name.meaning) for one in group.get_measurements()}
    assert told["42798000"][0] == pytest.approx(line_cm2, rel=0.001)
    window = "Skeletal muscle area at L3 (SMA), -29..150 HU"
    assert told["SMA_cm2"] == (values["SMA_cm2"], window)
    assert told["SMA_cm2"][0] < 0.9 * told["42798000"][0]


def test_its_value_is_the_measured_one_and_has_nothing_below_it(case: Path, tmp_path: Path) -> None:
    """Viewers show no value that has modifiers."""
    (one,) = write_objects(case, [DicomObject.SR_PLANAR], tmp_path, source=trunk_source())
    assert errors_of(one.path, IODS["sr_planar"]) == []
    (group,) = hd.sr.srread(one.path).content.get_planar_roi_measurement_groups()
    measurement, enclosed = group.get_measurements()
    (expected,) = [each for each in results_of(case).measurements if each.name == "SMA_cm2"]
    assert measurement.value == expected.value
    assert "ContentSequence" not in measurement[0]
    assert "ContentSequence" not in enclosed[0]
    assert "Image Region" in output_of("dsrdump", one.path)


def test_frames_of_a_multi_frame_image_are_named(case: Path, tmp_path: Path) -> None:
    """The instance alone would say nothing."""
    plain = trunk_source()
    planes = tuple(
        replace(plane, sop_instance_uid="1.2.3.4.1", frame=n)
        for n, plane in enumerate(plain.planes, start=1)
    )
    region, _ = _region(_report(case, replace(plain, planes=planes), tmp_path))
    assert region.ContentSequence[0].ReferencedSOPSequence[0].ReferencedFrameNumber > 1


def test_a_bleed_is_outlined_with_its_volume(case: Path, tmp_path: Path) -> None:
    """Here the liver is one: on the slice at the middle of it."""
    labels = (case / "labels" / "labels.json").read_text()
    folder = tmp_path / "case"
    (folder / "labels").mkdir(parents=True)
    for name in ("resultados.json", "id.json"):
        (folder / name).write_bytes((case / name).read_bytes())
    told = labels.replace('"name":"total"', '"name":"bleed"').replace(
        '"structure":"liver"', '"structure":"intracerebral_hemorrhage"'
    )
    (folder / "labels" / "labels.json").write_text(told)
    (folder / "labels" / "bleed.nii.gz").write_bytes((case / "labels/total.nii.gz").read_bytes())
    results = results_of(folder)
    values = {"hemorrhage_analysis_slices.center_50": 50, "hemorrhage_vol_cm3": 12.5}
    measurements = [
        one.model_copy(
            update={"value": values[one.name], "status": "measured", "reason": ""}
            if one.name in values
            else {"value": None}
        )
        for one in results.measurements
    ]
    retold(folder, results=results.model_copy(update={"measurements": measurements}))
    (one,) = write_objects(folder, [DicomObject.SR_PLANAR], tmp_path, source=trunk_source())
    assert errors_of(one.path, IODS["sr_planar"]) == []
    (group,) = hd.sr.srread(one.path).content.get_planar_roi_measurement_groups()
    assert group.get_measurements()[0].value == 12.5


def test_the_outline_of_a_bleed_is_of_what_was_measured(tmp_path: Path) -> None:
    """Two cubes of blood on a slice: one in the brain, and a larger one 12 mm and more outside."""
    labels, blood = np.zeros(TRUNK_SHAPE, np.uint8), np.zeros(TRUNK_SHAPE, np.uint8)
    labels[20:60, 15:50, 20:60] = 90
    blood[30:36, 30:36, 38:43] = 1
    blood[63:72, 30:39, 38:43] = 1
    marked = LabelMap(blood, TRUNK_AFFINE, {1: cerebral_haemorrhage.LABEL})
    head = replace(
        trunk(),
        image=Volume(np.where(blood > 0, 65, 34).astype(np.int16), TRUNK_AFFINE),
        segmentations={
            "total": segmentation(LabelMap(labels, TRUNK_AFFINE, {90: "brain"})),
            "cerebral_bleed": segmentation(marked, "cerebral_bleed"),
        },
    )
    measured = cerebral_haemorrhage.measure(head)
    (volume,) = [one for one in measured if one.name == "hemorrhage_vol_cm3"]
    assert volume.value == pytest.approx(6 * 6 * 5 * 0.08)
    assert volume.parameters["dropped_cm3"] == pytest.approx(9 * 9 * 5 * 0.08)
    path = tmp_path / "volume.nii"
    save_nifti(path, head.image.data, head.image.affine)
    prepared = replace(PREPARED, volume_path=path)
    publication = Publication(prepared, head, measured, Conclusions(), STARTED)
    folder = publish(tmp_path / "cases", publication, lambda: ENDED).folder
    _, points = _region(_report(folder, trunk_source(), tmp_path))
    assert abs(signed_area(points[:-1])) == 6 * 6


def test_without_anything_to_outline_there_is_no_report(case: Path, tmp_path: Path) -> None:
    """L3 was not found, or retention removed the masks."""
    folder = tmp_path / "case"
    folder.mkdir()
    for name in ("resultados.json", "id.json"):
        (folder / name).write_bytes((case / name).read_bytes())
    written = write_objects(folder, [DicomObject.SR_PLANAR], tmp_path, source=trunk_source())
    assert written == []


def test_made_again_it_is_the_same(case: Path, tmp_path: Path) -> None:
    """Byte for byte."""
    made = [
        write_objects(case, [DicomObject.SR_PLANAR], tmp_path / name, source=trunk_source())
        for name in "ab"
    ]
    first, second = (dcmread(one.path).SOPInstanceUID for (one,) in made)
    assert first == second
    assert made[0][0].path.read_bytes() == made[1][0].path.read_bytes()
