"""Who a study's patient is: made of what its images say, as long as images say it.

What each image's header says is kept (``headers``), so that a study's own columns, which worklist,
search and history read, can always be made anew. Where a study is sent again with a corrected
patient, the older header goes with the last image that had it. The series that was measured counts
first, so that the worklist names whom ``id.json`` names.

Where the headers name different patients (:mod:`heimdallr.preparation.persons`), a study keeps
the one it showed, is held when it is complete, and waits for a person.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, func, select

from heimdallr.preparation.case_id import alphabetic_name
from heimdallr.preparation.persons import Named, Person, persons, same_person
from heimdallr.store.models import Event, Header, Instance, Patient, Series, Study
from heimdallr.store.reading.search import search_text
from heimdallr.store.work.lifecycle import release
from heimdallr.store.work.states import note

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

_FACTS = (
    "patient_name", "patient_id", "birth_date", "sex", "accession_number", "study_date",
    "study_time", "description", "institution", "visit", "route",
)  # fmt: skip
"""Columns of a study that are made of its headers, the age aside."""
_TEXTS = {
    "patient_name", "patient_id", "accession_number", "description", "institution", "visit",
    "route",
}  # fmt: skip
"""Those that are empty, not null, where nothing is said."""
_WORDS = {
    "patient_name": "name", "patient_id": "PatientID", "birth_date": "birth date", "sex": "sex",
    "accession_number": "accession number", "study_date": "study date",
    "description": "description", "institution": "institution",
}  # fmt: skip
"""What an event calls those whose correction is one."""

_IMAGES = ("CT", "MR")
_LONGEST_SEARCH_TEXT = 400


@dataclass(frozen=True, slots=True)
class NamedPatient:
    """A patient that images of a study name.

    Attributes:
        headers: the rows that do so, the most telling first.
        series: the rows of the series whose images they are.
        images: how many.
    """

    headers: tuple[Header, ...]
    series: tuple[Series, ...]
    images: int

    def told(self, fact: str) -> str | float | None:
        """What the first of them says that says anything."""
        values = (getattr(one, fact) for one in self.headers)
        return next((value for value in values if value is not None and value != ""), None)

    @property
    def named(self) -> Named:
        """Whom they name, all together."""
        told = (self.told(one) or "" for one in ("patient_id", "patient_name", "birth_date"))
        return Named(*map(str, told))


def named_in(row: Header | Study) -> Named:
    """Whom a row names."""
    return Named(row.patient_id, row.patient_name, row.birth_date or "")


def patients_of(session: Session, study: Study) -> tuple[NamedPatient, ...]:
    """The patients that a study's images name.

    First the one who keeps the study's row and number when they are kept apart: whose images
    were measured, else whom the row names, so that nobody finds another patient there.
    """
    uses, shown = _uses(session, study), named_in(study)
    found = (_patient(one, uses) for one in _people(uses))
    return tuple(sorted(found, key=lambda one: _first_of_several(one, shown)))


def people_of(session: Session, study: Study) -> tuple[Person, ...]:
    """The same patients, to be held against a header."""
    return _people(_uses(session, study))


def settle(session: Session, study: Study, now: datetime) -> bool:
    """Let the study's row say what its images say.

    Args:
        session: a transaction that writes; the caller holds the study's lock.
        study: its row.
        now: the time.

    Returns:
        Whether the patient is somebody else now: results made before name the wrong one.
    """
    session.flush()
    _forget_unused(session, study)
    found = patients_of(session, study)
    if not found:
        return False
    before = named_in(study)
    shown = _shown(before, found)
    study.patients = len(found)
    _take_over(session, study, shown, now)
    _point_out_numbers(session, study, shown, now)
    others = (one.named for one in found if one is not shown)
    texts = [search_text(study.patient_name, study.patient_id, study.accession_number)]
    texts += [search_text(one.name, one.patient_id, "") for one in others]
    study.search_text = " ".join(texts)[:_LONGEST_SEARCH_TEXT]
    return bool(before.facts) and not same_person(before, named_in(study))


def declare_one(
    session: Session, study_id: int, seen: int, now: datetime, actor: str
) -> tuple[Study, bool]:
    """A person says that all patients a held study names are one.

    Args:
        session: the transaction.
        study_id: the study.
        seen: how many patients the person saw.
        now: the time.
        actor: who says so.

    Returns:
        The study, being received again; and as :func:`settle`.

    Raises:
        StateConflictError: it is not held, or its images name other patients by now.
    """
    study = release(session, study_id, seen, now)
    for row in session.scalars(select(Header).where(Header.study_fk == study.id)):
        row.declared = True
    message = f"taken as one: the {seen} patients that its images name"
    note(session, study, "patients_one", message, now, actor=actor)
    return study, settle(session, study, now)


@dataclass(frozen=True, slots=True)
class _Use:
    """How many images of a series have a header."""

    header: Header
    series: Series
    images: int

    @property
    def weight(self) -> tuple[object, ...]:
        """What is measured counts first, then images, then a correction, then who came first."""
        newest_first = -self.header.id if self.header.corrects else self.header.id
        return (
            self.series.rank != 1,
            self.series.modality not in _IMAGES,
            not self.header.corrects,
            newest_first,
        )


def _uses(session: Session, study: Study) -> list[_Use]:
    """Who says what, the most telling first; our own objects only repeat what a study once said."""
    query = (
        select(Header, Series, Instance.own, func.count())
        .join(Instance, Instance.header_fk == Header.id)
        .join(Series, Series.id == Instance.series_fk)
        .where(Header.study_fk == study.id)
        .group_by(Header.id, Series.id, Instance.own)
    )
    found = [
        (_Use(header, series, count), own)
        for header, series, own, count in session.execute(query).all()
    ]
    theirs = [use for use, own in found if not own]
    return sorted(theirs or [use for use, _ in found], key=attrgetter("weight"))


def _people(uses: Iterable[_Use]) -> tuple[Person, ...]:
    rows = {use.header.id: use.header for use in uses}.values()
    declared = [named_in(row) for row in rows if row.declared]
    return persons(map(named_in, rows), declared if len(declared) > 1 else ())


def _patient(person: Person, uses: Iterable[_Use]) -> NamedPatient:
    own = [use for use in uses if named_in(use.header) in person.headers]
    return NamedPatient(
        tuple({use.header.id: use.header for use in own}.values()),
        tuple({use.series.id: use.series for use in own}.values()),
        sum(use.images for use in own),
    )


def _first_of_several(patient: NamedPatient, shown: Named) -> tuple[object, ...]:
    measured = any(series.rank == 1 for series in patient.series)
    is_shown = bool(shown.facts) and same_person(shown, patient.named)
    return not measured, not is_shown, -patient.images, min(one.id for one in patient.headers)


def _shown(before: Named, found: Sequence[NamedPatient]) -> NamedPatient:
    """Of several patients the one shown before: a row does not change to and fro as images come."""
    same = (one for one in found if before.facts and same_person(before, one.named))
    return next(same, found[0])


def _take_over(session: Session, study: Study, patient: NamedPatient, now: datetime) -> None:
    changes = []
    for fact in _FACTS:
        before, told = getattr(study, fact), patient.told(fact)
        after = alphabetic_name(str(told or "")) if fact == "patient_name" else told
        if after is None and fact in _TEXTS:
            after = ""
        if before and before != after and fact in _WORDS:
            changes.append([fact, before, after])
        setattr(study, fact, after)
    age = patient.told("age_years")
    study.age_years = None if age is None else float(age)
    if changes:
        message = f"images say otherwise now: {', '.join(_WORDS[fact] for fact, _, _ in changes)}"
        note(session, study, "corrected", message, now, changes=changes)
    _link(session, study, str(patient.told("issuer") or ""))


def _point_out_numbers(
    session: Session, study: Study, patient: NamedPatient, now: datetime
) -> None:
    """Say once per study that one person has several PatientIDs: somebody ought to look at it."""
    numbers = {named_in(one).folded_id for one in patient.headers} - {""}
    known = select(Event.id).where(Event.study_fk == study.id, Event.kind == "several_ids")
    if len(numbers) > 1 and session.scalars(known.limit(1)).first() is None:
        message = "images give one patient several PatientIDs; name and birth date agree"
        note(session, study, "several_ids", message, now)


def _link(session: Session, study: Study, issuer: str) -> None:
    """The patient of a study: found by PatientID and issuer, or a row of its own."""
    linked = session.get(Patient, study.patient_fk) if study.patient_fk else None
    if linked is None or (linked.patient_id, linked.issuer) != (
        study.patient_id[:64],
        issuer[:64],
    ):
        known = _known_patient(session, study.patient_id, issuer) if study.patient_id else None
        if known is None and linked is not None and not _has_others(session, linked, study):
            known = linked  # its own: nobody else's row takes another number
            known.patient_id, known.issuer = study.patient_id, issuer
        known = known or Patient(patient_id=study.patient_id, issuer=issuer)
        session.add(known)
        session.flush()
        study.patient_fk = known.id
        session.flush()
        if linked is not None and linked is not known:
            forget_patient(session, linked.id)
        linked = known
    linked.name, linked.birth_date, linked.sex = study.patient_name, study.birth_date, study.sex


def forget_patient(session: Session, patient_id: int) -> None:
    """Remove the row of a patient without studies."""
    # Locked first: whoever is adding a study to this patient has then committed it, or waits.
    session.get(Patient, patient_id, with_for_update=True)
    others = exists().where(Study.patient_fk == patient_id)
    session.execute(delete(Patient).where(Patient.id == patient_id, ~others))


def _has_others(session: Session, patient: Patient, study: Study) -> bool:
    others = select(Study.id).where(Study.patient_fk == patient.id, Study.id != study.id)
    return session.scalars(others.limit(1)).first() is not None


def _known_patient(session: Session, patient_id: str, issuer: str) -> Patient | None:
    if session.get_bind().dialect.name == "postgresql":
        digest = hashlib.sha256(f"patient {issuer}\n{patient_id}".encode()).digest()
        number = int.from_bytes(digest[:8], "big", signed=True)
        session.execute(select(func.pg_advisory_xact_lock(number)))
    return session.scalars(
        select(Patient)
        .where(Patient.patient_id == patient_id[:64], Patient.issuer == issuer[:64])
        .order_by(Patient.id)
        .limit(1)
    ).first()


def _forget_unused(session: Session, study: Study) -> None:
    """Remove headers that no image makes any more."""
    used = exists().where(Instance.header_fk == Header.id)
    session.execute(delete(Header).where(Header.study_fk == study.id, ~used))
