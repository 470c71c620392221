"""A Debian of its own in a folder, without a container engine; what runs in it has no network."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tarfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[2]
SUITE = "bookworm"
NEEDED_PROGRAMS = (
    *("debootstrap", "unshare", "nsenter", "ip", "chroot"),
    *("curl", "echoscu", "storescu"),
)

_ENTER = """
root=$1 writable=$2; shift 2
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
for folder in "$root/tmp" "$root/dev/shm"; do
    mkdir -p "$folder"
    mount -t tmpfs -o mode=1777 tmpfs "$folder"
done
while [ "$1" != -- ]; do
    mount --bind "$1" "$2"
    case $3 in ro) mount -o remount,bind,ro "$2" ;; esac
    shift 3
done
shift
ip link set lo up
[ "$writable" = yes ] || mount -o remount,bind,ro "$root"
exec "$@"
"""


@dataclass(frozen=True, slots=True)
class Mount:
    """A folder of this machine seen in the root."""

    source: Path
    target: str
    read_only: bool = True


@dataclass
class DebianRoot:
    """A root folder; made by :func:`fresh_debian`.

    Attributes:
        mounts: folders of this machine that everything in it sees.
    """

    folder: Path
    mounts: list[Mount] = field(default_factory=list)

    def path(self, name: str) -> Path:
        """Where a file of the root lies on this machine."""
        return self.folder / name.lstrip("/")

    def fetch_packages(self, script: str) -> None:
        """Run a script that needs Debian's packages: the only one that has a network."""
        self._chroot([], ["/bin/sh", "-ec", script], {"DEBIAN_FRONTEND": "noninteractive"})

    def run(
        self,
        *command: str,
        user: str = "0:0",
        environment: Mapping[str, str] | None = None,
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, without a network."""
        return self._chroot(self._separate(), [*command], environment or {}, user=user, check=check)

    @contextmanager
    def running(
        self,
        *command: str,
        user: str = "0:0",
        environment: Mapping[str, str] | None = None,
        read_only: bool = False,
    ) -> Iterator[RunningSystem]:
        """Run a service in a network of its own until the block ends."""
        log = self.folder.with_suffix(".log")
        with log.open("w") as output:
            process = subprocess.Popen(
                [
                    *self._separate(),
                    *self._enter(read_only=read_only),
                    *_in_chroot(self.folder, user, command),
                ],
                env=_environment(environment or {}),
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            try:
                yield RunningSystem(process, log)
            finally:
                # The first process of a PID namespace takes all others with it; one that became
                # another user no longer dies with its parent.
                for first in _children(process.pid):
                    os.kill(first, signal.SIGKILL)
                process.wait()

    def _chroot(
        self,
        separate: list[str],
        command: list[str],
        environment: Mapping[str, str],
        *,
        user: str = "0:0",
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        enter = self._enter() if separate else []
        done = subprocess.run(
            [*separate, *enter, *_in_chroot(self.folder, user, command)],
            env=_environment(environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=1800,
        )
        assert done.returncode == 0 or not check, done.stdout + done.stderr
        return done

    @staticmethod
    def _separate() -> list[str]:
        return ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child"]

    def _enter(self, *, read_only: bool = False) -> list[str]:
        mounts: list[str] = []
        for mount in self.mounts:
            self.path(mount.target).mkdir(parents=True, exist_ok=True)
            rights = "ro" if mount.read_only else "rw"
            mounts += [str(mount.source), str(self.path(mount.target)), rights]
        writable = "no" if read_only else "yes"
        return ["sh", "-ec", _ENTER, "sh", str(self.folder), writable, *mounts, "--"]


@dataclass
class RunningSystem:
    """What :meth:`DebianRoot.running` started."""

    process: subprocess.Popen[bytes]
    log: Path

    def from_outside(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a program of this machine in the system's network."""
        network = f"--net=/proc/{self.process.pid}/ns/net"
        return subprocess.run(
            [_tool("nsenter"), network, *command],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def users(self) -> set[int]:
        """User IDs of everything of Heimdallr that runs in it."""
        network = Path(f"/proc/{self.process.pid}/ns/net").stat().st_ino
        found = set()
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has ended
                ours = (process / "ns" / "net").stat().st_ino == network
                if ours and b"/opt/heimdallr" in (process / "cmdline").read_bytes():
                    found.add(process.stat().st_uid)
        return found


def fresh_debian(folder: Path, cache: Path) -> DebianRoot:
    """Make a root of the smallest Debian there is; it is downloaded once.

    Args:
        folder: becomes the root.
        cache: keeps what was downloaded.
    """
    archive = cache / f"{SUITE}.tar.gz"
    if not archive.exists():
        made = folder.with_suffix(".new")
        subprocess.run([_tool("debootstrap"), "--variant=minbase", SUITE, str(made)], check=True)
        with tarfile.open(archive.with_suffix(".part"), "w:gz", compresslevel=1) as tar:
            tar.add(made, arcname=".")
        archive.with_suffix(".part").rename(archive)
        shutil.rmtree(made)
    folder.mkdir()
    subprocess.run([_tool("tar"), "-C", str(folder), "-xpf", str(archive)], check=True)
    return DebianRoot(folder)


def _children(process: int) -> list[int]:
    listed = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
    return [int(word) for word in listed.split()]


def _tool(name: str) -> str:
    path = shutil.which(name)
    assert path is not None, name
    return path


def _in_chroot(root: Path, user: str, command: tuple[str, ...] | list[str]) -> list[str]:
    return ["chroot", f"--userspec={user}", str(root), *command]


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    """An empty environment but for these: a fresh machine knows nothing of this one."""
    return {"PATH": os.defpath + ":/usr/local/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8", **settings}
