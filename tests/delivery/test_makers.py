"""Objects and messages as each destination wants them."""

from __future__ import annotations

import base64
import json
import shutil
from typing import TYPE_CHECKING, Literal

import pytest
from dicom_validators import errors_of
from liver_cases import liver_case
from message_cases import STUDY_UID, case_folder, identity
from object_cases import trunk_folder, trunk_source
from pydicom import dcmread

from heimdallr.delivery.destinations import (
    DicomNode,
    DicomWeb,
    FhirServer,
    Folder,
    Hl7Listener,
    Peer,
)
from heimdallr.delivery.kinds import DICOM_KINDS
from heimdallr.delivery.makers import MAKERS
from heimdallr.delivery.making import Order, StudyFacts
from heimdallr.domain.errors import ObjectError, UnsendableError
from heimdallr.domain.source_images import SOURCE_FILE
from heimdallr.hl7v2.syntax import read
from heimdallr.publishing.source_file import source_json
from heimdallr.store.models import StudyState

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.delivery.kinds import Kind
    from heimdallr.publishing.schema import Identity


def order(folder: Path, kind: Kind, peer: Peer, who: Identity | None = None) -> Order:
    """A message of a case for a destination."""
    (folder / "made").mkdir()
    return Order(
        kind=kind,
        case=case_folder(folder / "case", who=who),
        folder=folder / "made",
        peer=peer,
        language="pt",
        study=StudyFacts(1, STUDY_UID, "123456", 1, StudyState.DONE, "", ()),
        results_digest="0" * 64,
    )


def test_a_bundle_names_patients_as_the_server_does(tmp_path: Path) -> None:
    """The system of its own numbers; words in the destination's language."""
    server = FhirServer(url="https://record/fhir", patient_system="http://hospital.example/mrn")
    made = MAKERS["fhir"](order(tmp_path, "fhir", server))
    assert [one.media_type for one in made] == ["application/fhir+json"]
    bundle = json.loads(made[0].path.read_bytes())
    patient = bundle["entry"][0]["resource"]
    assert patient["identifier"][0]["system"] == "http://hospital.example/mrn"
    assert bundle["entry"][3]["resource"]["code"]["text"] == "Fígado, volume"


def test_a_message_is_addressed_to_its_receiver(tmp_path: Path) -> None:
    """Application, facilities, who gives PatientID, the character set."""
    engine = Hl7Listener(
        host="10.1.2.3",
        receiving_application="RIS",
        receiving_facility="HOSPITAL",
        sending_facility="RADIOLOGY",
        assigning_authority="MRN",
        character_set="8859/1",
    )
    made = MAKERS["hl7"](order(tmp_path, "hl7", engine))
    assert [one.media_type for one in made] == ["x-application/hl7-v2+er7"]
    message = read(made[0].path.read_bytes())
    told = [message.header.text(field) for field in (4, 5, 6, 18)]
    assert told == ["RADIOLOGY", "RIS", "HOSPITAL", "8859/1"]
    patient = message.first("PID")
    assert patient is not None
    assert patient.text(3, 4) == "MRN"


@pytest.mark.parametrize("kind", ["fhir", "hl7"])
def test_what_names_no_patient_is_not_made(tmp_path: Path, kind: Kind) -> None:
    """For a folder neither."""
    nobody = order(tmp_path, kind, Folder(path=tmp_path), identity(patient_id=""))
    with pytest.raises(UnsendableError):
        MAKERS[kind](nobody)


DICOM_FILES = {
    "seg": ["seg-total.dcm"], "seg_regular": [], "sr": ["sr-01.dcm"], "sr_planar": [],
    "sc": [], "sc_table": ["sc_table-01.dcm"], "pdf": ["pdf-01.dcm"],
}  # fmt: skip


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study's images as they were received."""
    return tmp_path_factory.mktemp("received")


