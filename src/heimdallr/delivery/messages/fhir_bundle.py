"""A case as one FHIR R4 transaction: all of it is taken, or nothing.

* **Patient**, **ImagingStudy** and **Device** are created where there is none of their identifier
  (conditional create); what the record knows of them already stays as it is. Only a study that came
  from here, and is another patient's now, is replaced: the sender sees to that.
* Each **Observation** and the **DiagnosticReport** have an identifier made of study and name, and
  are created or replaced (conditional update): sending again doubles nothing, a revision replaces.
* **Provenance** has no identifier in R4; a tag of its results keeps it from being written twice.
  It names who verified the results, as the report does, and the verified ones they correct.

Bytes, ``fullUrl`` and tags follow from the results: the same results make the same bundle.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING
from urllib.parse import quote

from heimdallr.delivery.messages import concepts
from heimdallr.delivery.messages.fhir_elements import (
    coding,
    concept,
    identifier,
    instant,
    local_coding,
    order_references,
    terminology,
    token,
    urn_oid,
)
from heimdallr.delivery.messages.fhir_json import fhir_json
from heimdallr.delivery.messages.fhir_observations import (
    Surroundings,
    began,
    finding_observation,
    measurement_observation,
    withdrawn_observation,
)
from heimdallr.delivery.messages.fhir_records import (
    FhirOptions,
    accession_system,
    device,
    patient,
    study,
    tag,
)
from heimdallr.delivery.messages.report_text import conclusion
from heimdallr.delivery.messages.reported_case import finding_name
from heimdallr.domain.statements import Statement
from heimdallr.files import whole_file
from heimdallr.publishing.report.rows import finding_term, spoken

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.delivery.messages.fhir_json import Element
    from heimdallr.delivery.messages.reported_case import ReportedCase
    from heimdallr.domain.statements import Language
    from heimdallr.publishing.schema import FindingRecord

MEDIA_TYPE = "application/fhir+json"
_LANGUAGES = {"en": "en", "pt": "pt-BR"}


def write_fhir_bundle(case: ReportedCase, path: Path, options: FhirOptions | None = None) -> None:
    """Write the bundle of a case, whole; raises as :func:`fhir_bundle`, and OSError."""
    text = fhir_json(fhir_bundle(case, options or FhirOptions()))
    with whole_file(path) as stream:
        stream.write(text.encode("utf-8"))


def fhir_bundle(case: ReportedCase, options: FhirOptions) -> Element:
    """The transaction of a case.

    Raises:
        UnknownUnitError: a measurement's unit has no UCUM code.
        OSError: the report cannot be read.
    """
    around = Surroundings(
        patient=_url(case, "patient"),
        study=_url(case, "study"),
        device=_url(case, "device"),
        language=options.language,
    )
    observations = _observations(case, around)
    taken_back = {
        _url(case, "observation", name): withdrawn_observation(case, name, around)
        for name in case.unsaid
    }
    report = _url(case, "report")
    return {
        "resourceType": "Bundle",
        "identifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{case.name}"},
        "type": "transaction",
        "timestamp": instant(case.said_at),
        "entry": [
            _created(around.patient, patient(case, options)),
            _created(around.study, study(case, around, options)),
            _created(around.device, device(case)),
            *(_replaced(url, one) for url, one in (observations | taken_back).items()),
            _replaced(report, _report(case, around, options, list(observations))),
            _provenance(case, around, [report, *observations, *taken_back]),
        ],
    }


def _url(case: ReportedCase, *parts: str) -> str:
    return f"urn:uuid:{case.name_for(*parts)}"


def _observations(case: ReportedCase, around: Surroundings) -> dict[str, Element]:
    """``fullUrl`` → observation: measurements, then findings."""
    measured = {
        _url(case, "observation", one.name): measurement_observation(case, one, around)
        for one in case.results.measurements
    }
    found = {
        _url(case, "observation", finding_name(one.code)): finding_observation(
            case,
            one,
            around,
            [url for name in one.evidence if (url := _url(case, "observation", name)) in measured],
        )
        for one in case.results.findings
    }
    return measured | found


def _created(url: str, resource: Element) -> Element:
    """An entry that creates its resource where there is none of its first identifier."""
    kind = str(resource["resourceType"])
    return {
        "fullUrl": url,
        "resource": resource,
        "request": {"method": "POST", "url": kind, "ifNoneExist": _search(resource)},
    }


def _replaced(url: str, resource: Element) -> Element:
    """An entry that creates its resource, or replaces the one of its first identifier."""
    kind = str(resource["resourceType"])
    return {
        "fullUrl": url,
        "resource": resource,
        "request": {"method": "PUT", "url": f"{kind}?{_search(resource)}"},
    }


def _search(resource: Element) -> str:
    identifiers = resource["identifier"]
    assert isinstance(identifiers, list)  # noqa: S101 - all that come here have some
    first = identifiers[0]
    return f"identifier={quote(token(str(first['system']), str(first['value'])), safe='')}"


def _report(
    case: ReportedCase, around: Surroundings, options: FhirOptions, results: list[str]
) -> Element:
    language = around.language
    name = Statement("report_of_measurements").in_language(language)
    return {
        "resourceType": "DiagnosticReport",
        # By it a final report is known as ours, and may be corrected by us.
        "meta": {"tag": [tag(case)]} if case.verification else None,
        "language": _LANGUAGES[language],
        "identifier": [identifier(urn_oid(concepts.REPORT_IDS_OID), case.study_key)],
        "basedOn": order_references(case.order, accession_system(options)),
        "status": case.status,
        "category": [{"coding": [terminology("v2-0074", "RAD", "Radiology")]}],
        "code": concept(name, coding(concepts.DIAGNOSTIC_IMAGING)),
        "subject": {"reference": around.patient},
        "effectiveDateTime": began(case),
        "issued": instant(case.said_at),
        "resultsInterpreter": _verifier(case),
        "result": [{"reference": url} for url in results],
        "imagingStudy": [{"reference": around.study}],
        "conclusion": "\n".join(conclusion(case, language)),
        "conclusionCode": [_conclusion_code(one, language) for one in case.results.findings],
        "presentedForm": [_attachment(case, options.report, name)] if options.report else None,
    }


def _conclusion_code(one: FindingRecord, language: Language) -> Element:
    title = spoken(one.title_coded, one.title, language)
    display = finding_term(one, language)
    return concept(title, local_coding(concepts.FINDINGS_OID, one.code, display))


def _attachment(case: ReportedCase, report: Path, title: str) -> Element:
    content = report.read_bytes()
    sha1 = hashlib.sha1(content, usedforsecurity=False).digest()  # as FHIR asks for
    return {
        "contentType": "application/pdf",
        "data": base64.b64encode(content).decode("ascii"),
        "size": len(content),
        "hash": base64.b64encode(sha1).decode("ascii"),
        "title": title,
        "creation": instant(case.results.provenance.created_at),
    }


def _provenance(case: ReportedCase, around: Surroundings, targets: list[str]) -> Element:
    own = tag(case)
    resource: Element = {
        "resourceType": "Provenance",
        "meta": {"tag": [own]},
        "target": [{"reference": url} for url in targets],
        "recorded": instant(case.said_at),
        "activity": {"coding": [terminology("v3-DataOperation", "CREATE", "create")]},
        "agent": [
            _agent("performer", "Performer", {"reference": around.device}),
            *(_agent("verifier", "Verifier", who) for who in _verifier(case)),
        ],
        "entity": [
            {"role": "source", "what": {"reference": around.study}},
            *(_corrected(str(name)) for name in case.corrected_names),
        ],
    }
    search = quote(token(str(own["system"]), str(own["code"])), safe="")
    return {
        "fullUrl": _url(case, "provenance"),
        "resource": resource,
        "request": {"method": "POST", "url": "Provenance", "ifNoneExist": f"_tag={search}"},
    }


def _agent(code: str, display: str, who: Element) -> Element:
    kind = terminology("provenance-participant-type", code, display)
    return {"type": {"coding": [kind]}, "who": who}


def _verifier(case: ReportedCase) -> list[Element]:
    """Whoever verified the results, where they have an account and so a name."""
    if case.verification is None or not case.verification.by:
        return []
    return [{"display": case.verification.by}]


def _corrected(name: str) -> Element:
    """Results that were sent as verified, and that these take the place of."""
    system = urn_oid(concepts.DELIVERIES_OID)
    return {"role": "revision", "what": {"identifier": {"system": system, "value": name}}}
