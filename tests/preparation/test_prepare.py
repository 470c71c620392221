"""An input in, prepared and refused studies out."""

from __future__ import annotations

import errno
import os
import subprocess
import zipfile
from typing import TYPE_CHECKING

import dcm2niix
import pytest
from dicom_series import RLE, SeriesOnDisk
from pydicom.uid import UID, ExplicitVRLittleEndian
from small_disks import small_disk

from heimdallr.domain.errors import (
    ConversionError,
    ConverterMissingError,
    DiskLowError,
    MachineFaultError,
    NoDicomError,
    UnsupportedStudyError,
)
from heimdallr.domain.identity import OWN_MANUFACTURER
from heimdallr.imaging.volume import load_volume
from heimdallr.preparation import agreement, rewriting
from heimdallr.preparation.headers import scan
from heimdallr.preparation.prepare import PreparedStudy, RefusedStudy, prepare, prepare_study
from heimdallr.preparation.selection import Preferences

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from heimdallr.preparation.instances import Frame

ROOT = "1.2.826.0.1.3680043.2.1125"


def test_a_folder_with_several_studies(tmp_path: Path) -> None:
    """A CT, an X-ray and a damaged file: one prepared, one refused, one counted."""
    SeriesOnDisk().write(tmp_path / "in" / "ct")
    SeriesOnDisk(
        study_uid=ROOT + ".2", series_uid=ROOT + ".2.1", depths_mm=(0.0,), modality="CR"
    ).write(tmp_path / "in" / "cr")
    (tmp_path / "in" / "noise").write_bytes(os.urandom(1000))
    prepared, refused = prepare(tmp_path / "in", tmp_path / "work")
    assert isinstance(prepared, PreparedStudy)
    assert prepared.study.case_id == "SilvaMJ_20260201_123456"
    assert prepared.study.study_instance_uid == ROOT + ".1"
    assert len(prepared.source_files) == 12
    assert load_volume(prepared.volume_path).shape == (48, 40, 12)
    assert isinstance(refused, RefusedStudy)
    assert refused.case_id == "SilvaMJ_20260201_123456_2"
    assert isinstance(refused.error, UnsupportedStudyError)
    assert "CR" in str(refused.error)
    assert prepared.skipped == refused.skipped == {"not a DICOM file": 1}


def test_a_zip_gives_what_the_folder_gives(tmp_path: Path) -> None:
    """And leaves nothing but the volume in the work folder."""
    paths = SeriesOnDisk().write(tmp_path / "in")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for path in reversed(paths):
            archive.write(path, f"SILVA MARIA/{path.name}")
    (ours,) = prepare(tmp_path / "in", tmp_path / "one")
    (theirs,) = prepare(tmp_path / "a.zip", tmp_path / "two")
    assert isinstance(ours, PreparedStudy)
    assert isinstance(theirs, PreparedStudy)
    assert (ours.study, ours.series, ours.selection) == (
        theirs.study, theirs.series, theirs.selection,
    )  # fmt: skip
    assert ours.volume_path.read_bytes() == theirs.volume_path.read_bytes()
    left = [str(path.relative_to(tmp_path)) for path in (tmp_path / "two").rglob("*.*")]
    assert left == ["two/study-001/volume.nii"]


def _damage(path: Path) -> None:
    """Make compressed pixel data that end as they should, and cannot be decoded."""
    content = path.read_bytes()
    path.write_bytes(content[:-1000] + bytes(range(256)) * 3 + b"\xff" * 224 + content[-8:])


