"""One number measured on a phantom, beside the truth it was drawn with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trial:
    """One number of one phantom.

    Attributes:
        quantity: what was measured, as its analysis calls it; several names may share one.
        unit: of truth and value.
        condition: how the volume was made: "as drawn", "flipped", "tilted", "thick slices" …
        truth: what the phantom was drawn with.
        measured: what the analysis found; ``None``: it refused.
    """

    quantity: str
    unit: str
    condition: str
    truth: float
    measured: float | None
