"""An HTTP connection to one peer that is told who we are, and only that peer."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import httpx

from heimdallr.domain.errors import ArchiveError, ConfigurationError
from heimdallr.domain.statements import Statement

if TYPE_CHECKING:
    from pydantic import SecretStr

    from heimdallr.config import Settings
    from heimdallr.delivery.destinations import DicomWeb, FhirServer

OK = 200
AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers after which the same may go well at another time."""


def open_client(
    peer: DicomWeb | FhirServer, secret: SecretStr | None, settings: Settings, *, silent_s: float
) -> httpx.Client:
    """A client for a peer's address; nothing is connected yet.

    Redirects are not followed, and proxies of the environment not used: secret and question are for
    this host.

    Args:
        peer: the peer.
        secret: its password where it names a user, else a bearer token.
        settings: time limits.
        silent_s: how long it may take to begin its answer, or to go on with it.

    Raises:
        ConfigurationError: its authorities cannot be read.
    """
    password = secret.get_secret_value() if secret else ""
    auth = httpx.BasicAuth(peer.user, password) if peer.user else None
    return httpx.Client(
        base_url=peer.url.rstrip("/"),
        auth=auth,
        headers={"Authorization": f"Bearer {password}"} if password and not auth else {},
        verify=_authorities(peer),
        timeout=httpx.Timeout(settings.network_timeout, read=silent_s),
        follow_redirects=False,
        trust_env=False,
    )


def check(answer: httpx.Response) -> None:
    """See that a request was answered.

    Raises:
        ArchiveError: it was not; the answer's text, which may name a patient, is not repeated.
    """
    status = answer.status_code
    if status == OK:
        return
    if status in {401, 403}:
        raise ArchiveError(Statement("archive_wants_another_secret", {"status": str(status)}))
    raise ArchiveError(
        Statement("archive_refuses", {"status": f"HTTP {status}"}), again=status in AGAIN
    )


def not_reached(error: Exception) -> ArchiveError:
    """Without the error's text: it may hold the address with a patient's ID in it."""
    about = {"error": type(error).__name__}
    return ArchiveError(Statement("archive_web_not_reached", about), again=True)


def _authorities(peer: DicomWeb | FhirServer) -> ssl.SSLContext | bool:
    if peer.ca is None:
        return True
    try:
        return ssl.create_default_context(cafile=peer.ca)
    except (OSError, ValueError):
        msg = "the certificate authorities of a peer cannot be read"
        raise ConfigurationError(msg, remedy="a PEM file") from None
