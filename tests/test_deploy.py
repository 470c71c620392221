"""The units, scripts and container files of `deploy/` are whole, agree and keep up."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from configparser import RawConfigParser
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import yaml
from containerfile import read_containerfile
from typer import Context
from typer.main import get_command

from heimdallr.cli.app import app
from heimdallr.config import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
INSTALL = DEPLOY / "install.sh"
SCRIPTS = [
    INSTALL,
    DEPLOY / "bin" / "heimdallr",
    *(DEPLOY / "container" / name for name in ("heimdallr", "make_secrets.sh")),
    *(DEPLOY / "debian" / name for name in ("build.sh", "postinst", "prerm", "postrm")),
]
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


def test_the_web_server_outlives_the_process_that_needs_the_memory() -> None:
    """Else systemd stops the whole service when the kernel ends one process of it."""
    service = _section(DEPLOY / "systemd" / "heimdallr-server.service", "Service")
    assert service["OOMPolicy"] == "continue"


def test_the_user_and_the_folders_are_declared() -> None:
    """Sysusers and tmpfiles name the user and the folders the units rely on."""
    assert "u heimdallr " in (DEPLOY / "sysusers.d" / "heimdallr.conf").read_text()
    folders = (DEPLOY / "tmpfiles.d" / "heimdallr.conf").read_text()
    assert re.search(r"^d /etc/heimdallr +0750 root +heimdallr", folders, re.MULTILINE)
    assert re.search(r"^z /etc/heimdallr/\* +0640 root +heimdallr", folders, re.MULTILINE)
    assert re.search(r"^d /var/lib/heimdallr +0750 heimdallr", folders, re.MULTILINE)


@pytest.fixture
def administrator(tmp_path: Path) -> Callable[[str, Path], list[str]]:
    """The administrator's command, as root in a folder: lines of what a shell in its place says."""
    if os.geteuid() != 0 or shutil.which("runuser") is None:
        pytest.skip("only root can become another user")
    file, script = tmp_path / "heimdallr.env", tmp_path / "heimdallr"
    text = (DEPLOY / "bin" / "heimdallr").read_text(encoding="utf-8")
    for there, here in {
        "/etc/heimdallr/heimdallr.env": str(file),
        "-u heimdallr": "-u nobody",
        "/opt/heimdallr/.venv/bin/heimdallr": "/bin/sh",
    }.items():
        assert there in text, f"deploy/bin/heimdallr: no {there} to put {here} in its place"
        text = text.replace(there, here)
    script.write_text(text)

    def run(settings: str, folder: Path) -> list[str]:
        file.write_text(settings)
        done = subprocess.run(
            ["/bin/sh", str(script), "-c", "env; id -un; umask; pwd"],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
            cwd=folder,
        )
        return done.stdout.splitlines()

    return run


def test_the_administrators_command_has_the_services_settings_and_user(
    administrator: Callable[[str, Path], list[str]],
) -> None:
    """Values with spaces, quotes and dollars arrive as systemd would hand them over."""
    lines = administrator(
        '# a comment\n\nHEIMDALLR_AE_TITLE=MY AE\nHEIMDALLR_DATA_DIR="/srv/x y"\n'
        "HEIMDALLR_DATABASE_URL=postgresql://u:p$HOME`id`@h/d",
        Path("/"),
    )
    assert "HEIMDALLR_AE_TITLE=MY AE" in lines
    assert "HEIMDALLR_DATA_DIR=/srv/x y" in lines
    assert "HEIMDALLR_DATABASE_URL=postgresql://u:p$HOME`id`@h/d" in lines
    assert lines[-3:] == ["nobody", "0027", "/"]


def test_the_administrators_command_works_where_the_administrator_is(
    administrator: Callable[[str, Path], list[str]],
) -> None:
    """Else relative paths mean another folder, the patients' data for one; settings mean theirs."""
    with TemporaryDirectory() as name:
        open_one, closed = Path(name) / "open", Path(name) / "closed"
        open_one.mkdir()
        closed.mkdir()
        for folder, mode in ((Path(name), 0o755), (open_one, 0o755), (closed, 0o700)):
            folder.chmod(mode)
        lines = administrator("HEIMDALLR_RULES_FILE=rules.toml\nHEIMDALLR_WATCH_DIR=", open_one)
        assert lines[-1] == str(open_one)
        assert administrator("", closed)[-1] == "/"
    assert "HEIMDALLR_DATA_DIR=/var/lib/heimdallr/data" in lines
    assert "HEIMDALLR_RULES_FILE=/var/lib/heimdallr/rules.toml" in lines
    assert "HEIMDALLR_WATCH_DIR=" in lines
    text = (DEPLOY / "bin" / "heimdallr").read_text(encoding="utf-8")
    ends = re.findall(r"HEIMDALLR_\*(_[A-Z_]+)", text)
    paths = [name for name, one in Settings.model_fields.items() if "Path" in str(one.annotation)]
    assert "data_dir" in paths
    assert [name for name in paths if not name.upper().endswith(tuple(ends))] == []


