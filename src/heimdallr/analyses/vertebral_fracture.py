"""Vertebral fracture: heights of the bodies T4 to L5, their ratios, suspected compression.

**Formulas.** In the frame of each vertebra (``anatomy.vertebral_body``): anterior, middle and
posterior height *A*, *M*, *P* from endplate to endplate at 15, 50 and 85 % of the depth, each the
mean over 40 % of the width and 14 % of the depth. What is lost is ``1 - min(A/P, M/P, S/E)``: a
*wedge*, a *biconcave* body, or a *crush*, where *S* is the mean of the three heights and *E* what
the neighbours let expect (the higher of two above, the higher of two below, averaged).

Compression is suspected from 20 % on; of a wedge or a biconcave body only if the lowered height is
also at least 10 % below the neighbours' height at the same place, so that a posterior wall drawn
too high raises no alarm. Grades as Genant has them: 1 from 20 %, 2 from 25, 3 above 40.

**Gate.** CT; slices and pixels of at most 3 mm; a column that passes the level self-check; of each
vertebra: whole in the image, believed, no metal, a body that can be told from its arch. Where
nothing outside the column confirms the names of the vertebrae, none is named, in words or by
``structure``: what was found is said of *a vertebra*, with its place. The bundled networks draw the
borders between vertebrae at 6 mm: on four real CTs A/P came out between 0.5 and 2.5, on two of them
where official labels give 0.83 to 1.21, so with them nothing is measured. Task ``vertebrae_body``
is used where it was run.

**How sure.** On 20 phantoms (columns of five, one body broken by 0 to 60 %, slices of 1.5 mm) the
posterior height is off by 0.3 mm in the mean and 1.7 at worst, the loss by 1.6 and 7.8 percentage
points; tilted and flipped no worse; in slices of 3 mm by 0.7 and 2.5 mm, 3.8 and 10.6 points: a
loss of 15 % may read as 25, which is why the neighbours are asked as well. On four label maps of
official networks (1.5 to 3 mm, 36 vertebrae) A/P lay between 0.83 and 1.21 and M/P between 0.83 and
1.08, but for one L3 whose middle is 30 % lower than its posterior wall and than its neighbours'
(there is no image to say why).

**How to read it.** A loss of height is not its cause: Scheuermann's disease, limbus vertebrae,
metastases and old injuries look alike, and L5 is lower behind than before in everybody, for which
reason a low posterior wall alone counts for nothing. TotalSegmentator's spine report takes the
ratio of the lowest to the highest of three heights, below 0.80, on the sagittal slice where it is
most extreme. Genant 1993, J Bone Miner Res 8:1137 (grades: as quoted by Wang 2019, Quant Imaging
Med Surg 9:146).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from heimdallr.analyses.anatomy.implants import has_metal
from heimdallr.analyses.anatomy.vertebral_body import TASK as BODY_TASK
from heimdallr.analyses.anatomy.vertebral_body import too_coarse, vertebral_bodies
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
    patient_absence,
    structure_or_absence,
    task_absence,
    truncation,
)
from heimdallr.analyses.scan_gates import voxel_absence
from heimdallr.analyses.vertebral_levels import LUMBAR, THORACIC, TRANSITIONAL, structure_of
from heimdallr.domain.measurement import Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from heimdallr.analyses.anatomy.vertebral_body import VertebralBody
    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement, Scalar

LEVELS = (*THORACIC[3:], *LUMBAR)
"""T4 to L5: above them bodies are small, and compression is rare."""
DEPTHS = (0.15, 0.50, 0.85)
"""Where heights are taken, 0 the anterior wall; TotalSegmentator's spine report has the same."""
LARGEST_SPACING_MM = 3.0
"""Chosen, not measured: 20 % of a thoracic body are 4 mm. On phantoms heights in slices of 3 mm are
good to 2 mm; half of it would refuse most routine series."""
RATIO = 0.80
"""Below this compression is suspected; Genant's first grade."""
AGAINST_NEIGHBOURS = 0.90
"""Chosen: in the label maps above a height is 0.80 to 1.08 of what its neighbours let expect, SD
0.05, so that this is two SD. At 0.95 it would confirm nearly everything, at 0.80 miss a wedge whose
neighbours have lost some height too."""
BESIDE = 2
"""Neighbours on each side of which the higher counts: one of them may be fractured too."""
GRADES = ((40.0, 3), (25.0, 2), (20.0, 1))
SMALLEST_CM3 = 5.0
"""As of L3 in ``sarcopenia_l3``: less is a fragment."""
UNNAMED = frozenset(
    {
        "no_level_anchor",
        "only_weak_level_anchors",
        "level_contradicts_anchor",
        "level_contradicts_landmark",
        TRANSITIONAL,
    }
)
"""What may be wrong with the levels and still leave the vertebrae well told apart."""

