"""How long the pages that ask the database take with many studies, on SQLite and on PostgreSQL.

::

    python benchmarks/worklist.py [--studies 100000] [--measured 30] [--repeat 40] [--cpu]
                                  [--only sqlite] [--keep FOLDER]

Fills a throw-away database (PostgreSQL: a throw-away cluster), then asks, in random order, as the
API does, for

- every page that the worklist offers (rows, findings, time that remains), its counts and its
  filters' options;
- the explorer's distributions and pairs, over everybody and over cohorts;
- the histories of the patients who have the most studies,

and prints median and 95th percentile of each. The bars at the 95th: 50, 300 and 20 ms. On a machine
that is busy with other things, hold the CPU time to it (``--cpu``). At last it says how long a
backup takes, and to decide what retention removes.

``--keep`` leaves the filled database in the folder, and takes it from there the next time.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from filled_database import MEASURED, NOW, fill, measurement_names, postgresql, sqlite
from sqlalchemy import func, select, text

from heimdallr.config import Settings
from heimdallr.store.layout import data_folders
from heimdallr.store.models import Study, StudyState
from heimdallr.store.reading.attention import counts
from heimdallr.store.reading.cohort import AGE, Cohort, gather, pairs
from heimdallr.store.reading.history import history
from heimdallr.store.reading.options import options
from heimdallr.store.reading.worklist import Sort, worklist
from heimdallr.store.reading.worklist_filter import WorklistFilter
from heimdallr.store.upkeep.backup import back_up
from heimdallr.store.upkeep.retention import planned
from heimdallr.web.answers.distribution import distribution
from heimdallr.web.answers.worklist_rows import rows_out

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from heimdallr.store.database import Database

    Query = Callable[[Session], object]

BARS_MS = {"worklist": 50.0, "explorer": 300.0, "history": 20.0}
PATIENTS = 20
"""Whose histories are asked for: those with the most studies."""


def worklist_queries(last_page: int) -> dict[str, Query]:
    """Every query of the worklist, as people ask it."""
    week = NOW - timedelta(days=7)
    filters = {
        "everything": WorklistFilter(),
        "state done": WorklistFilter(states=(StudyState.DONE,)),
        "state failed": WorklistFilter(states=(StudyState.FAILED,)),
        "waiting or active": WorklistFilter(states=(StudyState.QUEUED, StudyState.SEGMENTING)),
        "modality CT": WorklistFilter(modality="CT"),
        "modality MR": WorklistFilter(modality="MR"),
        "one day": WorklistFilter(study_date_from="20250601", study_date_to="20250601"),
        "one year": WorklistFilter(study_date_from="20250101", study_date_to="20251231"),
        "last week": WorklistFilter(received_from=week),
        "region head": WorklistFilter(region="head"),
        "finding": WorklistFilter(finding="intracerebral_haemorrhage"),
        "critical": WorklistFilter(severity="critical"),
        "unread": WorklistFilter(unread=True),
        "STAT": WorklistFilter(stat=True),
        "flagged": WorklistFilter(flagged=True),
        "search rare": WorklistFilter(search="akesson zoe"),
        "search common": WorklistFilter(search="silva"),
        "search one letter": WorklistFilter(search="a"),
        "search accession": WorklistFilter(search="a0123"),
        "search nothing": WorklistFilter(search="qqqqqq"),
        "search a date": WorklistFilter(search="2025-06-01"),
        "all together": WorklistFilter(
            search="maria",
            states=(StudyState.DONE,),
            modality="CT",
            region="abdomen",
            severity="note",
            study_date_from="20240101",
        ),
    }

    def page(session: Session, wanted: WorklistFilter, **order: object) -> object:
        return rows_out(session, worklist(session, wanted, **order).rows)  # type: ignore[arg-type]

    asked: dict[str, Query] = {}
    for name, wanted in filters.items():
        for sort in Sort:
            asked[f"{name}, by {sort.value}"] = partial(page, wanted=wanted, sort=sort)
    asked["everything, ascending"] = partial(page, wanted=WorklistFilter(), descending=False)
    asked["the last page"] = partial(
        page, wanted=WorklistFilter(), sort=Sort.NAME, offset=last_page
    )
    return asked | {"counts": counts, "options": options}


def explorer_queries() -> dict[str, Query]:
    """Distributions and pairs of measurements, over everybody and over cohorts."""
    one, two = (name for name, _, _ in list(measurement_names())[:2])
    done = WorklistFilter(states=(StudyState.DONE,))
    cohorts = {
        "everybody": Cohort(),
        "women": Cohort(sex="F"),
        "50 to 59 years": Cohort(age_from=50, age_to=59),
        "CT, done, women over 40": Cohort(
            WorklistFilter(modality="CT", states=(StudyState.DONE,)), sex="F", age_from=40
        ),
        "region abdomen": Cohort(WorklistFilter(region="abdomen")),
        "one year, done": Cohort(
            WorklistFilter(states=done.states, study_date_from="20250101", study_date_to="20251231")
        ),
        "a finding": Cohort(WorklistFilter(finding="splenomegaly")),
        "a name": Cohort(WorklistFilter(search="silva")),
    }

    def summary(session: Session, cohort: Cohort) -> object:
        return distribution(gather(session, one, cohort).values, 30)

    def both(session: Session, cohort: Cohort, x: str) -> object:
        return pairs(session, x, two, cohort, limit=5000)

    asked: dict[str, Query] = {}
    for name, cohort in cohorts.items():
        asked[f"distribution, {name}"] = partial(summary, cohort=cohort)
        asked[f"two measurements, {name}"] = partial(both, cohort=cohort, x=one)
        asked[f"age and measurement, {name}"] = partial(both, cohort=cohort, x=AGE)
    return asked


def history_queries(database: Database) -> dict[str, Query]:
    """Histories of the patients who have the most studies, the newest study of each."""
    with database.read() as session:
        newest = session.execute(
            select(func.max(Study.id), func.count())
            .where(Study.has_results.is_(True))
            .group_by(Study.patient_fk)
            .order_by(func.count().desc())
            .limit(PATIENTS)
        ).all()

    def told(session: Session, number: int) -> object:
        return history(session, session.get_one(Study, number), limit=20)

    return {f"{count} studies": partial(told, number=number) for number, count in newest}


@dataclass(frozen=True)
class Timing:
    """One query, in milliseconds; CPU time is that of this thread and of the server's process."""

    name: str
    median: float
    high: float
    cpu_median: float
    cpu_high: float


