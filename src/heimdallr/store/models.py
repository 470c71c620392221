"""The tables.

``studies`` is the worklist: one row for every study ever received, whatever became of it.
``runs`` is the history of the work on it: one row for every attempt at a revision. A study's
row repeats the state of its newest run, so that the worklist reads one table. Only
:mod:`heimdallr.store.work.lifecycle` changes a state. What leaves the house has tables of its own:
:mod:`heimdallr.store.delivery_tables`.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import TypeGuard

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    event,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from heimdallr.domain.verification import Verified
from heimdallr.store import (  # noqa: F401 - whoever asks for the tables means all
    body_sizes,
    corrections,
    delivery_tables,
    drawn_objects,
    editing_sessions,
    fetch_requests,
    patient_classes,
    stored_folders,
    study_body_sizes,
    study_verifications,
)
from heimdallr.store.base import Base
from heimdallr.store.change_number import NextChange
from heimdallr.store.columns import Changes, Json, Label, SearchText, words

STAT, ROUTINE = 1, 10
"""Priorities; lower is sooner."""

_TEXTS = ("search_text", "finding_codes")


class StudyState(str, Enum):
    """What is happening to a study."""

    RECEIVING = "receiving"
    """Instances have arrived and more may come."""
    QUEUED = "queued"
    PREPARING = "preparing"
    SEGMENTING = "segmenting"
    ANALYZING = "analyzing"
    PUBLISHING = "publishing"
    DONE = "done"
    REFUSED = "refused"
    """It cannot be measured: nothing in it is a CT or MR volume."""
    FAILED = "failed"
    """Something broke; it can be retried."""
    CANCELLED = "cancelled"
    HELD = "held"
    """Its images name different patients; a person has to say which is meant."""
    STORED = "stored"
    """Kept, with nothing to process: only objects that this system wrote, or tools drew."""
    SENDING = "sending"
    SENT = "sent"
    """Handed over to another server."""
    DELETING = "deleting"
    """Its files are being removed; nothing may join or use it any more."""


ACTIVE_STATES = (
    StudyState.PREPARING,
    StudyState.SEGMENTING,
    StudyState.ANALYZING,
    StudyState.PUBLISHING,
)
"""A worker holds the study."""


STATE_ORDER = (
    StudyState.FAILED,
    StudyState.HELD,
    StudyState.PUBLISHING,
    StudyState.ANALYZING,
    StudyState.SEGMENTING,
    StudyState.PREPARING,
    StudyState.QUEUED,
    StudyState.RECEIVING,
    StudyState.SENDING,
    StudyState.CANCELLED,
    StudyState.REFUSED,
    StudyState.DONE,
    StudyState.SENT,
    StudyState.STORED,
    StudyState.DELETING,
)
"""How a worklist sorted by state reads: what needs a person, what moves, what is over."""


class Role(str, Enum):
    """What a person may do; each includes the ones before."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


Base.registry.update_type_annotation_map(
    {StudyState: words(StudyState), Role: words(Role), Verified: words(Verified)}
)


class Patient(Base):
    """A person, by PatientID and issuer; a study without a PatientID has a row of its own."""

    __tablename__ = "patients"
    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[str] = mapped_column(Label(64), index=True)
    issuer: Mapped[str] = mapped_column(Label(64), default="")
    name: Mapped[str] = mapped_column(Label(324), default="")
    birth_date: Mapped[str | None] = mapped_column(String(8))
    sex: Mapped[str | None] = mapped_column(String(1))


