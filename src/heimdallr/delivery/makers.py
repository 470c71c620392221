"""Who makes which kind of object: a table, read top to bottom.

A kind is added by its line here, its name in :data:`heimdallr.delivery.kinds.Kind`, and which
destinations take it in :data:`heimdallr.delivery.kinds.TAKEN`.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from heimdallr import __version__
from heimdallr.delivery.case_digest import case_digest
from heimdallr.delivery.destinations import DicomNode, DicomWeb, FhirServer, Hl7Listener
from heimdallr.delivery.kinds import DICOM_KINDS
from heimdallr.delivery.making import Made
from heimdallr.delivery.messages import fhir_bundle, hl7_result
from heimdallr.delivery.messages.fhir_bundle import write_fhir_bundle
from heimdallr.delivery.messages.fhir_records import FhirOptions
from heimdallr.delivery.messages.hl7_result import Hl7Options, write_hl7_result
from heimdallr.delivery.messages.reported_case import read_case
from heimdallr.domain.errors import PublishingError
from heimdallr.files import whole_file
from heimdallr.publishing.dicom.kinds import DicomObject, ObjectOptions
from heimdallr.publishing.dicom.objects import write_objects
from heimdallr.publishing.dicom.old_cases import source_of_old_case
from heimdallr.publishing.report.pdf import write_pdf
from heimdallr.publishing.schema import RESULTS_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from heimdallr.delivery.kinds import Kind
    from heimdallr.delivery.making import Maker, Order
    from heimdallr.delivery.messages.reported_case import ReportedCase

JSON_TYPE, PDF_TYPE, DICOM_TYPE = "application/json", "application/pdf", "application/dicom"


def dicom(order: Order) -> Sequence[Made]:
    """The DICOM objects of a kind, as the destination wants them: one file, several, or none."""
    assert order.case is not None  # noqa: S101 - whoever orders objects has a case
    peer, options = (
        order.peer,
        ObjectOptions(
            language=order.language, replaces=order.replaces, verification=order.verification
        ),
    )
    if isinstance(peer, DicomNode | DicomWeb):
        options = replace(
            options,
            segmentation=peer.segmentation,
            captures=peer.captures,
            structures=peer.structures,
        )
    written = write_objects(
        order.case,
        [DicomObject(order.kind)],
        order.folder,
        options,
        source=source_of_old_case(order.case, order.images),
        earlier=order.earlier,
    )
    return [
        Made(
            path=one.path,
            media_type=DICOM_TYPE,
            sop_class_uid=one.sop_class_uid,
            sop_instance_uid=one.sop_instance_uid,
            series_instance_uid=one.series_instance_uid,
        )
        for one in written
    ]


def report(order: Order) -> Sequence[Made]:
    """The report of one page as a file."""
    return [Made(_report(order), PDF_TYPE)]


def _report(order: Order) -> Path:
    """The report of one page, set for this destination.

    Raises:
        PublishingError: it cannot be set of this case.
    """
    assert order.case is not None  # noqa: S101 - whoever orders a report has a case
    path = order.folder / "report.pdf"
    try:
        write_pdf(order.case, path, order.language, order.earlier, order.verification)
    except ValueError:
        # Its text quotes the file.
        msg = "a file of the case folder is damaged"
        raise PublishingError(msg, remedy="process the study again") from None
    return path


def event(order: Order) -> Sequence[Made]:
    """The news that a case is complete or has failed, as JSON; no name, no patient's number."""
    study, complete = order.study, not order.is_failure
    body: dict[str, object] = {
        "event": "case.completed" if complete else "case.failed",
        "software": "Heimdallr",
        "version": __version__,
        "study": study.number,
        "study_instance_uid": study.study_instance_uid,
        "accession_number": study.accession_number,
        "revision": study.revision,
        "results": case_digest(order.case) if order.case and complete else None,
        "verified": order.verification is not None if complete else None,
        "findings": [{"code": code, "severity": severity} for code, severity in study.findings]
        if complete
        else None,
        "state": "done" if complete else study.state.value,
        "reason": None if complete else study.error,
    }
    return [_written(order.folder / "event.json", json.dumps(body, indent=2).encode())]


def results(order: Order) -> Sequence[Made]:
    """``resultados.json`` as the case folder has it."""
    assert order.case is not None  # noqa: S101 - whoever orders results has a case
    return [_written(order.folder / RESULTS_FILE, (order.case / RESULTS_FILE).read_bytes())]


def fhir(order: Order) -> Sequence[Made]:
    """A FHIR transaction, of numbers as the server knows them."""
    assert order.case is not None  # noqa: S101 - whoever orders a message has a case
    peer, options = order.peer, FhirOptions(order.language)
    if isinstance(peer, FhirServer):
        options = FhirOptions(
            language=order.language,
            patient_system=peer.patient_system,
            accession_system=peer.accession_system,
            report=_report(order) if peer.with_report else None,
        )
    path = order.folder / "bundle.json"
    case = _reported(order)
    write_fhir_bundle(case, path, options)
    return [Made(path, fhir_bundle.MEDIA_TYPE, said=case.said)]


def hl7(order: Order) -> Sequence[Made]:
    """An HL7 observation report, in the character set of its receiver."""
    assert order.case is not None  # noqa: S101 - whoever orders a message has a case
    peer, options = order.peer, Hl7Options(language=order.language)
    if isinstance(peer, Hl7Listener):
        options = Hl7Options(
            receiving_application=peer.receiving_application,
            receiving_facility=peer.receiving_facility,
            sending_facility=peer.sending_facility,
            assigning_authority=peer.assigning_authority,
            character_set=peer.character_set,
            language=order.language,
            report=_report(order) if peer.with_report else None,
        )
    path = order.folder / "result.hl7"
    case = _reported(order)
    write_hl7_result(case, path, options)
    return [Made(path, hl7_result.MEDIA_TYPE, said=hl7_result.said(case, options))]


def _reported(order: Order) -> ReportedCase:
    assert order.case is not None  # noqa: S101 - whoever orders a message has a case
    return read_case(
        order.case,
        unsaid=order.said,
        verification=order.verification,
        corrects=order.verified_before,
    )


def _written(path: Path, content: bytes) -> Made:
    with whole_file(path) as stream:
        stream.write(content)
    return Made(path, JSON_TYPE)


MAKERS: Mapping[Kind, Maker] = {
    **dict.fromkeys(DICOM_KINDS, dicom),
    "report": report,
    "fhir": fhir,
    "hl7": hl7,
    "event": event,
    "results": results,
}
