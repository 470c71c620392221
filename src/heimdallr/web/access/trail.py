"""Write the audit trail: who saw, downloaded, changed or deleted what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.store.models import AuditEntry

if TYPE_CHECKING:
    from fastapi import Request

    from heimdallr.web.access.principal import Principal


def audit(  # noqa: PLR0917 - the order of the trail's columns
    request: Request,
    principal: Principal,
    action: str,
    object: str = "",  # noqa: A002 - the column's name
    outcome: str = "ok",
    details: str = "",
) -> None:
    """Record it in a transaction of its own: what is shown, before it is shown.

    Waits for the database: call it from an ordinary ``def`` route, or in a thread. What changes
    something is better recorded in the transaction that changes it: :func:`entry`.

    Args:
        request: the request being answered.
        principal: who asked.
        action: thing and verb, as ``study.view``, ``study.download``, ``study.delete``.
        object: ``study:17``, ``user:anna``, ``token:research``; never a case ID, which begins with
            a patient's surname.
        outcome: ``ok``, ``refused`` or ``failed``.
        details: what else matters, without patient data.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: it could not be recorded; what was asked must not happen.
    """
    if request.method == "HEAD":
        details = f"{details}, headers only" if details else "headers only"
    with request.app.state.access.database.write() as session:
        session.add(entry(request, principal, action, object, outcome, details))


def entry(  # noqa: PLR0917 - the order of the trail's columns
    request: Request,
    principal: Principal,
    action: str,
    object: str = "",  # noqa: A002 - the column's name
    outcome: str = "ok",
    details: str = "",
) -> AuditEntry:
    """A line of the trail, to be added to the caller's transaction; see :func:`audit`."""
    return AuditEntry(
        at=request.app.state.access.now(),
        actor=principal.actor[:80],
        address=client_address(request),
        action=action[:64],
        object=object[:160],
        outcome=outcome[:32],
        details=details[:500],
    )


def client_address(request: Request) -> str:
    """Who connected, trusted proxies seen through; empty for a socket without addresses."""
    return request.client.host[:64] if request.client else ""
