"""``kidney_stones_overlay.png``: every kidney stone from the front, and the largest from below.

Left, the brightest voxel of each line through the kidneys from front to back, as an abdominal film
shows them, with every stone numbered. Right, the axial slices of the four largest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.analyses.declared_outputs import Absence
from heimdallr.analyses.kidney_stones import KIDNEYS, Stone, stones_of
from heimdallr.domain.measurement import Status
from heimdallr.imaging.volume import Volume
from heimdallr.publishing.overlays.panel import CAPTION, Panel, picture_of, place_panel, ring
from heimdallr.publishing.overlays.picture import SOFT_TISSUE, Picture, Window
from heimdallr.publishing.overlays.plane import sample_image, sample_labels, slice_plane
from heimdallr.publishing.overlays.sheet import (
    FOOTER,
    HEADER,
    MARGIN,
    background_value,
    new_sheet,
    series_facts,
    window_fact,
)
from heimdallr.publishing.palette import colour

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement
    from heimdallr.publishing.overlays.canvas import Canvas

FILE_NAME = "kidney_stones_overlay.png"
FRONT, SIDE, GAP, SHOWN = 940, 446, 24, 4
SIZE = (MARGIN + FRONT + GAP + 2 * SIDE + GAP + MARGIN, HEADER + 8 + 2 * (SIDE + CAPTION) + FOOTER)
BRIGHTEST = Window(level=350, width=1100)
"""For the brightest voxels of a slab; chosen by eye: kidneys are seen, bone does not blind."""
FIELD_MM, AROUND_MM = 100.0, 30.0


def draw(
    case: Case, measurements: Mapping[str, Measurement], notices: Sequence[str]
) -> dict[str, Canvas]:
    """The sheet; nothing where no stone was counted.

    Args:
        case: the case.
        measurements: its measurements by name.
        notices: what every reader has to be told.
    """
    stones = _stones(case, measurements)
    if not stones:
        return {}
    facts = [_counted(stones), *series_facts(case), window_fact(case, SOFT_TISSUE)]
    canvas = new_sheet(SIZE, "Kidney stones", facts, notices)
    _front(canvas, case, stones)
    for n, (kidney, stone) in enumerate(stones[:SHOWN]):
        left = MARGIN + FRONT + GAP + (n % 2) * (SIDE + GAP)
        top = HEADER + 8 + (n // 2) * (SIDE + CAPTION)
        side = kidney.removeprefix("kidney_")
        text = f"{n + 1}  {side}  {stone.diameter_mm:.1f} mm  {stone.peak_hu:.0f} HU"
        panel = Panel(stone.ijk, n + 1, f"{text}  slice {stone.ijk[2]}", FIELD_MM)
        picture = picture_of(case, panel, SOFT_TISSUE, SIDE)
        place_panel(canvas, case, panel, picture, (left, top, left + SIDE, top + SIDE))
    return {FILE_NAME: canvas}


def _stones(case: Case, measurements: Mapping[str, Measurement]) -> list[tuple[str, Stone]]:
    """Those of the sides that were counted, the largest first."""
    found: list[tuple[str, Stone]] = []
    for kidney in KIDNEYS:
        count = measurements.get(f"kidney_stones_{kidney.removeprefix('kidney_')}")
        if count is None or count.status is not Status.MEASURED or not count.value:
            continue
        stones = stones_of(case, kidney, case.statistics[kidney])
        found += [] if isinstance(stones, Absence) else [(kidney, stone) for stone in stones]
    return sorted(found, key=lambda one: -one[1].diameter_mm)


def _counted(stones: Sequence[tuple[str, Stone]]) -> str:
    return f"{len(stones)} stone{'s' if len(stones) > 1 else ''}"


def _front(canvas: Canvas, case: Case, stones: Sequence[tuple[str, Stone]]) -> None:
    """The kidneys from the front, brightest voxels."""
    kidneys = [case.statistics[name] for name in KIDNEYS if name in case.statistics]
    low = min(one.bbox_min_ijk[1] for one in kidneys)
    high = max(one.bbox_max_ijk[1] for one in kidneys)
    affine = case.image.affine.copy()
    affine[:3, 3] = case.image.voxel_to_world((0, (low + high) / 2, 0))
    slab = case.image.data[:, low : high + 1].max(axis=1)
    brightest = Volume(slab[:, None], affine)
    whole = slice_plane(brightest, "coronal", 0)
    labels = case.anatomy.data[:, (low + high) // 2]
    present = sample_labels(type(case.anatomy)(labels[:, None], affine, case.anatomy.names), whole)
    numbers = {name: case.anatomy.number(name) for name in KIDNEYS if name in case.statistics}
    shown = sum(present == number for number in numbers.values()) > 0
    plane = whole.around(shown, AROUND_MM)
    values = sample_image(brightest, plane, outside=background_value(case))
    frame = (MARGIN, HEADER + 8, MARGIN + FRONT, SIZE[1] - FOOTER - 20)
    picture = Picture(BRIGHTEST.grey(values), plane, (FRONT, frame[3] - frame[1]))
    own = sample_labels(type(case.anatomy)(labels[:, None], affine, case.anatomy.names), plane)
    for name, number in numbers.items():
        if (mask := own == number).any():
            picture.paint(mask, colour(name), fill=0.0, line=1.2)
    left, top, _, _ = canvas.picture(picture, frame)
    for n, (_, stone) in enumerate(stones, start=1):
        x, y = picture.position_of(case.image.voxel_to_world(stone.ijk))
        ring(canvas, (left + x, top + y), picture.pixels_per_mm, n)
