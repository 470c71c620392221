"""Send files of a case: whole, in ranges, or as a ZIP that is made while it is sent.

Names in a URL are compared with a safe alphabet before they touch a path. Names of downloads say
nothing of the patient: they carry the study's number, not its case ID.
"""

from __future__ import annotations

import gzip
import os
import re
import stat
import time
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fastapi.responses import FileResponse, Response, StreamingResponse
from starlette.datastructures import Headers

from heimdallr.publishing.case_folder import CASE_ID
from heimdallr.publishing.correction_records import CORRECTIONS_FOLDER
from heimdallr.publishing.publish import DRAWINGS, VOLUME_NAME
from heimdallr.publishing.schema import LABELS_FILE, LABELS_FOLDER, PREVIEW_NAME, RESULTS_FILE
from heimdallr.web.http.compression import takes_gzip
from heimdallr.web.http.problems import Answers, Problem, responses

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from fastapi import Request

_CHUNK = 2**18
_FOLDER = re.compile(r"[a-z][a-z0-9_]{0,63}")
_PICTURE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}\.png")
_MASK = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}\.nii\.gz")
_ASSET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}(\.[A-Za-z0-9_-]{1,20}){1,3}")
_UNNAMED = {RESULTS_FILE, VOLUME_NAME, PREVIEW_NAME, f"{LABELS_FOLDER}/{LABELS_FILE}"}
_MADE_HERE = re.compile(rf"({'|'.join(DRAWINGS)})\w*\.png|{_FOLDER.pattern}/{_MASK.pattern}")
_NO_MASKS = frozenset({LABELS_FOLDER, CORRECTIONS_FOLDER})
"""Folders of a case whose files are no masks of one structure."""
_TYPES = {".png": "image/png", ".gz": "application/gzip", ".json": "application/json"}

EXAMINED = {"Cache-Control": "private, no-cache"}
"""Kept by the reader's own browser only, and asked for again each time (ETag)."""

PARTS: Answers = {
    206: {"description": "the ranges asked for"},
    304: {"description": "the reader has it already"},
    **responses(400, 409, 416),
}
"""OpenAPI entries of what :func:`send_file` may answer beside 200."""


def case_folder_of(output: Path, case_id: str) -> Path:
    """Folder of a case.

    Raises:
        Problem: 404, it cannot be the name of one, or there is none.
    """
    folder = output / case_id if CASE_ID.fullmatch(case_id) else None
    if folder is None or not folder.is_dir() or folder.is_symlink():
        raise Problem(404, "this case has no folder")
    return folder


def pictures(folder: Path) -> list[str]:
    """Names of a case's pictures, sorted."""
    return sorted(path.name for path in folder.glob("*.png") if _PICTURE.fullmatch(path.name))


def mask_folders(folder: Path) -> dict[str, list[str]]:
    """Folder of masks → its structures, sorted."""
    return {
        sub.name: sorted(
            path.name.removesuffix(".nii.gz")
            for path in sub.iterdir()
            if _MASK.fullmatch(path.name)
        )
        for sub in sorted(folder.iterdir())
        if sub.is_dir() and _FOLDER.fullmatch(sub.name) and sub.name not in _NO_MASKS
    }


def all_files(folder: Path) -> list[str]:
    """Names of a case's files, relative to its folder, sorted; what is hidden is left out."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(
        path.as_posix() for path in found if not any(part.startswith(".") for part in path.parts)
    )


def unnamed_files(folder: Path) -> list[str]:
    """Those of them that hold nothing of the patient, or do not once they are rewritten.

    What somebody else has put there may hold anything.
    """
    return [name for name in all_files(folder) if name in _UNNAMED or _MADE_HERE.fullmatch(name)]


def picture(folder: Path, name: str) -> Path:
    """Path of a picture; 404 where there is none of that name."""
    return _existing(folder, name if _PICTURE.fullmatch(name) else "")


def mask(folder: Path, masks: str, structure: str) -> Path:
    """Path of a mask; 404 where there is none of that name."""
    name = f"{structure.removesuffix('.nii.gz')}.nii.gz"
    fits = _FOLDER.fullmatch(masks) and _MASK.fullmatch(name) and masks not in _NO_MASKS
    return _existing(folder, f"{masks}/{name}" if fits else "")


def label_map(folder: Path, name: str) -> Path:
    """Path of a label map; 404 where there is none of that name."""
    return _existing(folder, f"{LABELS_FOLDER}/{name}.nii.gz" if _FOLDER.fullmatch(name) else "")


def asset(folder: Path, name: str) -> Path:
    """Path of a part of a page; 404 where there is none of that name."""
    return _existing(folder, name if _ASSET.fullmatch(name) else "")


def _existing(folder: Path, name: str) -> Path:
    path = folder / name
    if not name or not path.is_file() or path.is_symlink():
        raise Problem(404, "there is no such file")
    return path


def send_file(request: Request, path: Path, name: str, *, inline: bool = False) -> Response:
    """A file, or the ranges of it that were asked for, or 304 when the reader has it already.

    Args:
        request: the request being answered.
        path: the file.
        name: what the download is called; nothing of the patient.
        inline: to be shown, not saved.

    Raises:
        Problem: 404, the file is gone.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise Problem(404, "the case has no such file") from error
    response = FileResponse(
        path,
        headers=EXAMINED,
        media_type=_TYPES.get(path.suffix, "application/octet-stream"),
        filename=name,
        stat_result=found,
        content_disposition_type="inline" if inline else "attachment",
    )
    if _known(request.headers, response.headers["etag"]):
        kept = ("etag", "last-modified", "cache-control")
        return Response(status_code=304, headers={key: response.headers[key] for key in kept})
    return response


