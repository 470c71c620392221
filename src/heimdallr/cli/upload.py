"""`heimdallr upload`: ZIPs and folders to a server, with a progress bar."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from heimdallr.config import load_settings
from heimdallr.domain.errors import ConfigurationError, HeimdallrError

if TYPE_CHECKING:
    from heimdallr.cli.sending import Package, Sender, Sent

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def upload(
    paths: Annotated[
        list[Path],
        typer.Argument(help="ZIP files, folders of DICOM, DICOM files.", metavar="PATH…"),
    ],
    *,
    server: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Server; default: HEIMDALLR_UPLOAD_URL."),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False, help="File with the API token; default: HEIMDALLR_UPLOAD_TOKEN."
        ),
    ] = None,
    ca: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="PEM authorities to trust instead of the system's."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Send studies to a server; what is sent stays where it is.

    A ZIP is sent as it is; a folder is packed on the way, without links. Exit code 0: everything
    was taken; 1: an input could not be read; 2: the command line or a setting is wrong; 3: the
    server cannot be reached; 4: the token is not accepted; 5: the server refuses the input; 6: its
    disk is nearly full.
    """
    from heimdallr.cli.sending import Sender, open_client, upload_url  # noqa: PLC0415

    settings = load_settings()
    url = upload_url(server or settings.upload_url)
    for path in paths:
        if not path.exists():
            message = f"{path} does not exist"
            raise typer.BadParameter(message)
    token = _token(token_file) if token_file else settings.upload_token
    console = Console(stderr=True)
    with open_client(url, token, settings.upload_timeout, ca) as client:
        if token and client.base_url.scheme == "http" and client.base_url.host not in _LOOPBACK:
            console.print("warning: images and token travel unencrypted; use https", style="yellow")
        sender = Sender(client, url, settings.upload_retries, settings.upload_backoff)
        outcomes = _send(sender, paths, console, quiet=as_json)
    _print(outcomes, as_json=as_json)
    code = next((one.code for one in outcomes if one.code), 0)
    if code:
        raise typer.Exit(int(code))


def _send(sender: Sender, paths: list[Path], console: Console, *, quiet: bool) -> list[Sent]:
    from heimdallr.cli.sending import Sent, UploadExit, package  # noqa: PLC0415

    outcomes: list[Sent] = []
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=quiet or not console.is_terminal,
    ) as bar:
        for path in paths:
            try:
                parcel = package(path)
            except (HeimdallrError, OSError) as error:
                reason = (error.strerror or "") if isinstance(error, OSError) else str(error)
                outcomes.append(Sent(path, UploadExit.FAILED, f"cannot be read: {reason}"))
                continue
            _tell_passed_over(console, parcel, quiet=quiet)
            task = bar.add_task(path.name, total=parcel.bytes)
            outcomes.append(sender.send(parcel, lambda size, task=task: bar.advance(task, size)))  # type: ignore[misc]
            bar.update(task, completed=parcel.bytes, refresh=True)
    return outcomes


def _tell_passed_over(console: Console, parcel: Package, *, quiet: bool) -> None:
    if not quiet and parcel.folder and parcel.folder.passed_over:
        count = parcel.folder.passed_over
        console.print(f"{parcel.path}: {count} links or special files are not sent", markup=False)


def _print(outcomes: list[Sent], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([_Line.of(one).as_json() for one in outcomes], indent=2))
        return
    for one in outcomes:
        line = _Line.of(one)
        typer.echo(f"{line.path}: {line.state}{f' — {line.reason}' if line.reason else ''}")


@dataclass(frozen=True, slots=True)
class _Line:
    """One input's outcome, as it is printed."""

    path: str
    state: str
    exit_code: int
    reason: str
    study_instance_uids: tuple[str, ...]

    @classmethod
    def of(cls, sent: Sent) -> _Line:
        """The line of one outcome."""
        uids = tuple(sent.accepted.study_instance_uids) if sent.accepted else ()
        state = "accepted" if sent.accepted else "not sent"
        message = sent.accepted.message if sent.accepted else sent.reason
        return cls(str(sent.path), state, int(sent.code), message, uids)

    def as_json(self) -> dict[str, object]:
        """For programs."""
        return {
            "path": self.path,
            "state": self.state,
            "exit_code": self.exit_code,
            "reason": self.reason,
            "study_instance_uids": list(self.study_instance_uids),
        }


def _token(file: Path) -> SecretStr:
    """The token a file holds.

    Raises:
        ConfigurationError: it cannot be read, or is empty.
    """
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        msg = f"{file} cannot be read"
        raise ConfigurationError(msg, remedy="check --token-file") from error
    if not text or not text.isprintable():
        msg = f"{file} holds no token"
        raise ConfigurationError(msg, remedy="check --token-file")
    return SecretStr(text)
