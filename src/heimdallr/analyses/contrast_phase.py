"""Contrast phase of a CT, read off the attenuation of vessels and organs.

**Method.** Median HU of 20 structures go into the five gradient-boosted regressors
TotalSegmentator ships (Wasserthal 2023, Radiology: Artificial Intelligence 5:e230024); their mean
is the time after injection in seconds, their standard deviation and range the disagreement. A
structure that is not there is coded 0.0, as in their training. ``native < 10 s ≤ arterial_early <
30 s ≤ arterial_late < 60 s ≤ portal_venous``; the class and its probability come from
TotalSegmentator's own table. The medians are those of the segmentation already made, on the
image's own grid (TotalSegmentator takes them at 3 mm).

**Delayed.** The regressors cannot return *delayed*. Here the phase is ``delayed`` when all of
these hold:

1. equilibrium: median aorta ≥ 60 HU, and within 20 HU of vena cava and portal vein (those present,
   at least one of them);
2. enhanced kidneys: median ≥ 70 HU;
3. excretion: ≥ 0.5 cm³ of unlabelled or renal voxels within 10 mm of the kidneys brighter than
   both 250 HU and the kidney median + 100 HU (renal pelvis and ureter), or the 95th percentile of
   the bladder above both 150 HU and the kidney median + 50 HU.

The first two keep stones, stents and calcified arteries of a native or arterial scan out. The rule
gets the probability 0.7, the figure TotalSegmentator's authors had put beside their own discarded
delayed class.

**Gate.** CT only; at least three of the 20 structures with ≥ 1 cm³, one of them blood or liver.
The four neck vessels come from the task ``headneck_bones_vessels`` where it was run, and count as
absent otherwise.

**How to read it.** ``contrast_phase`` uses the words *native, arterial, venous, delayed*;
``contrast_phase_fine`` keeps early and late arterial and portal venous apart. A spread above some
10 s means the regressors disagree. ``contrast_agent_in_header`` repeats what the DICOM header
claims.
"""

from __future__ import annotations

import pickle
import warnings
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Protocol

import numpy as np

from heimdallr.analyses.anatomy.morphology import box_around, dilated
from heimdallr.analyses.declared_outputs import Output, all_absent, inapplicable, unassessable
from heimdallr.analyses.presence import STRAY_CM3, task_absence
from heimdallr.imaging.statistics import structure_statistics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement, Scalar

BODY_FEATURES = (
    "liver",
    "pancreas",
    "urinary_bladder",
    "gallbladder",
    "heart",
    "aorta",
    "inferior_vena_cava",
    "portal_vein_and_splenic_vein",
    "iliac_vena_left",
    "iliac_vena_right",
    "iliac_artery_left",
    "iliac_artery_right",
    "pulmonary_vein",
    "brain",
    "colon",
    "small_bowel",
)
NECK_FEATURES = (
    "internal_carotid_artery_right",
    "internal_carotid_artery_left",
    "internal_jugular_vein_right",
    "internal_jugular_vein_left",
)
FEATURES = BODY_FEATURES + NECK_FEATURES
"""Input of the regressors, in the order of their training (``totalseg_get_phase``)."""

NECK_TASK = "headneck_bones_vessels"
TELLING = frozenset(FEATURES) - {
    "pancreas",
    "urinary_bladder",
    "gallbladder",
    "brain",
    "colon",
    "small_bowel",
}
"""Structures whose attenuation follows the bolus."""
FEWEST_STRUCTURES = 3
"""Chosen, not measured. One or two of twenty leave the regressors little but zeros; six would leave
out CTs of the chest that show heart, aorta, pulmonary vein, vena cava and liver."""

CLASSIFIERS = "resources/contrast_phase_classifiers_2024_07_19.pkl"
COARSE = {
    "native": "native",
    "arterial_early": "arterial",
    "arterial_late": "arterial",
    "portal_venous": "venous",
    "delayed": "delayed",
}
"""Fine label → the word published as the phase."""

DELAYED_PROBABILITY = 0.7
"""From a line ``totalseg_get_phase`` of TotalSegmentator 2.18 has commented out; not calibrated."""

