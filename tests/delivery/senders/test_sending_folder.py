"""Folders: whole files or none, the same again is no second one, an absent share is waited for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sent_objects import SR, uid_of, write_object

from heimdallr.delivery.destinations import Folder
from heimdallr.delivery.senders.folder import FolderSender
from heimdallr.delivery.sending import Answer, Fate, Item
from heimdallr.files import WRITING_PREFIX


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A share that is mounted."""
    path = tmp_path / "share"
    path.mkdir()
    return path


@pytest.fixture
def items(tmp_path: Path) -> list[Item]:
    """A report as DICOM, and as PDF."""
    pdf = tmp_path / "report.pdf"
    pdf.write_bytes(b"%PDF-1.7 a report")
    return [write_object(tmp_path / "1.dcm", SR, 1), Item("2", pdf, "application/pdf")]


def send(folder: Path, items: list[Item]) -> dict[str, Answer]:
    """Key → answer."""
    return dict(FolderSender(Folder(path=folder)).send(items))


def code(answer: Answer) -> str:
    """Of the reason."""
    assert answer.why is not None
    return answer.why.code


def test_files_are_named_by_what_they_are(folder: Path, items: list[Item]) -> None:
    """Not by a patient; the same again is the same file."""
    for _ in range(2):
        assert set(send(folder, items).values()) == {Answer(Fate.SENT)}
        names = sorted(path.name for path in folder.iterdir())
        assert f"{uid_of(1)}.dcm" in names
        (pdf,) = folder.glob("2-*.pdf")
        assert len(names) == 2
    assert pdf.read_bytes() == items[1].path.read_bytes()
    assert (folder / f"{uid_of(1)}.dcm").read_bytes() == items[0].path.read_bytes()


def test_what_is_there_is_never_replaced(folder: Path, items: list[Item]) -> None:
    """Another object of the same UID is somebody's; a file of another content has another name."""
    send(folder, items)
    items[0].path.write_bytes(b"something else")
    items[1].path.write_bytes(b"%PDF-1.7 another report")
    found = send(folder, items)
    assert (found["1"].fate, code(found["1"])) == (Fate.REFUSED, "folder_has_another")
    assert found["2"].fate is Fate.SENT
    assert len(list(folder.glob("2-*.pdf"))) == 2


def test_a_share_that_is_away_is_not_made(tmp_path: Path, items: list[Item]) -> None:
    """What is written under its mount point nobody finds."""
    away = tmp_path / "away"
    found = send(away, items)
    assert {(one.fate, code(one)) for one in found.values()} == {(Fate.LATER, "folder_absent")}
    assert not away.exists()
    (check,) = FolderSender(Folder(path=away)).test()
    assert (check.name, check.ok, check.told.code) == ("writable", False, "folder_absent")


def test_a_share_that_cannot_be_written(
    folder: Path, items: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again; nothing half is left."""

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    found = send(folder, items)
    assert {(one.fate, code(one)) for one in found.values()} == {
        (Fate.LATER, "folder_not_writable")
    }
    assert "No space left on device" in found["1"].why.text  # type: ignore[union-attr]
    assert not list(folder.iterdir())


def test_what_a_killed_try_has_left_is_removed(folder: Path, items: list[Item]) -> None:
    """A day later; what is being written now is left alone."""
    old, new = folder / f"{WRITING_PREFIX}old", folder / f"{WRITING_PREFIX}new"
    for path in (old, new):
        path.touch()
    os.utime(old, (0, 0))
    send(folder, items)
    assert not old.exists()
    assert new.exists()


def test_a_file_that_is_gone(folder: Path, items: list[Item]) -> None:
    """The others are written."""
    for item in items:
        item.path.unlink()
        found = send(folder, [item])
        assert (found[item.key].fate, code(found[item.key])) == (Fate.LATER, "own_file_unreadable")
    assert not list(folder.iterdir())


def test_trying_out_a_destination(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is written and removed again."""
    sender = FolderSender(Folder(path=folder))
    assert [(check.name, check.ok) for check in sender.test()] == [("writable", True)]
    assert not list(folder.iterdir())

    def denied(_path: Path, _content: bytes) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "write_bytes", denied)
    (check,) = sender.test()
    assert (check.ok, check.told.code) == (False, "folder_not_writable")
