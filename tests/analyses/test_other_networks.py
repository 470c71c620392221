"""Numbers by other people's networks: geometry in, geometry out, and never a lesion ruled out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from analysis_bodies import FAT_HU, MUSCLE_HU, Body, trunk

from heimdallr.analyses import other_networks, tissue_composition
from heimdallr.domain.measurement import Measurement, Status
from heimdallr.imaging.volume import LabelMap
from heimdallr.segmentation.result import Segmentation, SegmentationProvenance
from heimdallr.segmentation.tasks import task as task_named

if TYPE_CHECKING:
    from heimdallr.analyses.case import Case
    from heimdallr.imaging.volume import Array


def with_task(case: Case, name: str, masks: dict[str, Array]) -> Case:
    """The case with the label map of another collection's task."""
    task = task_named(name)
    assert task.collection is not None
    labels = LabelMap(np.zeros(case.image.shape, np.uint8), case.image.affine, task.names)
    for structure, mask in masks.items():
        labels.data[mask] = labels.number(structure)
    provenance = SegmentationProvenance(
        name, "none", "cpu", (), "other", (), 1.5, 0.0, collections=(task.collection,)
    )
    return replace(
        case, segmentations={**case.segmentations, name: Segmentation(labels, provenance)}
    )


def by_name(measurements: tuple[Measurement, ...]) -> dict[str, Measurement]:
    """Measurements by name."""
    return {one.name: one for one in measurements}


def test_a_structure_of_another_network_is_measured_under_its_task() -> None:
    """Volume and attenuation of a box; what the network did not find is not listed."""
    body = Body((120, 120, 120))
    box = body.box((0, 0, 0), (30, 30, 30))
    body.paint(box, 55)
    found = by_name(
        other_networks.measure(with_task(body.case(), "moose_cardiac", {"pulmonary_artery": box}))
    )
    assert set(found) == {
        "pulmonary_artery_vol_cm3_by_moose_cardiac",
        "pulmonary_artery_hu_mean_by_moose_cardiac",
    }
    assert found["pulmonary_artery_vol_cm3_by_moose_cardiac"].value == pytest.approx(27.0)
    assert found["pulmonary_artery_hu_mean_by_moose_cardiac"].value == 55
    assert found["pulmonary_artery_hu_mean_by_moose_cardiac"].parameters["task"] == "moose_cardiac"


def test_what_is_cut_has_no_volume() -> None:
    """Its attenuation is still measured, and says that it was cut."""
    body = Body((120, 120, 120))
    box = body.box((0, 0, 60), (30, 30, 60))
    body.paint(box, 55)
    found = by_name(other_networks.measure(with_task(body.case(), "moose_organs", {"liver": box})))
    volume, mean = found["liver_vol_cm3_by_moose_organs"], found["liver_hu_mean_by_moose_organs"]
    assert volume.status is Status.NOT_ASSESSABLE
    assert "superior" in str(volume.reason)
    assert (mean.value, mean.parameters["truncated_at"]) == (55, "superior")


def test_sides_that_are_unknown_are_not_given() -> None:
    """Without the patient's position a left lung may be the right one."""
    body = Body((120, 120, 120))
    box = body.box((0, 0, 0), (30, 30, 30))
    case = with_task(body.case(), "moose_lungs", {"lung_lower_lobe_left": box})
    case = replace(case, series=replace(case.series, sides_known=False))
    assert {one.status for one in other_networks.measure(case)} == {Status.NOT_ASSESSABLE}


def test_a_lesion_that_was_not_segmented_is_not_excluded() -> None:
    """One kind of blood is measured; the three others are not zero, and not left out."""
    body = Body((120, 120, 120))
    box = body.box((0, 0, 0), (12, 12, 12))
    body.paint(box, 65)
    case = with_task(body.case(), "blast_ct", {"extra_axial_hemorrhage": box})
    found = by_name(other_networks.measure(case))
    assert found["extra_axial_hemorrhage_vol_cm3_by_blast_ct"].value == pytest.approx(1.728)
    for lesion in other_networks.LESIONS - {"extra_axial_hemorrhage"}:
        one = found[f"{lesion}_vol_cm3_by_blast_ct"]
        assert (one.value, one.status) == (None, Status.NOT_ASSESSABLE)
        assert "does not exclude it" in str(one.reason)


def test_the_lesions_are_those_of_the_table() -> None:
    """A class that BLAST-CT's table gains must not be read as excluded."""
    assert set(task_named("blast_ct").names.values()) == other_networks.LESIONS


def test_a_case_without_other_networks_has_no_such_numbers() -> None:
    """TotalSegmentator's and the bundled ones are measured by the other analyses."""
    assert other_networks.measure(trunk().case()) == ()


def test_epicardial_and_mediastinal_fat_are_told_from_visceral() -> None:
    """What is fat by attenuation inside a region; a region that is cut has no volume."""
    body = trunk()
    heart = body.box((0, 0, 60), (60, 60, 60))
    rim = body.box((0, 0, 60), (60, 60, 30))
    body.image[heart] = MUSCLE_HU
    body.image[rim] = FAT_HU
    cut = body.box((90, 0, 150), (30, 30, 60))
    case = with_task(body.case(), "boa_body_regions", {"pericardium": heart, "mediastinum": cut})
    found = by_name(tissue_composition.measure(case))
    assert found["epicardial_fat_vol_cm3"].value == pytest.approx(6 * 6 * 3)
    assert found["epicardial_fat_vol_cm3"].parameters["window"] == "-190..-30 HU"
    assert found["mediastinal_fat_vol_cm3"].status is Status.NOT_ASSESSABLE
    absent = by_name(tissue_composition.measure(with_task(trunk().case(), "boa_body_regions", {})))
    assert "no pericardium segmented" in str(absent["epicardial_fat_vol_cm3"].reason)
    assert "epicardial_fat_vol_cm3" not in by_name(tissue_composition.measure(trunk().case()))


def test_arms_that_a_network_tells_from_the_trunk_are_left_out_of_areas() -> None:
    """Arms that lie on the flank touch the trunk: by shape alone their fat would count."""
    name = "subcutaneous_fat_area_L3_cm2"
    body = trunk(arms_at_mm=183.0)
    arms = body.cylinder((183, 0), (36, 36)) | body.cylinder((-183, 0), (36, 36))
    alone = by_name(tissue_composition.measure(trunk().case()))[name].value
    joined = by_name(tissue_composition.measure(body.case()))[name].value
    told = with_task(body.case(), "boa_body_parts", {"arm_left": arms})
    without = by_name(tissue_composition.measure(told))[name].value
    assert isinstance(alone, float)
    assert isinstance(joined, float)
    assert joined > 1.05 * alone
    assert without == pytest.approx(alone, rel=0.02)
