"""``python -m heimdallr``."""

from heimdallr.cli import main

main()
