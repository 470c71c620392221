"""Owed rows become files: made of the case folder, kept until every destination has them.

::

    data/outbox/study-<id>-d<destination>-<digest>/<kind>/<file>

What is made of the same results is the same, byte for byte, so whatever a kill leaves behind is
simply made again. One thread makes at a time: it takes memory, and no peer waits for it.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import func, select, true

from heimdallr.delivery import claims
from heimdallr.delivery.case_digest import said_digest, tells_of_failure
from heimdallr.delivery.directory import kinds_of, peer_of
from heimdallr.delivery.kinds import FILED_BY_PATIENT
from heimdallr.delivery.sending import Answer, Fate
from heimdallr.domain.errors import HeimdallrError, StateConflictError, UnsendableError
from heimdallr.domain.statements import Statement
from heimdallr.files import sync_folder
from heimdallr.publishing.body_size import created_at
from heimdallr.store.delivery_tables import DeliveryNews, DeliveryState, Destination, OutboxRow
from heimdallr.store.models import FindingRow, Study, StudyState
from heimdallr.store.reading.earlier import earlier_values
from heimdallr.store.work.owed import has_arrived, of_this_patient
from heimdallr.store.work.states import lock
from heimdallr.store.work.verification import is_settled, verification_of

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.orm import Session

    from heimdallr.delivery.destinations import Peer
    from heimdallr.delivery.kinds import Kind
    from heimdallr.domain.statements import Language
    from heimdallr.domain.verification import Verification
    from heimdallr.publishing.dicom.kinds import EarlierValue, Reference
    from heimdallr.store.database import Database
    from heimdallr.store.layout import DataFolders

_CHANGED = Answer(Fate.LATER, Statement("delivery_case_changed"))
_AWAY = Answer(Fate.LATER, Statement("delivery_case_away"))
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """What a message says of a study beside its case folder.

    Attributes:
        number: of the study here.
        state: as the worklist has it.
        error: why it failed or was refused; no patient data.
        findings: code and severity of each.
    """

    number: int
    study_instance_uid: str
    accession_number: str
    revision: int
    state: StudyState
    error: str
    findings: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Order:
    """Something to be made.

    Attributes:
        case: the case folder; ``None`` of a study that has no results.
        folder: empty; where the files go, under names that say nothing of the patient.
        peer: who gets it, and how it wants it.
        results_digest: of what is said: of the results, and of who verified them.
        verification: who verified the results; ``None``: nobody.
        earlier: what the same measurements were in the patient's earlier studies.
        images: where the study's images were received, for cases that do not tell theirs.
        replaces: objects of this kind that the destination has of the results before these.
        said: what it was told by name of earlier results.
        verified_before: digests of what it was told before, as verified by a person.
        is_failure: it is to tell that a run has failed, whatever results there are.
    """

    kind: Kind
    case: Path | None
    folder: Path
    peer: Peer
    language: Language
    study: StudyFacts
    results_digest: str
    verification: Verification | None = None
    earlier: tuple[EarlierValue, ...] = ()
    images: Path | None = None
    replaces: tuple[Reference, ...] = ()
    said: tuple[str, ...] = ()
    verified_before: tuple[str, ...] = ()
    is_failure: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """A file: of a DICOM object with its UIDs, of a message with the names it reports."""

    path: Path
    media_type: str
    sop_class_uid: str = ""
    sop_instance_uid: str = ""
    series_instance_uid: str = ""
    said: tuple[str, ...] = ()


Maker = Callable[[Order], Sequence[Made]]
"""Writes the files of a kind, whole; always the same ones in the same order.

Raises:
    HeimdallrError: it cannot be made of this case, now or later.
    OSError: it cannot be written for now.
"""


@dataclass(frozen=True, slots=True)
class _Batch:
    """Rows that are made together: one kind, of one study's results, for one destination."""

    order: Order
    parts: Mapping[int, int]
    """Row → its part."""


