"""Phantoms that are never trained on, as CT and MR volumes with their truth.

    python tools/train/heldout.py --to DIR --count 20

The images come from the phantom package's own CT numbers and MR signals, not from the
trainer's tables.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import render
from classes import MR_DISC, TOTAL_TO_MR
from phantoms import HELD_OUT_SEED
from realmaps import VOXEL_MM, dress, load_map
from scipy import ndimage

from heimdallr.phantom.anatomy import build
from heimdallr.phantom.materials import Material, mr_signals
from heimdallr.phantom.patient import Lesion, sample_patient
from heimdallr.phantom.render import patient_ct_numbers

if TYPE_CHECKING:
    from heimdallr.phantom.materials import ContrastPhase
    from heimdallr.phantom.patient import Region

_TRUNK_MM = (2.0, 2.0, 2.0)
_MR_MM = (3.0, 3.0, 3.0)
_HEAD_MM = (1.0, 1.0, 3.0)
_PHASES: tuple[ContrastPhase, ...] = ("native", "portal_venous", "arterial", "portal_venous")


def make(region: Region, index: int, path: Path) -> None:
    """Build one held-out phantom and write image, labels and truth."""
    seed = HELD_OUT_SEED + index
    rng = np.random.default_rng(seed)
    patient = sample_patient(rng, region=region, lesions=True)
    if region == "head":
        bleed = Lesion("intracerebral_bleed", float(rng.uniform(14, 50)))
        patient = type(patient)(
            **{name: getattr(patient, name) for name in patient.__slots__} | {"lesions": (bleed,)}
        )
    spacing = _HEAD_MM if region == "head" else _TRUNK_MM
    phantom = build(patient, spacing_mm=spacing, seed=seed)
    phase = "native" if region == "head" else _PHASES[index % len(_PHASES)]
    image = patient_ct_numbers(patient, phase)[phantom.material]
    image = ndimage.gaussian_filter(image, 0.8 / np.array(spacing))
    noise = rng.standard_normal(image.shape, np.float32)
    image += ndimage.gaussian_filter(noise, 0.5) * (12 if region == "head" else 35)
    centres = phantom.truth.vertebra_centres_mm
    np.savez_compressed(
        path,
        hu=np.rint(image).astype(np.int16),
        affine=phantom.affine,
        total=phantom.total,
        tissue=phantom.tissue,
        bleed=phantom.bleed,
        bleed_cm3=phantom.bleed.sum() * np.prod(spacing) / 1000,
        vertebrae=np.array(sorted(centres)),
        vertebra_centres_mm=np.array([centres[name] for name in sorted(centres)]),
    )


def make_mr(index: int, path: Path) -> None:
    """Build one held-out trunk as an MR image, T1- or T2-weighted in turn."""
    seed = HELD_OUT_SEED + 500 + index
    rng = np.random.default_rng(seed)
    phantom = build(sample_patient(rng, region="trunk"), spacing_mm=_MR_MM, seed=seed)
    signal = mr_signals("t1" if index % 2 == 0 else "t2")[phantom.material]
    signal = ndimage.gaussian_filter(signal, 0.4)
    real, imaginary = rng.standard_normal((2, *signal.shape), np.float32) * 0.03
    image = np.hypot(signal + real, imaginary) * 900
    labels = TOTAL_TO_MR[phantom.total]
    labels[(phantom.material == Material.DISC) & (labels == 0)] = MR_DISC
    np.savez_compressed(
        path, signal=np.rint(image).astype(np.int16), affine=phantom.affine, total_mr=labels
    )


def make_map(source: Path, index: int, path: Path) -> None:
    """Dress a real label map anew and write its image and labels.

    The maps are those the networks were trained on; what lies between their labels, the contrast
    and the noise are not.
    """
    rng = np.random.default_rng([HELD_OUT_SEED, index])
    body = dress(load_map(source), rng)
    hu_of, texture_of = render.palette_hu(body, rng)
    hu = hu_of[body.code].astype(np.float32)
    hu += texture_of[body.code] * rng.standard_normal(hu.shape, np.float32)
    hu = ndimage.gaussian_filter(hu, rng.uniform(0.2, 0.6))
    hu += rng.uniform(5, 25) * rng.standard_normal(hu.shape, np.float32)
    affine = np.diag([VOXEL_MM, VOXEL_MM, VOXEL_MM, 1.0])
    maps = {"total": body.total[body.code], "tissue": body.tissue[body.code]}
    image = np.clip(np.rint(hu), -1024, 3071).astype(np.int16)
    turned = {name: values.transpose(2, 1, 0) for name, values in {"hu": image, **maps}.items()}
    np.savez_compressed(path, affine=affine, **turned)


def main() -> None:
    """Make the held-out set from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--maps", type=Path, help="unpacked set label_maps_ct")
    options = parser.parse_args()
    options.to.mkdir(parents=True, exist_ok=True)
    regions: tuple[Region, ...] = ("trunk", "head")
    for region in regions:
        for index in range(options.count):
            path = options.to / f"{region}-{index:02d}.npz"
            if not path.exists():
                make(region, index, path)
                print(path.name, flush=True)
    for index in range(options.count // 2):
        path = options.to / f"mr-{index:02d}.npz"
        if not path.exists():
            make_mr(index, path)
            print(path.name, flush=True)
    sources = sorted(options.maps.glob("*_total.nii.gz")) if options.maps else []
    for index in range(options.count // 5 * len(sources)):
        path = options.to / f"map-{index:02d}.npz"
        if not path.exists():
            make_map(sources[index % len(sources)], index, path)
            print(path.name, flush=True)


if __name__ == "__main__":
    main()
