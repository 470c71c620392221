"""Asking an archive whether it keeps what it has taken: storage commitment (PS3.4 annex J).

The request (N-ACTION) is answered at once, the report comes when the archive has looked: on the
same association, or, with most, on one that it asks our listener for.
"""

from __future__ import annotations

import time
from functools import partial
from threading import Event as Flag
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset
from pynetdicom import evt
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import (  # type: ignore[attr-defined]  # made at import
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
)

from heimdallr.delivery.senders.association import (
    NoAssociationError,
    NoContextAcceptedError,
    address_of,
    association,
)
from heimdallr.delivery.senders.words_of_peers import said
from heimdallr.delivery.sending import Answer, Fate
from heimdallr.domain.statements import Statement
from heimdallr.store.commitment_reports import CommitmentReport, report_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pynetdicom.association import Association
    from pynetdicom.events import Event

    from heimdallr.delivery.destinations import DicomNode
    from heimdallr.delivery.senders.own_node import OwnNode
    from heimdallr.delivery.sending import Item

_REQUEST_COMMITMENT = 1
"""Action type (PS3.4 table J.3-1)."""
_SUCCESS, _INVALID_ARGUMENT = 0x0000, 0x0115
_LOOK_S = 0.05


def ask(
    node: DicomNode, own: OwnNode, items: Sequence[Item], transaction_uid: str
) -> Iterator[tuple[str, Answer]]:
    """Ask an archive whether it keeps what it has taken.

    An item is *committed* where the archive says so and to be sent again (*later*) where it says
    that it does not keep it. It stays *sent*, with the reason, where the archive could not be asked
    or will not say. Items without an answer: the report will come to our listener, and
    ``own.reports`` has it then; see :func:`answers`.

    Args:
        node: the archive.
        own: our side.
        items: what it has taken, with SOP class and instance UIDs.
        transaction_uid: a new one for every request.
    """
    if own.reports is not None:
        own.reports.expect(transaction_uid)
    heard: list[CommitmentReport] = []
    came = Flag()
    hear = partial(_hear, transaction_uid=transaction_uid, heard=heard, came=came)
    why: Statement | None
    try:
        with association(
            node, own, [build_context(StorageCommitmentPushModel)], [(evt.EVT_N_EVENT_REPORT, hear)]
        ) as made:
            why = _request(made, node, items, transaction_uid)
            if why is None:
                _wait(own, transaction_uid, heard, came)
    except NoAssociationError as error:
        why = error.why
    except NoContextAcceptedError:
        why = Statement("commitment_not_offered")
    if why is not None:
        if own.reports is not None:
            own.reports.forget(transaction_uid)
        unsaid = Answer(Fate.SENT, Statement("commitment_not_asked", {"reason": why}))
        yield from ((item.key, unsaid) for item in items)
    elif heard:
        yield from answers(heard[0], items)


def answers(report: CommitmentReport, items: Sequence[Item]) -> Iterator[tuple[str, Answer]]:
    """What a report says of each item; nothing of one that it does not name."""
    kept, lost = set(report.kept), dict(report.lost)
    for item in items:
        if item.sop_instance_uid in lost:
            status = f"0x{lost[item.sop_instance_uid]:04X}"
            yield item.key, Answer(Fate.LATER, Statement("commitment_denied", {"status": status}))
        elif item.sop_instance_uid in kept:
            yield item.key, Answer(Fate.COMMITTED)


def _hear(
    event: Event, *, transaction_uid: str, heard: list[CommitmentReport], came: Flag
) -> tuple[int, None]:
    report = report_of(event.event_information)
    if report is None or report.transaction_uid != transaction_uid:
        return _INVALID_ARGUMENT, None
    heard.append(report)
    came.set()
    return _SUCCESS, None


def _request(
    made: Association, node: DicomNode, items: Sequence[Item], transaction_uid: str
) -> Statement | None:
    """Send the request; why it was not taken, ``None`` when it was."""
    asked = Dataset()
    asked.TransactionUID = transaction_uid
    asked.ReferencedSOPSequence = [Dataset() for _ in items]
    for one, item in zip(asked.ReferencedSOPSequence, items, strict=True):
        one.ReferencedSOPClassUID = item.sop_class_uid
        one.ReferencedSOPInstanceUID = item.sop_instance_uid
    status, _ = made.send_n_action(
        asked, _REQUEST_COMMITMENT, StorageCommitmentPushModel, StorageCommitmentPushModelInstance
    )
    if "Status" not in status:
        return Statement("association_broken_off", {"address": address_of(node)})
    if status.Status == _SUCCESS:
        return None
    comment = said(str(status.get("ErrorComment") or ""))
    return Statement("commitment_refused", {"status": f"0x{status.Status:04X}", "said": comment})


def _wait(own: OwnNode, transaction_uid: str, heard: list[CommitmentReport], came: Flag) -> None:
    """Give the archive a moment: the report may come here, or to our listener."""
    until = time.monotonic() + own.patience.commitment_s
    while not came.wait(_LOOK_S) and time.monotonic() < until:
        report = own.reports.read(transaction_uid) if own.reports is not None else None
        if report is not None:
            heard.append(report)
            return
