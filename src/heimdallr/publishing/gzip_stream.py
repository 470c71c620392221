"""One gzip stream, put together from pieces that were compressed apart.

A deflate stream may be cut at any *full flush*: what follows does not look back, and starts on a
byte. So pieces can be compressed by different threads, or not at all: a run of zeros, of which a
mask mostly consists, compresses to a constant that is made once. What binds the pieces is the
checksum of the trailer, and the CRC-32 of two pieces follows from theirs.

The result is a *single* gzip member. Several members in a row would be legal too, but browsers'
``DecompressionStream`` stops after the first one.

Source: RFC 1951 (deflate), RFC 1952 (gzip).
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from functools import lru_cache
from gzip import BadGzipFile
from typing import TYPE_CHECKING

from isal import igzip, isal_zlib

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Executor

HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""gzip header without name or time, so that equal content gives equal files."""

FINAL_BLOCK = b"\x03\x00"
"""The empty final deflate block."""

FLUSHED = b"\x00\x00\xff\xff"
"""What a full flush ends with."""

ZERO_BLOCK_BYTES = 1 << 20
CHUNK_BYTES = 4 << 20
_LEVEL = 2
"""Of ISA-L's four. CT volumes and masks become as small as with zlib's 1, in a fourth and a
thirtieth of the time."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a gzip stream.

    Attributes:
        compressed: deflate blocks ending in a full flush.
        crc: CRC-32 of the plain bytes.
        length: number of plain bytes.
    """

    compressed: bytes
    crc: int
    length: int


class RawCompressor:
    """Deflate blocks without any header of their own, cut where one likes."""

    def __init__(self) -> None:
        self._deflate = isal_zlib.compressobj(_LEVEL, wbits=-isal_zlib.MAX_WBITS)

    def piece(self, plain: bytes | memoryview) -> Piece:
        """Plain bytes as a piece that can stand anywhere in a stream."""
        compressed = self._deflate.compress(plain)
        compressed += self._deflate.flush(isal_zlib.Z_FULL_FLUSH)
        return Piece(compressed, isal_zlib.crc32(plain), len(plain))


def chunks(plain: memoryview) -> list[memoryview]:
    """Plain bytes, cut into what one thread compresses at a time."""
    return [plain[start : start + CHUNK_BYTES] for start in range(0, len(plain), CHUNK_BYTES)]


def compress(plain: bytes | memoryview) -> Piece:
    """Plain bytes as a piece that can stand anywhere in a stream."""
    return RawCompressor().piece(plain)


def zeros(length: int) -> Piece:
    """The piece that stands for ``length`` zero bytes; costs next to nothing for any length."""
    blocks, rest = divmod(length, ZERO_BLOCK_BYTES)
    compressed = _zero_block(ZERO_BLOCK_BYTES) * blocks + _zero_block(rest)
    # The register starts as all ones, takes in the zeros, and is inverted at the end.
    crc = isal_zlib.crc32_combine(0xFFFFFFFF, 0, length) ^ 0xFFFFFFFF
    return Piece(compressed, crc, length)


@lru_cache(maxsize=1024)
def _zero_block(length: int) -> bytes:
    return compress(bytes(length)).compressed


def expand(packed: bytes, pool: Executor) -> bytes:
    """The plain bytes of a gzip file.

    Of a file that was written here the pieces are expanded side by side: each ends in a full flush,
    which leaves its mark, and needs nothing of those before it. The same mark by chance, amid a
    piece, shows in the checksum; such files, and those of others, are expanded in a row.

    Raises:
        OSError, EOFError: it is no gzip file, or damaged.
    """
    plain: bytes | None = None
    if packed.startswith(HEADER) and packed.endswith(FINAL_BLOCK, 0, -8):
        plain = _expand_pieces(memoryview(packed), pool)
    try:
        return igzip.decompress(packed) if plain is None else plain
    except isal_zlib.error as error:
        raise BadGzipFile(str(error)) from error


def _expand_pieces(packed: memoryview, pool: Executor) -> bytes | None:
    """The plain bytes of pieces; ``None`` where a mark was none, or the file is damaged."""
    body = packed[len(HEADER) : len(packed) - len(FINAL_BLOCK) - 8]
    ends = [found.end() for found in re.finditer(re.escape(FLUSHED), body)]
    if not ends or ends[-1] != len(body):
        return None
    starts = [0, *ends[:-1]]
    try:
        parts = list(pool.map(_expanded, (body[a:b] for a, b in zip(starts, ends, strict=True))))
    except isal_zlib.error:
        return None
    crc = length = 0
    for plain, part_crc in parts:
        crc = isal_zlib.crc32_combine(crc, part_crc, len(plain))
        length += len(plain)
    if struct.pack("<LL", crc, length & 0xFFFFFFFF) != packed[-8:]:
        return None
    return b"".join(plain for plain, _ in parts)


def _expanded(compressed: memoryview) -> tuple[bytes, int]:
    """A piece's plain bytes and their CRC-32; most of a label map of lesions is empty."""
    empty = _empty_chunk()
    if compressed == empty.compressed:
        return bytes(empty.length), empty.crc
    inflate = isal_zlib.decompressobj(-isal_zlib.MAX_WBITS)
    plain = inflate.decompress(compressed)  # it has no final block
    return plain, isal_zlib.crc32(plain)


@lru_cache(maxsize=1)
def _empty_chunk() -> Piece:
    return compress(bytes(CHUNK_BYTES))


def assemble(pieces: Iterable[Piece]) -> Iterator[bytes]:
    """The gzip file of the pieces in this order, as chunks to write."""
    yield HEADER
    crc = length = 0
    for piece in pieces:
        crc = isal_zlib.crc32_combine(crc, piece.crc, piece.length)
        length += piece.length
        yield piece.compressed
    yield FINAL_BLOCK + struct.pack("<LL", crc, length & 0xFFFFFFFF)
