"""Long JSON is gzipped for whoever takes it; streams, files and secrets never are."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import httpx
import pytest
from web_service import service_in, zipped

from heimdallr.store.models import Role, StudyState
from heimdallr.store.people import accounts

if TYPE_CHECKING:
    from pathlib import Path

    from web_service import Service

PASSWORD = "correct horse battery"  # noqa: S105 - of a made-up user


def coding(service: Service, path: str, accepts: str = "gzip") -> str | None:
    """The content coding of an answer."""
    answer = service.client.get(path, headers={"Accept-Encoding": accepts})
    assert answer.status_code == 200, answer.text
    return answer.headers.get("content-encoding")


def test_long_json(service: Service) -> None:
    """Much smaller, and the same when unpacked; caches keep the two apart."""
    for number in range(30):
        service.add(f"1.9.{number}", StudyState.QUEUED)
    packed = service.client.get("/api/v1/studies", headers={"Accept-Encoding": "gzip, br"})
    plain = service.client.get("/api/v1/studies", headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == "Accept-Encoding"
    assert "content-encoding" not in plain.headers
    assert int(packed.headers["content-length"]) * 5 < int(plain.headers["content-length"])
    assert packed.json() == plain.json()
    assert packed.headers["content-security-policy"] == plain.headers["content-security-policy"]


def test_what_a_client_refuses(service: Service) -> None:
    """Not asked for, or asked not to."""
    service.add_done()
    url = "/api/v1/studies/1"
    assert coding(service, url) == "gzip"
    for accepts in ("", "br", "gzip;q=0", "identity"):
        assert coding(service, url, accepts) is None, accepts


def test_short_json(service: Service) -> None:
    """As it is."""
    assert coding(service, "/healthz") is None


def test_files_and_tables(service: Service) -> None:
    """Compressed already, or not JSON."""
    base = f"/api/v1/studies/{service.add_done()}"
    for path in ("/volume", "/masks/total/liver", "/masks/total", "/images/L3_overlay.png",
                 "/archive"):  # fmt: skip
        assert coding(service, base + path) is None, path
    for path in ("/api/v1/measurements.csv", "/metrics", "/docs/docs.js"):
        assert coding(service, path) is None, path


def test_a_part_of_a_file(service: Service) -> None:
    """Exactly the bytes that were asked for."""
    url = f"/api/v1/studies/{service.add_done()}/volume"
    answer = service.client.get(url, headers={"Range": "bytes=0-9", "Accept-Encoding": "gzip"})
    assert (answer.status_code, answer.content) == (206, b"v" * 10)


def test_the_stream_of_changes(service: Service, address: str) -> None:
    """Every event comes at once, none waits for a block to be full."""
    service.add_done()
    headers = {"Accept-Encoding": "gzip", "Accept": "text/event-stream"}
    with httpx.stream("GET", f"{address}/api/v1/changes", headers=headers, timeout=60) as answer:
        assert "content-encoding" not in answer.headers
        assert next(line for line in answer.iter_lines() if line.startswith("event:"))


def test_over_the_wire(service: Service, address: str) -> None:
    """One gzip member, of the length that was announced."""
    for number in range(10):
        service.add(f"1.9.{number}", StudyState.QUEUED)
    headers = {"Accept-Encoding": "gzip"}
    with httpx.stream("GET", f"{address}/api/v1/studies", headers=headers) as answer:
        raw = b"".join(answer.iter_raw())
    assert len(raw) == int(answer.headers["content-length"])
    assert json.loads(gzip.decompress(raw))["total"] == 10


def test_uploads_are_answered_as_ever(service: Service) -> None:
    """A problem stays one."""
    answer = service.client.post(
        "/upload", files={"file": ("a.zip", zipped([("a.txt", b"x")]))},
        headers={"Accept-Encoding": "gzip"},
    )  # fmt: skip
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.usefixtures("quick_passwords")
def test_secrets(tmp_path: Path) -> None:
    """Whatever holds a CSRF token, an API token or a password, however long it is."""
    service = service_in(tmp_path, auth="on")
    now = service.app.state.heimdallr.now()
    names = [f"admin{number}" for number in range(20)]
    for name in names:
        accounts.add_user(
            service.database, name, Role.ADMIN, PASSWORD, now, must_change_password=False
        )
    client, headers = service.client, {"Accept-Encoding": "gzip"}
    signed_in = client.post(
        "/api/v1/session", json={"name": names[0], "password": PASSWORD}, headers=headers
    )
    headers["X-CSRF-Token"] = signed_in.json()["csrf_token"]
    answers = [signed_in, client.get("/api/v1/session", headers=headers)]
    for number in range(10):
        new = {"name": f"program-{number}", "scopes": ["read"]}
        answers.append(client.post("/api/v1/tokens", json=new, headers=headers))
    new_user = {"name": "anna", "role": "viewer"}
    answers.append(client.post("/api/v1/users", json=new_user, headers=headers))
    answers += [client.get(f"/api/v1/{what}", headers=headers) for what in ("users", "tokens")]
    assert all(answer.status_code < 300 for answer in answers)
    assert max(len(answer.content) for answer in answers) > 1000
    assert not any("content-encoding" in answer.headers for answer in answers)
    assert client.get("/api/v1/audit", headers=headers).headers["content-encoding"] == "gzip"
    service.database.close()
