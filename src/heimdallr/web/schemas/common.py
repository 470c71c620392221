"""What all schemas share."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict


class Schema(BaseModel):
    """Base of all: frozen, read off database rows, no NaN."""

    model_config = ConfigDict(frozen=True, from_attributes=True, allow_inf_nan=False)


class Message(Schema):
    """Body of requests and answers; a request with a key nobody knows is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


MAX_ID = 2**31 - 1
StudyId = Annotated[
    int, Path(ge=1, le=MAX_ID, description="number of the study", examples=[17], title="study")
]
FindingId = Annotated[int, Path(ge=1, le=MAX_ID, description="number of the finding")]
CaseId = Annotated[
    str,
    Path(
        min_length=1,
        max_length=128,
        description="case ID, or the number of the study: a case ID holds the patient's surname, "
        "and addresses are what proxies write down",
        examples=["17"],
    ),
]

Offset = Annotated[int, Query(ge=0, le=MAX_ID, description="how many to leave out first")]
Limit = Annotated[int, Query(ge=1, le=500, description="how many at most")]
Before = Annotated[
    int | None, Query(ge=1, le=MAX_ID, description="only those before this one: `next` of a page")
]
