"""Head CT patches with intracerebral bleeds put into the brain at random."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from realmaps import smooth_noise
from render import Patch, _add_texture, _average, coarse_labels, placed, warp
from scipy import ndimage
from tissues import KIND_NUMBER, KINDS, LOOKS

if TYPE_CHECKING:
    from numpy import typing as npt
    from realmaps import Body

    Float = npt.NDArray[np.float32]

BLEED_PATCH = (48, 64, 48)
BLEED_FINE_MM = 1.5
LOW_HU, HIGH_HU, MEAN_HU, STD_HU = -60.0, 140.0, 40.0, 30.0
BRAIN = 90
_BRAIN_KINDS = tuple(KIND_NUMBER[name] for name in ("brain", "grey_matter", "csf"))


def _put_bleed(body: Body, fine: npt.NDArray[np.uint8], rng: np.random.Generator) -> Body:
    """Paint bleeds with a rim of oedema into a fine patch (changes `fine`).

    Returns:
        The body with two more codes in its palette.
    """
    codes = len(body.kind)
    more = replace(
        body,
        total=np.append(body.total, [BRAIN, BRAIN]).astype(np.uint8),
        tissue=np.append(body.tissue, [0, 0]).astype(np.uint8),
        kind=np.append(body.kind, [KIND_NUMBER["blood_clot"], KIND_NUMBER["bowel_fluid"]]).astype(
            np.uint8
        ),
    )
    brain = np.isin(body.kind, _BRAIN_KINDS)[fine] & (body.total == BRAIN)[fine]
    places = np.flatnonzero(brain)
    if places.size < 500 or codes > 253:
        return more
    for _ in range(int(rng.choice([1, 1, 1, 2, 3]))):
        centre = np.array(np.unravel_index(rng.choice(places), fine.shape))
        radius_mm = np.exp(rng.uniform(np.log(3), np.log(34))) * rng.uniform(0.6, 1.5, 3)
        axes = [
            (np.arange(size) - c) * BLEED_FINE_MM / r
            for size, c, r in zip(fine.shape, centre, radius_mm, strict=True)
        ]
        grid = axes[0][:, None, None] ** 2 + axes[1][None, :, None] ** 2 + axes[2] ** 2
        rough = rng.uniform(0, 0.3) * smooth_noise(rng, fine.shape, 15, BLEED_FINE_MM)
        distance = np.sqrt(grid) + rough
        rim = 1 + rng.uniform(0, 0.5) * (rng.random() < 0.7)
        fine[brain & (distance < rim) & (distance >= 1) & (fine != codes)] = codes + 1
        fine[brain & (distance < 1)] = codes
    return more


def render_bleed(body: Body, rng: np.random.Generator) -> Patch:
    """Draw one head patch; the target is `kind == blood_clot`."""
    fine, _, _ = warp(body, BLEED_PATCH, rng)
    if rng.random() < 0.8:
        body = _put_bleed(body, fine, rng)
    of_kind = np.array(
        [LOOKS[k].native_hu + LOOKS[k].spread_hu * rng.standard_normal() for k in KINDS]
    )
    of_kind[KIND_NUMBER["brain"]] = rng.normal(30, 3)
    of_kind[KIND_NUMBER["grey_matter"]] = of_kind[KIND_NUMBER["brain"]] + rng.uniform(3, 11)
    of_kind[KIND_NUMBER["csf"]] = rng.normal(7, 4)
    of_kind[KIND_NUMBER["blood_clot"]] = rng.uniform(52, 85)
    of_kind[KIND_NUMBER["bowel_fluid"]] = rng.uniform(14, 26)
    hu_of = of_kind[body.kind] + rng.normal(0, rng.uniform(0, 3), len(body.kind))
    hu_of[0] = -1000.0
    texture = np.array([min(LOOKS[KINDS[k]].texture_hu, 60.0) for k in body.kind], np.float32)
    hu = hu_of.astype(np.float32)[fine]
    _add_texture(hu, texture[fine] * rng.uniform(0.3, 2), rng)
    if rng.random() < 0.6:  # slices of 2 to 7 mm
        hu = ndimage.gaussian_filter1d(hu, rng.uniform(0.4, 1.8), axis=0)
    image = _average(hu, 0.4, rng)
    noise = rng.standard_normal(image.shape, np.float32) * np.float32(rng.uniform(0.5, 8))
    image += noise + np.float32(rng.normal(0, 2))
    if rng.random() < 0.5:  # beam hardening and cupping
        image += np.float32(rng.uniform(0.5, 4)) * smooth_noise(rng, image.shape, 60, 3.0)
    total, tissue, kind = coarse_labels(body, fine)
    _crop_like_inference(image, total, tissue, kind, rng)
    normalised = (np.clip(image, LOW_HU, HIGH_HU) - MEAN_HU) / STD_HU
    outside = tissue & 64 > 0
    normalised[outside] = 0.0
    return placed(np.asarray(normalised, np.float32), total, tissue, kind, BLEED_PATCH)


def _crop_like_inference(
    image: Float,
    total: npt.NDArray[np.uint8],
    tissue: npt.NDArray[np.uint8],
    kind: npt.NDArray[np.uint8],
    rng: np.random.Generator,
) -> None:
    """Blank what lies outside the brain's box with its margin, as the task's crop does.

    Marks the blanked voxels with bit 64 of `tissue` (changes all but the image).
    """
    brain = np.argwhere(total == BRAIN)
    if brain.size == 0 or rng.random() < 0.2:
        return
    low = brain.min(0) - rng.integers(3, 9, 3)
    high = brain.max(0) + rng.integers(4, 10, 3)
    keep = np.zeros(image.shape, bool)
    keep[tuple(slice(max(a, 0), b) for a, b in zip(low, high, strict=True))] = True
    tissue[~keep] = 64
    total[~keep] = 0
    kind[~keep] = 0
