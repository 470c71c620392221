"""The body is what is thick and in one piece; couch, blanket and headrest are not of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from heimdallr.imaging.volume import Volume, load_volume
from heimdallr.preparation.prepare import PreparedStudy, prepare
from heimdallr.preparation.selection import Preferences
from heimdallr.segmentation.anatomy.body import body_mask, body_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from heimdallr.imaging.volume import Array

SPACING_MM = np.array([2.0, 2.0, 3.0])
SHAPE = (200, 160, 40)


class Scene:
    """Things in the air of a room, drawn in mm from the middle of the image."""

    def __init__(self) -> None:
        """Air."""
        self.hu = np.full(SHAPE, -1000, np.int16)
        middle = (np.array(SHAPE) - 1) / 2
        self.x, self.y, self.z = (
            (index - m) * mm
            for index, m, mm in zip(
                np.meshgrid(*map(np.arange, SHAPE), indexing="ij", sparse=True),
                middle,
                SPACING_MM,
                strict=True,
            )
        )

    def ellipse(self, centre: tuple[float, float], radii: tuple[float, float]) -> Array:
        """An upright cylinder through all slices."""
        x, y = (self.x - centre[0]) / radii[0], (self.y - centre[1]) / radii[1]
        return np.broadcast_to(x**2 + y**2 < 1, SHAPE)

    def box(self, x: tuple[float, float], y: tuple[float, float]) -> Array:
        """A block through all slices."""
        inside = (self.x > x[0]) & (self.x < x[1]) & (self.y > y[0]) & (self.y < y[1])
        return np.broadcast_to(inside, SHAPE)

    def patient(self) -> Array:
        """A trunk with two lungs that end above the lowest slices; where it is."""
        trunk = self.ellipse((0, 0), (140, 90))
        self.hu[trunk] = 40
        for side in (-1, 1):
            self.hu[self.ellipse((side * 70, 0), (50, 65)) & (self.z > -30)] = -850
        return trunk

    def hollow_couch(self) -> None:
        """A shell of 4 mm, empty within, its upper plate against the patient's back."""
        outer, inner = self.box((-180, 180), (-130, -88)), self.box((-176, 176), (-126, -92))
        self.hu[outer & ~inner & (self.hu < -300)] = 150

    def image(self) -> Volume:
        """With the noise of a scan."""
        noise = np.random.default_rng(7).normal(0, 15, SHAPE)
        return Volume((self.hu + noise).astype(np.int16), np.diag([*SPACING_MM, 1.0]))


def share_of(truth: Array, found: Array) -> float:
    """Dice of two masks."""
    return float(2 * (truth & found).sum() / (truth.sum() + found.sum()))


def test_a_hollow_couch_against_the_back_is_not_body() -> None:
    """Its cavity is as enclosed as a lung, but its walls are thin; the lungs belong to the body."""
    scene = Scene()
    trunk = scene.patient()
    scene.hollow_couch()
    found = body_mask(scene.image())
    assert share_of(trunk, found) > 0.98
    assert found[scene.hu == -850].mean() > 0.99
    assert not found[:, (scene.y < -98)[0, :, 0]].any()


def test_blanket_and_headrest_are_not_body() -> None:
    """A sheet in folds on the skin, and a block of plastic apart from the patient."""
    scene = Scene()
    trunk = scene.patient()
    scene.hu[scene.ellipse((0, 0), (150, 98)) & ~scene.ellipse((0, 0), (146, 95))] = -150
    scene.hu[scene.box((-60, 60), (-150, -115))] = 60
    found = body_mask(scene.image())
    assert found[trunk].mean() > 0.99
    assert found[~trunk].mean() < 0.02


@pytest.mark.parametrize("gap_mm", [-4, 12])
def test_arms_belong_to_the_body(gap_mm: int) -> None:
    """One that touches the trunk, and one that lies beside it with a bone inside."""
    scene = Scene()
    trunk = scene.patient()
    centre = (140 + 28 + gap_mm, 0)
    arm = scene.ellipse(centre, (28, 28))
    scene.hu[arm & ~trunk] = 40
    scene.hu[scene.ellipse(centre, (9, 9))] = 400
    assert body_mask(scene.image())[arm].mean() > 0.97


def test_a_lung_that_the_field_of_view_cuts_is_body() -> None:
    """A scan of the heart reaches the skin nowhere: the sides of the image are no room."""
    scene = Scene()
    scene.patient()
    narrow = (slice(45, 155), slice(50, 110))
    image = Volume(scene.image().data[narrow], np.diag([*SPACING_MM, 1.0]))
    assert body_mask(image).mean() > 0.97


def test_where_nobody_lies_there_is_no_body() -> None:
    """An empty couch."""
    scene = Scene()
    scene.hollow_couch()
    assert not body_mask(scene.image()).any()
    assert body_of(scene.image()).label_map.names == {1: "body"}


def test_the_real_head_lies_in_no_headrest(tmp_path: Path, real_set: Callable[[str], Path]) -> None:
    """A helical CT of a real head (gantry tilted): 3.3 l, and nothing beside the skin."""
    (made,) = prepare(real_set("ct_head_ge_tilt_varspacing"), tmp_path, Preferences())
    assert isinstance(made, PreparedStudy)
    image = load_volume(made.volume_path)
    litres = body_mask(image).sum() * image.voxel_volume_mm3 / 1e6
    assert litres == pytest.approx(3.3, abs=0.15)
