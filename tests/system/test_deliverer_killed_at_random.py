"""The deliverer, killed at random, before peers that fail at random: archive, record, engine."""

from __future__ import annotations

import os
import random
import re
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from fhir_records import running_record
from forked_deliverer import start_deliverer
from liver_cases import copy_of, liver_case
from orthanc import DicomPeer, running_orthanc
from sqlalchemy import func, select, update
from store_cases import NOW, add_study
from unreliable_peers import Engine, UnreliableWay

from heimdallr.clock import utc_now
from heimdallr.config import Settings
from heimdallr.delivery import directory, outbox
from heimdallr.delivery.destinations import DicomNode, FhirServer, Hl7Listener
from heimdallr.delivery.directory import DestinationFacts, RuleFacts
from heimdallr.delivery.rules import Conditions
from heimdallr.files import whole_file
from heimdallr.publishing.results import results_json
from heimdallr.publishing.schema import RESULTS_FILE, read_identity, read_results
from heimdallr.store.database import open_database
from heimdallr.store.delivery_tables import (
    OPEN_STATES,
    DeliveryNews,
    DeliveryState,
    OutboxRow,
    When,
)
from heimdallr.store.layout import made_folders
from heimdallr.store.migrate import upgrade
from heimdallr.store.models import Study, StudyState
from heimdallr.store.results import index_results
from heimdallr.store.work import owed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from orthanc import Orthanc

    from heimdallr.delivery.destinations import Peer
    from heimdallr.store.database import Database
    from heimdallr.store.layout import DataFolders

KILLS, STUDIES, REVISED = 200, 40, 8
REPORT_S = 20
"""Time for the archive to report; a new question makes the report of the last one void."""
OBJECTS = ("seg", "sr", "sc_table", "pdf")
LIMIT_S = 600
"""For the rest to arrive when the peers are well again; it takes less than a minute."""


@dataclass
class Hospital:
    """Peers that fail at random, and the data folder of a deliverer that is killed at random."""

    folders: DataFolders
    database: Database
    orthanc: Orthanc
    engine: Engine
    record: Any
    ways: list[UnreliableWay]
    case: Path
    log: Path

    def add(self, number: int) -> int:
        """A study whose results have just been published; returns its number."""
        folder, uid = copy_of(self.case, self.folders.output, number)
        results, identity = read_results(folder), read_identity(folder)
        with self.database.write() as session:
            study = add_study(
                session, uid, state=StudyState.DONE, case_id=folder.name, revision=1,
                digest="d", modality="CT",
            )  # fmt: skip
            index_results(session, study, results, identity, folder, NOW)
            owed.tell(session, study.id, When.RESULTS, utc_now(), run="run-1")
            return study.id

    def revise(self, study_id: int) -> None:
        """Newer results of a study."""
        with self.database.write() as session:
            study = session.get_one(Study, study_id)
            path = self.folders.output / (study.case_id or "") / RESULTS_FILE
            results = read_results(path.parent)
            made = results.provenance.model_copy(update={"created_at": utc_now()})
            newer = results.model_copy(update={"provenance": made})
            with whole_file(path) as stream:
                stream.write(results_json(newer).encode())
            index_results(session, study, newer, read_identity(path.parent), path.parent, NOW)
            study.revision += 1
            owed.tell(session, study.id, When.RESULTS, utc_now(), run="run-2")

    def rows(self) -> list[OutboxRow]:
        """The outbox."""
        with self.database.read() as session:
            return list(session.scalars(select(OutboxRow).order_by(OutboxRow.id)))

    def calm(self) -> None:
        """From now on all peers are well."""
        self.engine.is_calm = True
        for way in self.ways:
            way.is_calm = True

    def is_settled(self) -> bool:
        """Nothing is owed, and no answer is awaited."""
        with self.database.read() as session:
            news = session.scalar(select(func.count(DeliveryNews.id)))
            waiting = OutboxRow.state.in_(OPEN_STATES) | OutboxRow.commitment_due_at.is_not(None)
            return not news and not session.scalar(select(func.count()).where(waiting))

    def an_hour_passes(self) -> None:
        """What was not asked, or not answered, because of a kill is asked again."""
        with self.database.write() as session:
            session.execute(
                update(OutboxRow)
                .where(OutboxRow.commitment_due_at.is_not(None))
                .values(commitment_due_at=utc_now(), commitment_tries=0)
            )

    def resend_refused(self) -> int:
        """What a person does who has had a word with the engine's people; how many."""
        with self.database.write() as session:
            rows = session.scalars(select(OutboxRow).order_by(OutboxRow.id)).all()
            newest = {(row.study_fk, row.kind): row.results_digest for row in rows}
            refused = [
                row.id
                for row in rows
                if row.state is DeliveryState.REFUSED
                and newest[row.study_fk, row.kind] == row.results_digest
            ]
            for one in refused:
                outbox.resend(session, self.folders, one, utc_now(), "user:anna")
        return len(refused)


