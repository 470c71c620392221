"""`heimdallr upload`: send ZIPs and folders to a server, with a progress bar."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from heimdallr.cli.token_file import read_token
from heimdallr.config import load_settings
from heimdallr.domain.errors import HeimdallrError

if TYPE_CHECKING:
    from heimdallr.cli.uploading.following import Follower, StudyNow
    from heimdallr.cli.uploading.sending import Package, Sender, Sent

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
    wait: Annotated[bool, typer.Option("--wait", help="Follow each study to its end.")] = False,
    wait_limit: Annotated[
        float | None, typer.Option(min=0, help="Seconds to wait at most; default: no limit.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Send studies to a server; what is sent stays where it is.

    A ZIP is sent as it is; a folder is packed on the way, without links. Exit code 0: everything
    was taken (and, with --wait, done); 1: an input could not be read, or a case was refused, failed
    or cancelled; 2: the command line or a setting is wrong; 3: the server cannot be reached; 4: the
    token is not accepted; 5: the server refuses the input; 6: its disk is nearly full; 7: the wait
    limit has passed.
    """
    from heimdallr.cli.uploading.following import Follower  # noqa: PLC0415
    from heimdallr.cli.uploading.sending import Sender, open_client, upload_url  # noqa: PLC0415

    settings = load_settings()
    url = upload_url(server or settings.upload_url)
    for path in paths:
        if not path.exists():
            message = f"{path} does not exist"
            raise typer.BadParameter(message)
    token = read_token(token_file) if token_file else settings.upload_token
    console = Console(stderr=True)
    with open_client(url, token, settings.upload_timeout, ca) as client:
        if token and client.base_url.scheme == "http" and client.base_url.host not in _LOOPBACK:
            console.print("warning: images and token travel unencrypted; use https", style="yellow")
        sender = Sender(client, url, settings.upload_retries, settings.upload_backoff)
        outcomes = _send(sender, paths, console, quiet=as_json)
        if wait:
            ends = _follow(Follower(client, wait_limit), outcomes, console, quiet=as_json)
            lines = [_Line.of_end(sent, ends) for sent in outcomes]
        else:
            lines = [_Line.of(sent) for sent in outcomes]
    _print(lines, as_json=as_json)
    if code := next((one.exit_code for one in lines if one.exit_code), 0):
        raise typer.Exit(code)


def _send(sender: Sender, paths: list[Path], console: Console, *, quiet: bool) -> list[Sent]:
    from heimdallr.cli.uploading.sending import Sent, UploadExit, package  # noqa: PLC0415

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


def _follow(
    follower: Follower, outcomes: list[Sent], console: Console, *, quiet: bool
) -> dict[int, StudyNow | str | None]:
    """Follow every study that was taken: its number → its end, or why it is not known."""
    from heimdallr.cli.uploading.following import NotFollowedError  # noqa: PLC0415

    ends: dict[int, StudyNow | str | None] = {}
    deadline = follower.deadline()
    with Progress(
        TextColumn("{task.fields[case]}"),
        BarColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=console,
        disable=quiet or not console.is_terminal,
    ) as bar:
        for number in dict.fromkeys(
            number for sent in outcomes if sent.accepted for number in sent.accepted.studies
        ):
            task = bar.add_task("received", total=1.0, case=f"study {number}")

            def report(now: StudyNow, task: TaskID = task) -> None:
                left = "" if now.remaining_s is None else f", about {now.remaining_s:.0f} s left"
                bar.update(
                    task,
                    completed=now.progress,
                    description=f"{now.state}{left}",
                    case=now.case_id or f"study {now.id}",
                )

            try:
                ends[number] = follower.follow(number, deadline, report)
            except NotFollowedError as error:
                ends[number] = str(error)
    return ends


def _print(lines: list[_Line], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([line.as_json() for line in lines], indent=2))
        return
    for line in lines:
        typer.echo(f"{line.path}: {line.state}{f' — {line.reason}' if line.reason else ''}")
        for study in line.studies:
            about = f" — {study.error}" if study.error else ""
            typer.echo(f"  {study.case_id or f'study {study.id}'}: {study.state}{about}")
            for finding in study.findings:
                typer.echo(f"    {finding.severity}: {finding.title}")


@dataclass(frozen=True, slots=True)
class _Line:
    """One input's outcome, as it is printed."""

    path: str
    state: str
    exit_code: int
    reason: str
    study_instance_uids: tuple[str, ...] = ()
    studies: tuple[StudyNow, ...] = ()

    @classmethod
    def of(cls, sent: Sent) -> _Line:
        """The line of an input that is not followed."""
        if sent.accepted is None:
            return cls(str(sent.path), "not sent", int(sent.code), sent.reason)
        uids = tuple(sent.accepted.study_instance_uids)
        return cls(str(sent.path), "accepted", int(sent.code), sent.accepted.message, uids)

    @classmethod
    def of_end(cls, sent: Sent, ends: dict[int, StudyNow | str | None]) -> _Line:
        """The line of an input whose studies were followed."""
        from heimdallr.cli.uploading.following import GOOD, StudyNow  # noqa: PLC0415
        from heimdallr.cli.uploading.sending import UploadExit  # noqa: PLC0415

        line = cls.of(sent)
        if sent.accepted is None:
            return line
        found = [ends[number] for number in sent.accepted.studies]
        studies = tuple(one for one in found if isinstance(one, StudyNow))
        unknown = [one for one in found if isinstance(one, str)]
        if unknown:
            code, reason = UploadExit.FAILED, unknown[0]
        elif len(studies) < len(found) or not all(one.is_over for one in studies):
            code, reason = UploadExit.STILL_RUNNING, "still running when the wait limit passed"
        elif all(one.state in GOOD for one in studies):
            code, reason = UploadExit.OK, line.reason
        else:
            code, reason = UploadExit.FAILED, line.reason
        return replace(line, exit_code=int(code), reason=reason, studies=studies)

    def as_json(self) -> dict[str, object]:
        """For programs."""
        return {
            "path": self.path,
            "state": self.state,
            "exit_code": self.exit_code,
            "reason": self.reason,
            "study_instance_uids": list(self.study_instance_uids),
            "studies": [study.model_dump() for study in self.studies],
        }
