"""A click on a number leads to its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
import pytest
from nibabel.affines import apply_affine
from nibabel.orientations import inv_ornt_aff, io_orientation, ornt_transform
from publishing_cases import ENDED, TRUNK_AFFINE, orientations, trunk, trunk_arrays

from heimdallr.analyses.registry import run_all
from heimdallr.analyses.rules.findings import find
from heimdallr.imaging.volume import LabelMap, NativeGrid
from heimdallr.publishing.case_file import MASK_FOLDERS
from heimdallr.publishing.label_maps import describe_map
from heimdallr.publishing.results import build_results
from heimdallr.publishing.schema import MeasurementRecord, Results
from heimdallr.publishing.targets import (
    Grid,
    Places,
    Target,
    canonical,
    decided_at,
    finding_target,
    measurement_targets,
)

if TYPE_CHECKING:
    from heimdallr.domain.measurement import Scalar

OBLIQUE = np.array(
    [[0.8, -0.1, 0.2, -90.0], [0.1, 0.8, 0.1, -80.0], [-0.2, -0.1, 2.9, 400.0], [0, 0, 0, 1]]
)
BLEED = "intracerebral_hemorrhage"


@pytest.fixture(scope="module")
def results() -> Results:
    """The trunk's results."""
    case = trunk()
    measurements = run_all(case)
    return build_results("x", case, measurements, find(case, measurements), ENDED)


@pytest.fixture(scope="module")
def places() -> Places:
    """Where the trunk's structures are."""
    case = trunk()
    maps = [
        describe_map(MASK_FOLDERS[task], task, one.label_map)
        for task, one in case.segmentations.items()
    ]
    return Places(Grid(case.image.shape, case.image.affine), maps)


@pytest.fixture(scope="module")
def targets(results: Results, places: Places) -> dict[str, Target]:
    """Of all its measurements."""
    return measurement_targets(results.measurements, places)


def shown(target: Target) -> list[tuple[str, str]]:
    """Map and structure of what is shown there."""
    return [(one.map, one.structure) for one in target.shown]


@pytest.mark.parametrize("name", ["SMA_cm2", "muscle_HU_mean", "muscle_HU_std", "SMI_cm2_m2"])
def test_muscle_leads_to_the_l3_slice(
    results: Results, targets: dict[str, Target], name: str
) -> None:
    """The slice that was measured, muscle shown, the crosshair in the vertebra."""
    target = targets[name]
    assert target.slice_index == results.flat["slice_L3"]
    assert shown(target) == [("tissue_types", "skeletal_muscle"), ("total", "vertebrae_L3")]
    assert trunk_arrays()[1][target.position_ijk] == 29


def test_the_l3_slice_itself(targets: dict[str, Target]) -> None:
    """The vertebra first, muscle beside it."""
    target = targets["slice_L3"]
    assert target.structure == "vertebrae_L3"
    assert shown(target) == [("total", "vertebrae_L3"), ("tissue_types", "skeletal_muscle")]


@pytest.mark.parametrize("quantity", ["vol_cm3", "hu_mean", "hu_median"])
@pytest.mark.parametrize(("organ", "label"), [("liver", 5), ("spleen", 1), ("kidney_left", 3)])
def test_an_organ_leads_into_the_organ(
    targets: dict[str, Target], organ: str, label: int, quantity: str
) -> None:
    """Inside it, on the slice that shows most of it; millimetres are those of the voxel."""
    organs = trunk_arrays()[1]
    target = targets[f"{organ}_{quantity}"]
    assert organs[target.position_ijk] == label
    counts = (organs == label).sum(axis=(0, 1))
    assert counts[target.slice_index] == counts.max()
    assert target.position_ras_mm == pytest.approx(apply_affine(TRUNK_AFFINE, target.position_ijk))
    assert shown(target) == [("total", organ)]


def test_an_area_leads_to_its_level(results: Results, targets: dict[str, Target]) -> None:
    """The slice it was measured on, the compartment and the vertebra shown."""
    record = next(one for one in results.measurements if one.name == "visceral_fat_area_L2_cm2")
    target = targets[record.name]
    assert target.slice_index == record.parameters["slice_index"]
    assert shown(target) == [("tissue_types", "torso_fat"), ("total", "vertebrae_L2")]


def test_what_has_no_place_has_no_target(results: Results, targets: dict[str, Target]) -> None:
    """Regions, phases, counts; and structures nobody segmented."""
    without = [one for one in results.measurements if one.name not in targets]
    names = {one.name for one in without}
    assert {"body_regions", "contrast_phase", "structures_segmented"} <= names
    assert [one.name for one in without if one.structure and one.status == "measured"] == []


def test_findings_lead_to_their_slice(places: Places) -> None:
    """By slice and structure, by structure alone, by slice alone, or nowhere."""
    muscle = finding_target("skeletal_muscle", 38, places)
    assert muscle is not None
    assert (muscle.slice_index, muscle.position_ijk[2]) == (38, 38)
    assert shown(muscle)[0] == ("tissue_types", "skeletal_muscle")
    spleen = finding_target("spleen", None, places)
    assert spleen is not None
    assert trunk_arrays()[1][spleen.position_ijk] == 1
    bare = finding_target(None, 7, places)
    assert bare is not None
    assert (bare.slice_index, bare.structure, bare.shown) == (7, None, ())
    assert finding_target(None, None, places) is None
    assert finding_target("brain", None, places) is None


