"""What the worklist can be filtered by."""

from __future__ import annotations

from pydantic import Field

from heimdallr.store.worklist import Severity
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
