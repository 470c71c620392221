"""`heimdallr config`: every setting, its value, where it came from."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from heimdallr.config import describe, load_settings, unknown_names


def config(*, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show every setting, its value and where it came from; secrets stay hidden."""
    rows = describe(load_settings())
    unknown = unknown_names()
    if as_json:
        typer.echo(json.dumps({"settings": [asdict(row) for row in rows], "unknown": unknown}))
        return
    table = Table(box=None, pad_edge=False)
    for column in ("setting", "value", "from", "meaning"):
        table.add_column(column, overflow="fold")
    for row in rows:
        style = "bold" if row.source == "environment" else None
        table.add_row(row.name, row.value, row.source, row.description, style=style)
    console = Console()
    console.print(table)
    for name, meant in unknown.items():
        hint = f"; did you mean {meant}?" if meant else ""
        console.print(f"warning: {name} is set, but no setting has that name{hint}", markup=False)
