"""A coarse copy of a large volume, which a viewer shows until the whole one has come.

Neighbouring voxels are averaged in blocks, along the finest axis first, until few enough are left.
The voxel centres of the result are the centres of the blocks: it overlays the volume exactly, on
oblique and sheared grids too. Voxels are int16, in RAS+ order.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np

from heimdallr.files import whole_file
from heimdallr.publishing import gzip_stream

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from pathlib import Path

    import numpy.typing as npt

    from heimdallr.imaging.volume import Affine, Array, Volume

LARGE_VOXELS = 64_000_000
"""A volume of more voxels gets a preview."""

PREVIEW_VOXELS = 24_000_000
"""A preview has no more: 48 MB, some tenths of a second to unpack and to hand to the graphics."""

_LOWEST, _HIGHEST = -32768, 32767
_FINE_STEPS = 1000
"""Signal that spans fewer whole numbers than these is scaled, not rounded."""


def write_preview(path: Path, image: Volume, pool: Executor) -> bool:
    """Write the preview of a large volume.

    Args:
        path: ``.nii.gz`` to appear.
        image: the volume, RAS+.
        pool: where slabs are averaged and compressed.

    Returns:
        Whether there is one; a small volume needs none.
    """
    if image.data.size <= LARGE_VOXELS:
        return False
    factors = block_factors(image.shape, image.spacing_mm)
    voxels = block_means(image.data, factors, pool)
    stored, slope, intercept = as_int16(voxels)
    header = _header(stored, block_affine(image.affine, factors), slope, intercept)
    # NIfTI stores the first axis fastest: transposed, the file's bytes lie in C order.
    plain = np.ascontiguousarray(stored.T).data.cast("B")
    with whole_file(path) as file:
        parts = [memoryview(header), *gzip_stream.chunks(plain)]
        file.writelines(gzip_stream.assemble(pool.map(gzip_stream.compress, parts)))
    return True


def block_factors(shape: tuple[int, int, int], spacing_mm: Affine) -> tuple[int, int, int]:
    """How many voxels become one along each axis; the result is as isotropic as can be."""
    factors = [1, 1, 1]
    while np.prod([n // by for n, by in zip(shape, factors, strict=True)]) > PREVIEW_VOXELS:
        coarseness = [by * mm for by, mm in zip(factors, spacing_mm, strict=True)]
        factors[int(np.argmin(coarseness))] += 1
    return factors[0], factors[1], factors[2]


def block_affine(affine: Affine, factors: tuple[int, int, int]) -> Affine:
    """(4, 4) index of a block → RAS mm of its centre."""
    blocks = np.diag([*map(float, factors), 1.0])
    blocks[:3, 3] = (np.array(factors) - 1) / 2
    return np.asarray(affine @ blocks)


def block_means(
    data: Array, factors: tuple[int, int, int], pool: Executor
) -> npt.NDArray[np.float32]:
    """Means of whole blocks; what is left over at the high end of an axis is left out."""
    across, along, up = (n // by for n, by in zip(data.shape, factors, strict=True))
    means = np.empty((across, along, up), np.float32, order="F")
    by_i, by_j, by_k = factors
    corners = list(itertools.product(range(by_i), range(by_j), range(by_k)))

    def fill(k: int) -> None:
        total = np.zeros((across, along), np.float32, order="F")
        for i, j, above in corners:
            total += data[i : across * by_i : by_i, j : along * by_j : by_j, k * by_k + above]
        means[:, :, k] = total / len(corners)

    list(pool.map(fill, range(up)))
    return means


def as_int16(voxels: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int16], float, float]:
    """Voxels as int16, and the slope and intercept that give their values back.

    Whole numbers of a usual range (HU) are rounded; what spans little (a parameter map) or too much
    is scaled. What is no number becomes the lowest value.
    """
    finite = np.isfinite(voxels)
    low = float(voxels.min(where=finite, initial=np.inf))
    high = float(voxels.max(where=finite, initial=-np.inf))
    slope, intercept = 1.0, 0.0
    if high > low and (high - low < _FINE_STEPS or low < _LOWEST or high > _HIGHEST):
        slope = (high - low) / (_HIGHEST - _LOWEST)
        intercept = low - _LOWEST * slope
    filled = np.where(finite, voxels, low if np.isfinite(low) else 0)
    steps = np.rint((filled - intercept) / slope)
    return np.clip(steps, _LOWEST, _HIGHEST).astype(np.int16), slope, intercept


def _header(voxels: Array, affine: Affine, slope: float, intercept: float) -> bytes:
    """The 352 bytes before the voxels; scanner coordinates as ``sform`` (it may be sheared)."""
    header = nib.Nifti1Header()
    header.set_data_dtype(np.int16)
    header.set_data_shape(voxels.shape)
    header.set_zooms(np.linalg.norm(affine[:3, :3], axis=0))
    header.set_xyzt_units("mm", "sec")
    header.set_sform(affine, code="scanner")
    header["magic"] = b"n+1"
    header["vox_offset"] = 352
    header["scl_slope"], header["scl_inter"] = slope, intercept
    return bytes(header.binaryblock) + bytes(4)
