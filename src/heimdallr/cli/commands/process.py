"""`heimdallr process`: studies in, case folders out, without any service."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from heimdallr.config import load_settings
from heimdallr.domain.study import Modality

if TYPE_CHECKING:
    from collections.abc import Callable

    from heimdallr.config import Settings
    from heimdallr.domain.study import Selection
    from heimdallr.workflow.process import CaseOutcome

_STATES = {"done": "[green]done[/]", "refused": "[yellow]refused[/]", "failed": "[red]failed[/]"}


def process(
    paths: Annotated[
        list[Path],
        typer.Argument(help="Folders, ZIP files, DICOM or NIfTI files.", metavar="PATH…"),
    ],
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Folder of case folders; default: output/ of the data folder."
        ),
    ] = None,
    modality: Annotated[Modality | None, typer.Option(help="Modality of a NIfTI file.")] = None,
    explain: Annotated[
        bool, typer.Option(help="Only say which series would be chosen, and why.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Prepare, segment, measure and publish every study found in the paths.

    Exit code 0: every study became a case folder; 1: at least one was refused or failed;
    2: nothing was done because the command line or a setting is wrong.
    """
    from heimdallr.workflow.process import explain_selection, process_paths  # noqa: PLC0415

    settings = load_settings()
    for path in paths:
        if not path.exists():
            message = f"{path} does not exist"
            raise typer.BadParameter(message)
    console = Console(stderr=True)
    if explain:
        for case_id, selection in explain_selection(paths, settings):
            _print_selection(case_id, selection)
        return
    with Progress(
        TextColumn("{task.fields[case]}"),
        BarColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=console,
        disable=as_json,
    ) as bar:
        task = bar.add_task("reading", total=1.0, case="")

        def report(case_id: str, stage: str, fraction: float) -> None:
            bar.update(task, description=stage, completed=fraction, case=case_id)

        folder = output or settings.data_dir / "output"
        known = _known(settings, folder)
        outcomes = list(
            process_paths(paths, folder, settings, report, modality=modality, known=known)
        )
    if as_json:
        typer.echo(json.dumps([outcome.as_json() for outcome in outcomes], indent=2))
    else:
        _print_outcomes(outcomes)
    if not outcomes or any(outcome.state != "done" for outcome in outcomes):
        raise typer.Exit(1)


def _known(settings: Settings, output: Path) -> Callable[[str], bool]:
    """Whether the services know a study by its UID, where this is their folder of results."""
    from heimdallr.store.layout import data_folders  # noqa: PLC0415

    if output.resolve() != data_folders(settings).output.resolve():
        return lambda _uid: False
    from sqlalchemy import select  # noqa: PLC0415

    from heimdallr.store.database import open_database  # noqa: PLC0415
    from heimdallr.store.migrate import check  # noqa: PLC0415
    from heimdallr.store.models import Study  # noqa: PLC0415

    database = open_database(settings)
    file = database.url.database if database.is_sqlite else None
    has_tables = (file is None or Path(file).exists()) and check(database).current is not None

    def is_known(uid: str) -> bool:
        if not has_tables:
            return False
        with database.read() as session:
            same = select(Study.id).where(Study.study_instance_uid == uid).limit(1)
            return session.scalar(same) is not None

    return is_known


def _print_outcomes(outcomes: list[CaseOutcome]) -> None:
    table = Table(box=None, pad_edge=False)
    for column in ("case", "state", "time", "what"):
        table.add_column(column, overflow="fold")
    for outcome in outcomes:
        what = str(outcome.folder) if outcome.folder else outcome.error
        if outcome.findings:
            what += "\n" + "\n".join(
                f"{finding.severity.value}: {finding.title}" for finding in outcome.findings
            )
        what += "".join(f"\nnotice: {notice}" for notice in outcome.notices)
        if outcome.skipped:
            counts = (f"{count} × {reason}" for reason, count in outcome.skipped.items())
            what += f"\npassed over: {', '.join(counts)}"
        total = sum(outcome.seconds.values())
        table.add_row(outcome.case_id, _STATES[outcome.state], f"{total:.1f} s", what)
    Console().print(table)
    if not outcomes:
        Console(stderr=True).print("no study was found")


def _print_selection(case_id: str, selection: Selection) -> None:
    table = Table(title=case_id, title_justify="left", box=None, pad_edge=False)
    for column in ("rank", "series", "description", "images", "reasons"):
        table.add_column(column, overflow="fold")
    for verdict in selection.verdicts:
        table.add_row(
            "–" if verdict.rank is None else str(verdict.rank),
            "" if verdict.series.number is None else str(verdict.series.number),
            verdict.series.description,
            str(verdict.series.instances),
            "; ".join(one.text for one in verdict.reasons),
        )
    Console().print(table)
