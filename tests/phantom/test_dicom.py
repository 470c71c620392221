"""Phantom DICOM reads back where it was put, is valid, and is the same every time."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import dcm2niix
import numpy as np
import pydicom
import pytest

from heimdallr.imaging.volume import load_volume
from heimdallr.phantom.dicom import (
    UID_ROOT,
    ContrastBolus,
    Plane,
    SeriesHeader,
    StudyHeader,
    write_ct_stack,
    write_mr_stack,
    write_plane,
)
from heimdallr.phantom.dose import Irradiation, write_dose_report, write_dose_screen
from heimdallr.phantom.materials import Material, ct_numbers, mr_signals
from heimdallr.phantom.render import SOFT, CtRenderer, MrAppearance, MrRenderer, radiograph
from heimdallr.phantom.stack import Stack, stack_over

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import SimpleBody

    from heimdallr.imaging.volume import Volume

STUDY = StudyHeader(
    seed=5,
    kind="test",
    modality="CT",
    description="CT abdomen",
    patient_name="PHANTOM^ASTRID MARIA",
    patient_id="PHANTOM-5",
    sex="F",
    birth_date="19600412",
    age_years=64,
    height_m=1.64,
    weight_kg=66.0,
    accession_number="PH000005",
    study_date="20240601",
    study_time="090000",
)
SERIES = SeriesHeader(
    number=3,
    description="Abdomen portal venous 5.0 B30f",
    protocol="Abdomen",
    body_part="ABDOMEN",
    image_type=("ORIGINAL", "PRIMARY", "AXIAL"),
    time="090200",
    acquisition=2,
    window=(50, 400),
    kernel="B30f",
    contrast=ContrastBolus(),
)
MR_TECHNIQUE: tuple[tuple[str, str | float | tuple[str, ...]], ...] = (
    ("ScanningSequence", "GR"),
    ("SequenceVariant", "SP"),
    ("ScanOptions", ""),
    ("MRAcquisitionType", "3D"),
    ("RepetitionTime", 4.0),
    ("EchoTime", 1.9),
    ("EchoTrainLength", 1),
    ("FlipAngle", 10.0),
    ("MagneticFieldStrength", 1.5),
)


def _write_ct(folder: Path, body: SimpleBody, affine: np.ndarray | None = None) -> Stack:
    stack = stack_over(
        body.affine if affine is None else affine,
        body.material.shape,
        matrix=110,
        spacing_mm=5.0,
    )
    renderer = CtRenderer(body.material, ct_numbers("portal_venous"), stack, SOFT, (5, 3))
    write_ct_stack(folder, STUDY, SERIES, stack, renderer.slice_hu)
    return stack


def _converted(folder: Path, target: Path) -> Volume:
    target.mkdir()
    subprocess.run(
        [dcm2niix.bin, "-z", "n", "-f", "out", "-o", str(target), str(folder)],
        check=True,
        capture_output=True,
    )
    (nifti,) = target.glob("*.nii")
    return load_volume(nifti)


def _complaints(folder: Path) -> dict[str, list[str]]:
    """What dciodvfy calls an error, per file that has any."""
    program = shutil.which("dciodvfy")
    if program is None:
        pytest.skip("dciodvfy (Debian package dicom3tools) is not installed")
    found = {}
    for path in sorted(folder.rglob("*.dcm")):
        done = subprocess.run([program, str(path)], check=False, capture_output=True, text=True)
        errors = [line for line in done.stderr.splitlines() if line.startswith("Error")]
        if errors:
            found[str(path.relative_to(folder))] = errors
    return found


def test_dcm2niix_finds_the_phantom_where_it_stands(
    tmp_path: Path, simple_body: SimpleBody
) -> None:
    """The converted affine is the series' own, and the liver has its CT number where it lies."""
    stack = _write_ct(tmp_path / "dicom", simple_body)
    volume = _converted(tmp_path / "dicom", tmp_path / "nifti")
    assert volume.shape == (110, 110, 20)
    np.testing.assert_allclose(volume.affine, stack.series_affine, atol=1e-3)
    liver = stack.nearest(simple_body.material) == Material.LIVER
    assert liver.sum() * volume.voxel_volume_mm3 == pytest.approx(4 / 3 * np.pi * 30**3, rel=0.03)
    inside = volume.data[liver]
    assert np.median(inside) == pytest.approx(ct_numbers("portal_venous")[Material.LIVER], abs=2)


def test_oblique_patients_come_back_oblique(tmp_path: Path, simple_body: SimpleBody) -> None:
    """A patient lying turned and tilted keeps pose, handedness and voxel volume."""
    turn, tilt = np.deg2rad(7.0), np.deg2rad(-12.0)
    about_z = np.array(
        [[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]]
    )
    about_x = np.array(
        [[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]]
    )
    pose = np.eye(4)
    pose[:3, :3] = about_x @ about_z
    stack = _write_ct(tmp_path / "dicom", simple_body, pose @ simple_body.affine)
    volume = _converted(tmp_path / "dicom", tmp_path / "nifti")
    np.testing.assert_allclose(volume.affine, stack.series_affine, atol=2e-3)
    assert volume.voxel_volume_mm3 == pytest.approx(20.0, rel=1e-4)
    liver = stack.nearest(simple_body.material) == Material.LIVER
    assert np.median(volume.data[liver]) == pytest.approx(112, abs=2)


