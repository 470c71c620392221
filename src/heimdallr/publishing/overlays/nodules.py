"""``nodules_overlay.png``: one axial tile per lung nodule in a lung window, both axes drawn.

A contact sheet: each nodule on the slice of its largest area, 60 mm around it, the callipers where
the analysis laid them. The tiles are numbered as the measurements are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heimdallr.analyses.declared_outputs import Absence
from heimdallr.analyses.lung_nodules import (
    COUNT,
    DENSITY,
    LABEL,
    LISTED,
    TASK,
    VOLUME,
    nodules_or_absence,
)
from heimdallr.publishing.overlays.canvas import INK, LETTER, MUTED
from heimdallr.publishing.overlays.picture import Picture, Window
from heimdallr.publishing.overlays.plane import Plane, sample_image, sample_labels, slice_plane
from heimdallr.publishing.overlays.sheet import (
    FOOTER,
    HEADER,
    MARGIN,
    background_value,
    new_sheet,
    series_facts,
    value_text,
    window_fact,
)
from heimdallr.publishing.palette import colour, display_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from heimdallr.analyses.anatomy.nodules import Nodule
    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement
    from heimdallr.publishing.overlays.canvas import Canvas
    from heimdallr.publishing.palette import RGB

FILE_NAME = "nodules_overlay.png"
COLUMNS, TILE, GAP, CAPTION = 5, 344, 20, 104
WIDTH = 2 * MARGIN + COLUMNS * TILE + (COLUMNS - 1) * GAP
LUNG = Window(level=-600, width=1500)
FIELD_MM, PIXEL_MM = 60.0, 0.25
"""Side of a tile: a nodule of 5 mm is an inch wide on it, a mass still fits."""
LONG: RGB = (255, 138, 0)
SHORT: RGB = (0, 140, 255)
CLAIM = "Marked by a network: others may be missed, and what is marked may be a vessel or a scar."


def draw(
    case: Case, measurements: Mapping[str, Measurement], notices: Sequence[str]
) -> dict[str, Canvas]:
    """The sheet; nothing where no nodule was measured.

    Args:
        case: the case.
        measurements: its measurements by name.
        notices: what every reader has to be told.
    """
    if TASK not in case.segmentations:
        return {}
    marked = nodules_or_absence(case)
    if isinstance(marked, Absence) or not marked.nodules:
        return {}
    shown = marked.nodules[:LISTED]
    rows = -(-len(shown) // COLUMNS)
    height = HEADER + 8 + rows * (TILE + CAPTION) + 36 + FOOTER
    facts = [
        f"{value_text(measurements.get(COUNT.name))} marked, {len(shown)} shown",
        *series_facts(case),
        window_fact(case, LUNG),
    ]
    canvas = new_sheet((WIDTH, height), "Lung nodules", facts, notices)
    for n, nodule in enumerate(shown):
        left = MARGIN + n % COLUMNS * (TILE + GAP)
        top = HEADER + 8 + n // COLUMNS * (TILE + CAPTION)
        _tile(canvas, (left, top, left + TILE, top + TILE), case, nodule)
        _caption(canvas, (left, top + TILE + 28), str(n + 1), nodule, measurements)
    canvas.text((MARGIN, height - FOOTER - 18), CLAIM, 19, LETTER)
    return {FILE_NAME: canvas}


def _tile(canvas: Canvas, frame: tuple[int, int, int, int], case: Case, nodule: Nodule) -> None:
    """The slice around a nodule, its outline and its axes."""
    plane = _around(case, nodule)
    values = sample_image(case.image, plane, outside=background_value(case))
    picture = Picture(LUNG.grey(values), plane, (TILE, TILE))
    nodules = case.segmentations[TASK].label_map
    mask = sample_labels(nodules, plane) == nodules.number(LABEL)
    picture.paint(mask, colour(LABEL), fill=0.0, line=1.2)
    left, top, _, _ = canvas.picture(picture, frame)
    origin = case.image.voxel_to_world((0, 0, 0))
    for ends, tone in ((nodule.axes.long_ends_mm, LONG), (nodule.axes.short_ends_mm, SHORT)):
        points = [picture.position_of(origin + end) for end in ends]
        canvas.line([(left + x, top + y) for x, y in points], tone, 2)


def _around(case: Case, nodule: Nodule) -> Plane:
    """A square of the nodule's slice with the nodule in its middle."""
    whole = slice_plane(case.image, "axial", nodule.slice_index)
    right = whole.right_mm / np.linalg.norm(whole.right_mm)
    down = whole.down_mm / np.linalg.norm(whole.down_mm)
    centre = case.image.voxel_to_world(nodule.centre_ijk)
    pixels = round(FIELD_MM / PIXEL_MM)
    origin = centre - (FIELD_MM - PIXEL_MM) / 2 * (right + down)
    return Plane(origin, PIXEL_MM * right, PIXEL_MM * down, pixels, pixels)


def _caption(
    canvas: Canvas,
    place: tuple[int, int],
    number: str,
    nodule: Nodule,
    measurements: Mapping[str, Measurement],
) -> None:
    x, y = place
    axes = nodule.axes
    size = "cut by the edge" if nodule.cuts else f"{axes.mean_mm:.1f} mm"
    used = canvas.text((x, y), number, 26, LETTER)
    canvas.text((x + used + 12, y), size, 26, INK)
    text = f"{axes.long_mm:.1f} × {axes.short_mm:.1f} mm"
    canvas.text((x + TILE, y), text, 19, MUTED, anchor="right")
    volume = value_text(measurements.get(VOLUME.of(n=number).name)).replace("mm3", "mm³")
    density = value_text(measurements.get(DENSITY.of(n=number).name))
    canvas.text((x, y + 28), f"{volume}  ·  {density}", 19, INK)
    canvas.text((x, y + 54), f"{display_name(nodule.lobe)}, slice {nodule.slice_index}", 19, MUTED)
