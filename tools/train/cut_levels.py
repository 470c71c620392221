"""Vertebral levels of trunks that are cut at every height: right, refused, or silently wrong.

    python tools/train/cut_levels.py --weights DIR --heldout DIR

Each held-out phantom in turn is cut at a vertebra from T4 to S1, as lower edge (wholly above it, or
30 cm above it) and as upper edge (with the sacrum, or down to L5). The bundled networks name the
vertebrae, the level check judges the names, and the phantom's truth tells whether they are right.
The last of what is printed of each are the weak anchors that agree.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from heimdallr.analyses.case import Case
from heimdallr.analyses.vertebral_levels import LEVELS, structure_of
from heimdallr.domain.study import Patient, Series
from heimdallr.imaging.volume import Volume
from heimdallr.segmentation.engine import Engine
from heimdallr.segmentation.networks.weights import WeightsStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CUT_AT = (*LEVELS[LEVELS.index("T4") :], "S1")
SHORT_MM = 300.0
BODY_MM = 15.0
"""A vertebra's centre is so far from the edges of an image that has most of it."""


def cuts(heights_mm: Mapping[str, float], level: str) -> Iterator[tuple[str, float, float]]:
    """Name, lower and upper edge (RAS z, mm) of the four images cut at a level."""
    at = heights_mm.get(level, heights_mm["L5"] - 30.0)
    above_sacrum = heights_mm["L5"] - 15.0
    yield "upwards from", at, np.inf
    yield "30 cm from", at, at + SHORT_MM
    yield "up to", -np.inf, at
    yield "without sacrum, up to", above_sacrum, at


def has_anchor(heights_mm: Mapping[str, float], low: float, high: float) -> bool:
    """Whether the sacrum, last ribs and L1 below, or first ribs and C7 above are in view."""
    last = low < heights_mm["L1"] - BODY_MM and heights_mm["T12"] < high
    first = heights_mm["C7"] + BODY_MM < high and low < heights_mm["T3"]
    sacrum = low < heights_mm["L5"] - 3 * BODY_MM and heights_mm["L5"] + BODY_MM < high
    return last or first or sacrum


def main() -> None:
    """Print one line per cut and the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--heldout", type=Path, required=True)
    options = parser.parse_args()
    engine = Engine(WeightsStore(options.weights))
    trunks = sorted(options.heldout.glob("trunk-*.npz"))
    counts = dict.fromkeys(("right", "refused with an anchor", "refused without", "WRONG"), 0)
    for n, level in enumerate(CUT_AT):
        with np.load(trunks[n % len(trunks)]) as stored:
            case = dict(stored)
        heights = dict(
            zip(map(str, case["vertebrae"]), case["vertebra_centres_mm"][:, 2], strict=True)
        )
        z = case["affine"][2, 3] + np.arange(case["hu"].shape[2]) * case["affine"][2, 2]
        for name, low, high in cuts(heights, level):
            inside = np.flatnonzero((z >= low) & (z <= high))
            if len(inside) * case["affine"][2, 2] < 2 * BODY_MM:
                continue
            affine = case["affine"].copy()
            affine[2, 3] = z[inside[0]]
            volume = Volume(np.ascontiguousarray(case["hu"][:, :, inside]), affine)
            outcome, said = judge(engine, volume, heights)
            if outcome == "refused":
                anchored = has_anchor(heights, z[inside[0]], z[inside[-1]])
                outcome = "refused with an anchor" if anchored else "refused without"
            counts[outcome] += 1
            print(f"{trunks[n % len(trunks)].stem} {name} {level}: {outcome} ({said})", flush=True)
    print(counts)


def judge(engine: Engine, volume: Volume, heights_mm: Mapping[str, float]) -> tuple[str, str]:
    """Outcome of one image, and what the level check said of it."""
    found = {"total": engine.segment("total_fast", volume)}
    case = Case("CT", volume, Patient(), Series("", "CT"), found)
    check = case.levels
    if check.problem is not None:
        return "refused", check.problem.text
    for level in check.levels:
        i, j, k = case.statistics[structure_of(level)].centroid_ijk
        z_mm = float((volume.affine @ [i, j, k, 1.0])[2])
        true = min(heights_mm, key=lambda name: abs(heights_mm[name] - z_mm))
        if true != level:
            return "WRONG", f"{true} is called {level}; {', '.join(check.rests_on)}"
    rests_on, agrees_with = map(", ".join, (check.rests_on, check.agrees_with))
    return "right", f"{check.levels[0]} to {check.levels[-1]}; {rests_on}; with {agrees_with}"


if __name__ == "__main__":
    main()
