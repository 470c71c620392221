"""Empty the slices of a volume that no image shows.

A converter fills a gap between slices by interpolation: anatomy nobody has seen, for analyses to
measure and for readers to look at. It is replaced by the lowest value of the volume.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np

from heimdallr.imaging.slabs import gaps_in

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from heimdallr.domain.study import Unseen


def blank(volume: Path, unseen: Iterable[Unseen]) -> None:
    """Empty what lies between the slices of a volume.

    Args:
        volume: an uncompressed NIfTI file, changed in place.
        unseen: parts of the patient that no image of it shows.
    """
    image = nib.load(volume)
    gaps = gaps_in(image.shape, np.asarray(image.affine, dtype=np.float64), unseen)
    if not gaps:
        return
    proxy = image.dataobj
    stored = np.memmap(volume, proxy.dtype, "r+", proxy.offset, proxy.shape, order="F")
    lowest = stored.min()
    for gap in gaps:
        stored[gap.index] = lowest
    stored.flush()
