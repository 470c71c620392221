"""Real work on a synthetic head: kept outputs, going on from them, and never mixing them up."""

from __future__ import annotations

import json
import threading
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest

from heimdallr.clock import local_now
from heimdallr.config import Settings
from heimdallr.domain.lacking_images import LackingImages
from heimdallr.domain.statements import Statement
from heimdallr.imaging.volume import load_volume
from heimdallr.phantom.studies import WrittenStudy, write_head_ct
from heimdallr.workflow.assignment import Assignment, Chronicle, StudyRefusedError
from heimdallr.workflow.cases import artefacts, case_work
from heimdallr.workflow.cases.case_work import CaseWork
from heimdallr.workflow.engine_lease import EngineLease
from heimdallr.workflow.stages import make_engine
from heimdallr.workflow.work_folder import Source, WorkFolder

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


@pytest.fixture(scope="module")
def lease(settings: Settings) -> EngineLease:
    """One engine for all."""
    return EngineLease(lambda: make_engine(settings))


def _assignment(files: list[Path], workflow_id: str = "run-1", **changes: object) -> Assignment:
    sources = tuple(
        Source(f"1.2.3.{number}", str(number), path) for number, path in enumerate(files)
    )
    values: dict[str, object] = {
        "workflow_id": workflow_id,
        "study_id": 1,
        "study_key": "",
        "case_id": "HeadH_20260201_1",
        "revision": 1,
        "attempt": 1,
        "fresh": False,
        "sources": sources,
    }
    return Assignment(**{**values, **changes})  # type: ignore[arg-type]


def _files(head: WrittenStudy) -> list[Path]:
    return sorted(path for path in head.dicom.rglob("*.dcm"))


def _silent(_share: float) -> int:
    return 10


def _numbers(case: Path) -> list[dict[str, object]]:
    measurements: list[dict[str, object]] = json.loads((case / "resultados.json").read_text())[
        "measurements"
    ]
    return measurements


