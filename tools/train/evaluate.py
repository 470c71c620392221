"""Dice, surface distance, muscle at L3 and bleed volume of weights in the official layout.

    python tools/train/evaluate.py --weights DIR --heldout DIR [--real DIR] [--chest DIR]

The tables are printed; `--markdown` and `--json` name files for them and their figures.

Everything runs through the package's own engine (resampling to the task's spacing, sliding window,
tidying, labels back on the image's grid).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
from agreement import muscle_area_cm2
from classes import TISSUE, TISSUE_KEPT, TOTAL
from report import reliability, table, trade_off
from scores import Scores

from heimdallr.imaging.volume import Volume, load_label_map, load_volume
from heimdallr.segmentation.anatomy.tissue import from_bundled
from heimdallr.segmentation.engine import Engine
from heimdallr.segmentation.networks.weights import WeightsStore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy import typing as npt

    from heimdallr.segmentation.result import Segmentation

    Labels = npt.NDArray[np.uint8]


def nearest_level(
    labels: Labels, number: int, affine: npt.NDArray[np.float64], centres_mm: Mapping[str, float]
) -> str | None:
    """Which vertebra the labelled one really is: the true centre nearest in height.

    Args:
        labels: `(i, j, k)` label map.
        number: Class number of the vertebra asked for.
        affine: Voxel index to RAS mm.
        centres_mm: Height of each vertebra's centre, RAS z.

    Returns:
        Its name; None where nothing carries the label.
    """
    where = np.argwhere(labels == number)
    if where.size == 0:
        return None
    z_mm = float((affine @ [*np.median(where, 0), 1.0])[2])
    return min(centres_mm, key=lambda name: abs(centres_mm[name] - z_mm))


def score_trunk(engine: Engine, path: Path, scores: Scores) -> None:
    """Score one held-out trunk phantom, or one dressed label map."""
    with np.load(path) as stored:
        case = dict(stored)
    volume = Volume(case["hu"], case["affine"])
    found = engine.segment("total_fast", volume)
    labels = found.label_map.data
    scores.add_total(found, case["total"], volume)
    tissue = published_tissue(engine, volume, found)
    scores.tissue.add(tissue, case["tissue"], TISSUE_KEPT, volume)
    names = {"total": TOTAL, "tissue_types": TISSUE}
    ours = muscle_area_cm2(volume, labels, tissue, names)
    scores.muscle_cm2.append(
        (path.stem, muscle_area_cm2(volume, case["total"], case["tissue"], names), ours)
    )
    if "vertebrae" not in case:
        return
    heights = dict(zip(case["vertebrae"], case["vertebra_centres_mm"][:, 2], strict=True))
    scores.levels.append(nearest_level(labels, 29, volume.affine, heights) or "none")


def score_head(engine: Engine, path: Path, scores: Scores) -> None:
    """Score one held-out head phantom with a bleed."""
    with np.load(path) as stored:
        case = dict(stored)
    volume = Volume(case["hu"], case["affine"])
    total = engine.segment("total_fast", volume)
    scores.total.add(total.label_map.data, case["total"], (90, 91), volume)
    found = engine.segment("cerebral_bleed", volume, context={"total": total})
    cm3 = float((found.label_map.data == 1).sum()) * volume.voxel_volume_mm3 / 1000
    scores.bleeds_cm3.append((round(float(case["bleed_cm3"]), 2), round(cm3, 2)))


def score_mr(engine: Engine, path: Path, scores: Scores) -> None:
    """Score one held-out MR phantom."""
    with np.load(path) as stored:
        case = dict(stored)
    volume = Volume(case["signal"], case["affine"])
    scores.add_mr(engine.segment("total_mr_fast", volume), case["total_mr"], volume)


def score_labelled(
    engine: Engine, image: Path, labels: Path, scores: Scores
) -> tuple[Volume, Segmentation]:
    """Score a real CT with a label map of TotalSegmentator's; what was found in it."""
    volume = load_volume(image)
    wanted = np.asarray(load_label_map(labels, TOTAL).data, np.uint8)
    found = engine.segment("total_fast", volume)
    scores.add_total(found, wanted, volume)
    heights = {
        name.removeprefix("vertebrae_"): float(
            (volume.affine @ [*np.median(np.argwhere(wanted == n), 0), 1.0])[2]
        )
        for n, name in TOTAL.items()
        if name.startswith("vertebrae_") and (wanted == n).sum() > 50
    }
    level = nearest_level(found.label_map.data, 29, volume.affine, heights)
    scores.levels.append(level or "none")
    return volume, found


