"""dcm2niix and the check of its work, on series whose every voxel is known."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import dcm2niix
import nibabel as nib
import numpy as np
import pydicom
import pytest
from dicom_series import (
    AXIAL,
    BIG_ENDIAN,
    DEFLATED,
    RLE,
    SAGITTAL,
    SeriesOnDisk,
    body_hu,
    enhanced_mr,
)
from small_disks import small_disk

from heimdallr.domain.errors import ConversionError, ConverterMissingError, DiskLowError
from heimdallr.imaging.volume import load_volume
from heimdallr.preparation import conversion, converter, rewriting
from heimdallr.preparation.conversion import Conversion, convert, dcm2niix_version
from heimdallr.preparation.headers import scan
from heimdallr.preparation.instances import instance_of
from heimdallr.preparation.reading import read_header

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.preparation.stacks import SeriesCandidate


def oblique(angle_deg: float) -> tuple[float, ...]:
    """Orientation of slices that lean about the left-right axis."""
    angle = np.radians(angle_deg)
    return (1.0, 0.0, 0.0, 0.0, float(np.cos(angle)), -float(np.sin(angle)))


def tilted(angle_deg: float) -> SeriesOnDisk:
    """Slices lean with the gantry, the table moves along the body."""
    shear = -float(np.tan(np.radians(angle_deg)))
    return SeriesOnDisk(orientation=oblique(angle_deg), shear_mm=shear)


def candidate_of(series: SeriesOnDisk, folder: Path) -> SeriesCandidate:
    """Write a series and scan it."""
    series.write(folder / "in")
    (study,) = scan((folder / "in").iterdir()).studies
    (candidate,) = study.candidates
    return candidate


def converted(series: SeriesOnDisk, folder: Path) -> Conversion:
    """Write, scan and convert a series."""
    return convert(candidate_of(series, folder), folder / "volume.nii", folder)


def assert_shows_the_body(path: Path, *, tolerance_hu: float = 1.0) -> None:
    """Compare each voxel that is not near an edge with the body's formula at its place."""
    volume = load_volume(path)
    grid = np.moveaxis(np.indices(volume.shape), 0, -1)
    points_lps = volume.voxel_to_world(grid) * [-1, -1, 1]
    expected = body_hu(points_lps)
    smooth = volume.data > volume.data.min()  # what resampling fills beyond the images
    for axis in range(3):
        for step in (-1, 1):
            moved = points_lps.copy()
            moved[..., axis] += step * 5.0
            smooth &= np.abs(body_hu(moved) - expected) < 10
    assert smooth.mean() > 0.3
    assert {40, 110} <= set(np.rint(expected[smooth] / 10).astype(int) * 10)
    assert np.median(np.abs(volume.data[smooth] - expected[smooth])) <= tolerance_hu
    assert np.quantile(np.abs(volume.data[smooth] - expected[smooth]), 0.95) <= 3 * tolerance_hu


@pytest.mark.parametrize(
    "series",
    [
        SeriesOnDisk(),
        SeriesOnDisk(depths_mm=tuple(4.0 * k for k in reversed(range(12)))),
        SeriesOnDisk(orientation=oblique(15)),
        SeriesOnDisk(orientation=(-1.0, 0, 0, 0, 1.0, 0), origin_mm=(76.0, -58.0, 24.0)),
        SeriesOnDisk(transfer_syntax=RLE),
        SeriesOnDisk(transfer_syntax=BIG_ENDIAN),
        SeriesOnDisk(rescale=(2.0, -2048.0)),
    ],
    ids=["axial", "feet first", "oblique", "mirrored rows", "RLE", "big endian", "slope 2"],
)
def test_voxels_are_where_and_what_dicom_says(tmp_path: Path, series: SeriesOnDisk) -> None:
    """Not mirrored, not shifted, in HU — and not resampled."""
    result = converted(series, tmp_path)
    assert_shows_the_body(result.path, tolerance_hu=2.0 if series.rescale[0] == 2 else 1.0)
    assert not result.resampled
    assert not result.rewritten
    assert result.placement_error_mm == pytest.approx(0, abs=1e-3)
    assert result.converter == f"dcm2niix {dcm2niix_version()}"


