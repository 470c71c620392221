"""The worklist: every study ever received."""

import re
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, Field

from heimdallr.domain.statements import term
from heimdallr.domain.verification import Verified
from heimdallr.store.models import StudyState
from heimdallr.store.reading.attention import counts
from heimdallr.store.reading.worklist import Sort, worklist
from heimdallr.store.reading.worklist_filter import Severity, WorklistFilter
from heimdallr.store.results import SEVERITIES
from heimdallr.web.access import REFUSALS, Reader
from heimdallr.web.answers.worklist_rows import rows_out
from heimdallr.web.context import Ctx
from heimdallr.web.schemas.common import Limit, Message, Offset
from heimdallr.web.schemas.options import FindingOption, WorklistCounts, WorklistOptions
from heimdallr.web.schemas.studies import Worklist

router = APIRouter(prefix="/api/v1", tags=["worklist"], responses=REFUSALS)

_WORD = r"^[A-Za-z0-9_]{0,64}$"
"""Codes, regions, modalities."""


class WorklistQuery(Message):
    """Filters, order and page; what is empty does not restrict."""

    search: Annotated[
        str, Query(max_length=200, description="words of name, PatientID, accession number; a date")
    ] = ""
    state: Annotated[list[StudyState], Query(max_length=20, description="any of them")] = Field(
        default=[]
    )
    modality: Annotated[str, Query(pattern=_WORD, examples=["CT"])] = ""
    date_from: Annotated[date | None, Query(description="first study date")] = None
    date_to: Annotated[date | None, Query(description="last study date")] = None
    received_from: Annotated[AwareDatetime | None, Query(description="received then or later")] = (
        None
    )
    received_before: Annotated[AwareDatetime | None, Query(description="received earlier")] = None
    region: Annotated[str, Query(pattern=_WORD, examples=["thorax"])] = ""
    finding: Annotated[str, Query(pattern=_WORD, examples=["intracerebral_haemorrhage"])] = ""
    severity: Annotated[
        Severity | None, Query(description="a finding at least as severe was made")
    ] = None
    unread: Annotated[bool, Query(description="has results nobody has read")] = False
    stat: Annotated[bool, Query(description="is urgent")] = False
    flagged: Annotated[bool, Query(description="is flagged")] = False
    verified: Annotated[
        Verified | None,
        Query(
            description="has results that a person has verified; that nobody has; that are others "
            "since a person has"
        ),
    ] = None
    attention: Annotated[
        bool,
        Query(
            description="waits for a person: failed, a critical finding that nobody has "
            "acknowledged, or STAT and not read"
        ),
    ] = False

    def wanted(self) -> WorklistFilter:
        """As the store takes it."""
        return WorklistFilter(
            search=self.search,
            states=tuple(self.state),
            modality=self.modality,
            study_date_from=_digits(self.date_from),
            study_date_to=_digits(self.date_to),
            received_from=self.received_from,
            received_before=self.received_before,
            region=self.region,
            finding=self.finding,
            severity=self.severity,
            unread=self.unread,
            stat=self.stat,
            flagged=self.flagged,
            verified=self.verified,
            attention=self.attention,
        )


class WorklistPageQuery(WorklistQuery):
    """The filters, and which page in which order."""

    sort: Sort = Sort.RECEIVED
    order: Literal["ascending", "descending"] = "descending"
    offset: Offset = 0
    limit: Limit = 50
    count_all: Annotated[
        bool, Query(description="count all that fit; of a long list that takes its time")
    ] = False


@router.get("/studies")
def list_studies(
    context: Ctx, _who: Reader, query: Annotated[WorklistPageQuery, Query()]
) -> Worklist:
    """A page of the worklist: every study ever received, whatever became of it."""
    with context.database.read() as session:
        page = worklist(
            session,
            query.wanted(),
            sort=query.sort,
            descending=query.order == "descending",
            offset=query.offset,
            limit=query.limit,
            count_all=query.count_all,
        )
        rows = rows_out(session, page.rows)
    return Worklist(studies=rows, total=page.total, at_least=page.at_least, offset=page.offset)


@router.get("/worklist/options")
def get_worklist_options(context: Ctx, _who: Reader) -> WorklistOptions:
    """What the worklist can be filtered by: what the studies here have, some seconds ago."""
    found = context.options()
    findings = [
        FindingOption(
            code=code,
            title=term("findings", code, "en") or code.replace("_", " ").capitalize(),
            severity=severity,
        )
        for code, severity in found.findings.items()
    ]
    return WorklistOptions(
        modalities=[one for one in found.modalities if re.fullmatch(_WORD, one)],
        body_regions=list(found.body_regions),
        findings=sorted(findings, key=lambda one: (-SEVERITIES[one.severity], one.title)),
    )


@router.get("/worklist/counts")
def get_worklist_counts(context: Ctx, _who: Reader) -> WorklistCounts:
    """How many studies there are, and how many of them wait for what."""
    with context.database.read() as session:
        return WorklistCounts.model_validate(counts(session))


def _digits(day: date | None) -> str:
    return f"{day:%Y%m%d}" if day else ""
