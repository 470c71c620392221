"""What a deliverer of this installation speaks with: who speaks to which peer, and who listens.

The one place where the deliverer, the dashboard and the commands get their senders from.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from heimdallr.delivery.senders.own_node import OwnNode
from heimdallr.delivery.senders.registry import sender_for
from heimdallr.store.commitment_reports import CommitmentReports

if TYPE_CHECKING:
    from heimdallr.config import Settings
    from heimdallr.delivery.commitment import Reports
    from heimdallr.delivery.errand import SenderFor
    from heimdallr.store.layout import DataFolders


def senders(settings: Settings) -> SenderFor:
    """Peer and secret → who speaks to it, with our own name and certificates."""
    return partial(sender_for, own=OwnNode.of(settings))


def reports(folders: DataFolders) -> Reports:
    """What the listener has heard of storage commitment."""
    return CommitmentReports(folders.commitments)
