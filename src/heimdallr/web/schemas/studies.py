"""Studies: a row of the worklist, and everything about one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import date
from typing import Literal, cast

from pydantic import AwareDatetime, Field

from heimdallr.analyses.rules.references import Flag
from heimdallr.domain.body_size import PLAUSIBLE_HEIGHT_M, PLAUSIBLE_WEIGHT_KG, Source
from heimdallr.domain.dicom_dates import calendar_date
from heimdallr.domain.patient_class import PatientClass
from heimdallr.domain.verification import Verified
from heimdallr.publishing.schema import CodedStatement, Identity, ProvenanceRecord, RuleRecord
from heimdallr.store.models import FindingRow, StudyState
from heimdallr.store.reading.worklist import WorklistRow
from heimdallr.store.reading.worklist_filter import Severity
from heimdallr.web.schemas.common import Message, Schema
from heimdallr.web.schemas.references import NormOut, ReferenceOut
from heimdallr.web.schemas.verification import VerificationOut


class Chip(Schema):
    """A finding, as short as the worklist needs it."""

    code: str = Field(examples=["intracerebral_haemorrhage"])
    severity: Severity
    title: str = Field(examples=["Intracerebral haemorrhage, 12.3 cm³"])
    title_coded: CodedStatement | None
    acknowledged: bool = Field(description="whether a person has acknowledged it")


class StudyRow(Schema):
    """A study, as the worklist shows it; one row for every study ever received."""

    id: int = Field(examples=[17], description="number of the study; says nothing of the patient")
    case_id: str | None = Field(
        examples=["SilvaMJ_20260201_123456"],
        description="name of its case folder; null until it was complete once",
    )
    study_instance_uid: str
    patient_name: str = Field(examples=["SILVA^MARIA JOSE"])
    patient_id: str
    sex: str | None
    age_years: float | None
    patients: int = Field(description="how many different patients its images name")
    accession_number: str
    study_date: date | None
    study_time: str | None
    description: str
    institution: str
    modality: str = Field(description="of the volume measured; empty before there is one")
    modalities: list[str] = Field(description="of all series received", examples=[["CT", "SR"]])
    source: str = Field(description="dicom, upload or watch")
    calling_ae: str
    received_at: AwareDatetime
    last_instance_at: AwareDatetime
    completed_at: AwareDatetime | None
    instance_count: int
    size_bytes: int
    state: StudyState
    revision: int = Field(description="how often its content was complete and new")
    stat: bool
    priority: int = Field(description="1 (STAT) to 10 (routine); lower is sooner")
    progress: float = Field(ge=0, le=1, description="share of the work that is done")
    remaining_s: float | None = Field(
        None, description="estimate from past cases; null where there is none"
    )
    error: str = Field(description="what happened and what to do; empty when all is well")
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    elapsed_s: float | None
    turnaround_s: float | None = Field(description="from the last image to the results")
    has_results: bool
    has_hemorrhage: bool | None = Field(description="null where that could not be answered")
    body_regions: list[str]
    worst_severity: Severity | None
    findings: list[Chip]
    notices: list[str] = Field(examples=[["bundled weights — not for clinical use"]])
    notices_coded: list[CodedStatement]
    unread: bool = Field(description="there are results nobody has marked as read")
    read_at: AwareDatetime | None
    verified: Verified = Field(
        description="whether a person has verified its results; outdated: others came since"
    )
    flagged: bool = Field(description="marked by a person; retention leaves it alone")
    changed_at: AwareDatetime


_COPIED = StudyRow.model_fields.keys() & {field.name for field in fields(WorklistRow)}


def study_row(
    row: WorklistRow, chips: Sequence[Chip] = (), remaining_s: float | None = None
) -> StudyRow:
    """A row as it is sent."""
    copied = {name: getattr(row, name) for name in _COPIED}
    return StudyRow.model_validate(
        copied
        | {
            "study_date": calendar_date(row.study_date),
            "progress": min(max(row.progress, 0.0), 1.0),
            "stat": row.stat,
            "unread": row.has_results and row.read_at is None,
            "remaining_s": remaining_s,
            "findings": list(chips),
        }
    )


def chip(finding: FindingRow) -> Chip:
    """A finding as the worklist shows it."""
    return Chip(
        code=finding.code,
        severity=cast("Severity", finding.severity),
        title=finding.title,
        title_coded=finding.title_coded,
        acknowledged=finding.acknowledged_at is not None,
    )


class Worklist(Schema):
    """A page of the worklist."""

    studies: list[StudyRow]
    total: int = Field(description="studies that fit the filters, as far as they were counted")
    at_least: bool = Field(description="there may be more than `total`")
    offset: int


class SeriesOfPatient(Schema):
    """A series whose images name a patient; some may name another one."""

    number: int | None
    modality: str
    description: str


class NamedPatientOut(Schema):
    """A patient that images of a study name."""

    patient_name: str = Field(examples=["SILVA^MARIA JOSE"])
    patient_id: str
    birth_date: date | None
    sex: str | None
    images: int
    series: list[SeriesOfPatient]


class SeriesOut(Schema):
    """A series as received, and what selection thought of it."""

    uid: str
    number: int | None
    modality: str
    description: str
    body_part: str
    instance_count: int
    rank: int | None = Field(description="1 was measured; null: unusable, or not judged yet")
    reasons: list[str]
    reasons_coded: list[CodedStatement]


class RunOut(Schema):
    """One attempt at one revision."""

    revision: int
    attempt: int
    cause: str = Field(description="received, late_instances, retry or reprocess")
    state: StudyState
    stage: str
    progress: float
    cancel_requested: bool
    queued_at: AwareDatetime
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    seconds: dict[str, float] = Field(description="stage → wall time")
    workflow_id: str = Field(description="names the run in the worker's log")
    error: str
    log: str = Field(description="what happened, for whoever looks at a failure")


class FindingOut(Schema):
    """A finding, what it rests on, and who has seen it."""

    id: int
    code: str = Field(examples=["intracerebral_haemorrhage"])
    severity: Severity
    title: str
    title_coded: CodedStatement | None
    evidence: dict[str, str | int | float | bool | None]
    reference: str = Field(description="where the limit comes from")
    structure: str | None
    slice_index: int | None
    caveats: list[str]
    caveats_coded: list[CodedStatement]
    acknowledged_at: AwareDatetime | None
    acknowledged_by: str
    note: str


class EventOut(Schema):
    """Something that happened."""

    id: int = Field(examples=[204])
    at: AwareDatetime = Field(examples=["2026-02-01T10:12:44Z"])
    study_id: int | None = Field(
        validation_alias="study_fk",
        examples=[17],
        description="to which study it happened; null: to the system",
    )
    kind: str = Field(examples=["retry"])
    message: str = Field(examples=["asked for: retry"])
    actor: str = Field(
        examples=["user:anna"], description="who asked for it; empty when the system did"
    )


class ChangeOut(Schema):
    """A fact that images state otherwise now."""

    fact: str = Field(examples=["patient_name"])
    before: str
    after: str | None = Field(description="null: nothing is said any more")


class StudyEventOut(EventOut):
    """Something that happened to a study, with what was corrected by it."""

    changes: list[ChangeOut] = Field(description="patient data; events of the system have none")


class StudyEvents(Schema):
    """A page of a study's events, newest first."""

    events: list[StudyEventOut]
    next: int | None = Field(description="`before` of the next page; null on the last one")