ANTERIOR = Output("<level>_height_anterior_mm", "mm", "height of the vertebral body in front")
MIDDLE = Output("<level>_height_middle_mm", "mm", "height in the middle of its depth")
POSTERIOR = Output("<level>_height_posterior_mm", "mm", "height behind")
LOSS = Output("<level>_height_loss_percent", "%", "height that the body has lost, at its lowest")
MOST = Output("vertebral_height_loss_percent", "%", "largest loss of height of any vertebra")
SUSPECTED = Output("vertebral_fractures_suspected", "", "vertebrae that look compressed")
MEASURED = Output("vertebrae_measured", "", "vertebrae T4 to L5 whose heights were measured")
_OF_LEVEL = (ANTERIOR, MIDDLE, POSTERIOR, LOSS)
OUTPUTS = (SUSPECTED, MOST, MEASURED, *_OF_LEVEL)
READS = Reads(
    structures=tuple(structure_of(level) for level in (THORACIC[2], *LEVELS)),
    tasks=(BODY_TASK,),
    levels=True,
    coverage=True,
)
"""With the neighbour above: it tells which way is up."""

Form = Literal["wedge", "biconcave", "crush"]


@dataclass(frozen=True, slots=True)
class Heights:
    """Of one body, mm."""

    anterior: float
    middle: float
    posterior: float

    @property
    def mean(self) -> float:
        """Of all three."""
        return (self.anterior + self.middle + self.posterior) / 3


@dataclass(frozen=True, slots=True)
class Loss:
    """What a body has lost.

    Attributes:
        percent: of its height, at the lowest place.
        form: which place that is.
        suspected: whether it is a compression as far as its neighbours tell.
    """

    percent: float
    form: Form
    suspected: bool

    @property
    def grade(self) -> int:
        """Genant's, 0 where nothing is suspected."""
        fitting = (grade for percent, grade in GRADES if self.percent >= percent)
        return next(fitting, 0) if self.suspected else 0


def measure(case: Case) -> tuple[Measurement, ...]:
    """Count, largest loss, and the heights of each vertebra in view."""
    if absence := gate(case):
        return all_absent(OUTPUTS, absence)
    found = {level: one for level in LEVELS if (one := _whole(case, level)) is not None}
    bodies = bodies_of(case)
    heights = {level: heights_of(body) for level, body in bodies.items()}
    losses = losses_of(heights)
    nothing = all_absent(OUTPUTS, unassessable("no_vertebra_measurable"))
    summary = _summary(case, bodies, losses) if losses else nothing
    rows = [one for level in found for one in _rows(case, level, found, heights, losses)]
    return (*summary, *rows)


def gate(case: Case) -> Absence | None:
    """Why no vertebra of this case has heights; ``None`` when some may."""
    if case.modality != "CT":
        return inapplicable("levels_need_ct")
    if absence := (
        attenuation_absence(case) or task_absence(case, case.anatomy_task) or patient_absence(case)
    ):
        return absence
    if absence := voxel_absence(case, LARGEST_SPACING_MM) or too_coarse(case):
        return absence
    problem = case.levels.problem
    if problem is not None and problem.code not in UNNAMED:
        return Absence(Status.NOT_ASSESSABLE, problem)
    return None


def _whole(case: Case, level: str) -> Absence | Literal["whole"] | None:
    """Whether a vertebra may be measured, or why not; ``None`` where there is none in the map."""
    structure = structure_of(level)
    if structure not in case.statistics:
        return None
    region = "thorax" if level in THORACIC else "abdomen"
    found = structure_or_absence(case, structure, region=region, at_least_cm3=SMALLEST_CM3)
    if isinstance(found, Absence):
        return found
    if cut := truncation(found):
        return unassessable("level_truncated", level=level, **cut.why.parameters)
    if has_metal(case, structure):
        return unassessable("metal_in_vertebra", level=level)
    return "whole"


def bodies_of(case: Case) -> Mapping[str, VertebralBody]:
    """The bodies whose heights count, head to foot; empty where the gate says no."""
    if gate(case):
        return {}
    return vertebral_bodies(case, [level for level in LEVELS if _whole(case, level) == "whole"])


def heights_of(body: VertebralBody) -> Heights:
    """Anterior, middle and posterior height."""
    return Heights(*(body.height_at(depth) for depth in DEPTHS))