def score_real(engine: Engine, folder: Path, scores: Scores) -> None:
    """Score the example CT of TotalSegmentator, and the part of it that has tissue masks."""
    case = score_labelled(
        engine,
        folder / "example_ct.nii.gz",
        folder / "example_seg_fast_force_split.nii.gz",
        scores,
    )
    _score_real_tissue(engine, folder, case, scores)


def published_tissue(engine: Engine, volume: Volume, anatomy: Segmentation) -> Labels:
    """The tissue masks as a case gets them: the network's compartments under the HU windows."""
    coarse = engine.segment("tissue_types", volume)
    return from_bundled(volume, coarse, anatomy).label_map.data


def _score_real_tissue(
    engine: Engine, folder: Path, case: tuple[Volume, Segmentation], scores: Scores
) -> None:
    """Tissue masks exist for a part of the real CT; the whole CT is segmented, the part scored."""
    volume, anatomy = case
    small = nib.load(folder / "example_ct_sm.nii.gz")
    # The set's part kept the whole image's affine; its slices are found by their values.
    values, slices = np.asanyarray(small.dataobj), small.shape[2]
    starts = range(volume.shape[2] - slices + 1)
    start = next((k for k in starts if (volume.data[..., k : k + slices] == values).all()), None)
    if start is None:
        msg = "the part of the real CT does not lie within it"
        raise ValueError(msg)
    part = (slice(None), slice(None), slice(start, start + slices))
    wanted = np.zeros(small.shape, np.uint8)
    for n, name in TISSUE.items():
        mask = nib.load(folder / "example_seg_tissue_types" / f"{name}.nii.gz")
        wanted[np.asanyarray(mask.dataobj) > 0] = n
    found = np.ascontiguousarray(published_tissue(engine, volume, anatomy)[part])
    scores.tissue.add(found, wanted, TISSUE_KEPT, volume)


def score_heldout(engine: Engine, folder: Path, count: int, phantoms: Scores, maps: Scores) -> None:
    """Score the first `count` of each kind that heldout.py made."""
    for kind, score, scores in (
        ("trunk", score_trunk, phantoms),
        ("map", score_trunk, maps),
        ("head", score_head, phantoms),
        ("mr", score_mr, phantoms),
    ):
        for path in sorted(folder.glob(f"{kind}-*.npz"))[:count]:
            score(engine, path, scores)
            print(path.stem, flush=True)


def main() -> None:
    """Evaluate from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--heldout", type=Path, help="folder made by heldout.py")
    parser.add_argument("--real", type=Path, help="unpacked set ct_totalsegmentator_example")
    parser.add_argument("--chest", type=Path, help="unpacked set ct_chest_lidc_0001")
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--count", type=int, default=20, help="phantoms of each kind")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--backend", default="auto")
    options = parser.parse_args()
    # The weights asked for come first in the search order; all tasks are bundled ones.
    engine = Engine(WeightsStore(options.weights), backend=options.backend, threads=options.threads)
    phantoms, maps = Scores(), Scores()
    patients: dict[str, Scores] = {}
    if options.real is not None:
        score_real(engine, options.real, patients.setdefault("real CT", Scores()))
    if options.chest is not None:
        image, labels = (options.chest / name for name in ("ct.nii.gz", "labels_total_v2.nii.gz"))
        score_labelled(engine, image, labels, patients.setdefault("real chest", Scores()))
    for name, scores in patients.items():
        print(name, json.dumps(scores.summary()), flush=True)
    if options.heldout is not None:
        score_heldout(engine, options.heldout, options.count, phantoms, maps)
    unseen = phantoms.sure + [one for scores in patients.values() for one in scores.sure]
    text = table(phantoms, maps, patients) + "\nCT:\n\n" + trade_off(unseen + maps.sure)
    text += "\nCT, without label maps:\n\n" + reliability(unseen)
    if phantoms.sure_mr:
        text += "\nMR:\n\n" + trade_off(phantoms.sure_mr)
    print(text)
    if options.markdown is not None:
        options.markdown.write_text(text, encoding="utf-8")
    if options.json is not None:
        sets = {"phantoms": phantoms, "label maps": maps, **patients}
        figures = {name: scores.summary() for name, scores in sets.items() if scores.total.dice}
        options.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
