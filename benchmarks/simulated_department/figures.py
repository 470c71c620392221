"""The tables: how long studies took, how long the queue was, what every service has used."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select, text

from heimdallr.store.models import STAT, Run, Study, StudyState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from heimdallr.store.database import Database
    from simulated_department.sending import Sent
    from simulated_department.services import Used


@dataclass(frozen=True)
class Ended:
    """A run that is done: from the last image that it waited for to its results."""

    stat: bool
    turnaround_s: float
    waiting_s: float


def ended_runs(database: Database, sent: Sent) -> list[Ended]:
    """Every run that is done, in seconds of this clock."""
    with database.read() as session:
        rows = session.execute(
            select(Study.study_instance_uid, Study.priority, Run)
            .join(Run, Run.study_fk == Study.id)
            .where(Run.state == StudyState.DONE)
        ).all()
    found = []
    for uid, priority, run in rows:
        news = [at for at in sent.news_at[uid] if at <= run.queued_at]
        if news and run.started_at and run.finished_at:
            found.append(
                Ended(
                    priority <= STAT,
                    (run.finished_at - max(news)).total_seconds(),
                    (run.started_at - run.queued_at).total_seconds(),
                )
            )
    return found


def print_turnaround(ended: Sequence[Ended], compression: float) -> None:
    """Percentiles by priority, in minutes of the day."""
    print(f"{'minutes of the day':24}{'runs':>7}{'p50':>8}{'p95':>8}{'p99':>8}{'waiting p95':>13}")
    for name, stat in (("STAT", True), ("routine", False)):
        of_it = [one for one in ended if one.stat == stat]
        if not of_it:
            continue
        took = [one.turnaround_s * compression / 60 for one in of_it]
        waited = [one.waiting_s * compression / 60 for one in of_it]
        cells = "".join(f"{percentile(took, share):8.1f}" for share in (0.5, 0.95, 0.99))
        print(f"{name:24}{len(of_it):7}{cells}{percentile(waited, 0.95):13.1f}")


def print_queue(seen: Sequence[tuple[float, int, int, int]]) -> None:
    """How many studies were open, how many runs queued."""
    for name, column in (("studies open", 1), ("runs queued", 2)):
        values = [row[column] for row in seen]
        if values:
            print(f"{name}: mean {statistics.mean(values):.1f}, most {max(values)}")


def print_used(used: Mapping[str, Used], runs: int, images: int, seconds: float) -> None:
    """What each service cost, altogether and for each study."""
    head = f"{'':24}{'CPU s':>9}{'cores':>8}{'per study':>11}{'written MB':>12}{'per study':>11}"
    print(head)
    for name, one in used.items():
        megabytes = one.written_bytes / 1e6
        print(
            f"{name:24}{one.cpu_s:9.1f}{one.cpu_s / seconds:8.2f}{one.cpu_s / runs:11.3f}"
            f"{megabytes:12.1f}{megabytes / runs:11.3f}"
        )
    receiving = sum(used[name].cpu_s for name in ("listener", "listener: recorder") if name in used)
    print(f"receiving and recording: {1000 * receiving / max(images, 1):.1f} ms of CPU an image")


def print_database(before: Mapping[str, float], after: Mapping[str, float], runs: int) -> None:
    """What the database had to do, altogether and for each study."""
    for name, value in after.items():
        grown = value - before[name]
        print(f"database, {name}: {grown:,.0f}, {grown / runs:,.1f} a study")


def database_figures(database: Database) -> dict[str, float]:
    """Counters of PostgreSQL that only grow."""
    query = text(
        "SELECT xact_commit AS transactions, tup_inserted AS inserted, tup_updated AS updated,"
        " pg_database_size(datname) AS bytes, pg_current_wal_lsn() - '0/0'::pg_lsn AS wal"
        " FROM pg_stat_database WHERE datname = current_database()"
    )
    with database.read() as session:
        row = session.execute(query).one()
    named = {
        "transactions": row.transactions,
        "rows inserted": row.inserted,
        "rows updated": row.updated,
        "size in bytes": row.bytes,
        "log (WAL) in bytes": row.wal,
    }
    return {name: float(value) for name, value in named.items()}


def percentile(values: Sequence[float], share: float) -> float:
    """The value that so large a share does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]
