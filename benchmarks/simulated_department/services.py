"""The services of the simulated department as processes, and what each of them has used."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from network_namespaces import network
from postgresql import running_cluster
from sqlalchemy import text

from heimdallr.config import PREFIX, Settings
from heimdallr.store.database import Database
from simulated_department.sending import STAT_AE
from simulated_department.worker import SHARE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from network_namespaces import Host, Network
    from postgresql import Cluster

_TICKS = os.sysconf("SC_CLK_TCK")
_START_S, _END_S = 120.0, 100.0
_BENCHMARKS = Path(__file__).parents[1]


@dataclass
class Service:
    """A process, and its log."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def is_up(self) -> bool:
        """Whether it runs."""
        return self.process.poll() is None


@dataclass
class Department:
    """Everything that runs; made by :func:`department`."""

    data: Path
    settings: Settings
    environment: Mapping[str, str]
    net: Network
    cluster: Cluster
    database: Database
    meter: Meter
    services: dict[str, Service] = field(default_factory=dict)

    def start(
        self, name: str, command: Sequence[str], said: str, prefix: Sequence[str] = ()
    ) -> None:
        """Start a service and wait until its log says that it is ready."""
        log = self.data.parent / f"{name}.log"
        with log.open("ab") as output:
            before = output.tell()
            process = subprocess.Popen(
                [*prefix, sys.executable, *command],
                env=dict(self.environment),
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.services[name] = Service(name, process, log)
        self.meter.watch(name, process.pid)
        until = time.monotonic() + _START_S
        while said not in log.read_text(errors="replace")[before:]:
            if process.poll() is not None or time.monotonic() > until:
                message = f"{name} did not start:\n{log.read_text(errors='replace')[-3000:]}"
                raise SystemExit(message)
            time.sleep(0.1)

    def start_worker(self, host: Host) -> None:
        """A worker on a host."""
        self.start(host.name, ["-m", "simulated_department.worker"], "worker_ready", host.prefix)

    def kill(self, name: str) -> None:
        """SIGKILL, to the service and whatever it started."""
        service = self.services[name]
        for pid in reversed(_family(service.process.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        service.process.wait(30)

    def end(self) -> None:
        """Tell everything to stop, and wait for it."""
        running = [one for one in self.services.values() if one.is_up]
        for service in running:
            service.process.send_signal(signal.SIGTERM)
        until = time.monotonic() + _END_S
        for service in running:
            with suppress(subprocess.TimeoutExpired):
                service.process.wait(max(until - time.monotonic(), 0.1))
            if service.is_up:
                self.kill(service.name)


@dataclass(frozen=True)
class Used:
    """What a service has used: processor seconds, bytes handed to the disk."""

    cpu_s: float = 0.0
    written_bytes: int = 0


class Meter:
    """Adds up what processes and their children use, also of those that end meanwhile."""

    def __init__(self) -> None:
        self._watched: dict[str, list[int]] = defaultdict(list)
        self._last: dict[tuple[str, int], Used] = {}

    def watch(self, name: str, pid: int) -> None:
        """Count a process to a service."""
        self._watched[name].append(pid)

    def read(self) -> dict[str, Used]:
        """By service, so far; a listener's recorder apart. Ask often: the dead tell nothing."""
        for name, pids in self._watched.items():
            for pid in pids:
                for one in _family(pid):
                    own = f"{name}: recorder" if name == "listener" and one != pid else name
                    with suppress(OSError, ValueError):
                        self._last[own, one] = _used(one)
        sums: dict[str, Used] = {}
        for (name, _), used in self._last.items():
            had = sums.get(name, Used())
            sums[name] = Used(had.cpu_s + used.cpu_s, had.written_bytes + used.written_bytes)
        return sums


def _used(pid: int) -> Used:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    written = 0
    for line in Path(f"/proc/{pid}/io").read_text().splitlines():
        if line.startswith("write_bytes"):
            written = int(line.split()[1])
    return Used(sum(map(int, fields[11:13])) / _TICKS, written)


def _family(pid: int) -> list[int]:
    """A process and its descendants, the elder first."""
    found = [pid]
    for one in found:
        with suppress(OSError):
            for task in Path(f"/proc/{one}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


@contextmanager
def department(
    folder: Path, *, workers: int, namespaces: bool, compression: float, segment_share: float
) -> Iterator[Department]:
    """A department in ``folder``: PostgreSQL, listener, web server, deliverer; no worker yet.

    Args:
        folder: receives ``data/`` and the logs.
        workers: hosts there are for them.
        namespaces: hosts have networks of their own.
        compression: seconds of the day in one second; what waits by a setting waits shorter.
        segment_share: of the measured time that segmentation takes here.
    """
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        net = stack.enter_context(network(workers, namespaces=namespaces))
        cluster = stack.enter_context(running_cluster(net.address, durable=True))
        url = cluster.create_database()
        chosen = {
            "DATA_DIR": str(data),
            "DATABASE_URL": url.render_as_string(hide_password=False),
            "AUTH": "off",
            "SERVER_PORT": str(_free_port()),
            "DICOM_PORT": str(_free_port()),
            "DISK_RESERVE_GB": "0.05",
            "IDLE_SECONDS": str(max(30 / compression, 1.0)),
            "SCAN_SECONDS": str(max(5 / compression, 0.25)),
            "STAT_AE_TITLES": STAT_AE,
        }
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(PREFIX)}
        environment = inherited | {PREFIX + k: v for k, v in chosen.items()}
        environment |= {
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(_BENCHMARKS),
            SHARE: str(segment_share),
        }
        settings = Settings.model_validate({k.lower(): v for k, v in chosen.items()})
        database = Database(url)
        stack.callback(database.close)
        whole = Department(data, settings, environment, net, cluster, database, Meter())
        stack.callback(whole.end)
        postmaster = int((cluster.folder / "data" / "postmaster.pid").read_text().split()[0])
        whole.meter.watch("PostgreSQL", postmaster)
        whole.start("listener", ["-m", "heimdallr", "listen"], "DICOM listener")
        whole.start("web", ["-m", "heimdallr", "serve"], "web_listening")
        _deliver_to_a_folder(folder, environment)
        whole.start("deliverer", ["-m", "heimdallr", "deliver"], "deliverer_ready")
        yield whole


def _deliver_to_a_folder(folder: Path, environment: Mapping[str, str]) -> None:
    share = folder / "share"
    share.mkdir(exist_ok=True)
    for command in (
        ["add", "share", "folder", "--set", f"path={share}"],
        ["rule", "add", "everything", "share", "--object", "results", "--object", "fhir"],
    ):
        subprocess.run(
            [sys.executable, "-m", "heimdallr", "destination", *command],
            check=True,
            env=dict(environment),
            stdout=subprocess.DEVNULL,
        )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@dataclass
class Watch:
    """What was seen once a second; the thread runs from :meth:`start` to :meth:`end`.

    Attributes:
        seen: monotonic time; open studies, queued runs, runs that are done.
    """

    whole: Department
    seen: list[tuple[float, int, int, int]] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._go, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Stop looking."""
        self._over.set()
        if self._thread:
            self._thread.join()

    def _go(self) -> None:
        while not self._over.wait(1.0):
            self.whole.meter.read()
            with suppress(Exception):  # the database may be away: nothing is seen then
                self.seen.append((time.monotonic(), *counts(self.whole.database)))


def counts(database: Database) -> tuple[int, int, int]:
    """Open studies, queued runs, runs that are done."""
    with database.read() as session:
        row = session.execute(
            text(
                "SELECT (SELECT count(*) FROM studies WHERE state NOT IN"
                " ('done', 'refused', 'failed', 'cancelled', 'stored')),"
                " (SELECT count(*) FROM runs WHERE state = 'queued'),"
                " (SELECT count(*) FROM runs WHERE state = 'done')"
            )
        ).one()
    return int(row[0]), int(row[1]), int(row[2])
