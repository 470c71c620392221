"""What is believed.

Whether a structure of the whole-body map is what its label says is judged once, before anything is
measured, and asked by everybody: what is not believed is not measured, makes no body region, tells
no contrast phase, is not drawn, and stands in the viewer under *not believed* with every reason.

Against a structure speaks, in this order:

* *rejected*: a person does not believe it, whatever else is known;
* *hollow*: the body fills less than 0.4 of its convex outline: a test object, nothing in it counts;
* *outside the body*: more than half of it lies in couch, headrest or air;
* *fragment*: less than 1 cm³; of brain, heart, liver, large bones and muscles that no edge cuts
  less than a tenth of an adult's, scaled by the cross-section of this body;
* *mislabelled*: its median attenuation cannot be that organ's (a liver of -988 HU; a spleen of less
  than 40 HU where the aorta, above 80 HU, holds contrast medium);
* *other sex*: a prostate in a woman;
* *unsure*: the bundled networks' own confidence is below 0.55;
* *too high, too low*: on the wrong side of others that are believed: trunk beside the brain,
  bowel wholly above the heart's middle, neck below heart or liver, chest below kidneys or lumbar
  spine, pelvis above liver or L2;
* *apart*: a femur whose upper end is in view, and no hip bone within 20 mm;
* *in pieces, sprawling*: a kidney of several like pieces; one of twice the other's size that fills
  less than 0.65 of its convex hull.

Believed and yet not measured is what bundled weights only locate, what has a side where the image
does not say how the patient lies, and a kidney of more than 250 cm³ and twice the other: dilated,
with a mass, or a mistake. Where nothing at all is believed the series shows no patient, and the
first notice says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Literal

import cc3d
import numpy as np
from scipy import ndimage
from scipy.spatial import ConvexHull

from heimdallr.analyses.places import out_of_place
from heimdallr.analyses.typical_volumes import typical_cm3
from heimdallr.domain.corrections import Rejection
from heimdallr.domain.statements import Statement
from heimdallr.imaging.morphology import box_around

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from heimdallr.domain.corrections import RejectionReason
    from heimdallr.imaging.statistics import StructureStatistics
    from heimdallr.imaging.volume import Array, LabelMap
    from heimdallr.segmentation.result import SegmentationProvenance

STRAY_CM3 = 1.0
"""Below this volume a label is a stray fragment, not an organ; a cyst may be as small.

Chosen, not measured: five voxels of the bundled networks (6 mm). Half of it is two of them, which
may be noise; twice it would take short pieces of vessels from the contrast phase.
"""

ANY_SIZE = ("kidney_cyst_left", "kidney_cyst_right")

PLAUSIBLE_MEDIAN_HU = {
    "liver": (-40.0, 300.0),
    "spleen": (20.0, 400.0),
    "kidney_left": (-10.0, 500.0),
    "kidney_right": (-10.0, 500.0),
    "brain": (10.0, 90.0),
    **dict.fromkeys(("pancreas", "gallbladder"), (-100.0, 500.0)),
    "urinary_bladder": (-200.0, 3000.0),
    **dict.fromkeys(
        (
            *("heart", "aorta", "pulmonary_vein", "inferior_vena_cava"),
            *("portal_vein_and_splenic_vein", "iliac_artery_left", "iliac_artery_right"),
            *("iliac_vena_left", "iliac_vena_right"),
        ),
        (-20.0, 1000.0),
    ),
}
"""Between these, unenhanced and enhanced, lies the median attenuation of any such organ.

Chosen, not measured, after the bundled networks had called the air of a test object (-988 HU) a
liver (November 2026). Wide on purpose: narrower, they would refuse livers full of fat and kidneys
full of contrast; wider, a piece of fat would pass for a kidney. A spleen takes up no fat: a piece
of bowel at the edge of a lumbar scan, median 4 HU, had passed for one and made a liver of 35 HU
brighter than it. 30 HU would come near unenhanced spleens in noise.
"""

ENHANCED_AORTA_HU, ENHANCED_SPLEEN_HU = 80.0, 40.0
"""An aorta above the first holds contrast medium, and then no spleen is darker than the second.

