"""Why there is no connection: errors of sockets and TLS as reasons with what to do.

None of them is the object's fault, so all end in "later": the outbox tries again for days, and the
reason is there to be seen meanwhile.
"""

from __future__ import annotations

import os
import socket
import ssl

from heimdallr.delivery.sending import Answer, Fate
from heimdallr.domain.statements import Statement


def no_connection(error: OSError, address: str) -> Answer:
    """The answer for whatever was to be sent.

    Args:
        error: of connecting, or of the handshake.
        address: of the peer, as a person wrote it.
    """
    return Answer(Fate.LATER, failure_of(error, address))


def failure_of(error: OSError, address: str) -> Statement:
    """The reason alone, for who has nothing to send."""
    if isinstance(error, socket.gaierror):
        return Statement("peer_name_unknown", {"address": address})
    if isinstance(error, ssl.SSLCertVerificationError):
        return Statement(
            "peer_not_trusted", {"address": address, "error": error.verify_message or "TLS"}
        )
    if isinstance(error, ssl.SSLError):
        return Statement("no_tls", {"address": address, "error": error.reason or "TLS"})
    if isinstance(error, ConnectionRefusedError):
        return Statement("nobody_listens", {"address": address})
    if isinstance(error, TimeoutError):
        return Statement("peer_unreachable", {"address": address})
    name = os.strerror(error.errno) if error.errno else type(error).__name__
    return Statement("peer_connection_failed", {"address": address, "error": name})