def _install(*arguments: str, nobody: bool = False) -> subprocess.CompletedProcess[str]:
    """Run the script, read from its text: nobody may not get into a clone of root's."""
    return subprocess.run(
        ["/bin/sh", "-s", "--", *arguments],
        input=INSTALL.read_text(encoding="utf-8"),
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        user="nobody" if nobody and os.geteuid() == 0 else None,
    )


@dataclass(frozen=True)
class Machine:
    """A machine of folders, on which the script runs with stand-ins for what needs a real one."""

    root: Path

    @property
    def programs(self) -> Path:
        """Stand-ins, found before the real programs."""
        return self.root / "stand-ins"

    def program(self, name: str, text: str) -> None:
        """Place a stand-in."""
        self.programs.mkdir(exist_ok=True)
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def install(self, *arguments: str) -> list[str]:
        """Run the script; what systemctl was told."""
        told = self.root / "told"
        told.unlink(missing_ok=True)
        text = INSTALL.read_text(encoding="utf-8")
        text = re.sub(r"(?<![\w.$}])/(opt|etc|usr|var|lib|run)/", rf"{self.root}/\1/", text)
        text = re.sub(r"^source=.*$", f"source={self.root}/source", text, flags=re.MULTILINE)
        text = text.replace("room_gb=10", "room_gb=0")
        path = f"{self.programs}:{os.environ['PATH']}"
        done = subprocess.run(
            ["/bin/sh", "-c", text, "install.sh", *arguments],
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return told.read_text().splitlines() if told.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """One with systemd, the target inactive, and what is to be installed in ``source``."""
    made = Machine(tmp_path)
    made.program("id", "echo 0")
    made.program("systemctl", f'[ "$1" = is-active ] && exit 3; echo "$@" >>"{tmp_path}/told"')
    for name in ("systemd-sysusers", "systemd-tmpfiles"):
        made.program(name, "exit 0")
    made.program("python3", _MAKES_ENVIRONMENTS)
    for folder in ("run/systemd/system", "opt", "source/dist"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copytree(DEPLOY, tmp_path / "source" / "deploy")
    (tmp_path / "source" / "docs").mkdir()
    (tmp_path / "source" / "constraints.txt").touch()
    (tmp_path / "source" / "dist" / "heimdallr-1.0-py3-none-any.whl").touch()
    return made


_MAKES_ENVIRONMENTS = """
[ "$1 $2" = "-m venv" ] || exit 0
mkdir -p "$3/bin"
for name in python heimdallr; do
    printf '#!/bin/sh\\n' >"$3/bin/$name"
    chmod +x "$3/bin/$name"
done
"""
_RELOAD = "daemon-reload"
_ALL = "heimdallr-*.service"


def _version(machine: Machine) -> Path:
    """The folder of the version that is in use."""
    return (machine.root / "opt/heimdallr/.venv").resolve()


def test_a_host_that_only_works_starts_the_worker_alone(machine: Machine) -> None:
    """Never what belongs on the host with the data folder, and so it stays after an upgrade."""
    assert machine.install("--worker") == [
        "disable --quiet heimdallr.target",
        "enable --quiet heimdallr-processor.service",
        _RELOAD,
        f"stop heimdallr.target {_ALL}",
        "start heimdallr-processor.service",
    ]
    assert machine.install() == [_RELOAD, f"try-restart {_ALL}"]
    worker = _section(DEPLOY / "systemd" / "heimdallr-processor.service", "Install")
    assert worker["WantedBy"] == "multi-user.target", "the target does not start there"


def test_an_upgrade_starts_what_runs_again_with_or_without_its_target(machine: Machine) -> None:
    """Services that were started one by one would go on with a program that is gone."""
    assert machine.install() == [
        "enable --quiet heimdallr.target", _RELOAD, "start heimdallr.target"
    ]  # fmt: skip
    assert machine.install() == [_RELOAD, f"try-restart {_ALL}"]
    machine.program("systemctl", f'echo "$@" >>"{machine.root}/told"')
    assert machine.install()[-1] == "try-restart heimdallr.target"


def test_a_version_that_something_runs_from_stays(machine: Machine) -> None:
    """Until the next upgrade; what nothing runs from goes."""
    machine.install()
    old = _version(machine)
    (old / "bin" / "python").write_text("#!/bin/sh\necho up\nread line\n")
    with subprocess.Popen(
        [old / "bin" / "python"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"up\n"
        (machine.root / "source/dist/heimdallr-1.0-py3-none-any.whl").rename(
            machine.root / "source/dist/heimdallr-2.0-py3-none-any.whl"
        )
        machine.install()
        assert old.is_dir()
    (machine.root / "source/dist/heimdallr-2.0-py3-none-any.whl").rename(
        machine.root / "source/dist/heimdallr-3.0-py3-none-any.whl"
    )
    machine.install()
    assert list(old.parent.iterdir()) == [_version(machine)]


def test_units_leave_the_administrators_folder(machine: Machine) -> None:
    """Where earlier versions put them they cannot be masked; drop-ins and masks stay."""
    mine = machine.root / "etc/systemd/system"
    (mine / "multi-user.target.wants").mkdir(parents=True)
    (mine / "heimdallr-dicom.service.d").mkdir()
    (mine / "heimdallr-processor.service").symlink_to("/dev/null")
    for name in ("heimdallr.target", "heimdallr-dicom.service"):
        (mine / name).touch()
    enabled = mine / "multi-user.target.wants" / "heimdallr.target"
    enabled.symlink_to(mine / "heimdallr.target")
    machine.install()
    units = machine.root / "usr/local/lib/systemd/system"
    assert {unit.name for unit in units.iterdir()} == {unit.name for unit in UNITS}
    assert enabled.resolve() == units / "heimdallr.target"
    assert {one.name for one in mine.iterdir()} == {
        "multi-user.target.wants", "heimdallr-dicom.service.d", "heimdallr-processor.service"
    }  # fmt: skip
    machine.install("--uninstall")
    assert not list(units.iterdir())


def _assigned(name: str) -> str:
    """What the script sets a variable of its own to, at its beginning."""
    found = re.search(rf"^{name}=(\S+)", INSTALL.read_text(encoding="utf-8"), re.MULTILINE)
    assert found, f"deploy/install.sh: no {name}="
    return found.group(1)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_every_script_is_one_and_may_be_run(script: Path) -> None:
    """The shell understands it; a clone keeps its right to be run."""
    assert os.access(script, os.X_OK)
    subprocess.run(["/bin/sh", "-n", str(script)], check=True, timeout=30)


def test_the_script_and_the_units_mean_the_same_places() -> None:
    """Program, data, settings, ports and the oldest Python: each is said in several places."""
    program, data, settings = map(_assigned, ("program", "data", "settings"))
    for unit in SERVICES:
        service = _section(unit, "Service")
        assert service["ExecStart"].startswith(f"{program}/.venv/bin/heimdallr ")
        assert service["EnvironmentFile"] == settings
        assert service["WorkingDirectory"] == data
    for command in (DEPLOY / "bin" / "heimdallr", DEPLOY / "container" / "heimdallr"):
        assert f"{program}/.venv/bin/heimdallr" in command.read_text(encoding="utf-8")
    text = INSTALL.read_text(encoding="utf-8")
    for name in ("SERVER_PORT", "DICOM_PORT"):
        assert f"{name}:{_default(name.lower())}" in text
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'requires-python = ">={_assigned("oldest_python")}"' in project


def test_the_script_says_what_it_can_do_and_refuses_the_rest() -> None:
    """Every option has a line of help; an unknown one and anybody but root are turned away."""
    told = _install("--help").stdout
    taken = set(re.findall(r"--[a-z]+", INSTALL.read_text().split("while [")[1].split("done")[0]))
    assert taken == set(re.findall(r"^  (--[a-z]+)", told, re.MULTILINE)) | {"--help"}
    unknown = _install("--fast")
    assert (unknown.returncode, "--fast is no option" in unknown.stderr) == (1, True)
    refused = _install(nobody=True)
    assert (refused.returncode, "only root" in refused.stderr) == (1, True)


def test_the_image_is_what_the_script_installs() -> None:
    """No rights, no network's weights, no settings of a place; it says how it is."""
    image = read_containerfile(DEPLOY / "Containerfile")
    assert image.run[-1] == "/source/deploy/install.sh --container"
    assert len(image.run) == 3, "packages, the user, the script"
    user, group = map(int, image.user.split(":"))
    assert f"--uid {user} " in image.run[1]
    assert user == group != 0
    assert image.settings["HEIMDALLR_DATA_DIR"] == _assigned("data")
    assert image.settings.keys() <= {"HEIMDALLR_DATA_DIR", "HEIMDALLR_SERVER_HOST", "HOME"}
    assert image.command == ("/usr/local/bin/heimdallr", "up")
    assert (DEPLOY / "container" / Path(image.health[1]).name).exists()
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    assert f"EXPOSE {_default('server_port')} {_default('dicom_port')}\n" in text
    seen = (DEPLOY / "Containerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert seen[1] == "*"
    for line in ("deploy/secrets", "deploy/settings.env"):
        assert seen.index(line) > seen.index("!deploy"), "a later line has the last word"


def test_the_compose_file_runs_the_services_of_the_units() -> None:
    """The same commands, as nobody, on roots that cannot be written, and no secret in it."""
    compose = _compose()
    services = compose["services"]
    ours = {name for name, one in services.items() if one["image"] == "heimdallr"}
    units = {_section(unit, "Service")["ExecStart"].split()[1] for unit in SERVICES}
    # Its containers share a volume: there is nothing to exchange.
    assert {services[name]["command"][0] for name in ours} == units - {"exchange"}
    for name, service in services.items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service["healthcheck"] if name not in ours else True, name
        assert not [key for key in service.get("environment", {}) if key.endswith("PASSWORD")], name
        mounts = {volume.split(":")[0] for volume in service["volumes"]}
        assert mounts <= compose["volumes"].keys(), name
    open_to_all = [port for one in services.values() for port in one.get("ports", ())]
    assert [port for port in open_to_all if not port.startswith("127.0.0.1:")] == ["11112:11112"]
    archive = services["archive"]["networks"]["default"]["ipv4_address"]
    peers = (DEPLOY / "container" / "settings.env").read_text(encoding="utf-8")
    assert f"HEIMDALLR_DICOM_PEERS=127.0.0.1,{archive}\n" in peers


def test_the_compose_files_secrets_are_made_once(tmp_path: Path) -> None:
    """Every file it names, others kept out by the folder; made again, they stay as they were."""
    script = tmp_path / "container" / "make_secrets.sh"
    script.parent.mkdir()
    shutil.copy(DEPLOY / "container" / "make_secrets.sh", script)
    subprocess.run([str(script)], check=True, timeout=30)
    folder = tmp_path / "secrets"
    made = {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()}
    named = {Path(secret["file"]).name for secret in _compose()["secrets"].values()}
    assert made.keys() == named
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o644}
    url = urlsplit(made["HEIMDALLR_DATABASE_URL"])
    assert (url.hostname, url.password) == ("database", made["database_password"])
    assert json.loads(made["archive_users.json"])["RegisteredUsers"]["orthanc"]
    subprocess.run([str(script)], check=True, timeout=30)
    assert made == {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()}


def test_a_container_has_its_secrets_as_settings(tmp_path: Path) -> None:
    """Files of a setting's name are that setting; others are not touched."""
    (tmp_path / "HEIMDALLR_DATABASE_URL").write_text("postgresql://u:p$HOME@h/d\n")
    (tmp_path / "other").write_text("x")
    text = (DEPLOY / "container" / "heimdallr").read_text(encoding="utf-8")
    text = text.replace("/run/secrets/", f"{tmp_path}/")
    text = text.replace("/opt/heimdallr/.venv/bin/heimdallr", "/usr/bin/env")
    done = subprocess.run(
        ["/bin/sh", "-c", text], capture_output=True, text=True, check=True, timeout=30
    )
    lines = done.stdout.splitlines()
    assert "HEIMDALLR_DATABASE_URL=postgresql://u:p$HOME@h/d" in lines
    assert not [line for line in lines if line.startswith("other")]


def test_the_archive_knows_the_listener() -> None:
    """Orthanc lets in and calls what the compose file runs, and asks everybody for a password."""
    archive = json.loads((DEPLOY / "container" / "orthanc.json").read_text(encoding="utf-8"))
    title, host, port = archive["DicomModalities"]["heimdallr"]
    assert (title, port) == (_default("ae_title"), _default("dicom_port"))
    assert host in _compose()["services"]
    assert archive["AuthenticationEnabled"]
    assert not archive["DicomAlwaysAllowStore"]


def test_the_package_leaves_the_work_to_the_script() -> None:
    """Its scripts call the one script, and build.sh fills in all that its control file asks for."""
    for name, option in {"postinst": "--packaged", "prerm": "--packaged --uninstall"}.items():
        text = (DEPLOY / "debian" / name).read_text(encoding="utf-8")
        assert f"/usr/share/heimdallr/deploy/install.sh {option}" in text
    asked = set(re.findall(r"@[A-Z_]+@", (DEPLOY / "debian" / "control.in").read_text()))
    build = (DEPLOY / "debian" / "build.sh").read_text(encoding="utf-8")
    assert asked == set(re.findall(r"@[A-Z_]+@", build))
    assert "/var/lib/heimdallr" not in re.findall(
        r"rm .*", (DEPLOY / "debian" / "postrm").read_text(encoding="utf-8")
    )


def _default(setting: str) -> object:
    return Settings.model_fields[setting].default


def _compose() -> dict[str, Any]:
    compose: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return compose