Chosen, not measured, after ascites of 24 HU beside a spleen had been called one of 512 cm³, with an
aorta of 97 HU. Unenhanced blood has at most 60 HU, unenhanced spleens 35 to 55; six enhanced ones
on real CTs have 95 to 174. Half of the second would have passed the ascites, twice refuse spleens
of the first seconds."""

SEX_OF = {"prostate": "M", "uterus": "F"}
"""Structures that only patients of one sex have, by the PatientSex of those."""

SMALLEST_SHARE = 0.1
"""Of a structure that no edge cuts, less than this share of an adult's is a mistake: a cheek bone
taken for a shoulder. In a smaller body less will do, see :func:`_scale`.

Chosen, not measured. Twice it would come near a wasted muscle, half of it would let the bone pass.
"""

NEVER_SMALL = frozenset({"brain", "heart", "liver", "sacrum"}) | {
    f"{name}_{side}"
    for name in (
        *("hip", "femur", "humerus", "scapula", "autochthon", "iliopsoas"),
        *("gluteus_maximus", "gluteus_medius"),
    )
    for side in ("left", "right")
}
"""What disease does not shrink that far; lobes of the lung, spleens and kidneys it does."""

ADULT_CM2, NEWBORN_SCALE = 600.0, 0.04
"""Mean cross-section of a body like that of the typical volumes, and what a newborn's are to an
adult's. Five real adults' trunks have 510 to 780 cm² (one with ascites 1150), their heads 220."""

FILLED_SHARE = 0.4
"""What fills less of its convex outline, slice by slice, is a shell and no body.

Measured in November 2026: eight real patients fill 0.93 to 0.98, a plastic head 0.26; two raised
arms beside a head would fill half. Half of it would let the plastic head pass, twice it refuse
legs and arms.
"""

KIDNEYS = ("kidney_left", "kidney_right")
LARGE_KIDNEY_CM3, TIMES_THE_OTHER = 250.0, 2.0
"""A kidney larger than this and than so many times the other is dilated, holds a mass or is none.
Chosen, not measured: a single kidney grows to some 250 cm³ (139 are usual); 1.5 times would doubt
what is merely asymmetric, three times would have passed the mistake that this is made for."""
COMPACT = 0.65
"""Share of its convex hull that a kidney fills, with a mass or dilated as well. Chosen, not
measured: half of it would pass bowel and a rim of spleen, nine tenths few real kidneys."""
ONE_PIECE = 0.6
"""Share of a kidney that its largest piece holds. Chosen, not measured: half of it would take two
organs for one, nine tenths refuse what a network has torn."""

OUTSIDE_SHARE = 0.5
"""More of it outside the body, and it is not of the patient. Chosen, not measured: of what experts
and official networks draw no hundredth lies outside, of a skull seen in a couch all."""

_EVERY_FOURTH = (slice(None, None, 4),) * 3
_SAMPLED = (slice(None, None, 3), slice(None, None, 3))
"""Voxels enough to tell such a share."""

SUFFICIENT_CONFIDENCE = 0.55
"""Below this the bundled networks' structures are mostly wrong. Other weights give no confidence,
and are believed.

