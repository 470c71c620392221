"""Pictures lie where the affine says: never mirrored, whatever the file's axis order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest
from publishing_cases import (
    TRUNK_AFFINE,
    TRUNK_NAMES,
    TRUNK_SHAPE,
    orientations,
    stored,
    trunk,
    trunk_arrays,
)

from heimdallr.imaging.volume import LabelMap, Volume, load_label_map, load_volume
from heimdallr.publishing.overlays.plane import (
    Plane,
    direction_letters,
    on_slice,
    sample_image,
    sample_labels,
    slice_plane,
)

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.imaging.volume import Affine
    from heimdallr.publishing.overlays.plane import View

VIEWS: tuple[View, ...] = ("axial", "coronal", "sagittal")
EDGES: dict[View, dict[Literal["left", "right", "top", "bottom"], str]] = {
    "axial": {"left": "R", "right": "L", "top": "A", "bottom": "P"},
    "coronal": {"left": "R", "right": "L", "top": "H", "bottom": "F"},
    "sagittal": {"left": "A", "right": "P", "top": "H", "bottom": "F"},
}
TILTED = np.array([[0.9, 0, 0, -40.0], [0, 0.9, 1.6, -30.0], [0, -0.3, 4.8, 10.0], [0, 0, 0, 1.0]])


def _rotated(degrees: float) -> Affine:
    """The trunk's affine turned about the superior axis."""
    turn = np.radians(degrees)
    rotation = np.eye(4)
    rotation[:2, :2] = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    return np.asarray(rotation @ TRUNK_AFFINE)


def _marked(affine: Affine, shape: tuple[int, int, int]) -> tuple[Volume, tuple[int, int, int]]:
    """A volume that is dark but for one voxel near the right anterior superior corner."""
    data = np.zeros(shape, np.int16)
    marker = (shape[0] - 3, shape[1] - 4, shape[2] - 5)
    data[marker] = 1000
    return Volume(data, affine), marker


@pytest.mark.parametrize("view", VIEWS)
def test_the_picture_is_the_same_for_all_48_axis_orders(tmp_path: Path, view: View) -> None:
    """One patient, stored in every possible way, gives one picture and one set of letters."""
    hu, organs, _ = trunk_arrays()
    index = {"axial": 45, "coronal": 26, "sagittal": 56}[view]
    expected = None
    for orientation in orientations():
        image = load_volume(stored(tmp_path / "image.nii", hu, TRUNK_AFFINE, orientation))
        labels = load_label_map(
            stored(tmp_path / "labels.nii", organs, TRUNK_AFFINE, orientation), TRUNK_NAMES
        )
        plane = slice_plane(image, view, index)
        picture = sample_image(image, plane, outside=-1024), sample_labels(labels, plane)
        if expected is None:
            expected = picture
            assert len(np.unique(picture[1])) > 2
        assert plane.letters == EDGES[view]
        assert np.allclose(picture[0], expected[0], atol=1e-2)
        assert np.array_equal(picture[1], expected[1])


def test_the_liver_is_on_the_left_of_the_picture() -> None:
    """Radiological convention: the patient's right on the picture's left, the spine below."""
    case = trunk()
    plane = slice_plane(case.image, "axial", 50)
    labels = sample_labels(case.anatomy, plane)
    rows, columns = np.nonzero(labels == 5)
    assert columns.max() < plane.width / 2
    assert rows.mean() < np.nonzero(labels > 20)[0].mean()
    assert np.nonzero(labels == 1)[1].min() > plane.width / 2


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("affine", [TRUNK_AFFINE, TILTED, _rotated(12)])
def test_a_point_of_the_patient_is_found_in_its_picture(view: View, affine: Affine) -> None:
    """Straight, sheared and oblique grids: the pixel of a marker shows the marker."""
    volume, marker = _marked(affine, (30, 28, 26))
    axis = {"axial": 2, "coronal": 1, "sagittal": 0}[view]
    plane = slice_plane(volume, view, marker[axis])
    column, row = plane.pixel_of(volume.voxel_to_world(marker))
    picture = sample_image(volume, plane, outside=0)
    found = divmod(int(picture.argmax()), plane.width)
    assert picture.max() > 300
    assert found == (round(row), round(column))
    # The marker is right, anterior and superior: in the picture's upper left for all but sagittal,
    # whose left is anterior as well.
    assert row < plane.height / 2
    assert column < plane.width / 2


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("affine", [TRUNK_AFFINE, TILTED, _rotated(12)])
def test_pixels_stand_at_right_angles(view: View, affine: Affine) -> None:
    """A circle in the patient is a circle in the picture, on a tilted gantry too."""
    volume, _ = _marked(affine, (20, 20, 20))
    plane = slice_plane(volume, view, 10)
    assert plane.right_mm @ plane.down_mm == pytest.approx(0, abs=1e-9)


