"""Writes received objects to the spool, durably, and decides their C-STORE status."""

from __future__ import annotations

import os
import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pynetdicom import PYNETDICOM_IMPLEMENTATION_UID

from heimdallr.intake.scp.commands import MISMATCH, OUT_OF_RESOURCES, SUCCESS, is_uid
from heimdallr.intake.scp.fault import PeerFault
from heimdallr.intake.spool import SAFE, open_batch

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.config import Settings
    from heimdallr.intake.spool import Batch, Origin

_LOOK_EVERY = 1 << 26
"""Bytes of one object after which the free space is looked at again."""

_MODE = 0o640


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on what is stored, and whether it is synced before the answer.

    Attributes:
        reserve_bytes: free space below which nothing more is taken.
        most_bytes: of one object.
        sync: bring every file to the disk before its sender is told that it is safe.
    """

    reserve_bytes: int
    most_bytes: int
    sync: bool

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """The limits these settings make."""
        return cls(
            reserve_bytes=int(settings.disk_reserve_gb * 1e9),
            most_bytes=int(settings.max_object_gb * 1e9),
            sync=settings.receive_sync,
        )


@dataclass(frozen=True, slots=True)
class Header:
    """What a file's meta information says of it (PS3.10 section 7.1), beside who sent it."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str


class Arrival(Protocol):
    """An object on its way in."""

    def write(self, piece: bytes | memoryview) -> None:
        """Take the next piece of its data set.

        Raises:
            PeerFault: the object is larger than any may be.
        """

    def finish(self) -> int:
        """Say that it is whole; returns the C-STORE status, success only when it is safe."""

    def discard(self) -> None:
        """Say that the rest of it will not come: nothing is left of it."""


class Reception:
    """What one association sends: a batch of the spool, begun with its first object.

    Used by one thread at a time.
    """

    def __init__(self, spool: Path, origin: Origin, limits: Limits) -> None:
        self.origin = origin
        self.limits = limits
        self.stored = 0
        self._spool = spool
        self._batch: Batch | None = None
        self._begun = 0

    def begin(self, header: Header) -> Arrival:
        """Make ready for an object; it is refused already where it cannot be kept."""
        if not (is_uid(header.sop_class_uid) and is_uid(header.sop_instance_uid)):
            return Refused(self, MISMATCH)
        try:
            if self.is_short_of_space():
                return Refused(self, OUT_OF_RESOURCES)
            if self._batch is None:
                self._batch = open_batch(self._spool, self.origin)
            self._begun += 1
            return Kept(self, self._batch, self._begun, file_meta(header, self.origin))
        except OSError:
            return Refused(self, OUT_OF_RESOURCES)

    @property
    def folder(self) -> Path | None:
        """Its batch while it is being written; ``None`` where nothing was kept."""
        return self._batch.folder if self._batch else None

    def end(self, *, released: bool) -> None:
        """Say how the association ended.

        Raises:
            OSError: the folder cannot be written.
        """
        if self._batch is not None:
            self._batch.end("released" if released else "aborted")
            self._batch = None

    def is_short_of_space(self) -> bool:
        """Whether less is free than is to be kept free.

        Raises:
            OSError: the folder is not there.
        """
        disk = os.statvfs(self._spool)
        return disk.f_bavail * disk.f_frsize < self.limits.reserve_bytes


class Refused:
    """An object that is read to its end, so that its sender can be told why it is not kept."""

    def __init__(self, reception: Reception, status: int) -> None:
        self._reception = reception
        self._status = status
        self._size = 0

    def write(self, piece: bytes | memoryview) -> None:
        """Drop a piece; see :class:`Arrival`."""
        self._size += len(piece)
        _bound(self._size, self._reception.limits)

    def finish(self) -> int:
        """The status; see :class:`Arrival`."""
        return self._status

    def discard(self) -> None:
        """Nothing to do; see :class:`Arrival`."""


class Kept:
    """An object being written into its batch; refused after all when the disk says so.

    Raises:
        OSError: its file cannot be begun.
    """

    def __init__(self, reception: Reception, batch: Batch, number: int, meta: bytes) -> None:
        self._reception = reception
        self._batch = batch
        self._part = batch.part(number)
        self._size = 0
        self._look_at = _LOOK_EVERY
        self._status = SUCCESS
        self._file = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
        try:
            _write(self._file, memoryview(meta))
        except OSError:
            self.discard()
            raise

    def write(self, piece: bytes | memoryview) -> None:
        """Append a piece; see :class:`Arrival`."""
        self._size += len(piece)
        _bound(self._size, self._reception.limits)
        if self._file < 0:
            return
        try:
            _write(self._file, memoryview(piece))
            if self._size >= self._look_at:
                self._look_at += _LOOK_EVERY
                if self._reception.is_short_of_space():
                    self._give_up()
        except OSError:
            self._give_up()

    def finish(self) -> int:
        """Make it durable; see :class:`Arrival`."""
        if self._file < 0:
            return self._status
        sync = self._reception.limits.sync
        try:
            if sync:
                self._batch.keep_synced(self._part, self._file)
            else:
                self._batch.keep(self._part, sync=False)
            self._close()
        except OSError:
            self._give_up()
            return self._status
        self._reception.stored += 1
        return SUCCESS

    def discard(self) -> None:
        """Remove what there is; see :class:`Arrival`."""
        with suppress(OSError):
            self._close()
        for name in (self._part, self._part.with_suffix(SAFE)):
            with suppress(OSError):
                name.unlink(missing_ok=True)

    def _close(self) -> None:
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)

    def _give_up(self) -> None:
        self._status = OUT_OF_RESOURCES
        self.discard()


def file_meta(header: Header, origin: Origin) -> bytes:
    """Preamble, prefix and meta information group of a received file (PS3.10 section 7.1)."""
    elements = [
        _long(0x0001, b"OB", b"\x00\x01"),
        _short(0x0002, b"UI", header.sop_class_uid),
        _short(0x0003, b"UI", header.sop_instance_uid),
        _short(0x0010, b"UI", header.transfer_syntax_uid),
        _short(0x0012, b"UI", PYNETDICOM_IMPLEMENTATION_UID),
        _short(0x0013, b"SH", "HEIMDALLR"),
        _short(0x0016, b"AE", origin.called_ae),
        _short(0x0017, b"AE", origin.calling_ae),
        _short(0x0018, b"AE", origin.called_ae),
    ]
    group = b"".join(elements)
    length = struct.pack("<HH2sHI", 2, 0, b"UL", 4, len(group))
    return bytes(128) + b"DICM" + length + group


def _short(number: int, vr: bytes, text: str) -> bytes:
    value = text.encode("ascii")
    value += (b"\0" if vr == b"UI" else b" ") * (len(value) % 2)
    return struct.pack("<HH2sH", 2, number, vr, len(value)) + value


def _long(number: int, vr: bytes, value: bytes) -> bytes:
    return struct.pack("<HH2sHI", 2, number, vr, 0, len(value)) + value


def _write(file: int, piece: memoryview) -> None:
    while piece:
        piece = piece[os.write(file, piece) :]


def _bound(size: int, limits: Limits) -> None:
    if size > limits.most_bytes:
        msg = "an object larger than any may be"
        raise PeerFault(msg)
