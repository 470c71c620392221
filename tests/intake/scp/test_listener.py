"""The listen service: it receives whatever becomes of its recorder, and dies without loss."""

from __future__ import annotations

import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydicom import dcmread
from recorder_works import die, stay
from scp_peers import RawPeer, data_set_of, kept, program, write_series
from waiting import free_port, wait_for

from heimdallr.config import Settings
from heimdallr.domain.errors import ConfigurationError
from heimdallr.intake.listener import Recorder, Restarts, describe, run_listener
from heimdallr.intake.scp.server import Scp

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
ENVIRONMENT = {**os.environ, "TCP_NODELAY": "1"}
LEAST_URGENT = 19
"""No niceness is higher (nice(2)); this test may itself run under `nice`."""


# The recorder's process -----------------------------------------------------------------------


def test_a_process_that_dies_young_waits_longer_each_time() -> None:
    """At most half a minute; a long life makes up for earlier deaths."""
    restarts = Restarts()
    assert [restarts.wait_s(1) for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert restarts.wait_s(61) == 0.5
    assert restarts.wait_s(1) == 0.5


def test_the_recorder_is_started_again(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """It gives way to the listener, is started again when it dies, and its death quotes nobody."""
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    recorder = Recorder(Settings(data_dir=tmp_path), die)

    def looked_after() -> bool:
        recorder.look_after(time.monotonic())
        return len(_began(tmp_path)) >= 2

    wait_for(looked_after)
    niceness = min(os.nice(0) + 5, LEAST_URGENT)
    assert all(name.endswith(f"-{niceness}") for name in _began(tmp_path))
    recorder.end()
    assert "TEST" not in capfd.readouterr().err


def test_the_recorder_ends_when_told_to(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It finishes what it has in hand."""
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    recorder = Recorder(Settings(data_dir=tmp_path), stay)
    recorder.look_after(time.monotonic())
    wait_for(lambda: bool(_began(tmp_path)))
    recorder.end()
    assert len(list(tmp_path.glob("ended-*"))) == 1
    assert recorder.pid is None


def _began(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("began-*")]


# The service ----------------------------------------------------------------------------------


def test_it_says_who_may_connect(tmp_path: Path) -> None:
    """And, when nobody else may, what to set to let a PACS in."""
    closed = describe(Scp(Settings(data_dir=tmp_path), tmp_path))
    assert closed[0] == "DICOM listener HEIMDALLR on 127.0.0.1, port 11112"
    assert "HEIMDALLR_DICOM_PEERS" in closed[1]
    open_ = Settings(data_dir=tmp_path, dicom_peers="PACS@10.1.2.3, 10.2.0.0/16")
    assert describe(Scp(open_, tmp_path)) == [
        "DICOM listener HEIMDALLR on 0.0.0.0, port 11112",
        "may connect: PACS@10.1.2.3, 10.2.0.0/16",
    ]
    six = Settings(data_dir=tmp_path, dicom_peers="2001:db8::/32")
    assert Scp(six, tmp_path).host == "::"
    own = Settings(data_dir=tmp_path, dicom_peers="*", dicom_host="10.9.9.9")
    assert Scp(own, tmp_path).host == "10.9.9.9"


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    """The operator is told the port and the setting."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        settings = Settings(data_dir=tmp_path, dicom_port=port)
        with pytest.raises(ConfigurationError, match=f"port {port}.*HEIMDALLR_DICOM_PORT"):
            run_listener(settings, threading.Event())


@pytest.fixture
def service(tmp_path: Path) -> subprocess.Popen[str]:
    """`heimdallr listen`, as an operator starts it."""
    environment = {
        **os.environ,
        "HEIMDALLR_DATA_DIR": str(tmp_path / "data"),
        "HEIMDALLR_DICOM_PORT": str(free_port()),
        "HEIMDALLR_DISK_RESERVE_GB": "0",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "heimdallr", "listen"],
        env=environment, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def _port_of(service: subprocess.Popen[str]) -> int:
    assert service.stderr is not None
    found = re.search(r"port (\d+)", service.stderr.readline())
    assert found is not None
    return int(found[1])


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
    return [int(word) for word in text.split()]


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_service_takes_its_recorder_with_it(
    service: subprocess.Popen[str],
    number: signal.Signals,
) -> None:
    """Asked to stop it ends cleanly; killed, the kernel ends what it started."""
    try:
        port = _port_of(service)
        echo = [program("echoscu"), "-aec", "HEIMDALLR", "127.0.0.1", str(port)]
        assert subprocess.run(echo, check=False).returncode == 0
        wait_for(lambda: len(_children(service.pid)) >= 1)
        children = _children(service.pid)
        service.send_signal(number)
        code = service.wait(timeout=60)
        assert code == (0 if number is signal.SIGTERM else -signal.SIGKILL)
        wait_for(lambda: not any(_runs(child) for child in children))
    finally:
        service.kill()
        service.communicate()


# Killed while receiving -----------------------------------------------------------------------


def _start(spool: Path, data_path: str) -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen(
        [sys.executable, str(HERE / "scp_process.py"), str(spool), data_path],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def _confirmed(output: str) -> list[str]:
    """Files that storescu was told are safe."""
    files, current = [], ""
    for line in output.splitlines():
        if sending := re.match(r"I: Sending file: (.+)", line):
            current = sending[1]
        elif "Received Store Response (Success)" in line:
            files.append(current)
    return files


def _holds(spool: Path, count: int) -> bool:
    return len(list(spool.glob("*/*.dcm"))) >= count


def test_what_was_confirmed_survives_a_kill(
    tmp_path: Path,
    spool: Path,
    data_path: str,
) -> None:
    """Six times DCMTK sends two studies at once, and SIGKILL comes amid them, at a random image."""
    chance = random.Random(20260201)  # noqa: S311 - when to kill
    studies = [write_series(tmp_path / f"study{n}", 150, size=128) for n in range(2)]
    uids = {
        str(path): str(dcmread(path, stop_before_pixels=True).SOPInstanceUID)
        for study in studies
        for path in study
    }
    confirmed: set[str] = set()
    cut_short = 0
    for _ in range(6):
        listener, port = _start(spool, data_path)
        here_before = len(list(spool.glob("*/*.dcm")))
        sender = program("storescu")
        senders = [
            subprocess.Popen(
                [sender, "-v", "-aec", "HEIMDALLR", "127.0.0.1", str(port), *map(str, study)],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=ENVIRONMENT,
            )
            for study in studies
        ]  # fmt: skip
        wanted = here_before + chance.randint(5, 55)
        wait_for(partial(_holds, spool, wanted))
        listener.kill()
        listener.communicate()
        for one in senders:
            told = _confirmed(one.communicate(timeout=60)[0])
            confirmed |= set(told)
            cut_short += 0 < len(told) < 150
    assert cut_short >= 2, "the kills came too early or too late to prove anything"
    received = kept(spool)
    for file in confirmed:
        assert data_set_of(received[uids[file]]) == data_set_of(Path(file))
    whole = {uids[str(path)]: data_set_of(path) for study in studies for path in study}
    for path in spool.glob("*/*.dcm"):
        assert data_set_of(path) in whole.values(), "a file that is not whole looks as if it were"


def test_a_sender_that_was_cut_off_can_send_again(
    spool: Path, data_path: str, start_scp: Callable[..., Scp]
) -> None:
    """After a kill a new listener takes the same study; the spool holds both, each whole."""
    listener, port = _start(spool, data_path)

    class Old:
        """Where the one that will be killed listens."""

    Old.port = port  # type: ignore[attr-defined]
    with RawPeer(Old()) as peer:  # type: ignore[arg-type]
        assert peer.associate() == 2
        assert peer.store("1.2.1", b"a" * 1000) == 0
        listener.kill()
        listener.communicate()
        with suppress(ConnectionError, AssertionError):
            peer.store("1.2.2", b"b" * 1000)
    scp = start_scp()
    with RawPeer(scp) as peer:
        assert peer.associate() == 2
        for uid, content in (("1.2.1", b"a"), ("1.2.2", b"b")):
            assert peer.store(uid, content * 1000) == 0
        assert peer.release() == 6
    assert set(kept(spool)) == {"1.2.1", "1.2.2"}
    assert len(list(spool.glob("*/*.dcm"))) == 3
