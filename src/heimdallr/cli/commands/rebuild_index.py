"""`heimdallr rebuild-index`: make the database anew from case folders and received images."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import track

from heimdallr.cli.administration import opened_database, record
from heimdallr.clock import utc_now
from heimdallr.config import load_settings
from heimdallr.intake.placing import place
from heimdallr.intake.recorder import Recorded, record_batch
from heimdallr.intake.spool import WHOLE, Origin, open_batch
from heimdallr.store.layout import SAFE_KEY, data_folders
from heimdallr.store.upkeep.rebuild import Rebuilt, rebuild
from heimdallr.store.upkeep.removal import remove
from heimdallr.store.upkeep.retention import FOUND_AGAIN_RESTS

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.store.database import Database
    from heimdallr.store.layout import DataFolders


def rebuild_index(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """Find studies, series, measurements and findings again; stop the services first.

    Reads every image received and every case folder. Doing it again changes nothing. Flags, read
    marks, priorities, acknowledgements, users, tokens, destinations with their rules, and events
    are not in there: restore a backup for those, before. Of what is found again retention removes
    nothing for a week.
    """
    folders = data_folders(load_settings())
    folders.create()
    console = Console(stderr=True)
    with opened_database() as database:
        recorded = Recorded()
        studies = _study_folders(folders)
        for folder in track(studies, "reading images", console=console, disable=as_json):
            recorded += _record(database, folders, folder)
        rebuilt = rebuild(database, folders, utc_now())
        record(database, "index.rebuild", "database", _summary(recorded, rebuilt)[:500])
    if as_json:
        images = {"recorded": recorded.recorded, "unusable": dict(recorded.quarantined)}
        typer.echo(json.dumps({"images": images, **asdict(rebuilt)}))
        return
    typer.echo(_summary(recorded, rebuilt))
    for name, reason in rebuilt.skipped.items():
        typer.echo(f"skipped {name}: {reason}")
    if found_again := rebuilt.found + rebuilt.made:
        typer.echo(
            f"of {found_again} studies nothing tells flags, read marks and priority: flag again, "
            f"within {FOUND_AGAIN_RESTS.days} days, what retention is to leave; see in "
            "`heimdallr destination list` that results are sent"
        )


def _study_folders(folders: DataFolders) -> list[Path]:
    entries = (path for path in folders.incoming.iterdir() if path.is_dir())
    return sorted(path for path in entries if SAFE_KEY.fullmatch(path.name))


def _record(database: Database, folders: DataFolders, folder: Path) -> Recorded:
    """Give the recorder the images of a study a second time; those it knows it drops.

    Damaged ones are in quarantine then, and only there; what never was an image stays.
    """
    origin = Origin(
        source="upload",
        began_at=utc_now(),
        label="rebuild-index",
        pid=os.getpid(),
        home=folder.name,
    )
    batch = open_batch(folders.spool, origin)
    files = sorted(path for path in folder.iterdir() if path.suffix == WHOLE)
    try:
        for number, path in enumerate(files, start=1):
            place(path, batch.part(number).with_suffix(WHOLE))
    except OSError:
        remove(batch.folder)
        raise
    batch.end("released")
    recorded = record_batch(database, folders, batch.folder)
    for path in (folders.quarantine / batch.folder.name).glob(f"*{WHOLE}"):
        files[int(path.stem) - 1].unlink(missing_ok=True)
    return recorded


def _summary(recorded: Recorded, rebuilt: Rebuilt) -> str:
    unusable = sum(recorded.quarantined.values()) + sum(recorded.passed_over.values())
    return (
        f"{recorded.recorded} images recorded, {recorded.identical} known, {unusable} unusable; "
        f"studies: {rebuilt.found} with their results, {rebuilt.made} from results alone, "
        f"{rebuilt.known} known, {rebuilt.waiting} to be worked on again, "
        f"{rebuilt.verified} verified by a person as their folders say; "
        f"{len(rebuilt.skipped)} folders skipped"
    )
