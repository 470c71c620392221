"""From an input to case folders: real DICOM of a synthetic head, real networks."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
import pydicom
import pytest

from heimdallr.config import Settings
from heimdallr.domain.errors import SegmentationError
from heimdallr.domain.identity import OWN_MANUFACTURER
from heimdallr.phantom.studies import WrittenStudy, write_head_ct
from heimdallr.segmentation.plan import ORGAN_TASKS
from heimdallr.workflow import process, stages
from heimdallr.workflow.process import CaseOutcome, explain_selection, process_paths

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> WrittenStudy:
    """A head CT with a bleed, coarse enough for a test."""
    folder = tmp_path_factory.mktemp("head")
    return write_head_ct(folder, 3, matrix=112, pixel_mm=2.0, thin_mm=2.5, thick_mm=5.0)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """One data folder for all, so that networks are converted once."""
    return Settings(data_dir=tmp_path_factory.mktemp("data"))


def _silent(_case_id: str, _stage: str, _share: float) -> None:
    return None


def _process(path: Path, output: Path, settings: Settings) -> list[CaseOutcome]:
    return list(process_paths([path], output, settings, _silent))


def test_a_study_becomes_a_complete_case_folder(
    head: WrittenStudy, tmp_path: Path, settings: Settings
) -> None:
    """The folder holds what the founding document promises, on the image's own voxels."""
    stages: list[str] = []
    shares: list[float] = []

    def report(_case_id: str, stage: str, share: float) -> None:
        stages.append(stage)
        shares.append(share)

    (outcome,) = process_paths([head.dicom], tmp_path / "out", settings, report)
    assert outcome.state == "done", outcome.error
    assert outcome.folder is not None
    assert list(dict.fromkeys(stages)) == ["prepare", "segment", "analyze", "publish"]
    assert shares[:-1] == sorted(shares[:-1])  # the last report is about the next study

    identity = json.loads((outcome.folder / "id.json").read_text())
    truth = json.loads(head.truth.read_text())
    chosen = next(series for series in truth["series"] if series["selected"])
    assert identity["StudyInstanceUID"] == truth["study_instance_uid"]
    assert identity["SelectedSeries"]["SeriesInstanceUID"] == chosen["series_instance_uid"]
    assert set(outcome.seconds) == {"prepare", "segment", "analyze", "publish"}

    results = json.loads((outcome.folder / "resultados.json").read_text())
    assert results["notices"] == ["bundled weights — not for clinical use"]
    for measurement in results["measurements"]:
        assert (measurement["status"] == "measured") == (measurement["value"] is not None)
        assert measurement["value"] is not None or measurement["reason"]

    volume = nib.load(outcome.folder / "volume.nii.gz")
    masks = list((outcome.folder / "total").glob("*.nii.gz"))
    assert masks
    for mask in masks:
        image = nib.load(mask)
        assert image.shape == volume.shape
        assert np.allclose(image.affine, volume.affine)
        assert set(np.unique(np.asanyarray(image.dataobj))) == {0, 1}


def test_images_without_a_scale_are_not_segmented_and_say_so(
    head: WrittenStudy, tmp_path: Path, settings: Settings
) -> None:
    """The networks read Hounsfield units; on other numbers they see what is not there."""
    for path in (head.dicom / "0003").iterdir():
        dataset = pydicom.dcmread(path)
        del dataset.RescaleIntercept
        (tmp_path / "in").mkdir(exist_ok=True)
        dataset.save_as(tmp_path / "in" / path.name)
    (outcome,) = _process(tmp_path / "in", tmp_path / "out", settings)
    assert outcome.state == "done", outcome.error
    assert outcome.folder is not None
    assert outcome.findings == ()
    results = json.loads((outcome.folder / "resultados.json").read_text())
    assert [one["code"] for one in results["notices_coded"]] == ["attenuation_unknown"]
    assert outcome.notices == tuple(results["notices"])
    # What is of MR alone is not applicable to any CT.
    statuses = {one["status"] for one in results["measurements"]}
    assert statuses == {"not_assessable", "not_applicable"}
    assert set(results["provenance"]["skipped_tasks"]) == {
        "total", "tissue_types", "body", *ORGAN_TASKS,
    }  # fmt: skip


