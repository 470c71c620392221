"""The addresses and ports the services of one machine listen on, checked to be free."""

from __future__ import annotations

import os
import socket

from heimdallr.config import PREFIX, Settings
from heimdallr.domain.errors import ConfigurationError


def with_ports(settings: Settings, port: int | None, dicom_port: int | None) -> Settings:
    """The settings with the ports of the command line; 0 becomes one that is free.

    Raises:
        ConfigurationError: somebody else listens on one of them.
    """
    web, dicom = settings.server_host, dicom_address(settings)
    ports = {
        "server_port": _free(
            web, settings.server_port if port is None else port, "SERVER_PORT", "--port"
        ),
        "dicom_port": _free(
            dicom,
            settings.dicom_port if dicom_port is None else dicom_port,
            "DICOM_PORT",
            "--dicom-port",
        ),
    }
    return settings.model_copy(update=ports)


def dicom_address(settings: Settings) -> str:
    """The address the DICOM listener binds."""
    if settings.dicom_host is not None:
        return settings.dicom_host
    return "0.0.0.0" if settings.dicom_peers else "127.0.0.1"  # noqa: S104 - peers are named


def _free(host: str, port: int, variable: str, option: str) -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            msg = f"{host}:{port} cannot be listened on: {os.strerror(error.errno or 0)}"
            raise ConfigurationError(
                msg,
                remedy=f"stop what listens there (`ss -ltnp sport = :{port}` names it), "
                f"or set {PREFIX}{variable} or {option}",
            ) from None
        return int(probe.getsockname()[1])
