"""`heimdallr fetch`: get studies from an archive, or say what it has."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from heimdallr.cli.administration import opened_database, record
from heimdallr.cli.token_file import read_token
from heimdallr.clock import utc_now
from heimdallr.config import load_settings
from heimdallr.domain.dicom_dates import calendar_date
from heimdallr.domain.errors import ArchiveError
from heimdallr.store.layout import made_folders

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from heimdallr.config import Settings
    from heimdallr.retrieval.archive import Archive, FoundStudy
    from heimdallr.store.database import Database

NOTHING_FOUND = 3
"""Exit code: the archive was asked, and has no such study."""


def fetch(
    archive: Annotated[
        str,
        typer.Option(
            "--from", metavar="ARCHIVE", help="AET@host:port, a DICOMweb address, or a destination."
        ),
    ],
    *,
    accession: Annotated[str, typer.Option(help="Studies of this accession number.")] = "",
    uid: Annotated[str, typer.Option(help="The study of this StudyInstanceUID.")] = "",
    date: Annotated[str, typer.Option(help="Studies of a day, YYYYMMDD, or of a range.")] = "",
    modality: Annotated[
        list[str] | None, typer.Option(help="Only with such a series; may be repeated.")
    ] = None,
    patient: Annotated[str, typer.Option(help="Studies of this PatientID.")] = "",
    before: Annotated[str, typer.Option(help="Only those before this day, YYYYMMDD.")] = "",
    get: Annotated[bool, typer.Option("--get", help="C-GET instead of C-MOVE.")] = False,
    tls: Annotated[bool, typer.Option("--tls", help="DICOM over TLS.")] = False,
    user: Annotated[str, typer.Option(help="DICOMweb: the token is this user's password.")] = "",
    token_file: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="File with the token; default: HEIMDALLR_ARCHIVE_TOKEN."),
    ] = None,
    ca: Annotated[Path | None, typer.Option(dir_okay=False, help="PEM authorities.")] = None,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for arrival.")] = 120.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what there is; no more.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Fetch studies from an archive, so that they are worked on like any that was sent.

    With C-MOVE the archive sends them to our listener, which has to run; with --get, and from a
    DICOMweb archive, they come over the same connection. Exit code 0: all of it is here; 1:
    something is not; 2: the command line or a setting is wrong; 3: the archive has no such study.
    """
    from heimdallr.retrieval.archive import Query  # noqa: PLC0415
    from heimdallr.retrieval.archives import (  # noqa: PLC0415
        Known,
        archive_at,
        archive_named,
        open_archive,
    )

    settings = load_settings()
    query = Query(uid, accession, patient, _dates(date, before), tuple(modality or ()))
    peer = archive_at(archive, user=user, ca=ca, tls=tls)
    folders = made_folders(settings)
    with opened_database() as database:
        known = Known(peer, settings.archive_token) if peer else archive_named(database, archive)
        secret = read_token(token_file) if token_file else known.secret
        asked = open_archive(known.peer, secret, settings, folders.spool, get=get)
        found = asked.find(query)
        if dry_run or not found:
            _print([_Line.of(one) for one in found], as_json=as_json)
            raise typer.Exit(0 if found else NOTHING_FOUND)
        record(database, "archive.fetch", "studies", f"{len(found)} from an archive")
        lines = []
        for line in _fetched(asked, found, database, settings, wait):
            lines.append(line)
            if not as_json:
                typer.echo(line.text)
    if as_json:
        _print(lines, as_json=True)
    if not all(one.whole for one in lines):
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class _Line:
    """One study, as it is printed; nothing in it says whose it is.

    Attributes:
        here: instances in our database; ``None`` when nothing was fetched.
        failed: instances the archive could not send.
        reason: what went wrong, and what to do.
    """

    uid: str
    date: str
    modalities: tuple[str, ...]
    instances: int | None
    here: int | None = None
    failed: int = 0
    studies: tuple[int, ...] = ()
    reason: str = ""

    @classmethod
    def of(cls, found: FoundStudy) -> _Line:
        """A study as the archive describes it."""
        return cls(found.study_instance_uid, found.study_date, found.modalities, found.instances)

    @property
    def whole(self) -> bool:
        """Whether all of it is here."""
        return self.here is not None and not self.reason

    @property
    def text(self) -> str:
        """For people."""
        count = "?" if self.instances is None else str(self.instances)
        about = (
            f"{self.uid}  {self.date or '-'}  {'+'.join(self.modalities) or '-'}  {count} images"
        )
        if self.here is not None:
            number = ", ".join(f"study {one}" for one in self.studies)
            about += f"; {self.here} here" + (f" as {number}" if number else "")
        return f"{about} — {self.reason}" if self.reason else about

    def as_json(self) -> dict[str, object]:
        """For programs."""
        return {
            "study_instance_uid": self.uid,
            "study_date": self.date or None,
            "modalities": list(self.modalities),
            "instances": self.instances,
            "instances_here": self.here,
            "instances_failed": self.failed,
            "studies": list(self.studies),
            "reason": self.reason or None,
        }


def _fetched(
    archive: Archive,
    found: Sequence[FoundStudy],
    database: Database,
    settings: Settings,
    wait_s: float,
) -> Iterator[_Line]:
    """Fetch one study after the other; what goes wrong with one does not stop the others."""
    from heimdallr.retrieval.arrival import (  # noqa: PLC0415
        record_unless_somebody_does,
        wait_until_here,
        what_is_here,
    )

    folders = made_folders(settings)
    for one in found:
        line, uid = _Line.of(one), one.study_instance_uid
        try:
            retrieved = archive.fetch(one)
        except ArchiveError as error:
            here = what_is_here(database, uid)
            yield replace(line, here=here.instances, studies=here.studies, reason=error.why.text)
            continue
        record_unless_somebody_does(database, settings, folders, retrieved, utc_now)
        here = wait_until_here(database, uid, retrieved.arrived, wait_s)
        reason = retrieved.why.text if retrieved.why else ""
        if not reason and here.instances < retrieved.arrived:
            reason = f"{retrieved.arrived} were sent; the listener still has to record the others"
        yield replace(
            line,
            here=here.instances,
            failed=retrieved.failed,
            studies=here.studies,
            reason=reason,
        )


def _dates(date: str, before: str) -> str:
    """The date or range that is meant.

    Raises:
        typer.BadParameter: both are given, or a day is none.
    """
    if not before:
        return date
    if date:
        msg = "either --date or --before"
        raise typer.BadParameter(msg)
    day = calendar_date(before)
    if day is None:
        msg = "--before is a day, YYYYMMDD"
        raise typer.BadParameter(msg)
    return f"-{day - timedelta(days=1):%Y%m%d}"


def _print(lines: Sequence[_Line], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([line.as_json() for line in lines], indent=2))
        return
    for line in lines:
        typer.echo(line.text)
    count = len(lines)
    typer.echo(
        f"{count} {'study' if count == 1 else 'studies'} found" if count else "nothing found"
    )
