"""Pictures and the table of values arrive as pictures, and the report as a document."""

from __future__ import annotations

import shutil
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import numpy as np
import pytest
from dicom_validators import errors_of
from measured_cases import measured_trunk
from object_cases import HEADER, trunk_source
from object_checks import IODS, output_of
from PIL import Image
from pydicom import dcmread

from heimdallr.domain.identity import is_own_object
from heimdallr.domain.verification import Verification
from heimdallr.publishing.dicom.kinds import DicomObject, EarlierValue, ObjectOptions
from heimdallr.publishing.dicom.objects import write_objects
from heimdallr.publishing.report.pdf import write_pdf

if TYPE_CHECKING:
    from pathlib import Path

EARLIER = (EarlierValue("liver_vol_cm3", 420.4, "cm3", "20250803"),)
MULTI, SINGLE = ObjectOptions(), ObjectOptions(captures="single_frame")


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trunk, measured."""
    return measured_trunk(tmp_path_factory.mktemp("case"))


@pytest.mark.parametrize("kind", [DicomObject.CAPTURES, DicomObject.TABLE])
@pytest.mark.parametrize("options", [MULTI, SINGLE], ids=["multi_frame", "single_frame"])
def test_no_validator_finds_an_error(
    case: Path, tmp_path: Path, kind: DicomObject, options: ObjectOptions
) -> None:
    """Of one object with frames, and of a series of single ones."""
    written = write_objects(case, [kind], tmp_path, options, source=trunk_source(), earlier=EARLIER)
    assert written
    for one in written:
        assert errors_of(one.path, IODS[options.captures]) == []
        header = dcmread(one.path, stop_before_pixels=True)
        assert header.Modality == "OT"
        assert header.BurnedInAnnotation == "NO"
        assert "not for clinical use" in header.SeriesDescription
        assert is_own_object(header.Manufacturer, header.SeriesInstanceUID)
    assert len({one.series_instance_uid for one in written}) == 1
    assert len({one.sop_instance_uid for one in written}) == len(written)


def test_a_picture_alone_is_no_series_of_pages(case: Path, tmp_path: Path) -> None:
    """Nor do validators take it for one."""
    alone = shutil.copytree(case, tmp_path / "case")
    for path in sorted(alone.glob("*.png"))[1:]:
        path.unlink()
    kinds = [DicomObject.CAPTURES]
    (one,) = write_objects(alone, kinds, tmp_path, MULTI, source=trunk_source())
    assert dcmread(one.path).NumberOfFrames == 1
    assert errors_of(one.path, IODS["multi_frame"]) == []


@pytest.mark.parametrize("part", ["ABDOMEN", "KNEE", "LIVER"])
def test_whatever_body_part_the_source_names(case: Path, tmp_path: Path, part: str) -> None:
    """Validators ask for a laterality by it: none of an abdomen, one of a knee."""
    source = trunk_source({**HEADER, "00180015": {"vr": "CS", "Value": [part]}})
    kinds = [DicomObject.CAPTURES, DicomObject.PDF, DicomObject.SR, DicomObject.SR_PLANAR]
    iods = [IODS[name] for name in ("multi_frame", "pdf", "sr", "sr_planar")]
    written = write_objects(case, kinds, tmp_path, source=source)
    assert [errors_of(one.path, iod) for one, iod in zip(written, iods, strict=True)] == [[]] * 4


def test_frames_hold_the_pictures_to_the_pixel(case: Path, tmp_path: Path) -> None:
    """The smaller one on the sheets' background; RLE loses nothing."""
    (one,) = write_objects(case, [DicomObject.CAPTURES], tmp_path, source=trunk_source())
    frames = dcmread(one.path).pixel_array
    pictures = sorted(case.glob("*.png"))
    assert len(frames) == len(pictures) == 2
    for frame, path in zip(frames, pictures, strict=True):
        with Image.open(path) as image:
            picture = np.asarray(image.convert("RGB"))
        top, left = ((a - b) // 2 for a, b in zip(frame.shape, picture.shape[:2], strict=False))
        height, width, _ = picture.shape
        assert (frame[top : top + height, left : left + width] == picture).all()
    assert one.path.stat().st_size < 0.5 * frames.nbytes


def test_single_frames_hold_them_too(case: Path, tmp_path: Path) -> None:
    """Each in its own size."""
    written = write_objects(case, [DicomObject.CAPTURES], tmp_path, SINGLE, source=trunk_source())
    for one, path in zip(written, sorted(case.glob("*.png")), strict=True):
        with Image.open(path) as image:
            assert (dcmread(one.path).pixel_array == np.asarray(image.convert("RGB"))).all()


def test_dcmtk_reads_them(case: Path, tmp_path: Path) -> None:
    """As an archive's workstation does."""
    (one,) = write_objects(case, [DicomObject.TABLE], tmp_path, source=trunk_source())
    raw = tmp_path / "raw.dcm"
    output_of("dcmdrle", one.path, raw)
    picture = tmp_path / "frame.ppm"
    output_of("dcmj2pnm", "--write-raw-pnm", raw, picture)
    with Image.open(picture) as image:
        assert (np.asarray(image) == dcmread(one.path).pixel_array[0]).all()


def test_a_case_without_pictures_has_no_captures(case: Path, tmp_path: Path) -> None:
    """Retention removed them, or there was nothing to draw."""
    folder = shutil.copytree(case, tmp_path / "case")
    for picture in folder.glob("*.png"):
        picture.unlink()
    assert write_objects(folder, [DicomObject.CAPTURES], tmp_path, source=trunk_source()) == []
    table = write_objects(folder, [DicomObject.TABLE], tmp_path, source=trunk_source())
    assert len(table) == 1


@pytest.mark.parametrize("language", ["en", "pt"])
def test_the_pdf_object_holds_the_report(case: Path, tmp_path: Path, language: str) -> None:
    """The same bytes as the file; a validator and DCMTK read it."""
    options = ObjectOptions(language=language)  # type: ignore[arg-type]
    (one,) = write_objects(
        case, [DicomObject.PDF], tmp_path, options, source=trunk_source(), earlier=EARLIER
    )
    assert errors_of(one.path, IODS["pdf"]) == []
    header = dcmread(one.path)
    assert header.Modality == "DOC"
    write_pdf(case, tmp_path / "file.pdf", options.language, EARLIER)
    expected = (tmp_path / "file.pdf").read_bytes()
    assert header.EncapsulatedDocument[: header.EncapsulatedDocumentLength] == expected
    output_of("dcm2pdf", one.path, tmp_path / "extracted.pdf")
    assert (tmp_path / "extracted.pdf").read_bytes().rstrip(b"\0") == expected.rstrip(b"\0")


def test_of_verified_results_only_the_report_is_another_object(case: Path, tmp_path: Path) -> None:
    """Pictures say nothing of it, and an archive need not take them twice."""
    at = datetime(2026, 2, 2, 8, 30, tzinfo=timezone.utc)
    verified = ObjectOptions(verification=Verification("ana", at))
    kinds = [DicomObject.CAPTURES, DicomObject.TABLE, DicomObject.PDF]
    before, after = (
        write_objects(case, kinds, tmp_path / name, options, source=trunk_source())
        for name, options in (("plain", ObjectOptions()), ("verified", verified))
    )
    same = [
        one.path.read_bytes() == other.path.read_bytes()
        for one, other in zip(before, after, strict=True)
    ]
    assert same == [True, True, False]
    assert before[-1].sop_instance_uid != after[-1].sop_instance_uid
    assert before[-1].series_instance_uid != after[-1].series_instance_uid
    assert errors_of(after[-1].path, IODS["pdf"]) == []


@pytest.mark.parametrize("kind", [DicomObject.CAPTURES, DicomObject.TABLE, DicomObject.PDF])
def test_made_again_they_are_the_same(case: Path, tmp_path: Path, kind: DicomObject) -> None:
    """Byte for byte, and under other UIDs where what they say differs."""
    first, again = (
        write_objects(case, [kind], tmp_path / name, source=trunk_source()) for name in "ab"
    )
    assert [one.path.read_bytes() for one in first] == [one.path.read_bytes() for one in again]
    options = ObjectOptions(language="pt")
    other = write_objects(case, [kind], tmp_path / "c", options, source=trunk_source())
    assert other[0].sop_instance_uid != first[0].sop_instance_uid


def test_no_name_of_a_file_tells_the_patient(case: Path, tmp_path: Path) -> None:
    """Files are sent elsewhere; a case ID holds a surname."""
    kinds = [DicomObject.SR, DicomObject.CAPTURES, DicomObject.TABLE, DicomObject.PDF]
    written = write_objects(case, kinds, tmp_path, source=trunk_source())
    assert len(written) == 4
    assert not any("silva" in one.path.name.lower() for one in written)
