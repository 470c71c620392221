"""The process that builds corrected folders: warm, alone, killed at any instant."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import small_builder
import tireless_corrector
from hand_made_corrections import HandMade, add_case, drawn
from tireless_corrector import BUILDER

from heimdallr.config import Settings
from heimdallr.corrections.difference import labels_version
from heimdallr.domain.errors import CorrectionError, OtherBaseError, PublishingError
from heimdallr.publishing.schema import read_results
from heimdallr.store.corrections import CorrectionState, corrections_of
from heimdallr.store.layout import DataFolders, data_folders
from heimdallr.store.upkeep.applied_corrections import numbers_in
from heimdallr.store.upkeep.applying import apply_pending, follow_pending
from heimdallr.store.upkeep.case_builder import BuilderDiedError, CaseBuilder, Correct, Outcome
from heimdallr.store.upkeep.case_builder_process import OOM_SCORE
from heimdallr.store.upkeep.correcting import accept, save

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from heimdallr.store.database import Database
    from heimdallr.store.upkeep.case_builder import Job

CHANGED = b"changed voxels"


def small(idle_s: float = 60) -> CaseBuilder:
    """A process that leaves a mark for each job."""
    return CaseBuilder((sys.executable, small_builder.__file__, str(idle_s)))


@pytest.fixture
def builder() -> Iterator[CaseBuilder]:
    """Such a process."""
    made = small()
    yield made
    made.close()


def job(folder: Path, number: int = 1, comment: str = "") -> Correct:
    """A correction of what is in a folder."""
    return Correct(folder, drawn("0" * 32, number=number, comment=comment), CHANGED)


def test_one_process_does_one_job_after_the_other(tmp_path: Path, builder: CaseBuilder) -> None:
    """The last word is said by whoever asked; nothing takes its place before."""
    seen: list[int] = []
    for number in (1, 2):
        builder(job(tmp_path, number), lambda: seen.append(len(list(tmp_path.iterdir()))))
        pid = builder.pid
    assert seen == [0, 1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "2"]
    assert builder.pid == pid is not None
    builder.close()
    assert builder.pid is None


def test_what_goes_wrong_there_is_raised_here(tmp_path: Path, builder: CaseBuilder) -> None:
    """As itself, without anything of the patient's; the process goes on."""

    def refuse() -> None:
        raise PublishingError("no")  # noqa: EM101 - as short as it is

    with pytest.raises(PublishingError, match="no"):
        builder(job(tmp_path), refuse)
    for comment, kind, words in (
        ("other base", OtherBaseError, "load them again"),
        ("unfit", CorrectionError, "nothing is changed"),
        ("no room", PublishingError, "no room — make some"),
        ("broken", PublishingError, "cannot be computed"),
    ):
        with pytest.raises(kind, match=words) as error:
            builder(job(tmp_path, comment=comment), lambda: None)
        assert "Silva" not in str(error.value)
    assert not list(tmp_path.iterdir())
    builder(job(tmp_path), lambda: None)
    assert [path.name for path in tmp_path.iterdir()] == ["1"]


def test_after_idle_minutes_it_ends_and_comes_back(tmp_path: Path) -> None:
    """Its memory is given back; whoever needs it again waits a little longer."""
    builder = small(idle_s=0.1)
    builder(job(tmp_path), lambda: None)
    first = builder.pid
    wait_until(lambda: builder.pid is None)
    builder(job(tmp_path, 2), lambda: None)
    assert builder.pid != first
    builder.close()


@pytest.mark.skipif(not Path("/proc/self/oom_score_adj").exists(), reason="Linux has it")
def test_when_memory_runs_out_it_goes_before_the_server(
    tmp_path: Path, builder: CaseBuilder
) -> None:
    """A correction that is kept can be computed again; a web server answers everybody."""
    builder(job(tmp_path), lambda: None)
    mine, its = (
        int(Path(f"/proc/{one}/oom_score_adj").read_text()) for one in ("self", builder.pid)
    )
    assert its == OOM_SCORE > mine