def test_a_sagittal_mr_keeps_its_place(tmp_path: Path) -> None:
    """Axes may be reordered, positions may not."""
    series = SeriesOnDisk(
        orientation=SAGITTAL, modality="MR", origin_mm=(-22.0, -70.0, 60.0), rescale=(1.0, -1024.0)
    )
    result = converted(series, tmp_path)
    volume = load_volume(result.path)
    assert sorted(volume.shape) == sorted((12, 40, 48))
    points = volume.voxel_to_world(np.moveaxis(np.indices(volume.shape), 0, -1)) * [-1, -1, 1]
    assert np.corrcoef(volume.data.ravel(), body_hu(points).ravel())[0, 1] > 0.99


FAT_MAP = SeriesOnDisk(
    modality="MR",
    rescale=(0.5, -1024.0),
    tags={
        "Manufacturer": "Philips Medical Systems",
        "RescaleSlope": 0.5,
        "RescaleIntercept": -1024.0,
        "RescaleType": "PCT",
    },
)
"""Of a body whose Hounsfield units are taken for percent; what counts is that they come back."""


def _philips_map(folder: Path) -> SeriesCandidate:
    folder.mkdir(parents=True)
    for place, image in enumerate(FAT_MAP.images()):
        image.add_new((0x2005, 0x0010), "LO", "Philips MR Imaging DD 001")
        image.add_new((0x2005, 0x100E), "FL", 20.475)
        image.save_as(folder / f"{place:03d}.dcm", enforce_file_format=True)
    (study,) = scan(folder.iterdir()).studies
    (candidate,) = study.candidates
    return candidate


def test_a_map_in_percent_keeps_its_numbers(tmp_path: Path) -> None:
    """Philips has a scale of its own beside DICOM's, of what its receiver took in."""
    result = convert(_philips_map(tmp_path / "in"), tmp_path / "volume.nii", tmp_path)
    assert_shows_the_body(result.path)


