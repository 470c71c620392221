"""Contrast phase of a CT, read off the attenuation of vessels and organs.

**Method.** Median HU of 20 structures go into the five gradient-boosted regressors
TotalSegmentator ships (Wasserthal 2023, Radiology: Artificial Intelligence 5:e230024); their mean
is the time after injection in seconds, their standard deviation and range the disagreement. A
structure that is not there is coded 0.0, as in their training. ``native < 10 s ≤ arterial_early <
30 s ≤ arterial_late < 60 s ≤ portal_venous``. The medians are those of the segmentation already
made, on the image's own grid (TotalSegmentator takes them at 3 mm). A structure that is not
believed is not there.

**Delayed.** The regressors cannot return *delayed*, and none of their times is one: there is no
time after injection then. The phase is ``delayed`` when all of these hold:

1. equilibrium: median aorta ≥ 60 HU, and within 20 HU of vena cava and portal vein (those present,
   at least one of them);
2. enhanced kidneys: median ≥ 70 HU;
3. excretion: ≥ 0.5 cm³ of unlabelled or renal voxels within 10 mm of the kidneys, brighter than
   both 250 HU and the kidney median + 100 HU (renal pelvis and ureter), some of it at each kidney,
   in pieces of which half lies in the kidney or 90 % within the 10 mm; or the 95th percentile of
   the bladder above both 150 HU and the kidney median + 50 HU.

The first two keep stones, stents and calcified arteries of a native or arterial scan out; of a
portal venous one, ribs are kept out by going on elsewhere, and a stone by being on one side.

**No class.** The regressors always answer. Their answer is not published when they disagree by
more than 10 s (standard deviation), or when the blood contradicts it: *native* beside a vessel
above 100 HU; *arterial* or *venous* with all blood at most 70 HU; *arterial* with veins that come
within 20 HU of the artery, *venous* with veins more than 100 HU below it. The artery is the aorta
where it is in view, else the iliac or carotid ones.

**Gate.** CT as it was scanned: a virtual image of another energy or without its contrast medium
has no phase to read. At least three of the 20 structures, one of them blood or liver. The four neck
vessels come from the task ``headneck_bones_vessels`` where it was run, and count as absent
otherwise.

**How to read it.** ``contrast_phase`` uses the words *native, arterial, venous, delayed*;
``contrast_phase_fine`` keeps early and late arterial and portal venous apart. There is no
probability: TotalSegmentator's table gives 1.0 to nearly every answer, right or wrong. How sure it
is can be told from the spread, and from ``margin_s``, how far the time lies from where another
class begins. ``contrast_agent_in_header`` says whether the DICOM header names an agent.
"""

from __future__ import annotations

import pickle
import warnings
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Protocol

import cc3d
import numpy as np

from heimdallr.analyses.belief import STRAY_CM3
from heimdallr.analyses.declared_inputs import Reads
from heimdallr.analyses.declared_outputs import (
    Absence,
    Output,
    all_absent,
    inapplicable,
    unassessable,
)
from heimdallr.analyses.presence import (
    attenuation_absence,
    believed,
    patient_absence,
    task_absence,
)
from heimdallr.domain.study import PixelValues
from heimdallr.imaging.morphology import box_around, dilated
from heimdallr.imaging.statistics import structure_statistics
from heimdallr.preparation.phases import agent_given

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

ARTERIES = (
    "iliac_artery_left",
    "iliac_artery_right",
    "internal_carotid_artery_left",
    "internal_carotid_artery_right",
)
VEINS = (
    "inferior_vena_cava",
    "portal_vein_and_splenic_vein",
    "iliac_vena_left",
    "iliac_vena_right",
    "internal_jugular_vein_left",
    "internal_jugular_vein_right",
)
BLOOD = ("aorta", *ARTERIES, *VEINS, "pulmonary_vein")

CLASSES = ("native", "arterial_early", "arterial_late", "portal_venous")
BORDERS_S = (10.0, 30.0, 60.0)
"""Where each of them but the first begins, after injection (TotalSegmentator's
``pi_time_to_phase``, whose module imports PyTorch)."""

