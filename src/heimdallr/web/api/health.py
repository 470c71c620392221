"""`/healthz`, `/readyz` and `/metrics`: for supervisors, load balancers and Prometheus."""

import shutil

from fastapi import APIRouter, Response
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from heimdallr.domain.errors import StorageError
from heimdallr.store import migrate
from heimdallr.web.access import REFUSALS, MetricsReader
from heimdallr.web.context import Context, Ctx
from heimdallr.web.http.problems import log_error, responses
from heimdallr.web.schemas.system import Check, Health, Readiness

router = APIRouter(tags=["health"])


@router.get("/healthz")
def get_health() -> Health:
    """The process answers."""
    return Health()


@router.get("/readyz", responses={503: {"model": Readiness, "description": "not ready"}})
def get_readiness(context: Ctx, response: Response) -> Readiness:
    """Whether the database answers, its tables are those of this version, the disk has room."""
    checks = [
        Check(name="database", ok=_database_answers(context)),
        Check(name="migrations", ok=_migrated(context)),
        Check(name="disk", ok=_disk_has_room(context)),
    ]
    ready = all(check.ok for check in checks)
    response.status_code = 200 if ready else 503
    return Readiness(status="ready" if ready else "not_ready", checks=checks)


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {"description": "Prometheus' text format", "content": {"text/plain": {}}},
        **REFUSALS,
        **responses(503),
    },
)
def get_metrics(context: Ctx, _who: MetricsReader) -> Response:
    """Figures for Prometheus; nothing about a patient."""
    return Response(context.telemetry.render(), media_type="text/plain; version=0.0.4")


def _database_answers(context: Context) -> bool:
    try:
        with context.database.read() as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        log_error("database_not_ready", error)
        return False
    return True


def _migrated(context: Context) -> bool:
    try:
        return migrate.check(context.database).is_current
    except StorageError:
        return False


def _disk_has_room(context: Context) -> bool:
    try:
        free = shutil.disk_usage(context.folders.root).free
    except OSError:
        return False
    return free >= context.settings.disk_reserve_gb * 1e9
