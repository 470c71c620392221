"""Inputs that showed a part of the patient twice, or not at all: what is right for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from heimdallr.imaging.slabs import gaps_in
from heimdallr.imaging.volume import Volume, load_volume
from heimdallr.preparation.prepare import PreparedStudy, prepare

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TRUNK_SLICES = 135


def _prepared(folder: Path, work: Path) -> tuple[PreparedStudy, Volume, list[str]]:
    (one,) = prepare(folder, work)
    assert isinstance(one, PreparedStudy)
    return one, load_volume(one.volume_path), [notice.text for notice in one.notices]


@pytest.mark.parametrize("lost", [2, 4])
def test_lost_slices(case_input: Callable[..., Path], tmp_path: Path, lost: int) -> None:
    """The whole body is in the volume but for them; nothing is made up where they were."""
    one, volume, notices = _prepared(case_input("lost_slices", str(lost)), tmp_path)
    assert volume.shape[2] == TRUNK_SLICES
    (said,) = notices
    assert said == (
        f"no image shows {5 * lost} mm between the measured slices ({lost} slices in 1 gap): "
        "nothing there was measured"
    )
    (gap,) = gaps_in(volume.shape, volume.affine, one.unseen)
    assert gap.stop - gap.start == lost
    assert np.ptp(volume.data[gap.index]) == 0


@pytest.mark.parametrize(
    ("case", "variant", "said"),
    [
        ("shared_slice_two_acquisitions", (), "1 image is in the series twice"),
        ("exact_duplicates", ("three",), "3 images are in the series twice"),
        ("exact_duplicates", ("all",), "135 images are in the series twice"),
    ],
)
def test_slices_that_are_there_twice(
    case_input: Callable[..., Path],
    tmp_path: Path,
    case: str,
    variant: tuple[str, ...],
    said: str,
) -> None:
    """The whole body is measured once."""
    _, volume, notices = _prepared(case_input(case, *variant), tmp_path)
    assert volume.shape[2] == TRUNK_SLICES
    assert notices == [f"{said}; one of each was measured"]


def test_phases_of_the_heart(case_input: Callable[..., Path], tmp_path: Path) -> None:
    """One of three is measured, and which one is said."""
    _, volume, notices = _prepared(case_input("cardiac_phases"), tmp_path)
    assert volume.shape[2] == 36
    (said,) = notices
    assert said == (
        "the series shows the body 3 times, told apart by percentage of the cardiac cycle; "
        "pass 1 (35) was measured, 72 images of the others were not"
    )


def test_one_uid_for_native_and_portal(case_input: Callable[..., Path], tmp_path: Path) -> None:
    """They are two series again, by their numbers; the native one is measured."""
    one, volume, notices = _prepared(case_input("one_series_uid_for_all"), tmp_path)
    assert (one.series.number, one.series.phase_hint) == (3, "native")
    assert volume.shape[2] == TRUNK_SLICES
    assert {verdict.series.number for verdict in one.selection.verdicts} == {3, 8}
    (said,) = notices
    assert said == (
        "2 series carry one SeriesInstanceUID; they were told apart by series number and series "
        "description"
    )


def test_a_uid_for_each_image(case_input: Callable[..., Path], tmp_path: Path) -> None:
    """The images are one series again."""
    one, volume, notices = _prepared(case_input("series_uid_per_slice"), tmp_path)
    assert (one.series.number, volume.shape[2]) == (4, 85)
    (said,) = notices
    assert said == (
        "the 85 images carry 85 SeriesInstanceUIDs; they were put together by what else a series "
        "shares"
    )
