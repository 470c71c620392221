"""Studies with results, destinations and peers that need no network, for the tests of delivery.

A :class:`FakePeer` keeps a journal of what it was sent: a folder, one file per try, so that peers
of processes that are killed remember too. Run as a program, this is ``heimdallr deliver`` with such
peers.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select
from store_cases import NOW, add_study, bleed, make_identity, make_results, write_case

from heimdallr import logs
from heimdallr.clock import utc_now
from heimdallr.config import Settings
from heimdallr.delivery import directory
from heimdallr.delivery.claims import Patience
from heimdallr.delivery.destinations import Folder
from heimdallr.delivery.directory import DestinationFacts, RuleFacts
from heimdallr.delivery.errand import Errand, Tools
from heimdallr.delivery.making import Made, Workshop
from heimdallr.delivery.outbox import expand
from heimdallr.delivery.rules import Conditions
from heimdallr.delivery.sending import Answer, Fate
from heimdallr.delivery.service import run_deliverer
from heimdallr.domain.statements import Statement
from heimdallr.files import whole_file
from heimdallr.parent_process import stop_on_signals
from heimdallr.publishing.correction_records import CorrectionRecord
from heimdallr.publishing.results import results_json
from heimdallr.publishing.schema import RESULTS_FILE, read_identity, read_results
from heimdallr.store.corrections import CorrectionState, corrections_of, keep_correction
from heimdallr.store.delivery_tables import OutboxRow, When
from heimdallr.store.models import Study, StudyState
from heimdallr.store.results import index_results
from heimdallr.store.work import owed, verification

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy.orm import Session

    from heimdallr.delivery.destinations import Peer
    from heimdallr.delivery.making import Order
    from heimdallr.delivery.sending import Check, Item
    from heimdallr.publishing.schema import Results
    from heimdallr.store.database import Database
    from heimdallr.store.layout import DataFolders

QUICK = Patience(timedelta(seconds=0.05), timedelta(seconds=0.2), timedelta(days=3))
CASE = "SilvaMJ_20260201_{}"


def add_done(
    database: Database, folders: DataFolders, number: int = 1, *, critical: bool = False
) -> int:
    """A study whose results have just been published, with its news; returns its number."""
    case_id, uid = CASE.format(number), f"1.2.3.{number}"
    results = make_results(findings=(bleed(),) if critical else (), case_id=case_id)
    identity = make_identity(case_id=case_id, uid=uid)
    folder = write_case(folders.output, results, identity)
    with database.write() as session:
        study = add_study(
            session, uid, state=StudyState.DONE, case_id=case_id, revision=1, digest="d",
            calling_ae="CT1", modality="CT",
        )  # fmt: skip
        index_results(session, study, results, identity, folder, NOW)
        owed.tell(session, study.id, When.RESULTS, NOW, run="run-1")
        return study.id


def publish_anew(database: Database, folders: DataFolders, study_id: int) -> None:
    """Newer results of a study, as a reprocessing leaves them."""
    with database.write() as session:
        study = session.get_one(Study, study_id)
        owed.tell(session, study.id, When.RESULTS, NOW, run="run-2")
        _take_place(session, folders, study)
        study.revision += 1


def correct(database: Database, folders: DataFolders, study_id: int) -> None:
    """Results that follow a person's correction, as it leaves them: nobody is told."""
    record = CorrectionRecord(number=1, kind="voxels", by="user:ana", at=NOW, base="0" * 32)
    with database.write() as session:
        _take_place(session, folders, session.get_one(Study, study_id), record)


def correct_halfway(database: Database, folders: DataFolders, study_id: int) -> None:
    """As a process leaves it that is killed when the folder is renamed, and the rows not yet."""
    record = CorrectionRecord(number=1, kind="voxels", by="user:ana", at=NOW, base="0" * 32)
    with database.write() as session:
        keep_correction(session, study_id, record, CorrectionState.PENDING)
        _write_results(folders, session.get_one(Study, study_id), record)


def settle_correction(database: Database, folders: DataFolders, study_id: int) -> None:
    """As the next start goes on with it."""
    with database.write() as session:
        study = session.get_one(Study, study_id)
        folder = folders.output / (study.case_id or "")
        (row,) = corrections_of(session, study_id)
        row.state = CorrectionState.APPLIED
        index_results(session, study, read_results(folder), read_identity(folder), folder, NOW)