def test_it_dies_with_the_thread_that_started_it(tmp_path: Path) -> None:
    """No process is left behind that would take a folder's place later on."""
    builder = small()
    thread = threading.Thread(target=lambda: builder(job(tmp_path), lambda: None))
    thread.start()
    thread.join()
    wait_until(lambda: builder.pid is None)
    builder.close()


def test_what_cannot_be_started_says_so(tmp_path: Path) -> None:
    """Two tries, then an error with a remedy."""
    builder = CaseBuilder((sys.executable, "-c", "raise SystemExit(3)"))
    with pytest.raises(BuilderDiedError, match="cannot be started"):
        builder(job(tmp_path), lambda: None)


@pytest.fixture
def folders(tmp_path: Path) -> DataFolders:
    """A data folder."""
    made = data_folders(Settings(data_dir=tmp_path / "data"))
    made.create()
    return made


@pytest.mark.parametrize("moment", ["while it builds", "at its last word"])
def test_a_builder_that_is_killed_loses_nothing(
    sqlite: Database, folders: DataFolders, moment: str
) -> None:
    """The row says what happened; accepted again, it is applied."""
    database, builder = sqlite, CaseBuilder(BUILDER)
    study, case = add_case(database, folders)
    number = save(database, folders, study, drawn(labels_version(case)), CHANGED)

    def build(job: Job, last_word: Callable[[], None]) -> Outcome:
        def killed() -> None:
            if moment == "at its last word":
                last_word()
            assert builder.pid is not None
            os.kill(builder.pid, signal.SIGKILL)
            if moment == "while it builds":
                last_word()

        return builder(job, killed)

    apply_pending(database, folders, study, number, build, drawn("0" * 32).at)
    with database.read() as session:
        (row,) = corrections_of(session, study)
    assert row.state in {CorrectionState.FAILED, CorrectionState.APPLIED}
    if row.state is CorrectionState.FAILED:
        assert row.error == {"code": "correction_builder_died", "parameters": {}}
        assert liver(case) == 1500.5
        again = accept(database, folders, study, 1, labels_version(case), "maria", row.at)
        apply_pending(database, folders, study, again, builder, row.at)
    assert liver(case) == 1499.5
    builder.close()


@pytest.mark.parametrize(
    "kills", [1, pytest.param(40, marks=[pytest.mark.slow])], ids=["once", "often"]
)
def test_a_server_that_is_killed_at_any_instant_loses_and_doubles_nothing(
    sqlite: Database, folders: DataFolders, rng_of: random.Random, kills: int
) -> None:
    """Every correction that was kept is applied once after the next start."""
    study, case = add_case(sqlite, folders)
    url = sqlite.url.render_as_string(hide_password=False)
    kept = 0
    for _ in range(kills):
        kept = max(kept, _killed_while_correcting(folders.root, url, study, rng_of))
        assert liver(case) == 1500.5 - len(read_results(case).provenance.corrections)
        follow_pending(sqlite, folders, HandMade(), drawn("0" * 32).at)
        with sqlite.read() as session:
            rows = corrections_of(session, study)
        assert len(rows) >= kept > 0
        assert {row.state for row in rows} == {CorrectionState.APPLIED}
        assert [row.number for row in rows] == numbers_in(case)
        assert liver(case) == 1500.5 - len(rows)
        kept = len(rows)


def _killed_while_correcting(root: Path, url: str, study: int, rng: random.Random) -> int:
    """Let somebody correct for a moment; the last number that was kept."""
    command = [sys.executable, tireless_corrector.__file__, str(root), url, str(study)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(rng.uniform(0, 4))
    process.kill()
    process.wait()
    with process.stdout as rest:
        return int((first + rest.read()).split()[-1])


def liver(case: Path) -> object:
    """Its volume."""
    return read_results(case).measurements[0].value


def wait_until(happened: Callable[[], bool]) -> None:
    """Look again and again, for half a minute at most."""
    for _ in range(600):
        if happened():
            return
        time.sleep(0.05)
    pytest.fail("it did not happen")


@pytest.fixture
def rng_of() -> random.Random:
    """Instants that are the same in every run."""
    return random.Random(20260201)  # noqa: S311 - no secret
