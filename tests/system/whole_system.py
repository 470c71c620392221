"""The whole system as real processes, kept alive like a service manager does, and its senders."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import nibabel
from dicom_series import SeriesOnDisk
from pydicom import dcmread
from pynetdicom import AE
from sqlalchemy import select
from waiting import wait_for

from heimdallr.cli.ports import with_ports
from heimdallr.config import PREFIX, Settings
from heimdallr.store.database import Database, database_url
from heimdallr.store.layout import data_folders
from heimdallr.store.models import Run, Study
from heimdallr.supervisor import Backoff, Part, Supervisor

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

UID = "1.2.826.0.1.3680043.2.1125.77"
LISTENER, WEB = Part("listener", ("listen",)), Part("web", ("serve",))
FINAL = {"done", "refused", "failed", "cancelled"}


def worker(number: int = 1) -> Part:
    """A worker; several of them have different names."""
    return Part(f"worker{number}", ("work",))


def write_study(folder: Path, number: int, *, kind: int | None = None, slices: int = 14) -> Path:
    """A small CT of its own patient.

    Args:
        folder: receives a folder of the study's name.
        number: decides every UID, the accession number and the PatientID.
        kind: studies of one kind show the same body.
        slices: images.
    """
    look = number if kind is None else kind
    uid = f"{UID}.{number + 1}"
    SeriesOnDisk(
        depths_mm=tuple(4.0 * k for k in range(slices)),
        matrix=(40, 48),
        origin_mm=(-76.0 + 2 * look, -58.0, -24.0),
        study_uid=uid,
        series_uid=uid + ".5",
        tags={"AccessionNumber": f"T{number}", "PatientID": f"P{number}"},
    ).write(folder / f"study{number}")
    return folder / f"study{number}"


@dataclass
class WholeSystem:
    """Services with a data folder of their own; made by :func:`whole_system`."""

    settings: Settings
    supervisor: Supervisor
    database: Database
    lines: list[str]

    @property
    def url(self) -> str:
        """Of the web server."""
        return f"http://127.0.0.1:{self.settings.server_port}"

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.settings.data_dir

    def pid(self, name: str) -> int | None:
        """Process of a part; ``recorder`` is the listener's child."""
        pids = self.supervisor.pids()
        if name != "recorder":
            return pids.get(name)
        listener = pids.get("listener")
        return _recorder_of(listener) if listener else None

    def states(self) -> dict[str, str]:
        """StudyInstanceUID → state."""
        with self.database.read() as session:
            rows = session.execute(select(Study.study_instance_uid, Study.state)).all()
        return {uid: state.value for uid, state in rows}

    def wait_for(self, count: int, limit_s: float) -> dict[str, str]:
        """Until so many studies are over."""
        wait_for(
            lambda: sum(state in FINAL for state in self.states().values()) >= count,
            what=f"{count} studies over",
            limit_s=limit_s,
        )
        return self.states()

    def runs(self) -> list[tuple[str, int, int, str]]:
        """StudyInstanceUID, revision, attempt and state of every run."""
        with self.database.read() as session:
            rows = session.execute(
                select(Study.study_instance_uid, Run.revision, Run.attempt, Run.state)
                .join(Study, Run.study_fk == Study.id)
                .order_by(Study.id, Run.id)
            ).all()
        return [(uid, revision, attempt, state.value) for uid, revision, attempt, state in rows]

    def cases(self) -> dict[str, Path]:
        """StudyInstanceUID → case folder of every study that has one."""
        output = data_folders(self.settings).output
        with self.database.read() as session:
            rows = session.execute(select(Study.study_instance_uid, Study.case_id)).all()
        return {uid: output / case for uid, case in rows if case}

    def get(self, path: str) -> httpx.Response:
        """Ask the web server."""
        return httpx.get(self.url + path, timeout=30, trust_env=False)


@contextmanager
def whole_system(
    folder: Path,
    cache: Path,
    parts: Sequence[Part] = (LISTENER, WEB, worker()),
    **settings: str,
) -> Iterator[WholeSystem]:
    """Services in ``folder`` until the block ends.

    Args:
        folder: becomes the data folder.
        cache: of converted networks, shared by systems so that each need not make its own.
        parts: the services.
        settings: by their environment name, without the prefix.
    """
    folder.mkdir(parents=True, exist_ok=True)
    cache.mkdir(exist_ok=True)
    (folder / "cache").symlink_to(cache)
    defaults = {
        "DATA_DIR": str(folder),
        "AUTH": "off",
        "DISK_RESERVE_GB": "0.2",
        "SCAN_SECONDS": "0.5",
        "THREADS": "1",
    }
    chosen = {PREFIX + name: value for name, value in (defaults | settings).items()}
    own = with_ports(_settings(chosen), 0, 0)
    chosen[PREFIX + "SERVER_PORT"] = str(own.server_port)
    chosen[PREFIX + "DICOM_PORT"] = str(own.dicom_port)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    lines: list[str] = []
    stop, ready = threading.Event(), threading.Event()
    supervisor = Supervisor(
        list(parts),
        inherited | chosen | {"OMP_NUM_THREADS": "1", "TOTALSEG_HOME_DIR": str(folder / "ts")},
        lines.append,
        grace_s=20,
        make_backoff=lambda: Backoff(first_s=0.2, most_s=2),
    )
    thread = threading.Thread(target=supervisor.run, args=(stop, ready.set))
    thread.start()
    database = Database(database_url(own))
    try:
        wait_for(lambda: ready.is_set() or not thread.is_alive(), what="ready")
        assert ready.is_set(), "\n".join(lines)
        yield WholeSystem(own, supervisor, database, lines)
    except AssertionError:
        sys.stderr.write("\n".join(lines[-60:]) + "\n")
        raise
    finally:
        stop.set()
        thread.join()
        database.close()


