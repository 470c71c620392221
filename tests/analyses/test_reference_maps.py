"""Real label maps: volumes and attenuations against an independent computation on the raw files."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
import pytest
from analysis_bodies import segmentation
from totalsegmentator.map_to_binary import class_map

from heimdallr.analyses.case import Case
from heimdallr.analyses.registry import run_all
from heimdallr.domain.measurement import Measurement, Status
from heimdallr.domain.study import Patient, Series
from heimdallr.imaging.volume import Volume, load_label_map, load_volume

if TYPE_CHECKING:
    from collections.abc import Callable

GOLDEN = Path(__file__).parent / "golden"
NAMES: dict[int, str] = class_map["total"]


def case_of(labels_file: Path, image_file: Path | None) -> Case:
    """A case from a label map and, where there is one, its image; else all of 40 HU."""
    labels = load_label_map(labels_file, NAMES)
    soft = Volume(np.full(labels.shape, 40, np.int16), labels.affine)
    image = soft if image_file is None else load_volume(image_file)
    total = segmentation(labels.data, labels.affine, "total")
    return Case("CT", image, Patient(), Series("1.2.3", "CT"), {"total": total})


def raw_volumes_cm3(labels_file: Path) -> dict[str, float]:
    """Counts times the product of the header's zooms, without our loader."""
    image = nib.load(labels_file)
    counts = np.bincount(np.asarray(image.dataobj).astype(int).ravel(), minlength=118)
    voxel_cm3 = float(np.prod(image.header.get_zooms()[:3])) / 1000
    return {name: counts[number] * voxel_cm3 for number, name in NAMES.items() if counts[number]}


@pytest.mark.parametrize(
    ("data_set", "file", "structures"),
    [
        ("label_maps_ct", "s0327_total.nii.gz", 108),
        ("label_maps_ct", "s0328_total.nii.gz", 69),
        ("ct_totalsegmentator_example", "example_seg_fast_force_split.nii.gz", 61),
    ],
)
def test_volumes_are_exact(
    real_set: Callable[[str], Path], data_set: str, file: str, structures: int
) -> None:
    """Every structure's volume, measured or seen in part, equals voxels times voxel volume."""
    labels_file = real_set(data_set) / file
    expected = raw_volumes_cm3(labels_file)
    found = {
        one.structure: one.value if one.value is not None else one.parameters["segmented_cm3"]
        for one in run_all(case_of(labels_file, None))
        if one.name == f"{one.structure}_vol_cm3"
    }
    assert len(expected) == structures
    assert found.keys() == expected.keys()
    for name, volume_cm3 in expected.items():
        assert found[name] == pytest.approx(volume_cm3, rel=1e-6, abs=0.0006), name


def test_densities_are_exact(real_set: Callable[[str], Path]) -> None:
    """Mean, spread and median of all structures of the real CT, by indexing the raw arrays."""
    folder = real_set("ct_totalsegmentator_example")
    labels_file = folder / "example_seg_fast_force_split.nii.gz"
    labels = np.asarray(nib.load(labels_file).dataobj)
    hu = np.asarray(nib.load(folder / "example_ct.nii.gz").dataobj).astype(float)
    found = {
        one.name: one.value for one in run_all(case_of(labels_file, folder / "example_ct.nii.gz"))
    }
    for number in np.unique(labels)[1:]:
        values, name = hu[labels == number], NAMES[int(number)]
        assert found[f"{name}_hu_mean"] == pytest.approx(values.mean(), abs=0.0051), name
        assert found[f"{name}_hu_std"] == pytest.approx(values.std(), abs=0.0051), name
        assert found[f"{name}_hu_median"] == np.median(values), name


@pytest.mark.parametrize("file", ["s0327_total.nii.gz", "s0328_total.nii.gz"])
def test_l3_of_real_spines(real_set: Callable[[str], Path], file: str) -> None:
    """Real spines pass the self-check; body centroid and middle of the mask agree within 6 mm."""
    case = case_of(real_set("label_maps_ct") / file, None)
    found = {one.name: one for one in run_all(case)}
    k = found["slice_L3"].value
    box = case.statistics["vertebrae_L3"]
    middle = (box.bbox_min_ijk[2] + box.bbox_max_ijk[2]) / 2
    assert isinstance(k, int)
    assert abs(k - middle) * case.image.spacing_mm[2] < 6


def tissue_case(folder: Path) -> Case:
    """The 30-slice crop of the real CT with its tissue masks."""
    image = load_volume(folder / "example_ct_sm.nii.gz")
    names: dict[int, str] = class_map["tissue_types"]
    tissues = np.zeros(image.shape, np.uint8)
    for number, name in names.items():
        mask = load_volume(folder / "example_seg_tissue_types" / f"{name}.nii.gz").data > 0
        tissues[mask] = number
    total = load_label_map(folder / "example_seg.nii.gz", NAMES)
    return Case(
        "CT",
        image,
        Patient(),
        Series("1.2.3", "CT"),
        {
            "total": segmentation(total.data, total.affine, "total"),
            "tissue_types": segmentation(tissues, image.affine, "tissue_types"),
        },
    )


def golden_form(measurement: Measurement) -> list[float | int | str | None]:
    """What a golden file keeps of a measurement."""
    return [measurement.value, measurement.unit, measurement.status.value, measurement.reason]


def golden_case(which: str, folder: Path) -> Case:
    """The case a golden file belongs to."""
    if which == "tissue_crop":
        return tissue_case(folder)
    return case_of(folder / "example_seg_fast_force_split.nii.gz", folder / "example_ct.nii.gz")


@pytest.mark.parametrize("which", ["abdomen", "tissue_crop"])
def test_golden_values_both_ways(real_set: Callable[[str], Path], which: str) -> None:
    """Every published measurement has a golden value, every golden value is published.

    The golden files were made by this code and looked through by hand; a change of any number,
    unit, status or reason has to be made on purpose: ``python tests/analyses/test_reference_maps.py
    FOLDER`` writes them anew from the unpacked data set.
    """
    case = golden_case(which, real_set("ct_totalsegmentator_example"))
    published = {one.name: golden_form(one) for one in run_all(case)}
    golden = json.loads((GOLDEN / f"{which}.json").read_text(encoding="utf-8"))
    assert published.keys() == golden.keys()
    for name, expected in golden.items():
        value, *rest = published[name]
        assert rest == expected[1:], name
        if isinstance(expected[0], float):
            assert value == pytest.approx(expected[0], rel=1e-5, abs=0.011), name
        else:
            assert value == expected[0], name


def test_nothing_fails_on_real_data(real_set: Callable[[str], Path]) -> None:
    """No analysis breaks on any of the real maps."""
    folder = real_set("ct_totalsegmentator_example")
    for case in (
        tissue_case(folder),
        case_of(real_set("label_maps_ct") / "s0328_total.nii.gz", None),
    ):
        assert not [one.name for one in run_all(case) if one.status is Status.FAILED]


if __name__ == "__main__":
    for file in GOLDEN.glob("*.json"):
        made = run_all(golden_case(file.stem, Path(sys.argv[1])))
        lines = (f"  {json.dumps(m.name)}: {json.dumps(golden_form(m))}" for m in made)
        file.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
