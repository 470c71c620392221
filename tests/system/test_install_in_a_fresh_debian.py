"""`deploy/install.sh`, the Containerfile's steps and the Debian package in a Debian of their own.

Nothing in it has a network but apt: what is installed is `dist/`, as `make test-install` makes it.
"""

from __future__ import annotations

import os
import shutil
import time
import zipfile
from typing import TYPE_CHECKING

import pytest
from containerfile import read_containerfile
from debian_root import (
    NEEDED_PROGRAMS,
    ROOT,
    DebianRoot,
    Mount,
    RunningSystem,
    fresh_debian,
)
from waiting import wait_for
from whole_system import write_study

if TYPE_CHECKING:
    from pathlib import Path

DIST = ROOT / "dist"
IMAGE = read_containerfile(ROOT / "deploy" / "Containerfile")
PROGRAM = "/opt/heimdallr/.venv/bin/heimdallr"
START_LIMIT_S = 300.0
NEXT_VERSION = "99.0"

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _what_it_takes() -> None:
    missing = [name for name in NEEDED_PROGRAMS if shutil.which(name) is None]
    if os.geteuid() != 0 or missing:
        pytest.skip(f"needs root and {', '.join(missing) or 'nothing else'}")
    if len(list(DIST.glob("heimdallr-*.whl"))) != 1 or not (DIST / "wheelhouse").is_dir():
        pytest.skip("needs dist/: make test-install")


@pytest.fixture
def debian(tmp_path: Path, pytestconfig: pytest.Config) -> DebianRoot:
    """The smallest Debian, which sees this repository in /source."""
    assert pytestconfig.cache is not None
    root = fresh_debian(tmp_path / "root", pytestconfig.cache.mkdir("debian"))
    root.mounts.append(Mount(ROOT, "/source"))
    return root


def test_the_image_serves_without_rights_on_a_root_that_cannot_be_written(
    debian: DebianRoot, tmp_path: Path
) -> None:
    """The Containerfile's own steps, user, command and health check; a study goes through."""
    packages, *steps = IMAGE.run
    debian.fetch_packages(packages)
    for step in steps:
        debian.run("/bin/sh", "-ec", step)
    inside = {**IMAGE.settings, "HEIMDALLR_DICOM_PEERS": "127.0.0.1"}
    doctor = debian.run("/usr/local/bin/heimdallr", "doctor", user=IMAGE.user, environment=inside)
    assert "problem" not in doctor.stdout

    volume = tmp_path / "volume"
    shutil.copytree(debian.path("/var/lib/heimdallr"), volume)
    os.chown(volume, *map(int, IMAGE.user.split(":")))
    debian.mounts.append(Mount(volume, "/var/lib/heimdallr", read_only=False))
    with debian.running(*IMAGE.command, user=IMAGE.user, environment=inside, read_only=True) as up:
        _wait_until_it_serves(up)
        inside_again = ("chroot", str(debian.folder), *IMAGE.health)
        assert up.from_outside(*inside_again).returncode == 0
        assert up.users() == {int(IMAGE.user.split(":")[0])}
        study = write_study(tmp_path / "studies", 1)
        sent = up.from_outside(
            "storescu", "-aec", "HEIMDALLR", "--scan-directories", "127.0.0.1", "11112", str(study)
        )
        assert sent.returncode == 0, sent.stderr
        wait_for(
            lambda: any(volume.glob("output/*/resultados.json")),
            what="a case folder",
            limit_s=START_LIMIT_S,
        )
    assert "Read-only file system" not in up.log.read_text(encoding="utf-8")


