"""The device and the machine a worker computes with, in words."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heimdallr.segmentation.networks.predictors import choose_device

if TYPE_CHECKING:
    from heimdallr.config import Settings


def hardware(settings: Settings) -> dict[str, Any]:
    """The device that was chosen, and the machine around it.

    Returns:
        ``device`` (``cpu``, ``cuda:0``), ``backend``, ``precision``, ``processor``, ``cores`` this
        process may use, ``memory_bytes``, and ``gpus``: name and memory of the one it uses.

    Raises:
        SegmentationError: the configured device does not exist.
    """
    choice = choose_device(settings.device, settings.backend, threads=settings.threads)
    gpus = []
    if choice.device.startswith("cuda"):
        import torch  # noqa: PLC0415 - only where a GPU is

        found = torch.cuda.get_device_properties(choice.device)
        gpus.append({"name": found.name, "memory_bytes": found.total_memory})
    return {
        "device": choice.device,
        "backend": choice.backend,
        "precision": choice.precision,
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        "gpus": gpus,
    }


def _processor() -> str:
    """Name of the processor, as the kernel tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    told = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(told, "") or platform.machine()
