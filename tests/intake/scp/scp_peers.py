"""Peers for the listener's tests: objects to send, and a sender that can misbehave."""

from __future__ import annotations

import shutil
import socket
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filereader import read_file_meta_info
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

    from heimdallr.intake.scp.server import Scp

VERIFICATION = "1.2.840.10008.1.1"
CT = str(CTImageStorage)
EXPLICIT_LE = str(ExplicitVRLittleEndian)
APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"


def program(name: str) -> str:
    """Where a neighbour's program is; skips where it is absent, naming it."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


def write_slice(
    path: Path, study: str, series: str, number: int, *, size: int = 64, seed: int = 1
) -> str:
    """Write a small CT image with noise in it; returns its SOPInstanceUID."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = CTImageStorage
    dataset.SOPInstanceUID = generate_uid(entropy_srcs=[series, str(number)])
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, series
    dataset.Modality, dataset.PatientName, dataset.PatientID = "CT", "TEST^ONE", "T1"
    dataset.StudyDate, dataset.StudyTime, dataset.AccessionNumber = "20260201", "101010", "A1"
    dataset.ReferringPhysicianName = dataset.StudyID = dataset.PatientBirthDate = ""
    dataset.PatientSex, dataset.SeriesNumber, dataset.InstanceNumber = "O", 1, number
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.ImagePositionPatient = [0, 0, float(number)]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing, dataset.SliceThickness, dataset.KVP = [1, 1], 1, 120
    dataset.FrameOfReferenceUID = generate_uid(entropy_srcs=[study])
    dataset.Rows = dataset.Columns = size
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation, dataset.RescaleSlope, dataset.RescaleIntercept = 0, 1, -1024
    pixels = np.random.default_rng([seed, number]).integers(0, 4096, (size, size), dtype=np.uint16)
    dataset.PixelData = pixels.tobytes()
    dataset.save_as(path, enforce_file_format=True)
    return str(dataset.SOPInstanceUID)


def write_series(folder: Path, count: int, *, size: int = 64) -> list[Path]:
    """Write a series of its own study; returns its files."""
    folder.mkdir(parents=True, exist_ok=True)
    study = generate_uid(entropy_srcs=[str(folder)])
    series = generate_uid(entropy_srcs=[str(folder), "series"])
    paths = [folder / f"{number:04d}.dcm" for number in range(1, count + 1)]
    for number, path in enumerate(paths, 1):
        write_slice(path, study, series, number, size=size)
    return paths


def data_set_of(path: Path) -> bytes:
    """The encoded data set of a file: everything behind its meta information."""
    content = path.read_bytes()
    assert content[128:132] == b"DICM"
    (length,) = struct.unpack_from("<I", content, 140)
    return content[144 + length :]


def kept(spool: Path) -> dict[str, Path]:
    """Whole files of the spool by the SOPInstanceUID their meta information gives."""
    files = sorted(spool.glob("*/*.dcm"))
    return {str(read_file_meta_info(path).MediaStorageSOPInstanceUID): path for path in files}


