"""From bytes to a durable file, and the status that says so."""

from __future__ import annotations

import errno
import os
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest
from pydicom import dcmread
from scp_peers import CT, EXPLICIT_LE, data_set_of, write_series

from heimdallr.intake.scp.commands import MISMATCH, OUT_OF_RESOURCES, SUCCESS
from heimdallr.intake.scp.fault import PeerFault
from heimdallr.intake.scp.storing import Header, Limits, Reception
from heimdallr.intake.spool import SAFE, Origin, read_origin, settle

if TYPE_CHECKING:
    from pathlib import Path

ORIGIN = Origin(
    source="dicom",
    began_at=datetime(2026, 2, 1, tzinfo=timezone.utc),
    calling_ae="CT1",
    called_ae="HEIMDALLR",
    address="10.1.2.3",
    pid=os.getpid(),
)
HEADER = Header(CT, "1.2.3", EXPLICIT_LE)


def _reception(spool: Path, *, most: int = 10**9, reserve: int = 0) -> Reception:
    return Reception(spool, ORIGIN, Limits(reserve, most, sync=True))


def test_a_whole_object_is_a_dicom_file(spool: Path, tmp_path: Path) -> None:
    """Its data set is as it was sent; its meta information says what and from whom."""
    (sent,) = write_series(tmp_path / "sent", 1)
    original = dcmread(sent)
    reception = _reception(spool)
    arrival = reception.begin(Header(CT, str(original.SOPInstanceUID), EXPLICIT_LE))
    data_set = data_set_of(sent)
    arrival.write(data_set[:1000])
    assert not list(spool.glob("*/*.dcm")), "not whole, and it looks as if it were"
    arrival.write(memoryview(data_set)[1000:])
    assert arrival.finish() == SUCCESS
    (kept,) = spool.glob("*/*.dcm")
    assert data_set_of(kept) == data_set
    read = dcmread(kept)
    assert read == original
    meta = read.file_meta
    assert meta.MediaStorageSOPClassUID == CT
    assert meta.MediaStorageSOPInstanceUID == original.SOPInstanceUID
    assert meta.TransferSyntaxUID == EXPLICIT_LE
    assert meta.ImplementationVersionName == "HEIMDALLR"
    assert meta.SendingApplicationEntityTitle == "CT1"
    assert meta.ReceivingApplicationEntityTitle == "HEIMDALLR"
    assert meta.FileMetaInformationGroupLength == len(kept.read_bytes()) - len(data_set) - 144


def test_one_association_is_one_batch(spool: Path) -> None:
    """It begins with the first object, says who sends, and ends as the association did."""
    reception = _reception(spool)
    assert not list(spool.iterdir())
    for uid in ("1.1", "1.2"):
        arrival = reception.begin(Header(CT, uid, EXPLICIT_LE))
        arrival.write(b"\0" * 10)
        assert arrival.finish() == SUCCESS
    (batch,) = spool.iterdir()
    assert read_origin(batch) == ORIGIN
    assert len(list(batch.glob("*.dcm"))) == 2
    assert not (batch / "released").exists()
    reception.end(released=True)
    assert (batch / "released").exists()
    assert reception.stored == 2


def test_an_association_without_objects_leaves_nothing(spool: Path) -> None:
    """C-ECHO makes no batch."""
    _reception(spool).end(released=True)
    assert not list(spool.iterdir())


def test_what_is_cut_short_leaves_nothing(spool: Path) -> None:
    """Of an object whose sender went away nothing stays."""
    arrival = _reception(spool).begin(HEADER)
    arrival.write(b"half")
    arrival.discard()
    assert not list(spool.glob("*/*.part"))
    assert not list(spool.glob("*/*.dcm"))


@pytest.mark.parametrize("uid", ["../../evil", "/etc/passwd", "", "1.2.3\n", "1" * 65])
def test_a_uid_that_is_none_is_refused(spool: Path, uid: str) -> None:
    """And never gets near a file name."""
    arrival = _reception(spool).begin(Header(CT, uid, EXPLICIT_LE))
    arrival.write(b"data")
    assert arrival.finish() == MISMATCH
    assert not list(spool.iterdir())


def test_below_the_reserve_nothing_is_taken(spool: Path) -> None:
    """The sender is told before the disk is full, and may send again later."""
    arrival = _reception(spool, reserve=1 << 62).begin(HEADER)
    arrival.write(b"data")
    assert arrival.finish() == OUT_OF_RESOURCES
    assert not list(spool.iterdir())


def test_an_object_without_end_is_given_up(spool: Path) -> None:
    """At its largest allowed size, kept or refused alike; nothing of it stays."""
    for header in (HEADER, Header(CT, "../x", EXPLICIT_LE)):
        arrival = _reception(spool, most=100).begin(header)
        arrival.write(b"\0" * 100)
        with pytest.raises(PeerFault):
            arrival.write(b"\0")
        arrival.discard()
    assert not list(spool.glob("*/*.part"))


def test_a_spool_that_is_gone_is_out_of_resources(spool: Path) -> None:
    """An unplugged disk ends no association."""
    reception = _reception(spool)
    spool.rmdir()
    arrival = reception.begin(HEADER)
    arrival.write(b"data")
    assert arrival.finish() == OUT_OF_RESOURCES


def test_a_full_disk_is_out_of_resources_and_passes(small_disk: Path) -> None:
    """What does not fit is refused without a trace; what fits afterwards is kept."""
    reception = _reception(small_disk)
    large = reception.begin(HEADER)
    for _ in range(60):
        large.write(b"\0" * 100_000)
    assert large.finish() == OUT_OF_RESOURCES
    assert not list(small_disk.glob("*/*.part"))
    small = reception.begin(Header(CT, "1.2.4", EXPLICIT_LE))
    small.write(b"\0" * 100_000)
    assert small.finish() == SUCCESS


def test_what_was_safe_when_its_writer_died_is_taken(spool: Path) -> None:
    """Between the fsync and the last renaming a kill leaves a whole file under its other name."""
    reception = _reception(spool)
    arrival = reception.begin(HEADER)
    arrival.write(b"data")
    (part,) = spool.glob("*/*.part")
    half = part.with_name("00000009.part")
    half.write_bytes(b"half")
    part.rename(part.with_suffix(SAFE))
    settle(part.parent)
    (kept,) = spool.glob("*/*.dcm")
    assert data_set_of(kept) == b"data"
    assert half.exists(), "what is cut short must not look whole"


def test_what_cannot_be_brought_to_the_disk_is_refused(
    spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of the disk at the last moment is no success, and nothing stays."""
    reception = _reception(spool)
    arrival = reception.begin(HEADER)
    arrival.write(b"data")

    def fail(_descriptor: int) -> None:
        raise OSError(errno.EIO, "I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        assert arrival.finish() == OUT_OF_RESOURCES
    assert {path.name for path in spool.glob("*/*")} == {"batch.json"}
    again = reception.begin(HEADER)
    again.write(b"data")
    assert again.finish() == SUCCESS
