r"""A case as an HL7 2.5.1 observation report, ORU^R01 (chapter 7).

One OBX per measurement: a number as NM with its UCUM unit, a category as ST. What was not made has
OBX-11 ``X`` (*results cannot be obtained*) and an empty OBX-5, never a 0, and its reason in the NTE
behind it; section 7.4.2.2 then leaves OBX-2 open, and ST is what receivers take an empty value of.
All others are ``P``, preliminary, as OBR-25 says, until a person has verified the results; then
``F``, final, or ``C`` where the receiver was told final ones before. Findings and the text of
the report follow as TX, a report of one page as ED where it is asked for. What an earlier revision
reported and this one does not is sent as ``D``, to be deleted: values and findings by name, a line
of the text by its number too, which a receiver that files an OBX by OBX-3 and OBX-4 would keep.

The same results make the same message, byte for byte, under the same MSH-10.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from heimdallr.delivery.messages import concepts
from heimdallr.delivery.messages.fhir_observations import finding_caveats
from heimdallr.delivery.messages.hl7_fields import (
    concept_field,
    issuer_field,
    name_field,
    names_field,
    order_number,
    range_field,
    spelled,
    timestamp,
    unit_field,
)
from heimdallr.delivery.messages.report_text import conclusion, reported_name
from heimdallr.delivery.messages.reported_case import finding_name, published_number
from heimdallr.domain.errors import UnsendableError
from heimdallr.domain.identity import OWN_MANUFACTURER
from heimdallr.domain.statements import Statement
from heimdallr.domain.terms import analysis_name, measurement_name, value_text
from heimdallr.files import whole_file
from heimdallr.hl7v2.character_sets import CODECS
from heimdallr.hl7v2.syntax import Segment, components, escaped, segment, written
from heimdallr.publishing.report.rows import correction_notes, finding_term, limit_note, spoken
from heimdallr.publishing.standings import compared

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.analyses.rules.references import Flag
    from heimdallr.delivery.messages.reported_case import ReportedCase
    from heimdallr.domain.statements import Language
    from heimdallr.hl7v2.character_sets import CharacterSet
    from heimdallr.publishing.schema import FindingRecord, MeasurementRecord

MEDIA_TYPE = "x-application/hl7-v2+er7"
VERSION = "2.5.1"
SERVICE = "measurements"
"""OBR-4 of every message, in our own scheme: by it an interface engine routes them."""
Observation = tuple[dict[int, str], tuple[str, ...]]
"""Fields of an OBX by number, and what is noted in the NTE behind it."""
_FLAGS: dict[Flag, str] = {"low": "L", "high": "H", "normal": ""}
"""Within its limit a value is not called normal: another limit, or none, may tell that."""
_STATUS = {"preliminary": "P", "final": "F", "corrected": "C"}
"""Tables 0123 and 0085: of OBR-25 and OBX-11."""
_SEVERITIES = {"critical": "AA", "significant": "A"}
_TIME = re.compile(r"([01][0-9]|2[0-3])[0-5][0-9]([0-5][0-9])?(?![0-9])")
_CONTROL_ID_LENGTH = 20
"""MSH-10 takes no more (2.5.1, 2.15.9.10)."""
_NAMED_EXACTLY = frozenset({"PID", "PV1", "ORC", "OBR"})
_LINE = "report_text"
"""OBX-3 of each line of the report; among what a message says, its OBX-4 stands behind a dot."""
_PAGE = "report_pdf"
_PAGE_CODE = components(_PAGE, "PDF", concepts.LOCAL)


@dataclass(frozen=True, slots=True)
class Hl7Options:
    """How a receiver wants its messages.

    Attributes:
        receiving_application: MSH-5.
        receiving_facility: MSH-6.
        sending_facility: MSH-4.
        assigning_authority: who gives PatientID, where the header does not tell: a name or an OID.
        character_set: of the bytes, and MSH-18.
        language: of all words.
        report: the report of one page as PDF, if it is to go along.
    """

    receiving_application: str = ""
    receiving_facility: str = ""
    sending_facility: str = ""
    assigning_authority: str = ""
    character_set: CharacterSet = "UNICODE UTF-8"
    language: Language = "en"
    report: Path | None = None


def write_hl7_result(case: ReportedCase, path: Path, options: Hl7Options | None = None) -> None:
    """Write the message of a case, whole; raises as :func:`hl7_result`."""
    content = hl7_result(case, options or Hl7Options())
    with whole_file(path) as stream:
        stream.write(content)


def hl7_result(case: ReportedCase, options: Hl7Options) -> bytes:
    """The message of a case, in the character set it declares.

    What is ours to word is spelled in that character set (``×`` becomes ``x`` in ASCII). A name or
    a number of a patient or an order is not touched: it would be another's.

    Raises:
        UnsendableError: the character set has no letters for patient or order.
        UnknownUnitError: a measurement's unit has no UCUM code.
        OSError: the report cannot be read.
    """
    codec = CODECS[options.character_set]
    body = [
        _patient(case, options),
        _visit(case),
        *_order(case, options),
        *_observations(case, options),
    ]
    lines = [_encoded(one, codec) for one in body]
    said = replace(options, report=None)  # its content is among the lines; where it lies is no part
    digest = hashlib.sha256(b"".join([repr(said).encode(), *lines])).digest()
    control_id = base64.b32encode(digest).decode("ascii")[:_CONTROL_ID_LENGTH]
    return b"".join([_encoded(_header(case, options, control_id), codec), *lines])


def said(case: ReportedCase, options: Hl7Options) -> tuple[str, ...]:
    """What a message reports by name, so that a later one can take it back."""
    lines = range(1, len(conclusion(case, options.language)) + 1)
    page = [_PAGE] if options.report else []
    return (*case.said, *(f"{_LINE}.{number}" for number in lines), *page)


def _encoded(one: Segment, codec: str) -> bytes:
    text = written([one])
    try:
        return text.encode(codec)
    except UnicodeEncodeError:
        if one.name in _NAMED_EXACTLY:
            raise UnsendableError(Statement("name_not_in_character_set")) from None
        return spelled(text, codec).encode(codec)


def _header(case: ReportedCase, options: Hl7Options, control_id: str) -> Segment:
    """MSH (2.15.9); MSH-15 and 16 stay empty, which asks for one answer, the application's."""
    return segment(
        "MSH",
        {
            1: "|",
            2: "^~\\&",
            3: escaped(OWN_MANUFACTURER.upper()),
            4: escaped(options.sending_facility),
            5: escaped(options.receiving_application),
            6: escaped(options.receiving_facility),
            7: timestamp(case.said_at),
            9: components("ORU", "R01", "ORU_R01"),
            10: control_id,
            11: "P",
            12: VERSION,
            18: options.character_set,
        },
    )


