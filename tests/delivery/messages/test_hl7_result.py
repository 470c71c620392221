"""ORU^R01 as a receiver reads it: escaped, in the bytes it declares, nothing made up."""

from __future__ import annotations

import base64
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest
from message_cases import (
    CT,
    FINDINGS,
    SITE_FINDING,
    SITE_NAME,
    STUDY_UID,
    case_folder,
    identity,
    measured,
    results,
    source,
)

from heimdallr.delivery.messages.hl7_fields import spelled
from heimdallr.delivery.messages.hl7_result import (
    Hl7Options,
    hl7_result,
    said,
    write_hl7_result,
)
from heimdallr.delivery.messages.reported_case import read_case, reported_names
from heimdallr.domain.errors import UnsendableError
from heimdallr.domain.verification import Verification
from heimdallr.hl7v2.character_sets import CODECS
from heimdallr.hl7v2.syntax import Message, Segment, read

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.domain.source_images import SourceImages
    from heimdallr.hl7v2.character_sets import CharacterSet
    from heimdallr.publishing.schema import Identity, Results


def message(
    folder: Path,
    options: Hl7Options | None = None,
    *,
    content: Results | None = None,
    who: Identity | None = None,
    images: SourceImages | None = None,
    unsaid: tuple[str, ...] = (),
    verification: Verification | None = None,
    corrects: tuple[str, ...] = (),
) -> Message:
    """The message of a case folder made of these, as a receiver reads it."""
    case = read_case(
        case_folder(folder, content, who, images),
        unsaid=unsaid,
        verification=verification,
        corrects=corrects,
    )
    return read(hl7_result(case, options or Hl7Options()))


def one(found: Message, name: str) -> Segment:
    """The segment of a name that is there once."""
    segments = found.all(name)
    assert len(segments) == 1
    return segments[0]


def observed(found: Message, name: str) -> tuple[Segment, list[str]]:
    """The OBX of a measurement, and what its NTEs say."""
    segments = list(found.segments)
    place = next(
        index
        for index, segment in enumerate(segments)
        if segment.name == "OBX" and segment.text(3) == name
    )
    notes = []
    for segment in segments[place + 1 :]:
        if segment.name != "NTE":
            break
        notes.append(segment.text(3))
    return segments[place], notes


def test_a_number_has_its_unit_its_limit_and_its_flag(tmp_path: Path) -> None:
    """NM, UCUM, the published limit and its source."""
    found = message(tmp_path / "case")
    spleen, notes = observed(found, "spleen_vol_cm3")
    assert [spleen.text(field) for field in (2, 5, 7, 8, 11)] == [
        "NM",
        "400.000",
        "< 314.5",
        "H",
        "P",
    ]
    assert [spleen.text(6, part) for part in (1, 2, 3)] == ["cm3", "cm3", "UCUM"]
    assert [spleen.text(3, part) for part in (3, 4, 6)] == ["99HEIMDALLR", "118565006", "SCT"]
    assert notes[0].startswith("Prassopoulos 1997")
    density, notes = observed(found, "liver_hu_eroded_mean")
    assert density.text(6, 1) == "[hnsf'U]"
    assert (density.text(7), density.text(8)) == ("", "L")
    assert notes[0].replace("\xa0", " ") == "limit ≥ 40 HU: Boyce 2010, AJR 194:623 (40 HU)"


@pytest.mark.parametrize(
    ("name", "value", "unit", "note"),
    [
        ("kidney_stones_right_diameter_mm", 8.0, "mm", "limit ≤ 10 mm: Assimos 2016"),
        ("midline_shift_mm", 4.5, "mm", "limit ≤ 5 mm: Bullock 2006"),
        ("L1_trabecular_hu_mean", 115.0, "HU", "limit ≥ 110 HU: Pickhardt 2013"),
    ],
)
def test_short_of_a_threshold_is_not_called_normal(
    tmp_path: Path, name: str, value: float, unit: str, note: str
) -> None:
    """Neither flag nor range: a stone of 8 mm is a stone."""
    found = message(tmp_path / "case", content=results((measured(name, value, unit),)))
    stone, notes = observed(found, name)
    assert [stone.raw(field) for field in (7, 8)] == ["", ""]
    assert notes[0].replace("\xa0", " ").startswith(note)


