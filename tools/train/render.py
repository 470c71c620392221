"""A random patch of a random scan of a body: warp, HU, resolution, noise, field of view, labels.

Bodies are 3 mm code maps; a patch is warped at 3 mm, rendered to HU (or, of a scan, takes its
image along), averaged to 6 mm (so that partial volume is real) and given the artefacts of a
scanner. Everything random comes from one generator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from disease import fall_ill, spots
from realmaps import Body, majority, smooth_noise
from scipy import ndimage
from surroundings import arms_beside, surround
from tissues import KIND_NUMBER, KINDS, LOOKS
from torch.nn import functional

if TYPE_CHECKING:
    from numpy import typing as npt

    Bool = npt.NDArray[np.bool_]
    Float = npt.NDArray[np.float32]
    Shape = tuple[int, int, int]

PATCH: tuple[int, int, int] = (80, 48, 64)
FINE_MM = 3.0
BODY_BIT = 128
AIR_HU = -1000.0

# CTNormalization of the exported plans: mean and spread of soft tissue, so that bf16 and fp16 keep
# their resolution where organs differ by 10 HU.
CT_MEAN_HU, CT_STD_HU, CT_LOW_HU, CT_HIGH_HU = 0.0, 200.0, -1000.0, 800.0


@dataclass(frozen=True, slots=True)
class Patch:
    """Network input and targets on one patch, all `(z, y, x)`.

    Attributes:
        image: float32, normalised as nnU-Net will; 0 where nnU-Net would pad.
        total: uint8 class numbers of `total`.
        tissue: uint8 class numbers of `tissue_types`, bit 128 set inside the body.
        kind: uint8 material of the voxel's majority code.
    """

    image: Float
    total: npt.NDArray[np.uint8]
    tissue: npt.NDArray[np.uint8]
    kind: npt.NDArray[np.uint8]


def normalise_ct(hu: Float) -> Float:
    """nnU-Net's CTNormalization with this module's intensity properties."""
    return np.asarray((np.clip(hu, CT_LOW_HU, CT_HIGH_HU) - CT_MEAN_HU) / CT_STD_HU, np.float32)


def palette_hu(body: Body, rng: np.random.Generator) -> tuple[Float, Float]:
    """HU and texture SD per code for one random patient, phase and scanner.

    Returns:
        `(n,)` mean HU and `(n,)` texture SD in HU.
    """
    phase = rng.choice(
        ["native", "arterial", "portal", "delayed", "mixed"], p=[0.3, 0.15, 0.3, 0.1, 0.15]
    )
    gain = {
        "native": (0.0, 0.0, 0.0),
        "arterial": (1.0, 0.1, 0.0),
        "portal": (0.0, 1.0, 0.0),
        "delayed": (0.0, 0.1, 0.9),
        "mixed": tuple(rng.uniform(0, 0.7, 3)),
    }[str(phase)]
    strength = rng.uniform(0.6, 1.3)
    kinds_hu = np.empty(len(KINDS), np.float32)
    for number, name in enumerate(KINDS):
        look = LOOKS[name]
        enhanced = gain[0] * look.arterial_hu + gain[1] * look.portal_hu + gain[2] * look.delayed_hu
        spread = look.spread_hu * rng.standard_normal() * 1.3
        kinds_hu[number] = look.native_hu + spread + strength * rng.uniform(0.75, 1.25) * enhanced
    if rng.random() < 0.2:
        kinds_hu[KIND_NUMBER["liver"]] -= rng.uniform(10, 60)  # steatosis
    n = len(body.kind)
    hu = kinds_hu[body.kind]
    soft = (hu > -150) & (hu < 400)
    # Every structure its own shift, so that no absolute value is relied on.
    hu[soft] += rng.normal(0, rng.uniform(1, 12), n)[soft].astype(np.float32)
    if rng.random() < 0.1:
        hu[soft & (hu > -40)] += rng.normal(0, 40, n)[soft & (hu > -40)].astype(np.float32)
    texture = np.array([LOOKS[KINDS[k]].texture_hu for k in body.kind], np.float32)
    hu[0], texture[0] = AIR_HU, 0.0
    return hu, np.asarray(texture * rng.uniform(0.3, 1.6), np.float32)


def _warp_grid(
    body_shape: tuple[int, ...],
    centre: npt.NDArray[np.float64],
    patch: Shape,
    rng: np.random.Generator,
) -> torch.Tensor:
    """Sampling positions of a fine patch in the body, for `grid_sample`: `(1, z, y, x, 3)`."""
    fine = [2 * size for size in patch]
    angles = np.radians(rng.normal(0, [4, 4, 6]))
    scale = rng.uniform(0.84, 1.22) * rng.uniform(0.88, 1.14, 3)
    cx, cy, cz = np.cos(angles)
    sx, sy, sz = np.sin(angles)
    rotate_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    rotate_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    rotate_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    matrix = rotate_x @ rotate_y @ rotate_z @ np.diag(1 / scale)  # patient (z,y,x) -> body
    matrix += rng.normal(0, 0.03, (3, 3))
    # An affine grid plus a displacement, both linear between the nodes of a coarse lattice.
    nodes = [max(3, round(size / 18)) for size in fine]
    axes = [
        np.linspace(-(size - 1) / 2, (size - 1) / 2, n) for size, n in zip(fine, nodes, strict=True)
    ]
    lattice = np.stack(np.meshgrid(*axes, indexing="ij"), -1) @ matrix.T + centre
    displacement = rng.standard_normal((*nodes, 3)) * rng.uniform(0, 4.5)
    lattice += ndimage.gaussian_filter(displacement, (0.5, 0.5, 0.5, 0))
    unit = 2 * lattice / (np.array(body_shape) - 1) - 1
    low = torch.from_numpy(unit[..., ::-1].astype(np.float32).copy()).permute(3, 0, 1, 2)[None]
    wide = functional.interpolate(low, size=fine, mode="trilinear", align_corners=True)
    return wide.permute(0, 2, 3, 4, 1)


def _blocks(fine: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return np.stack([fine[dz::2, dy::2, dx::2] for dz in (0, 1) for dy in (0, 1) for dx in (0, 1)])


def _coverage(valid: Bool, longest_wanted: int, rng: np.random.Generator) -> tuple[int, int]:
    """Coarse slices `start, stop` of the warped patch that the scan covers.

    Args:
        valid: `(2z,)` fine slices that lie within the body's map.
        longest_wanted: Upper end of the drawn scan lengths, slices.
        rng: Source of the scan's length and place.
    """
    fine = np.flatnonzero(valid)
    first, last = (int(fine[0]) + 1) // 2, int(fine[-1] + 1) // 2
    longest = last - first
    # One in six is a slab of 5 to 14 cm, as of one organ or a cut-off series.
    shortest, most = (8, 24) if rng.random() < 1 / 6 else (14, longest_wanted)
    length = min(longest, int(rng.uniform(shortest, most)))
    start = first + int(rng.integers(0, longest - length + 1))
    return start, start + max(length, 1)


def warp(
    body: Body, patch: Shape, rng: np.random.Generator
) -> tuple[npt.NDArray[np.uint8], Bool, torch.Tensor]:
    """Warp a body at random and cut a random fine patch.

    Returns:
        Codes `(2z, 2y, 2x)` at 3 mm, which slices lie within the body's map, and where each voxel
        lies in it, as `grid_sample` takes it.
    """
    shape = np.array(body.code.shape)
    occupied = np.argwhere(body.code[::4, ::4, ::4] > 0) * 4
    low, high = occupied.min(0), occupied.max(0)
    centre = (low + high) / 2
    centre[0] = rng.uniform(low[0] + 10, high[0] - 10) if high[0] - low[0] > 20 else centre[0]
    # As the sliding window does: mostly central, at times cutting the body at a side.
    spread = [0, 14, 16] if rng.random() < 0.5 else [0, 5, 6]
    centre = centre + rng.normal(0, 1, 3) * spread
    grid = _warp_grid(tuple(shape), centre, patch, rng)
    source = torch.from_numpy(body.code).float()[None, None]
    codes = functional.grid_sample(
        source, grid, mode="nearest", padding_mode="border", align_corners=True
    )
    z_position = grid[0, :, grid.shape[2] // 2, grid.shape[3] // 2, 2].numpy()
    margin = 6 / shape[0]
    return codes[0, 0].to(torch.uint8).numpy(), np.abs(z_position) <= 1 + margin, grid


def render(body: Body, rng: np.random.Generator) -> Patch:
    """Draw one CT training patch from a body."""
    fine, valid, grid = warp(body, PATCH, rng)
    start, stop = _coverage(valid, PATCH[0] + 40, rng)
    covered = slice(2 * start, 2 * stop)
    fine = fine[covered]
    if body.hu is None:
        body = arms_beside(fall_ill(body, fine, rng), fine, rng)
        hu = _painted(body, fine, rng)
    else:
        hu = _scanned(body.hu, grid[:, covered], rng)
    image = _scanner(_average(hu, 0.6, rng), rng)
    total, tissue, kind = coarse_labels(body, fine)
    _field_of_view(image, total, tissue, rng)
    return placed(normalise_ct(image), total, tissue, kind, PATCH)


def _painted(body: Body, fine: npt.NDArray[np.uint8], rng: np.random.Generator) -> Float:
    """HU of a body at 3 mm, and of what surrounds it."""
    hu_of, texture_of = palette_hu(body, rng)
    hu = hu_of[fine]
    spots(hu, body, fine, rng)
    _add_texture(hu, texture_of[fine], rng)
    surround(hu, body, fine, rng)
    return hu


def _scanned(scan: npt.NDArray[np.int16], grid: torch.Tensor, rng: np.random.Generator) -> Float:
    """HU of a real scan where `grid` says, soft tissue with a little more contrast or less."""
    source = torch.from_numpy(scan).float()[None, None]
    sampled = functional.grid_sample(source, grid, padding_mode="border", align_corners=True)
    hu = sampled[0, 0].numpy()
    # Bounds chosen: fat stays darker than everything soft, bone brighter.
    soft = np.clip(hu, -150, 300) - 40
    return np.asarray(hu + rng.normal(0, 0.12) * soft + rng.normal(0, 6), np.float32)


def coarse_labels(body: Body, fine: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.uint8], ...]:
    """Majority labels `total`, `tissue` (with the body bit) and `kind` of a fine code patch."""
    blocks = _blocks(fine)
    inside = np.where(majority((blocks > 0).astype(np.uint8)), BODY_BIT, 0).astype(np.uint8)
    return (
        majority(body.total[blocks]),
        majority(body.tissue[blocks]) | inside,
        majority(body.kind[blocks]),
    )


def placed(
    image: Float,
    total: npt.NDArray[np.uint8],
    tissue: npt.NDArray[np.uint8],
    kind: npt.NDArray[np.uint8],
    patch: Shape,
) -> Patch:
    """Centre a scan shorter than the patch in it, with 0 around, as nnU-Net pads."""
    first = (patch[0] - len(image)) // 2
    place = slice(first, first + len(image))
    full_image = np.zeros(patch, np.float32)
    full_image[place] = image
    out = []
    for labels in (total, tissue, kind):
        full = np.zeros(patch, np.uint8)
        full[place] = labels
        out.append(full)
    return Patch(full_image, *out)


def _add_texture(values: Float, texture: Float, rng: np.random.Generator) -> None:
    """Grain inside the materials (changes `values`)."""
    grain = torch.from_numpy(rng.standard_normal(values.shape, np.float32))
    if rng.random() < 0.5:
        grain = functional.avg_pool3d(grain[None, None], 3, 1, 1)[0, 0] * 4.0
    values += texture * grain.numpy()


def _average(values: Float, blurred: float, rng: np.random.Generator) -> Float:
    """Thick slices and soft kernels (with probability `blurred`), then partial volume."""
    if rng.random() < blurred:
        sigma = np.array([rng.uniform(0, 1.3), *[rng.uniform(0, 0.7)] * 2])
        values = ndimage.gaussian_filter(values, sigma, mode="nearest", truncate=2)
    pooled = functional.avg_pool3d(torch.from_numpy(values)[None, None], 2)
    return np.asarray(pooled[0, 0].numpy(), np.float32)


def _scanner(image: Float, rng: np.random.Generator) -> Float:
    """Noise, shading, streaks and metal at 6 mm.

    Noise: four real CTs have an SD of 6 to 10 HU in voxels of 1.6 to 2 mm, 1 to 2 HU at 6 mm, where
    neighbours correlate by 0.03 to 0.37 (`scan_statistics.py`). The draws reach 35 HU, a native
    low-dose scan of a wide patient.
    """
    shape = image.shape
    sd = rng.uniform(0, 8) if rng.random() < 0.6 else rng.uniform(8, 35)
    noise = rng.standard_normal(shape).astype(np.float32)
    if rng.random() < 0.4:
        noise = ndimage.gaussian_filter(noise, (0, 0.5, 0.5)) * 1.8
    image = image + sd * noise
    if rng.random() < 0.4:
        image = image + rng.uniform(2, 15) * smooth_noise(rng, shape, 120, 6.0)
    if rng.random() < 0.2:
        _starvation(image, rng)
    if rng.random() < 0.06:
        _metal(image, rng)
    return np.asarray(image * rng.normal(1, 0.015) + rng.normal(0, 4), np.float32)


def _starvation(image: Float, rng: np.random.Generator) -> None:
    """Streaks from side to side, strong where the rays cross much tissue (changes `image`)."""
    path = (image > -300).sum(2, keepdims=True) / image.shape[2]
    streak = rng.standard_normal((*image.shape[:2], 1)).astype(np.float32)
    image += rng.uniform(5, 40) * streak * path**2


def _metal(image: Float, rng: np.random.Generator) -> None:
    """Bars of metal within the body, bright and dark rays around them (changes `image`)."""
    inside = np.argwhere(image > -300)
    if not len(inside):
        return
    z, y, x = inside[rng.integers(len(inside))]
    stop = z + int(rng.integers(1, 14))
    rows = np.arange(image.shape[1])[:, None] - y
    columns = np.arange(image.shape[2])[None, :] - x
    far, angle = np.hypot(rows, columns), np.arctan2(rows, columns)
    rays = sum(rng.normal() * np.cos(n * angle + rng.uniform(0, 6.3)) for n in (2, 4, 6, 10))
    image[z:stop] += rng.uniform(50, 400) * rays / (1 + far)
    image[z:stop, (far < rng.uniform(0.5, 2.2))] = rng.uniform(800, 3000)


def _field_of_view(
    image: Float,
    total: npt.NDArray[np.uint8],
    tissue: npt.NDArray[np.uint8],
    rng: np.random.Generator,
) -> None:
    """Cut to a random reconstruction circle or box (changes all three)."""
    draw = rng.random()
    if draw < 0.5:
        return
    _, y_size, x_size = image.shape
    y = np.arange(y_size)[:, None] - (y_size - 1) / 2 + rng.normal(0, 3)
    x = np.arange(x_size)[None, :] - (x_size - 1) / 2 + rng.normal(0, 3)
    radius = rng.uniform(22, 42)
    if draw < 0.58:  # around the heart, the spine, one kidney
        radius = rng.uniform(12, 22)
        y, x = y + rng.normal(0, 6), x + rng.normal(0, 6)
    if draw < 0.8:
        outside = y**2 + x**2 > radius**2
        fill = rng.choice([-1024.0, -1000.0, AIR_HU])
    else:
        # The image ends here and nnU-Net pads with 0 after normalisation: the mean HU.
        half_y = rng.uniform(17, 26)
        outside = (np.abs(y) > half_y) | (np.abs(x) > radius)
        fill = CT_MEAN_HU
    image[:, outside] = fill
    total[:, outside] = 0
    tissue[:, outside] = 0