CLASSIFIERS = "resources/contrast_phase_classifiers_2024_07_19.pkl"
COARSE = {
    "native": "native",
    "arterial_early": "arterial",
    "arterial_late": "arterial",
    "portal_venous": "venous",
    "delayed": "delayed",
}
"""Fine label → the word published as the phase."""

EXCRETION = (
    "kidney_right",
    "kidney_left",
    "aorta",
    "inferior_vena_cava",
    "portal_vein_and_splenic_vein",
)
LARGEST_SPREAD_S = 10.0
"""Chosen, not measured: of 13 real and synthetic CTs read in November 2026 none was above 8.5 s;
bodies made to mislead the regressors reached 28."""
ENHANCED_BLOOD_HU, UNENHANCED_BLOOD_HU = 100.0, 70.0
"""Above the one blood holds contrast medium; up to the other it holds none that tells a phase.
Unenhanced blood has 30 to 60 HU, by its haematocrit; a calcified wall or noise adds some."""
LEAST_ARTERIAL_HU, MOST_VENOUS_HU = 20.0, 100.0
"""By how much an artery is brighter than the veins, in the arterial phase at least, in the portal
venous one at most. Chosen, not measured: in November 2026 the aorta was at most 31 above the
brightest vein in portal venous CTs, 44 in a late arterial one, 244 and more in the others."""

# The limits of "delayed" are chosen, not measured. They lie between the typical values of
# heimdallr.phantom.materials: blood 42 HU native and 105 delayed (veins at most 5 apart then, 250
# in the arterial phase), kidneys 34 and 140, renal pelvis 20 before excretion and 320 after. Only
# the bladder's, 190 beside such kidneys, is above its 180: there the renal pelvis decides. Half of
# them would call stones excretion; twice, none but the brightest pelvis would count.
EQUILIBRIUM_AORTA_HU = 60.0
EQUILIBRIUM_DIFFERENCE_HU = 20.0
ENHANCED_KIDNEY_HU = 70.0
KIDNEY_MARGIN_MM = 10.0
MOSTLY, PARTLY = 0.9, 0.5
"""Shares of a bright piece: of ribs along a kidney 0.5 to 0.7 lay near it and nothing in it; of
real excreted contrast 0.8 lay in the kidney (November 2026)."""
PELVIS_HU, PELVIS_ABOVE_KIDNEY_HU, PELVIS_CM3 = 250.0, 100.0, 0.5
BLADDER_HU, BLADDER_ABOVE_KIDNEY_HU, BLADDER_PERCENTILE = 150.0, 50.0, 95.0

PHASE = Output("contrast_phase", "", "native, arterial, venous or delayed")
FINE = Output("contrast_phase_fine", "", "the same with early/late arterial told apart")
SECONDS = Output("contrast_phase_seconds", "s", "predicted time after injection")
SPREAD = Output("contrast_phase_spread_s", "s", "standard deviation of the five regressors")
OUTPUTS = (PHASE, FINE, SECONDS, SPREAD)
READS = Reads(whole_map=True, tasks=(NECK_TASK,), coverage=True)
"""Of the whole map: excreted contrast has no label."""


class _Regressor(Protocol):
    """What is used of an ``xgboost.XGBRegressor``."""

    def predict(self, features: Sequence[Sequence[float]]) -> Sequence[float]:
        """Seconds after injection, one per row of features."""


@dataclass(frozen=True, slots=True)
class PhasePrediction:
    """What the regressors say.

    Attributes:
        fine: ``native``, ``arterial_early``, ``arterial_late`` or ``portal_venous``.
        seconds: mean predicted time after injection.
        spread_s: population standard deviation over the regressors.
        earliest_s: lowest of the predictions.
        latest_s: highest of the predictions.
    """

    fine: str
    seconds: float
    spread_s: float
    earliest_s: float
    latest_s: float


def predict_phase(median_hu: Mapping[str, float]) -> PhasePrediction:
    """Run the regressors on the medians of the structures present; the others count as 0.0."""
    features = [median_hu.get(name, 0.0) for name in FEATURES]
    predictions = np.array([float(model.predict([features])[0]) for model in _regressors()])
    seconds = round(float(predictions.mean()), 2)
    return PhasePrediction(
        fine=CLASSES[bisect_right(BORDERS_S, seconds)],
        seconds=seconds,
        spread_s=round(float(predictions.std()), 4),
        earliest_s=round(float(predictions.min()), 2),
        latest_s=round(float(predictions.max()), 2),
    )


