"""What is kept of the images a case was made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pydicom
from dicom_series import SeriesOnDisk, enhanced_mr
from pydicom.dataset import Dataset

from heimdallr.preparation.prepare import PreparedStudy, prepare
from heimdallr.preparation.source_images import source_of
from heimdallr.publishing.source_file import read_source, source_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from heimdallr.domain.source_images import SourceImages


def source(folder: Path, work: Path) -> SourceImages:
    """The source of the only study of a folder."""
    prepared = next(prepare(folder, work))
    assert isinstance(prepared, PreparedStudy), prepared.error
    assert prepared.source is not None
    return prepared.source


def value(made: SourceImages, tag: str) -> object:
    """The first value of an attribute."""
    return made.header[tag]["Value"][0]


def test_planes_stand_in_order_along_the_normal(tmp_path: Path) -> None:
    """Whatever the order of files and numbers, each with its own instance."""
    series = SeriesOnDisk(orientation=(-1.0, 0.0, 0.0, 0.0, 1.0, 0.0))
    series.write(tmp_path / "in")
    made = source(tmp_path / "in", tmp_path / "work")
    positions = np.array([plane.position_lps_mm for plane in made.planes])
    assert np.allclose(positions, series.positions_mm(), atol=1e-3)
    assert [plane.sop_instance_uid.rsplit(".", 1)[1] for plane in made.planes] == [
        str(k + 1) for k in range(12)
    ]
    assert {plane.frame for plane in made.planes} == {None}
    assert (made.rows, made.columns, made.pixel_spacing_mm) == (40, 48, (3.0, 3.2))
    assert made.slice_thickness_mm == 4.0


def test_frames_of_a_multi_frame_instance_have_their_numbers(tmp_path: Path) -> None:
    """From 1, and only those of the stack that was measured."""
    enhanced_mr(tmp_path / "in")
    made = source(tmp_path / "in", tmp_path / "work")
    assert len({plane.sop_instance_uid for plane in made.planes}) == 1
    assert [plane.frame for plane in made.planes] == [1, 3, 5, 7, 9, 11, 13, 15]


def test_names_keep_every_group_and_orders_their_numbers(tmp_path: Path) -> None:
    """An object for the archive carries what the archive knows the patient by."""
    request, issuer = Dataset(), Dataset()
    request.RequestedProcedureID, request.ScheduledProcedureStepID = "RP1", "SPS1"
    issuer.LocalNamespaceEntityID = "HOSPITAL"
    tags = {
        "SpecificCharacterSet": "ISO_IR 192",
        "PatientName": "Yamada^Tarou=山田^太郎=やまだ^たろう",
        "IssuerOfPatientID": "HOSPITAL",
        "RequestAttributesSequence": [request],
        "IssuerOfAccessionNumberSequence": [issuer],
        "PlacerOrderNumberImagingServiceRequest": "PL-1",
        "PatientComments": "told in confidence",
    }
    SeriesOnDisk(tags=tags).write(tmp_path / "in")
    made = source(tmp_path / "in", tmp_path / "work")
    assert value(made, "00100010") == {
        "Alphabetic": "Yamada^Tarou",
        "Ideographic": "山田^太郎",
        "Phonetic": "やまだ^たろう",
    }
    assert value(made, "00100021") == "HOSPITAL"
    assert value(made, "00402016") == "PL-1"
    item = made.header["00400275"]["Value"][0]
    assert item["00401001"]["Value"] == ["RP1"]
    assert "told in confidence" not in source_json(made)


def test_text_that_is_not_in_the_declared_set_is_read_as_what_it_is(tmp_path: Path) -> None:
    """UTF-8 under a Latin-1 declaration, as preparation reads it elsewhere."""
    paths = SeriesOnDisk(tags={"PatientName": "MuXXller", "StudyDescription": "X"}).write(
        tmp_path / "in"
    )
    for path in paths:
        path.write_bytes(path.read_bytes().replace(b"MuXXller", "Mu\u0308ller ".encode()[:8]))
    made = source(tmp_path / "in", tmp_path / "work")
    assert value(made, "00100010") == {"Alphabetic": "Mu\u0308ller"}


def test_nothing_private_is_kept(tmp_path: Path) -> None:
    """Neither at the top nor within sequences."""
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "1", "L", "CT"
    block = code.private_block(0x0009, "SOMEBODY", create=True)
    block.add_new(1, "LO", "hidden")
    SeriesOnDisk(tags={"ProcedureCodeSequence": [code]}).write(tmp_path / "in")
    made = source(tmp_path / "in", tmp_path / "work")
    assert set(made.header["00081032"]["Value"][0]) == {"00080100", "00080102", "00080104"}


def test_it_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    """The file is all a later object has."""
    SeriesOnDisk().write(tmp_path / "in")
    made = source(tmp_path / "in", tmp_path / "work")
    (tmp_path / "source.json").write_text(source_json(made))
    assert read_source(tmp_path) == made


def test_an_old_case_finds_its_images_by_its_series(tmp_path: Path) -> None:
    """The same scan finds the same planes among other series."""
    mine = SeriesOnDisk()
    mine.write(tmp_path / "in", "mine")
    other = SeriesOnDisk(series_uid="1.2.826.0.1.3680043.2.1125.1.6", depths_mm=(0, 1, 2, 3, 4, 5))
    other.write(tmp_path / "in", "other")
    files = list((tmp_path / "in").iterdir())
    found = source_of(files, mine.series_uid)
    assert found is not None
    assert len(found.planes) == 12
    assert found == source(tmp_path / "in", tmp_path / "work")
    assert source_of(files, "1.2.3") is None


def test_images_of_several_series_keep_their_own(tmp_path: Path) -> None:
    """A volume put together of images that carry a SeriesInstanceUID each."""
    for k, image in enumerate(SeriesOnDisk().images()):
        image.SeriesInstanceUID = f"1.2.826.0.1.3680043.2.1125.1.5{k:02d}"
        (tmp_path / "in").mkdir(exist_ok=True)
        pydicom.dcmwrite(tmp_path / "in" / f"{k}.dcm", image, enforce_file_format=True)
    made = source(tmp_path / "in", tmp_path / "work")
    named = {plane.series_instance_uid or value(made, "0020000E") for plane in made.planes}
    assert len(named) == 12


def test_the_images_without_uids_say_so(real_set: Callable[[str], Path], tmp_path: Path) -> None:
    """JPEG 2000 images whose four UIDs are empty: nothing is made up here."""
    made = source(real_set("ct_totalsegmentator_example") / "dicom", tmp_path)
    assert len(made.planes) == 20
    assert {plane.sop_instance_uid for plane in made.planes} == {""}
