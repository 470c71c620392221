"""`heimdallr up`: run listener, web server, worker and deliverer in one command.

With an object store the exchange too.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer
from rich.console import Console

from heimdallr.cli.ports import with_ports
from heimdallr.cli.service import begin
from heimdallr.config import PREFIX, Settings
from heimdallr.domain.errors import HeimdallrError
from heimdallr.intake.scp.access import listening_address
from heimdallr.parent_process import ready
from heimdallr.supervisor import Part, Supervisor

PARTS = (
    Part("listener", ("listen",)),
    Part("web", ("serve",)),
    Part("worker", ("work",)),
    Part("deliverer", ("deliver",)),
)
EXCHANGE = Part("exchange", ("exchange",))
"""Beside them where an object store is set."""

GRACE_S = 80.0
"""More than a worker needs: its running stages may reach their end, then it hands over the rest.

One that is killed before that counts as lost, and a case is given up after a few of those.
"""

_ANY_ADDRESS = {"0.0.0.0", "::", ""}  # noqa: S104 - recognised, not bound


def up(
    *,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Web port; 0: any free one.")
    ] = None,
    dicom_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="DICOM port; 0: any free one.")
    ] = None,
    grace: Annotated[
        float, typer.Option(min=0, max=3600, help="Seconds the services may take to stop.")
    ] = GRACE_S,
) -> None:
    """Run the whole system on this machine until Ctrl-C.

    Exit code 0 after a stop; 1 when a service never came up; 2 when a setting is wrong or a port
    is taken.
    """
    settings, stop = begin("supervisor")
    settings = with_ports(settings, port, dicom_port)
    supervisor = Supervisor(
        (*PARTS, EXCHANGE) if settings.object_store else PARTS,
        {
            **os.environ,
            PREFIX + "SERVER_PORT": str(settings.server_port),
            PREFIX + "DICOM_PORT": str(settings.dicom_port),
        },
        show=_show,
        grace_s=grace,
    )

    def tell() -> None:
        Console(soft_wrap=True).print(summary(settings), markup=False, highlight=False)
        ready()

    code = supervisor.run(stop, tell)
    if code:
        raise typer.Exit(code)


def summary(settings: Settings) -> str:
    """What a person wants to know once everything runs."""
    scheme = "https" if settings.server_certificate else "http"
    host = "127.0.0.1" if settings.server_host in _ANY_ADDRESS else settings.server_host
    dicom = _place(listening_address(settings), settings.dicom_port)
    access = "sign-in" if settings.auth == "on" else "open to everyone on this machine"
    tls = ", TLS" if settings.dicom_certificate else ""
    rows = {
        "dashboard": f"{scheme}://{_place(host, settings.server_port)} ({access})",
        "DICOM": f"{settings.ae_title} at {dicom}{tls}",
        "may send": ", ".join(settings.dicom_peers) or "this machine only (HEIMDALLR_DICOM_PEERS)",
        "weights": _weights(settings),
        "data": str(settings.data_dir.absolute()),
    }
    lines = [f"  {name:<11}{value}" for name, value in rows.items()]
    return "\n".join(["Heimdallr is running. Ctrl-C stops it.", *lines])


def _place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _weights(settings: Settings) -> str:
    from heimdallr.segmentation.plan import best_variant  # noqa: PLC0415
    from heimdallr.workflow.weights import open_store  # noqa: PLC0415

    store = open_store(settings)
    origins: dict[str, list[str]] = {}
    for family in ("total", "total_mr", "tissue_types", "cerebral_bleed"):
        try:
            task = best_variant(family, settings.resolution, store)
            origin: str = store.locate(task)[0].origin
        except HeimdallrError:
            origin = "missing"
        shown = "bundled, not for clinical use" if origin == "bundled" else origin
        origins.setdefault(shown, []).append(family)
    if len(origins) == 1:
        return next(iter(origins))
    return "; ".join(f"{', '.join(families)}: {origin}" for origin, families in origins.items())


def _show(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
