"""Label numbers of the phantom's maps, taken from TotalSegmentator."""

from __future__ import annotations

from typing import Literal

import numpy as np
from totalsegmentator.map_to_binary import class_map

from heimdallr.phantom.materials import MATERIALS, Material

TOTAL: dict[str, int] = {name: number for number, name in class_map["total"].items()}
"""TotalSegmentator class name of task `total` to its number; 0 is background."""

TISSUE: dict[str, int] = {name: number for number, name in class_map["tissue_types"].items()}
"""Class name of task `tissue_types` to its number."""

SIDES: tuple[tuple[Literal["right", "left"], int], ...] = (("right", 1), ("left", -1))
"""Side name and the sign of its x axis (RAS: the patient's right is +x)."""

VERTEBRAE: tuple[str, ...] = (
    *(f"C{i}" for i in range(1, 8)),
    *(f"T{i}" for i in range(1, 13)),
    *(f"L{i}" for i in range(1, 6)),
)
"""Mobile vertebrae from head to foot."""

_TISSUE_OF_MATERIAL = {
    Material.SUBCUTANEOUS_FAT: "subcutaneous_fat",
    Material.VISCERAL_FAT: "torso_fat",
    Material.MUSCLE: "skeletal_muscle",
}

TISSUE_OF_MATERIAL = np.array(
    [TISSUE[_TISSUE_OF_MATERIAL[m]] if m in _TISSUE_OF_MATERIAL else 0 for m in MATERIALS],
    dtype=np.uint8,
)
"""Lookup table from `Phantom.material` to `Phantom.tissue`."""
