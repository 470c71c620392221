"""The whole web application over an empty database, open (``service``) or guarded, and served."""

from __future__ import annotations

import io
import socket
import threading
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient
from migrated_database import migrated_database
from received_images import Image
from store_cases import (
    NOW,
    SERIES_UID,
    add_instance,
    add_study,
    make_identity,
    make_results,
    write_case,
    write_viewer_files,
)
from store_cases import bleed as bleed_finding
from waiting import wait_for_port

from heimdallr.config import Settings
from heimdallr.store.layout import DataFolders, data_folders
from heimdallr.store.models import Run, StudyState
from heimdallr.store.results import index_results
from heimdallr.store.work.states import new_workflow_id
from heimdallr.web.app import create_app
from heimdallr.web.service import serve

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from fastapi import FastAPI

    from heimdallr.publishing.schema import Identity, Results
    from heimdallr.store.database import Database


@dataclass
class Service:
    """An application and what lies under it."""

    app: FastAPI
    settings: Settings
    database: Database
    folders: DataFolders
    client: TestClient

    def add_done(
        self,
        uid: str = "1.2.3",
        case_id: str = "SilvaMJ_20260201_123456",
        *,
        results: Results | None = None,
        identity: Identity | None = None,
    ) -> int:
        """A study with results: a critical finding, a picture, a mask; returns its number."""
        results = results or make_results(findings=(bleed_finding(),), case_id=case_id)
        identity = identity or make_identity(case_id=case_id, uid=uid)
        folder = write_case(self.folders.output, results, identity)
        write_viewer_files(folder)
        with self.database.write() as session:
            study = add_study(
                session, uid, state=StudyState.DONE, case_id=case_id, revision=1, digest="d"
            )
            add_instance(session, study, f"{uid}.4.1", self.folders, series_uid=SERIES_UID)
            session.add(
                Run(
                    study_fk=study.id, revision=1, attempt=1, cause="received",
                    workflow_id=new_workflow_id(), state=StudyState.DONE, queued_at=NOW,
                    finished_at=NOW, seconds={"prepare": 2.0, "segment": 40.0},
                )
            )  # fmt: skip
            index_results(session, study, results, identity, folder, NOW)
            return study.id

    def add(self, uid: str, state: StudyState, **columns: object) -> int:
        """A study in a state, without results; returns its number."""
        with self.database.write() as session:
            return add_study(session, uid, state=state, **columns).id


def service_in(folder: Path, **settings: object) -> Service:
    """An application over a fresh data folder."""
    given = {"data_dir": folder / "data", "auth": "off", "disk_reserve_gb": 0} | settings
    chosen = Settings.model_validate(given)
    folders = data_folders(chosen)
    folders.create()
    database = migrated_database(chosen)
    app = create_app(chosen, database)
    client = TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 50000))
    return Service(app, chosen, database, folders, client)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """Access control is off."""
    made = service_in(tmp_path)
    yield made
    made.app.state.heimdallr.corrector.close()
    made.database.close()


@contextmanager
def served(service: Service) -> Iterator[str]:
    """The application on a real socket; yields its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()
    port = listener.getsockname()[1]
    context = service.app.state.heimdallr
    threading.Thread(target=lambda: (stop.wait(), context.stopping.set()), daemon=True).start()
    thread = threading.Thread(
        target=serve, args=(service.app, service.settings, stop, listener), daemon=True
    )
    thread.start()
    wait_for_port(port)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive(), "the server did not stop"


@pytest.fixture
def address(service: Service) -> Iterator[str]:
    """Where ``service`` answers on a real socket."""
    with served(service) as url:
        yield url


def zipped(images: Iterable[Image | tuple[str, bytes]]) -> bytes:
    """A ZIP of images, or of named contents."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for number, one in enumerate(images):
            if isinstance(one, Image):
                archive.writestr(f"study/IM{number:04d}", one.encoded())
            else:
                archive.writestr(*one)
    return stream.getvalue()
