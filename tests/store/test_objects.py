"""Folders in an object store: a real S3 server, and a folder of files."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from s3_server import s3_server
from small_disks import small_disk

from heimdallr.domain.errors import ConfigurationError, ObjectLostError, ObjectStoreError
from heimdallr.store.objects import ObjectStore, folder_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STUDY = 7


@pytest.fixture(params=["s3", "file"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[ObjectStore, Path]]:
    """A store, and where its objects are as files."""
    pytest.importorskip("s3fs")
    if request.param == "file":
        folder = tmp_path / "store"
        folder.mkdir()
        yield ObjectStore(folder.as_uri()), folder / "studies" / str(STUDY)
        return
    with s3_server(tmp_path) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        store = ObjectStore(server.url)
        yield store, server.folder / "radiology" / "first" / "studies" / str(STUDY)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small folder with another in it, and an empty file."""
    made = tmp_path / "made"
    (made / "labels").mkdir(parents=True)
    (made / "resultados.json").write_bytes(b"{}")
    (made / "labels" / "total.nii.gz").write_bytes(b"x" * 3_000_000)
    (made / "empty").touch()
    return made


def contents(folder: Path) -> dict[str, bytes]:
    """Everything in a folder."""
    return {name: path.read_bytes() for name, path in folder_files(folder).items()}


def test_a_store_without_room_is_not_taken_for_our_disk(tmp_path: Path) -> None:
    """Whoever puts images is told that the store is full, not that an image cannot be read."""
    pytest.importorskip("fsspec")
    (tmp_path / "image").write_bytes(b"x" * 2_000_000)
    with small_disk(tmp_path / "store", "1m") as disk:
        store = ObjectStore(disk.folder.as_uri())
        with pytest.raises(ObjectStoreError, match="the object store is full"):
            store.put(STUDY, {"image": tmp_path / "image"})
        disk.fill()
        with pytest.raises(ObjectStoreError, match="the object store is full"):
            store.check()


def test_what_cannot_be_written_here_is_our_disk(folder: Path, tmp_path: Path) -> None:
    """Who fetches onto a full disk is told so."""
    pytest.importorskip("fsspec")
    (tmp_path / "store").mkdir()
    store = ObjectStore((tmp_path / "store").as_uri())
    manifest = store.put(STUDY, folder_files(folder))
    with small_disk(tmp_path / "here", "1m") as disk, pytest.raises(OSError, match="No space left"):
        store.fetch(STUDY, manifest, disk.folder)


def test_a_folder_comes_back_as_it_was(
    place: tuple[ObjectStore, Path], folder: Path, tmp_path: Path
) -> None:
    """Names, bytes, also of a folder that shares files with one put before."""
    store, there = place
    first = store.put(STUDY, folder_files(folder))
    many = len(folder_files(there))
    (folder / "resultados.json").write_bytes(b'{"new": 1}')
    second = store.put(STUDY, folder_files(folder))
    assert len(folder_files(there)) == many + 2  # the file and the manifest; the rest was there
    for number, (manifest, text) in enumerate([(first, b"{}"), (second, b'{"new": 1}')]):
        into = tmp_path / f"into{number}"
        into.mkdir()
        store.fetch(STUDY, manifest, into)
        assert contents(into) == {**contents(folder), "resultados.json": text}
    assert store.studies() == {STUDY}
    store.remove(STUDY)
    assert store.studies() == set()
    assert folder_files(there) == {}
    store.check()


@pytest.mark.parametrize("what", ["missing", "damaged"])
def test_nothing_but_the_whole_folder_comes_back(
    place: tuple[ObjectStore, Path], folder: Path, tmp_path: Path, what: str
) -> None:
    """An object that is not what was put is an error, until it is put anew."""
    store, there = place
    manifest = store.put(STUDY, folder_files(folder))
    victim = max(folder_files(there).values(), key=lambda path: path.stat().st_size)
    whole = victim.read_bytes()
    if what == "missing":
        victim.unlink()
    else:
        victim.write_bytes(whole[:-1] + b"y")
    into = tmp_path / "into"
    into.mkdir()
    with pytest.raises(ObjectLostError):
        store.fetch(STUDY, manifest, into)
    assert store.put(STUDY, folder_files(folder), anew=True) == manifest
    again = tmp_path / "again"
    again.mkdir()
    store.fetch(STUDY, manifest, again)
    assert contents(again) == contents(folder)


def test_what_a_killed_process_left_half_written_is_written_again(
    folder: Path, tmp_path: Path
) -> None:
    """Where objects are files, one may be cut off in its middle; the next put looks at its size."""
    pytest.importorskip("fsspec")
    (tmp_path / "store").mkdir()
    store = ObjectStore((tmp_path / "store").as_uri())
    manifest = store.put(STUDY, folder_files(folder))
    there = tmp_path / "store" / "studies" / str(STUDY)
    for path in folder_files(there).values():
        path.write_bytes(path.read_bytes()[:1000])
    (tmp_path / "into").mkdir()
    assert store.put(STUDY, folder_files(folder)) == manifest
    store.fetch(STUDY, manifest, tmp_path / "into")
    assert contents(tmp_path / "into") == contents(folder)


def test_a_manifest_that_is_not_its_digest_is_not_followed(
    place: tuple[ObjectStore, Path], folder: Path, tmp_path: Path
) -> None:
    """Whoever can write to the bucket cannot choose which files a host writes."""
    store, there = place
    manifest = store.put(STUDY, folder_files(folder))
    path = there / f"{manifest}.manifest"
    path.write_bytes(path.read_bytes().replace(b"empty", b"../ev"))
    with pytest.raises(ObjectLostError):
        store.fetch(STUDY, manifest, tmp_path)
    assert not (tmp_path.parent / "ev").exists()


def test_a_file_that_cannot_be_read_is_no_fault_of_the_store(
    place: tuple[ObjectStore, Path], tmp_path: Path
) -> None:
    """It is told as what it is."""
    store, _ = place
    with pytest.raises(FileNotFoundError):
        store.put(STUDY, {"gone": tmp_path / "gone"})


def test_errors_are_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No bucket, wrong credentials, nobody there: each as itself; nothing counts as removed."""
    with s3_server(tmp_path) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(ObjectStoreError, match="no such bucket"):
            ObjectStore("s3://another/first").check()
        with pytest.raises(ObjectStoreError, match="no such bucket"):
            ObjectStore("s3://another/first").remove(STUDY)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
        with pytest.raises(ObjectStoreError, match="refuses the credentials"):
            ObjectStore(server.url + "/of-another").check()
        server.kill()
        with pytest.raises(ObjectStoreError, match="cannot be reached"):
            ObjectStore(server.url + "/of-nobody").check()
    with pytest.raises(ObjectStoreError, match="no such bucket or object"):
        ObjectStore((tmp_path / "not mounted").as_uri()).check()
    with pytest.raises(ConfigurationError, match="HEIMDALLR_OBJECT_STORE"):
        ObjectStore("nosuchkind://bucket")


def test_nobody_without_an_object_store_pays_for_one() -> None:
    """The services' modules import neither fsspec nor what comes with S3."""
    libraries = "('fsspec', 's3fs', 'aiobotocore', 'botocore')"
    program = (
        "import sys; import heimdallr.store.objects, heimdallr.web.service,"
        "heimdallr.intake.service, heimdallr.delivery.service, heimdallr.workflow.service;"
        f"print([one for one in {libraries} if one in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"
