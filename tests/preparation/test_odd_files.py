"""Geometry and files that went wrong: each of these inputs was refused, or measured as another.

Scripts kept outside the repository write them from the phantom's studies.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from heimdallr.domain.errors import ConversionError
from heimdallr.imaging.volume import Volume, load_volume
from heimdallr.intake.parsing import read_received
from heimdallr.preparation.archive import open_input
from heimdallr.preparation.headers import scan
from heimdallr.preparation.prepare import PreparedStudy, explain, prepare
from heimdallr.preparation.reading import tolerant_pydicom

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PHANTOM_SLICES = 135


@pytest.fixture(scope="module")
def case_file(
    cases: Path, phantom_studies: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """Write an input that is one file, by its script's name, the file's name and the variant."""

    def write(name: str, file_name: str, *variant: str) -> Path:
        path = tmp_path_factory.mktemp(name) / file_name
        command = [sys.executable, str(cases / f"{name}.py"), str(phantom_studies), str(path)]
        subprocess.run([*command, *variant], check=True, timeout=300)
        return path

    return write


@pytest.fixture(scope="module")
def phantom(phantom_studies: Path, tmp_path_factory: pytest.TempPathFactory) -> Volume:
    """The trunk CT as the phantom wrote it, converted."""
    folder = phantom_studies / "trunk_ct" / "dicom" / "0003"
    return load_volume(_prepared(folder, tmp_path_factory.mktemp("phantom")).volume_path)


def _prepared(path: Path, work: Path) -> PreparedStudy:
    (one,) = prepare(path, work)
    assert isinstance(one, PreparedStudy), one
    return one


@pytest.mark.parametrize("how", ["rle", "none"])
def test_sixteen_bit_ge_images_give_the_phantoms_numbers(
    case_input: Callable[..., Path], phantom: Volume, tmp_path: Path, how: str
) -> None:
    """Compressed or not."""
    volume = load_volume(_prepared(case_input("ge16_compressed", how), tmp_path).volume_path)
    assert np.array_equal(volume.data, phantom.data)
    assert np.allclose(volume.affine, phantom.affine)


@pytest.mark.parametrize("how", ["3.3333/2", "1.25/1", "f32"])
def test_even_slices_with_rounded_positions_are_measured(
    case_input: Callable[..., Path], phantom: Volume, tmp_path: Path, how: str
) -> None:
    """The last slice lies within 0.1 mm of its position, and no voxel was interpolated."""
    folder = case_input("rounded_positions", how)
    prepared = _prepared(folder, tmp_path)
    volume = load_volume(prepared.volume_path)
    assert prepared.conversion is not None
    assert not prepared.conversion.resampled
    assert sorted(volume.shape) == sorted(phantom.shape)
    (study,) = scan(folder.iterdir()).studies
    last = study.candidates[0].frames[-1].position
    assert last is not None
    top = volume.voxel_to_world([0, 0, PHANTOM_SLICES - 1])
    assert top[2] == pytest.approx(last[2], abs=0.1)


@pytest.mark.parametrize(
    ("how", "encoded"),
    [("implicit", ExplicitVRLittleEndian), ("explicit", ImplicitVRLittleEndian)],
)
def test_files_that_state_another_transfer_syntax_are_read(
    case_input: Callable[..., Path], phantom: Volume, tmp_path: Path, how: str, encoded: str
) -> None:
    """By `heimdallr process` and where they are received: uploaded or over the network."""
    folder = case_input("ts_lies", how)
    volume = load_volume(_prepared(folder, tmp_path).volume_path)
    assert np.array_equal(volume.data, phantom.data)
    with tolerant_pydicom():
        for path in sorted(folder.iterdir())[:2]:
            for announced in (True, False):
                received = read_received(path, announced=announced)
                assert received.transfer_syntax_uid == encoded


def test_nifti_forms_that_mirror_each_other_are_refused(
    case_file: Callable[..., Path], tmp_path: Path
) -> None:
    """They halved a liver and made a spleen large."""
    with pytest.raises(ConversionError, match="mirror image"):
        next(prepare(case_file("nifti_forms", "a.nii.gz", "conflict"), tmp_path))


@pytest.mark.parametrize(
    ("how", "notice"), [("none", "sides_unknown"), ("nan", "voxels_without_number")]
)
def test_nifti_files_that_say_too_little_are_measured_with_a_notice(
    case_file: Callable[..., Path], tmp_path: Path, how: str, notice: str
) -> None:
    """Left and right are unknown; what is no number is air."""
    prepared = _prepared(case_file("nifti_forms", "a.nii.gz", how), tmp_path)
    assert [one.code for one in prepared.notices] == [notice]
    assert prepared.study.modality == "CT"
    data = load_volume(prepared.volume_path).data
    assert np.isfinite(data).all()
    assert data.min() >= -1024


def test_a_patient_cd_is_taken_as_it_is(case_file: Callable[..., Path], tmp_path: Path) -> None:
    """Images are taken; viewer, autorun and read-me are listed."""
    prepared = _prepared(case_file("cd_with_viewer", "cd.zip"), tmp_path)
    assert prepared.series.instances == PHANTOM_SLICES
    assert prepared.skipped == {"an archive inside the input": 1, "not a DICOM file": 2}


@pytest.mark.parametrize(
    ("how", "skipped"),
    [
        ("docx", {"an archive inside the input": 1}),
        ("apple", {"not a DICOM file": PHANTOM_SLICES}),
        ("empty", {"empty file": 1}),
        ("dotdot", {"not a DICOM file": 1}),
        *((how, {}) for how in ("absolute", "backslash", "cp437", "dots", "drive", "zip64")),
    ],
)
def test_however_a_study_is_packed_its_images_are_taken(
    case_file: Callable[..., Path], tmp_path: Path, how: str, skipped: dict[str, int]
) -> None:
    """What is no image is listed."""
    found = _scanned(case_file("zips", "study.zip", how), tmp_path)
    assert found == (PHANTOM_SLICES, skipped)


def _scanned(path: Path, work: Path) -> tuple[int, dict[str, int]]:
    """How many images an input holds, and what was passed over."""
    with open_input(path, work) as opened:
        found = scan(opened.files)
    (study,) = found.studies
    return sum(len(one.frames) for one in study.candidates), dict(found.skipped)


@pytest.mark.parametrize("name", ["dixon_one_series", "dixon_series"])
def test_dixon_images_are_ranked_by_what_they_show(
    case_input: Callable[..., Path], tmp_path: Path, name: str
) -> None:
    """In-phase, water, opposed, then fat, the fraction last; each is a volume of its own."""
    ((_, selection),) = explain(case_input(name), tmp_path)
    kinds = [verdict.series.image_type[3] for verdict in selection.verdicts]
    opposed = "OPP_PHASE" if name == "dixon_one_series" else "OUT_PHASE"
    assert kinds == ["IN_PHASE", "WATER", opposed, "FAT", "FAT_FRACTION"]
    assert all(verdict.rank for verdict in selection.verdicts)
    said = [verdict.reasons[0].text for verdict in selection.verdicts]
    assert "map" not in " ".join(said[:4])
