"""The command tree, and how every command fails: one line of what happened and what to do."""

from __future__ import annotations

import sys
from enum import IntEnum
from typing import Annotated

import typer

from heimdallr import __version__, logs
from heimdallr.cli.command_tree import CommandTree
from heimdallr.cli.service import asked
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
    cls=CommandTree,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


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
    asked.verbose, asked.log_json = verbose, log_json
    logs.configure(level="debug" if verbose else "warning", json_lines=log_json)


def main() -> None:
    """Run the command line; deliberate errors become one line on standard error."""
    try:
        app()
    except HeimdallrError as error:
        typer.secho(f"error: {error}", fg="red", err=True)
        is_final = isinstance(error, ConfigurationError | NewerDatabaseError)
        sys.exit(Exit.USAGE if is_final else Exit.FAILED)
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
