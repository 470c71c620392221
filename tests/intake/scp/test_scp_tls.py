"""TLS: with and without client certificates, and nobody waits for a handshake."""

from __future__ import annotations

import socket
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from pydicom import dcmread
from scp_peers import RawPeer, data_set_of, kept, program, write_series

from heimdallr.config import Settings
from heimdallr.domain.errors import ConfigurationError
from heimdallr.intake.scp.tls import tls_context

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from heimdallr.intake.scp.server import Scp


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, PEM."""

    certificate: Path
    key: Path


@pytest.fixture(scope="module")
def make_pair(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Pair]:
    """Makes self-signed certificates, which are their own authority."""
    folder = tmp_path_factory.mktemp("certificates")

    def make(name: str) -> Pair:
        pair = Pair(folder / f"{name}.crt", folder / f"{name}.key")
        subprocess.run(
            [program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
             "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1",
             "-keyout", pair.key, "-out", pair.certificate],
            check=True, capture_output=True,
        )  # fmt: skip
        return pair

    return make


def _send(scp: Scp, files: list[Path], *options: str | Path) -> int:
    return subprocess.run(
        [program("storescu"), "-aec", "HEIMDALLR", *map(str, options), "127.0.0.1", str(scp.port),
         *map(str, files)],
        capture_output=True, check=False, timeout=60,
    ).returncode  # fmt: skip


def test_with_a_server_certificate(
    start_scp: Callable[..., Scp],
    make_pair: Callable[[str], Pair],
    spool: Path,
    tmp_path: Path,
) -> None:
    """What is sent over TLS arrives bit for bit; without TLS nobody gets in."""
    server = make_pair("server")
    scp = start_scp(dicom_certificate=server.certificate, dicom_key=server.key)
    files = write_series(tmp_path / "sent", 6, size=256)
    assert _send(scp, files) != 0
    assert _send(scp, files, "+tla", "+cf", server.certificate) == 0
    received = kept(spool)
    assert len(received) == 6
    for file in files:
        uid = str(dcmread(file, stop_before_pixels=True).SOPInstanceUID)
        assert data_set_of(received[uid]) == data_set_of(file)


def test_with_client_certificates(
    start_scp: Callable[..., Scp],
    make_pair: Callable[[str], Pair],
    spool: Path,
    tmp_path: Path,
) -> None:
    """Only a peer that shows a certificate of the named authority is served."""
    server, client, stranger = make_pair("server"), make_pair("client"), make_pair("stranger")
    scp = start_scp(
        dicom_certificate=server.certificate,
        dicom_key=server.key,
        dicom_client_ca=client.certificate,
    )
    files = write_series(tmp_path / "sent", 2)
    assert _send(scp, files, "+tla", "+cf", server.certificate) != 0
    assert (
        _send(scp, files, "+tls", stranger.key, stranger.certificate, "+cf", server.certificate)
        != 0
    )
    assert not kept(spool)
    assert _send(scp, files, "+tls", client.key, client.certificate, "+cf", server.certificate) == 0
    assert len(kept(spool)) == 2
    assert "TLS" in scp.presence._seen["", "127.0.0.1"].rejection


def test_nobody_waits_for_a_handshake(
    start_scp: Callable[..., Scp], make_pair: Callable[[str], Pair], tmp_path: Path
) -> None:
    """Connections that never shake hands hold up no sender, and are ended in time."""
    server = make_pair("server")
    scp = start_scp(dicom_certificate=server.certificate, dicom_key=server.key, acse_timeout=3)
    files = write_series(tmp_path / "sent", 1)
    with ExitStack() as stack:
        idle = [stack.enter_context(RawPeer(scp)) for _ in range(30)]
        for peer in idle[:10]:
            peer.send(b"\x16\x03\x01")
        began = time.monotonic()
        assert _send(scp, files, "+tla", "+cf", server.certificate) == 0
        assert time.monotonic() - began < 3
        for peer in idle:
            peer.socket.settimeout(10)
            while peer.receive()[0]:
                pass
        assert time.monotonic() - began < 10


def test_a_waiting_connection_is_hung_up_on_when_stopping(
    start_scp: Callable[..., Scp], make_pair: Callable[[str], Pair]
) -> None:
    """Stopping does not wait for a handshake either."""
    server = make_pair("server")
    scp = start_scp(dicom_certificate=server.certificate, dicom_key=server.key)
    with socket.create_connection(("127.0.0.1", scp.port), timeout=5) as idle:
        time.sleep(0.2)
        began = time.monotonic()
        scp.stop()
        assert not idle.recv(1)
        assert time.monotonic() - began < 3


def test_certificates_that_cannot_be_used(make_pair: Callable[[str], Pair], tmp_path: Path) -> None:
    """The operator is told which setting is wrong; an encrypted key is not asked about."""
    one, other = make_pair("one"), make_pair("other")
    secret = tmp_path / "secret.key"
    subprocess.run(
        [program("openssl"), "rsa", "-aes256", "-passout", "pass:x",
         "-in", one.key, "-out", secret],
        check=True, capture_output=True,
    )  # fmt: skip
    for key in (other.key, secret, tmp_path / "nowhere"):
        with pytest.raises(ConfigurationError, match="DICOM_CERTIFICATE"):
            tls_context(Settings(dicom_certificate=one.certificate, dicom_key=key))
    with pytest.raises(ConfigurationError, match="CLIENT_CA"):
        tls_context(
            Settings(
                dicom_certificate=one.certificate,
                dicom_key=one.key,
                dicom_client_ca=tmp_path / "nowhere",
            )
        )
    with pytest.raises(ConfigurationError, match="need"):
        tls_context(Settings(dicom_key=one.key))
    assert tls_context(Settings()) is None
