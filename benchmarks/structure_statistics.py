"""Statistics of every structure: ours in one pass, TotalSegmentator's one pass per structure.

Both get the same label map (117 structures on 512×512×400 voxels) and image, each in a process
of its own so that peak memory is its own; the figures of both are compared.

    python benchmarks/structure_statistics.py [--slices 400]
"""

from __future__ import annotations

import argparse
import importlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nibabel as nib
import numpy as np
from scipy.ndimage import distance_transform_edt

AFFINE = np.diag([0.8, 0.8, 1.0, 1.0])


def make_case(folder: Path, slices: int) -> None:
    """117 blob-shaped structures filling half of the volume, and a noisy CT, as NIfTI files."""
    rng = np.random.default_rng(1)
    coarse = (64, 64, max(slices // 8, 4))
    seeds = np.zeros(coarse, np.uint8)
    places = rng.choice(seeds.size, 117, replace=False)
    seeds.ravel()[places] = np.arange(1, 118)
    distance, nearest = distance_transform_edt(seeds == 0, return_indices=True)
    labels = seeds[tuple(nearest)]
    labels[distance > np.quantile(distance, 0.5)] = 0
    factors = (512 // coarse[0], 512 // coarse[1], -(-slices // coarse[2]))
    labels = np.kron(labels, np.ones(factors, np.uint8))[:, :, :slices]
    image = (rng.standard_normal(labels.shape, np.float32) * 60 + 40).astype(np.int16)
    nib.save(nib.Nifti1Image(labels, AFFINE), folder / "labels.nii")
    nib.save(nib.Nifti1Image(image, AFFINE), folder / "image.nii")


def ours(folder: Path) -> dict[str, tuple[float, float]]:
    """Name → (volume mm³, mean HU), by Heimdallr."""
    from totalsegmentator.map_to_binary import class_map

    from heimdallr.imaging.statistics import structure_statistics
    from heimdallr.imaging.volume import load_label_map, load_volume

    labels = load_label_map(folder / "labels.nii", class_map["total"])
    found = structure_statistics(labels, load_volume(folder / "image.nii"))
    return {name: (one.volume_cm3 * 1000, one.mean) for name, one in found.items()}


def theirs(folder: Path) -> dict[str, tuple[float, float]]:
    """The same, by TotalSegmentator's ``get_basic_statistics``."""
    from totalsegmentator.statistics import get_basic_statistics

    labels = np.asanyarray(nib.load(folder / "labels.nii").dataobj)
    found = get_basic_statistics(
        labels,
        nib.load(folder / "image.nii"),
        folder / "statistics.json",
        quiet=True,
        task="total",
        exclude_masks_at_border=False,
    )
    return {name: (one["volume"], one["intensity"]) for name, one in found.items()}


CONTENDERS = {
    "ours": (ours, ("heimdallr.imaging.statistics", "totalsegmentator.map_to_binary")),
    "theirs": (theirs, ("totalsegmentator.statistics",)),
}


def child(which: str, folder: Path) -> None:
    """Run one contender and print seconds, peak memory and its figures as JSON."""
    work, modules = CONTENDERS[which]
    for module in modules:  # start-up is nobody's statistics
        importlib.import_module(module)
    started = time.perf_counter()
    figures = work(folder)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"seconds": seconds, "peak_gib": peak, "figures": figures}))


def main() -> None:
    """Run both, compare their figures, print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slices", type=int, default=400)
    parser.add_argument("--child", choices=["ours", "theirs"])
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.child, arguments.folder)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_case(folder, arguments.slices)
        runs = {}
        for which in ("ours", "theirs"):
            done = subprocess.run(
                [sys.executable, __file__, "--child", which, "--folder", name],
                check=True,
                capture_output=True,
                text=True,
            )
            runs[which] = json.loads(done.stdout.splitlines()[-1])
    mine, peer = runs["ours"], runs["theirs"]
    for structure, (volume, mean) in mine["figures"].items():
        peer_volume, peer_mean = peer["figures"][structure]
        if abs(volume - peer_volume) > 1 or abs(mean - peer_mean) > 0.01:
            sys.exit(f"{structure} differs: {(volume, mean)} against {(peer_volume, peer_mean)}")
    print(f"117 structures, 512×512×{arguments.slices}; {len(mine['figures'])} compared, equal")
    for which, run in runs.items():
        print(f"  {which:7} {run['seconds']:8.2f} s   peak {run['peak_gib']:.2f} GiB")
    print(
        f"  ratio   {peer['seconds'] / mine['seconds']:8.0f} ×   "
        f"memory {mine['peak_gib'] / peer['peak_gib']:.2f}"
    )


if __name__ == "__main__":
    main()
