"""Objects that other tools drew on a study become proposals, once the study has results.

They were received with the study's images and wait as rows (:mod:`heimdallr.store.drawn_objects`).
Reading one takes seconds and a gigabyte, so that the process that computes corrections does it,
asked by the web server when nobody saves anything. The proposal and the end of the waiting are one
transaction; a kill leaves either. What cannot be one is said in the study's history, and the object
stays with the study.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select

from heimdallr.domain.errors import CorrectionError, HeimdallrError, StateConflictError
from heimdallr.domain.statements import Statement
from heimdallr.publishing.correction_records import CorrectionRecord
from heimdallr.store.drawn_objects import DrawnObjectRow
from heimdallr.store.models import Instance, Study
from heimdallr.store.upkeep.case_builder import ReadProposal
from heimdallr.store.upkeep.correcting import put_forward, why_not
from heimdallr.store.work.states import lock, note

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.orm import Session

    from heimdallr.store.database import Database
    from heimdallr.store.layout import DataFolders
    from heimdallr.store.upkeep.case_builder import Build, ProposalRead

MOST_TRIES = 3
"""How often an object is begun to be read. Chosen: the machine may go down for other reasons."""

_log = structlog.get_logger()


def follow_drawn(
    database: Database,
    folders: DataFolders,
    build: Build,
    now: datetime,
    *,
    go_on: Callable[[], bool] = lambda: True,
) -> int:
    """Read what waits and can be read now; how many objects were done with.

    Args:
        database: where the studies are.
        folders: the data folder.
        build: reads a proposal, in another process.
        now: the time.
        go_on: asked after each object; where it says no, the rest waits for another time.
    """
    with database.read() as session:
        waiting = session.execute(
            select(DrawnObjectRow.instance_fk, Instance.study_fk)
            .join(Instance, Instance.id == DrawnObjectRow.instance_fk)
            .join(Study, Study.id == Instance.study_fk)
            .where(Study.has_results)
            .order_by(DrawnObjectRow.instance_fk)
        ).all()
    done = 0
    for instance_id, study_id in waiting:
        done += _follow(database, folders, build, instance_id, study_id, now)
        if not go_on():
            break
    return done


def _follow(  # noqa: PLR0917 - one object, and where it belongs
    database: Database,
    folders: DataFolders,
    build: Build,
    instance_id: int,
    study_id: int,
    now: datetime,
) -> bool:
    """Whether an object was done with: not while its study cannot be corrected."""
    try:
        begun = _begin(database, folders, instance_id, study_id)
        if begun is None:
            return False
        case, path, sender = begun
        read = build(ReadProposal(case, (path,)), lambda: None).proposal
    except StateConflictError:  # the study was deleted meanwhile, and the row with it
        return False
    except CorrectionError as error:
        _refuse(database, instance_id, study_id, error.why, now)
        return True
    except HeimdallrError as error:  # it is tried again
        _log.error("not_proposed", study_id=study_id, reason=str(error))
        return False
    return read is not None and _keep(database, folders, instance_id, study_id, read, sender, now)


def _begin(
    database: Database, folders: DataFolders, instance_id: int, study_id: int
) -> tuple[Path, Path, str] | None:
    """Case folder, file and sender of an object that is about to be read; its tries are counted.

    Raises:
        CorrectionError: it cannot be read any more.
    """
    with database.write() as session:
        study = lock(session, study_id)
        row = _waiting(session, instance_id, study_id)
        if row is None or study.case_id is None:
            return None
        if why_not(session, folders, study) is not None:
            return None
        path = folders.incoming / session.get_one(Instance, instance_id).path
        row.tries += 1
        tries, sender = row.tries, row.sender
        case = folders.output / study.case_id
    if tries > MOST_TRIES:
        raise CorrectionError(Statement("proposal_never_read", {"tries": MOST_TRIES}))
    if not path.is_file():
        raise CorrectionError(Statement("proposal_not_kept"))
    return case, path, sender


def _keep(  # noqa: PLR0917 - as above
    database: Database,
    folders: DataFolders,
    instance_id: int,
    study_id: int,
    read: ProposalRead,
    sender: str,
    now: datetime,
) -> bool:
    record = CorrectionRecord(
        number=1,
        kind="voxels",
        by=sender,
        at=now,
        base=read.base,
        origin=read.origin,
        structures=list(read.structures),
    )
    try:
        with database.write() as session:
            row = _waiting(session, instance_id, study_id)
            if row is None:
                return False
            put_forward(session, folders, study_id, record, read.difference, read.notes, now)
            session.delete(row)
    except (CorrectionError, StateConflictError):  # a worker has taken the study up meanwhile
        return False
    return True


def _refuse(
    database: Database, instance_id: int, study_id: int, why: Statement, now: datetime
) -> None:
    """Say in the study's history why an object is no proposal; it stays with the study."""
    with database.write() as session:
        row = _waiting(session, instance_id, study_id)
        if row is None:
            return
        session.delete(row)
        message = f"what another tool drew was received, and is no proposal: {why.text}"
        note(session, lock(session, study_id), "correction_not_proposed", message, now)


def _waiting(session: Session, instance_id: int, study_id: int) -> DrawnObjectRow | None:
    """The row, where the object still waits and still is of that study."""
    row = session.get(DrawnObjectRow, instance_id, with_for_update=True)
    instance = session.get(Instance, instance_id)
    return row if instance is not None and instance.study_fk == study_id else None
