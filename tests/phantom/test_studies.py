"""The three demo studies: complete, valid, repeatable, and true to their truth."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import dcm2niix
import numpy as np
import pydicom
import pytest

from heimdallr.imaging.volume import Volume, load_label_map, load_volume
from heimdallr.phantom import studies
from heimdallr.phantom.labels import TISSUE, TOTAL
from heimdallr.phantom.materials import liver_hu_native
from heimdallr.phantom.studies import (
    WrittenStudy,
    write_abdomen_mr,
    write_head_ct,
    write_trunk_ct,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def trunk(tmp_path_factory: pytest.TempPathFactory) -> WrittenStudy:
    """A trunk CT coarse enough for a test."""
    folder = tmp_path_factory.mktemp("trunk")
    return write_trunk_ct(folder, 3, matrix=110, pixel_mm=4.0, thin_mm=4.0, thick_mm=8.0)


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> WrittenStudy:
    """A head CT coarse enough for a test."""
    return _write_head(tmp_path_factory.mktemp("head"))


@pytest.fixture(scope="module")
def abdomen(tmp_path_factory: pytest.TempPathFactory) -> WrittenStudy:
    """An abdominal MR coarse enough for a test."""
    folder = tmp_path_factory.mktemp("abdomen")
    return write_abdomen_mr(folder, 3, matrix=110, pixel_mm=4.0, slice_mm=5.0)


def _write_head(folder: Path, seed: int = 3) -> WrittenStudy:
    return write_head_ct(folder, seed, matrix=112, pixel_mm=2.0, thin_mm=2.5, thick_mm=5.0)


def _truth(study: WrittenStudy) -> Any:  # noqa: ANN401 - JSON
    return json.loads(study.truth.read_text())


def _selected(study: WrittenStudy, target: Path) -> Volume:
    """Convert the series that should be measured."""
    (number,) = (s["number"] for s in _truth(study)["series"] if s["selected"])
    folder = study.dicom / f"{number:04d}"
    command = [dcm2niix.bin, "-z", "n", "-f", "out", "-o", str(target), str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    (nifti,) = target.glob("*.nii")
    return load_volume(nifti)


def _total(study: WrittenStudy) -> Any:  # noqa: ANN401 - an array of labels
    names = {number: name for name, number in TOTAL.items()}
    return load_label_map(study.truth.parent / "truth_total.nii.gz", names)


@pytest.mark.parametrize("kind", ["trunk", "head", "abdomen"])
def test_truth_lists_every_series_that_was_written(
    kind: str, request: pytest.FixtureRequest
) -> None:
    """Every folder is a listed series with its UID and image count; one is to be selected."""
    study = request.getfixturevalue(kind)
    truth = _truth(study)
    folders = {int(folder.name): folder for folder in study.dicom.iterdir()}
    assert set(folders) == {series["number"] for series in truth["series"]}
    assert sum(series["selected"] for series in truth["series"]) == 1
    for series in truth["series"]:
        files = sorted(folders[series["number"]].iterdir())
        header = pydicom.dcmread(files[0], stop_before_pixels=True)
        assert header.SeriesInstanceUID == series["series_instance_uid"]
        assert header.StudyInstanceUID == truth["study_instance_uid"]
        assert len(files) % series["slices"] == 0
        assert series["reason"]
        if series["thickness_mm"] is not None:
            assert header.SliceThickness == series["thickness_mm"]
        contrast = series["contrast_phase"] not in {None, "native"}
        assert ("ContrastBolusAgent" in header) == contrast


@pytest.mark.parametrize("kind", ["trunk", "head", "abdomen"])
def test_every_series_is_valid_dicom(kind: str, request: pytest.FixtureRequest) -> None:
    """Dciodvfy finds no error in the first and last image of any series."""
    program = shutil.which("dciodvfy")
    if program is None:
        pytest.skip("dciodvfy (Debian package dicom3tools) is not installed")
    for folder in sorted(request.getfixturevalue(kind).dicom.iterdir()):
        files = sorted(folder.iterdir())
        for path in {files[0], files[-1]}:
            done = subprocess.run([program, str(path)], check=False, capture_output=True, text=True)
            assert "Error" not in done.stderr, f"{folder.name}: {done.stderr}"


def test_the_trunk_holds_traps_for_series_selection(trunk: WrittenStudy) -> None:
    """Scout, MIP, dose screen, report, sharp kernels and partial coverage stand beside the one."""
    series = {s["number"]: s for s in _truth(trunk)["series"]}
    images = {
        number: pydicom.dcmread(trunk.dicom / f"{number:04d}" / "00001.dcm") for number in series
    }
    assert "LOCALIZER" in images[1].ImageType
    assert "MIP" in images[7].ImageType
    assert images[501].SOPClassUID == pydicom.uid.SecondaryCaptureImageStorage
    assert images[502].Modality == "SR"
    assert {series[n]["kernel"] for n in (4, 5)} == {"B70f", "B60f"}
    extent = {n: s["slices"] * (s["spacing_mm"] or 0) for n, s in series.items()}
    assert series[2]["selected"]
    assert extent[2] == max(extent.values())
    assert extent[6] < extent[2] / 2


def test_the_selected_trunk_series_overlays_its_truth(trunk: WrittenStudy, tmp_path: Path) -> None:
    """Converted, it lies on the truth's grid; organ means and volumes are the truth's."""
    volume, total, truth = _selected(trunk, tmp_path), _total(trunk), _truth(trunk)
    np.testing.assert_allclose(volume.affine, total.affine, atol=2e-3)
    assert volume.shape == total.shape
    for name in ("liver", "spleen", "kidney_left", "kidney_right"):
        expected = truth["structures"][name]
        mask = total.mask(name)
        assert volume.data[mask].mean() == pytest.approx(expected["hu_rendered"], abs=1.5)
        assert mask.sum() * volume.voxel_volume_mm3 / 1000 == pytest.approx(
            expected["series_volume_cm3"], rel=1e-3
        )
        centroid = volume.voxel_to_world(np.argwhere(mask).mean(axis=0))
        np.testing.assert_allclose(centroid, expected["centroid_ras_mm"], atol=0.05)
    assert truth["structures"]["liver"]["hu_set"] == pytest.approx(liver_hu_native(0.25), abs=1)
    right, left = (
        truth["structures"][f"kidney_{s}"]["centroid_ras_mm"][0] for s in ("right", "left")
    )
    assert right > 0 > left


def test_muscle_truth_is_the_slice_through_l3(trunk: WrittenStudy) -> None:
    """The muscle area is the truth's tissue map in the slice of L3's centroid."""
    l3, total = _truth(trunk)["l3"], _total(trunk)
    tissue = load_label_map(
        trunk.truth.parent / "truth_tissue.nii.gz", {n: name for name, n in TISSUE.items()}
    )
    centroid = np.argwhere(total.mask("vertebrae_L3")).mean(axis=0)
    assert l3["slice_index"] == round(centroid[2])
    assert l3["centroid_z_mm"] == pytest.approx(total.voxel_to_world(centroid)[2], abs=0.02)
    pixels = tissue.mask("skeletal_muscle")[:, :, l3["slice_index"]].sum()
    assert l3["sma_cm2"] == pytest.approx(pixels * 16 / 100, abs=0.01)
    low, high = l3["sma_range_cm2"]
    assert low <= l3["sma_cm2"] <= high
    assert 80 < l3["sma_window_cm2"] <= l3["sma_cm2"] < 300


def test_phases_differ_where_contrast_flows(trunk: WrittenStudy) -> None:
    """The aorta is brightest in the arterial series; the liver in the portal venous one."""
    total, truth = _total(trunk), _truth(trunk)
    means: dict[tuple[str, str], float] = {}
    for series in truth["series"]:
        if series["number"] not in {3, 6, 8}:
            continue
        files = sorted((trunk.dicom / f"{series['number']:04d}").iterdir())
        values: dict[str, list[float]] = {"aorta": [], "liver": []}
        for path in files:
            image = pydicom.dcmread(path)
            height = float(image.ImagePositionPatient[2])
            k = round(float(total.world_to_voxel([0, 0, height])[2]))
            hu = (image.pixel_array.astype(int) - 1024).T[::-1, ::-1]
            for name, found in values.items():
                found.extend(hu[total.data[:, :, k] == TOTAL[name]].tolist())
        for name, found in values.items():
            means[series["contrast_phase"], name] = float(np.median(found))
    assert means["arterial", "aorta"] > 250 > means["portal_venous", "aorta"] > 100
    assert means["native", "aorta"] < 60
    assert means["portal_venous", "liver"] - means["native", "liver"] == pytest.approx(55, abs=6)


def test_the_bleed_has_its_volume_and_its_attenuation(head: WrittenStudy, tmp_path: Path) -> None:
    """Voxels counted on the series agree with the lesion's own volume, and are bright."""
    truth, volume = _truth(head), _selected(head, tmp_path)
    bleed = load_volume(head.truth.parent / "truth_bleed.nii.gz").data > 0
    counted = bleed.sum() * volume.voxel_volume_mm3 / 1000
    assert counted == pytest.approx(truth["bleed_series_volume_cm3"], rel=1e-3)
    assert truth["bleed_volume_cm3"] > 5
    assert counted == pytest.approx(truth["bleed_volume_cm3"], rel=0.05)
    brain = _total(head).mask("brain") & ~bleed
    assert np.median(volume.data[bleed]) - np.median(volume.data[brain]) > 20
    assert truth["l3"] is None