def test_within_a_normal_range_there_is_no_flag(tmp_path: Path) -> None:
    """The range goes along; what else may be wrong with a spleen, its volume does not say."""
    content = results((measured("spleen_vol_cm3", 200.0, "cm3"),))
    spleen, _ = observed(message(tmp_path / "case", content=content), "spleen_vol_cm3")
    assert [spleen.text(field) for field in (7, 8)] == ["< 314.5", ""]


def test_what_was_not_made_is_told_with_its_reason(tmp_path: Path) -> None:
    """OBX-11 X and an empty OBX-5: no receiver files a zero."""
    kidney, notes = observed(message(tmp_path / "case"), "kidney_right_vol_cm3")
    assert [kidney.raw(field) for field in (2, 5, 6, 11)] == ["ST", "", "", "X"]
    assert (
        notes == ["cut at the inferior edge (13% of its largest section)"] or "inferior" in notes[0]
    )


def test_the_order_is_told_by_all_its_numbers(tmp_path: Path) -> None:
    """Placer, filler, accession; the patient's number with whoever gave it; the visit."""
    found = message(tmp_path / "case", images=source())
    request, order, patient, visit = (one(found, name) for name in ("OBR", "ORC", "PID", "PV1"))
    assert [order.text(2), order.text(3)] == ["PL-1", "FI-1"]
    assert [request.text(field) for field in (2, 3, 18, 19, 25)] == [
        *("PL-1", "FI-1", "123456", "RP-1", "P"),
    ]
    assert [request.text(4, part) for part in (1, 3, 4, 6)] == [
        *("measurements", "99HEIMDALLR", "TCABD", "99HOSP"),
    ]
    assert request.text(7) == "20260201101530"
    assert [patient.text(3, part) for part in (1, 4, 5)] == ["P-77", "HOSPITAL", "PI"]
    assert (visit.text(2), visit.text(19)) == ("U", "V-9")
    assert [visit.text(8, part) for part in (2, 3, 6)] == ["Souza", "Ana", "Dra."]
    uid, _ = observed(found, "110180")
    assert uid.text(5) == STUDY_UID


def test_an_old_folder_has_fewer_numbers_and_none_made_up(tmp_path: Path) -> None:
    """The filler's number falls back on the accession number, then on the study's UID."""
    found = message(tmp_path / "a", Hl7Options(assigning_authority="1.2.3"))
    assert one(found, "ORC").raw(2) == ""
    assert one(found, "OBR").text(3) == "123456"
    assert [one(found, "PID").text(3, 4, part) for part in (1, 2, 3)] == ["", "1.2.3", "ISO"]
    without = message(tmp_path / "b", who=identity(accession_number=""))
    assert one(without, "OBR").text(3) == STUDY_UID


def test_names_in_every_group(tmp_path: Path) -> None:
    """Prefix and suffix change places between DICOM and HL7; a name nobody knows says so."""
    images = source(
        tag_00100010={
            "vr": "PN",
            "Value": [{"Alphabetic": "Yamada^Tarou^^Dr.^Jr.", "Ideographic": "山田^太郎"}],
        }
    )
    found = message(
        tmp_path / "a", who=identity(patient_name="Yamada^Tarou^^Dr.^Jr."), images=images
    )
    first, second = one(found, "PID").repetitions(5)
    assert [first.text(1, part) for part in (1, 2, 4, 5, 7, 8)] == [
        *("Yamada", "Tarou", "Jr.", "Dr.", "L", "A"),
    ]
    assert [second.text(1, part) for part in (1, 2, 8)] == ["山田", "太郎", "I"]
    unknown = message(
        tmp_path / "b", who=identity(patient_name="", birth_date=None, sex=None, age_years=None)
    )
    assert one(unknown, "PID").raw(5) == "^^^^^^U"
    assert one(unknown, "PID").raw(7) == ""


def test_nothing_of_a_name_splits_a_field(tmp_path: Path) -> None:
    """Delimiters, line ends and the bytes of MLLP's frame in a header."""
    nasty = "O|NEIL&~\\E^A\rN\x0bN\x1cE"
    case = read_case(case_folder(tmp_path / "case", who=identity(patient_name=nasty)))
    content = hl7_result(case, Hl7Options(receiving_application="A|B^C"))
    assert not {b"\x0b", b"\x1c", b"\n"} & {bytes([byte]) for byte in content}
    found = read(content)
    assert one(found, "PID").text(5, 1) == "O|NEIL&~\\E"
    assert one(found, "PID").text(5, 2) == "A\rN\x0bN\x1cE"
    assert found.header.text(5) == "A|B^C"


