"""Which workers, recorders, deliverers and exchanges live.

Each leaves a sign of life every few seconds, for people to look at. Whose work may be taken over
is told by locks, not by this (:mod:`heimdallr.store.work.executors`).
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import delete, select

from heimdallr import __version__
from heimdallr.store.clock import is_after
from heimdallr.store.models import ACTIVE_STATES, Run, Service, StudyState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

BEAT_S = 10.0
"""How often a service gives a sign of life."""
ALIVE = timedelta(seconds=60)
"""Older than this, its last sign means that it is dead, or cannot reach the database."""
REMEMBERED = timedelta(hours=1)
"""How long one is shown that was not seen again; one seen so long after now never was."""

Kind = Literal["worker", "recorder", "deliverer", "exchange"]


@dataclass(slots=True)
class Presence:
    """A process's own word about itself.

    Attributes:
        name: never used before.
        details: what it works with; may become known later.
    """

    kind: Kind
    name: str
    started_at: datetime
    details: Mapping[str, Any] = field(default_factory=dict)

    def beat(self, session: Session, now: datetime) -> None:
        """Give a sign of life; the long dead of this kind are forgotten."""
        row = session.scalars(select(Service).where(Service.name == self.name)).one_or_none()
        if row is None:
            row = Service(
                kind=self.kind,
                name=self.name,
                host=socket.gethostname(),
                pid=os.getpid(),
                version=__version__,
                started_at=self.started_at,
            )
            session.add(row)
        row.last_seen_at, row.details = now, dict(self.details)
        remembered = Service.last_seen_at.between(now - REMEMBERED, now + REMEMBERED)
        session.execute(delete(Service).where(Service.kind == self.kind, ~remembered))

    def leave(self, session: Session) -> None:
        """It ends, as it was told to."""
        session.execute(delete(Service).where(Service.name == self.name))


@dataclass(frozen=True, slots=True)
class CurrentRun:
    """A run that a worker has taken up."""

    study_id: int
    revision: int
    attempt: int
    state: StudyState
    progress: float
    started_at: datetime | None


@dataclass(frozen=True, slots=True)
class Living:
    """A service as it was last seen.

    Attributes:
        alive: it was seen a short while ago.
        runs: what it has taken up.
    """

    name: str
    host: str
    pid: int
    version: str
    started_at: datetime
    last_seen_at: datetime
    alive: bool
    details: Mapping[str, Any]
    runs: tuple[CurrentRun, ...]


def services(session: Session, kind: Kind, now: datetime) -> Sequence[Living]:
    """Those of a kind, the living first, then by host and time."""
    rows = session.scalars(select(Service).where(Service.kind == kind))
    runs = _runs_by_worker(session) if kind == "worker" else {}
    found = [_living(row, runs.get(row.name, ()), now) for row in rows]
    return sorted(found, key=lambda one: (not one.alive, one.host, one.started_at))


def _living(row: Service, runs: Sequence[CurrentRun], now: datetime) -> Living:
    return Living(
        name=row.name,
        host=row.host,
        pid=row.pid,
        version=row.version,
        started_at=row.started_at,
        last_seen_at=row.last_seen_at,
        alive=now - row.last_seen_at <= ALIVE and not is_after(row.last_seen_at, now),
        details=dict(row.details),
        runs=tuple(runs),
    )


def _runs_by_worker(session: Session) -> dict[str, list[CurrentRun]]:
    """Worker → its runs; a run is signed with the worker's name and a word of its own."""
    active = session.scalars(select(Run).where(Run.state.in_(ACTIVE_STATES)).order_by(Run.id))
    found: dict[str, list[CurrentRun]] = {}
    for run in active:
        found.setdefault(run.executor.partition("#")[0], []).append(
            CurrentRun(
                study_id=run.study_fk,
                revision=run.revision,
                attempt=run.attempt,
                state=run.state,
                progress=run.progress,
                started_at=run.started_at,
            )
        )
    return found