class Events(Schema):
    """A page of events, newest first."""

    events: list[EventOut]
    next: int | None = Field(description="`before` of the next page; null on the last one")


class MeasurementOut(Schema):
    """A measurement: a value, or the reason why there is none."""

    name: str = Field(examples=["liver_vol_cm3"])
    value: float | int | str | None = Field(examples=[1523.45])
    unit: str = Field(examples=["cm3"])
    status: Literal["measured", "not_applicable", "not_assessable", "failed"]
    reason: str
    reason_coded: CodedStatement | None
    analysis: str
    structure: str | None
    parameters: dict[str, str | int | float | bool | None] = Field(
        examples=[{"window": "-29…150 HU"}], description="what was used to compute it"
    )
    corrected: bool = Field(
        description="it reads otherwise than as the networks had it, by a person's correction"
    )
    reference: ReferenceOut | None = Field(
        description="the published limit that holds for this patient, if there is one"
    )
    flag: Flag | None = Field(
        examples=["low"],
        description="where the value lies by `reference`; normal: not beyond its limit",
    )
    other_references: list[ReferenceOut] = Field(
        description="further limits for this patient, derived from other people"
    )
    norms: list[NormOut] = Field(
        description="where a number stands among people like the patient, by published norms"
    )
    reference_caveats: list[str] = Field(
        examples=[["the patient's age is not known; adult values were applied"]]
    )
    reference_caveats_coded: list[CodedStatement]


