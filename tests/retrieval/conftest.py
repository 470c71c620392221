"""What the tests of getting studies share: an Orthanc with studies, and a listener it knows."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from orthanc import Orthanc, free_port, running_orthanc
from received_images import Image

from heimdallr.config import Settings
from heimdallr.store.database import Database, open_database
from heimdallr.store.layout import DataFolders, data_folders
from heimdallr.store.migrate import upgrade

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STUDIES, IMAGES = 4, 5


@dataclass(frozen=True)
class Site:
    """A data folder with its database."""

    settings: Settings
    folders: DataFolders
    database: Database

    @property
    def environment(self) -> dict[str, str]:
        """For a process of this site."""
        return {
            "HEIMDALLR_DATA_DIR": str(self.settings.data_dir),
            "HEIMDALLR_DISK_RESERVE_GB": "0",
            "HEIMDALLR_DICOM_PORT": str(self.settings.dicom_port),
            "HEIMDALLR_IDLE_SECONDS": "1",
        }


@contextmanager
def site_in(folder: Path, **more: object) -> Iterator[Site]:
    """A site of its own."""
    given = {"data_dir": folder / "data", "disk_reserve_gb": 0, "dicom_port": free_port(), **more}
    settings = Settings.model_validate(given)
    folders = data_folders(settings)
    folders.create()
    database = open_database(settings)
    upgrade(database)
    yield Site(settings, folders, database)
    database.close()


@pytest.fixture
def quiet_site(tmp_path: Path) -> Iterator[Site]:
    """A site where no service runs."""
    with site_in(tmp_path) as site:
        yield site


@pytest.fixture(scope="module")
def listening_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site where `heimdallr listen` runs."""
    with site_in(tmp_path_factory.mktemp("listening")) as site:
        process = subprocess.Popen(
            [sys.executable, "-m", "heimdallr", "listen"],
            env={**os.environ, **site.environment},
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stderr is not None
            assert "port" in process.stderr.readline()
            yield site
        finally:
            process.terminate()
            process.communicate(timeout=60)


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory, listening_site: Site) -> Iterator[Orthanc]:
    """Orthanc with four studies of five images, of four patients; it knows the listener."""
    known = {"HEIMDALLR": ("127.0.0.1", listening_site.settings.dicom_port)}
    with running_orthanc(tmp_path_factory.mktemp("orthanc"), known) as archive:
        for study in range(1, STUDIES + 1):
            for number in range(1, IMAGES + 1):
                archive.put(Image(study, 1, number, number).encoded())
        yield archive


@pytest.fixture
def at(orthanc: Orthanc) -> dict[str, str]:
    """How the archive is asked → its address."""
    return {
        "dimse": f"ORTHANC@127.0.0.1:{orthanc.dicom_port}",
        "web": orthanc.dicom_web,
    }