def test_mr_has_no_hounsfield_units(abdomen: WrittenStudy, tmp_path: Path) -> None:
    """MR truth holds volumes but no densities, and the series lies on its truth."""
    truth, volume, total = _truth(abdomen), _selected(abdomen, tmp_path), _total(abdomen)
    np.testing.assert_allclose(volume.affine, total.affine, atol=2e-3)
    liver = truth["structures"]["liver"]
    assert (liver["hu_set"], liver["hu_rendered"]) == (None, None)
    assert liver["series_volume_cm3"] > 500
    assert volume.data[total.mask("liver")].mean() > 1.2 * volume.data[total.mask("spleen")].mean()


def test_one_seed_is_one_study_byte_for_byte(head: WrittenStudy, tmp_path: Path) -> None:
    """Written again every file is the same; another seed shares neither UIDs nor pixels."""
    again, other = _write_head(tmp_path / "again"), _write_head(tmp_path / "other", seed=4)
    first = sorted(p for p in head.truth.parent.rglob("*") if p.is_file())
    assert len(first) > 100
    for path in first:
        twin = again.truth.parent / path.relative_to(head.truth.parent)
        assert path.read_bytes() == twin.read_bytes(), path.name
    assert _truth(other)["study_instance_uid"] != _truth(head)["study_instance_uid"]
    assert _truth(other)["bleed_volume_cm3"] != _truth(head)["bleed_volume_cm3"]


