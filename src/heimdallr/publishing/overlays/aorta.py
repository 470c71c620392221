"""``aorta_overlay.png``: the aorta laid out straight, its diameters beside it, its widest planes.

The straightened picture runs along the line the diameters were measured on, from the heart down;
each of its rows lies in the plane at right angles to the line. The curve beside it has the larger
diameter (bright) and the one at right angles to it (dim); where it is faint no diameter was taken.
The planes on the right are those of the largest diameters of chest and abdomen, with both diameters
drawn in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heimdallr.analyses.anatomy.aortic_segments import ABDOMINAL, AORTA, SEGMENTS, aorta_of
from heimdallr.analyses.anatomy.vessel_mask import COVERED
from heimdallr.analyses.aortic_diameters import DIAMETER, PERPENDICULAR
from heimdallr.domain.measurement import Status
from heimdallr.publishing.overlays.canvas import FAINT, INK, LETTER, MUTED, PANEL, Canvas
from heimdallr.publishing.overlays.picture import Picture, Window
from heimdallr.publishing.overlays.plane import Plane, sample_image
from heimdallr.publishing.overlays.sheet import (
    FOOTER,
    HEADER,
    MARGIN,
    background_value,
    display_window,
    new_sheet,
    series_facts,
    window_fact,
)
from heimdallr.publishing.palette import colour

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from heimdallr.analyses.anatomy.aortic_segments import Aorta
    from heimdallr.analyses.anatomy.vessel_centreline import Vessel
    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement
    from heimdallr.imaging.volume import Affine
    from heimdallr.publishing.overlays.canvas import Box
    from heimdallr.publishing.palette import RGB

FILE_NAME = "aorta_overlay.png"
SIZE = (1640, 1120)
STRAIGHT_WIDTH, CURVE_LEFT, CURVE_WIDTH, COLUMN = 400, 456, 420, 700
ONE_PLANE = 420
LEAST_HALF_MM, MOST_HALF_MM = 35.0, 60.0
"""Shown on either side of the line; more of it beside a long line, so that the picture fills its
frame."""
ROW_MM = 1.0
PLANE_MM, PLANE_PIXEL_MM = 2.2, 0.5
"""A plane shows so many of its diameters, in pixels of this size."""
WINDOW, BRIGHT_WINDOW, BRIGHT_HU = Window(level=100, width=500), Window(level=250, width=900), 200
"""The second for a lumen brighter than this, so that its wall and calcium are seen; by eye."""
TICK_MM = 10


def draw(
    case: Case, measurements: Mapping[str, Measurement], notices: Sequence[str]
) -> dict[str, Canvas]:
    """The sheet; nothing where no diameter was taken.

    Args:
        case: the case.
        measurements: its measurements by name.
        notices: what every reader has to be told.
    """
    found = [one for output in DIAMETER.values() if (one := measurements.get(output.name))]
    if all(_value(one) is None for one in found):
        return {}
    aorta = aorta_of(case)
    if aorta is None:
        return {}
    window = _window(case)
    facts = [*series_facts(case), window_fact(case, window), "planes at right angles to the vessel"]
    canvas = new_sheet(SIZE, "Aortic diameters", facts, notices)
    bottom = SIZE[1] - FOOTER - 20
    frame = (MARGIN, HEADER + 36, MARGIN + STRAIGHT_WIDTH, bottom)
    rows = _straight(canvas, frame, case, aorta, window)
    _curve(canvas, (CURVE_LEFT, *rows), aorta)
    left = SIZE[0] - MARGIN - COLUMN
    planes = [
        (title, station)
        for title, names in (("Chest", SEGMENTS[:3]), ("Abdomen", ABDOMINAL))
        if (station := aorta.widest(aorta.part(*names).stations)) is not None
    ]
    side = (COLUMN - 20) // 2 if len(planes) > 1 else ONE_PLANE
    for n, (title, station) in enumerate(planes):
        x = left + n * (side + 20)
        box = (x, HEADER + 36, x + side, HEADER + 36 + side)
        _plane(canvas, box, case, aorta.at(station), title)
    _values(canvas, (left, HEADER + 36 + side + 64), measurements)
    return {FILE_NAME: canvas}


def _window(case: Case) -> Window:
    if case.modality != "CT":
        return display_window(case, case.image.data)
    return BRIGHT_WINDOW if case.statistics[AORTA].median > BRIGHT_HU else WINDOW


def _value(one: Measurement | None) -> float | None:
    """The diameter, or the largest one that was seen."""
    if one is None:
        return None
    value = one.value if one.status is Status.MEASURED else one.parameters.get("seen_diameter_mm")
    return float(value) if isinstance(value, int | float) else None


def _straight(
    canvas: Canvas, frame: Box, case: Case, aorta: Aorta, window: Window
) -> tuple[int, int]:
    """The straightened aorta; returns the upper and the lower end of its rows."""
    count = len(aorta.places_mm)
    fitting = count * _step_mm(aorta) * (frame[2] - frame[0]) / (frame[3] - frame[1]) / 2
    half_mm = max(min(fitting, MOST_HALF_MM), LEAST_HALF_MM, 0.8 * float(aorta.diameter_mm.max()))
    across = np.concatenate([one.line.across for one in aorta.pieces])
    offsets = np.arange(-half_mm, half_mm + ROW_MM / 2, ROW_MM)
    points = aorta.places_mm[:, None] + offsets[None, :, None] * across[:, None]
    values = _sampled(case, points)
    inside = np.concatenate(
        [
            one.mask.at(points[aorta.piece == number]) >= COVERED
            for number, one in enumerate(aorta.pieces)
        ]
    )
    plane = Plane(
        np.zeros(3),
        np.array([ROW_MM, 0, 0]),
        np.array([0, _step_mm(aorta), 0]),
        len(offsets),
        count,
    )
    picture = Picture(window.grey(values), plane, (frame[2] - frame[0], frame[3] - frame[1]))
    picture.paint(inside, colour(AORTA), fill=0.0, line=1.6)
    left, top = frame[0] + (frame[2] - frame[0] - picture.width) // 2, frame[1]
    canvas.image.paste(picture.to_image(), (left, top))
    bottom = top + picture.height
    canvas.text((frame[0], frame[1] - 12), "Straightened along its line", 19, MUTED)
    for names in (SEGMENTS[:3], ABDOMINAL):
        station = aorta.widest(aorta.part(*names).stations)
        if station is not None:
            y = _row(station, count, (top, bottom))
            canvas.line([(left, y), (left + picture.width, y)], LETTER, 2)
    length = 50 * picture.pixels_per_mm
    x, y = left + 14, bottom - 16
    canvas.line([(x, y), (x + length, y)], INK, 3)
    canvas.text((x + length / 2, y - 10), "5 cm", 17, anchor="middle", halo=True)
    return top, bottom


def _step_mm(aorta: Aorta) -> float:
    """Mean distance of the stations."""
    length = sum(one.line.length_mm for one in aorta.pieces)
    return float(length / max(len(aorta.places_mm) - len(aorta.pieces), 1))


def _sampled(case: Case, points: Affine) -> npt.NDArray[np.float32]:
    """(rows, columns) the image at points; each row of them is straight."""
    flat = np.array([0.0, 0.0, 1.0])
    rows = [Plane(row[0], row[1] - row[0], flat, len(row), 1) for row in points]
    outside = background_value(case)
    return np.concatenate([sample_image(case.image, row, outside=outside) for row in rows])


def _row(station: int, count: int, rows: tuple[int, int]) -> float:
    return float(rows[0] + (station + 0.5) * (rows[1] - rows[0]) / count)


def _curve(canvas: Canvas, place: tuple[int, int, int], aorta: Aorta) -> None:
    """Both diameters along the line, segments and their largest."""
    left, top, bottom = place
    right, count = left + CURVE_WIDTH - 60, len(aorta.places_mm)
    widest_mm = float(aorta.diameter_mm.max())
    highest = max(40.0, TICK_MM * np.ceil((widest_mm + 2) / TICK_MM))

    def x(mm: float) -> float:
        return float(left + mm / highest * (right - left))

    canvas.text((left, top - 12), "Diameter, mm", 19, MUTED)
    for mm in range(0, int(highest) + 1, TICK_MM):
        canvas.line([(x(mm), top), (x(mm), bottom)], FAINT, 1)
        canvas.text((x(mm), bottom + 20), str(mm), 16, MUTED, anchor="middle")
    for n, name in enumerate(SEGMENTS):
        part = aorta.segments[name]
        if not len(part.stations):
            continue
        y0 = _row(int(part.stations[0]), count, (top, bottom))
        if n and part.stations[0]:
            canvas.line([(left, y0), (right + 56, y0)], MUTED, 1)
        canvas.text((left + 6, y0 + 22), name, 17, MUTED, halo=True)
    for values, bright in ((aorta.other_mm, (96, 120, 150)), (aorta.diameter_mm, INK)):
        points = [
            (x(float(mm)), _row(station, count, (top, bottom))) for station, mm in enumerate(values)
        ]
        _trace(canvas, aorta, points, bright)
    for name in SEGMENTS:
        station = aorta.widest(aorta.segments[name].stations)
        if station is not None:
            y, widest = _row(station, count, (top, bottom)), float(aorta.diameter_mm[station])
            canvas.line([(x(widest) - 7, y), (x(widest) + 7, y)], LETTER, 4)
            canvas.text((x(widest) + 12, y + 6), f"{widest:.1f}", 18, LETTER, halo=True)


def _trace(
    canvas: Canvas, aorta: Aorta, points: Sequence[tuple[float, float]], bright: RGB
) -> None:
    """One curve, faint where nothing was measured."""
    for n in range(len(points) - 1):
        if aorta.piece[n] != aorta.piece[n + 1]:
            continue
        is_measured = aorta.measurable[n] and aorta.measurable[n + 1]
        canvas.line(points[n : n + 2], bright if is_measured else FAINT, 2)


def _plane(canvas: Canvas, frame: Box, case: Case, place: tuple[Vessel, int], title: str) -> None:
    """The plane of a largest diameter, and what it is of."""
    vessel, n = place
    window = _window(case)
    sections, forward = vessel.sections, vessel.line.forwards[n]
    diameter, other = float(sections.diameter_mm[n]), float(sections.other_mm[n])
    canvas.text((frame[0], frame[1] - 12), f"{title}: {diameter:.1f} × {other:.1f} mm", 19, LETTER)
    centre = sections.centre_mm[n]
    plane = plane_across(centre, forward, max(PLANE_MM * diameter, 60.0))
    values = sample_image(case.image, plane, outside=background_value(case))
    picture = Picture(window.grey(values), plane, (frame[2] - frame[0], frame[3] - frame[1]))
    mask = vessel.mask.at(plane.points()) >= COVERED
    picture.paint(mask, colour(AORTA), fill=0.0, line=1.6)
    left, top, _, _ = canvas.picture(picture, frame)
    one = sections.direction[n]
    for way, length, drawn in ((one, diameter, LETTER), (np.cross(forward, one), other, INK)):
        ends = [picture.position_of(centre + side * length / 2 * way) for side in (-1, 1)]
        canvas.line([(left + a, top + b) for a, b in ends], PANEL, 5)
        canvas.line([(left + a, top + b) for a, b in ends], drawn, 2)


def plane_across(centre_mm: Affine, forward: Affine, width_mm: float) -> Plane:
    """A square picture plane at right angles to a direction, the way a radiologist would hold it.

    Args:
        centre_mm: (3,) its middle.
        forward: (3,) unit vector it is at right angles to.
        width_mm: of its sides.
    """
    for to_right in (np.array([-1.0, 0, 0]), np.array([0, -1.0, 0])):
        right = to_right - (to_right @ forward) * forward
        if np.linalg.norm(right) > 0.5:  # noqa: PLR2004 - else the plane is seen from its edge
            break
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    if down @ np.array([0, -1.0, -1.0]) < 0:
        down = -down
    count = round(width_mm / PLANE_PIXEL_MM)
    corner = centre_mm - (count - 1) / 2 * PLANE_PIXEL_MM * (right + down)
    return Plane(corner, right * PLANE_PIXEL_MM, down * PLANE_PIXEL_MM, count, count)


def _values(
    canvas: Canvas, position: tuple[int, int], measurements: Mapping[str, Measurement]
) -> None:
    """Both diameters of each segment, or what is said instead."""
    x, y = position
    for name in (*SEGMENTS, "abdominal"):
        one, other = (measurements.get(of[name].name) for of in (DIAMETER, PERPENDICULAR))
        value = _value(one)
        is_measured = one is not None and one.status is Status.MEASURED
        if is_measured and other is not None:
            text = f"{value:.1f} × {_value(other):.1f} mm"
        elif value is not None:
            text = f"at least {value:.1f} mm: seen in part"
        else:
            text = "not measured" if one is None else str(one.status.value).replace("_", " ")
        title = "abdominal, largest" if name == "abdominal" else name
        canvas.text((x, y), title.capitalize(), 22, MUTED)
        canvas.text((x + COLUMN, y), text, 24, INK if is_measured else MUTED, anchor="right")
        canvas.rule(x, x + COLUMN, y + 16)
        y += 52
