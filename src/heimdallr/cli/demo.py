"""`heimdallr demo`: synthetic patients through the whole pipeline, measured against the truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from heimdallr.cli.phantom import DEMO_SEED
from heimdallr.config import load_settings

if TYPE_CHECKING:
    from heimdallr.cli.comparison import Comparison
    from heimdallr.phantom.studies import WrittenStudy
    from heimdallr.workflow.process import CaseOutcome

_MARKS = {True: "[green]ok[/]", False: "[red]outside[/]"}


def demo(
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to work in.")] = Path(
        "demo"
    ),
    seed: Annotated[int, typer.Option(min=0, help="Which synthetic patients.")] = DEMO_SEED,
) -> None:
    """Make three synthetic studies, process them, compare with what is known to be true.

    Exit code 1 when a study does not become a case or a value is outside its tolerance.
    """
    from heimdallr.phantom.studies import write_demo_studies  # noqa: PLC0415
    from heimdallr.workflow.process import process_paths  # noqa: PLC0415

    settings = load_settings()
    console = Console()
    studies_folder, cases_folder = output / "studies", output / "cases"
    with console.status("making synthetic patients") as status:
        studies_folder.mkdir(parents=True, exist_ok=True)
        studies = write_demo_studies(studies_folder, seed, status.update)
        sources = [study.dicom for study in studies]

        def report(case_id: str, stage: str, share: float) -> None:
            status.update(f"{case_id} {stage} {share:.0%}")

        outcomes = list(process_paths(sources, cases_folder, settings, report))
    verdicts = [_show(console, *pair) for pair in zip(studies, outcomes, strict=True)]
    if not all(verdicts):
        console.print("[red]a study failed or a value is outside its tolerance[/]")
        raise typer.Exit(1)
    console.print(f"Case folders: {cases_folder}")


def _show(console: Console, study: WrittenStudy, outcome: CaseOutcome) -> bool:
    """Print one study's table; whether everything in it is as it should be."""
    from heimdallr.cli.comparison import compare  # noqa: PLC0415

    console.rule(f"{study.kind}: {outcome.case_id}", align="left")
    if outcome.folder is None:
        console.print(f"{outcome.state}: {outcome.error}", markup=False)
        return False
    rows = compare(outcome.folder, study.truth)
    console.print(_table(rows))
    for finding in outcome.findings:
        console.print(f"finding ({finding.severity.value}): {finding.title}", markup=False)
    for notice in outcome.notices:
        console.print(f"notice: {notice}", markup=False)
    return all(row.within for row in rows)


def _table(rows: list[Comparison]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("what", no_wrap=True)
    for column in ("measured", "true", "tolerance"):
        table.add_column(column, justify="right", overflow="fold")
    table.add_column("")
    for row in rows:
        table.add_row(row.what, row.measured, row.true, row.tolerance, _MARKS[row.within])
    return table
