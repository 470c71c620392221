"""Alerts for the administrator, the worst first: no worker, disk low, long waits, failures.

Codes are stable: the dashboard translates them, and ``values`` holds what their words need.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from heimdallr.analyses.rules.rule_table import read_rules
from heimdallr.domain.errors import RulesError
from heimdallr.store.clock import SKEW
from heimdallr.store.delivery_tables import FAILED_STATES, OutboxRow
from heimdallr.store.models import Peer, Quarantined, Run, Study, StudyState
from heimdallr.store.reading.deliveries import is_anything_to_deliver
from heimdallr.store.upkeep.clock_doubt import ClockDoubt, clock_doubt
from heimdallr.store.upkeep.retention_plan import policy_of
from heimdallr.store.work.services import services

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from heimdallr.config import Settings
    from heimdallr.web.context import Context
    from heimdallr.web.schemas.system import AlertCode, AlertSeverity

DAY = timedelta(days=1)
WAITING_LONG_S = 15 * 60.0


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that somebody should look at.

    Attributes:
        severity: ``critical``: the work stands still; ``warning``: something went wrong.
        message: in English, complete; names no patient.
        values: what the message holds.
    """

    code: AlertCode
    severity: AlertSeverity
    message: str
    values: dict[str, int | float | str]


@dataclass(frozen=True, slots=True)
class Facts:
    """What alerts follow from.

    Attributes:
        free_bytes: of the data folder's disk.
        reserve_bytes: below this nothing more is taken in.
        recorders: how many live.
        workers: how many live.
        needs_worker: whether studies are worked on here, not handed over.
        deliverers: how many live.
        needs_deliverer: whether a rule is in force, or something is owed to a destination.
        undelivered: objects that were refused or given up within a day, and still stand so.
        waiting_s: how long the oldest run has waited.
        failed: studies that failed within a day, and still stand so.
        quarantined: files put into quarantine within a day.
        rejected: DICOM systems that were turned away within a day.
        clock_doubt: why nothing is removed by age, where something would be.
        rules_broken: what is wrong with the department's rules of findings; empty: nothing.
        bundled: tasks that the bundled weights would segment.
    """

    free_bytes: int
    reserve_bytes: int
    recorders: int
    workers: int
    needs_worker: bool
    deliverers: int
    needs_deliverer: bool
    undelivered: int
    waiting_s: float | None
    failed: int
    quarantined: int
    rejected: int
    clock_doubt: ClockDoubt | None
    rules_broken: str
    bundled: Sequence[str]


def gather(context: Context, bundled: Sequence[str]) -> Facts:
    """The facts as they are now."""
    now, settings = context.now(), context.settings
    lately = (now - DAY, now + SKEW)
    failed = select(func.count()).where(
        Study.state == StudyState.FAILED, Study.finished_at.between(*lately)
    )
    quarantined = select(func.count()).where(Quarantined.received_at.between(*lately))
    rejected = select(func.count()).where(Peer.last_rejection_at.between(*lately))
    undelivered = select(func.count()).where(
        OutboxRow.state.in_(FAILED_STATES), OutboxRow.ended_at.between(*lately)
    )
    queued = select(func.min(Run.queued_at)).where(Run.state == StudyState.QUEUED)
    with context.database.read() as session:
        oldest = session.scalar(queued)
        return Facts(
            free_bytes=shutil.disk_usage(context.folders.root).free,
            reserve_bytes=int(settings.disk_reserve_gb * 1e9),
            recorders=sum(one.alive for one in services(session, "recorder", now)),
            workers=sum(one.alive for one in services(session, "worker", now)),
            needs_worker=settings.hands_over_in_place,
            deliverers=sum(one.alive for one in services(session, "deliverer", now)),
            needs_deliverer=is_anything_to_deliver(session),
            undelivered=session.scalar(undelivered) or 0,
            waiting_s=(now - oldest).total_seconds() if oldest else None,
            failed=session.scalar(failed) or 0,
            quarantined=session.scalar(quarantined) or 0,
            rejected=session.scalar(rejected) or 0,
            clock_doubt=clock_doubt(session, now) if policy_of(settings).shortest else None,
            rules_broken=_what_is_wrong_with_the_rules(settings),
            bundled=bundled,
        )


def _what_is_wrong_with_the_rules(settings: Settings) -> str:
    try:
        read_rules(settings.rules_path)
    except RulesError as error:
        return str(error)
    return ""


def alerts(facts: Facts) -> list[Alert]:
    """What follows from the facts."""
    return [*_standstills(facts), *_mishaps(facts), *_notes(facts)]


def _standstills(facts: Facts) -> Iterator[Alert]:
    if facts.free_bytes < facts.reserve_bytes:
        free, reserve = round(facts.free_bytes / 1e9, 1), round(facts.reserve_bytes / 1e9, 1)
        message = f"{free} GB are free, below the reserve of {reserve} GB; nothing more is taken in"
        values: dict[str, int | float | str] = {"free_gb": free, "reserve_gb": reserve}
        yield Alert("disk_low", "critical", message, values)
    if facts.recorders == 0:
        message = "nothing received becomes a study: start `heimdallr up` or `heimdallr listen`"
        yield Alert("no_recorder", "critical", message, {})
    if facts.needs_worker and facts.workers == 0:
        message = "no worker is alive; studies wait: start `heimdallr up` or `heimdallr work`"
        yield Alert("no_worker", "critical", message, {})
    if facts.needs_deliverer and facts.deliverers == 0:
        message = "no results are sent: start `heimdallr up` or `heimdallr deliver`"
        yield Alert("no_deliverer", "critical", message, {})


def _mishaps(facts: Facts) -> Iterator[Alert]:
    if facts.waiting_s is not None and facts.waiting_s > WAITING_LONG_S:
        minutes = int(facts.waiting_s // 60)
        message = f"the oldest waiting study has waited for {minutes} minutes"
        yield Alert("waiting_long", "warning", message, {"minutes": minutes})
    if doubt := facts.clock_doubt:
        days = {"last": doubt.last, "until": doubt.until, "now": doubt.now}
        values = {name: f"{day:%Y-%m-%d}" for name, day in days.items()}
        yield Alert("clock_doubted", "warning", str(doubt), dict(values))
    if facts.rules_broken:
        message = f"the department's rules of findings are not used: {facts.rules_broken}"
        yield Alert("rules_broken", "warning", message, {"reason": facts.rules_broken})
    counted: tuple[tuple[AlertCode, int, str], ...] = (
        ("failures", facts.failed, "studies failed in the last 24 hours"),
        ("quarantine", facts.quarantined, "received files were quarantined in the last 24 hours"),
        ("undelivered", facts.undelivered, "results did not arrive in the last 24 hours"),
        ("peers_rejected", facts.rejected, "DICOM systems were turned away in the last 24 hours"),
    )
    for code, count, what in counted:
        if count:
            yield Alert(code, "warning", f"{what}: {count}", {"count": count})


def _notes(facts: Facts) -> Iterator[Alert]:
    if facts.bundled:
        tasks = ", ".join(facts.bundled)
        message = f"bundled weights, not for clinical use, segment {tasks}"
        yield Alert("weights_bundled", "note", message, {"tasks": tasks})
