"""What goes wrong in a department, and how long it takes to be as before."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from small_disks import SmallDisk
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from heimdallr.store.models import Run, Study, StudyState
from simulated_department.services import counts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from network_namespaces import Host

    from simulated_department.services import Department

_LONGEST_S = 600.0
_CALM_S = 15.0
_MORE = 3
"""So many open studies more than before the fault are as before it."""


@dataclass(frozen=True)
class Recovery:
    """After a fault.

    Attributes:
        name: of the fault.
        lasted_s: from its begin to its end.
        affected: studies that were open when it began.
        affected_done_s: from its begin until they all were done; ``None``: not within ten minutes.
        as_before_s: from its begin until no more studies were open than before it; 0: never more.
        ended: services that had ended by themselves.
    """

    name: str
    lasted_s: float
    affected: int
    affected_done_s: float | None
    as_before_s: float | None
    ended: tuple[str, ...]


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong.

    Attributes:
        name: of it.
        happen: causes it, waits, and ends it.
        host: whose worker is to be in the middle of a case when it begins; ``None``: no matter.
    """

    name: str
    happen: Callable[[], None]
    host: Host | None = None


def faults(whole: Department, disk: Path | None, cut_s: float) -> list[Fault]:
    """Every fault that can be caused here."""
    first, second = whole.net.hosts[0], whole.net.hosts[1]

    def killed() -> None:
        whole.kill(first.name)
        time.sleep(cut_s / 2)
        whole.start_worker(first)

    def power_cut() -> None:
        second.cut()
        whole.kill(second.name)
        time.sleep(cut_s)
        second.join()
        whole.start_worker(second)

    def network_cut() -> None:
        first.cut()
        time.sleep(cut_s)
        first.join()

    def restarted() -> None:
        whole.cluster.stop("fast")
        time.sleep(5)
        _start_again(whole)

    def crashed() -> None:
        whole.cluster.stop("immediate")
        time.sleep(5)
        _start_again(whole)

    def disk_full() -> None:
        SmallDisk(whole.data).fill()
        time.sleep(cut_s / 2)
        SmallDisk(whole.data).make_room()

    found = [Fault("a worker's processes are killed", killed, first)]
    if second.namespace:
        found += [
            Fault("a host loses its power", power_cut, second),
            Fault("a host's network is cut", network_cut, first),
        ]
    found += [Fault("PostgreSQL is restarted", restarted), Fault("PostgreSQL crashes", crashed)]
    if disk is not None:
        found.append(Fault("the data folder's disk is full", disk_full))
    return found


def go_through(whole: Department, fault: Fault) -> Recovery:
    """Cause a fault, end it, and wait until everything is as before; studies go on arriving."""
    usual = _calm(whole)
    if fault.host:
        _busy(whole, fault.host)
    affected, up = _open(whole), {one.name for one in whole.services.values() if one.is_up}
    begun = time.monotonic()
    happening = threading.Thread(target=fault.happen)
    happening.start()
    lasted_s, done_s, above_s, as_before = 0.0, None, 0.0, False
    while (spent_s := time.monotonic() - begun) < _LONGEST_S and not (
        done_s is not None and as_before
    ):
        time.sleep(0.5)
        if happening.is_alive():
            lasted_s = spent_s
        with suppress(SQLAlchemyError):
            if done_s is None and not affected & _open(whole):
                done_s = spent_s
            is_above = counts(whole.database)[0] > usual + _MORE
            above_s = spent_s if is_above else above_s
            as_before = not is_above and not happening.is_alive()
    happening.join()
    before_s = above_s if as_before else None
    ended = tuple(sorted(one for one in up if not whole.services[one].is_up))
    return Recovery(fault.name, lasted_s, len(affected), done_s, before_s, ended)


def print_recoveries(recoveries: list[Recovery]) -> None:
    """A table; times in real seconds."""
    head = f"{'fault':34}{'lasted':>9}{'affected':>10}{'these done':>12}{'as before':>11}"
    print(head)
    for one in recoveries:
        done, before = (
            "not at all" if value is None else f"{value:.0f} s"
            for value in (one.affected_done_s, one.as_before_s)
        )
        line = f"{one.name:34}{one.lasted_s:7.0f} s{one.affected:10}{done:>12}{before:>11}"
        print(line + (f"   ended: {', '.join(one.ended)}" if one.ended else ""))


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path | None]:
    """A disk of its own over a folder, real and small; ``None`` where it cannot be had."""
    folder.mkdir(parents=True)
    image = folder.with_suffix(".img")
    with image.open("wb") as file:
        file.truncate(megabytes * 2**20)
    made = shutil.which("mkfs.ext4") and not _status("mkfs.ext4", "-q", "-m", "0", str(image))
    if not made or _status("mount", "-o", "loop", str(image), str(folder)):
        image.unlink()
        yield None
        return
    try:
        yield folder
    finally:
        _status("umount", "-l", str(folder))
        image.unlink()


def _status(*command: str) -> int:
    return subprocess.run(command, check=False, capture_output=True).returncode


def _start_again(whole: Department) -> None:
    whole.cluster.start()
    whole.database.engine.dispose()
    postmaster = whole.cluster.folder / "data" / "postmaster.pid"
    whole.meter.watch("PostgreSQL", int(postmaster.read_text().split()[0]))


def _busy(whole: Department, host: Host) -> None:
    """Wait until a host's worker is in the middle of a case."""
    pid = whole.services[host.name].process.pid
    query = select(Run.id).where(
        Run.state == StudyState.SEGMENTING, Run.executor.contains(f"-{pid}-", autoescape=True)
    )
    found = None
    while found is None:
        with whole.database.read() as session:
            found = session.scalars(query).first()
        time.sleep(0.1)


def _calm(whole: Department) -> int:
    """How many studies are open at most in quiet times."""
    most, until = 0, time.monotonic() + _CALM_S
    while time.monotonic() < until:
        most = max(most, counts(whole.database)[0])
        time.sleep(0.5)
    return most


def _open(whole: Department) -> set[int]:
    """Studies that are not over."""
    with whole.database.read() as session:
        return set(session.scalars(select(Study.id).where(Study.state != StudyState.DONE)))
