"""What is trained: the stages, their patches, targets and networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from classes import MR_KEPT, TISSUE_KEPT, TOTAL_KEPT, compact_lut
from render import BODY_BIT, CT_HIGH_HU, CT_LOW_HU, CT_MEAN_HU, CT_STD_HU, PATCH, render
from render_bleed import BLEED_PATCH, BRAIN, render_bleed
from render_bleed import HIGH_HU as BLEED_HIGH_HU
from render_bleed import LOW_HU as BLEED_LOW_HU
from render_bleed import MEAN_HU as BLEED_MEAN_HU
from render_bleed import STD_HU as BLEED_STD_HU
from render_mr import render_mr
from tissues import KIND_NUMBER

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy import typing as npt
    from realmaps import Body

    Drawn = tuple[npt.NDArray[np.float32], list[npt.NDArray[np.uint8]]]

_TOTAL_LUT = compact_lut(TOTAL_KEPT)
_BODY = np.uint8(BODY_BIT)
_MR_LUT = compact_lut(MR_KEPT)


@dataclass(frozen=True, slots=True)
class Network:
    """PlainConvUNet as nnU-Net's plans describe it."""

    features: tuple[int, ...]
    convs_encoder: tuple[int, ...]
    convs_decoder: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """One training: where patches come from and what is learnt.

    Attributes:
        patch: `(z, y, x)` voxels.
        heads: Channels of each head, background included; one label channel each.
        label_channels: Heads, and one more for the body mask.
        groups: Weight of each group of the pool.
        draw: Renders one patch and its label channels.
        network: The network.
        spacing_mm: Voxel edge of the network.
        seconds_per_patch: Pace of the renderer once the ring is full.
        low_hu: Lower clip of the exported CTNormalization.
        high_hu: Upper clip.
        mean_hu: Subtracted.
        std_hu: Divisor.
    """

    patch: tuple[int, int, int]
    heads: tuple[int, ...]
    label_channels: int
    groups: dict[str, float]
    draw: Callable[[Body, np.random.Generator], Drawn]
    network: Network
    spacing_mm: float
    seconds_per_patch: float
    low_hu: float = CT_LOW_HU
    high_hu: float = CT_HIGH_HU
    mean_hu: float = CT_MEAN_HU
    std_hu: float = CT_STD_HU


def _draw_ct(body: Body, rng: np.random.Generator) -> Drawn:
    patch = render(body, rng)
    inside = patch.tissue & _BODY
    return patch.image, [_TOTAL_LUT[patch.total], patch.tissue ^ inside, inside]


def _draw_mr(body: Body, rng: np.random.Generator) -> Drawn:
    patch = render_mr(body, rng)
    return patch.image, [_MR_LUT[patch.total], patch.tissue & _BODY]


def _draw_bleed(body: Body, rng: np.random.Generator) -> Drawn:
    patch = render_bleed(body, rng)
    bleed = (patch.kind == KIND_NUMBER["blood_clot"]).astype(np.uint8)
    return patch.image, [bleed, (patch.total == BRAIN).astype(np.uint8)]


TRUNK = Network((16, 32, 64, 96, 96), (1, 2, 2, 2, 2), (2, 2, 2, 1))
SMALL = Network((16, 24, 32, 48), (1, 2, 2, 2), (2, 2, 1))

STAGES: dict[str, Stage] = {
    "ct": Stage(
        patch=PATCH,
        heads=(1 + len(TOTAL_KEPT), 1 + len(TISSUE_KEPT)),
        label_channels=3,
        groups={"real": 0.5, "phantom": 0.5, "scan": 0.25},
        draw=_draw_ct,
        network=TRUNK,
        spacing_mm=6.0,
        seconds_per_patch=1.0,
    ),
    "mr": Stage(
        patch=PATCH,
        heads=(1 + len(MR_KEPT),),
        label_channels=2,
        groups={"real": 0.5, "phantom": 0.5},
        draw=_draw_mr,
        network=TRUNK,
        spacing_mm=6.0,
        seconds_per_patch=1.0,
    ),
    "bleed": Stage(
        patch=BLEED_PATCH,
        heads=(2,),
        label_channels=2,
        groups={"head": 1.0},
        draw=_draw_bleed,
        network=SMALL,
        spacing_mm=3.0,
        seconds_per_patch=0.6,
        low_hu=BLEED_LOW_HU,
        high_hu=BLEED_HIGH_HU,
        mean_hu=BLEED_MEAN_HU,
        std_hu=BLEED_STD_HU,
    ),
}
