"""Whole phantoms: orientation, order, volumes, repeatability, lesions."""

from __future__ import annotations

from functools import cache

import nibabel as nib
import numpy as np
import pytest

from heimdallr.phantom.anatomy import Phantom, build
from heimdallr.phantom.labels import TISSUE, TOTAL, VERTEBRAE
from heimdallr.phantom.materials import Material
from heimdallr.phantom.patient import Lesion, LesionKind, Patient, sample_patient

# Organ volumes of adults, cm3: ICRP Publication 89 masses over density with the 95 % spread of CT
# volumetry (liver and spleen: Geraghty et al., Radiology 2004; kidney: Wang et al., AJR 2014;
# lung: total lung capacity down to shallow breathing).
_PUBLISHED_CM3 = {
    "liver": (800, 2400),
    "spleen": (60, 450),
    "kidney_right": (75, 290),
    "kidney_left": (75, 310),
    "pancreas": (20, 120),
    "urinary_bladder": (15, 600),
    "heart": (300, 1000),
    "vertebrae_L3": (35, 100),
    "aorta": (70, 450),
}
_LUNG_LOBES = (
    "lung_upper_lobe_left",
    "lung_lower_lobe_left",
    "lung_upper_lobe_right",
    "lung_middle_lobe_right",
    "lung_lower_lobe_right",
)
_NOT_IN_TRUNK = {
    "brain",
    "skull",
    "kidney_cyst_left",
    "kidney_cyst_right",
    *(f"vertebrae_C{i}" for i in range(1, 6)),
}


@cache
def _person(seed: int) -> Phantom:
    return build(sample_patient(np.random.default_rng(seed)), spacing_mm=6.0, seed=seed)


def _volume_cm3(phantom: Phantom, name: str) -> float:
    voxel = abs(np.linalg.det(phantom.affine[:3, :3])) / 1000.0
    return float(np.count_nonzero(phantom.total == TOTAL[name]) * voxel)


def _centroid_mm(phantom: Phantom, name: str) -> np.ndarray:
    index = np.argwhere(phantom.total == TOTAL[name]).mean(axis=0)
    return np.asarray(phantom.affine[:3, :3] @ index + phantom.affine[:3, 3])


def test_the_grid_is_ras() -> None:
    """First axis to the right, second to the front, third to the head."""
    assert nib.aff2axcodes(_person(0).affine) == ("R", "A", "S")


def test_the_liver_is_right_and_the_spleen_left() -> None:
    """Situs: positive world x is the patient's right."""
    for seed in range(3):
        phantom = _person(seed)
        assert _centroid_mm(phantom, "liver")[0] > 20
        assert _centroid_mm(phantom, "gallbladder")[0] > 20
        assert _centroid_mm(phantom, "spleen")[0] < -60
        assert _centroid_mm(phantom, "stomach")[0] < 0


def test_paired_structures_lie_on_their_sides() -> None:
    """Every class with left or right in its name is on that side of its vertebra-near midline."""
    phantom = _person(1)
    for name in TOTAL:
        if name in _NOT_IN_TRUNK or not any(side in name for side in ("left", "right")):
            continue
        if name in {"brachiocephalic_vein_left", "common_carotid_artery_right"}:
            continue  # they cross, or lie near, the midline
        x = _centroid_mm(phantom, name)[0]
        assert (x > 0) == ("right" in name), name


def test_vertebrae_stand_in_order() -> None:
    """From L5 upwards every vertebra's centre is higher than the one below."""
    phantom = _person(2)
    names = [v for v in VERTEBRAE if f"vertebrae_{v}" not in _NOT_IN_TRUNK]
    z = [_centroid_mm(phantom, f"vertebrae_{v}")[2] for v in names]
    assert np.all(np.diff(z) < 0)
    truth = [phantom.truth.vertebra_centres_mm[v][2] for v in VERTEBRAE]
    assert np.all(np.diff(truth) < 0)


def test_true_vertebra_centres_lie_in_their_vertebrae() -> None:
    """The label at the true centre of each body is that vertebra."""
    phantom = _person(2)
    inverse = np.linalg.inv(phantom.affine)
    for name, centre in phantom.truth.vertebra_centres_mm.items():
        if f"vertebrae_{name}" in _NOT_IN_TRUNK:
            continue
        i, j, k = np.round((inverse @ [*centre, 1.0])[:3]).astype(int)
        assert phantom.total[i, j, k] == TOTAL[f"vertebrae_{name}"], name


