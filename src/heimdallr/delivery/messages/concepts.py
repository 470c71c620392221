"""What measurements, values and structures are called in SNOMED CT, DICOM and UCUM.

Where no public concept says a thing, the local name stands alone: no code is made up, and no LOINC
code was found for what is measured here (organ volumes, muscle at L3, attenuation).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from heimdallr.domain.identity import OWN_UID_ROOT
from heimdallr.publishing.dicom.codes import PRIVATE_SCHEME, codes_of

if TYPE_CHECKING:
    from pydicom.sr.coding import Code

    from heimdallr.publishing.dicom.codes import StructureCodes

SCT, DCM, LOINC, UCUM = "SCT", "DCM", "LN", "UCUM"
LOCAL = PRIVATE_SCHEME
"""Scheme of local names, as DICOM (PS3.16 chapter 8) and HL7 (table 0396) write it."""


@dataclass(frozen=True, slots=True)
class Concept:
    """A code, the scheme it is of, and what it means in English."""

    code: str
    meaning: str
    scheme: str


@dataclass(frozen=True, slots=True)
class BodySite:
    """A structure; ``side`` where the concept itself has none."""

    site: Concept
    side: Concept | None = None


DIAGNOSTIC_IMAGING = Concept("18748-4", "Diagnostic imaging study", LOINC)
"""LOINC, as FHIR R4 uses it for imaging reports (DiagnosticReport, examples)."""
_ANATOMY = frozenset({"123037004", "85756007"})
"""Categories of what is a part of the body: anatomical structure, tissue (CID 7150)."""
SIDES = {"7771000": "left", "24028007": "right"}
LATERALITY = "272741003"
"""SNOMED CT's attribute *laterality*, for expressions of a structure and its side."""

_KINDS = (
    (
        re.compile(r".*_vol_(cm3|mm3)(_by_\w+)?|.*_effusion(_\w+)?_ml"),
        Concept("118565006", "Volume", SCT),
    ),
    (re.compile(r"SMA_cm2|.*_area_\w+_cm2"), Concept("42798000", "Area", SCT)),
    (re.compile(r".*_diameter_mm|lung_nodule_largest_mm"), Concept("81827009", "Diameter", SCT)),
    (re.compile(r"kidney_(right|left)_length_mm"), Concept("410668003", "Length", SCT)),
    (
        re.compile(r".*_(hu|HU)(_eroded)?_mean(_by_\w+)?"),
        Concept("112031", "Attenuation Coefficient", DCM),
    ),
)
"""Name of a measurement → the quantity it is (PS3.16 CID 218). Standard deviations and medians have
none: the concept of the quantity alone would make them a mean."""

_UNITS = {
    "cm3": "cm3",
    "cm2": "cm2",
    "cm2/m2": "cm2/m2",
    "mL/m2": "mL/m2",
    "m2": "m2",
    "mm2": "mm2",
    "mm3": "mm3",
    "mL": "mL",
    "mm": "mm",
    "cm": "cm",
    "s": "s",
    "%": "%",
    "HU": "[hnsf'U]",
}
"""Unit symbol of results → UCUM code (case sensitive)."""


class UnknownUnitError(ValueError):
    """A unit that has no UCUM code here: it would be sent as something it is not."""


def quantity_of(name: str) -> Concept | None:
    """The public concept of a measurement's quantity."""
    return next((concept for pattern, concept in _KINDS if pattern.fullmatch(name)), None)


def ucum_code(unit: str) -> str:
    """The UCUM code of a unit; ``1`` for none.

    Raises:
        UnknownUnitError: there is none here.
    """
    if not unit:
        return "1"
    if unit not in _UNITS:
        raise UnknownUnitError(unit)
    return _UNITS[unit]


def body_site(structure: str | None) -> BodySite | None:
    """Where a structure is, by SNOMED CT; ``None`` for one without a code.

    Of what is no anatomy itself, a bleed or an implant, its region.
    """
    if structure is None:
        return None
    codes = codes_of(structure)
    site = codes.region or codes.type
    if site.scheme_designator != SCT or (codes.region is None and not _is_anatomy(codes)):
        return None
    return BodySite(_concept(site), _concept(codes.side) if codes.side else None)


def _is_anatomy(codes: StructureCodes) -> bool:
    return codes.category.value in _ANATOMY


def own_oid(*arcs: int) -> str:
    """An object identifier below our root: of a code system, of a kind of identifier.

    They have two arcs or more, UIDs of objects have one: none is ever both.
    """
    return OWN_UID_ROOT + ".".join(map(str, arcs))


MEASUREMENTS_OID = own_oid(1, 1)
FINDINGS_OID = own_oid(1, 2)
VALUES_OID = own_oid(1, 3)
ANALYSES_OID = own_oid(1, 4)
RESULT_IDS_OID = own_oid(2, 1)
"""Identifiers of observations: study and name."""
REPORT_IDS_OID = own_oid(2, 2)
"""Identifiers of reports: study."""
DEVICE_IDS_OID = own_oid(2, 3)
"""Identifiers of what measured: software and weights."""
PATIENT_IDS_OID = own_oid(2, 4)
"""Patient numbers of which nothing tells who gave them."""
ACCESSION_IDS_OID = own_oid(2, 5)
"""Accession numbers of which nothing tells who gave them."""
DELIVERIES_OID = own_oid(2, 6)
"""Tags of what belongs to one set of results."""


def _concept(code: Code) -> Concept:
    return Concept(code.value, code.meaning, code.scheme_designator)
