"""`heimdallr weights`: list, download, install and verify network weights."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from heimdallr.config import load_settings
from heimdallr.domain.errors import WeightsError
from heimdallr.segmentation import tasks
from heimdallr.workflow.weights import open_store

app = typer.Typer(help="List, download, install and verify network weights.", no_args_is_help=True)


@app.command("list")
def show(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also tasks without weights.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Which tasks have weights, whose they are, and what is missing."""
    entries = [
        entry for entry in open_store(load_settings()).overview() if entry.weights or everything
    ]
    if as_json:
        rows = [
            {
                "task": entry.task,
                "state": entry.state,
                "licence_required": entry.licence_required,
                "collection": asdict(made) if (made := tasks.task(entry.task).collection) else None,
                "folders": [str(weights.folder) for weights in entry.weights],
                "missing": entry.missing,
            }
            for entry in entries
        ]
        typer.echo(json.dumps(rows))
        return
    table = Table(box=None, pad_edge=False)
    for column in ("task", "weights", "licence", "missing"):
        table.add_column(column, overflow="fold")
    for entry in entries:
        collection = tasks.task(entry.task).collection
        licence = collection.licence if collection else "needed" if entry.licence_required else ""
        table.add_row(entry.task, entry.state, licence, ", ".join(entry.missing))
    Console().print(table)


@app.command()
def download(
    names: Annotated[list[str], typer.Argument(help="Task names, `total_fast` say.")],
) -> None:
    """Fetch weights from where their makers publish them; resumes if interrupted."""
    from heimdallr.segmentation.networks import installation  # noqa: PLC0415

    settings = load_settings()
    licence = settings.totalsegmentator_license
    wanted = [tasks.task(name) for name in names]
    with Progress(console=Console(stderr=True)) as bar:
        for task in wanted:
            row = bar.add_task(task.name, total=1.0)
            installed = installation.download(
                task,
                settings.weights_folder,
                licence=licence.get_secret_value() if licence else None,
                progress=lambda share, text, row=row: bar.update(  # type: ignore[misc]
                    row, completed=share, description=text
                ),
            )
            bar.update(row, completed=1.0)
            typer.echo("\n".join(installed))


@app.command()
def install(
    sources: Annotated[
        list[Path], typer.Argument(help="Released ZIP files, dataset folders, or a folder of such.")
    ],
) -> None:
    """Install weights from ZIP files or folders, for machines without a way to the internet."""
    from heimdallr.segmentation.networks import installation  # noqa: PLC0415

    settings = load_settings()
    for source in sources:
        for dataset in installation.install(source, settings.weights_folder):
            typer.echo(dataset)
            for task in tasks.tasks_of_collections():
                if task.collection and task.models[0].dataset == dataset:
                    made = task.collection
                    typer.echo(f"  {made.name}, {made.licence}, {made.home}; cite {made.credit}")


@app.command()
def verify(
    names: Annotated[
        list[str] | None, typer.Argument(help="Task names; none: every task with weights.")
    ] = None,
) -> None:
    """Check that weights are whole: checksums, loadable, fitting their plans. Exit 1 if not."""
    from heimdallr.segmentation.networks import installation  # noqa: PLC0415

    store = open_store(load_settings())
    wanted = names or [entry.task for entry in store.overview() if entry.weights]
    table = Table(box=None, pad_edge=False)
    for column in ("task", "dataset", "origin", "state"):
        table.add_column(column, overflow="fold")
    whole = True
    for name in wanted:
        for weights in store.locate(tasks.task(name)):
            try:
                found = installation.verify(weights)
                state = f"ok, {found.parameters:,} parameters"
                state += "" if found.recorded else "; no checksum was recorded to compare with"
            except WeightsError as error:
                whole, state = False, str(error)
            table.add_row(name, weights.dataset, weights.origin, state)
    Console().print(table)
    if not whole:
        raise typer.Exit(1)