def test_ribs_stand_in_order_on_both_sides() -> None:
    """The vertebral ends descend from the first rib to the twelfth."""
    phantom = _person(0)
    for side in ("left", "right"):
        top = [
            np.argwhere(phantom.total == TOTAL[f"rib_{side}_{n}"])[:, 2].max() for n in range(1, 13)
        ]
        assert np.all(np.diff(top) < 0)


@pytest.mark.parametrize("seed", range(4))
def test_organ_volumes_are_human(seed: int) -> None:
    """Volumes of several sampled people lie within published adult ranges."""
    phantom = _person(seed)
    for name, (low, high) in _PUBLISHED_CM3.items():
        assert low < _volume_cm3(phantom, name) < high, name
    assert 2000 < sum(_volume_cm3(phantom, lobe) for lobe in _LUNG_LOBES) < 8500


@pytest.mark.parametrize("seed", range(4))
def test_no_class_is_missing_from_a_trunk(seed: int) -> None:
    """All classes are there but those of the head, cysts, and the prostate in women."""
    phantom = _person(seed)
    present = set(np.unique(phantom.total))
    expected = set(TOTAL) - _NOT_IN_TRUNK
    if phantom.truth.patient.sex == "female":
        expected -= {"prostate"}
        assert TOTAL["prostate"] not in present
    assert {name for name in expected if TOTAL[name] not in present} == set()


def test_the_same_seed_is_the_same_body() -> None:
    """Voxel for voxel; another seed gives another body to the same patient."""
    patient = sample_patient(np.random.default_rng(3))
    first = build(patient, spacing_mm=10.0, seed=3)
    again = build(patient, spacing_mm=10.0, seed=3)
    other = build(patient, spacing_mm=10.0, seed=4)
    assert np.array_equal(first.total, again.total)
    assert np.array_equal(first.material, again.material)
    assert not np.array_equal(first.total, other.total)


def test_the_body_does_not_depend_on_the_grid() -> None:
    """At 6 mm and at 3 mm the same organs have the same volumes to within a few per cent."""
    patient = sample_patient(np.random.default_rng(1))
    span = (-60.0, 140.0)
    coarse = build(patient, spacing_mm=6.0, seed=1, z_range_mm=span)
    fine = build(patient, spacing_mm=3.0, seed=1, z_range_mm=span)
    for name, tolerance in (("liver", 0.02), ("spleen", 0.03), ("kidney_left", 0.05)):
        assert _volume_cm3(coarse, name) == pytest.approx(_volume_cm3(fine, name), rel=tolerance)
    for tissue, number in TISSUE.items():
        shares = [np.mean(p.tissue == number) for p in (coarse, fine)]
        # Grids end within a voxel of each other, so shares of the field may differ a little.
        assert shares[0] == pytest.approx(shares[1], rel=0.06), tissue


def test_slabs_of_a_study_fit_the_whole() -> None:
    """A part of the z range holds the same voxels as the whole range there."""
    patient = sample_patient(np.random.default_rng(2))
    whole = build(patient, spacing_mm=6.0, seed=2, z_range_mm=(-120, 120))
    part = build(patient, spacing_mm=6.0, seed=2, z_range_mm=(-60, 60))
    assert np.array_equal(whole.total[:, :, 10:30], part.total)


def test_fat_patients_have_more_fat() -> None:
    """Subcutaneous and visceral fat follow the build asked for."""
    lean = build(Patient(subcutaneous_mm=5, visceral=0.05), spacing_mm=10.0, seed=0)
    stout = build(Patient(subcutaneous_mm=35, visceral=1.4), spacing_mm=10.0, seed=0)
    for tissue in ("subcutaneous_fat", "torso_fat"):
        counts = [np.count_nonzero(p.tissue == TISSUE[tissue]) for p in (lean, stout)]
        assert counts[1] > 1.5 * counts[0], tissue


def test_skin_closes_the_body() -> None:
    """At 2 mm no inner tissue touches the air around the patient."""
    phantom = build(Patient(), spacing_mm=2.0, seed=0, z_range_mm=(-20, 0))
    outside = phantom.material == Material.AIR
    touching = np.zeros_like(outside)
    touching[1:] |= outside[:-1]
    touching[:-1] |= outside[1:]
    found = np.unique(phantom.material[touching & ~outside])
    assert set(found) <= {Material.SKIN, Material.SUBCUTANEOUS_FAT}


def test_a_head_has_brain_skull_and_neck() -> None:
    """The head study holds a brain of human size, the skull and the upper neck."""
    phantom = build(Patient(region="head"), spacing_mm=3.0, seed=0)
    assert 1050 < _volume_cm3(phantom, "brain") < 1700
    assert 300 < _volume_cm3(phantom, "skull") < 1100
    for name in ("vertebrae_C1", "vertebrae_C2", "spinal_cord"):
        assert _volume_cm3(phantom, name) > 1
    assert phantom.truth.bleed_cm3 == 0.0


