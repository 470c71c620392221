"""The demo's system: `heimdallr up` in a scratch data folder, and a modality that sends to it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import SecretStr

from heimdallr.cli.ports import with_ports
from heimdallr.cli.uploading.following import FINAL, StudyNow
from heimdallr.cli.uploading.sending import open_client
from heimdallr.clock import utc_now
from heimdallr.config import PREFIX, Settings
from heimdallr.domain.errors import HeimdallrError
from heimdallr.intake.scp.access import listening_address
from heimdallr.publishing.schema import Identity, Results
from heimdallr.store.database import open_database
from heimdallr.store.models import Role
from heimdallr.store.people.accounts import add_user
from heimdallr.store.people.tokens import create_token
from heimdallr.supervisor import Part, Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import httpx

MARKER = ".heimdallr-demo"
"""A data folder with this file in it is a demo's, and may be thrown away by the next one."""
CALLING_AE, USER = "DEMO_CT", "demo"
_START_S, _GRACE_S, _REQUEST_S, _LOOK_S = 180.0, 30.0, 30.0, 0.5
_ANSWER_S, _TRIES = 10.0, 5
_IDLE_S = 15
"""More than an answer that was missed is waited for: half a study would be measured first."""
_KEPT = ("DEVICE", "BACKEND", "THREADS", "RESOLUTION", "TOTALSEGMENTATOR_LICENSE")
"""The person's own settings that the demo keeps; of all others it has its own."""


@dataclass(frozen=True, slots=True)
class DemoSystem:
    """A running system; made by :func:`running_system` or :func:`started_system`.

    Attributes:
        settings: of the system.
        log: file with what its services say.
        token: an administrator's.
        password: of the user ``demo``, for the dashboard.
        client: of its API, with that token.
    """

    settings: Settings
    log: Path
    token: SecretStr
    password: str
    client: httpx.Client

    @property
    def url(self) -> str:
        """The dashboard."""
        return f"http://{self.settings.server_host}:{self.settings.server_port}"

    def send(self, folder: Path) -> int:
        """Send every DICOM file below a folder over one association; how many there were.

        Raises:
            HeimdallrError: the listener does not take one of them.
        """
        return send_over_dicom(
            sorted(folder.rglob("*.dcm")),
            listening_address(self.settings),
            self.settings.dicom_port,
            self.settings.ae_title,
        )

    def upload(self, folder: Path) -> None:
        """Hand a folder to `heimdallr upload`.

        Raises:
            HeimdallrError: it does not end with exit code 0.
        """
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "heimdallr", "upload", str(folder), "--json"],
            capture_output=True,
            text=True,
            check=False,
            env={
                **os.environ,
                PREFIX + "UPLOAD_URL": f"{self.url}/upload",
                PREFIX + "UPLOAD_TOKEN": self.token.get_secret_value(),
            },
        )
        if done.returncode != 0:
            reason = json.loads(done.stdout)[0]["reason"] if done.stdout else done.stderr.strip()
            msg = f"heimdallr upload ended with {done.returncode}: {reason}"
            raise HeimdallrError(msg, remedy=f"see {self.log}")

    def follow_all(
        self, count: int, report: Callable[[dict[str, StudyNow]], None], limit_s: float
    ) -> dict[str, StudyNow]:
        """Wait until so many studies are over: StudyInstanceUID → study.

        Raises:
            HeimdallrError: it takes longer than the limit.
        """
        waiting = threading.Event()
        for _ in range(int(limit_s / _LOOK_S)):
            rows = self.client.get("/api/v1/studies").raise_for_status().json()["studies"]
            seen = {row["study_instance_uid"]: StudyNow.model_validate(row) for row in rows}
            report(seen)
            if len(seen) >= count and all(study.state in FINAL for study in seen.values()):
                return seen
            waiting.wait(_LOOK_S)
        msg = f"the studies were not over within {limit_s:.0f} s"
        raise HeimdallrError(msg, remedy=f"see {self.log}")

    def records(self, study_id: int) -> tuple[Results, Identity]:
        """What the API says of a study that has results."""
        results = self.client.get(f"/api/patients/{study_id}/results").raise_for_status()
        identity = self.client.get(f"/api/patients/{study_id}/metadata").raise_for_status()
        return (
            Results.model_validate_json(results.content),
            Identity.model_validate_json(identity.content),
        )


@contextmanager
def running_system(folder: Path, own: Settings) -> Iterator[DemoSystem]:
    """`heimdallr up` on free ports, its data in ``folder``, until the block ends.

    Raises:
        HeimdallrError: the folder is not the demo's, or a service does not start.
    """
    with started_system(scratch_settings(folder, own)) as running:
        yield running


