"""Orthanc as an archive beside a test, in a folder of its own and on free ports of loopback."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
_START_S = 30.0


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@dataclass(frozen=True)
class Orthanc:
    """A running one."""

    ae_title: str
    dicom_port: int
    http_port: int

    @property
    def url(self) -> str:
        """Of its own REST API."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def dicom_web(self) -> str:
        """Of its DICOMweb service."""
        return f"{self.url}/dicom-web"

    def put(self, encoded: bytes) -> None:
        """Store one DICOM file."""
        httpx.post(f"{self.url}/instances", content=encoded, timeout=30).raise_for_status()


@contextmanager
def running_orthanc(
    folder: Path, modalities: Mapping[str, tuple[str, int]], **options: object
) -> Iterator[Orthanc]:
    """Start Orthanc; skips where it is not installed.

    Args:
        folder: for its storage and log.
        modalities: AE titles it knows, with host and port.
        options: further options of its configuration.
    """
    program = shutil.which("Orthanc")
    if program is None or not PLUGIN.exists():
        pytest.skip("Orthanc and its DICOMweb plugin are not installed")
    orthanc = Orthanc("ORTHANC", free_port(), free_port())
    config = {
        "Name": "test",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"),
        "Plugins": [str(PLUGIN)],
        "DicomAet": orthanc.ae_title,
        "DicomPort": orthanc.dicom_port,
        "HttpPort": orthanc.http_port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomAlwaysAllowFind": True,
        "DicomAlwaysAllowGet": True,
        "DicomAlwaysAllowMove": True,
        "DicomModalities": {name: [name, host, port] for name, (host, port) in modalities.items()},
        "DicomWeb": {"Enable": True, "EnableWado": False},
    } | options
    (folder / "storage").mkdir(parents=True)
    (folder / "orthanc.json").write_text(json.dumps(config))
    with (folder / "orthanc.log").open("wb") as log:
        process = subprocess.Popen([program, str(folder / "orthanc.json")], stdout=log, stderr=log)
        try:
            _wait(process, orthanc)
            yield orthanc
        finally:
            process.terminate()
            process.wait(30)


def _wait(process: subprocess.Popen[bytes], orthanc: Orthanc) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        if _answers(orthanc):
            return
        time.sleep(0.1)
    pytest.fail("Orthanc does not start")


def _answers(orthanc: Orthanc) -> bool:
    try:
        return httpx.get(f"{orthanc.url}/system", timeout=5).is_success
    except httpx.HTTPError:
        return False