def _settings(environment: dict[str, str]) -> Settings:
    names = {name.removeprefix(PREFIX).lower(): value for name, value in environment.items()}
    return Settings.model_validate(names)


@dataclass
class Sender:
    """A PACS that sends studies and tries again what was not acknowledged, as a PACS does.

    Attributes:
        pause_s: between two images: a slow sender is interrupted more often.
        stored: StudyInstanceUID → SOPInstanceUID → digest of the data set, for what got a
            success status.
        interruptions: associations that were lost.
    """

    port: int
    pause_s: float = 0.0
    stored: dict[str, dict[str, str]] = field(default_factory=dict)
    interruptions: int = 0

    def send(self, folder: Path, *, limit_s: float = 120) -> None:
        """Send a study, however often the listener goes away meanwhile."""
        waiting = sorted(folder.glob("*.dcm"))
        deadline = time.monotonic() + limit_s
        while waiting:
            assert time.monotonic() < deadline, "the study cannot be sent"
            self._try(waiting)
            if waiting:
                self.interruptions += 1
                time.sleep(0.3)

    def _try(self, waiting: list[Path]) -> None:
        """One association; what was stored leaves the list."""
        scu = AE("PACS")
        first = dcmread(waiting[0], stop_before_pixels=True)
        scu.add_requested_context(first.SOPClassUID, first.file_meta.TransferSyntaxUID)
        scu.acse_timeout = scu.dimse_timeout = scu.network_timeout = 10
        association = scu.associate("127.0.0.1", self.port, ae_title="HEIMDALLR")
        if not association.is_established:
            return
        while waiting and association.is_established:
            image = dcmread(waiting[0])
            try:
                status = association.send_c_store(image).get("Status")
            except (RuntimeError, OSError):
                break
            if status != 0:
                break
            stored = self.stored.setdefault(image.StudyInstanceUID, {})
            stored[image.SOPInstanceUID] = digest_of(waiting.pop(0))
            time.sleep(self.pause_s)
        if association.is_established:
            association.release()


def digest_of(file: Path) -> str:
    """SHA-256 of the pixels and the names of an object: what must not change on its way."""
    image = dcmread(file)
    names = f"{image.StudyInstanceUID} {image.SOPInstanceUID} {image.AccessionNumber}"
    return hashlib.sha256(names.encode() + image.PixelData).hexdigest()


def missing_on_disk(system: WholeSystem, stored: dict[str, dict[str, str]]) -> list[str]:
    """Instances that were acknowledged and are not among the received files as they were sent."""
    incoming = data_folders(system.settings).incoming
    return [
        sop
        for study, instances in stored.items()
        for sop, digest in instances.items()
        if not (file := incoming / study / f"{sop}.dcm").is_file() or digest_of(file) != digest
    ]


def what_came_out(case: Path) -> dict[str, object]:
    """Everything of a case folder that two runs over the same images have in common."""
    results = json.loads((case / "resultados.json").read_bytes())
    results = {name: results[name] for name in results.keys() - {"provenance", "case_id"}}
    found: dict[str, object] = {"results": results}
    for file in sorted(case.rglob("*")):
        name = str(file.relative_to(case))
        if file.name.endswith(".nii.gz"):
            image = nibabel.load(file)
            voxels = bytes(memoryview(image.dataobj.get_unscaled()).tobytes())
            found[name] = hashlib.sha256(voxels + image.affine.tobytes()).hexdigest()
        elif file.is_file():
            found[name] = "there"
    return found


def process_undisturbed(studies: Sequence[Path], output: Path, cache: Path) -> dict[str, Path]:
    """The same studies through `heimdallr process`: StudyInstanceUID → case folder."""
    data = output / "data"
    data.mkdir(parents=True)
    (data / "cache").symlink_to(cache)
    done = subprocess.run(
        [sys.executable, "-m", "heimdallr", "process", *map(str, studies), "--output",
         str(output / "cases"), "--json"],
        capture_output=True, text=True, check=False, timeout=300,
        env={**os.environ, "HEIMDALLR_DATA_DIR": str(data), "HEIMDALLR_THREADS": "1",
             "OMP_NUM_THREADS": "1", "TOTALSEG_HOME_DIR": str(data / "ts")},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    folders = [Path(one["folder"]) for one in json.loads(done.stdout)]
    uids = [json.loads((one / "id.json").read_bytes())["StudyInstanceUID"] for one in folders]
    return dict(zip(uids, folders, strict=True))


def _recorder_of(listener: int) -> int | None:
    """The listener's child that is its recorder, not the tracker that multiprocessing keeps."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
            command = (stat.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if parent == listener and b"spawn_main" in command:
            return int(stat.parent.name)
    return None
