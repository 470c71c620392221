"""What a message says of the patient's class: PV1-2, and to which visit and time it belongs.

A visit goes by its number, PV1-19, or where that is empty by the patient's account, PID-18: the
one that becomes AdmissionID (0038,0010) of the images (IHE RAD TF-2, procedure scheduled).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.domain.patient_class import CLASSES, SAYING_NOTHING
from heimdallr.hl7v2.acknowledgement import Complaint
from heimdallr.intake.hl7.facts import TABLE_VALUE_NOT_FOUND, kind_of, time_of
from heimdallr.store.patient_classes import ClassSaid

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from heimdallr.hl7v2.syntax import Message
    from heimdallr.intake.hl7.facts import OrderFacts

_BEGINS = frozenset({"ADT^A01", "ADT^A04", "ADT^A05"})
"""Admitted, registered, to be admitted."""
_ENDS, _ENDS_NOT, _VOID = "ADT^A03", "ADT^A13", "ADT^A11"
"""Discharged; not discharged after all; not admitted after all."""


def class_said(
    message: Message, facts: OrderFacts, who: str, now: datetime, zone: tzinfo | None = None
) -> tuple[ClassSaid | None, tuple[Complaint, ...]]:
    """Class, visit and time; ``None`` where the message has no visit, and what was not taken.

    A code that is not of table 0004 is no class: what the house means by it, only the house knows.

    Args:
        message: of one of the kinds that are read.
        facts: what else it says.
        who: the sending system.
        now: the time; nothing was said later.
        zone: of times that tell none; ``None``: the machine's.
    """
    patient, visit = message.first("PID"), message.first("PV1")
    if visit is None:
        return None, ()
    event = message.first("EVN")
    kind, code = kind_of(message), visit.text(2)
    told = time_of(event.text(2) if event else "", zone) or time_of(message.header.text(7), zone)
    said_at = min(told or now, now)
    complaints: tuple[Complaint, ...] = ()
    if code not in CLASSES and code not in SAYING_NOTHING:
        complaints = (
            Complaint(TABLE_VALUE_NOT_FOUND, "patient class not taken", "W", ("PV1", "1", "2")),
        )
    said = ClassSaid(
        patient_id=facts.patient_id,
        issuer=facts.issuer,
        visit=visit.text(19) or (patient.text(18) if patient else ""),
        accession_number="" if kind.startswith("ADT") else facts.accession_number,
        patient_class=CLASSES.get(code),
        said_at=said_at,
        began_at=time_of(visit.text(44), zone),
        ended_at=(time_of(visit.text(45), zone) or said_at) if kind == _ENDS else None,
        begins=kind in _BEGINS,
        ends_not=kind == _ENDS_NOT,
        void=kind == _VOID,
        who=who,
    )
    return said, complaints