class _Swift(FileResponse):
    """A file in large pieces: each costs a turn of a thread and of the event loop."""

    chunk_size = 2**20


def send_unpacked(request: Request, path: Path) -> Response:
    """What a gzipped file holds, for a page that works with it.

    The stored bytes are sent as they are, named a content coding: a browser unpacks them in its
    network stack while they arrive. For the few clients that refuse gzip they are unpacked here.

    Raises:
        Problem: 404, the file is gone.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise Problem(404, "the case has no such file") from error
    headers = {**EXAMINED, "Vary": "Accept-Encoding", "Content-Encoding": "gzip"}
    response: Response = _Swift(path, 200, headers, "application/octet-stream", stat_result=found)
    if not takes_gzip(request.headers):
        headers["ETag"] = response.headers["etag"].removesuffix('"') + '-plain"'
        del headers["Content-Encoding"]
        content = _plain(path) if request.method != "HEAD" else iter(())
        response = StreamingResponse(content, 200, headers, "application/octet-stream")
    if _known(request.headers, response.headers["etag"]):
        kept = ("etag", "cache-control", "vary")
        return Response(status_code=304, headers={key: response.headers[key] for key in kept})
    return response


def _plain(path: Path) -> Iterator[bytes]:
    with gzip.open(path) as file:
        while chunk := file.read(_Swift.chunk_size):
            yield chunk


def _known(headers: Headers, etag: str) -> bool:
    """Whether ``If-None-Match`` names this version (RFC 9110 section 13.1.2, weak comparison)."""
    given = [one.strip().removeprefix("W/") for one in headers.get("if-none-match", "").split(",")]
    return etag in given or given == ["*"]


def send_zip(
    folder: Path, names: Sequence[str], download: str, instead: Mapping[str, bytes] | None = None
) -> StreamingResponse:
    """A ZIP of files of one folder, packed while it is sent.

    Members are stored as they are: masks and volumes are compressed already.

    Args:
        folder: the case folder; it may be replaced meanwhile, and the ZIP then breaks off rather
            than mix two results.
        names: the members, relative to it.
        download: name of the download.
        instead: name → content that takes the file's place.
    """
    return StreamingResponse(
        _zipped(folder, names, instead or {}),
        media_type="application/zip",
        headers={**EXAMINED, "Content-Disposition": f'attachment; filename="{download}"'},
    )


def _zipped(folder: Path, names: Sequence[str], instead: Mapping[str, bytes]) -> Iterator[bytes]:
    sink = _Sink()
    with _opened(folder) as root, zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:  # type: ignore[call-overload]
        for name in names:
            descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=root)
            with os.fdopen(descriptor, "rb") as source:
                found = os.fstat(source.fileno())
                if not stat.S_ISREG(found.st_mode):
                    continue
                member = zipfile.ZipInfo(name, time.localtime(found.st_mtime)[:6])
                if name in instead:
                    archive.writestr(member, instead[name])
                    continue
                member.file_size = found.st_size
                with archive.open(member, "w") as target:
                    while chunk := source.read(_CHUNK):
                        target.write(chunk)
                        yield sink.taken()
            yield sink.taken()
    yield sink.taken()


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    """The folder itself, whatever takes its name meanwhile."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


class _Sink:
    """What :class:`zipfile.ZipFile` writes to when nobody can seek."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def write(self, data: bytes) -> int:
        self._pending += data
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def taken(self) -> bytes:
        """Everything written since it was last asked for."""
        data = bytes(self._pending)
        self._pending.clear()
        return data