@dataclass
class RawPeer:
    """A DICOM SCU of a few lines that says whatever it is told to.

    Attributes:
        scp: whom to call.
        source: address to call from.
        contexts: proposed (abstract syntax, transfer syntaxes) by context ID.
    """

    scp: Scp
    source: str = "127.0.0.1"
    calling: str = "RAWPEER"
    called: str = "HEIMDALLR"
    contexts: dict[int, tuple[str, list[str]]] = field(
        default_factory=lambda: {1: (CT, [EXPLICIT_LE]), 3: (VERIFICATION, [EXPLICIT_LE])}
    )

    def __post_init__(self) -> None:
        self.socket = socket.create_connection(
            ("127.0.0.1", self.scp.port), timeout=20, source_address=(self.source, 0)
        )
        self.accepted: dict[int, tuple[int, str]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(data)

    def receive(self) -> tuple[int, bytes]:
        """The next PDU's type and content; type 0 when the connection is closed."""
        header = self._exactly(6)
        if len(header) < 6:
            return 0, b""
        kind, length = struct.unpack(">BxI", header)
        return kind, self._exactly(length)

    def associate(self) -> int:
        """Ask for the association; returns the answer's PDU type (2 accepted, 3 rejected)."""
        self.send(self.request())
        kind, content = self.receive()
        at = 68
        while kind == 2 and at + 4 <= len(content):
            item, length = struct.unpack_from(">BxH", content, at)
            if item == 0x21:
                context_id, result = content[at + 4], content[at + 6]
                self.accepted[context_id] = result, content[at + 12 : at + 4 + length].decode()
            at += 4 + length
        return kind

    def request(self) -> bytes:
        """An A-ASSOCIATE-RQ PDU (PS3.8 section 9.3.2)."""
        items = _item(0x10, APPLICATION_CONTEXT.encode())
        for context_id, (abstract, transfers) in self.contexts.items():
            content = bytes((context_id, 0, 0, 0)) + _item(0x30, abstract.encode())
            for transfer in transfers:
                content += _item(0x40, transfer.encode())
            items += _item(0x20, content)
        user = _item(0x51, struct.pack(">I", 16384)) + _item(0x52, b"1.2.3.4")
        items += _item(0x50, user)
        titles = self.called.ljust(16).encode() + self.calling.ljust(16).encode()
        body = struct.pack(">HH", 1, 0) + titles + bytes(32) + items
        return struct.pack(">BxI", 1, len(body)) + body

    def store(self, uid: str, data_set: bytes, *, sop_class: str = CT, context_id: int = 1) -> int:
        """Send a whole C-STORE request; returns the status."""
        self.send(p_data(context_id, 3, store_command(uid, sop_class)))
        for at in range(0, len(data_set), 16000):
            last = 2 if at + 16000 >= len(data_set) else 0
            self.send(p_data(context_id, last, data_set[at : at + 16000]))
        return self.status()

    def status(self) -> int:
        """Status of the next response."""
        kind, content = self.receive()
        assert kind == 4, f"not an answer but PDU {kind}"
        at = 6
        while at < len(content):
            group, element, length = struct.unpack_from("<HHI", content, at)
            if (group, element) == (0, 0x0900):
                return int.from_bytes(content[at + 8 : at + 10], "little")
            at += 8 + length
        msg = "a response without status"
        raise AssertionError(msg)

    def release(self) -> int:
        """Release the association; returns the answer's PDU type (6)."""
        self.send(struct.pack(">BxI", 5, 4) + bytes(4))
        return self.receive()[0]

    def abort(self) -> None:
        """Send A-ABORT."""
        self.send(struct.pack(">BxI", 7, 4) + bytes(4))

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            try:
                more = self.socket.recv(count - len(data))
            except ConnectionError:
                return data
            if not more:
                return data
            data += more
        return data


def p_data(context_id: int, control: int, content: bytes) -> bytes:
    """A P-DATA-TF PDU with one presentation data value."""
    value = struct.pack(">IBB", len(content) + 2, context_id, control) + content
    return struct.pack(">BxI", 4, len(value)) + value


def store_command(uid: str, sop_class: str = CT, *, message_id: int = 7) -> bytes:
    """An encoded C-STORE-RQ command set."""
    body = b"".join(
        struct.pack("<HHI", 0, element, len(value)) + value
        for element, value in (
            (0x0002, _even(sop_class)),
            (0x0100, b"\x01\x00"),
            (0x0110, struct.pack("<H", message_id)),
            (0x0700, b"\x00\x00"),
            (0x0800, b"\x00\x00"),
            (0x1000, _even(uid)),
        )
    )
    return struct.pack("<HHII", 0, 0, 4, len(body)) + body


def _item(kind: int, content: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(content)) + content


def _even(text: str) -> bytes:
    return (text + "\0" * (len(text) % 2)).encode()
