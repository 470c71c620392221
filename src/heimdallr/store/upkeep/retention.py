"""Carrying out what :mod:`heimdallr.store.upkeep.retention_plan` decides.

Each study's turn is one transaction that looks at it once more, under its lock, gives what goes a
name nobody reads, and writes down that it is gone. Nobody can add to the study meanwhile: what
arrives a moment later finds no folder and makes a new one. What was set aside is taken apart
afterwards; what a killed process leaves there, the next sweep takes apart.
"""

from __future__ import annotations

import re
import shutil
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import exists, func, select, text

from heimdallr.domain.errors import StateConflictError, StorageError
from heimdallr.publishing.correction_records import CORRECTIONS_FOLDER
from heimdallr.publishing.schema import PREVIEW_NAME
from heimdallr.store.layout import data_folders
from heimdallr.store.models import Event, FindingRow, Study
from heimdallr.store.results import VOLUME_NAME, forget_results
from heimdallr.store.upkeep.clock_doubt import clock_doubt
from heimdallr.store.upkeep.deletion import finish_deletions
from heimdallr.store.upkeep.integrity import is_elsewhere, tell_elsewhere
from heimdallr.store.upkeep.removal import clear_aside, set_aside, size_of
from heimdallr.store.upkeep.resizing import follow_pending
from heimdallr.store.upkeep.retention_plan import (
    IDLE_STATES,
    Kept,
    Part,
    Plan,
    Removal,
    over,
    plan,
    policy_of,
)
from heimdallr.store.work.lifecycle import FOUND_AGAIN
from heimdallr.store.work.owed import owed_studies
from heimdallr.store.work.states import lock, note

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.orm import Session

    from heimdallr.config import Settings
    from heimdallr.store.database import Database
    from heimdallr.store.layout import DataFolders
    from heimdallr.store.upkeep.retention_plan import Policy

VOLUME_FILES = frozenset({VOLUME_NAME, PREVIEW_NAME})
"""What goes with the volume; label maps go with the masks, persons' corrections with results."""

FOUND_AGAIN_RESTS = timedelta(days=7)
"""How long nothing is removed of a study that `rebuild-index` has found again: no case folder says
whether a person had flagged it. Chosen: a week has a working day in it for whoever flags again;
half of it may be a long weekend, and twice as long a disk that fills has nothing to give."""

_PIECE = 1000
"""Studies read in one transaction."""

