"""Lung nodules: number, diameters, volume, lobe and density of what the network marks.

**Definition.** A nodule is a connected piece (26 neighbours) of the task ``lung_nodules`` that
comes within 2 mm of a lobe. On the axial slice of its largest area the *long axis* is its greatest
diameter, the *short axis* the longest chord at right angles to it, both outer edge to outer edge;
``nodule_<n>_diameter_mm`` is their **mean** (Fleischner Society; Bankier 2017, Radiology
285:584). Number 1 is the largest; ten are listed, ``lung_nodules`` counts all of at least 3 mm. The
volume is ``n · |det(A)|`` mm³. *Solid* is what has a median of at least -300 HU without its outer
millimetre, *subsolid* what is darker. ``nodule_<n>_pleura_mm`` is the distance from its
surface to the edge of the lung as segmented, mediastinal side included; 0: it touches.

**Gate.** CT whose slices are at most 2.5 mm apart; the weights of ``lung_nodules``; a lobe of the
lung that is believed. Where an edge of the volume cuts a nodule its size is *not assessable*.
**Nothing found is a count of 0 of this network, not a clear lung**: no sizes, no class, no finding.

**How to read it.** ``lung_nodule_size_class`` puts the largest mean diameter, rounded to whole mm,
into the classes of Fleischner 2017 (MacMahon, Radiology 284:228): below 6, 6 to 8, above 8 mm (100
and 250 mm³). They hold from 35 years on, for nodules found by chance, not in screening, known
cancer or immunosuppression; number, density, prior studies and risk decide with them, so no
management is derived. For Lung-RADS 2022 the fields are here (mean diameter to a tenth, volume,
density, lobe); the category needs the screening history. Numbers follow size in *this* study:
nodule 1 need not be nodule 1 of an earlier one. The study page lays the patient's last CT that
shows a lobe with a nodule over this one, lobe by lobe, and gives the *volume doubling time*
``t · ln 2 / ln(V / V₀)`` of each nodule it finds again for certain (within 15 mm, no third one
near, all that both studies count listed); a change of less than a quarter is none (van Klaveren
2009, N Engl J Med 361:2221).

**How sure.** On 100 drawn nodules of 4 to 16 mm (labels as drawn, slices of 1 and 2.5 mm, flipped,
tilted, sharp kernel) mean diameters were 0.2 mm too large on average, 0.6 mm at worst, volumes
within 20 mm³, density right wherever it was given. What the network misses or draws too large comes
on top: nobody here has seen its released weights.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from heimdallr.analyses.acquisition import ACQUISITION, acquisition
from heimdallr.analyses.anatomy.nodules import (
    LOBES,
    RIM_MM,
    SMALLEST_MM,
    Marked,
    Nodule,
    marked_nodules,
)
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
    rejection,
    structure_or_absence,
    task_absence,
    truncated_by,
)
from heimdallr.analyses.scan_gates import age_absence, spacing_absence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement, Scalar

TASK, LABEL = "lung_nodules", "lung_nodules"

THICKEST_MM = 2.5
"""Chosen: the thickest slices that reading rooms measure nodules of 6 mm on; guidelines ask for 1.5
mm and less. Half of it would refuse most routine chests, twice it would measure partial volume."""

SOLID_HU = -300.0
"""Chosen, not measured: halfway between ground glass (about -600) and soft tissue (about 0).

