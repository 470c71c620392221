"""Writing 60 masks of a 512×512×600 CT: this project's writer against nibabel, mask by mask.

Run: ``python benchmarks/masks.py``. Both write the same label map to the same folder's file
system in the same run; every mask is read back and compared.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import nibabel as nib
import numpy as np

from heimdallr.imaging.volume import LabelMap, NativeGrid
from heimdallr.publishing.masks import write_masks

SPACING_MM = (0.75, 0.75, 1.0)


def anatomy(shape: tuple[int, int, int], structures: int) -> LabelMap:
    """Ellipsoids of the size of organs (semi-axes 8 to 75 mm) scattered over a trunk."""
    rng = np.random.default_rng(60)
    labels = np.zeros(shape, np.uint8)
    extent = np.array(shape) * SPACING_MM
    for number in range(1, structures + 1):
        centre = extent * rng.uniform(0.2, 0.8, 3)
        axes = rng.uniform(8, 75, 3)
        low = np.maximum((centre - axes) / SPACING_MM, 0).astype(int)
        high = np.minimum((centre + axes) / SPACING_MM + 1, shape).astype(int)
        box = tuple(slice(start, stop) for start, stop in zip(low, high, strict=True))
        grid = np.ogrid[box]
        distance = sum(
            ((index * spacing - middle) / axis) ** 2
            for index, spacing, middle, axis in zip(grid, SPACING_MM, centre, axes, strict=True)
        )
        labels[box][distance <= 1] = number
    affine = np.diag([*SPACING_MM, 1.0])
    names = {number: f"structure_{number:02}" for number in range(1, structures + 1)}
    return LabelMap(labels, affine, names)


def main() -> None:
    """Time both and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slices", type=int, default=600)
    parser.add_argument("--structures", type=int, default=60)
    arguments = parser.parse_args()
    label_map = anatomy((512, 512, arguments.slices), arguments.structures)
    # As dcm2niix stores a CT: the first axis runs to the patient's left.
    affine = np.diag([-SPACING_MM[0], *SPACING_MM[1:], 1.0])
    grid = NativeGrid(affine, label_map.shape)

    with tempfile.TemporaryDirectory() as name:
        ours, theirs = Path(name) / "heimdallr", Path(name) / "nibabel"
        ours.mkdir()
        theirs.mkdir()
        start = time.perf_counter()
        written = write_masks(ours, label_map, grid)
        ours_s = time.perf_counter() - start

        start = time.perf_counter()
        stored = grid.from_canonical(label_map.data)
        for structure in written:
            mask = (stored == label_map.number(structure)).astype(np.uint8)
            nib.save(nib.Nifti1Image(mask, affine), theirs / f"{structure}.nii.gz")
        theirs_s = time.perf_counter() - start

        for structure in written:
            expected = np.asanyarray(nib.load(theirs / f"{structure}.nii.gz").dataobj)
            found = np.asanyarray(nib.load(ours / f"{structure}.nii.gz").dataobj)
            if not np.array_equal(expected, found):
                message = f"{structure} differs"
                raise SystemExit(message)
        ours_mb, theirs_mb = (
            sum(file.stat().st_size for file in folder.iterdir()) / 1e6 for folder in (ours, theirs)
        )
    print(f"{len(written)} masks of {label_map.shape} voxels, read back equal")
    print(f"heimdallr  {ours_s:7.2f} s  {ours_mb:6.1f} MB")
    print(f"nibabel    {theirs_s:7.2f} s  {theirs_mb:6.1f} MB")
    print(f"ratio      {theirs_s / ours_s:7.1f} ×")


if __name__ == "__main__":
    main()
