"""What every object says of patient, study and equipment, whatever its source's header is like."""

from __future__ import annotations

import io
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pydicom
import pytest
from measured_cases import measured_trunk
from object_cases import HEADER, trunk_folder, trunk_source

from heimdallr.domain.errors import ObjectError
from heimdallr.domain.identity import OWN_UID_ROOT, is_own_object
from heimdallr.publishing.dicom.case_content import CaseFolderContent, read_case
from heimdallr.publishing.dicom.header import described, frame_of_reference, new_object
from heimdallr.publishing.dicom.kinds import DicomObject
from heimdallr.publishing.dicom.objects import write_objects
from heimdallr.publishing.schema import RESULTS_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pydicom.dataset import Dataset


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case folder."""
    return trunk_folder(tmp_path_factory.mktemp("case"))


def made_of(content: CaseFolderContent) -> Dataset:
    """An object without content, as it is read again."""
    new = new_object(
        content,
        sop_class_uid="1.2.840.10008.5.1.4.1.1.66.4",
        sop_instance_uid=content.uids.instance(DicomObject.SEG, "total"),
        series_instance_uid=content.uids.series(DicomObject.SEG, "total"),
        modality="SEG",
        series_number=9100,
        series_description="Segmentation of organs",
    )
    file = io.BytesIO()
    pydicom.dcmwrite(file, new, enforce_file_format=True)
    file.seek(0)
    return pydicom.dcmread(file)


def of_header(folder: Path, **changed: dict[str, Any]) -> Dataset:
    """The object of a source whose header says this as well: ``x00100010={...}``."""
    header = {**HEADER, **{tag[1:]: element for tag, element in changed.items()}}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return made_of(read_case(folder, trunk_source(header)))


def test_the_patient_keeps_every_group_of_the_name(folder: Path) -> None:
    """Names are not only alphabetic, and the file is UTF-8."""
    made = of_header(folder)
    assert str(made.PatientName) == "SILVA^MARIA JOSÉ=山田"
    assert made.SpecificCharacterSet == "ISO_IR 192"
    assert made.AccessionNumber == "123456"


def test_the_object_is_known_as_our_own(folder: Path) -> None:
    """What comes back from a PACS must not be processed."""
    made = of_header(folder)
    assert is_own_object(made.Manufacturer)
    assert is_own_object("", made.SOPInstanceUID)
    assert is_own_object("", made.SeriesInstanceUID)
    assert len(made.SOPInstanceUID) <= 64


def test_every_description_says_what_it_is_not_for(folder: Path) -> None:
    """And fits into the 64 characters of an LO."""
    assert of_header(folder).SeriesDescription.endswith("not for clinical use")
    assert len(described("x" * 200)) == 64


@pytest.mark.parametrize(
    ("tag", "element", "keyword"),
    [
        ("00100010", {"vr": "PN"}, "PatientName"),
        ("00100020", {"vr": "LO", "Value": [None]}, "PatientID"),
        ("00100030", {"vr": "DA", "Value": ["unknown"]}, "PatientBirthDate"),
        ("00100040", {"vr": "CS", "Value": ["MALE?"]}, "PatientSex"),
        ("00080020", {"vr": "DA", "Value": ["2026-13-01"]}, "StudyDate"),
        ("00080030", {"vr": "TM", "Value": ["99"]}, "StudyTime"),
        ("00080050", {"vr": "SH", "Value": [""]}, "AccessionNumber"),
        ("00200010", {"vr": "SH"}, "StudyID"),
        ("00080090", {"vr": "PN", "Value": [{"Alphabetic": ""}]}, "ReferringPhysicianName"),
    ],
)
def test_what_is_missing_or_malformed_is_there_and_empty(
    folder: Path, tag: str, element: dict[str, Any], keyword: str
) -> None:
    """Type 2: an attribute has to be there; a value that is none does not become one."""
    made = of_header(folder, **{f"x{tag}": element})
    assert keyword in made
    assert not made[keyword].value


@pytest.mark.parametrize(
    ("tag", "element", "keyword", "value"),
    [
        ("00100030", {"vr": "DA", "Value": ["1960.01.02"]}, "PatientBirthDate", "19600102"),
        ("00080030", {"vr": "TM", "Value": ["10:11:12"]}, "StudyTime", "101112"),
        ("00100040", {"vr": "CS", "Value": ["f"]}, "PatientSex", "F"),
        ("00080050", {"vr": "SH", "Value": ["A" * 20]}, "AccessionNumber", "A" * 20),
    ],
)
def test_what_only_looks_odd_is_kept(
    folder: Path, tag: str, element: dict[str, Any], keyword: str, value: str
) -> None:
    """Old forms become the standard's; a long accession number is the one the PACS knows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's, of a length
        assert of_header(folder, **{f"x{tag}": element})[keyword].value == value