def _patient(case: ReportedCase, options: Hl7Options) -> Segment:
    """PID (3.4.2): the number with whoever gave it, the name in all its groups."""
    authority = issuer_field(case.order.issuer or options.assigning_authority)
    number = "^".join((escaped(case.order.patient_id), "", "", authority, "PI"))
    return segment(
        "PID",
        {
            1: "1",
            3: number,
            5: names_field(case.order.patient_name),
            7: case.identity.birth_date or "",
            8: case.identity.sex or "",
        },
    )


def _visit(case: ReportedCase) -> Segment:
    """PV1 (3.4.3): class ``U``, not known, as the header does not tell it."""
    return segment(
        "PV1",
        {
            1: "1",
            2: "U",
            8: name_field(case.order.referring, number=""),
            19: escaped(case.order.visit),
        },
    )


def _order(case: ReportedCase, options: Hl7Options) -> list[Segment]:
    """ORC and OBR (4.5.1, 4.5.3): placer, filler, accession number (OBR-18, as IHE has it).

    Where nobody told a filler's number, the accession number stands for it, or the study's UID.
    OBR-32 is who verified the results: an account's name, and so an ID number (NDL.1.1).
    OBR-4 is a service of ours, the procedure its alternate: the radiologist's report goes by the
    same numbers, and a receiver must be able to tell one from the other.
    """
    order = case.order
    placer = order_number(order.placer)
    filler = order_number(order.filler or order.accession_number or case.study_key)
    title = Statement("report_of_measurements").in_language(options.language)
    service = concept_field(SERVICE, title, order.procedure or concepts.DIAGNOSTIC_IMAGING)
    return [
        segment("ORC", {1: "RE", 2: placer, 3: filler}),
        segment(
            "OBR",
            {
                1: "1",
                2: placer,
                3: filler,
                4: spelled(service, CODECS[options.character_set]),
                7: _began(case),
                16: name_field(order.referring, number=""),
                18: escaped(order.accession_number),
                19: escaped(order.requested_procedure),
                22: timestamp(case.said_at),
                24: "RAD",
                25: _STATUS[case.status],
                32: escaped(case.verification.by) if case.verification else "",
            },
        ),
    ]


