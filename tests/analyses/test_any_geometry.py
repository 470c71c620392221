"""The same patient gives the same numbers, however the voxels are stored, turned or spaced."""

from __future__ import annotations

import math
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
import pytest
from analysis_bodies import Body, head, rotation, segmentation, trunk
from hypothesis import given, settings
from hypothesis import strategies as st
from nibabel.orientations import apply_orientation, inv_ornt_aff
from totalsegmentator.map_to_binary import class_map

from heimdallr.analyses.case import Case
from heimdallr.analyses.registry import run_all
from heimdallr.imaging.volume import load_label_map, load_volume

if TYPE_CHECKING:
    from heimdallr.domain.measurement import Measurement

BLEED = ((30.0, 8.0, 4.0), (18.0, 12.0, 14.0))


def coarse_trunk() -> Body:
    """A trunk at 6 mm, for speed."""
    return trunk((6.0, 6.0, 6.0), arms_at_mm=195)


def coarse_head() -> Body:
    """A head with a bleed at 4 mm."""
    return head((4.0, 4.0, 4.0), bleeds=[BLEED])


STRAIGHT = {"trunk": run_all(coarse_trunk().case()), "head": run_all(coarse_head().case())}
BODIES = {"trunk": coarse_trunk, "head": coarse_head}


def stored_otherwise(case: Case, orientation: np.ndarray, folder: Path) -> Case:
    """The case written in another axis order and read back through the loader."""

    def write(data: np.ndarray, name: str) -> Path:
        moved = apply_orientation(data, orientation)
        affine = case.image.affine @ inv_ornt_aff(orientation, data.shape)
        path = folder / f"{name}.nii"
        nib.save(nib.Nifti1Image(np.ascontiguousarray(moved), affine), path)
        return path

    image = load_volume(write(case.image.data, "image"))
    segmentations = {}
    for task, one in case.segmentations.items():
        labels = load_label_map(write(one.label_map.data, task), class_map[task])
        segmentations[task] = segmentation(labels.data, labels.affine, task)
    return Case(case.modality, image, case.patient, case.series, segmentations)


def assert_equal(found: tuple[Measurement, ...], expected: tuple[Measurement, ...]) -> None:
    """Every measurement with the same value (numbers within rounding), status and reason."""
    assert [one.name for one in found] == [one.name for one in expected]
    for one, other in zip(found, expected, strict=True):
        if isinstance(other.value, float):
            assert one.value == pytest.approx(other.value, rel=1e-4, abs=0.02), one.name
        else:
            assert (one.value, one.status, one.reason) == (
                other.value,
                other.status,
                other.reason,
            ), one.name


@pytest.mark.parametrize("which", BODIES)
@settings(max_examples=8, deadline=None)
@given(axes=st.permutations([0, 1, 2]), flips=st.tuples(*[st.sampled_from([-1, 1])] * 3))
def test_axis_order_and_direction_of_storage(
    which: str, axes: list[int], flips: tuple[int, int, int]
) -> None:
    """Any of the 48 ways to store the voxels."""
    orientation = np.column_stack([axes, flips]).astype(float)
    with TemporaryDirectory() as folder:
        case = stored_otherwise(BODIES[which]().case(), orientation, Path(folder))
        assert_equal(run_all(case), STRAIGHT[which])


@pytest.mark.parametrize("which", BODIES)
@settings(max_examples=6, deadline=None)
@given(degrees=st.tuples(*[st.floats(-20, 20)] * 3))
def test_oblique_acquisitions(which: str, degrees: tuple[float, float, float]) -> None:
    """A rotated affine: volumes, areas, diameters and sides go through it."""
    body = BODIES[which]()
    for axis, angle in enumerate(degrees):
        body.affine = rotation(angle, axis) @ body.affine
    assert_equal(run_all(body.case()), STRAIGHT[which])


@pytest.mark.parametrize("spacing", [(3.0, 3.0, 3.0), (2.0, 2.0, 6.0), (4.0, 3.0, 2.0)])
def test_spacing_of_a_trunk(spacing: tuple[float, float, float]) -> None:
    """Another grid over the same body: volumes, areas and attenuations agree within a few %."""
    fine = {one.name: one for one in run_all(trunk((2.0, 2.0, 2.0)).case())}
    found = {one.name: one for one in run_all(trunk(spacing).case())}
    for name in (
        "liver_vol_cm3",
        "kidney_left_vol_cm3",
        "skeletal_muscle_scanned_vol_cm3",
        "subcutaneous_fat_area_L3_cm2",
        "SMA_cm2",
        "SMI_cm2_m2",
        "vertebrae_L3_vol_cm3",
    ):
        assert found[name].value == pytest.approx(fine[name].value, rel=0.03), name
    for name in ("liver_hu_mean", "liver_hu_eroded_mean", "muscle_HU_mean", "contrast_phase"):
        assert found[name].value == fine[name].value, name


@pytest.mark.parametrize("spacing", [(1.5, 1.5, 1.5), (1.0, 1.0, 4.0), (3.0, 2.0, 2.0)])
def test_spacing_of_a_head(spacing: tuple[float, float, float]) -> None:
    """A bleed keeps its volume, diameters, count and side."""
    fine = {one.name: one for one in run_all(head(bleeds=[BLEED]).case())}
    found = {one.name: one for one in run_all(head(spacing, bleeds=[BLEED]).case())}
    volume_cm3 = 4 / 3 * math.pi * math.prod(BLEED[1]) / 1000
    assert found["hemorrhage_vol_cm3"].value == pytest.approx(volume_cm3, rel=0.03)
    diameter = fine["hemorrhage_diameter_mm"].value
    assert found["hemorrhage_diameter_mm"].value == pytest.approx(diameter, abs=2.5)
    for name in ("hemorrhage_lesions", "hemorrhage_side", "hemorrhage_alert", "hemorrhage_hu_mean"):
        assert found[name].value == fine[name].value, name
