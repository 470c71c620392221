"""A real S3 server for tests: nanio, which checks signatures and keeps objects as files."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from waiting import wait_for_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUCKET = "radiology"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "heimdallr", "AWS_SECRET_ACCESS_KEY": "not-a-secret"}


@dataclass
class S3Server:
    """A server with one bucket; its objects are the files below ``folder``."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What HEIMDALLR_OBJECT_STORE is set to."""
        return f"s3://{BUCKET}/first"

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which S3 clients find it."""
        endpoint = f"http://127.0.0.1:{self.port}"
        return {**CREDENTIALS, "AWS_ENDPOINT_URL": endpoint, "AWS_DEFAULT_REGION": "us-east-1"}

    def objects(self) -> list[Path]:
        """The objects' files."""
        folder = self.folder / BUCKET / "first" / "studies"
        return sorted(path for path in folder.rglob("*") if path.is_file())

    def start(self) -> None:
        """Begin, or go on with what is on the disk."""
        command = [sys.executable, "-m", "nanio", "serve", "--data-dir", str(self.folder)]
        key, secret = CREDENTIALS.values()
        keys = {"NANIO_ACCESS_KEY": key, "NANIO_SECRET_KEY": secret}
        with (self.folder.parent / "s3.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--host", "127.0.0.1", "--port", str(self.port)],
                env={**os.environ, **keys},
                stdout=log,
                stderr=log,
            )
        wait_for_port(self.port)
        assert self.process.poll() is None

    def kill(self) -> None:
        """Be gone, at any instant."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(30)


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """A server that keeps what it is given below ``folder``; skips where it is not installed."""
    if any(importlib.util.find_spec(one) is None for one in ("nanio", "s3fs")):
        pytest.skip("s3fs or nanio is not installed")
    (folder / "s3" / BUCKET).mkdir(parents=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = S3Server(folder / "s3", port)
    server.start()
    try:
        yield server
    finally:
        server.kill()
