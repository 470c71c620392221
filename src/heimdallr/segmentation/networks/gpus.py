"""Whether there is a GPU, asked of its driver.

Importing PyTorch only to be told that there is none costs seconds and hundreds of megabytes.
"""

from __future__ import annotations

import ctypes
from pathlib import Path

_AMD = Path("/dev/kfd")
"""What ROCm's driver offers; PyTorch calls these ``cuda`` as well."""


def count_gpus() -> int:
    """How many GPUs PyTorch can use; it is imported only where a driver has one."""
    if not (_AMD.exists() or count_of_driver()):
        return 0
    import torch  # noqa: PLC0415 - only where a GPU is

    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def count_of_driver() -> int:
    """How many GPUs NVIDIA's driver offers this process (``CUDA_VISIBLE_DEVICES`` counts)."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:  # no driver
        return 0
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return 0
    return count.value
