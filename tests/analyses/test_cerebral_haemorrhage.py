"""Intracerebral haemorrhage on a head of ellipsoids."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from analysis_bodies import Body, head, rotation, trunk

from heimdallr.analyses import cerebral_haemorrhage
from heimdallr.analyses.anatomy.symmetry import midsagittal_plane
from heimdallr.analyses.cerebral_haemorrhage import abc_mm
from heimdallr.domain.measurement import Measurement, Status
from heimdallr.domain.study import Series

if TYPE_CHECKING:
    from heimdallr.analyses.case import Case

LOBAR = ((35.0, 10.0, 0.0), (20.0, 15.0, 12.0))
LOBAR_CM3 = 4 / 3 * math.pi * 20 * 15 * 12 / 1000


def bleed(case: Case) -> dict[str, Measurement]:
    """Measurements by name."""
    return {one.name: one for one in cerebral_haemorrhage.measure(case)}


def test_one_bleed() -> None:
    """Volume, ABC/2, diameter, side, count and slices of one ellipsoid on the right."""
    case = head(bleeds=[LOBAR]).case()
    found = bleed(case)
    assert found["hemorrhage_vol_cm3"].value == pytest.approx(LOBAR_CM3, rel=0.02)
    assert found["hemorrhage_diameter_mm"].value == pytest.approx(40, abs=2)
    assert found["hemorrhage_side"].value == "right"
    assert found["hemorrhage_lesions"].value == 1
    assert found["hemorrhage_alert"].value == "alert"
    assert found["hemorrhage_alert"].parameters["large"] is False
    assert found["hemorrhage_hu_mean"].value == 65
    places = ("inferior_15", "center_50", "superior_85")
    slices = [found[f"hemorrhage_analysis_slices.{place}"].value for place in places]
    heights = [case.image.voxel_to_world((0, 0, k))[2] for k in slices if isinstance(k, int)]
    assert heights == pytest.approx([-8.4, 0, 8.4], abs=2)


def test_abc_over_two_of_an_ellipsoid() -> None:
    """A 40 mm, B 30 mm; C weighs the slices: half the height fully, to 87 % of it by half."""
    parameters = bleed(head(bleeds=[LOBAR]).case())["hemorrhage_abc2_cm3"].parameters
    assert parameters["a_mm"] == pytest.approx(40, abs=2)
    assert parameters["b_mm"] == pytest.approx(30, abs=2)
    assert parameters["c_unweighted_mm"] == pytest.approx(24, abs=2)
    assert parameters["c_mm"] == pytest.approx(24 * (0.5 + 0.366 / 2), abs=2)


def test_abc_of_a_hand_drawn_bleed() -> None:
    """Slices of 10, 8, 4 and 1 pixels at 5 mm: weights 1, 1, 1/2, 0 (Kothari 1996)."""
    rows = [(i, 0, 0) for i in range(10)] + [(i, 0, 1) for i in range(8)]
    rows += [(i, 0, 2) for i in range(4)] + [(0, 0, 3)]
    a, b, c, c_unweighted = abc_mm(np.array(rows), np.diag([1.0, 1.0, 5.0, 1.0]))
    assert (a, b, c, c_unweighted) == pytest.approx((10.0, 1.0, 12.5, 20.0))


def test_an_empty_mask_never_says_no_bleed() -> None:
    """Nothing segmented is not a volume of 0 and not 'no alert'."""
    found = bleed(head().case())
    assert {one.status for one in found.values()} == {Status.NOT_ASSESSABLE}
    assert "does not exclude bleeding" in found["hemorrhage_vol_cm3"].reason


def test_voxels_outside_the_brain_are_dropped() -> None:
    """What lies in the scalp is no haemorrhage, whatever the network calls it."""
    body = head(bleeds=[LOBAR])
    body.mark(
        body.ellipsoid((0, 101, 0), (10, 3, 10)), "intracerebral_hemorrhage", "cerebral_bleed"
    )
    body.mark(body.box((0, 0, 80), (20, 20, 6)), "intracerebral_hemorrhage", "cerebral_bleed")
    volume = bleed(body.case())["hemorrhage_vol_cm3"]
    assert volume.value == pytest.approx(LOBAR_CM3, rel=0.02)
    dropped = volume.parameters["dropped_cm3"]
    assert isinstance(dropped, float)
    assert dropped > 2


def test_only_voxels_outside_the_brain() -> None:
    """When all are dropped the reason counts them."""
    body = head()
    body.mark(body.box((0, 0, 80), (20, 20, 6)), "intracerebral_hemorrhage", "cerebral_bleed")
    volume = bleed(body.case())["hemorrhage_vol_cm3"]
    assert volume.status is Status.NOT_ASSESSABLE
    assert "voxels outside the brain dropped" in volume.reason


def test_blood_that_the_brain_mask_leaves_out_is_kept() -> None:
    """A network that calls blood 'no brain' leaves a hole; the hole counts as brain."""
    body = head(bleeds=[LOBAR])
    body.labels["total"][body.labels["cerebral_bleed"] > 0] = 0
    found = bleed(body.case())
    assert found["hemorrhage_vol_cm3"].value == pytest.approx(LOBAR_CM3, rel=0.02)


@pytest.mark.parametrize(
    ("x", "side"), [(-35.0, "left"), (35.0, "right"), (0.0, "both")], ids=["left", "right", "mid"]
)
def test_side(x: float, side: str) -> None:
    """Patient's left is negative x in RAS."""
    found = bleed(head(bleeds=[((x, 0, 0), (12, 12, 12))]).case())
    assert found["hemorrhage_side"].value == side