def test_a_sheared_slice_is_shown_whole() -> None:
    """No voxel of a tilted volume's sagittal slice falls off the straightened picture."""
    volume, _ = _marked(TILTED, (12, 20, 18))
    plane = slice_plane(volume, "sagittal", 6)
    corners = [plane.pixel_of(volume.voxel_to_world((6, j, k))) for j in (0, 19) for k in (0, 17)]
    columns, rows = np.array(corners).T
    assert columns.min() >= -1e-6
    assert columns.max() <= plane.width - 1 + 1
    assert rows.min() == pytest.approx(0)
    assert rows.max() == pytest.approx(plane.height - 1)


@pytest.mark.parametrize(
    ("direction", "letters"),
    [
        ((1, 0, 0), "R"),
        ((-3, 0, 0), "L"),
        ((0, 1, 0.2), "A"),
        ((0, -1, 0), "P"),
        ((0, 0, 2), "H"),
        ((0, 0.1, -2), "F"),
        ((0, 1, 0.6), "AH"),
        ((-0.5, 0, -1), "FL"),
    ],
)
def test_letters_follow_the_direction(direction: tuple[float, ...], letters: str) -> None:
    """The patient's directions in RAS; a second letter where the direction is oblique."""
    assert direction_letters(direction) == letters


def test_a_mask_of_one_slice_lies_on_that_slice() -> None:
    """What an analysis marked in (I, J) order appears at the right place, and on no other slice."""
    case = trunk()
    mask = case.anatomy.data[:, :, 50] == 5
    for k, found in ((50, True), (52, False)):
        plane = slice_plane(case.image, "axial", k)
        shown = sample_labels(on_slice(mask, case.image, 50), plane) > 0
        expected = (sample_labels(case.anatomy, plane) == 5) & found
        assert np.array_equal(shown, expected)


def test_the_surroundings_of_a_mask() -> None:
    """A cut-out keeps its place in the patient, and ends at the edge of the picture."""
    labels = np.zeros((40, 30, 10), np.uint8)
    labels[30:35, 27:30, 5] = 1
    label_map = LabelMap(labels, np.diag([2.0, 2.0, 5.0, 1.0]), {1: "liver"})
    whole = slice_plane(label_map, "axial", 5)
    part = whole.around(sample_labels(label_map, whole) > 0, margin_mm=6)
    assert (part.width, part.height) == (5 + 2 * 3, 3 + 3)
    assert sample_labels(label_map, part).sum() == 15
    assert isinstance(whole.around(np.zeros((30, 40), bool), 6), Plane)
    assert whole.around(np.zeros((30, 40), bool), 6).width == whole.width


def test_beyond_the_volume_there_is_nothing() -> None:
    """Pixels outside get the value that was asked for, no smeared edge."""
    volume = Volume(np.full(TRUNK_SHAPE, 40, np.int16), TRUNK_AFFINE)
    plane = slice_plane(volume, "axial", 10)
    wider = Plane(
        plane.origin_ras_mm - 5 * plane.right_mm, plane.right_mm, plane.down_mm, 8, plane.height
    )
    picture = sample_image(volume, wider, outside=-1024)
    assert (picture[:, :5] == -1024).all()
    assert (picture[:, 5:] == 40).all()
