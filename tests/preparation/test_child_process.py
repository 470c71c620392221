"""A program started for a study ends with the process that started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from heimdallr.preparation.child_process import tethered


def test_the_program_runs_as_it_would_alone() -> None:
    """Arguments, output and exit code are its own."""
    said = subprocess.run(
        tethered(["/bin/sh", "-c", "echo $0 $1; exit 7", "one two", "three"]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (said.stdout, said.returncode) == ("one two three\n", 7)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's own service")
def test_the_program_is_killed_with_the_one_that_started_it(tmp_path: Path) -> None:
    """SIGKILL to the parent leaves no child behind."""
    note = tmp_path / "pid"
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            (
                "import subprocess; from heimdallr.preparation.child_process import tethered;"
                f"sh = 'echo $$ > {note}; sleep 60; sleep 60';"
                "subprocess.run(tethered(['/bin/sh', '-c', sh]))"
            ),
        ]
    )
    until = time.monotonic() + 20
    while not (note.exists() and note.read_text().strip()):
        assert time.monotonic() < until
        time.sleep(0.05)
    child = int(note.read_text())
    assert Path(f"/proc/{child}").exists()
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait(60)
    while _lives(child):
        assert time.monotonic() < until, "the child outlived its parent"
        time.sleep(0.05)


def _lives(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
