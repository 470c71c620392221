"""Uploading: what is sent, what is tried again, how it ends; against a server made by hand."""

from __future__ import annotations

import io
import json
import re
import shutil
import ssl
import subprocess
import sys
import threading
import zipfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from heimdallr.cli.app import app
from heimdallr.cli.uploading.sending import (
    Sender,
    Sent,
    UploadExit,
    open_client,
    package,
    upload_url,
)
from heimdallr.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from typer.testing import Result

ACCEPTED = {
    "status": "Accepted", "message": "1 study", "original_file": "x.zip",
    "study_instance_uids": ["1.2.3"], "location": "/api/v1/studies/7", "studies": [7],
}  # fmt: skip


@dataclass
class Receiver:
    """A server that gives the answers it was told to, and remembers what came."""

    url: str = ""
    answers: list[tuple[int, dict[str, object], dict[str, str]]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    states: list[tuple[int, dict[str, object]]] = field(default_factory=list)

    def files(self) -> list[bytes]:
        """The file of each form that came."""
        return [re.split(rb"\r\n\r\n", one, maxsplit=1)[1].rsplit(b"\r\n--", 1)[0]
                for one in self.bodies]  # fmt: skip


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver on a free port."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            assert self.path == "/api/v1/studies/7"
            seen = receiver.states
            status, answer = seen.pop(0) if len(seen) > 1 else seen[0]
            self._answer(status, answer, {})

        def do_POST(self) -> None:
            receiver.headers.append(dict(self.headers))
            receiver.bodies.append(self._body())
            one = receiver.answers.pop(0) if receiver.answers else (200, dict(ACCEPTED), {})
            self._answer(*one)

        def _answer(self, status: int, answer: object, extra: dict[str, str]) -> None:
            data = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {**extra, "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def _body(self) -> bytes:
            if "Content-Length" in self.headers:
                return self.rfile.read(int(self.headers["Content-Length"]))
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}/upload"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield receiver
        server.shutdown()
        thread.join()


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A folder with two files."""
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "a").write_bytes(b"first" * 1000)
    (folder / "b").write_bytes(b"second" * 1000)
    return folder


def _zip(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("image", b"pixels" * 1000)
    return path


def _send(
    url: str, path: Path, *, retries: int = 2, waits: list[float] | None = None
) -> tuple[Sent, int]:
    told: list[int] = []
    with open_client(url, SecretStr("hdl_secret"), 5) as client:
        sleeps = [] if waits is None else waits
        sender = Sender(client, url, retries, 1.5, sleep=sleeps.append)
        return sender.send(package(path), told.append), sum(told)


def test_a_zip_is_sent_as_it_is(receiver: Receiver, tmp_path: Path) -> None:
    """Byte for byte, its length declared, with the token; the answer is read."""
    archive = _zip(tmp_path / "exam.zip")
    sent, told = _send(receiver.url, archive)
    assert receiver.files() == [archive.read_bytes()]
    assert "Content-Length" in receiver.headers[0]
    assert receiver.headers[0]["Authorization"] == "Bearer hdl_secret"
    assert sent.code is UploadExit.OK
    assert sent.accepted
    assert sent.accepted.study_instance_uids == ["1.2.3"]
    assert told == archive.stat().st_size
    assert archive.exists()


def test_a_folder_is_packed_on_the_way(receiver: Receiver, study: Path) -> None:
    """Streamed in chunks; its name is not told; nothing is written beside it."""
    before = sorted(study.parent.iterdir())
    sent, _ = _send(receiver.url, study)
    assert sent.code is UploadExit.OK
    assert receiver.headers[0]["Transfer-Encoding"] == "chunked"
    with zipfile.ZipFile(io.BytesIO(receiver.files()[0])) as archive:
        assert [len(archive.read(one)) for one in archive.namelist()] == [5000, 6000]
    assert str(study).encode() not in receiver.bodies[0]
    assert sorted(study.parent.iterdir()) == before


def test_a_single_file_is_packed_too(receiver: Receiver, study: Path) -> None:
    """A DICOM file needs no folder."""
    assert _send(receiver.url, study / "a")[0].code is UploadExit.OK
    with zipfile.ZipFile(io.BytesIO(receiver.files()[0])) as archive:
        assert [archive.read(one) for one in archive.namelist()] == [b"first" * 1000]


def test_a_busy_server_is_tried_again(receiver: Receiver, study: Path) -> None:
    """With a pause that doubles, or as long as the server asks; every try is whole."""
    receiver.answers = [(503, {}, {}), (429, {}, {"Retry-After": "7"})]
    waits: list[float] = []
    sent, told = _send(receiver.url, study, waits=waits)
    assert sent.code is UploadExit.OK
    assert waits == [1.5, 7.0]
    assert len({len(file) for file in receiver.files()}) == 1
    assert told == len(receiver.files()[0]), "the bar shows one transfer, not three"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, UploadExit.REFUSED),
        (413, UploadExit.REFUSED),
        (401, UploadExit.NOT_ALLOWED),
        (403, UploadExit.NOT_ALLOWED),
        (507, UploadExit.NO_SPACE),
        (404, UploadExit.UNREACHABLE),
        (500, UploadExit.UNREACHABLE),
        (307, UploadExit.UNREACHABLE),
    ],
)
def test_what_will_not_get_better_is_sent_once(
    receiver: Receiver, study: Path, status: int, code: UploadExit
) -> None:
    """Each way to be refused has its exit code and the server's own words."""
    receiver.answers = [(status, {"detail": "because"}, {"Location": "http://127.0.0.1:1/"})]
    sent, _ = _send(receiver.url, study)
    assert sent.code is code
    assert f"{status} because" in sent.reason
    assert len(receiver.bodies) == 1


def test_nobody_there_is_tried_and_said(study: Path) -> None:
    """Every try, then exit code 3."""
    waits: list[float] = []
    sent, told = _send("http://127.0.0.1:9/upload", study, waits=waits)
    assert sent.code is UploadExit.UNREACHABLE
    assert waits == [1.5, 3.0]
    assert told == 0


def test_another_programs_answer_is_no_success(receiver: Receiver, study: Path) -> None:
    """A 200 whose body is not ours: a login page of a proxy, say."""
    receiver.answers = [(200, {"study_instance_uids": 5}, {})]
    assert _send(receiver.url, study)[0].code is UploadExit.UNREACHABLE


def test_a_certificate_nobody_vouches_for_is_refused(tmp_path: Path, study: Path) -> None:
    """At once; with --ca it is trusted."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out",
         certificate],
        check=True, capture_output=True,
    )  # fmt: skip

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(10)
            self.send_response(507)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        url = f"https://127.0.0.1:{server.server_port}/upload"
        waits: list[float] = []
        refused, _ = _send(url, study, waits=waits)
        with open_client(url, None, 5, certificate) as client:
            trusted = Sender(client, url, 0, 1).send(package(study), lambda _: None)
        server.shutdown()
        thread.join()
    assert refused.code is UploadExit.UNREACHABLE
    assert "certificate" in refused.reason
    assert waits == []
    assert trusted.code is UploadExit.NO_SPACE


def test_addresses() -> None:
    """A server's address is enough; the founding document's whole one works as well."""
    assert upload_url("http://host:8001") == "http://host:8001/upload"
    assert upload_url("https://host/") == "https://host/upload"
    assert upload_url("http://192.168.1.100:8001/upload") == "http://192.168.1.100:8001/upload"
    for wrong in ("host:8001", "ftp://host", "/upload", "https://anna:ge/heim@host", "http://["):
        with pytest.raises(ConfigurationError) as refused:
            upload_url(wrong)
        assert wrong not in str(refused.value)
        assert "heim@" not in str(refused.value)


def _run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "heimdallr", "upload", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"PATH": "/usr/bin", "HEIMDALLR_UPLOAD_BACKOFF": "0.01", **environment},
    )


def test_the_command_prints_and_exits(receiver: Receiver, study: Path, tmp_path: Path) -> None:
    """Several inputs, one of them nothing: the first failure's code; the token never in sight."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "token").write_text("hdl_file\n")
    done = _run(str(study), str(tmp_path / "empty"), "--server", receiver.url, "--token-file",
                str(tmp_path / "token"), "--json", HEIMDALLR_UPLOAD_TOKEN="hdl_env")  # fmt: skip  # noqa: S106
    assert done.returncode == 1
    first, second = json.loads(done.stdout)
    assert (first["state"], first["study_instance_uids"]) == ("accepted", ["1.2.3"])
    assert (second["state"], second["exit_code"]) == ("not sent", 1)
    assert receiver.headers[0]["Authorization"] == "Bearer hdl_file"
    assert "hdl_" not in done.stdout + done.stderr

    receiver.answers = [(401, {"detail": "no"}, {})]
    done = _run(str(study), "--server", receiver.url)
    assert done.returncode == 4
    assert "HEIMDALLR_UPLOAD_TOKEN" in done.stdout
    assert "Authorization" not in receiver.headers[-1]
    assert _run(str(tmp_path / "nothing")).returncode == 2
    assert _run(str(study), "--server", "nonsense").returncode == 2


def _state(state: str, **more: object) -> tuple[int, dict[str, object]]:
    return 200, {"id": 7, "state": state, "case_id": "PhantomA_1", "progress": 0.5, **more}


def _invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["upload", *arguments])


