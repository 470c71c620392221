"""The `heimdallr` command. One module per subcommand; each loads what it needs when it runs."""

from heimdallr.cli.app import main

__all__ = ["main"]
