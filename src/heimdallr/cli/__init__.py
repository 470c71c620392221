"""The `heimdallr` command: its tree in `app.py`, each subcommand in `commands/`."""

from heimdallr.cli.app import main

__all__ = ["main"]
