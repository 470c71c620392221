"""Noise and couches of real scans, measured: where the figures of `scanner.py` come from.

    python tools/train/scan_statistics.py DIR-with-unlabelled-CTs

Nothing of an image is kept but these few numbers.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy import typing as npt

    Bool = npt.NDArray[np.bool_]
    Float = npt.NDArray[np.float32]

_COARSE_MM = 6.0
_FLAT_MM = 15.0
_FLATTEST = 0.05
"""Share of the windows within soft tissue, the calmest, that count as one tissue."""


def body_of(hu: Float) -> Bool:
    """The largest piece above -300 HU, filled slice by slice; `(i, j, k)`."""
    labels, _ = ndimage.label(ndimage.binary_opening(hu > -300, iterations=2))
    largest = labels == np.bincount(labels.ravel())[1:].argmax() + 1
    return np.stack([ndimage.binary_fill_holes(one) for one in largest.transpose(2, 0, 1)], -1)


def noise_hu(hu: Float, body: Bool, spacing_mm: npt.NDArray[np.float64]) -> tuple[float, float]:
    """SD within the calmest soft tissue, and the correlation of neighbouring voxels in a slice.

    Args:
        hu: `(i, j, k)` HU.
        body: Where the patient is.
        spacing_mm: Voxel edges.

    Returns:
        SD in HU; correlation along i, 0 for white noise.
    """
    size = [max(3, round(_FLAT_MM / edge)) for edge in spacing_mm[:2]] + [1]
    detail = hu - ndimage.uniform_filter(hu, size)
    variance = ndimage.uniform_filter(detail**2, size)
    both = ndimage.uniform_filter(detail * np.roll(detail, 1, 0), size)
    mean = ndimage.uniform_filter(hu, size)
    soft = ndimage.binary_erosion(body & (mean > 0) & (mean < 200), iterations=3)
    calm = soft & (variance <= np.quantile(variance[soft], _FLATTEST))
    return float(np.sqrt(variance[calm].mean())), float((both[calm] / variance[calm]).mean())


def at_6_mm(values: Float, spacing_mm: npt.NDArray[np.float64]) -> Float:
    """The image averaged as the network gets it."""
    sigma = np.maximum(0, _COARSE_MM / spacing_mm - 1) / 2
    smooth = ndimage.gaussian_filter(values, sigma)
    return np.asarray(ndimage.zoom(smooth, spacing_mm / _COARSE_MM, order=1), np.float32)


def couch(hu: Float, body: Bool, spacing_mm: npt.NDArray[np.float64]) -> dict[str, float]:
    """What lies behind the patient, column by column of the middle fifth of every slice.

    `j` grows to the front (RAS), so behind the body is below its first row.

    Returns:
        Gap to the skin, distance of the last surface, HU of the surfaces and of what is between
        them (medians; mm and HU), and how many surfaces (> -700 HU) a column has.
    """
    gaps, ends, counts, bright, within = [], [], [], [], []
    columns = np.flatnonzero(body.any((1, 2)))
    low, high = np.quantile(columns, [0.4, 0.6]).astype(int)
    for k in range(0, hu.shape[2], 3):
        for i in range(low, high, 3):
            rows = np.flatnonzero(body[i, :, k])
            if not rows.size or rows[0] < 5:
                continue
            behind = hu[i, : rows[0] - 1, k][::-1]
            surfaces, count = ndimage.label(behind > -700)
            if not count:
                continue
            places = np.flatnonzero(surfaces)
            gaps.append(places[0])
            ends.append(places[-1])
            counts.append(count)
            peaks = ndimage.maximum(behind, surfaces, range(1, count + 1))
            bright += list(np.atleast_1d(peaks))
            between = behind[places[0] : places[-1]]
            within += list(between[between < -700])
    edge = spacing_mm[1]
    return {
        "gap_mm": float(np.median(gaps) * edge),
        "last_surface_mm": float(np.median(ends) * edge),
        "surfaces": float(np.mean(counts)),
        "surface_hu_low": float(np.quantile(bright, 0.1)),
        "surface_hu": float(np.median(bright)),
        "surface_hu_high": float(np.quantile(bright, 0.9)),
        "between_hu": float(np.median(within)) if within else np.nan,
    }


def cloth(hu: Float, body: Bool, spacing_mm: npt.NDArray[np.float64]) -> dict[str, float]:
    """What lies before the patient: share of columns with any, its HU and its distance, mm."""
    height, bright, columns = [], [], 0
    for k in range(0, hu.shape[2], 3):
        for i in np.flatnonzero(body[:, :, k].any(1))[::3]:
            last = np.flatnonzero(body[i, :, k])[-1]
            before = hu[i, last + 3 :, k]
            columns += 1
            there = np.flatnonzero(before > -900)
            if there.size:
                height.append(there[-1])
                bright.append(before.max())
    edge = spacing_mm[1]
    return {
        "share": len(bright) / columns,
        "hu": float(np.median(bright)),
        "height_mm": float(np.median(height) * edge),
        "highest_mm": float(np.quantile(height, 0.95) * edge),
    }


def main() -> None:
    """Measure every scan of a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    for path in sorted(parser.parse_args().folder.glob("*.nii.gz")):
        image = nib.as_closest_canonical(nib.load(path))
        hu = np.asarray(image.dataobj, np.float32)
        spacing_mm = np.array(image.header.get_zooms()[:3], float)
        body = body_of(hu)
        print(path.name)
        sd, alike = noise_hu(hu, body, spacing_mm)
        print(f"  noise: SD {sd:.1f} HU, neighbours {alike:.2f}")
        coarse, coarse_body = at_6_mm(hu, spacing_mm), at_6_mm(body.astype(np.float32), spacing_mm)
        sd, alike = noise_hu(coarse, coarse_body > 0.5, np.full(3, _COARSE_MM))
        print(f"  at 6 mm: SD {sd:.1f} HU, neighbours {alike:.2f}")
        for what, figures in (("couch", couch), ("cloth", cloth)):
            words = ", ".join(f"{k} {v:.2f}" for k, v in figures(hu, body, spacing_mm).items())
            print(f"  {what}: {words}")


if __name__ == "__main__":
    main()
