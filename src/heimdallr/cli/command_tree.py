"""Which commands there are; the module of each is loaded when the command is asked for.

What one command needs (a database, networks, DICOM) costs another one seconds.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

import typer
from typer.core import TyperGroup
from typer.main import get_group

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter  # what its groups are made of


class Entry(NamedTuple):
    """Where a command is.

    Attributes:
        where: its module below ``heimdallr.cli.commands``, and behind a colon what it is called
            there unless that is the same: a function, or a group of subcommands.
        summary: as its own help begins.
    """

    where: str
    summary: str


COMMANDS = {
    "up": Entry("up", "Run the whole system on this machine until Ctrl-C."),
    "listen": Entry(
        "listen",
        "Receive studies over DICOM (C-STORE, C-ECHO) until SIGTERM or Ctrl-C.",
    ),
    "serve": Entry(
        "serve",
        "Answer on HEIMDALLR_SERVER_HOST:HEIMDALLR_SERVER_PORT until SIGTERM or Ctrl-C.",
    ),
    "work": Entry(
        "work",
        "Work on what was received until SIGTERM or Ctrl-C; running stages reach their end first.",
    ),
    "deliver": Entry("deliver", "Send what is owed to destinations until SIGTERM or Ctrl-C."),
    "exchange": Entry(
        "exchange",
        "Carry images to HEIMDALLR_OBJECT_STORE and results back until SIGTERM or Ctrl-C.",
    ),
    "upload": Entry("upload", "Send studies to a server; what is sent stays where it is."),
    "fetch": Entry(
        "fetch",
        "Fetch studies from an archive, so that they are worked on like any that was sent.",
    ),
    "process": Entry(
        "process",
        "Prepare, segment, measure and publish every study found in the paths.",
    ),
    "export": Entry(
        "export",
        "Make DICOM objects of a case; without --seg, --sr, --sc, --pdf all of them.",
    ),
    "corrections": Entry(
        "corrections:app",
        "List corrections, hand in those of other tools, export training data.",
    ),
    "phantom": Entry(
        "phantom",
        "Write a trunk CT, a head CT with a bleed and an abdominal MR, each beside its truth.",
    ),
    "demo": Entry(
        "demo",
        "Start the whole system, send it three synthetic studies, compare with what is true.",
    ),
    "config": Entry(
        "config",
        "Show every setting, its value and where it came from; secrets stay hidden.",
    ),
    "rules": Entry(
        "rules",
        "Show the rules of findings with this department's changes, or try a file of changes.",
    ),
    "doctor": Entry(
        "doctor",
        "Check programs, weights, disk, database, ports and settings; exit 1 if one is a problem.",
    ),
    "backup": Entry("backup", "Copy the database into a new folder while the services run."),
    "restore": Entry(
        "backup:restore",
        "Put a backup of the database back; stop the services first.",
    ),
    "rebuild-index": Entry(
        "rebuild_index",
        "Find studies, series, measurements and findings again; stop the services first.",
    ),
    "retention": Entry(
        "retention",
        "Remove what HEIMDALLR_KEEP_… says; a worker does the same once an hour.",
    ),
    "weights": Entry("weights:app", "List, download, install and verify network weights."),
    "user": Entry("user:app", "Add, list and change users."),
    "token": Entry("token:app", "Create, list and revoke API tokens."),
    "destination": Entry("destination:app", "Say where results go, and try it."),
}
"""In the order in which help lists them."""


class CommandTree(TyperGroup):
    """The group of all commands, none of them loaded."""

    def list_commands(self, ctx: Context) -> list[str]:
        """Their names."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """Load one; ``None`` where there is none of that name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].where.partition(":")
        loaded = getattr(import_module(f"heimdallr.cli.commands.{module}"), name or module)
        around = typer.Typer(rich_markup_mode=None)
        if isinstance(loaded, typer.Typer):
            around.add_typer(loaded, name=cmd_name)
        else:
            around.command(cmd_name)(loaded)
        return get_group(around).commands[cmd_name]

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """List them with their summaries."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, one.summary) for name, one in COMMANDS.items()])