class SummaryLine(Schema):
    """A finding in a few words."""

    code: str = Field(examples=["splenomegaly"])
    severity: Severity
    said: CodedStatement = Field(description="its title, with what it was in an earlier study")


class SummaryOut(Schema):
    """A study in ten seconds."""

    lines: list[SummaryLine] = Field(description="one per finding, the most urgent first")
    silence: CodedStatement = Field(description="what the rules that found nothing mean")


class Results(Schema):
    """What came out, and where it came from."""

    summary: SummaryOut
    measurements: list[MeasurementOut]
    findings: list[FindingOut]
    rules: list[RuleRecord] = Field(description="what became of each rule; empty in older results")
    images: list[str] = Field(examples=[["L3_overlay.png"]])
    masks: dict[str, list[str]] = Field(
        description="folder → structures that have a mask", examples=[{"total": ["liver"]}]
    )
    has_volume: bool
    provenance: ProvenanceRecord | None
    identity: Identity | None = Field(description="`id.json` of the case folder")


class PatientClassOut(Schema):
    """Where the patient is cared for, as orders, admissions or images say (HL7 table 0004)."""

    patient_class: PatientClass = Field(
        description="unknown: nobody has said one", examples=["inpatient"]
    )
    by: str = Field(
        description="the system that said it; `images`; empty where nobody did", examples=["ADT"]
    )
    at: AwareDatetime | None = Field(description="when it was said; null where images say it")


class StudyDetail(StudyRow):
    """Everything about one study."""

    birth_date: date | None
    patient_class: PatientClassOut
    named_patients: list[NamedPatientOut] = Field(
        description="where its images name several: each of them"
    )
    series: list[SeriesOut]
    runs: list[RunOut] = Field(description="newest first")
    queue_position: int | None = Field(
        description="which of those that wait it is; null when it does not wait", examples=[3]
    )
    results: Results | None = Field(description="null until there are some")
    verification: VerificationOut
    kept: dict[str, bool] = Field(
        description="what retention has left of it", examples=[{"originals": True, "masks": False}]
    )


class Acknowledgement(Message):
    """What a person says when acknowledging a finding."""

    note: str = Field("", max_length=2000, examples=["Told the ward at 10:12."])


class BodySizeIn(Message):
    """Height and weight, as a person enters them; both null take back what was entered."""

    height_m: float | None = Field(
        None,
        ge=PLAUSIBLE_HEIGHT_M[0],
        le=PLAUSIBLE_HEIGHT_M[1],
        description="in metres; null: what the header says",
        examples=[1.68],
    )
    weight_kg: float | None = Field(
        None,
        ge=PLAUSIBLE_WEIGHT_KG[0],
        le=PLAUSIBLE_WEIGHT_KG[1],
        description="in kilograms; null: what the header says",
        examples=[71.5],
    )


class BodySizeOut(Schema):
    """Height and weight that were entered for a study, or told by another system."""

    height_m: float | None = Field(examples=[1.68])
    weight_kg: float | None = Field(examples=[71.5])
    source: Source | None = Field(description="null: nothing was entered; the header holds")
    by: str = Field(description="who entered them, or which system told", examples=["maria"])
    at: AwareDatetime | None
    pending: bool = Field(description="the results follow when the work on the study is over")


class PriorityChange(Message):
    """How urgent a study is."""

    priority: int = Field(ge=1, le=10, description="1 is STAT, 10 routine", examples=[1])


class PatientsMeant(Message):
    """What a person says of a study whose images name several patients."""

    meant: Literal["apart", "one"] = Field(
        examples=["apart"],
        description="apart: they are different people, and each becomes a study; one: they are one",
    )
    patients: int = Field(
        ge=2,
        examples=[2],
        description="how many were seen; refused when it has become another number",
    )


class Mark(Message):
    """A mark set or taken away."""

    on: bool = Field(examples=[True])


class Concerned(Schema):
    """The studies that something was done to, as they are now."""

    studies: list[StudyRow]


class Deletion(Schema):
    """What was deleted."""

    id: int = Field(examples=[17])
    case_id: str | None = Field(examples=["SilvaMJ_20260201_123456"])
