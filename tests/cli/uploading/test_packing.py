"""A folder becomes a ZIP while it is read, without a link followed or a name told."""

from __future__ import annotations

import io
import os
import tracemalloc
import zipfile
from typing import TYPE_CHECKING

import pytest

from heimdallr.cli.uploading.packing import ZipStream, look_through
from heimdallr.cli.uploading.sending import package
from heimdallr.domain.errors import NoDicomError
from heimdallr.preparation.archive import extract_zip

if TYPE_CHECKING:
    from pathlib import Path


def _packed(folder: Path, size: int = 65536) -> bytes:
    stream = ZipStream(look_through(folder))
    return b"".join(iter(lambda: stream.read(size), b""))


def test_what_comes_out_is_what_was_in_the_folder(tmp_path: Path) -> None:
    """Every file, stored, in order, under a generated name; our own unpacking takes it."""
    folder = tmp_path / "DOE^JANE"
    (folder / "CT 1").mkdir(parents=True)
    contents = {f"CT 1/image{n}": os.urandom(n * 997) for n in range(5)}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    data = _packed(folder, 1000)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert [archive.read(name) for name in archive.namelist()] == list(contents.values())
        assert archive.namelist() == [f"{n:08d}" for n in range(1, 6)]
        assert all(one.compress_type == zipfile.ZIP_STORED for one in archive.infolist())
    assert b"DOE" not in data
    (tmp_path / "study.zip").write_bytes(data)
    (tmp_path / "out").mkdir()
    files = extract_zip(tmp_path / "study.zip", tmp_path / "out")
    assert sorted(file.read_bytes() for file in files) == sorted(contents.values())


def test_the_size_told_beforehand_is_about_right(tmp_path: Path) -> None:
    """Within a per cent: it is the scale of the progress bar."""
    for number in range(20):
        (tmp_path / str(number)).write_bytes(bytes(100_000))
    told = look_through(tmp_path).packed_bytes
    assert told == pytest.approx(len(_packed(tmp_path)), rel=0.01)


def test_links_and_pipes_are_passed_over_and_counted(tmp_path: Path) -> None:
    """Neither a link to a file nor one to a folder leads out."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "image").write_text("image")
    (folder / "link").symlink_to(outside / "secret")
    (folder / "folder").symlink_to(outside)
    os.mkfifo(folder / "pipe")
    content = look_through(folder)
    assert [file.name for file in content.files] == ["image"]
    assert content.passed_over == 3
    assert b"secret" not in _packed(folder)


def test_a_file_that_becomes_a_link_ends_the_transfer(tmp_path: Path) -> None:
    """Between looking and sending, a file may be swapped for a link: it is not followed."""
    (tmp_path / "study").mkdir()
    image = tmp_path / "study" / "image"
    image.write_text("image")
    content = look_through(tmp_path / "study")
    image.unlink()
    image.symlink_to("/etc/hostname")
    with pytest.raises(OSError, match="symbolic links"):
        ZipStream(content).read()


def test_a_folder_that_becomes_a_link_ends_the_transfer(tmp_path: Path) -> None:
    """The same of a folder on the way to a file."""
    for name in ("study/series", "outside"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "image").write_text(name)
    content = look_through(tmp_path / "study")
    (tmp_path / "study" / "series").rename(tmp_path / "aside")
    (tmp_path / "study" / "series").symlink_to(tmp_path / "outside")
    with pytest.raises(OSError, match=r"symbolic links|Not a directory"):
        ZipStream(content).read()


def test_a_pipe_that_was_named_is_refused_at_once(tmp_path: Path) -> None:
    """Not waited for until somebody writes into it, whatever it is called."""
    for name in ("study", "study.zip"):
        os.mkfifo(tmp_path / name)
        with pytest.raises(OSError, match="no regular file"):
            package(tmp_path / name)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    """There is nothing to send."""
    with pytest.raises(NoDicomError, match="no file"):
        look_through(tmp_path)


def test_memory_does_not_grow_with_the_folder(tmp_path: Path) -> None:
    """64 MiB pass through less than 8."""
    for number in range(8):
        with (tmp_path / str(number)).open("wb") as file:
            file.truncate(8 * 2**20)
    stream = ZipStream(look_through(tmp_path))
    tracemalloc.start()
    total = sum(len(chunk) for chunk in iter(lambda: stream.read(65536), b""))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total > 64 * 2**20
    assert peak < 8 * 2**20
