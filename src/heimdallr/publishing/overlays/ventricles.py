"""``ventricles_overlay.png``: the levelled head, both widths of the Evans index and the midline.

Left, the levelled axial plane where the frontal horns are widest, with their width and the skull's;
right, the plane of the foramen of Monro with the middle of the skull and the septum. Both are cut
from the volume along the head's own axes, not along the scanner's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heimdallr.analyses.declared_outputs import Absence
from heimdallr.analyses.ventricles import (
    ALL_VOLUME,
    EVANS,
    SHIFT,
    SHIFT_SIDE,
    SIDE_VOLUMES,
    SIDES,
    TASK,
    Head,
    Septum,
    Widths,
    head_of,
)
from heimdallr.publishing.overlays.canvas import INK, LETTER, MUTED
from heimdallr.publishing.overlays.picture import BRAIN_BLEED, Picture
from heimdallr.publishing.overlays.plane import Plane, sample_image, sample_labels
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
from heimdallr.publishing.palette import colour

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement
    from heimdallr.publishing.overlays.canvas import Canvas
    from heimdallr.publishing.palette import RGB

FILE_NAME = "ventricles_overlay.png"
PANEL, GAP, LINE = 860, 24, 44
SIZE = (2 * (MARGIN + PANEL) + GAP, HEADER + 8 + PANEL + 2 * LINE + 24 + FOOTER)
FIELD_MM, PIXEL_MM = 210.0, 0.5
"""Side of the square that is shown: a large head with its skin."""
WIDTH_COLOUR: RGB = (255, 214, 122)
SKULL_COLOUR: RGB = (126, 200, 255)
MIDDLE_COLOUR: RGB = (190, 196, 206)
SEPTUM_COLOUR: RGB = (255, 120, 110)
CLAIM = "Levelled by the skull's own symmetry; limits are for adults. To be read beside the images."


def draw(
    case: Case, measurements: Mapping[str, Measurement], notices: Sequence[str]
) -> dict[str, Canvas]:
    """The sheet; nothing where neither index nor shift was measured.

    Args:
        case: the case.
        measurements: its measurements by name.
        notices: what every reader has to be told.
    """
    if TASK not in case.segmentations:
        return {}
    head = head_of(case)
    if isinstance(head, Absence):
        return {}
    panels = [one for one in (head.widths, head.septum) if not isinstance(one, Absence)]
    if not panels:
        return {}
    facts = [*series_facts(case), window_fact(case, BRAIN_BLEED), "levelled axial planes"]
    canvas = new_sheet(SIZE, "Ventricles and midline", facts, notices)
    for n, one in enumerate(panels):
        left, top = MARGIN + n * (PANEL + GAP), HEADER + 8
        _panel(canvas, (left, top, left + PANEL, top + PANEL), case, head, one)
    _values(canvas, HEADER + 8 + PANEL + LINE, measurements)
    return {FILE_NAME: canvas}


def _panel(
    canvas: Canvas,
    frame: tuple[int, int, int, int],
    case: Case,
    head: Head,
    shown: Widths | Septum,
) -> None:
    """One levelled plane with what was measured on it."""
    up_mm = shown.height_mm if isinstance(shown, Widths) else shown.up_mm
    plane = _plane(head, up_mm)
    values = sample_image(case.image, plane, outside=background_value(case))
    picture = Picture(BRAIN_BLEED.grey(values), plane, (PANEL, PANEL))
    ventricles = case.segmentations[TASK].label_map
    labels = sample_labels(ventricles, plane)
    for number in np.unique(labels[labels > 0]):
        tone = colour(ventricles.names[int(number)])
        picture.paint(labels == number, tone, fill=0.10, line=1.4)
    left, top, _, _ = canvas.picture(picture, frame)

    def line(
        x_mm: tuple[float, float], y_mm: tuple[float, float], tone: RGB, width: int
    ) -> list[tuple[float, float]]:
        ends = [
            picture.position_of(head.frame.place(x, y, up_mm))
            for x, y in zip(x_mm, y_mm, strict=True)
        ]
        points = [(left + x, top + y) for x, y in ends]
        canvas.line(points, tone, width)
        return points

    def label(points: list[tuple[float, float]], text: str, tone: RGB) -> None:
        x, y = max(points)
        canvas.text((x + 10, y + 7), text, 22, tone, halo=True)

    if isinstance(shown, Widths):
        horns, skull = shown.horns_mm, shown.skull_mm
        y = shown.horns_forward_mm
        label(line(horns, (y, y), WIDTH_COLOUR, 3), f"{horns[1] - horns[0]:.1f} mm", WIDTH_COLOUR)
        y = shown.skull_forward_mm
        x, y_text = line(skull, (y, y), SKULL_COLOUR, 3)[0]
        text = f"{skull[1] - skull[0]:.1f} mm"
        canvas.text((x - 14, y_text - 12), text, 22, SKULL_COLOUR, anchor="right", halo=True)
        return
    line((0.0, 0.0), (-118.0, 78.0), MIDDLE_COLOUR, 1)
    x, y = shown.right_mm, shown.forward_mm
    ends = line((x, x), (y - 8.0, y + 22.0), SEPTUM_COLOUR, 3)
    if abs(x) >= PIXEL_MM:
        line((0.0, x), (y + 22.0, y + 22.0), SEPTUM_COLOUR, 2)
    label(ends, f"{abs(x):.1f} mm", SEPTUM_COLOUR)


def _plane(head: Head, up_mm: float) -> Plane:
    """A square of a levelled axial plane, the patient's right on its left."""
    half, pixels = FIELD_MM / 2, round(FIELD_MM / PIXEL_MM)
    middle_mm = -20.0  # the horns, where the frame begins, lie in the front half of a head
    origin = head.frame.place(half, half + middle_mm, up_mm)
    return Plane(
        origin, -PIXEL_MM * head.frame.right, -PIXEL_MM * head.frame.forward, pixels, pixels
    )


def _values(canvas: Canvas, y: int, measurements: Mapping[str, Measurement]) -> None:
    x: float = MARGIN
    for name, output in (
        ("Evans index", EVANS),
        ("Midline shift", SHIFT),
        ("Right lateral ventricle", SIDE_VOLUMES["right"]),
        ("Left", SIDE_VOLUMES["left"]),
        ("All ventricles", ALL_VOLUME),
    ):
        found = measurements.get(output.name)
        text = value_text(found)
        if output is EVANS and found is not None and isinstance(found.value, float):
            text = f"{found.value:.2f}"
        side = measurements.get(SHIFT_SIDE.name)
        if output is SHIFT and side is not None and side.value in SIDES:
            text = f"{text} to the {side.value}"
        x += canvas.text((x, y), name, 20, MUTED) + 12
        x += canvas.text((x, y), text, 26, INK) + 44
    canvas.text((MARGIN, y + LINE - 4), CLAIM, 19, LETTER)