@contextmanager
def hospital(folder: Path) -> Iterator[Hospital]:
    """Orthanc, a record, an engine and our listener, until the block ends."""
    with ExitStack() as stack, socket.create_server(("127.0.0.1", 0)) as free:
        dicom_port = free.getsockname()[1]
        (folder / "orthanc").mkdir()
        orthanc = stack.enter_context(running_orthanc(folder / "orthanc"))
        record = stack.enter_context(running_record())
        engine = Engine(seed=1)
        stack.callback(engine.stop)
        record_port = int(re.search(r":(\d+)", record.base_url)[1])  # type: ignore[index]
        ways = [
            UnreliableWay(port, seed)
            for seed, port in enumerate((orthanc.dicom_port, record_port, engine.port), 13)
        ]
        for way in ways:
            stack.callback(way.stop)
        settings = Settings(data_dir=folder / "data", dicom_port=dicom_port)
        folders = made_folders(settings)
        database = open_database(settings)
        stack.callback(database.close)
        upgrade(database)
        pacs, fhir, hl7 = (way.port for way in ways)
        url = record.base_url.replace(str(record_port), str(fhir))
        _add(
            database,
            DicomNode(ae_title=orthanc.ae_title, host="127.0.0.1", port=pacs, commitment=True),
            *OBJECTS,
        )
        _add(database, FhirServer(url=url), "fhir")
        _add(database, Hl7Listener(host="127.0.0.1", port=hl7, assigning_authority="H"), "hl7")
        orthanc.know(DicomPeer("HEIMDALLR", dicom_port))
        free.close()
        listener = subprocess.Popen(
            [sys.executable, "-m", "heimdallr", "listen"],
            env=os.environ
            | {
                "HEIMDALLR_DATA_DIR": str(folder / "data"),
                "HEIMDALLR_DICOM_PORT": str(dicom_port),
                "HEIMDALLR_DISK_RESERVE_GB": "0",
            },
        )
        stack.callback(listener.wait, 30)
        stack.callback(listener.terminate)
        case = liver_case(folder / "images", folder / "made")
        yield Hospital(
            folders, database, orthanc, engine, record, ways, case, folder / "deliverer.log"
        )


def _add(database: Database, peer: Peer, *objects: str) -> None:
    with database.write() as session:
        facts = DestinationFacts(peer.kind, peer, objects=objects)  # type: ignore[arg-type]
        directory.add_destination(session, facts, "", NOW, "test")
        rule = RuleFacts(f"all to {peer.kind}", peer.kind, When.RESULTS, Conditions())
        directory.write_rule(session, None, rule, NOW, "test")


@pytest.mark.slow
def test_nothing_is_lost_and_nothing_doubled(tmp_path: Path) -> None:
    """200 kills: every object is in the archive once, every study once in record and engine."""
    _killed_at_random(tmp_path, kills=KILLS, studies=STUDIES, revised=REVISED)


def test_a_few_kills_before_real_peers(tmp_path: Path) -> None:
    """The same, small enough for every run."""
    _killed_at_random(tmp_path, kills=4, studies=2, revised=1)


