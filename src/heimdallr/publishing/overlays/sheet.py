"""What the sheets have in common: title, the series in figures, notices, values as text.

No sheet names the patient, the case or a date: pictures are copied into talks and mails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from heimdallr.analyses.presence import believed
from heimdallr.domain.measurement import Status
from heimdallr.publishing.overlays.canvas import INK, MUTED, NOTICE_SIZE, Canvas, text_width
from heimdallr.publishing.overlays.picture import BRAIN, SOFT_TISSUE, Window, signal_window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement

MARGIN = 32
HEADER = 96
FOOTER = 40


class Drawing(Protocol):
    """A kind of picture."""

    def __call__(
        self, case: Case, measurements: Mapping[str, Measurement], notices: Sequence[str]
    ) -> Mapping[str, Canvas]:
        """File name → sheet; empty when the case does not have what the picture shows.

        Args:
            case: the case.
            measurements: its measurements by name.
            notices: what every reader has to be told.
        """


SMALLEST_SHOWN = 0.1
"""Values have one decimal: anything smaller is written as less than this, never as 0.0."""
UNITS = {"cm2": "cm²", "cm3": "cm³", "mm3": "mm³", "cm2/m2": "cm²/m²", "mL/m2": "mL/m²"}


def new_sheet(
    size: tuple[int, int], title: str, facts: Sequence[str], notices: Sequence[str]
) -> Canvas:
    """An empty sheet with its head and foot.

    Args:
        size: width and height in pixels.
        title: what is shown.
        facts: short technical facts, joined by middle dots.
        notices: what every reader has to be told; the foot of the sheet has those that fit.
    """
    canvas = Canvas(*size)
    canvas.text((MARGIN, 48), title, 33)
    canvas.text((MARGIN, 80), "  ·  ".join(facts), 19, MUTED)
    canvas.text((size[0] - MARGIN, 48), "Heimdallr", 21, MUTED, anchor="right")
    if notices:
        canvas.notice(_foot(notices, size[0] - 2 * MARGIN))
    return canvas


def _foot(notices: Sequence[str], width: int) -> str:
    """As many notices as one line holds, and how many more the results have."""
    line = ""
    for shown in range(len(notices), -1, -1):
        more = len(notices) - shown
        told = f"{more} {'more ' if shown else ''}notice{'s' if more > 1 else ''} in the results"
        line = "  ·  ".join([*notices[:shown], *([told] if more else [])]).upper()
        if text_width(line, NOTICE_SIZE) <= width:
            break
    return line


def series_facts(case: Case) -> list[str]:
    """Modality, series number and slice distance, as far as they are known."""
    facts: list[str] = [case.modality]
    if case.series.number is not None:
        facts.append(f"series {case.series.number}")
    spacing = case.image.spacing_mm
    facts.append(f"voxels {spacing[0]:.2f} × {spacing[1]:.2f} × {spacing[2]:.2f} mm")
    return facts


def window_fact(case: Case, window: Window) -> str:
    """The window as radiologists write it; MR's has no unit and is left unnamed."""
    return f"W {window.width:.0f}  L {window.level:.0f}" if case.modality == "CT" else "window auto"


def display_window(case: Case, values: npt.NDArray[np.float32]) -> Window:
    """Soft-tissue window on CT, brain window for a head; from the values themselves on MR."""
    if case.modality != "CT":
        return signal_window(values)
    shown = believed(case)
    head_only = "brain" in shown and "liver" not in shown
    return BRAIN if head_only else SOFT_TISSUE


def background_value(case: Case) -> float:
    """What lies beyond the volume: air on CT, nothing on MR."""
    return -1024.0 if case.modality == "CT" else 0.0


def value_text(measurement: Measurement | None) -> str:
    """A measurement as it stands in a picture, or what its status says in two words."""
    if measurement is None:
        return "not measured"
    if measurement.status is not Status.MEASURED:
        return str(measurement.status.value).replace("_", " ")
    value = measurement.value
    number = f"{value:.1f}" if isinstance(value, float) else str(value)
    if isinstance(value, float) and 0 < value < SMALLEST_SHOWN:
        number = f"< {SMALLEST_SHOWN}"  # a trace is not nothing
    unit = UNITS.get(measurement.unit, measurement.unit)
    return f"{number} {unit}".strip()


def wrapped(text: str, size: int, width: float) -> list[str]:
    """A text cut into lines of at most ``width`` pixels, between words."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def figure(
    canvas: Canvas,
    position: tuple[int, int],
    name: str,
    measurements: tuple[Measurement | None, Measurement | None],
    width: int,
) -> int:
    """A large value under its name, with its spread or the reason why it is missing.

    Args:
        canvas: where to write.
        position: left end of the name's baseline.
        name: what was measured.
        measurements: the value, and its standard deviation where it has one.
        width: room for the reason.

    Returns:
        Baseline for what follows.
    """
    x, y = position
    value, spread = measurements
    canvas.text((x, y), name, 19, MUTED)
    if value is None or value.status is not Status.MEASURED:
        reason = "not measured" if value is None else value.reason
        lines = wrapped(reason, 19, width)
        for n, line in enumerate(lines, start=1):
            canvas.text((x, y + 27 * n), line, 19, INK)
        return y + 27 * len(lines) + 46
    text = value_text(value)
    if spread is not None and isinstance(spread.value, int | float):
        number, _, unit = text.partition(" ")
        text = f"{number} ± {spread.value:.1f} {unit}"
    canvas.text((x, y + 42), text, 36)
    return y + 88
