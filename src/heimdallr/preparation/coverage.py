"""What of a series a volume does not show: gaps between its slices, and images beyond its ends.

A reader takes a volume for all there is. So whatever was not measured is said, with images and
millimetres, and where in the patient it lies, for the analyses that look for something there.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from heimdallr.domain.statements import Statement
from heimdallr.domain.study import Unseen
from heimdallr.imaging.patient_axes import LPS_RAS
from heimdallr.imaging.statistics import FACES
from heimdallr.preparation.geometry import MISSING_SLICE, gaps_between, slice_normal
from heimdallr.preparation.image_planes import positions_mm

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from heimdallr.preparation.geometry import Floats, Gap
    from heimdallr.preparation.image_planes import Image


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is missing in a volume.

    Attributes:
        unseen: parts of the patient that it does not show.
        notices: the same, and what was interpolated, in words.
    """

    unseen: tuple[Unseen, ...] = ()
    notices: tuple[Statement, ...] = ()


def coverage_of(
    stack: Sequence[Image], parallel: Sequence[Image], numbers: Collection[int] = ()
) -> Coverage:
    """Compare a stack with the other images of its series.

    Args:
        stack: at least two images in order along their normal.
        parallel: images of the series that are parallel to them, whatever else tells them apart.
        numbers: InstanceNumbers of all images of the series; empty: they tell nothing.
    """
    normal = slice_normal(stack[0].frame.orientation or ())
    depths = np.asarray(positions_mm(stack)) @ normal
    thickness = [image.frame.slice_thickness for image in stack]
    lacking = _lacking(stack, numbers)
    usual = int(np.median(lacking)) if lacking else 0
    gaps = gaps_between(depths, thickness, [] if usual else lacking)
    others = np.asarray(positions_mm(parallel)).reshape(-1, 3) @ normal
    thick = max((image.frame.slice_thickness or 0.0 for image in parallel), default=0.0)
    spacing = float(np.median(np.diff(depths)))
    missing = [gap for gap in gaps if gap.missing > 1 and gap.low_mm < gap.high_mm]
    single = sum(gap.missing for gap in gaps if gap not in missing)
    beyond = list(_beyond(depths, others, spacing, MISSING_SLICE * max(spacing, thick)))
    normal_ras = _ras(normal)
    notices = [_said_missing(missing)] if missing else []
    if usual == 1:  # every second number; a larger step is a way to number images
        notices.append(Statement("numbers_left_out", {"images": sum(lacking)}))
    if single:
        notices.append(Statement("slices_interpolated", {"images": single}))
    notices += [part.said(normal_ras) for part in beyond]
    unseen = [Unseen(normal_ras, *gap) for gap in missing]
    unseen += [Unseen(normal_ras, *part.between_mm, part.images + part.missing) for part in beyond]
    return Coverage(tuple(unseen), tuple(notices))


def _lacking(stack: Sequence[Image], numbers: Collection[int]) -> list[int]:
    """How many numbers are missing between neighbours; empty where they do not follow the stack."""
    own = [image.instance.instance_number or 0 for image in stack]
    if not numbers or not all(own) or own not in (sorted(set(own)), sorted(set(own))[::-1]):
        return []
    return [
        sum(number not in numbers for number in range(min(two) + 1, max(two)))
        for two in pairwise(own)
    ]


def _said_missing(gaps: Sequence[Gap]) -> Statement:
    return Statement(
        "slices_missing",
        {
            "images": sum(gap.missing for gap in gaps),
            "length_mm": sum(gap.high_mm - gap.low_mm for gap in gaps),
            "gaps": len(gaps),
        },
    )


@dataclass(frozen=True, slots=True)
class _Beyond:
    """Images of the series beyond one end of the volume.

    Attributes:
        between_mm: from the end of the volume to the farthest of them, along the normal.
        images: how many there are.
        gap_mm: how far from the volume they begin.
        missing: slices that have room in that gap.
        is_high: whether they lie beyond the end to which the normal points.
    """

    between_mm: tuple[float, float]
    images: int
    gap_mm: float
    missing: int
    is_high: bool

    def said(self, normal_ras: tuple[float, float, float]) -> Statement:
        """In words."""
        low_mm, high_mm = self.between_mm
        edge = _edge(normal_ras, is_high=self.is_high)
        length_mm = high_mm - low_mm - self.gap_mm
        if not self.missing:
            return Statement(
                "images_beyond", {"images": self.images, "length_mm": length_mm, "edge": edge}
            )
        return Statement(
            "images_beyond_gap",
            {
                "images": self.images,
                "length_mm": length_mm,
                "edge": edge,
                "gap_mm": self.gap_mm,
                "missing": self.missing,
            },
        )


def _beyond(
    depths: Floats, others: Floats, spacing_mm: float, margin_mm: float
) -> Iterator[_Beyond]:
    """What lies beyond the lower and the upper end; slices that merely reach farther do not."""
    for sign in (-1, 1):
        end = float((sign * depths).max())
        outside = np.unique((sign * others)[sign * others > end + spacing_mm / 2].round(2))
        if not outside.size or outside[-1] <= end + margin_mm:
            continue
        gap_mm = max(float(outside[0]) - end - spacing_mm, 0.0)
        missing = round(gap_mm / spacing_mm)
        near, far = end + spacing_mm / 2, float(outside[-1]) + spacing_mm / 2
        between = (near, far) if sign > 0 else (-far, -near)
        images = int(np.count_nonzero(sign * others > end + spacing_mm / 2))
        yield _Beyond(between, images, gap_mm if missing else 0.0, missing, sign > 0)


def _ras(normal_lps: Floats) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in normal_lps @ LPS_RAS)
    return x, y, z


def _edge(normal_ras: tuple[float, float, float], *, is_high: bool) -> str:
    """The edge of a volume that a direction along its normal leads to."""
    axis = int(np.argmax(np.abs(normal_ras)))
    return FACES[axis][int((normal_ras[axis] > 0) == is_high)]
