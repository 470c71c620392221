"""Work on a case that takes moments, and worker processes that do it; for the tests of the worker.

Each stage writes a small output made from the one before it and a line in a journal; a case's
orders (:func:`order`) make it fail, be refused, dawdle or kill its worker. Run as a program, this
is ``heimdallr work`` with quick work in place of the real one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from store_cases import add_instance, add_study, make_identity, make_results, measurement
from waiting import PATIENCE_S, wait_for

from heimdallr import logs
from heimdallr.clock import utc_now
from heimdallr.config import Settings
from heimdallr.domain.errors import SegmentationError, UnsupportedStudyError
from heimdallr.domain.statements import Statement
from heimdallr.domain.study import Selection, Series, SeriesVerdict
from heimdallr.parent_process import stop_on_signals
from heimdallr.publishing.case_folder import case_folder
from heimdallr.publishing.identity import identity_json
from heimdallr.publishing.results import results_json
from heimdallr.store.layout import data_folders
from heimdallr.store.models import Run, Study, StudyState
from heimdallr.store.work import lifecycle, states
from heimdallr.workflow.assignment import StudyRefusedError
from heimdallr.workflow.work_folder import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from heimdallr.store.database import Database
    from heimdallr.workflow.assignment import Assignment, Chronicle, Report, Work
    from heimdallr.workflow.work_folder import WorkFolder

STAGES = ("prepare", "segment", "analyze")
PATIENT = "SECRET^PATIENT NAME"
SERIES = "1.2.3.4"


class QuickWork:
    """The four stages in moments."""

    def __init__(self, assignment: Assignment, folder: WorkFolder, root: Path) -> None:
        self._of = assignment
        self._folder = folder
        self._root = root

    def do(self, stage: str, report: Report) -> float:
        """Make a stage's output, unless it is there."""
        made_from = fingerprint(self._of.content, stage)
        whole = self._folder.whole(stage, made_from)
        if whole is None:
            self._folder.snapshot(self._of.sources, self._of.content)
            self._journal(stage)
            with self._folder.writing(stage, made_from) as draft:
                self._obey(stage, report)
                (draft.folder / "output").write_text(self._make(stage))
            whole = self._folder.whole(stage, made_from)
        assert whole is not None
        return whole.seconds

    def publish(self, chronicle: Chronicle, last_word: Callable[[], None]) -> Path:
        """Publish a case folder whose one number depends on the received files only."""
        self._journal("publish")
        volume = int(self._output("analyze")[:6], 16) / 1000
        results = make_results(
            measurements=(measurement("liver_vol_cm3", volume, unit="cm3"),),
            case_id=self._of.case_id,
        )
        output = self._folder.published if self._folder.fetch else self._root / "output"
        with case_folder(output, self._of.case_id, last_word=last_word) as folder:
            (folder / "resultados.json").write_text(results_json(results))
            (folder / "id.json").write_text(identity_json(make_identity()))
            self._obey("publish", lambda _share: 0)
        assert chronicle.seconds.keys() == set(STAGES)
        return output / self._of.case_id

    def _make(self, stage: str) -> str:
        before = STAGES.index(stage) - 1
        text = self._output(STAGES[before]) if before >= 0 else self._of.content
        return hashlib.sha256(f"{stage} {text}".encode()).hexdigest()

    def _output(self, stage: str) -> str:
        return (self._folder.path / stage / "output").read_text()

    def _obey(self, stage: str, report: Report) -> None:
        told = _orders(self._root, self._of.case_id)
        seconds = float(os.environ.get("QUICK_STAGE_S", "0"))
        if told.get("stage") == stage and self._is_in_time(told):
            self._carry_out(told)
            seconds = float(told.get("seconds", seconds))
        until = time.monotonic() + seconds
        while True:
            report(0.5)
            if time.monotonic() >= until:
                return
            time.sleep(0.02)

    def _carry_out(self, told: dict[str, str]) -> None:
        match told["what"]:
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
            case "fault":
                raise RuntimeError(PATIENT)
            case "no memory":
                raise SegmentationError("the network could not be run", remedy="free memory")  # noqa: EM101, TRY003
            case "refuse":
                reason = Statement("series_of_other_modality", {"modality": "US"})
                verdict = SeriesVerdict(Series(SERIES, "US"), None, (reason,))
                error = UnsupportedStudyError("modality US is not supported")
                raise StudyRefusedError(error, Selection((verdict,)))
            case "deaf":
                time.sleep(float(told["seconds"]))

    def _is_in_time(self, told: dict[str, str]) -> bool:
        return journal(self._root, self._of.case_id).count(told["stage"]) <= int(told["times"])

    def _journal(self, stage: str) -> None:
        folder = self._root / "journal"
        folder.mkdir(exist_ok=True)
        with (folder / self._of.case_id).open("a") as file:
            file.write(f"{stage}\n")
        with (folder / "all").open("a") as file:
            file.write(f"{self._of.case_id} {stage}\n")


def order(root: Path, case_id: str, stage: str, what: str, times: int = 99, **more: float) -> None:
    """Tell a case what happens in one of its stages, the first ``times`` times.

    ``what``: die, fault, no memory, refuse, deaf (hear nothing for ``seconds``), dawdle.
    """
    folder = root / "orders"
    folder.mkdir(exist_ok=True)
    told = {"stage": stage, "what": what, "times": times, **more}
    (folder / case_id).write_text(json.dumps(told))


