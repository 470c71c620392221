"""Aortic diameters: the largest of each segment, at right angles to the vessel.

**Definition.** A line runs through the middle of the aorta's label (lumen and wall, so diameters
are from outer wall to outer wall). On planes at right angles to it, every 2 mm, the border of the
section is drawn between voxels. ``…_diameter_mm`` is the largest distance of two parallel tangents
of it among the planes of a segment; ``…_perpendicular_mm`` the one at right angles to it on the
same plane. An axial slice would overstate an oblique vessel by 1 / cos of its tilt.

* *Segments*: ascending, arch, descending, suprarenal, infrarenal; ``upper_border`` and
  ``lower_border`` say what told them apart. ``abdominal`` is both below the diaphragm.
* ``aorta_length_mm``: along the line, from the heart to the iliac arteries.
* ``aorta_abdominal_tortuosity``: length of the abdominal part over the straight way between its
  ends.
* ``common_iliac_…_diameter_mm``: of the first 40 mm of each iliac artery.

**Gate.** Slices at most 5 mm apart. Not measured are planes that an edge of the image cuts, the
last 10 mm before an end of the label (the flare of a bifurcation), and the root: the first 25 mm.
Where a segment goes on beyond the image, or its label ends without the structure it should end at,
the largest diameter *seen* is a lower bound: the measurement is *not assessable*, and the
parameters ``seen_diameter_mm`` and ``slice_index`` have what was seen. The limits of an aneurysm
are asked of it as well: what is seen to be wide is wide. Where a border cannot be told, the
segments beside it have no diameters. The bundled weights are too coarse: on two real CTs their
label is 5 to 38 mm too wide somewhere in every segment, and makes an aneurysm of an aorta of 20 mm
(November 2026).

**How sure.** On 20 abdominal and 20 thoracic phantoms of known diameter, winding, with aneurysms
of up to 75 mm, voxels of 2 mm: the largest diameter is off by 0.2 mm in the mean and 0.7 mm at
worst, the ascending by 0.5 and 1.2, common iliac arteries by 0.1 and 0.2; tilted alike; with 5 mm
slices by 0.4 and 1.1, the arch by 1.3 and 2.1. On four real label maps the diameters agree with
those of circles of the same volume per length by 0.2 mm in the mean, 0.4 mm in absolute terms.
Without ECG gating the ascending aorta moves; its label, and its diameter, are off by some mm more.
``ecg_gating`` says whether the header tells of it.

**How to read it.** Abdominal: aneurysm from 30 mm, in bands from 40, 50 and 55 mm (SVS 2018, J Vasc
Surg 67:2); infrarenal 25 to 29 mm ectatic, while a suprarenal aorta may be 30 mm wide (ACR 2013, J
Am Coll Radiol 10:789). Ascending: from 40 mm dilated, from 45 mm at a risk that rises, 55 mm the
threshold for surgery (ACC/AHA 2022, J Am Coll Cardiol 80:e223). Common iliac arteries have no limit
here. All limits are for adults.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heimdallr.analyses.acquisition import ecg_gating
from heimdallr.analyses.anatomy.aortic_segments import (
    ABDOMINAL,
    AORTA,
    HEART,
    ILIAC_ARTERIES,
    KIDNEYS,
    LABEL_ENDS,
    SEGMENTS,
    SUBCLAVIAN,
    TRUNK,
    aorta_of,
)
from heimdallr.analyses.anatomy.vessel_centreline import vessels_in
from heimdallr.analyses.body_regions import covered_regions
from heimdallr.analyses.declared_inputs import Reads
from heimdallr.analyses.declared_outputs import (
    Absence,
    Output,
    all_absent,
    inapplicable,
    unassessable,
)
from heimdallr.analyses.presence import structure_or_absence
from heimdallr.analyses.scan_gates import spacing_absence
from heimdallr.analyses.unseen_regions import may_be_unseen
from heimdallr.analyses.vertebral_levels import structure_of
from heimdallr.imaging.morphology import box_around

if TYPE_CHECKING:
    from heimdallr.analyses.anatomy.aortic_segments import Aorta, Segment
    from heimdallr.analyses.anatomy.vessel_centreline import Vessel
    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement, Scalar
    from heimdallr.imaging.volume import Affine

THICKEST_MM = 5.0
"""Slices farther apart are not measured. Chosen: on phantoms of 5 mm slices single sections of the
arch are off by up to 3 mm, the largest diameters by up to 1.5 mm; half of it would refuse most
abdominal CTs, twice would see an arch in three slices."""
COMMON_ILIAC_MM = 40.0
"""Of an iliac artery's label, which goes on as external artery. Chosen, not measured: common iliac
arteries are 40 to 60 mm long; half of it would miss aneurysms, twice measure the division."""

BIFURCATION_MM = 30.0
"""From the end of the aorta's line to the beginning of an iliac artery's. Chosen: they lie 5 to 16
mm apart on two real label maps; beside an aneurysm twice as far."""
REGIONS = dict.fromkeys(SEGMENTS, "thorax") | dict.fromkeys(ABDOMINAL, "abdomen")
_IN_WORDS = {name: f"the {name} aorta" for name in SEGMENTS} | {
    "arch": "the aortic arch",
    "abdominal": "the abdominal aorta",
}
DIAMETER = {
    name: Output(f"aorta_{name}_diameter_mm", "mm", f"largest diameter of {words}")
    for name, words in _IN_WORDS.items()
}
PERPENDICULAR = {
    name: Output(
        f"aorta_{name}_perpendicular_mm", "mm", f"diameter at right angles to that of {words}"
    )
    for name, words in _IN_WORDS.items()
}
LENGTH = Output("aorta_length_mm", "mm", "length from the heart to the iliac arteries")
TORTUOSITY = Output(
    "aorta_abdominal_tortuosity", "", "length of the abdominal aorta over its chord"
)
ILIAC = {
    side: Output(f"common_iliac_{side}_diameter_mm", "mm", f"largest diameter, {side} common iliac")
    for side in ("left", "right")
}
OUTPUTS = (
    *(one[name] for name in _IN_WORDS for one in (DIAMETER, PERPENDICULAR)),
    LENGTH,
    TORTUOSITY,
    *ILIAC.values(),
)
READS = Reads(
    structures=(
        *(AORTA, TRUNK, SUBCLAVIAN, HEART, *ILIAC_ARTERIES, *KIDNEYS),
        *(structure_of(level) for level in ("T12", "L1", "L2")),
    ),
    levels=True,
    coverage=True,
)


def measure(case: Case) -> tuple[Measurement, ...]:
    """Every diameter, measured or with what was seen and why that is not the answer."""
    if absence := spacing_absence(case, THICKEST_MM):
        return all_absent(OUTPUTS, absence)
    aorta = _aorta(case)
    if isinstance(aorta, Absence):
        return tuple(_without_aorta(case, one, aorta) for one in OUTPUTS)
    parts = {name: aorta.part(name) for name in SEGMENTS} | {"abdominal": aorta.part(*ABDOMINAL)}
    return (
        *(one for name, part in parts.items() for one in _diameters(case, aorta, name, part)),
        _length(aorta),
        _tortuosity(aorta, parts["abdominal"]),
        *(_iliac(case, aorta, side) for side in ILIAC),
    )


def _aorta(case: Case) -> Aorta | Absence:
    found = structure_or_absence(case, AORTA, region="abdomen")
    if isinstance(found, Absence):
        return found
    if case.segmentations[case.anatomy_task].provenance.weights_origin == "bundled":
        return unassessable("too_coarse_for_diameters", structure=AORTA)
    return aorta_of(case) or unassessable("vessel_too_short", structure=AORTA)


def _without_aorta(case: Case, output: Output, absence: Absence) -> Measurement:
    """Absent because no aorta is there, or outside the image where its region is."""
    region = next((where for name, where in REGIONS.items() if name in output.name), "abdomen")
    found = structure_or_absence(case, AORTA, region=region)
    return output.absent(found if isinstance(found, Absence) else absence, structure=AORTA)


def _diameters(case: Case, aorta: Aorta, name: str, part: Segment) -> tuple[Measurement, ...]:
    outputs = (DIAMETER[name], PERPENDICULAR[name])
    widest = aorta.widest(part.stations)
    if absence := _why_not(case, name, part, has_planes=widest is not None):
        seen = {} if widest is None else _seen(case, aorta, widest)
        return tuple(one.absent(absence, structure=AORTA, **seen) for one in outputs)
    assert widest is not None  # noqa: S101 - _why_not has said so
    where = _where(case, aorta, widest)
    values = (aorta.diameter_mm[widest], aorta.other_mm[widest])
    conditions: dict[str, Scalar] = {
        **where,
        "upper_border": part.borders[0],
        "lower_border": part.borders[1],
        "planes": int(aorta.measurable[part.stations].sum()),
    }
    if name == SEGMENTS[0]:
        conditions["ecg_gating"] = ecg_gating(case)
    return tuple(
        one.measured(round(float(value), 1), structure=AORTA, **conditions)
        for one, value in zip(outputs, values, strict=True)
    )


def _why_not(case: Case, name: str, part: Segment, *, has_planes: bool) -> Absence | None:
    """Why the widest plane of a segment is not its largest diameter."""
    if not part.known:
        return unassessable("aorta_border_unknown")
    if part.open_at:
        edges = tuple(edge for edge in part.open_at if edge != LABEL_ENDS)
        if not edges:
            return unassessable("aorta_label_ends")
        return unassessable("aorta_segment_in_part", edges=edges, count=len(edges))
    if has_planes:
        return None
    region = REGIONS.get(name, "abdomen")
    if region not in covered_regions(case) and not may_be_unseen(case, region):
        return inapplicable("region_not_covered", region=region)
    return unassessable("aorta_segment_not_seen")


def _where(case: Case, aorta: Aorta, station: int) -> dict[str, Scalar]:
    """The slice of a plane's middle, and how far along its piece it lies."""
    k = float(case.image.world_to_voxel(aorta.places_mm[station])[2])
    along_mm = round(float(aorta.along_mm[station]), 1)
    return {"slice_index": min(max(round(k), 0), case.image.shape[2] - 1), "along_mm": along_mm}


