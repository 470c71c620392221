"""Two hosts and an S3 server: one receives and shows, the other works and sees no data folder."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest
from s3_server import s3_server
from waiting import wait_for
from whole_system import (
    LISTENER,
    UID,
    WEB,
    Sender,
    process_undisturbed,
    what_came_out,
    whole_system,
    worker,
    write_study,
)

from heimdallr.cli.commands.up import EXCHANGE
from heimdallr.config import PREFIX
from heimdallr.store.database import database_url
from heimdallr.supervisor import Supervisor

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # of lost associations


@pytest.mark.slow
def test_a_host_without_the_data_folder_does_the_work(
    tmp_path: Path, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is served is what one machine alone would have made; the bucket is empty afterwards."""
    cache, front, back = tmp_path / "cache", tmp_path / "front", tmp_path / "back"
    study = write_study(tmp_path, 0)
    with s3_server(tmp_path) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv(PREFIX + "OBJECT_STORE", server.url)
        chosen = {"DATABASE_URL": postgresql_url, "OBJECT_STORE": server.url}
        with whole_system(front, cache, (LISTENER, WEB, EXCHANGE), **chosen) as system:
            back.mkdir()
            (back / "cache").symlink_to(cache)
            there = {
                PREFIX + "DATA_DIR": str(back),
                PREFIX + "DATABASE_URL": database_url(system.settings).render_as_string(
                    hide_password=False
                ),
                PREFIX + "THREADS": "1",
                "OMP_NUM_THREADS": "1",
                "TOTALSEG_HOME_DIR": str(back / "ts"),
            }
            stop, lines = threading.Event(), list[str]()
            supervisor = Supervisor([worker()], {**os.environ, **there}, lines.append, grace_s=20)
            thread = threading.Thread(target=supervisor.run, args=(stop, lambda: None))
            thread.start()
            try:
                Sender(system.settings.dicom_port).send(study)
                assert set(system.wait_for(1, 180).values()) == {"done"}, "\n".join(lines)
                wait_for(lambda: not server.objects(), what="an empty bucket")
            finally:
                stop.set()
                thread.join()
            (case,) = system.cases().values()
            served = system.get(f"/api/patients/{case.name}/results")
            assert served.status_code == 200, served.text
            assert not list((back / "output").iterdir())
            alone = process_undisturbed([study], tmp_path / "alone", cache)
            assert what_came_out(case) == what_came_out(alone[f"{UID}.1"])
