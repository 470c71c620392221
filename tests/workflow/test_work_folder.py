"""Outputs that are whole or not there, made from just what they say."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from heimdallr.domain.errors import StorageError
from heimdallr.workflow.work_folder import (
    Source,
    WorkFolder,
    fingerprint,
    keep_failure,
    link,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> WorkFolder:
    """A work folder that a run has begun."""
    made = WorkFolder(tmp_path / "case.r1")
    made.begin("run-1", fresh=False)
    return made


def _write(folder: WorkFolder, stage: str, made_from: str, text: str = "x") -> None:
    with folder.writing(stage, made_from) as draft:
        (draft.folder / "output").write_text(text)


def _received(tmp_path: Path) -> list[Source]:
    room = tmp_path / "incoming"
    room.mkdir(exist_ok=True)
    sources = []
    for key in ("1.2.1", "1.2.2"):
        path = room / f"{key}.dcm"
        path.write_text(key)
        sources.append(Source(key, key, path))
    return sources


def test_an_output_is_whole_for_just_what_it_was_made_from(folder: WorkFolder) -> None:
    """Another fingerprint, or none, is not whole; a newer output replaces the older."""
    assert folder.whole("segment", "a") is None
    _write(folder, "segment", "a")
    assert folder.whole("segment", "a") is not None
    assert folder.whole("segment", "b") is None
    _write(folder, "segment", "b", "newer")
    assert folder.whole("segment", "a") is None
    assert (folder.path / "segment" / "output").read_text() == "newer"


def test_what_breaks_off_leaves_nothing(folder: WorkFolder) -> None:
    """Neither a folder under the stage's name nor one beside it; an older output stays."""
    _write(folder, "segment", "a")

    def break_off() -> None:
        with folder.writing("segment", "b") as draft:
            (draft.folder / "output").write_text("half")
            raise InterruptedError

    with pytest.raises(InterruptedError):
        break_off()
    assert folder.whole("segment", "a") is not None
    assert {path.name for path in folder.path.iterdir()} == {"owner.json", "segment"}


def test_only_another_run_that_asks_for_it_begins_afresh(folder: WorkFolder) -> None:
    """A reprocessing removes older outputs, once: taken up again, it keeps its own."""
    _write(folder, "prepare", "a")
    folder.begin("run-2", fresh=False)
    assert folder.whole("prepare", "a") is not None
    folder.begin("run-3", fresh=True)
    assert folder.whole("prepare", "a") is None
    _write(folder, "prepare", "a")
    folder.begin("run-3", fresh=True)
    assert folder.whole("prepare", "a") is not None


def test_what_a_killed_worker_left_half_done_is_removed(folder: WorkFolder) -> None:
    """Partial folders go when the next worker begins."""
    (folder.path / ".segment.partial-abc").mkdir()
    folder.begin("run-1", fresh=False)
    assert not list(folder.path.glob(".*partial*"))


def test_the_snapshot_does_not_change_with_what_arrives_later(
    folder: WorkFolder, tmp_path: Path
) -> None:
    """Hard links: no copy, and a file that is replaced under its name is not replaced here."""
    sources = _received(tmp_path)
    instances = folder.snapshot(sources, "a")
    assert sources[0].path.samefile(instances / "1.2.1.dcm")
    newer = tmp_path / "newer"
    newer.write_text("changed")
    newer.replace(sources[0].path)
    assert (folder.snapshot(sources, "a") / "1.2.1.dcm").read_text() == "1.2.1"
    assert (folder.snapshot(sources, "b") / "1.2.1.dcm").read_text() == "changed"


def test_a_received_file_that_is_gone_is_said_to_be(folder: WorkFolder, tmp_path: Path) -> None:
    """The error says what happened and what to do; nothing half is left."""
    sources = _received(tmp_path)
    sources[1].path.unlink()
    with pytest.raises(StorageError, match="send the study again"):
        folder.snapshot(sources, "a")
    assert not (folder.path / "instances").exists()


def test_where_the_file_system_cannot_link_files_are_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``failed/`` may lie on another disk."""

    def other_disk(*_: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    source = _received(tmp_path)[0].path
    monkeypatch.setattr(os, "link", other_disk)
    link(source, tmp_path / "copy")
    assert (tmp_path / "copy").read_text() == "1.2.1"


def test_a_failure_keeps_its_input_beside_the_reason(tmp_path: Path) -> None:
    """As many files as there are; a second failure replaces the first."""
    sources = _received(tmp_path)
    target = tmp_path / "failed" / "case.r1"
    keep_failure(target, sources, "first")
    sources[1].path.unlink()
    keep_failure(target, sources, "second")
    assert (target / "error.txt").read_text() == "second"
    assert sorted(path.name for path in target.iterdir()) == ["1.2.1.dcm", "error.txt"]
    assert [path.name for path in target.parent.iterdir()] == ["case.r1"]


def test_fingerprints_tell_facts_apart() -> None:
    """The same facts give the same one; order within a fact counts."""
    assert fingerprint("1", ["a"]) == fingerprint("1", ["a"])
    assert fingerprint("1", ["a", "b"]) != fingerprint("1", ["b", "a"])
    assert fingerprint("1a") != fingerprint("1", "a")
