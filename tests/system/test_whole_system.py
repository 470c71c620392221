"""The whole system, every service a process, its neighbours the real ones."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from waiting import wait_for
from whole_system import (
    LISTENER,
    UID,
    WEB,
    Sender,
    missing_on_disk,
    process_undisturbed,
    what_came_out,
    whole_system,
    worker,
    write_study,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whole_system import WholeSystem


ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Converted networks, for every system of this module."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Seven small CTs."""
    folder = tmp_path_factory.mktemp("studies")
    return [write_study(folder, number, kind=number % 2) for number in range(7)]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[WholeSystem]:
    """Listener, web server, worker and a watch folder."""
    folder = tmp_path_factory.mktemp("system")
    (folder / "watched").mkdir()
    with whole_system(
        folder / "data", cache, (LISTENER, WEB, worker()), WATCH_DIR=str(folder / "watched")
    ) as system:
        yield system


def _dcmtk(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} (DCMTK) is not installed")
    return subprocess.run(
        [found, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "TCP_NODELAY": "1"},
    )


def test_a_study_sent_with_dcmtk_becomes_results(system: WholeSystem, studies: list[Path]) -> None:
    """Echoscu answers, dcmsend is thanked, the API has the numbers; the same again is a no-op."""
    port = str(system.settings.dicom_port)
    assert _dcmtk("echoscu", "-aec", "HEIMDALLR", "127.0.0.1", port).returncode == 0
    send = ("-aec", "HEIMDALLR", "--scan-directories", "127.0.0.1", port, str(studies[0]))
    done = _dcmtk("dcmsend", "-v", *send)
    assert done.returncode == 0, done.stdout + done.stderr
    uid = f"{UID}.1"
    wait_for(lambda: system.states().get(uid) == "done", what="done")
    case = system.cases()[uid]
    results = system.get(f"/api/patients/{case.name}/results").json()
    assert results["case_id"] == case.name
    assert results["measurements"]
    listed = system.get("/api/patients").json()["patients"]
    assert [(row["case_id"], row["has_results"]) for row in listed] == [(case.name, True)]

    before = what_came_out(case)
    assert _dcmtk("dcmsend", *send).returncode == 0
    spool = system.data / "incoming" / ".spool"
    wait_for(lambda: not any(spool.iterdir()), what="recorded")
    time.sleep(1)
    assert system.runs() == [(uid, 1, 1, "done")]
    assert what_came_out(case) == before


