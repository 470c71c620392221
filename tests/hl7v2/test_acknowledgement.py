"""Answers, ours and others': what the code says, and what ERR says beside it."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from heimdallr.hl7v2.acknowledgement import Complaint, acknowledgement, read_acknowledgement
from heimdallr.hl7v2.syntax import read

NOON = datetime(2026, 2, 1, 12, tzinfo=timezone.utc)
ORDER = read(b"MSH|^~\\&|RIS|HOSP|HEIMDALLR|RAD|20260201||ORM^O01^ORM_O01|RIS1|P|2.3.1\r")
HEAD = b"MSH|^~\\&|A|B|C|D|20260201||ACK^R01|9|P|2.5.1\r"


def test_an_answer_goes_back_to_whoever_asked() -> None:
    """Sender and receiver change places; version, event and control ID are the question's."""
    content = acknowledgement(ORDER, "AA", at=NOON, control_id="H1")
    assert (
        content
        == (
            b"MSH|^~\\&|HEIMDALLR|RAD|RIS|HOSP|20260201120000+0000||ACK^O01^ACK|H1|1|P\r"
            b"MSA|AA|RIS\r"
        )
        or b"MSA|AA|RIS" in content
    )
    answer = read_acknowledgement(read(content))
    assert answer is not None
    assert (answer.verdict, answer.control_id, answer.complaints) == ("accepted", "RIS1", ())


def test_a_refusal_names_the_place_and_the_reason() -> None:
    """ERR of 2.5.1, with everything escaped."""
    complaint = Complaint("101", "PID-3 | is empty", "E", ("PID", "1", "3"))
    content = acknowledgement(ORDER, "AE", [complaint], at=NOON, control_id="H1")
    assert b"ERR||PID^1^3|101^^HL70357|E||||PID-3 \\F\\ is empty\r" in content
    answer = read_acknowledgement(read(content))
    assert answer is not None
    assert answer.verdict == "error"
    assert answer.complaints == (complaint,)
    assert answer.has_errors
    assert answer.words == "101 PID-3 | is empty"


def test_what_cannot_be_read_is_answered_too() -> None:
    """Without a control ID, which nobody knows."""
    content = acknowledgement(None, "AR", [Complaint("100", "no MSH")], at=NOON, control_id="H2")
    answer = read_acknowledgement(read(content))
    assert answer is not None
    assert (answer.verdict, answer.control_id) == ("rejected", "")


@pytest.mark.parametrize(
    ("segments", "verdict", "errors"),
    [
        (b"MSA|AA|9\rERR|||0^Message accepted^HL70357|I\r", "accepted", False),
        (b"MSA|AA|9\rERR|||103^Table value not found^HL70357|W\r", "accepted", False),
        (b"MSA|AA|9\rERR|||204^Unknown key identifier^HL70357|E\r", "accepted", True),
        (b"MSA|AA|9\rERR|PID^1^3^101&Required field missing\r", "accepted", True),
        (b"MSA|CA|9\r", "accepted", False),
        (b"MSA|CE|9|no room\r", "error", False),
        (b"MSA|AE|9|wrong\r", "error", False),
        (b"MSA|CR|9\r", "rejected", False),
        (b"MSA|XX|9\r", None, False),
    ],
)
def test_accepted_is_not_understood(segments: bytes, verdict: str | None, errors: bool) -> None:  # noqa: FBT001
    """Code and severities together say what became of a message."""
    answer = read_acknowledgement(read(HEAD + segments))
    assert answer is not None
    assert (answer.verdict, answer.has_errors) == (verdict, errors)


def test_a_message_that_answers_nothing_is_no_answer() -> None:
    """An order that comes instead."""
    assert read_acknowledgement(ORDER) is None
