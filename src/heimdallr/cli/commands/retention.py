"""`heimdallr retention`: delete what is older than its retention, or say what that would be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from heimdallr.cli.administration import opened_database, record
from heimdallr.clock import utc_now
from heimdallr.config import Settings, load_settings
from heimdallr.store.layout import data_folders
from heimdallr.store.upkeep.retention import Swept, planned, sweep
from heimdallr.store.upkeep.retention_plan import Part, policy_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heimdallr.store.upkeep.retention_plan import Removal


def retention(
    *,
    dry_run: Annotated[bool, typer.Option(help="Say what would go; touch nothing.")] = False,
    believe_clock: Annotated[
        bool, typer.Option("--believe-clock", help="Remove by age though the clock seems wrong.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Remove what HEIMDALLR_KEEP_… says; a worker does the same once an hour.

    A dry run lists all that is over its period; one run removes HEIMDALLR_KEEP_SWEEP_PERCENT of
    the studies by age at most. Exit code 1 when something that was to go is still there.
    """
    settings = load_settings()
    data_folders(settings).create()
    with opened_database() as database:
        if dry_run:
            would = planned(
                settings, database, utc_now(), believe_clock=believe_clock, at_once=True
            )
            swept = Swept(would.removals, doubt=would.doubt)
        else:
            swept = sweep(settings, database, utc_now(), believe_clock=believe_clock)
            believed = ", the clock vouched for" if believe_clock else ""
            record(database, "retention.sweep", "studies", _total(swept.removals) + believed)
    removals, kept_back = swept.removals, swept.kept_back
    if as_json:
        rows = {"removals": _rows(removals), "kept_back": _rows(kept_back)}
        typer.echo(json.dumps({**rows, "more": swept.more, "doubt": swept.doubt}))
    else:
        if swept.doubt:
            typer.echo(f"warning: {swept.doubt}", err=True)
        _print(settings, removals, "would go" if dry_run else "gone")
        if kept_back:
            _print(settings, kept_back, "still there")
        if swept.more:
            typer.echo("more is over its period; it goes with later runs")
    if kept_back:
        raise typer.Exit(1)


def _rows(removals: Iterable[Removal]) -> list[dict[str, str | int | None]]:
    return [
        {
            "study_id": one.study_id,
            "case_id": one.case_id,
            "part": one.part.value,
            "bytes": one.size_bytes,
            "since": one.since.isoformat(),
            "reason": one.reason,
        }
        for one in removals
    ]


def _print(settings: Settings, removals: tuple[Removal, ...], heading: str) -> None:
    if policy_of(settings).removes_nothing:
        typer.echo("nothing is ever removed: no HEIMDALLR_KEEP_… setting is set")
        return
    if removals:
        table = Table(box=None, pad_edge=False)
        for column in ("case", "part", "MB", "since", "because of"):
            table.add_column(column, justify="right" if column == "MB" else "left")
        for one in removals:
            table.add_row(
                one.case_id or f"study {one.study_id}",
                one.part.value,
                f"{one.size_bytes / 1e6:.1f}",
                f"{one.since.astimezone():%Y-%m-%d}",
                one.reason,
            )
        Console().print(table)
    typer.echo(f"{heading}: {_total(removals)}")


def _total(removals: Iterable[Removal]) -> str:
    removals = tuple(removals)
    studies = len({one.study_id for one in removals})
    size = sum(one.size_bytes for one in removals) / 1e6
    parts = ", ".join(
        f"{count} × {part.value}"
        for part in Part
        if (count := sum(one.part is part for one in removals))
    )
    return f"{size:.1f} MB of {studies} studies" + (f" ({parts})" if parts else "")
