"""The destinations and rules there are: found, added, changed, removed.

Secrets go in here and come out for whoever sends, nowhere else. Every function works in the
caller's transaction, and ``who`` is kept with what they changed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import SecretStr, TypeAdapter
from sqlalchemy import func, select, update

from heimdallr.analyses.body_regions import CT_REGIONS
from heimdallr.analyses.rules.rule_table import CODE
from heimdallr.delivery.destinations import PEER
from heimdallr.delivery.kinds import USUAL, Kind, not_taken
from heimdallr.delivery.rules import Conditions, Rule
from heimdallr.domain.errors import DestinationError
from heimdallr.domain.statements import Statement
from heimdallr.store.delivery_tables import (
    DeliveryRule,
    DeliveryState,
    Destination,
    DestinationSecret,
    OutboxRow,
    When,
)
from heimdallr.store.work.owed import await_no_word, call_off

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from heimdallr.delivery.destinations import Peer
    from heimdallr.domain.statements import Language
    from heimdallr.store.database import Database

NAME = r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,62}[A-Za-z0-9]$|^[A-Za-z0-9]$"
"""Of a destination or a rule: shown in lists, logs and the audit trail, typed in commands."""

MODALITIES = ("CT", "MR")
REGIONS = tuple(region.name for region in CT_REGIONS)
"""Those of MR are among them."""

_KINDS: TypeAdapter[tuple[Kind, ...]] = TypeAdapter(tuple[Kind, ...])


@dataclass(frozen=True, slots=True)
class DestinationFacts:
    """What a person says of a destination; its secret is said apart."""

    name: str
    peer: Peer
    language: Language = "en"
    objects: tuple[Kind, ...] = ()
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """What a person says of a rule."""

    name: str
    destination: str
    when: When
    conditions: Conditions
    objects: tuple[Kind, ...] = ()
    position: int = 0
    enabled: bool = True


def destinations(session: Session) -> Sequence[Destination]:
    """All of them, by name."""
    return session.scalars(select(Destination).order_by(func.lower(Destination.name))).all()


def rules(session: Session) -> Sequence[tuple[DeliveryRule, str]]:
    """All of them with the names of their destinations, in their order."""
    query = (
        select(DeliveryRule, Destination.name)
        .join(Destination, Destination.id == DeliveryRule.destination_fk)
        .order_by(DeliveryRule.position, DeliveryRule.id)
    )
    return [(rule, name) for rule, name in session.execute(query)]


def rules_in_force(session: Session) -> list[Rule]:
    """The rules that are asked, in their order, each with what its destination gets by it."""
    query = (
        select(DeliveryRule, Destination)
        .join(Destination, Destination.id == DeliveryRule.destination_fk)
        .where(DeliveryRule.enabled.is_(True))
        .order_by(DeliveryRule.position, DeliveryRule.id)
    )
    return [
        Rule(
            name=rule.name,
            destination_id=destination.id,
            when=rule.when,
            conditions=Conditions.model_validate(rule.conditions),
            objects=kinds_of(rule.objects) or usual(destination),
        )
        for rule, destination in session.execute(query)
    ]


def destination_named(session: Session, name: str) -> Destination:
    """A destination, locked.

    Raises:
        DestinationError: there is none of this name.
    """
    query = select(Destination).where(func.lower(Destination.name) == name.lower())
    row = session.scalars(query.with_for_update()).one_or_none()
    if row is None:
        msg = (
            f"there is no destination {name}" if re.fullmatch(NAME, name) else "no such destination"
        )
        raise DestinationError(msg, remedy="see `heimdallr destination list`")
    return row


def peer_of(destination: Destination) -> Peer:
    """How it is reached."""
    return PEER.validate_python(destination.peer)


def known(database: Database, name: str) -> tuple[Peer, SecretStr | None]:
    """How a destination is reached, and its secret, for whoever asks it rather than sends.

    Raises:
        DestinationError: there is none of this name.
    """
    with database.write() as session:  # a destination is read under its lock
        row = destination_named(session, name)
        peer, secret = peer_of(row), secret_of(session, row)
    return peer, SecretStr(secret) if secret else None


def secret_of(session: Session, destination: Destination) -> str:
    """Its password, token or key, for whoever sends; empty where it has none."""
    row = session.get(DestinationSecret, destination.id, populate_existing=True)
    return row.secret if row else ""


def has_secret(session: Session, destination: Destination) -> bool:
    """Whether there is one; all that is ever told of it."""
    return bool(secret_of(session, destination))


def usual(destination: Destination) -> tuple[Kind, ...]:
    """What it gets where nobody has chosen."""
    return kinds_of(destination.objects) or USUAL[destination.kind]


def kinds_of(words: object) -> tuple[Kind, ...]:
    """A column of kinds of objects."""
    return _KINDS.validate_python(words)


def add_destination(
    session: Session, facts: DestinationFacts, secret: str, now: datetime, who: str
) -> Destination:
    """Add one.

    Raises:
        DestinationError: its name is taken or none, or it cannot be sent what it is to get.
    """
    _demand_free(session, facts.name, None)
    row = Destination(created_at=now, created_by=who)
    _write(row, facts, now, who)
    session.add(row)
    session.flush()
    set_secret(session, row, secret)
    return row


def change_destination(  # noqa: PLR0917 - what is changed, how, when and by whom
    session: Session,
    row: Destination,
    facts: DestinationFacts,
    secret: str | None,
    now: datetime,
    who: str,
) -> None:
    """Change one; what waits for it, or was refused, goes to the place it has now, as it says.

    Args:
        session: the transaction.
        row: the destination, locked.
        facts: how it is to be.
        secret: a new one; ``None``: as it is; empty: none any more.
        now: the time.
        who: changes it.

    Raises:
        DestinationError: as for adding; or another secret would have to be said, because the old
            one is not handed to another host.
    """
    _demand_free(session, facts.name, row.id)
    if secret is None and has_secret(session, row) and _host(peer_of(row)) != _host(facts.peer):
        msg = "its secret is not handed to another address"
        raise DestinationError(msg, remedy="give the secret again, or an empty one")
    is_made_otherwise = (PEER.dump_python(facts.peer, mode="json"), facts.language) != (
        row.peer,
        row.language,
    )
    _write(row, facts, now, who)
    if is_made_otherwise:
        _make_anew(session, row)
    if secret is not None:
        set_secret(session, row, secret)


def _make_anew(session: Session, destination: Destination) -> None:
    """Forget the files of what has not arrived: they were made as the destination was before."""
    has_not_arrived = OutboxRow.state.not_in((DeliveryState.SENT, DeliveryState.COMMITTED))
    mine = OutboxRow.destination_fk == destination.id
    session.execute(update(OutboxRow).where(mine, has_not_arrived).values(file=""))


def remove_destination(session: Session, row: Destination, now: datetime) -> int:
    """Remove one with its rules; what waits for it is called off, what it got stays on record.

    Returns:
        How much was called off.
    """
    mine = OutboxRow.destination_fk == row.id
    await_no_word(session, mine)
    called_off = call_off(session, mine, Statement("delivery_destination_removed"), now)
    session.delete(row)
    return called_off


def set_secret(session: Session, destination: Destination, secret: str) -> None:
    """Keep a destination's secret; an empty one is none."""
    row = session.get(DestinationSecret, destination.id)
    if not secret and row is not None:
        session.delete(row)
    elif secret and row is not None:
        row.secret = secret
    elif secret:
        session.add(DestinationSecret(destination_fk=destination.id, secret=secret))
    session.flush()


