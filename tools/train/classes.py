"""Which classes the bundled networks learn, and how they sit in the official numbering.

The numbers and names are TotalSegmentator's own (`totalsegmentator.map_to_binary.class_map`).
A class that synthetic anatomy cannot teach is background in training; at export its channel is
switched off, so the label numbers of the file stay the official ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from totalsegmentator.map_to_binary import class_map

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy import typing as npt

TOTAL: dict[int, str] = class_map["total"]
TOTAL_MR: dict[int, str] = class_map["total_mr"]
TISSUE: dict[int, str] = class_map["tissue_types"]
BLEED: dict[int, str] = class_map["cerebral_bleed"]

# Cysts, single ribs, costal cartilage and the branches of the aortic arch: at 6 mm they are a
# voxel wide or cannot be told apart.
_TOTAL_LEFT_OUT = {23, 24, *range(54, 62), *range(92, 116), 117}
TOTAL_KEPT: tuple[int, ...] = tuple(n for n in sorted(TOTAL) if n not in _TOTAL_LEFT_OUT)
TISSUE_KEPT: tuple[int, ...] = (1, 2, 3)
IGNORE = 127
"""Label of voxels of which nobody knows what they are: they take no part in the loss."""

# total number -> total_mr number, lobes and vertebrae merged as total_mr has them
_MR_NUMBER = {name: number for number, name in TOTAL_MR.items()}


def _total_to_mr(name: str) -> int:
    """Number in `total_mr` of a class of `total`; 0 where it has none."""
    if name.startswith("lung_"):
        return _MR_NUMBER["lung_left" if name.endswith("left") else "lung_right"]
    if name.startswith("vertebrae_"):
        # S1 is the upper part of the sacrum in the MR labels
        return _MR_NUMBER["sacrum" if name == "vertebrae_S1" else "vertebrae"]
    return _MR_NUMBER.get(name, 0)


TOTAL_TO_MR: npt.NDArray[np.uint8] = np.zeros(256, np.uint8)
for _number, _name in TOTAL.items():
    TOTAL_TO_MR[_number] = _total_to_mr(_name)
MR_DISC = _MR_NUMBER["intervertebral_discs"]
MR_KEPT: tuple[int, ...] = tuple(sorted({*np.unique(TOTAL_TO_MR[list(TOTAL_KEPT)]), MR_DISC} - {0}))


def compact_lut(kept: Iterable[int]) -> npt.NDArray[np.uint8]:
    """Look-up table from official numbers to 0…n as trained (a class left out becomes 0).

    Args:
        kept: Official numbers in the order of the trained channels (channel 1 first).

    Returns:
        `(256,)` uint8; `IGNORE` stays what it is.
    """
    lut = np.zeros(256, np.uint8)
    lut[IGNORE] = IGNORE
    for channel, number in enumerate(kept, start=1):
        lut[number] = channel
    return lut