class Workshop:
    """Makes what is owed.

    Args:
        database: knows the rows.
        folders: where case folders are, and where files go.
        makers: kind → who makes it.
    """

    def __init__(
        self, database: Database, folders: DataFolders, makers: Mapping[Kind, Maker]
    ) -> None:
        self._database, self._folders, self._makers = database, folders, makers
        self._one_at_a_time = threading.Lock()

    def furnish(
        self, rows: Sequence[OutboxRow], me: str, now: datetime
    ) -> tuple[list[int], dict[int, Answer]]:
        """Make the files of rows that have none.

        Args:
            rows: in hand.
            me: whose hand.
            now: the time.

        Returns:
            Rows that came to light, because a kind is several files; and what is to be said of
            rows that could not be made. Those of which nothing can ever be made are over.
        """
        more: list[int] = []
        answers: dict[int, Answer] = {}
        lacking = [one for one in rows if not self.path(one)]
        for batch in self._batches(lacking):
            made = self._made(batch.order)
            if isinstance(made, Answer):
                stale = self._stale(batch, lacking) if made is _CHANGED else ()
                with self._database.write() as session:
                    newer = Statement("delivery_superseded")
                    claims.end_unsent(session, stale, me, DeliveryState.SUPERSEDED, newer, now)
                answers |= dict.fromkeys(batch.parts.keys() - set(stale), made)
                continue
            needless = [key for key, part in batch.parts.items() if part > len(made)]
            with self._database.write() as session:
                more += self._note(session, batch, made, me, now)
                nothing = Statement("delivery_nothing_to_make")
                claims.end_unsent(session, needless, me, DeliveryState.CANCELLED, nothing, now)
        return more, answers

    def path(self, row: OutboxRow) -> Path | None:
        """The file of a row; ``None`` where it is not (or no longer) made."""
        path = self._folders.outbox / row.file
        return path if row.file and path.is_file() else None

    def _batches(self, rows: Sequence[OutboxRow]) -> list[_Batch]:
        groups: dict[tuple[int, int | None, str, str], dict[int, int]] = {}
        for row in rows:
            place = (row.study_fk, row.destination_fk, row.results_digest, row.kind)
            groups.setdefault(place, {})[row.id] = row.part
        with self._database.read() as session:
            found = [(self._order(session, *place), parts) for place, parts in groups.items()]
        return [_Batch(order, parts) for order, parts in found if order is not None]

    def _order(
        self, session: Session, study_id: int, destination_id: int | None, digest: str, kind: str
    ) -> Order | None:
        study = session.get(Study, study_id)
        destination = session.get(Destination, destination_id) if destination_id else None
        if study is None or destination is None:
            return None  # gone meanwhile, and the rows with it or called off
        folder = self._folders.delivery(study_id, destination.id, digest) / kind
        before = _told_before(session, study_id, destination_id, digest, kind)
        has_case = study.has_results and study.case_id is not None
        return Order(
            kind=kinds_of([kind])[0],
            case=self._folders.output / (study.case_id or "") if has_case else None,
            folder=folder,
            peer=peer_of(destination),
            language="pt" if destination.language == "pt" else "en",
            study=_facts(session, study),
            results_digest=digest,
            verification=verification_of(session, study),
            earlier=earlier_values(session, study),
            images=self._folders.study(study.key),
            replaces=_of_the_last(before),
            said=tuple(dict.fromkeys(name for row in before for name in _names(row))),
            verified_before=tuple(
                dict.fromkeys(row.results_digest for row in before if row.verified)
            ),
            is_failure=tells_of_failure(session, study_id, digest),
        )

    def _made(self, order: Order) -> Sequence[Made] | Answer:
        """The files, or why there are none; the case folder is the same before and after."""
        maker = self._makers.get(order.kind)
        if maker is None:
            return Answer(Fate.REFUSED, Statement("delivery_no_maker"))
        try:
            with self._one_at_a_time:
                if wrong := _not_these(order):
                    return wrong
                if order.folder.exists():
                    shutil.rmtree(order.folder)
                order.folder.mkdir(mode=0o750, parents=True)
                made = maker(order)
                sync_folder(order.folder)
                return _not_these(order) or made
        except OSError as error:
            _log.warning("not_made", kind=order.kind, reason=error.strerror)
            why = Statement("delivery_not_written", {"error": type(error).__name__})
            return Answer(Fate.LATER, why)
        except HeimdallrError as error:
            # A case that was published anew meanwhile is no reason to refuse anything.
            return _not_these(order) or Answer(Fate.REFUSED, _reason(error))
        except Exception as error:  # noqa: BLE001 - the edge of making: recorded, others go on
            _log.error("making_failed", kind=order.kind, exc_info=error)
            why = Statement("delivery_making_failed", {"error": type(error).__name__})
            return Answer(Fate.REFUSED, why)

    def _stale(self, batch: _Batch, rows: Sequence[OutboxRow]) -> list[int]:
        """Rows of results that are gone for good: others were there at the last try already.

        As long as there is news of the study, or its folder is being replaced, rows may be on their
        way to being superseded by it.
        """
        number = batch.order.study.number
        with self._database.read() as session:
            is_heard = DeliveryNews.held.is_(False)
            news = select(DeliveryNews.id).where(DeliveryNews.study_fk == number, is_heard).limit(1)
            study = session.get(Study, number)
            if study is None or study.state is StudyState.PUBLISHING or session.scalar(news):
                return []
            case = batch.order.case
            if case is not None and not is_settled(session, study, created_at(case)):
                return []
        return [one.id for one in rows if one.id in batch.parts and _said_before(one)]

    def _note(
        self,
        session: Session,
        batch: _Batch,
        made: Sequence[Made],
        me: str,
        now: datetime,
    ) -> list[int]:
        """Write down the files; a part that nobody knew of is a row of its own, in our hands."""
        try:
            lock(session, batch.order.study.number)
        except StateConflictError:
            return []
        first = session.get(OutboxRow, next(iter(batch.parts)), populate_existing=True)
        if first is None or not made:
            return []
        known = {row.part: row for row in _parts(session, first)}
        new: list[OutboxRow] = []
        for part, one in enumerate(made, start=1):
            row = known.get(part)
            if row is None:
                row = _further(first, part, me, now)
                session.add(row)
                new.append(row)
            elif not row.media_type:
                row.losses = 0  # nothing of it was there that could have left
            row.file = one.path.relative_to(self._folders.outbox).as_posix()
            row.media_type = one.media_type
            row.sop_class_uid, row.sop_instance_uid = one.sop_class_uid, one.sop_instance_uid
            row.series_instance_uid, row.said = one.series_instance_uid, list(one.said)
            row.verified = batch.order.verification is not None
        session.flush()
        return [row.id for row in new]


