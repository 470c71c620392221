"""`heimdallr rules`: what makes a finding, here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from heimdallr.analyses.rules.rule_table import read_rules, unit_of
from heimdallr.config import load_settings
from heimdallr.domain.errors import RulesError
from heimdallr.workflow.department_rules import department_rules


def rules(
    file: Annotated[
        Path | None,
        typer.Argument(help="A file of changes to try; without: the one that is in force."),
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the rules of findings with this department's changes, or try a file of changes."""
    if file is not None and not file.is_file():
        msg = f"{file} is not there"
        raise RulesError(msg, remedy="name a file in the form of docs/rules.md")
    table = department_rules(load_settings()) if file is None else read_rules(file)
    if as_json:
        made = [rule.model_dump(mode="json", exclude_defaults=True) for rule in table.rules]
        typer.echo(json.dumps({"rules": made, "changed": table.changed}))
        return
    shown = Table(box=None, pad_edge=False)
    for column in ("rule", "when", "severity", "whose"):
        shown.add_column(column, overflow="fold")
    for rule in table.rules:
        whose = "department" if rule.code in table.changed else "package"
        if not rule.enabled:
            shown.add_row(rule.code, "not asked", "", whose)
            continue
        for place, limit in enumerate(rule.limits):
            when = limit.in_words(unit_of(limit))
            shown.add_row("" if place else rule.code, when, limit.severity.value, whose)
    Console().print(shown)
