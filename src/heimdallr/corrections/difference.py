"""The changed voxels of label maps: how they are written, checked, applied and taken back.

A difference holds, for each label map that changed, *runs* of consecutive voxels with the label
they had and the label they have now. With both, an earlier map follows from a later one, and a map
that is not the one the difference was made on is noticed.

Voxels are counted along I (fastest), J, K of the RAS+ volume: ``i + I·(j + J·k)``. The file is one
gzip member::

    8 bytes   HDLRDIF1
    uint32    length of the header, then the header, UTF-8 JSON:
              {"shape": [I, J, K], "maps": [{"name": "total", "runs": N}, …]}
    per map   N starts and N lengths as uint32, N labels before and N after as uint8

All numbers are little endian. Runs ascend and do not overlap.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import math
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, NoReturn

import numpy as np
from pydantic import BaseModel, Field, PositiveInt, ValidationError

from heimdallr.domain.errors import CorrectionError, OtherBaseError
from heimdallr.domain.statements import Statement
from heimdallr.publishing.schema import LABELS_FOLDER
from heimdallr.publishing.strict_record import STRICT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from heimdallr.imaging.volume import Array

MAGIC = b"HDLRDIF1"
LARGEST_BYTES = 256 << 20
"""Of a difference before it is packed; so many runs are 26 million, each of ten bytes."""
_LARGEST_HEADER_BYTES = 1 << 16
_RUN_BYTES = 10
_GZIP_LEVEL = 6
_CHUNK_VOXELS = 1 << 22
"""Voxels that are looked at together: their indices take 32 MB."""

Shape = tuple[int, int, int]


class _Record(BaseModel):
    model_config = STRICT


class _MapHeader(_Record):
    name: Annotated[str, Field(min_length=1, max_length=100)]
    runs: Annotated[int, Field(ge=0)]


class _Header(_Record):
    shape: tuple[PositiveInt, PositiveInt, PositiveInt]
    maps: Annotated[list[_MapHeader], Field(max_length=256)]


@dataclass(frozen=True, slots=True)
class Runs:
    """Changed voxels of one label map, as (N,) arrays.

    Attributes:
        starts: first voxel of each run, ascending.
        lengths: voxels of each run, at least 1.
        before: label that all of a run's voxels had.
        after: label that they have now, another one.
    """

    starts: Array
    lengths: Array
    before: Array
    after: Array

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def voxels(self) -> int:
        """How many voxels changed."""
        return int(self.lengths.sum(dtype=np.int64))

    @property
    def labels(self) -> set[int]:
        """The labels that voxels have now; 0 where one has none any more."""
        return set(np.unique(self.after).tolist())


@dataclass(frozen=True, slots=True)
class Difference:
    """Changed voxels of one or several label maps of a case.

    Attributes:
        shape: voxels of the volume along R, A, S.
        maps: name of a label map → its runs; only maps that changed.
    """

    shape: Shape
    maps: Mapping[str, Runs]

    @classmethod
    def read(cls, packed: bytes) -> Difference:
        """A difference as it came over the wire or lies in a case folder.

        Raises:
            CorrectionError: it is none; nothing in it is believed unchecked.
        """
        plain = memoryview(_unpacked(packed))
        header, place = _header(plain)
        expected = place + _RUN_BYTES * sum(one.runs for one in header.maps)
        if len(plain) != expected:
            _refuse("length")
        maps: dict[str, Runs] = {}
        for one in header.maps:
            if one.name in maps:
                _refuse("map")
            end = place + _RUN_BYTES * one.runs
            maps[one.name] = _sound(_runs(plain[place:end], one.runs), header.shape)
            place = end
        return cls(header.shape, {name: runs for name, runs in maps.items() if len(runs)})

    def pack(self) -> bytes:
        """The file's bytes; equal differences give equal ones."""
        header = _Header(
            shape=self.shape,
            maps=[_MapHeader(name=name, runs=len(runs)) for name, runs in self.maps.items()],
        )
        text = json.dumps(header.model_dump(mode="json"), separators=(",", ":")).encode()
        parts = [MAGIC, struct.pack("<L", len(text)), text]
        for runs in self.maps.values():
            parts += [np.asarray(one, "<u4").tobytes() for one in (runs.starts, runs.lengths)]
            parts += [np.asarray(one, np.uint8).tobytes() for one in (runs.before, runs.after)]
        return gzip.compress(b"".join(parts), _GZIP_LEVEL, mtime=0)

    @property
    def reversed(self) -> Difference:
        """What takes it back."""
        return Difference(self.shape, {name: reverse(runs) for name, runs in self.maps.items()})

    def check(self, shape: Shape, labels: Mapping[str, Collection[int]]) -> None:
        """Refuse what does not fit a case, before any voxel of it is looked at.

        Args:
            shape: of the case's volume.
            labels: label map → numbers that have a name there.

        Raises:
            CorrectionError: it has another shape, a map or a label that the case does not know, or
                changes nothing.
        """
        if not self.maps:
            raise CorrectionError(Statement("correction_changes_nothing"))
        if self.shape != shape:
            raise CorrectionError(
                Statement(
                    "difference_of_other_shape",
                    {"shape": _times(self.shape), "expected": _times(shape)},
                )
            )
        for name, runs in self.maps.items():
            if name not in labels:
                raise CorrectionError(Statement("difference_of_unknown_map", {"name": name}))
            if unknown := runs.labels.difference(labels[name], {0}):
                raise CorrectionError(
                    Statement("difference_of_unknown_label", {"name": name, "label": min(unknown)})
                )


