"""The database goes away and comes back: receiving goes on, nothing is lost, nothing restarted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from postgresql import running_cluster
from waiting import wait_for
from whole_system import (
    LISTENER,
    UID,
    WEB,
    Sender,
    missing_on_disk,
    whole_system,
    worker,
    write_study,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from postgresql import Cluster
    from whole_system import WholeSystem


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A server of this test's own, which it may stop."""
    try:
        with running_cluster() as cluster:
            yield cluster
    except FileNotFoundError as error:
        pytest.skip(str(error))


def _ready(system: WholeSystem) -> int:
    try:
        return system.get("/readyz").status_code
    except httpx.HTTPError:
        return 0


def test_the_database_goes_away_and_comes_back(cluster: Cluster, tmp_path: Path) -> None:
    """While it is away images are acknowledged and kept; when it is back, they become results."""
    url = cluster.create_database().render_as_string(hide_password=False)
    parts = (LISTENER, WEB, worker())
    cache = tmp_path / "cache"
    with whole_system(tmp_path / "data", cache, parts, DATABASE_URL=url) as system:
        before = system.supervisor.pids()
        sender = Sender(system.settings.dicom_port)
        sender.send(write_study(tmp_path, 0))
        wait_for(lambda: system.states().get(f"{UID}.1") == "done", what="done")

        cluster.stop()
        wait_for(lambda: _ready(system) == 503, what="not ready")
        sender.send(write_study(tmp_path, 1), limit_s=60)
        assert sender.interruptions == 0
        assert len(sender.stored[f"{UID}.2"]) == 14
        cluster.start()

        wait_for(lambda: _ready(system) == 200, what="ready again")
        system.database.engine.dispose()
        wait_for(lambda: system.states().get(f"{UID}.2") == "done", what="done")
        assert missing_on_disk(system, sender.stored) == []
        assert system.runs() == [(f"{UID}.{n}", 1, 1, "done") for n in (1, 2)]
        assert system.supervisor.pids() == before, "nobody had to be started again"
