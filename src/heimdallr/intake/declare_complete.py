"""Declaring studies complete in the database, as the rule or a person says."""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select

from heimdallr.domain.errors import StateConflictError
from heimdallr.files import sync_folder
from heimdallr.intake.completion_rule import has_no_gap
from heimdallr.intake.keeping_apart import forget_moved
from heimdallr.publishing.ownership import may_take
from heimdallr.store.layout import revisions
from heimdallr.store.models import Instance, Study, StudyState
from heimdallr.store.work.lifecycle import complete
from heimdallr.store.work.states import lock, note

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.orm import Session

    from heimdallr.config import Settings
    from heimdallr.store.database import Database
    from heimdallr.store.layout import DataFolders

_log = structlog.get_logger()


def open_studies(database: Database) -> dict[int, datetime]:
    """Studies being received → when their last new image came."""
    with database.read() as session:
        rows = session.execute(
            select(Study.id, Study.last_instance_at).where(Study.state == StudyState.RECEIVING)
        )
        return {study_id: last for study_id, last in rows}  # noqa: C416 - rows are no tuples


def gapless(database: Database, studies: Iterable[int]) -> list[int]:
    """Those of the studies whose images are numbered without a gap; our own objects left out."""
    found = []
    for study_id in studies:
        numbers: dict[int, list[int | None]] = defaultdict(list)
        with database.read() as session:
            for series, number in session.execute(
                select(Instance.series_fk, Instance.instance_number).where(
                    Instance.study_fk == study_id, Instance.own.is_(False)
                )
            ):
                numbers[series].append(number)
        if has_no_gap(numbers.values()):
            found.append(study_id)
    return found


def complete_studies(
    database: Database,
    settings: Settings,
    folders: DataFolders,
    studies: Iterable[int],
    now: datetime,
    *,
    seen: dict[int, datetime] | None = None,
    actor: str = "",
) -> None:
    """Declare studies complete, one transaction each; what is not being received is left alone.

    So is, until the next look, one whose files or folders cannot be read or written.

    Args:
        database: the database.
        settings: whether the work is done here.
        folders: where case folders and images are.
        studies: database ids.
        now: the time.
        seen: when the decision was made, their last new images had come then; a study that has
            got another one since is left to the next look.
        actor: who said so; empty when the rule did.
    """
    for study_id in studies:
        # Deleted meanwhile, or trouble of its own: the others are not kept waiting.
        with suppress(StateConflictError), _trouble_logged(study_id), database.write() as session:
            study = lock(session, study_id)
            newer = seen is not None and study.last_instance_at != seen.get(study_id)
            if study.state is StudyState.RECEIVING and not newer:
                _declare(session, settings, folders, study, now, actor)


@contextmanager
def _trouble_logged(study_id: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        _log.error("a study cannot be completed", study_id=study_id, reason=error.strerror)


def _declare(  # noqa: PLR0917 - what it is, and who says so
    session: Session,
    settings: Settings,
    folders: DataFolders,
    study: Study,
    now: datetime,
    actor: str,
) -> None:
    paths = session.scalars(select(Instance.path).where(Instance.study_fk == study.id))
    missing = sum(not (folders.incoming / path).exists() for path in paths)
    if missing:
        what = f"{missing} images are recorded, but their files are missing"
        note(session, study, "files_missing", what, now)
        _log.error("files of recorded images are missing", study=study.key, count=missing)
    forget_moved(session, folders, study)
    complete(
        session,
        study,
        now,
        in_place=settings.hands_over_in_place,
        folder_taken=partial(_is_taken, folders.output, study.study_instance_uid),
        move_case=partial(_move_case, folders),
        actor=actor,
    )


def _is_taken(output: Path, study_instance_uid: str, name: str) -> bool:
    """Whether a case folder is another study's; its own, moved before a kill, is not."""
    folder = output / name
    return not may_take(folder, study_instance_uid) if study_instance_uid else folder.exists()


def _move_case(folders: DataFolders, former: str, name: str) -> None:
    """Let the results of a case, and what is kept of its failures, follow its new name."""
    moves = [(folders.output / former, folders.output / name)]
    moves += [
        (path, folders.failure(name, revision))
        for path, revision in revisions(folders.failed, former)
    ]
    for source, target in moves:
        if source.is_dir() and not target.exists():
            source.rename(target)
            sync_folder(target.parent)