def journal(root: Path, case_id: str = "all") -> list[str]:
    """Which stages were begun, in order; of ``all``: each with its case."""
    try:
        return (root / "journal" / case_id).read_text().splitlines()
    except FileNotFoundError:
        return []


def receive(
    database: Database, settings: Settings, key: str, *, images: int = 2, **columns: object
) -> int:
    """A study as the recorder leaves it, complete and queued; its id."""
    folders = data_folders(settings)
    folders.create()
    with database.write() as session:
        columns = {"accession_number": f"A{key}", "patient_name": PATIENT, **columns}
        study = add_study(session, key, **columns)
        for number in range(images):
            add_instance(
                session, study, f"{key}.{number}", folders, content=f"{key}{number}".encode()
            )
        lifecycle.complete(session, study, utc_now())
        return study.id


def volume_of(root: Path, case_id: str | None) -> float:
    """The one number of a case folder."""
    results = json.loads((root / "output" / str(case_id) / "resultados.json").read_text())
    (only,) = results["measurements"]
    return float(only["value"])


def add_late_image(
    database: Database, settings: Settings, study_id: int, *, complete: bool
) -> None:
    """One more image of a study that was complete."""
    now = utc_now()
    with database.write() as session:
        study = states.lock(session, study_id)
        key = f"{study.key}.late{study.instance_count}"
        add_instance(session, study, key, data_folders(settings), content=key.encode())
        lifecycle.reopen(session, study, now)
        if complete:
            lifecycle.complete(session, study, now)


def study_of(database: Database, study_id: int) -> Study:
    """The study's row."""
    with database.read() as session:
        return session.get_one(Study, study_id)


def runs_of(database: Database, study_id: int) -> list[Run]:
    """The study's runs, the oldest first."""
    with database.read() as session:
        found = session.query(Run).filter_by(study_fk=study_id)
        return list(found.order_by(Run.revision, Run.attempt))


def wait_for_state(
    database: Database, study_id: int, *states: StudyState, limit_s: float = PATIENCE_S
) -> Study:
    """Wait until a study is in one of these states."""
    until = time.monotonic() + limit_s
    while (study := study_of(database, study_id)).state not in states:
        assert time.monotonic() < until, f"still {study.state.value}: {study.error}"
        time.sleep(0.05)
    return study


@dataclass
class Worker:
    """A worker process."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def is_ready(self) -> bool:
        """Whether it takes studies by now."""
        return b"worker_ready" in self.log.read_bytes()

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait(60)

    def stop(self, limit_s: float = 60.0) -> int:
        """SIGTERM; its exit code."""
        self.process.terminate()
        return self.process.wait(limit_s)


class Workers:
    """Starts worker processes with quick work; ends them all when the test is over."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._workers: list[Worker] = []

    def start(self, environment: Mapping[str, str] | None = None, *, wait: bool = True) -> Worker:
        """A worker that is ready to take studies."""
        root = self._settings.data_dir
        url = self._settings.database_url
        log = root / f"worker-{len(self._workers)}.log"
        given = {
            "HEIMDALLR_DATA_DIR": str(root),
            "HEIMDALLR_STAGE_BACKOFF": "0.05",
            "OMP_NUM_THREADS": "1",
            **({"HEIMDALLR_DATABASE_URL": url.get_secret_value()} if url else {}),
            **(environment or {}),
        }
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, __file__],
                env={**os.environ, **given},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        worker = Worker(process, log)
        self._workers.append(worker)
        if wait:
            wait_for(lambda: worker.is_ready or process.poll() is not None)
            assert process.poll() is None, log.read_text()
        return worker

    def logs(self) -> str:
        """What all of them said."""
        return "\n".join(worker.log.read_text(errors="replace") for worker in self._workers)

    def end(self) -> None:
        """Kill whatever still runs."""
        for worker in self._workers:
            if worker.process.poll() is None:
                worker.kill()


@contextlib.contextmanager
def workers_for(settings: Settings) -> Iterator[Workers]:
    """Workers that end with the block."""
    workers = Workers(settings)
    try:
        yield workers
    finally:
        workers.end()


def _orders(root: Path, case_id: str) -> dict[str, str]:
    try:
        told: dict[str, str] = json.loads((root / "orders" / case_id).read_text())
    except FileNotFoundError:
        return {}
    return told


def main() -> int:
    """A worker with quick work."""
    from heimdallr.store.work.executors import GRACE_S  # noqa: PLC0415 - as below
    from heimdallr.workflow.service import run_worker  # noqa: PLC0415 - slow to import

    logs.configure(service="worker", level="info")
    settings = Settings()

    def make(assignment: Assignment, folder: WorkFolder) -> Work:
        return QuickWork(assignment, folder, settings.data_dir.absolute())

    ended = run_worker(
        settings,
        stop_on_signals(),
        make_work=make,
        stop_s=float(os.environ.get("QUICK_STOP_S", "20")),
        grace_s=float(os.environ.get("QUICK_GRACE_S", GRACE_S)),
    )
    if not ended:
        os._exit(3)
    return 0


if __name__ == "__main__":
    sys.exit(main())
