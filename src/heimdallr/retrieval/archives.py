"""Which archive is meant, and how it is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import SecretStr, ValidationError

from heimdallr.delivery.destinations import DicomNode, DicomWeb
from heimdallr.delivery.directory import known
from heimdallr.domain.errors import ConfigurationError, DestinationError
from heimdallr.retrieval.dicomweb_query import WebArchive
from heimdallr.retrieval.query_retrieve import DicomArchive

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.config import Settings
    from heimdallr.retrieval.archive import Archive
    from heimdallr.store.database import Database

ArchivePeer = DicomNode | DicomWeb
_HOW = "AET@host:port, https://host/dicom-web, or the name of a destination"
_NODE = re.compile(r"(?P<ae_title>[^@]+)@(?P<host>.+):(?P<port>\d+)")


@dataclass(frozen=True, slots=True)
class Known:
    """An archive, and what it has to be told to answer.

    Attributes:
        secret: of DICOMweb: password or bearer token.
    """

    peer: ArchivePeer
    secret: SecretStr | None = None


def archive_at(
    address: str, *, user: str = "", ca: Path | None = None, tls: bool = False
) -> ArchivePeer | None:
    """The archive that an address means; ``None`` where it is no address but a name.

    Args:
        address: ``AET@host:port`` or ``https://host/dicom-web``.
        user: with it the secret is a password; of DICOMweb.
        ca: PEM authorities to believe.
        tls: speak DICOM over TLS.

    Raises:
        ConfigurationError: it would be one, and something in it is wrong.
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
        msg = "this is no address of an archive"
        raise ConfigurationError(msg, remedy=_HOW) from None
    return None


def archive_named(database: Database, name: str) -> Known:
    """The archive that is a destination of this name; whatever is sent there comes from there, too.

    Raises:
        ConfigurationError: there is none, or it is no archive.
    """
    try:
        peer, secret = known(database, name)
    except DestinationError:
        msg = "there is no archive of this name or address"
        raise ConfigurationError(msg, remedy=_HOW) from None
    if not isinstance(peer, DicomNode | DicomWeb):
        msg = "this destination is no archive"
        raise ConfigurationError(msg, remedy=_HOW)
    return Known(peer, secret)


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
