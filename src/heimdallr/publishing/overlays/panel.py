"""A small picture of one place: an axial cut-out with a ring around what was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from heimdallr.publishing.overlays.canvas import LETTER, MUTED, Canvas
from heimdallr.publishing.overlays.picture import Picture, Window
from heimdallr.publishing.overlays.plane import Plane, sample_image, slice_plane
from heimdallr.publishing.overlays.sheet import background_value

if TYPE_CHECKING:
    from heimdallr.analyses.case import Case
    from heimdallr.publishing.overlays.canvas import Box

CAPTION = 40
"""Height of the line below a panel."""
RING_MM = 7.0


@dataclass(frozen=True, slots=True)
class Panel:
    """What a panel shows.

    Attributes:
        voxel: place in the volume.
        number: written beside the ring.
        caption: below the panel.
        field_mm: width and height of what is shown.
        centre: voxel in its middle; ``None``: the place itself.
    """

    voxel: tuple[int, int, int]
    number: int
    caption: str
    field_mm: float
    centre: tuple[float, float, float] | None = None


def around_place(case: Case, panel: Panel) -> Plane:
    """The square of an axial slice that a panel shows."""
    whole = slice_plane(case.image, "axial", panel.voxel[2])
    centre = panel.centre or panel.voxel
    column, row = whole.pixel_of(case.image.voxel_to_world((*centre[:2], panel.voxel[2])))
    rows, columns = np.ogrid[: whole.height, : whole.width]
    width_mm, height_mm = whole.pixel_mm
    half = panel.field_mm / 2
    shown = (np.abs(rows - row) * height_mm <= half) & (np.abs(columns - column) * width_mm <= half)
    return whole.around(shown, 0.0)


def picture_of(case: Case, panel: Panel, window: Window, side: int) -> Picture:
    """The square, ready to be painted on."""
    plane = around_place(case, panel)
    values = sample_image(case.image, plane, outside=background_value(case))
    return Picture(window.grey(values), plane, (side, side))


def place_panel(canvas: Canvas, case: Case, panel: Panel, picture: Picture, frame: Box) -> None:
    """Put a panel's picture on the sheet, ring what was found, write the caption."""
    left, top, _, _ = canvas.picture(picture, frame)
    x, y = picture.position_of(case.image.voxel_to_world(panel.voxel))
    ring(canvas, (left + x, top + y), picture.pixels_per_mm, panel.number)
    canvas.text((frame[0] + 2, frame[3] + 28), panel.caption, 19, MUTED)


def ring(canvas: Canvas, at: tuple[float, float], pixels_per_mm: float, number: int) -> None:
    """A ring around a place, with its number."""
    x, y = at
    radius = max(RING_MM * pixels_per_mm, 13.0)
    canvas.ring((x, y), radius, LETTER, 2)
    canvas.text((x + radius * 0.75, y - radius * 0.75), str(number), 22, LETTER, halo=True)