def rule_named(session: Session, name: str) -> DeliveryRule:
    """A rule, locked.

    Raises:
        DestinationError: there is none of this name.
    """
    query = select(DeliveryRule).where(func.lower(DeliveryRule.name) == name.lower())
    row = session.scalars(query.with_for_update()).one_or_none()
    if row is None:
        msg = "there is no rule of this name"
        raise DestinationError(msg, remedy="see `heimdallr destination rule list`")
    return row


def write_rule(
    session: Session, row: DeliveryRule | None, facts: RuleFacts, now: datetime, who: str
) -> DeliveryRule:
    """Add a rule, or change one.

    Raises:
        DestinationError: its name is taken or none, its destination is not there or cannot be sent
            what the rule says.
    """
    _demand_name(facts.name)
    same = select(DeliveryRule.id).where(func.lower(DeliveryRule.name) == facts.name.lower())
    if session.scalar(same) not in {None, row.id if row else None}:
        msg = f"there is a rule {facts.name} already"
        raise DestinationError(msg)
    _demand_words(facts.conditions)
    destination = destination_named(session, facts.destination)
    _demand_taken(peer_of(destination), facts.objects)
    if row is None:
        row = DeliveryRule(created_at=now, created_by=who)
        session.add(row)
    row.name, row.destination_fk, row.when = facts.name, destination.id, facts.when
    row.conditions = facts.conditions.model_dump(mode="json")
    row.objects, row.position, row.enabled = list(facts.objects), facts.position, facts.enabled
    row.changed_at, row.changed_by = now, who
    session.flush()
    return row


def _write(row: Destination, facts: DestinationFacts, now: datetime, who: str) -> None:
    _demand_taken(facts.peer, facts.objects)
    if facts.peer.kind == "folder" and not facts.peer.path.is_absolute():
        msg = "the path of a folder begins with /"
        raise DestinationError(msg)
    row.name, row.kind = facts.name, facts.peer.kind
    row.peer = PEER.dump_python(facts.peer, mode="json")
    row.language, row.objects, row.enabled = facts.language, list(facts.objects), facts.enabled
    row.changed_at, row.changed_by = now, who


def _demand_free(session: Session, name: str, own: int | None) -> None:
    _demand_name(name)
    same = select(Destination.id).where(func.lower(Destination.name) == name.lower())
    if session.scalar(same) not in {None, own}:
        msg = f"there is a destination {name} already"
        raise DestinationError(msg)


def _demand_name(name: str) -> None:
    if not re.fullmatch(NAME, name):
        msg = "a name is up to 64 letters (a–z), digits, blanks and . _ -"
        raise DestinationError(msg)


def _demand_words(conditions: Conditions) -> None:
    """A word that no study has would silence the rule for ever, and nobody would know."""
    if not set(conditions.modalities) <= set(MODALITIES):
        msg = f"a modality is one of {', '.join(MODALITIES)}"
        raise DestinationError(msg)
    if not set(conditions.body_regions) <= set(REGIONS):
        msg = f"a region is one of {', '.join(REGIONS)}"
        raise DestinationError(msg)
    if not all(re.fullmatch(CODE, one) for one in conditions.findings):
        msg = "the code of a finding is in small letters, digits and _"
        raise DestinationError(msg, remedy="see `heimdallr rules`")


def _demand_taken(peer: Peer, objects: Iterable[Kind]) -> None:
    if wrong := not_taken(peer, tuple(objects)):
        msg = f"a destination of kind {peer.kind} cannot be sent: {', '.join(wrong)}"
        raise DestinationError(msg)


def _host(peer: Peer) -> object:
    """Where a secret would go."""
    if peer.kind in {"dicomweb", "fhir", "webhook"}:
        return peer.kind, re.sub(r"^(https?://[^/]+).*", r"\1", peer.url).lower()
    return peer.kind
