"""Pieces compressed apart make one gzip stream."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heimdallr.publishing.gzip_stream import (
    HEADER,
    ZERO_BLOCK_BYTES,
    assemble,
    combine_crc,
    compress,
    zeros,
)


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_the_crc_of_two_strings_follows_from_theirs(first: bytes, second: bytes) -> None:
    """The arithmetic agrees with zlib reading the two in a row."""
    combined = combine_crc(zlib.crc32(first), zlib.crc32(second), len(second))
    assert combined == zlib.crc32(first + second)


@pytest.mark.parametrize("length", [0, 1, 7, ZERO_BLOCK_BYTES, 3 * ZERO_BLOCK_BYTES + 12345])
def test_a_run_of_zeros_is_what_it_says(length: int) -> None:
    """Any length: the plain bytes and the checksum are those of so many zeros."""
    piece = zeros(length)
    plain = zlib.decompressobj(-zlib.MAX_WBITS).decompress(piece.compressed)
    assert plain == bytes(length)
    assert piece.crc == zlib.crc32(bytes(length))
    assert piece.length == length


@given(st.lists(st.one_of(st.binary(max_size=200), st.integers(0, 5000)), max_size=8))
def test_a_stream_of_any_pieces_is_read_back(content: list[bytes | int]) -> None:
    """Python's own gzip reads data and runs of zeros in any order, checksum included."""
    pieces = [zeros(part) if isinstance(part, int) else compress(part) for part in content]
    plain = b"".join(bytes(part) if isinstance(part, int) else part for part in content)
    assert gzip.decompress(b"".join(assemble(pieces))) == plain


def test_the_stream_is_one_member() -> None:
    """Browsers stop reading at the end of the first member, so there is only one."""
    stream = b"".join(assemble([compress(b"left"), zeros(99), compress(b"right")]))
    reader = zlib.decompressobj(16 + zlib.MAX_WBITS)
    assert reader.decompress(stream) == b"left" + bytes(99) + b"right"
    assert reader.eof
    assert reader.unused_data == b""
    assert stream.startswith(HEADER)
