"""Which images are one series where their UIDs do not say, or say otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from dicom_series import SeriesOnDisk

from heimdallr.preparation.headers import scan
from heimdallr.preparation.prepare import RefusedStudy, prepare

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pydicom.dataset import Dataset

    from heimdallr.preparation.stacks import SeriesCandidate

SERIES_UID = "1.2.826.0.1.3680043.2.1125.1.5"


def _images(count: int = 12, /, **tags: object) -> list[Dataset]:
    depths = tuple(4.0 * k for k in range(count))
    return SeriesOnDisk(depths_mm=depths, tags=tags).images()


def _write(folder: Path, images: list[Dataset]) -> None:
    folder.mkdir(exist_ok=True)
    for k, image in enumerate(images):
        image.SOPInstanceUID = f"{SERIES_UID}.99.{k}"
        image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
        image.save_as(folder / f"{k:03d}.dcm", enforce_file_format=True)


def _candidates(folder: Path) -> tuple[SeriesCandidate, ...]:
    (study,) = scan(folder.rglob("*.dcm")).studies
    return study.candidates


@pytest.mark.parametrize(
    ("first", "second", "attributes"),
    [
        ({"SeriesNumber": 3}, {"SeriesNumber": 8}, "series number"),
        ({"SeriesDescription": "Native"}, {"SeriesDescription": "Portal"}, "series description"),
        ({"PatientPosition": "HFS"}, {"PatientPosition": "FFS"}, "position of the patient"),
        (
            {"FrameOfReferenceUID": "1.2.3"},
            {"FrameOfReferenceUID": "1.2.4"},
            "frame of reference",
        ),
    ],
)
def test_series_of_one_uid_are_taken_apart(
    tmp_path: Path, first: Mapping[str, object], second: Mapping[str, object], attributes: str
) -> None:
    """By anything that one series cannot have two of; and it is said."""
    _write(tmp_path, _images(**first) + _images(**second))
    one, other = _candidates(tmp_path)
    assert (len(one.frames), len(other.frames)) == (12, 12)
    assert one.key != other.key
    assert one.part == other.part == (1, 1)
    assert [notice.text for notice in one.notices] == [
        f"2 series carry one SeriesInstanceUID; they were told apart by {attributes}"
    ]


def test_abutting_series_of_one_uid_make_no_volume_together(tmp_path: Path) -> None:
    """Thorax arterial and abdomen venous, side by side."""
    above = _images(SeriesNumber=8)
    for image in above:
        x, y, z = image.ImagePositionPatient
        image.ImagePositionPatient = [x, y, z + 48]
    _write(tmp_path, _images(SeriesNumber=3) + above)
    assert [len(one.frames) for one in _candidates(tmp_path)] == [12, 12]


def test_what_an_image_leaves_out_does_not_part_it(tmp_path: Path) -> None:
    """One description is missing in two images of the series."""
    images = _images(SeriesDescription="Native")
    del images[3].SeriesDescription
    images[4].SeriesDescription = ""
    _write(tmp_path, images)
    (one,) = _candidates(tmp_path)
    assert len(one.frames) == 12
    assert one.notices == ()


@pytest.mark.parametrize("attribute", ["SeriesDescription", "FrameOfReferenceUID", "SeriesNumber"])
def test_what_numbers_the_images_does_not_part_them(tmp_path: Path, attribute: str) -> None:
    """Each image has a description or a frame of reference of its own."""
    images = _images()
    for k, image in enumerate(images):
        setattr(image, attribute, str(k + 1) if attribute == "SeriesNumber" else f"1.2.{k}")
    _write(tmp_path, images)
    (one,) = _candidates(tmp_path)
    assert len(one.frames) == 12


@pytest.mark.parametrize("each", [1, 3], ids=["one image each", "three each"])
def test_images_with_uids_of_their_own_are_put_together(tmp_path: Path, each: int) -> None:
    """By their number and description; frames of reference may be their own as well."""
    images = _images(SeriesDescription="T1")
    for k, image in enumerate(images):
        image.SeriesInstanceUID = f"1.2.392.{k // each}"
        image.FrameOfReferenceUID = f"1.2.393.{k}"
    _write(tmp_path, images)
    (one,) = _candidates(tmp_path)
    assert len(one.frames) == 12
    (said,) = [notice.text for notice in one.notices]
    assert said == (
        f"the 12 images carry {12 // each} SeriesInstanceUIDs; they were put together by what "
        "else a series shares"
    )


def test_parts_of_a_series_with_uids_of_their_own_are_put_together(tmp_path: Path) -> None:
    """The images are numbered through; one was lost on the way."""
    images = _images(30)
    for k, image in enumerate(images):
        image.SeriesInstanceUID = f"1.2.392.{k // 10}"
    _write(tmp_path, images[:14] + images[15:])
    (one,) = _candidates(tmp_path)
    assert len(one.frames) == 29
    assert one.notices[0].text.startswith("the 29 images carry 3 SeriesInstanceUIDs")


def test_series_that_share_a_number_stay_apart(tmp_path: Path) -> None:
    """Both number their images from 1."""
    images = _images() + _images()
    for k, image in enumerate(images):
        image.SeriesInstanceUID = f"1.2.392.{k // 12}"
    _write(tmp_path, images)
    assert [len(one.frames) for one in _candidates(tmp_path)] == [12, 12]


def test_two_scattered_series_stay_two(tmp_path: Path) -> None:
    """Each image has its UID; the series number tells."""
    images = _images(SeriesNumber=3) + _images(SeriesNumber=8)
    for k, image in enumerate(images):
        image.SeriesInstanceUID = f"1.2.392.{k}"
    _write(tmp_path, images)
    assert [(one.series.number, len(one.frames)) for one in _candidates(tmp_path)] == [
        (3, 12),
        (8, 12),
    ]


def test_series_of_few_images_are_not_taken_for_one(tmp_path: Path) -> None:
    """Single images of an intervention, each a series with a number: no volume is made of them."""
    images = _images(SeriesDescription="Biopsy")
    for k, image in enumerate(images):
        image.SeriesInstanceUID, image.SeriesNumber = f"1.2.392.{k}", k + 1
    _write(tmp_path / "images", images)
    assert len(_candidates(tmp_path)) == 12
    (refused,) = prepare(tmp_path / "images", tmp_path / "work")
    assert isinstance(refused, RefusedStudy)
    assert str(refused.error).startswith(
        "12 images carry a SeriesInstanceUID each; nothing tells which belong together"
    )
