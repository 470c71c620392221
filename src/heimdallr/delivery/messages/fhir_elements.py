"""The small parts of FHIR R4 resources: codes, identifiers, quantities, dates, names."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

from heimdallr.delivery.messages.concepts import (
    DCM,
    LATERALITY,
    LOINC,
    SCT,
    SIDES,
    Concept,
    ucum_code,
)
from heimdallr.domain.identity import OWN_UID_ROOT
from heimdallr.domain.terms import unit_text

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from heimdallr.delivery.messages.concepts import BodySite
    from heimdallr.delivery.messages.fhir_json import Element
    from heimdallr.delivery.messages.order import Order, PersonName

SYSTEMS = {
    SCT: "http://snomed.info/sct",
    DCM: "http://dicom.nema.org/resources/ontology/DCM",
    LOINC: "http://loinc.org",
}
UCUM_SYSTEM = "http://unitsofmeasure.org"
DICOM_UID_SYSTEM = "urn:dicom:uid"
"""System of a study's identifier, whose value is ``urn:oid:`` and its UID (ImagingStudy, notes)."""
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
_URI = re.compile(r"(https?|urn):[^\s|]+")
_ISSUERS = uuid.uuid5(uuid.NAMESPACE_OID, OWN_UID_ROOT + "issuers")
_NAMES = {"A": "ABC", "I": "IDE", "P": "SYL"}
_TIME = re.compile(r"([01]\d|2[0-3])([0-5]\d)([0-5]\d)")
_OFFSET = re.compile(r"([+-](?:0\d|1[0-4]))([0-5]\d)")
_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})")


def urn_oid(oid: str) -> str:
    """An object identifier as a URI."""
    return f"urn:oid:{oid}"


def terminology(code_system: str, code: str, display: str) -> Element:
    """A code of one of HL7's own systems."""
    return {"system": f"{_TERMINOLOGY}/{code_system}", "code": code, "display": display}


def coding(concept: Concept) -> Element:
    """A public concept."""
    return {
        "system": SYSTEMS[concept.scheme],
        "code": concept.code,
        "display": concept.meaning,
    }


def local_coding(oid: str, code: str, display: str) -> Element:
    """A name of ours, in a code system below our root."""
    return {"system": urn_oid(oid), "code": code, "display": display}


def concept(text: str, *codings: Element) -> Element:
    """A CodeableConcept."""
    return {"coding": list(codings), "text": text}


def body_site_element(site: BodySite, text: str) -> Element:
    """Where it was measured; a side as an expression of SNOMED CT, and in words.

    R4's ``bodySite`` has no place for a side beside the structure; the expression is a code of
    SNOMED CT like any other (FHIR, *Using SNOMED CT*), the structure alone stands first.
    """
    codings = [coding(site.site)]
    if site.side:
        codings.append(
            {
                "system": SYSTEMS[SCT],
                "code": f"{site.site.code}:{LATERALITY}={site.side.code}",
                "display": f"{site.site.meaning}, {SIDES[site.side.code]}",
            }
        )
    return concept(text, *codings)


def quantity(value: Decimal, unit: str) -> Element:
    """A number with its unit, for people and as UCUM.

    Raises:
        UnknownUnitError: the unit has no UCUM code.
    """
    return {
        "value": value,
        "unit": unit_text(unit),
        "system": UCUM_SYSTEM,
        "code": ucum_code(unit),
    }


def issuer_system(issuer: str, default: str) -> str:
    """Who gave a number, as a URI: an OID, a URI; any other name as a UUID that is made of it.

    Args:
        issuer: as the header tells it; may be empty.
        default: where it tells nothing.
    """
    name = issuer.strip()
    if not name:
        return default
    if _OID.fullmatch(name):
        return urn_oid(name)
    if _URI.fullmatch(name):
        return name
    return f"urn:uuid:{uuid.uuid5(_ISSUERS, name)}"


def identifier(system: str, value: str) -> Element:
    """A number and who gave it."""
    return {"system": system, "value": value}


def typed_identifier(code: str, display: str, system: str | None, value: str) -> Element:
    """A number of an order, with its type (HL7 table 0203)."""
    return {
        "type": {"coding": [terminology("v2-0203", code, display)]},
        "system": system,
        "value": value,
    }


def token(system: str, value: str) -> str:
    """``system|value`` of a search, with what parts searches escaped (FHIR search, 3.1.1.5.7)."""
    return "|".join(re.sub(r"([\\,|$])", r"\\\1", part) for part in (system, value))


def human_names(name: PersonName) -> list[Element]:
    """A DICOM name's groups, each as a HumanName; others than the first say how they are written.

    The extension is ``iso21090-EN-representation``.
    """
    return [
        {
            "extension": [
                {
                    "url": "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation",
                    "valueCode": _NAMES[group],
                }
            ]
            if group != "A"
            else [],
            "use": "official",
            "family": family,
            "given": [given, middle],
            "prefix": [prefix],
            "suffix": [suffix],
        }
        for group, (family, given, middle, prefix, suffix) in name.groups.items()
    ]


def day(dicom_date: str | None) -> str | None:
    """``20260201`` → ``2026-02-01``; what is no date is not told."""
    found = _DATE.fullmatch(dicom_date or "")
    return "-".join(found.groups()) if found else None


def study_moment(date: str | None, time: str | None, offset: str) -> str | None:
    """When a study began: FHIR takes a time only with its zone, which few headers tell."""
    began = day(date)
    clock = _TIME.match((time or "").replace(":", ""))
    zone = _OFFSET.fullmatch(offset)
    if not (began and clock and zone):
        return began
    return f"{began}T{':'.join(clock.groups())}{zone[1]}:{zone[2]}"


def instant(moment: datetime) -> str:
    """A moment with its zone, to the second."""
    return moment.isoformat(timespec="seconds")


def order_references(order: Order, accession_system: str) -> list[Element]:
    """The order by its numbers: its own record is somebody else's."""
    told = (
        ("ACSN", "Accession ID", accession_system, order.accession_number),
        ("PLAC", "Placer Identifier", None, order.placer),
        ("FILL", "Filler Identifier", None, order.filler),
    )
    return [
        {"type": "ServiceRequest", "identifier": typed_identifier(code, display, system, value)}
        for code, display, system, value in told
        if value
    ]
