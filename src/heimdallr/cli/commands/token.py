"""`heimdallr token`: make, list and revoke the keys of programs that use the API."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from heimdallr.cli.administration import day, login, opened_database, record
from heimdallr.clock import utc_now
from heimdallr.store.people import tokens

app = typer.Typer(help="Create, list and revoke API tokens.", no_args_is_help=True)
_Name = Annotated[str, typer.Argument(help="Name of the token: which program holds it.")]


@app.command()
def create(
    name: _Name,
    *,
    scope: Annotated[
        list[str], typer.Option(help=f"What it may do: {', '.join(tokens.SCOPES)}; repeatable.")
    ],
    days: Annotated[
        float | None, typer.Option(min=0.001, max=3660, help="Valid for so long; else for ever.")
    ] = None,
) -> None:
    """Make a token and print it, this once."""
    with opened_database() as database:
        secret, token = tokens.create_token(
            database,
            name,
            scope,
            utc_now(),
            created_by=f"shell:{login()}",
            lasts=None if days is None else timedelta(days=days),
        )
        scopes = " ".join(sorted(token.scopes))
        record(database, "token.create", f"token:{token.name}", f"scopes {scopes}")
    typer.echo("this is shown once; send it as `Authorization: Bearer …`", err=True)
    typer.echo(secret)


@app.command("list")
def show(*, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Every token, those that no longer work too; never their secrets."""
    with opened_database() as database, database.read() as session:
        everyone = tokens.tokens(session)
    if as_json:
        rows = [
            {
                "name": token.name,
                "scopes": sorted(token.scopes),
                "state": token.state(utc_now()),
                "created_by": token.created_by,
                "created_at": token.created_at.isoformat(),
                "expires_at": token.expires_at and token.expires_at.isoformat(),
                "last_used_at": token.last_used_at and token.last_used_at.isoformat(),
                "revoked_at": token.revoked_at and token.revoked_at.isoformat(),
            }
            for token in everyone
        ]
        typer.echo(json.dumps(rows))
        return
    table = Table(box=None, pad_edge=False)
    for column in ("name", "scopes", "state", "expires", "last used", "made by"):
        table.add_column(column, overflow="fold")
    for token in everyone:
        state = token.state(utc_now())
        table.add_row(
            token.name,
            " ".join(sorted(token.scopes)),
            "made in the future" if state == "future" else state,
            day(token.expires_at),
            day(token.last_used_at),
            token.created_by,
        )
    Console().print(table)


@app.command()
def revoke(name: _Name) -> None:
    """Make a token worthless, at once and for good."""
    with opened_database() as database:
        with database.write() as session:
            token = tokens.revoke_token(session, name, utc_now())
        record(database, "token.revoke", f"token:{token.name}")
    typer.echo(f"{token.name} is revoked")
