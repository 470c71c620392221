"""From results to the record and the interface engine, by the deliverer's own hands."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from deliveries import FakeReports, add_destination, add_done, publish_anew
from fhir_records import running_record
from sqlalchemy import select
from store_cases import NOW

from heimdallr.config import Settings
from heimdallr.delivery.claims import Patience
from heimdallr.delivery.destinations import FhirServer, Hl7Listener
from heimdallr.delivery.errand import Errand, Tools
from heimdallr.delivery.makers import MAKERS
from heimdallr.delivery.making import Workshop
from heimdallr.delivery.outbox import expand
from heimdallr.delivery.peers import senders
from heimdallr.store.delivery_tables import OutboxRow
from heimdallr.store.layout import data_folders

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.store.database import Database


def test_results_and_their_revision_arrive(database: Database, tmp_path: Path) -> None:
    """A record that executes transactions, an engine that answers: both take both revisions."""
    mllp, bridge, config = (
        pytest.importorskip(f"v2fhir.{name}", reason="hl7v2-fhir-bridge is not installed")
        for name in ("mllp", "bridge", "config")
    )
    settings = Settings(data_dir=tmp_path / "data")
    folders = data_folders(settings)
    folders.create()
    tools = Tools(
        database,
        Workshop(database, folders, MAKERS),
        senders(settings),
        FakeReports(),
        Patience(),
        lambda: NOW,
        threading.Event(),
    )
    service = bridge.Bridge(config.Config(out_dir=str(tmp_path / "engine")))
    handler = mllp.bridge_handler(service)
    engine = mllp.ServerThread(mllp.MLLPServer(handler, "127.0.0.1", 0)).start()
    try:
        with running_record() as record:
            destinations = (
                add_destination(
                    database, "record", peer=FhirServer(url=record.base_url), objects=("fhir",)
                ),
                add_destination(
                    database,
                    "engine",
                    peer=Hl7Listener(
                        host="127.0.0.1", port=engine.port, assigning_authority="HOSPITAL"
                    ),
                    objects=("hl7",),
                ),
            )
            study = add_done(database, folders, critical=True)
            counts = []
            for revision in (1, 2):
                expand(database, folders, NOW)
                for number in destinations:
                    Errand(tools, number, f"desk#{revision}{number}").run()
                with database.read() as session:
                    rows = session.scalars(select(OutboxRow).order_by(OutboxRow.id)).all()
                told = [(row.kind, row.revision, row.state.value, row.reason) for row in rows]
                mine = [one for one in told if one[1] == revision]
                assert [one[:3] for one in mine] == [
                    ("fhir", revision, "sent"),
                    ("hl7", revision, "sent"),
                ], told
                counts.append(record.store.counts())
                publish_anew(database, folders, study)
            assert counts[0]["DiagnosticReport"] == counts[1]["DiagnosticReport"] == 1
            assert counts[0]["Patient"] == counts[1]["Patient"] == 1
            assert len(list((tmp_path / "engine").iterdir())) == 2
    finally:
        engine.stop()
