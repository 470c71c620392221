"""What ends an association from our side."""

from __future__ import annotations


class PeerFault(Exception):  # noqa: N818 - the peer's, not ours
    """The peer does what no peer may: its association is aborted. Says what, in words."""
