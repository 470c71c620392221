"""`heimdallr backup` and `heimdallr restore`: copy the database, checked, and put a copy back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from heimdallr.cli.administration import opened_database, record, refuse_root
from heimdallr.clock import utc_now
from heimdallr.config import load_settings
from heimdallr.files import keep_others_out
from heimdallr.store.database import open_database
from heimdallr.store.layout import data_folders
from heimdallr.store.upkeep.backup import back_up
from heimdallr.store.upkeep.backup import restore as put_back


def backup(
    target: Annotated[Path, typer.Argument(help="Folder to make; it must not exist.")],
) -> None:
    """Copy the database into a new folder while the services run.

    Case folders and images are not in it: copy the data folder afterwards. The copy holds names
    of patients and password hashes; only its owner may read it.
    """
    folders = data_folders(load_settings())
    with opened_database() as database:
        manifest = back_up(database, folders, target, utc_now())
        record(database, "database.backup", "database")
    size = sum(path.stat().st_size for path in target.iterdir()) / 1e6
    typer.echo(f"{target}: {manifest.database}, {size:.1f} MB, checked")


def restore(
    source: Annotated[Path, typer.Argument(help="Folder that `heimdallr backup` has made.")],
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a database that is not empty.")
    ] = False,
) -> None:
    """Put a backup of the database back; stop the services first.

    Then run `heimdallr rebuild-index`: what was received or corrected since is in the data folder
    only. Everybody has to sign in again. A token that was revoked since is valid again, and a user
    who was shut out may sign in again: look at `heimdallr token list` and `heimdallr user list`.
    """
    keep_others_out()
    settings = load_settings()
    folders = data_folders(settings)
    folders.create()
    database = open_database(settings)
    try:
        refuse_root(database)
        restored = put_back(database, folders, source, utc_now(), force=force)
        record(database, "database.restore", "database", f"of {restored.made_at.isoformat()}")
    finally:
        database.close()
    made = f"{restored.made_at.astimezone():%Y-%m-%d %H:%M}"
    typer.echo(f"restored: {restored.studies} studies, as of {made}")
    if restored.unknown:
        typer.echo(f"{restored.unknown} folders hold images or results of studies it does not know")
    typer.echo(
        "before the services start: `heimdallr rebuild-index`, for what was received or corrected "
        "since; then see in `heimdallr token list` and `heimdallr user list` who is let in again"
    )
