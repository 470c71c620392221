"""What recorders do in the listener's tests; named to a process of its own, so in a module."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading

    from heimdallr.config import Settings


def stay(settings: Settings, stop: threading.Event) -> None:
    """Leave a file that says which process this is; work until stopped; say that it ended."""
    (settings.data_dir / f"began-{os.getpid()}-{os.nice(0)}").touch()
    stop.wait()
    (settings.data_dir / f"ended-{os.getpid()}").touch()


def die(settings: Settings, _stop: threading.Event) -> None:
    """Leave a file, then die."""
    (settings.data_dir / f"began-{os.getpid()}-{os.nice(0)}").touch()
    msg = "Patient's Name: TEST^ONE"
    raise RuntimeError(msg)
