"""`heimdallr destination`: where results go, and by which rules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, get_args

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from heimdallr.cli.administration import day, login, opened_database, record
from heimdallr.clock import utc_now
from heimdallr.config import load_settings
from heimdallr.delivery import directory
from heimdallr.delivery.destinations import PEER, Peer
from heimdallr.delivery.directory import DestinationFacts, RuleFacts, kinds_of
from heimdallr.delivery.kinds import KINDS, TAKEN, Kind
from heimdallr.delivery.rules import Conditions
from heimdallr.domain.errors import DestinationError
from heimdallr.domain.patient_class import PatientClass
from heimdallr.domain.statements import LANGUAGES, Language
from heimdallr.store.delivery_tables import Destination, When
from heimdallr.store.reading.deliveries import figures

app = typer.Typer(help="Say where results go, and try it.", no_args_is_help=True)
rule_app = typer.Typer(help="Say which results go by themselves.", no_args_is_help=True)
app.add_typer(rule_app, name="rule")

_Name = Annotated[str, typer.Argument(help="Name of the destination.")]
_Objects = Annotated[
    list[str] | None,
    typer.Option("--object", help=f"What it gets: {', '.join(KINDS)}; repeatable."),
]


@app.command()
def add(
    name: _Name,
    kind: Annotated[str, typer.Argument(help=f"What it is: {', '.join(TAKEN)}.")],
    *,
    where: Annotated[
        list[str],
        typer.Option(
            "--set",
            help="How it is reached, as KEY=VALUE, repeatable: ae_title, host, port, tls, "
            "commitment, segmentation …; url, user; path.",
        ),
    ],
    objects: _Objects = None,
    language: Annotated[str, typer.Option(help="Of the words in what is sent: en or pt.")] = "en",
    secret_file: Annotated[
        Path | None, typer.Option(help="File with its password, token or key.")
    ] = None,
    ask: Annotated[bool, typer.Option("--ask", help="Ask for the secret.")] = False,
) -> None:
    """Add a destination."""
    facts = DestinationFacts(name, _peer(kind, where), _language(language), _kinds(objects))
    secret = _secret(secret_file, ask=ask)
    with opened_database() as database:
        with database.write() as session:
            row = directory.add_destination(session, facts, secret, utc_now(), _who())
            trail = f"destination:{row.name}"
        record(database, "destination.create", trail, kind)
    typer.echo(f"{name} is added; try it with: heimdallr destination test {name}")


@app.command("list")
def show(*, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Every destination, what it gets, and what waits for it; never a secret."""
    now = utc_now()
    with opened_database() as database, database.read() as session:
        found = figures(session, now, now)
        secrets = {
            one.destination.id: directory.has_secret(session, one.destination) for one in found
        }
    if as_json:
        rows = [
            {
                "name": one.destination.name,
                "kind": one.destination.kind,
                "peer": one.destination.peer,
                "secret": secrets[one.destination.id],
                "objects": list(directory.usual(one.destination)),
                "enabled": one.destination.enabled,
                "waiting": one.waiting,
                "last_sent_at": one.last_sent_at and one.last_sent_at.isoformat(),
            }
            for one in found
        ]
        typer.echo(json.dumps(rows))
        return
    table = Table(box=None, pad_edge=False)
    for column in ("name", "kind", "gets", "waiting", "last sent", "enabled"):
        table.add_column(column, overflow="fold")
    for one in found:
        table.add_row(
            one.destination.name,
            one.destination.kind,
            " ".join(directory.usual(one.destination)),
            str(one.waiting),
            day(one.last_sent_at),
            "yes" if one.destination.enabled else "no",
        )
    Console().print(table)


@app.command()
def test(name: _Name) -> None:
    """Try a destination without leaving anything there; exit code 1 when something fails."""
    from heimdallr.delivery import peers  # noqa: PLC0415 - commands start quickly

    with opened_database() as database:
        with database.write() as session:
            row = directory.destination_named(session, name)
            peer, secret = directory.peer_of(row), directory.secret_of(session, row)
        record(database, "destination.test", f"destination:{row.name}")
    checks = peers.senders(load_settings())(peer, secret).test()
    for check in checks:
        mark = {True: "ok", False: "problem", None: "open"}[check.ok]
        typer.echo(f"{mark:<8} {check.name}: {check.told.text}")
    if any(check.ok is False for check in checks):
        raise typer.Exit(1)


@app.command()
def remove(name: _Name) -> None:
    """Remove a destination with its rules; what waits for it is called off."""
    with opened_database() as database:
        with database.write() as session:
            row = directory.destination_named(session, name)
            trail = f"destination:{row.name}"
            count = directory.remove_destination(session, row, utc_now())
        record(database, "destination.remove", trail, f"{count} objects called off")
    typer.echo(f"{name} is removed; {count} objects that waited are called off")


