"""Files in any axis order become one orientation, and go back to their own."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
import pytest
from nibabel.orientations import apply_orientation, axcodes2ornt, inv_ornt_aff, ornt_transform
from nibabel.spatialimages import HeaderDataError

from heimdallr.domain.errors import ConversionError
from heimdallr.imaging.volume import (
    LabelMap,
    Volume,
    load_label_map,
    load_volume,
    native_grid,
    save_nifti,
)

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.imaging.volume import Array

AFFINE = np.array([[0.8, 0, 0, -90], [0, 0.9, 0, -120], [0, 0, 3.0, 40], [0, 0, 0, 1.0]])
ORIENTATIONS = [
    "".join(signs)
    for axes in itertools.permutations(("RL", "AP", "SI"))
    for signs in itertools.product(*axes)
]


@pytest.mark.parametrize("codes", ORIENTATIONS)
def test_every_axis_order_loads_to_the_same_volume(
    tmp_path: Path, rng: np.random.Generator, codes: str
) -> None:
    """A file in any of the 48 orders is the same RAS+ volume, and is written back as it was."""
    data = rng.integers(-1000, 1000, (5, 6, 7)).astype(np.int16)
    way = ornt_transform(axcodes2ornt("RAS"), axcodes2ornt(codes))
    stored = apply_orientation(data, way)
    path = tmp_path / "stored.nii.gz"
    nib.save(nib.Nifti1Image(stored, AFFINE @ inv_ornt_aff(way, data.shape)), path)

    volume = load_volume(path)
    assert np.array_equal(volume.data, data)
    assert np.allclose(volume.affine, AFFINE)

    save_nifti(tmp_path / "back.nii.gz", volume.data, volume.affine, like=native_grid(path))
    back = nib.load(tmp_path / "back.nii.gz")
    assert np.array_equal(np.asanyarray(back.dataobj), stored)
    assert np.allclose(back.affine, nib.load(path).affine)


@pytest.mark.parametrize(
    ("stored", "intercept", "slope", "dtype"),
    [
        (np.array([0, 1024, 5119], np.uint16), -1024.0, 1.0, np.int16),
        (np.array([31744, 32768, 33791], np.uint16), -32768.0, 1.0, np.int16),
        (np.array([-20, 0, 32767], np.int16), -1024.0, 1.0, np.int16),
        (np.array([0, 1, 32767], np.int16), 1024.0, 1.0, np.float32),  # too large for int16
        (np.array([0, 1, 4095], np.int16), -1024.5, 1.0, np.float32),
        (np.array([0, 1, 4095], np.int16), -1024.0, 0.5, np.float32),
        (np.array([-5, 0, 4095], np.int16), 0.0, 1.0, np.int16),
    ],
)
def test_whole_numbers_stay_integers(
    tmp_path: Path, stored: Array, intercept: float, slope: float, dtype: type
) -> None:
    """Whatever a file stores, what is read is slope × stored + intercept; planes lie together."""
    image = nib.Nifti1Image(np.tile(stored, (2, 4, 1)), np.diag([-1.0, 1.0, 1.0, 1.0]))
    image.header.set_slope_inter(slope, intercept)
    image.header.set_data_offset(352)
    # saved as it is: nibabel would divide the values by the slope first
    raw = bytes(image.header.binaryblock) + bytes(4) + image.dataobj.tobytes(order="F")
    (tmp_path / "image.nii").write_bytes(raw)
    volume = load_volume(tmp_path / "image.nii")
    assert volume.data.dtype == dtype
    assert volume.data.flags.f_contiguous
    np.testing.assert_array_equal(volume.data[0, 0], stored.astype(float) * slope + intercept)


def test_world_and_voxel_are_inverse(rng: np.random.Generator) -> None:
    """Voxel to world and back is the identity for an oblique, sheared grid."""
    affine = AFFINE.copy()
    affine[:3, :3] = [[0.79, 0.05, 0.1], [-0.06, 0.88, 0.8], [0.01, -0.1, 2.9]]
    volume = Volume(np.zeros((4, 5, 6), np.int16), affine)
    points = rng.uniform(0, 5, (10, 3))
    assert np.allclose(volume.world_to_voxel(volume.voxel_to_world(points)), points)
    assert volume.voxel_volume_mm3 == pytest.approx(abs(np.linalg.det(affine[:3, :3])))
    assert volume.voxel_volume_mm3 != pytest.approx(np.prod(volume.spacing_mm), rel=1e-3)


def test_what_is_no_volume_is_refused(tmp_path: Path) -> None:
    """Text, a time series, a singular affine and fractional labels end in a named error."""
    text = tmp_path / "text.nii.gz"
    text.write_text("not an image")
    with pytest.raises(ConversionError, match="not a readable NIfTI"):
        load_volume(text)
    series = tmp_path / "series.nii.gz"
    nib.save(nib.Nifti1Image(np.zeros((3, 3, 3, 2), np.int16), AFFINE), series)
    with pytest.raises(ConversionError, match="4 axes"):
        load_volume(series)
    fractions = tmp_path / "fractions.nii.gz"
    nib.save(nib.Nifti1Image(np.full((3, 3, 3), 0.5, np.float32), AFFINE), fractions)
    with pytest.raises(ConversionError, match="no label numbers"):
        load_label_map(fractions, {1: "liver"})
    with pytest.raises(ConversionError, match="singular"):
        Volume(np.zeros((3, 3, 3)), np.diag([1.0, 1.0, 0.0, 1.0]))


def test_a_mask_by_name() -> None:
    """An unknown name is an error, an absent structure an empty mask."""
    labels = np.zeros((3, 3, 3), np.uint8)
    labels[1, 1, 1] = 5
    label_map = LabelMap(labels, AFFINE, {5: "liver", 6: "stomach"})
    assert label_map.mask("liver").sum() == 1
    assert not label_map.mask("stomach").any()
    with pytest.raises(KeyError):
        label_map.mask("kidney")


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    """A file that cannot be written does not leave a half one, and keeps the old one."""
    path = tmp_path / "mask.nii.gz"
    path.write_bytes(b"old")
    unwritable = np.array([[[object()]]])
    with pytest.raises(HeaderDataError):
        save_nifti(path, unwritable, AFFINE)
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["mask.nii.gz"]
