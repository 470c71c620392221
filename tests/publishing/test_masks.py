"""Masks are on the image's own voxels, whichever program reads them."""

from __future__ import annotations

import gzip
import itertools
import zlib
from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np
import pytest
import SimpleITK
from nibabel.orientations import inv_ornt_aff

from heimdallr.domain.errors import PublishingError
from heimdallr.imaging.volume import LabelMap, NativeGrid, load_label_map, native_grid
from heimdallr.publishing.gzip_stream import CHUNK_BYTES
from heimdallr.publishing.masks import rewrite_masks, write_masks, write_volume

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.imaging.volume import Affine, Array

NAMES = {1: "liver", 2: "spleen", 3: "kidney_right", 7: "aorta"}

AFFINES = {
    "oblique": np.array(
        [[0.8, -0.1, 0.2, -90.0], [0.1, 0.8, 0.1, -80.0], [-0.2, -0.1, 2.9, 400.0], [0, 0, 0, 1]]
    ),
    "straight": np.array([[0.7, 0, 0, -90.0], [0, 0.7, 0, -80.0], [0, 0, 5, 400.0], [0, 0, 0, 1]]),
}
ORIENTATIONS = [
    np.array(list(zip(axes, flips, strict=True)))
    for axes in itertools.permutations(range(3))
    for flips in itertools.product((1, -1), repeat=3)
]


def _rotation(affine: Affine) -> Affine:
    """The affine with its axes made orthogonal, so that SimpleITK accepts it."""
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    rotation, _ = np.linalg.qr(affine[:3, :3] / spacing)
    rotation *= np.sign(np.diag(rotation))
    straight = affine.copy()
    straight[:3, :3] = rotation * spacing
    return straight


def _image(path: Path, orientation: Array, affine: Affine, shape: tuple[int, int, int]) -> Array:
    """Write a label map stored in one of the 48 axis orders; returns its stored voxels."""
    rng = np.random.default_rng(7)
    stored_shape = tuple(shape[int(axis)] for axis, _ in orientation)
    labels = np.zeros(stored_shape, np.uint8)
    labels[3:9, 2:8, 1:5] = rng.integers(0, 3, (6, 6, 4), dtype=np.uint8)
    labels[-1, -1, -1] = 7
    stored = affine @ inv_ornt_aff(nib.orientations.ornt_transform(_RAS, orientation), shape)
    nib.save(nib.Nifti1Image(labels, stored), path)
    return labels


_RAS = np.array([[0, 1], [1, 1], [2, 1]])


@pytest.mark.parametrize("kind", sorted(AFFINES))
def test_masks_keep_the_axis_order_of_the_image(tmp_path: Path, kind: str) -> None:
    """All 48 ways to store a volume: voxels and geometry come back as they were stored."""
    affine = _rotation(AFFINES[kind])
    for orientation in ORIENTATIONS:
        source = tmp_path / "image.nii.gz"
        labels = _image(source, orientation, affine, (14, 12, 10))
        written = write_masks(
            tmp_path, load_label_map(source, NAMES), native_grid(source), threads=1
        )
        assert written == ("liver", "spleen", "aorta")
        for number in (1, 2, 7):
            mask = nib.load(tmp_path / f"{NAMES[number]}.nii.gz")
            assert mask.get_data_dtype() == np.uint8
            assert np.array_equal(np.asanyarray(mask.dataobj), labels == number)
            assert np.allclose(mask.affine, nib.load(source).affine, atol=1e-5)


@pytest.mark.parametrize("kind", sorted(AFFINES))
def test_the_label_map_is_all_masks_in_one(tmp_path: Path, kind: str) -> None:
    """All 48 ways to store a volume: each number's voxels are its mask's, under the same header."""
    affine = _rotation(AFFINES[kind])
    for orientation in ORIENTATIONS:
        source, together = tmp_path / "image.nii.gz", tmp_path / "all.nii.gz"
        labels = _image(source, orientation, affine, (14, 12, 10))
        label_map = load_label_map(source, NAMES)
        written = write_masks(tmp_path, label_map, native_grid(source), together=together)
        found = nib.load(together)
        assert np.array_equal(np.asanyarray(found.dataobj), labels)
        numbers = {name: number for number, name in NAMES.items()}
        for name in written:
            mask = nib.load(tmp_path / f"{name}.nii.gz")
            assert found.header == mask.header
            inside = np.asanyarray(found.dataobj) == numbers[name]
            assert np.array_equal(inside, np.asanyarray(mask.dataobj) == 1)


