"""Vertebral levels: which vertebrae are in view, and what says that they are those.

**Definition.** ``vertebral_levels`` lists the whole vertebrae, head to foot. Their names are
checked against *anchors* that do not come from the network: the sacrum, with both hips in view,
lies below L5; the last pair of ribs is carried by T12, if most of a vertebra without ribs is seen
below it; the first pair by T1, likewise. Ribs are found in the image and followed to the side.
``level_rests_on`` names the anchors in view, here and at every number that is taken at a level.

**Gate.** CT. At least three whole vertebrae, in order, evenly spaced, of volumes that fit, none in
two places; at least one anchor, and none that contradicts the names. Otherwise no number at any
level is measured, and the reason is the one given here.

**How to read it.** Levels that rest on the last ribs alone are one off in a patient with eleven or
thirteen pairs. With the sacrum in view as well they are certain, or a *transitional vertebra* is
suspected: four or six vertebrae between last ribs and sacrum (4 to 30 % of people, by the way one
counts: Konin and Walz 2010, AJNR 31:1778).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.analyses.declared_outputs import Absence, Output, all_absent, inapplicable
from heimdallr.analyses.presence import attenuation_absence, patient_absence, task_absence
from heimdallr.domain.measurement import Status

if TYPE_CHECKING:
    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement

LEVELS = Output("vertebral_levels", "", "whole vertebrae in view, head to foot")
OUTPUTS = (LEVELS,)


def measure(case: Case) -> tuple[Measurement, ...]:
    """The list of levels, or why no number may be taken at any."""
    if case.modality != "CT":
        return all_absent(OUTPUTS, inapplicable("levels_need_ct"))
    if absence := (
        attenuation_absence(case) or task_absence(case, case.anatomy_task) or patient_absence(case)
    ):
        return all_absent(OUTPUTS, absence)
    check = case.levels
    if check.problem is not None:
        return all_absent(OUTPUTS, Absence(Status.NOT_ASSESSABLE, check.problem))
    return (LEVELS.measured(",".join(check.levels), **check.conditions),)
