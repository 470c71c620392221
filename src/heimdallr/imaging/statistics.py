"""Volume, attenuation and extent of every structure of a label map, in one pass over the voxels.

The voxels are walked once, slab by slab: each slab adds to one joint histogram of
(label, value), from which count, mean, standard deviation, extremes and *exact* median of every
structure follow, and to the per-axis label profiles, from which centroid and bounding box follow.
The cost does not depend on how many structures there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heimdallr.imaging.volume import Array, LabelMap, Volume
