"""The same API over PostgreSQL: every query runs there too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from received_images import stack
from web_service import Service, served, service_in, zipped

from heimdallr.store.work import lifecycle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def over_postgresql(tmp_path: Path, postgresql_url: str) -> Iterator[Service]:
    """A service with one finished study."""
    service = service_in(tmp_path, database_url=postgresql_url)
    service.add_done()
    yield service
    service.database.close()


@pytest.mark.parametrize(
    "path",
    [
        "/readyz", "/metrics", "/api/patients?search=silva", "/api/v1/studies/1",
        "/api/v1/studies/1/events", "/api/v1/studies/1/history",
        "/api/v1/events", "/api/v1/queue", "/api/v1/quarantine",
        "/api/v1/peers", "/api/v1/system", "/api/v1/measurements", "/api/v1/measurements.csv",
        "/api/v1/measurements/names", "/api/v1/worklist/options", "/api/v1/workers",
        "/api/v1/measurements.csv?sex=F&age_from=18&age_to=40", "/api/v1/measurements/catalogue",
        "/api/v1/studies?search=silva%202026-02&modality=CT&region=head&severity=note",
        "/api/v1/worklist/counts", "/api/v1/studies?attention=true&severity=critical",
        "/api/v1/studies?sort=name&finding=intracerebral_haemorrhage&date_from=2026-01-01",
    ],
)  # fmt: skip
def test_every_look(over_postgresql: Service, path: str) -> None:
    """Answered, and with content."""
    answer = over_postgresql.client.get(path)
    assert answer.status_code == 200, answer.text
    if "?" in path and ".csv" not in path:
        assert answer.json()["total"] == 1


def test_an_upload_and_its_life(over_postgresql: Service) -> None:
    """Received, queued, cancelled, tried again."""
    client = over_postgresql.client
    body = client.post("/upload", files={"file": ("a.zip", zipped(stack(count=3)))}).json()
    url = body["location"]
    assert client.get(url).json()["state"] == "queued"
    assert client.post(f"{url}/cancel").json()["state"] == "cancelled"
    assert client.post(f"{url}/retry").json()["state"] == "queued"
    assert client.put(f"{url}/priority", json={"priority": 1}).json()["stat"] is True


def test_changes_are_told(over_postgresql: Service) -> None:
    """A browser that comes back gets what it missed, by the cursor it had."""
    with served(over_postgresql) as address:

        def read(after: str) -> tuple[list[str], str]:
            kinds, cursor = [], ""
            url = f"{address}/api/v1/changes"
            with httpx.stream("GET", url, params={"after": after}, timeout=60) as response:
                for line in response.iter_lines():
                    name, _, value = line.partition(": ")
                    if name == "event":
                        kinds.append(value)
                    if name == "id" and kinds[-1] == "ready":
                        return kinds, value
            return kinds, cursor

        _, cursor = read("")
        assert cursor
        with over_postgresql.database.write() as session:
            now = over_postgresql.app.state.heimdallr.now()
            lifecycle.set_priority(session, 1, 1, now, "test")
        kinds, later = read(cursor)
        assert kinds == ["study", "ready"]
        assert read(later)[0] == ["ready"]
