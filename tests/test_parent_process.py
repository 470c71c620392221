"""A service says when it is ready, stops when asked, and does not outlive its supervisor."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from heimdallr import parent_process


def test_readiness_is_told_once_in_systemds_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The socket of the environment gets READY=1; child processes do not inherit it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "notify"))
        monkeypatch.setenv(parent_process.NOTIFY_SOCKET, str(tmp_path / "notify"))
        parent_process.ready()
        assert channel.recv(100) == b"READY=1"
    assert parent_process.NOTIFY_SOCKET not in os.environ
    parent_process.ready()


def test_a_listener_that_is_gone_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody at the socket: the service goes on."""
    monkeypatch.setenv(parent_process.NOTIFY_SOCKET, str(tmp_path / "nobody"))
    parent_process.ready()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_and_a_second_one_ends(number: signal.Signals) -> None:
    """The first sets the event; the second does not wait for whoever ignores it."""
    code = (
        "import time; from heimdallr.parent_process import stop_on_signals\n"
        "stop = stop_on_signals(); print('up', flush=True); stop.wait(30)\n"
        "print('stopping', flush=True); time.sleep(30)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout
        assert child.stdout.readline() == "up\n"
        child.send_signal(number)
        assert child.stdout.readline() == "stopping\n"
        child.send_signal(number)
        assert child.wait(60) == 128 + number


def test_a_child_dies_with_the_parent_that_is_killed() -> None:
    """SIGKILL of the parent takes the child along, at once."""
    child = (
        "import os, time; from heimdallr.parent_process import die_with\n"
        "die_with(os.getppid()); print(os.getpid(), flush=True); time.sleep(60)"
    )
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE) as process:
        assert process.stdout
        pid = int(process.stdout.readline())
        process.kill()
        process.wait()
    deadline = time.monotonic() + 10
    while _lives(pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_child_whose_parent_is_gone_already_leaves() -> None:
    """The parent may die between the fork and the request."""
    done = subprocess.run(
        [sys.executable, "-c", "from heimdallr.parent_process import die_with; die_with(1)"],
        check=False,
        timeout=60,
    )
    assert done.returncode == (1 if os.getpid() != 1 else 0)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
