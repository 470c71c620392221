"""`heimdallr demo`: send synthetic patients through the whole system, compare with the truth."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from heimdallr.cli.commands.phantom import DEMO_SEED
from heimdallr.config import load_settings

if TYPE_CHECKING:
    from rich.status import Status

    from heimdallr.cli.demonstration.archive import Arrival, DemoArchive
    from heimdallr.cli.demonstration.comparison import Comparison
    from heimdallr.cli.demonstration.system import DemoSystem
    from heimdallr.cli.uploading.following import StudyNow
    from heimdallr.phantom.studies import WrittenStudy

Tell = Callable[[str], None]
"""Is told, in words, what is being done."""

_MARKS = {True: "[green]ok[/]", False: "[red]outside[/]"}
_ARRIVAL_S = 120.0
"""Time for the objects of a study to be made, sent and committed."""
_UPLOADED = "abdomen_mr"
"""The study that comes over HTTP; the others come over DICOM."""


def demo(
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to work in.")] = Path(
        "demo"
    ),
    seed: Annotated[int, typer.Option(min=0, help="Which synthetic patients.")] = DEMO_SEED,
    limit: Annotated[
        float, typer.Option(min=1, help="Seconds the studies may take altogether.")
    ] = 600.0,
    serve: Annotated[
        bool | None,
        typer.Option(
            "--serve/--no-serve",
            help="Go on serving the dashboard until Ctrl-C; default: on a terminal.",
        ),
    ] = None,
) -> None:
    """Start the whole system, send it three synthetic studies, compare with what is true.

    Two studies come over DICOM, one by `heimdallr upload`; the results are read from the API.
    Where Orthanc is installed they are also sent to one that is started for the demo, and it is
    asked what it holds. Exit code 1 when a study does not become a case, a value is outside its
    tolerance or an object does not arrive.
    """
    from heimdallr.cli.demonstration.archive import running_archive  # noqa: PLC0415
    from heimdallr.cli.demonstration.system import USER, running_system  # noqa: PLC0415

    settings = load_settings()
    console = Console()
    (output / "studies").mkdir(parents=True, exist_ok=True)
    with console.status("starting") as status, ThreadPoolExecutor(1) as aside:
        tell = _teller(console, status)
        # The patients are made while the system starts; neither needs the other.
        making = aside.submit(_make, output / "studies", seed)
        tell("making synthetic patients, starting the system")
        with (
            running_system(output / "data", settings) as system,
            running_archive(output / "archive", system) as archive,
        ):
            if archive is not None:
                archive.connect(system)
            studies = making.result()
            ends = _run(system, studies, tell, limit)
            status.stop()
            verdicts = [_show(console, system, study, ends) for study in studies]
            if not all(verdicts):
                console.print("[red]a study failed or a value is outside its tolerance[/]")
            verdicts.append(_show_arrivals(console, system, archive, ends))
            console.print(f"Dashboard: {system.url}", highlight=False)
            if sys.stdout.isatty() if serve is None else serve:
                console.print(f"Sign in as {USER}, password {system.password}", highlight=False)
                if archive is not None:
                    told = f"Archive: {archive.url}, user {USER}, password {archive.password}"
                    console.print(told, highlight=False)
                console.print("Ctrl-C ends it.")
                _until_interrupted()
    console.print(f"Case folders: {output / 'data' / 'output'}", highlight=False, soft_wrap=True)
    if not all(verdicts):
        raise typer.Exit(1)


def _make(folder: Path, seed: int) -> list[WrittenStudy]:
    from heimdallr.phantom.studies import write_demo_studies  # noqa: PLC0415

    return write_demo_studies(folder, seed)


def _teller(console: Console, status: Status) -> Tell:
    """A status line on a terminal, lines elsewhere; nothing is told twice in a row."""
    if console.is_terminal:
        return status.update
    last = ""

    def tell(text: str) -> None:
        nonlocal last
        if text != last:
            console.print(text, markup=False, highlight=False, soft_wrap=True)
        last = text

    return tell


def _run(
    system: DemoSystem, studies: list[WrittenStudy], tell: Tell, limit: float
) -> dict[str, StudyNow]:
    """Send every study, wait for its end: StudyInstanceUID → what became of it."""
    for study in studies:
        if study.kind == _UPLOADED:
            tell(f"{study.kind}: uploading")
            system.upload(study.dicom)
        else:
            tell(f"{study.kind}: sending over DICOM")
            system.send(study.dicom)

    def report(seen: dict[str, StudyNow]) -> None:
        tell(" · ".join(f"{one.case_id or one.id} {one.state}" for one in seen.values()))

    return system.follow_all(len(studies), report, limit)


def _show(
    console: Console, system: DemoSystem, study: WrittenStudy, ends: dict[str, StudyNow]
) -> bool:
    """Print one study's table; whether everything in it is as it should be."""
    from heimdallr.cli.demonstration.comparison import Truth, compare_records  # noqa: PLC0415

    truth = Truth.model_validate_json(study.truth.read_bytes())
    end = ends.get(truth.study_instance_uid)
    name = end.case_id if end and end.case_id else "not received"
    console.rule(f"{study.kind}: {name}", align="left")
    if end is None or end.state != "done":
        console.print(f"{end.state}: {end.error}" if end else "not received", markup=False)
        return False
    results, identity = system.records(end.id)
    rows = compare_records(results, identity, study.truth)
    console.print(_table(rows))
    for finding in results.findings:
        console.print(f"finding ({finding.severity}): {finding.title}", markup=False)
    for notice in results.notices:
        console.print(f"notice: {notice}", markup=False)
    return all(row.within for row in rows)


def _show_arrivals(
    console: Console,
    system: DemoSystem,
    archive: DemoArchive | None,
    ends: dict[str, StudyNow],
) -> bool:
    """Print what the archive holds of every study; whether that is everything."""
    from heimdallr.cli.demonstration.archive import INSTALL  # noqa: PLC0415

    if archive is None:
        console.rule("results in the archive", align="left")
        console.print(f"no archive: Orthanc is not installed ({INSTALL})", highlight=False)
        return True
    all_well = True
    for end in ends.values():
        if end.state != "done":
            continue
        console.rule(f"{end.case_id}: in the archive", align="left")
        arrivals = archive.arrivals(system, end.id, _ARRIVAL_S)
        all_well &= bool(arrivals) and all(one.is_well for one in arrivals)
        console.print(_arrivals_table(arrivals))
    if not all_well:
        console.print(f"[red]not everything has arrived[/]: see {archive.log}", highlight=False)
    return all_well


def _arrivals_table(arrivals: Sequence[Arrival]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("object", "archive", "state"):
        table.add_column(column, no_wrap=True)
    table.add_column("SOP instance UID, or why there is none", overflow="fold")
    table.add_column("")
    for one in arrivals:
        said = one.delivery
        table.add_row(
            said.kind,
            "has it" if one.is_there else "",
            said.state.replace("_", " "),
            escape(said.reason_text or said.sop_instance_uid),
            _MARKS[True] if one.is_well else "[red]missing[/]",
        )
    return table


def _table(rows: list[Comparison]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("what", no_wrap=True)
    for column in ("measured", "true", "tolerance"):
        table.add_column(column, justify="right", overflow="fold")
    table.add_column("")
    for row in rows:
        table.add_row(row.what, row.measured, row.true, row.tolerance, _MARKS[row.within])
    return table


def _until_interrupted() -> None:
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        return
