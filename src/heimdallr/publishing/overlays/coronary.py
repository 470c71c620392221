"""``coronary_calcium_overlay.png``: every lesion that makes up the coronary calcium category.

One axial slice per lesion, the twelve largest, in the order of their scores: the lesion ringed,
what counts as calcium outlined in amber, the territory it was looked for in outlined in blue. So a
reader sees which of them lies in a coronary artery.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heimdallr.analyses.acquisition import GATED, GATING_UNKNOWN, ecg_gating
from heimdallr.analyses.anatomy.calcified_lesions import CALCIUM_HU
from heimdallr.analyses.coronary_calcium import (
    CATEGORY,
    HEART,
    MOST_LISTED,
    Scored,
    scored_heart,
)
from heimdallr.analyses.declared_outputs import Absence
from heimdallr.domain.measurement import Status
from heimdallr.imaging.volume import LabelMap
from heimdallr.publishing.overlays.canvas import LETTER, MUTED
from heimdallr.publishing.overlays.panel import CAPTION, Panel, picture_of, place_panel
from heimdallr.publishing.overlays.picture import Window
from heimdallr.publishing.overlays.plane import sample_labels
from heimdallr.publishing.overlays.sheet import (
    FOOTER,
    HEADER,
    MARGIN,
    new_sheet,
    series_facts,
    value_text,
    window_fact,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement
    from heimdallr.publishing.overlays.canvas import Canvas

FILE_NAME = "coronary_calcium_overlay.png"
SIDE, GAP, IN_A_ROW = 440, 20, 4
WIDTH = 2 * MARGIN + IN_A_ROW * SIDE + (IN_A_ROW - 1) * GAP
HEART_WINDOW = Window(level=100, width=600)
"""Calcium is told from blood and fat; chosen by eye."""
TERRITORY = (96, 150, 220)
MARGIN_MM = 20.0
CLAIM = "A category, no score. A stent cannot be told from calcium."
GATING = {GATED: "ECG-gated.", GATING_UNKNOWN: "ECG gating not known."}


def draw(
    case: Case, measurements: Mapping[str, Measurement], notices: Sequence[str]
) -> dict[str, Canvas]:
    """The sheet; nothing where no lesion was found.

    Args:
        case: the case.
        measurements: its measurements by name.
        notices: what every reader has to be told.
    """
    category = measurements.get(CATEGORY.name)
    if category is None or category.status is not Status.MEASURED:
        return {}
    scored = scored_heart(case)
    found = [] if isinstance(scored, Absence) else scored.lesions()
    if isinstance(scored, Absence) or not found:
        return {}
    shown = found[:MOST_LISTED]
    rows = -(-len(shown) // IN_A_ROW)
    height = HEADER + 8 + rows * (SIDE + CAPTION) + 50 + FOOTER
    facts = [
        f"category {value_text(category)}",
        f"{len(found)} lesion{'s' if len(found) > 1 else ''}, {len(shown)} shown",
        *series_facts(case),
        window_fact(case, HEART_WINDOW),
    ]
    canvas = new_sheet((WIDTH, height), "Coronary calcium, estimated", facts, notices)
    heart = case.statistics[HEART]
    spacing = case.image.spacing_mm
    widths = [
        (high - low + 1) * float(mm)
        for low, high, mm in zip(heart.bbox_min_ijk, heart.bbox_max_ijk, spacing, strict=True)
    ]
    for n, lesion in enumerate(shown):
        voxel = scored.voxel(lesion)
        text = f"{n + 1}  slice {voxel[2]}  {lesion.area_mm2:.1f} mm²  {lesion.peak_hu:.0f} HU"
        panel = Panel(voxel, n + 1, text, max(widths[:2]) + MARGIN_MM, heart.centroid_ijk)
        left = MARGIN + (n % IN_A_ROW) * (SIDE + GAP)
        top = HEADER + 8 + (n // IN_A_ROW) * (SIDE + CAPTION)
        picture = picture_of(case, panel, HEART_WINDOW, SIDE)
        for mask, colour, line in _outlines(case, scored):
            if (seen := sample_labels(mask, picture.plane) > 0).any():
                picture.paint(seen, colour, fill=0.0, line=line)
        place_panel(canvas, case, panel, picture, (left, top, left + SIDE, top + SIDE))
    claims = f"{GATING[ecg_gating(case)]} {CLAIM} Territory {scored.route}."
    canvas.text((MARGIN, height - FOOTER - 22), claims, 19, MUTED)
    return {FILE_NAME: canvas}


def _outlines(case: Case, scored: Scored) -> list[tuple[LabelMap, tuple[int, int, int], float]]:
    """Territory and calcium, in their place in the patient."""
    affine = scored.affine.copy()
    corner = [side.start for side in scored.box]
    affine[:3, 3] += case.image.affine[:3, :3] @ np.array(corner)
    calcium = scored.territory & (scored.hu >= CALCIUM_HU)
    return [
        (LabelMap(mask.astype(np.uint8), affine, {1: "mask"}), colour, line)
        for mask, colour, line in ((scored.territory, TERRITORY, 0.8), (calcium, LETTER, 1.4))
    ]
