"""SIGKILL at any instant: whatever was acknowledged is there, every case ends once, as it should.

Listener, recorder, web server and workers are killed at random while studies come in, and brought
back as a service manager would. The quick version runs always, the full one with ``-m slow``.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
import pytest
from waiting import wait_for
from whole_system import (
    LISTENER,
    UID,
    WEB,
    Sender,
    missing_on_disk,
    process_undisturbed,
    what_came_out,
    whole_system,
    worker,
    write_study,
)

if TYPE_CHECKING:
    from pathlib import Path

    from whole_system import WholeSystem

pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # of lost associations

KINDS = 3
"""Different bodies; studies of one kind have equal results."""


@dataclass(frozen=True)
class Ordeal:
    """How much is sent, and how often something is killed meanwhile."""

    cases: int
    kills: int
    longest_pause_s: float
    limit_s: float


QUICK = Ordeal(cases=4, kills=6, longest_pause_s=2.5, limit_s=200)
FULL = Ordeal(cases=20, kills=60, longest_pause_s=4.0, limit_s=900)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Converted networks, for every system of this module."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> list[dict[str, object]]:
    """What each kind of study comes to when nobody is killed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    studies = [write_study(folder, kind, kind=kind) for kind in range(KINDS)]
    cases = process_undisturbed(studies, folder / "out", cache)
    return [what_came_out(cases[f"{UID}.{kind + 1}"]) for kind in range(KINDS)]


@dataclass
class Killer:
    """Kills one process after the other; every kind of them before any kind again."""

    system: WholeSystem
    victims: list[str]
    ordeal: Ordeal
    killed: dict[str, int] = field(default_factory=dict)

    def run(self, over: threading.Event) -> None:
        """Until so many were killed, or it is over."""
        waiting: list[str] = []
        while sum(self.killed.values()) < self.ordeal.kills and not over.is_set():
            over.wait(random.uniform(0.2, self.ordeal.longest_pause_s))  # noqa: S311
            waiting = waiting or random.sample(self.victims, len(self.victims))
            pid = self.system.pid(waiting[0])
            if pid is None:
                continue
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            name = waiting.pop(0)
            self.killed[name] = self.killed.get(name, 0) + 1


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def test_a_few_cases_survive_a_few_kills(
    request: pytest.FixtureRequest,
    kind: str,
    tmp_path: Path,
    cache: Path,
    undisturbed: list[dict[str, object]],
) -> None:
    """Four cases, six kills; on PostgreSQL with two workers."""
    _survive(request, kind, QUICK, tmp_path, cache, undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_twenty_cases_survive_many_kills(
    request: pytest.FixtureRequest,
    kind: str,
    tmp_path: Path,
    cache: Path,
    undisturbed: list[dict[str, object]],
) -> None:
    """Twenty cases, sixty kills; on PostgreSQL with two workers."""
    _survive(request, kind, FULL, tmp_path, cache, undisturbed)


def _survive(  # noqa: PLR0917
    request: pytest.FixtureRequest,
    kind: str,
    ordeal: Ordeal,
    folder: Path,
    cache: Path,
    undisturbed: list[dict[str, object]],
) -> None:
    settings = {"IDLE_SECONDS": "20", "MAX_RECOVERIES": "20"}
    workers = [worker(1)]
    if kind == "postgresql":
        settings["DATABASE_URL"] = request.getfixturevalue("postgresql_url")
        workers.append(worker(2))
    studies = [write_study(folder, number, kind=number % KINDS) for number in range(ordeal.cases)]
    parts = (LISTENER, WEB, *workers)
    victims = ["listener", "recorder", "web", *(one.name for one in workers)]
    with whole_system(folder / "data", cache, parts, **settings) as system:
        begun = time.monotonic()
        sender, over = Sender(system.settings.dicom_port, pause_s=0.2), threading.Event()
        killer = Killer(system, victims, ordeal)
        with ThreadPoolExecutor(3) as pool:
            killing = pool.submit(killer.run, over)
            try:
                for sending in [pool.submit(sender.send, study) for study in studies]:
                    sending.result(timeout=ordeal.limit_s)
                killing.result(timeout=ordeal.limit_s)
            finally:
                over.set()
        states = system.wait_for(ordeal.cases, limit_s=ordeal.limit_s)
        spent = time.monotonic() - begun
        print(f"{kind}: {killer.killed}, {sender.interruptions} associations lost, {spent:.0f} s")  # noqa: T201

        assert sum(killer.killed.values()) == ordeal.kills
        assert set(states.values()) == {"done"}
        assert sum(len(one) for one in sender.stored.values()) == 14 * ordeal.cases
        assert missing_on_disk(system, sender.stored) == []
        assert sorted(system.runs()) == sorted(
            (f"{UID}.{number + 1}", 1, 1, "done") for number in range(ordeal.cases)
        )
        cases = system.cases()
        for number in range(ordeal.cases):
            came_out = what_came_out(cases[f"{UID}.{number + 1}"])
            assert came_out == undisturbed[number % KINDS], number
        spool = system.data / "incoming" / ".spool"
        wait_for(lambda: not any(spool.iterdir()), what="an empty spool")
        wait_for(lambda: _answers(system), what="the web server")
        assert system.get("/api/v1/studies").json()["total"] == ordeal.cases
    shutil.rmtree(folder, ignore_errors=True)


def _answers(system: WholeSystem) -> bool:
    try:
        return system.get("/readyz").status_code == 200
    except httpx.HTTPError:
        return False