@pytest.mark.parametrize("orientation", ORIENTATIONS, ids=str)
def test_one_mask_written_anew_is_the_file_it_would_be(tmp_path: Path, orientation: Array) -> None:
    """Byte by byte as when everything is written, in any axis order; others are left alone."""
    path = tmp_path / "image.nii.gz"
    _image(path, orientation, AFFINES["straight"], (12, 14, 10))
    label_map, grid = load_label_map(path, NAMES), native_grid(path)
    for name in ("all", "some"):
        (tmp_path / name).mkdir()
    write_masks(tmp_path / "all", label_map, grid, together=tmp_path / "all.nii.gz")
    where = np.argwhere(label_map.data == 2)
    i, j, k = (
        slice(int(lo), int(hi) + 1) for lo, hi in zip(where.min(0), where.max(0), strict=True)
    )

    rewrite_masks(
        tmp_path / "some", label_map, grid, {2: (i, j, k)}, together=tmp_path / "some.nii.gz"
    )

    assert [one.name for one in (tmp_path / "some").iterdir()] == ["spleen.nii.gz"]
    for name in ("{}/spleen.nii.gz", "{}.nii.gz"):
        some, every = (tmp_path / name.format(one) for one in ("some", "all"))
        assert some.read_bytes() == every.read_bytes()


def test_a_label_map_is_one_gzip_member(tmp_path: Path) -> None:
    """Also when it takes several chunks; browsers stop after the first member."""
    labels = np.random.default_rng(5).integers(0, 4, (200, 200, 120)).astype(np.uint8)
    assert labels.size > CHUNK_BYTES
    together = tmp_path / "all.nii.gz"
    grid = NativeGrid(np.eye(4), labels.shape)
    write_masks(tmp_path, LabelMap(labels, np.eye(4), NAMES), grid, together=together)
    member = zlib.decompressobj(wbits=31)
    plain = member.decompress(together.read_bytes())
    assert member.unused_data == b""
    assert plain[352:] == labels.tobytes("F")


def test_a_sixteen_bit_label_map_becomes_eight_bits(tmp_path: Path) -> None:
    """Numbers up to 255 fit, whatever they came in."""
    labels = np.zeros((6, 5, 4), np.uint16)
    labels[1, 2, 3] = 255
    grid = NativeGrid(np.eye(4), labels.shape)
    label_map = LabelMap(labels, np.eye(4), {255: "aorta"})
    write_masks(tmp_path, label_map, grid, together=tmp_path / "all.nii.gz")
    found = nib.load(tmp_path / "all.nii.gz")
    assert found.get_data_dtype() == np.uint8
    assert np.array_equal(np.asanyarray(found.dataobj), labels)


def test_more_labels_than_numbers_are_refused(tmp_path: Path) -> None:
    """Label 256 would come back as nothing: the error says so, and nothing is written."""
    labels = np.full((6, 5, 4), 256, np.uint16)
    grid = NativeGrid(np.eye(4), labels.shape)
    label_map = LabelMap(labels, np.eye(4), {256: "aorta"})
    with pytest.raises(PublishingError, match="256"):
        write_masks(tmp_path, label_map, grid, together=tmp_path / "all.nii.gz")
    assert list(tmp_path.iterdir()) == []


