"""Everything that is due for one destination, sent over one connection at a time."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import SQLAlchemyError

from heimdallr.delivery import claims, commitment
from heimdallr.delivery.destinations import DicomNode
from heimdallr.delivery.directory import peer_of, secret_of
from heimdallr.delivery.sending import Answer, CommitmentSender, Fate, Item
from heimdallr.domain.statements import Statement
from heimdallr.store.delivery_tables import DeliveryState, Destination, OutboxRow

if TYPE_CHECKING:
    import threading
    from datetime import datetime

    from heimdallr.delivery.claims import Patience
    from heimdallr.delivery.commitment import Reports
    from heimdallr.delivery.destinations import Peer
    from heimdallr.delivery.making import Workshop
    from heimdallr.delivery.sending import Sender
    from heimdallr.store.database import Database

_log = structlog.get_logger()

SenderFor = Callable[["Peer", str], "Sender"]
"""Whoever speaks to a peer, given its secret."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What every errand of a deliverer shares."""

    database: Database
    workshop: Workshop
    sender_for: SenderFor
    reports: Reports
    patience: Patience
    now: Callable[[], datetime]
    stopping: threading.Event


class Errand:
    """One destination's turn.

    Args:
        tools: shared with the other errands.
        destination_id: whose turn it is.
        signature: signs what is taken; never used before.
    """

    def __init__(self, tools: Tools, destination_id: int, signature: str) -> None:
        self._tools, self._destination_id, self.signature = tools, destination_id, signature

    def run(self) -> None:
        """Send until nothing is due, or the deliverer stops; faults are recorded, never raised."""
        try:
            while not self._tools.stopping.is_set():
                keys = self._claim()
                if not keys:
                    break
                self._send(keys)
            if not self._tools.stopping.is_set():
                self._ask()
        except SQLAlchemyError as error:
            # What was taken is found by its signature, which nobody uses any more.
            _log.warning("database_away", error=type(error).__name__)
        except Exception as error:  # noqa: BLE001 - the edge of the errand; the others go on
            _log.error("errand_failed", target=self._destination_id, exc_info=error)

    def _claim(self) -> list[int]:
        tools = self._tools
        with tools.database.write() as session:
            rows = claims.claim(
                session, self._destination_id, self.signature, tools.patience, tools.now()
            )
            return [row.id for row in rows]

    def _send(self, keys: list[int]) -> None:
        """Send what was taken, and give back what could not be tried."""
        tools = self._tools
        more, unmade = tools.workshop.furnish(self._in_hand(keys), self.signature, tools.now())
        for key, answer in unmade.items():
            self._record(key, answer)
        rows = self._in_hand([*keys, *more])  # without what was called off meanwhile
        answers = self._answers(rows) if rows else {}
        rest = {*keys, *more} - unmade.keys() - answers.keys()
        if rows and not answers and not tools.stopping.is_set():
            for key in rest:
                self._record(key, Answer(Fate.LATER, Statement("delivery_not_tried")))
            return
        postponed = any(one is Fate.LATER for one in answers.values())
        until = tools.now() + tools.patience.first if postponed else None
        with tools.database.write() as session:
            claims.hand_back(session, rest, self.signature, tools.now(), until=until)

    def _answers(self, rows: Sequence[OutboxRow]) -> dict[int, Fate]:
        """Send these; what became of each that was tried, as it is written down."""
        found: dict[int, Fate] = {}
        with self._tools.database.read() as session:
            destination = session.get(Destination, self._destination_id)
            if destination is None:
                return found
            peer, secret = peer_of(destination), secret_of(session, destination)
        asks = _is_asked(peer)
        sender = self._tools.sender_for(peer, secret)
        answers = sender.send([one for row in rows if (one := self._item(row))])
        try:
            for key, answer in self._guarded(answers):
                found[int(key)] = answer.fate
                self._record(int(key), answer, commitment=asks)
                rest = [row.id for row in rows if row.id not in found]
                if self._tools.stopping.is_set() or len(self._in_hand(rest)) < len(rest):
                    break  # what was called off meanwhile is not sent
        finally:
            if isinstance(answers, Generator):
                answers.close()  # ends the connection as the protocol wants it
        return found

    def _guarded(self, answers: Iterator[tuple[str, Answer]]) -> Iterator[tuple[str, Answer]]:
        """A sender that breaks costs what it has not answered one try, nothing else."""
        try:
            yield from answers
        except SQLAlchemyError:
            raise
        except Exception as error:  # noqa: BLE001 - the edge of a sender: recorded
            _log.error("sender_failed", target=self._destination_id, exc_info=error)

    def _item(self, row: OutboxRow) -> Item | None:
        path = self._tools.workshop.path(row)
        if path is None:
            return None
        return Item(
            key=str(row.id),
            path=path,
            media_type=row.media_type,
            sop_class_uid=row.sop_class_uid,
            sop_instance_uid=row.sop_instance_uid,
        )

    def _in_hand(self, keys: Sequence[int]) -> Sequence[OutboxRow]:
        with self._tools.database.read() as session:
            return claims.in_hand(session, keys, self.signature)

    def _record(self, key: int, answer: Answer, *, commitment: bool = False) -> None:
        tools = self._tools
        with tools.database.write() as session:
            state = claims.record(
                session, key, self.signature, answer, tools.patience, tools.now(),
                commitment=commitment,
            )  # fmt: skip
        if state is None:
            _log.warning("answer_too_late", delivery=key)
            return
        log = _log.info if state in {DeliveryState.SENT, DeliveryState.COMMITTED} else _log.warning
        reason = answer.why.code if answer.why else ""
        log("delivery", delivery=key, state=state.value, reason=reason)

    def _ask(self) -> None:
        """Ask whether the destination keeps what it has taken."""
        tools, now = self._tools, self._tools.now()
        with tools.database.write() as session:
            destination = session.get(Destination, self._destination_id)
            if destination is None:
                return
            peer, secret = peer_of(destination), secret_of(session, destination)
            transaction_uid, rows = commitment.begin(
                session, destination.id, now, asks=_is_asked(peer)
            )
        if not rows:
            return
        sender = tools.sender_for(peer, secret)
        if not isinstance(sender, CommitmentSender):
            return
        tools.reports.expect(transaction_uid)
        items = [one for row in rows if (one := self._item(row))]
        for key, answer in self._guarded(sender.request_commitment(items, transaction_uid)):
            with tools.database.write() as session:
                commitment.note_answer(
                    session, int(key), transaction_uid, answer, tools.patience, tools.now()
                )
        with tools.database.write() as session:
            commitment.asked(session, transaction_uid, tools.now())


def _is_asked(peer: Peer) -> bool:
    """Whether a destination is to say that it keeps what it took."""
    return isinstance(peer, DicomNode) and peer.commitment