_REVISION = re.compile(r"(?P<case>.+)\.r\d+")
_HANDED_OVER = re.compile(r"study-(?P<study>\d+)-r\d+\.zip")
_REASONS = {"age": "their period is over", "space": "the disk was short of space"}
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did.

    Attributes:
        removals: what is gone.
        kept_back: planned, but the study was taken up meanwhile, or its files cannot be removed.
        deletions: studies whose deletion had been left undone and is done now.
        more, doubt: as the plan has them.
    """

    removals: tuple[Removal, ...] = ()
    kept_back: tuple[Removal, ...] = ()
    deletions: int = 0
    more: bool = False
    doubt: str = ""

    @property
    def freed_bytes(self) -> int:
        """How much that is."""
        return sum(removal.size_bytes for removal in self.removals)


def sweep(
    settings: Settings, database: Database, now: datetime, *, believe_clock: bool = False
) -> Swept:
    """Remove what is not to be kept any longer; whoever calls does so about once an hour.

    Several may sweep at once: whoever comes second finds it done. Nothing is done while the disk
    of the data folder is away: what is not found would count as removed.

    Args:
        settings: the rules, and where the data are.
        database: where the studies are.
        now: the time.
        believe_clock: remove by age even where ``now`` may be wrong; a person says so.
    """
    folders = data_folders(settings)
    if is_elsewhere(database, folders):
        tell_elsewhere(folders)
        return Swept()
    deletions = finish_deletions(database, folders, now)
    follow_pending(database, folders, now)
    with suppress(StorageError):
        clear_aside(_roots(folders))
    disk = _Disk(folders)
    done: list[Removal] = []
    kept_back: list[Removal] = []
    stuck: set[int] = set()
    while True:
        decided = planned(settings, database, now, believe_clock=believe_clock, without=stuck)
        in_turn = _by_study(decided.removals)
        for study_id, of_study in groupby(in_turn, key=lambda one: one.study_id):
            removals = list(of_study)
            went = _carry_out(database, disk, study_id, removals, now)
            with suppress(StorageError):
                clear_aside(_roots(folders))
            (done if went else kept_back).extend(removals)
        # Those that cannot be removed must not take the turn of all others, sweep after sweep.
        tried = {one.study_id for one in kept_back}
        if done or tried <= stuck:
            break
        stuck = tried
    if decided.doubt:
        _log.warning("not_removed_by_age", reason=decided.doubt)
    swept = Swept(tuple(done), tuple(kept_back), deletions, decided.more, decided.doubt)
    if done or kept_back or deletions:
        _log.info(
            "swept",
            removed=len(done),
            kept_back=len(kept_back),
            freed_mb=swept.freed_bytes // 10**6,
            deletions=deletions,
        )
    _tend(database)
    return swept


def planned(
    settings: Settings,
    database: Database,
    now: datetime,
    *,
    believe_clock: bool = False,
    at_once: bool = False,
    without: Collection[int] = (),
) -> Plan:
    """What a sweep would remove now; nothing is touched.

    Args:
        settings: the rules, and where the data are.
        database: where the studies are.
        now: the time.
        believe_clock: as for :func:`sweep`.
        at_once: all that is over its period, not only a sweep's share of it.
        without: studies to be left alone.
    """
    policy, doubt = policy_of(settings), ""
    with database.read() as session:
        if policy.shortest and not believe_clock and (found := clock_doubt(session, now)):
            policy, doubt = policy.without_age(), str(found)
        studies = session.scalar(select(func.count()).select_from(Study)) or 0
    if policy.removes_nothing:
        return Plan(doubt=doubt)
    most = None if at_once else policy.most(studies)
    folders = data_folders(settings)
    missing, same_disk = _missing(folders, policy)
    every = _facts(database, _Disk(folders), policy, missing, now)
    others = (one for one in every if one.study_id not in without)
    facts = others if any(missing.values()) else _enough(others, policy, now, most)
    decided = plan(facts, policy, missing, now, most=most, same_disk=same_disk)
    return replace(decided, doubt=doubt)


def _missing(folders: DataFolders, policy: Policy) -> tuple[Mapping[Part, int], bool]:
    """Part → bytes to be gained where it is, and whether that is one place."""
    if not policy.keep_free:
        return {}, True

    def short(folder: Path) -> int:
        return max(policy.keep_free - shutil.disk_usage(folder).free, 0)

    made = short(folders.output)
    same_disk = folders.incoming.stat().st_dev == folders.output.stat().st_dev
    missing = {Part.ORIGINALS: short(folders.incoming), Part.VOLUME: made, Part.MASKS: made}
    return missing, same_disk


def _facts(
    database: Database,
    disk: _Disk,
    policy: Policy,
    missing: Mapping[Part, int],
    now: datetime,
) -> Iterator[Kept]:
    """Studies that a rule might touch, from the oldest on, as long as one might."""
    shortest, wanted = policy.shortest, dict(missing)
    found_lately = exists().where(
        Event.study_fk == Study.id, Event.kind == FOUND_AGAIN, Event.at > now - FOUND_AGAIN_RESTS
    )
    with database.read() as session:
        oldest_first = session.scalars(
            select(Study.id)
            .where(Study.state.in_(IDLE_STATES), Study.flagged.is_(False), ~found_lately)
            .order_by(Study.last_instance_at, Study.id)
        ).all()
    for start in range(0, len(oldest_first), _PIECE):
        piece = oldest_first[start : start + _PIECE]
        with database.read() as session:
            found = session.scalars(select(Study).where(Study.id.in_(piece)))
            studies = sorted(found, key=lambda study: (study.last_instance_at, study.id))
            unseen = _critical_unseen(session, piece)
            owed = owed_studies(session, piece)
        for study in studies:
            too_young = shortest is None or study.last_instance_at > now - shortest
            if too_young and all(amount <= 0 for amount in wanted.values()):
                return
            kept = disk.kept(study, critical_unseen=study.id in unseen, owed=study.id in owed)
            yield kept
            if not kept.is_protected:
                for part in wanted:
                    wanted[part] -= kept.sizes.get(part, 0)


def _enough(
    facts: Iterable[Kept], policy: Policy, now: datetime, most: int | None
) -> Iterator[Kept]:
    """Not more than one sweep may take by age; to know the sizes of all takes its time."""
    due = 0
    for kept in facts:
        yield kept
        due += not kept.is_protected and bool(over(kept, policy, now))
        if most is not None and due > most:
            return


def _critical_unseen(session: Session, studies: Sequence[int]) -> frozenset[int]:
    return frozenset(
        session.scalars(
            select(FindingRow.study_fk).where(
                FindingRow.study_fk.in_(studies),
                FindingRow.severity == "critical",
                FindingRow.acknowledged_at.is_(None),
            )
        )
    )


class _Disk:
    """What there is of studies on the disk; the folders of all are listed once."""

    def __init__(self, folders: DataFolders) -> None:
        self._folders = folders
        self._revisions: dict[str, list[Path]] = {}
        self._handed_over: dict[int, list[Path]] = {}
        for folder in (folders.input, folders.failed):
            for path in _entries(folder):
                if match := _REVISION.fullmatch(path.name):
                    self._revisions.setdefault(match["case"], []).append(path)
        for folder in (folders.sent, folders.failed):
            for path in _entries(folder):
                if match := _HANDED_OVER.fullmatch(path.name):
                    self._handed_over.setdefault(int(match["study"]), []).append(path)

    def kept(self, study: Study, *, critical_unseen: bool, owed: bool) -> Kept:
        """The study and the sizes of its parts."""
        sizes = {}
        for part in Part:
            paths = self.paths(study, part)
            copies = self._handed_over.get(study.id, ()) if part is Part.ORIGINALS else ()
            found = [size_of(path) for path in paths if path not in copies]
            # Work and failure folders hold hard links of the images received: not twice as much.
            size = max(found, default=0) if part is Part.ORIGINALS else sum(found)
            size += sum(size_of(path) for path in copies)
            # A sweep that was killed has left rows that still speak of what it took away.
            if size or _is_said_to_be_kept(study, part):
                sizes[part] = size
        return Kept(
            study_id=study.id,
            case_id=study.case_id,
            state=study.state,
            since=_since(study),
            flagged=study.flagged,
            critical_unseen=critical_unseen,
            owed=owed,
            sizes=sizes,
        )

    def paths(self, study: Study, part: Part) -> list[Path]:
        """Where a part of a study is; nothing where it is gone."""
        if part is Part.ORIGINALS:
            found = [
                self._folders.study(study.key),
                *self._revisions.get(study.case_id or "", ()),
                *self._handed_over.get(study.id, ()),
            ]
            return [path for path in found if path.exists()]
        if study.case_id is None or not _is_said_to_be_kept(study, part):
            return []
        folder = self._folders.output / study.case_id
        entries = list(folder.iterdir()) if folder.is_dir() else []
        return [path for path in entries if _part_of(path) is part]

    def drop_empty(self, study: Study) -> None:
        """Remove the case folder when nothing is left in it."""
        if study.case_id is not None:
            with suppress(OSError):  # something is
                (self._folders.output / study.case_id).rmdir()

    def root(self, path: Path, part: Part) -> Path:
        """The folder of the data folder that a path of a part is in."""
        return path.parent if part is Part.ORIGINALS else self._folders.output


def _part_of(path: Path) -> Part:
    """Which part of a study an entry of its case folder belongs to."""
    if path.name in VOLUME_FILES:
        return Part.VOLUME
    # What persons corrected is their work: nothing makes it anew, as the networks do masks.
    if path.is_dir() and path.name != CORRECTIONS_FOLDER:
        return Part.MASKS
    return Part.RESULTS


def _entries(folder: Path) -> list[Path]:
    """What is in a folder; where it cannot be read, what is in there stays for this time."""
    try:
        return list(folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        _log.error("not_readable", path=str(folder), reason=error.strerror)
        return []


def _is_said_to_be_kept(study: Study, part: Part) -> bool:
    """What the row says; it says nothing of originals before any have been removed."""
    received = part is Part.ORIGINALS and study.instance_count > 0
    return bool(dict(study.kept).get(part.value, received))


def _by_study(removals: Sequence[Removal]) -> list[Removal]:
    """One after the other as planned, but a study's removals together."""
    turn = {one.study_id: place for place, one in reversed(list(enumerate(removals)))}
    return sorted(removals, key=lambda one: turn[one.study_id])


