"""What the analyses say where slices of the series are missing, or were left out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from analysis_bodies import head, trunk

from heimdallr.analyses import (
    body_regions,
    cerebral_haemorrhage,
    organ_density,
    organ_volumetry,
    sarcopenia_l3,
    structures,
    tissue_composition,
)
from heimdallr.analyses.rules.findings import find
from heimdallr.domain.measurement import Status
from heimdallr.domain.study import Unseen
from heimdallr.imaging.slabs import emptied, gaps_in

if TYPE_CHECKING:
    from types import ModuleType

    from analysis_bodies import Body

    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement

UP = (0.0, 0.0, 1.0)
BLEED = ((35.0, 10.0, 0.0), (20.0, 15.0, 12.0))


def lacking(body: Body, low_mm: float, high_mm: float) -> Case:
    """A case whose series lacks what lies between two heights, or shows it and the image not."""
    case = body.case()
    unseen = (Unseen(UP, low_mm, high_mm, 8),)
    gaps = gaps_in(case.image.shape, case.image.affine, unseen)
    maps = {
        task: replace(made, label_map=emptied(made.label_map, gaps))
        for task, made in case.segmentations.items()
    }
    return replace(case, segmentations=maps, unseen=unseen)


def named(analysis: ModuleType, case: Case) -> dict[str, Measurement]:
    """Measurements by name."""
    return {one.name: one for one in analysis.measure(case)}


def test_no_bleed_in_the_rest_of_a_head_says_that_a_part_was_not_measured() -> None:
    """Lost slices of the brain could hold one."""
    found = named(cerebral_haemorrhage, lacking(head(), -10, 26))
    assert {one.status for one in found.values()} == {Status.NOT_ASSESSABLE}
    assert found["hemorrhage_alert"].reason.startswith("part of the head was not measured")
    assert "does not exclude bleeding" in found["hemorrhage_alert"].reason


@pytest.mark.parametrize("edge_mm", [30.0, -30.0], ids=["superior", "inferior"])
def test_no_bleed_in_a_head_that_ends_early_says_so(edge_mm: float) -> None:
    """The rest of the head was left out of the volume, or never scanned."""
    body = head()
    keep = slice(0, 57) if edge_mm > 0 else slice(27, None)  # to 30 mm above or below the centre
    body.image = body.image[:, :, keep]
    body.labels = {task: labels[:, :, keep] for task, labels in body.labels.items()}
    body.affine[2, 3] += 2.0 * (keep.start or 0)
    beyond = Unseen(UP, min(edge_mm, 3 * edge_mm), max(edge_mm, 3 * edge_mm), 20)
    for case in (body.case(), replace(body.case(), unseen=(beyond,))):
        found = named(cerebral_haemorrhage, case)
        assert found["hemorrhage_vol_cm3"].reason.startswith("part of the head was not measured")


def test_a_bleed_beside_lost_slices_alerts_without_a_volume() -> None:
    """There may be more where nothing was seen: no volume, no count, but an alert."""
    case = lacking(head(bleeds=[BLEED]), 30, 60)
    found = named(cerebral_haemorrhage, case)
    assert found["hemorrhage_alert"].value == "alert"
    assert found["hemorrhage_side"].value == "right"
    for name in ("vol_cm3", "abc2_cm3", "diameter_mm", "lesions"):
        assert found[f"hemorrhage_{name}"].reason == (
            "part of the head was not measured; there may be more"
        )
    assert found["hemorrhage_vol_cm3"].parameters["segmented_cm3"] == pytest.approx(15.1, abs=0.3)
    (finding,) = (
        one for one in find(case, found.values()).findings if one.code.startswith("intracereb")
    )
    assert finding.severity.value == "critical"


def test_a_bleed_cut_by_lost_slices_is_truncated() -> None:
    """It goes on into the gap."""
    volume = named(cerebral_haemorrhage, lacking(head(bleeds=[BLEED]), 5, 30))["hemorrhage_vol_cm3"]
    assert volume.reason.startswith("bleed truncated at gap edge (")


def test_a_region_that_lacks_slices_is_covered_in_part() -> None:
    """Where its anchors are cut, or lie on both sides; others are as they were."""
    assert named(body_regions, head().case())["body_region_head"].value == "covered"
    lost = lacking(head(), -10, 26)
    found = named(body_regions, lost)
    assert found["body_region_head"].value == "covered in part"
    assert found["body_region_abdomen"].value == "not covered"
    assert found["body_regions"].value == "head"
    between = named(body_regions, lacking(trunk(), 2, 8))  # between the organs, through none
    assert between["body_region_abdomen"].value == "covered in part"
    below = named(body_regions, lacking(trunk(), -130, -120))
    assert below["body_region_abdomen"].value == "covered"


def test_an_organ_cut_by_lost_slices_has_no_volume_but_a_density() -> None:
    """The spleen that lies beside it is whole."""
    case = lacking(trunk(), 25, 40)
    volumes, densities = named(organ_volumetry, case), named(organ_density, case)
    assert volumes["liver_vol_cm3"].reason.startswith("truncated at gap edge (")
    assert volumes["kidney_left_vol_cm3"].status is Status.MEASURED
    assert densities["liver_hu_mean"].parameters["truncated_at"] == "gap"
    known = (*volumes.values(), *body_regions.measure(case))
    assert "truncated_coverage" in {one.code for one in find(case, known).findings}
    assert named(structures, case)["aorta_vol_cm3"].reason.startswith("truncated at gap edge")


def test_an_organ_that_is_not_there_may_lie_in_lost_slices() -> None:
    """Absent, missed, or not seen."""
    body = trunk()
    body.labels["total"][body.labels["total"] == 1] = 0
    spleen = named(organ_volumetry, lacking(body, 70, 100))["spleen_vol_cm3"]
    assert spleen.status is Status.NOT_ASSESSABLE
    assert spleen.reason == "no spleen segmented, but part of the abdomen was not measured"


@pytest.mark.parametrize(
    ("beyond_mm", "status"),
    [
        ((162.0, 262.0), Status.NOT_APPLICABLE),
        ((162.0, 900.0), Status.NOT_ASSESSABLE),
        ((-900.0, -162.0), Status.NOT_APPLICABLE),
    ],
    ids=["above, too short", "above", "below"],
)
def test_a_head_may_lie_above_a_trunk_and_nowhere_else(
    beyond_mm: tuple[float, float], status: Status
) -> None:
    """What was left out reaches from the abdomen over thorax and neck, or does not."""
    bleed = named(cerebral_haemorrhage, lacking(trunk(), *beyond_mm))["hemorrhage_vol_cm3"]
    assert bleed.status is status


def test_lost_slices_through_l3_leave_no_muscle_area() -> None:
    """The level goes on where nothing was seen; another level is measured."""
    lost = named(sarcopenia_l3, lacking(trunk(), -3, 8))
    assert lost["slice_L3"].reason == "L3 is truncated at gap edge"
    assert named(sarcopenia_l3, lacking(trunk(), 60, 70))["SMA_cm2"].status is Status.MEASURED


def test_the_scanned_length_leaves_lost_slices_out() -> None:
    """Volumes of tissue are those of what was seen."""
    whole = named(tissue_composition, trunk().case())["skeletal_muscle_scanned_vol_cm3"]
    lost = named(tissue_composition, lacking(trunk(), 60, 90))["skeletal_muscle_scanned_vol_cm3"]
    lengths = [one.parameters["scanned_mm"] for one in (whole, lost)]
    assert lengths == [324.0, 294.0]
    assert isinstance(lost.value, float)
    assert isinstance(whole.value, float)
    assert lost.value < whole.value
