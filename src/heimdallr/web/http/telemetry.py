"""Prometheus metrics: of requests as they happen, of the database when they are scraped."""

from __future__ import annotations

import shutil
import time
from threading import Lock
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from heimdallr import __version__
from heimdallr.store.delivery_tables import OPEN_STATES, DeliveryState, Destination, OutboxRow
from heimdallr.store.models import Quarantined, Run, Study, StudyState
from heimdallr.store.reading.deliveries import counts
from heimdallr.store.reading.details import stage_times

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from pathlib import Path

    from prometheus_client.metrics_core import Metric
    from sqlalchemy.orm import Session

    from heimdallr.store.database import Database

_CACHED_S = 5.0
_SUMMED_S = 300.0
"""Images and bytes are summed over every study: a second's work where there are a million."""


class Telemetry:
    """Everything ``/metrics`` tells; one per application, none global."""

    def __init__(
        self, database: Database, data_folder: Path, clock: Callable[[], datetime]
    ) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "heimdallr_http_requests", "Requests answered.", ["method", "route", "status"],
            registry=self._registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "heimdallr_http_request_seconds", "Time to answer a request.", ["method", "route"],
            registry=self._registry,
            buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120),
        )  # fmt: skip
        self.uploads = Gauge(
            "heimdallr_uploads_in_progress", "Uploads being received.", registry=self._registry
        )
        self.followers = Gauge(
            "heimdallr_followers", "Clients following live changes.", registry=self._registry
        )
        Gauge(
            "heimdallr_build", "The version that runs.", ["version"], registry=self._registry
        ).labels(__version__).set(1)
        self._registry.register(_Stored(database, data_folder, clock))

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def render(self) -> bytes:
        """All figures in Prometheus' text format."""
        return generate_latest(self._registry)


class _Stored(Collector):
    """Figures read from the database when scraped, at most every few seconds."""

    def __init__(
        self, database: Database, data_folder: Path, clock: Callable[[], datetime]
    ) -> None:
        self._database, self._folder, self._clock = database, data_folder, clock
        self._lock = Lock()
        self._read_at, self._summed_at = -_CACHED_S, -_SUMMED_S
        self._sums: list[Metric] = []
        self._families: list[Metric] = []

    def describe(self) -> Iterable[Metric]:
        """Nothing: registering must not read the database."""
        return []

    def collect(self) -> Iterable[Metric]:
        """The figures; those of the last look when it is fresh."""
        with self._lock:
            now = time.monotonic()
            if now - self._read_at >= _CACHED_S:
                with self._database.read() as session:
                    if now - self._summed_at >= _SUMMED_S:
                        self._sums, self._summed_at = list(_sums(session)), now
                    self._families = [
                        *_studies(session),
                        *self._sums,
                        *_queue(session, self._clock()),
                        _stages(session),
                        *_deliveries(session, self._clock()),
                    ]
                self._read_at = now
            disk = GaugeMetricFamily("heimdallr_disk_free_bytes", "Free space for data.")
            disk.add_metric([], shutil.disk_usage(self._folder).free)
            return [*self._families, disk]


def _studies(session: Session) -> Iterable[Metric]:
    by_state = GaugeMetricFamily("heimdallr_studies", "Studies by state.", labels=["state"])
    counts = dict(session.execute(select(Study.state, func.count()).group_by(Study.state)).all())
    for state in StudyState:
        by_state.add_metric([state.value], counts.get(state, 0))
    yield by_state
    refused = session.scalar(select(func.count()).select_from(Quarantined)) or 0
    yield _single("heimdallr_quarantined_files", "Received files that are no use.", refused)


def _sums(session: Session) -> Iterable[Metric]:
    images, size = session.execute(
        select(
            func.coalesce(func.sum(Study.instance_count), 0),
            func.coalesce(func.sum(Study.size_bytes), 0),
        )
    ).one()
    old = "as of the last five minutes"
    yield _single("heimdallr_instances", f"Received instances of the studies, {old}.", images)
    yield _single("heimdallr_instance_bytes", f"Their size, {old}.", size)


def _queue(session: Session, now: datetime) -> Iterable[Metric]:
    waiting, oldest = session.execute(
        select(func.count(), func.min(Run.queued_at)).where(Run.state == StudyState.QUEUED)
    ).one()
    yield _single("heimdallr_queue_length", "Runs that wait.", waiting)
    age = (now - oldest).total_seconds() if oldest else 0.0
    yield _single("heimdallr_queue_oldest_seconds", "How long the oldest has waited.", age)


def _stages(session: Session) -> Metric:
    family = GaugeMetricFamily(
        "heimdallr_stage_seconds",
        "Time per stage of the newest runs that ended well.",
        labels=["stage", "quantile"],
    )
    for stage, times in stage_times(session).items():
        for share in (0.5, 0.95):
            family.add_metric([stage, str(share)], times[int(share * (len(times) - 1))])
    return family


def _deliveries(session: Session, now: datetime) -> Iterable[Metric]:
    family = GaugeMetricFamily(
        "heimdallr_deliveries",
        "Objects for destinations, by destination and state.",
        labels=["destination", "state"],
    )
    counted = counts(session)
    for name in sorted({name for name, _ in counted}):
        for state in DeliveryState:
            family.add_metric([name, state.value], counted.get((name, state), 0))
    yield family
    oldest = GaugeMetricFamily(
        "heimdallr_deliveries_oldest_seconds",
        "How long the oldest object that waits has been owed to a destination.",
        labels=["destination"],
    )
    waiting = (
        select(Destination.name, func.min(OutboxRow.owed_since))
        .join(Destination, Destination.id == OutboxRow.destination_fk)
        .where(OutboxRow.state.in_(OPEN_STATES))
        .group_by(Destination.name)
    )
    for name, since in session.execute(waiting):
        oldest.add_metric([name], max((now - since).total_seconds(), 0.0))
    yield oldest


def _single(name: str, text: str, value: float) -> Metric:
    family = GaugeMetricFamily(name, text)
    family.add_metric([], value)
    return family
