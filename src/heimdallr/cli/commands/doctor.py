"""`heimdallr doctor`: check whether this machine is ready, and say what to do if not."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import socket
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
from heimdallr.config import Settings, load_settings, unknown_names
from heimdallr.domain.errors import HeimdallrError

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
    yield _device(settings)
    yield from _weights(settings)
    yield folders_check(settings)
    yield privacy_check(settings)
    yield disk_check(settings)
    yield database_check(settings)
    yield object_store_check(settings)
    yield _port("web port", settings.server_host, settings.server_port, "HEIMDALLR_SERVER_PORT")
    yield _port("DICOM port", "127.0.0.1", settings.dicom_port, "HEIMDALLR_DICOM_PORT")


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


def _device(settings: Settings) -> Check:
    from heimdallr.segmentation.networks.gpus import count_gpus  # noqa: PLC0415

    cores = len(os.sched_getaffinity(0))
    if count := count_gpus():
        import torch  # noqa: PLC0415 - only where a GPU is

        names = ", ".join(torch.cuda.get_device_name(index) for index in range(count))
        return Check("device", "ok", f"{names}; setting {settings.device}")
    if settings.device.startswith("cuda"):
        return Check(
            "device",
            "problem",
            f"{settings.device} is set, PyTorch sees no GPU",
            "check nvidia-smi",
        )
    return Check("device", "ok", f"CPU, {cores} cores, OpenVINO")


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


def _port(name: str, host: str, port: int, variable: str) -> Check:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            found = f"{port}: {error.strerror}"
            return Check(name, "warning", found, f"heimdallr is running already, or set {variable}")
    return Check(name, "ok", f"{port} is free")
