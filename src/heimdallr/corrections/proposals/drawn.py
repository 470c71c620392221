"""A structure as another tool drew it: what it calls it, and its pixels on planes of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from heimdallr.publishing.dicom.segmentation_reader import SegmentCodes

if TYPE_CHECKING:
    from collections.abc import Callable

    from heimdallr.corrections.proposals.plane_stack import PlaneStack

Masks = npt.NDArray[np.bool_]

LONGEST_NAME = 64
"""Of a structure, as it is shown: what an LO may hold."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One structure of a file.

    Attributes:
        names: what the file calls it, the most telling first; empty ones left out.
        codes: what it says in codes.
        stack: the planes it may be on.
        pixels: gives, each time anew, the planes it is on (M,) and its pixels on them
            (M, rows, columns).
        leaves_out: planes that are not told are not known to be empty: objects leave out frames
            without a pixel, so that one frame alone may be all that was drawn on.
        keeps_beyond: voxels outside the stack were not seen by who drew, and stay as they are.
    """

    names: tuple[str, ...]
    stack: PlaneStack
    pixels: Callable[[], tuple[npt.NDArray[np.intp], Masks]]
    codes: SegmentCodes = field(default_factory=SegmentCodes)
    leaves_out: bool = False
    keeps_beyond: bool = False

    @property
    def name(self) -> str:
        """What it is called when it is spoken of, as one short line."""
        told = next(iter(self.names), "?")
        return " ".join(told.split())[:LONGEST_NAME] or "?"
