"""The addresses and ports the services of one machine listen on, checked to be free."""

from __future__ import annotations

import errno
import socket

from heimdallr.config import PREFIX, Settings
from heimdallr.domain.errors import ConfigurationError
from heimdallr.intake.scp.access import listening_address


def with_ports(settings: Settings, port: int | None, dicom_port: int | None) -> Settings:
    """The settings with the ports of the command line; 0 becomes one that is free.

    Raises:
        ConfigurationError: somebody else listens on one of them, or this machine has no such
            address.
    """
    web, dicom = settings.server_host, listening_address(settings)
    ports = {
        "server_port": _free(
            web, settings.server_port if port is None else port, "SERVER", "--port"
        ),
        "dicom_port": _free(
            dicom,
            settings.dicom_port if dicom_port is None else dicom_port,
            "DICOM",
            "--dicom-port",
        ),
    }
    return settings.model_copy(update=ports)


def bound(host: str, port: int) -> int:
    """Bind a port for an instant, as a service would.

    Args:
        host: address, IPv4 or IPv6, or a name.
        port: 0 for one that is free.

    Returns:
        The port.

    Raises:
        OSError: somebody listens there, or this machine has no such address.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
        return int(probe.getsockname()[1])


def is_taken(error: OSError) -> bool:
    """Whether the port cannot be bound because somebody listens there."""
    return error.errno == errno.EADDRINUSE


def _free(host: str, port: int, service: str, option: str) -> int:
    try:
        return bound(host, port)
    except OSError as error:
        msg = f"{host}:{port} cannot be listened on: {error.strerror}"
        if is_taken(error):
            remedy = (
                f"stop what listens there (`ss -ltnp sport = :{port}` names it), "
                f"or set {PREFIX}{service}_PORT or {option}"
            )
        else:
            remedy = f"set {PREFIX}{service}_HOST, or {PREFIX}{service}_PORT or {option}"
        raise ConfigurationError(msg, remedy=remedy) from None