def labels_version(folder: Path) -> str:
    """The base: a token of a case folder's label maps, equal where name by name they are equal.

    Returns:
        32 hexadecimal digits of a SHA-256 over the names and bytes of ``labels/*.nii.gz``.
    """
    digest = hashlib.sha256()
    for path in sorted((folder / LABELS_FOLDER).glob("*.nii.gz")):
        content = path.read_bytes()
        digest.update(f"{path.name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:32]


def between(name: str, before: Array, after: Array) -> Runs:
    """The voxels in which two label maps differ.

    Args:
        name: of the map, for the error.
        before: (I, J, K) labels, uint8.
        after: likewise, on the same grid.

    Raises:
        ValueError: they are not on one grid.
    """
    if before.shape != after.shape:
        msg = f"two maps {name} of {before.shape} and {after.shape} voxels cannot be compared"
        raise ValueError(msg)
    plane = math.prod(before.shape[:2])
    found = [
        np.flatnonzero(differs.ravel(order="F")) + k * plane
        for k in range(before.shape[2])
        if (differs := before[:, :, k] != after[:, :, k]).any()
    ]
    where = np.concatenate(found) if found else np.zeros(0, np.int64)
    i, j, k = np.unravel_index(where, before.shape, order="F")
    return between_voxels(where, before[i, j, k], after[i, j, k])


def apply(labels: Array, runs: Runs) -> Array:
    """A label map with a difference in it.

    Args:
        labels: (I, J, K) labels, uint8; left as they are.
        runs: made on this very map.

    Returns:
        (I, J, K) in Fortran order.

    Raises:
        OtherBaseError: a voxel does not have the label that the difference says it had.
    """
    changed = np.array(labels, order="F")
    flat = changed.reshape(-1, order="F")
    for where, before, after in _pieces(runs):
        if not np.array_equal(flat[where], before):
            raise OtherBaseError(Statement("correction_of_other_base"))
        flat[where] = after
    return changed


def reverse(runs: Runs) -> Runs:
    """What takes runs back."""
    return Runs(runs.starts, runs.lengths, before=runs.after, after=runs.before)


def composed(steps: Sequence[Runs]) -> Runs:
    """Changes of one label map that followed each other, at least one, as a single change.

    Voxels that have become what they were are in it no more.
    """
    steps = [runs for runs in steps if len(runs)] or steps[:1]
    if len(steps) == 1:
        return steps[0]
    pieces = [piece for runs in steps for piece in voxels_of(runs)]
    where, before, after = (np.concatenate(column) for column in zip(*pieces, strict=True))
    voxels, first = np.unique(where, return_index=True)
    last = len(where) - 1 - np.unique(where[::-1], return_index=True)[1]
    was, now = before[first], after[last]
    own = was != now
    return between_voxels(voxels[own], was[own], now[own])


def voxels_of(runs: Runs) -> Iterator[tuple[Array, Array, Array]]:
    """The changed voxels, piece by piece: flat index, label before, label now."""
    return _pieces(runs)


def _pieces(runs: Runs) -> Iterator[tuple[Array, Array, Array]]:
    """Voxel by voxel, some million at a time, so that memory does not grow with what is told."""
    ends = np.cumsum(runs.lengths, dtype=np.int64)
    total = int(ends[-1]) if len(runs) else 0
    for begin in range(0, total, _CHUNK_VOXELS):
        stop = min(begin + _CHUNK_VOXELS, total)
        first, last = np.searchsorted(ends, (begin, stop - 1), side="right").tolist()
        some = slice(first, last + 1)
        lengths = runs.lengths[some].astype(np.int64)
        behind = ends[some] - lengths
        low, high = np.maximum(behind, begin), np.minimum(ends[some], stop)
        counts = high - low
        starts = runs.starts[some].astype(np.int64) + low - behind
        where = np.repeat(starts - (low - begin), counts) + np.arange(stop - begin)
        yield where, np.repeat(runs.before[some], counts), np.repeat(runs.after[some], counts)


def between_voxels(where: Array, before: Array, after: Array) -> Runs:
    """Changed voxels as runs: flat indices in ascending order, labels before and now."""
    if not len(where):
        nothing = np.zeros(0, np.uint32)
        return Runs(nothing, nothing, np.zeros(0, np.uint8), np.zeros(0, np.uint8))
    new = np.ones(len(where), bool)
    new[1:] = (np.diff(where) != 1) | (before[1:] != before[:-1]) | (after[1:] != after[:-1])
    first = np.flatnonzero(new)
    return Runs(
        starts=where[first].astype(np.uint32),
        lengths=np.diff(first, append=len(where)).astype(np.uint32),
        before=before[first].astype(np.uint8),
        after=after[first].astype(np.uint8),
    )


def _unpacked(packed: bytes) -> bytes:
    """One gzip member's content, no more of it than a difference may have."""
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        plain = unpacker.decompress(packed, LARGEST_BYTES + 1)
    except zlib.error:
        _refuse("gzip")
    if len(plain) > LARGEST_BYTES:
        limit = LARGEST_BYTES >> 20
        raise CorrectionError(Statement("difference_too_large", {"megabytes": limit}))
    if not unpacker.eof or unpacker.unused_data:
        _refuse("gzip")
    return plain


def _header(plain: memoryview) -> tuple[_Header, int]:
    """The header, and where the runs begin."""
    begin = len(MAGIC) + 4
    if bytes(plain[: len(MAGIC)]) != MAGIC or len(plain) < begin:
        _refuse("magic")
    (length,) = struct.unpack("<L", plain[len(MAGIC) : begin])
    if length > _LARGEST_HEADER_BYTES:
        _refuse("header")
    try:
        header = _Header.model_validate_json(bytes(plain[begin : begin + length]))
    except ValidationError:
        _refuse("header")
    return header, begin + length


def _runs(plain: memoryview, count: int) -> Runs:
    numbers = np.frombuffer(plain[: 8 * count], "<u4").astype(np.uint32)
    labels = np.frombuffer(plain[8 * count :], np.uint8)
    return Runs(numbers[:count], numbers[count:], labels[:count], labels[count:])


def _sound(runs: Runs, shape: Shape) -> Runs:
    """Refuse runs that are empty, overlap, leave the volume or change nothing."""
    starts, lengths = runs.starts.astype(np.int64), runs.lengths.astype(np.int64)
    ends = starts + lengths
    if (lengths < 1).any() or (runs.before == runs.after).any():
        _refuse("run")
    if (ends[:-1] > starts[1:]).any() or (ends[-1:] > math.prod(shape)).any():
        _refuse("run")
    return runs


def _refuse(part: str) -> NoReturn:
    raise CorrectionError(Statement("difference_damaged", {"part": part})) from None


def _times(shape: Shape) -> str:
    return "×".join(map(str, shape))
