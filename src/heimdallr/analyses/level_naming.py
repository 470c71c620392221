"""Vertebral levels: which vertebrae are in view, and what says that they are those.

**Definition.** ``vertebral_levels`` lists the whole vertebrae, head to foot. Their names are
checked against *anchors* that do not come from the network: the sacrum, with both hips in view,
lies below L5; the last pair of ribs is carried by T12, if most of a vertebra without ribs is seen
below it; the first pair by T1, likewise. Ribs are found in the image and followed to the side.
``level_rests_on`` names the anchors in view, here and at every number that is taken at a level;
``level_agrees_with`` the *weak* ones that lie where these names let expect them: iliac crests (L4
to L5), aortic bifurcation (L3 to L5), kidneys (L1 to L3), lung bases (T10 to L1);
``level_differs_from`` those that are one level out of it.

Where a person has said which vertebra is which, the names rest on the *person*, whatever the
anchors say; a transitional vertebra is still told.

**Gate.** CT. At least three whole vertebrae, in order, evenly spaced, of volumes that fit, none in
two places; at least one anchor, none that contradicts the names, and no weak one two levels or more
out of its range. Otherwise no number at any level is measured, and the reason is the one given
here. Weak anchors alone name nothing: the reason says which agree, and by how many levels the names
could be moved and still agree with them.

**How to read it.** Levels that rest on the last ribs alone are one off in a patient with eleven or
thirteen pairs; a weak anchor that differs may be the sign of it. With the sacrum in view as well
they are certain, or a *transitional vertebra* is suspected: four or six vertebrae between last ribs
and sacrum (4 to 30 % of people, by the way one counts: Konin and Walz 2010, AJNR 31:1778).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.analyses.declared_inputs import Reads
from heimdallr.analyses.declared_outputs import Absence, Output, all_absent, inapplicable
from heimdallr.analyses.presence import attenuation_absence, patient_absence, task_absence
from heimdallr.domain.measurement import Status

if TYPE_CHECKING:
    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement, Scalar

LEVELS = Output("vertebral_levels", "", "whole vertebrae in view, head to foot")
OUTPUTS = (LEVELS,)
READS = Reads(levels=True, coverage=True)

BETWEEN = "vertebrae_between_ribs_and_sacrum"
"""Parameter of levels that a person has named, where these are not five."""


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
    told: dict[str, Scalar] = {**check.conditions}
    if check.transitional is not None:
        told[BETWEEN] = check.transitional
    return (LEVELS.measured(",".join(check.levels), structure=None, **told),)
