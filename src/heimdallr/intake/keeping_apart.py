"""Several patients under one StudyInstanceUID: the images of each become a study of their own.

The patient that was measured, or that the row names, keeps the study's row, number and key; each of
the others gets a row whose key is the UID with a digest behind it. Images that name nobody go with
their series where that is one patient's, else they become a study that names nobody.

Files get their second name before the rows are committed, and lose their first one after, so a kill
in between loses nothing; :func:`forget_moved` ends what it left undone. Images that come later find
the study of their patient by :func:`homes_of`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from heimdallr.domain.errors import StateConflictError, StorageError
from heimdallr.files import sync_folder
from heimdallr.intake.instances import StudyWriter
from heimdallr.intake.parsing import data_set_digest, read_received
from heimdallr.intake.pixels import UnusableFileError
from heimdallr.intake.spool import Origin
from heimdallr.preparation.persons import Named, Person
from heimdallr.preparation.reading import tolerant_pydicom
from heimdallr.store.models import Instance, Series, Study, StudyState
from heimdallr.store.patients import patients_of, people_of, settle
from heimdallr.store.results import listed
from heimdallr.store.upkeep.withdrawal import clear_withdrawn, withdraw_results
from heimdallr.store.work.lifecycle import release
from heimdallr.store.work.states import note

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.orm import Session

    from heimdallr.intake.parsing import ReceivedInstance
    from heimdallr.store.database import Database
    from heimdallr.store.layout import DataFolders

_MOST_IN_A_QUERY = 500


@dataclass(frozen=True, slots=True)
class _Home:
    """A study, whom its images name, and its series."""

    key: str
    people: tuple[Person, ...]
    series: frozenset[str]

    def fits(self, named: Named) -> bool:
        """Whether an image may be of its patient, who is somebody."""
        return any(one.fits(named) for one in self.people if one.headers[0].facts)


@dataclass(frozen=True, slots=True)
class Homes:
    """The studies of one StudyInstanceUID whose patients are kept apart."""

    uid: str
    known: tuple[_Home, ...]

    def of(self, named: Named, series_uid: str) -> str:
        """The key of the study an image belongs to; of a patient not yet known the UID's own.

        What names nobody, or may be several patients', goes with its series.
        """
        fitting = [home for home in self.known if home.fits(named)]
        if named.facts and len(fitting) < 2:  # noqa: PLR2004 - none, or the one
            return fitting[0].key if fitting else self.uid
        with_series = [home for home in fitting or self.known if series_uid in home.series]
        return with_series[0].key if len(with_series) == 1 else _key(self.uid, Named())


def homes_of(session: Session, uid: str) -> Homes | None:
    """Where images of a StudyInstanceUID belong; ``None`` where it is one study, as nearly all."""
    if not uid:
        return None
    studies = session.scalars(
        select(Study).where(Study.study_instance_uid == uid, Study.state != StudyState.DELETING)
    ).all()
    if all(study.key == uid for study in studies):
        return None
    return Homes(uid, tuple(_home(session, study) for study in studies))


def keep_apart(
    database: Database,
    folders: DataFolders,
    study_id: int,
    now: datetime,
    actor: str,
    *,
    seen: int,
) -> list[int]:
    """A person says that the patients of a held study are different ones.

    Args:
        database: the database.
        folders: where the files are.
        study_id: the study.
        now: the time.
        actor: who says so.
        seen: how many patients the person saw.

    Returns:
        The studies concerned, all being received: the study itself, then the others.

    Raises:
        StateConflictError: the study is not held, or has changed meanwhile.
        StorageError: a file cannot be read.
        OSError: the disk is full or fails; nothing has changed.
    """
    with database.read() as session:
        study = session.get(Study, study_id)
        held = study is not None and study.state is StudyState.HELD
        moves = _moves(session, study) if study is not None and held else {}
    received = _read(folders, moves)
    with database.write() as session:
        study = release(session, study_id, seen, now)
        if _moves(session, study) != moves:
            msg = "images arrived meanwhile; look at the study again"
            raise StateConflictError(msg)
        others = [_give(session, folders, study, received[home], now) for home in sorted(moves)]
        moved = {move.instance: move for part in moves.values() for move in part}
        _let_go(session, study, moved)
        numbers = ", ".join(str(one) for one in others)
        message = f"kept apart: {len(moved)} images that name other patients are study {numbers}"
        note(session, study, "patients_apart", message, now, actor=actor)
        withdrew = settle(session, study, now)
        if withdrew:
            withdraw_results(session, folders, study, now)
    for move in moved.values():
        (folders.incoming / move.path).unlink(missing_ok=True)
    sync_folder(folders.study(study.key))
    if withdrew:
        clear_withdrawn(folders, study_id)
    return [study_id, *others]


def forget_moved(session: Session, folders: DataFolders, study: Study) -> None:
    """Remove names of files that another study of the same UID has; the caller holds the lock."""
    others = select(Study.id).where(
        Study.study_instance_uid == study.study_instance_uid, Study.id != study.id
    )
    if not study.study_instance_uid or session.scalars(others.limit(1)).first() is None:
        return
    own = {
        path.rpartition("/")[2]
        for path in session.scalars(select(Instance.path).where(Instance.study_fk == study.id))
    }
    folder = folders.study(study.key)
    for path in sorted(folder.glob("*.dcm")) if folder.is_dir() else ():
        if path.name in own:
            continue
        there = select(Instance.id).where(
            Instance.study_fk.in_(others), Instance.digest == data_set_digest(path)
        )
        if session.scalars(there.limit(1)).first() is not None:
            path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class _Move:
    """An image that goes to another study."""

    instance: int
    series: int
    digest: str
    path: str
    received_at: datetime


def _moves(session: Session, study: Study) -> dict[str, list[_Move]]:
    """Key of another study → the images that go there."""
    keeps, *others = patients_of(session, study)
    homes = homes_of(session, study.study_instance_uid)
    uid = study.study_instance_uid or study.key
    owners = dict.fromkeys((one.id for one in keeps.headers), study.key)
    for patient in others:
        known = homes.of(patient.named, "") if homes else study.key
        home = known if known != study.key else _key(uid, patient.named)
        owners |= dict.fromkeys((one.id for one in patient.headers), home)
    instances = session.scalars(
        select(Instance).where(Instance.study_fk == study.id).order_by(Instance.key)
    ).all()
    of_series: dict[int, set[str]] = defaultdict(set)
    for one in instances:
        if owner := owners.get(one.header_fk or 0):
            of_series[one.series_fk].add(owner)
    moves: dict[str, list[_Move]] = defaultdict(list)
    for one in instances:
        owner = owners.get(one.header_fk or 0)
        if owner is None:
            fitting = of_series[one.series_fk]
            owner = next(iter(fitting)) if len(fitting) == 1 else _key(uid, Named())
        if owner != study.key:
            move = _Move(one.id, one.series_fk, one.digest, one.path, one.received_at)
            moves[owner].append(move)
    return dict(moves)


def _read(
    folders: DataFolders, moves: Mapping[str, Sequence[_Move]]
) -> dict[str, list[tuple[_Move, ReceivedInstance]]]:
    """What is known of the images that move, read before anybody has to wait for it."""
    try:
        with tolerant_pydicom():
            return {
                home: [(one, _received(folders.incoming / one.path, home)) for one in part]
                for home, part in moves.items()
            }
    except (OSError, UnusableFileError) as error:
        msg = f"a received image of this study cannot be read ({type(error).__name__})"
        raise StorageError(msg, remedy="send the study again") from error


def _received(path: Path, home: str) -> ReceivedInstance:
    return replace(read_received(path, announced=False), study_key=home)


def _give(
    session: Session,
    folders: DataFolders,
    study: Study,
    images: Sequence[tuple[_Move, ReceivedInstance]],
    now: datetime,
) -> int:
    """Record images in the study they belong to, as if they had been received for it."""
    origin = Origin.model_validate(
        {
            "source": study.source,
            "began_at": study.received_at,
            "calling_ae": study.calling_ae,
            "called_ae": study.called_ae,
            "address": study.peer_address,
            "pid": 0,
        }
    )
    writer = StudyWriter(session, folders, [one for _, one in images], origin)
    writer.open(now, min(move.received_at for move, _ in images))
    for move, one in images:
        writer.add(one, folders.incoming / move.path, move.received_at)
    target = session.get_one(Study, writer.close(now).id)
    target.priority = min(target.priority, study.priority)
    note(session, target, "patients_apart", f"kept apart from study {study.id}", now)
    return target.id


def _let_go(session: Session, study: Study, moved: Mapping[int, _Move]) -> None:
    """Forget the rows of images that are another study's now, and series that are empty."""
    numbers = sorted(moved)
    for start in range(0, len(numbers), _MOST_IN_A_QUERY):
        piece = numbers[start : start + _MOST_IN_A_QUERY]
        for size in session.scalars(select(Instance.size_bytes).where(Instance.id.in_(piece))):
            study.size_bytes -= size
        session.execute(delete(Instance).where(Instance.id.in_(piece)))
    study.instance_count -= len(moved)
    for move in moved.values():
        session.get_one(Series, move.series).instance_count -= 1
    session.flush()
    empty = (Series.study_fk == study.id, Series.instance_count <= 0)
    session.execute(delete(Series).where(*empty))
    left = select(Series.modality).where(Series.study_fk == study.id, Series.modality != "")
    study.modalities = listed(sorted(set(session.scalars(left))))


def _home(session: Session, study: Study) -> _Home:
    series = session.scalars(select(Series.uid).where(Series.study_fk == study.id))
    return _Home(study.key, people_of(session, study), frozenset(series))


def _key(uid: str, named: Named) -> str:
    return f"{uid}-{named.digest}"