@contextmanager
def started_system(settings: Settings) -> Iterator[DemoSystem]:
    """`heimdallr up` with settings of :func:`scratch_settings`, until the block ends.

    Raises:
        HeimdallrError: a service does not start.
    """
    log = settings.data_dir.parent / "system.log"
    ready, over = threading.Event(), threading.Event()
    stop = threading.Event()
    with log.open("w", encoding="utf-8") as file:

        def write(line: str) -> None:
            file.write(line + "\n")
            file.flush()

        ports = ("--port", str(settings.server_port), "--dicom-port", str(settings.dicom_port))
        supervisor = Supervisor(
            [Part("system", ("up", *ports))], _environment(settings), write, grace_s=_GRACE_S
        )

        def run() -> None:
            supervisor.run(stop, ready.set)
            over.set()
            ready.set()

        thread = threading.Thread(target=run, name="system")
        thread.start()
        try:
            if not ready.wait(_START_S) or over.is_set():
                msg = "the system did not start"
                raise HeimdallrError(msg, remedy=f"see {log}")
            yield _opened(settings, log)
        finally:
            stop.set()
            thread.join()


def send_over_dicom(files: list[Path], host: str, port: int, called_ae: str) -> int:
    """C-ECHO, then C-STORE of every file, as a modality does; how many were sent.

    What gets no answer is sent again over another association. pynetdicom's own sender can
    miss one: its reactor may take the response before the thread that waits for it.

    Raises:
        HeimdallrError: the listener refuses, or does not answer several times in a row.
    """
    from pydicom import dcmread  # noqa: PLC0415
    from pynetdicom import AE  # noqa: PLC0415

    modality = AE(CALLING_AE)
    modality.dimse_timeout = _ANSWER_S
    modality.add_requested_context("1.2.840.10008.1.1")
    kinds = set()
    for file in files:
        meta = dcmread(file, stop_before_pixels=True, specific_tags=[]).file_meta
        kinds.add((meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID))
    for sop_class, syntax in sorted(kinds):
        modality.add_requested_context(sop_class, syntax)
    sent = fruitless = 0
    while fruitless < _TRIES:
        association = modality.associate(host, port, ae_title=called_ae)
        before = sent
        if association.is_established:
            if _succeeded(association.send_c_echo().get("Status"), "C-ECHO"):
                while sent < len(files):
                    status = association.send_c_store(files[sent]).get("Status")
                    if not _succeeded(status, "C-STORE"):
                        break
                    sent += 1
            association.release()
        if sent == len(files):
            return sent
        fruitless = 0 if sent > before else fruitless + 1
    msg = f"the DICOM listener answered {sent} of {len(files)} times"
    raise HeimdallrError(msg)


def _succeeded(status: int | None, what: str) -> bool:
    """Whether the answer is success; ``False`` when there was none.

    Raises:
        HeimdallrError: it is a refusal.
    """
    if status:
        msg = f"{what} ended with status {status:#06x}"
        raise HeimdallrError(msg)
    return status == 0


def own_folder(folder: Path) -> None:
    """Make a folder of the demo's anew, without what an earlier demo left there.

    Raises:
        HeimdallrError: what is there is not a demo's.
    """
    if folder.exists():
        if not (folder / MARKER).is_file():
            msg = f"{folder} is there already, and not of an earlier demo"
            raise HeimdallrError(msg, remedy="choose another --output")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / MARKER).touch()


def scratch_settings(folder: Path, own: Settings) -> Settings:
    """Settings of a scratch system, with free ports; its folder is made anew.

    Raises:
        HeimdallrError: the folder is not the demo's.
    """
    own_folder(folder)
    scratch = Settings.model_construct(
        data_dir=folder.absolute(),
        weights_dir=own.weights_folder.absolute(),
        idle_seconds=_IDLE_S,
        scan_seconds=1,
        disk_reserve_gb=1,
    )
    return with_ports(scratch, 0, 0)


def _environment(settings: Settings) -> dict[str, str]:
    kept = {PREFIX + name for name in _KEPT}
    others = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(PREFIX) or name in kept
    }
    ours = ("data_dir", "weights_dir", "idle_seconds", "scan_seconds", "disk_reserve_gb")
    return others | {PREFIX + name.upper(): str(getattr(settings, name)) for name in ours}


def _opened(settings: Settings, log: Path) -> DemoSystem:
    """The system with an administrator's token and a user, made as an operator makes them."""
    now = utc_now()
    password = secrets.token_urlsafe(12)
    database = open_database(settings)
    try:
        secret, _ = create_token(database, "demo", ["admin"], now, created_by="demo")
        add_user(database, USER, Role.ADMIN, password, now, must_change_password=False)
    finally:
        database.close()
    token = SecretStr(secret)
    url = f"http://{settings.server_host}:{settings.server_port}"
    return DemoSystem(settings, log, token, password, open_client(url, token, _REQUEST_S))
