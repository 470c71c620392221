"""The listener: durable before it says AA, closed to strangers, not to be held up."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest
from hl7_orders import HEIGHT, WEIGHT, order
from sqlalchemy import make_url, select
from store_cases import NOW, add_study
from waiting import free_port

from heimdallr.config import Settings
from heimdallr.domain.errors import ConfigurationError
from heimdallr.hl7v2.acknowledgement import Acknowledgement, read_acknowledgement
from heimdallr.hl7v2.mllp import START, FrameReader, framed
from heimdallr.hl7v2.syntax import read
from heimdallr.intake.hl7 import server as server_module
from heimdallr.intake.hl7.answering import Answering
from heimdallr.intake.hl7.server import Hl7Server, allowed_networks
from heimdallr.intake.service import run_recorder
from heimdallr.store.body_sizes import BodySizeRow, sizes_of
from heimdallr.store.database import Database
from heimdallr.store.models import Patient
from heimdallr.store.unclaimed import forget_unclaimed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UTC = timezone.utc


def answering(database: Database) -> Answering:
    """Answers at noon."""
    return Answering(database, lambda: NOW, UTC)


@contextmanager
def listening(database: Database, **settings: object) -> Iterator[int]:
    """A listener on a free port of this machine; the port."""
    port = free_port()
    server = Hl7Server(Settings(hl7_port=port, **settings), answering(database))  # type: ignore[arg-type]
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            server.step()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        while not server.port:
            stop.wait(0.005)
        yield port
    finally:
        stop.set()
        thread.join()
        server.close()


def told(connection: socket.socket) -> Acknowledgement:
    """The answer that comes next."""
    content = FrameReader(connection, 2**20).next(5.0)
    assert content is not None
    answer = read_acknowledgement(read(content))
    assert answer is not None
    return answer


def answered(database: Database, content: bytes) -> tuple[str, list[tuple[str, str]]]:
    """Code, and the code and severity of each complaint."""
    answer = read_acknowledgement(read(answering(database).answer(content, "10.1.2.3")))
    assert answer is not None
    return answer.code, [(one.code, one.severity) for one in answer.complaints]


def rows(database: Database) -> list[BodySizeRow]:
    """What was kept."""
    with database.read() as session:
        return list(session.scalars(select(BodySizeRow)))


def test_a_size_is_kept_before_it_is_acknowledged(database: Database) -> None:
    """Two orders over one connection, one of them twice: three rows, each with its own day."""
    with (
        listening(database) as port,
        socket.create_connection(("127.0.0.1", port), 5) as connection,
    ):
        for content in (order(HEIGHT, WEIGHT), order(HEIGHT, WEIGHT), order(HEIGHT)):
            for byte in framed(content):
                connection.send(bytes([byte]))
            answer = told(connection)
            assert (answer.code, answer.control_id) == ("AA", "RIS001")
    kept = rows(database)
    assert [(one.height_m, one.weight_kg, one.observed_at) for one in kept] == [
        (1.62, None, datetime(2026, 1, 31, tzinfo=UTC)),
        (None, 70.5, datetime(2026, 1, 31, 12, tzinfo=UTC)),
        (1.62, None, datetime(2026, 1, 31, tzinfo=UTC)),
    ]
    assert {(one.patient_id, one.issuer, one.accession_number, one.source) for one in kept} == {
        ("P-77", "HOSPITAL", "123456", "hl7")
    }
    assert kept[0].who == "RIS 127.0.0.1"


@pytest.mark.parametrize(
    ("content", "code", "complaints"),
    [
        (order(), "AA", []),
        (order(HEIGHT, kind="ADT^A08^ADT_A01"), "AA", []),
        (order(HEIGHT, character_set="8859/1"), "AA", []),
        (order("NM|HT^Height^L||162|furlong|||||F", WEIGHT), "AA", [("103", "W")]),
        (order(HEIGHT, patient=""), "AE", [("101", "E")]),
        (order(HEIGHT, kind="ORU^R01"), "AR", [("200", "E")]),
        (order(HEIGHT, kind="ADT^A40"), "AR", [("201", "E")]),
        (order(HEIGHT, processing="T"), "AR", [("202", "E")]),
        (order(HEIGHT, version="3.0"), "AR", [("203", "E")]),
        (order(HEIGHT).replace("JOSÉ".encode(), b"JOS\xc9"), "AR", [("100", "E")]),
        (b"PID|1||P-77", "AR", [("100", "E")]),
        (b"", "AR", [("100", "E")]),
    ],
)
def test_what_a_sender_is_told(
    database: Database, content: bytes, code: str, complaints: list[tuple[str, str]]
) -> None:
    """AA, AE or AR, with ERR; nothing of the message in it."""
    assert answered(database, content) == (code, complaints)
    assert b"SILVA" not in answering(database).answer(content, "10.1.2.3")


def test_what_cannot_be_kept_is_to_be_sent_again() -> None:
    """A database that is away: AR, 207, and no AA."""
    away = Database(make_url("sqlite:////nowhere/at/all.db"))
    assert answered(away, order(HEIGHT)) == ("AR", [("207", "E")])


def test_strangers_are_not_listened_to(database: Database) -> None:
    """Not a byte is read."""
    with (
        listening(database, hl7_peers=("10.1.2.3",), hl7_host="127.0.0.1") as port,
        socket.create_connection(("127.0.0.1", port), 5) as connection,
    ):
        assert connection.recv(1) == b""


def test_nobody_is_held_up_by_another(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence, noise, an endless message: each ends its own connection only."""
    monkeypatch.setattr(server_module, "MESSAGE_S", 0.1)
    monkeypatch.setattr(server_module, "LARGEST_MESSAGE", 10_000)
    with listening(database) as port:
        for rubbish in (START + b"MSH|half", b"GET / HTTP/1.1\r\n\r\n", START + b"x" * 20_000):
            with socket.create_connection(("127.0.0.1", port), 5) as stalled:
                stalled.sendall(rubbish)
                with socket.create_connection(("127.0.0.1", port), 5) as connection:
                    connection.sendall(framed(order(HEIGHT)))
                    assert told(connection).code == "AA"
                with suppress(ConnectionResetError):  # where it had not read everything
                    assert stalled.recv(1) == b""