def test_waiting_follows_the_study_to_its_end(receiver: Receiver, study: Path) -> None:
    """Through a server that is away for a moment, to the case and its findings."""
    finding = {"code": "bleed", "severity": "critical", "title": "Haemorrhage, 12 cm³"}
    receiver.states = [_state("queued"), (503, {}), _state("done", findings=[finding])]
    done = _invoke(str(study), "--server", receiver.url, "--wait")
    assert done.exit_code == 0
    assert "PhantomA_1: done" in done.stdout
    assert "critical: Haemorrhage, 12 cm³" in done.stdout


@pytest.mark.parametrize(
    ("answer", "code", "says"),
    [
        (_state("failed", error="the weights are missing"), 1, "the weights are missing"),
        (_state("refused", error="no CT"), 1, "no CT"),
        (_state("segmenting"), 7, "wait limit"),
        ((403, {}), 1, "scope `read`"),
        ((404, {}), 1, "deleted"),
        ((200, {"nonsense": 1}), 1, "not Heimdallr's"),
    ],
)
def test_waiting_tells_every_other_end(
    receiver: Receiver, study: Path, answer: tuple[int, dict[str, object]], code: int, says: str
) -> None:
    """A case that fails, one that takes too long, one that may not be seen."""
    receiver.states = [answer]
    done = _invoke(str(study), "--server", receiver.url, "--wait", "--wait-limit", "0.5")
    assert done.exit_code == code
    assert says in done.stdout