def losses_of(heights: Mapping[str, Heights]) -> dict[str, Loss]:
    """Level → what it has lost."""
    return {level: _loss(level, heights) for level in heights}


def _loss(level: str, heights: Mapping[str, Heights]) -> Loss:
    own, others = heights[level], list(_neighbours(level, heights))
    ratios: dict[Form, float] = {
        "wedge": own.anterior / own.posterior,
        "biconcave": own.middle / own.posterior,
    }
    confirmed: dict[Form, bool] = {
        "wedge": _below(own.anterior, [[one.anterior for one in side] for side in others]),
        "biconcave": _below(own.middle, [[one.middle for one in side] for side in others]),
        "crush": True,
    }
    if others:
        ratios["crush"] = own.mean / _expected([[one.mean for one in side] for side in others])
    low = {form for form, ratio in ratios.items() if ratio < RATIO and confirmed[form]}
    form = min(low or ratios, key=lambda one: ratios[one])
    return Loss(max(0.0, 100 * (1 - ratios[form])), form, bool(low))


def _neighbours(level: str, heights: Mapping[str, Heights]) -> Iterator[list[Heights]]:
    """The measured ones of two above, and of two below; a side without any is left out."""
    place = LEVELS.index(level)
    for side in (LEVELS[max(place - BESIDE, 0) : place], LEVELS[place + 1 : place + 1 + BESIDE]):
        if known := [heights[one] for one in side if one in heights]:
            yield known


def _expected(sides: list[list[float]]) -> float:
    return float(np.mean([max(side) for side in sides]))


def _below(height_mm: float, sides: list[list[float]]) -> bool:
    """Whether a height is low for its neighbours, or has none."""
    return not sides or height_mm < AGAINST_NEIGHBOURS * _expected(sides)


def _summary(
    case: Case, bodies: Mapping[str, VertebralBody], losses: Mapping[str, Loss]
) -> tuple[Measurement, ...]:
    """How many, and the worst: of those that are suspected, if any is."""
    suspected = [level for level, loss in losses.items() if loss.suspected]
    worst = max(suspected or losses, key=lambda level: losses[level].percent)
    loss, named = losses[worst], _named(case)
    conditions = case.levels.conditions if named else {}
    structure = structure_of(worst) if named else None
    place: dict[str, Scalar] = {} if named else _place(case, bodies[worst])
    count = SUSPECTED.measured(len(suspected), **conditions)
    if suspected:
        levels = ",".join(suspected) if named else "unnamed"
        count = SUSPECTED.measured(
            len(suspected), structure=structure, levels=levels, **place, **conditions
        )
    most = MOST.measured(
        round(loss.percent, 1),
        structure=structure,
        level=worst if named else "unnamed",
        form=loss.form,
        genant_grade=loss.grade,
        **place,
        **conditions,
    )
    return (count, most, MEASURED.measured(len(losses), **conditions))


def _place(case: Case, body: VertebralBody) -> dict[str, Scalar]:
    """Where a viewer is to jump to a body that has no name."""
    i, j, k = (round(float(along)) for along in case.image.world_to_voxel(body.centre_mm))
    return {"slice_index": k, "voxel": f"{i} {j} {k}"}


def _named(case: Case) -> bool:
    return case.levels.problem is None


def _rows(
    case: Case,
    level: str,
    found: Mapping[str, Absence | Literal["whole"]],
    heights: Mapping[str, Heights],
    losses: Mapping[str, Loss],
) -> tuple[Measurement, ...]:
    """The numbers of one vertebra, or why it has none."""
    structure, outputs = structure_of(level), [one.of(level=level) for one in _OF_LEVEL]
    absence = found[level]
    if not isinstance(absence, Absence):
        if case.levels.problem is not None:
            absence = Absence(Status.NOT_ASSESSABLE, case.levels.problem)
        elif level not in heights:
            absence = unassessable("body_not_separated", level=level)
    if isinstance(absence, Absence):
        return tuple(output.absent(absence, structure=structure) for output in outputs)
    own, loss = heights[level], losses[level]
    values = (own.anterior, own.middle, own.posterior)
    measured = (
        output.measured(round(value, 1), structure=structure)
        for output, value in zip(outputs, values, strict=False)
    )
    suspected = "yes" if loss.suspected else "no"
    last = outputs[-1].measured(
        round(loss.percent, 1),
        structure=structure,
        form=loss.form,
        suspected=suspected,
        **case.levels.conditions,
    )
    return (*measured, last)