def test_the_same_study_again_replaces_its_folder_another_one_does_not(
    head: WrittenStudy, tmp_path: Path, settings: Settings
) -> None:
    """A re-run keeps the case ID; a different study with the same name gets a suffix."""
    output = tmp_path / "out"
    (first,) = _process(head.dicom, output, settings)
    (again,) = _process(head.dicom, output, settings)
    assert again.case_id == first.case_id

    other = tmp_path / "other"
    for number, file in enumerate(sorted(head.dicom.rglob("*.dcm"))):
        dataset = pydicom.dcmread(file)
        if dataset.Modality != "CT":
            continue
        dataset.StudyInstanceUID = "2.25.4711"
        other.mkdir(exist_ok=True)
        dataset.save_as(other / f"{number}.dcm")
    (second,) = _process(other, output, settings)
    assert second.state == "done"
    assert second.case_id == f"{first.case_id}_2"
    assert {entry.name for entry in output.iterdir()} == {first.case_id, second.case_id}


def test_a_broken_stage_costs_its_case_only(
    head: WrittenStudy, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error is an outcome with a reason; the earlier folder and the input stay as they were."""
    output = tmp_path / "out"
    (first,) = _process(head.dicom, output, settings)
    assert first.folder is not None
    before = (first.folder / "resultados.json").read_bytes()
    inputs = sorted(head.dicom.rglob("*"))

    def no_memory(*_: object, **__: object) -> None:
        msg = "the network could not be run on this volume"
        raise SegmentationError(msg, remedy="check the free memory of the device")

    monkeypatch.setattr(stages, "segment_case", no_memory)
    (failed,) = _process(head.dicom, output, settings)
    assert (failed.state, failed.folder) == ("failed", None)
    assert "check the free memory" in failed.error

    def fault(*_: object, **__: object) -> None:
        raise RuntimeError("PHANTOM^NAME OF A PATIENT")  # noqa: EM101, TRY003 - must not show

    monkeypatch.setattr(stages, "segment_case", fault)
    (broken,) = _process(head.dicom, output, settings)
    assert broken.state == "failed"
    assert "PHANTOM" not in broken.error
    assert (first.folder / "resultados.json").read_bytes() == before
    assert sorted(head.dicom.rglob("*")) == inputs


def test_what_is_no_study_is_refused_and_the_next_input_goes_on(
    head: WrittenStudy, tmp_path: Path, settings: Settings
) -> None:
    """Text, objects of our own, and a study that works: three outcomes, in their order."""
    text = tmp_path / "text"
    text.mkdir()
    (text / "readme.txt").write_text("no image")
    own = tmp_path / "own"
    own.mkdir()
    for file in sorted(head.dicom.rglob("*.dcm"))[:6]:
        dataset = pydicom.dcmread(file)
        dataset.Manufacturer = OWN_MANUFACTURER
        dataset.save_as(own / file.name)
    outcomes = list(process_paths([text, own, head.dicom], tmp_path / "out", settings, _silent))
    assert [outcome.state for outcome in outcomes] == ["refused", "refused", "done"]
    assert "no readable DICOM" in outcomes[0].error
    assert "Heimdallr wrote itself" in outcomes[1].error


def test_selection_is_explained_without_segmenting(
    head: WrittenStudy, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every series is named with a reason, and no network is loaded."""
    monkeypatch.setattr(process, "make_engine", None)
    ((_, selection),) = explain_selection([head.dicom], settings)
    truth = json.loads(head.truth.read_text())
    assert len(selection.verdicts) == len(truth["series"])
    assert all(verdict.reasons for verdict in selection.verdicts)
    assert selection.chosen is not None


def test_the_input_is_not_changed(head: WrittenStudy, tmp_path: Path, settings: Settings) -> None:
    """A read-only input works: nothing is written, moved or deleted in it."""
    copy = tmp_path / "copy"
    shutil.copytree(head.dicom, copy)
    before = {file: file.stat().st_mtime_ns for file in copy.rglob("*")}
    _process(copy, tmp_path / "out", settings)
    assert {file: file.stat().st_mtime_ns for file in copy.rglob("*")} == before