def _take_place(
    session: Session, folders: DataFolders, study: Study, *corrections: CorrectionRecord
) -> None:
    results, folder = _write_results(folders, study, *corrections)
    index_results(session, study, results, read_identity(folder), folder, NOW)


def _write_results(
    folders: DataFolders, study: Study, *corrections: CorrectionRecord
) -> tuple[Results, Path]:
    case_id = study.case_id or ""
    results, folder = make_results(case_id=case_id), folders.output / case_id
    facts = {"created_at": utc_now(), "corrections": list(corrections)}
    provenance = results.provenance.model_copy(update=facts)
    results = results.model_copy(update={"provenance": provenance})
    (folder / RESULTS_FILE).write_text(results_json(results))
    return results, folder


def verify_study(
    database: Database, folders: DataFolders, study_id: int, actor: str = "user:ana"
) -> None:
    """A person verifies the results there are; their folder does not say so yet."""
    with database.write() as session:
        study = session.get_one(Study, study_id)
        created_at = read_results(folders.output / (study.case_id or "")).provenance.created_at
        verification.verify(session, study, created_at, actor, "", utc_now())


def add_destination(
    database: Database, name: str = "share", *, rule: When | None = When.RESULTS, **facts: object
) -> int:
    """A destination, with a rule that sends it everything; returns its number."""
    conditions = facts.pop("conditions", Conditions())
    assert isinstance(conditions, Conditions)
    values: dict[str, object] = {
        "objects": ("results", "event"), "peer": Folder(path=Path("/share") / name),
    }  # fmt: skip
    with database.write() as session:
        row = directory.add_destination(
            session,
            DestinationFacts(name, **{**values, **facts}),  # type: ignore[arg-type]
            "",
            NOW,
            "test",
        )
        if rule is not None:
            said = RuleFacts(f"all to {name}", name, rule, conditions)
            directory.write_rule(session, None, said, NOW, "test")
        return row.id


def make_two(order: Order) -> Sequence[Made]:
    """A kind of two files, as segmentations are; their UIDs follow from the results.

    As names they note the objects of earlier results that they were told of.
    """
    made = []
    for part in (1, 2):
        path = order.folder / f"{part}.dcm"
        with whole_file(path) as stream:
            stream.write(f"{order.kind} {part} {order.results_digest}".encode())
        uid = f"2.25.{int(order.results_digest[:20], 16)}.{part}"
        said = tuple(sop_instance_uid for _, _, sop_instance_uid in order.replaces)
        sop_class = "1.2.840.10008.5.1.4.1.1.66.4"
        made.append(Made(path, "application/dicom", sop_class, uid, f"{uid}.1", said))
    return made


def make_one(order: Order) -> Sequence[Made]:
    """A kind of one file."""
    path = order.folder / "one.json"
    with whole_file(path) as stream:
        stream.write(f"{order.kind} {order.results_digest}".encode())
    return [Made(path, "application/json")]


def make_none(_order: Order) -> Sequence[Made]:
    """A kind of which no case has anything."""
    return ()


MAKERS = {
    "seg": make_two, "results": make_one, "event": make_one, "report": make_one,
    "sr_planar": make_none,
}  # fmt: skip


@dataclass
class FakePeer:
    """A destination as it answers: by default it takes everything.

    Attributes:
        answer: asked of each item.
        taken: content of what it took, in order.
        keys: numbers of all tries, in order.
        commitments: transaction UIDs it was asked with.
    """

    answer: Callable[[Item], Answer | None] = lambda _item: Answer(Fate.SENT)
    taken: list[str] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    commitments: list[str] = field(default_factory=list)

    def send(self, items: Sequence[Item]) -> Iterator[tuple[str, Answer]]:
        """See :class:`heimdallr.delivery.sending.Sender`."""
        for item in items:
            self.keys.append(int(item.key))
            answer = self.answer(item)
            if answer is None:
                return
            if answer.fate in {Fate.SENT, Fate.COMMITTED}:
                self.taken.append(item.path.read_text())
            yield item.key, answer

    def test(self) -> Sequence[Check]:
        """See there."""
        return ()

    def request_commitment(
        self, items: Sequence[Item], transaction_uid: str
    ) -> Iterator[tuple[str, Answer]]:
        """See :class:`heimdallr.delivery.sending.CommitmentSender`."""
        self.commitments.append(transaction_uid)
        for item in items:
            yield item.key, Answer(Fate.SENT)


