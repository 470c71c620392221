"""`heimdallr phantom`: write synthetic patients with known truth, as DICOM."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

DEMO_SEED = 7
"""The seed of the studies that the demo shows and the documentation pictures."""


def phantom(
    output: Annotated[Path, typer.Argument(help="Folder to write the studies into.")],
    *,
    seed: Annotated[int, typer.Option(min=0, help="Decides everything about them.")] = DEMO_SEED,
) -> None:
    """Write a trunk CT, a head CT with a bleed and an abdominal MR, each beside its truth."""
    from heimdallr.phantom.studies import write_demo_studies  # noqa: PLC0415

    console = Console(stderr=True)
    output.mkdir(parents=True, exist_ok=True)
    with console.status("making synthetic patients") as status:
        studies = write_demo_studies(output, seed, status.update)
    for study in studies:
        typer.echo(f"{study.kind}\t{study.dicom}\t{study.truth}")
