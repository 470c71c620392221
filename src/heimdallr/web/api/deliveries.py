"""What was sent and what is to be: of a study, of all; sent by hand, once more, or called off."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from sqlalchemy.orm import Session

from heimdallr.delivery import directory, outbox
from heimdallr.delivery.directory import NAME
from heimdallr.delivery.kinds import TAKEN, not_taken
from heimdallr.domain.errors import DestinationError
from heimdallr.publishing.schema import CodedStatement, said
from heimdallr.store.delivery_tables import DeliveryState, OutboxRow
from heimdallr.store.models import Study
from heimdallr.store.reading import deliveries as reading
from heimdallr.store.reading.deliveries import DestinationFigures
from heimdallr.store.work.services import services
from heimdallr.web.access import REFUSALS, Operator, Reader, audit
from heimdallr.web.answers.cases import study_of, trail_name
from heimdallr.web.answers.verification import awaits_verification
from heimdallr.web.context import Context, Ctx
from heimdallr.web.http.problems import Problem, responses
from heimdallr.web.schemas.common import Before, Limit, StudyId
from heimdallr.web.schemas.deliveries import (
    Deliveries,
    DeliveryId,
    DeliveryOut,
    DeliverySummary,
    DestinationState,
    SendOrder,
    StudyDeliveries,
)

router = APIRouter(prefix="/api/v1", tags=["deliveries"], responses=REFUSALS)
_DAY = timedelta(days=1)
_States = Annotated[
    list[DeliveryState] | None, Query(max_length=10, description="which; none: any")
]
_Destination = Annotated[
    str | None, Query(pattern=NAME, max_length=64, description="to which; none: any")
]


@router.get("/deliveries", responses=responses(404))
def list_deliveries(
    context: Ctx,
    _who: Reader,
    state: _States = None,
    destination: _Destination = None,
    before: Before = None,
    limit: Limit = 100,
) -> Deliveries:
    """Deliveries of all studies, newest first."""
    with context.database.read() as session:
        rows = reading.deliveries(
            session,
            states=state or (),
            destination_id=_number_of(session, destination) if destination else None,
            before=before,
            limit=limit,
        )
    return Deliveries(
        deliveries=[delivery_out(row) for row in rows],
        next=rows[-1].id if len(rows) == limit else None,
    )


@router.get("/deliveries/summary")
def summarize_deliveries(context: Ctx, _who: Reader) -> DeliverySummary:
    """How it stands with every destination: what waits, since when, what failed today."""
    now = context.now()
    with context.database.read() as session:
        rows = reading.figures(session, now - _DAY, now)
        alive = sum(one.alive for one in services(session, "deliverer", now))
        undecided = reading.news_count(session)
        awaiting = reading.awaiting_verification(session)
    return DeliverySummary(
        deliverers_alive=alive,
        undecided=undecided,
        awaiting_verification=awaiting,
        destinations=[_state(context, one) for one in rows],
    )


@router.get("/studies/{study_id}/deliveries", responses=responses(404))
def list_study_deliveries(
    request: Request, context: Ctx, who: Reader, study_id: StudyId
) -> StudyDeliveries:
    """Where a study's results went or are to go, newest first."""
    study = study_of(context, study_id)
    audit(request, who, "study.view", trail_name(study_id), details="deliveries")
    with context.database.read() as session:
        rows = reading.deliveries_of(session, study_id)
        return _deliveries(session, context, study, rows)


@router.post("/studies/{study_id}/deliveries", responses=responses(404, 409))
def send_study(
    request: Request, context: Ctx, who: Operator, study_id: StudyId, order: SendOrder
) -> StudyDeliveries:
    """Send a study's results to a destination; what was sent before goes once more."""
    study_of(context, study_id)
    details = f"destination:{order.destination} {' '.join(order.objects)}".strip()
    audit(request, who, "study.send", trail_name(study_id), details=details)
    with context.database.write() as session:
        try:
            destination = directory.destination_named(session, order.destination)
        except DestinationError as error:
            raise Problem(409, str(error)) from None
        if wrong := not_taken(directory.peer_of(destination), order.objects):
            raise Problem(409, f"{destination.name} cannot be sent: {', '.join(wrong)}")
        rows = outbox.send_by_hand(
            session, context.folders, study_id, destination, order.objects,
            now=context.now(), actor=who.actor,
        )  # fmt: skip
        study = session.get_one(Study, study_id)
        return _deliveries(session, context, study, rows)


@router.post("/deliveries/{delivery_id}/resend", responses=responses(404, 409))
def resend_delivery(
    request: Request, context: Ctx, who: Operator, delivery_id: DeliveryId
) -> DeliveryOut:
    """Send an object once more, or try at once one that waits; it stays the same object."""
    _audited(request, context, who, delivery_id, "resend")
    with context.database.write() as session:
        row = outbox.resend(session, context.folders, delivery_id, context.now(), who.actor)
        return delivery_out(row)


@router.post("/deliveries/{delivery_id}/cancel", responses=responses(404, 409))
def cancel_delivery(
    request: Request, context: Ctx, who: Operator, delivery_id: DeliveryId
) -> DeliveryOut:
    """Call off what has not gone out; what is being sent may still arrive."""
    _audited(request, context, who, delivery_id, "cancel")
    with context.database.write() as session:
        return delivery_out(outbox.cancel(session, delivery_id, context.now(), who.actor))


def _deliveries(
    session: Session, context: Context, study: Study, rows: Iterable[OutboxRow]
) -> StudyDeliveries:
    return StudyDeliveries(
        deliveries=[delivery_out(row) for row in rows],
        undecided_rules=outbox.undecided_rules(session, study),
        awaits_verification=awaits_verification(context, study),
    )


def _number_of(session: Session, name: str) -> int:
    try:
        return directory.destination_named(session, name).id
    except DestinationError:
        raise Problem(404, "there is no destination of this name") from None


def delivery_out(row: OutboxRow) -> DeliveryOut:
    """A row as it is told."""
    reason = CodedStatement.model_validate(row.reason) if row.reason else None
    copied = {name: getattr(row, name) for name in DeliveryOut.model_fields if hasattr(row, name)}
    text = said(reason).text if reason else None
    return DeliveryOut.model_validate(
        {**copied, "study_id": row.study_fk, "reason": reason, "reason_text": text}
    )


def _audited(
    request: Request, context: Context, who: Operator, delivery_id: int, action: str
) -> None:
    """Write the audit trail, before anything is done.

    Raises:
        Problem: 404, there is no such delivery.
    """
    with context.database.read() as session:
        row = session.get(OutboxRow, delivery_id)
    if row is None:
        raise Problem(404, "there is no delivery of this number")
    details = f"delivery:{row.id} destination:{row.destination} {row.kind}"
    audit(request, who, f"delivery.{action}", trail_name(row.study_fk), details=details)


def _state(context: Context, one: DestinationFigures) -> DestinationState:
    row, oldest = one.destination, one.oldest_at
    return DestinationState.model_validate(
        {
            "name": row.name,
            "kind": row.kind,
            "enabled": row.enabled,
            "usual": directory.usual(row),
            "takes": TAKEN[row.kind],
            "waiting": one.waiting,
            "sending": one.sending,
            "failed_24h": one.failed,
            "sent_24h": one.sent,
            "oldest_waiting_s": (
                max((context.now() - oldest).total_seconds(), 0.0) if oldest else None
            ),
            "last_sent_at": one.last_sent_at,
        }
    )
