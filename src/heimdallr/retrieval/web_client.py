"""An HTTP connection to one peer that is told who we are, and only that peer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from heimdallr.delivery.senders.connection_failures import failure_of
from heimdallr.delivery.senders.own_node import CertificateError
from heimdallr.delivery.senders.web import http_client, root_of
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

    Args:
        peer: the peer.
        secret: its password where it names a user, else a bearer token.
        settings: time limits.
        silent_s: how long it may take to begin its answer, or to go on with it.

    Raises:
        ConfigurationError: its authorities cannot be read.
    """
    timeout = httpx.Timeout(settings.network_timeout, read=silent_s)
    try:
        return http_client(peer, secret.get_secret_value() if secret else "", timeout)
    except CertificateError as error:
        msg = f"the certificate authorities of {peer.url} cannot be used: {error.reason}"
        raise ConfigurationError(msg, remedy="a PEM file") from None


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


def not_answered(error: Exception, address: str) -> ArchiveError:
    """Why there is no answer, without the error's text: that may hold a patient's ID.

    Args:
        error: of the client.
        address: of the peer, without the question.
    """
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return ArchiveError(failure_of(root_of(error), address), again=True)
    about = {"error": type(error).__name__}
    return ArchiveError(Statement("archive_web_broke_off", about), again=True)
