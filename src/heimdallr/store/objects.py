"""The object store: folders of files under a study's number, whole or absent.

::

    <HEIMDALLR_OBJECT_STORE>/
        heimdallr                 empty; shows that the bucket is there
        studies/<study id>/
            <SHA-256>             a file, named after its content
            <SHA-256>.manifest    names, sizes and digests of a folder's files; written last

A folder is known by the digest of its manifest, which the database keeps. So an object never
changes under its name: whatever a killed process left is not looked at or is just what is wanted,
and a store has to show an object that was written, and nothing else. Nothing here is the only copy
of anything (:mod:`heimdallr.store.stored_folders`).

Whatever fsspec opens will do. fsspec and its file systems are imported when a store is opened.
"""

from __future__ import annotations

import errno
import hashlib
import secrets
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from heimdallr.domain.errors import ConfigurationError, ObjectLostError, ObjectStoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from heimdallr.config import Settings

_STUDIES, _MANIFEST, _MARK = "studies", ".manifest", "heimdallr"
_AT_A_TIME = 16
"""Transfers at a time: the images of a CT are many and small."""

_OPTIONS: dict[str, dict[str, Any]] = {
    "s3": {
        # What was listed before tells nothing of what another host has done since.
        "use_listings_cache": False,
        # Whoever asks tries again, and says so meanwhile.
        "config_kwargs": {
            "connect_timeout": 10,
            "read_timeout": 60,
            "retries": {"total_max_attempts": 2},
        },
    },
    "file": {"auto_mkdir": True},
}
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
_PIECE_BYTES = 2**20


class _File(BaseModel):
    model_config = ConfigDict(frozen=True)
    name: str
    size: int
    sha256: str


class _Manifest(BaseModel):
    model_config = ConfigDict(frozen=True)
    files: tuple[_File, ...]