def test_headers_tell_what_was_scanned(tmp_path: Path, simple_body: SimpleBody) -> None:
    """Patient, contrast, kernel and geometry stand in the header; instance 1 is the top."""
    stack = _write_ct(tmp_path, simple_body)
    first, last = (pydicom.dcmread(tmp_path / "0003" / f"{n:05d}.dcm") for n in (1, 20))
    assert str(first.PatientName) == "PHANTOM^ASTRID MARIA"
    assert (first.PatientSex, first.PatientAge, first.PatientSize) == ("F", "064Y", 1.64)
    assert first.QualityControlSubject == "YES"
    assert first.Manufacturer == "Phantom"
    assert (first.ConvolutionKernel, first.KVP) == ("B30f", 120)
    assert first.ContrastBolusAgent == "Iopromide 370"
    assert first.ImagePositionPatient[2] - last.ImagePositionPatient[2] == pytest.approx(95.0)
    assert list(first.PixelSpacing) == [2.0, 2.0]
    assert first.FrameOfReferenceUID == last.FrameOfReferenceUID
    assert first.SOPInstanceUID != last.SOPInstanceUID
    for name in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID"):
        value = getattr(first, name)
        assert value.startswith(UID_ROOT)
        assert value.is_valid
    hu = first.pixel_array * first.RescaleSlope + first.RescaleIntercept
    renderer = CtRenderer(simple_body.material, ct_numbers("portal_venous"), stack, SOFT, (5, 3))
    np.testing.assert_array_equal(hu, renderer.slice_hu(19))


def test_one_seed_writes_the_same_bytes(tmp_path: Path, simple_body: SimpleBody) -> None:
    """Nothing in a file depends on the clock or on chance; another seed shares no UID."""
    for name in ("a", "b"):
        _write_ct(tmp_path / name, simple_body)
    for path in (tmp_path / "a").rglob("*.dcm"):
        twin = tmp_path / "b" / path.relative_to(tmp_path / "a")
        assert path.read_bytes() == twin.read_bytes()
    assert replace(STUDY, seed=6).study_instance_uid != STUDY.study_instance_uid


def test_every_object_is_valid(tmp_path: Path, simple_body: SimpleBody) -> None:
    """Dciodvfy finds no error in CT, localizer, MR, dose screen or dose report."""
    _write_ct(tmp_path, simple_body)
    scout = replace(
        SERIES,
        number=1,
        image_type=("ORIGINAL", "PRIMARY", "LOCALIZER"),
        contrast=None,
        kernel="T20f",
    )
    view = radiograph(simple_body.material, ct_numbers("native"), axis=1)
    plane = Plane((1, 0, 0, 0, 0, -1), (-99, 0, 500), (2.5, 2.0))
    write_plane(tmp_path, STUDY, scout, plane, view)
    mr_study = replace(STUDY, kind="mr", modality="MR")
    stack = stack_over(simple_body.affine, simple_body.material.shape, matrix=64, spacing_mm=10.0)
    renderer = MrRenderer(simple_body.material, mr_signals("t1"), stack, MrAppearance(), (1,))
    vibe = replace(
        SERIES,
        number=4,
        image_type=("ORIGINAL", "PRIMARY", "M"),
        kernel="",
        contrast=None,
        technique=MR_TECHNIQUE,
    )
    write_mr_stack(tmp_path, mr_study, vibe, stack, renderer.slice_signal)
    scans = (
        Irradiation("Topogram", ("818981001", "SCT", "Abdomen"), 0.1, 400, localizer=True),
        Irradiation("Abdomen", ("818981001", "SCT", "Abdomen"), 7.9, 400),
    )
    screen = replace(SERIES, number=501, image_type=("DERIVED", "SECONDARY", "OTHER"))
    write_dose_screen(tmp_path, STUDY, screen, scans)
    write_dose_report(tmp_path, STUDY, replace(SERIES, number=502), scans)
    assert len(list(tmp_path.rglob("*.dcm"))) == 20 + 1 + 10 + 1 + 1
    assert _complaints(tmp_path) == {}


def test_the_dose_report_adds_up(tmp_path: Path) -> None:
    """The total dose length product is the sum of the scans'."""
    region = ("818981001", "SCT", "Abdomen")
    scans = (Irradiation("A", region, 8.0, 300), Irradiation("B", region, 10.0, 250))
    write_dose_report(tmp_path, STUDY, replace(SERIES, number=502), scans)
    report = pydicom.dcmread(tmp_path / "0502" / "00001.dcm")
    assert report.Modality == "SR"
    accumulated = next(
        item
        for item in report.ContentSequence
        if item.ConceptNameCodeSequence[0].CodeMeaning == "CT Accumulated Dose Data"
    )
    total = accumulated.ContentSequence[1].MeasuredValueSequence[0].NumericValue
    assert float(total) == pytest.approx(240 + 250)