def measure(case: Case) -> tuple[Measurement, ...]:
    """Phase in both vocabularies, seconds and spread."""
    if case.modality != "CT":
        return all_absent(OUTPUTS, inapplicable("phase_is_for_ct"))
    absence = attenuation_absence(case) or task_absence(case, "total") or patient_absence(case)
    if absence:
        return all_absent(OUTPUTS, absence)
    if case.series.pixel_values is PixelValues.VIRTUAL:
        return all_absent(OUTPUTS, unassessable("virtual_image_shows_no_phase"))
    median_hu = _medians(case)
    if len(median_hu) < FEWEST_STRUCTURES or not TELLING.intersection(median_hu):
        too_few = unassessable(
            "too_few_structures_for_phase",
            seen=len(median_hu),
            known=len(FEATURES),
            needed=FEWEST_STRUCTURES,
        )
        return all_absent(OUTPUTS, too_few)
    prediction, excretion = predict_phase(median_hu), excretion_evidence(case)
    fine = "delayed" if excretion else prediction.fine
    evidence: dict[str, Scalar] = {
        "structures": ",".join(median_hu),
        "rule": "excretion at equilibrium" if excretion else "regressors",
        "contrast_agent_in_header": agent_given(case.series.contrast_agent),
        **excretion,
    }
    doubt = None if excretion else doubt_about(prediction, median_hu)
    timeless = unassessable("phase_later_than_regressors_know") if excretion else doubt
    return (
        PHASE.absent(doubt, structure=None, **evidence)
        if doubt
        else PHASE.measured(COARSE[fine], structure=None, **evidence),
        FINE.absent(doubt, regressors_say=prediction.fine)
        if doubt
        else FINE.measured(fine, regressors_say=prediction.fine),
        SECONDS.absent(timeless)
        if timeless
        else SECONDS.measured(prediction.seconds, margin_s=margin_s(prediction)),
        SPREAD.measured(
            prediction.spread_s,
            earliest_s=prediction.earliest_s,
            latest_s=prediction.latest_s,
        ),
    )


def doubt_about(prediction: PhasePrediction, median_hu: Mapping[str, float]) -> Absence | None:
    """Why the regressors' answer is not to be believed; ``None`` when nothing speaks against it.

    Args:
        prediction: what they say.
        median_hu: structure → median HU, as they were given it.
    """
    if prediction.spread_s > LARGEST_SPREAD_S:
        return unassessable(
            "phase_regressors_disagree", spread_s=prediction.spread_s, limit_s=LARGEST_SPREAD_S
        )
    blood_hu = {name: median_hu[name] for name in BLOOD if name in median_hu}
    if not blood_hu:
        return None
    brightest = max(blood_hu, key=lambda name: blood_hu[name])
    phase, brightest_hu = COARSE[prediction.fine], blood_hu[brightest]
    impossible = (
        brightest_hu > ENHANCED_BLOOD_HU
        if phase == "native"
        else brightest_hu <= UNENHANCED_BLOOD_HU
    )
    if impossible:
        return unassessable(
            "phase_contradicted", phase=phase, structure=brightest, median_hu=brightest_hu
        )
    return None if phase == "native" else _against_the_veins(phase, blood_hu)


def _against_the_veins(phase: str, blood_hu: Mapping[str, float]) -> Absence | None:
    """Whether artery and veins are as far apart as an enhanced phase has them."""
    arteries = ["aorta"] if "aorta" in blood_hu else [name for name in ARTERIES if name in blood_hu]
    veins = [name for name in VEINS if name in blood_hu]
    if not arteries or not veins:
        return None
    artery, vein = (max(names, key=lambda name: blood_hu[name]) for names in (arteries, veins))
    apart_hu = blood_hu[artery] - blood_hu[vein]
    possible = apart_hu >= LEAST_ARTERIAL_HU if phase == "arterial" else apart_hu <= MOST_VENOUS_HU
    if possible:
        return None
    return unassessable(
        "phase_contradicted_by_veins",
        phase=phase,
        structures=(artery, vein),
        artery_hu=blood_hu[artery],
        vein_hu=blood_hu[vein],
    )