def test_simpleitk_reads_what_nibabel_reads(tmp_path: Path) -> None:
    """ITK's reader sees the same voxels, spacing, origin and directions."""
    source = tmp_path / "image.nii.gz"
    affine = _rotation(AFFINES["oblique"])
    labels = _image(source, np.array([[0, -1], [1, -1], [2, 1]]), affine, (14, 12, 10))
    write_masks(tmp_path, load_label_map(source, NAMES), native_grid(source))
    for number in (1, 2, 7):
        mask: Any = SimpleITK.ReadImage(tmp_path / f"{NAMES[number]}.nii.gz")
        image: Any = SimpleITK.ReadImage(source)
        assert mask.GetPixelID() == SimpleITK.sitkUInt8
        assert np.array_equal(SimpleITK.GetArrayFromImage(mask).T, labels == number)
        assert np.allclose(mask.GetOrigin(), image.GetOrigin(), atol=1e-4)
        assert np.allclose(mask.GetSpacing(), image.GetSpacing(), atol=1e-5)
        assert np.allclose(mask.GetDirection(), image.GetDirection(), atol=1e-5)


def test_the_header_is_the_one_totalsegmentator_writes(tmp_path: Path) -> None:
    """TotalSegmentator copies the image's header and sets its type; ours says the same."""
    source = tmp_path / "image.nii.gz"
    affine = _rotation(AFFINES["oblique"])
    image = nib.Nifti1Image(np.ones((6, 5, 4), np.int16), affine)
    image.set_sform(affine, code="scanner")  # both codes 1, as dcm2niix writes them
    image.set_qform(affine, code="scanner")
    image.header.set_xyzt_units("mm", "sec")
    nib.save(image, source)
    header = nib.load(source).header.copy()
    header.set_data_dtype(np.uint8)
    theirs = nib.Nifti1Image(np.ones((6, 5, 4), np.uint8), nib.load(source).affine, header)
    nib.save(theirs, tmp_path / "theirs.nii")

    write_masks(tmp_path, load_label_map(source, {1: "liver"}), native_grid(source))
    ours = nib.load(tmp_path / "liver.nii.gz").header
    for field, expected in nib.load(tmp_path / "theirs.nii").header.items():
        if np.issubdtype(expected.dtype, np.floating):
            assert np.allclose(ours[field], expected, atol=1e-6, equal_nan=True), field
        else:
            assert np.array_equal(ours[field], expected), field


def test_a_sheared_grid_keeps_its_shear(tmp_path: Path) -> None:
    """A gantry-tilted grid is told by its sform alone; a quaternion would straighten it."""
    affine = np.array([[0.5, 0, 0, 0], [0, 0.5, -1.5, 0], [0, 0, 5, 0], [0, 0, 0, 1.0]])
    labels = np.ones((6, 5, 4), np.uint8)
    write_masks(tmp_path, LabelMap(labels, affine, NAMES), NativeGrid(affine, (6, 5, 4)))
    assert np.allclose(nib.load(tmp_path / "liver.nii.gz").affine, affine)


def test_large_gaps_are_skipped_and_still_right(tmp_path: Path) -> None:
    """Slices of 256×256: zeros around the box are put in, not compressed; nothing shifts."""
    labels = np.zeros((256, 256, 20), np.uint8)
    labels[100:130, 90:120, 5:15] = 1
    labels[:, 255, 19] = 2
    labels[0, 0, 0] = 3
    grid = NativeGrid(np.eye(4), labels.shape)
    write_masks(tmp_path, LabelMap(labels, np.eye(4), NAMES), grid)
    for number in (1, 2, 3):
        mask = np.asanyarray(nib.load(tmp_path / f"{NAMES[number]}.nii.gz").dataobj)
        assert np.array_equal(mask, labels == number)


def test_an_empty_label_map_writes_nothing(tmp_path: Path) -> None:
    """No voxel, no file: an empty mask would read as a statement."""
    labels = np.zeros((6, 5, 4), np.uint8)
    grid = NativeGrid(np.eye(4), labels.shape)
    together = tmp_path / "all.nii.gz"
    written = write_masks(tmp_path, LabelMap(labels, np.eye(4), NAMES), grid, together=together)
    assert written == ()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shape", [(6, 5, 4), (5, 6, 4)])
