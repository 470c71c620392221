"""Files: their rights are the umask's, and what is opened is a regular file at that moment."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import numpy as np
import pytest

from heimdallr.files import fresh_folder, keep_others_out, open_regular, whole_file
from heimdallr.imaging.volume import load_volume, save_nifti
from heimdallr.publishing.case_folder import case_folder
from heimdallr.workflow.work_folder import WorkFolder, keep_failure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def umask_as_before() -> Iterator[None]:
    """It belongs to the process."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    """Name → rights of everything in a folder."""
    return {
        str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode)
        for path in folder.rglob("*")
    }


@pytest.mark.parametrize("umask", [0o022, 0o027, 0o077, 0o002])
def test_whatever_is_made_has_the_rights_the_umask_gives(tmp_path: Path, umask: int) -> None:
    """No file and no folder is opened wider, or shut tighter, than whoever starts us wants."""
    os.umask(umask)
    with whole_file(tmp_path / "file") as file:
        file.write(b"whole")
    fresh_folder(tmp_path, ".fresh-")
    save_nifti(tmp_path / "image.nii.gz", np.ones((3, 4, 5), np.int16), np.eye(4))
    with case_folder(tmp_path, "Case_1") as folder, whole_file(folder / "id.json"):
        pass
    work = WorkFolder(tmp_path / "work")
    work.begin("run", fresh=True)
    with work.writing("stage", "of this"):
        pass
    keep_failure(tmp_path / "failed", [], "it failed")
    found = modes(tmp_path)
    assert {
        name: mode
        for name, mode in found.items()
        if mode != (0o777 if (tmp_path / name).is_dir() else 0o666) & ~umask
    } == ({} if umask & 0o027 == 0o027 else {"work": 0o750 & ~umask})


def test_services_write_for_their_user_and_group_unless_the_umask_is_stricter() -> None:
    """An administrator's 077 is not widened to 027."""
    keep_others_out()
    assert os.umask(0o077) == 0o027
    keep_others_out()
    assert os.umask(0o022) == 0o077


def test_a_nifti_file_is_written_as_it_is_read(tmp_path: Path) -> None:
    """Packed or not; and the packed one does not remember a name or a time."""
    data, affine = np.arange(60, dtype=np.int16).reshape(3, 4, 5), np.diag([1.0, 2, 3, 1])
    for name in ("a.nii", "b.nii.gz"):
        save_nifti(tmp_path / name, data, affine)
        loaded = load_volume(tmp_path / name)
        assert np.array_equal(loaded.data, data)
        assert np.array_equal(loaded.affine, affine)
    assert not list(tmp_path.glob(".writing-*"))


def test_a_link_that_a_person_named_is_followed(tmp_path: Path) -> None:
    """They meant what it leads to."""
    (tmp_path / "there").write_bytes(b"content")
    (tmp_path / "here").symlink_to("there")
    with open_regular(tmp_path / "here") as file:
        assert file.read() == b"content"


def test_nothing_but_a_regular_file_is_opened_and_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """A pipe that nobody writes to would be waited for until somebody does."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(OSError, match="no regular file"):
            open_regular(path)
        with pytest.raises(OSError, match="no regular file"):
            open_regular(path, below=tmp_path.parent)


def test_below_a_folder_no_link_is_followed(tmp_path: Path) -> None:
    """Neither as the file nor as a folder on the way; the folder that was named may be one."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").write_bytes(b"secret")
    root = tmp_path / "root"
    (root / "deep" / "er").mkdir(parents=True)
    (root / "deep" / "er" / "file").write_bytes(b"content")
    (root / "link").symlink_to(tmp_path / "outside")
    (root / "deep" / "link").symlink_to(tmp_path / "outside" / "file")
    (tmp_path / "named").symlink_to(root)
    with open_regular(tmp_path / "named/deep/er/file", below=tmp_path / "named") as file:
        assert file.read() == b"content"
    for name in ("link/file", "deep/link"):
        with pytest.raises(OSError, match=r"symbolic links|Not a directory"):
            open_regular(root / name, below=root)
