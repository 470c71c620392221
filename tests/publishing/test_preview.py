"""A preview shows the volume: same places, same values, fewer voxels."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
import pytest

from heimdallr.imaging.volume import Volume, load_volume
from heimdallr.publishing import preview as module
from heimdallr.publishing.preview import as_int16, block_factors, write_preview

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.imaging.volume import Array

OBLIQUE = np.array(
    [[0.8, -0.1, 0.2, -90.0], [0.1, 0.8, 0.1, -80.0], [-0.2, -0.1, 2.9, 400.0], [0, 0, 0, 1]]
)
TILTED = np.array([[0.5, 0, 0, 0], [0, 0.5, -1.5, 0], [0, 0, 2, 0], [0, 0, 0, 1.0]])


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Volumes of a test are large."""
    monkeypatch.setattr(module, "LARGE_VOXELS", 1000)
    monkeypatch.setattr(module, "PREVIEW_VOXELS", 700)


def ramp(shape: tuple[int, int, int], affine: Array) -> Volume:
    """A volume whose value is a place: 10·x + 20·y + 5·z of its voxel centre in mm."""
    index = np.indices(shape).reshape(3, -1)
    world = affine[:3, :3] @ index + affine[:3, 3:]
    return Volume((np.array([10.0, 20.0, 5.0]) @ world).reshape(shape).astype(np.float32), affine)


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize("affine", [OBLIQUE, TILTED, np.diag([0.7, 0.7, 1.0, 1.0])])
def test_voxel_centres_stay_where_they_are(tmp_path: Path, affine: Array) -> None:
    """Oblique and sheared too: each voxel of the preview holds the ramp's value at its centre."""
    image = ramp((21, 17, 11), affine)
    with ThreadPoolExecutor(2) as pool:
        assert write_preview(tmp_path / "preview.nii.gz", image, pool)
    found = load_volume(tmp_path / "preview.nii.gz")
    assert found.data.size <= 700
    expected = ramp(found.shape, found.affine).data
    assert np.abs(found.data - expected).max() <= 0.51
    assert nib.load(tmp_path / "preview.nii.gz").get_data_dtype() == np.int16


@pytest.mark.usefixtures("small_limits")
def test_values_are_means_of_blocks(tmp_path: Path) -> None:
    """Whole HU of a CT, whatever its order in memory, rounded."""
    hu = np.random.default_rng(1).integers(-1024, 3000, (20, 20, 20)).astype(np.int16)
    for data in (hu, np.asfortranarray(hu), hu[::-1][::-1]):
        with ThreadPoolExecutor(2) as pool:
            write_preview(tmp_path / "preview.nii.gz", Volume(data, np.eye(4)), pool)
        found = np.asanyarray(nib.load(tmp_path / "preview.nii.gz").dataobj)
        assert found.shape == (6, 10, 10)
        means = hu[:18].reshape(6, 3, 10, 2, 10, 2).mean(axis=(1, 3, 5))
        assert np.abs(found - means).max() <= 0.51


def test_a_small_volume_has_none(tmp_path: Path) -> None:
    """It comes as quickly itself."""
    image = Volume(np.zeros((10, 10, 10), np.int16), np.eye(4))
    with ThreadPoolExecutor(1) as pool:
        assert not write_preview(tmp_path / "preview.nii.gz", image, pool)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("shape", "spacing_mm", "expected"),
    [
        ((512, 512, 600), (0.7, 0.7, 1.0), (2, 2, 2)),
        ((512, 512, 300), (0.7, 0.7, 3.0), (2, 2, 1)),
        ((512, 512, 600), (0.7, 0.7, 5.0), (3, 3, 1)),
        ((200, 600, 600), (4.0, 0.8, 0.8), (1, 2, 2)),
        ((1024, 1024, 1000), (0.3, 0.3, 0.3), (4, 4, 3)),
    ],
)
def test_the_finest_axis_is_thinned_first(
    shape: tuple[int, int, int], spacing_mm: tuple[float, ...], expected: tuple[int, int, int]
) -> None:
    """The result is as isotropic as can be, and small enough."""
    factors = block_factors(shape, np.array(spacing_mm))
    assert factors == expected
    assert np.prod([n // by for n, by in zip(shape, factors, strict=True)]) <= 24_000_000


@pytest.mark.parametrize(
    ("low", "high", "accuracy"), [(-1024.4, 3071.0, 0.51), (0.0, 1.0, 2e-5), (0.0, 200_000.0, 4.0)]
)
def test_any_range_fits_sixteen_bits(low: float, high: float, accuracy: float) -> None:
    """HU are rounded; a map of fractions and a far range come back through the slope."""
    values = np.linspace(low, high, 10_000, dtype=np.float32)
    stored, slope, intercept = as_int16(values)
    assert stored.dtype == np.int16
    assert np.abs(stored * slope + intercept - values).max() <= accuracy


def test_what_is_no_number_is_the_lowest_value() -> None:
    """NaN outside a reconstruction circle is dark, not bright; an empty image is empty."""
    stored, slope, intercept = as_int16(np.array([np.nan, 0.0, np.inf, 2000.0], np.float32))
    assert list(stored * slope + intercept) == [0, 0, 0, 2000]
    assert list(as_int16(np.full(3, np.nan, np.float32))[0]) == [0, 0, 0]
    assert list(as_int16(np.full(3, 7.0, np.float32))[0]) == [7, 7, 7]