@pytest.mark.parametrize(("size_mm", "side"), [(20.0, "left"), (40.0, "right")])
def test_a_bleed_has_its_true_volume(size_mm: float, side: str) -> None:
    """The mask's volume is the stated truth, near the ball asked for, on the side asked for."""
    lesion = Lesion("intracerebral_bleed", size_mm, side)  # type: ignore[arg-type]
    phantom = build(Patient(region="head", lesions=(lesion,)), spacing_mm=2.5, seed=1)
    counted = np.count_nonzero(phantom.bleed) * 15.625 / 1000
    assert phantom.truth.bleed_cm3 == pytest.approx(counted, rel=0.05)
    assert phantom.truth.bleed_cm3 == pytest.approx(np.pi / 6 * size_mm**3 / 1000, rel=0.4)
    x = phantom.truth.lesions[0].centre_mm[0]
    assert (x > 0) == (side == "right")
    assert np.all(phantom.total[phantom.bleed] == TOTAL["brain"])


@pytest.mark.parametrize(
    ("kind", "size_mm"), [("kidney_stone", 10.0), ("lung_nodule", 20.0), ("kidney_cyst", 40.0)]
)
def test_round_lesions_have_the_volume_of_their_ball(kind: LesionKind, size_mm: float) -> None:
    """Stones, nodules and cysts measure what was asked for, in world millimetres."""
    patient = Patient(height_mm=1600, frame=0.93, warp_mm=5.0, lesions=(Lesion(kind, size_mm),))
    phantom = build(patient, spacing_mm=20.0, seed=2)
    ball = np.pi / 6 * size_mm**3 / 1000
    assert phantom.truth.lesions[0].volume_cm3 == pytest.approx(ball, rel=0.2)


def test_an_aneurysm_widens_the_aorta() -> None:
    """The aorta's area at the aneurysm is that of the true diameter."""
    patient = Patient(lesions=(Lesion("aortic_aneurysm", 50.0),))
    (truth,) = build(patient, spacing_mm=40.0, seed=0).truth.lesions
    z = truth.centre_mm[2]
    phantom = build(patient, spacing_mm=(1, 1, 2), seed=0, z_range_mm=(z - 1, z + 1))
    area = np.count_nonzero(phantom.total == TOTAL["aorta"])
    assert truth.size_mm == pytest.approx(50.0, rel=0.15)
    # Bones and bowel in front may cut a sliver off.
    assert area == pytest.approx(np.pi / 4 * truth.size_mm**2, rel=0.12)


def test_a_fracture_lowers_one_body() -> None:
    """The broken level loses volume, its neighbour does not."""
    span = (-30.0, 110.0)
    whole = build(Patient(), spacing_mm=3.0, seed=0, z_range_mm=span, fov_mm=(150, 200))
    broken_patient = Patient(lesions=(Lesion("vertebral_fracture", 12.0, level="L1"),))
    broken = build(broken_patient, spacing_mm=3.0, seed=0, z_range_mm=span, fov_mm=(150, 200))
    share = {
        v: _volume_cm3(broken, f"vertebrae_{v}") / _volume_cm3(whole, f"vertebrae_{v}")
        for v in ("L1", "T12")
    }
    assert share["L1"] < 0.92
    assert share["T12"] == pytest.approx(1.0, abs=0.01)


def test_unmeasured_lesions_have_no_volume() -> None:
    """Leaving out the fine count leaves the truth unknown, not zero."""
    patient = Patient(region="head", lesions=(Lesion("intracerebral_bleed", 30.0),))
    truth = build(patient, spacing_mm=10.0, seed=0, measure_lesions=False).truth
    assert truth.bleed_cm3 is None
    assert truth.lesions[0].volume_cm3 is None


def test_the_table_lies_under_the_back() -> None:
    """A table is behind the patient and replaces air only."""
    with_table = build(Patient(), spacing_mm=6.0, seed=0, z_range_mm=(-60, 60), table=True)
    without = build(Patient(), spacing_mm=6.0, seed=0, z_range_mm=(-60, 60))
    table = with_table.material == Material.TABLE
    assert table.any()
    assert np.all(without.material[table] == Material.AIR)
    body_rows = np.flatnonzero((without.material != Material.AIR).any(axis=(0, 2)))
    assert np.flatnonzero(table.any(axis=(0, 2))).max() < body_rows.min()