def test_the_next_series_is_tried_when_one_cannot_be_converted(tmp_path: Path) -> None:
    """The better series is damaged; the other serves, and the reason is kept."""
    best = SeriesOnDisk(
        series_uid=ROOT + ".1.7",
        number=7,
        transfer_syntax=RLE,
        tags={"ConvolutionKernel": "B30f"},
    )
    for path in best.write(tmp_path / "in" / "7"):
        _damage(path)
    SeriesOnDisk(number=8, series_uid=ROOT + ".1.8", tags={"ConvolutionKernel": "B70f"}).write(
        tmp_path / "in" / "8"
    )
    (prepared,) = prepare(tmp_path / "in", tmp_path / "work")
    assert isinstance(prepared, PreparedStudy)
    assert prepared.series.number == 8
    kept, refused = prepared.selection.verdicts
    assert (kept.rank, refused.rank) == (1, None)
    assert refused.reasons[0].code == "series_not_converted"
    (notice,) = (one for one in prepared.notices if one.code == "preferred_series_not_converted")
    assert notice.text == "series 7 was preferred to this one but could not be converted"


def _two_series(folder: Path, better: UID = ExplicitVRLittleEndian) -> Path:
    """Series 7, which is measured, and series 8, which is if 7 cannot be converted."""
    for number, kernel, syntax in ((7, "B30f", better), (8, "B70f", ExplicitVRLittleEndian)):
        SeriesOnDisk(
            number=number,
            series_uid=f"{ROOT}.1.{number}",
            transfer_syntax=syntax,
            tags={"ConvolutionKernel": kernel},
        ).write(folder / str(number))
    return folder


def _ended_by(signal: str, folder: Path) -> Path:
    """A program that a signal ends, whatever it is told to do."""
    program = folder / "program"
    program.write_text(f"#!/bin/sh\nkill -{signal} $$\n")
    program.chmod(0o755)
    return program


def test_a_converter_that_the_machine_kills_says_nothing_of_the_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is another series measured. One that the images bring down does."""
    _two_series(tmp_path / "in")
    monkeypatch.setattr(dcm2niix, "bin", str(_ended_by("KILL", tmp_path)))
    with pytest.raises(MachineFaultError, match="dcm2niix was killed"):
        next(prepare(tmp_path / "in", tmp_path / "work"))
    _ended_by("SEGV", tmp_path)
    (refused,) = prepare(tmp_path / "in", tmp_path / "work")
    assert isinstance(refused, RefusedStudy)
    assert isinstance(refused.error, ConversionError)


def test_a_converter_that_cannot_be_started_says_nothing_of_the_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No memory for a process, say: the study is not refused for that."""

    def no_memory(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    _two_series(tmp_path / "in")
    monkeypatch.setattr(subprocess, "Popen", no_memory)
    with pytest.raises(ConverterMissingError, match="Cannot allocate memory"):
        next(prepare(tmp_path / "in", tmp_path / "work"))


@pytest.mark.parametrize(("does", "fault"), [
    ("kill -KILL $$", MachineFaultError), ("exit 1", MachineFaultError), ("kill -SEGV $$", None),
    ("exit 3", None),
])  # fmt: skip
def test_a_decoder_that_the_machine_kept_from_it_says_nothing_of_the_images(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    does: str,
    fault: type[Exception] | None,
) -> None:
    """A process that was killed or could not read; one that broke on an image does."""
    _two_series(tmp_path / "in", better=RLE)
    monkeypatch.setattr(rewriting, "tethered", lambda _command: ["/bin/sh", "-c", does])
    if fault is not None:
        with pytest.raises(fault):
            next(prepare(tmp_path / "in", tmp_path / "work"))
        return
    (prepared,) = prepare(tmp_path / "in", tmp_path / "work")
    assert isinstance(prepared, PreparedStudy)
    assert prepared.series.number == 8


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLE])
def test_images_that_are_gone_are_not_called_damaged(tmp_path: Path, syntax: UID) -> None:
    """Their disk is away, or somebody took them: the next series would be measured for that."""
    _two_series(tmp_path / "in", better=syntax)
    (study,) = scan((tmp_path / "in").rglob("*.dcm")).studies
    for path in (tmp_path / "in" / "7").iterdir():
        path.unlink()
    with pytest.raises(MachineFaultError, match="could not be read"):
        prepare_study(study, "case", tmp_path / "work" / "volume.nii", Preferences())


