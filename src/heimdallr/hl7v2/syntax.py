r"""Segments, fields, escapes: HL7 2.5.1 chapter 2, sections 2.5 to 2.7, as ER7 text.

A message is made of :class:`Segment` and written by :func:`written`; a value is escaped exactly
once, by :func:`escaped`, where it becomes a component. Reading keeps the order: split first, undo
the escapes last, so that an escaped delimiter never splits.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass

from heimdallr.hl7v2.character_sets import CODECS

SEGMENT_END = "\r"
_NAMED = {"\\": "E", "|": "F", "^": "S", "&": "T", "~": "R"}
_ESCAPE = re.compile(r"\\([^\\]{0,64})\\")
_HEX = re.compile(r"X((?:[0-9A-Fa-f]{2})+)")
_SEGMENT_NAME = re.compile(r"[A-Z][A-Z0-9]{2}")
_LEAST_HEADER = 8
_BEFORE_HEADER = b"\xef\xbb\xbf \t\r\n"
"""Byte order mark and blanks."""


class SyntaxFault(ValueError):  # noqa: N818 - an error of the sender's, told as one
    """A message cannot be read at all; the text quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Delimiters:
    """The characters that part a message, as MSH-1 and MSH-2 say."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"


USUAL = Delimiters()


def escaped(text: str) -> str:
    r"""A text as a component (2.7.1): delimiters by name, control characters as ``\Xhh\``.

    So no carriage return ends the segment, and no byte of MLLP's frame stands in a message.
    """
    return "".join(_escape(character) for character in text)


def _escape(character: str) -> str:
    if character in _NAMED:
        return f"\\{_NAMED[character]}\\"
    if character < " " or character == "\x7f":
        return f"\\X{ord(character):02X}\\"
    return character


def unescaped(text: str, delimiters: Delimiters = USUAL) -> str:
    """A component's text; an escape that is not known stays as it is written (2.7)."""
    if delimiters.escape != "\\":
        if "\\" in text:
            return text
        text = text.replace(delimiters.escape, "\\")
    names = {
        "E": delimiters.escape,
        "F": delimiters.field,
        "S": delimiters.component,
        "T": delimiters.subcomponent,
        "R": delimiters.repetition,
        ".br": "\n",
    }

    def meaning(found: re.Match[str]) -> str:
        name = found.group(1)
        if name in names:
            return names[name]
        if octets := _HEX.fullmatch(name):
            return _decoded(bytes.fromhex(octets.group(1)))
        return "" if name in {"H", "N"} else found.group(0)

    return _ESCAPE.sub(meaning, text)


