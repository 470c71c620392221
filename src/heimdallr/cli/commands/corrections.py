"""`heimdallr corrections`: what persons corrected, proposals of other tools, training data."""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from heimdallr.cli.administration import day, login, opened_database, record
from heimdallr.clock import utc_now
from heimdallr.config import load_settings
from heimdallr.domain.errors import StateConflictError
from heimdallr.files import sync_folder
from heimdallr.store.layout import data_folders, made_folders

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from heimdallr.store.models import Study

app = typer.Typer(
    help="List corrections, hand in those of other tools, export training data.",
    no_args_is_help=True,
)

SECRET_FILE = "training.key"  # noqa: S105 - the name of a file in the state folder
"""What pseudonyms of training data are keyed with; made when it is first needed."""
_SECRET_BYTES = 32

_WHY_LEFT_OUT = {
    "earlier": "corrected before the day that was named",
    "not_drawn": "no structure that was chosen differs from what the networks drew",
    "a_face": "a head, or nothing says that it is none; see --with-faces",
    "burned_in": "its header says that text is burned into the pixels",
    "not_readable": "its folder cannot be read, or its volume is not kept any more",
    "changed_meanwhile": "it was changed meanwhile; export again",
}

_CaseArgument = Annotated[
    str, typer.Argument(help="ID of a case of the data folder, or number of a study.")
]


@app.command("list")
def list_corrections(
    case: _CaseArgument,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """List what was corrected and proposed, oldest first."""
    from heimdallr.store.corrections import corrections_of  # noqa: PLC0415

    with opened_database() as database, database.read() as session:
        study = _study(session, case)
        rows = [
            {
                "number": row.number,
                "state": row.state.value,
                "kind": row.kind,
                "origin": row.origin,
                "by": row.by,
                "at": row.at,
                "version": row.version,
                "structures": [one.structure for one in row.said.structures],
            }
            for row in corrections_of(session, study.id)
        ]
    if as_json:
        typer.echo(json.dumps(rows, default=datetime.isoformat, indent=2))
        return
    table = Table("number", "state", "kind", "origin", "by", "at", "structures")
    for one in rows:
        at, structures = one["at"], one["structures"]
        told = [str(one[name]) for name in ("number", "state", "kind", "origin", "by")]
        when = day(at) if isinstance(at, datetime) else ""
        names = ", ".join(structures) if isinstance(structures, list) else ""
        table.add_row(*told, when, names)
    Console().print(table)


@app.command("import")
def import_proposal(
    case: _CaseArgument,
    files: Annotated[
        list[Path],
        typer.Argument(
            help="A DICOM segmentation or structure set, or NIfTI masks named after structures.",
            exists=True,
            dir_okay=False,
        ),
    ],
) -> None:
    """Hand in what another tool drew on a case, as a proposal that a person accepts or declines."""
    from heimdallr.corrections.difference import labels_version  # noqa: PLC0415
    from heimdallr.corrections.proposals.proposal import proposal_from  # noqa: PLC0415
    from heimdallr.publishing.correction_records import CorrectionRecord  # noqa: PLC0415
    from heimdallr.store.upkeep.correcting import propose  # noqa: PLC0415

    folders, now = data_folders(load_settings()), utc_now()
    with opened_database() as database:
        with database.read() as session:
            study = _study(session, case)
            study_id, case_id = study.id, study.case_id
        if case_id is None:
            message = "the study has no results to correct"
            raise StateConflictError(message)
        base = labels_version(folders.output / case_id)
        read = proposal_from(folders.output / case_id, files)
        who = f"shell:{login()}"[:80]
        told = CorrectionRecord(
            number=1,
            kind="voxels",
            by=who,
            at=now,
            base=base,
            origin=read.origin,
            structures=list(read.structures),
        )
        number = propose(database, folders, study_id, told, read.difference.pack(), read.notes, now)
        record(database, "study.propose", f"study {study_id}", f"correction {number}")
    for notice in read.notes:
        Console(stderr=True).print(f"notice: {notice.text}", markup=False, soft_wrap=True)
    typer.echo(f"proposal {number} of study {study_id}: {', '.join(read.matched)}")


@app.command("export")
def export_training(
    folder: Annotated[Path, typer.Argument(help="Folder to make; it must not exist.")],
    *,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Only cases corrected on this day or later."),
    ] = None,
    structures: Annotated[
        str, typer.Option(help="Only these, by class name, with commas between.")
    ] = "",
    verified: Annotated[
        bool, typer.Option("--verified", help="Only cases whose results a person has verified.")
    ] = False,
    with_faces: Annotated[
        bool, typer.Option("--with-faces", help="Heads too: a face can be drawn from them.")
    ] = False,
) -> None:
    """Write corrected cases as training data for nnU-Net: NIfTI, under pseudonyms, without dates.

    De-identified as far as a program can tell. Whoever passes it on needs a right to do so.
    """
    from heimdallr.corrections.training_cases import Choice  # noqa: PLC0415
    from heimdallr.corrections.training_export import export_training_data  # noqa: PLC0415
    from heimdallr.store.reading.corrected_cases import corrected_cases  # noqa: PLC0415

    folders = made_folders(load_settings())
    chosen = frozenset(filter(None, (one.strip() for one in structures.split(","))))
    choice = Choice(since.astimezone() if since else None, chosen, with_faces)
    with opened_database() as database:
        with database.read() as session:
            candidates = corrected_cases(session, folders, only_verified=verified)
        secret = _secret(folders.state / SECRET_FILE)
        done = export_training_data(candidates, folder, secret, choice)
        pairs = sum(done.cases.values())
        record(database, "corrections.export", "training data", f"{pairs} pairs")
    for why, count in sorted(done.left_out.items()):
        typer.echo(f"left out: {count} × {_WHY_LEFT_OUT[why]}", err=True)
    for task, count in done.cases.items():
        typer.echo(f"{folder / task}: {count} cases")
    if not pairs:
        typer.echo("no case was exported", err=True)
        raise typer.Exit(1)


def _study(session: Session, told: str) -> Study:
    """The study of a case ID or of a number.

    Raises:
        StateConflictError: there is none.
    """
    from sqlalchemy import select  # noqa: PLC0415

    from heimdallr.store.models import Study  # noqa: PLC0415

    found = session.scalars(select(Study).where(Study.case_id == told)).one_or_none()
    if found is None and told.isascii() and told.isdecimal() and len(told) < 10:  # noqa: PLR2004
        found = session.get(Study, int(told))
    if found is None:
        message = "there is no case of this ID, and no study of this number"
        raise StateConflictError(message)
    return found


def _secret(path: Path) -> bytes:
    """The key of the state folder, made where there is none; its owner alone may read it."""
    if not path.exists():
        aside = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # somebody else was quicker
            os.link(aside, path)
        aside.unlink()
        sync_folder(path.parent)
    return path.read_bytes()