def _began(case: ReportedCase) -> str:
    """When the study began, as TS (2.A.77): of a time that is none, the day is left."""
    date = case.identity.study_date or ""
    time = _TIME.match((case.identity.study_time or "").replace(":", ""))
    return date + time[0] if date and time else date


def _observations(case: ReportedCase, options: Hl7Options) -> list[Segment]:
    language, again = options.language, said(case, options)
    told: list[Observation] = [
        *_study(case),
        *(_measurement(case, one, language) for one in case.results.measurements),
        *(_finding(one, language) for one in case.results.findings),
        *(_withdrawn(name, language) for name in case.unsaid if name not in again),
        *_text(case, language),
        *([_attachment(options.report)] if options.report else []),
    ]
    segments = []
    common = {14: _began(case), 19: timestamp(case.results.provenance.created_at)}
    common[11] = _STATUS[case.status]
    common[18] = components(OWN_MANUFACTURER, case.results.provenance.version)
    for number, (fields, notes) in enumerate(told, 1):
        segments.append(segment("OBX", {1: str(number), **common, **fields}))
        segments += [
            segment("NTE", {1: str(count), 2: "L", 3: escaped(note)})
            for count, note in enumerate(notes, 1)
        ]
    return segments


def _study(case: ReportedCase) -> list[Observation]:
    """The study itself, so that whoever reads the values finds the images."""
    uid = case.identity.study_instance_uid
    code = components("110180", "Study Instance UID", concepts.DCM)
    return [({2: "ST", 3: code, 5: escaped(uid)}, ())] if uid else []


def _measurement(case: ReportedCase, one: MeasurementRecord, language: Language) -> Observation:
    """OBX (7.4.2) of a measurement, and what is noted behind it."""
    name = measurement_name(one.name, language)
    fields = {
        3: concept_field(one.name, name, concepts.quantity_of(one.name)),
        17: components(one.analysis, analysis_name(one.analysis, language), concepts.LOCAL)
        if one.analysis
        else "",
    }
    if one.value is None:
        reason = spoken(one.reason_coded, one.reason, language)
        return {**fields, 2: "ST", 11: "X"}, (reason,)
    notes = correction_notes(one, language)
    if isinstance(one.value, str):
        return {**fields, 2: "ST", 5: escaped(value_text(one.value, "", language))}, notes
    number = published_number(one.value, one.unit)
    fields |= {2: "NM", 5: format(number, "f"), 6: unit_field(one.unit)}
    judged = case.judgements.get(one.name)
    stands = compared(case.standings.get(one.name, ()), language)
    if judged is None:
        return fields, (*notes, *stands)
    limit = judged.limits[0]
    fields[8] = _FLAGS[judged.flag]
    if limit.is_normal_range:
        fields[7] = escaped(range_field(limit))
    told = limit.source if limit.is_normal_range else limit_note(limit, language)
    caveats = (caveat.in_language(language) for caveat in judged.caveats)
    return fields, (*notes, *filter(None, [told]), *caveats, *stands)


def _finding(one: FindingRecord, language: Language) -> Observation:
    title = spoken(one.title_coded, one.title, language)
    name = finding_term(one, language)
    fields = {
        2: "TX",
        3: components(finding_name(one.code), name, concepts.LOCAL),
        5: escaped(title),
        8: _SEVERITIES.get(one.severity, ""),
    }
    notes = (*finding_caveats(one, language), one.reference)
    return fields, tuple(note for note in notes if note)


def _withdrawn(name: str, language: Language) -> Observation:
    line = name.removeprefix(f"{_LINE}.")
    if line != name:
        return {2: "ST", 3: _line_code(language), 4: line, 11: "D"}, ()
    told = components(name, reported_name(name, language), concepts.LOCAL)
    return {2: "ST", 3: _PAGE_CODE if name == _PAGE else told, 11: "D"}, ()


def _text(case: ReportedCase, language: Language) -> list[Observation]:
    """The report in words, a line an OBX, told apart by OBX-4."""
    code = _line_code(language)
    lines = conclusion(case, language)
    return [
        ({2: "TX", 3: code, 4: str(number), 5: escaped(line)}, ())
        for number, line in enumerate(lines, 1)
    ]


def _line_code(language: Language) -> str:
    name = Statement("report_of_measurements").in_language(language)
    return components(_LINE, name, concepts.LOCAL)


def _attachment(report: Path) -> Observation:
    """The report as encapsulated data (2.A.24)."""
    data = base64.b64encode(report.read_bytes()).decode("ascii")
    return {
        2: "ED",
        3: _PAGE_CODE,
        5: components(OWN_MANUFACTURER, "AP", "PDF", "Base64", data),
    }, ()