def test_a_description_that_is_too_long_is_cut_and_an_identifier_is_not(folder: Path) -> None:
    """The archive knows the patient by the whole number, whatever its length."""
    long = {"vr": "LO", "Value": ["X" * 70]}
    made = of_header(folder, x00081030=long, x00100020=long)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's, of the length
        assert (len(made.StudyDescription), len(made.PatientID)) == (64, 70)


@pytest.mark.parametrize(
    ("tag", "vr", "values", "one"),
    [
        ("x00081030", "LO", ["CT abdomen", "pelvis"], "CT abdomen/pelvis"),
        ("x00081030", "LO", [r"CT abdomen\pelvis"], "CT abdomen/pelvis"),
        ("x00081080", "LO", ["a", "b"], ["a", "b"]),
        ("x00080050", "SH", ["A1", "A2"], ["A1", "A2"]),
    ],
)
def test_a_backslash_in_a_description_parts_nothing(
    folder: Path, tag: str, vr: str, values: list[str], one: object
) -> None:
    """What has one value keeps one. Numbers stay as they are: the archive has both orders."""
    assert of_header(folder, **{tag: {"vr": vr, "Value": values}})[int(tag[1:], 16)].value == one


def test_equipment_of_any_description_is_told_in_a_valid_form(folder: Path) -> None:
    """A station of 20 letters, a manufacturer with a backslash."""
    station = {"vr": "SH", "Value": ["CT-ROOM-2-BASEMENT-WEST"]}
    made = of_header(folder, x00081010=station, x00080070={"vr": "LO", "Value": ["A", "B"]})
    scanner = made.ContributingEquipmentSequence[0]
    assert (scanner.StationName, scanner.Manufacturer) == ("CT-ROOM-2-BASEME", "A/B")


def test_elements_of_other_kinds_neither_fail_nor_pass(folder: Path) -> None:
    """An item of a sequence may hold anything."""
    odd = {
        "vr": "SQ",
        "Value": [
            {
                "00401001": {"vr": "SH", "Value": ["RP1"]},
                "00280010": {"vr": "US", "Value": [5, "x"]},
                "00101020": {"vr": "DS", "Value": [1.7500000000000002, "x", None]},
                "7FE00010": {"vr": "OW", "InlineBinary": "AAAA"},
            }
        ],
    }
    (item,) = of_header(folder, x00400275=odd).RequestAttributesSequence
    assert (item.RequestedProcedureID, item.Rows, item.PatientSize) == ("RP1", 5, 1.75)
    assert "PixelData" not in item


def test_items_that_lack_what_they_must_have_are_left_out(folder: Path) -> None:
    """An empty code in a header must not become an invalid one in an object."""
    code = {"vr": "SQ", "Value": [{"00080100": {"vr": "SH"}, "00080104": {"vr": "LO"}}]}
    assert "ProcedureCodeSequence" not in of_header(folder, x00081032=code)


def test_removed_identity_says_that_the_method_is_not_told(folder: Path) -> None:
    """DeidentificationMethod is Type 1C; some anonymisers leave it empty."""
    removed: Mapping[str, dict[str, Any]] = {
        "x00120062": {"vr": "CS", "Value": ["YES"]},
        "x00120063": {"vr": "LO"},
    }
    assert of_header(folder, **removed).DeidentificationMethod == "not told by the source images"


def test_times_are_those_of_the_results_in_the_zone_of_the_study(folder: Path) -> None:
    """TimezoneOffsetFromUTC holds for all times of an object, ours included."""
    assert of_header(folder).ContentTime == "100230"
    zone = {"vr": "SH", "Value": ["+0100"]}
    assert of_header(folder, x00080201=zone).ContentTime == "140230"


def test_scanner_and_every_algorithm_contributed(folder: Path) -> None:
    """IHE AIR: each algorithm with manufacturer, model, versions and a UID of its own."""
    scanner, *algorithms = of_header(folder).ContributingEquipmentSequence
    assert scanner.Manufacturer == "SIEMENS"
    assert len({one.DeviceUID for one in algorithms}) == len(algorithms) == 2
    assert all("not for clinical use" in one.ContributionDescription for one in algorithms)


def test_made_again_of_the_same_it_is_the_same(folder: Path) -> None:
    """Archives take a known SOPInstanceUID for a repetition: then it has to be one."""
    assert of_header(folder) == of_header(folder)