At -450 HU dense ground glass would be solid; at -150 HU small solid nodules in noise would not.
"""

LISTED = 10
"""Chosen: more than are described one by one in a report."""

FLEISCHNER_YEARS = 35.0
SIX_MM, EIGHT_MM = 6, 8
"""MacMahon 2017, Radiology 284:228."""

BELOW_6, FROM_6_TO_8, ABOVE_8 = "below_6_mm", "6_to_8_mm", "above_8_mm"
SOLID, SUBSOLID = "solid", "subsolid"
RANKED = re.compile(r"(nodule|coronary_calcium_lesion)_\d+_.+")
"""Names that hold a rank within one study: nothing to compare between studies."""
NONE_FOUND = "none_found"

COUNT = Output("lung_nodules", "", "nodules of at least 3 mm that the network marked")
LARGEST = Output("lung_nodule_largest_mm", "mm", "mean diameter of the largest nodule")
SIZE_CLASS = Output("lung_nodule_size_class", "", "its size class of Fleischner 2017")
DIAMETER = Output("nodule_<n>_diameter_mm", "mm", "mean of long and short axis")
VOLUME = Output("nodule_<n>_vol_mm3", "mm3", "its volume")
DENSITY = Output("nodule_<n>_density", "", "solid or subsolid")
LOBE = Output("nodule_<n>_lobe", "", "the lobe it lies in or touches most")
PLEURA = Output("nodule_<n>_pleura_mm", "mm", "distance to the edge of the lung")
OUTPUTS = (COUNT, LARGEST, SIZE_CLASS, DIAMETER, VOLUME, DENSITY, LOBE, PLEURA)
READS = Reads(structures=LOBES, tasks=(TASK,), coverage=True, patient=True, facts=ACQUISITION)


def measure(case: Case) -> tuple[Measurement, ...]:
    """The count, the largest, and a row of numbers for each of the ten largest."""
    marked = nodules_or_absence(case)
    if isinstance(marked, Absence):
        return all_absent(OUTPUTS, marked)
    count = COUNT.measured(len(marked.nodules), structure=LABEL, **_counted(case, marked))
    if not marked.nodules:
        nothing = unassessable("no_nodule_segmented")
        return (count, LARGEST.absent(nothing), SIZE_CLASS.absent(nothing))
    rows = (
        measurement
        for number, nodule in enumerate(marked.nodules[:LISTED], start=1)
        for measurement in _row(case, str(number), nodule)
    )
    return (count, *_largest(case, marked.nodules[0]), *rows)


def nodules_or_absence(case: Case) -> Marked | Absence:
    """What the network marked in the lungs, or why it cannot be measured."""
    if case.modality != "CT":
        return inapplicable("task_reads_ct_only", task=TASK)
    if absence := attenuation_absence(case):
        return absence
    lobes = [structure_or_absence(case, lobe, region="thorax") for lobe in LOBES]
    absences = [one for one in lobes if isinstance(one, Absence)]
    if len(absences) == len(lobes):
        return absences[0]
    if absence := task_absence(case, TASK) or rejection(case, LABEL):
        return absence
    if absence := spacing_absence(case, THICKEST_MM, may_overlap=True):
        return absence
    known = [lobe for lobe, one in zip(LOBES, lobes, strict=True) if not isinstance(one, Absence)]
    return marked_nodules(case, case.segmentations[TASK].label_map, LABEL, known)


def _counted(case: Case, marked: Marked) -> dict[str, Scalar]:
    """What the count leaves out, and what it cannot know."""
    told: dict[str, Scalar] = {
        "micronodules": marked.micronodules,
        "outside_lung": marked.outside,
        "smallest_mm": SMALLEST_MM,
    }
    if not marked.nodules:
        told["network"] = NONE_FOUND
    found = (case.statistics[lobe] for lobe in LOBES if lobe in case.statistics)
    cut = dict.fromkeys(edge for lobe in found for edge in lobe.truncated_at)
    return told | ({"truncated_at": ",".join(cut)} if cut else {})


def _largest(case: Case, nodule: Nodule) -> tuple[Measurement, Measurement]:
    """The largest diameter and its class; a cut nodule is at least as large as it is seen."""
    mean_mm, at = nodule.axes.mean_mm, nodule.slice_index
    size_class = size_class_of(mean_mm)
    cut = truncated_by(nodule.cuts)
    largest = (
        LARGEST.absent(cut, structure=LABEL, slice_index=at, seen_diameter_mm=round(mean_mm, 1))
        if cut
        else LARGEST.measured(round(mean_mm, 1), structure=LABEL, slice_index=at)
    )
    if young := age_absence(case, FLEISCHNER_YEARS):
        return largest, SIZE_CLASS.absent(young, structure=LABEL, slice_index=at)
    if cut and size_class != ABOVE_8:
        return largest, SIZE_CLASS.absent(cut, structure=LABEL, slice_index=at)
    return largest, SIZE_CLASS.measured(size_class, structure=LABEL, slice_index=at)


def size_class_of(mean_mm: float) -> str:
    """The class of a mean diameter, which is rounded to whole millimetres, halves up."""
    whole_mm = int(mean_mm + 0.5)
    if whole_mm < SIX_MM:
        return BELOW_6
    return FROM_6_TO_8 if whole_mm <= EIGHT_MM else ABOVE_8


def _row(case: Case, number: str, nodule: Nodule) -> tuple[Measurement, ...]:
    """The numbers of one nodule."""
    diameter, volume, density, lobe, pleura = (
        output.of(n=number) for output in (DIAMETER, VOLUME, DENSITY, LOBE, PLEURA)
    )
    voxel = " ".join(str(round(along)) for along in nodule.centre_ijk)
    place: dict[str, Scalar] = {"slice_index": nodule.slice_index, "voxel": voxel}
    long_mm, short_mm = round(nodule.axes.long_mm, 1), round(nodule.axes.short_mm, 1)
    where = lobe.measured(nodule.lobe, structure=nodule.lobe, **place)
    if cut := truncated_by(nodule.cuts):
        sizes = (
            diameter.absent(cut, structure=LABEL, seen_diameter_mm=long_mm, **place),
            volume.absent(cut, structure=LABEL, **place),
        )
    else:
        sizes = (
            diameter.measured(
                round(nodule.axes.mean_mm, 1),
                structure=LABEL,
                long_axis_mm=long_mm,
                short_axis_mm=short_mm,
                **place,
            ),
            volume.measured(round(nodule.volume_mm3, 1), structure=LABEL, **place),
        )
    return (
        *sizes,
        _density(case, density, nodule, place),
        where,
        pleura.absent(unassessable("no_edge_of_lung_near"), structure=LABEL, **place)
        if nodule.pleura_mm is None
        else pleura.measured(round(nodule.pleura_mm, 1), structure=LABEL, **place),
    )


def _density(
    case: Case, output: Output, nodule: Nodule, place: Mapping[str, Scalar]
) -> Measurement:
    if nodule.core_hu is None:
        small = unassessable("nodule_without_core", rim_mm=RIM_MM)
        return output.absent(small, structure=LABEL, **place)
    return output.measured(
        SOLID if nodule.core_hu >= SOLID_HU else SUBSOLID,
        structure=LABEL,
        core_median_hu=round(nodule.core_hu, 1),
        threshold_hu=SOLID_HU,
        **place,
        **acquisition(case),
    )