@dataclass
class FakeReport:
    """What an archive said of a transaction."""

    kept: tuple[str, ...] = ()
    lost: tuple[tuple[str, int], ...] = ()


@dataclass
class FakeReports:
    """What the listener has heard."""

    come: dict[str, FakeReport] = field(default_factory=dict)
    expected: list[str] = field(default_factory=list)

    def expect(self, transaction_uid: str) -> None:
        """See :class:`heimdallr.delivery.commitment.Reports`."""
        self.expected.append(transaction_uid)

    def read(self, transaction_uid: str) -> FakeReport | None:
        """See there."""
        return self.come.get(transaction_uid)

    def forget(self, transaction_uid: str) -> None:
        """See there."""
        self.come.pop(transaction_uid, None)


@dataclass
class Desk:
    """A deliverer without threads: its clock stands still, its errands are sent one by one."""

    database: Database
    folders: DataFolders
    peer: FakePeer = field(default_factory=FakePeer)
    reports: FakeReports = field(default_factory=FakeReports)
    patience: Patience = field(default_factory=Patience)
    time: datetime = NOW
    stopping: threading.Event = field(default_factory=threading.Event)
    signatures: int = 0
    send_unverified: bool = True

    def forward(self, **amount: float) -> None:
        """Move the clock on by ``timedelta(**amount)``."""
        self.time += timedelta(**amount)

    def expand(self) -> int:
        """Ask the rules."""
        return expand(self.database, self.folders, self.time, send_unverified=self.send_unverified)

    def errand(self, destination_id: int, signature: str = "") -> Errand:
        """An errand under a signature of its own."""
        self.signatures += 1
        tools = Tools(
            self.database,
            Workshop(self.database, self.folders, MAKERS),  # type: ignore[arg-type]
            lambda _peer, _secret: self.peer,
            self.reports,
            self.patience,
            lambda: self.time,
            self.stopping,
        )
        return Errand(tools, destination_id, signature or f"desk#{self.signatures}")

    def deliver(self, destination_id: int) -> None:
        """Ask the rules and send what is due."""
        self.expand()
        self.errand(destination_id).run()


def rows(desk: Desk) -> Sequence[OutboxRow]:
    """The outbox, in the order it came to be."""
    with desk.database.read() as session:
        return session.scalars(select(OutboxRow).order_by(OutboxRow.id)).all()


def states(desk: Desk) -> list[str]:
    """The state of each row."""
    return [row.state.value for row in rows(desk)]


def later(_item: Item) -> Answer:
    """A peer that is busy."""
    return Answer(Fate.LATER, Statement("delivery_not_tried"))


def refuses(_item: Item) -> Answer:
    """A peer that says no."""
    return Answer(Fate.REFUSED, Statement("delivery_not_tried"))


class JournalPeer:
    """A peer in a deliverer's process: it stalls, refuses now and then, and writes down what came.

    Args:
        folder: of the journal.
        name: of the destination.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._random = random.Random()  # noqa: S311 - no secret

    def send(self, items: Sequence[Item]) -> Iterator[tuple[str, Answer]]:
        """Take a third at once, a third after a moment, and let the rest come again."""
        for item in items:
            time.sleep(self._random.choice((0, 0.01, 0.03)))
            if self._random.random() < 0.2:
                yield item.key, later(item)
                continue
            entry = {"to": self._name, "key": item.key, "content": item.path.read_text()}
            path = self._folder / f"{time.time_ns()}-{os.getpid()}-{item.key}.json"
            with whole_file(path) as stream:
                stream.write(json.dumps(entry).encode())
            time.sleep(self._random.choice((0, 0.01)))
            yield item.key, Answer(Fate.SENT)

    def test(self) -> Sequence[Check]:
        """Nothing to be tried."""
        return ()


def _deliver(data: str, url: str, journal: str) -> None:
    logs.configure(service="deliverer", level="warning")
    settings = Settings(data_dir=Path(data), **({"database_url": url} if url else {}))  # type: ignore[arg-type]

    def sender_for(peer: Peer, _secret: str) -> JournalPeer:
        assert isinstance(peer, Folder)
        return JournalPeer(Path(journal), peer.path.name)

    run_deliverer(
        settings,
        stop_on_signals(),
        sender_for=sender_for,
        makers=MAKERS,  # type: ignore[arg-type]
        reports=lambda _folders: FakeReports(),
        patience=QUICK,
        grace_s=1.0,
    )
    os._exit(0)


if __name__ == "__main__":
    _deliver(*sys.argv[1:])
