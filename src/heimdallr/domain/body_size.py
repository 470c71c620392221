"""A patient's height and weight where they do not come from the images' headers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - pydantic reads it at run time
from typing import Literal

PLAUSIBLE_HEIGHT_M = (0.3, 2.5)
PLAUSIBLE_WEIGHT_KG = (0.3, 500.0)
"""Chosen so that every person fits and another unit does not: 170 (cm), 70,000 (g)."""

METRES = {"m": 1.0, "cm": 0.01, "[in_i]": 0.0254}
KILOGRAMS = {"kg": 1.0, "g": 0.001, "[lb_av]": 0.45359237}
"""UCUM code → how many of ours it is."""

Source = Literal["entered", "fhir", "hl7"]


@dataclass(frozen=True, slots=True)
class BodySize:
    """Height and weight of a patient at a study; what is ``None`` stays what the header says.

    Attributes:
        height_m: in metres.
        weight_kg: in kilograms.
        source: a person entered them, or a FHIR server or an HL7 message told.
        by: who entered them, or which system told; never a patient.
        at: when that was.

    Raises:
        ValueError: a value no person has, or none at all.
    """

    height_m: float | None
    weight_kg: float | None
    source: Source
    by: str
    at: datetime

    def __post_init__(self) -> None:
        """Refuse other units, which look like giants."""
        if self.height_m is None and self.weight_kg is None:
            msg = "neither a height nor a weight"
            raise ValueError(msg)
        for value, (low, high), name in (
            (self.height_m, PLAUSIBLE_HEIGHT_M, "height in m"),
            (self.weight_kg, PLAUSIBLE_WEIGHT_KG, "weight in kg"),
        ):
            if value is not None and not low <= value <= high:
                msg = f"a {name} lies between {low:g} and {high:g}"
                raise ValueError(msg)
