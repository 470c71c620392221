"""Headers of files nobody has checked."""

from __future__ import annotations

import io
import warnings
import zlib
from typing import TYPE_CHECKING

import pydicom
import pytest
from dicom_series import DEFLATED, SeriesOnDisk
from pydicom import config

from heimdallr.preparation import reading
from heimdallr.preparation.reading import (
    BoundedReader,
    SkippedFileError,
    SkipReason,
    read_header,
    read_open,
    tolerant_pydicom,
)

if TYPE_CHECKING:
    from pathlib import Path


def _reason(path: Path) -> SkipReason:
    with pytest.raises(SkippedFileError) as caught:
        read_header(path)
    return caught.value.reason


def test_an_ordinary_header_is_read_without_its_pixels(tmp_path: Path) -> None:
    """Only what preparation looks at is kept."""
    header = read_header(SeriesOnDisk(depths_mm=(0.0,)).write(tmp_path)[0])
    assert header.Modality == "CT"
    assert "PixelData" not in header
    assert "HighBit" not in header


def test_files_that_are_no_images_are_told_apart(tmp_path: Path) -> None:
    """Empty, foreign, an archive, a folder, a damaged header: each has its own reason."""
    content = {"empty": b"", "text": b"hello" * 100, "zip": b"PK\x03\x04" + bytes(400)}
    for name, data in content.items():
        (tmp_path / name).write_bytes(data)
    assert _reason(tmp_path / "empty") is SkipReason.EMPTY
    assert _reason(tmp_path / "text") is SkipReason.NOT_DICOM
    assert _reason(tmp_path / "zip") is SkipReason.ARCHIVE
    assert _reason(tmp_path) is SkipReason.NOT_REGULAR
    assert _reason(tmp_path / "absent") is SkipReason.UNREADABLE


def test_a_header_without_preamble_is_still_read(tmp_path: Path) -> None:
    """Old archives hold bare data sets."""
    path = SeriesOnDisk(depths_mm=(0.0,)).write(tmp_path)[0]
    dataset = pydicom.dcmread(path)
    bare = pydicom.Dataset({element.tag: element for element in dataset})
    pydicom.dcmwrite(tmp_path / "bare", bare, implicit_vr=True, little_endian=True)
    assert read_header(tmp_path / "bare").Modality == "CT"


@pytest.mark.parametrize("private_bytes", [0, 40_000, 600_000], ids=["short", "long", "huge"])
def test_a_header_is_read_to_its_end_however_long(tmp_path: Path, private_bytes: int) -> None:
    """Vendors put up to megabytes of their own before what is looked for; the pixels come next."""
    path = SeriesOnDisk(depths_mm=(0.0,), matrix=(600, 700)).write(tmp_path)[0]
    dataset = pydicom.dcmread(path)
    dataset.add_new(0x00090010, "LO", "VENDOR")
    dataset.add_new(0x00091001, "OB", bytes(private_bytes))
    dataset.save_as(path)
    with path.open("rb") as file:
        header = read_open(file, path.stat().st_size)
        assert header.SeriesInstanceUID == dataset.SeriesInstanceUID
        assert [float(one) for one in header.PixelSpacing] == [3.0, 3.2]
        assert file.read(4) == b"\xe0\x7f\x10\x00"


@pytest.mark.parametrize("limit", [200, 700, 1200])
def test_where_memory_ends_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    """A limit that cuts the header anywhere only means that it is read in another way."""
    path = SeriesOnDisk(depths_mm=(0.0,)).write(tmp_path)[0]
    whole = read_header(path)
    monkeypatch.setattr(reading, "HEAD_BYTES", (limit, limit + 50))
    assert read_header(path) == whole


def test_a_declared_length_never_sets_memory_aside() -> None:
    """An element of 4 GB in a file of ten bytes."""
    reader = BoundedReader(io.BytesIO(b"0123456789"), 10)
    assert reader.read(2**32 - 2) == b"0123456789"
    assert reader.read(1) == b""


def test_a_header_that_never_ends_is_given_up() -> None:
    """The budget is of bytes and of calls."""
    reader = BoundedReader(io.BytesIO(bytes(100)), 100, max_bytes=250)
    for _ in range(2):
        reader.seek(0)
        reader.read(100)
    reader.seek(0)
    with pytest.raises(SkippedFileError, match="limits"):
        reader.read(100)


def test_a_deflated_header_is_read(tmp_path: Path) -> None:
    """The one transfer syntax whose data set is compressed as a whole."""
    series = SeriesOnDisk(depths_mm=(0.0,), transfer_syntax=DEFLATED)
    assert read_header(series.write(tmp_path)[0]).Modality == "CT"


def test_a_deflate_bomb_is_measured_before_it_is_inflated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four megabytes of zeros in four kilobytes, against a limit of one megabyte."""
    series = SeriesOnDisk(depths_mm=(0.0,), transfer_syntax=DEFLATED)
    content = series.write(tmp_path)[0].read_bytes()
    start = 144 + int.from_bytes(content[140:144], "little")
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = deflate.compress(bytes(2**22)) + deflate.flush()
    (tmp_path / "bomb").write_bytes(content[:start] + bomb)
    monkeypatch.setattr(reading, "MAX_HEADER_BYTES", 2**20)
    assert _reason(tmp_path / "bomb") is SkipReason.TOO_LARGE


def test_a_deflate_bomb_cannot_be_hidden_behind_its_meta_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The length a meta group gives of itself is not what pydicom goes by, so nor do we."""
    series = SeriesOnDisk(depths_mm=(0.0,), transfer_syntax=DEFLATED)
    content = series.write(tmp_path)[0].read_bytes()
    start = 144 + int.from_bytes(content[140:144], "little")
    harmless, deflate = content[start:], zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = deflate.compress(bytes(2**22)) + deflate.flush()
    claimed = (start + len(bomb) - 144).to_bytes(4, "little")
    (tmp_path / "bomb").write_bytes(content[:140] + claimed + content[144:start] + bomb + harmless)
    monkeypatch.setattr(reading, "MAX_HEADER_BYTES", 2**20)
    assert _reason(tmp_path / "bomb") is SkipReason.TOO_LARGE


def test_pydicom_says_nothing_while_headers_are_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its warnings quote values, and values are patients' data."""
    path = SeriesOnDisk(depths_mm=(0.0,)).write(tmp_path)[0]
    content = path.read_bytes().replace(b"20260201", b"SECRETXY")
    path.write_bytes(content)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        with tolerant_pydicom():
            assert str(read_header(path).StudyDate) == "SECRETXY"
    assert "SECRET" not in caplog.text + " ".join(str(one.message) for one in heard)


def test_overlapping_scans_leave_pydicom_as_it_was() -> None:
    """The settings are the process's: the last scan to end restores them, not the first."""
    before = config.settings.reading_validation_mode
    first, second = tolerant_pydicom(), tolerant_pydicom()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert config.settings.reading_validation_mode == config.IGNORE
    second.__exit__(None, None, None)
    assert config.settings.reading_validation_mode == before
