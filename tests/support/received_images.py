"""Tiny images as a modality sends them, and batches of the spool that hold them."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from heimdallr.clock import utc_now
from heimdallr.intake.spool import Batch, Origin, open_batch

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

ROOT = "1.2.826.0.1.3680043.10.1"
START = datetime(2026, 2, 1, 12, tzinfo=timezone.utc)

ONE: dict[str, object] = {
    "PatientName": "PERSON^ONE", "PatientID": "A-1", "PatientBirthDate": "19400101",
    "PatientSex": "F",
}  # fmt: skip
TWO: dict[str, object] = {
    "PatientName": "PERSON^TWO", "PatientID": "B-2", "PatientBirthDate": "20150101",
    "PatientSex": "M",
}  # fmt: skip
"""Two people whose images may come under one StudyInstanceUID."""


@dataclass
class FakeClock:
    """Clocks that stand still until they are moved; the wall clock may also be set."""

    wall: datetime = START
    passed: float = 100.0

    def now(self) -> datetime:
        """The wall clock."""
        return self.wall

    def monotonic(self) -> float:
        """Seconds that passed."""
        return self.passed

    def pass_s(self, seconds: float) -> None:
        """Let time pass."""
        self.wall += timedelta(seconds=seconds)
        self.passed += seconds

    def set_by_s(self, seconds: float) -> None:
        """Set the wall clock forward or back, while no time passes."""
        self.wall += timedelta(seconds=seconds)


@dataclass
class Image:
    """One small CT slice; ``tags`` adds or overrides elements, ``None`` takes one away."""

    study: int = 1
    series: int = 1
    number: int = 1
    content: int = 0
    tags: dict[str, object] = field(default_factory=dict)
    announced: dict[str, object] = field(default_factory=dict)

    @property
    def study_uid(self) -> str:
        """StudyInstanceUID."""
        return f"{ROOT}.{self.study}"

    @property
    def uid(self) -> str:
        """SOPInstanceUID."""
        return f"{self.study_uid}.{self.series}.{self.number}"

    def dataset(self) -> Dataset:
        """The data set with its file meta group."""
        one = Dataset()
        one.SOPClassUID, one.SOPInstanceUID = CTImageStorage, self.uid
        one.StudyInstanceUID = self.study_uid
        one.SeriesInstanceUID = f"{self.study_uid}.{self.series}"
        one.PatientName, one.PatientID = f"SILVA^MARÍA {self.study}", f"P{self.study}"
        one.SpecificCharacterSet = "ISO_IR 192"
        one.PatientBirthDate, one.PatientSex = "19600201", "F"
        one.StudyDate, one.StudyTime = "20260201", "101500"
        one.AccessionNumber, one.Modality = f"A{self.study}", "CT"
        one.SeriesNumber, one.InstanceNumber = self.series, self.number
        one.Manufacturer = "Test"
        one.Rows = one.Columns = 16
        one.BitsAllocated, one.BitsStored, one.HighBit = 16, 16, 15
        one.PixelRepresentation, one.SamplesPerPixel = 0, 1
        one.PhotometricInterpretation = "MONOCHROME2"
        one.PixelData = bytes([self.content % 256]) * 512
        one["PixelData"].VR = "OW"
        _change(one, self.tags)
        one.preamble = b"\0" * 128
        one.file_meta = FileMetaDataset()
        one.file_meta.MediaStorageSOPClassUID = one.get("SOPClassUID", CTImageStorage)
        one.file_meta.MediaStorageSOPInstanceUID = one.get("SOPInstanceUID", "")
        one.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        _change(one.file_meta, self.announced)
        return one

    def encoded(self) -> bytes:
        """As a DICOM file."""
        stream = io.BytesIO()
        self.dataset().save_as(stream, enforce_file_format=False)
        return stream.getvalue()


def of(tags: dict[str, object], series: int, count: int = 5, content: int = 0) -> list[Image]:
    """A series of study 1 whose images name this person."""
    return [
        Image(1, series, number, content + number, dict(tags)) for number in range(1, count + 1)
    ]


def stack(study: int = 1, *, series: int = 1, count: int = 5, content: int = 0) -> list[Image]:
    """A series without a gap."""
    return [Image(study, series, number, content) for number in range(1, count + 1)]


def spooled(
    spool: Path,
    images: Iterable[Image | bytes],
    *,
    ending: str | None = "released",
    source: str = "dicom",
    calling_ae: str = "CT1",
    stat: bool = False,
    pid: int | None = None,
    process: str | None = None,
) -> Batch:
    """A batch of the spool; the process of this test writes it unless told otherwise."""
    facts: dict[str, object] = {
        "source": source,
        "began_at": utc_now(),
        "calling_ae": calling_ae,
        "called_ae": "HEIMDALLR",
        "address": "10.0.0.7",
        "pid": os.getpid() if pid is None else pid,
        "stat": stat,
    }
    if process is not None:
        facts["process"] = process
    batch = open_batch(spool, Origin.model_validate(facts))
    for number, image in enumerate(images, start=1):
        part = batch.part(number)
        part.write_bytes(image if isinstance(image, bytes) else image.encoded())
        batch.keep(part, sync=False)
    if ending == "released":
        batch.end("released")
    elif ending == "aborted":
        batch.end("aborted")
    return batch


def _change(dataset: Dataset, tags: dict[str, object]) -> None:
    for keyword, value in tags.items():
        if value is None:
            if keyword in dataset:
                delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
