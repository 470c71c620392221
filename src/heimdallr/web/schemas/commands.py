"""One action on many studies: the request, and what became of each."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from heimdallr.web.schemas.common import MAX_ID, Message, Schema

Action = Literal["start", "cancel", "retry", "reprocess", "delete", "priority", "flag", "read"]
Number = Annotated[int, Field(ge=1, le=MAX_ID)]


class _Many(Message):
    studies: list[Number] = Field(
        min_length=1, max_length=200, description="numbers of the studies", examples=[[17, 18]]
    )


class PlainCommand(_Many):
    """Start, cancel, retry, reprocess or delete each of these studies."""

    action: Literal["start", "cancel", "retry", "reprocess", "delete"] = Field(examples=["retry"])


class PriorityCommand(_Many):
    """Say how urgent these studies are."""

    action: Literal["priority"]
    priority: int = Field(ge=1, le=10, description="1 is STAT, 10 routine", examples=[1])


class MarkCommand(_Many):
    """Flag these studies or mark them as read, or take the mark away."""

    action: Literal["flag", "read"] = Field(examples=["read"])
    on: bool = Field(examples=[True])


Command = Annotated[PlainCommand | PriorityCommand | MarkCommand, Field(discriminator="action")]


class Outcome(Schema):
    """What became of one study."""

    study_id: int = Field(examples=[17])
    outcome: Literal["ok", "refused"]
    code: str | None = Field(
        examples=["conflict"],
        description="of a refusal, as in a problem: `not_found`, `conflict`, `storage` …",
    )
    reason: str | None = Field(
        examples=["the study is segmenting; it has started already"],
        description="of a refusal, for people",
    )


class Outcomes(Schema):
    """What became of each, in the order they were named."""

    action: Action
    ok: int = Field(description="studies to which it was done", examples=[1])
    refused: int = Field(description="studies to which it was not", examples=[0])
    outcomes: list[Outcome]
