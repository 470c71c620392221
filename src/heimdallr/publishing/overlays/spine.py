"""``spine_overlay.png``: the heights of the vertebrae, and where bone density was read.

The sagittal picture follows the middles of the bodies from side to side, so that a bent spine is
seen whole; its rows and columns are those of the patient. The small pictures lie at mid-height of
their vertebra, at right angles to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from heimdallr.analyses import bone_density, vertebral_fracture
from heimdallr.analyses.bone_density import Density
from heimdallr.analyses.vertebral_fracture import DEPTHS, heights_of, losses_of
from heimdallr.publishing.overlays.canvas import INK, LETTER, MUTED, NOTICE, Canvas
from heimdallr.publishing.overlays.picture import Picture, Window
from heimdallr.publishing.overlays.plane import Plane
from heimdallr.publishing.overlays.sheet import (
    FOOTER,
    HEADER,
    MARGIN,
    background_value,
    new_sheet,
    series_facts,
    window_fact,
    wrapped,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from heimdallr.analyses.anatomy.vertebral_body import VertebralBody
    from heimdallr.analyses.case import Case
    from heimdallr.analyses.declared_outputs import Absence
    from heimdallr.analyses.vertebral_fracture import Heights, Loss
    from heimdallr.domain.measurement import Measurement
    from heimdallr.imaging.volume import Affine, Array
    from heimdallr.publishing.overlays.canvas import Box
    from heimdallr.publishing.palette import RGB

FILE_NAME = "spine_overlay.png"
SIZE = (1640, 1180)
BONE = Window(level=300, width=1300)
"""Wide, so that trabecular bone and cortex are both seen; chosen by eye."""
PIXEL_MM = 0.5
ROOM_MM = (42.0, 60.0, 22.0)
"""Shown before, behind, and above and below the bodies; chosen by eye."""
SIDE_MM = 33.0
"""Half side of a small picture: the body and the canal."""
SOUND: RGB = (92, 190, 200)
REGION: RGB = (120, 230, 130)
SMALL = 312
COLUMN = 700


def draw(
    case: Case, measurements: Mapping[str, Measurement], notices: Sequence[str]
) -> dict[str, Canvas]:
    """The sheet; nothing when neither a height nor a density was measured.

    Args:
        case: the case.
        measurements: its measurements by name.
        notices: what every reader has to be told.
    """
    known = {vertebral_fracture.MEASURED.name, *(one.name for one in bone_density.OUTPUTS)}
    if all(one.value is None for name, one in measurements.items() if name in known):
        return {}
    case = case.with_facts(measurements.values())
    bodies = vertebral_fracture.bodies_of(case)
    found = bone_density.densities(case) if bone_density.gate(case) is None else {}
    regions = {level: one for level, one in found.items() if isinstance(one, Density)}
    facts = [*series_facts(case), window_fact(case, BONE)]
    if case.levels.problem is None:
        facts.append(f"counted from: {', '.join(case.levels.rests_on).replace('_', ' ')}")
    if bodies:
        facts.append("heights: anterior / middle / posterior, mm")
    canvas = new_sheet(SIZE, "Vertebral heights and bone density", facts, notices)
    shown = {level: one.body for level, one in regions.items()} | dict(bodies)
    bottom, column = SIZE[1] - FOOTER - 20, SIZE[0] - MARGIN - COLUMN
    heights = {level: heights_of(body) for level, body in bodies.items()}
    _sagittal(canvas, (MARGIN, HEADER + 8, column - 28, bottom), case, shown, heights)
    _densities(canvas, (column, HEADER + 8), case, found)
    return {FILE_NAME: canvas}


def _sagittal(
    canvas: Canvas,
    frame: Box,
    case: Case,
    shown: Mapping[str, VertebralBody],
    heights: Mapping[str, Heights],
) -> None:
    """Along the bend of the spine, with outlines, heights, and what was lost."""
    losses = losses_of(heights)
    plane, points = _along(shown)
    picture = Picture(
        BONE.grey(_sampled(case, points)), plane, (frame[2] - frame[0], frame[3] - frame[1])
    )
    for level, body in shown.items():
        colour = NOTICE if level in losses and losses[level].suspected else SOUND
        picture.paint(_share_at(body, points) >= 0.5, colour, fill=0.12, line=1.6)  # noqa: PLR2004
    left, top, _, _ = canvas.picture(picture, frame)
    for level, body in shown.items():
        x, y = picture.position_of(_before(body))
        name = level if case.levels.problem is None else "–"
        suspected = level in losses and losses[level].suspected
        colour = NOTICE if suspected else INK
        canvas.text((left + x, top + y + 8), name, 22, colour, anchor="right", halo=True)
        if level not in heights:
            continue
        for depth in DEPTHS:
            ends = [picture.position_of(end) for end in body.endplates_at(depth)]
            line = [(left + x, top + y) for x, y in ends]
            canvas.line(line, NOTICE if suspected else SOUND, 3)
        x, y = picture.position_of(_behind(body))
        _caption(canvas, (left + x, top + y), heights[level], losses[level])


def _before(body: VertebralBody) -> Affine:
    """(3,) RAS mm, where its name ends."""
    return body.to_patient(np.array([0.0, body.front_mm + 6, 0.0]))


def _behind(body: VertebralBody) -> Affine:
    """(3,) RAS mm, where its heights begin: behind the canal."""
    return body.to_patient(np.array([0.0, body.back_mm - 20, 0.0]))


def _caption(canvas: Canvas, at: tuple[float, float], heights: Heights, loss: Loss) -> None:
    """Three heights, and the loss where one is suspected."""
    (x, y), colour = at, NOTICE if loss.suspected else INK
    three = f"{heights.anterior:.0f} / {heights.middle:.0f} / {heights.posterior:.0f}"
    canvas.text((x, y + 6), three, 17, colour, halo=True)
    if loss.suspected:
        canvas.text((x, y + 26), f"{loss.form}, −{loss.percent:.0f} %", 17, colour, halo=True)


def _along(bodies: Mapping[str, VertebralBody]) -> tuple[Plane, Affine]:
    """The plane of the sagittal picture, and (height, width, 3) the points that it shows."""
    middles = np.array(sorted((one.centre_mm for one in bodies.values()), key=lambda mm: mm[2]))
    before, behind, beyond = ROOM_MM
    reach = max(one.depth_mm for one in bodies.values()) / 2
    front, back = middles[:, 1].max() + reach + before, middles[:, 1].min() - reach - behind
    high, low = middles[-1, 2] + reach + beyond, middles[0, 2] - reach - beyond
    shape = (int((front - back) / PIXEL_MM), int((high - low) / PIXEL_MM))
    right, down = np.array([0.0, -PIXEL_MM, 0.0]), np.array([0.0, 0.0, -PIXEL_MM])
    plane = Plane(np.array([middles[:, 0].mean(), front, high]), right, down, *shape)
    points = plane.points()
    points[..., 0] = np.interp(points[..., 2], middles[:, 2], middles[:, 0])
    return plane, points


def _sampled(case: Case, points: Affine) -> Array:
    """(…) attenuation at points in the patient."""
    ijk = np.moveaxis(case.image.world_to_voxel(points), -1, 0)
    outside = background_value(case)
    values = ndimage.map_coordinates(
        case.image.data, ijk, order=1, mode="constant", cval=outside, output=np.float32
    )
    return np.asarray(values)


def _share_at(body: VertebralBody, points: Affine) -> Array:
    """(…) how much of points in the patient is body."""
    middle = (np.array(body.share.shape) - 1) / 2
    index = np.moveaxis(body.to_frame(points) + middle, -1, 0)
    return np.asarray(ndimage.map_coordinates(body.share, index, order=1))


def _densities(
    canvas: Canvas, corner: tuple[int, int], case: Case, found: Mapping[str, Density | Absence]
) -> None:
    """One small picture per level with its region, and its numbers or the reason beside it."""
    x, y = corner
    for level in bone_density.LEVELS:
        one = found.get(level)
        words = x + SMALL + 24
        canvas.text((words, y + 28), level, 24, LETTER)
        if isinstance(one, Density):
            _axial(canvas, (x, y, x + SMALL, y + SMALL), case, one)
            canvas.text((words, y + 74), f"{one.mean_hu:.0f} ± {one.std_hu:.0f} HU", 34)
            said = f"ellipse {one.region.area_cm2:.1f} cm², {one.region.thick_mm:.0f} mm thick"
            canvas.text((words, y + 108), said, 18, MUTED)
            whole = f"whole body without {bone_density.CORTEX_MM:.0f} mm: {one.body_hu:.0f} HU"
            canvas.text((words, y + 134), whole, 18, MUTED)
        else:
            gate = bone_density.gate(case)
            reason = one.why.text if one else gate.why.text if gate else ""
            for n, line in enumerate(wrapped(reason, 19, COLUMN - SMALL - 24)):
                canvas.text((words, y + 66 + 26 * n), line, 19, MUTED)
        y += SMALL + 20


def _axial(canvas: Canvas, frame: Box, case: Case, one: Density) -> None:
    """At mid-height of a vertebra: the region in its place."""
    body, pixels = one.body, round(2 * SIDE_MM / PIXEL_MM)
    corner = body.to_patient(np.array([SIDE_MM, SIDE_MM * 0.8, 0.0]))
    plane = Plane(corner, -body.axes[0] * PIXEL_MM, -body.axes[1] * PIXEL_MM, pixels, pixels)
    points = plane.points()
    picture = Picture(BONE.grey(_sampled(case, points)), plane, (SMALL, SMALL))
    inside = one.region.holds(body.to_frame(points).reshape(-1, 3)).reshape(points.shape[:2])
    picture.paint(inside, REGION, fill=0.18, line=2.0)
    canvas.picture(picture, frame)
