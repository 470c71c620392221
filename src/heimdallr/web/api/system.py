"""The state of the system: queue, peers, quarantine, events, versions, weights, disk, settings."""

import platform
import shutil
from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from importlib.metadata import version

from fastapi import APIRouter
from sqlalchemy import func, select

from heimdallr import __version__
from heimdallr.config import describe
from heimdallr.store.models import Event, Peer, Study
from heimdallr.store.reading import details
from heimdallr.store.work.services import Living, services
from heimdallr.web.access import REFUSALS, Administrator, Reader
from heimdallr.web.answers.alerts import alerts, gather
from heimdallr.web.context import Context, Ctx
from heimdallr.web.schemas.common import Before, Limit
from heimdallr.web.schemas.studies import EventOut, Events
from heimdallr.web.schemas.system import (
    AlertOut,
    CurrentRunOut,
    Disk,
    Intake,
    PeerOut,
    Peers,
    Quarantine,
    QuarantinedFile,
    Queue,
    SettingOut,
    SettingsOut,
    System,
    WeightsOut,
    WorkerOut,
    Workers,
)
from heimdallr.workflow.weights import open_store

router = APIRouter(prefix="/api/v1", tags=["system"], responses=REFUSALS)

_PACKAGES = ("TotalSegmentator", "nnunetv2", "torch", "openvino", "pydicom", "pynetdicom")
_DAY = timedelta(days=1)
_WORKER_FIELDS = ("name", "host", "pid", "version", "started_at", "last_seen_at", "alive")


@router.get("/events")
def list_system_events(
    context: Ctx, _who: Reader, before: Before = None, limit: Limit = 100
) -> Events:
    """What happened, to every study and to the system, newest first."""
    with context.database.read() as session:
        return events_page(details.events(session, before=before, limit=limit), limit)


def events_page(rows: Sequence[Event], limit: int) -> Events:
    """A page of events."""
    return Events(
        events=[EventOut.model_validate(row) for row in rows],
        next=rows[-1].id if len(rows) == limit else None,
    )


@router.get("/queue")
def get_queue(context: Ctx, _who: Reader) -> Queue:
    """How the work stands: what waits, what runs, how long stages take, what failed today."""
    now = context.now()
    with context.database.read() as session:
        figures = details.queue_figures(session, now - _DAY, now)
    oldest = figures.oldest_queued_at
    return Queue(
        by_state=dict(figures.by_state),
        waiting=figures.waiting,
        running=figures.running,
        parallel=context.settings.max_parallel_cases,
        oldest_waiting_s=max((now - oldest).total_seconds(), 0.0) if oldest else None,
        stage_seconds=dict(figures.stage_seconds),
        done_24h=figures.done_since,
        failed_24h=figures.failed_since,
    )


@router.get("/quarantine")
def list_quarantine(
    context: Ctx, _who: Reader, before: Before = None, limit: Limit = 100
) -> Quarantine:
    """Received files that are no usable image, kept for somebody to look at; newest first."""
    with context.database.read() as session:
        rows = details.quarantined(session, before=before, limit=limit)
    return Quarantine(
        files=[QuarantinedFile.model_validate(row) for row in rows],
        next=rows[-1]["id"] if len(rows) == limit else None,
    )


@router.get("/peers")
def list_peers(context: Ctx, _who: Reader) -> Peers:
    """DICOM systems that have called, and when; and how this listener is reached."""
    with context.database.read() as session:
        rows = details.peers(session)
    return Peers(
        ae_title=context.settings.ae_title,
        port=context.settings.dicom_port,
        peers=[PeerOut.model_validate(row) for row in rows],
    )


@router.get("/workers")
def list_workers(context: Ctx, _who: Reader) -> Workers:
    """The processes that work on studies: alive or not, on which device, on what."""
    with context.database.read() as session:
        found = services(session, "worker", context.now())
    return Workers(workers=[_worker(one) for one in found], alive=sum(one.alive for one in found))


def _worker(one: Living) -> WorkerOut:
    copied = {name: getattr(one, name) for name in _WORKER_FIELDS}
    return WorkerOut.model_validate(
        copied
        | {
            "parallel": one.details.get("parallel", 1),
            "hardware": one.details.get("hardware"),
            "runs": [CurrentRunOut.model_validate(run) for run in one.runs],
        }
    )


@router.get("/system")
def get_system(context: Ctx, _who: Reader) -> System:
    """Versions, devices, weights, disk and liveness, and what somebody should look at."""
    usage = shutil.disk_usage(context.folders.root)
    settings = context.settings
    weights = open_store(settings).overview()
    facts = gather(context, [row.task for row in weights if row.state == "bundled"])
    return System(
        version=__version__,
        python=platform.python_version(),
        packages=_packages(),
        database="sqlite" if context.database.is_sqlite else "postgresql",
        device=settings.device,
        backend=settings.backend,
        resolution=settings.resolution,
        auth=settings.auth,
        tls=settings.server_certificate is not None,
        weights=[
            WeightsOut(task=row.task, origin=row.state, licence_required=row.licence_required)
            for row in weights
        ],
        disk=Disk(
            total_bytes=usage.total,
            free_bytes=usage.free,
            reserve_bytes=int(settings.disk_reserve_gb * 1e9),
            receiving=usage.free >= settings.disk_reserve_gb * 1e9,
        ),
        intake=_intake(context),
        workers_alive=facts.workers,
        alerts=[AlertOut.model_validate(one) for one in alerts(facts)],
    )


def _intake(context: Context) -> Intake:
    with context.database.read() as session:
        recorders = services(session, "recorder", context.now())
        called, stored = session.execute(
            select(func.max(Peer.last_seen_at), func.max(Peer.last_store_at))
        ).one()
        newest = session.scalar(select(func.max(Study.received_at)))
    return Intake(
        alive=any(one.alive for one in recorders),
        last_seen_at=max((one.last_seen_at for one in recorders), default=None),
        last_peer_at=called,
        last_store_at=stored,
        last_study_at=newest,
    )


@router.get("/settings")
def list_settings(context: Ctx, _who: Administrator) -> SettingsOut:
    """Every setting, its value and where that came from; secrets show only that they are set."""
    rows = [SettingOut.model_validate(row) for row in describe(context.settings)]
    return SettingsOut(settings=rows)


@lru_cache(maxsize=1)
def _packages() -> dict[str, str]:
    return {name: version(name) for name in _PACKAGES}
