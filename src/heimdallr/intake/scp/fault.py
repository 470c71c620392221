"""The error that aborts an association whose peer breaks the protocol."""

from __future__ import annotations


class PeerFault(Exception):  # noqa: N818 - the peer's, not ours
    """The peer broke the protocol or a limit: its association is aborted. The text says how."""