def test_a_case_goes_on_in_another_process_and_ends_with_the_same_numbers(
    head: WrittenStudy,
    settings: Settings,
    lease: EngineLease,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every stage by a worker of its own, from the disk; published like a case done in one go."""
    assignment = _assignment(_files(head))
    chronicle = Chronicle(local_now(), {"prepare": 1.0, "segment": 2.0, "analyze": 3.0})

    def worker(name: str) -> CaseWork:
        folder = WorkFolder(tmp_path / name)
        folder.begin("run-1", fresh=False)
        return CaseWork(assignment, folder, tmp_path / f"{name}-out", settings, lease)

    at_once = worker("one")
    for stage in ("prepare", "segment", "analyze"):
        at_once.do(stage, _silent)
    whole = at_once.publish(chronicle, lambda: None)

    took = {stage: worker("many").do(stage, _silent) for stage in ("prepare", "segment")}
    monkeypatch.setattr(case_work, "segment", None)  # nobody segments again
    monkeypatch.setattr(case_work, "prepare_study", None)
    took["analyze"] = worker("many").do("analyze", _silent)
    monkeypatch.setattr(case_work, "analyze", None)
    again = worker("many")
    assert {stage: again.do(stage, _silent) for stage in took} == took
    pieces = worker("many").publish(chronicle, lambda: None)

    assert _numbers(pieces) == _numbers(whole)
    first, second = (json.loads((case / "id.json").read_text()) for case in (whole, pieces))
    for identity in (first, second):
        identity.pop("Pipeline")
    assert first == second
    names = {path.relative_to(whole) for path in whole.rglob("*")}
    assert {path.relative_to(pieces) for path in pieces.rglob("*")} == names
    masks = [name for name in names if name.suffix == ".gz"]
    assert masks
    for name in masks:
        one, other = load_volume(whole / name), load_volume(pieces / name)
        assert np.array_equal(one.data, other.data)
        assert np.array_equal(one.affine, other.affine)


def test_a_case_is_prepared_while_another_one_has_the_engine(
    head: WrittenStudy, settings: Settings, lease: EngineLease, tmp_path: Path
) -> None:
    """Preparing needs no engine; only the networks wait for it, and begin when it is given back."""
    folder = WorkFolder(tmp_path / "second")
    folder.begin("run-2", fresh=False)
    assignment = _assignment(_files(head), "run-2")
    case = CaseWork(assignment, folder, tmp_path / "out", settings, lease)
    ended = {stage: threading.Event() for stage in ("prepare", "segment")}
    in_line = threading.Event()

    def work() -> None:
        for stage, event in ended.items():
            case.do(stage, partial(told, stage))
            event.set()

    def told(stage: str, _share: float) -> int:
        if stage == "segment":
            in_line.set()
        return 10

    with lease.use(lambda: 10):
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        assert ended["prepare"].wait(60), "it waited for the engine to be prepared"
        assert (folder.path / "prepare" / "prepared.json").is_file()
        assert in_line.wait(60)
        assert not ended["segment"].wait(1), "two cases had the engine at once"
    thread.join(120)
    assert ended["segment"].is_set()


def test_other_settings_or_files_are_never_mixed_with_what_was_made(
    head: WrittenStudy, settings: Settings, lease: EngineLease, tmp_path: Path
) -> None:
    """Another phase order prepares anew; fewer files are another volume; damage is made again."""
    files = _files(head)
    folder = WorkFolder(tmp_path / "work")
    folder.begin("run-1", fresh=False)

    def prepare(used: Settings, some: list[Path]) -> float:
        work = CaseWork(_assignment(some), folder, tmp_path / "out", used, lease)
        work.do("prepare", _silent)
        return (folder.path / "prepare" / "volume.nii").stat().st_mtime_ns

    first = prepare(settings, files)
    assert prepare(settings, files) == first
    other = settings.model_copy(update={"phase_order": ("venous", "native")})
    second = prepare(other, files)
    assert second != first
    third = prepare(other, files[: len(files) // 2])
    assert third != second
    assert len(list((folder.path / "instances").glob("*.dcm"))) == len(files) // 2

    (folder.path / "prepare" / "prepared.json").write_text("{}")
    assert prepare(other, files[: len(files) // 2]) != third


def test_files_that_cannot_be_read_are_told_of(
    head: WrittenStudy, settings: Settings, lease: EngineLease, tmp_path: Path
) -> None:
    """They may have been images, as what did not come whole: who reads the results is told."""
    empty = tmp_path / "empty.dcm"
    empty.touch()
    folder = WorkFolder(tmp_path / "work")
    folder.begin("run-1", fresh=False)
    assignment = _assignment([*_files(head), empty], lacking=LackingImages(2, 5))
    CaseWork(assignment, folder, tmp_path / "out", settings, lease).do("prepare", _silent)
    prepared = artefacts.load_prepared(folder.path / "prepare", folder.path / "instances")
    assert prepared.skipped == {"empty file": 1}
    assert Statement("files_unread", {"files": 3}) in prepared.notices
    assert Statement("images_unfetched", {"images": 5}) in prepared.notices


def test_what_is_no_volume_is_refused_with_its_reasons(
    head: WrittenStudy, settings: Settings, lease: EngineLease, tmp_path: Path
) -> None:
    """Files without a study, and two images of a stack: refused, nothing is kept as whole."""
    text = tmp_path / "text.dcm"
    text.write_text("no image")
    folder = WorkFolder(tmp_path / "work")
    folder.begin("run-1", fresh=False)
    work = CaseWork(_assignment([text]), folder, tmp_path / "out", settings, lease)
    with pytest.raises(StudyRefusedError, match="no readable DICOM image in 1 files") as refused:
        work.do("prepare", _silent)
    assert refused.value.selection is None

    work = CaseWork(_assignment(_files(head)[:2]), folder, tmp_path / "out", settings, lease)
    with pytest.raises(StudyRefusedError, match="no series is a usable volume") as refused:
        work.do("prepare", _silent)
    assert refused.value.selection is not None
    assert all(verdict.reasons for verdict in refused.value.selection.verdicts)
    assert not (folder.path / "prepare").exists()