@pytest.fixture(scope="module")
def liver(images: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case folder with a liver."""
    return liver_case(images, tmp_path_factory.mktemp("made"))


def order_of(case: Path, folder: Path, kind: Kind, peer: Peer, **more: object) -> Order:
    """An object of a case for a destination."""
    folder.mkdir(parents=True)
    facts = StudyFacts(1, STUDY_UID, "123456", 1, StudyState.DONE, "", ())
    return Order(kind, case, folder, peer, "en", facts, "0" * 64, **more)  # type: ignore[arg-type]


def test_every_dicom_kind_has_its_maker(liver: Path, tmp_path: Path) -> None:
    """Some are several files, some none; each with its UIDs and a name that says nothing."""
    archive = DicomNode(ae_title="ARCHIVE", host="127.0.0.1")
    for kind in DICOM_KINDS:
        made = MAKERS[kind](order_of(liver, tmp_path / kind, kind, archive))
        assert [one.path.name for one in made] == DICOM_FILES[kind], kind
        for one in made:
            dataset = dcmread(one.path, stop_before_pixels=True)
            assert one.sop_class_uid == dataset.SOPClassUID
            assert one.sop_instance_uid == dataset.SOPInstanceUID
            assert one.series_instance_uid == dataset.SeriesInstanceUID


def test_an_archive_has_its_own_kind_of_segmentation(liver: Path, tmp_path: Path) -> None:
    """Label maps where it wants them; its report then refers to none of them."""
    archive = DicomWeb(url="http://archive/dicom-web", segmentation="labelmap")
    (made,) = MAKERS["seg"](order_of(liver, tmp_path / "seg", "seg", archive))
    assert dcmread(made.path, stop_before_pixels=True).SegmentationType == "LABELMAP"
    (report,) = MAKERS["sr"](order_of(liver, tmp_path / "sr", "sr", archive))
    assert made.sop_instance_uid.encode() not in report.path.read_bytes()


def test_an_archive_may_ask_for_every_structure(tmp_path: Path) -> None:
    """By default it gets those that numbers are checked with."""
    case = trunk_folder(tmp_path / "trunk")
    (case / SOURCE_FILE).write_text(source_json(trunk_source()))
    names = {}
    ways: tuple[Literal["usual", "all"], ...] = ("usual", "all")
    for wanted in ways:
        archive = DicomNode(ae_title="ARCHIVE", host="127.0.0.1", structures=wanted)
        made = MAKERS["seg"](order_of(case, tmp_path / wanted, "seg", archive))
        names[wanted] = {
            one.SegmentLabel
            for each in made
            for one in dcmread(each.path, stop_before_pixels=True).SegmentSequence
        }
    assert "Vertebra L3" in names["usual"] < names["all"]
    assert "Skeletal muscle" in names["all"] - names["usual"]


def test_a_report_of_newer_results_replaces_the_one_before(liver: Path, tmp_path: Path) -> None:
    """It names its predecessor and is another object than one without."""
    archive = DicomNode(ae_title="ARCHIVE", host="127.0.0.1")
    (first,) = MAKERS["sr"](order_of(liver, tmp_path / "1", "sr", archive))
    before = (first.series_instance_uid, first.sop_class_uid, first.sop_instance_uid)
    (second,) = MAKERS["sr"](order_of(liver, tmp_path / "2", "sr", archive, replaces=(before,)))
    assert second.sop_instance_uid != first.sop_instance_uid
    assert "PredecessorDocumentsSequence" not in dcmread(first.path)
    (named,) = dcmread(second.path).PredecessorDocumentsSequence
    (series,) = named.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == first.series_instance_uid
    assert series.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == first.sop_instance_uid
    assert errors_of(second.path, "Comprehensive3DSR") == []


def test_an_old_case_is_sent_too(liver: Path, images: Path, tmp_path: Path) -> None:
    """Its images are found where they were received; gone, too, nothing is made up."""
    old = tmp_path / liver.name
    shutil.copytree(liver, old)
    (old / "source.json").unlink()
    archive = DicomNode(ae_title="ARCHIVE", host="127.0.0.1")
    (made,) = MAKERS["sr"](order_of(old, tmp_path / "old", "sr", archive, images=images))
    (whole,) = MAKERS["sr"](order_of(liver, tmp_path / "whole", "sr", archive))
    assert made.path.read_bytes() == whole.path.read_bytes()
    with pytest.raises(ObjectError):
        MAKERS["sr"](order_of(old, tmp_path / "gone", "sr", archive, images=tmp_path / "none"))


def test_the_report_of_one_page_as_a_file_and_in_messages(liver: Path, tmp_path: Path) -> None:
    """Only where the destination wants it, the same page everywhere."""
    (made,) = MAKERS["report"](order_of(liver, tmp_path / "r", "report", Folder(path=tmp_path)))
    assert made.media_type == "application/pdf"
    page = base64.b64encode(made.path.read_bytes())
    assert page.startswith(base64.b64encode(b"%PDF-1"[:6]))
    server = FhirServer(url="https://record/fhir", with_report=True)
    (bundle,) = MAKERS["fhir"](order_of(liver, tmp_path / "f", "fhir", server))
    assert page in bundle.path.read_bytes()
    engine = Hl7Listener(host="10.1.2.3", with_report=True)
    (message,) = MAKERS["hl7"](order_of(liver, tmp_path / "h", "hl7", engine))
    (again,) = MAKERS["hl7"](order_of(liver, tmp_path / "elsewhere" / "h", "hl7", engine))
    assert page in message.path.read_bytes()
    assert again.path.read_bytes() == message.path.read_bytes(), "wherever the page lay"
    (without,) = MAKERS["hl7"](order_of(liver, tmp_path / "w", "hl7", Hl7Listener(host="10.1.2.3")))
    assert b"|ED|" not in without.path.read_bytes()


def test_a_message_takes_back_what_an_earlier_one_said(liver: Path, tmp_path: Path) -> None:
    """A finding that newer results do not have must not stay in the record."""
    engine = Hl7Listener(host="10.1.2.3")
    said = ("liver_vol_cm3", "finding_splenomegaly")
    (made,) = MAKERS["hl7"](order_of(liver, tmp_path / "h", "hl7", engine, said=said))
    taken_back = [one for one in read(made.path.read_bytes()).all("OBX") if one.text(11) == "D"]
    assert [one.text(3) for one in taken_back] == ["finding_splenomegaly"]
    assert "liver_vol_cm3" in made.said
    assert "finding_splenomegaly" not in made.said
