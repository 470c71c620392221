"""What a deliverer of this installation speaks with: who speaks to which peer, and who listens.

The one place where the deliverer, the dashboard and the commands get their senders from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from heimdallr.domain.errors import DestinationError

if TYPE_CHECKING:
    from heimdallr.config import Settings
    from heimdallr.delivery.commitment import Report, Reports
    from heimdallr.delivery.destinations import Peer
    from heimdallr.delivery.errand import SenderFor
    from heimdallr.store.layout import DataFolders


def senders(_settings: Settings) -> SenderFor:
    """Peer and secret → who speaks to it, with our own name and certificates."""

    def sender_for(peer: Peer, _secret: str) -> NoReturn:
        msg = f"this version has no sender for destinations of kind {peer.kind}"
        raise DestinationError(msg)

    return sender_for


def reports(_folders: DataFolders) -> Reports:
    """What the listener has heard of storage commitment."""
    return _NoReports()


class _NoReports:
    """A listener that hears nothing of storage commitment."""

    def expect(self, _transaction_uid: str) -> None:
        """Nothing will come."""

    def read(self, _transaction_uid: str) -> Report | None:
        """Nothing has."""
        return None

    def forget(self, _transaction_uid: str) -> None:
        """There is nothing to be dropped."""
