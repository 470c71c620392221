"""What a status of C-STORE, or a failure reason, says of an object (PS3.4 B.2.3, PS3.7 annex C)."""

from __future__ import annotations

from heimdallr.delivery.senders.words_of_peers import said
from heimdallr.delivery.sending import Answer, Fate
from heimdallr.domain.statements import Statement

SUCCESS = 0x0000
CANCELLED = 0xFE00
DUPLICATE_INSTANCE = 0x0111
PROCESSING_FAILURE = 0x0110
RESOURCE_LIMITATION = 0x0213

_OUT_OF_RESOURCES = range(0xA700, 0xA800)
_PASSING = {PROCESSING_FAILURE, RESOURCE_LIMITATION, CANCELLED}
"""Failures of the peer, not of the object: the same may go well later."""
_WARNINGS = range(0xB000, 0xC000)
_GENERAL_WARNINGS = {0x0001, 0x0107, 0x0116}


def answer_to(status: int, comment: str = "") -> Answer:
    """What became of an object that a peer answered with this status.

    Args:
        status: (0000,0900) of a C-STORE response, or FailureReason (0008,1197), WarningReason
            (0008,1196) of STOW-RS, which have the same values.
        comment: (0000,0902), the peer's own words.
    """
    named, words = f"0x{status:04X}", said(comment)
    if status == SUCCESS:
        return Answer(Fate.SENT)
    if status in _WARNINGS or status in _GENERAL_WARNINGS:
        return Answer(Fate.SENT, Statement("stored_with_warning", {"status": named, "said": words}))
    if status == DUPLICATE_INSTANCE:
        # UIDs are made of the content: whoever has the UID has this object.
        return Answer(Fate.SENT, Statement("stored_before"))
    if status in _OUT_OF_RESOURCES or status in _PASSING:
        return Answer(
            Fate.LATER, Statement("archive_cannot_store_now", {"status": named, "said": words})
        )
    return Answer(
        Fate.REFUSED, Statement("archive_refuses_object", {"status": named, "said": words})
    )
