"""Programs that do not outlive the process that started them.

A worker that is killed takes its converter along: the next worker does the same work, and two
converters of one study would only be in each other's way.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from heimdallr.domain.errors import MachineFaultError

if TYPE_CHECKING:
    from collections.abc import Sequence

# prctl(2), PR_SET_PDEATHSIG = 1, SIGKILL = 9; then become the program. Done by a program of its
# own, because code between fork and exec is not safe in a process with threads.
_PROGRAM = """
import ctypes, os, sys
parent, *command = sys.argv[1:]
ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)
if os.getppid() != int(parent):
    sys.exit(1)
os.execv(command[0], command)
"""


def tethered(command: Sequence[str]) -> list[str]:
    """The command, killed by the kernel when the thread that starts it is no more.

    Args:
        command: absolute path of a program, and its arguments.
    """
    if not sys.platform.startswith("linux"):
        return list(command)
    return [sys.executable, "-I", "-S", "-c", _PROGRAM, str(os.getpid()), *command]


def ensure_not_killed(program: str, return_code: int) -> None:
    """Tell a program that was killed from one that its input brought down.

    A bad image ends a decoder by an error or by another signal (SIGSEGV, SIGABRT).

    Args:
        program: what it is called.
        return_code: as :mod:`subprocess` gives it.

    Raises:
        MachineFaultError: it was killed; a kernel short of memory does that.
    """
    if return_code == -signal.SIGKILL:
        msg = f"{program} was killed, probably for want of memory"
        raise MachineFaultError(msg, remedy="let fewer cases be worked on at a time")