def test_a_head_without_a_bleed_says_so(tmp_path: Path) -> None:
    """No lesion, no volume: the control for the haemorrhage analysis."""
    study = write_head_ct(
        tmp_path, 3, matrix=64, pixel_mm=4.0, thin_mm=5.0, thick_mm=10.0, bleed_mm=0
    )
    truth = _truth(study)
    assert (truth["bleed_volume_cm3"], truth["bleed_series_volume_cm3"]) == (0.0, 0.0)
    assert truth["lesions"] == []


def test_the_demo_writes_all_three_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Studies are made side by side, listed in a fixed order, and progress is told."""
    told: list[str] = []
    coarse = {
        "write_trunk_ct": {"pixel_mm": 8.0, "thin_mm": 8.0, "thick_mm": 16.0},
        "write_head_ct": {"pixel_mm": 5.0, "thin_mm": 5.0, "thick_mm": 10.0},
        "write_abdomen_mr": {"pixel_mm": 8.0, "slice_mm": 8.0},
    }
    for name, grid in coarse.items():
        writer = functools.partial(getattr(studies, name), matrix=56, **grid)
        monkeypatch.setattr(studies, name, writer)
    written = studies.write_demo_studies(tmp_path, 2, told.append)
    assert [study.kind for study in written] == ["trunk_ct", "head_ct", "abdomen_mr"]
    assert len({_truth(study)["study_instance_uid"] for study in written}) == 3
    assert len({_truth(study)["patient"]["name"] for study in written}) == 3
    assert {line.split(":")[0] for line in told} == {"trunk CT", "head CT", "abdominal MR"}
