"""What the listener's tests share: a running listener, on either data path."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
import structlog
from small_disks import small_disk as disk_of

from heimdallr.config import Settings
from heimdallr.intake.scp.server import Scp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Peers are turned away by the dozen here; the log would say so after the tests are over."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


@pytest.fixture(params=["direct", "ordinary"])
def data_path(request: pytest.FixtureRequest) -> str:
    """Which way C-STORE takes."""
    return str(request.param)


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """An empty spool."""
    folder = tmp_path / "spool"
    folder.mkdir()
    return folder


@pytest.fixture
def start_scp(spool: Path, tmp_path: Path, data_path: str) -> Iterator[Callable[..., Scp]]:
    """Starts listeners with settings of their own, and stops them."""
    running: list[Scp] = []

    def start(folder: Path | None = None, **changes: object) -> Scp:
        settings = Settings.model_validate(
            {
                "data_dir": tmp_path,
                "direct_data_path": data_path == "direct",
                "disk_reserve_gb": 0,
                "network_timeout": 10,
                **changes,
            }
        )
        scp = Scp(settings, folder or spool)
        scp.start(port=0)
        running.append(scp)
        return scp

    yield start
    for scp in running:
        scp.stop(grace_s=1)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB; skips where none may be mounted."""
    with disk_of(tmp_path / "disk", "3m") as disk:
        yield disk.folder