# The limits of "delayed" are chosen, not measured. They lie between the typical values of
# heimdallr.phantom.materials: blood 42 HU native and 105 delayed (veins at most 5 apart then, 250
# in the arterial phase), kidneys 34 and 140, renal pelvis 20 before excretion and 320 after. Only
# the bladder's, 190 beside such kidneys, is above its 180: there the renal pelvis decides. Half of
# them would call stones excretion; twice, none but the brightest pelvis would count.
EQUILIBRIUM_AORTA_HU = 60.0
EQUILIBRIUM_DIFFERENCE_HU = 20.0
ENHANCED_KIDNEY_HU = 70.0
KIDNEY_MARGIN_MM = 10.0
PELVIS_HU, PELVIS_ABOVE_KIDNEY_HU, PELVIS_CM3 = 250.0, 100.0, 0.5
BLADDER_HU, BLADDER_ABOVE_KIDNEY_HU, BLADDER_PERCENTILE = 150.0, 50.0, 95.0

PHASE = Output("contrast_phase", "", "native, arterial, venous or delayed")
FINE = Output("contrast_phase_fine", "", "the same with early/late arterial told apart")
PROBABILITY = Output("contrast_phase_probability", "", "probability of the class, 0-1")
SECONDS = Output("contrast_phase_seconds", "s", "predicted time after injection")
SPREAD = Output("contrast_phase_spread_s", "s", "standard deviation of the five regressors")
OUTPUTS = (PHASE, FINE, PROBABILITY, SECONDS, SPREAD)


class _Regressor(Protocol):
    """What is used of an ``xgboost.XGBRegressor``."""

    def predict(self, features: Sequence[Sequence[float]]) -> Sequence[float]:
        """Seconds after injection, one per row of features."""


@dataclass(frozen=True, slots=True)
class PhasePrediction:
    """What the regressors say.

    Attributes:
        fine: ``native``, ``arterial_early``, ``arterial_late`` or ``portal_venous``.
        probability: of that class, from TotalSegmentator's table.
        seconds: mean predicted time after injection.
        spread_s: population standard deviation over the regressors.
        earliest_s: lowest of the predictions.
        latest_s: highest of the predictions.
    """

    fine: str
    probability: float
    seconds: float
    spread_s: float
    earliest_s: float
    latest_s: float


def predict_phase(median_hu: Mapping[str, float]) -> PhasePrediction:
    """Run the regressors on the medians of the structures present; the others count as 0.0."""
    from totalsegmentator.bin.totalseg_get_phase import pi_time_to_phase  # noqa: PLC0415 - 2 s

    features = [median_hu.get(name, 0.0) for name in FEATURES]
    predictions = np.array([float(model.predict([features])[0]) for model in _regressors()])
    seconds = round(float(predictions.mean()), 2)
    fine, probability = pi_time_to_phase(seconds)
    return PhasePrediction(
        fine=fine,
        probability=probability,
        seconds=seconds,
        spread_s=round(float(predictions.std()), 4),
        earliest_s=round(float(predictions.min()), 2),
        latest_s=round(float(predictions.max()), 2),
    )


def measure(case: Case) -> tuple[Measurement, ...]:
    """Phase in both vocabularies, its probability, seconds and spread."""
    if case.modality != "CT":
        return all_absent(OUTPUTS, inapplicable("phase_is_for_ct"))
    if absence := task_absence(case, "total"):
        return all_absent(OUTPUTS, absence)
    median_hu, substantial = _medians(case)
    if len(substantial) < FEWEST_STRUCTURES or not TELLING.intersection(substantial):
        too_few = unassessable(
            "too_few_structures_for_phase",
            seen=len(substantial),
            known=len(FEATURES),
            needed=FEWEST_STRUCTURES,
        )
        return all_absent(OUTPUTS, too_few)
    prediction = predict_phase(median_hu)
    fine, probability = prediction.fine, prediction.probability
    excretion = excretion_evidence(case)
    if excretion:
        fine, probability = "delayed", DELAYED_PROBABILITY
    evidence: dict[str, Scalar] = {
        "structures": ",".join(substantial),
        "rule": "excretion at equilibrium" if excretion else "regressors",
        "contrast_agent_in_header": case.series.contrast_agent is not None,
        **excretion,
    }
    return (
        PHASE.measured(COARSE[fine], structure=None, **evidence),
        FINE.measured(fine, regressors_say=prediction.fine),
        PROBABILITY.measured(probability),
        SECONDS.measured(prediction.seconds),
        SPREAD.measured(
            prediction.spread_s,
            earliest_s=prediction.earliest_s,
            latest_s=prediction.latest_s,
        ),
    )


