"""Read the files of a ``multipart/form-data`` body (RFC 7578) while they arrive.

Nothing is kept: a part's bytes go to whoever was asked for them, other fields are passed over.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from heimdallr.web.http.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable

FORM_BYTES = 64 * 1024
"""What a form may have beside its files: boundaries, headers, other fields, and what is between."""
_LABEL_LENGTH = 128
_FURTHER_FIELDS = 16


class MalformedFormError(Problem):
    """The body is no form with whole files."""

    def __init__(self, detail: str) -> None:
        super().__init__(400, detail, code="malformed_form")


class FilesOfForm:
    """Feeds the bytes of each file of one field to whoever takes them.

    Args:
        content_type: the request's header.
        field: the field's name.
        begin: called with the client's own name of each file, printable and short, never a path;
            returns what takes its bytes, in order.
        most: files there may be.

    Raises:
        MalformedFormError: the body is no multipart form.
    """

    def __init__(
        self,
        content_type: str,
        field: str,
        begin: Callable[[str], Callable[[bytes], None]],
        most: int,
    ) -> None:
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        if kind != b"multipart/form-data" or not boundary:
            msg = f"the body has to be multipart/form-data with a field named {field}"
            raise MalformedFormError(msg)
        self.complete = 0
        """How many files have come to their end."""
        self._field, self._begin, self._most = field, begin, most
        self._write: Callable[[bytes], None] | None = None
        self._around = self._found = self._parts = 0
        self._header_name, self._header_value = bytearray(), bytearray()
        self._disposition = b""
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._on_part_begin,
                    "on_header_field": self._on_header_field,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._on_header_end,
                    "on_headers_finished": self._on_headers_finished,
                    "on_part_data": self._on_part_data,
                    "on_part_end": self._on_part_end,
                },
            )
        except FormParserError as error:
            msg = "the boundary of the form is malformed"
            raise MalformedFormError(msg) from error

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the body.

        Raises:
            MalformedFormError: the form is malformed or holds too many files.
            Problem: 413, there is too much beside the files.
            OSError: what takes the bytes raises it.
        """
        self._around += len(data)
        try:
            self._parser.write(data)
        except FormParserError as error:
            msg = "the form is malformed"
            raise MalformedFormError(msg) from error
        if self._around > FORM_BYTES:
            raise Problem(413, f"beside its files the form holds more than {FORM_BYTES} bytes")

    def finish(self) -> None:
        """The body has ended.

        Raises:
            MalformedFormError: there was no file in it, or one is not whole.
        """
        if not self._found:
            msg = f"the form has no field named {self._field} that holds a file"
            raise MalformedFormError(msg)
        if self.complete < self._found:
            msg = "the form ends in the middle of its file"
            raise MalformedFormError(msg)

    def _on_part_begin(self) -> None:
        self._parts += 1
        if self._parts > self._most + _FURTHER_FIELDS:
            msg = "the form has too many fields"
            raise MalformedFormError(msg)
        self._disposition = b""

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _on_header_end(self) -> None:
        if bytes(self._header_name).lower() == b"content-disposition":
            self._disposition = bytes(self._header_value)
        self._header_name.clear()
        self._header_value.clear()

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        if options.get(b"name") != self._field.encode() or b"filename" not in options:
            return
        if self._found == self._most:
            at_most = "send one at a time" if self._most == 1 else f"send {self._most} at most"
            msg = f"the form holds several files; {at_most}"
            raise MalformedFormError(msg)
        self._found += 1
        self._write = self._begin(_label(options[b"filename"]))

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._write is not None:
            self._around -= end - start
            self._write(data[start:end])

    def _on_part_end(self) -> None:
        if self._write is not None:
            self.complete += 1
        self._write = None


class FileOfForm(FilesOfForm):
    """Feeds the bytes of the one file, in the field ``file``, to ``write``.

    Args:
        content_type: the request's header.
        write: takes the file's bytes, in order.

    Raises:
        MalformedFormError: the body is no multipart form.
    """

    def __init__(self, content_type: str, write: Callable[[bytes], None]) -> None:
        self.label = ""
        """The client's own name of the file, for its answer; never a path."""

        def begin(label: str) -> Callable[[bytes], None]:
            self.label = label
            return write

        super().__init__(content_type, "file", begin, most=1)


def _label(name: bytes) -> str:
    """The last element of a client's file name, printable and short."""
    last = re.split(r"[\\/]", name.decode("utf-8", "replace"))[-1]
    return "".join(sign for sign in last if sign.isprintable())[:_LABEL_LENGTH]
