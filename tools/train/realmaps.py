"""Bodies from real label maps: the labels are a patient's, everything between them is invented.

A TotalSegmentator label map says nothing of skin, fat, abdominal wall or the mix between organs.
Around and between the labels this module lays a hull, wall muscle, fat of random thickness,
discs, canal, bowel content and mediastinal and visceral fat, so that an image can be rendered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
from classes import TOTAL
from scipy import ndimage, spatial
from tissues import BONES, HOLLOW, KIND_NUMBER, kind_of_class

if TYPE_CHECKING:
    from pathlib import Path

    from numpy import typing as npt

    Bool = npt.NDArray[np.bool_]

VOXEL_MM = 3.0
_PAD_MM = 84.0
_SUBCUTANEOUS, _TORSO_FAT, _MUSCLE = 1, 2, 3
_ARMS = frozenset(n for n, name in TOTAL.items() if name.startswith(("humerus", "scapula")))
_VERTEBRAE = frozenset(range(26, 51))


@dataclass(frozen=True, slots=True)
class Body:
    """One body on a 3 mm grid, array axes (z, y, x) as nnU-Net reads a RAS+ NIfTI.

    Attributes:
        code: `(z, y, x)` uint8, index into the palette; 0 is the air outside.
        total: `(n,)` uint8, class number of `total` for each code.
        tissue: `(n,)` uint8, class number of `tissue_types` for each code.
        kind: `(n,)` uint8, material number (`tissues.KINDS`) for each code.
        hu: `(z, y, x)` int16, the image of a real scan; None where the body is to be painted.
    """

    code: npt.NDArray[np.uint8]
    total: npt.NDArray[np.uint8]
    tissue: npt.NDArray[np.uint8]
    kind: npt.NDArray[np.uint8]
    hu: npt.NDArray[np.int16] | None = None


def body_from_maps(
    total: npt.NDArray[np.uint8], tissue: npt.NDArray[np.uint8], kind: npt.NDArray[np.uint8]
) -> Body:
    """Pack three aligned `(z, y, x)` maps into one code map and its palette.

    Raises:
        ValueError: There are more than 255 different combinations.
    """
    key = (total.astype(np.int32) << 16) | (tissue.astype(np.int32) << 8) | kind
    # Outside air must be code 0: the renderer pads with it.
    values, code = np.unique(np.append(key.ravel(), 0), return_inverse=True)
    if values.size > 255:
        msg = f"{values.size} combinations of labels and materials do not fit one byte"
        raise ValueError(msg)
    return Body(
        code=code[:-1].reshape(total.shape).astype(np.uint8),
        total=(values >> 16).astype(np.uint8),
        tissue=((values >> 8) & 255).astype(np.uint8),
        kind=(values & 255).astype(np.uint8),
    )


def load_map(path: Path) -> npt.NDArray[np.uint8]:
    """Read a 1.5 mm label map as `(z, y, x)` at 3 mm, cut in z to the labelled slices, padded."""
    image = nib.as_closest_canonical(nib.load(path))
    data = np.asanyarray(image.dataobj).astype(np.uint8).transpose(2, 1, 0)
    data = data[tuple(slice(0, size // 2 * 2) for size in data.shape)]
    blocks = np.stack(
        [data[dz::2, dy::2, dx::2] for dz in (0, 1) for dy in (0, 1) for dx in (0, 1)]
    )
    small = majority(blocks)
    filled = np.flatnonzero(np.isin(small, sorted(BONES)).any((1, 2)))
    small = small[filled[0] + 2 : filled[-1] - 1]
    pad = int(_PAD_MM / VOXEL_MM)
    return np.pad(small, ((0, 0), (pad, pad), (pad, pad)))


def majority(blocks: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Most frequent value over the first axis; of equals the first.

    Args:
        blocks: `(k, …)` uint8.

    Returns:
        `(…)` uint8.
    """
    counts = np.zeros(blocks.shape, np.uint8)
    for i in range(len(blocks)):
        for j in range(i):
            same = blocks[i] == blocks[j]
            counts[i] += same
            counts[j] += same
    best = counts.argmax(0)
    return np.asarray(np.take_along_axis(blocks, best[None], 0)[0], np.uint8)


