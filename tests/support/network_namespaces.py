"""Hosts made of network namespaces on a bridge; cut off and joined at will, by root only.

They share this machine's processors, memory and files: a data folder is what an NFS share would be,
except that a host whose network is cut still writes to it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_OWN = os.getpid()
"""In every name, so that two programs do not meet."""

_NETWORK, _BRIDGE = f"10.213.{_OWN % 250}", f"hb{_OWN}"


@dataclass(frozen=True)
class Host:
    """A machine of its own; without a namespace it is this one.

    Attributes:
        name: for people.
        namespace: of its network; empty: none.
    """

    name: str
    namespace: str = ""

    @property
    def prefix(self) -> list[str]:
        """What a command line begins with that is run there."""
        return ["ip", "netns", "exec", self.namespace] if self.namespace else []

    def cut(self) -> None:
        """Let no packet through, and tell nobody."""
        _ip("link", "set", _link(self.namespace), "down")

    def join(self) -> None:
        """Let packets through again."""
        _ip("link", "set", _link(self.namespace), "up")


@dataclass(frozen=True)
class Network:
    """Hosts, and the address under which they reach this machine; empty: over a socket."""

    hosts: tuple[Host, ...]
    address: str = ""


def why_no_namespaces() -> str:
    """Why hosts cannot have networks of their own here; empty: they can."""
    if os.geteuid() != 0:
        return "only root may make network namespaces"
    if shutil.which("ip") is None:
        return "iproute2 is not installed (apt install iproute2)"
    probe = ["ip", "netns", "add", f"{_BRIDGE}-probe"]
    if subprocess.run(probe, check=False, capture_output=True).returncode:
        return "the kernel does not let us make network namespaces"
    _ip("netns", "del", f"{_BRIDGE}-probe")
    return ""


@contextmanager
def network(count: int, *, namespaces: bool) -> Iterator[Network]:
    """So many hosts for the length of the block."""
    names = [f"host{number}" for number in range(1, count + 1)]
    if not namespaces:
        yield Network(tuple(Host(name) for name in names))
        return
    with ExitStack() as undo:
        _ip("link", "add", _BRIDGE, "type", "bridge")
        undo.callback(_ip, "link", "del", _BRIDGE)
        _ip("address", "add", f"{_NETWORK}.1/24", "dev", _BRIDGE)
        _ip("link", "set", _BRIDGE, "up")
        hosts = []
        for number, name in enumerate(names, 1):
            space = f"h{number}-{_OWN}"
            _ip("netns", "add", space)
            undo.callback(_ip, "netns", "del", space)
            _ip("link", "add", _link(space), "type", "veth", "peer", "name", "eth0", "netns", space)
            _ip("link", "set", _link(space), "master", _BRIDGE, "up")
            inside = ("-n", space)
            _ip(*inside, "address", "add", f"{_NETWORK}.{number + 1}/24", "dev", "eth0")
            _ip(*inside, "link", "set", "eth0", "up")
            _ip(*inside, "link", "set", "lo", "up")
            hosts.append(Host(name, space))
        yield Network(tuple(hosts), f"{_NETWORK}.1")


def _link(namespace: str) -> str:
    """Our end of a host's cable; a name of at most 15 characters."""
    return f"v{namespace}"


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)  # noqa: S607
