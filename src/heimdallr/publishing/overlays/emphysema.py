"""``emphysema_overlay.png``: where the lungs are as thin as destroyed lung, lobe by lobe.

The coronal slice that cuts the most of the lungs, untouched, and the same with every voxel below
-950 HU painted in the colour of its lobe, airways left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heimdallr.analyses.emphysema import LIMIT_HU, LOBES, LUNGS_LAA, LUNGS_PD15, lungs_of
from heimdallr.domain.measurement import Status
from heimdallr.imaging.volume import LabelMap
from heimdallr.publishing.overlays.canvas import MUTED
from heimdallr.publishing.overlays.picture import Picture, Window
from heimdallr.publishing.overlays.plane import sample_image, sample_labels, slice_plane
from heimdallr.publishing.overlays.sheet import (
    FOOTER,
    HEADER,
    MARGIN,
    background_value,
    figure,
    new_sheet,
    series_facts,
    value_text,
    window_fact,
)
from heimdallr.publishing.palette import display_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from heimdallr.analyses.case import Case
    from heimdallr.analyses.emphysema import Lungs
    from heimdallr.domain.measurement import Measurement
    from heimdallr.publishing.overlays.canvas import Canvas
    from heimdallr.publishing.overlays.plane import Plane
    from heimdallr.publishing.palette import RGB

FILE_NAME = "emphysema_overlay.png"
PANEL, COLUMN, GAP = 760, 420, 24
SIZE = (2 * MARGIN + 2 * PANEL + COLUMN + 2 * GAP + 8, HEADER + 8 + PANEL + 20 + FOOTER)
LUNG = Window(level=-600, width=1500)
"""Radiology's usual window of the lung."""
FIELD_MARGIN_MM = 12.0
LOBE_COLOURS: dict[str, RGB] = dict(
    zip(
        LOBES,
        ((240, 150, 60), (226, 84, 92), (90, 178, 232), (126, 206, 120), (186, 128, 232)),
        strict=True,
    )
)
"""Farther apart than the palette's, which has one blue for all; chosen by eye."""


def draw(
    case: Case, measurements: Mapping[str, Measurement], notices: Sequence[str]
) -> dict[str, Canvas]:
    """The sheet; nothing where emphysema was not measured.

    Args:
        case: the case.
        measurements: its measurements by name.
        notices: what every reader has to be told.
    """
    whole = measurements.get(LUNGS_LAA.name)
    if whole is None or whole.status is not Status.MEASURED:
        return {}
    index, plane = _coronal(case)
    values = sample_image(case.image, plane, outside=background_value(case))
    facts = [
        f"coronal slice {index} of 0–{case.image.shape[1] - 1}",
        *series_facts(case),
        window_fact(case, LUNG),
    ]
    canvas = new_sheet(SIZE, "Low attenuation areas of the lungs", facts, notices)
    labels = sample_labels(case.anatomy, plane)
    low = (values < LIMIT_HU) & (sample_labels(_airways(case, lungs_of(case)), plane) == 0)
    for n in range(2):
        picture = Picture(LUNG.grey(values), plane, (PANEL, PANEL))
        for lobe, colour in LOBE_COLOURS.items() if n else ():
            own = labels == case.anatomy.number(lobe)
            if own.any():
                picture.paint(own, colour, fill=0.0, line=1.0)
            if (own & low).any():
                picture.paint(own & low, colour, fill=0.75, line=0.0)
        left = MARGIN + n * (PANEL + GAP)
        canvas.picture(picture, (left, HEADER + 8, left + PANEL, HEADER + 8 + PANEL))
    _figures(canvas, measurements)
    return {FILE_NAME: canvas}


def _coronal(case: Case) -> tuple[int, Plane]:
    """The coronal slice with the most lung, and the part of it that shows the lungs."""
    found = [case.statistics[lobe] for lobe in LOBES]
    low = min(one.bbox_min_ijk[1] for one in found)
    high = max(one.bbox_max_ijk[1] for one in found)
    numbers = [case.anatomy.number(lobe) for lobe in LOBES]
    lungs = np.isin(case.anatomy.data[::4, low : high + 1, ::4], numbers)
    index = low + int(lungs.sum(axis=(0, 2)).argmax())
    whole = slice_plane(case.image, "coronal", index)
    shown = np.isin(sample_labels(case.anatomy, whole), numbers)
    return index, whole.around(shown, FIELD_MARGIN_MM)


def _airways(case: Case, lungs: Lungs) -> LabelMap:
    """Trachea and bronchi on their coarse grid, in their place."""
    affine = case.image.affine.copy()
    affine[:3, :3] = case.image.affine[:3, :3] * lungs.steps
    affine[:3, 3] = case.image.voxel_to_world([side.start for side in lungs.box])
    return LabelMap(lungs.airways.astype(np.uint8), affine, {1: "airways"})


def _figures(canvas: Canvas, measurements: Mapping[str, Measurement]) -> None:
    x, y = SIZE[0] - MARGIN - COLUMN, HEADER + 40
    for name, output in (("Below −950 HU, both lungs", LUNGS_LAA), ("PD15", LUNGS_PD15)):
        y = figure(canvas, (x, y), name, (measurements.get(output.name), None), COLUMN)
    canvas.rule(x, x + COLUMN, y - 22)
    entries = [
        (
            colour,
            display_name(lobe),
            value_text(measurements.get(f"{lobe}_laa950_percent")),
        )
        for lobe, colour in LOBE_COLOURS.items()
    ]
    y = canvas.legend((x, y + 14), entries, COLUMN)
    canvas.text((x, y + 4), "Airways left out; no category is given", 18, MUTED)
