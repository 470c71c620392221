"""Bytes in, an answer out: what of a message is kept, and what its sender is told.

* **AA**: it is kept, durably, or there is nothing in it for us; ERR of severity W tells of values
  that were not taken.
* **AE**: the message is wrong (no patient): sending it again would not help.
* **AR**: it is no message of ours (type, version, processing ID, bytes), or it cannot be kept at
  the moment (207): then whoever sent it sends it again (HL7 2.5.1, 2.9.2.2).
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import SQLAlchemyError

from heimdallr.clock import utc_now
from heimdallr.hl7v2.acknowledgement import Complaint, acknowledgement
from heimdallr.hl7v2.syntax import SyntaxFault, read
from heimdallr.intake.hl7.facts import (
    KINDS,
    REQUIRED_FIELD_MISSING,
    NoPatientError,
    kind_of,
    order_facts,
)
from heimdallr.intake.hl7.visits import class_said
from heimdallr.store.body_sizes import BodySize, record_size
from heimdallr.store.patient_classes import record_class

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, tzinfo

    from heimdallr.hl7v2.acknowledgement import Code
    from heimdallr.hl7v2.syntax import Message
    from heimdallr.intake.hl7.facts import OrderFacts
    from heimdallr.store.database import Database

_UNSUPPORTED_TYPE, _UNSUPPORTED_EVENT = "200", "201"
_UNSUPPORTED_PROCESSING_ID, _UNSUPPORTED_VERSION = "202", "203"
_SEGMENT_SEQUENCE, _INTERNAL_ERROR = "100", "207"
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Verdict:
    code: Code
    complaints: tuple[Complaint, ...] = ()


@dataclass(frozen=True, slots=True)
class Answering:
    """Answers messages.

    Attributes:
        database: where sizes and classes are kept.
        now: tells the time.
        zone: of times that tell none; ``None``: the machine's.
    """

    database: Database
    now: Callable[[], datetime] = utc_now
    zone: tzinfo | None = None

    def answer(self, content: bytes, address: str) -> bytes:
        """The answer to a message, whatever it is; what it says is kept before.

        Args:
            content: without its frame.
            address: whose it is.
        """
        message: Message | None = None
        try:
            message = read(content)
            verdict = self._verdict(message, content, address)
        except SyntaxFault as fault:
            verdict = _Verdict("AR", (Complaint(_SEGMENT_SEQUENCE, str(fault)),))
        except SQLAlchemyError as error:
            _log.error("an HL7 message cannot be kept", error=type(error).__name__, peer=address)
            verdict = _Verdict("AR", (Complaint(_INTERNAL_ERROR, "not now; send it again"),))
        return acknowledgement(
            message,
            verdict.code,
            verdict.complaints,
            at=self.now(),
            control_id=secrets.token_hex(8),
        )

    def _verdict(self, message: Message, content: bytes, address: str) -> _Verdict:
        refusal = _refusal(message)
        if refusal is not None:
            return refusal
        try:
            facts = order_facts(message, self.zone)
        except NoPatientError:
            missing = Complaint(REQUIRED_FIELD_MISSING, "no patient", "E", ("PID", "1", "3"))
            return _Verdict("AE", (missing,))
        who = f"{message.header.text(3)} {address}".strip()
        said, remarks = class_said(message, facts, who, self.now(), self.zone)
        sizes = self._sizes(facts, content, who)
        if sizes or said is not None:
            with self.database.write() as session:
                for size in sizes:
                    record_size(session, size, self.now())
                if said is not None:
                    record_class(session, said, self.now())
        return _Verdict("AA", (*facts.remarks, *remarks))

    def _sizes(self, facts: OrderFacts, content: bytes, who: str) -> list[BodySize]:
        """Height and weight apart: each has its own day, and may be years older than the other."""
        told = (("height", facts.height), ("weight", facts.weight))
        return [
            BodySize(
                patient_id=facts.patient_id,
                issuer=facts.issuer,
                accession_number=facts.accession_number,
                height_m=one.value if what == "height" else None,
                weight_kg=one.value if what == "weight" else None,
                observed_at=one.at or self.now(),
                source="hl7",
                who=who,
                message=hashlib.sha256(content + what.encode()).hexdigest(),
            )
            for what, one in told
            if one is not None
        ]


def _refusal(message: Message) -> _Verdict | None:
    """Why a message is none of ours, by its header."""
    header = message.header
    if header.text(11) not in {"P", ""}:
        return _rejected(_UNSUPPORTED_PROCESSING_ID, "only production messages (P)", "11")
    if not header.text(12).startswith("2."):
        return _rejected(_UNSUPPORTED_VERSION, "not version 2", "12")
    if kind_of(message) in KINDS:
        return None
    types = {kind.partition("^")[0] for kind in KINDS}
    known = header.text(9, 1) in types
    code = _UNSUPPORTED_EVENT if known else _UNSUPPORTED_TYPE
    return _rejected(code, f"only {', '.join(sorted(KINDS))}", "9")


def _rejected(code: str, text: str, field: str) -> _Verdict:
    return _Verdict("AR", (Complaint(code, text, "E", ("MSH", "1", field)),))
