"""The records a case's results refer to: Patient, ImagingStudy, Device (FHIR R4)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from heimdallr.delivery.messages import concepts
from heimdallr.delivery.messages.fhir_elements import (
    DICOM_UID_SYSTEM,
    coding,
    day,
    human_names,
    identifier,
    issuer_system,
    order_references,
    typed_identifier,
    urn_oid,
)
from heimdallr.delivery.messages.fhir_observations import Surroundings, began
from heimdallr.domain.identity import OWN_MANUFACTURER
from heimdallr.domain.statements import Statement

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.delivery.messages.fhir_json import Element
    from heimdallr.delivery.messages.reported_case import ReportedCase
    from heimdallr.domain.statements import Language

_GENDERS = {"M": "male", "F": "female", "O": "other"}
_MODALITIES = {"CT": "Computed Tomography", "MR": "Magnetic Resonance"}


@dataclass(frozen=True, slots=True)
class FhirOptions:
    """How a server wants its bundle.

    Attributes:
        language: of all words.
        patient_system: under which it knows PatientID; empty: the header's issuer.
        accession_system: under which it knows accession numbers; empty: one of ours.
        report: the report of one page as PDF, if it is to go along.
    """

    language: Language = "en"
    patient_system: str = ""
    accession_system: str = ""
    report: Path | None = None


def patient(case: ReportedCase, options: FhirOptions) -> Element:
    """The patient by number; what else the header says, should the record know nobody of it."""
    order = case.order
    default = urn_oid(concepts.PATIENT_IDS_OID)
    system = options.patient_system or issuer_system(order.issuer, default)
    return {
        "resourceType": "Patient",
        "identifier": [
            identifier(system, order.patient_id) | {"assigner": {"display": order.issuer}}
        ],
        "name": human_names(order.patient_name),
        "gender": _GENDERS.get(case.identity.sex or ""),
        "birthDate": day(case.identity.birth_date),
    }


def study(case: ReportedCase, around: Surroundings, options: FhirOptions) -> Element:
    """The study, as the archive names it; its images are the archive's to tell of."""
    identity = case.identity
    uid = identity.study_instance_uid
    named = (
        identifier(DICOM_UID_SYSTEM, urn_oid(uid))
        if uid
        else identifier(urn_oid(concepts.REPORT_IDS_OID), case.study_key)
    )
    accession = (
        [
            typed_identifier(
                "ACSN", "Accession ID", accession_system(options), identity.accession_number
            )
        ]
        if identity.accession_number
        else []
    )
    modality = coding(
        concepts.Concept(identity.modality, _MODALITIES[identity.modality], concepts.DCM)
    )
    return {
        "resourceType": "ImagingStudy",
        # By it a study is known as ours, should its patient have to be corrected.
        "meta": {"tag": [tag(case)]},
        "identifier": [named, *accession],
        "status": "available",
        "modality": [modality],
        "subject": {"reference": around.patient},
        "started": began(case),
        "basedOn": order_references(case.order, accession_system(options)),
        "description": identity.study_description,
        "series": _series(case, modality),
    }


def _series(case: ReportedCase, modality: Element) -> list[Element]:
    """The series that was measured; of the others the archive knows more."""
    chosen = case.identity.selected_series
    if not chosen.series_instance_uid:
        return []
    number = chosen.number or ""
    among = {one.series_instance_uid: one.instances for one in case.identity.series}
    return [
        {
            "uid": chosen.series_instance_uid,
            "number": int(number) if number.isdecimal() else None,
            "modality": modality,
            "description": chosen.description,
            "numberOfInstances": among.get(chosen.series_instance_uid),
        }
    ]


def device(case: ReportedCase) -> Element:
    """The software of this version with these weights: others are another device."""
    made = case.results.provenance
    weights = [(one.name, one.sha256) for each in made.segmentations for one in each.weights]
    facts = "\x00".join((made.version, *(f"{name} {sha256}" for name, sha256 in weights)))
    warning = Statement("not_for_clinical_use").text
    return {
        "resourceType": "Device",
        "identifier": [
            identifier(urn_oid(concepts.DEVICE_IDS_OID), str(uuid.uuid5(uuid.NAMESPACE_OID, facts)))
        ],
        "status": "active",
        "manufacturer": OWN_MANUFACTURER,
        "deviceName": [{"name": OWN_MANUFACTURER, "type": "user-friendly-name"}],
        "version": [
            {"value": made.version},
            *({"type": {"text": name}, "value": sha256} for name, sha256 in weights),
        ],
        "safety": [{"text": warning}],
        "note": [{"text": warning}],
    }


def tag(case: ReportedCase) -> Element:
    """What these results are called, as they were verified or not."""
    return {"system": urn_oid(concepts.DELIVERIES_OID), "code": str(case.name)}


def accession_system(options: FhirOptions) -> str:
    """Under which system accession numbers are told."""
    return options.accession_system or urn_oid(concepts.ACCESSION_IDS_OID)
