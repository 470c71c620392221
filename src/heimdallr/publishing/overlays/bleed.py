"""``bleed_overlay_*.png``: three slices through an intracerebral haemorrhage.

Each sheet shows one of the analysis slices twice in a brain window: untouched, so that the
overlay hides nothing from the reader, and with the bleed outlined: what was measured in colour,
what the network marked outside the brain in grey.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from heimdallr.analyses.cerebral_haemorrhage import (
    ABC2,
    ANALYSIS_SLICES,
    DIAMETER,
    HU_MEAN,
    LABEL,
    SIDE,
    SLICES,
    TASK,
    VOLUME,
    measured_bleed,
)
from heimdallr.domain.measurement import Status
from heimdallr.publishing.overlays.canvas import MUTED
from heimdallr.publishing.overlays.picture import BRAIN_BLEED, Picture
from heimdallr.publishing.overlays.plane import sample_image, sample_labels, slice_plane
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

    import numpy.typing as npt

    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement
    from heimdallr.imaging.volume import LabelMap
    from heimdallr.publishing.overlays.canvas import Canvas

FILE_NAME = "bleed_overlay_{place}.png"
PANEL = 940
GAP = 24
LINE = 44
SIZE = (2 * (MARGIN + PANEL) + GAP, HEADER + 8 + PANEL + 2 * LINE + 24 + FOOTER)
SKIN_HU = -250.0
"""What is brighter is head: between fat (-100) and air. Only decides which part is shown."""
FIELD_MARGIN_MM = 10.0
"""Air shown around the head; chosen by eye."""
CLAIM = (
    "Intracerebral haemorrhage only: subdural, epidural and subarachnoid blood are not segmented."
)
DROPPED = "Grey: outside the brain, not measured."


def draw(
    case: Case, measurements: Mapping[str, Measurement], notices: Sequence[str]
) -> dict[str, Canvas]:
    """File name → sheet, one per analysis slice; empty when no bleed was measured.

    Args:
        case: the case.
        measurements: its measurements by name.
        notices: what every reader has to be told.
    """
    if TASK not in case.segmentations:
        return {}
    measured = measured_bleed(case.segmentations[TASK].label_map, case.anatomy)
    sheets = {}
    for (place, share), output in zip(ANALYSIS_SLICES.items(), SLICES, strict=True):
        found = measurements.get(output.name)
        if found is None or found.status is not Status.MEASURED:
            continue
        sheet = _sheet(case, measured, int(str(found.value)), share, measurements, notices)
        sheets[FILE_NAME.format(place=place)] = sheet
    return sheets


def _sheet(  # noqa: PLR0917 - of what, where and what is said
    case: Case,
    measured: LabelMap,
    k: int,
    share: float,
    measurements: Mapping[str, Measurement],
    notices: Sequence[str],
) -> Canvas:
    whole = slice_plane(case.image, "axial", k)
    everything = sample_image(case.image, whole, outside=background_value(case))
    plane = whole.around(_head(everything), FIELD_MARGIN_MM)
    values = sample_image(case.image, plane, outside=background_value(case))
    bleed = sample_labels(measured, plane) == measured.number(LABEL)
    marked = sample_labels(case.segmentations[TASK].label_map, plane) == measured.number(LABEL)
    dropped = marked & ~bleed

    facts = [
        f"slice {k} of 0–{case.image.shape[2] - 1}, {share:.0%} up the bleed",
        *series_facts(case),
        window_fact(case, BRAIN_BLEED),
    ]
    canvas = new_sheet(SIZE, "Intracerebral haemorrhage", facts, notices)
    top = HEADER + 8
    for n in range(2):
        left = MARGIN + n * (PANEL + GAP)
        picture = Picture(BRAIN_BLEED.grey(values), plane, (PANEL, PANEL))
        if n == 1:
            picture.paint(bleed, colour(LABEL), fill=0.22, line=2.4)
            picture.paint(dropped, MUTED, fill=0.0, line=1.2)
        canvas.picture(picture, (left, top, left + PANEL, top + PANEL))
    claim = f"{CLAIM} {DROPPED}" if dropped.any() else CLAIM
    _values(canvas, top + PANEL + LINE, measurements, claim)
    return canvas


def _head(values: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """The largest thing on the slice that is no air: the head without its support."""
    pieces, count = ndimage.label(ndimage.binary_opening(values > SKIN_HU, iterations=2))
    if count == 0:
        return values > SKIN_HU
    sizes = ndimage.sum_labels(pieces > 0, pieces, range(1, count + 1))
    return np.asarray(pieces == 1 + int(np.argmax(sizes)))


def _values(canvas: Canvas, y: int, measurements: Mapping[str, Measurement], claim: str) -> None:
    x: float = MARGIN
    for name, output in (
        ("Volume", VOLUME),
        ("ABC/2", ABC2),
        ("Largest diameter", DIAMETER),
        ("Side", SIDE),
        ("Mean attenuation", HU_MEAN),
    ):
        x += canvas.text((x, y), name, 20, MUTED) + 12
        x += canvas.text((x, y), value_text(measurements.get(output.name)), 26) + 52
    canvas.text((MARGIN, y + LINE - 4), claim, 19, MUTED)