def _seen(case: Case, aorta: Aorta, station: int) -> dict[str, Scalar]:
    """The widest plane that was seen of a segment: a lower bound."""
    return {
        "seen_diameter_mm": round(float(aorta.diameter_mm[station]), 1),
        "seen_perpendicular_mm": round(float(aorta.other_mm[station]), 1),
        **_where(case, aorta, station),
    }


def _length(aorta: Aorta) -> Measurement:
    length_mm = round(sum(one.line.length_mm for one in aorta.pieces), 1)
    if all(aorta.ends) and len(aorta.pieces) == 1:
        return LENGTH.measured(length_mm, structure=AORTA)
    return LENGTH.absent(unassessable("aorta_not_whole"), structure=AORTA, seen_mm=length_mm)


def _tortuosity(aorta: Aorta, abdominal: Segment) -> Measurement:
    stations = abdominal.stations
    if not abdominal.known:
        return TORTUOSITY.absent(unassessable("aorta_border_unknown"), structure=AORTA)
    if abdominal.open_at or len(stations) < 2:  # noqa: PLR2004 - no way without two places
        return TORTUOSITY.absent(unassessable("aorta_not_whole"), structure=AORTA)
    first, last = stations[0], stations[-1]
    length_mm = float(aorta.along_mm[last] - aorta.along_mm[first])
    chord_mm = float(np.linalg.norm(aorta.places_mm[last] - aorta.places_mm[first]))
    return TORTUOSITY.measured(
        round(length_mm / chord_mm, 3),
        structure=AORTA,
        length_mm=round(length_mm, 1),
        chord_mm=round(chord_mm, 1),
        upper_border=abdominal.borders[0],
    )


