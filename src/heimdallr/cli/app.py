"""The command tree, and how every command fails: one line of what happened and what to do."""

from __future__ import annotations

import sys
from enum import IntEnum
from typing import Annotated

import typer
from rich.console import Console

from heimdallr import __version__, logs
from heimdallr.cli.commands import (
    backup,
    config,
    deliver,
    demo,
    destination,
    doctor,
    export,
    fetch,
    listen,
    phantom,
    process,
    rebuild_index,
    retention,
    serve,
    token,
    up,
    upload,
    user,
    weights,
    work,
)
from heimdallr.domain.errors import ConfigurationError, HeimdallrError, NewerDatabaseError
from heimdallr.parent_process import die_with


class Exit(IntEnum):
    """Exit codes, the same for every command."""

    OK = 0
    FAILED = 1
    """Something did not work: a case failed, a check is not ok."""
    USAGE = 2
    """The command line or the configuration is wrong, or the database is newer than the program;
    nothing was done, and doing the same again would not help."""
    INTERRUPTED = 130


app = typer.Typer(
    name="heimdallr",
    help="CT and MR studies in, measurements a radiologist can trust out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("up")(up.up)
app.command("listen")(listen.listen)
app.command("serve")(serve.serve)
app.command("work")(work.work)
app.command("deliver")(deliver.deliver)
app.command("upload")(upload.upload)
app.command("fetch")(fetch.fetch)
app.command("process")(process.process)
app.command("export")(export.export)
app.command("phantom")(phantom.phantom)
app.command("demo")(demo.demo)
app.command("config")(config.config)
app.command("doctor")(doctor.doctor)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.command("rebuild-index")(rebuild_index.rebuild_index)
app.command("retention")(retention.retention)
app.add_typer(weights.app, name="weights")
app.add_typer(user.app, name="user")
app.add_typer(token.app, name="token")
app.add_typer(destination.app, name="destination")


def _version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"heimdallr {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    *,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")] = False,
    log_json: Annotated[bool, typer.Option(help="Log JSON lines.")] = False,
    with_parent: Annotated[int | None, typer.Option(hidden=True)] = None,
    version: Annotated[  # noqa: ARG001 - handled by the eager callback
        bool,
        typer.Option(
            "--version",
            help="Print the version.",
            is_eager=True,
            callback=lambda value: _version(wanted=value),
        ),
    ] = False,
) -> None:
    if with_parent is not None:
        die_with(with_parent)
    logs.configure(level="debug" if verbose else "warning", json_lines=log_json)


def main() -> None:
    """Run the command line; deliberate errors become one line on standard error."""
    try:
        app()
    except HeimdallrError as error:
        Console(stderr=True).print(f"error: {error}", style="red", markup=False, soft_wrap=True)
        is_final = isinstance(error, ConfigurationError | NewerDatabaseError)
        sys.exit(Exit.USAGE if is_final else Exit.FAILED)
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
