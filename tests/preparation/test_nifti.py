"""A NIfTI file as a study of an unknown patient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
import pytest

from heimdallr.domain.errors import ConversionError, UnsupportedStudyError
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


def test_what_is_no_volume_is_refused(tmp_path: Path, rng: np.random.Generator) -> None:
    """A time series, and bytes that only have the name."""
    series = _save(tmp_path / "a.nii", rng.integers(-900, 900, (9, 9, 9, 3), dtype=np.int16))
    (tmp_path / "b.nii").write_bytes(b"nothing")
    for path in (series, tmp_path / "b.nii"):
        with pytest.raises(ConversionError):
            next(prepare(path, tmp_path / "work"))