def margin_s(prediction: PhasePrediction) -> float:
    """Seconds from the predicted time to where another class begins."""
    return round(min(abs(prediction.seconds - border_s) for border_s in BORDERS_S), 2)


@cache
def _regressors() -> tuple[_Regressor, ...]:
    """TotalSegmentator's five regressors, unpickled as its own script does."""
    file = resources.files("totalsegmentator") / CLASSIFIERS
    with warnings.catch_warnings(), file.open("rb") as stream:
        # xgboost remarks that the file was written by an older version; it reads it all the same.
        warnings.simplefilter("ignore", UserWarning)
        models = pickle.load(stream)  # noqa: S301 - part of an installed, trusted package
    return tuple(models.values())


def _medians(case: Case) -> dict[str, float]:
    """Median HU of every feature that is there and believed."""
    medians = {
        name: case.statistics[name].median for name in BODY_FEATURES if name in believed(case)
    }
    if NECK_TASK in case.segmentations:
        neck = structure_statistics(case.segmentations[NECK_TASK].label_map, case.image)
        medians |= {
            name: neck[name].median
            for name in NECK_FEATURES
            if name in neck and neck[name].volume_cm3 >= STRAY_CM3 and name not in case.rejected
        }
    return medians


def excretion_evidence(case: Case) -> dict[str, Scalar]:
    """Figures that show excreted contrast at equilibrium; empty when the rule does not hold."""
    median_hu = {name: case.statistics[name].median for name in believed(case) if name in EXCRETION}
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
    pelves_cm3 = [_bright_near(case, name, median_hu[name]) for name in kidneys]
    bladder_hu = _bladder_hu(case)
    bladder_limit = max(BLADDER_HU, kidney_hu + BLADDER_ABOVE_KIDNEY_HU)
    pelvis_cm3, both = sum(pelves_cm3), min(pelves_cm3) > 0
    if not (both and pelvis_cm3 >= PELVIS_CM3) and (
        bladder_hu is None or bladder_hu <= bladder_limit
    ):
        return {}
    return {
        "excreted_cm3": round(pelvis_cm3, 2),
        "bladder_p95_hu": bladder_hu,
        "kidney_hu": round(kidney_hu, 1),
        "aorta_hu": round(aorta_hu, 1),
    }


def _bright_near(case: Case, kidney: str, kidney_hu: float) -> float:
    """cm³ of renal or unlabelled voxels near a kidney that only excreted contrast explains.

    Bright pieces lie for the most part in the kidney or wholly beside it: ribs and transverse
    processes, of which bundled weights leave much unlabelled, go on elsewhere.
    """
    affine = case.image.affine
    box = box_around(case.statistics[kidney], case.image.shape, affine, 2 * KIDNEY_MARGIN_MM)
    labels = case.anatomy.data[box]
    bright = case.image.data[box] > max(PELVIS_HU, kidney_hu + PELVIS_ABOVE_KIDNEY_HU)
    if not bright.any():
        return 0.0
    mask = labels == case.anatomy.number(kidney)
    near = dilated(mask, affine, KIDNEY_MARGIN_MM)
    pieces = cc3d.connected_components(bright, connectivity=26)
    whole, beside, inside = (
        np.bincount(pieces[where], minlength=int(pieces.max()) + 1)
        for where in (bright, bright & near, bright & mask)
    )
    counted = (beside >= MOSTLY * whole) | (inside >= PARTLY * beside)
    excreted = bright & near & (mask | (labels == 0)) & counted[pieces]
    return int(excreted.sum()) * case.image.voxel_volume_mm3 / 1000


def _bladder_hu(case: Case) -> float | None:
    """95th percentile of the bladder, where excreted contrast settles; ``None`` without one."""
    if "urinary_bladder" not in believed(case):
        return None
    box = box_around(case.statistics["urinary_bladder"], case.image.shape, case.image.affine)
    mask = case.anatomy.data[box] == case.anatomy.number("urinary_bladder")
    return round(float(np.percentile(case.image.data[box][mask], BLADDER_PERCENTILE)), 1)