def test_a_machine_is_installed_upgraded_and_cleared(debian: DebianRoot, tmp_path: Path) -> None:
    """By the script, as root; settings and data outlive the upgrade and the removal."""
    refused = debian.run("/source/deploy/install.sh", check=False)
    assert (refused.returncode, "apt install python3" in refused.stderr) == (1, True)
    assert not debian.path("/opt/heimdallr").exists()

    debian.fetch_packages("apt-get update && apt-get install -y python3-venv systemd")
    for obstacle, word in {
        "mount -t tmpfs -o size=1g tmpfs /opt": "GB are free in /opt",
        "python3 -m http.server 11112 & sleep 3": "port 11112 is taken",
    }.items():
        refused = debian.run(
            "/bin/sh", "-c", f"{obstacle}; exec /source/deploy/install.sh", check=False
        )
        assert (refused.returncode, word in refused.stderr) == (1, True), refused.stderr
    assert not debian.path("/opt/heimdallr").exists()

    debian.run("/source/deploy/install.sh")
    assert debian.path("/etc/systemd/system/multi-user.target.wants/heimdallr.target").is_symlink()
    with debian.running("/usr/local/bin/heimdallr", "up") as up:
        _wait_until_it_serves(up)
        owner = debian.path("/var/lib/heimdallr/state").stat().st_uid
        assert up.users() == {0, owner}, "runuser itself stays root"
        assert owner != 0

    settings = debian.path("/etc/heimdallr/heimdallr.env")
    settings.write_text(settings.read_text() + "HEIMDALLR_AE_TITLE=THEIRS\n")
    debian.mounts[:] = [Mount(_newer(tmp_path / "newer"), "/source")]
    broken = tmp_path / "newer" / "broken"
    broken.mkdir()
    (broken / "pip-0-py3-none-any.whl").touch()
    failed = debian.run("/source/deploy/install.sh", "--wheelhouse", "/source/broken", check=False)
    assert failed.returncode != 0
    assert NEXT_VERSION not in debian.run("/usr/local/bin/heimdallr", "--version").stdout
    debian.run("/source/deploy/install.sh")
    assert NEXT_VERSION in debian.run("/usr/local/bin/heimdallr", "--version").stdout
    assert len(list(debian.path("/opt/heimdallr/versions").iterdir())) == 1
    assert "HEIMDALLR_AE_TITLE=THEIRS" in settings.read_text()
    assert "problem" not in debian.run("/usr/local/bin/heimdallr", "doctor").stdout

    debian.run("/opt/heimdallr/deploy/install.sh", "--uninstall")
    left = {debian.path(name).exists() for name in ("/opt/heimdallr", "/usr/local/bin/heimdallr")}
    assert left == {False}
    assert not list(debian.path("/etc/systemd/system").rglob("heimdallr*"))
    assert settings.exists()
    assert debian.path("/var/lib/heimdallr/state/heimdallr.db").exists()


def test_the_package_is_installed_and_purged(debian: DebianRoot) -> None:
    """`dpkg -i`, no network; a purge takes the settings, and leaves the patients' data."""
    package = next(DIST.glob("heimdallr_*.deb"), None)
    if package is None:
        pytest.skip("needs dist/heimdallr_….deb: make test-install")
    debian.fetch_packages("apt-get update && apt-get install -y python3-venv systemd")
    debian.run("dpkg", "-i", f"/source/dist/{package.name}")
    assert debian.path("/etc/heimdallr/heimdallr.env").stat().st_mode & 0o777 == 0o640
    with debian.running("/usr/bin/heimdallr", "up") as up:
        _wait_until_it_serves(up)
    twice = debian.run("/source/deploy/install.sh", check=False)
    assert (twice.returncode, "Debian package is installed" in twice.stderr) == (1, True)

    said = debian.run("dpkg", "--purge", "heimdallr").stdout
    assert "/var/lib/heimdallr" in said
    assert debian.path("/var/lib/heimdallr/state/heimdallr.db").exists()
    for name in ("/opt/heimdallr", "/etc/heimdallr", "/usr/share/heimdallr", "/usr/bin/heimdallr"):
        assert not debian.path(name).exists(), name
    assert not list(debian.path("/etc/systemd/system").rglob("heimdallr*"))


def _wait_until_it_serves(up: RunningSystem) -> None:
    """DICOM and HTTP answer to programs outside."""
    deadline = time.monotonic() + START_LIMIT_S
    while True:
        echo = up.from_outside("echoscu", "-aec", "HEIMDALLR", "127.0.0.1", "11112")
        web = up.from_outside("curl", "--fail", "--silent", "http://127.0.0.1:8001/readyz")
        if echo.returncode == web.returncode == 0:
            return
        assert up.process.poll() is None, up.log.read_text(encoding="utf-8")
        assert time.monotonic() < deadline, up.log.read_text(encoding="utf-8")
        time.sleep(1)


def _newer(folder: Path) -> Path:
    """What is installed, as of a later version."""
    (folder / "dist").mkdir(parents=True)
    for name in ("deploy", "docs"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "constraints.txt", folder)
    shutil.copytree(DIST / "wheelhouse", folder / "dist" / "wheelhouse", copy_function=_link)
    wheel = next(DIST.glob("heimdallr-*.whl"))
    version = wheel.name.split("-")[1]
    later = folder / "dist" / wheel.name.replace(version, NEXT_VERSION)
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(later, "w") as new:
        for item in old.infolist():
            content = old.read(item)
            if item.filename.endswith(("dist-info/METADATA", "heimdallr/__init__.py")):
                content = content.replace(version.encode(), NEXT_VERSION.encode(), 1)
            name = item.filename.replace(f"-{version}.dist-info", f"-{NEXT_VERSION}.dist-info")
            if name.endswith("RECORD"):
                content = content.replace(f"-{version}.".encode(), f"-{NEXT_VERSION}.".encode())
            new.writestr(name, content)
    return folder


def _link(source: str, target: str) -> None:
    os.link(os.path.realpath(source), target)
