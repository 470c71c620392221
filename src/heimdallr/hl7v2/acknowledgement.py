"""Acknowledgements: MSA and ERR of HL7 2.5.1 (2.15.8, 2.15.5), written and read.

**AA is not understood**: an application may accept a message and report its errors in ERR. So
what was answered is the code and the severities together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from heimdallr.hl7v2.syntax import Message, Segment, components, escaped, segment, written

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

Code = Literal["AA", "AE", "AR"]
Verdict = Literal["accepted", "error", "rejected"]

_VERDICTS: dict[str, Verdict] = {
    "AA": "accepted",
    "CA": "accepted",
    "AE": "error",
    "CE": "error",
    "AR": "rejected",
    "CR": "rejected",
}
_MESSAGE_ACCEPTED = "0"
_SERIOUS = frozenset({"E", "F"})


@dataclass(frozen=True, slots=True)
class Complaint:
    """One ERR segment.

    Attributes:
        code: HL7 table 0357, ERR-3: 101 a required field is missing, 207 an internal error …
        text: of the code, or what the peer says to people.
        severity: HL7 table 0516, ERR-4: ``I``, ``W``, ``E``, ``F``.
        place: ERR-2, where the error is: segment, its occurrence, field.
    """

    code: str
    text: str
    severity: str = "E"
    place: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What a peer answered.

    Attributes:
        code: MSA-1 as it was sent.
        control_id: MSA-2, the message it answers.
        verdict: what the code means; ``None``: no code of table 0008.
        complaints: its ERR segments that report something.
        text: MSA-3, the older place for words.
    """

    code: str
    control_id: str
    verdict: Verdict | None
    complaints: tuple[Complaint, ...]
    text: str = ""

    @property
    def has_errors(self) -> bool:
        """Whether an ERR segment tells of an error, whatever the code says."""
        return any(one.severity in _SERIOUS for one in self.complaints)

    @property
    def words(self) -> str:
        """All that is said to people, on one line."""
        said = [self.text, *(f"{one.code} {one.text}".strip() for one in self.complaints)]
        return "; ".join(dict.fromkeys(one for one in said if one))


def read_acknowledgement(message: Message) -> Acknowledgement | None:
    """What a message answers; ``None`` where it is no answer (no MSA)."""
    answer = message.first("MSA")
    if answer is None:
        return None
    code = answer.text(1).upper()
    found = (_complaint(one) for one in message.all("ERR"))
    return Acknowledgement(
        code=code,
        control_id=answer.text(2),
        verdict=_VERDICTS.get(code),
        complaints=tuple(one for one in found if one is not None),
        text=answer.text(3),
    )


def _complaint(error: Segment) -> Complaint | None:
    """An ERR segment; before 2.5 its one field holds code and text as sub-components of ELD-4."""
    if not error.raw(3) and error.raw(1):
        code, text = error.text(1, 4, 1), error.text(1, 4, 2)
        place = tuple(error.text(1, number) for number in (1, 2, 3))
        severity = "E"
    else:
        code = error.text(3)
        text = error.text(8) or error.text(7) or error.text(3, 2) or error.text(3, 9)
        place = tuple(error.text(2, number) for number in (1, 2, 3))
        severity = error.text(4).upper() or "E"
    if code == _MESSAGE_ACCEPTED and severity == "E" and not error.text(4):
        return None
    return Complaint(code, text, severity, tuple(one for one in place if one))


def acknowledgement(
    to: Message | None,
    code: Code,
    complaints: Sequence[Complaint] = (),
    *,
    at: datetime,
    control_id: str,
) -> bytes:
    """The answer to a message, in ASCII; ``to`` is ``None`` where it could not be read at all."""
    header = to.header if to else None
    event = header.text(9, 2) if header else ""
    fields = {
        1: "|",
        2: "^~\\&",
        3: header.raw(5) if header and _usual(header) else "HEIMDALLR",
        4: header.raw(6) if header and _usual(header) else "",
        5: header.raw(3) if header and _usual(header) else "",
        6: header.raw(4) if header and _usual(header) else "",
        7: at.strftime("%Y%m%d%H%M%S%z"),
        9: components("ACK", event, "ACK") if event else "ACK",
        10: escaped(control_id),
        11: escaped(header.text(11) if header else "") or "P",
        12: escaped(header.text(12) if header else "") or "2.5.1",
    }
    answered = escaped(header.text(10)) if header else ""
    segments = [segment("MSH", fields), segment("MSA", {1: code, 2: answered})]
    segments += [_error(one) for one in complaints]
    return written(segments).encode("ascii", "replace")


def _usual(header: Segment) -> bool:
    return header.raw(2).startswith("^~\\&")


def _error(one: Complaint) -> Segment:
    return segment(
        "ERR",
        {
            2: components(*one.place),
            3: components(one.code, "", "HL70357"),
            4: one.severity,
            8: escaped(one.text),
        },
    )
