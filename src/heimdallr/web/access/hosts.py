"""Checks of Host and Origin: which names are ours, which requests come from our own pages.

A browser can be made to resolve a stranger's name to this server's address (DNS rebinding); the
``Host`` header still carries the stranger's name. So only known names are answered: an address
literal, which no resolver is asked about, when it is the one the connection came to.
"""

from __future__ import annotations

import socket
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from heimdallr.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from starlette.datastructures import Headers

    from heimdallr.config import Settings

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


def check_settings(settings: Settings) -> None:
    """Refuse a configuration that would leave a door open.

    Raises:
        ConfigurationError: access control is off where others can reach the server, or a name or
            an address in a list is malformed.
    """
    if settings.auth == "off" and not is_loopback(settings.server_host):
        msg = "HEIMDALLR_AUTH=off where other machines can connect"
        raise ConfigurationError(
            msg,
            remedy="set HEIMDALLR_SERVER_HOST=127.0.0.1, or leave HEIMDALLR_AUTH on",
        )
    if settings.auth == "off" and settings.trusted_proxies:
        msg = "HEIMDALLR_AUTH=off behind a reverse proxy"
        raise ConfigurationError(
            msg,
            remedy="leave HEIMDALLR_AUTH on, or unset HEIMDALLR_TRUSTED_PROXIES",
        )
    try:
        for proxy in settings.trusted_proxies:
            ip_network(proxy)
    except ValueError as error:
        msg = f"HEIMDALLR_TRUSTED_PROXIES: {error}"
        raise ConfigurationError(msg, remedy="name them as 10.1.2.3 or 10.1.2.0/24") from None
    for host in settings.allowed_hosts:
        if not host.removeprefix("*.").strip(".*") or "*" in host[1:] or "/" in host:
            msg = f"HEIMDALLR_ALLOWED_HOSTS: {host} is no host name"
            raise ConfigurationError(
                msg,
                remedy="name hosts as heimdallr.example.org or *.example.org, without a port",
            )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server bound to ``host``."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class HostRule:
    """The names in a ``Host`` header that are ours."""

    def __init__(self, settings: Settings) -> None:
        self._open = settings.auth == "off"
        own = {socket.gethostname().lower(), settings.server_host.lower()}
        configured = {host.lower().rstrip(".") for host in settings.allowed_hosts}
        self._names = _LOOPBACK_NAMES | {name for name in configured if name[0] != "*"}
        if not self._open:
            self._names |= own - {"0.0.0.0", "::"}  # noqa: S104 - compared, not bound
        self._domains = tuple(name[1:] for name in configured if name[0] == "*")

    def allows(self, host_header: str, local_address: str) -> bool:
        """Whether a request with this ``Host`` header may be answered.

        Args:
            host_header: name or address literal, with or without a port.
            local_address: address the connection came to.
        """
        host = host_of(host_header)
        if host in self._names or host.endswith(self._domains):
            return True
        try:
            literal = ip_address(host)
            return not self._open and literal == ip_address(local_address)
        except ValueError:
            return False


def host_of(authority: str) -> str:
    """``[::1]:8001``, ``Example.org.:80`` → ``::1``, ``example.org``; empty when malformed."""
    try:
        return (urlsplit(f"//{authority}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_own_page(headers: Headers) -> bool:
    """Whether a request comes from one of our pages, or from no page at all.

    Browsers say where a request comes from (Fetch Metadata, else ``Origin``); programs do not.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = headers.get("origin")
    if origin is None:
        return True
    try:
        parts = urlsplit(origin)
        own = urlsplit(f"//{headers.get('host', '')}")
        ports = parts.port, own.port
    except ValueError:
        return False
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.hostname == own.hostname and len({port or default for port in ports}) == 1