def test_a_map_of_another_scale_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks like its images all the same; of other MR images no more is asked."""
    honest = converter.run

    def halving(folder: Path, output: Path, *, timeout_s: float) -> converter.Run:
        run = honest(folder, output, timeout_s=timeout_s)
        for path in run.outputs:
            image = nib.load(path)
            nib.save(nib.Nifti1Image(image.get_fdata() / 2, image.affine), path)
        return run

    monkeypatch.setattr(converter, "run", halving)
    candidate = _philips_map(tmp_path / "in")
    with pytest.raises(ConversionError, match="values differ"):
        convert(candidate, tmp_path / "volume.nii", tmp_path)
    ordinary = replace(candidate, series=replace(candidate.series, rescale_type="US"))
    convert(ordinary, tmp_path / "volume.nii", tmp_path)


@pytest.mark.parametrize("tilt_deg", [15.0, -15.0])
def test_a_tilted_gantry_is_corrected(tmp_path: Path, tilt_deg: float) -> None:
    """The plain output is sheared wrongly; the corrected one shows the body."""
    result = converted(tilted(tilt_deg), tmp_path)
    assert result.resampled
    assert result.tilt_corrected
    assert not result.equidistant
    assert result.placement_error_mm is None
    assert_shows_the_body(result.path, tolerance_hu=3.0)


@pytest.mark.parametrize(
    "series",
    [
        replace(tilted(-15.0), depths_mm=tuple(4.0 * k for k in range(12) if k != 7)),
        replace(tilted(15.0), shear_mm=0.2),
        replace(tilted(-15.0), depths_mm=tuple(4.0 * k for k in reversed(range(12)))),
    ],
    ids=["tilted back with a gap", "sheared against its lean", "feet first"],
)
def test_what_dcm2niix_misplaces_is_resampled_here(tmp_path: Path, series: SeriesOnDisk) -> None:
    """dcm2niix exits with 0, but its corrected volume lies millimetres away."""
    result = converted(series, tmp_path)
    assert result.resampled_by == "heimdallr"
    assert result.tilt_corrected
    assert_shows_the_body(result.path, tolerance_hu=3.0)


def test_unevenly_spaced_slices_are_made_equidistant(tmp_path: Path) -> None:
    """One slice is missing: dcm2niix exits with 0 and a wrong plain volume beside the right one."""
    depths = tuple(4.0 * k for k in range(12) if k != 7)
    result = converted(SeriesOnDisk(depths_mm=depths), tmp_path)
    assert result.equidistant
    assert result.return_code == 0
    assert_shows_the_body(result.path, tolerance_hu=3.0)


@pytest.mark.parametrize("depths", [tuple(4.0 * k for k in range(12) if k != 7), None])
def test_unsigned_sixteen_bit_images_are_corrected_all_the_same(
    tmp_path: Path, depths: tuple[float, ...] | None
) -> None:
    """dcm2niix corrects signed images only; copies in HU, or our resampling, make up for it."""
    series = SeriesOnDisk(depths_mm=depths) if depths else tilted(15.0)
    result = converted(replace(series, bits_stored=16), tmp_path)
    assert result.resampled
    assert_shows_the_body(result.path, tolerance_hu=3.0)


def test_a_syntax_dcm2niix_cannot_read_is_decompressed_for_it(tmp_path: Path) -> None:
    """A deflated data set."""
    result = converted(SeriesOnDisk(transfer_syntax=DEFLATED), tmp_path)
    assert result.rewritten
    assert_shows_the_body(result.path)


def test_one_kind_of_frames_is_taken_out_of_an_enhanced_object(tmp_path: Path) -> None:
    """dcm2niix cannot be told to take every second frame; the copies can."""
    enhanced_mr(tmp_path / "in")
    (study,) = scan((tmp_path / "in").iterdir()).studies
    means = {}
    for number, candidate in enumerate(study.candidates):
        result = convert(candidate, tmp_path / f"{number}.nii", tmp_path)
        assert result.rewritten
        data = load_volume(result.path).data
        assert data.shape == (48, 40, 8)
        means[candidate.series.image_type[3]] = float(data.max())
    assert means["M"] > means["PHASE MAP"] > 300


def test_a_file_of_many_frames_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not once per frame: a file of a thousand frames has half a gigabyte."""
    paths = [enhanced_mr(tmp_path / name) for name in ("first", "second")]
    read: list[str] = []
    honest = pydicom.dcmread

    def counting(path: str, *, force: bool = False) -> pydicom.FileDataset:
        read.append(path)
        return honest(path, force=force)

    def in_this_process(_command: object, *, input: str, **_options: object) -> object:  # noqa: A002
        monkeypatch.setattr(pydicom, "dcmread", counting)
        orders = [rewriting._Order(**fields) for fields in json.loads(input)]
        rewriting._write_all(orders, tmp_path)
        return subprocess.CompletedProcess((), 0)

    frames = [frame for path in paths for frame in instance_of(path, read_header(path)).frames]
    monkeypatch.setattr(subprocess, "run", in_this_process)
    copies = rewriting.rewrite(frames, "MR", tmp_path)
    assert read == [str(path) for path in paths]
    assert len(copies) == 32
    for frame, copy in zip(frames, copies, strict=True):
        np.testing.assert_array_equal(rewriting.values_of_copy(copy), rewriting.values_of(frame))


def test_no_word_of_the_header_reaches_the_volume(tmp_path: Path) -> None:
    """Neither name nor comment nor time; nor do any files remain beside it."""
    tags: dict[str, object] = {
        "ImageComments": "SECRET COMMENT", "ProtocolName": "SECRETPROTOCOL",
        "SeriesDescription": "SECRETSERIES", "AcquisitionTime": "101112",
    }  # fmt: skip
    result = converted(SeriesOnDisk(tags=tags), tmp_path)
    header = result.path.read_bytes()[:352]
    for word in (b"SECRET", b"SILVA", b"101112", b"Time"):
        assert word not in header
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "volume.nii"]
    assert "SECRET" not in " ".join(result.warnings)


