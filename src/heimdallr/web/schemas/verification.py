"""Whether a person stands for a study's results, and who is editing it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import AwareDatetime, Field

from heimdallr.publishing.correction_records import Base
from heimdallr.store.editing_sessions import KEY_LENGTH
from heimdallr.store.study_verifications import COMMENT_LENGTH
from heimdallr.web.schemas.common import Message, Schema


class VerificationIn(Message):
    """A person verifies the results, or takes that back."""

    verified: bool = Field(examples=[True])
    comment: str = Field(
        "",
        max_length=COMMENT_LENGTH,
        description="the person's own words; never in the audit trail",
        examples=["liver outline checked"],
    )
    base: Base | None = Field(
        None,
        description="token of the label maps that were seen; refused when they are others now",
        examples=["0f343b0931126a20f133d67c2b018a3b"],
    )
    results_at: AwareDatetime | None = Field(
        None,
        description="`created_at` of the results that were seen; refused when they are others now",
    )


class VerificationOut(Schema):
    """Whether a person stands for the results."""

    verified: bool = Field(
        description="a person has verified results of the study", examples=[False]
    )
    by: str = Field(examples=["user:anna"])
    at: AwareDatetime | None
    comment: str
    is_current: bool = Field(description="false: the results have changed since")


class Editor(Schema):
    """Somebody who has the study's label maps open for editing."""

    by: str = Field(examples=["user:anna"])
    since: AwareDatetime


class EditingOut(Schema):
    """Who else edits a study just now."""

    others: list[Editor] = Field(
        description="seen in the last minute; the same person's other windows are others too"
    )


EditingKey = Annotated[
    str,
    Query(
        pattern=rf"^[A-Za-z0-9_-]{{8,{KEY_LENGTH}}}$",
        description="what the window calls itself, at random",
        examples=["b3c1f0a2d4e5"],
    ),
]