def test_wrong_settings_are_said_by_name(database: Database) -> None:
    """No address; TLS without a certificate."""
    with pytest.raises(ConfigurationError, match="HL7_PEERS"):
        allowed_networks(Settings(hl7_peers=("the RIS",)))
    with pytest.raises(ConfigurationError, match="HL7_TLS"):
        Hl7Server(Settings(hl7_port=2575, hl7_tls=True), answering(database))


def test_whose_size_it_is(database: Database) -> None:
    """By number and issuer, the latest first; images often name no issuer."""
    older = HEIGHT.replace("162", "160").replace("20260131", "20250131")
    for content in (
        order(HEIGHT),
        order(older),
        order(WEIGHT, patient="P-77^^^CLINIC^MR"),
        order(HEIGHT, patient="P-78"),
    ):
        answered(database, content)
    with database.read() as session:
        here = [one.height_m for one in sizes_of(session, "P-77", "HOSPITAL")]
        anywhere = [one.issuer for one in sizes_of(session, "P-77")]
    assert here == [1.62, 1.6]
    assert sorted(anywhere) == ["CLINIC", "HOSPITAL", "HOSPITAL"]


def test_patients_who_never_come_are_forgotten(database: Database) -> None:
    """Those of whom there is a study stay."""
    for patient in ("P-77", "P-78"):
        answered(database, order(HEIGHT, patient=patient))
    with database.write() as session:
        add_study(session)
        assert forget_unclaimed(session, NOW, Patient.patient_id) == 0
        later = datetime(2026, 6, 1, tzinfo=UTC)
        forgotten = forget_unclaimed(session, later, Patient.patient_id)
    assert forgotten == 2, "a height and a class"
    assert [one.patient_id for one in rows(database)] == ["P-77"]


def test_tls_where_it_is_set(database: Database, tmp_path: Path) -> None:
    """The listener's certificate, also demanded of the peer; nothing without."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    certificate, key = tmp_path / "it.crt", tmp_path / "it.key"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=it",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    files = {
        "dicom_certificate": certificate,
        "dicom_key": key,
        "dicom_client_ca": certificate,
        "hl7_tls": True,
    }
    known = ssl.create_default_context(cafile=str(certificate))
    known.load_cert_chain(certificate, key)
    with listening(database, **files) as port:
        with socket.create_connection(("127.0.0.1", port), 5) as plain:
            plain.sendall(framed(order(HEIGHT)))
            with suppress(ConnectionResetError):
                assert START not in plain.recv(100)
        plain = socket.create_connection(("127.0.0.1", port), 5)
        with known.wrap_socket(plain, server_hostname="127.0.0.1") as connection:
            connection.sendall(framed(order(HEIGHT)))
            assert told(connection).code == "AA"
    assert len(rows(database)) == 1


def test_the_recorder_listens_where_a_port_is_set(tmp_path: Path) -> None:
    """In the process that has the database; a port that is taken is waited for."""
    port = free_port()
    settings = Settings(data_dir=tmp_path / "data", hl7_port=port)
    stop = threading.Event()
    recorder = threading.Thread(target=run_recorder, args=(settings, stop), daemon=True)
    recorder.start()
    try:
        connection = None
        for _ in range(500):
            with suppress(OSError):
                connection = socket.create_connection(("127.0.0.1", port), 5)
                break
            stop.wait(0.02)
        assert connection is not None
        with connection:
            connection.sendall(framed(order(HEIGHT)))
            assert told(connection).code == "AA"
    finally:
        stop.set()
        recorder.join()