def _iliac(case: Case, aorta: Aorta, side: str) -> Measurement:
    """The largest diameter of a common iliac artery."""
    output, name = ILIAC[side], f"iliac_artery_{side}"
    found = structure_or_absence(case, name, region="pelvis")
    if isinstance(found, Absence):
        return output.absent(found, structure=name)
    if not aorta.ends[1]:
        return output.absent(unassessable("aortic_bifurcation_not_seen"), structure=name)
    box = box_around(found, case.image.shape, case.image.affine)
    mask = case.anatomy.data[box] == case.anatomy.number(name)
    pieces = vessels_in(mask, box, case.image, case.gaps, case.field_of_view)
    vessel = _leaving(pieces, aorta.places_mm[-1])
    if vessel is None:
        return output.absent(unassessable("aorta_label_ends"), structure=name)
    along, sections = vessel.line.along_mm, vessel.sections
    stations = np.flatnonzero(vessel.whole & (along <= COMMON_ILIAC_MM))
    if along[-1] < COMMON_ILIAC_MM or not len(stations):
        return output.absent(unassessable("vessel_too_short", structure=name), structure=name)
    widest = int(stations[np.argmax(sections.diameter_mm[stations])])
    k = round(float(case.image.world_to_voxel(vessel.line.places_mm[widest])[2]))
    return output.measured(
        round(float(sections.diameter_mm[widest]), 1),
        structure=name,
        perpendicular_mm=round(float(sections.other_mm[widest]), 1),
        slice_index=min(max(k, 0), case.image.shape[2] - 1),
        along_mm=round(float(along[widest]), 1),
    )


def _leaving(pieces: tuple[Vessel, ...], place_mm: Affine) -> Vessel | None:
    """The piece that begins near a place, from there on."""
    for one in pieces:
        for vessel in (one, one.reversed()):
            if np.linalg.norm(vessel.line.places_mm[0] - place_mm) <= BIFURCATION_MM:
                return vessel
    return None
