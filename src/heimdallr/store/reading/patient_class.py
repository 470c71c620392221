"""The class of a study's patient at the study, of what orders, admissions and images say.

1. What was said last of the study's visit: the one its images name, or its order does.
2. What its images say themselves: Route of Admissions, where it is a code of table 0004.
3. Of the orders and visits that the day of the study falls into, the one that began last.
4. Else it is not known, which is an answer of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from heimdallr.domain.dicom_dates import calendar_date
from heimdallr.domain.patient_class import CLASSES, UNKNOWN
from heimdallr.store.models import Patient
from heimdallr.store.patient_classes import classes_of

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.orm import Session

    from heimdallr.domain.patient_class import PatientClass
    from heimdallr.store.models import Study
    from heimdallr.store.patient_classes import PatientClassRow

SILENT = timedelta(days=30)
"""A visit of which nothing was said for longer before the study, is over, though nobody said so.

Outpatients are rarely discharged. Chosen: half of it would end the longer stays of which no news
comes, twice lets an appointment of the season before speak.
"""


@dataclass(frozen=True, slots=True)
class StudyClass:
    """The class of a study's patient, and where it comes from.

    Attributes:
        patient_class: ``unknown`` where nobody says one.
        by: the system that said it; ``images``; empty where nobody did.
        at: when it was said; ``None`` where images say it, or nobody.
    """

    patient_class: PatientClass = UNKNOWN
    by: str = ""
    at: datetime | None = None


def class_of(session: Session, study: Study) -> StudyClass:
    """What the class is by what is known now; of several patients none has one."""
    if study.patients > 1:
        return StudyClass()
    told = _told(session, study)
    visits = {one.visit for one in told if _is_ordered(one, study)} | {study.visit}
    same_visit = [one for one in told if one.visit and one.visit in visits]
    if same_visit:
        return _said(max(same_visit, key=lambda one: (one.said_at, one.id)))
    if study.route in CLASSES:
        return StudyClass(CLASSES[study.route], "images")
    day = _day(study)
    over = {one.visit for one in told if one.visit and _is_over(one, day)}
    current = [
        one
        for one in told
        if _is_ordered(one, study) or (one.visit not in over and _falls_into(one, day))
    ]
    if current:
        return _said(max(current, key=lambda one: (one.began_at, one.said_at, one.id)))
    return StudyClass()


def _told(session: Session, study: Study) -> list[PatientClassRow]:
    if not study.patient_id:
        return []
    patient = session.get(Patient, study.patient_fk) if study.patient_fk else None
    return list(classes_of(session, study.patient_id, patient.issuer if patient else ""))


def _is_ordered(one: PatientClassRow, study: Study) -> bool:
    return bool(one.accession_number) and one.accession_number == study.accession_number


def _falls_into(one: PatientClassRow, day: date) -> bool:
    """Whether a visit had begun by a day and went on; days are this machine's."""
    is_forgotten = one.said_at.astimezone().date() < day - SILENT
    return one.began_at.astimezone().date() <= day and not _is_over(one, day) and not is_forgotten


def _is_over(one: PatientClassRow, day: date) -> bool:
    return one.ended_at is not None and one.ended_at.astimezone().date() < day


def _day(study: Study) -> date:
    return calendar_date(study.study_date) or study.received_at.astimezone().date()


def _said(row: PatientClassRow) -> StudyClass:
    return StudyClass(cast("PatientClass", row.patient_class), row.who, row.said_at)
