"""A case read back from its folder gives the numbers that were published."""

from __future__ import annotations

import gzip
import json
import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import pytest
from analysis_bodies import Body, head, trunk
from publishing_cases import CASE_ID, ENDED, PREPARED, STARTED, stored

from heimdallr.analyses.registry import run_all
from heimdallr.analyses.rules.findings import find
from heimdallr.domain.corrections import LevelStatement
from heimdallr.domain.errors import PublishingError
from heimdallr.domain.statements import Statement
from heimdallr.domain.study import KernelClass, LossyCompression, Patient, Series, Spectral, Unseen
from heimdallr.imaging.volume import LabelMap, Volume, load_volume
from heimdallr.phantom.anatomy import build
from heimdallr.phantom.patient import Lesion, sample_patient
from heimdallr.phantom.render import patient_ct_numbers
from heimdallr.publishing.case_file import CASE_FILE
from heimdallr.publishing.publish import Publication, publish
from heimdallr.publishing.results import finding_record, measurement_record
from heimdallr.publishing.schema import read_results
from heimdallr.publishing.stored_case import measurements_of, stored_case

if TYPE_CHECKING:
    from heimdallr.analyses.case import Case

LPS = np.array([[0, -1], [1, -1], [2, 1]])
PATIENT = Patient(sex="F", age_years=66.5, height_m=1.62, weight_kg=70.1)
SERIES = Series(
    "1.2.3.4",
    "CT",
    image_type=("ORIGINAL", "PRIMARY"),
    pixel_spacing_mm=(0.7, 0.7),
    kvp=120.0,
    kernel="B30f",
    kernel_class=KernelClass.SOFT,
    slice_thickness_mm=2.5,
    acquisition=(("ScanningSequence", "GR"),),
    spectral=Spectral.MONOENERGETIC,
    energy_kev=70.0,
    lossy=LossyCompression("JPEG", 9.5),
)


def a_trunk() -> Case:
    """Organs, spine, tissues; slices are missing above, notices are given."""
    case = trunk((6.0, 6.0, 6.0)).case(PATIENT, SERIES)
    return replace(
        case,
        unseen=(Unseen((0.0, 0.0, 1.0), 170.0, 210.0, 7),),
        notices=(Statement("slices_missing", {"count": 7, "length_mm": 42.0}),),
        skipped_tasks={
            "cerebral_bleed": Statement("task_not_run", {"task": "x", "reason": Statement("y")})
        },
    )


def a_head() -> Case:
    """A bleed, and the lungs' nodules of which there are none: an empty map."""
    case = head((4.0, 4.0, 4.0), bleeds=[((30, 8, 4), (18, 12, 14))]).case(PATIENT, SERIES)
    total = case.segmentations["total"]
    nothing = LabelMap(np.zeros(case.image.shape, np.uint8), case.image.affine, {2: "lung_nodules"})
    made = {**case.segmentations, "lung_nodules": replace(total, label_map=nothing)}
    return replace(case, segmentations=made)


def an_mr() -> Case:
    """A liver in a fat fraction map of another data type."""
    body = Body((180, 180, 180), (5.0, 5.0, 5.0), modality="MR")
    body.paint(body.ellipsoid((0, 0, 0), (60, 50, 60)), 300, "liver")
    case = body.case(PATIENT, Series("1.2", "MR", number=3))
    noise = np.random.default_rng(1).normal(0, 3.7, case.image.shape)
    signal = Volume((case.image.data + noise).astype(np.float32), case.image.affine)
    return replace(case, image=signal)


def an_abdomen() -> Case:
    """A drawn patient with a stone, seen by a person: its L3 is named, its spleen rejected."""
    lesions = (Lesion("kidney_stone", 9.0, "left"),)
    patient = replace(sample_patient(np.random.default_rng(5)), lesions=lesions)
    phantom = build(
        patient, spacing_mm=4, seed=5, z_range_mm=(-170.0, 190.0), measure_lesions=False
    )
    image = patient_ct_numbers(patient, "native")[phantom.material].round().astype(np.int16)
    body = Body((40, 40, 40))
    body.image, body.affine = image, phantom.affine
    body.labels = {"total": phantom.total, "tissue_types": phantom.tissue}
    case = body.case(PATIENT, SERIES)
    return replace(
        case,
        said_level=LevelStatement("vertebrae_L3", "vertebrae_L3"),
        rejected={"spleen": "wrong_extent", "torso_fat": "artefact"},
    )


CASES = {"trunk": a_trunk, "head": a_head, "mr": an_mr, "abdomen": an_abdomen}


@cache
def drawn(which: str) -> Case:
    """Drawn once."""
    return CASES[which]()


@cache
def _made(which: str) -> TemporaryDirectory[str]:
    output = TemporaryDirectory()
    _publish(which, Path(output.name))
    return output


def published(which: str, output: Path) -> Path:
    """The folder of a case; published once, a test may spoil its own."""
    return shutil.copytree(Path(_made(which).name) / "cases" / CASE_ID, output / CASE_ID)


