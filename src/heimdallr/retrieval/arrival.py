"""What was fetched, becoming a study here: recorded by the recorder, or by us where none runs."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from heimdallr.intake.declare_complete import complete_studies
from heimdallr.intake.recorder import Recorded, record_batch
from heimdallr.store.models import Instance, Study
from heimdallr.store.work.services import services

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from heimdallr.config import Settings
    from heimdallr.retrieval.archive import Retrieved
    from heimdallr.store.database import Database
    from heimdallr.store.layout import DataFolders

LOOK_S = 0.25


@dataclass(frozen=True, slots=True)
class Here:
    """What is here of a StudyInstanceUID.

    Attributes:
        instances: how many.
        studies: numbers of its studies; several where its patients are kept apart.
    """

    instances: int = 0
    studies: tuple[int, ...] = ()


def what_is_here(database: Database, study_instance_uid: str) -> Here:
    """What the database knows of a StudyInstanceUID."""
    with database.read() as session:
        rows = session.execute(
            select(Study.id, func.count(Instance.id))
            .join(Instance, Instance.study_fk == Study.id, isouter=True)
            .where(Study.study_instance_uid == study_instance_uid)
            .group_by(Study.id)
            .order_by(Study.id)
        ).all()
    return Here(sum(count for _, count in rows), tuple(number for number, _ in rows))


def record_unless_somebody_does(
    database: Database,
    settings: Settings,
    folders: DataFolders,
    retrieved: Retrieved,
    now: Callable[[], datetime],
) -> None:
    """Record batches where no recorder lives, and declare their studies complete.

    Raises:
        OSError: the disk is full or fails; nothing is lost.
        sqlalchemy.exc.SQLAlchemyError: the database is away; nothing is lost.
    """
    if not retrieved.batches:
        return
    with database.read() as session:
        if any(one.alive for one in services(session, "recorder", now())):
            return
    recorded = Recorded()
    for batch in retrieved.batches:
        with suppress(FileNotFoundError):  # a recorder has taken it meanwhile
            recorded += record_batch(database, folders, batch, now)
    if not retrieved.failed:
        studies = [one.id for one in recorded.studies]
        complete_studies(database, settings, folders, studies, now())


def wait_until_here(
    database: Database,
    study_instance_uid: str,
    instances: int,
    limit_s: float,
    *,
    pause: Callable[[float], object] = time.sleep,
) -> Here:
    """Wait until so many instances of a study are recorded, or time is up; what is here then."""
    deadline = time.monotonic() + limit_s
    while True:
        here = what_is_here(database, study_instance_uid)
        if here.instances >= instances or time.monotonic() >= deadline:
            return here
        pause(LOOK_S)