@pytest.mark.parametrize("character_set", ["UNICODE UTF-8", "8859/1"])
def test_bytes_are_those_that_msh_18_declares(tmp_path: Path, character_set: CharacterSet) -> None:
    """With the accents of a Portuguese name, and signs that Latin-1 lacks spelled."""
    case = read_case(case_folder(tmp_path / "case"))
    content = hl7_result(case, Hl7Options(character_set=character_set, language="pt"))
    text = content.decode(CODECS[character_set])
    assert "MARIA JOSÉ" in text
    assert read(content).header.text(18) == character_set
    assert ("—" in text) == (character_set == "UNICODE UTF-8")


def test_a_patient_is_never_spelled_otherwise(tmp_path: Path) -> None:
    """A name without its accent may be another's: the message is refused, and says what to do."""
    case = read_case(case_folder(tmp_path / "case"))
    with pytest.raises(UnsendableError) as refused:
        hl7_result(case, Hl7Options(character_set="ASCII"))
    assert refused.value.why.code == "name_not_in_character_set"
    plain = read_case(case_folder(tmp_path / "plain", who=identity(patient_name="SILVA^MARIA")))
    content = hl7_result(plain, Hl7Options(character_set="ASCII", language="pt"))
    assert b"Figado, volume" in content


@pytest.mark.parametrize(
    ("text", "ascii_text"),
    [
        ("Fígado", "Figado"),
        ("≥ 92.2–144.3 cm²", ">= 92.2-144.3 cm2"),
        ("山", "?"),
        ("\uff06\uff3e\uff5c", r"\T\\S\\F\ ".strip()),
    ],
)
def test_our_words_are_spelled_with_fewer_letters(text: str, ascii_text: str) -> None:
    """Also those that would come out as a delimiter."""
    assert spelled(text, "ascii") == ascii_text


def test_findings_and_the_report_are_there_to_read(tmp_path: Path) -> None:
    """TX with the severity's flag, the caveats behind it, the report a line an OBX."""
    found = message(tmp_path / "case", Hl7Options(language="pt"))
    finding, notes = observed(found, "finding_splenomegaly")
    assert [finding.text(field) for field in (2, 8)] == ["TX", "A"]
    assert notes[0].startswith("a idade do paciente")
    lines = [segment for segment in found.all("OBX") if segment.text(3) == "report_text"]
    assert [line.text(4) for line in lines] == ["1", "2", "3"]
    assert lines[0].text(5) == finding.text(5)
    assert lines[2].text(5).endswith("não usar na clínica")
    numbers = [segment.text(1) for segment in found.all("OBX")]
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]


def test_a_departments_finding_is_called_by_its_rule(tmp_path: Path) -> None:
    """The code's name is the same in every case; the value is in the text."""
    told = results(findings=(SITE_FINDING,))
    sets: tuple[CharacterSet, ...] = ("UNICODE UTF-8", "8859/1")
    for character_set in sets:
        options = Hl7Options(character_set=character_set)
        found = message(tmp_path / character_set, options, content=told)
        finding, _ = observed(found, "finding_small_liver")
        assert finding.text(3, 2) == SITE_NAME
        assert finding.text(5).startswith(f"{SITE_NAME}: 870 cm")


@pytest.mark.parametrize(
    ("date", "time", "told"),
    [
        ("20260201", "10:15:30", "20260201101530"),
        ("20260201", "101530.123", "20260201101530"),
        ("20260201", "1015", "202602011015"),
        ("20260201", "256199", "20260201"),
        ("20260201", "9", "20260201"),
        ("20260201", None, "20260201"),
        (None, "101530", ""),
    ],
)
def test_a_time_that_is_none_is_not_sent(
    tmp_path: Path, date: str | None, time: str | None, told: str
) -> None:
    """Engines turn the whole message away for it."""
    who = identity(study_date=date, study_time=time)
    found = message(tmp_path / "case", who=who)
    assert one(found, "OBR").text(7) == told
    assert {segment.text(14) for segment in found.all("OBX")} == {told}