def _carry_out(
    database: Database, disk: _Disk, study_id: int, removals: Sequence[Removal], now: datetime
) -> bool:
    """One study's turn; whether it took place."""
    try:
        with database.write() as session:
            study = lock(session, study_id)
            unseen = study_id in _critical_unseen(session, [study_id])
            owed = study_id in owed_studies(session, [study_id])
            seen = Kept(study_id, None, study.state, _since(study), study.flagged, unseen, owed)
            if seen.is_protected or any(seen.since != removal.since for removal in removals):
                return False
            for removal in removals:
                _remove_part(session, disk, study, removal, now)
    except StateConflictError:
        return False  # deleted meanwhile
    except StorageError as error:
        _log.error("not_removed", reason=str(error), study_id=study_id)
        return False
    return True


def _since(study: Study) -> datetime:
    return max(study.last_instance_at, study.finished_at or study.last_instance_at)


def _remove_part(
    session: Session, disk: _Disk, study: Study, removal: Removal, now: datetime
) -> None:
    part = removal.part
    for path in disk.paths(study, part):
        set_aside(path, disk.root(path, part))
    if part is Part.RESULTS:
        forget_results(session, study)
    if part is Part.VOLUME:
        study.volume_bytes = None
    study.kept = {**dict(study.kept), part.value: False}
    message = f"{part.value} removed, {removal.size_bytes / 1e6:.1f} MB: {_REASONS[removal.reason]}"
    note(session, study, "retention", message, now)
    disk.drop_empty(study)


def _roots(folders: DataFolders) -> tuple[Path, ...]:
    """Where something may have been set aside."""
    return (
        folders.incoming, folders.input, folders.failed, folders.sent, folders.output,
        folders.outbox,
    )  # fmt: skip


def _tend(database: Database) -> None:
    """Let SQLite renew what it knows of its own tables; PostgreSQL does so by itself."""
    if database.is_sqlite:
        # A transaction that only reads cannot become one that writes while another has written.
        with database.write() as session:
            session.execute(text("PRAGMA analysis_limit=400"))
            session.execute(text("PRAGMA optimize"))