class Study(Base):
    """A study as received, and what became of it; a row of the worklist.

    Attributes:
        key: StudyInstanceUID, or a surrogate made of the safe alphabet where it is empty.
        patients: how many different patients its images name.
        visit: AdmissionID, PV1-19 of the order.
        route: RouteOfAdmissions, PV1-2 of the order where an archive writes it there.
        modalities: of all its series; commas as in ``body_regions``.
        search_text: made by :func:`heimdallr.store.reading.search.search_text`.
        source: ``dicom``, ``upload`` or ``watch``.
        revision: how often its content was complete and new; 0 before the first time.
        digest: SHA-256 over the instances of that revision.
        case_id: name of its case folder, given when it is first complete.
        body_regions: ``,head,thorax,`` with commas at both ends, so that one can be searched.
        finding_codes: as ``body_regions``.
        worst_severity: 0 none, 1 note, 2 significant, 3 critical; acknowledged findings count too.
        turnaround_s: from the last image to the results, when it was last worked on.
        results_created_at: of the results these rows tell of; ``None`` where that was not noted.
        corrected: a person has changed what the networks said in these results.
        verified: whether a person has verified them (:mod:`heimdallr.store.work.verification`).
        volume_bytes: size of the published volume.
        flagged: marked by a person; retention leaves it alone.
        kept: what retention has left: ``originals``, ``volume``, ``masks``, ``results``.
        changed_at: last change of anything a reader sees.
        change: rises with every change of the row; read by :mod:`heimdallr.store.changes`.
        state_rank: place of the state in :data:`STATE_ORDER`.
        sort_date: the study date as a number, 20260201; 0 where there is none.
        sort_turnaround: the turnaround; below zero where there is none.
    """

    __tablename__ = "studies"
    __table_args__ = (
        Index(None, "state", "received_at"),
        # Everything a worklist filters by: no row need be read to be left out. PostgreSQL takes
        # 2704 bytes for an entry; the texts' lengths stay below that, whatever their letters.
        Index(
            "ix_studies_worklist",
            # Quick to be found in an entry: fixed lengths first, what may be missing last.
            *("received_at", "id", "state_rank", "priority", "worst_severity", "sort_date"),
            *("sort_turnaround", "has_results", "flagged", "search_text", "modalities"),
            *("body_regions", "finding_codes", "verified", "read_at"),
        ),
        Index(None, "sort_date", "id"),
        Index(None, "search_text", "id"),
        Index(None, "state_rank", "id"),
        Index(None, "worst_severity", "id"),
        Index(None, "sort_turnaround", "id"),
        *(Index(None, name, "id") for name in ("verified", "modalities", "body_regions")),
        # What cohorts are made by, in the order of measurements; SQLite reads the rows instead.
        Index(
            "ix_studies_cohort",
            *("id", "sex", "age_years", "sort_date", "state_rank", "modalities", "body_regions"),
            "worst_severity",
        ).ddl_if(dialect="postgresql"),
        # Any three letters of a text.
        Index(
            "ix_studies_trigrams",
            *_TEXTS,
            postgresql_using="gin",
            postgresql_ops=dict.fromkeys(_TEXTS, "gin_trgm_ops"),
        ).ddl_if(dialect="postgresql"),
        {"sqlite_autoincrement": True},  # the number of a deleted study never comes again
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(80), unique=True)
    study_instance_uid: Mapped[str] = mapped_column(String(64), default="", index=True)
    patient_fk: Mapped[int | None] = mapped_column(ForeignKey("patients.id"), index=True)
    patient_name: Mapped[str] = mapped_column(Label(324), default="")
    patient_id: Mapped[str] = mapped_column(Label(64), default="")
    birth_date: Mapped[str | None] = mapped_column(String(8))
    sex: Mapped[str | None] = mapped_column(String(1))
    age_years: Mapped[float | None]
    patients: Mapped[int] = mapped_column(default=1, server_default="1")
    accession_number: Mapped[str] = mapped_column(Label(64), default="", index=True)
    visit: Mapped[str] = mapped_column(Label(64), default="", server_default="")
    route: Mapped[str] = mapped_column(Label(64), default="", server_default="")
    study_date: Mapped[str | None] = mapped_column(String(8))
    study_time: Mapped[str | None] = mapped_column(String(16))
    description: Mapped[str] = mapped_column(Label(256), default="")
    institution: Mapped[str] = mapped_column(Label(256), default="")
    modalities: Mapped[str] = mapped_column(SearchText(64), default="")
    search_text: Mapped[str] = mapped_column(SearchText(400), default="")

    source: Mapped[str] = mapped_column(String(8), default="dicom")
    calling_ae: Mapped[str] = mapped_column(Label(16), default="")
    called_ae: Mapped[str] = mapped_column(Label(16), default="")
    peer_address: Mapped[str] = mapped_column(Label(64), default="")
    received_at: Mapped[datetime]
    last_instance_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    instance_count: Mapped[int] = mapped_column(default=0)
    size_bytes: Mapped[int] = mapped_column(BigInteger, default=0)

    state: Mapped[StudyState] = mapped_column(default=StudyState.RECEIVING)
    revision: Mapped[int] = mapped_column(default=0)
    digest: Mapped[str] = mapped_column(String(64), default="")
    case_id: Mapped[str | None] = mapped_column(String(128), unique=True)
    priority: Mapped[int] = mapped_column(default=ROUTINE)
    progress: Mapped[float] = mapped_column(default=0.0)
    error: Mapped[str] = mapped_column(Label(2000), default="")
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    elapsed_s: Mapped[float | None]
    turnaround_s: Mapped[float | None]
    changed_at: Mapped[datetime]
    change: Mapped[int] = mapped_column(
        BigInteger, default=NextChange(), onupdate=NextChange(), index=True
    )

    modality: Mapped[str] = mapped_column(Label(16), default="")
    has_results: Mapped[bool] = mapped_column(default=False)
    has_hemorrhage: Mapped[bool | None]
    results_created_at: Mapped[datetime | None]
    corrected: Mapped[bool] = mapped_column(default=False, server_default=false())
    verified: Mapped[Verified] = mapped_column(default=Verified.NO, server_default="no")
    body_regions: Mapped[str] = mapped_column(SearchText(128), default="")
    finding_codes: Mapped[str] = mapped_column(SearchText(500), default="")
    worst_severity: Mapped[int] = mapped_column(default=0)
    notices: Mapped[Json] = mapped_column(default=list)
    notices_coded: Mapped[Json] = mapped_column(default=list, server_default="[]")
    volume_bytes: Mapped[int | None] = mapped_column(BigInteger)
    read_at: Mapped[datetime | None]
    flagged: Mapped[bool] = mapped_column(default=False)
    kept: Mapped[Json] = mapped_column(default=dict)

    # Not computed by the database: SQLite reads the row of an index that holds such a column.
    state_rank: Mapped[int]
    sort_date: Mapped[int]
    sort_turnaround: Mapped[float]

    patient: Mapped[Patient | None] = relationship()

    def set_sort_columns(self) -> None:
        """Follow the columns they stand for; done before every write."""
        self.state_rank = STATE_ORDER.index(self.state or StudyState.RECEIVING)
        self.sort_date = int(self.study_date) if _is_date(self.study_date) else 0
        self.sort_turnaround = -1.0 if self.turnaround_s is None else self.turnaround_s