def test_changed_results_are_another_object(folder: Path, tmp_path: Path) -> None:
    """A revision has new UIDs, of instance and series, within the same study."""
    before = of_header(folder)
    copy = tmp_path / folder.name
    copy.mkdir()
    for name in ("id.json", RESULTS_FILE):
        (copy / name).write_bytes((folder / name).read_bytes())
    text = (copy / RESULTS_FILE).read_text()
    (copy / RESULTS_FILE).write_text(text.replace('"notices": []', '"notices": ["x"]'))
    after = made_of(read_case(copy, trunk_source()))
    assert before.SOPInstanceUID != after.SOPInstanceUID
    assert before.SeriesInstanceUID != after.SeriesInstanceUID
    assert before.StudyInstanceUID == after.StudyInstanceUID == "1.2.3"


def test_empty_uids_of_the_source_are_made_up_and_that_is_said(folder: Path) -> None:
    """Nothing can be referred to without a UID; no archive knows these."""
    header = {tag: one for tag, one in HEADER.items() if one["vr"] != "UI"}
    content = read_case(folder, trunk_source(header))
    made = made_of(content)
    assert made.StudyInstanceUID.startswith(OWN_UID_ROOT)
    assert frame_of_reference(content.source).FrameOfReferenceUID.startswith(OWN_UID_ROOT)
    assert [one.code for one in content.notices] == ["source_uids_missing"]
    assert "no PACS has them" in made.ContributingEquipmentSequence[-1].ContributionDescription


def test_what_is_no_uid_is_none(folder: Path) -> None:
    """As where it is empty: nothing refers to a frame of reference called so."""
    header = {**HEADER, "00200052": {"vr": "UI", "Value": ["unknown"]}}
    content = read_case(folder, trunk_source(header))
    assert frame_of_reference(content.source).FrameOfReferenceUID.startswith(OWN_UID_ROOT)
    assert content.notices == ()
    header["0020000D"] = {"vr": "UI", "Value": ["1.2.x"]}
    content = read_case(folder, trunk_source(header))
    assert made_of(content).StudyInstanceUID.startswith(OWN_UID_ROOT)
    assert [one.code for one in content.notices] == ["source_uids_missing"]


STUDY, SERIES, PLACE = "1.2.840.04532.1", "1.2.840.04532.2", "7"


def test_uids_that_old_modalities_give_are_those_every_object_names(tmp_path: Path) -> None:
    """Leading zeros, a single number: the archive has the study under these and under no other."""
    given = {"0020000D": STUDY, "0020000E": SERIES, "00200052": PLACE}
    header = {**HEADER, **{tag: {"vr": "UI", "Value": [uid]} for tag, uid in given.items()}}
    plain = trunk_source(header)
    planes = tuple(
        replace(one, sop_instance_uid=f"{SERIES}.0{n}") for n, one in enumerate(plain.planes)
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="Invalid value")  # it would quote them
        written = write_objects(
            measured_trunk(tmp_path / "case"),
            list(DicomObject),
            tmp_path / "objects",
            source=replace(plain, planes=planes),
        )
    assert {one.kind for one in written} == set(DicomObject)
    for one in written:
        named = _uids_of(one.path)
        assert named["StudyInstanceUID"] == {STUDY}
        if one.kind in {DicomObject.SEG, DicomObject.SEG_REGULAR}:
            assert named["FrameOfReferenceUID"] == {PLACE}
        if one.kind in {DicomObject.SEG, DicomObject.SR, DicomObject.SR_PLANAR}:
            assert SERIES in named["SeriesInstanceUID"]
            referred = {uid for uid in named["ReferencedSOPInstanceUID"] if SERIES in uid}
            assert referred
            assert referred <= {plane.sop_instance_uid for plane in planes}


def _uids_of(path: Path) -> dict[str, set[str]]:
    """Keyword → the UIDs that an object has under it, at any depth."""
    found: dict[str, set[str]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's, of their form
        for one in pydicom.dcmread(path).iterall():
            if one.VR == "UI":
                found.setdefault(one.keyword, set()).add(str(one.value))
    return found


def test_a_folder_that_does_not_tell_its_images_needs_a_source(folder: Path) -> None:
    """Older folders have no source.json."""
    with pytest.raises(ObjectError, match="which images"):
        read_case(folder)


def test_what_is_no_case_folder_is_refused(tmp_path: Path) -> None:
    """Without a word of what its files hold."""
    with pytest.raises(ObjectError, match="cannot be read"):
        read_case(tmp_path, trunk_source())
