"""The front view shows the patient from the front."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from publishing_cases import TRUNK_AFFINE, TRUNK_NAMES, orientations, stored, trunk_arrays

from heimdallr.imaging.volume import LabelMap, load_label_map
from heimdallr.publishing.overlays.surface import FrontView, upright

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.imaging.volume import Affine

LIVER, SPLEEN = {5: "liver"}, {1: "spleen"}


def _seen(label_map: LabelMap, *names: dict[int, str]) -> np.ndarray:
    view = FrontView(upright(label_map), (300, 300))
    for one in names:
        view.draw(one, opacity=1)
    return view.picture.rgb


def _centre(rgb: np.ndarray) -> tuple[float, float]:
    """Column and row of the middle of what is not black, as fractions of the picture."""
    rows, columns = np.nonzero(rgb.sum(axis=2) > 0.1)
    return columns.mean() / rgb.shape[1], rows.mean() / rgb.shape[0]


def test_right_organs_are_on_the_left_of_the_picture(tmp_path: Path) -> None:
    """Liver left, spleen right, both in the upper half; for several axis orders the same."""
    _, organs, _ = trunk_arrays()
    expected = None
    for orientation in orientations()[::9]:
        path = stored(tmp_path / "labels.nii", organs, TRUNK_AFFINE, orientation)
        label_map = load_label_map(path, TRUNK_NAMES)
        liver, spleen = _seen(label_map, LIVER), _seen(label_map, SPLEEN)
        assert _centre(liver)[0] < 0.45
        assert _centre(spleen)[0] > 0.6
        assert _centre(liver)[1] < 0.5
        expected = liver if expected is None else expected
        assert np.allclose(liver, expected, atol=1e-3)


def test_what_lies_in_front_covers_what_lies_behind() -> None:
    """Of two plates the anterior one is seen, in whichever order they are drawn."""
    labels = np.zeros((40, 40, 40), np.uint8)
    labels[8:32, 25:30, 8:32] = 1  # anterior: larger second index
    labels[8:32, 8:13, 8:32] = 2
    names = {1: "liver", 2: "inferior_vena_cava"}
    label_map = LabelMap(labels, np.diag([3.0, 3.0, 3.0, 1.0]), names)
    for order in ([1, 2], [2, 1]):
        rgb = _seen(label_map, *({number: names[number]} for number in order))
        red, _, blue = rgb[150, 150]
        assert red > blue


def _turned(degrees: float) -> Affine:
    turn = np.radians(degrees)
    rotation = np.eye(4)
    rotation[1:3, 1:3] = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    return np.asarray(rotation @ np.diag([3.0, 3.0, 3.0, 1.0]))


@pytest.mark.parametrize("degrees", [0.0, 25.0])
def test_an_oblique_volume_is_stood_upright(degrees: float) -> None:
    """The same ball in the patient is seen at the same place and size on a tilted grid."""
    affine = _turned(degrees)
    grid = np.moveaxis(np.indices((60, 60, 60)), 0, -1)
    world = grid @ affine[:3, :3].T + affine[:3, 3]
    middle = world.reshape(-1, 3).mean(axis=0)
    ball = np.linalg.norm(world - middle - [30, 0, 20], axis=-1) < 40
    view = FrontView(upright(LabelMap(ball.astype(np.uint8), affine, {1: "liver"})), (300, 300))
    view.draw({1: "liver"}, opacity=1)
    seen = view.picture.rgb.sum(axis=2) > 0.1
    area_mm2 = seen.sum() / view.picture.pixels_per_mm**2
    assert area_mm2 == pytest.approx(np.pi * 40**2, rel=0.06)
    rows, columns = np.nonzero(seen)
    height, width = seen.shape
    assert (width / 2 - columns.mean()) / view.picture.pixels_per_mm == pytest.approx(30, abs=4)
    assert (height / 2 - rows.mean()) / view.picture.pixels_per_mm == pytest.approx(20, abs=4)


def test_translucent_surfaces_let_through() -> None:
    """A translucent plate in front of a solid one leaves both to be seen."""
    labels = np.zeros((40, 40, 40), np.uint8)
    labels[8:32, 25:30, 8:32] = 1
    labels[8:32, 8:13, 8:32] = 2
    label_map = LabelMap(labels, np.diag([3.0, 3.0, 3.0, 1.0]), {1: "colon", 2: "liver"})
    solid = _seen(label_map, {2: "liver"})[150, 150]
    view = FrontView(upright(label_map), (300, 300))
    view.draw({2: "liver"}, opacity=1)
    view.draw({1: "colon"}, opacity=0.4)
    mixed = view.picture.rgb[150, 150]
    front = _seen(label_map, {1: "colon"})[150, 150]
    assert np.allclose(mixed, 0.6 * solid + 0.4 * front, atol=0.02)


def test_a_thin_structure_stays_visible() -> None:
    """A vessel one voxel wide survives the smoothing."""
    labels = np.zeros((30, 30, 60), np.uint8)
    labels[15, 15, 5:55] = 1
    label_map = LabelMap(labels, np.diag([3.0, 3.0, 3.0, 1.0]), {1: "aorta"})
    assert (_seen(label_map, {1: "aorta"}).sum(axis=2) > 0.1).any(axis=1).sum() > 200


def test_a_structure_is_not_mirrored_within_itself() -> None:
    """A hook of one label: upright bar on the patient's left, foot towards the right and below."""
    labels = np.zeros((40, 40, 40), np.uint8)
    labels[8:14, 10:16, 8:34] = 1
    labels[8:34, 10:16, 8:14] = 1
    labels[8:14, 30:36, 28:34] = 1  # the bar's upper end comes forward
    label_map = LabelMap(labels, np.diag([3.0, 3.0, 3.0, 1.0]), {1: "colon"})
    seen = _seen(label_map, {1: "colon"}).sum(axis=2) > 0.1
    rows, columns = np.nonzero(seen)
    middle_row, middle_column = (rows.min() + rows.max()) // 2, (columns.min() + columns.max()) // 2
    quarter = {
        "upper left": seen[:middle_row, :middle_column].mean(),
        "upper right": seen[:middle_row, middle_column:].mean(),
        "lower left": seen[middle_row:, :middle_column].mean(),
    }
    assert quarter["upper left"] < 0.05
    assert quarter["upper right"] > 0.1
    assert quarter["lower left"] > 0.1
    view = FrontView(upright(label_map), (300, 300))
    view.draw({1: "colon"}, opacity=1)
    depth = view._depth
    assert depth[rows.min() + 8, columns.max() - 8] < depth[rows.max() - 8, columns.max() - 8]
