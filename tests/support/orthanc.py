"""A real archive: Orthanc with its DICOMweb plugin, on free ports of this machine, for a test.

It keeps everything in a folder of its own, takes whatever is sent to it, and knows the DICOM peers
it is told of, to which it reports storage commitment and sends what is asked of it.
"""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

USER, PASSWORD = "archivist", "not-a-secret"
_PLUGINS = (Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so"),)
_READY_S = 60.0
_END_S = 10.0


@dataclass(frozen=True)
class DicomPeer:
    """A node that Orthanc knows, by the name of its AE title."""

    ae_title: str
    port: int
    host: str = "127.0.0.1"


@dataclass(frozen=True)
class Orthanc:
    """An Orthanc that runs.

    Attributes:
        ae_title: of its DICOM server.
        dicom_port: of its DICOM server.
        http_port: of its REST API and of DICOMweb.
        folder: where it keeps everything, and its log.
    """

    ae_title: str
    dicom_port: int
    http_port: int
    folder: Path
    host: str = field(default="127.0.0.1", init=False)

    @property
    def url(self) -> str:
        """Its REST API."""
        return f"http://{self.host}:{self.http_port}"

    @property
    def dicomweb_url(self) -> str:
        """Its DICOMweb server."""
        return f"{self.url}/dicom-web"

    def ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """Ask its REST API; the JSON it answers.

        Raises:
            urllib.error.HTTPError: it says no.
        """
        told = self.fetch(method, path, body)
        return json.loads(told) if told else None

    def fetch(self, method: str, path: str, body: object = None) -> bytes:
        """Ask its REST API; the answer as it is.

        Raises:
            urllib.error.HTTPError: it says no.
        """
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - http, on this machine
            self.url + path, method=method, data=None if body is None else data
        )
        credentials = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        request.add_header("Authorization", f"Basic {credentials}")
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - the same
            content: bytes = answer.read()
        return content

    def know(self, *peers: DicomPeer) -> None:
        """Make DICOM peers known to it, each by its AE title."""
        for peer in peers:
            self.ask(
                "PUT",
                f"/modalities/{peer.ae_title}",
                {"AET": peer.ae_title, "Host": peer.host, "Port": peer.port},
            )

    def instances(self) -> set[str]:
        """SOP instance UIDs of all it has."""
        return {
            str(one["MainDicomTags"]["SOPInstanceUID"])
            for one in self.ask("GET", "/instances?expand")
        }

    def file_of(self, sop_instance_uid: str) -> bytes:
        """An instance as it has it."""
        (found,) = self.ask("POST", "/tools/lookup", sop_instance_uid.encode())
        return self.fetch("GET", f"/instances/{found['ID']}/file")

    def clear(self) -> None:
        """Have it forget everything, between two tests that share it."""
        for study in self.ask("GET", "/studies"):
            self.ask("DELETE", f"/studies/{study}")


@contextmanager
def running_orthanc(folder: Path, **changes: object) -> Iterator[Orthanc]:
    """Start an Orthanc, and end it.

    Args:
        folder: empty, for it alone.
        changes: of its configuration, by the names of its own options.
    """
    program = shutil.which("Orthanc")
    if program is None:
        pytest.skip("Orthanc is not installed (Debian: orthanc, orthanc-dicomweb)")
    plugins = [str(path) for path in _PLUGINS if path.exists()]
    if not plugins:
        pytest.skip("Orthanc has no DICOMweb plugin (Debian: orthanc-dicomweb)")
    dicom_port, http_port = _free_ports(2)
    orthanc = Orthanc("ORTHANC", dicom_port, http_port, folder)
    configuration = folder / "orthanc.json"
    configuration.write_text(json.dumps(_configuration(orthanc, plugins) | changes))
    with (folder / "orthanc.log").open("wb") as log:
        process = subprocess.Popen([program, configuration], stdout=log, stderr=log)
        try:
            _wait_until_ready(orthanc, process)
            yield orthanc
        finally:
            process.terminate()
            try:
                process.wait(_END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _configuration(orthanc: Orthanc, plugins: list[str]) -> dict[str, object]:
    return {
        "Name": "Test",
        "StorageDirectory": str(orthanc.folder / "storage"),
        "IndexDirectory": str(orthanc.folder / "index"),
        "Plugins": plugins,
        "DicomAet": orthanc.ae_title,
        "DicomPort": orthanc.dicom_port,
        "DicomCheckCalledAet": False,
        "DicomAlwaysAllowEcho": True,
        "DicomAlwaysAllowStore": True,
        "DicomAlwaysAllowFind": True,
        "DicomAlwaysAllowGet": True,
        "DicomAlwaysAllowMove": True,
        "DicomCheckModalityHost": False,
        "UnknownSopClassAccepted": True,
        "HttpPort": orthanc.http_port,
        "HttpServerEnabled": True,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": True,
        "RegisteredUsers": {USER: PASSWORD},
        "DicomModalities": {},
        "DicomModalitiesInDatabase": False,
        "StorageCommitmentReportsSize": 100,
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "Host": "127.0.0.1"},
        "StableAge": 1,
    }


def _free_ports(count: int) -> list[int]:
    with_ports = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(one.getsockname()[1]) for one in with_ports]
    for one in with_ports:
        one.close()
    return ports


def _wait_until_ready(orthanc: Orthanc, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _READY_S
    while time.monotonic() < deadline:
        assert process.poll() is None, (orthanc.folder / "orthanc.log").read_text()
        try:
            orthanc.ask("GET", "/system")
            with socket.create_connection((orthanc.host, orthanc.dicom_port), 1):
                return
        except OSError:  # urllib's errors are such, too
            time.sleep(0.1)
    pytest.fail(f"Orthanc does not answer: {(orthanc.folder / 'orthanc.log').read_text()}")
