"""The units, the environment file and the snippets of `deploy/` are whole and keep up."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from configparser import RawConfigParser
from pathlib import Path

import pytest
from typer import Context
from typer.main import get_command

from heimdallr.cli.app import app

DEPLOY = Path(__file__).parents[1] / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("heimdallr*"))
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
EXPOSURE_LIMIT = 2.0
"""`systemd-analyze security`: below 2 of 10 is its own "OK"; an unsandboxed service has 9.6."""


def _systemd(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    return subprocess.run(
        [program, *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def _section(unit: Path, name: str) -> dict[str, str]:
    parser = RawConfigParser(strict=False, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(unit, encoding="utf-8")
    return dict(parser[name])


def test_the_founding_documents_names_are_there() -> None:
    """Listener, server and processor, under the names an operator knows."""
    names = {unit.stem for unit in SERVICES}
    assert {"heimdallr-dicom", "heimdallr-server", "heimdallr-processor"} <= names


def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    """`systemd-analyze verify` of all units together; only the program's place is a stand-in."""
    stand_in = shutil.which("true")
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8")
        text = re.sub(r"(?<=^ExecStart=)\S+", str(stand_in), text, flags=re.MULTILINE)
        (tmp_path / unit.name).write_text(text)
    done = _systemd("verify", "--man=no", *(str(tmp_path / unit.name) for unit in UNITS))
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "heimdallr" in line]
    assert done.returncode == 0, ours
    assert not ours


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_every_service_is_confined(unit: Path) -> None:
    """Its own user, nothing writable but its data, no capability; systemd's own rating agrees."""
    service = _section(unit, "Service")
    assert service["User"] == "heimdallr"
    assert service["ProtectSystem"] == "strict"
    assert service["NoNewPrivileges"] == "true"
    assert service["PrivateTmp"] == "true"
    assert service["CapabilityBoundingSet"] == ""
    assert service["EnvironmentFile"] == "/etc/heimdallr/heimdallr.env"
    done = _systemd("security", "--offline=true", "--no-pager", str(unit))
    found = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    assert float(found.group(1)) < EXPOSURE_LIMIT


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_every_service_starts_a_command_that_exists(unit: Path) -> None:
    """What the unit starts is a command of this version, with options it has."""
    program, name, *options = _section(unit, "Service")["ExecStart"].split()
    assert program == "/opt/heimdallr/.venv/bin/heimdallr"
    tree = get_command(app)
    command = tree.get_command(Context(tree), name)  # type: ignore[attr-defined]
    known = {option for parameter in command.params for option in parameter.opts}
    assert set(options) <= known


def test_services_that_run_for_ever_say_when_they_are_ready() -> None:
    """Type=notify, restarted whatever ends them, except a setting that a person must change."""
    for unit in SERVICES:
        service = _section(unit, "Service")
        if service["Type"] == "oneshot":
            assert "Restart" not in service
            continue
        assert service["Type"] == "notify"
        assert service["Restart"] == "always"
        assert service["RestartPreventExitStatus"] == "2"


def test_the_user_and_the_folders_are_declared() -> None:
    """Sysusers and tmpfiles name the user and the folders the units rely on."""
    assert "u heimdallr " in (DEPLOY / "sysusers.d" / "heimdallr.conf").read_text()
    folders = (DEPLOY / "tmpfiles.d" / "heimdallr.conf").read_text()
    assert re.search(r"^d /etc/heimdallr +0750 root +heimdallr", folders, re.MULTILINE)
    assert re.search(r"^z /etc/heimdallr/\* +0640 root +heimdallr", folders, re.MULTILINE)
    assert re.search(r"^d /var/lib/heimdallr +0750 heimdallr", folders, re.MULTILINE)


def test_the_administrators_command_has_the_services_settings_and_user(tmp_path: Path) -> None:
    """Values with spaces, quotes and dollars arrive as systemd would hand them over."""
    if os.geteuid() != 0 or shutil.which("runuser") is None:
        pytest.skip("only root can become another user")
    settings = tmp_path / "heimdallr.env"
    settings.write_text(
        '# a comment\n\nHEIMDALLR_AE_TITLE=MY AE\nHEIMDALLR_DATA_DIR="/srv/x y"\n'
        "HEIMDALLR_DATABASE_URL=postgresql://u:p$HOME`id`@h/d"
    )
    script = tmp_path / "heimdallr"
    text = (DEPLOY / "bin" / "heimdallr").read_text(encoding="utf-8")
    for there, here in {
        "/etc/heimdallr/heimdallr.env": str(settings),
        "/var/lib/heimdallr": "/",
        "-u heimdallr": "-u nobody",
        "/opt/heimdallr/.venv/bin/heimdallr": "/bin/sh",
    }.items():
        assert there in text, f"deploy/bin/heimdallr: no {there} to put {here} in its place"
        text = text.replace(there, here)
    script.write_text(text)
    done = subprocess.run(
        ["/bin/sh", str(script), "-c", "env; id -un; umask; pwd"],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    lines = done.stdout.splitlines()
    assert "HEIMDALLR_AE_TITLE=MY AE" in lines
    assert "HEIMDALLR_DATA_DIR=/srv/x y" in lines
    assert "HEIMDALLR_DATABASE_URL=postgresql://u:p$HOME`id`@h/d" in lines
    assert lines[-3:] == ["nobody", "0027", "/"]


def test_the_operators_page_installs_the_services(tmp_path: Path) -> None:
    """Its commands, run into an empty root: user, folders, units in place, the target enabled."""
    programs = ("systemd-sysusers", "systemd-tmpfiles", "systemctl")
    if os.geteuid() != 0 or not all(map(shutil.which, programs)):
        pytest.skip("systemd's tools and root are needed")
    page = (DEPLOY.parent / "docs" / "operate.md").read_text(encoding="utf-8")
    section = page.split("## Install the services")[1].split("\n## ")[0]
    root = tmp_path / "root"
    for folder in ("etc/systemd/system", "usr/local/bin"):
        (root / folder).mkdir(parents=True)
    for file in ("etc/passwd", "etc/group"):
        (root / file).write_text("root:x:0:0:root:/root:/bin/sh\n" if "passwd" in file else "")
    commands = re.findall(r"^    ((?:install|systemd-|systemctl enable).*)$", section, re.MULTILINE)
    assert len(commands) == 7
    for command in commands:
        for there in ("/etc/", "/usr/"):
            command = command.replace(f" {there}", f" {root}{there}")  # noqa: PLW2901
        for program in programs:
            command = command.replace(program, f"{program} --root={root}")  # noqa: PLW2901
        command = command.replace("--now ", "")  # noqa: PLW2901 - nothing is started in an empty root
        subprocess.run(["/bin/sh", "-ec", command], check=True, cwd=DEPLOY.parent, timeout=60)
    assert "heimdallr:" in (root / "etc" / "passwd").read_text()
    user = next(
        line.split(":")
        for line in (root / "etc/passwd").read_text().splitlines()
        if "heimd" in line
    )
    settings = root / "etc/heimdallr/heimdallr.env"
    assert settings.stat().st_mode & 0o777 == 0o640
    assert str(settings.stat().st_gid) == user[3]
    data = (root / "var/lib/heimdallr").stat()
    assert (str(data.st_uid), data.st_mode & 0o777) == (user[2], 0o750)
    wanted = root / "etc/systemd/system/multi-user.target.wants/heimdallr.target"
    assert wanted.is_symlink()
    assert os.access(root / "usr/local/bin/heimdallr", os.X_OK)
