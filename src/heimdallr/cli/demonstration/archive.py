"""The demo's archive: Orthanc, where it is installed, and what of the results has arrived there.

It runs on free ports of this machine in a folder of its own, takes from the demo's system only, and
ends with the demo.
"""

from __future__ import annotations

import json
import secrets
import shutil
import socket
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import httpx
from pydantic import BaseModel, ConfigDict

from heimdallr.cli.demonstration.system import own_folder
from heimdallr.domain.errors import HeimdallrError
from heimdallr.preparation.child_process import tethered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from heimdallr.cli.demonstration.system import DemoSystem

HOST, AE_TITLE, USER = "127.0.0.1", "DEMO_PACS", "demo"
DESTINATION, RULE = "archive", "everything to the archive"
OBJECTS = ("seg", "seg_regular", "sr", "sr_planar", "sc", "sc_table", "pdf")
INSTALL = "sudo apt install orthanc"
_DEBIAN = "/usr/sbin/Orthanc"
"""Debian puts it where the search path of a user does not lead."""
_READY_S, _END_S, _LOOK_S, _REQUEST_S = 60.0, 20.0, 0.5, 30.0
_OVER = {"committed", "refused", "given_up", "cancelled", "superseded"}
ARRIVED = {"committed", "cancelled"}
"""States of what is as it should be: the archive keeps it, or the case has nothing of the kind."""


class Delivery(BaseModel):
    """An object that the system owes the archive, as its API tells."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    revision: int
    kind: str
    state: str
    reason_text: str | None = None
    sop_instance_uid: str = ""


class _Deliveries(BaseModel):
    model_config = ConfigDict(extra="ignore")
    deliveries: list[Delivery]


class _Study(BaseModel):
    model_config = ConfigDict(extra="ignore")
    revision: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """An object, and whether the archive has it when it is asked itself."""

    delivery: Delivery
    is_there: bool

    @property
    def is_well(self) -> bool:
        """Kept by the archive; or there is nothing of this kind in the case."""
        expected = self.delivery.state == "committed"
        return self.delivery.state in ARRIVED and self.is_there == expected


@dataclass(frozen=True, slots=True)
class DemoArchive:
    """An Orthanc that runs; made by :func:`running_archive`.

    Attributes:
        client: of its REST API.
        dicom_port: of its DICOM server.
        password: of the user ``demo``, for its pages.
        log: file with what it says.
    """

    client: httpx.Client
    dicom_port: int
    password: str
    log: Path

    @property
    def url(self) -> str:
        """Its pages."""
        return str(self.client.base_url).rstrip("/")

    def has(self, sop_instance_uid: str) -> bool:
        """Whether it has an object, asked past everything that delivered it."""
        answer = self.client.post("/tools/lookup", content=sop_instance_uid.encode())
        return bool(answer.raise_for_status().json())

    def connect(self, system: DemoSystem) -> None:
        """Make it a destination of everything that is measured, as an operator does.

        Raises:
            HeimdallrError: it is not reached by the system, or does not take its objects.
        """
        peer = {
            "kind": "dicom", "ae_title": AE_TITLE, "host": HOST, "port": self.dicom_port,
            "commitment": True,
        }  # fmt: skip
        facts = {"name": DESTINATION, "peer": peer, "objects": OBJECTS}
        rule = {"name": RULE, "destination": DESTINATION, "when": "results"}
        system.client.post("/api/v1/destinations", json=facts).raise_for_status()
        tried = system.client.post(f"/api/v1/destinations/{DESTINATION}/test").raise_for_status()
        if not tried.json()["ok"]:
            failed = [one["text"] for one in tried.json()["checks"] if one["ok"] is False]
            msg = f"the archive cannot be sent to: {'; '.join(failed)}"
            raise HeimdallrError(msg, remedy=f"see {self.log}")
        system.client.post("/api/v1/delivery-rules", json=rule).raise_for_status()

    def arrivals(self, system: DemoSystem, study_id: int, limit_s: float) -> Sequence[Arrival]:
        """What has become of a study's newest results, when all is over or time is up."""
        waiting = threading.Event()
        found = _owed(system, study_id)
        for _ in range(int(limit_s / _LOOK_S)):
            if found and all(one.state in _OVER for one in found):
                break
            waiting.wait(_LOOK_S)
            found = _owed(system, study_id)
        order = {kind: place for place, kind in enumerate(OBJECTS)}
        return [
            Arrival(one, is_there=bool(one.sop_instance_uid) and self.has(one.sop_instance_uid))
            for one in sorted(found, key=lambda one: order.get(one.kind, len(order)))
        ]


