"""What every set of the real data does: which series is chosen, or which error it ends with.

The table is the contract; ``docs/series-selection.md`` shows it to readers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
import pytest

from heimdallr.domain.errors import NoDicomError, UnsupportedStudyError
from heimdallr.imaging.volume import load_volume
from heimdallr.preparation.prepare import PreparedStudy, RefusedStudy, prepare

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _outcome(one: PreparedStudy | RefusedStudy) -> str:
    """A line of the table."""
    if isinstance(one, RefusedStudy):
        return f"{type(one.error).__name__}: {one.error.args[0]}"
    conversion = one.conversion
    assert conversion is not None
    notes = [
        note
        for note, holds in (
            ("tilt corrected", conversion.tilt_corrected),
            ("made equidistant", conversion.equidistant),
            ("rewritten", conversion.rewritten),
        )
        if holds
    ]
    shape = "×".join(map(str, load_volume(one.volume_path).shape))
    return " ".join([f"{one.study.modality} series {one.series.number} {shape}", *notes])


def _unusable(*reasons: str) -> str:
    return f"UnsupportedStudyError: no series is a usable volume ({'; '.join(reasons)})"


CR = "UnsupportedStudyError: modality CR is not supported; only CT and MR volumes are"
TABLE: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("ct_abdomen_tcga_lihc_A10W", "", ("CT series 5 512×512×60",)),
    ("ct_enhanced_multiframe", "", ("CT series 3 512×512×7",)),
    (
        "ct_head_ge_tilt_varspacing", "",
        ("CT series 2 512×611×56 tilt corrected made equidistant",),
    ),
    ("ct_phantom_philips", "", ("CT series 201 512×512×28",)),
    ("ct_totalsegmentator_example", "dicom", ("CT series None 512×512×20",)),
    (
        "ct_geometry_traps", "",
        (
            "CT series 2 512×512×6 made equidistant",
            "CT series 4 512×521×4 tilt corrected",
            _unusable("series 4: 4 images at 1 place are no single volume"),
            "CT series 3 512×514×5 tilt corrected made equidistant",
        ),
    ),
    ("mr_enhanced", "", ("MR series 801 64×64×32 rewritten", "MR series 6 64×64×6")),
    ("mr_transfer_syntaxes", "compressed_j2k", ("MR series 4 4×256×256",)),
    (
        "dcmqi", "",
        (
            _unusable("series 2: 3 slices, fewer than the 4 of a volume"),
            _unusable(*2 * ["series 123456: matrix 38 × 24 is too small for an image"]),
            _unusable(*2 * ["series 123456: matrix 38 × 23 is too small for an image"]),
        ),
    ),
    ("cxr", "", (CR, CR)),
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "below", "outcomes"), TABLE, ids=[f"{a}-{b}" for a, b, _ in TABLE]
)
def test_the_table(
    real_set: Callable[[str], Path],
    tmp_path: Path,
    name: str,
    below: str,
    outcomes: tuple[str, ...],
) -> None:
    """Chosen series, shape and corrections, or the error, study by study."""
    found = prepare(real_set(name) / below, tmp_path)
    assert tuple(_outcome(one) for one in found) == outcomes


@pytest.mark.parametrize("name", ["pydicom", "pydicom-data", "highdicom", "fuzz_pwnlab"])
def test_heaps_of_odd_files_end_in_named_errors(
    real_set: Callable[[str], Path], tmp_path: Path, name: str
) -> None:
    """Single slices, reports, plans, segmentations, malformed headers: no volume, no crash."""
    found = list(prepare(real_set(name), tmp_path))
    assert len(found) >= 5
    assert all(isinstance(one, RefusedStudy) for one in found)
    assert {type(one.error) for one in found if isinstance(one, RefusedStudy)} == {
        UnsupportedStudyError
    }
    ids = [one.case_id for one in found if isinstance(one, RefusedStudy)]
    assert len(set(ids)) == len(ids)


def test_label_maps_alone_are_no_study(real_set: Callable[[str], Path], tmp_path: Path) -> None:
    """NIfTI files in a folder are not guessed to be images."""
    with pytest.raises(NoDicomError, match="2 × not a DICOM file"):
        next(prepare(real_set("label_maps_ct"), tmp_path))


def test_the_philips_volume_is_chosen_over_localizer_and_dose_page(
    real_set: Callable[[str], Path], tmp_path: Path
) -> None:
    """Each refusal has its reason."""
    (one,) = prepare(real_set("ct_phantom_philips"), tmp_path)
    reasons = {
        verdict.series.number: verdict.reasons[0].text
        for verdict in one.selection.verdicts
        if verdict.rank is None
    }
    assert reasons == {100: "localizer", 401: "secondary capture (a screen, not an image)"}
    assert one.skipped == {"DICOMDIR": 3}


def test_the_multi_frame_object_gives_the_volume_of_its_twin(
    real_set: Callable[[str], Path], tmp_path: Path
) -> None:
    """Voxel by voxel and in the same place."""
    folder = real_set("ct_enhanced_multiframe") / "dicom_enhanced"
    (classic,) = prepare(folder, tmp_path / "a")
    (multi,) = prepare(folder / "volume.dcm", tmp_path / "b")
    assert isinstance(classic, PreparedStudy)
    assert isinstance(multi, PreparedStudy)
    assert len(classic.source_files) == 7
    assert len(multi.source_files) == 1
    ours, theirs = load_volume(classic.volume_path), load_volume(multi.volume_path)
    assert np.array_equal(ours.data, theirs.data)
    assert np.allclose(ours.affine, theirs.affine, atol=1e-4)


def test_every_transfer_syntax_gives_the_same_volume(
    real_set: Callable[[str], Path], tmp_path: Path
) -> None:
    """RLE, JPEG lossless, JPEG-LS and JPEG 2000 of the same MR."""
    folder = real_set("mr_transfer_syntaxes")
    volumes = []
    for kind in ("compressed", "compressed_rle", "compressed_jpeg", "compressed_jpegls"):
        (one,) = prepare(folder / kind, tmp_path / kind)
        assert isinstance(one, PreparedStudy)
        volumes.append(load_volume(one.volume_path).data)
    assert volumes[0].std() > 1
    assert all(np.array_equal(volume, volumes[0]) for volume in volumes)


def test_the_set_with_empty_uids_matches_its_label_map(
    real_set: Callable[[str], Path], tmp_path: Path
) -> None:
    """Four empty UIDs, JPEG 2000: one study, on the grid its published labels have."""
    folder = real_set("ct_totalsegmentator_example")
    (one,) = prepare(folder / "dicom", tmp_path)
    assert isinstance(one, PreparedStudy)
    assert one.study.study_instance_uid == ""
    assert one.series.series_instance_uid == ""
    labels = nib.load(folder / "example_seg_dicom.nii.gz")
    image = nib.load(one.volume_path)
    assert image.shape == labels.shape
    assert np.allclose(image.affine, labels.affine, atol=1e-3)


def test_the_tilted_head_is_upright_after_correction(
    real_set: Callable[[str], Path], tmp_path: Path
) -> None:
    """Gantry tilt 18.5°, gaps of 4, 1.1 and 7 mm: rectangular voxels of one spacing."""
    (one,) = prepare(real_set("ct_head_ge_tilt_varspacing"), tmp_path)
    assert isinstance(one, PreparedStudy)
    assert one.conversion is not None
    assert one.conversion.resampled_by == "dcm2niix"
    axes = load_volume(one.volume_path).affine[:3, :3]
    axes = axes / np.linalg.norm(axes, axis=0)
    assert np.allclose(axes.T @ axes, np.eye(3), atol=1e-3)