def smooth_noise(
    rng: np.random.Generator, shape: tuple[int, ...], scale_mm: float, voxel_mm: float = VOXEL_MM
) -> npt.NDArray[np.float32]:
    """Gaussian random field of unit variance whose features are about `scale_mm` large."""
    coarse = [max(2, int(np.ceil(size * voxel_mm / scale_mm)) + 2) for size in shape]
    field = rng.standard_normal(coarse).astype(np.float32)
    zoom = [size / (c - 1) for size, c in zip(shape, coarse, strict=True)]
    wide = ndimage.zoom(field, zoom, order=1)[tuple(slice(0, size) for size in shape)]
    return np.asarray(wide / max(float(wide.std()), 1e-6), np.float32)


def _hull(labels: npt.NDArray[np.uint8]) -> Bool:
    """Convex hull of the trunk's labels in each slice, smoothed along the body."""
    trunk = (labels > 0) & ~np.isin(labels, sorted(_ARMS))
    hull = np.zeros_like(trunk)
    grid = np.stack(np.meshgrid(*map(np.arange, trunk.shape[1:]), indexing="ij"), -1)
    for z in range(len(trunk)):
        points = np.argwhere(trunk[max(0, z - 2) : z + 3].any(0))
        if len(points) < 20:
            continue
        plane = spatial.ConvexHull(points)
        a = plane.equations
        hull[z] = (grid @ a[:, :2].T + a[:, 2] <= 0.5).all(-1)
    smooth = ndimage.gaussian_filter(hull.astype(np.float32), (3, 2, 2), mode="nearest")
    return np.asarray(smooth > 0.5)


def _distance(mask: Bool) -> npt.NDArray[np.float32]:
    """Distance in mm from each voxel outside `mask` to it."""
    return np.asarray(ndimage.distance_transform_edt(~mask, sampling=VOXEL_MM), np.float32)


@dataclass
class _Canvas:
    """Maps being painted, all `(z, y, x)` uint8."""

    total: npt.NDArray[np.uint8]
    tissue: npt.NDArray[np.uint8]
    kind: npt.NDArray[np.uint8]

    def lay(self, where: Bool, kind: str, compartment: int = 0) -> None:
        self.kind[where] = KIND_NUMBER[kind]
        self.tissue[where] = compartment


def dress(labels: npt.NDArray[np.uint8], rng: np.random.Generator) -> Body:
    """Invent what lies around and between the labels of a real map.

    Args:
        labels: `(z, y, x)` class numbers of `total` at 3 mm, with room around the body.
        rng: Source of the body's build (fat, muscle, bowel content).

    Returns:
        The complete body.
    """
    canvas = _Canvas(*(np.zeros(labels.shape, np.uint8) for _ in range(3)))
    hull = _hull(labels)
    _wrap(canvas, labels, hull, rng)
    _fill_between(canvas, labels, hull, rng)
    _paint_labels(canvas, labels, rng)
    _fill_bowel(labels, canvas.kind, rng)
    return body_from_maps(canvas.total, canvas.tissue, canvas.kind)


def _wrap(
    canvas: _Canvas, labels: npt.NDArray[np.uint8], hull: Bool, rng: np.random.Generator
) -> None:
    """Lay wall muscle, subcutaneous fat and skin around the hull and the arms."""
    shape = labels.shape
    arms = ndimage.binary_closing(np.isin(labels, sorted(_ARMS)), iterations=4)
    outside_mm = np.minimum(_distance(hull), _distance(arms) + 4)
    wall_mm = rng.uniform(3, 12) * np.exp(0.3 * smooth_noise(rng, shape, 90))
    # Over the buttocks and the lower back the labelled muscles themselves are the outermost.
    outermost = np.isin(labels, (80, 81, 82, 83, 86, 87))
    wall_mm = wall_mm * np.clip(_distance(outermost) / 25 - 0.1, 0, 1)
    fat_mm = rng.uniform(4, 42) * np.exp(0.2 * smooth_noise(rng, shape, 200))
    # Fat lies thick on the back and flanks, thin over the ribs.
    y = np.linspace(-1, 1, shape[1])[None, :, None]
    fat_mm = fat_mm * (1 + rng.uniform(-0.4, 0.3) * y)
    lung = (labels >= 10) & (labels <= 14)
    chest = ndimage.gaussian_filter1d((lung.sum((1, 2)) > 200).astype(np.float32), 4)
    thinner = 1 - rng.uniform(0.2, 0.6) * chest[:, None, None]
    fat_mm = np.minimum(fat_mm * thinner, _PAD_MM - 30)
    # The patient lies on the back: what hangs below the spine is pressed flat.
    back = int(np.argwhere(hull.any((0, 2)))[0, 0]) - rng.uniform(3, 14)
    y_index = np.arange(shape[1])[None, :, None]
    outside_mm = outside_mm + 4 * VOXEL_MM * np.maximum(back - y_index, 0)
    canvas.lay(outside_mm <= wall_mm + fat_mm + rng.uniform(1.5, 4), "skin")
    canvas.lay(outside_mm <= wall_mm + fat_mm, "fat", _SUBCUTANEOUS)
    canvas.lay(outside_mm <= wall_mm, "muscle", _MUSCLE)


