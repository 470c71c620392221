"""Writing the audit trail: who saw, downloaded, changed or deleted what."""

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
    """Record what is about to be done, before it is done, in a transaction of its own.

    Waits for the database: call it from an ordinary ``def`` route, or in a thread.

    Args:
        request: the request being answered.
        principal: who asked.
        action: verb and thing, as ``study.view``, ``study.download``, ``study.delete``.
        object: case ID, or ``study:<id>`` before there is one; never a patient's name.
        outcome: ``ok``, ``refused`` or ``failed``.
        details: what else matters, without patient data.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: it could not be recorded; what was asked must not happen.
    """
    access = request.app.state.access
    client = request.client
    with access.database.write() as session:
        session.add(
            AuditEntry(
                at=access.now(),
                actor=principal.actor[:80],
                address=(client.host if client else "")[:64],
                action=action[:64],
                object=object[:160],
                outcome=outcome[:32],
                details=details[:500],
            )
        )
