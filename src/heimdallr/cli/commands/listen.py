"""`heimdallr listen`: receive studies over DICOM."""

from __future__ import annotations

import typer

from heimdallr.cli.service import begin


def listen() -> None:
    """Receive studies over DICOM (C-STORE, C-ECHO) until SIGTERM or Ctrl-C."""
    settings, stop = begin("listener")
    from heimdallr.intake.listener import run_listener  # noqa: PLC0415 - commands start quickly

    record = None
    if settings.priors_from or settings.sizes_from or settings.hl7_port is not None:
        from heimdallr.retrieval.service import record_and_fetch  # noqa: PLC0415 - the recorder's

        record = record_and_fetch
    run_listener(settings, stop, announce=lambda line: typer.echo(line, err=True), record=record)
