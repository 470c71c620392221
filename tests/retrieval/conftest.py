"""What the tests of getting studies share: an Orthanc with studies, and a listener it knows."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from fetching_site import IMAGES, STUDIES, Site, site_in
from orthanc import PASSWORD, USER, DicomPeer, Orthanc, running_orthanc
from received_images import Image

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def quiet_site(tmp_path: Path) -> Iterator[Site]:
    """A site where no service runs."""
    with site_in(tmp_path) as site:
        yield site


@pytest.fixture(scope="module")
def site_of_listener(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Where the listener is going to run; its port is known already."""
    with site_in(tmp_path_factory.mktemp("listening")) as site:
        yield site


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory, site_of_listener: Site) -> Iterator[Orthanc]:
    """Orthanc with four studies of five images, of four patients; it knows the listener."""
    with running_orthanc(tmp_path_factory.mktemp("orthanc")) as archive:
        archive.know(DicomPeer("HEIMDALLR", site_of_listener.settings.dicom_port))
        for study in range(1, STUDIES + 1):
            for number in range(1, IMAGES + 1):
                archive.fetch("POST", "/instances", Image(study, 1, number, number).encoded())
        yield archive


@pytest.fixture(scope="module")
def listening_site(site_of_listener: Site, orthanc: Orthanc) -> Iterator[Site]:
    """A site where `heimdallr listen` runs, and gets earlier studies from Orthanc."""
    priors = f"ORTHANC@127.0.0.1:{orthanc.dicom_port}"
    process = subprocess.Popen(
        [sys.executable, "-m", "heimdallr", "listen"],
        env={**os.environ, **site_of_listener.environment, "HEIMDALLR_PRIORS_FROM": priors},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        assert "port" in process.stderr.readline()
        yield site_of_listener
    finally:
        process.terminate()
        process.communicate(timeout=60)


@pytest.fixture
def at(orthanc: Orthanc, tmp_path: Path) -> dict[str, list[str]]:
    """How the archive is asked → where it is, as options of the command."""
    token = tmp_path / "token"
    token.write_text(PASSWORD)
    web = ["--from", orthanc.dicomweb_url, "--user", USER, "--token-file", str(token)]
    return {"dimse": ["--from", f"ORTHANC@127.0.0.1:{orthanc.dicom_port}"], "web": web}
