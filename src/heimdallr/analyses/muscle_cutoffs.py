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
    """A value below ``limit`` is low for this patient.

    Attributes:
        quantity: name of the measurement.
        source: citation, and whom it was derived from.
        healthy: derived from healthy people, not from patients.
        unenhanced: valid on unenhanced CT only.
    """

    quantity: Quantity
    limit: float
    source: str
    healthy: bool = False
    unenhanced: bool = False


def cutoffs_for(patient: Patient) -> tuple[Cutoff, ...]:
    """The cut-offs that can be applied to a patient; none without a sex of M or F.

    Martin's depend on the body mass index where they do, and are left out when it is not known.
    """
    if patient.sex not in ("M", "F"):
        return ()
    male = patient.sex == "M"
    cutoffs = [
        Cutoff("SMI_cm2_m2", 45.4 if male else 34.4, DERSTINE, healthy=True),
        Cutoff("SMA_cm2", 144.3 if male else 92.2, DERSTINE, healthy=True),
        Cutoff("muscle_HU_mean", 38.5 if male else 34.3, DERSTINE, healthy=True, unenhanced=True),
        Cutoff("SMI_cm2_m2", 52.4 if male else 38.5, PRADO),
    ]
    heavy = _heavy(patient)
    if not male:
        cutoffs.append(Cutoff("SMI_cm2_m2", 41.0, MARTIN))
    elif heavy is not None:
        cutoffs.append(Cutoff("SMI_cm2_m2", 53.0 if heavy else 43.0, MARTIN))
    if heavy is not None:
        cutoffs.append(Cutoff("muscle_HU_mean", 33.0 if heavy else 41.0, MARTIN))
    return tuple(cutoffs)


def _heavy(patient: Patient) -> bool | None:
    """Whether the body mass index reaches 25 kg/m²; ``None`` when it is not known."""
    if patient.height_m is None or patient.weight_kg is None:
        return None
    return patient.weight_kg / patient.height_m**2 >= BMI_LIMIT
