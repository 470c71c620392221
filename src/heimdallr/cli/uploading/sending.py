"""Send studies to a server over HTTP, and again where that may help.

What does not go through is tried again where trying again can help: no connection, a time-out, a
server that is busy or starting. A study that was received although its answer got lost may be sent
twice; identical content is a no-op for the server.
"""

from __future__ import annotations

import os
import ssl
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import IO, TYPE_CHECKING, Protocol
from urllib.parse import urlsplit, urlunsplit

import httpx
from pydantic import BaseModel

from heimdallr import __version__
from heimdallr.cli.uploading.packing import FolderContent, ZipStream, look_through
from heimdallr.domain.errors import ConfigurationError
from heimdallr.files import open_regular

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import SecretStr

Progress = Callable[[int], None]
"""Told how many bytes more are on their way; negative when a try begins anew."""

_BUSY = {408, 425, 429, 502, 503, 504}
_LONGEST_PAUSE_S = 300.0


class UploadExit(IntEnum):
    """Exit codes of `heimdallr upload`; with several inputs, that of the first that failed."""

    OK = 0
    FAILED = 1
    """The input cannot be read; with `--wait`, a case was refused, failed or cancelled."""
    USAGE = 2
    """The command line or a setting is wrong; nothing was sent."""
    UNREACHABLE = 3
    """No answer, or no usable one, after every try."""
    NOT_ALLOWED = 4
    """The token is missing, wrong, or not for this."""
    REFUSED = 5
    """The server does not take it: no ZIP, no DICOM in it, too large."""
    NO_SPACE = 6
    """The server's disk is nearly full."""
    STILL_RUNNING = 7
    """`--wait-limit` has passed."""


class Accepted(BaseModel):
    """The server's answer to an upload."""

    message: str = ""
    study_instance_uids: list[str] = []
    studies: list[int] = []


class _Problem(BaseModel):
    """An error as the server tells it, RFC 9457."""

    title: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one input: the server's answer, or why there is none."""

    path: Path
    code: UploadExit
    reason: str = ""
    accepted: Accepted | None = None


class _Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Package:
    """One input, ready to be sent as often as needed.

    Attributes:
        path: what the user named.
        folder: what is packed on the way; ``None`` for a ZIP, which is sent as it is.
        bytes: size, about; for the progress bar.
    """

    path: Path
    folder: FolderContent | None
    bytes: int

    @property
    def label(self) -> str:
        """Name given to the server; a folder's own is kept back."""
        return self.path.name if self.folder is None else "study.zip"


def package(path: Path) -> Package:
    """Look at an input.

    Raises:
        HeimdallrError, OSError: there is nothing to send in it, or it cannot be read.
    """
    if not path.is_dir():
        with open_regular(path) as file:
            if path.suffix.lower() == ".zip" or zipfile.is_zipfile(file):
                return Package(path, None, os.fstat(file.fileno()).st_size)
    content = look_through(path)
    return Package(path, content, content.packed_bytes)