class ObjectStore:
    """The folders of studies in an object store.

    Args:
        url: as fsspec takes it: ``s3://bucket/prefix``.

    Raises:
        ConfigurationError: what it takes to open one of this kind is not installed, or no such
            kind is known.
    """

    def __init__(self, url: str) -> None:
        try:
            import fsspec  # noqa: PLC0415 - whoever has no object store need not pay for it

            options = _OPTIONS.get(url.partition("://")[0], {})
            self._fs: Any
            self._fs, root = fsspec.core.url_to_fs(url, skip_instance_cache=True, **options)
        except (ImportError, ValueError) as error:
            msg = f"HEIMDALLR_OBJECT_STORE cannot be opened: {error}"
            raise ConfigurationError(msg, remedy="pip install 'heimdallr[s3]'") from None
        self._root = root.rstrip("/")

    def put(self, study_id: int, files: Mapping[str, Path], *, anew: bool = False) -> str:
        """Put a folder; it is there when this returns.

        Args:
            study_id: whose it is.
            files: name within the folder → file.
            anew: also what seems to be there already.

        Returns:
            The digest of its manifest.

        Raises:
            ObjectStoreError: the store cannot be reached, or refuses.
            OSError: a file cannot be read.
        """
        described = [_describe(name, path) for name, path in sorted(files.items())]
        text = _Manifest(files=tuple(described)).model_dump_json().encode()
        digest = hashlib.sha256(text).hexdigest()
        with self._asked():
            self._look()
            there = {} if anew else self._there(study_id)
            missing = {
                self._path(study_id, one.sha256): str(files[one.name])
                for one in described
                if there.get(self._path(study_id, one.sha256)) != one.size
            }
            if missing:
                targets = list(missing)
                self._fs.put(list(missing.values()), targets, batch_size=_AT_A_TIME)
            self._fs.pipe_file(self._path(study_id, digest + _MANIFEST), text)
        return digest

    def fetch(self, study_id: int, manifest: str, into: Path) -> None:
        """Fetch a folder's files; each is what was put, or an error is raised.

        Args:
            study_id: whose it is.
            manifest: the digest of its manifest.
            into: an empty folder that nobody reads yet; may be left half filled.

        Raises:
            ObjectLostError: an object is missing or damaged.
            ObjectStoreError: the store cannot be reached, or refuses.
            OSError: a file cannot be written.
        """
        try:
            with self._asked(writes_here=True):
                text: bytes = self._fs.cat_file(self._path(study_id, manifest + _MANIFEST))
                files = _read(text, manifest)
                targets = [into / one.name for one in files]
                for folder in {target.parent for target in targets}:
                    folder.mkdir(parents=True, exist_ok=True)
                sources = [self._path(study_id, one.sha256) for one in files]
                if sources:
                    self._fs.get(sources, [str(one) for one in targets], batch_size=_AT_A_TIME)
        except ObjectStoreError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                with self._asked():
                    self._look()  # it is not the whole bucket that is gone
                raise _lost() from None
            raise
        if any(_describe(one.name, into / one.name) != one for one in files):
            raise _lost()

    def remove(self, study_id: int) -> None:
        """Remove everything of a study, manifests first; nothing there is as good.

        Raises:
            ObjectStoreError: the store cannot be reached, or refuses.
        """
        with self._asked():
            self._look()
            paths = list(self._there(study_id))
            manifests = [path for path in paths if path.endswith(_MANIFEST)]
            others = [path for path in paths if not path.endswith(_MANIFEST)]
            for some in (manifests, others):
                if some:
                    self._fs.rm(some)
            with suppress(FileNotFoundError, NotImplementedError):
                self._fs.rmdir(self._path(study_id))

    def studies(self) -> set[int]:
        """The numbers of studies of which there is something.

        Raises:
            ObjectStoreError: the store cannot be reached, or refuses.
        """
        with self._asked():
            self._look()
            try:
                found: Iterable[str] = self._fs.ls(f"{self._root}/{_STUDIES}", detail=False)
            except FileNotFoundError:
                return set()
        names = (PurePosixPath(path).name for path in found)
        return {int(name) for name in names if name.isascii() and name.isdigit()}

    def check(self) -> None:
        """Write, read and remove an object.

        Raises:
            ObjectStoreError: one of these is not possible.
        """
        path, text = f"{self._root}/check-{secrets.token_hex(8)}", secrets.token_bytes(32)
        with self._asked():
            self._look()
            self._fs.pipe_file(path, text)
            read = self._fs.cat_file(path)
            self._fs.rm_file(path)
        if read != text:
            msg = "the object store does not give back what was written"
            raise ObjectStoreError(msg)

    def _look(self) -> None:
        """Make sure that the bucket is there: in one that is not, everything seems removed."""
        if isinstance(self._fs.protocol, tuple) and "file" in self._fs.protocol:
            Path(self._root).stat()  # a disk that is not mounted is not made up
        path = f"{self._root}/{_MARK}"
        try:
            self._fs.cat_file(path)
        except FileNotFoundError:
            self._fs.pipe_file(path, b"")

    def _there(self, study_id: int) -> dict[str, int]:
        """The objects of a study with their sizes."""
        try:
            found = self._fs.find(self._path(study_id), detail=True)
        except FileNotFoundError:
            return {}
        return {path: int(facts["size"]) for path, facts in found.items()}

    def _path(self, study_id: int, name: str = "") -> str:
        return "/".join([self._root, _STUDIES, str(study_id), *([name] if name else [])])

    @contextmanager
    def _asked(self, *, writes_here: bool = False) -> Iterator[None]:
        """Tell in our words what the store, and all that lies between, may raise.

        A full disk is the machine's own where files are written here, else the store's.
        """
        try:
            yield
        except ObjectStoreError:
            raise
        except Exception as error:
            if writes_here and _is_full(error):
                raise
            raise ObjectStoreError(_words(error), remedy=_REMEDY) from error


_REMEDY = "see docs/object-storage.md, and `heimdallr doctor`"


def open_object_store(settings: Settings) -> ObjectStore | None:
    """The configured store; ``None`` where all services share one data folder.

    Raises:
        ConfigurationError: it cannot be opened.
    """
    return ObjectStore(settings.object_store) if settings.object_store else None


def folder_files(folder: Path) -> dict[str, Path]:
    """The files of a folder by their names in it."""
    return {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _describe(name: str, path: Path) -> _File:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
            size += len(piece)
    return _File(name=name, size=size, sha256=digest.hexdigest())


def _read(text: bytes, digest: str) -> tuple[_File, ...]:
    if hashlib.sha256(text).hexdigest() != digest:
        raise _lost()
    try:
        files = _Manifest.model_validate_json(text).files
    except ValidationError:
        raise _lost() from None
    for one in files:
        path = PurePosixPath(one.name)
        if path.is_absolute() or ".." in path.parts:
            raise _lost()
    return files


def _lost() -> ObjectLostError:
    return ObjectLostError("an object of this study is missing or damaged in the object store")


def _is_full(error: Exception) -> bool:
    return isinstance(error, OSError) and error.errno in _FULL


def _words(error: Exception) -> str:
    """What is the matter; what a store says itself may quote what was sent."""
    if _is_full(error):
        return "the object store is full or read-only"
    if isinstance(error, FileNotFoundError):
        return "the object store has no such bucket or object"
    if isinstance(error, PermissionError) or "Credentials" in type(error).__name__:
        return "the object store refuses the credentials"
    return f"the object store cannot be reached ({type(error).__name__})"
