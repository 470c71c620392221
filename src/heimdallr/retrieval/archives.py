"""Which archive is meant, and how it is asked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

from pydantic import ValidationError

from heimdallr.delivery.destinations import DicomNode, DicomWeb
from heimdallr.domain.errors import ConfigurationError
from heimdallr.retrieval.dicomweb_query import WebArchive
from heimdallr.retrieval.query_retrieve import DicomArchive

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import SecretStr

    from heimdallr.config import Settings
    from heimdallr.retrieval.archive import Archive

ArchivePeer = DicomNode | DicomWeb
_NODE = re.compile(r"(?P<ae_title>[^@]+)@(?P<host>.+):(?P<port>\d+)")


def archive_at(
    address: str, *, user: str = "", ca: Path | None = None, tls: bool = False
) -> ArchivePeer:
    """The archive that an address means.

    Args:
        address: ``AET@host:port``, ``https://host/dicom-web``, or the name of a destination.
        user: with it the secret is a password; of DICOMweb.
        ca: PEM authorities to believe.
        tls: speak DICOM over TLS.

    Raises:
        ConfigurationError: it is none of these.
    """
    try:
        if address.startswith(("http://", "https://")):
            return DicomWeb(url=address, user=user, ca=ca)
        if match := _NODE.fullmatch(address):
            port = int(match["port"])
            return DicomNode(
                ae_title=match["ae_title"], host=match["host"], port=port, tls=tls, ca=ca
            )
    except ValidationError:
        _refuse()
    return archive_named(address)


def archive_named(name: str) -> ArchivePeer:
    """The archive that is a destination of this name.

    Raises:
        ConfigurationError: there is none.
    """
    del name  # destinations have no table yet
    _refuse()


def _refuse() -> NoReturn:
    msg = "there is no archive of this name or address"
    raise ConfigurationError(msg, remedy="AET@host:port, or https://host/dicom-web")


def open_archive(
    peer: ArchivePeer,
    secret: SecretStr | None,
    settings: Settings,
    spool: Path,
    *,
    get: bool = False,
) -> Archive:
    """Whoever asks an archive of this kind; nothing is connected yet.

    Args:
        peer: the archive.
        secret: of DICOMweb: password or bearer token.
        settings: our AE title, limits and time limits.
        spool: where what comes goes.
        get: C-GET instead of C-MOVE.
    """
    if isinstance(peer, DicomWeb):
        return WebArchive(peer, secret, settings, spool)
    return DicomArchive(peer, settings, spool, get=get)
