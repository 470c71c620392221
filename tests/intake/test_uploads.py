"""An upload that is broken off at any point leaves nothing, or a study received whole."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

import pytest
from received_images import Image, stack
from sqlalchemy import func, select
from web_service import Service, service_in, zipped

from heimdallr.clock import utc_now
from heimdallr.domain.errors import DiskLowError, StateConflictError, UnsafeArchiveError
from heimdallr.intake import uploads
from heimdallr.intake.recorder import record_batch
from heimdallr.intake.spool import Origin
from heimdallr.store.models import Instance, Run, Study, StudyState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class KilledError(BaseException):
    """Stands for the end of the process at this point."""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A data folder and a database; the application itself is not asked."""
    made = service_in(tmp_path)
    yield made
    made.database.close()


def origin(pid: int = 0) -> Origin:
    """Of an upload; by default of a process that is no more."""
    return Origin(source="upload", began_at=utc_now(), pid=pid or 2**22 - 1, process="")


def take_in(service: Service, folder: Path, who: Origin) -> uploads.TakenIn:
    """As the endpoint does, once the ZIP has come."""
    archive = folder / "upload.zip"
    archive.write_bytes(zipped(stack(count=3)))
    return uploads.take_in(
        service.settings, service.database, service.folders, archive, who, now=utc_now
    )


def counts(service: Service) -> tuple[int, int, int]:
    """Studies, instances, runs."""
    with service.database.read() as session:
        found = [
            session.scalar(select(func.count()).select_from(table)) or 0
            for table in (Study, Instance, Run)
        ]
    return found[0], found[1], found[2]


STEPS = ("extract_zip", "sync_folder", "record_batch", "complete_studies")


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_any_step_and_sent_again(
    service: Service, monkeypatch: pytest.MonkeyPatch, step: str, when: str
) -> None:
    """After the restart and the client's second try there is one study with one run."""
    real = getattr(uploads, step)

    def killed(*args: object, **more: object) -> object:
        if when == "before":
            raise KilledError
        real(*args, **more)
        raise KilledError

    folder = service.folders.uploads / "token"  # a killed process cleans nothing up
    folder.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(uploads, step, killed)
        with pytest.raises(KilledError):
            take_in(service, folder, origin())

    assert uploads.clean_uploads(service.folders) == 1
    for batch in list(service.folders.spool.iterdir()):  # the listener's recorder
        record_batch(service.database, service.folders, batch, utc_now)
    with uploads.upload_folder(service.folders) as again:
        taken = take_in(service, again, origin(os.getpid()))

    assert [one.study_instance_uid for one in taken.studies] == [Image().study_uid]
    assert counts(service) == (1, 3, 1)
    assert list(service.folders.uploads.iterdir()) == []
    assert list(service.folders.spool.iterdir()) == []


def test_a_study_that_is_being_deleted_takes_nothing_in_now(
    service: Service, tmp_path: Path
) -> None:
    """The client is told so; the images wait in the spool."""
    take_in(service, tmp_path, origin())
    with service.database.write() as session:
        session.scalars(select(Study)).one().state = StudyState.DELETING
    with pytest.raises(StateConflictError, match="being deleted"):
        take_in(service, tmp_path, origin())
    assert len(list(service.folders.spool.rglob("*.dcm"))) == 3


def test_cleaning_spares_what_is_being_received(service: Service) -> None:
    """Another web process may start while this one receives."""
    with uploads.upload_folder(service.folders) as folder:
        assert uploads.clean_uploads(service.folders) == 0
        assert folder.is_dir()
    assert not folder.exists()


def test_a_folder_is_locked_as_long_as_it_is_used(service: Service) -> None:
    """The lock ends with the process, however that ends."""
    with uploads.upload_folder(service.folders) as folder:
        descriptor = os.open(folder, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(descriptor)


def test_the_limit_counts_what_comes(tmp_path: Path) -> None:
    """Whatever was declared."""
    incoming = uploads.IncomingZip(tmp_path / "a.zip", limit=10, reserve=0)
    incoming.write(b"12345")
    with pytest.raises(uploads.UploadTooLargeError):
        incoming.write(b"678901")
    incoming.close()


def test_the_disk_is_looked_at_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills while a large study comes stops it."""
    monkeypatch.setattr(uploads, "_LOOK_EVERY", 4)
    incoming = uploads.IncomingZip(tmp_path / "a.zip", limit=10**9, reserve=0)

    def full(*_: object) -> None:
        message = "full"
        raise DiskLowError(message)

    monkeypatch.setattr(uploads, "check_room", full)
    with pytest.raises(DiskLowError):
        incoming.write(b"12345")
    incoming.close()


def test_what_is_no_zip_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    """Before anything is unpacked."""
    incoming = uploads.IncomingZip(tmp_path / "a.zip", limit=100, reserve=0)
    incoming.write(b"%PDF-1.7")
    incoming.close()
    with pytest.raises(UnsafeArchiveError):
        incoming.check()
