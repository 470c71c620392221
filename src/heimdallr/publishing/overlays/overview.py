"""``coronal_overview.png``: what was segmented, at one glance.

Left, the coronal slice that cuts the most of the main organs, with every structure outlined; right,
the organs and the skeleton from the front as shaded surfaces, bowel, stomach and lungs translucent.
The legend gives the volumes that were measured. What is not believed (specks of bowel in a head) is
neither asked nor drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heimdallr.analyses.presence import believed, truncated_edges
from heimdallr.analyses.structures import VOLUME
from heimdallr.publishing.overlays.canvas import MUTED, legend_height
from heimdallr.publishing.overlays.picture import Picture
from heimdallr.publishing.overlays.plane import sample_image, sample_labels, slice_plane
from heimdallr.publishing.overlays.sheet import (
    FOOTER,
    HEADER,
    MARGIN,
    background_value,
    display_window,
    new_sheet,
    series_facts,
    value_text,
    window_fact,
)
from heimdallr.publishing.overlays.surface import FrontView, upright
from heimdallr.publishing.palette import colour, display_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement
    from heimdallr.publishing.overlays.canvas import Canvas

FILE_NAME = "coronal_overview.png"
WIDTH = 1880
COLUMN = 372
GAP = 24
FRAME_WIDTH = (WIDTH - 2 * MARGIN - COLUMN - 2 * GAP) // 2
TALLEST_FRAME = 1040
LETTERS_HEIGHT = 110
"""Room for the letters above and the scale bar below a picture."""

MAIN_ORGANS = (
    "brain",
    "heart",
    "liver",
    "spleen",
    "kidney_right",
    "kidney_left",
    "pancreas",
    "gallbladder",
    "stomach",
    "adrenal_gland_right",
    "adrenal_gland_left",
    "aorta",
    "inferior_vena_cava",
    "urinary_bladder",
    "prostate",
    "thyroid_gland",
    "lung_right",
    "lung_left",
    "lung_upper_lobe_right",
    "lung_middle_lobe_right",
    "lung_lower_lobe_right",
    "lung_upper_lobe_left",
    "lung_lower_lobe_left",
    "small_bowel",
    "colon",
)
"""In the order of the legend, and what the coronal slice is chosen by."""

SKELETON = (
    "skull",
    "vertebrae",
    "intervertebral_discs",
    "rib_",
    "sternum",
    "costal_cartilages",
    "clavicula",
    "scapula",
    "humerus",
    "sacrum",
    "hip",
    "femur",
)
MUSCLES = ("gluteus", "autochthon", "iliopsoas")
TRANSLUCENT = ("lung", "stomach", "duodenum", "small_bowel", "colon")
UNSEEN_FROM_THE_FRONT = (*MUSCLES, "spinal_cord")

SKELETON_TONE = 0.66
TRANSLUCENT_OPACITY = 0.36
MUSCLE_FILL, ORGAN_FILL, OUTLINE = 0.16, 0.36, 1.5
"""Brightness, opacities and width of lines, chosen by eye."""


def draw(
    case: Case, measurements: Mapping[str, Measurement], notices: Sequence[str]
) -> dict[str, Canvas]:
    """The sheet; nothing when no structure was segmented that is believed.

    Args:
        case: the case.
        measurements: its measurements by name.
        notices: what every reader has to be told.
    """
    if case.anatomy_task not in case.segmentations:
        return {}
    shown = believed(case)
    if not shown:
        return {}
    index = best_coronal_slice(case, shown)
    plane = slice_plane(case.image, "coronal", index)
    values = sample_image(case.image, plane, outside=background_value(case))
    window = display_window(case, values)
    facts = [
        f"{len(shown)} structures",
        f"coronal slice {index} of 0–{case.image.shape[1] - 1}",
        *series_facts(case),
        window_fact(case, window),
    ]
    picture = Picture(window.grey(values), plane, (FRAME_WIDTH, TALLEST_FRAME))
    _outlines(picture, case, shown)
    front = _front(case, shown)
    listed = [organ for organ in MAIN_ORGANS if organ in shown]

    needed = max(picture.height, front.height) + LETTERS_HEIGHT, legend_height(len(listed)) + 90
    top, bottom = HEADER + 8, HEADER + 8 + min(TALLEST_FRAME, max(needed))
    canvas = new_sheet((WIDTH, bottom + 20 + FOOTER), "Segmented anatomy", facts, notices)
    for n, one in enumerate((picture, front)):
        left = MARGIN + n * (FRAME_WIDTH + GAP)
        canvas.picture(one, (left, top, left + FRAME_WIDTH, bottom))
    _legend(canvas, (WIDTH - MARGIN - COLUMN, top + 18), listed, len(shown), measurements)
    return {FILE_NAME: canvas}


def best_coronal_slice(case: Case, shown: Sequence[str]) -> int:
    """The coronal slice that cuts the most of the main organs.

    Each organ votes for a slice with its area there over its largest area, so that a small organ
    counts like a large one. Without a main organ the middle slice is taken.

    Args:
        case: the case.
        shown: the structures that are believed: specks of bowel in a head have no vote.
    """
    votes = np.zeros(case.image.shape[1])
    for organ in MAIN_ORGANS:
        if organ not in shown:
            continue
        found = case.statistics[organ]
        low, high = found.bbox_min_ijk, found.bbox_max_ijk
        box = tuple(slice(first, last + 1) for first, last in zip(low, high, strict=True))
        area = (case.anatomy.data[box] == case.anatomy.number(organ)).sum(axis=(0, 2))
        votes[box[1]] += area / area.max()
    return int(votes.argmax()) if votes.any() else len(votes) // 2


def _outlines(picture: Picture, case: Case, shown: Sequence[str]) -> None:
    labels = sample_labels(case.anatomy, picture.plane)
    for number in np.unique(labels[labels > 0]):
        name = case.anatomy.names.get(int(number), "")
        if name not in shown:
            continue
        fill = MUSCLE_FILL if name.startswith((*MUSCLES, *SKELETON)) else ORGAN_FILL
        picture.paint(labels == number, colour(name), fill=fill, line=OUTLINE)


def _front(case: Case, shown: Sequence[str]) -> Picture:
    names = {
        number: name
        for number, name in case.anatomy.names.items()
        if name in shown and not name.startswith(UNSEEN_FROM_THE_FRONT)
    }
    skeleton = {n: name for n, name in names.items() if name.startswith(SKELETON)}
    translucent = {n: name for n, name in names.items() if name.startswith(TRANSLUCENT)}
    organs = {n: name for n, name in names.items() if n not in skeleton | translucent}
    view = FrontView(upright(case.anatomy), (FRAME_WIDTH, TALLEST_FRAME))
    view.draw(skeleton, opacity=1, tone=SKELETON_TONE)
    view.clear_depth()
    view.draw(organs, opacity=1)
    view.draw(translucent, opacity=TRANSLUCENT_OPACITY)
    return view.picture


def _legend(
    canvas: Canvas,
    position: tuple[int, int],
    listed: Sequence[str],
    shown: int,
    measurements: Mapping[str, Measurement],
) -> None:
    x, y = position
    canvas.text((x, y), "Volumes", 21, MUTED)
    entries = [
        (colour(organ), display_name(organ), _volume(organ, measurements)) for organ in listed
    ]
    y = canvas.legend((x, y + 44), entries, COLUMN)
    if others := shown - len(listed):
        plural = "s" if others > 1 else ""
        canvas.text((x, y + 6), f"and {others} other structure{plural}", 18, MUTED)


def _volume(organ: str, measurements: Mapping[str, Measurement]) -> str:
    found = measurements.get(VOLUME.of(structure=organ).name)
    if found is not None and truncated_edges(found):
        return "truncated"
    return value_text(found)
