"""The folder of a revision that is being worked on: its files, and each stage's whole output.

::

    input/<case>.r<n>/
        owner.json        which run began here last
        instances/        the revision's DICOM files, hard links of what was received, or fetched
        prepare/ segment/ analyze/
            whole.json    fingerprint of what it was made from, seconds it took
            …             the stage's output
        published/        the case folder, where it is handed in through an object store
        run-<attempt>.log

A stage's folder is written under another name and renamed, so it is whole or not there. Its
fingerprint covers everything that decides its content; an output made from other files, settings
or weights is never gone on from.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from heimdallr.domain.errors import ImagesAwayError, StorageError
from heimdallr.files import fresh_folder, sync_folder, whole_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

INSTANCES = "instances"
ERROR_FILE = "error.txt"
_MANIFEST, _OWNER, _PARTIAL = "whole.json", "owner.json", ".partial-"
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Source:
    """A received file that belongs to the revision."""

    key: str
    digest: str
    path: Path


class Manifest(BaseModel):
    """What a whole output was made from, and how long that took."""

    model_config = ConfigDict(frozen=True)
    fingerprint: str
    seconds: float


class _Owner(BaseModel):
    workflow_id: str


@dataclass(slots=True)
class Draft:
    """The output of a stage while it is being written.

    Attributes:
        folder: where it is written.
        begun: when work on it began, by the monotonic clock.
    """

    folder: Path
    begun: float = field(default_factory=time.monotonic)

    def begin_now(self) -> None:
        """Do not count what went before, waiting for the engine say."""
        self.begun = time.monotonic()


def fingerprint(*facts: object) -> str:
    """A short name for everything that decides an output; the facts are plain values."""
    text = json.dumps(facts, sort_keys=True, ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def content_of(instances: Iterable[tuple[str, str]]) -> str:
    """Fingerprint of a revision's files, each by its key and the digest of its data set."""
    return fingerprint(sorted(instances))


@dataclass(frozen=True, slots=True)
class WorkFolder:
    """The work folder of one revision.

    Attributes:
        path: the folder.
        fetch: brings the files into a folder, where they are not to be had as links.
    """

    path: Path
    fetch: Callable[[Path], None] | None = None

    @property
    def published(self) -> Path:
        """Where the case folder is made that is handed in through an object store."""
        return self.path / "published"

    def begin(self, workflow_id: str, *, fresh: bool) -> None:
        """Make the folder ready for a run, which may find what earlier runs left.

        Args:
            workflow_id: the run; beginning it again, after its worker was lost, keeps its own
                outputs.
            fresh: remove what other runs left.
        """
        self.path.mkdir(mode=0o750, parents=True, exist_ok=True)
        if fresh and self._owner() != workflow_id:
            for entry in self.path.iterdir():
                if entry.is_dir():
                    shutil.rmtree(entry, ignore_errors=True)
        for partial in self.path.glob(f".*{_PARTIAL}*"):
            shutil.rmtree(partial, ignore_errors=True)
        with whole_file(self.path / _OWNER) as file:
            file.write(_Owner(workflow_id=workflow_id).model_dump_json().encode())

    def whole(self, stage: str, made_from: str) -> Manifest | None:
        """The manifest of a stage's output, if it is whole and made from just this."""
        try:
            text = (self.path / stage / _MANIFEST).read_bytes()
            manifest = Manifest.model_validate_json(text)
        except (OSError, ValueError):
            return None
        return manifest if manifest.fingerprint == made_from else None

    @contextmanager
    def writing(self, stage: str, made_from: str) -> Iterator[Draft]:
        """Fill the folder of a stage; it takes its place when the block ends without an error."""
        partial = fresh_folder(self.path, f".{stage}{_PARTIAL}")
        draft = Draft(partial)
        try:
            yield draft
            seconds = time.monotonic() - draft.begun
            manifest = Manifest(fingerprint=made_from, seconds=seconds)
            with whole_file(partial / _MANIFEST) as file:
                file.write(manifest.model_dump_json().encode())
            _sync_files(partial)
            _take_place(partial, self.path / stage)
            sync_folder(self.path)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def snapshot(self, sources: Iterable[Source], made_from: str) -> Path:
        """The revision's files as hard links, so that what arrives later cannot change them.

        Raises:
            StorageError: a file that was received is not there any more, or cannot be fetched.
        """
        if self.whole(INSTANCES, made_from) is None:
            with self.writing(INSTANCES, made_from) as draft:
                if self.fetch is not None:
                    self.fetch(draft.folder)
                else:
                    for source in sources:
                        link(source.path, draft.folder / f"{source.key}.dcm")
        return self.path / INSTANCES

    def remove(self) -> None:
        """Remove everything; nothing in it is the only copy of anything received."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _owner(self) -> str:
        try:
            return _Owner.model_validate_json((self.path / _OWNER).read_bytes()).workflow_id
        except (OSError, ValueError):
            return ""


def keep_failure(target: Path, sources: Iterable[Source], text: str) -> None:
    """Keep a failed revision's input beside the reason; an older failure of it is replaced.

    Args:
        target: the folder to appear.
        sources: its files; those that are gone are left out.
        text: what happened, for a person; no patient data.
    """
    target.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    partial = fresh_folder(target.parent, f".{target.name}{_PARTIAL}")
    try:
        for source in sources:
            with suppress(StorageError):
                link(source.path, partial / f"{source.key}.dcm")
        with whole_file(partial / ERROR_FILE) as file:
            file.write(text.encode())
        _take_place(partial, target)
        sync_folder(target.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def link(source: Path, target: Path) -> None:
    """A second name for a file; a copy where the file system cannot.

    Raises:
        StorageError: the file is not there, or its whole folder; see :func:`gone`.
    """
    try:
        try:
            os.link(source, target)
        except OSError as error:
            if error.errno not in {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP}:
                raise
            shutil.copyfile(source, target)
    except FileNotFoundError as error:
        raise gone(source) from error


def gone(image: Path) -> StorageError:
    """What is to be said of a received image that is not there.

    A file is lost. A whole folder may come back: a disk that is not mounted leaves none.
    """
    if image.parent.is_dir():
        msg = "a received image of this study is not on the disk any more"
        return StorageError(msg, remedy="send the study again")
    msg = "the folder of this study's received images is not there"
    return ImagesAwayError(msg, remedy="mount the disk of incoming/, or send the study again")


def _take_place(partial: Path, final: Path) -> None:
    """Rename; what stands in the way is older, or the same made by a worker taken for dead."""
    for _ in range(_ATTEMPTS):
        if _took_place(partial, final):
            return
        shutil.rmtree(final, ignore_errors=True)
    # Not its name: that of a case holds a patient's.
    msg = "a work folder is being written by several processes at once"
    raise StorageError(msg, remedy="let one data folder be used by one installation")


def _took_place(partial: Path, final: Path) -> bool:
    try:
        partial.rename(final)
    except OSError as error:
        if error.errno in {errno.ENOTEMPTY, errno.EEXIST}:
            return False
        raise
    return True


def _sync_files(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.stat().st_nlink > 1:
            continue  # a second name of what was received, and made durable then
        descriptor = os.open(entry, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    sync_folder(folder)
