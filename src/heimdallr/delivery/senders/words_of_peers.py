"""What a peer says of itself, as it may be shown: one short line, and nothing of a patient."""

from __future__ import annotations

from heimdallr.domain.statements import Statement
from heimdallr.logs import clean

_LONGEST = 200


def said(text: str) -> Statement:
    """The peer's own words as a part of a reason, or that it gave none."""
    line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    if not line:
        return Statement("peer_gave_no_reason")
    return Statement("peer_said", {"words": clean(line)[:_LONGEST]})