@pytest.mark.parametrize(("error", "number"), [
    (OSError(errno.EIO, "Input/output error"), None), (MemoryError(), None),
    (OSError("image file is truncated"), 8), (ValueError("too few bytes"), 8),
])  # fmt: skip
def test_a_disk_that_fails_is_no_fault_of_the_image_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, number: int | None
) -> None:
    """Nor is a lack of memory; what a decoder says of an image is."""

    def failing(frame: Frame) -> npt.NDArray[np.float64]:
        if frame.path.parent.name == "7":
            raise error
        return rewriting.values_of(frame)

    monkeypatch.setattr(agreement, "values_of", failing)
    studies = prepare(_two_series(tmp_path / "in"), tmp_path / "work")
    if number is None:
        with pytest.raises(MachineFaultError, match="of series 7 could not be read"):
            next(studies)
        return
    (prepared,) = studies
    assert isinstance(prepared, PreparedStudy)
    assert prepared.series.number == number


def test_a_full_disk_is_told_before_passes_are_compared(tmp_path: Path) -> None:
    """Slices that overlap are decoded before the conversion; that needs room as well."""
    SeriesOnDisk(depths_mm=tuple(2.0 * k for k in range(24)), transfer_syntax=RLE).write(
        tmp_path / "in"
    )
    with small_disk(tmp_path / "disk", "4m") as disk:
        disk.fill()
        with (disk.folder / "filler").open("r+b") as filler:
            filler.truncate(filler.seek(0, 2) - 2**14)
        with pytest.raises(DiskLowError, match="no room for a volume"):
            next(prepare(tmp_path / "in", disk.folder / "work"))
        disk.make_room()
        (prepared,) = prepare(tmp_path / "in", disk.folder / "work")
    assert isinstance(prepared, PreparedStudy)


def test_a_study_whose_only_series_is_damaged_is_refused(tmp_path: Path) -> None:
    """With the converter's reason, not with a generic one."""
    for path in SeriesOnDisk(transfer_syntax=RLE).write(tmp_path / "in"):
        _damage(path)
    (refused,) = prepare(tmp_path / "in", tmp_path / "work")
    assert isinstance(refused, RefusedStudy)
    assert isinstance(refused.error, ConversionError)


def test_our_own_results_are_not_processed_again(tmp_path: Path) -> None:
    """A result sent to the archive came back as a study."""
    SeriesOnDisk(tags={"Manufacturer": OWN_MANUFACTURER}).write(tmp_path / "in")
    (refused,) = prepare(tmp_path / "in", tmp_path / "work")
    assert isinstance(refused, RefusedStudy)
    assert "Heimdallr wrote itself" in str(refused.error)


def test_ids_other_studies_own_get_a_suffix(tmp_path: Path) -> None:
    """The caller knows which are taken."""
    SeriesOnDisk().write(tmp_path / "in")
    owners = {"SilvaMJ_20260201_123456": ROOT + ".77"}
    (prepared,) = prepare(
        tmp_path / "in", tmp_path / "work", taken=lambda name, uid: owners.get(name, uid) != uid
    )
    assert isinstance(prepared, PreparedStudy)
    assert prepared.study.case_id == "SilvaMJ_20260201_123456_2"


def test_an_input_without_any_study_says_what_it_held(tmp_path: Path) -> None:
    """Counts and reasons, no names."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "SILVA.txt").write_text("report")
    (tmp_path / "in" / "empty").touch()
    with pytest.raises(NoDicomError, match="1 × empty file, 1 × not a DICOM file") as caught:
        next(prepare(tmp_path / "in", tmp_path / "work"))
    assert "SILVA" not in str(caught.value)


def test_a_single_file_is_a_study_too_small_to_measure(tmp_path: Path) -> None:
    """One slice of a CT."""
    path = SeriesOnDisk(depths_mm=(0.0,)).write(tmp_path / "in")[0]
    (refused,) = prepare(path, tmp_path / "work")
    assert isinstance(refused, RefusedStudy)
    assert "1 slice" in str(refused.error)
