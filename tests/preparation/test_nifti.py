"""A NIfTI file as a study of an unknown patient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
import pytest

from heimdallr.domain.errors import ConversionError, UnsupportedStudyError
from heimdallr.domain.statements import Statement
from heimdallr.imaging.volume import load_volume
from heimdallr.preparation.prepare import PreparedStudy, prepare

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt


def _save(path: Path, data: npt.NDArray[np.generic]) -> Path:
    nib.save(nib.Nifti1Image(data, np.diag([0.8, 0.8, 3.0, 1.0])), path)
    return path


def _ct(rng: np.random.Generator) -> npt.NDArray[np.int16]:
    data = rng.integers(-1000, 1000, (20, 24, 10), dtype=np.int16)
    data[0] = -1000
    return data


def test_whole_numbers_with_air_are_a_ct(tmp_path: Path, rng: np.random.Generator) -> None:
    """The copy is the volume; the file handed in stays; nothing is known about the patient."""
    source = _save(tmp_path / "SILVA MARIA.nii.gz", _ct(rng))
    (prepared,) = prepare(source, tmp_path / "work")
    assert isinstance(prepared, PreparedStudy)
    assert prepared.study.modality == "CT"
    assert prepared.study.case_id.startswith("Unknown_00000000_")
    assert prepared.study.patient.age_years is None
    assert prepared.conversion is None
    assert prepared.series.spacing_mm == pytest.approx(3.0)
    assert prepared.series.coverage_mm == pytest.approx(30.0)
    assert prepared.series.pixel_spacing_mm == pytest.approx((0.8, 0.8))
    assert prepared.volume_path.read_bytes() == source.read_bytes()
    assert "SILVA" not in str(prepared.volume_path.relative_to(tmp_path))


def test_the_same_file_gets_the_same_case_id(tmp_path: Path, rng: np.random.Generator) -> None:
    """The ID comes from the content, not from the name."""
    first = _save(tmp_path / "a.nii", _ct(rng))
    second = tmp_path / "b.nii"
    second.write_bytes(first.read_bytes())
    ids = [next(prepare(path, tmp_path / path.stem)) for path in (first, second)]
    one, other = (p.study.case_id for p in ids if isinstance(p, PreparedStudy))
    assert one == other


def test_signal_without_air_must_be_told(tmp_path: Path, rng: np.random.Generator) -> None:
    """An MR and a cropped CT look alike: the modality is asked for, not guessed."""
    source = _save(tmp_path / "a.nii", rng.integers(0, 900, (20, 24, 10), dtype=np.int16))
    with pytest.raises(UnsupportedStudyError, match="--modality"):
        next(prepare(source, tmp_path / "work"))
    told = next(prepare(source, tmp_path / "work", modality="MR"))
    assert isinstance(told, PreparedStudy)
    assert told.study.modality == "MR"


@pytest.mark.parametrize(("offset", "codes"), [(0, []), (1024, ["attenuation_unknown"])])
def test_a_ct_without_a_voxel_below_water_is_not_in_hounsfield_units(
    tmp_path: Path, rng: np.random.Generator, offset: int, codes: list[str]
) -> None:
    """By convention a file holds them; one that was written without its intercept does not."""
    source = _save(tmp_path / "a.nii", _ct(rng) + np.int16(offset))
    (prepared,) = prepare(source, tmp_path / "work", modality="CT")
    assert isinstance(prepared, PreparedStudy)
    assert [one.code for one in prepared.notices] == codes
    assert prepared.series.attenuation_known is not bool(codes)


def test_what_is_no_volume_is_refused(tmp_path: Path, rng: np.random.Generator) -> None:
    """A time series, a slice, colours, complex numbers, bytes that only have the name."""
    colours = np.zeros((9, 9, 9), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    made = [
        _save(tmp_path / "time.nii", rng.integers(-900, 900, (9, 9, 9, 3), dtype=np.int16)),
        _save(tmp_path / "flat.nii", rng.integers(-900, 900, (9, 9), dtype=np.int16)),
        _save(tmp_path / "slice.nii", rng.integers(-900, 900, (9, 9, 1), dtype=np.int16)),
        _save(tmp_path / "colours.nii", colours),
        _save(tmp_path / "complex.nii", np.zeros((9, 9, 9), np.complex64)),
        _save(tmp_path / "nothing.nii", np.full((9, 9, 9), np.nan, np.float32)),
    ]
    whole = _save(tmp_path / "whole.nii.gz", _ct(rng))
    cut, named = tmp_path / "cut.nii.gz", tmp_path / "SILVA.nii"
    cut.write_bytes(whole.read_bytes()[:-400])
    named.write_bytes(b"nothing")
    for path in (*made, cut, named):
        with pytest.raises(ConversionError) as refused:
            next(prepare(path, tmp_path / "work"))
        assert "SILVA" not in str(refused.value)


def test_one_time_point_is_a_volume(tmp_path: Path, rng: np.random.Generator) -> None:
    """Some programs write a fourth axis of length one."""
    assert (
        _prepared(_save(tmp_path / "a.nii", _ct(rng)[..., None]), tmp_path).study.modality == "CT"
    )


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_voxels_without_a_number_are_air(
    tmp_path: Path, rng: np.random.Generator, value: float
) -> None:
    """Outside a round field of view some programs write what is no number; it is said."""
    data = _ct(rng).astype(np.float32)
    data[:, :2] = value
    prepared = _prepared(_save(tmp_path / "a.nii", data), tmp_path)
    assert prepared.study.modality == "CT"
    volume = load_volume(prepared.volume_path)
    assert np.isfinite(volume.data).all()
    assert np.all(volume.data[:, :2] == -1000)
    assert np.array_equal(volume.data[:, 2:], data[:, 2:])
    assert prepared.notices == (Statement("voxels_without_number", {"percent": 8.33}),)


def test_in_an_mr_they_are_as_dark_as_its_background(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    """There is no scale that says what air is."""
    data = rng.uniform(3, 900, (20, 24, 10)).astype(np.float32)
    data[0] = np.nan
    path = _save(tmp_path / "a.nii", data)
    (prepared,) = prepare(path, tmp_path / "work", modality="MR")
    assert isinstance(prepared, PreparedStudy)
    assert load_volume(prepared.volume_path).data.min() == np.nanmin(data)


MIRROR = np.diag([-1.0, 1, 1, 1])
TURNED = np.diag([-1.0, -1, 1, 1])
LARGER = np.diag([1.1, 1.1, 1.1, 1])


@pytest.mark.parametrize(
    ("change", "word"), [(MIRROR, "mirror"), (TURNED, "another way"), (LARGER, "another size")]
)
def test_forms_that_contradict_each_other_are_refused(
    tmp_path: Path, rng: np.random.Generator, change: npt.NDArray[np.float64], word: str
) -> None:
    """One of them would halve a liver; nothing tells which."""
    affine = np.diag([0.8, 0.8, 3.0, 1.0])
    image = nib.Nifti1Image(_ct(rng), affine)
    image.set_qform(affine, 1)
    image.set_sform(change @ affine, 2)
    nib.save(image, tmp_path / "a.nii")
    with pytest.raises(ConversionError, match=word):
        next(prepare(tmp_path / "a.nii", tmp_path / "work"))


def test_forms_that_differ_by_a_shift_become_one(tmp_path: Path, rng: np.random.Generator) -> None:
    """A viewer that believes the other form shows the label maps in the same place."""
    sform, qform = np.diag([0.8, 0.8, 3.0, 1.0]), np.diag([0.8, 0.8, 3.0, 1.0])
    sform[:3, 3] = (10.0, -4.0, 7.0)
    image = nib.Nifti1Image(_ct(rng), sform)
    image.set_qform(qform, 1)
    image.set_sform(sform, 1)
    nib.save(image, tmp_path / "a.nii")
    prepared = _prepared(tmp_path / "a.nii", tmp_path)
    made = nib.load(prepared.volume_path)
    assert np.allclose(made.get_qform(), sform)
    assert np.allclose(made.get_sform(), sform)
    assert prepared.series.sides_known


def test_without_orientation_codes_left_and_right_are_unknown(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    """The volume is measured; what has a side is not, and it is said."""
    image = nib.Nifti1Image(_ct(rng), np.diag([0.8, 0.8, 3.0, 1.0]))
    image.set_qform(None, 0)
    image.set_sform(None, 0)
    nib.save(image, tmp_path / "a.nii")
    prepared = _prepared(tmp_path / "a.nii", tmp_path)
    assert not prepared.series.sides_known
    assert prepared.notices == (Statement("sides_unknown"),)


@pytest.mark.parametrize(("unit", "per_mm"), [("meter", 0.001), ("micron", 1000.0)])
def test_other_units_are_read_as_such(
    tmp_path: Path, rng: np.random.Generator, unit: str, per_mm: float
) -> None:
    """The copy is in millimetres."""
    affine = np.diag([0.8, 0.8, 3.0, 1.0]) @ np.diag([per_mm, per_mm, per_mm, 1.0])
    image = nib.Nifti1Image(_ct(rng), affine)
    image.header.set_xyzt_units(unit)
    nib.save(image, tmp_path / "a.nii")
    prepared = _prepared(tmp_path / "a.nii", tmp_path)
    assert load_volume(prepared.volume_path).spacing_mm == pytest.approx([0.8, 0.8, 3.0], rel=1e-4)
    assert prepared.series.coverage_mm == pytest.approx(30.0, rel=1e-4)
    assert prepared.notices == (Statement("other_unit", {"unit": unit}),)


def test_voxels_that_are_no_patients_are_refused(tmp_path: Path, rng: np.random.Generator) -> None:
    """Metres, in a file that says millimetres or nothing."""
    nib.save(nib.Nifti1Image(_ct(rng), np.diag([8e-4, 8e-4, 3e-3, 1])), tmp_path / "a.nii")
    with pytest.raises(ConversionError, match=r"voxels of 0.0008 × 0.0008 × 0.003 mm"):
        next(prepare(tmp_path / "a.nii", tmp_path / "work"))


@pytest.mark.parametrize("slope", [0.0, np.nan])
def test_a_slope_that_is_none_scales_nothing(
    tmp_path: Path, rng: np.random.Generator, slope: float
) -> None:
    """As NIfTI defines it; an intercept beside it counts as little."""
    data = _ct(rng)
    path = _save(tmp_path / "a.nii", data)
    header = nib.load(path).header
    header["scl_slope"], header["scl_inter"] = slope, 77.0
    with path.open("r+b") as file:
        header.write_to(file)
    prepared = _prepared(path, tmp_path)
    assert np.array_equal(load_volume(prepared.volume_path).data, data)


def _prepared(path: Path, folder: Path) -> PreparedStudy:
    (one,) = prepare(path, folder / "work")
    assert isinstance(one, PreparedStudy)
    return one
