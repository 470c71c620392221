"""Writing the rows of one study's received instances, within one transaction."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import structlog
from sqlalchemy import func, select

from heimdallr.domain.drawn_objects import is_proposal
from heimdallr.domain.errors import StateConflictError
from heimdallr.intake.parsing import is_same_image
from heimdallr.intake.placing import place, sync_folders
from heimdallr.preparation.case_id import short_hash
from heimdallr.store.drawn_objects import note_drawn
from heimdallr.store.fetch_requests import PRIOR, is_fetched_prior
from heimdallr.store.models import ROUTINE, STAT, Header, Instance, Series, Study, StudyState
from heimdallr.store.patients import settle
from heimdallr.store.upkeep.withdrawal import withdraw_results
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
_ID_LENGTH = 64
_STATED = (
    "patient_id", "issuer", "patient_name", "birth_date", "sex", "accession_number", "study_date",
    "description", "institution", "visit", "route",
)  # fmt: skip
"""What makes two images' headers one; times and ages differ from image to image."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class TouchedStudy:
    """A study that files were recorded for.

    Attributes:
        key: names its folder.
        study_instance_uid: empty where the images do not say it.
        last_instance_at: when its last new image came, as its row has it.
        changed: it has new content; otherwise everything was there already, or is no image of a
            study that was complete.
        withdrew: results were taken back, because they name another patient than it is now.
    """

    id: int
    key: str
    study_instance_uid: str
    last_instance_at: datetime
    changed: bool
    withdrew: bool = False


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
        self._headers: dict[tuple[object, ...], Header] = {}
        self._placed: list[Path] = []
        self._changed = False
        self._has_images = False
        self._put_back = False
        self._replaced = self._beside = 0
        self._restated = False

    def open(self, now: datetime, received_at: datetime) -> None:
        """Lock the study's row, made if need be, and see what is known of it.

        Args:
            now: the time.
            received_at: when the first file came.

        Raises:
            StateConflictError: the study is being deleted.
        """
        first, session = self._received[0], self._session
        _one_at_a_time(session, first.study_key)
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
        keys = {key for one in self._received for key in _keys(one)}
        self._known = {
            one.key: one
            for one in session.scalars(
                select(Instance).where(Instance.study_fk == study_id, Instance.key.in_(keys))
            )
        }
        self._headers = {
            tuple(getattr(one, name) for name in _STATED): one
            for one in session.scalars(select(Header).where(Header.study_fk == study_id))
        }

    def add(self, one: ReceivedInstance, path: Path, received_at: datetime) -> Outcome:
        """Record one instance and give its file its place.

        Raises:
            OSError: the disk is full or fails, or the file is gone.
        """
        key = self._key_of(one, path)
        target = self._folders.instance(one.study_key, key)
        row = self._known.get(key)
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
        self._has_images |= not (one.own or one.drawn)
        self._add_modality(one.modality)
        outcome: Outcome = "recorded" if row is None else "replaced"
        if row is None:
            row = self._add_row(key, one, received_at)
        else:
            self._renew_row(row, one, received_at)
        if is_proposal(one.sop_class_uid, one.instance_key):
            self._session.flush()
            note_drawn(self._session, row.id, self._sender())
        return outcome

    def close(self, now: datetime) -> TouchedStudy:
        """Bring the files' names to the disk, and the study's row up to date.

        Raises:
            OSError: the disk is full or fails.
            StorageError: results that name the wrong patient cannot be taken away.
        """
        sync_folders(self._placed)
        study, session = self._study, self._session
        if self._changed or self._put_back:  # retention counts from here: they are here (again)
            study.last_instance_at = now
            study.kept = {**dict(study.kept), "originals": True}
        if self._has_images or (self._changed and study.state is StudyState.RECEIVING):
            reopen(session, study, now)
        elif self._changed:
            # An archive forwards what it was sent: results must not be the cause of new ones.
            note(session, study, "stored", self._what_was_stored(), now)
            study.changed_at = now
        if self._replaced:
            what = f"{self._replaced} images came again with other content; the older are kept"
            note(session, study, "replaced", what, now)
            _log.warning("images replaced", study=study.key, count=self._replaced)
        if self._beside:
            what = f"{self._beside} images carry the UID of another image; all of them were kept"
            note(session, study, "shared_uids", what, now)
            _log.warning("images share a UID", study=study.key, count=self._beside)
        withdrew = self._restated and settle(session, study, now)
        if withdrew:
            withdraw_results(session, self._folders, study, now)
        if self._origin.stat and study.priority > STAT:
            session.flush()
            set_priority(session, study.id, STAT, now, "")
        return TouchedStudy(
            study.id,
            study.key,
            study.study_instance_uid,
            study.last_instance_at,
            self._changed and study.state is StudyState.RECEIVING,
            withdrew,
        )

    def _what_was_stored(self) -> str:
        if any(is_proposal(one.sop_class_uid, one.instance_key) for one in self._received):
            return "segmentations or structure sets of another tool came"
        return "objects written by this system came back"

    def _key_of(self, one: ReceivedInstance, path: Path) -> str:
        """The key of an image: its own, or of one that it is, or that nobody has.

        A UID is no proof: exports number the images of each series from 1, anonymisers give all
        of them one UID. Another series, or another place and other pixels, is another image.
        """
        *keys, last = _keys(one)
        for key in keys:
            row = self._known.get(key)
            if row is None or self._is_of(row, one, path):
                return key
        return last

    def _is_of(self, row: Instance, one: ReceivedInstance, path: Path) -> bool:
        """Whether a row is an image's, whatever its content was when it came before."""
        series = self._series.get(one.series_key)
        if series is None or row.series_fk != series.id:
            return False
        known = self._folders.incoming / row.path
        return row.digest == one.digest or is_same_image(known, path)

    def _sender(self) -> str:
        """Who sends these, for those who read what is proposed."""
        origin = self._origin
        return f"{origin.source}:{origin.calling_ae}" if origin.calling_ae else origin.source

    def _add_row(self, key: str, one: ReceivedInstance, received_at: datetime) -> Instance:
        series = self._series_of(one)
        row = Instance(
            study_fk=self._study.id,
            series_fk=series.id,
            key=key,
            path=f"{one.study_key}/{key}.dcm",
        )
        self._fill(row, one, received_at)
        self._session.add(row)
        self._known[key] = row
        self._beside += key != one.instance_key
        series.instance_count += 1
        self._study.instance_count += 1
        self._study.size_bytes += one.size_bytes
        return row

    def _renew_row(self, row: Instance, one: ReceivedInstance, received_at: datetime) -> None:
        """Newer content takes the place of older."""
        self._study.size_bytes += one.size_bytes - row.size_bytes
        before = row.header_fk
        self._fill(row, one, received_at)
        if row.header_fk != before:
            self._state(one).corrects = self._restated = True
        self._replaced += 1

    def _fill(self, row: Instance, one: ReceivedInstance, received_at: datetime) -> None:
        row.header_fk = self._state(one).id
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
            self._restated = True
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
            visit="", route="", modalities="", instance_count=0, size_bytes=0,
            state=StudyState.RECEIVING,
            priority=PRIOR if is_fetched_prior(self._session, one.study_instance_uid) else ROUTINE,
        )  # fmt: skip
        self._session.add(study)
        self._session.flush()
        sender = f" from {origin.calling_ae}" if origin.calling_ae else ""
        note(self._session, study, "receiving", f"first images{sender} ({origin.source})", now)
        return study

    def _state(self, one: ReceivedInstance) -> Header:
        """The row of what an image says of patient and exam."""
        patient = one.patient
        facts = (
            patient.patient_id[:_ID_LENGTH],
            one.issuer[:_ID_LENGTH],
            one.person_name,
            patient.birth_date,
            patient.sex,
            one.accession_number[:_ID_LENGTH],
            one.study_date,
            one.description,
            one.institution,
            one.visit[:_ID_LENGTH],
            one.route[:_ID_LENGTH],
        )
        row = self._headers.get(facts)
        if row is None:
            row = Header(
                study_fk=self._study.id,
                age_years=patient.age_years,
                study_time=one.study_time,
                **dict(zip(_STATED, facts, strict=True)),
            )
            self._session.add(row)
            self._session.flush()
            self._headers[facts] = row
            self._restated = True
        return row

    def _add_modality(self, modality: str) -> None:
        study = self._study
        if modality and f",{modality}," not in study.modalities:
            joined = ",".join(sorted({*study.modalities.strip(",").split(","), modality}))
            if len(joined) + 2 <= _MODALITIES_LENGTH:
                study.modalities = f",{joined.strip(',')},"


def _one_at_a_time(session: Session, study_key: str) -> None:
    """Let no other recorder make the same study, or the same patient, meanwhile.

    SQLite has one writer anyway. On PostgreSQL a lock under the study's name lasts as long as the
    transaction; a row that does not exist yet could not be locked.
    """
    if session.get_bind().dialect.name == "postgresql":
        number = int.from_bytes(hashlib.sha256(study_key.encode()).digest()[:8], "big", signed=True)
        session.execute(select(func.pg_advisory_xact_lock(number)))


def _keys(one: ReceivedInstance) -> tuple[str, ...]:
    """What an image may be known by within its study, the likeliest first."""
    own = one.instance_key
    place = f"{one.series_key}|{one.instance_number}|{one.position}"
    return own, f"{own}-{short_hash(one.series_key)}", f"{own}-{short_hash(place)}"
