"""Two passes that nothing but their pixels tells apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from dicom_series import SeriesOnDisk

from heimdallr.imaging.volume import load_volume
from heimdallr.preparation.alternation import alternates, may_alternate
from heimdallr.preparation.headers import scan
from heimdallr.preparation.prepare import PreparedStudy, prepare

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.preparation.stacks import SeriesCandidate

SLICES = 24


def _series(brighter_hu: float, step_mm: float = 2.0, modality: str = "CT") -> SeriesOnDisk:
    """A stack of 4 mm slices, of which every second one is brighter."""
    return SeriesOnDisk(
        depths_mm=tuple(step_mm * k for k in range(SLICES)),
        modality=modality,
        per_slice={"RescaleIntercept": [-1024 + brighter_hu * (k % 2) for k in range(SLICES)]},
    )


def _candidate(folder: Path) -> SeriesCandidate:
    (study,) = scan(folder.rglob("*.dcm")).studies
    (one,) = study.candidates
    return one


def test_a_native_and_an_enhanced_pass_are_taken_apart(tmp_path: Path) -> None:
    """One of them is measured, and it is said; no volume is a mixture of both."""
    _series(20).write(tmp_path / "images")
    (one,) = prepare(tmp_path / "images", tmp_path / "work")
    assert isinstance(one, PreparedStudy)
    assert load_volume(one.volume_path).shape[2] == SLICES // 2
    assert one.series.spacing_mm == pytest.approx(4)
    (notice,) = one.notices
    assert notice.text == (
        "the series shows the body 2 times, told apart by what the images show; "
        "pass 1 was measured, 12 images of the others were not"
    )
    ranks = [(one.rank, one.series.instances) for one in one.selection.verdicts]
    assert ranks == [(1, 12), (2, 12)]


@pytest.mark.parametrize("brighter_hu", [0, 2])
def test_overlapping_slices_of_one_pass_stay_together(tmp_path: Path, brighter_hu: float) -> None:
    """A difference between detector rows makes no pass."""
    _series(brighter_hu).write(tmp_path / "images")
    candidate = _candidate(tmp_path)
    assert may_alternate(candidate)
    assert not alternates(candidate, tmp_path / "decoded")


def test_slices_that_do_not_overlap_are_not_read(tmp_path: Path) -> None:
    """Nor are those of MR, where every second slice may be brighter."""
    _series(20, step_mm=4.0).write(tmp_path / "ct")
    _series(20, modality="MR").write(tmp_path / "mr")
    assert not may_alternate(_candidate(tmp_path / "ct"))
    assert not may_alternate(_candidate(tmp_path / "mr"))