def _fill_between(
    canvas: _Canvas, labels: npt.NDArray[np.uint8], hull: Bool, rng: np.random.Generator
) -> None:
    """Fill what is inside the hull and has no label: fat, muscle, discs, canal."""
    shape = labels.shape
    inside = hull & (labels == 0)
    canvas.lay(inside, "fat", _TORSO_FAT)
    patches = smooth_noise(rng, shape, 18)
    canvas.lay(inside & (patches > rng.uniform(0.8, 2)), "lean")
    canvas.lay(inside & (patches < -rng.uniform(1, 2)), "stranded_fat", _TORSO_FAT)
    # Intercostal and abdominal wall muscle, then what lies by the hip bones and femurs.
    lung = (labels >= 10) & (labels <= 14)
    ribs = (labels >= 92) & (labels <= 117)
    wall = _distance(~hull) < rng.uniform(4, 14)
    between_ribs = (_distance(ribs) < rng.uniform(8, 18)) & (_distance(lung) > 1)
    canvas.lay(inside & (wall | between_ribs), "muscle", _MUSCLE)
    hips = (labels >= 75) & (labels <= 78)
    deep = _distance(hips) < rng.uniform(10, 30)
    canvas.lay(inside & deep & (smooth_noise(rng, shape, 25) > -0.3), "muscle", _MUSCLE)
    spine = np.isin(labels, sorted(_VERTEBRAE)) | (labels == 25)
    psoas = (labels == 88) | (labels == 89)
    flank = (_distance(spine) < rng.uniform(12, 45)) & (_distance(psoas) < 18)
    flank &= smooth_noise(rng, shape, 25) > rng.uniform(-0.5, 0.6)
    canvas.lay(inside & flank, "muscle", _MUSCLE)
    glutei = (labels >= 80) & (labels <= 85)
    canvas.lay(inside & (_distance(glutei) < rng.uniform(0, 6)), "fat", _TORSO_FAT)
    canvas.lay(inside & ndimage.binary_closing(lung, iterations=2), "lung")
    canal = _distance(labels == 79) < rng.uniform(4, 8)
    canvas.lay(inside & canal, "canal")
    discs = ndimage.binary_closing(spine, np.ones((7, 3, 3), bool), iterations=1) & ~canal
    canvas.lay(inside & discs, "disc")


def _paint_labels(canvas: _Canvas, labels: npt.NDArray[np.uint8], rng: np.random.Generator) -> None:
    """Give the labelled structures their material; bones a shell, kidneys a sinus."""
    for number, name in TOTAL.items():
        where = labels == number
        if not where.any():
            continue
        canvas.total[where] = number
        kind = kind_of_class(name)
        canvas.lay(where, kind, _MUSCLE if kind == "muscle" else 0)
        if kind == "kidney":
            core = ndimage.binary_erosion(where, iterations=3)
            canvas.lay(core & (smooth_noise(rng, labels.shape, 15) > 0), "renal_sinus")
    bones = np.isin(labels, sorted(BONES))
    canvas.lay(bones & ~ndimage.binary_erosion(bones), "bone_shell")


def _fill_bowel(
    labels: npt.NDArray[np.uint8], kind: npt.NDArray[np.uint8], rng: np.random.Generator
) -> None:
    """Fill stomach and bowel with gas, fluid, stool or oral contrast (changes `kind`)."""
    choices = ["gas", "bowel_fluid", "stool", "oral_contrast"]
    oral = rng.random() < 0.25
    for number in sorted(HOLLOW):
        where = labels == number
        name = TOTAL[number]
        lumen = ndimage.binary_erosion(where, iterations=1)
        if name == "colon":
            weights = [0.4, 0.1, 0.45, 0.15 if oral else 0]
        elif name == "stomach":
            weights = [0.35, 0.45, 0.05, 0.4 if oral else 0]
        else:
            weights = [0.12, 0.45, 0.02, 0.35 if oral else 0]
        fields = np.stack(
            [
                smooth_noise(rng, labels.shape, 40) + 2 * np.log(max(weight, 1e-3))
                for weight in weights
            ]
        )
        best = fields.argmax(0)
        for index, content in enumerate(choices):
            kind[lumen & (best == index)] = KIND_NUMBER[content]
