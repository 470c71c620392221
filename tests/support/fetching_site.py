"""A data folder with its database, for the tests of getting studies from archives."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrated_database import migrated_database
from waiting import free_port

from heimdallr.config import Settings
from heimdallr.store.layout import DataFolders, data_folders

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from heimdallr.store.database import Database

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
    database = migrated_database(settings)
    yield Site(settings, folders, database)
    database.close()
