"""`heimdallr user`: add, list, change and shut out people who sign in.

Passwords come from a prompt or from standard input, never from the command line, where every
user of the machine could read them.
"""

from __future__ import annotations

import getpass
import json
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from heimdallr.cli.administration import day, opened_database, record
from heimdallr.clock import utc_now
from heimdallr.domain.errors import AccountError
from heimdallr.store.models import Role
from heimdallr.store.people import accounts, passwords

app = typer.Typer(help="Add, list and change users.", no_args_is_help=True)
_Name = Annotated[str, typer.Argument(help="Name of the user.")]
_Ask = Annotated[
    bool,
    typer.Option("--ask", help="Ask for the password, or read a line of it from a pipe."),
]


@app.command()
def add(
    name: _Name,
    *,
    role: Annotated[Role, typer.Option(help="What they may do.")] = Role.VIEWER,
    ask: _Ask = False,
) -> None:
    """Add a user; prints a one-time password unless --ask."""
    password = _asked() if ask else passwords.one_time()
    with opened_database() as database:
        account = accounts.add_user(
            database, name, role, password, utc_now(), must_change_password=not ask
        )
        record(database, "user.create", f"user:{account.name}", f"role {role.value}")
    _tell(account.name, None if ask else password)


@app.command("list")
def show(*, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Every user, those who are shut out too."""
    with opened_database() as database, database.read() as session:
        everybody = accounts.accounts(session)
    if as_json:
        rows = [
            {
                "name": one.name,
                "role": one.role.value,
                "disabled": one.disabled,
                "must_change_password": one.must_change_password,
                "one_time_until": one.one_time_until and one.one_time_until.isoformat(),
                "created_at": one.created_at.isoformat(),
                "last_login_at": one.last_login_at and one.last_login_at.isoformat(),
            }
            for one in everybody
        ]
        typer.echo(json.dumps(rows))
        return
    table = Table(box=None, pad_edge=False)
    for column in ("name", "role", "state", "last sign-in"):
        table.add_column(column, overflow="fold")
    for one in everybody:
        until = one.one_time_until and f"one-time password until {day(one.one_time_until)}"
        state = "disabled" if one.disabled else until or ""
        table.add_row(one.name, one.role.value, state, day(one.last_login_at))
    Console().print(table)


@app.command()
def role(name: _Name, role: Annotated[Role, typer.Argument(help="The new role.")]) -> None:
    """Give a user another role; it counts at once."""
    with opened_database() as database:
        with database.write() as session:
            account = accounts.set_role(session, name, role)
        record(database, "user.change", f"user:{account.name}", f"role {role.value}")
    typer.echo(f"{account.name} is {role.value} now")


@app.command()
def password(name: _Name, *, ask: _Ask = False) -> None:
    """Give a user a new password, one-time unless --ask; their sessions end."""
    new = _asked() if ask else passwords.one_time()
    with opened_database() as database:
        accounts.set_password(database, name, new, utc_now(), must_change_password=not ask)
        record(database, "user.password", f"user:{accounts.folded(name)}")
    _tell(accounts.folded(name), None if ask else new)


@app.command()
def disable(name: _Name) -> None:
    """Shut a user out at once; `enable` lets them in again."""
    _set_disabled(name, disabled=True)


@app.command()
def enable(name: _Name) -> None:
    """Let a user in again who was shut out."""
    _set_disabled(name, disabled=False)


def _set_disabled(name: str, *, disabled: bool) -> None:
    done = "shut out" if disabled else "let in"
    with opened_database() as database:
        with database.write() as session:
            account = accounts.set_disabled(session, name, disabled=disabled)
        record(database, "user.change", f"user:{account.name}", done)
    typer.echo(f"{account.name} is {done}")


def _tell(name: str, one_time: str | None) -> None:
    """The password alone on standard output, so that a script can take it."""
    if one_time is None:
        typer.echo(f"{name} can sign in", err=True)
        return
    days = f"within {passwords.ONE_TIME_FOR.days} days"
    typer.echo(f"{name} signs in with this password once, {days}, and changes it then:", err=True)
    typer.echo(one_time)


def _asked() -> str:
    """A password from whoever types, twice; or the first line of a pipe.

    Raises:
        AccountError: the two differ, or nothing came.
    """
    if not sys.stdin.isatty():
        typed = again = sys.stdin.readline().rstrip("\r\n")
    else:
        typed, again = getpass.getpass("Password: "), getpass.getpass("Once more: ")
    if typed != again or not typed:
        msg = "no password was given, or the two differ"
        raise AccountError(msg)
    return typed