def test_truncated_pixel_data_is_an_error_not_a_volume(tmp_path: Path) -> None:
    """The middle image ends early."""
    candidate = candidate_of(SeriesOnDisk(), tmp_path)
    path = candidate.frames[6].path
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(ConversionError, match="series 5"):
        convert(candidate, tmp_path / "volume.nii", tmp_path)
    assert not (tmp_path / "volume.nii").exists()


@pytest.mark.parametrize(
    ("step_mm", "decimals", "orientation"),
    [
        (3.3333, 2, AXIAL), (1.25, 1, AXIAL), (0.625, 2, AXIAL), (0.625, 1, AXIAL),
        (0.6, 6, AXIAL), (1.3, 2, oblique(15)),
    ],
)  # fmt: skip
def test_even_slices_with_rounded_positions_keep_their_voxels(
    tmp_path: Path, step_mm: float, decimals: int, orientation: tuple[float, ...]
) -> None:
    """The distance of two slices, multiplied, would put the last one millimetres away."""
    series = SeriesOnDisk(
        depths_mm=tuple(step_mm * k for k in range(60)),
        orientation=orientation,
        decimals=decimals,
        origin_mm=(-76.0, -58.0, -step_mm * 30),
    )
    candidate = candidate_of(series, tmp_path)
    result = convert(candidate, tmp_path / "volume.nii", tmp_path)
    assert not result.resampled
    volume = load_volume(result.path)
    positions = np.array([frame.position for frame in candidate.frames])
    slices = volume.world_to_voxel(positions[[0, -1]] * [-1, -1, 1])[:, 2]
    assert slices == pytest.approx([0, 59], abs=0.1 / step_mm)
    assert volume.data.shape == (48, 40, 60)
    assert result.placement_error_mm is not None
    assert result.placement_error_mm < 0.1


def test_slices_that_move_apart_by_hundredths_are_made_equidistant(tmp_path: Path) -> None:
    """Each gap is like its neighbours; the middle slice is millimetres from its even place."""
    gaps = np.linspace(3.0, 3.5, 23)
    result = converted(SeriesOnDisk(depths_mm=(0.0, *np.cumsum(gaps).tolist())), tmp_path)
    assert result.equidistant
    assert_shows_the_body(result.path, tolerance_hu=3.0)


@pytest.mark.parametrize("rescale", [(1.0, -1024.0), (0.5, -1024.0)])
@pytest.mark.parametrize("last_mm", [44.0, 45.1])
def test_unsigned_images_with_a_gap_are_resampled_here(
    tmp_path: Path, rescale: tuple[float, float], last_mm: float
) -> None:
    """dcm2niix ends with an error, its plain volume holds the images; the grid ends at the last."""
    depths = (*(4.0 * k for k in range(11) if k != 7), last_mm)
    series = SeriesOnDisk(depths_mm=depths, bits_stored=16, rescale=rescale)
    result = converted(series, tmp_path)
    assert (result.return_code, result.resampled_by) == (1, "heimdallr")
    assert_shows_the_body(result.path, tolerance_hu=3.0)
    volume = load_volume(result.path)
    last = volume.voxel_to_world([0, 0, volume.shape[2] - 1])[2]
    assert last == pytest.approx(series.origin_mm[2] + last_mm, abs=1e-3)


