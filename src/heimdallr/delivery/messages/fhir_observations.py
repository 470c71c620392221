"""One Observation per measurement and finding (FHIR R4 Observation).

All are *preliminary* until a person has verified the results; then *final*, or *corrected* where
the receiver was told final ones before. What was not made is an Observation as well, with
``dataAbsentReason`` and the reason in words; what an earlier revision reported and this one does
not is *entered-in-error*.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from heimdallr.delivery.messages import concepts
from heimdallr.delivery.messages.fhir_elements import (
    body_site_element,
    coding,
    concept,
    identifier,
    instant,
    local_coding,
    quantity,
    study_moment,
    terminology,
    urn_oid,
)
from heimdallr.delivery.messages.report_text import reported_name
from heimdallr.delivery.messages.reported_case import finding_name, published_number
from heimdallr.domain.statements import structure_name, term
from heimdallr.domain.terms import analysis_name, measurement_name, value_text
from heimdallr.publishing.report.rows import correction_notes, finding_term, limit_note, spoken
from heimdallr.publishing.standings import compared

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heimdallr.analyses.rules.norms import Standing
    from heimdallr.analyses.rules.references import Flag, Reference
    from heimdallr.delivery.messages.fhir_json import Element
    from heimdallr.delivery.messages.reported_case import ReportedCase
    from heimdallr.domain.statements import Language
    from heimdallr.publishing.judgements import Judgement
    from heimdallr.publishing.schema import FindingRecord, MeasurementRecord

_ABSENT = {
    "not_applicable": ("not-applicable", "Not Applicable"),
    "not_assessable": ("not-performed", "Not Performed"),
    "failed": ("error", "Error"),
}
_FLAGS: dict[Flag, tuple[str, str]] = {"low": ("L", "Low"), "high": ("H", "High")}
"""Within its limit a value is not called normal: another limit, or none, may tell that."""
_SEVERITIES = {"critical": ("AA", "Critical abnormal"), "significant": ("A", "Abnormal")}
_IMAGING = terminology("observation-category", "imaging", "Imaging")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every observation of a case refers to, by ``fullUrl``.

    Attributes:
        patient: the Patient.
        study: the ImagingStudy.
        device: the Device that measured.
        language: of all words.
    """

    patient: str
    study: str
    device: str
    language: Language


def observation_identifier(case: ReportedCase, name: str) -> tuple[str, str]:
    """System and value that name an observation for ever: the study and the measurement."""
    return urn_oid(concepts.RESULT_IDS_OID), f"{case.study_key}/{name}"


def measurement_observation(
    case: ReportedCase, one: MeasurementRecord, around: Surroundings
) -> Element:
    """A measurement, with its value or why there is none."""
    name = measurement_name(one.name, around.language)
    kind = concepts.quantity_of(one.name)
    site = concepts.body_site(one.structure)
    judged = case.judgements.get(one.name)
    flag = _FLAGS.get(judged.flag) if judged else None
    limits = judged.limits if judged else ()
    codings = [local_coding(concepts.MEASUREMENTS_OID, one.name, name)]
    return {
        **_beginning(case, one.name, around),
        "code": concept(name, *([coding(kind)] if kind else []), *codings),
        **_context(case, around),
        **_value(one, around.language),
        "interpretation": [_interpretation(flag)] if flag else None,
        "note": _notes(one, judged, case.standings.get(one.name, ()), around.language),
        "bodySite": body_site_element(site, structure_name(one.structure, around.language))
        if site and one.structure
        else None,
        "method": _method(one.analysis, around.language),
        "device": {"reference": around.device},
        "referenceRange": [_range(limit) for limit in limits if limit.is_normal_range],
        "derivedFrom": [{"reference": around.study}],
    }