def upload_url(server: str) -> str:
    """The address to send to: ``/upload`` is added where only a server was named.

    Raises:
        ConfigurationError: it is no http or https address.
    """
    try:
        parts = urlsplit(server)
        is_address = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        msg = "what was given is no address of a server"  # not repeated: it may hold a password
        raise ConfigurationError(msg, remedy="give one like https://heimdallr.example:8001")
    path = "/upload" if parts.path in {"", "/"} else parts.path
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def open_client(
    url: str, token: SecretStr | None, timeout_s: float, ca: Path | None = None
) -> httpx.Client:
    """A client for one server: verified TLS, no proxy of the environment, no redirects.

    Args:
        url: what is sent to; relative addresses are its server's.
        token: API token.
        timeout_s: how long the connection may stand still.
        ca: PEM file of the authorities to trust instead of the system's.

    Raises:
        ConfigurationError: the authorities cannot be read.
    """
    try:
        verify = ssl.create_default_context(cafile=str(ca) if ca else None)
    except (OSError, ssl.SSLError) as error:
        msg = f"{ca} holds no certificate authority"
        raise ConfigurationError(msg, remedy="check --ca") from error
    headers = {"User-Agent": f"heimdallr/{__version__}"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token.get_secret_value()}"
    return httpx.Client(
        base_url=urlunsplit((*urlsplit(url)[:2], "/", "", "")),
        headers=headers,
        timeout=httpx.Timeout(timeout_s),
        verify=verify,
        trust_env=False,  # images must not take a way that somebody's environment names
        follow_redirects=False,
    )


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends packages to one address.

    Attributes:
        client: from :func:`open_client`.
        url: from :func:`upload_url`.
        retries: further tries after the first.
        backoff_s: before the second try; doubles each time.
        sleep: waits.
    """

    client: httpx.Client
    url: str
    retries: int
    backoff_s: float
    sleep: Callable[[float], None] = time.sleep

    def send(self, parcel: Package, progress: Progress) -> Sent:
        """Send one package, again if that may help; never raises for what a network does."""
        for attempt in range(self.retries + 1):
            outcome, pause = self._once(parcel, progress)
            if pause is None or attempt == self.retries:
                break
            self.sleep(min(max(pause, self.backoff_s * 2**attempt), _LONGEST_PAUSE_S))
        return outcome

    def _once(self, parcel: Package, progress: Progress) -> tuple[Sent, float | None]:
        """One try: its outcome and, where another may help, the least seconds to wait."""
        counted = 0

        def count(size: int) -> None:
            nonlocal counted
            counted += size
            progress(size)

        try:
            answer = self._post(parcel, count)
        except httpx.HTTPError as error:
            progress(-counted)
            sent = Sent(parcel.path, UploadExit.UNREACHABLE, _network(error))
            return sent, None if _is_final(error) else 0.0
        except OSError as error:
            reason = f"cannot be read: {error.strerror or error}"
            return Sent(parcel.path, UploadExit.FAILED, reason), None
        sent = _read_answer(parcel.path, answer)
        if answer.status_code not in _BUSY:
            return sent, None
        progress(-counted)
        return sent, _retry_after(answer)

    def _post(self, parcel: Package, count: Progress) -> httpx.Response:
        if parcel.folder is not None:
            return self._stream(parcel, _Counted(ZipStream(parcel.folder), count))
        with open_regular(parcel.path) as file:
            return self._stream(parcel, _CountedFile(file, count))

    def _stream(self, parcel: Package, body: _Counted) -> httpx.Response:
        form = {"file": (parcel.label, body, "application/zip")}
        return self.client.post(self.url, files=form)  # type: ignore[arg-type]  # it is only read


class _Counted:
    """A file that tells how much of it was read; not seekable, so it is read once."""

    def __init__(self, source: _Readable, count: Progress) -> None:
        self._source, self._count = source, count

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        self._count(len(data))
        return data


class _CountedFile(_Counted):
    """A counted file whose length is told first, so that a server can refuse it at once."""

    def __init__(self, file: IO[bytes], count: Progress) -> None:
        super().__init__(file, count)
        self.fileno = file.fileno


def _read_answer(path: Path, answer: httpx.Response) -> Sent:
    status = answer.status_code
    if answer.is_success:
        try:
            accepted = Accepted.model_validate_json(answer.content)
        except ValueError:
            reason = "the answer is not Heimdallr's; is --server the right address?"
            return Sent(path, UploadExit.UNREACHABLE, reason)
        return Sent(path, UploadExit.OK, accepted=accepted)
    reason = f"{status} {_detail(answer)}".strip()
    if status in {401, 403}:
        return Sent(path, UploadExit.NOT_ALLOWED, f"{reason}; see HEIMDALLR_UPLOAD_TOKEN")
    if status == httpx.codes.INSUFFICIENT_STORAGE:
        return Sent(path, UploadExit.NO_SPACE, reason)
    if answer.is_client_error and status not in _BUSY | {404, 405}:
        return Sent(path, UploadExit.REFUSED, reason)
    return Sent(path, UploadExit.UNREACHABLE, reason)


def _detail(answer: httpx.Response) -> str:
    try:
        problem = _Problem.model_validate_json(answer.content)
    except ValueError:
        return answer.reason_phrase
    return problem.detail or problem.title or answer.reason_phrase


def _network(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "the server did not answer in time (HEIMDALLR_UPLOAD_TIMEOUT)"
    if _is_final(error):
        return f"the server's certificate is not trusted (--ca): {error}"
    return f"the server cannot be reached: {error}"


def _is_final(error: httpx.HTTPError) -> bool:
    """Whether trying again is in vain: a certificate will not be trusted in five seconds."""
    return "CERTIFICATE_VERIFY_FAILED" in str(error)


def _retry_after(answer: httpx.Response) -> float:
    """What the server asks for, in seconds; RFC 9110 section 10.2.3, the form with seconds."""
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else 0.0
