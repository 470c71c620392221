"""MR-like patches: random contrast over the same bodies, normalised as nnU-Net's z-score does.

Half of the images follow T1 or T2 roughly, half have any contrast at all, as in SynthSeg (Billot
et al., Med Image Anal 2023), so that no sequence is relied on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from classes import MR_DISC, TOTAL_TO_MR
from realmaps import smooth_noise
from render import PATCH, Patch, _add_texture, _average, _coverage, coarse_labels, placed, warp
from scipy import ndimage
from tissues import KIND_NUMBER, KINDS

if TYPE_CHECKING:
    from numpy import typing as npt
    from realmaps import Body

    Float = npt.NDArray[np.float32]

# T1- and T2-weighted signal (0 to 1); what is not named behaves like soft tissue.
_T1_T2 = {
    "air": (0.0, 0.0),
    "gas": (0.0, 0.0),
    "lung": (0.06, 0.07),
    "fat": (0.95, 0.75),
    "stranded_fat": (0.85, 0.7),
    "skin": (0.4, 0.3),
    "muscle": (0.38, 0.2),
    "lean": (0.38, 0.3),
    "liver": (0.55, 0.27),
    "spleen": (0.38, 0.48),
    "kidney": (0.46, 0.55),
    "kidney_medulla": (0.38, 0.65),
    "renal_sinus": (0.6, 0.8),
    "pancreas": (0.57, 0.38),
    "gallbladder": (0.3, 0.95),
    "bowel_fluid": (0.3, 0.8),
    "oral_contrast": (0.3, 0.8),
    "stool": (0.45, 0.4),
    "urine": (0.18, 1.0),
    "artery": (0.2, 0.12),
    "vein": (0.25, 0.17),
    "portal_vein": (0.25, 0.17),
    "pulmonary_vessel": (0.25, 0.15),
    "heart": (0.35, 0.22),
    "bone_shell": (0.15, 0.1),
    "bone_trabecular": (0.58, 0.4),
    "skull": (0.08, 0.05),
    "cartilage": (0.4, 0.35),
    "disc": (0.32, 0.45),
    "canal": (0.15, 0.95),
    "csf": (0.12, 1.0),
    "spinal_cord": (0.45, 0.45),
    "brain": (0.55, 0.4),
    "grey_matter": (0.42, 0.55),
    "metal": (0.0, 0.0),
}
_DARK = ("air", "gas", "lung", "bone_shell", "skull", "metal")


def _signal(body: Body, rng: np.random.Generator) -> tuple[Float, Float]:
    """Signal and texture SD per code of one random sequence, in units of the brightest tissue."""
    table = np.array([_T1_T2.get(name, (0.42, 0.4)) for name in KINDS])
    if rng.random() < 0.5:
        share = float(rng.choice([0.0, 1.0, rng.random()]))
        signal = (1 - share) * table[:, 0] + share * table[:, 1]
        signal *= rng.uniform(0.75, 1.3, len(KINDS))
        if rng.random() < 0.3:  # fat suppression
            for name in ("fat", "stranded_fat"):
                signal[KIND_NUMBER[name]] *= rng.uniform(0.1, 0.5)
        if rng.random() < 0.35:  # contrast medium or bright blood
            gain = rng.uniform(0.1, 0.7)
            for name in ("artery", "vein", "portal_vein", "pulmonary_vessel", "heart", "kidney"):
                signal[KIND_NUMBER[name]] += gain * rng.uniform(0.6, 1.2)
    else:
        signal = rng.uniform(0.05, 1.0, len(KINDS))
        for name in _DARK:
            signal[KIND_NUMBER[name]] = rng.uniform(0, 0.15)
    signal[KIND_NUMBER["air"]] = rng.uniform(0, 0.02)
    of_code = signal[body.kind] * rng.normal(1, rng.uniform(0.01, 0.12), len(body.kind))
    texture = of_code * rng.uniform(0.01, 0.1, len(of_code))
    return np.asarray(of_code, np.float32), np.asarray(texture, np.float32)


def render_mr(body: Body, rng: np.random.Generator) -> Patch:
    """Draw one MR training patch; `total` holds the numbers of `total_mr`."""
    fine, valid, _ = warp(body, PATCH, rng)
    start, stop = _coverage(valid, PATCH[0], rng)
    fine = fine[2 * start : 2 * stop]
    signal, texture = _signal(body, rng)
    image = signal[fine]
    _add_texture(image, texture[fine], rng)
    image = _average(image, 0.8, rng)
    if rng.random() < 0.85:  # receive field
        field = smooth_noise(rng, image.shape, 250, 6.0) + smooth_noise(rng, image.shape, 120, 6.0)
        image = image * np.exp(rng.uniform(0.05, 0.3) * field)
    sd = rng.uniform(0.003, 0.06)
    real, imaginary = rng.standard_normal((2, *image.shape)).astype(np.float32) * sd
    image = np.hypot(image + real, imaginary)  # Rician noise of a magnitude image
    if rng.random() < 0.3:
        image = ndimage.gaussian_filter(image, (rng.uniform(0, 0.8), 0, 0))
    image = image ** rng.uniform(0.75, 1.3)
    total, tissue, kind = coarse_labels(body, fine)
    labels = TOTAL_TO_MR[total]
    labels[(kind == KIND_NUMBER["disc"]) & (labels == 0)] = MR_DISC
    inside = np.ones(image.shape[1:], bool)
    if rng.random() < 0.5:
        half_y, half_x = rng.uniform(17, 25), rng.uniform(20, 33)
        y = np.abs(np.arange(image.shape[1]) - (image.shape[1] - 1) / 2)[:, None]
        x = np.abs(np.arange(image.shape[2]) - (image.shape[2] - 1) / 2)[None, :]
        inside = (y <= half_y) & (x <= half_x)
    seen = image[:, inside]
    image = (image - seen.mean()) / max(float(seen.std()), 1e-6)
    for array in (image, labels, tissue):
        array[:, ~inside] = 0
    return placed(np.asarray(image, np.float32), labels, tissue, kind, PATCH)
