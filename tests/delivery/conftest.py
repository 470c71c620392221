"""Fixtures of the tests of delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from deliveries import Desk

from heimdallr.config import Settings
from heimdallr.store.layout import data_folders

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.store.database import Database


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    """A deliverer whose clock stands still."""
    folders = data_folders(Settings(data_dir=tmp_path / "data"))
    folders.create()
    return Desk(database, folders)
