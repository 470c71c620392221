"""Finding studies again by their case folders, when the database was lost or is a new one.

Each folder that holds ``id.json`` and ``resultados.json`` becomes a finished study with its
series, measurements, findings, corrections and who verified it. Doing it again changes nothing.
Flags, read marks, priorities, who acknowledged what, users, destinations, events and the audit
trail are in no case folder: they come from a backup or not at all.

The images received are recorded before (:mod:`heimdallr.intake`), so that a study's content is
known; a study whose originals retention has removed is made from its case folder alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from pydantic import ValidationError
from sqlalchemy import func, select

from heimdallr.domain.drawn_objects import DRAWN_CLASSES
from heimdallr.domain.verification import Verified
from heimdallr.preparation.persons import Named, same_person
from heimdallr.publishing.body_size import size_in
from heimdallr.publishing.case_folder import CASE_ID, clean_leftovers
from heimdallr.publishing.schema import read_identity, read_results
from heimdallr.store.models import Instance, Patient, Series, Study, StudyState
from heimdallr.store.patients import named_in
from heimdallr.store.reading.search import search_text
from heimdallr.store.results import index_results, listed
from heimdallr.store.study_body_sizes import body_size_of, keep_body_size, settle_body_size
from heimdallr.store.upkeep import kept_verifications
from heimdallr.store.upkeep.applied_corrections import bring_in
from heimdallr.store.work.lifecycle import adopt
from heimdallr.store.work.states import lock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.orm import Session

    from heimdallr.publishing.schema import Identity, Results, SeriesRecord
    from heimdallr.store.database import Database
    from heimdallr.store.layout import DataFolders

Outcome = Literal["found", "made", "known"]


@dataclass
class Rebuilt:
    """What was done.

    Attributes:
        found: studies whose images were on record and whose results are now.
        made: studies made from their case folder, without images.
        known: studies that were in the database already; their results were indexed again.
        waiting: studies of ``found`` that got images after their results; to be worked on again.
        verified: studies whose results a person has verified, as their folder alone says.
        skipped: case folder → why it could not be used.
    """

    found: int = 0
    made: int = 0
    known: int = 0
    waiting: int = 0
    verified: int = 0
    skipped: dict[str, str] = field(default_factory=dict)


def rebuild(database: Database, folders: DataFolders, now: datetime) -> Rebuilt:
    """Bring every case folder into the database.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the database is away; doing it again goes on.
    """
    report = Rebuilt()
    if folders.output.is_dir():
        clean_leftovers(folders.output)
    for folder in _case_folders(folders.output):
        try:
            identity, results = read_identity(folder), read_results(folder)
        except FileNotFoundError as error:
            report.skipped[folder.name] = f"{str(error.filename).rsplit('/', 1)[-1]} is missing"
            continue
        except (OSError, ValidationError, ValueError):
            report.skipped[folder.name] = "id.json or resultados.json cannot be read"
            continue
        if identity.case_id != folder.name or results.case_id != folder.name:
            report.skipped[folder.name] = "its files name another case"
            continue
        _bring_in(database, folder, results, identity, report, now)
    return report


def _case_folders(output: Path) -> Iterator[Path]:
    entries = sorted(output.iterdir()) if output.is_dir() else []
    yield from (path for path in entries if path.is_dir() and CASE_ID.fullmatch(path.name))


def _bring_in(  # noqa: PLR0917 - a folder, what it says, and the report of all
    database: Database,
    folder: Path,
    results: Results,
    identity: Identity,
    report: Rebuilt,
    now: datetime,
) -> None:
    with database.write() as session:
        study = _study_of(session, identity)
        if study is not None and study.case_id not in {None, folder.name}:
            report.skipped[folder.name] = f"its study has another case folder, {study.case_id}"
            return
        is_known = study is not None and study.revision > 0
        if study is None:
            study = _make(session, identity)
            report.made += 1
        elif is_known:
            report.known += 1
        else:
            report.found += 1
        if study.revision == 0:
            _adopt(session, study, identity, report, now)
        if study.revision == 1 or study.has_results:
            made_at = results.provenance.created_at
            kept_verifications.bring_in(session, study, folder, made_at, is_known=is_known)
            index_results(session, study, results, identity, folder, now)
            report.verified += not is_known and study.verified is Verified.YES
            if (size := size_in(identity)) and body_size_of(session, study.id) is None:
                keep_body_size(session, study.id, size, now)
                settle_body_size(session, study.id)
            bring_in(session, study.id, folder, results)


def _study_of(session: Session, identity: Identity) -> Study | None:
    """By case ID, else by UID and patient; locked."""
    number = session.scalar(select(Study.id).where(Study.case_id == identity.case_id))
    if number is None:
        number = next((one.id for one in _of_uid(session, identity) if _names(one, identity)), None)
    return None if number is None else lock(session, number)


def _of_uid(session: Session, identity: Identity) -> Sequence[Study]:
    """The studies of the case's UID: one, or several whose patients are kept apart."""
    same = Study.key == _key(identity)
    if identity.study_instance_uid:
        same |= Study.study_instance_uid == identity.study_instance_uid
    return session.scalars(select(Study).where(same).order_by(Study.id)).all()


