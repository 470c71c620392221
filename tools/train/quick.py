"""A quick look while training: Dice on the real CT that is never trained on.

Cheaper than `evaluate.py` (linear resampling, few windows); its figures only steer.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
import torch
from classes import TOTAL, TOTAL_KEPT, compact_lut
from model import FAST_BF16
from render import PATCH, normalise_ct
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Iterator

    from model import HeadedUNet

_SHOWN = (
    1,
    2,
    3,
    5,
    6,
    10,
    11,
    14,
    18,
    20,
    21,
    25,
    27,
    28,
    29,
    30,
    31,
    32,
    52,
    63,
    75,
    77,
    78,
    79,
    80,
    81,
    86,
    88,
    89,
)


def windows(size: int, patch: int) -> list[int]:
    """Starts of the windows along one axis, half a patch apart at most."""
    if size <= patch:
        return [0]
    count = int(np.ceil((size - patch) / (patch * 0.5))) + 1
    return [int(s) for s in np.linspace(0, size - patch, count).round()]


@torch.inference_mode()
def dense(net: HeadedUNet, image: torch.Tensor, head: int) -> torch.Tensor:
    """Logits `(classes, z, y, x)` of an image `(z, y, x)` at the network's spacing."""
    size = image.shape
    pads = [max(0, p - s) for p, s in zip(PATCH, size, strict=True)]
    flat = [side for pad in reversed(pads) for side in (pad // 2, pad - pad // 2)]
    padded = functional.pad(image, flat)
    out: torch.Tensor | None = None
    weight = torch.zeros(padded.shape)
    for z in windows(padded.shape[0], PATCH[0]):
        for y in windows(padded.shape[1], PATCH[1]):
            for x in windows(padded.shape[2], PATCH[2]):
                at = (slice(z, z + PATCH[0]), slice(y, y + PATCH[1]), slice(x, x + PATCH[2]))
                with torch.autocast("cpu", torch.bfloat16, enabled=FAST_BF16):
                    part = net.logits(padded[at][None, None], head)[0].float()
                if out is None:
                    out = torch.zeros((part.shape[0], *padded.shape))
                out[(slice(None), *at)] += part
                weight[at] += 1
    if out is None:
        msg = "the image is empty"
        raise ValueError(msg)
    cut = tuple(slice(p // 2, p // 2 + s) for p, s in zip(pads, size, strict=True))
    return (out / weight)[(slice(None), *cut)]


def quick_check(stage: str, net: HeadedUNet, work: Path) -> Iterator[str]:
    """Lines for the log."""
    del work
    data = Path(os.environ.get("HEIMDALLR_REAL_CT", ""))
    if stage != "ct" or not (data / "example_ct.nii.gz").exists():
        return
    ct = np.asanyarray(nib.load(data / "example_ct.nii.gz").dataobj).astype(np.float32)
    truth = np.asanyarray(nib.load(data / "example_seg_fast_force_split.nii.gz").dataobj)
    image = torch.from_numpy(normalise_ct(ct.transpose(2, 1, 0)))
    coarse_size = [round(s / 2) for s in image.shape]
    coarse = functional.interpolate(image[None, None], coarse_size, mode="trilinear")[0, 0]
    net.eval()
    logits = dense(net, coarse, 0)
    fine = functional.interpolate(logits[None], image.shape, mode="trilinear")[0]
    found = fine.argmax(0).numpy()
    wanted = compact_lut(TOTAL_KEPT)[truth.transpose(2, 1, 0)]
    scores = {}
    for channel, number in enumerate(TOTAL_KEPT, start=1):
        a, b = found == channel, wanted == channel
        if b.sum() > 100:
            scores[number] = 2 * (a & b).sum() / (a.sum() + b.sum())
    shown = " ".join(f"{TOTAL[n]}={scores[n]:.2f}" for n in _SHOWN if n in scores)
    yield f"real CT mean {np.mean(list(scores.values())):.3f}: {shown}"