def test_a_bleed_has_no_side_where_nothing_tells_left_from_right() -> None:
    """Its volume does not depend on it."""
    series = Series("", "CT", sides_known=False)
    found = bleed(head(bleeds=[LOBAR]).case(series=series))
    assert found["hemorrhage_side"].value is None
    assert found["hemorrhage_vol_cm3"].value is not None


def test_two_bleeds() -> None:
    """Both count for the volume and the side, the larger one for the diameter."""
    found = bleed(head(bleeds=[LOBAR, ((-35, 0, 20), (8, 8, 8))]).case())
    assert found["hemorrhage_lesions"].value == 2
    assert found["hemorrhage_side"].value == "both"
    assert found["hemorrhage_diameter_mm"].value == pytest.approx(40, abs=2)


def test_the_midline_follows_a_turned_head() -> None:
    """The brain is drawn yawed by 12 degrees: a bleed just right of its midline stays right."""
    body = Body((180, 216, 168), (2.0, 2.0, 2.0))
    x, y, z = np.meshgrid(*(np.arange(n) * 2.0 for n in (90, 108, 84)), indexing="ij")
    yaw = rotation(12, 2)[:2, :2]
    across, along = (yaw[row, 0] * (x - 90) + yaw[row, 1] * (y - 108) for row in (0, 1))
    brain = (across / 70) ** 2 + (along / 88) ** 2 + ((z - 84) / 64) ** 2 < 1
    spot = (across - 8) ** 2 + (along - 60) ** 2 + (z - 84) ** 2 < 6**2
    yaw_axis = (*yaw[0], 0.0)
    body.paint(brain, 32, "brain")
    body.paint(spot, 65, "intracerebral_hemorrhage", "cerebral_bleed")
    assert bleed(body.case())["hemorrhage_side"].value == "right"
    _, rightward = midsagittal_plane(brain, body.affine)
    assert rightward == pytest.approx(yaw_axis, abs=np.deg2rad(1))


def test_a_cut_bleed_alerts_without_a_volume() -> None:
    """The scan ends inside the bleed: no volume, but an alert with what was seen."""
    body = head(bleeds=[((30, 0, 0), (20, 20, 20))])
    body.image = body.image[:, :, 42:]
    body.labels = {task: labels[:, :, 42:] for task, labels in body.labels.items()}
    found = bleed(body.case())
    assert found["hemorrhage_vol_cm3"].status is Status.NOT_ASSESSABLE
    assert found["hemorrhage_abc2_cm3"].status is Status.NOT_ASSESSABLE
    assert found["hemorrhage_alert"].value == "alert"
    seen = found["hemorrhage_alert"].parameters["segmented_cm3"]
    assert seen == pytest.approx(4 / 3 * math.pi * 8 / 2, rel=0.05)


def test_a_speck_does_not_alert() -> None:
    """Below 0.1 cm3 the volume is published and the alert stays off."""
    body = head()
    body.mark(body.box((30, 0, 0), (4, 4, 4)), "intracerebral_hemorrhage", "cerebral_bleed")
    found = bleed(body.case())
    assert found["hemorrhage_vol_cm3"].value == 0.064
    assert found["hemorrhage_alert"].value == "below threshold"


def test_a_large_bleed_is_called_large() -> None:
    """30 cm3 and more."""
    found = bleed(head(bleeds=[((25, 0, 0), (24, 24, 24))]).case())
    assert found["hemorrhage_alert"].parameters["large"] is True


@pytest.mark.parametrize(("x", "contact"), [(18.0, "yes"), (40.0, "no")])
def test_ventricle_contact(x: float, contact: str) -> None:
    """A bleed beside a frontal horn reaches it, one 15 mm away does not."""
    body = head(bleeds=[((x, 20, 0), (10, 10, 10))])
    horn = body.box((5, 20, 0), (6, 20, 10))
    body.mark(horn, "ventricle_frontal_horn_right", "ventricle_parts")
    assert bleed(body.case())["hemorrhage_ventricle_contact"].value == contact


def test_without_ventricles_contact_is_unknown() -> None:
    """The task was not run: not assessable."""
    found = bleed(head(bleeds=[LOBAR]).case())["hemorrhage_ventricle_contact"]
    assert found.status is Status.NOT_ASSESSABLE


def test_no_head_no_question() -> None:
    """An abdomen has no cerebral haemorrhage to look for."""
    assert {one.status for one in bleed(trunk().case()).values()} == {Status.NOT_APPLICABLE}


def test_a_skipped_task_is_said() -> None:
    """A head whose bleed task was not run."""
    found = bleed(head().case(without=["cerebral_bleed"]))
    assert found["hemorrhage_vol_cm3"].reason == "task cerebral_bleed was not run: not requested"
