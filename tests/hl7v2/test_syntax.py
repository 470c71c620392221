r"""Escapes and delimiters: whatever is written reads back, and nothing of it splits a field."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heimdallr.hl7v2.syntax import (
    SyntaxFault,
    components,
    escaped,
    read,
    segment,
    unescaped,
    written,
)

HEADER = "MSH|^~\\&|A|B|C|D|20260201||ORU^R01|1|P|2.5.1||||||UNICODE UTF-8\r"
anything = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40)


@given(anything)
def test_whatever_is_escaped_reads_back_and_splits_nothing(text: str) -> None:
    """Delimiters, line ends, control characters, letters of any script."""
    line = written([segment("OBX", {5: components(text, "next"), 6: "last"})])
    message = read((HEADER + line).encode("utf-8"))
    value = message.segments[1]
    assert len(message.segments) == 2
    assert unescaped(value.raw(5).split("^")[0]) == text
    assert value.raw(6) == "last"


@pytest.mark.parametrize(
    ("text", "written_as"),
    [
        ("a|b^c&d~e\\f", r"a\F\b\S\c\T\d\R\e\E\f"),
        ("two\r\nlines", r"two\X0D\\X0A\lines"),
        ("\x0b\x1c", r"\X0B\\X1C\ ".strip()),
        ("[hnsf'U] é ³", "[hnsf'U] é ³"),
    ],
)
def test_escapes_are_those_of_the_standard(text: str, written_as: str) -> None:
    """HL7 2.5.1, 2.7."""
    assert escaped(text) == written_as
    assert unescaped(written_as) == text


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (r"one\.br\two", "one\ntwo"),
        (r"\H\bold\N\ text", "bold text"),
        (r"Jos\XC3A9\ ".strip(), "José"),
        (r"Jos\XE9\ ".strip(), "José"),
        (r"\Zunknown\ stays", r"\Zunknown\ stays"),
        ("a single \\ stays", "a single \\ stays"),
    ],
)
def test_escapes_of_others_are_understood(sent: str, meant: str) -> None:
    """Formatting, octets in UTF-8 or Latin-1; what is not known is not thrown away."""
    assert unescaped(sent) == meant


def test_other_delimiters_are_obeyed() -> None:
    """MSH-1 and MSH-2 say which they are."""
    message = read(b"MSH#*@!%#A\rPID#1##77*5@88###Silva*Ana!F!B%x\r")
    patient = message.first("PID")
    assert patient is not None
    assert [one.text(1) for one in patient.repetitions(3)] == ["77", "88"]
    assert patient.text(3, 2) == "5"
    assert patient.text(6, 2, 1) == "Ana#B"
    assert patient.text(6, 2, 2) == "x"


def test_what_is_deleted_is_not_said() -> None:
    """Two quotation marks are no value."""
    message = read(b'MSH|^~\\&|A\rPID|1||""\r')
    assert message.segments[1].text(3) == ""


def test_bytes_are_of_the_declared_character_set() -> None:
    """Latin-1 that says so, Latin-1 that says UTF-8, letters in ASCII."""
    latin = HEADER.replace("UNICODE UTF-8", "8859/1") + "PID|1||José\r"
    assert read(latin.encode("latin-1")).segments[1].text(3) == "José"
    for wrong in (HEADER + "PID|1||José\r").encode("latin-1"), b"MSH|^~\\&|A\rPID|1||Jos\xc3\xa9\r":
        with pytest.raises(SyntaxFault, match="MSH-18"):
            read(wrong)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GET / HTTP/1.1\r\n",
        b"MSH",
        b"MSH|^~",
        b"MSH|||||",
        b"MSHAbcdef",
        b"MSH|^~\\&|A\rx|y\r",
    ],
)
def test_what_is_no_message_is_refused(content: bytes) -> None:
    """Without a word of it in the error."""
    with pytest.raises(SyntaxFault):
        read(content)
