"""Two passes of a CT whose slices lie between one another, told apart by what they show.

Where no header tells two passes apart, the images may: after contrast agent was given, every second
slice is brighter than the two beside it, and a volume of all shows neither. Noise and anatomy have
no such rhythm.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from heimdallr.domain.statements import Statement
from heimdallr.preparation import converter
from heimdallr.preparation.agreement import decoded
from heimdallr.preparation.geometry import stack_geometry

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from heimdallr.preparation.stacks import SeriesCandidate

SLICES = 12
"""Slices from the middle that are looked at: ten have two neighbours. Chosen: a coin falls on the
same side ten times once in a thousand."""

SOFT_TISSUE_HU = (-50.0, 200.0)
"""Attenuation of what takes up contrast agent, without and with it; fat, lung and bone left out."""

RHYTHM_HU = 3.0
"""How much brighter every second slice has to be.

Chosen, not measured: the mean of some ten thousand pixels varies by tenths of a HU from noise, and
muscle alone takes up 10 HU. Half of it could be a detector row; twice it could pass a late phase.
"""

OVERLAP = 0.75
"""Slices nearer to one another than this share of their thickness may be those of two passes."""


def may_alternate(candidate: SeriesCandidate) -> bool:
    """Whether headers allow for two passes: the slices of a CT overlap, or lie unevenly."""
    series, geometry = candidate.series, candidate.geometry
    if series.modality != "CT" or geometry is None or len(candidate.frames) < SLICES:
        return False
    thickness, spacing = series.slice_thickness_mm, geometry.spacing_mm
    return geometry.uneven or not thickness or (spacing or 0.0) <= OVERLAP * thickness


def alternates(
    candidate: SeriesCandidate, folder: Path, *, timeout_s: float = converter.TIMEOUT_S
) -> bool:
    """Whether every second slice of a stack is brighter than those beside it.

    Args:
        candidate: a stack of CT images.
        folder: to be made where needed, for decoded copies.
        timeout_s: wall-clock limit of the process that decodes.

    Raises:
        ConversionError: an image cannot be decoded.
    """
    first = (len(candidate.frames) - SLICES) // 2
    frames = candidate.frames[first : first + SLICES]
    images = decoded(candidate, frames, folder, timeout_s)
    steps = [_step_hu(*three) for three in zip(images, images[1:], images[2:], strict=False)]
    rhythm = np.array([step * (-1) ** n for n, step in enumerate(steps)])
    rhythm = rhythm[np.isfinite(rhythm)]
    if rhythm.size < SLICES // 2:
        return False
    same_side = max(np.count_nonzero(rhythm > 0), np.count_nonzero(rhythm < 0))
    return bool(same_side >= rhythm.size - 1 and abs(np.median(rhythm)) >= RHYTHM_HU)


def halves(candidate: SeriesCandidate) -> tuple[SeriesCandidate, SeriesCandidate]:
    """The two passes of a stack whose slices alternate."""
    first, second = (_half(candidate, number) for number in (1, 2))
    return first, second


def _step_hu(
    before: npt.NDArray[np.float64], here: npt.NDArray[np.float64], after: npt.NDArray[np.float64]
) -> float:
    """How much brighter soft tissue is in a slice than in its neighbours; NaN without any."""
    low, high = SOFT_TISSUE_HU
    soft = np.all([(image > low) & (image < high) for image in (before, here, after)], axis=0)
    if not soft.any():
        return float("nan")
    return float((here[soft] - (before[soft] + after[soft]) / 2).mean())


def _half(candidate: SeriesCandidate, number: int) -> SeriesCandidate:
    frames = candidate.frames[number - 1 :: 2]
    positions = [frame.position for frame in frames if frame.position is not None]
    geometry = stack_geometry(positions, frames[0].orientation or ())
    part, parts = candidate.part
    said = Statement(
        "one_pass",
        {
            "number": number,
            "passes": 2,
            "images": len(candidate.frames) - len(frames),
            "attribute": "PixelData",
        },
    )
    series = replace(
        candidate.series,
        instances=len(frames),
        spacing_mm=geometry.spacing_mm,
        coverage_mm=geometry.coverage_mm,
    )
    return replace(
        candidate,
        series=series,
        key=f"{candidate.key}.{number}",
        geometry=geometry,
        frames=frames,
        part=(part + number - 1, parts + 1),
        notices=(*candidate.notices, said),
    )
