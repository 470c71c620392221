"""Setting aside and clearing, while somebody else does the same."""

from __future__ import annotations

import secrets
import shutil
from typing import TYPE_CHECKING

import pytest

from heimdallr.domain.errors import StorageError
from heimdallr.store.upkeep.removal import ASIDE, clear_aside, set_aside

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_aside_goes_by_its_owner(tmp_path: Path) -> None:
    """One owner's first, then all of it; nothing of the folder itself is left."""
    for name, owner in (("a", "study-1"), ("b", "study-11"), ("c", "")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(b"D")
        assert set_aside(tmp_path / name, tmp_path, owner)
    assert not set_aside(tmp_path / "a", tmp_path)
    clear_aside([tmp_path], "study-1")
    owners = sorted(path.name.split(".")[0] for path in (tmp_path / ASIDE).iterdir())
    assert owners == ["", "study-11"]
    clear_aside([tmp_path])
    assert list(tmp_path.iterdir()) == []


def test_one_who_clears_keeps_nobody_from_setting_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder vanishes just before the rename: what was there does not count as gone."""
    (tmp_path / "a").write_bytes(b"D")
    token_hex = secrets.token_hex

    def cleared(size: int) -> str:
        monkeypatch.undo()
        clear_aside([tmp_path])
        return token_hex(size)

    monkeypatch.setattr(secrets, "token_hex", cleared)
    assert set_aside(tmp_path / "a", tmp_path)
    assert not (tmp_path / "a").exists()


def test_one_folder_that_fails_keeps_no_other_from_being_cleared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is told at the end, without the names of files."""
    roots = [tmp_path / "one", tmp_path / "two"]
    for root in roots:
        (root / "SilvaMJ").mkdir(parents=True)
        set_aside(root / "SilvaMJ", root, "SilvaMJ")
    rmtree = shutil.rmtree

    def stuck(path: Path) -> None:
        if "one" in path.parts:
            raise PermissionError(13, "Permission denied", str(path))
        rmtree(path)

    monkeypatch.setattr(shutil, "rmtree", stuck)
    with pytest.raises(StorageError, match="one cannot be removed: Permission denied") as caught:
        clear_aside(roots)
    assert "Silva" not in str(caught.value)
    assert not (roots[1] / ASIDE).exists()


def test_an_error_names_no_patient(tmp_path: Path) -> None:
    """A case folder is called like its patient; the error says in which folder of ours it is."""
    output = tmp_path / "output"
    masks = output / "SilvaMJ_20260201_1" / "total"
    masks.mkdir(parents=True)
    (output / ASIDE).write_bytes(b"in the way")
    with pytest.raises(StorageError, match="output cannot be removed") as caught:
        set_aside(masks, output)
    assert "Silva" not in str(caught.value)
    assert caught.value.__suppress_context__, "a traceback would name it"