@cache
def _regressors() -> tuple[_Regressor, ...]:
    """TotalSegmentator's five regressors, unpickled as its own script does."""
    file = resources.files("totalsegmentator") / CLASSIFIERS
    with warnings.catch_warnings(), file.open("rb") as stream:
        # xgboost remarks that the file was written by an older version; it reads it all the same.
        warnings.simplefilter("ignore", UserWarning)
        models = pickle.load(stream)  # noqa: S301 - part of an installed, trusted package
    return tuple(models.values())


def _medians(case: Case) -> tuple[dict[str, float], tuple[str, ...]]:
    """Median HU of every feature present, and the names of those of at least 1 cm³."""
    found = {name: case.statistics[name] for name in BODY_FEATURES if name in case.statistics}
    if NECK_TASK in case.segmentations:
        neck = structure_statistics(case.segmentations[NECK_TASK].label_map, case.image)
        found |= {name: neck[name] for name in NECK_FEATURES if name in neck}
    medians = {name: statistics.median for name, statistics in found.items()}
    substantial = tuple(name for name, one in found.items() if one.volume_cm3 >= STRAY_CM3)
    return medians, substantial


def excretion_evidence(case: Case) -> dict[str, Scalar]:
    """Figures that show excreted contrast at equilibrium; empty when the rule does not hold."""
    median_hu = {name: found.median for name, found in case.statistics.items()}
    kidneys = [name for name in ("kidney_right", "kidney_left") if name in median_hu]
    veins = [
        median_hu[name]
        for name in ("inferior_vena_cava", "portal_vein_and_splenic_vein")
        if name in median_hu
    ]
    aorta_hu = median_hu.get("aorta", 0.0)
    if not kidneys or not veins or aorta_hu < EQUILIBRIUM_AORTA_HU:
        return {}
    if max(abs(aorta_hu - vein) for vein in veins) > EQUILIBRIUM_DIFFERENCE_HU:
        return {}
    kidney_hu = float(np.mean([median_hu[name] for name in kidneys]))
    if kidney_hu < ENHANCED_KIDNEY_HU:
        return {}
    pelvis_cm3 = sum(_bright_near(case, name, median_hu[name]) for name in kidneys)
    bladder_hu = _bladder_hu(case)
    bladder_limit = max(BLADDER_HU, kidney_hu + BLADDER_ABOVE_KIDNEY_HU)
    if pelvis_cm3 < PELVIS_CM3 and (bladder_hu is None or bladder_hu <= bladder_limit):
        return {}
    return {
        "excreted_cm3": round(pelvis_cm3, 2),
        "bladder_p95_hu": bladder_hu,
        "kidney_hu": round(kidney_hu, 1),
        "aorta_hu": round(aorta_hu, 1),
    }


def _bright_near(case: Case, kidney: str, kidney_hu: float) -> float:
    """cm³ of renal or unlabelled voxels near a kidney that only excreted contrast explains."""
    affine = case.image.affine
    found = case.statistics[kidney]
    box = box_around(found, case.image.shape, affine, KIDNEY_MARGIN_MM)
    labels = case.anatomy.data[box]
    mask = labels == case.anatomy.number(kidney)
    limit = max(PELVIS_HU, kidney_hu + PELVIS_ABOVE_KIDNEY_HU)
    bright = (case.image.data[box] > limit) & (mask | (labels == 0))
    if not bright.any():
        return 0.0
    bright &= dilated(mask, affine, KIDNEY_MARGIN_MM)
    return int(bright.sum()) * case.image.voxel_volume_mm3 / 1000


def _bladder_hu(case: Case) -> float | None:
    """95th percentile of the bladder, where excreted contrast settles; ``None`` without one."""
    found = case.statistics.get("urinary_bladder")
    if found is None or found.volume_cm3 < STRAY_CM3:
        return None
    box = box_around(found, case.image.shape, case.image.affine)
    mask = case.anatomy.data[box] == case.anatomy.number("urinary_bladder")
    return round(float(np.percentile(case.image.data[box][mask], BLADDER_PERCENTILE)), 1)
