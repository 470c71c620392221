"""What the worklist can be filtered by, and how many studies wait for what."""

from __future__ import annotations

from pydantic import Field

from heimdallr.store.reading.worklist_filter import Severity
from heimdallr.web.schemas.common import Schema


class FindingOption(Schema):
    """A finding that was made in some study here."""

    code: str = Field(examples=["intracerebral_haemorrhage"], description="for `finding`")
    title: str = Field(examples=["Intracerebral haemorrhage"], description="without any value")
    severity: Severity = Field(examples=["critical"], description="the worst it was made with")


class WorklistOptions(Schema):
    """What the studies here have, sorted; findings by severity, the worst first."""

    modalities: list[str] = Field(examples=[["CT", "MR", "SR"]], description="for `modality`")
    body_regions: list[str] = Field(examples=[["abdomen", "thorax"]], description="for `region`")
    findings: list[FindingOption]


class WorklistCounts(Schema):
    """How many studies there are."""

    total: int = Field(examples=[1204], description="every study ever received")
    attention: int = Field(examples=[2], description="that `attention` finds")
    unread: int = Field(examples=[14], description="that `unread` finds")
    in_progress: int = Field(examples=[3], description="being received, waiting, worked on")
    failed: int = Field(examples=[1], description="that failed or were refused")