def _facts(session: Session, study: Study) -> StudyFacts:
    found = session.execute(
        select(FindingRow.code, FindingRow.severity)
        .where(FindingRow.study_fk == study.id)
        .order_by(FindingRow.id)
    )
    return StudyFacts(
        number=study.id,
        study_instance_uid=study.study_instance_uid,
        accession_number=study.accession_number,
        revision=study.revision,
        state=study.state,
        error=study.error,
        findings=tuple((code, severity) for code, severity in found),
    )


def _told_before(
    session: Session, study_id: int, destination_id: int | None, digest: str, kind: str
) -> Sequence[OutboxRow]:
    """What a destination has of other results of a study, older than these; oldest first.

    Also what it may have, because it left and nobody has said what became of it; not what it has
    of another patient, whom the study was of then, where that one's record is another.
    """
    same_kind = (
        OutboxRow.study_fk == study_id,
        OutboxRow.destination_fk == destination_id,
        OutboxRow.kind == kind,
    )
    these = (
        select(func.min(OutboxRow.id))
        .where(*same_kind, OutboxRow.results_digest == digest)
        .scalar_subquery()
    )
    return session.scalars(
        select(OutboxRow)
        .where(
            *same_kind,
            OutboxRow.id < these,
            has_arrived(),
            of_this_patient(session, study_id) if kind in FILED_BY_PATIENT else true(),
        )
        .order_by(OutboxRow.id)
    ).all()


def _of_the_last(before: Sequence[OutboxRow]) -> tuple[Reference, ...]:
    """The objects of the newest results that were sent, and of newer ones that may have arrived.

    Of those sent by old versions nothing is known.
    """
    sent = [row for row in before if row.sent_at is not None]
    last, digest = (sent[-1].id, sent[-1].results_digest) if sent else (0, "")
    return tuple(
        (row.series_instance_uid, row.sop_class_uid, row.sop_instance_uid)
        for row in before
        if (row.results_digest == digest or row.id > last) and row.series_instance_uid
    )


def _names(row: OutboxRow) -> Sequence[str]:
    return [str(one) for one in row.said] if isinstance(row.said, list) else ()


def _not_these(order: Order) -> Answer | None:
    """Why nothing can be made of the results an order means: they are gone, or others are there.

    Results that the rows know, without their folder, may be on a disk that is not mounted. An event
    of a failure means no results.
    """
    if order.is_failure:
        return None
    gone = Answer(Fate.REFUSED, Statement("delivery_case_gone"))
    if order.case is None:
        return gone
    try:
        is_same = said_digest(order.case, order.verification) == order.results_digest
    except FileNotFoundError:
        return gone if order.case.is_dir() else _AWAY
    return None if is_same else _CHANGED


def _said_before(row: OutboxRow) -> bool:
    """Whether the case had changed when this was tried the last time."""
    return isinstance(row.reason, dict) and row.reason.get("code") == "delivery_case_changed"


def _reason(error: HeimdallrError) -> Statement:
    if isinstance(error, UnsendableError):
        return error.why
    return Statement("delivery_not_made", {"error": str(error)})


def _parts(session: Session, row: OutboxRow) -> Sequence[OutboxRow]:
    return session.scalars(
        select(OutboxRow).where(
            OutboxRow.study_fk == row.study_fk,
            OutboxRow.destination_fk == row.destination_fk,
            OutboxRow.results_digest == row.results_digest,
            OutboxRow.kind == row.kind,
        )
    ).all()


def _further(first: OutboxRow, part: int, me: str, now: datetime) -> OutboxRow:
    return OutboxRow(
        study_fk=first.study_fk,
        destination_fk=first.destination_fk,
        destination=first.destination,
        revision=first.revision,
        results_digest=first.results_digest,
        kind=first.kind,
        part=part,
        cause=first.cause,
        by_hand=first.by_hand,
        state=DeliveryState.SENDING,
        claimed_by=me,
        priority=first.priority,
        owed_since=first.owed_since,
        called_off=first.called_off,
        created_at=now,
        changed_at=now,
    )