def _names(study: Study, identity: Identity) -> bool:
    return same_person(named_in(study), _named(identity))


def _named(identity: Identity) -> Named:
    return Named(identity.patient_id, identity.patient_name, identity.birth_date or "")


def _key(identity: Identity) -> str:
    return identity.study_instance_uid or f"case-{identity.case_id}"[:80]


def _adopt(
    session: Session, study: Study, identity: Identity, report: Rebuilt, now: datetime
) -> None:
    pipeline = identity.pipeline
    adopt(
        session,
        study,
        identity.case_id,
        pipeline.start_time,
        pipeline.end_time,
        pipeline.stages_s,
        now,
    )
    newest = session.scalar(
        select(func.max(Instance.received_at)).where(
            Instance.study_fk == study.id, Instance.sop_class_uid.not_in(DRAWN_CLASSES)
        )
    )
    if newest is None:
        study.kept = {**dict(study.kept), "originals": False}
        return
    study.last_instance_at = newest
    if newest > pipeline.start_time:
        # They may not be part of these results: when complete, they are the next revision.
        study.digest, study.state, study.last_instance_at = "", StudyState.RECEIVING, now
        report.waiting += 1


def _make(session: Session, identity: Identity) -> Study:
    """A study of which only the case folder is left."""
    begun = identity.pipeline.start_time
    patient = Patient(
        patient_id=identity.patient_id,
        issuer="",
        name=identity.patient_name,
        birth_date=identity.birth_date,
        sex=identity.sex,
    )
    if identity.patient_id:
        known = session.scalars(
            select(Patient).where(Patient.patient_id == identity.patient_id, Patient.issuer == "")
        ).first()
        patient = known or patient
    session.add(patient)
    session.flush()
    key = _key(identity)
    if _of_uid(session, identity):  # another patient's
        key = f"{key}-{_named(identity).digest}"
    study = Study(
        key=key,
        study_instance_uid=identity.study_instance_uid,
        patient_fk=patient.id,
        patient_name=identity.patient_name,
        patient_id=identity.patient_id,
        birth_date=identity.birth_date,
        sex=identity.sex,
        age_years=identity.age_years,
        accession_number=identity.accession_number,
        study_date=identity.study_date,
        study_time=(identity.study_time or "")[:16] or None,
        description=identity.study_description,
        institution=identity.institution,
        modalities=listed(record.modality for record in identity.series),
        search_text=search_text(
            identity.patient_name, identity.patient_id, identity.accession_number
        ),
        source="upload",
        received_at=begun,
        last_instance_at=begun,
        completed_at=begun,
        changed_at=begun,
        state=StudyState.RECEIVING,
        revision=0,
        kept={},
    )
    session.add(study)
    session.flush()
    session.add_all(_series(study, record) for record in identity.series)
    session.flush()
    return study


def _series(study: Study, record: SeriesRecord) -> Series:
    return Series(
        study_fk=study.id,
        uid=record.series_instance_uid[:80],
        number=int(record.number) if record.number and record.number.isdecimal() else None,
        modality=record.modality,
        description=record.description,
        instance_count=record.instances,
    )
