"""``L3_overlay.png``: muscle and fat on the slice the sarcopenia figures were taken from.

Coloured are the very pixels that were measured (compartment, attenuation window, arms taken
off), on the slice ``slice_L3``; a small sagittal picture shows where in the spine it lies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heimdallr.analyses.anatomy.axial_tissue import (
    INTERMUSCULAR_WINDOW,
    MUSCLE_WINDOW,
    SUBCUTANEOUS_WINDOW,
    TASK,
    TISSUES,
    VISCERAL_WINDOW,
    axial_tissue,
)
from heimdallr.analyses.sarcopenia_l3 import HU_MEAN, HU_STD, L3, LEVEL, SLICE, SMA, SMI
from heimdallr.analyses.tissue_composition import AREA
from heimdallr.domain.measurement import Status
from heimdallr.publishing.overlays.canvas import LETTER, MUTED, Canvas
from heimdallr.publishing.overlays.picture import SOFT_TISSUE, Picture, Window
from heimdallr.publishing.overlays.plane import on_slice, sample_image, sample_labels, slice_plane
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
from heimdallr.publishing.palette import colour, display_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement
    from heimdallr.publishing.overlays.canvas import Box

FILE_NAME = "L3_overlay.png"
SIZE = (1640, 1120)
COLUMN = 452
LOCATOR_HEIGHT = 400
LOCATOR_WINDOW = Window(level=150, width=900)
"""Wide, so that vertebrae and what surrounds them are seen; chosen by eye."""
FIELD_MARGIN_MM = 12.0
"""Air shown around the body; chosen by eye."""


def draw(
    case: Case, measurements: Mapping[str, Measurement], notices: Sequence[str]
) -> dict[str, Canvas]:
    """The sheet; nothing when no L3 slice was measured or no tissue was segmented.

    Args:
        case: the case.
        measurements: its measurements by name.
        notices: what every reader has to be told.
    """
    level = measurements.get(SLICE.name)
    if level is None or level.status is not Status.MEASURED or TASK not in case.segmentations:
        return {}
    k = int(str(level.value))
    facts = [f"slice {k} of 0–{case.image.shape[2] - 1}", *series_facts(case)]
    facts.append(window_fact(case, SOFT_TISSUE))
    facts.append(f"{LEVEL} counted from: {', '.join(case.levels.rests_on).replace('_', ' ')}")
    if odd := case.levels.differs_from:
        facts.append(f"one level out of its usual place: {', '.join(odd).replace('_', ' ')}")
    canvas = new_sheet(SIZE, "Body composition at L3", facts, notices)
    bottom = SIZE[1] - FOOTER - 20
    column = SIZE[0] - MARGIN - COLUMN
    _slice(canvas, (MARGIN, HEADER + 8, column - 28, bottom), case, k)
    _locator(canvas, (column, HEADER + 8, SIZE[0] - MARGIN, HEADER + 8 + LOCATOR_HEIGHT), case, k)
    _figures(canvas, (column, HEADER + LOCATOR_HEIGHT + 54), measurements)
    return {FILE_NAME: canvas}


def redraw_figures(path: Path, measurements: Mapping[str, Measurement]) -> Canvas:
    """A sheet that was saved, with other figures beside the same pictures.

    Raises:
        OSError: it cannot be read.
    """
    canvas = Canvas.opened(path)
    left, top = SIZE[0] - MARGIN - COLUMN, HEADER + 8 + LOCATOR_HEIGHT
    canvas.clear((left, top, SIZE[0], SIZE[1] - FOOTER - 1))
    _figures(canvas, (left, HEADER + LOCATOR_HEIGHT + 54), measurements)
    return canvas


def _slice(canvas: Canvas, frame: Box, case: Case, k: int) -> None:
    tissues = axial_tissue(case, k)
    whole = slice_plane(case.image, "axial", k)
    body = sum(tissues.pixels(name).astype(np.uint8) for name in TISSUES)
    shown = sample_labels(on_slice(np.asarray(body) > 0, case.image, k), whole) > 0
    plane = whole.around(shown, FIELD_MARGIN_MM)
    values = sample_image(case.image, plane, outside=background_value(case))
    size = (frame[2] - frame[0], frame[3] - frame[1])
    picture = Picture(SOFT_TISSUE.grey(values), plane, size)
    for tissue in ("subcutaneous_fat", "visceral_fat", "intermuscular_fat", "skeletal_muscle"):
        mask = sample_labels(on_slice(tissues.pixels(tissue), case.image, k), plane) > 0
        picture.paint(mask, colour(tissue), fill=0.48, line=1.2)
    canvas.picture(picture, frame)


def _locator(canvas: Canvas, frame: Box, case: Case, k: int) -> None:
    """A sagittal slice through L3 with the level drawn in."""
    middle = case.statistics[L3].centroid_ijk
    plane = slice_plane(case.image, "sagittal", round(middle[0]))
    values = sample_image(case.image, plane, outside=background_value(case))
    picture = Picture(
        LOCATOR_WINDOW.grey(values), plane, (frame[2] - frame[0], frame[3] - frame[1])
    )
    labels = sample_labels(case.anatomy, plane)
    if (mask := labels == case.anatomy.number(L3)).any():
        picture.paint(mask, LETTER, fill=0.35, line=1.5)
    left, top, _, _ = canvas.picture(picture, frame)
    ends = [
        picture.position_of(case.image.voxel_to_world((middle[0], j, k)))
        for j in (0, case.image.shape[1] - 1)
    ]
    canvas.line([(left + x, top + y) for x, y in ends], LETTER, 2)
    x, y = max(ends)
    canvas.text((left + x - 10, top + y - 10), LEVEL, 22, LETTER, anchor="right", halo=True)


def _figures(
    canvas: Canvas, position: tuple[int, int], measurements: Mapping[str, Measurement]
) -> None:
    x, y = position
    for name, value, spread in (
        ("Skeletal muscle area", SMA, None),
        ("Muscle attenuation", HU_MEAN, HU_STD),
        ("Skeletal muscle index", SMI, None),
    ):
        pair = (measurements.get(value.name), measurements.get(spread.name) if spread else None)
        y = figure(canvas, (x, y), name, pair, COLUMN)
    canvas.rule(x, x + COLUMN, y - 22)
    windows = {
        "skeletal_muscle": MUSCLE_WINDOW,
        "intermuscular_fat": INTERMUSCULAR_WINDOW,
        "visceral_fat": VISCERAL_WINDOW,
        "subcutaneous_fat": SUBCUTANEOUS_WINDOW,
    }
    areas = [
        (
            colour(tissue),
            display_name(tissue),
            value_text(measurements.get(AREA.of(tissue=tissue, level=LEVEL).name)),
        )
        for tissue in windows
    ]
    y = canvas.legend((x, y + 14), areas, COLUMN)
    low, high = MUSCLE_WINDOW.low_hu, MUSCLE_WINDOW.high_hu
    canvas.text((x, y + 4), f"Muscle {low} to {high} HU; arms left out", 18, MUTED)