def _publish(which: str, output: Path) -> None:
    """A case whose image was loaded from a file in another axis order."""
    case = drawn(which)
    path = stored(output / "converted.nii", case.image.data, case.image.affine, LPS)
    image = load_volume(path)
    made = {
        task: replace(one, label_map=replace(one.label_map, affine=image.affine))
        for task, one in case.segmentations.items()
    }
    case = replace(case, image=image, segmentations=made)
    measurements = run_all(case)
    study = replace(PREPARED.study, patient=PATIENT, modality=case.modality)
    prepared = replace(PREPARED, study=study, series=case.series, volume_path=path)
    found = find(case, measurements)
    publication = Publication(prepared, case, measurements, found, STARTED)
    publish(output / "cases", publication, lambda: ENDED)


@pytest.mark.parametrize("which", CASES)
def test_the_case_is_the_one_that_was_measured(which: str, tmp_path: Path) -> None:
    """Every fact and voxel; and worked out afresh, every number and finding that was published."""
    folder, drawn_case = published(which, tmp_path), drawn(which)
    case, results = stored_case(folder), read_results(folder)
    assert case.series == drawn_case.series
    assert case.unseen == drawn_case.unseen
    assert case.notices == drawn_case.notices
    assert case.skipped_tasks == drawn_case.skipped_tasks
    assert case.said_level == drawn_case.said_level
    assert case.rejected == drawn_case.rejected
    assert list(case.segmentations) == list(drawn_case.segmentations)
    assert np.array_equal(case.image.data, drawn_case.image.data)
    for task, one in drawn_case.segmentations.items():
        again = case.segmentations[task]
        assert np.array_equal(again.label_map.data, one.label_map.data)
        assert again.label_map.names == one.label_map.names
        assert again.provenance == one.provenance
    afresh = replace(case)
    assert afresh.worked_out.statistics is None
    measured = run_all(afresh)
    assert [measurement_record(one) for one in measured] == results.measurements
    assert measured == measurements_of(results)
    found = find(afresh, measured)
    assert [finding_record(one) for one in found.findings] == results.findings


@pytest.mark.parametrize("which", CASES)
def test_what_was_worked_out_is_kept(which: str, tmp_path: Path) -> None:
    """Statistics, judgements and levels come back as a fresh look at the voxels finds them."""
    case = stored_case(published(which, tmp_path))
    afresh = replace(case)
    assert case.worked_out.statistics == afresh.statistics
    assert case.worked_out.judgements == afresh.judgements
    if case.modality == "CT":
        assert case.worked_out.levels == afresh.levels


def test_another_version_works_it_out_anew(tmp_path: Path) -> None:
    """It may judge otherwise."""
    folder = published("head", tmp_path)
    told = json.loads((folder / CASE_FILE).read_text())
    (folder / CASE_FILE).write_text(json.dumps({**told, "version": "0.0.1"}))
    assert stored_case(folder).worked_out.statistics is None


def test_an_old_folder_is_refused_with_what_to_do(tmp_path: Path) -> None:
    """Made before there was such a file."""
    folder = published("head", tmp_path)
    (folder / CASE_FILE).unlink()
    with pytest.raises(PublishingError, match="earlier version") as refused:
        stored_case(folder)
    assert refused.value.remedy == "process the study again"


@pytest.mark.parametrize("gone", ["volume.nii.gz", "labels/total.nii.gz", "labels"])
def test_what_retention_removed_is_not_taken_for_empty(gone: str, tmp_path: Path) -> None:
    """No liver is made of a file that is not there any more."""
    folder = published("head", tmp_path)
    path = folder / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(PublishingError, match="is not there"):
        stored_case(folder)


@pytest.mark.parametrize("name", ["volume.nii.gz", "labels/total.nii.gz", CASE_FILE])
def test_a_damaged_file_is_an_error_that_quotes_nothing(name: str, tmp_path: Path) -> None:
    """Cut short; or something else altogether."""
    folder = published("head", tmp_path)
    whole = (folder / name).read_bytes()
    for damaged in (whole[: len(whole) // 2], gzip.compress(b"SILVA"), b"SILVA"):
        (folder / name).write_bytes(damaged)
        with pytest.raises(PublishingError) as refused:
            stored_case(folder)
        assert "SILVA" not in str(refused.value)


def test_a_map_of_other_voxels_is_refused(tmp_path: Path) -> None:
    """One that somebody else put there."""
    folder = published("head", tmp_path / "head")
    other = published("mr", tmp_path / "mr")
    shutil.copy(other / "labels/total.nii.gz", folder / "labels/total.nii.gz")
    with pytest.raises(PublishingError, match="not on the voxels"):
        stored_case(folder)


def test_nothing_in_it_names_the_patient(tmp_path: Path) -> None:
    """Neither the name nor the case ID."""
    text = (published("trunk", tmp_path) / CASE_FILE).read_text()
    assert "SILVA" not in text
    assert CASE_ID not in text
