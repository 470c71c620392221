"""The audit trail, for administrators: ``/api/v1/audit``."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import select

from heimdallr.store.models import AuditEntry
from heimdallr.web.access.gate import Access
from heimdallr.web.access.guard import Administrator
from heimdallr.web.access.refusals import REFUSALS
from heimdallr.web.access.trail import audit
from heimdallr.web.http.problems import responses

router = APIRouter(prefix="/api/v1/audit", tags=["access"], responses=REFUSALS)


class Entry(BaseModel):
    """Who did what to which object, and whether they could."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    at: datetime
    actor: str = Field(examples=["user:anna"])
    address: str = Field(examples=["10.1.2.3"])
    action: str = Field(examples=["study.view"])
    object: str = Field(examples=["study:17"])
    outcome: str = Field(examples=["ok"])
    details: str


class Trail(BaseModel):
    """A page of the trail, the newest first."""

    entries: list[Entry]
    next: int | None = Field(description="`before` of the next page; null at the end")


_EARLIEST = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LATEST = datetime(9000, 1, 1, tzinfo=timezone.utc)
_PLAIN = r"^[^\x00-\x1f\x7f]*$"
Moment = Annotated[AwareDatetime, Field(ge=_EARLIEST, le=_LATEST)]


class Wanted(BaseModel):
    """Which entries."""

    model_config = ConfigDict(extra="forbid")
    actor: str | None = Field(None, max_length=80, pattern=_PLAIN, examples=["user:anna"])
    action: str | None = Field(
        None, max_length=64, pattern=_PLAIN, description="`study` finds every `study.…`"
    )
    object: str | None = Field(None, max_length=160, pattern=_PLAIN, examples=["study:17"])
    outcome: str | None = Field(None, max_length=32, pattern=_PLAIN, examples=["refused"])
    since: Moment | None = None
    until: Moment | None = None
    before: int | None = Field(None, ge=1, le=2**63 - 1, description="entries older than this one")
    limit: int = Field(100, ge=1, le=1000)


@router.get("", response_model=Trail, responses=responses(422))
def read_audit_trail(
    request: Request, who: Administrator, wanted: Annotated[Wanted, Query()]
) -> Trail:
    """Who saw, downloaded, changed or deleted what; reading it is an entry of its own."""
    access: Access = request.app.state.access
    audit(request, who, "audit.view")
    query = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(wanted.limit + 1)
    for column in ("actor", "object", "outcome"):
        if (value := getattr(wanted, column)) is not None:
            query = query.where(getattr(AuditEntry, column) == value)
    if wanted.action is not None:
        family = AuditEntry.action.startswith(f"{wanted.action}.", autoescape=True)
        query = query.where((AuditEntry.action == wanted.action) | family)
    if wanted.since is not None:
        query = query.where(AuditEntry.at >= wanted.since.astimezone(timezone.utc))
    if wanted.until is not None:
        query = query.where(AuditEntry.at < wanted.until.astimezone(timezone.utc))
    if wanted.before is not None:
        query = query.where(AuditEntry.id < wanted.before)
    with access.database.read() as session:
        found = [Entry.model_validate(row) for row in session.scalars(query)]
    page = found[: wanted.limit]
    return Trail(entries=page, next=page[-1].id if len(found) > wanted.limit else None)
