"""An input in, prepared and refused studies out."""

from __future__ import annotations

import os
import zipfile
from typing import TYPE_CHECKING

import pytest
from dicom_series import RLE, SeriesOnDisk

from heimdallr.domain.errors import ConversionError, NoDicomError, UnsupportedStudyError
from heimdallr.domain.identity import OWN_MANUFACTURER
from heimdallr.imaging.volume import load_volume
from heimdallr.preparation.prepare import PreparedStudy, RefusedStudy, prepare

if TYPE_CHECKING:
    from pathlib import Path

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
