"""A case folder is whole or absent, whatever happens to the process that writes it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from heimdallr.domain.errors import PublishingError
from heimdallr.publishing import case_folder as module
from heimdallr.publishing.case_folder import case_folder, clean_leftovers

CASE = "SilvaMJ_20260201_123456"
FILES = 12

WRITER = """
import itertools, sys
from pathlib import Path
from heimdallr.publishing import case_folder as module
output, can_exchange = Path(sys.argv[1]), sys.argv[2] == "exchange"
if not can_exchange:
    module.exchange = lambda one, other: False
for revision in itertools.count():
    with module.case_folder(output, sys.argv[3]) as folder:
        (folder / "total").mkdir()
        for index in range(int(sys.argv[4])):
            (folder / "total" / f"{index}").write_text(str(revision))
    print(revision, flush=True)
"""


def _write(output: Path, text: str) -> None:
    with case_folder(output, CASE) as folder:
        (folder / "id.json").write_text(text)


def _revision(folder: Path) -> set[str]:
    """The revisions found in a folder's files; one, when it is whole."""
    files = list((folder / "total").iterdir())
    assert len(files) == FILES
    return {file.read_text() for file in files}


def _hidden(output: Path) -> list[str]:
    return [path.name for path in output.iterdir() if path.name.startswith(".")]


def test_a_folder_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    """While the block runs there is no folder of the case; afterwards it has everything."""
    with case_folder(tmp_path, CASE) as folder:
        (folder / "id.json").write_text("{}")
        assert not (tmp_path / CASE).exists()
    assert (tmp_path / CASE / "id.json").read_text() == "{}"
    assert _hidden(tmp_path) == []


def test_an_error_leaves_nothing_behind(tmp_path: Path) -> None:
    """A stage that breaks half-way leaves no folder and no rest of one."""

    def break_half_way() -> None:
        with case_folder(tmp_path, CASE) as folder:
            (folder / "id.json").write_text("{")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_half_way()
    assert list(tmp_path.iterdir()) == []


def test_an_error_keeps_the_older_folder(tmp_path: Path) -> None:
    """Processing a case anew and failing must not cost its earlier results."""
    _write(tmp_path, "old")
    with pytest.raises(RuntimeError), case_folder(tmp_path, CASE):
        raise RuntimeError
    assert (tmp_path / CASE / "id.json").read_text() == "old"
    assert _hidden(tmp_path) == []


def test_only_the_rename_follows_the_last_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything is on the disk when it is asked for; what it refuses leaves the older folder."""
    _write(tmp_path, "old")
    told: list[str] = []
    sync = os.fsync

    def syncing(descriptor: int) -> None:
        told.append(Path(f"/proc/self/fd/{descriptor}").resolve().name)
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", syncing)
    with case_folder(tmp_path, CASE, last_word=lambda: told.append("last word")) as folder:
        (folder / "id.json").write_text("new")
    last = told.index("last word")
    assert "id.json" in told[:last]
    assert told[last + 1 :] == [tmp_path.name], "of the rename itself"

    def refuse() -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError), case_folder(tmp_path, CASE, last_word=refuse):
        pass
    assert (tmp_path / CASE / "id.json").read_text() == "new"


@pytest.mark.parametrize("can_exchange", [True, False])
def test_an_older_folder_is_replaced_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, can_exchange: bool
) -> None:
    """The new folder has no file of the old one, with and without the kernel's exchange."""
    if not can_exchange:
        monkeypatch.setattr(module, "exchange", lambda _one, _other: False)
    _write(tmp_path, "old")
    (tmp_path / CASE / "stale.png").touch()
    _write(tmp_path, "new")
    assert [path.name for path in (tmp_path / CASE).iterdir()] == ["id.json"]
    assert (tmp_path / CASE / "id.json").read_text() == "new"
    assert _hidden(tmp_path) == []


@pytest.mark.parametrize("case_id", ["", ".", "..", "../x", "a/b", "Ä_2026", ".hidden", "a b"])
def test_names_that_leave_the_output_folder_are_refused(tmp_path: Path, case_id: str) -> None:
    """A case ID is built from headers; nothing in it may steer a path."""
    with pytest.raises(PublishingError), case_folder(tmp_path / "output", case_id):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_folder_being_written_is_not_cleaned_away(tmp_path: Path) -> None:
    """Cleaning spares what a living process is working on, and takes what is abandoned."""
    (tmp_path / f".{CASE}.partial-abc123").mkdir()
    with case_folder(tmp_path, "Other_20260201_1") as folder:
        assert clean_leftovers(tmp_path) == 1
        assert folder.exists()
    assert _hidden(tmp_path) == []


def test_a_folder_that_stepped_aside_comes_back(tmp_path: Path) -> None:
    """A crash between the two renames of the fallback is undone."""
    aside = tmp_path / f".{CASE}.replaced-abc123"
    aside.mkdir()
    (aside / "id.json").write_text("old")
    assert clean_leftovers(tmp_path) == 1
    assert (tmp_path / CASE / "id.json").read_text() == "old"


def test_foreign_hidden_folders_are_left_alone(tmp_path: Path) -> None:
    """Only names this module makes are cleaned."""
    (tmp_path / ".snapshot").mkdir()
    (tmp_path / ".partial-abc").mkdir()
    assert clean_leftovers(tmp_path) == 0
    assert len(_hidden(tmp_path)) == 2


@pytest.mark.parametrize("way", ["exchange", "two renames"])
def test_a_kill_at_any_moment_leaves_a_whole_folder(tmp_path: Path, way: str) -> None:
    """SIGKILL at random moments: the case's folder is one whole revision, old or new.

    With the exchange it is there at every instant; with two renames at the latest after the
    clean-up that the next start does.
    """
    rng = random.Random(20260201)  # noqa: S311 - moments, no secrets
    arguments = [sys.executable, "-c", WRITER, str(tmp_path), way, CASE, str(FILES)]
    for _ in range(8):
        with subprocess.Popen(arguments, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()  # one revision is complete
            end = time.monotonic() + rng.uniform(0.0, 0.05)
            while time.monotonic() < end:
                if way == "exchange":
                    assert (tmp_path / CASE).is_dir()
            writer.send_signal(signal.SIGKILL)
        clean_leftovers(tmp_path)
        assert len(_revision(tmp_path / CASE)) == 1
        assert _hidden(tmp_path) == []