def test_an_upload_is_followed_to_its_end(
    system: WholeSystem, studies: list[Path], tmp_path: Path
) -> None:
    """`heimdallr upload --wait` of a folder and of a ZIP: exit code 0, both cases done."""
    archive = tmp_path / "exam.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for image in studies[2].iterdir():
            packed.write(image, image.name)
    done = subprocess.run(
        [sys.executable, "-m", "heimdallr", "upload", str(studies[1]), str(archive), "--server",
         system.url, "--wait", "--wait-limit", "90", "--json"],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    lines = json.loads(done.stdout)
    assert [line["study_instance_uids"] for line in lines] == [[f"{UID}.2"], [f"{UID}.3"]]
    assert [line["studies"][0]["state"] for line in lines] == ["done", "done"]
    assert archive.exists()
    assert len(list(studies[1].iterdir())) == 14


def test_what_is_put_into_the_watch_folder_is_taken(
    system: WholeSystem, studies: list[Path]
) -> None:
    """A folder that is copied there file by file."""
    shutil.copytree(studies[3], system.data.parent / "watched" / "study")
    wait_for(lambda: system.states().get(f"{UID}.4") == "done", what="done")


def test_the_system_measures_what_the_command_measures(
    system: WholeSystem, studies: list[Path], tmp_path: Path, cache: Path
) -> None:
    """Case folders of the service and of `heimdallr process` are equal, masks and all."""
    Sender(system.settings.dicom_port).send(studies[4])
    wait_for(lambda: system.states().get(f"{UID}.5") == "done", what="done")
    (alone,) = process_undisturbed([studies[4]], tmp_path / "alone", cache).values()
    assert what_came_out(system.cases()[f"{UID}.5"]) == what_came_out(alone)


def test_a_backup_of_the_running_system_can_be_restored(
    system: WholeSystem, studies: list[Path], tmp_path: Path, cache: Path
) -> None:
    """The operator's page, command by command: the restored system shows the same results.

    Also those of a study that came after the copy of the database, before that of the folders.
    """
    Sender(system.settings.dicom_port).send(studies[5])
    wait_for(lambda: system.states().get(f"{UID}.6") == "done", what="done")
    page = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")
    section = page.split("## Backup and restore")[1].split("\n## ")[0].replace("\\\n", "")
    commands = re.findall(
        r"^    ((?:heimdallr (?:backup|restore|rebuild-index)|tar)\b.*)$", section, re.MULTILINE
    )
    programs = [one.split()[0] for one in commands]
    assert programs == ["heimdallr", "tar", "tar", "heimdallr", "heimdallr"]
    (tmp_path / "backup").mkdir()
    _shell(commands[0], system.data, tmp_path / "backup")
    Sender(system.settings.dicom_port).send(write_study(tmp_path, 7, kind=1))
    wait_for(lambda: system.states().get(f"{UID}.8") == "done")
    _shell(commands[1], system.data, tmp_path / "backup")
    restored = tmp_path / "restored"
    (restored / "state").mkdir(parents=True)
    for command in commands[2:]:
        _shell(command, restored, tmp_path / "backup")
    case, later = system.cases()[f"{UID}.6"], system.cases()[f"{UID}.8"]
    with whole_system(restored, cache, (WEB,)) as again:
        assert again.states() == system.states()
        path = f"/api/patients/{case.name}/results"
        assert again.get(path).json() == system.get(path).json()
        assert what_came_out(again.cases()[f"{UID}.6"]) == what_came_out(case)
        assert what_came_out(again.cases()[f"{UID}.8"]) == what_came_out(later)


def _shell(command: str, data: Path, backup: Path) -> None:
    """A command of the documentation, its folders and program replaced."""
    command = command.replace("/var/lib/heimdallr", str(data)).replace("/backup", str(backup))
    command = re.sub("^heimdallr", f"{sys.executable} -m heimdallr", command)
    subprocess.run(
        ["/bin/sh", "-ec", command],
        check=True,
        timeout=120,
        env={**os.environ, "HEIMDALLR_DATA_DIR": str(data)},
    )


def test_no_patient_is_in_the_logs(system: WholeSystem) -> None:
    """Whatever the services said so far: no name, no PatientID of any study sent."""
    said = "\n".join(system.lines)
    assert said
    for secret in ("SILVA^", "MARIA JOSE", "SECRET"):
        assert secret not in said


def test_a_disk_that_cannot_be_written_is_told_and_got_over(
    tmp_path: Path, cache: Path, studies: list[Path]
) -> None:
    """Read-only for a while: C-STORE fails, nothing dies; afterwards the study goes through."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() != 0 or _mount("tmpfs", "-t", "tmpfs", "-o", "size=512m", at=disk):
        pytest.skip("a file system can be mounted by root only")
    try:
        parts = (LISTENER, worker())
        with whole_system(tmp_path / "data", cache, parts, INCOMING_DIR=str(disk)) as system:
            before = system.supervisor.pids()
            assert _mount("none", "-o", "remount,ro", at=disk) == 0
            done = _dcmtk(
                "dcmsend", "-v", "-aec", "HEIMDALLR", "127.0.0.1",
                str(system.settings.dicom_port), str(studies[6] / "image000.dcm"),
            )  # fmt: skip
            assert "Refused: OutOfResources" in done.stdout + done.stderr
            assert system.states() == {}
            assert _mount("none", "-o", "remount,rw", at=disk) == 0
            sender = Sender(system.settings.dicom_port)
            sender.send(studies[6])
            assert system.wait_for(1, limit_s=90) == {f"{UID}.7": "done"}
            assert missing_on_disk(system, sender.stored) == []
            assert system.supervisor.pids() == before
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)  # noqa: S607


def _mount(what: str, *options: str, at: Path) -> int:
    return subprocess.run(
        ["mount", *options, what, str(at)],  # noqa: S607
        check=False, capture_output=True,
    ).returncode  # fmt: skip


def test_up_starts_everything_and_leaves_nothing(tmp_path: Path) -> None:
    """One command: ready with a summary; SIGTERM ends it with exit code 0 and no process left."""
    environment = {
        **os.environ, "HEIMDALLR_DATA_DIR": str(tmp_path / "data"), "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    command = [sys.executable, "-m", "heimdallr", "up", "--port", "0", "--dicom-port", "0"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as up:
        assert up.stdout
        said = ""
        while "data " not in said:
            line = up.stdout.readline()
            assert line, said
            said += line
        up.send_signal(signal.SIGTERM)
        out, err = up.communicate(timeout=60)
    assert up.returncode == 0, err
    assert "dashboard  http://127.0.0.1:" in said
    assert "bundled, not for clinical use" in said
    assert "password" in err, "the first administrator's password is passed through"
    assert "Traceback" not in said + out + err
    assert not _processes_of(tmp_path)


def test_up_says_whose_port_it_is(system: WholeSystem, tmp_path: Path) -> None:
    """A port in use ends it at start, with exit code 2 and what to do."""
    port = system.settings.dicom_port
    done = subprocess.run(
        [sys.executable, "-m", "heimdallr", "up", "--port", "0", "--dicom-port", str(port)],
        capture_output=True, text=True, check=False, timeout=60,
        env={**os.environ, "HEIMDALLR_DATA_DIR": str(tmp_path / "data")},
    )  # fmt: skip
    assert done.returncode == 2
    assert f"127.0.0.1:{port} cannot be listened on" in done.stderr
    assert "HEIMDALLR_DICOM_PORT" in done.stderr


def _processes_of(folder: Path) -> list[str]:
    """Processes that were started with this data folder."""
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            if str(folder).encode() in environment.read_bytes():
                found.append((environment.parent / "cmdline").read_text())
        except OSError:  # noqa: PERF203
            continue
    return found
