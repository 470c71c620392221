"""What an archive demands of whoever calls: TLS, certificates, titles; and how a no is told."""

from __future__ import annotations

import shutil
import socket
import subprocess
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from waiting import free_port

from heimdallr.delivery.destinations import DicomNode
from heimdallr.domain.errors import ArchiveError, ConfigurationError
from heimdallr.intake.scp.server import Scp
from heimdallr.retrieval.archive import Query
from heimdallr.retrieval.query_retrieve import DicomArchive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fetching_site import Site


@contextmanager
def archive_without_query(site: Site, **changes: object) -> Iterator[int]:
    """A DICOM node that knows no C-FIND: ours. Its port."""
    scp = Scp(site.settings.model_copy(update=changes), site.folders.spool)
    scp.start(port=0)
    try:
        yield scp.port
    finally:
        scp.stop(grace_s=1)


def ask(
    site: Site, port: int, *, host: str = "127.0.0.1", tls: bool = False, ca: Path | None = None
) -> ArchiveError:
    """Ask it; it has to say no."""
    node = DicomNode(ae_title="HEIMDALLR", host=host, port=port, tls=tls, ca=ca)
    archive = DicomArchive(node, site.settings, site.folders.spool, get=True)
    with pytest.raises(ArchiveError) as refused:
        archive.find(Query(accession_number="A1"))
    return refused.value


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate that is its own authority, and its key."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not installed")
    certificate, key = tmp_path / "own.crt", tmp_path / "own.key"
    subprocess.run(
        [program, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", "/CN=archive", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


def test_over_tls_only_to_whom_is_believed(quiet_site: Site, pair: tuple[Path, Path]) -> None:
    """With the right authorities the question arrives, and is told to be no service there."""
    certificate, key = pair
    tls = {"dicom_certificate": certificate, "dicom_key": key}
    with archive_without_query(quiet_site, **tls) as port:
        arrived = ask(quiet_site, port, tls=True, ca=certificate)
        stranger = ask(quiet_site, port, tls=True)
        plain = ask(quiet_site, port)
    assert arrived.why.code == "archive_does_not_do"
    assert "FIND" in str(arrived.why.parameters["service"])
    assert stranger.why.code == "peer_not_trusted"
    assert plain.why.code == "association_not_answered"


def test_why_an_archive_is_not_there_is_told(quiet_site: Site) -> None:
    """A name that nobody has is mended elsewhere than a port where nobody listens."""
    port = free_port()
    nobody = ask(quiet_site, port)
    nowhere = ask(quiet_site, port, host="archive.invalid")
    assert (nobody.why.code, nowhere.why.code) == ("nobody_listens", "peer_name_unknown")
    assert nobody.again
    assert nowhere.again


def test_our_own_certificate_is_shown_where_it_is_demanded(
    quiet_site: Site, pair: tuple[Path, Path]
) -> None:
    """The listener's; without one nobody gets in."""
    certificate, key = pair
    tls: dict[str, object] = {"dicom_certificate": certificate, "dicom_key": key}
    with archive_without_query(quiet_site, **tls, dicom_client_ca=certificate) as port:
        assert ask(quiet_site, port, tls=True, ca=certificate).why.code != "archive_does_not_do"
        shown = quiet_site.settings.model_copy(update=tls)
        object.__setattr__(quiet_site, "settings", shown)
        assert ask(quiet_site, port, tls=True, ca=certificate).why.code == "archive_does_not_do"


def test_a_certificate_that_is_none_is_the_operator_s_matter(
    quiet_site: Site, tmp_path: Path
) -> None:
    """The file is at fault, not the archive."""
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    node = DicomNode(ae_title="PACS", host="127.0.0.1", port=1, tls=True, ca=broken)
    archive = DicomArchive(node, quiet_site.settings, quiet_site.folders.spool, get=True)
    with pytest.raises(ConfigurationError, match="PACS"):
        archive.find(Query(accession_number="A1"))


def test_a_title_that_is_not_known_is_told_in_the_archive_s_words(quiet_site: Site) -> None:
    """Trying again does not help; entering the title there does."""
    only = {"calling_ae": "enforce", "calling_ae_titles": ("SOMEBODY",)}
    with archive_without_query(quiet_site, **only) as port:
        refused = ask(quiet_site, port)
    assert refused.why.code == "archive_rejects_us"
    assert not refused.again
    assert "not recognised" in str(refused)


def test_too_many_associations_pass_by_themselves(quiet_site: Site) -> None:
    """The archive is well and knows us: it is asked again."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        peer = Thread(target=_reject_as_busy, args=(listener,))
        peer.start()
        refused = ask(quiet_site, listener.getsockname()[1])
        peer.join()
    assert refused.why.code == "association_limit"
    assert refused.again


def _reject_as_busy(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(1 << 16)
        local_limit_exceeded = bytes((3, 0, 0, 0, 0, 4, 0, 2, 3, 2))
        connection.sendall(local_limit_exceeded)
        connection.recv(1)
