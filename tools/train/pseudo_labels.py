"""Bodies for training out of cases that the package has segmented itself, once a person has looked.

    heimdallr process CT.nii.gz --modality CT --output CASES
    python tools/train/panels.py CASES/CASE PANEL.jpg           # look at it, and at more slices
    python tools/train/pseudo_labels.py CASES/CASE NAME --work WORK --wrong hip_right --unsure colon

Each case becomes two things:

- `WORK/pool/scan/NAME.npz`: its image with its labels. Ignored, so that no loss is taken there, is
  all that is not known: structures that are wrong, unsure, not believed or only located, 6 mm
  around them, and soft tissue without a name, which may be what the networks missed;
- `WORK/maps/NAME_total.nii.gz`: a label map for `pool.py`, which dresses it like any other. The
  image is painted to match it, so that unsure borders do no harm there: without a label is only
  what is wrong, not believed or located. Ribs, which these networks do not know, are told by their
  attenuation, so that the chest has some.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
from body_files import save_body
from classes import IGNORE, TOTAL
from export import TARGETS
from realmaps import Body, body_from_maps
from scipy import ndimage
from tissues import KIND_NUMBER

from heimdallr.publishing.schema import read_labels

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy import typing as npt

    Labels = npt.NDArray[np.uint8]

_SCAN_MM, _MAP_MM = 3.0, 1.5
_PAD_VOXELS = 28
_AIR_HU = -1000
_FAT_BELOW_HU = -30
_RIB, _RIB_HU, _RIB_FROM_LUNG_MM = 92, 180, 15.0
"""Chosen, not measured: bone beside the lung that is no named bone. 120 HU would take enhanced
vessels of the wall too, 300 lose what is thinner than a voxel."""
_LUNG = range(10, 15)
_MUSCLE = 3
_DOUBTFUL_AROUND = 2
"""Voxels of 3 mm."""


def _resampled(path: Path, edge_mm: float, order: int) -> npt.NDArray[np.int16]:
    """An image or label map of a case as `(z, y, x)`, RAS+, on cubes."""
    image = nib.as_closest_canonical(nib.load(path))
    spacing_mm = np.array(image.header.get_zooms()[:3], float)
    shape = np.floor(np.array(image.shape) * spacing_mm / edge_mm).astype(int)
    data = np.asarray(image.dataobj, np.float32 if order else np.uint8)
    step = edge_mm / spacing_mm
    out = ndimage.affine_transform(
        data, step, (step - 1) / 2, tuple(shape), order=order, mode="nearest"
    )
    return np.asarray(out, np.int16).transpose(2, 1, 0)


def doubted(case: Path, wrong: Iterable[str]) -> list[int]:
    """Numbers of `total` that are not to be taught.

    Raises:
        ValueError: A structure called wrong is none.
    """
    (found,) = (one for one in read_labels(case).maps if one.name == "total")
    numbers = {name: number for number, name in TOTAL.items()}
    unknown = set(wrong) - set(numbers)
    if unknown:
        msg = f"no structures: {', '.join(sorted(unknown))}"
        raise ValueError(msg)
    unbelieved = {numbers[one.structure] for one in found.structures if one.doubts}
    return sorted(unbelieved | {numbers[name] for name in wrong} | TARGETS["total"].located)


def scan_body(case: Path, doubted: list[int], *, tissue_known: bool = True) -> Body:
    """The case's image at 3 mm with its labels, `IGNORE` where they are not known."""
    hu = np.maximum(_resampled(case / "volume.nii.gz", _SCAN_MM, 1), _AIR_HU)
    total, tissue, body = (
        _resampled(case / "labels" / f"{name}.nii.gz", _SCAN_MM, 0).astype(np.uint8)
        for name in ("total", "tissue_types", "body")
    )
    if not tissue_known:
        tissue[body > 0] = IGNORE
    near = ndimage.binary_dilation(np.isin(total, doubted), iterations=_DOUBTFUL_AROUND)
    nameless = (body > 0) & (total == 0) & (tissue != _MUSCLE) & (hu > _FAT_BELOW_HU)
    unsure = np.isin(total, doubted) | (near & (total == 0)) | nameless
    total[unsure] = tissue[unsure] = IGNORE
    kind = np.where(body | total | tissue, KIND_NUMBER["lean"], 0).astype(np.uint8)
    pad = ((0, 0), (_PAD_VOXELS, _PAD_VOXELS), (_PAD_VOXELS, _PAD_VOXELS))
    made = body_from_maps(*(np.pad(one, pad) for one in (total, tissue, kind)))
    return Body(
        made.code, made.total, made.tissue, made.kind, np.pad(hu, pad, constant_values=_AIR_HU)
    )


def label_map(case: Path, doubted: list[int]) -> Labels:
    """`(z, y, x)` class numbers of `total` at 1.5 mm, with ribs and without what is doubted."""
    hu = _resampled(case / "volume.nii.gz", _MAP_MM, 1)
    total = _resampled(case / "labels" / "total.nii.gz", _MAP_MM, 0).astype(np.uint8)
    lung = np.isin(total, _LUNG)
    if lung.any():
        beside = ndimage.distance_transform_edt(~lung, sampling=_MAP_MM) < _RIB_FROM_LUNG_MM
        total[beside & (total == 0) & (hu > _RIB_HU)] = _RIB
    total[np.isin(total, doubted)] = 0
    return total


def main() -> None:
    """Write both from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("case", type=Path)
    parser.add_argument("name", help="digits, as all bodies of the pool have")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--wrong", nargs="*", default=[], help="structures seen to be wrong")
    parser.add_argument("--unsure", nargs="*", default=[], help="structures of doubtful borders")
    parser.add_argument("--ignore-tissue", action="store_true", help="compartments are wrong")
    options = parser.parse_args()
    wrong = doubted(options.case, options.wrong)
    not_known = doubted(options.case, options.wrong + options.unsure)
    body = scan_body(options.case, not_known, tissue_known=not options.ignore_tissue)
    save_body(options.work / "pool" / "scan" / f"{options.name}.npz", body)
    maps = options.work / "maps"
    maps.mkdir(parents=True, exist_ok=True)
    data = label_map(options.case, wrong).transpose(2, 1, 0)
    affine = np.diag([_MAP_MM, _MAP_MM, _MAP_MM, 1.0])
    nib.save(nib.Nifti1Image(data, affine), maps / f"{options.name}_total.nii.gz")
    share = (body.total[body.code] == IGNORE).sum() / (body.code > 0).sum()
    ignored = ", ".join(TOTAL[number] for number in not_known)
    print(f"{options.name}: {share:.0%} of the body ignored, of structures {ignored}")


if __name__ == "__main__":
    main()
