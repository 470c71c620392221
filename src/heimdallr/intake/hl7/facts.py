"""What an order (ORM, OMI) or an admission (ADT) says of a patient's height and weight.

Only numbers with a unit, of an observation that stands, and that a person can have, are taken:
an implausible height is as likely a slip of the key as another unit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from heimdallr.domain.body_size import (
    KILOGRAMS,
    METRES,
    PLAUSIBLE_HEIGHT_M,
    PLAUSIBLE_WEIGHT_KG,
)
from heimdallr.hl7v2.acknowledgement import Complaint

if TYPE_CHECKING:
    from datetime import tzinfo

    from heimdallr.hl7v2.syntax import Message, Segment

_ADMISSIONS = ("01", "02", "03", "04", "05", "06", "07", "08", "11", "13", "31")
KINDS = frozenset({"ORM^O01", "OMI^O23", *(f"ADT^A{event}" for event in _ADMISSIONS)})
"""Messages that are read."""

REQUIRED_FIELD_MISSING, DATA_TYPE_ERROR, TABLE_VALUE_NOT_FOUND = "101", "102", "103"
"""HL7 table 0357."""

_LOINC_CODES = {
    "8302-2": "height",
    "3137-7": "height",
    "29463-7": "weight",
    "3141-9": "weight",
}
"""Body height and body weight, and both as measured."""
_WORDS = {
    "height": re.compile(r"\b(height|stature|altura|estatura|ht)\b", re.IGNORECASE),
    "weight": re.compile(r"\b(weight|peso|wt)\b", re.IGNORECASE),
}
_OTHER_WORDS = re.compile(
    r"\b(birth|ideal|fundal|sitting|lean|loss|gain|goal|index|ratio|nascimento|uterina)\b",
    re.IGNORECASE,
)
"""A birth weight is no weight of today, a fundal height no height."""
_LOINC = "LN"

_INCH, _POUND = METRES["[in_i]"], KILOGRAMS["[lb_av]"]
_METRES = {**METRES, "mm": 0.001, "in": _INCH, "inch": _INCH}
_KILOGRAMS = {**KILOGRAMS, "lb": _POUND, "lbs": _POUND}
"""UCUM, and what RIS write by hand."""
_STANDING = frozenset({"F", "P", "C", "R", "S", "U", ""})
"""OBX-11 of a value that stands; D is deleted, W wrong, X was not made, I and O are to come."""
_NUMBER = re.compile(r"[0-9]{1,6}([.,][0-9]{1,6})?")
_TIME = re.compile(r"(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2})?)?(?:\.\d+)?([+-]\d{4})?")
_PREFERRED = ("MR", "PI", "PT")


@dataclass(frozen=True, slots=True)
class Observed:
    """A height in metres or a weight in kilograms.

    Attributes:
        value: plausible.
        at: when it was measured, else when the message was made; ``None`` where neither is told.
    """

    value: float
    at: datetime | None


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What a message says.

    Attributes:
        patient_id: PID-3, the medical record number where there are several.
        issuer: its assigning authority; empty where it is not told.
        accession_number: OBR-18, else OBR-3 or ORC-3, where orders have one.
        height: the one measured last; ``None`` where it is not told.
        weight: likewise.
        remarks: what was not taken, and why, without its value.
    """

    patient_id: str
    issuer: str
    accession_number: str
    height: Observed | None
    weight: Observed | None
    remarks: tuple[Complaint, ...] = ()


class NoPatientError(ValueError):
    """A message names no patient."""


def kind_of(message: Message) -> str:
    """``ORM^O01``: MSH-9."""
    return f"{message.header.text(9, 1)}^{message.header.text(9, 2)}"