Measured in November 2026 on 20 phantoms, eight label maps and a real CT: of the 51 structures it
refuses 35 have a Dice below 0.7; 0.60 would lose more than twice as many good ones. The table it
was read from stands in ``docs/bundled-weights.md``.
"""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What structures are judged by.

    Attributes:
        anatomy: the whole-body map.
        statistics: of each of its structures.
        provenance: of that map.
        body: where the patient is, on the same voxels; ``None`` where it is not known.
        attenuation_known: whether their medians are Hounsfield units.
        sides_known: whether the image says which side is left.
        sex: PatientSex; ``None`` where it is not recorded.
        rejected: structure → why a person does not believe it.
    """

    anatomy: LabelMap
    statistics: Mapping[str, StructureStatistics]
    provenance: SegmentationProvenance
    body: Array | None
    attenuation_known: bool
    sides_known: bool
    sex: str | None
    rejected: Mapping[str, RejectionReason] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is held of one structure.

    Attributes:
        doubts: why it is not taken for what its label says; empty when it is believed.
        unmeasurable: why it is not to be measured although it is believed.
    """

    doubts: tuple[Statement, ...] = ()
    unmeasurable: tuple[Statement, ...] = ()

    @property
    def is_believed(self) -> bool:
        """Whether it is what its label says."""
        return not self.doubts

    @property
    def reasons(self) -> tuple[Statement, ...]:
        """Why it has no measurements; empty when it has."""
        return self.doubts + self.unmeasurable


def judged(seen: Evidence) -> Mapping[str, Judgement]:
    """The judgement of every structure that has a voxel, in label order.

    What speaks against a structure by itself comes first; only what is left bears witness to where
    the others may lie.
    """
    outside, scale, rejected = _outside(seen), _scale(seen), seen.rejected
    hollow = [Statement("hollow_body")] if _is_hollow(seen) else []
    doubts = {
        name: [
            *([Rejection("structure", name, rejected[name]).why] if name in rejected else []),
            *hollow,
            *_by_itself(seen, name, outside.get(name, 0.0), scale),
        ]
        for name in seen.statistics
    }
    for find in (out_of_place, _kidneys_that_are_none):
        left = {name: seen.statistics[name] for name, against in doubts.items() if not against}
        for name, why in find(seen.anatomy, left).items():
            doubts[name].append(why)
    believed = {name for name, against in doubts.items() if not against}
    return {
        name: Judgement(tuple(doubts[name]), tuple(_unmeasurable(seen, name, believed)))
        for name in seen.statistics
    }


def _is_hollow(seen: Evidence) -> bool:
    """Whether what was scanned is a shell, as plastic heads are."""
    if seen.body is None:
        return False
    body = seen.body[_EVERY_FOURTH]
    planes = [body[:, :, k] != 0 for k in range(body.shape[2]) if body[:, :, k].any()]
    outline = sum(float(ConvexHull(_corners(_row_ends(plane))).volume) for plane in planes)
    return sum(map(np.count_nonzero, planes)) < FILLED_SHARE * outline


def _row_ends(plane: Array) -> Array:
    """(N, 2) first and last pixel of every row that has one: their convex hull is the plane's."""
    rows = np.flatnonzero(plane.any(axis=1))
    first = plane[rows].argmax(axis=1)
    last = plane.shape[1] - 1 - plane[rows, ::-1].argmax(axis=1)
    return np.concatenate([np.stack([rows, first], axis=1), np.stack([rows, last], axis=1)])


def _scale(seen: Evidence) -> float:
    """What volumes in this body are to an adult's: its cross-section to the power of 3/2."""
    if seen.body is None or not seen.body.any():
        return NEWBORN_SCALE
    slices = seen.body.any(axis=(0, 1))
    voxel_cm2 = np.linalg.norm(np.cross(*seen.anatomy.affine[:3, :2].T)) / 100
    area_cm2 = np.count_nonzero(seen.body) * voxel_cm2 / np.count_nonzero(slices)
    return float(np.clip((area_cm2 / ADULT_CM2) ** 1.5, NEWBORN_SCALE, 1.0))


def _outside(seen: Evidence) -> dict[str, float]:
    """Structure → which share of it lies outside the body; empty where there is no body to ask."""
    if seen.body is None:
        return {}
    # In the order of memory: against it such a pass takes several times as long.
    order: Literal["F", "C"] = "F" if seen.anatomy.data.flags.f_contiguous else "C"
    labels, body = (data[_SAMPLED].ravel(order) for data in (seen.anatomy.data, seen.body))
    whole = np.bincount(labels, minlength=256)
    inside = np.bincount(labels[body != 0], minlength=256)
    return {
        name: 1 - float(inside[number] / whole[number])
        for number, name in seen.anatomy.names.items()
        if whole[number] and name in seen.statistics
    }


