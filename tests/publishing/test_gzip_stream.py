"""Pieces compressed apart make one gzip stream."""

from __future__ import annotations

import gzip
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heimdallr.publishing.gzip_stream import (
    CHUNK_BYTES,
    FLUSHED,
    HEADER,
    ZERO_BLOCK_BYTES,
    assemble,
    compress,
    expand,
    zeros,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor


@pytest.fixture(scope="module")
def pool() -> Iterator[Executor]:
    """Two threads."""
    with ThreadPoolExecutor(2) as threads:
        yield threads


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


@pytest.mark.parametrize(
    "parts",
    [
        (b"",),
        (b"header", bytes(CHUNK_BYTES), b"tail"),
        (b"header", np.random.default_rng(1).bytes(70_000), bytes(5)),
        (bytes(CHUNK_BYTES), bytes(CHUNK_BYTES)),
    ],
    ids=["empty", "an empty chunk", "noise", "empty chunks"],
)
def test_pieces_are_expanded_side_by_side(
    parts: tuple[bytes, ...], pool: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written in pieces never goes through the reader of whole files."""
    packed = b"".join(assemble(map(compress, parts)))
    assert gzip.decompress(packed) == b"".join(parts)
    monkeypatch.delattr(gzip, "decompress")
    assert expand(packed, pool) == b"".join(parts)


def test_a_mark_by_chance_costs_time_only(pool: Executor) -> None:
    """Bytes that no compressor can shrink stand in the stream as they are, marks and all."""
    plain = (np.random.default_rng(2).bytes(300) + FLUSHED) * 20
    stored = zlib.compressobj(0, zlib.DEFLATED, -zlib.MAX_WBITS)
    as_it_is = stored.compress(plain) + stored.flush(zlib.Z_FULL_FLUSH)
    piece = replace(compress(plain), compressed=as_it_is)
    packed = b"".join(assemble([compress(b"head"), piece, compress(b"tail")]))
    assert packed.count(FLUSHED) > 20
    assert expand(packed, pool) == b"head" + plain + b"tail"


def test_files_of_others_are_expanded_too(pool: Executor) -> None:
    """One deflate stream, two members."""
    assert expand(gzip.compress(b"one"), pool) == b"one"
    assert expand(gzip.compress(b"one") + gzip.compress(b"two"), pool) == b"onetwo"


def test_damage_is_an_error(pool: Executor) -> None:
    """A byte that changed, in the voxels or in the checksum; a file that was cut."""
    packed = b"".join(assemble(map(compress, (b"head", b"liver" * 999, b"tail"))))
    for at in (15, 30, len(packed) - 6):
        changed = packed[:at] + bytes([packed[at] ^ 255]) + packed[at + 1 :]
        with pytest.raises((OSError, EOFError, zlib.error)):
            expand(changed, pool)
    with pytest.raises((OSError, EOFError, zlib.error)):
        expand(packed[:-20], pool)
