"""Published cut-offs for low muscle mass and low muscle attenuation at L3, all for adults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from heimdallr.domain.study import Patient

Quantity = Literal["SMA_cm2", "SMI_cm2_m2", "muscle_HU_mean"]

BMI_LIMIT = 25.0
"""Body mass index in kg/m² at which Martin's cut-offs change."""

DERSTINE = "Derstine 2018, Sci Rep 8:11369 (healthy donors, mean - 2 SD, unenhanced CT)"
MARTIN = "Martin 2013, J Clin Oncol 31:1539 (patients with cancer)"
PRADO = "Prado 2008, Lancet Oncol 9:629 (obese patients with cancer)"


@dataclass(frozen=True, slots=True)
class Cutoff:
    """A value below ``limit`` is low for the patients it was made for.

    Attributes:
        quantity: name of the measurement.
        source: citation, and whom it was derived from.
        sex: whom it is for; ``None``: men and women.
        heavy: for a body mass index of :data:`BMI_LIMIT` and more, or below; ``None``: for any.
        healthy: derived from healthy people, not from patients.
        unenhanced: valid on unenhanced CT only.
    """

    quantity: Quantity
    limit: float
    source: str
    sex: Literal["M", "F"] | None = None
    heavy: bool | None = None
    healthy: bool = False
    unenhanced: bool = False


CUTOFFS = (
    Cutoff("SMI_cm2_m2", 45.4, DERSTINE, sex="M", healthy=True),
    Cutoff("SMI_cm2_m2", 34.4, DERSTINE, sex="F", healthy=True),
    Cutoff("SMA_cm2", 144.3, DERSTINE, sex="M", healthy=True),
    Cutoff("SMA_cm2", 92.2, DERSTINE, sex="F", healthy=True),
    Cutoff("muscle_HU_mean", 38.5, DERSTINE, sex="M", healthy=True, unenhanced=True),
    Cutoff("muscle_HU_mean", 34.3, DERSTINE, sex="F", healthy=True, unenhanced=True),
    Cutoff("SMI_cm2_m2", 52.4, PRADO, sex="M"),
    Cutoff("SMI_cm2_m2", 38.5, PRADO, sex="F"),
    Cutoff("SMI_cm2_m2", 43.0, MARTIN, sex="M", heavy=False),
    Cutoff("SMI_cm2_m2", 53.0, MARTIN, sex="M", heavy=True),
    Cutoff("SMI_cm2_m2", 41.0, MARTIN, sex="F"),
    Cutoff("muscle_HU_mean", 41.0, MARTIN, heavy=False),
    Cutoff("muscle_HU_mean", 33.0, MARTIN, heavy=True),
)
"""Those derived from healthy people first."""


def cutoffs_for(patient: Patient) -> tuple[Cutoff, ...]:
    """The cut-offs that can be applied to a patient; none without a sex of M or F.

    Martin's depend on the body mass index where they do, and are left out when it is not known.
    """
    if patient.sex not in ("M", "F"):
        return ()
    heavy = _heavy(patient)
    return tuple(
        cutoff
        for cutoff in CUTOFFS
        if cutoff.sex in (None, patient.sex)
        and (cutoff.heavy is None or (heavy is not None and cutoff.heavy == heavy))
    )


def _heavy(patient: Patient) -> bool | None:
    """Whether the body mass index reaches 25 kg/m²; ``None`` when it is not known."""
    if patient.height_m is None or patient.weight_kg is None:
        return None
    return patient.weight_kg / patient.height_m**2 >= BMI_LIMIT