@app.command()
def enable(name: _Name) -> None:
    """Send to it again."""
    _switch(name, on=True)


@app.command()
def disable(name: _Name) -> None:
    """Send nothing to it for now; what it is to get waits."""
    _switch(name, on=False)


@rule_app.command("add")
def add_rule(
    name: Annotated[str, typer.Argument(help="Name of the rule.")],
    destination: Annotated[str, typer.Argument(help="Name of the destination.")],
    *,
    when: Annotated[When, typer.Option(help="What makes it look at a study.")] = When.RESULTS,
    ae: Annotated[list[str] | None, typer.Option(help="AE title that sent the images.")] = None,
    modality: Annotated[list[str] | None, typer.Option(help="CT or MR.")] = None,
    region: Annotated[list[str] | None, typer.Option(help="Body region that is covered.")] = None,
    finding: Annotated[list[str] | None, typer.Option(help="Code of a finding.")] = None,
    severity: Annotated[
        str | None, typer.Option(help="Least severity: note, significant, critical.")
    ] = None,
    patient_class: Annotated[
        list[str] | None,
        typer.Option(help=f"Class of the patient: {', '.join(get_args(PatientClass))}."),
    ] = None,
    objects: _Objects = None,
    position: Annotated[int, typer.Option(min=0, help="The order rules are asked in.")] = 0,
) -> None:
    """Send by itself what fits; all conditions must hold, of several values one."""
    with _named("the rule"):
        conditions = Conditions.model_validate(
            {
                "calling_aes": ae or (),
                "modalities": modality or (),
                "body_regions": region or (),
                "findings": finding or (),
                "least_severity": severity,
                "patient_classes": patient_class or (),
            }
        )
    facts = RuleFacts(name, destination, when, conditions, _kinds(objects), position)
    with opened_database() as database:
        with database.write() as session:
            directory.write_rule(session, None, facts, utc_now(), _who())
        record(database, "delivery_rule.create", f"delivery_rule:{name}")
    typer.echo(f"rule {name} is in force for what happens from now on")


@rule_app.command("list")
def show_rules(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """Every rule, in the order they are asked."""
    with opened_database() as database, database.read() as session:
        rows = [
            {
                "name": rule.name,
                "destination": destination,
                "when": rule.when.value,
                "conditions": {key: value for key, value in dict(rule.conditions).items() if value},
                "objects": list(rule.objects),
                "enabled": rule.enabled,
            }
            for rule, destination in directory.rules(session)
        ]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        asked = json.dumps(row["conditions"]) if row["conditions"] else "everything"
        typer.echo(f"{row['name']}: {row['when']} → {row['destination']}: {asked}")


@rule_app.command("remove")
def remove_rule(name: Annotated[str, typer.Argument(help="Name of the rule.")]) -> None:
    """Remove a rule; what is owed already stays owed."""
    with opened_database() as database:
        with database.write() as session:
            session.delete(directory.rule_named(session, name))
        record(database, "delivery_rule.remove", f"delivery_rule:{name}")
    typer.echo(f"rule {name} is removed")


def _switch(name: str, *, on: bool) -> None:
    with opened_database() as database:
        with database.write() as session:
            row: Destination = directory.destination_named(session, name)
            row.enabled, row.changed_at, row.changed_by = on, utc_now(), _who()
        record(database, "destination.change", f"destination:{row.name}", "on" if on else "off")
    typer.echo(f"{name} is {'on' if on else 'off'}")


def _peer(kind: str, where: list[str]) -> Peer:
    """What was typed as a peer.

    Raises:
        DestinationError: it is none; says which key is wrong, never its value.
    """
    said = dict(one.partition("=")[::2] for one in where)
    with _named("the destination"):
        return PEER.validate_python({**said, "kind": kind})


@contextmanager
def _named(what: str) -> Iterator[None]:
    """One clear line for what does not fit."""
    try:
        yield
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        key = next((one for one in reversed(first["loc"]) if isinstance(one, str)), "kind")
        msg = f"{what} cannot be so: {key}: {first['msg']}"
        raise DestinationError(msg, remedy="see docs/delivery.md") from None


def _kinds(words: list[str] | None) -> tuple[Kind, ...]:
    with _named("what it gets"):
        return kinds_of(words or [])


def _language(word: str) -> Language:
    for language in LANGUAGES:
        if word == language:
            return language
    msg = f"the language is one of: {', '.join(LANGUAGES)}"
    raise DestinationError(msg)


def _secret(file: Path | None, *, ask: bool) -> str:
    if ask:
        return str(typer.prompt("secret", hide_input=True, default="", show_default=False))
    if file is None:
        return ""
    try:
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        msg = "the file of the secret cannot be read"
        raise DestinationError(msg) from None


def _who() -> str:
    return f"shell:{login()}"