def order_facts(message: Message, zone: tzinfo | None = None) -> OrderFacts:
    """Read a message of one of the :data:`KINDS`.

    Args:
        message: the message.
        zone: of times that tell none; ``None``: the machine's.

    Raises:
        NoPatientError: PID-3 is empty.
    """
    patient_id, issuer = _patient(message)
    said_at = time_of(message.header.text(7), zone)
    found: dict[str, Observed] = {}
    remarks = []
    for number, observation in enumerate(message.all("OBX"), 1):
        what = _what(observation)
        if what is None or observation.text(11) not in _STANDING:
            continue
        value = _value(observation, what)
        if isinstance(value, str):
            remarks.append(Complaint(value, f"{what} not taken", "W", ("OBX", str(number), "5")))
            continue
        one = Observed(value, time_of(observation.text(14), zone) or said_at)
        if what not in found or _is_newer(one, found[what]):
            found[what] = one
    return OrderFacts(
        patient_id=patient_id,
        issuer=issuer,
        accession_number=_accession(message),
        height=found.get("height"),
        weight=found.get("weight"),
        remarks=tuple(remarks),
    )


def _is_newer(one: Observed, other: Observed) -> bool:
    """Whether it was not measured before the other; what has no time at all is of now."""
    return one.at is None or (other.at is not None and one.at >= other.at)


def _patient(message: Message) -> tuple[str, str]:
    """Number and authority: the medical record number first, then whatever stands first."""
    patient = message.first("PID")
    numbers = [one for one in patient.repetitions(3) if one.text(1)] if patient else []
    if not numbers:
        raise NoPatientError
    preferred = [one for kind in _PREFERRED for one in numbers if one.text(1, 5) == kind]
    chosen = (preferred or numbers)[0]
    return chosen.text(1, 1), chosen.text(1, 4, 1) or chosen.text(1, 4, 2)


def _accession(message: Message) -> str:
    request, order = message.first("OBR"), message.first("ORC")
    told = [request.text(18), request.text(3)] if request else []
    told += [order.text(3)] if order else []
    return next((one for one in told if one), "")


def _what(observation: Segment) -> str | None:
    """``height`` or ``weight``: by LOINC, else by the name that stands there."""
    codings = [
        (observation.text(3, code), observation.text(3, text), observation.text(3, scheme))
        for code, text, scheme in ((1, 2, 3), (4, 5, 6))
    ]
    for code, _, scheme in codings:
        if scheme == _LOINC:
            return _LOINC_CODES.get(code)
    words = " ".join(f"{code} {text}" for code, text, _ in codings).replace("_", " ")
    if _OTHER_WORDS.search(words):
        return None
    named = [what for what, pattern in _WORDS.items() if pattern.search(words)]
    return named[0] if len(named) == 1 else None


def _value(observation: Segment, what: str) -> float | str:
    """Metres or kilograms; else the code of table 0357 that says why it is none."""
    component = 2 if observation.text(2) == "SN" else 1
    text = observation.text(5, component)
    if not _NUMBER.fullmatch(text) or (component > 1 and observation.text(5, 1) not in {"", "="}):
        return DATA_TYPE_ERROR
    units, (least, most) = (
        (_METRES, PLAUSIBLE_HEIGHT_M) if what == "height" else (_KILOGRAMS, PLAUSIBLE_WEIGHT_KG)
    )
    unit = units.get(observation.text(6).lower())
    if unit is None:
        return TABLE_VALUE_NOT_FOUND
    value = float(text.replace(",", ".")) * unit
    return round(value, 4) if least <= value <= most else DATA_TYPE_ERROR


def time_of(text: str, zone: tzinfo | None) -> datetime | None:
    """A TS (2.A.77) to the second; ``None`` for one that is none, or tells no day."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    *numbers, offset = found.groups()
    year, month, day, hour, minute, second = (int(one or 0) for one in numbers)
    try:
        if offset is not None:
            minutes = int(offset[1:3]) * 60 + int(offset[3:])
            zone = timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))
        moment = datetime(year, month, day, hour, minute, second, tzinfo=zone)
        return moment.astimezone(zone)
    except (ValueError, OverflowError):
        return None