def test_a_finding_without_a_name_leads_to_the_voxel_of_what_decided(places: Places) -> None:
    """On its slice; of a finding that names a structure or another slice, nothing changes."""
    nameless = {"structure": None, "analysis": "vertebral_fracture"}
    voxel = record("vertebral_fractures_suspected", 1, slice_index=30, voxel="40 20 30")
    voxel, count = (
        one.model_copy(update=nameless) for one in (voxel, record("vertebrae_measured", 3))
    )
    measured = measurement_targets([count, voxel], places)
    at = decided_at({voxel.name: 1, "limit_genant_1993": 1}, measured)
    assert at is not None
    assert at.position_ijk == (40, 20, 30)
    assert finding_target(None, 30, places, at) == at
    assert finding_target(None, 31, places, at) == finding_target(None, 31, places)
    assert finding_target("spleen", 30, places, at) == finding_target("spleen", 30, places)
    assert decided_at({}, measured) is None
    assert decided_at({count.name: 3}, measured) is None


@pytest.mark.parametrize("k", [-1, 72])
def test_a_slice_beyond_the_volume_leads_nowhere(places: Places, k: int) -> None:
    """A jump must not end outside the image."""
    assert finding_target("spleen", k, places) is None


def record(name: str, value: float, **parameters: Scalar) -> MeasurementRecord:
    """A measurement of a bleed."""
    return MeasurementRecord(
        name=name, value=value, unit="", status="measured", reason="", structure=BLEED,
        analysis="cerebral_haemorrhage", parameters=parameters,
    )  # fmt: skip


@pytest.mark.parametrize(("dropped_cm3", "expected"), [(0.0, 9), (4.0, 4)])
def test_a_bleed_leads_to_its_largest_slice(dropped_cm3: float, expected: int) -> None:
    """Where most of it is; among what counts, when part of the label map was dropped."""
    labels = np.zeros((20, 20, 12), np.uint8)
    labels[5:8, 5:8, 3:6] = 1
    labels[2:14, 2:14, 9] = 1
    bleed = describe_map("bleed", "cerebral_bleed", LabelMap(labels, OBLIQUE, {1: BLEED}))
    records = [
        record("hemorrhage_vol_cm3", 3.0, dropped_cm3=dropped_cm3),
        record("hemorrhage_abc2_cm3", 2.0),
        record("hemorrhage_analysis_slices.inferior_15", 3),
        record("hemorrhage_analysis_slices.center_50", 4),
    ]
    found = measurement_targets(records, Places(Grid(labels.shape, OBLIQUE), [bleed]))
    assert found["hemorrhage_vol_cm3"].slice_index == expected
    assert found["hemorrhage_abc2_cm3"].slice_index == expected
    assert found["hemorrhage_analysis_slices.inferior_15"].slice_index == 3
    assert all(shown(target) == [("bleed", BLEED)] for target in found.values())


def test_without_label_maps_slices_still_lead_somewhere(results: Results) -> None:
    """An older case folder: the L3 slice, in the middle of the image; organs nowhere."""
    found = measurement_targets(results.measurements, Places(Grid((88, 64, 72), TRUNK_AFFINE)))
    assert found["SMA_cm2"].position_ijk == (44, 32, 38)
    assert found["SMA_cm2"].shown == ()
    assert "liver_vol_cm3" not in found


def test_millimetres_name_the_same_voxel_in_any_file(places: Places) -> None:
    """However a file stores the volume, the position in mm falls on the liver's voxels in it."""
    target = places.of_structure("liver")
    assert target is not None
    organs = trunk_arrays()[1]
    for orientation in orientations():
        there = ornt_transform(io_orientation(np.eye(4)), orientation)
        affine = TRUNK_AFFINE @ inv_ornt_aff(there, organs.shape)
        stored = nib.orientations.apply_orientation(organs, there)
        inside = apply_affine(np.linalg.inv(affine), target.position_ras_mm)
        assert stored[tuple(np.rint(inside).astype(int))] == 5
        seen = canonical(NativeGrid(affine, stored.shape))
        assert seen.shape == organs.shape
        assert np.allclose(seen.affine, TRUNK_AFFINE)


def test_a_number_of_another_network_leads_into_its_own_label_map() -> None:
    """Two networks may know one structure; the first map is not the one that was measured."""
    maps = []
    for name, at in (("total", 2), ("moose_organs", 9)):
        labels = np.zeros((12, 12, 12), np.uint8)
        labels[at, at, at] = 5
        maps.append(describe_map(name, name, LabelMap(labels, np.eye(4), {5: "liver"})))
    places = Places(Grid((12, 12, 12), np.eye(4)), maps)
    assert places.of_structure("liver") is not None
    name = "liver_vol_cm3_by_moose_organs"
    record = MeasurementRecord(
        name=name,
        value=1.0,
        unit="cm3",
        status="measured",
        reason="",
        analysis="other_networks",
        structure="liver",
        parameters={"task": "moose_organs"},
    )
    target = measurement_targets([record], places)[name]
    assert target.position_ijk == (9, 9, 9)
    assert [(one.map, one.label) for one in target.shown] == [("moose_organs", 5)]