def _decoded(octets: bytes) -> str:
    """Octets written as hexadecimal: senders mean UTF-8 by them, or Latin-1."""
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("latin-1")


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment: its name, and its fields from 1 as they are written (escaped)."""

    name: str
    fields: tuple[str, ...]
    delimiters: Delimiters = USUAL

    def raw(self, number: int) -> str:
        """A field as it is written; empty where the segment ends before it."""
        return self.fields[number - 1] if 0 < number <= len(self.fields) else ""

    def repetitions(self, number: int) -> list[Segment]:
        """The repetitions of a field, each as the field of a segment of its own."""
        parts = self.raw(number).split(self.delimiters.repetition)
        return [Segment(self.name, (part,), self.delimiters) for part in parts if part]

    def text(self, field: int, component: int = 1, subcomponent: int = 1) -> str:
        """What is said at a place of the first repetition, without escapes; empty: nothing.

        ``""`` (two quotation marks) says that a value is to be deleted, which is nothing, too.
        """
        repetition = self.raw(field).split(self.delimiters.repetition)[0]
        parts = repetition.split(self.delimiters.component)
        if component > len(parts):
            return ""
        parts = parts[component - 1].split(self.delimiters.subcomponent)
        if subcomponent > len(parts) or parts[subcomponent - 1] == '""':
            return ""
        return unescaped(parts[subcomponent - 1], self.delimiters).strip()


@dataclass(frozen=True, slots=True)
class Message:
    """A message that was read; the first segment is MSH."""

    segments: tuple[Segment, ...]

    @property
    def header(self) -> Segment:
        """MSH, whose field 1 is the field delimiter."""
        return self.segments[0]

    def all(self, name: str) -> list[Segment]:
        """Every segment of a name, in order."""
        return [one for one in self.segments if one.name == name]

    def first(self, name: str) -> Segment | None:
        """The first segment of a name."""
        return next((one for one in self.segments if one.name == name), None)


def read(content: bytes) -> Message:
    """A message from its bytes, in the character set it declares.

    Raises:
        SyntaxFault: it is no HL7 message, its character set is unknown, or its bytes are not of it.
    """
    declared = _declared_character_set(content)
    codec = CODECS.get(declared.upper())
    if codec is None:
        msg = "MSH-18 declares a character set that is not known here"
        raise SyntaxFault(msg)
    try:
        text = content.decode(codec)
    except UnicodeDecodeError:
        msg = "bytes that are not of the character set declared in MSH-18"
        raise SyntaxFault(msg) from None
    lines = [line for line in re.split(r"\r\n|\r|\n", text) if line.strip()]
    delimiters = _delimiters(lines[0] if lines else "")
    return Message(tuple(_segment(line, delimiters) for line in lines))


def read_answer(content: bytes) -> Message:
    """An answer from its bytes, also where its sender took less care than with messages.

    What decides about a message of ours stands in ASCII. So words in a character set that is not
    declared, or by a name that no table has, cost no answer; nor does a line that is no segment.

    Raises:
        SyntaxFault: it is no HL7 message.
    """
    content = content.lstrip(_BEFORE_HEADER)
    declared = CODECS.get(_declared_character_set(content).upper(), "ascii")
    text = ""
    for codec in (declared, "utf-8", "latin-1"):  # the last has a letter for every byte
        with suppress(UnicodeDecodeError):
            text = content.decode(codec)
            break
    header, *lines = (line for line in re.split(r"\r\n|\r|\n", text) if line.strip())
    delimiters = _delimiters(header)
    found = [line for line in lines if _SEGMENT_NAME.fullmatch(line.split(delimiters.field)[0])]
    return Message(tuple(_segment(line, delimiters) for line in [header, *found]))


def _declared_character_set(content: bytes) -> str:
    header = re.split(rb"[\r\n]", content, maxsplit=1)[0].decode("latin-1")
    delimiters = _delimiters(header)
    return _segment(header, delimiters).text(18)


def _delimiters(header: str) -> Delimiters:
    encoding = header[3:_LEAST_HEADER]
    if not header.startswith("MSH") or len(encoding) < _LEAST_HEADER - 3:
        msg = "it does not begin with MSH and its delimiters"
        raise SyntaxFault(msg)
    if len(set(encoding)) < len(encoding) or any(one.isalnum() for one in encoding):
        msg = "MSH-1 and MSH-2 name no usable delimiters"
        raise SyntaxFault(msg)
    return Delimiters(*encoding)


def _segment(line: str, delimiters: Delimiters) -> Segment:
    name, *fields = line.split(delimiters.field)
    if not _SEGMENT_NAME.fullmatch(name):
        msg = "a line that is no segment"
        raise SyntaxFault(msg)
    if name == "MSH":
        fields = [delimiters.field, *fields]
    return Segment(name, tuple(fields), delimiters)


def segment(name: str, fields: dict[int, str]) -> Segment:
    """A segment of its fields by number, each written (escaped) already; the others are empty."""
    last = max(fields, default=0)
    return Segment(name, tuple(fields.get(number, "") for number in range(1, last + 1)))


def components(*values: str) -> str:
    """Values as the components of a field, each escaped; empty ones at the end are left out."""
    return "^".join(escaped(value) for value in values).rstrip("^")


def written(segments: list[Segment]) -> str:
    """Segments of the usual delimiters as the text of a message, each ended by CR."""
    return "".join(_line(one) + SEGMENT_END for one in segments)


def _line(one: Segment) -> str:
    if one.name == "MSH":
        return "|".join(("MSH", *one.fields[1:])).rstrip("|")
    return "|".join((one.name, *one.fields)).rstrip("|")
