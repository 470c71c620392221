"""A department's day through the whole system: turnaround, load, scaling, faults, nothing lost.

    python benchmarks/department.py [--studies 1000] [--compression 60] [--workers 1 2 4]
                                    [--day-workers 2] [--backlog 40] [--no-day]
                                    [--faults [WORD ...]] [--cut 120] [--no-namespaces]

What is real: PostgreSQL, listener and recorder, web server, deliverer, workers with preparation,
analyses and case folders, C-STORE from eight senders at a time. What is not: networks only take
the time they were measured to take (``simulated_department/times.py``), images are 40×48 pixels,
and one file stands for 25 images. Workers stand on hosts of their own, network namespaces on a
bridge, where root may make these; they share this machine's processors, memory and data folder.

Three parts. *Scaling*: a backlog of studies for each number of workers, segmentation at a quarter
of its time; efficiency is their rate divided by that of one worker and by their number. *The day*:
``--studies`` over 24 hours that are ``--compression`` times as short, with duplicates, late images
and resends; what cannot be compressed (polling, processor time) counts that many times in its
minutes, which are therefore an upper bound. *Faults* (``--faults``): studies at an even pace, and
one fault after the other, in real seconds. Each part ends with the question what was lost or
doubled, and the script with exit code 1 where anything was.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "preparation"))

from network_namespaces import why_no_namespaces
from simulated_department.checking import wrong
from simulated_department.day import hourly_day, mean_images, steady
from simulated_department.faults import Recovery, faults, go_through, print_recoveries, small_disk
from simulated_department.figures import (
    database_figures,
    ended_runs,
    print_database,
    print_queue,
    print_turnaround,
    print_used,
)
from simulated_department.sending import Senders
from simulated_department.services import Department, Watch, counts, department
from simulated_department.times import segment_s

if TYPE_CHECKING:
    from collections.abc import Callable

_SEED = 11
_DRAIN_S = 1800.0
_BACKLOG_SHARE = 0.25
_FAULT_SHARE, _FAULT_LOAD = 0.15, 0.5
_WARM_S = 20.0


@dataclass(frozen=True)
class Asked:
    """What the command line asks for, and whether hosts have networks of their own."""

    studies: int
    compression: float
    workers: list[int]
    day_workers: int
    backlog: int
    cut_s: float
    folder: Path
    namespaces: bool


def wait_until(condition: Callable[[], bool], limit_s: float = _DRAIN_S) -> None:
    """Wait for something; the verdict tells what is amiss where it does not come true."""
    until = time.monotonic() + limit_s
    while not condition() and time.monotonic() < until:
        time.sleep(0.25)


def verdict(whole: Department, senders: Senders) -> bool:
    """Say what was lost or doubled; whether anything was."""
    faults_found = wrong(whole, senders.sent)
    for one in faults_found:
        print(f"WRONG: {one}")
    if not faults_found:
        sent = senders.sent
        print(
            f"nothing lost, nothing doubled: {sent.images} images of {len(sent.digests)} studies, "
            f"{sent.interruptions} associations interrupted"
        )
    return bool(faults_found)


def scaling(asked: Asked, count: int) -> tuple[float, bool]:
    """Studies per second of so many workers, and whether anything went wrong."""
    folder = Path(tempfile.mkdtemp(prefix=f"workers{count}-", dir=asked.folder))
    with department(
        folder, workers=count, namespaces=asked.namespaces, compression=asked.compression,
        segment_share=_BACKLOG_SHARE,
    ) as whole:  # fmt: skip
        senders = Senders(whole.settings.dicom_port, 1.0, threading.Event())
        studies = asked.backlog * count
        senders.send_all(steady(studies, 0.0, _SEED, alike=asked.backlog))
        wait_until(lambda: counts(whole.database)[1] == studies)
        for host in whole.net.hosts:
            whole.start_worker(host)
        begun = time.monotonic()
        at_begin = counts(whole.database)[2]
        used = whole.meter.read()
        wait_until(lambda: not counts(whole.database)[0])
        seconds = time.monotonic() - begun
        cpu = {name: one.cpu_s for name, one in whole.meter.read().items()}
        cores = sum(cpu[name] - used[name].cpu_s for name in cpu) / seconds
        rate = (studies - at_begin) / seconds
        print(f"{count} workers: {rate:.3f} studies/s, {cores:.2f} processors busy", flush=True)
        return rate, verdict(whole, senders)


def one_day(asked: Asked) -> bool:
    """A day; whether anything went wrong."""
    folder = Path(tempfile.mkdtemp(prefix="day-", dir=asked.folder))
    with department(
        folder, workers=asked.day_workers, namespaces=asked.namespaces,
        compression=asked.compression, segment_share=1 / asked.compression,
    ) as whole:  # fmt: skip
        for host in whole.net.hosts:
            whole.start_worker(host)
        senders = Senders(whole.settings.dicom_port, asked.compression, threading.Event())
        watch = Watch(whole)
        watch.start()
        before, used, begun = (
            database_figures(whole.database), whole.meter.read(), time.monotonic(),
        )  # fmt: skip
        senders.send_all(hourly_day(asked.studies, _SEED))
        wait_until(lambda: not counts(whole.database)[0])
        time.sleep(3)
        seconds = time.monotonic() - begun
        watch.end()
        ended = ended_runs(whole.database, senders.sent)
        print(f"{asked.studies} studies, {asked.day_workers} workers, {seconds:.0f} s")
        late = senders.sent.late_s * asked.compression / 60
        print(f"senders were {late:.1f} minutes of the day late at most")
        print_turnaround(ended, asked.compression)
        print_queue(watch.seen)
        spent = {
            name: type(one)(
                one.cpu_s - used[name].cpu_s, one.written_bytes - used[name].written_bytes
            )
            for name, one in whole.meter.read().items()
        }
        print_used(spent, len(ended), senders.sent.images, seconds)
        print_database(before, database_figures(whole.database), len(ended))
        return verdict(whole, senders)


def through_faults(asked: Asked, words: list[str]) -> bool:
    """One fault after the other, or those with one of the words; whether anything went wrong."""
    folder = Path(tempfile.mkdtemp(prefix="faults-", dir=asked.folder))
    workers = max([3, *asked.workers])
    every_s = segment_s(mean_images()) * _FAULT_SHARE / (workers * _FAULT_LOAD)
    with (
        small_disk(folder / "data", 2048) as disk,
        department(
            folder, workers=workers, namespaces=asked.namespaces,
            compression=asked.compression, segment_share=_FAULT_SHARE,
        ) as whole,
    ):  # fmt: skip
        if disk is None:
            print("skipped: a full disk, for none can be mounted here")
        for host in whole.net.hosts:
            whole.start_worker(host)
        over = threading.Event()
        senders = Senders(whole.settings.dicom_port, 1.0, over)
        sending = threading.Thread(
            target=senders.send_all, args=(steady(100_000, every_s, _SEED),), daemon=True
        )
        sending.start()
        try:
            recoveries = suffer(whole, disk, asked, words)
        finally:
            over.set()
            sending.join()
        wait_until(lambda: not counts(whole.database)[0], 300)
        print_recoveries(recoveries)
        went_wrong = verdict(whole, senders)
    return went_wrong or any(one.as_before_s is None or one.ended for one in recoveries)


def suffer(whole: Department, disk: Path | None, asked: Asked, words: list[str]) -> list[Recovery]:
    """Go through the faults while studies arrive."""
    time.sleep(_WARM_S)
    recoveries = []
    for fault in faults(whole, disk, asked.cut_s):
        if not words or any(word in fault.name for word in words):
            recoveries.append(go_through(whole, fault))
            print_recoveries(recoveries[-1:])
            sys.stdout.flush()
    return recoveries


def main() -> None:
    """Run the parts that are asked for; exit code 1 where anything went wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--studies", type=int, default=1000, help="of the day")
    parser.add_argument("--compression", type=float, default=60.0)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--day-workers", type=int, default=2)
    parser.add_argument("--backlog", type=int, default=40, help="studies for each worker")
    parser.add_argument(
        "--faults", nargs="*", metavar="WORD", help="those with such a word in their name; or all"
    )
    parser.add_argument("--cut", type=float, default=120.0, help="seconds a network is cut")
    parser.add_argument("--no-day", action="store_true")
    parser.add_argument("--no-namespaces", action="store_true", help="plain processes")
    parser.add_argument("--folder", type=Path, help="where files go; default: the temporary folder")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # hosts and servers are taken down then
    why_not = "not asked for" if arguments.no_namespaces else why_no_namespaces()
    if why_not:
        print(f"workers are plain processes of this host: {why_not}")
    with tempfile.TemporaryDirectory(prefix="department-", dir=arguments.folder) as name:
        asked = Asked(
            arguments.studies, arguments.compression, arguments.workers, arguments.day_workers,
            arguments.backlog, arguments.cut, Path(name), namespaces=not why_not,
        )  # fmt: skip
        went_wrong, rates = False, {}
        for count in asked.workers:
            rates[count], wrong_here = scaling(asked, count)
            went_wrong |= wrong_here
        if 1 in rates:
            for count, rate in rates.items():
                print(f"efficiency of {count} workers: {rate / rates[1] / count:.2f}")
        if not arguments.no_day:
            went_wrong |= one_day(asked)
        if arguments.faults is not None:
            went_wrong |= through_faults(asked, arguments.faults)
    sys.exit(went_wrong)


if __name__ == "__main__":
    main()
