"""Where results go: destinations, their test, and the rules that send by themselves."""

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session

from heimdallr.delivery import directory, peers
from heimdallr.delivery.directory import DestinationFacts, RuleFacts
from heimdallr.delivery.kinds import TAKEN, USUAL
from heimdallr.domain.errors import DestinationError
from heimdallr.publishing.schema import coded
from heimdallr.store.delivery_tables import DeliveryRule, Destination
from heimdallr.web.access import REFUSALS, Administrator, audit, entry
from heimdallr.web.context import Ctx
from heimdallr.web.http.problems import Problem, responses
from heimdallr.web.schemas.deliveries import (
    CheckOut,
    Checks,
    DestinationIn,
    DestinationOut,
    Destinations,
    NamePath,
    PeerKind,
    RuleIn,
    RuleOut,
    Rules,
)

router = APIRouter(prefix="/api/v1", tags=["destinations"], responses=REFUSALS)


@router.get("/destinations")
def list_destinations(context: Ctx, _who: Administrator) -> Destinations:
    """Every destination and how it is reached, by name; never a secret."""
    with context.database.read() as session:
        rows = [_destination(session, row) for row in directory.destinations(session)]
    kinds = [
        PeerKind.model_validate({"kind": kind, "takes": takes, "usual": USUAL[kind]})
        for kind, takes in TAKEN.items()
    ]
    return Destinations(destinations=rows, kinds=kinds)


@router.post("/destinations", status_code=201, responses=responses(409))
def add_destination(
    request: Request, context: Ctx, who: Administrator, said: DestinationIn
) -> DestinationOut:
    """Add a destination. 409 where the name is taken, or it cannot be sent such objects."""
    with _conflicts(), context.database.write() as session:
        row = directory.add_destination(
            session, _facts(said), said.secret or "", context.now(), who.actor
        )
        session.add(entry(request, who, "destination.create", _trail(row.name), details=row.kind))
        return _destination(session, row)


@router.put("/destinations/{name}", responses=responses(404, 409))
def change_destination(
    request: Request, context: Ctx, who: Administrator, name: NamePath, said: DestinationIn
) -> DestinationOut:
    """Change a destination; what waits for it goes where it is then."""
    with _conflicts(), context.database.write() as session:
        row = _found(session, name)
        directory.change_destination(
            session, row, _facts(said), said.secret, context.now(), who.actor
        )
        details = "with its secret" if said.secret is not None else ""
        session.add(entry(request, who, "destination.change", _trail(row.name), details=details))
        session.flush()
        return _destination(session, row)


@router.delete("/destinations/{name}", status_code=204, responses=responses(404))
def remove_destination(request: Request, context: Ctx, who: Administrator, name: NamePath) -> None:
    """Remove a destination with its rules; what waits for it is called off."""
    with context.database.write() as session:
        row = _found(session, name)
        trail = _trail(row.name)
        count = directory.remove_destination(session, row, context.now())
        details = f"{count} objects called off"
        session.add(entry(request, who, "destination.remove", trail, details=details))


@router.post("/destinations/{name}/test", responses=responses(404, 409))
def test_destination(request: Request, context: Ctx, who: Administrator, name: NamePath) -> Checks:
    """Try a destination without leaving anything there; it may take half a minute."""
    with context.database.write() as session:
        row = _found(session, name)
        peer, secret = directory.peer_of(row), directory.secret_of(session, row)
        trail = _trail(row.name)
    audit(request, who, "destination.test", trail)
    with _conflicts():
        found = peers.senders(context.settings)(peer, secret).test()
    checks = [
        CheckOut(name=one.name, ok=one.ok, told=coded(one.told), text=one.told.text)
        for one in found
    ]
    return Checks(ok=all(one.ok is not False for one in checks), checks=checks)


@router.get("/delivery-rules")
def list_delivery_rules(context: Ctx, _who: Administrator) -> Rules:
    """Every rule, in the order they are asked."""
    with context.database.read() as session:
        return Rules(rules=[_rule(row, name) for row, name in directory.rules(session)])


@router.post("/delivery-rules", status_code=201, responses=responses(409))
def add_delivery_rule(request: Request, context: Ctx, who: Administrator, said: RuleIn) -> RuleOut:
    """Add a rule; it is asked about what happens from now on."""
    with _conflicts(), context.database.write() as session:
        row = directory.write_rule(session, None, _said(said), context.now(), who.actor)
        session.add(entry(request, who, "delivery_rule.create", f"delivery_rule:{row.name}"))
        return _rule(row, said.destination)


@router.put("/delivery-rules/{name}", responses=responses(404, 409))
def change_delivery_rule(
    request: Request, context: Ctx, who: Administrator, name: NamePath, said: RuleIn
) -> RuleOut:
    """Change a rule; what is owed already stays owed."""
    with _conflicts(), context.database.write() as session:
        row = _found_rule(session, name)
        directory.write_rule(session, row, _said(said), context.now(), who.actor)
        session.add(entry(request, who, "delivery_rule.change", f"delivery_rule:{row.name}"))
        return _rule(row, said.destination)


@router.delete("/delivery-rules/{name}", status_code=204, responses=responses(404))
def remove_delivery_rule(
    request: Request, context: Ctx, who: Administrator, name: NamePath
) -> None:
    """Remove a rule; what is owed already stays owed."""
    with context.database.write() as session:
        row = _found_rule(session, name)
        session.add(entry(request, who, "delivery_rule.remove", f"delivery_rule:{row.name}"))
        session.delete(row)


class _conflicts:  # noqa: N801 - a context manager, used as a function is
    """409 for what cannot be made or changed so."""

    def __enter__(self) -> None:
        return

    def __exit__(self, _kind: object, error: BaseException | None, _where: object) -> None:
        if isinstance(error, DestinationError):
            raise Problem(409, str(error)) from None


def _found(session: Session, name: str) -> Destination:
    try:
        return directory.destination_named(session, name)
    except DestinationError:
        raise Problem(404, "there is no destination of this name") from None


def _found_rule(session: Session, name: str) -> DeliveryRule:
    try:
        return directory.rule_named(session, name)
    except DestinationError:
        raise Problem(404, "there is no rule of this name") from None


def _facts(said: DestinationIn) -> DestinationFacts:
    return DestinationFacts(said.name, said.peer, said.language, said.objects, said.enabled)


def _said(said: RuleIn) -> RuleFacts:
    return RuleFacts(
        said.name, said.destination, said.when, said.conditions, said.objects,
        said.position, said.enabled,
    )  # fmt: skip


def _destination(session: Session, row: Destination) -> DestinationOut:
    return DestinationOut(
        name=row.name,
        peer=directory.peer_of(row),
        has_secret=directory.has_secret(session, row),
        language="pt" if row.language == "pt" else "en",
        objects=list(directory.kinds_of(row.objects)),
        usual=list(directory.usual(row)),
        takes=list(TAKEN[row.kind]),
        enabled=row.enabled,
        created_at=row.created_at,
        created_by=row.created_by,
        changed_at=row.changed_at,
        changed_by=row.changed_by,
    )


def _rule(row: DeliveryRule, destination: str) -> RuleOut:
    fields = ("name", "when", "conditions", "objects", "position", "enabled")
    stamps = ("created_at", "created_by", "changed_at", "changed_by")
    copied = {name: getattr(row, name) for name in (*fields, *stamps)}
    return RuleOut.model_validate({**copied, "destination": destination})


def _trail(name: str) -> str:
    return f"destination:{name}"
