"""Other tools' pixels on the case's voxels.

A structure becomes what was drawn, as a whole. Where a pixel says what the case's own mask says
there, its voxels stay as they are, so that a file that was drawn on coarser or tilted planes
changes nothing where nobody drew; up to one pixel around a change, each voxel follows the pixel it
belongs to. What was drawn wins over other structures; voxels it leaves belong to none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from heimdallr.corrections.proposals.plane_stack import Box
from heimdallr.domain.errors import CorrectionError
from heimdallr.domain.statements import Statement
from heimdallr.imaging.morphology import box_of, label_boxes
from heimdallr.publishing.dicom.segmentation_reader import LARGEST_PIXELS

if TYPE_CHECKING:
    from heimdallr.corrections.proposals.drawn import Drawn
    from heimdallr.corrections.proposals.plane_stack import PlaneStack
    from heimdallr.imaging.volume import LabelMap

Bools = npt.NDArray[np.bool_]
Labels = npt.NDArray[Any]

_AROUND = np.ones((3, 3, 3), dtype=bool)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one drawn structure.

    Attributes:
        empty: it had no pixel; the case's own stays as it is.
        outside: none of its pixels lies in the volume; likewise.
        one_plane: it was drawn on one plane alone, and was taken for that plane alone.
    """

    empty: bool = False
    outside: bool = False
    one_plane: bool = False


class Canvas:
    """A label map of a case, on which drawn structures take their place.

    Args:
        label_map: (I, J, K) labels, RAS+; left as they are.
    """

    def __init__(self, label_map: LabelMap) -> None:
        self.before: Labels = np.asarray(label_map.data)
        self._affine = np.asarray(label_map.affine, dtype=np.float64)
        self._boxes = _boxes(self.before)
        self._sampled: tuple[PlaneStack, Labels, dict[int, Box]] | None = None
        self._cleared: list[tuple[Box, Bools]] = []
        self._painted: list[tuple[Box, Bools, int]] = []

    def draw(self, label: int, drawn: Drawn) -> Outcome:
        """Let a structure become what was drawn.

        Args:
            label: of the structure.
            drawn: its pixels.

        Raises:
            CorrectionError: its pixels cannot be read, or are too many.
        """
        if math.prod(drawn.stack.shape) > LARGEST_PIXELS:  # asked before they take memory
            raise CorrectionError(Statement("proposal_too_large"))
        planes, masks = drawn.pixels()
        held = np.flatnonzero(masks.any(axis=(1, 2)))
        if not held.size:
            return Outcome(empty=True)
        box, was, now = self._compared(label, drawn, planes[held], masks[held])
        here = np.zeros(was.shape, dtype=bool)
        here[planes[held] - box.low[0]] = True
        one_plane = (
            drawn.leaves_out
            and len(held) == 1
            and (bool((was & ~here).any()) or self._lies_between(label, drawn))
        )
        if one_plane:
            now = np.where(here, now, was)
        only = int(planes[held[0]]) if one_plane else None
        fits = self._follow(label, drawn, box, was ^ now, now, only)
        return Outcome(outside=not fits, one_plane=one_plane and fits)

    def finish(self) -> Labels:
        """(I, J, K) the label map with everything that was drawn in it."""
        after = np.array(self.before, order="F")
        for box, cleared in self._cleared:
            after[box.slices][cleared] = 0
        for box, painted, label in self._painted:
            after[box.slices][painted] = label
        return after

    def _compared(
        self, label: int, drawn: Drawn, planes: npt.NDArray[np.intp], masks: Bools
    ) -> tuple[Box, Bools, Bools]:
        """A box of pixels around both, the case's own structure in it, and what was drawn."""
        sampled, boxes = self._on(drawn.stack)
        rows, columns = (np.flatnonzero(masks.any(axis=axes)) for axes in ((0, 2), (0, 1)))
        low = (int(planes.min()), int(rows[0]), int(columns[0]))
        high = (int(planes.max()) + 1, int(rows[-1]) + 1, int(columns[-1]) + 1)
        box = Box(low, high).joined(boxes.get(label)).grown(1, drawn.stack.shape)
        now = np.zeros(box.shape, dtype=bool)
        for plane, mask in zip(planes - box.low[0], masks, strict=True):
            now[plane] |= mask[box.slices[1:]]
        return box, sampled[box.slices] == label, now

    def _lies_between(self, label: int, drawn: Drawn) -> bool:
        """Whether the case has voxels of a structure that none of the planes reaches."""
        own = self._boxes.get(label)
        if own is None or drawn.keeps_beyond:
            return False
        present = self.before[own.slices] == label
        return any(
            bool((present[:, :, k - own.low[2]] & ~pixels.reached).any())
            for k, pixels in drawn.stack.pixels_of(self._affine, own)
        )

    def _follow(  # noqa: PLR0917 - which structure, where, and what is drawn there
        self,
        label: int,
        drawn: Drawn,
        box: Box,
        changed: Bools,
        now: Bools,
        only: int | None,
    ) -> bool:
        """Voxels follow the pixels around a change; whether the structure has any then.

        Those that do not lie on the plane ``only`` are left alone where that is told.
        """
        own = None if drawn.keeps_beyond else self._boxes.get(label)
        voxels, near = own, np.zeros(changed.shape, dtype=bool)
        if (around_change := box_of(changed)) is not None:
            some = Box.of(around_change).grown(1, changed.shape)
            near[some.slices] = ndimage.binary_dilation(changed[some.slices], _AROUND)
            shape = self.before.shape
            around = drawn.stack.voxels_around(
                some.moved(box.low), self._affine, (shape[0], shape[1], shape[2])
            )
            if around is None and only is not None and own is not None:
                return False
            voxels = around.joined(own) if around is not None else own
        if voxels is None:
            return label in self._boxes
        present = self.before[voxels.slices] == label
        wanted = present.copy()
        for k, pixels in drawn.stack.pixels_of(self._affine, voxels):
            plane = wanted[:, :, k - voxels.low[2]]
            index, known = pixels.within(box)
            asked = np.True_ if only is None else pixels.reached & (pixels.plane == only)
            np.copyto(plane, now[index], where=near[index] & known & asked)
            if not drawn.keeps_beyond:
                plane &= pixels.inside | ~asked
        if not wanted.any() and not self._reaches_beyond(label, voxels):
            return False
        self._cleared.append((voxels, present & ~wanted))
        self._painted.append((voxels, wanted & ~present, label))
        return True

    def _reaches_beyond(self, label: int, box: Box) -> bool:
        own = self._boxes.get(label)
        return own is not None and own.joined(box) != box

    def _on(self, stack: PlaneStack) -> tuple[Labels, dict[int, Box]]:
        """The label map on the planes of a stack; of the last one it is kept."""
        if self._sampled is None or self._sampled[0] is not stack:
            sampled = stack.sample(self.before, self._affine)
            self._sampled = (stack, sampled, _boxes(sampled))
        return self._sampled[1:]


def _boxes(labels: Labels) -> dict[int, Box]:
    """Label → the box around it."""
    return {label: Box.of(slices) for label, slices in label_boxes(labels).items()}
