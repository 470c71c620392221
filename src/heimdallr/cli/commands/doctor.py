"""`heimdallr doctor`: check whether this machine is ready, and say what to do if not."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import subprocess
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from heimdallr import __version__
from heimdallr.cli.diagnosis.check import Check
from heimdallr.cli.diagnosis.store import (
    database_check,
    disk_check,
    folders_check,
    object_store_check,
    privacy_check,
)
from heimdallr.cli.ports import bound, is_taken
from heimdallr.config import PREFIX, Settings, load_settings, unknown_names
from heimdallr.domain.errors import ConfigurationError, HeimdallrError
from heimdallr.intake.scp.access import listening_address

if TYPE_CHECKING:
    from collections.abc import Iterator

_MARKS = {"ok": "[green]ok[/]", "warning": "[yellow]warning[/]", "problem": "[red]problem[/]"}


def doctor(*, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Check programs, weights, disk, database, ports and settings; exit 1 if one is a problem."""
    checks = list(examine(load_settings()))
    if as_json:
        typer.echo(json.dumps([asdict(check) for check in checks]))
    else:
        table = Table(box=None, pad_edge=False)
        for column in ("check", "state", "found", "what to do"):
            table.add_column(column, overflow="fold")
        for check in checks:
            table.add_row(check.name, _MARKS[check.state], check.found, check.remedy)
        Console().print(table)
    if any(check.state == "problem" for check in checks):
        raise typer.Exit(1)


def examine(settings: Settings) -> Iterator[Check]:
    """Every check, in the order a study would meet what it is about."""
    yield _versions()
    yield _settings()
    yield _dcm2niix()
    yield device_check(settings)
    yield from _weights(settings)
    yield folders_check(settings)
    yield privacy_check(settings)
    yield disk_check(settings)
    yield database_check(settings)
    yield object_store_check(settings)
    yield from port_checks(settings)


def _versions() -> Check:
    names = ("TotalSegmentator", "nnunetv2", "torch", "openvino", "pydicom")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)
    return Check(
        "versions", "ok", f"heimdallr {__version__}, Python {platform.python_version()}, {versions}"
    )


def _settings() -> Check:
    unknown = unknown_names()
    if not unknown:
        return Check("settings", "ok", "every HEIMDALLR_ name is known")
    hints = [
        f"{name} (did you mean {meant}?)" if meant else name for name, meant in unknown.items()
    ]
    return Check("settings", "warning", "unknown: " + ", ".join(hints), "correct or unset them")


def _dcm2niix() -> Check:
    try:
        from heimdallr.preparation.conversion import dcm2niix_version  # noqa: PLC0415

        return Check("dcm2niix", "ok", dcm2niix_version())
    except (HeimdallrError, OSError, subprocess.SubprocessError) as error:
        return Check("dcm2niix", "problem", str(error), "pip install dcm2niix")


def device_check(settings: Settings) -> Check:
    """What a worker of these settings would compute with."""
    from heimdallr.workflow.hardware import hardware  # noqa: PLC0415

    try:
        found = hardware(settings)
    except HeimdallrError as error:
        return Check("device", "problem", error.args[0], error.remedy)
    except ImportError as error:
        return Check("device", "problem", str(error), "install Heimdallr anew")
    names = ", ".join(gpu["name"] for gpu in found["gpus"]) or found["processor"]
    engine = f"{found['backend']} {found['precision']}"
    return Check("device", "ok", f"{found['device']}: {names}, {found['cores']} cores, {engine}")


def _weights(settings: Settings) -> Iterator[Check]:
    from heimdallr.segmentation.plan import best_variant  # noqa: PLC0415
    from heimdallr.workflow.weights import open_store  # noqa: PLC0415

    store = open_store(settings)
    for family in ("total", "total_mr", "tissue_types", "cerebral_bleed"):
        name = f"weights {family}"
        try:
            task = best_variant(family, settings.resolution, store)
            origin = store.locate(task)[0].origin
        except HeimdallrError as error:
            yield Check(name, "problem", str(error), f"heimdallr weights download {family}")
            continue
        if origin == "bundled":
            remedy = f"heimdallr weights download {task.name}"
            yield Check(name, "warning", "bundled — not for clinical use", remedy)
        else:
            yield Check(name, "ok", f"{task.name}, {origin}")


def port_checks(settings: Settings) -> Iterator[Check]:
    """Whether web server and listener could listen where they are told to."""
    yield _port("web port", settings.server_host, settings.server_port, "SERVER")
    try:
        host = listening_address(settings)
    except ConfigurationError as error:
        yield Check("DICOM port", "problem", error.args[0], error.remedy)
    else:
        yield _port("DICOM port", host, settings.dicom_port, "DICOM")


def _port(name: str, host: str, port: int, service: str) -> Check:
    """Whether a service could listen there; ``service``: how the names of its settings begin."""
    try:
        bound(host, port)
    except OSError as error:
        found = f"{host}, port {port}: {error.strerror}"
        if is_taken(error):
            remedy = f"heimdallr is running already, or set {PREFIX}{service}_PORT"
        else:
            remedy = f"set {PREFIX}{service}_HOST or {PREFIX}{service}_PORT"
        return Check(name, "warning", found, remedy)
    return Check(name, "ok", f"{host}, port {port} is free")
