"""Organ volumetry: liver, spleen and both kidneys.

**Formula.** ``V = n · |det(A)| / 1000`` cm³ for *n* voxels and the voxel-to-world matrix *A* in mm.
The determinant makes it right for oblique and gantry-tilted grids, where the product of spacings
is not.

**Gate.** An organ is cut where 2 % or more of its largest section lies on an edge of the volume,
or beside a gap between the slices: its volume is *not assessable*, the reason says how much lies
there, and the part that was seen is given as the parameter ``segmented_cm3``. An organ that was not
segmented is *not assessable* — absent, removed and missed look alike — or *not applicable* when the
abdomen is not in the volume. It never has the volume 0. An organ that is not believed (see *What is
believed*) is *not assessable*; densities follow the same rules.

**How to read it.** CT volumes exclude nothing inside the organ's mask: hilar vessels, cysts and
tumours that the network labels as organ are counted; renal cysts that it labels ``kidney_cyst_*``
are not. Reference masses: ICRP Publication 89 (2002): liver 1.8 / 1.4 kg, spleen 150 / 130 g, one
kidney 155 / 138 g in the reference man / woman.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.analyses.declared_inputs import Reads
from heimdallr.analyses.declared_outputs import Absence, Output
from heimdallr.analyses.presence import certainty, structure_or_absence, truncation

if TYPE_CHECKING:
    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement

ORGANS = ("liver", "spleen", "kidney_right", "kidney_left")
SMALLEST_ORGAN_CM3 = 5.0
"""A mask below this is no adult's or child's liver, spleen or kidney but a fragment.

Chosen, not measured: 4 % of an adult's kidney, 23 voxels of the bundled networks (6 mm). Half of it
may still be a stray; twice it would come near a newborn's spleen.
"""

OUTPUTS = tuple(
    Output(f"{organ}_vol_cm3", "cm3", f"volume of the {organ.replace('_', ' ')}", flat=True)
    for organ in ORGANS
)
READS = Reads(structures=ORGANS, coverage=True)


def measure(case: Case) -> tuple[Measurement, ...]:
    """The four volumes."""
    return tuple(
        _volume(case, organ, output) for organ, output in zip(ORGANS, OUTPUTS, strict=True)
    )


def _volume(case: Case, organ: str, output: Output) -> Measurement:
    found = structure_or_absence(case, organ, region="abdomen", at_least_cm3=SMALLEST_ORGAN_CM3)
    if isinstance(found, Absence):
        return output.absent(found, structure=organ)
    volume_cm3 = round(found.volume_cm3, 3)
    if cut := truncation(found):
        return output.absent(cut, structure=organ, segmented_cm3=volume_cm3)
    sure = certainty(case, organ)
    return output.measured(volume_cm3, structure=organ, voxels=found.voxels, **sure)
