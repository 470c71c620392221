"""What every sender is given, and what it says of each thing: one Protocol for all destinations.

A sender knows one peer and one protocol. It opens what it needs, sends, and says of every item what
became of it as soon as it is known; the outbox keeps the book. It never raises for what a peer does
or leaves out: that is an :class:`Answer`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from heimdallr.domain.statements import Statement


class Fate(str, Enum):
    """What became of an item."""

    SENT = "sent"
    """The peer has taken it."""
    COMMITTED = "committed"
    """The peer has said that it keeps it (storage commitment), or that it has processed it."""
    REFUSED = "refused"
    """The peer said no, and would to the same again."""
    LATER = "later"
    """Not this time: unreachable, busy, out of resources. Trying again may help."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an item, and why.

    Attributes:
        fate: what became of it.
        why: the reason, with the peer's own words among its parameters; ``None`` when it went well.
        not_before_s: the peer asked not to be tried again sooner.
        may_have_arrived: it was not taken as far as is known, and may be there all the same: its
            bytes left, and no answer says what became of them.
    """

    fate: Fate
    why: Statement | None = None
    not_before_s: int | None = None
    may_have_arrived: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to be sent.

    Attributes:
        key: its number in the outbox; unique among those sent together.
        path: the file, whole; its name says nothing of the patient.
        media_type: ``application/dicom``, ``application/fhir+json``,
            ``x-application/hl7-v2+er7``, ``application/json``, ``application/pdf``.
        sop_class_uid: of a DICOM object.
        sop_instance_uid: of a DICOM object.
    """

    key: str
    path: Path
    media_type: str
    sop_class_uid: str = ""
    sop_instance_uid: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of what a test of a destination found.

    Attributes:
        name: what was tried: ``reachable``, ``c_echo``, ``presentation_contexts``, ``qido``,
            ``metadata``, ``ack``, ``writable`` …
        ok: whether it worked; ``None`` where the peer leaves it open.
        told: what was found, or what is wrong and what to do.
    """

    name: str
    ok: bool | None
    told: Statement


class Sender(Protocol):
    """Sends to one peer."""

    def send(self, items: Sequence[Item]) -> Iterator[tuple[str, Answer]]:
        """Send items, most urgent first; key and answer of each, as soon as it is known.

        An item without an answer when the iterator ends was not tried.
        """

    def test(self) -> Sequence[Check]:
        """Try the peer without leaving anything there."""


@runtime_checkable
class CommitmentSender(Protocol):
    """A sender whose peer can be asked whether it keeps what it took (PS3.4 annex J)."""

    def request_commitment(
        self, items: Sequence[Item], transaction_uid: str
    ) -> Iterator[tuple[str, Answer]]:
        """Ask; key and answer of each item that is answered at once.

        ``COMMITTED``: it keeps it. ``SENT``: it will say so later, to our listener. ``LATER``: it
        does not keep it, which is to be sent again. ``REFUSED``: it does not answer such questions.
        """