def _index_of_few(name: str, only: ColumnElement[bool]) -> None:
    """An index of those studies only; what they have in common, few have."""
    Index(name, Study.received_at, Study.id, postgresql_where=only, sqlite_where=only)


_index_of_few("ix_studies_unread", Study.has_results.is_(True) & Study.read_at.is_(None))
_index_of_few("ix_studies_stat", Study.priority <= STAT)
_index_of_few("ix_studies_flagged", Study.flagged.is_(True))


def _is_date(text: str | None) -> TypeGuard[str]:
    return text is not None and text.isascii() and text.isdigit() and len(text) == len("YYYYMMDD")


@event.listens_for(Study, "before_insert")
@event.listens_for(Study, "before_update")
def _before_write(_mapper: object, _connection: object, study: Study) -> None:
    study.set_sort_columns()


class RemovedStudy(Base):
    """A study that was deleted, so that whoever follows the changes hears of it.

    Attributes:
        study_id: the ``id`` it had.
        change: as of a study.
    """

    __tablename__ = "removed_studies"
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int]
    change: Mapped[int] = mapped_column(BigInteger, default=NextChange(), index=True)
    removed_at: Mapped[datetime]


class Series(Base):
    """A series as received; ``rank`` and ``reasons`` are what selection thought of it.

    Attributes:
        reasons_coded: codes and parameters of ``reasons``, one each; empty where only the texts
            are known.
    """

    __tablename__ = "series"
    __table_args__ = (UniqueConstraint("study_fk", "uid"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    study_fk: Mapped[int] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"))
    uid: Mapped[str] = mapped_column(String(80))
    number: Mapped[int | None]
    modality: Mapped[str] = mapped_column(Label(16), default="")
    description: Mapped[str] = mapped_column(Label(256), default="")
    body_part: Mapped[str] = mapped_column(Label(64), default="")
    instance_count: Mapped[int] = mapped_column(default=0)
    rank: Mapped[int | None]
    reasons: Mapped[Json] = mapped_column(default=list)
    reasons_coded: Mapped[Json] = mapped_column(default=list, server_default="[]")


class Header(Base):
    """What the headers of some images of a study say of its patient and of the exam.

    A study's own columns are made of these (:mod:`heimdallr.store.patients`). One that no image
    has any more is removed.

    Attributes:
        patient_name: PatientName with all its component groups.
        age_years: as the first of these images tells it.
        study_time: as of ``age_years``.
        visit, route: as a study's.
        corrects: an image has it that had another one before.
        declared: a person said that all headers marked so name one patient.
    """

    __tablename__ = "headers"
    id: Mapped[int] = mapped_column(primary_key=True)
    study_fk: Mapped[int] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"), index=True)
    patient_id: Mapped[str] = mapped_column(Label(64), default="")
    issuer: Mapped[str] = mapped_column(Label(64), default="")
    patient_name: Mapped[str] = mapped_column(Label(324), default="")
    birth_date: Mapped[str | None] = mapped_column(String(8))
    sex: Mapped[str | None] = mapped_column(String(1))
    age_years: Mapped[float | None]
    accession_number: Mapped[str] = mapped_column(Label(64), default="")
    visit: Mapped[str] = mapped_column(Label(64), default="", server_default="")
    route: Mapped[str] = mapped_column(Label(64), default="", server_default="")
    study_date: Mapped[str | None] = mapped_column(String(8))
    study_time: Mapped[str | None] = mapped_column(String(16))
    description: Mapped[str] = mapped_column(Label(256), default="")
    institution: Mapped[str] = mapped_column(Label(256), default="")
    corrects: Mapped[bool] = mapped_column(default=False)
    declared: Mapped[bool] = mapped_column(default=False)


class Instance(Base):
    """A received SOP instance, on the disk at ``path`` below the incoming folder.

    Attributes:
        key: SOPInstanceUID, or a surrogate where it is empty or another image of the study has it.
        header_fk: what it says of patient and exam.
        digest: SHA-256 of the encoded data set, without the file meta group.
    """

    __tablename__ = "instances"
    __table_args__ = (UniqueConstraint("study_fk", "key"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    study_fk: Mapped[int] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"))
    series_fk: Mapped[int] = mapped_column(ForeignKey("series.id", ondelete="CASCADE"), index=True)
    header_fk: Mapped[int | None] = mapped_column(
        ForeignKey("headers.id", ondelete="SET NULL"), index=True
    )
    key: Mapped[str] = mapped_column(String(80))
    sop_class_uid: Mapped[str] = mapped_column(String(64), default="")
    transfer_syntax_uid: Mapped[str] = mapped_column(String(64), default="")
    instance_number: Mapped[int | None]
    own: Mapped[bool] = mapped_column(default=False)
    digest: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    path: Mapped[str] = mapped_column(String(256))
    received_at: Mapped[datetime]


class Quarantined(Base):
    """A received file that is no usable instance, kept at ``path`` below the quarantine folder.

    Attributes:
        study_instance_uid: of the study that lacks it; empty where the file does not say.
        sop_instance_uid: of the object that it would be; likewise.
    """

    __tablename__ = "quarantine"
    id: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(String(256), unique=True)
    reason: Mapped[str] = mapped_column(Label(300))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    calling_ae: Mapped[str] = mapped_column(Label(16), default="")
    peer_address: Mapped[str] = mapped_column(Label(64), default="")
    study_instance_uid: Mapped[str] = mapped_column(
        String(64), default="", server_default="", index=True
    )
    sop_instance_uid: Mapped[str] = mapped_column(String(64), default="", server_default="")
    received_at: Mapped[datetime] = mapped_column(index=True)


class Run(Base):
    """One attempt at one revision of a study.

    Attributes:
        attempt: 1 for the first; a retry or a reprocessing adds one.
        cause: ``received``, ``late_instances``, ``retry``, ``reprocess``.
        fresh: outputs of earlier attempts are not to be used again.
        workflow_id: name of its durable workflow; says nothing about the patient.
        stage: the stage it is in, or ended in.
        progress: share that is done, 0 to 1.
        executor: who works on it; a new value each time a worker takes it up.
        lost_workers: how many workers were lost in the stage it is in.
        seconds: stage → wall time.
        log: what happened, for the person who looks at a failure; no patient data.
    """

    __tablename__ = "runs"
    __table_args__ = (
        UniqueConstraint("study_fk", "revision", "attempt"),
        Index(None, "state", "priority", "queued_at"),
        Index(None, "finished_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    study_fk: Mapped[int] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"), index=True)
    revision: Mapped[int]
    attempt: Mapped[int]
    cause: Mapped[str] = mapped_column(String(16))
    fresh: Mapped[bool] = mapped_column(default=False)
    workflow_id: Mapped[str] = mapped_column(String(64), unique=True)
    state: Mapped[StudyState] = mapped_column(default=StudyState.QUEUED)
    stage: Mapped[str] = mapped_column(String(16), default="")
    priority: Mapped[int] = mapped_column(default=ROUTINE)
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    progress: Mapped[float] = mapped_column(default=0.0)
    executor: Mapped[str] = mapped_column(String(64), default="")
    lost_workers: Mapped[int] = mapped_column(default=0)
    queued_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    seconds: Mapped[Json] = mapped_column(default=dict)
    error: Mapped[str] = mapped_column(Label(2000), default="")
    log: Mapped[str] = mapped_column(Label, default="")

    study: Mapped[Study] = relationship()


class MeasurementRow(Base):
    """A measurement of a study's current results."""

    __tablename__ = "measurements"
    __table_args__ = (
        UniqueConstraint("study_fk", "name"),
        Index(None, "name", "status", "study_fk", "value"),  # the explorer reads nothing else
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    study_fk: Mapped[int] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(100))
    value: Mapped[float | None]
    text: Mapped[str | None] = mapped_column(Label(300))
    unit: Mapped[str] = mapped_column(Label(16), default="")
    status: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Label(500), default="")
    reason_coded: Mapped[Json | None] = mapped_column(JSON(none_as_null=True))
    analysis: Mapped[str] = mapped_column(String(64), default="")
    structure: Mapped[str | None] = mapped_column(Label(64))


class FindingRow(Base):
    """A finding of a study's current results, and who has seen it."""

    __tablename__ = "findings"
    __table_args__ = (Index(None, "code", "severity"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    study_fk: Mapped[int] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"), index=True)
    code: Mapped[str] = mapped_column(String(64))
    severity: Mapped[str] = mapped_column(String(16))
    title: Mapped[str] = mapped_column(Label(300))
    title_coded: Mapped[Json | None] = mapped_column(JSON(none_as_null=True))
    evidence: Mapped[Json] = mapped_column(default=dict)
    reference: Mapped[str] = mapped_column(Label(500), default="")
    structure: Mapped[str | None] = mapped_column(Label(64))
    slice_index: Mapped[int | None]
    caveats: Mapped[Json] = mapped_column(default=list)
    caveats_coded: Mapped[Json] = mapped_column(default=list, server_default="[]")
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str] = mapped_column(Label(64), default="")
    note: Mapped[str] = mapped_column(Label(2000), default="")


_IS_UNACKNOWLEDGED = (FindingRow.severity == "critical") & FindingRow.acknowledged_at.is_(None)
Index(
    "ix_findings_unacknowledged",
    FindingRow.study_fk,
    postgresql_where=_IS_UNACKNOWLEDGED,
    sqlite_where=_IS_UNACKNOWLEDGED,
)


class Event(Base):
    """Something that happened to a study or the system, in words for people.

    Attributes:
        message: holds no patient data.
        changes: ``[field, before, after]`` of what was corrected. This is patient data: shown with
            the study only, and gone with it.
    """

    __tablename__ = "events"
    __table_args__ = ({"sqlite_autoincrement": True},)
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    study_fk: Mapped[int | None] = mapped_column(
        ForeignKey("studies.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str] = mapped_column(String(32))
    message: Mapped[str] = mapped_column(Label(2000))
    actor: Mapped[str] = mapped_column(Label(64), default="")
    changes: Mapped[Changes] = mapped_column(default=list, server_default="[]")


class Delivery(Base):
    """Something to be handed to another system, and how far that got."""

    __tablename__ = "deliveries"
    __table_args__ = (UniqueConstraint("study_fk", "revision", "target"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    study_fk: Mapped[int] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"))
    revision: Mapped[int]
    target: Mapped[str] = mapped_column(String(300))
    state: Mapped[str] = mapped_column(String(16), index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(Label(2000), default="")
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class Peer(Base):
    """A DICOM peer that has called, and when; feeds "is my PACS connected?"."""

    __tablename__ = "peers"
    __table_args__ = (UniqueConstraint("ae_title", "address"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    ae_title: Mapped[str] = mapped_column(Label(16))
    address: Mapped[str] = mapped_column(String(64))
    last_seen_at: Mapped[datetime]
    last_echo_at: Mapped[datetime | None]
    last_store_at: Mapped[datetime | None]
    last_rejection_at: Mapped[datetime | None]
    last_rejection: Mapped[str] = mapped_column(Label(300), default="")


class Service(Base):
    """A process that works for this database, and its last sign of life.

    Attributes:
        kind: ``worker``, ``recorder``, ``deliverer`` or ``exchange``.
        name: a new one for each start.
        details: what it works with; of a worker its device.
    """

    __tablename__ = "services"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(64), unique=True)
    host: Mapped[str] = mapped_column(Label(64))
    pid: Mapped[int]
    version: Mapped[str] = mapped_column(Label(32))
    started_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    details: Mapped[Json] = mapped_column(default=dict)


class User(Base):
    """A person who may sign in.

    Attributes:
        must_change_password: the password is a one-time one.
        password_set_at: when it was set; a one-time password is worthless some days later.
    """

    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    role: Mapped[Role]
    must_change_password: Mapped[bool] = mapped_column(default=False)
    password_set_at: Mapped[datetime | None]
    disabled: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    last_login_at: Mapped[datetime | None]


class WebSession(Base):
    """A signed-in browser; the cookie's value is kept as its SHA-256 only."""

    __tablename__ = "sessions"
    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    csrf_token: Mapped[str] = mapped_column(String(64))
    user_fk: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]

    user: Mapped[User] = relationship()


class ApiToken(Base):
    """A program's key; kept as its SHA-256 only. ``scopes``: ``,upload,read,``."""

    __tablename__ = "api_tokens"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(Label(64), default="")
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class LoginFailure(Base):
    """A failed sign-in, for the rate limit; pruned when old."""

    __tablename__ = "login_failures"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    name: Mapped[str] = mapped_column(Label(64), index=True)
    address: Mapped[str] = mapped_column(String(64), index=True)


class AuditEntry(Base):
    """Who saw, downloaded, changed or deleted what."""

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    actor: Mapped[str] = mapped_column(String(80), index=True)
    address: Mapped[str] = mapped_column(String(64), default="")
    action: Mapped[str] = mapped_column(String(64))
    object: Mapped[str] = mapped_column(Label(160), default="", index=True)
    outcome: Mapped[str] = mapped_column(String(32), default="ok")
    details: Mapped[str] = mapped_column(Label(500), default="")