def test_a_label_map_of_other_voxels_is_refused(
    tmp_path: Path, shape: tuple[int, int, int]
) -> None:
    """Masks that do not overlay the image must not be written; nor may a label lack a name."""
    labels = np.full((6, 5, 4), 4, np.uint8)  # 4 has no name
    with pytest.raises(PublishingError):
        write_masks(tmp_path, LabelMap(labels, np.eye(4), NAMES), NativeGrid(np.eye(4), shape))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_the_volume_keeps_header_and_voxels(tmp_path: Path, suffix: str) -> None:
    """Either way the published image has the converted image's header and voxels."""
    voxels = np.random.default_rng(1).integers(-1024, 3000, (160, 150, 110)).astype(np.int16)
    source = tmp_path / f"converted{suffix}"
    nib.save(nib.Nifti1Image(voxels, AFFINES["straight"]), source)
    write_volume(tmp_path / "volume.nii.gz", source)
    published = nib.load(tmp_path / "volume.nii.gz")
    assert published.header == nib.load(source).header
    assert np.array_equal(np.asanyarray(published.dataobj), voxels)


@pytest.mark.parametrize("made", [nib.Nifti1Image, nib.Nifti2Image])
def test_a_volume_names_nobody(tmp_path: Path, made: type[nib.Nifti1Image]) -> None:
    """Neither in its header's texts, nor in extensions, nor as the file name gzip remembers."""
    voxels = np.arange(6 * 5 * 4, dtype=np.int16).reshape(6, 5, 4)
    image = made(voxels, AFFINES["oblique"])
    header = image.header
    header.set_slope_inter(2.0, -1024.0)
    for field in ("descrip", "intent_name", "aux_file", "data_type", "db_name", "unused_str"):
        if field in header:
            header[field] = b"SILVA^JOAO"
    header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"SILVA^JOAO, born 1956"))
    nib.save(image, tmp_path / "plain.nii")
    source = tmp_path / "converted.nii.gz"
    with source.open("wb") as file, gzip.GzipFile("SILVA^JOAO.nii", "wb", fileobj=file) as packed:
        packed.write((tmp_path / "plain.nii").read_bytes())
    assert b"SILVA" in source.read_bytes()[:64]
    for given in (source, tmp_path / "plain.nii"):
        write_volume(tmp_path / "volume.nii.gz", given)
        written = (tmp_path / "volume.nii.gz").read_bytes()
        assert b"SILVA" not in written
        assert b"SILVA" not in gzip.decompress(written)
        published = nib.load(tmp_path / "volume.nii.gz")
        assert np.array_equal(published.get_fdata(), nib.load(given).get_fdata())
        assert np.array_equal(published.affine, nib.load(given).affine)
        assert published.header["sform_code"] == image.header["sform_code"]


def test_a_volume_of_several_gzip_members_becomes_one(tmp_path: Path) -> None:
    """What bgzip wrote is compressed anew, so that a browser does not stop in its middle."""
    voxels = np.arange(40 * 30 * 20, dtype=np.int16).reshape(40, 30, 20)
    nib.save(nib.Nifti1Image(voxels, AFFINES["straight"]), tmp_path / "plain.nii")
    plain = (tmp_path / "plain.nii").read_bytes()
    members = (plain[:10_000], plain[10_000:], b"")
    source = tmp_path / "converted.nii.gz"
    source.write_bytes(b"".join(gzip.compress(part) for part in members))
    write_volume(tmp_path / "volume.nii.gz", source)
    member = zlib.decompressobj(wbits=31)
    assert member.decompress((tmp_path / "volume.nii.gz").read_bytes()) == plain
    assert (member.eof, member.unused_data) == (True, b"")


def test_only_nifti_becomes_a_volume(tmp_path: Path) -> None:
    """Any other file is refused before something is written."""
    (tmp_path / "image.nrrd").touch()
    with pytest.raises(PublishingError):
        write_volume(tmp_path / "volume.nii.gz", tmp_path / "image.nrrd")
    assert not (tmp_path / "volume.nii.gz").exists()
