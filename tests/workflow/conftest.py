"""A data folder and a database for workers, once on SQLite and once on PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from quick_work import Workers, workers_for

from heimdallr.config import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from heimdallr.store.database import Database


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    """The settings of workers on the test's database."""
    url = database.url.render_as_string(hide_password=False)
    return Settings.model_validate({"data_dir": tmp_path / "data", "database_url": url})


@pytest.fixture
def workers(settings: Settings) -> Iterator[Workers]:
    """Worker processes with quick work, ended with the test."""
    settings.data_dir.mkdir(exist_ok=True)
    with workers_for(settings) as started:
        yield started