def test_an_affine_that_lies_is_replaced_by_the_images_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a volume whose voxels are right."""
    honest = converter.run

    def lying(folder: Path, output: Path, *, timeout_s: float) -> converter.Run:
        run = honest(folder, output, timeout_s=timeout_s)
        for path in run.outputs:
            image = nib.load(path)
            affine = image.affine.copy()
            affine[2] *= 1.01
            affine[2, 3] += 2.0
            nib.save(nib.Nifti1Image(np.asanyarray(image.dataobj), affine), path)
        return run

    monkeypatch.setattr(converter, "run", lying)
    assert_shows_the_body(converted(SeriesOnDisk(), tmp_path).path)


@pytest.mark.parametrize("fault", ["mirrored", "scaled", "shuffled", "cut"])
def test_a_converter_that_lies_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """A wrong volume with exit code 0 is refused, whatever is wrong with it."""
    honest = converter.run

    def lying(folder: Path, output: Path, *, timeout_s: float) -> converter.Run:
        run = honest(folder, output, timeout_s=timeout_s)
        for path in run.outputs:
            if fault == "cut":
                path.write_bytes(path.read_bytes()[:-2])
                continue
            image = nib.load(path)
            data = np.asanyarray(image.dataobj).copy()
            if fault == "mirrored":
                data = data[::-1]
            elif fault == "scaled":
                data = data + 24
            else:
                data = data[..., [0, 2, 1, *range(3, data.shape[2])][::-1]]
            nib.save(nib.Nifti1Image(data, image.affine), path)
        return run

    monkeypatch.setattr(converter, "run", lying)
    candidate = candidate_of(SeriesOnDisk(), tmp_path)
    with pytest.raises(ConversionError, match="agrees with its images"):
        convert(candidate, tmp_path / "volume.nii", tmp_path)


def test_a_converter_that_hangs_is_ended(tmp_path: Path) -> None:
    """The time limit is of wall clock; a hundredth of a millisecond is never enough."""
    candidate = candidate_of(SeriesOnDisk(), tmp_path)
    with pytest.raises(ConversionError, match="within"):
        convert(candidate, tmp_path / "volume.nii", tmp_path, timeout_s=1e-5)


def test_a_converter_that_is_absent_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what to install."""
    monkeypatch.setattr(dcm2niix, "bin", str(tmp_path / "absent"))
    candidate = candidate_of(SeriesOnDisk(), tmp_path)
    with pytest.raises(ConverterMissingError, match="install the PyPI package dcm2niix"):
        convert(candidate, tmp_path / "volume.nii", tmp_path)


def test_return_codes_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error code is an error even when files were written."""
    honest = converter.run

    def failing(folder: Path, output: Path, *, timeout_s: float) -> converter.Run:
        return replace(honest(folder, output, timeout_s=timeout_s), return_code=4)

    monkeypatch.setattr(converter, "run", failing)
    candidate = candidate_of(SeriesOnDisk(), tmp_path)
    with pytest.raises(ConversionError, match="corrupt DICOM"):
        convert(candidate, tmp_path / "volume.nii", tmp_path)


def test_warnings_lose_paths_and_quotations() -> None:
    """What dcm2niix quotes may be a patient's."""
    said = "Warning: bad thing in '/data/SILVA/1.dcm'\nWarning: seen /tmp/x\nConvert 3 DICOM\n" * 2
    assert converter._warnings(said) == ("bad thing in …", "seen …")


def test_syntaxes_read_directly_are_those_dcm2niix_was_built_with() -> None:
    """JPEG extended (12 bit) and HTJ2K are not among them."""
    assert "1.2.840.10008.1.2.4.90" in conversion.DIRECT
    assert "1.2.840.10008.1.2.4.51" not in conversion.DIRECT
    assert "1.2.840.10008.1.2.4.201" not in conversion.DIRECT


def test_a_full_disk_is_not_the_images_fault(tmp_path: Path) -> None:
    """A series is not refused, nor a lesser one chosen, because there is no room; then there is."""
    candidate = candidate_of(SeriesOnDisk(), tmp_path)
    with small_disk(tmp_path / "disk", "4m") as disk:
        disk.fill()
        with (disk.folder / "filler").open("r+b") as filler:
            filler.truncate(filler.seek(0, 2) - 2**15)
        with pytest.raises(DiskLowError, match="no room for a volume of 1 MB"):
            convert(candidate, disk.folder / "volume.nii", disk.folder)
        assert [one.name for one in disk.folder.iterdir()] == ["filler"]
        disk.make_room()
        assert convert(candidate, disk.folder / "volume.nii", disk.folder).path.exists()