def test_a_retry_is_the_same_message(tmp_path: Path) -> None:
    """Byte for byte, under the same MSH-10; other results, or another destination, are not."""
    write_hl7_result(read_case(case_folder(tmp_path / "a")), tmp_path / "first")
    write_hl7_result(read_case(case_folder(tmp_path / "b")), tmp_path / "second")
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
    first = read((tmp_path / "first").read_bytes()).header.text(10)
    assert len(first) == 20
    others = (
        message(tmp_path / "c", content=results(CT[:2], FINDINGS)),
        message(tmp_path / "d", Hl7Options(receiving_facility="OTHER")),
    )
    assert first not in {other.header.text(10) for other in others}


def test_a_revision_takes_back_what_it_no_longer_says(tmp_path: Path) -> None:
    """OBX-11 D, by name."""
    found = message(
        tmp_path / "case", content=results(CT[1:], ()), unsaid=reported_names(results())
    )
    gone = {one.text(3): one.text(3, 2) for one in found.all("OBX") if one.text(11) == "D"}
    assert gone == {"liver_vol_cm3": "Liver, volume", "finding_splenomegaly": "Enlarged spleen"}


def test_no_line_of_an_earlier_text_stays_below_the_new_one(tmp_path: Path) -> None:
    """Whoever files by OBX-3 and OBX-4 has each of an earlier revision's replaced, or deleted."""
    page = tmp_path / "report.pdf"
    page.write_bytes(b"%PDF-1.7")
    five = results(findings=(*FINDINGS, SITE_FINDING) * 2 + FINDINGS)
    before = read_case(case_folder(tmp_path / "before", five))
    options = Hl7Options(report=page)
    filed = {(obx.text(3), obx.text(4)) for obx in read(hl7_result(before, options)).all("OBX")}
    assert {("report_text", str(line)) for line in range(1, 8)} <= filed
    after = message(
        tmp_path / "after",
        content=results(CT[1:], ()),
        unsaid=said(before, options),
    )
    told = {(obx.text(3), obx.text(4)): obx.text(11) for obx in after.all("OBX")}
    assert filed <= told.keys()
    lines = {number: status for (name, number), status in told.items() if name == "report_text"}
    assert lines == {"1": "P", "2": "P", "3": "P"} | dict.fromkeys("4567", "D")
    (gone,) = (obx for obx in after.all("OBX") if obx.text(3) == "report_pdf")
    assert (gone.text(11), gone.raw(4), gone.raw(5)) == ("D", "", "")
    again = message(tmp_path / "again", options, content=five, unsaid=said(before, options))
    assert {obx.text(11) for obx in again.all("OBX")} == {"P", "X"}


@pytest.mark.parametrize(("corrects", "told"), [((), "F"), (("0" * 64,), "C")])
def test_verified_results_are_final_or_corrections(
    tmp_path: Path, corrects: tuple[str, ...], told: str
) -> None:
    """OBR-22, -25, -32 and OBX-11; what was not made, and what is taken back, stay as they are."""
    verified = Verification("ana", datetime(2026, 2, 2, 8, 30, tzinfo=timezone.utc))
    found = message(
        tmp_path / "case",
        unsaid=("old_vol_cm3",),
        verification=verified,
        corrects=corrects,
    )
    order = one(found, "OBR")
    assert [order.text(field) for field in (22, 25, 32)] == ["20260202083000+0000", told, "ana"]
    assert {segment.text(11) for segment in found.all("OBX")} == {told, "X", "D"}
    plain = message(tmp_path / "plain", corrects=corrects)
    assert {segment.text(11) for segment in plain.all("OBX")} == {"P", "X"}
    assert not one(plain, "OBR").text(32)
    assert plain.header.text(10) != found.header.text(10)


def test_a_report_goes_along_where_it_is_asked_for(tmp_path: Path) -> None:
    """Encapsulated, whole."""
    report = tmp_path / "report.pdf"
    report.write_bytes(b"%PDF-1.7\r\n\x1c\x0b|^&~\\")
    found = message(tmp_path / "case", Hl7Options(report=report))
    pdf, _ = observed(found, "report_pdf")
    assert [pdf.text(2), *(pdf.text(5, part) for part in (2, 3, 4))] == [
        *("ED", "AP", "PDF", "Base64"),
    ]
    assert base64.b64decode(pdf.text(5, 5)) == report.read_bytes()


def test_a_unit_that_is_none_is_never_sent(tmp_path: Path) -> None:
    """Better no message than a number of another unit."""
    odd = results((measured("odd", 1.0, "furlong"),), ())
    with pytest.raises(ValueError, match="furlong"):
        message(tmp_path / "case", content=odd)