def _killed_at_random(folder: Path, *, kills: int, studies: int, revised: int) -> None:
    chance = random.Random(20261129)  # noqa: S311 - no secret
    began = time.monotonic()
    with hospital(folder) as site:
        numbers = [site.add(1)]
        for kill in range(kills):
            process = start_deliverer(site.folders.root, site.log)
            time.sleep(chance.uniform(0.1, 3.0))
            assert process.is_alive(), site.log.read_text()
            process.kill()
            process.join(30)
            if len(numbers) * kills < kill * studies:
                numbers.append(site.add(len(numbers) + 1))
            if kill == kills // 2:
                for one in numbers[:revised]:
                    site.revise(one)
        while len(numbers) < studies:
            numbers.append(site.add(len(numbers) + 1))
        killed_s = time.monotonic() - began
        arrived = sum(row.sent_at is not None for row in site.rows())
        site.calm()
        process = start_deliverer(site.folders.root, site.log)
        deadline = time.monotonic() + LIMIT_S
        next_hour = 0.0
        while time.monotonic() < deadline and not (site.is_settled() and not site.resend_refused()):
            if time.monotonic() > next_hour:
                site.an_hour_passes()
                next_hour = time.monotonic() + REPORT_S
            time.sleep(1)
        settled = site.is_settled()
        process.terminate()
        process.join(60)
        assert settled, "something is still owed, or awaited"
        _check_archive(site)
        _check_engine(site, numbers)
        _check_record(site, numbers)
        rows = site.rows()
    sys.stdout.write(
        f"\n{kills} kills in {killed_s:.0f} s, {sum(way.mishaps for way in site.ways)} failures of "
        f"peers, {site.engine.refusals} refusals; {len(rows)} objects of {studies} studies, "
        f"{arrived} of them delivered while it was killed, all after "
        f"{time.monotonic() - began:.0f} s; 0 lost, 0 doubled\n"
    )


def _check_archive(site: Hospital) -> None:
    """What is owed is there and committed; what is there is owed, under this UID."""
    rows = [row for row in site.rows() if row.kind in OBJECTS]
    states = {row.state for row in rows}
    assert states <= {DeliveryState.COMMITTED, DeliveryState.SUPERSEDED}, states
    committed = {row.sop_instance_uid for row in rows if row.state is DeliveryState.COMMITTED}
    there = site.orthanc.instances()
    assert committed - there == set(), "lost"
    assert there - {row.sop_instance_uid for row in rows} == set(), "doubled"
    assert len(committed) == sum(row.state is DeliveryState.COMMITTED for row in rows)
    newest = {row.study_fk: row.results_digest for row in rows}
    for study, digest in newest.items():
        kinds = [one.kind for one in rows if (one.study_fk, one.results_digest) == (study, digest)]
        assert sorted(kinds) == sorted(OBJECTS)


def _check_engine(site: Hospital, numbers: list[int]) -> None:
    """One message for the same results, however often it came, and it was thanked for."""
    rows = [row for row in site.rows() if row.kind == "hl7"]
    newest = {row.study_fk: row.state for row in rows}
    assert set(newest.values()) == {DeliveryState.SENT}
    assert DeliveryState.WAITING not in {row.state for row in rows}
    results = {row.results_digest for row in rows}
    contents = [set(messages) for messages in site.engine.taken.values()]
    assert all(len(one) == 1 for one in contents), "another content under the same control id"
    by_study: dict[bytes, set[str]] = {}
    for control_id, messages in site.engine.taken.items():
        uid = re.search(rb"Study Instance UID\^DCM\|\|([0-9.]+)", messages[0])
        assert uid
        by_study.setdefault(uid[1], set()).add(control_id)
    assert len(by_study) == len(numbers), "lost"
    assert len(site.engine.taken) <= len(results), "doubled: the same results under two ids"
    sent = sum(row.state is DeliveryState.SENT for row in rows)
    assert len(site.engine.thanked) >= sent, "lost"


def _check_record(site: Hospital, numbers: list[int]) -> None:
    """One report, one study and its observations for each study; one patient, one device."""
    rows = [row for row in site.rows() if row.kind == "fhir"]
    assert {row.state for row in rows} <= {DeliveryState.SENT, DeliveryState.SUPERSEDED}
    counts = site.record.store.counts()
    studies = len(numbers)
    assert (counts["DiagnosticReport"], counts["ImagingStudy"]) == (studies, studies)
    assert (counts["Observation"], counts["Patient"], counts["Device"]) == (studies, 1, 1)
    assert studies <= counts["Provenance"] <= len(rows), "one for the same results"