def _by_itself(seen: Evidence, structure: str, outside: float, scale: float) -> Iterator[Statement]:
    """What speaks against a structure whatever else was segmented.

    Args:
        seen: everything.
        structure: the one.
        outside: which share of it lies outside the body.
        scale: see :func:`_scale`.
    """
    found = seen.statistics[structure]
    if outside > OUTSIDE_SHARE:
        yield Statement("outside_body", {"structure": structure, "percent": 100 * outside})
    smallest_cm3 = SMALLEST_SHARE * typical_cm3(structure) * scale
    is_small = structure in NEVER_SMALL and not found.cuts and found.volume_cm3 < smallest_cm3
    if is_small or (found.volume_cm3 < STRAY_CM3 and structure not in ANY_SIZE):
        yield fragment(structure, found)
    lowest, highest = PLAUSIBLE_MEDIAN_HU.get(structure, (-np.inf, np.inf))
    aorta = seen.statistics.get("aorta")
    if structure == "spleen" and aorta and aorta.median > ENHANCED_AORTA_HU:
        lowest = ENHANCED_SPLEEN_HU
    if seen.attenuation_known and not lowest <= found.median <= highest:
        yield Statement("mislabelled", {"structure": structure, "median_hu": found.median})
    needed = SEX_OF.get(structure)
    if needed and seen.sex and seen.sex not in (needed, "O"):
        yield Statement("other_sex", {"structure": structure, "sex": seen.sex})
    confidence = seen.provenance.confidence.get(structure)
    if confidence is not None and confidence < SUFFICIENT_CONFIDENCE:
        yield Statement("unsure", {"structure": structure, "confidence": confidence})


def _kidneys_that_are_none(
    anatomy: LabelMap, statistics: Mapping[str, StructureStatistics]
) -> dict[str, Statement]:
    """Kidneys that are in pieces, or far larger than the other and of no kidney's shape."""
    wrong: dict[str, Statement] = {}
    for name in KIDNEYS:
        if name not in statistics:
            continue
        found = statistics[name]
        box = box_around(found, anatomy.shape, anatomy.affine)
        mask = anatomy.data[box] == anatomy.number(name)
        pieces = np.bincount(cc3d.connected_components(mask, connectivity=26).ravel())[1:]
        if pieces.max() < ONE_PIECE * pieces.sum():
            wrong[name] = Statement("in_pieces", {"structure": name, "count": len(pieces)})
        elif _times_the_other(statistics, name) and _compactness(mask) < COMPACT:
            wrong[name] = Statement("sprawling", {"structure": name})
    return wrong


def _compactness(mask: Array) -> float:
    """Share of its convex hull that a mask fills; the grid's spacing does not matter."""
    surface = mask & ~ndimage.binary_erosion(mask)
    return float(np.count_nonzero(mask) / ConvexHull(_corners(np.argwhere(surface))).volume)


def _corners(voxels: Array) -> Array:
    """(N, axes) indices of voxels → the indices of their corners."""
    axes = voxels.shape[1]
    around = np.array(list(product((0, 1), repeat=axes)))
    return np.asarray((voxels[:, None] + around).reshape(-1, axes))


def _times_the_other(statistics: Mapping[str, StructureStatistics], kidney: str) -> float | None:
    """How many times larger a large kidney is than the other; ``None`` where nothing is odd."""
    (other,) = (statistics.get(name) for name in KIDNEYS if name != kidney)
    volume_cm3 = statistics[kidney].volume_cm3
    if other is None or other.cuts or volume_cm3 <= LARGE_KIDNEY_CM3:
        return None
    times = volume_cm3 / other.volume_cm3
    return times if times > TIMES_THE_OTHER else None


def _unmeasurable(seen: Evidence, structure: str, believed: set[str]) -> Iterator[Statement]:
    """Why a structure that is there has no numbers: it is doubtful, always or this time."""
    both = structure in KIDNEYS and believed.issuperset(KIDNEYS)
    if both and (times := _times_the_other(seen.statistics, structure)):
        yield Statement("larger_than_other", {"structure": structure, "times": times})
    if {"left", "right"}.intersection(structure.split("_")) and not seen.sides_known:
        yield SIDE_UNKNOWN
    if structure in seen.provenance.located_only:
        yield Statement("poorly_segmented", {"structure": structure})


SIDE_UNKNOWN = Statement("side_unknown")


def fragment(structure: str, found: StructureStatistics) -> Statement:
    """Too little of a structure to be it."""
    volume_cm3 = round(found.volume_cm3, 3)
    return Statement("fragment", {"structure": structure, "volume_cm3": volume_cm3})