def _owed(system: DemoSystem, study_id: int) -> list[Delivery]:
    """What the archive is owed of a study as it is now; nothing while no rule was asked yet."""
    study = system.client.get(f"/api/v1/studies/{study_id}").raise_for_status()
    told = system.client.get(f"/api/v1/studies/{study_id}/deliveries").raise_for_status()
    revision = _Study.model_validate_json(study.content).revision
    owed = _Deliveries.model_validate_json(told.content).deliveries
    return [one for one in owed if one.revision == revision]


def find_orthanc() -> str | None:
    """The program; ``None`` where it is not installed."""
    return shutil.which("Orthanc") or shutil.which(_DEBIAN)


@contextmanager
def running_archive(folder: Path, system: DemoSystem) -> Iterator[DemoArchive | None]:
    """Orthanc, until the block ends; ``None`` where it is not installed.

    Args:
        folder: for it alone; made anew.
        system: the only one that it takes from, and to which it reports storage commitment.

    Raises:
        HeimdallrError: the folder is not a demo's, or Orthanc does not start.
    """
    program = find_orthanc()
    if program is None:
        yield None
        return
    own_folder(folder)
    dicom_port, http_port = _free_ports()
    password, log = secrets.token_urlsafe(12), folder / "orthanc.log"
    configuration = folder / "orthanc.json"
    configuration.touch(mode=0o600)
    told = _configuration(folder, system, dicom_port, http_port) | {
        "RegisteredUsers": {USER: password}
    }
    configuration.write_text(json.dumps(told, indent=2))
    client = httpx.Client(
        base_url=f"http://{HOST}:{http_port}",
        auth=(USER, password),
        timeout=_REQUEST_S,
        trust_env=False,
    )
    with log.open("wb") as said, client:
        process = subprocess.Popen(  # noqa: S603 - the program that was found
            tethered([program, str(configuration)]), stdout=said, stderr=said
        )
        try:
            archive = DemoArchive(client, dicom_port, password, log)
            _wait_until_ready(archive, process)
            yield archive
        finally:
            _end(process)


def _configuration(
    folder: Path, system: DemoSystem, dicom_port: int, http_port: int
) -> dict[str, object]:
    """Orthanc's settings: nobody but the demo's system sends to it or asks it for anything."""
    own = system.settings
    storage = str(folder.absolute() / "storage")
    return {
        "Name": "Heimdallr demo",
        "StorageDirectory": storage,
        "IndexDirectory": storage,
        "DicomAet": AE_TITLE,
        "DicomPort": dicom_port,
        "DicomCheckCalledAet": True,
        "DicomCheckModalityHost": True,
        "DicomModalities": {"heimdallr": [own.ae_title, HOST, own.dicom_port]},
        "DicomAlwaysAllowEcho": False,
        "DicomAlwaysAllowStore": False,
        "HttpPort": http_port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": True,
    }


def _free_ports() -> tuple[int, int]:
    with socket.create_server((HOST, 0)) as one, socket.create_server((HOST, 0)) as other:
        return cast("int", one.getsockname()[1]), cast("int", other.getsockname()[1])


def _wait_until_ready(archive: DemoArchive, process: subprocess.Popen[bytes]) -> None:
    """Until both of its servers answer.

    Raises:
        HeimdallrError: it ends, or they do not answer in time.
    """
    waiting = threading.Event()
    for _ in range(int(_READY_S / _LOOK_S)):
        if process.poll() is not None:
            break
        try:
            archive.client.get("/system").raise_for_status()
            with socket.create_connection((HOST, archive.dicom_port), _REQUEST_S):
                return
        except (httpx.HTTPError, OSError):
            waiting.wait(_LOOK_S)
    msg = "Orthanc does not start"
    raise HeimdallrError(msg, remedy=f"see {archive.log}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
