"""Readiness, stop signals and parent's death, between a service and what started it.

What started it is systemd or the supervisor. A service tells it when it is ready, stops when it is
asked to, and does not outlive a supervisor that was killed.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

NOTIFY_SOCKET = "NOTIFY_SOCKET"
"""Environment variable naming the socket that wants to know; ``sd_notify(3)``."""

_PR_SET_PDEATHSIG = 1


def ready() -> None:
    """Say that the service answers now; once, and only where somebody asked to be told.

    The message is the one of ``sd_notify(3)``, so systemd (``Type=notify``) hears it as well.
    """
    address = os.environ.pop(NOTIFY_SOCKET, "")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        try:
            channel.connect("\0" + address[1:] if address.startswith("@") else address)
            channel.send(b"READY=1")
        except OSError:
            return  # whoever asked is gone; the service serves all the same


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set; a second one ends the process at once."""
    stop = threading.Event()
    asked = False

    def ask(number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            os._exit(128 + number)
        asked = True
        # The main thread may hold the event's own lock at this instant: another one sets it.
        threading.Thread(target=stop.set, name="stop", daemon=True).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    return stop


def die_with(parent: int) -> None:
    """Have the kernel kill this process when ``parent``, which started it, is no more.

    SIGKILL, because a supervisor that could not say goodbye cannot wait for one either; every
    service is made to be killed at any instant. ``prctl(2)``: the signal comes when the *thread*
    that forked ends, so a supervisor starts its children from a thread that lasts.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent:  # it died before we could ask
        sys.exit(1)
