"""Writing the rows of one study's received instances, within one transaction."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import structlog
from sqlalchemy import func, select

from heimdallr.domain.errors import StateConflictError
from heimdallr.intake.placing import place, sync_folders
from heimdallr.store.models import (
    STAT,
    Event,
    Instance,
    Patient,
    Series,
    Study,
    StudyState,
)
from heimdallr.store.reading.search import search_text
from heimdallr.store.work.lifecycle import reopen, set_priority
from heimdallr.store.work.states import note

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.orm import Session

    from heimdallr.intake.parsing import ReceivedInstance
    from heimdallr.intake.spool import Origin
    from heimdallr.store.layout import DataFolders

Outcome = Literal["recorded", "identical", "replaced"]
_MODALITIES_LENGTH = 64
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class TouchedStudy:
    """A study that files were recorded for.

    Attributes:
        key: names its folder.
        study_instance_uid: empty where the images do not say it.
        changed: it has new content; otherwise everything was there already.
    """

    id: int
    key: str
    study_instance_uid: str
    changed: bool


class StudyWriter:
    """Records instances of one study: :meth:`open`, :meth:`add` for each, :meth:`close`.

    Args:
        session: a transaction that writes.
        folders: where files go.
        instances: what is going to be added, all of one study.
        origin: where they come from.
    """

    def __init__(
        self,
        session: Session,
        folders: DataFolders,
        instances: Sequence[ReceivedInstance],
        origin: Origin,
    ) -> None:
        self._session, self._folders, self._origin = session, folders, origin
        self._received = instances
        self._study: Study
        self._series: dict[str, Series] = {}
        self._known: dict[str, Instance] = {}
        self._placed: list[Path] = []
        self._changed = False
        self._put_back = False
        self._replaced = 0

    def open(self, now: datetime, received_at: datetime) -> None:
        """Lock the study's row, made if need be, and see what is known of it.

        Args:
            now: the time.
            received_at: when the first file came.

        Raises:
            StateConflictError: the study is being deleted.
        """
        first, session = self._received[0], self._session
        found = session.scalars(
            select(Study).where(Study.key == first.study_key).with_for_update()
        ).first()
        if found is not None and found.state is StudyState.DELETING:
            msg = "the study is being deleted"
            raise StateConflictError(msg)
        self._study = found or self._new_study(first, now, min(received_at, now))
        study_id = self._study.id
        wanted = {one.series_key for one in self._received}
        self._series = {
            one.uid: one
            for one in session.scalars(
                select(Series).where(Series.study_fk == study_id, Series.uid.in_(wanted))
            )
        }
        keys = {one.instance_key for one in self._received}
        self._known = {
            one.key: one
            for one in session.scalars(
                select(Instance).where(Instance.study_fk == study_id, Instance.key.in_(keys))
            )
        }

    def add(self, one: ReceivedInstance, path: Path, received_at: datetime) -> Outcome:
        """Record one instance and give its file its place.

        Raises:
            OSError: the disk is full or fails, or the file is gone.
        """
        target = self._folders.instance(one.study_key, one.instance_key)
        row = self._known.get(one.instance_key)
        if row is not None and row.digest == one.digest and target.exists():
            self._placed.append(target)  # a kill may have come before its name was durable
            return "identical"
        place(path, target)
        self._placed.append(target)
        if row is not None and row.digest == one.digest:
            self._put_back = True
            _log.warning("a recorded file was missing; put back", study=one.study_key)
            return "identical"
        self._changed = True
        self._complete_facts(one)
        if row is None:
            self._add_row(one, received_at)
            return "recorded"
        self._renew_row(row, one, received_at)
        return "replaced"

    def close(self, now: datetime) -> TouchedStudy:
        """Bring the files' names to the disk, and the study's row up to date."""
        sync_folders(self._placed)
        study = self._study
        if self._changed or self._put_back:  # retention counts from here: they are here (again)
            study.last_instance_at = now
            study.kept = {**dict(study.kept), "originals": True}
        if self._changed:
            reopen(self._session, study, now)
        if self._replaced:
            what = f"{self._replaced} images came again with other content; the older are kept"
            note(self._session, study, "replaced", what, now)
            _log.warning("images replaced", study=study.key, count=self._replaced)
        if self._origin.stat and study.priority > STAT:
            self._session.flush()
            set_priority(self._session, study.id, STAT, now, "")
        return TouchedStudy(study.id, study.key, study.study_instance_uid, self._changed)

    def _add_row(self, one: ReceivedInstance, received_at: datetime) -> None:
        series = self._series_of(one)
        row = Instance(
            study_fk=self._study.id,
            series_fk=series.id,
            key=one.instance_key,
            path=f"{one.study_key}/{one.instance_key}.dcm",
        )
        self._fill(row, one, received_at)
        self._session.add(row)
        self._known[one.instance_key] = row
        series.instance_count += 1
        self._study.instance_count += 1
        self._study.size_bytes += one.size_bytes

    def _renew_row(self, row: Instance, one: ReceivedInstance, received_at: datetime) -> None:
        """Newer content takes the place of older; it may even name another series."""
        series = self._series_of(one)
        if row.series_fk != series.id:
            before = self._session.get_one(Series, row.series_fk)
            before.instance_count -= 1
            series.instance_count += 1
            row.series_fk = series.id
        self._study.size_bytes += one.size_bytes - row.size_bytes
        self._fill(row, one, received_at)
        self._replaced += 1

    @staticmethod
    def _fill(row: Instance, one: ReceivedInstance, received_at: datetime) -> None:
        row.sop_class_uid, row.transfer_syntax_uid = one.sop_class_uid, one.transfer_syntax_uid
        row.instance_number, row.own = one.instance_number, one.own
        row.digest, row.size_bytes, row.received_at = one.digest, one.size_bytes, received_at

    def _series_of(self, one: ReceivedInstance) -> Series:
        series = self._series.get(one.series_key)
        if series is None:
            series = Series(
                study_fk=self._study.id,
                uid=one.series_key,
                number=one.series_number,
                modality=one.modality,
                description=one.series_description,
                body_part=one.body_part,
                instance_count=0,
            )
            self._session.add(series)
            self._session.flush()
            self._series[one.series_key] = series
        return series

    def _new_study(self, one: ReceivedInstance, now: datetime, received_at: datetime) -> Study:
        origin = self._origin
        study = Study(
            key=one.study_key,
            study_instance_uid=one.study_instance_uid,
            source=origin.source,
            calling_ae=origin.calling_ae,
            called_ae=origin.called_ae,
            peer_address=origin.address,
            received_at=received_at,
            last_instance_at=now,
            changed_at=now,
            patient_name="", patient_id="", accession_number="", description="", institution="",
            modalities="", instance_count=0, size_bytes=0, state=StudyState.RECEIVING,
        )  # fmt: skip
        self._session.add(study)
        self._session.flush()
        sender = f" from {origin.calling_ae}" if origin.calling_ae else ""
        note(self._session, study, "receiving", f"first images{sender} ({origin.source})", now)
        return study

    def _complete_facts(self, one: ReceivedInstance) -> None:
        """What one image leaves out another may say; what is said stays."""
        study, patient = self._study, one.patient
        if one.modality and f",{one.modality}," not in study.modalities:
            joined = ",".join(sorted({*study.modalities.strip(",").split(","), one.modality}))
            if len(joined) + 2 <= _MODALITIES_LENGTH:
                study.modalities = f",{joined.strip(',')},"
        if patient.patient_id and study.patient_id[:64] not in ("", patient.patient_id[:64]):
            self._say_that_patients_differ()
        before = (study.patient_name, study.patient_id, study.accession_number)
        study.patient_name = study.patient_name or patient.name
        study.patient_id = study.patient_id or patient.patient_id
        study.accession_number = study.accession_number or one.accession_number
        study.sex = study.sex or patient.sex
        study.age_years = patient.age_years if study.age_years is None else study.age_years
        study.study_date = study.study_date or one.study_date
        study.study_time = study.study_time or one.study_time
        study.description = study.description or one.description
        study.institution = study.institution or one.institution
        if before != (study.patient_name, study.patient_id, study.accession_number):
            name = one.person_name if not before[0] else study.patient_name
            study.search_text = search_text(name, study.patient_id, study.accession_number)
        if study.patient_fk is None or before[1] != study.patient_id:
            self._link_patient(one)

    def _say_that_patients_differ(self) -> None:
        """Once per study: somebody ought to look at it."""
        kind, session = "mixed_patients", self._session
        known = select(Event.id).where(Event.study_fk == self._study.id, Event.kind == kind)
        if session.scalars(known.limit(1)).first() is None:
            message = "images of this study name different patients"
            note(session, self._study, kind, message, self._study.changed_at)

    def _link_patient(self, one: ReceivedInstance) -> None:
        """The patient of a study: found by PatientID and issuer, or a row of its own."""
        study, told, session = self._study, one.patient, self._session
        row = self._known_patient(told.patient_id, one.issuer) if told.patient_id else None
        if row is None and study.patient_fk is not None:
            row = session.get(Patient, study.patient_fk)  # its own, made before the ID was known
            if row is not None and told.patient_id:
                row.patient_id, row.issuer = told.patient_id, one.issuer
        if row is None:
            row = Patient(patient_id=told.patient_id, issuer=one.issuer, name=told.name)
            session.add(row)
        row.name = told.name or row.name
        row.birth_date = told.birth_date or row.birth_date
        row.sex = told.sex or row.sex
        session.flush()
        orphan = study.patient_fk
        study.patient_fk = row.id
        if orphan is not None and orphan != row.id:
            session.flush()
            session.delete(session.get_one(Patient, orphan))

    def _known_patient(self, patient_id: str, issuer: str) -> Patient | None:
        session = self._session
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