def finding_observation(
    case: ReportedCase, one: FindingRecord, around: Surroundings, evidence: list[str]
) -> Element:
    """A finding: its title as the value, what it rests on, what weakens it.

    Args:
        case: the case.
        one: the finding.
        around: what it refers to.
        evidence: ``fullUrl`` of the observations it rests on.
    """
    language = around.language
    title = spoken(one.title_coded, one.title, language)
    name = finding_term(one, language)
    site = concepts.body_site(one.structure)
    severity = _SEVERITIES.get(one.severity)
    return {
        **_beginning(case, finding_name(one.code), around),
        "code": concept(name, local_coding(concepts.FINDINGS_OID, one.code, name)),
        **_context(case, around),
        "valueString": title,
        "interpretation": [_interpretation(severity)] if severity else None,
        "note": [{"text": text} for text in (*finding_caveats(one, language), one.reference)],
        "bodySite": body_site_element(site, structure_name(one.structure, language))
        if site and one.structure
        else None,
        "device": {"reference": around.device},
        "derivedFrom": [{"reference": url} for url in (around.study, *evidence)],
    }


def withdrawn_observation(case: ReportedCase, name: str, around: Surroundings) -> Element:
    """What an earlier revision reported and this one does not: it no longer stands."""
    told = reported_name(name, around.language)
    finding = name.removeprefix(finding_name(""))
    oid = concepts.MEASUREMENTS_OID if finding == name else concepts.FINDINGS_OID
    code = concept(told, local_coding(oid, finding, told))
    beginning = _beginning(case, name, around)
    return {**beginning, "status": "entered-in-error", "code": code, **_context(case, around)}


def began(case: ReportedCase) -> str | None:
    """When the study began, as exactly as it is known."""
    identity = case.identity
    return study_moment(identity.study_date, identity.study_time, case.order.timezone)


def finding_caveats(one: FindingRecord, language: Language) -> tuple[str, ...]:
    """What weakens a finding, in words."""
    if len(one.caveats_coded) != len(one.caveats):
        return tuple(one.caveats)
    return tuple(spoken(each, "", language) for each in one.caveats_coded)


def _beginning(case: ReportedCase, name: str, around: Surroundings) -> Element:
    return {
        "resourceType": "Observation",
        "language": {"en": "en", "pt": "pt-BR"}[around.language],
        "identifier": [identifier(*observation_identifier(case, name))],
        "status": case.status,
        "category": [{"coding": [_IMAGING]}],
    }


def _context(case: ReportedCase, around: Surroundings) -> Element:
    return {
        "subject": {"reference": around.patient},
        "effectiveDateTime": began(case),
        "issued": instant(case.said_at),
    }


def _value(one: MeasurementRecord, language: Language) -> Element:
    if one.value is None:
        reason = spoken(one.reason_coded, one.reason, language)
        code, display = _ABSENT[one.status]
        absent = concept(reason, terminology("data-absent-reason", code, display))
        return {"dataAbsentReason": absent}
    if isinstance(one.value, str):
        text = value_text(one.value, "", language)
        if term("values", one.value, language) is None:
            return {"valueString": text}
        local = local_coding(concepts.VALUES_OID, one.value.replace(" ", "_"), text)
        return {"valueCodeableConcept": concept(text, local)}
    if isinstance(one.value, int) and not one.unit:
        return {"valueInteger": one.value}
    return {"valueQuantity": quantity(published_number(one.value, one.unit), one.unit)}


def _interpretation(flag: tuple[str, str]) -> Element:
    return {"coding": [terminology("v3-ObservationInterpretation", *flag)]}


def _range(limit: Reference) -> Element:
    """A published limit and its source."""
    low, high = (
        None if one is None else quantity(Decimal(repr(one)), limit.unit)
        for one in (limit.low, limit.high)
    )
    return {"low": low, "high": high, "text": limit.source}


def _notes(
    one: MeasurementRecord,
    judged: Judgement | None,
    standings: Iterable[Standing],
    language: Language,
) -> list[Element]:
    told = [*correction_notes(one, language)]
    if judged is not None:
        first = judged.limits[0]
        told += [] if first.is_normal_range else [limit_note(first, language)]
        told += [caveat.in_language(language) for caveat in judged.caveats]
    told += compared(standings, language)
    return [{"text": text} for text in told]


def _method(analysis: str, language: Language) -> Element | None:
    if not analysis:
        return None
    name = analysis_name(analysis, language)
    return concept(name, local_coding(concepts.ANALYSES_OID, analysis, name))
