"""What of the chosen series is not in the volume is said, and nothing is made up for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from dicom_series import RLE, SAGITTAL, SeriesOnDisk
from pydicom.uid import ExplicitVRLittleEndian

from heimdallr.imaging.slabs import gaps_in
from heimdallr.imaging.volume import load_volume
from heimdallr.preparation.headers import scan
from heimdallr.preparation.prepare import PreparedStudy, RefusedStudy, prepare

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pydicom.uid import UID

    from heimdallr.preparation.stacks import SeriesCandidate

SERIES_UID = "1.2.826.0.1.3680043.2.1125.1.5"


def _prepared(folder: Path) -> PreparedStudy:
    (one,) = prepare(folder, folder.with_name("work"))
    assert isinstance(one, PreparedStudy)
    return one


def _candidates(folder: Path) -> tuple[SeriesCandidate, ...]:
    (study,) = scan(folder.rglob("*.dcm")).studies
    return study.candidates


def _texts(one: PreparedStudy | SeriesCandidate) -> list[str]:
    return [notice.text for notice in one.notices]


def _depths(*missing: int, slices: int = 24, step_mm: float = 4.0) -> tuple[float, ...]:
    return tuple(step_mm * k for k in range(slices) if k not in missing)


@pytest.mark.parametrize("lost", [(10, 11), (8, 9, 10, 11), tuple(range(6, 16))], ids=str)
def test_lost_slices_are_empty_and_said(tmp_path: Path, lost: tuple[int, ...]) -> None:
    """Both sides are in one volume; what lies between is air and not an interpolation."""
    SeriesOnDisk(depths_mm=_depths(*lost)).write(tmp_path / "images")
    one = _prepared(tmp_path / "images")
    length = 4 * len(lost)
    (said,) = _texts(one)
    assert said == (
        f"no image shows {length} mm between the measured slices ({len(lost)} slices in 1 gap): "
        "nothing there was measured"
    )
    volume = load_volume(one.volume_path)
    assert volume.shape[2] == 24
    (gap,) = gaps_in(volume.shape, volume.affine, one.unseen)
    assert (gap.start, gap.stop) == (min(lost), max(lost) + 1)
    assert np.ptp(volume.data[gap.index]) == 0
    assert volume.data[gap.index].max() == volume.data.min()
    for seen in (gap.start - 1, gap.stop):
        assert np.ptp(volume.data[:, :, seen]) > 900


def test_lost_slices_of_a_tilted_head_are_empty_as_well(tmp_path: Path) -> None:
    """Along the normal of the slices, in the grid that was made of them."""
    SeriesOnDisk(depths_mm=_depths(10, 11, 12), shear_mm=0.3).write(tmp_path / "images")
    one = _prepared(tmp_path / "images")
    volume = load_volume(one.volume_path)
    (gap,) = gaps_in(volume.shape, volume.affine, one.unseen)
    assert (gap.stop - gap.start) * volume.spacing_mm[2] == pytest.approx(12, abs=4)
    assert np.ptp(volume.data[gap.index]) == 0


def test_a_single_lost_slice_is_interpolated_and_said(tmp_path: Path) -> None:
    """What it showed follows from its neighbours."""
    SeriesOnDisk(depths_mm=_depths(10)).write(tmp_path / "images")
    one = _prepared(tmp_path / "images")
    assert one.unseen == ()
    assert _texts(one) == [
        "1 single slice is missing; what lies there was interpolated between the neighbours"
    ]
    assert np.ptp(load_volume(one.volume_path).data[:, :, 10]) > 1000


def test_a_whole_series_has_nothing_to_say(tmp_path: Path) -> None:
    """Every image is in the volume."""
    SeriesOnDisk().write(tmp_path / "images")
    one = _prepared(tmp_path / "images")
    assert (one.unseen, _texts(one)) == ((), [])


@pytest.mark.parametrize(
    ("order", "edge"), [(1, "superior"), (-1, "inferior")], ids=["above", "below"]
)
def test_a_second_block_is_left_out_and_said(tmp_path: Path, order: int, edge: str) -> None:
    """A head and a pelvis in one series: with how much, how far away and on which side."""
    depths = [*_depths(slices=12), *(200.0 + z for z in _depths(slices=6))]
    SeriesOnDisk(depths_mm=tuple(order * z for z in depths)).write(tmp_path / "images")
    one = _prepared(tmp_path / "images")
    assert load_volume(one.volume_path).shape[2] == 12
    (said,) = _texts(one)
    assert said == (
        f"6 images of the series (24 mm) were not measured: at the {edge} end of what was "
        "measured, 152 mm (38 slices) are missing"
    )
    (part,) = one.unseen
    assert part.high_mm - part.low_mm == pytest.approx(176)


def test_images_of_another_size_beyond_the_end_are_said(tmp_path: Path) -> None:
    """The upper part of the series was reconstructed with smaller pixels."""
    SeriesOnDisk(depths_mm=_depths(slices=12)).write(tmp_path, "lower")
    upper = SeriesOnDisk(depths_mm=tuple(48.0 + z for z in _depths(slices=6)), pixel_mm=(2.0, 2.0))
    _save(tmp_path, upper.images(), "upper")
    first, _ = _candidates(tmp_path)
    beyond = "beyond the superior end of what was measured (24 mm)"
    assert _texts(first) == [
        "6 other images of the series were not measured; they differ in pixel size",
        f"6 images of the series {beyond} were not measured",
    ]
    assert first.unseen[0].low_mm < first.unseen[0].high_mm


def test_thicker_slices_that_reach_a_little_farther_are_no_other_part(tmp_path: Path) -> None:
    """A thin and a thick reconstruction of one range end at different places."""
    SeriesOnDisk(depths_mm=_depths(slices=24, step_mm=2.0), tags={"SliceThickness": 2.0}).write(
        tmp_path, "thin"
    )
    thick = SeriesOnDisk(depths_mm=_depths(slices=10, step_mm=5.0), tags={"SliceThickness": 5.0})
    _save(tmp_path, thick.images(), "thick")
    first, second = _candidates(tmp_path)
    assert (len(first.frames), len(second.frames)) == (24, 10)
    assert first.unseen == second.unseen == ()
    (said,) = _texts(first)
    assert said == (
        "the series shows the body 2 times, told apart by slice thickness; pass 1 (2) was "
        "measured, 10 images of the others were not"
    )


def test_a_localizer_in_the_series_is_said_and_no_part_of_the_body(tmp_path: Path) -> None:
    """It differs in orientation; it does not lie beyond the volume."""
    SeriesOnDisk().write(tmp_path)
    localizer = SeriesOnDisk(
        depths_mm=(0.0,),
        orientation=SAGITTAL,
        tags={"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]},
    )
    _save(tmp_path, localizer.images(), "localizer")
    first, _ = _candidates(tmp_path)
    assert first.unseen == ()
    assert _texts(first) == [
        "1 other image of the series was not measured; it differs in orientation and kind of image"
    ]


@pytest.mark.parametrize(
    ("first", "said"),
    [
        (
            4,
            ["the images of the series are numbered from 4 on: 3 before them may not have arrived"],
        ),
        (267, []),
    ],
    ids=["of the series", "of the study"],
)
def test_a_numbering_that_begins_late_is_said(tmp_path: Path, first: int, said: list[str]) -> None:
    """What is lost at an end leaves no gap; a scanner may number all images of a study."""
    numbers = list(range(first, first + 12))
    SeriesOnDisk(per_slice={"InstanceNumber": numbers}).write(tmp_path)
    (one,) = _candidates(tmp_path)
    assert _texts(one) == said


def test_two_gantry_tilts_and_two_kernels_are_kinds_of_their_own(tmp_path: Path) -> None:
    """Each makes a volume; what the others differ in is said."""
    angle = np.deg2rad(15)
    tilted = (1.0, 0.0, 0.0, 0.0, float(np.cos(angle)), float(np.sin(angle)))
    SeriesOnDisk(tags={"ConvolutionKernel": "B30f"}).write(tmp_path)
    _save(tmp_path, SeriesOnDisk(tags={"ConvolutionKernel": "B70f"}).images(), "sharp")
    leaning = SeriesOnDisk(
        depths_mm=_depths(slices=6), orientation=tilted, tags={"ConvolutionKernel": "B30f"}
    )
    _save(tmp_path, leaning.images(), "tilted")
    found = _candidates(tmp_path)
    assert [len(one.frames) for one in found] == [12, 12, 6]
    assert _texts(found[0])[-1] == (
        "18 other images of the series were not measured; "
        "they differ in convolution kernel and orientation"
    )


@pytest.mark.parametrize("copied", [range(3), range(12)], ids=["three", "all"])
def test_images_that_are_there_twice_are_taken_once(tmp_path: Path, copied: Sequence[int]) -> None:
    """The same pixels under another UID."""
    images = SeriesOnDisk().images()
    _save(tmp_path / "images", images, "first", renamed=False)
    _save(tmp_path / "images", [images[k] for k in copied], "second")
    one = _prepared(tmp_path / "images")
    assert load_volume(one.volume_path).shape[2] == 12
    assert _texts(one) == [
        f"{len(copied)} images are in the series twice; one of each was measured"
    ]


def test_copies_in_another_encoding_are_left_out(tmp_path: Path) -> None:
    """An archive exported each image twice, once compressed."""
    _save(tmp_path, SeriesOnDisk().images(), "first")
    again = SeriesOnDisk().images()
    for image in again:
        image.compress(RLE, generate_instance_uid=False)
    _save(tmp_path, again, "second")
    first, _ = _candidates(tmp_path)
    (said,) = _texts(first)
    assert said == (
        "the series shows the body 2 times, told apart by encoding; pass 1 was measured, "
        "12 images of the others were not"
    )


def test_of_copies_those_of_one_pass_are_kept(tmp_path: Path) -> None:
    """Three times the same, numbered through; UIDs and rounded positions are in another order."""
    for time, (first, decimals) in enumerate(((25, None), (1, 1), (13, None))):
        numbers = list(range(first, first + 12))
        series = SeriesOnDisk(
            depths_mm=tuple(4.04 * k for k in range(12)),
            decimals=decimals,
            per_slice={"InstanceNumber": numbers},
        )
        _save(tmp_path, series.images(), f"{time}")
    (one,) = _candidates(tmp_path)
    assert len(one.frames) == 12
    assert one.geometry is not None
    assert not one.geometry.uneven
    assert _texts(one) == ["24 images are in the series twice; one of each was measured"]


def test_a_few_other_images_at_places_that_are_taken_are_left_out(tmp_path: Path) -> None:
    """Not the same pixels, and nothing tells why they are there."""
    SeriesOnDisk(depths_mm=_depths()).write(tmp_path / "images")
    again = SeriesOnDisk(depths_mm=(20.0, 24.0), rescale=(1.0, -1000.0))
    _save(tmp_path / "images", again.images(), "again")
    one = _prepared(tmp_path / "images")
    assert load_volume(one.volume_path).shape[2] == 24
    assert _texts(one) == [
        "2 images lie where another image of the series lies; one at each place was measured"
    ]


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLE], ids=["native", "RLE"])
def test_files_that_were_cut_short_are_left_out_and_said(tmp_path: Path, syntax: UID) -> None:
    """Broken transfers do not cost the series, and their slices are not made up."""
    paths = SeriesOnDisk(depths_mm=_depths(), transfer_syntax=syntax).write(tmp_path / "images")
    paths[10].write_bytes(paths[10].read_bytes()[:-5])
    paths[11].write_bytes(paths[11].read_bytes()[:1200])
    paths[-1].write_bytes(b"")
    one = _prepared(tmp_path / "images")
    gap = "no image shows 8 mm between the measured slices (2 slices in 1 gap)"
    assert _texts(one) == [
        "2 images of the series were not measured: their files were cut short",
        f"{gap}: nothing there was measured",
        "1 file of the input is damaged or empty; what it shows was not measured",
    ]


def test_a_series_that_was_cut_short_throughout_is_refused_for_that(tmp_path: Path) -> None:
    """Not for what a converter makes of it."""
    for path in SeriesOnDisk().write(tmp_path / "images"):
        path.write_bytes(path.read_bytes()[:-5])
    (one,) = prepare(tmp_path / "images", tmp_path / "work")
    assert isinstance(one, RefusedStudy)
    assert "series 5: its files were cut short" in str(one.error)


def test_every_second_slice_of_a_part_is_said(tmp_path: Path) -> None:
    """Their numbers are missing; the distances there alone look like a coarser scan."""
    kept = [k for k in range(24) if not (6 <= k < 18 and k % 2)]
    numbers = [k + 1 for k in kept]
    series = SeriesOnDisk(
        depths_mm=tuple(4.0 * k for k in kept), per_slice={"InstanceNumber": numbers}
    )
    series.write(tmp_path)
    (one,) = _candidates(tmp_path)
    assert _texts(one) == [
        "6 single slices are missing; what lies there was interpolated between the neighbours"
    ]


def test_numbers_that_are_missing_without_a_gap_are_said(tmp_path: Path) -> None:
    """Every second slice of the whole series: what is left is even. Large steps mean nothing."""
    for step, said in ((2, True), (3, False)):
        folder = tmp_path / str(step)
        SeriesOnDisk(per_slice={"InstanceNumber": list(range(1, 12 * step, step))}).write(folder)
        (one,) = _candidates(folder)
        text = "11 numbers are missing in the numbering of the images"
        assert _texts(one) == said * [f"{text}: those images may not have arrived"]


def _save(folder: Path, images: Sequence, name: str, *, renamed: bool = True) -> None:  # type: ignore[type-arg]
    """Write images; under UIDs of their own where the series has some of these already."""
    folder.mkdir(exist_ok=True)
    for k, image in enumerate(images):
        if renamed:
            image.SOPInstanceUID = f"{SERIES_UID}.{len(name)}{ord(name[0])}.{k}"
            image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
        image.save_as(folder / f"{name}{k:03d}.dcm", enforce_file_format=True)
