"""A person's corrections of a study: what is sent, and what is told of them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, ConfigDict, Field

from heimdallr.domain.corrections import RejectedKind
from heimdallr.publishing.correction_records import (
    Base,
    CorrectionKind,
    LevelRecord,
    Origin,
    RejectionRecord,
    StandingRejection,
    StructureChange,
)
from heimdallr.publishing.schema import CodedStatement, Results, Scalar
from heimdallr.store.corrections import CorrectionState
from heimdallr.web.http.problems import Answers
from heimdallr.web.schemas.common import MAX_ID, Message, Schema
from heimdallr.web.schemas.verification import Editor, VerificationOut

COMMENT_LENGTH = 500
DIFFERENCE: Answers = {
    200: {
        "description": "changed voxels, as docs/corrections.md has them",
        "content": {"application/octet-stream": {}},
    }
}
"""What is answered where changed voxels are asked for."""

Comment = Annotated[
    str,
    Field(
        max_length=COMMENT_LENGTH,
        description="the person's own words; kept with the correction, never in the audit trail",
        examples=["vessel beside the muscle"],
    ),
]
OnBase = Annotated[
    Base,
    Field(
        description="token of the label maps that were seen: `base` of the study's corrections",
        examples=["0f343b0931126a20f133d67c2b018a3b"],
    ),
]
_Structure = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,100}$", examples=["vertebrae_L2"])]


class LevelIn(Message):
    """A vertebra's true level; its neighbours move by as many."""

    base: OnBase
    vertebra: Annotated[_Structure, Field(description="what the labels call it")]
    is_: Annotated[
        _Structure, Field(alias="is", description="what it is", examples=["vertebrae_L3"])
    ]
    comment: Comment = ""


class TakenBack(Message):
    """A rejection that holds no longer."""

    kind: RejectedKind
    name: Annotated[str, Field(min_length=1, max_length=200, examples=["SMA_cm2"])]


class RejectionsIn(Message):
    """What a person does not believe, and what they believe again."""

    reject: list[RejectionRecord] = Field(default_factory=list, max_length=200)
    restore: list[TakenBack] = Field(default_factory=list, max_length=200)
    comment: Comment = ""


class RestoreIn(Message):
    """Back to an earlier version; 0 is what the networks made."""

    base: OnBase
    version: Annotated[int, Field(ge=0, le=MAX_ID, examples=[0])]
    comment: Comment = ""


class AcceptIn(Message):
    """A proposal becomes a correction of the label maps that were seen."""

    base: OnBase


class CorrectionOut(Schema):
    """One saved act of a person on a study, or a proposal that waits for one."""

    number: int = Field(examples=[1], description="of the study's corrections; never used again")
    state: CorrectionState = Field(
        description="pending: kept, the results do not follow yet; proposed: by another tool, "
        "offered: from before the study was processed anew, both wait for a person; superseded: "
        "an offered one that was made again, under another number"
    )
    kind: CorrectionKind
    origin: Origin
    by: str = Field(examples=["user:anna"])
    at: AwareDatetime
    base: str = Field(description="token of the label maps it was made on")
    comment: str
    structures: list[StructureChange]
    level: LevelRecord | None
    reject: list[RejectionRecord]
    restore_rejections: list[RejectionRecord]
    restores_version: int | None
    error: CodedStatement | None = Field(description="of a failed one: why")
    notes: list[CodedStatement] = Field(description="structures nobody knows, and the like")
    changed_measurements: int = Field(description="numbers that read otherwise since")
    version: int | None = Field(description="the version of the results it led to, while it holds")


class MeasurementChange(Schema):
    """A measurement that reads otherwise after a correction."""

    name: str = Field(examples=["SMA_cm2"])
    unit: str
    before: Scalar
    after: Scalar
    status_before: str | None = Field(description="null: there was no such measurement")
    status_after: str | None
    reason_before_coded: CodedStatement | None
    reason_after_coded: CodedStatement | None


class ChangedResults(Schema):
    """Every number and finding that differs between two results of a study."""

    measurements: list[MeasurementChange]
    findings_gone: list[str] = Field(examples=[["low_muscle_index"]])
    findings_new: list[str]


class CorrectionDetail(CorrectionOut, ChangedResults):
    """A correction, and every number and finding that differs by it."""


class CorrectionsOut(Schema):
    """A study's corrections and proposals, and whether it can be corrected now."""

    can_correct: bool
    why_not: CodedStatement | None = Field(description="of a study that cannot be")
    base: str = Field(description="token of its label maps; sent back with a correction")
    version: int = Field(description="of the results shown; 0: as the networks made them")
    corrections: list[CorrectionOut] = Field(description="newest first")
    rejections: list[StandingRejection] = Field(description="what is not believed at present")
    others: list[Editor] = Field(description="who edits it just now")
    verification: VerificationOut


class VersionResults(Results):
    """`resultados.json` of a version of the results."""

    model_config = ConfigDict(
        frozen=True,
        extra="allow",
        allow_inf_nan=False,
        json_schema_extra={"examples": [{"case_id": "SilvaMJ_20260201_123456"}]},
    )