def measure(database: Database, asked: dict[str, Query], repeat: int) -> list[Timing]:
    """Every query ``repeat`` times in random order; slowest first."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in asked}
    order = [name for name in asked for _ in range(repeat)]
    random.Random(1).shuffle(order)  # noqa: S311 - an order
    warm_up(database, asked)
    for name in order:
        with database.read() as session:
            cpu = cpu_clock(database, session)
            wall_begun, cpu_begun = time.perf_counter(), cpu()
            asked[name](session)
            wall, spent = time.perf_counter() - wall_begun, cpu() - cpu_begun
        taken[name].append((wall * 1000, spent * 1000))
    rows = [Timing(name, *spread(found, 0), *spread(found, 1)) for name, found in taken.items()]
    return sorted(rows, key=lambda row: -row.cpu_high)


def warm_up(database: Database, asked: dict[str, Query]) -> None:
    """Once each, as a service that has run for a minute; and no garbage of the filling."""
    for query in asked.values():
        with database.read() as session:
            query(session)
    gc.collect()
    gc.freeze()


def spread(found: list[tuple[float, float]], column: int) -> tuple[float, float]:
    """Median and 95th percentile."""
    values = [row[column] for row in found]
    return statistics.median(values), statistics.quantiles(values, n=20, method="inclusive")[-1]


def cpu_clock(database: Database, session: Session) -> Callable[[], float]:
    """Seconds of CPU the query uses, here and in the server's process."""
    if database.is_sqlite:
        return time.thread_time
    process = session.scalar(text("SELECT pg_backend_pid()"))
    schedule = Path(f"/proc/{process}/schedstat")
    return lambda: time.thread_time() + int(schedule.read_text().split()[0]) / 1e9


def upkeep(database: Database, folder: Path) -> None:
    """Say how long a backup takes, and to decide what retention removes."""
    settings = Settings(data_dir=folder / "data", keep_originals_days=180)
    folders = data_folders(settings)
    begun = time.perf_counter()
    plan = planned(settings, database, NOW)
    taken = time.perf_counter() - begun
    print(f"retention: {len(plan.removals)} removals decided in {taken:.1f} s")
    target = folder / "backup"
    shutil.rmtree(target, ignore_errors=True)
    begun = time.perf_counter()
    back_up(database, folders, target, NOW)
    taken = time.perf_counter() - begun
    size = sum(path.stat().st_size for path in target.iterdir()) / 1e9
    print(f"backup: {size:.1f} GB in {taken:.0f} s")
    shutil.rmtree(target)


def is_filled(database: Database) -> bool:
    """Whether an earlier run has left its studies."""
    with database.engine.connect() as connection:
        if not database.engine.dialect.has_table(connection, Study.__tablename__):
            return False
        return connection.scalar(select(Study.id).limit(1)) is not None


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=100_000)
    parser.add_argument("--measured", type=int, default=MEASURED, help="measurements of a study")
    parser.add_argument("--repeat", type=int, default=40)
    parser.add_argument("--cpu", action="store_true", help="hold CPU time to the bars")
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    parser.add_argument("--keep", type=Path, help="folder of filled databases")
    arguments = parser.parse_args()
    too_slow = False
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        Path(temporary).chmod(0o755)
        folder.mkdir(exist_ok=True)
        for kind, opened in {"sqlite": sqlite, "postgresql": postgresql}.items():
            if arguments.only in {None, kind}:
                with opened(folder) as database:
                    too_slow |= report(kind, database, folder, arguments)
    sys.exit(too_slow)


def report(kind: str, database: Database, folder: Path, arguments: argparse.Namespace) -> bool:
    """Fill one database unless it is filled, measure and print; whether a bar was missed."""
    if not is_filled(database):
        begun = time.perf_counter()
        fill(database, arguments.studies, measured=arguments.measured)
        print(f"{kind}: filled in {time.perf_counter() - begun:.0f} s")
    with database.read() as session:
        studies = session.scalar(select(func.count()).select_from(Study)) or 0
    print(f"{kind}: {studies} studies, load {os.getloadavg()[0]:.1f}")
    asked = {
        "worklist": worklist_queries(studies - 100),
        "explorer": explorer_queries(),
        "history": history_queries(database),
    }
    missed = False
    for page, queries in asked.items():
        rows = measure(database, queries, arguments.repeat)
        print(f"{page:40} {'p50 ms':>8} {'p95 ms':>8} {'CPU p50':>8} {'CPU p95':>8}")
        for row in rows:
            print(
                f"{row.name:40} {row.median:8.1f} {row.high:8.1f} "
                f"{row.cpu_median:8.1f} {row.cpu_high:8.1f}"
            )
            high = row.cpu_high if arguments.cpu else row.high
            missed |= high > BARS_MS[page]
    upkeep(database, folder)
    return missed


if __name__ == "__main__":
    main()
