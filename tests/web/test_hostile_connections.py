"""Connections meant to be held for ever, on a real socket: each ends, and others are served."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest
from received_images import stack
from web_service import served, zipped

from heimdallr.web import service as web_service_module
from heimdallr.web.api import uploads
from heimdallr.web.http import connections, limits, request_body

if TYPE_CHECKING:
    from web_service import Service

HEAD = b"Host: 127.0.0.1\r\n"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadlines of a second, so that a test need not wait for them."""
    for module, name, value in (
        (connections, "HEAD_S", 0.8),
        (connections, "LINGER_S", 0.8),
        (connections, "STALL_S", 1.0),
        (web_service_module, "KEEP_ALIVE_S", 1),
        (limits, "BODY_S", 0.8),
        (request_body, "SILENCE_S", 0.8),
    ):
        monkeypatch.setattr(module, name, value)


def connect(address: str) -> socket.socket:
    """A raw connection."""
    parts = urlsplit(address)
    return socket.create_connection((parts.hostname, parts.port), timeout=10)


def answered(connection: socket.socket) -> bytes:
    """Everything the server says until it closes."""
    received = bytearray()
    try:
        while chunk := connection.recv(65536):
            received += chunk
    except ConnectionResetError:
        pass
    return bytes(received)


def test_silence_ends(address: str) -> None:
    """A connection that never says anything is closed."""
    with connect(address) as connection:
        begun = time.monotonic()
        assert answered(connection) == b""
        assert time.monotonic() - begun < 5


def test_a_trickling_head_ends(address: str) -> None:
    """A byte now and then does not keep it open."""
    with connect(address) as connection:
        begun = time.monotonic()
        with pytest.raises(OSError, match=r".*"):  # noqa: PT012
            connection.sendall(b"GET /healthz HTTP/1.1\r\n")
            while time.monotonic() - begun < 8:
                connection.sendall(b"X-A: b\r\n")
                time.sleep(0.1)
        assert time.monotonic() - begun < 5


def test_a_second_head_is_watched_too(address: str) -> None:
    """An honest first request buys no time for the next."""
    with connect(address) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\n" + HEAD + b"\r\n")
        assert b"200 OK" in connection.recv(65536)
        connection.sendall(b"GET /healthz HT")
        begun = time.monotonic()
        answered(connection)
        assert time.monotonic() - begun < 5


def test_blank_lines_do_not_stop_the_clock(address: str) -> None:
    """What is no request does not keep an idle connection."""
    with connect(address) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\n" + HEAD + b"\r\n")
        assert b"200 OK" in connection.recv(65536)
        connection.sendall(b"\r\n")
        begun = time.monotonic()
        answered(connection)
        assert time.monotonic() - begun < 5


def test_a_huge_head_is_refused(address: str) -> None:
    """Headers without end do not fill the memory."""
    with connect(address) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n")
        try:
            for _ in range(100):
                connection.sendall(b"X-A: " + b"b" * 10_000 + b"\r\n")
        except OSError:
            return
        assert b"431" in answered(connection)


def test_a_body_that_does_not_come(address: str) -> None:
    """A promised JSON body is waited for, but not long."""
    with connect(address) as connection:
        connection.sendall(
            b"PUT /api/v1/studies/1/flag HTTP/1.1\r\n" + HEAD + b"Content-Length: 50\r\n\r\n{"
        )
        answer = answered(connection)
    assert b" 408 " in answer
    assert b"application/problem+json" in answer


def test_an_upload_that_stalls(address: str, service: Service) -> None:
    """The sender is given up, and nothing of it stays."""
    with connect(address) as connection:
        connection.sendall(
            b"POST /upload HTTP/1.1\r\n" + HEAD + b"Content-Length: 5000000\r\n"
            b"Content-Type: multipart/form-data; boundary=x\r\n\r\n"
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.zip"\r\n\r\nPK'
        )
        assert b" 408 " in answered(connection)
    assert list(service.folders.uploads.iterdir()) == []


def test_an_upload_that_breaks_off(address: str, service: Service) -> None:
    """A sender that goes away in the middle leaves nothing."""
    with connect(address) as connection:
        connection.sendall(
            b"POST /upload HTTP/1.1\r\n" + HEAD + b"Content-Length: 5000000\r\n"
            b"Content-Type: multipart/form-data; boundary=x\r\n\r\n"
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.zip"\r\n\r\nPK'
        )
        time.sleep(0.2)
    for _ in range(50):
        if not list(service.folders.uploads.iterdir()):
            return
        time.sleep(0.05)
    pytest.fail("the upload's folder is still there")


def test_a_reader_that_does_not_read(service: Service) -> None:
    """A download nobody takes is broken off; the file is not held for ever."""
    service.add_done()
    volume = service.folders.output / "SilvaMJ_20260201_123456" / "volume.nii.gz"
    with volume.open("wb") as file:
        file.truncate(200 * 2**20)
    with served(service) as address, connect(address) as connection:
        connection.sendall(
            b"GET /api/patients/SilvaMJ_20260201_123456/nifti HTTP/1.1\r\n" + HEAD + b"\r\n"
        )
        time.sleep(2.5)
        received = len(answered(connection))
        assert received < 200 * 2**20


def test_many_idle_connections_lock_nobody_out(address: str) -> None:
    """200 silent connections, and a request is still answered."""
    with ExitStack() as stack_:
        for _ in range(200):
            stack_.enter_context(connect(address))
        assert httpx.get(f"{address}/healthz", timeout=10).status_code == 200


def test_too_many_connections_are_told_so(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the limit: 503 at once, and again served when they are gone."""
    monkeypatch.setattr(web_service_module, "MAX_CONNECTIONS", 20)
    with served(service) as address:
        with ExitStack() as stack_:
            for _ in range(30):
                stack_.enter_context(connect(address))
            time.sleep(0.3)
            assert httpx.get(f"{address}/healthz", timeout=10).status_code == 503
        time.sleep(0.3)
        assert httpx.get(f"{address}/healthz", timeout=10).status_code == 200


def test_too_many_uploads_are_asked_to_come_back(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 with Retry-After while others are being received; then it goes through."""
    monkeypatch.setattr(uploads, "MAX_UPLOADS", 1)
    monkeypatch.setattr(request_body, "SILENCE_S", 5.0)
    content = zipped(stack(count=1))
    with served(service) as address:
        with connect(address) as connection:
            connection.sendall(
                b"POST /upload HTTP/1.1\r\n" + HEAD + b"Content-Length: 5000\r\n"
                b"Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
            )
            time.sleep(0.5)
            refused = httpx.post(f"{address}/upload", files={"file": ("a.zip", content)})
            assert refused.status_code == 503
            assert refused.headers["retry-after"] == "10"
        time.sleep(0.5)
        accepted = httpx.post(f"{address}/upload", files={"file": ("a.zip", content)}, timeout=30)
        assert accepted.status_code == 200, accepted.text


def test_uploads_at_the_same_time(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six studies from six senders, all under one file name: each is received once."""
    monkeypatch.setattr(request_body, "SILENCE_S", 30.0)
    answers: list[httpx.Response] = []

    def send(study: int, address: str) -> None:
        files = {"file": ("study.zip", zipped(stack(study, count=4)))}
        answers.append(httpx.post(f"{address}/upload", files=files, timeout=60))

    with served(service) as address:
        threads = [threading.Thread(target=send, args=(n, address)) for n in range(1, 7)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [answer.status_code for answer in answers] == [200] * 6
    assert len({answer.json()["studies"][0] for answer in answers}) == 6
