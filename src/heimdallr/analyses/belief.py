"""Belief: whether a structure of the whole-body map is what its label says.

Judged once per case, before anything is measured, and asked by everybody: what is not believed is
not measured, makes no body region, is not drawn, and stands in the viewer under *not believed*.
Every reason is kept, what weighs most first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from heimdallr.domain.statements import Statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
    "spleen": (0.0, 400.0),
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
full of contrast; wider, a piece of fat would pass for a kidney.
"""

SEX_OF = {"prostate": "M", "uterus": "F"}
"""Structures that only patients of one sex have, by the PatientSex of those."""

OUTSIDE_SHARE = 0.5
"""More of it outside the body, and it is not of the patient. Chosen, not measured: of what experts
and official networks draw no hundredth lies outside, of a skull seen in a couch all."""

_SAMPLED = (slice(None, None, 2), slice(None, None, 2))
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
    """

    anatomy: LabelMap
    statistics: Mapping[str, StructureStatistics]
    provenance: SegmentationProvenance
    body: Array | None
    attenuation_known: bool
    sides_known: bool
    sex: str | None


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
    """The judgement of every structure that has a voxel, in label order."""
    doubts = {name: list(_by_itself(seen, name)) for name in seen.statistics}
    for name, share in _outside(seen).items():
        if share > OUTSIDE_SHARE:
            doubts[name].append(
                Statement("outside_body", {"structure": name, "percent": 100 * share})
            )
    return {
        name: Judgement(tuple(doubts[name]), tuple(_unmeasurable(seen, name)))
        for name in seen.statistics
    }


def _outside(seen: Evidence) -> dict[str, float]:
    """Structure → which share of it lies outside the body; empty where there is no body to ask."""
    if seen.body is None:
        return {}
    labels, body = seen.anatomy.data[_SAMPLED], seen.body[_SAMPLED]
    whole = np.bincount(labels.ravel(), minlength=256)
    inside = np.bincount(labels[body != 0], minlength=256)
    return {
        name: 1 - float(inside[number] / whole[number])
        for number, name in seen.anatomy.names.items()
        if whole[number] and name in seen.statistics
    }


def _by_itself(seen: Evidence, structure: str) -> Iterator[Statement]:
    """What speaks against a structure whatever else was segmented."""
    found = seen.statistics[structure]
    if found.volume_cm3 < STRAY_CM3 and structure not in ANY_SIZE:
        yield fragment(structure, found)
    lowest, highest = PLAUSIBLE_MEDIAN_HU.get(structure, (-np.inf, np.inf))
    if seen.attenuation_known and not lowest <= found.median <= highest:
        yield Statement("mislabelled", {"structure": structure, "median_hu": found.median})
    needed = SEX_OF.get(structure)
    if needed and seen.sex and seen.sex not in (needed, "O"):
        yield Statement("other_sex", {"structure": structure, "sex": seen.sex})
    confidence = seen.provenance.confidence.get(structure)
    if confidence is not None and confidence < SUFFICIENT_CONFIDENCE:
        yield Statement("unsure", {"structure": structure, "confidence": confidence})


def _unmeasurable(seen: Evidence, structure: str) -> Iterator[Statement]:
    """Why a structure that is there has no numbers: it is doubtful, always or this time."""
    if {"left", "right"}.intersection(structure.split("_")) and not seen.sides_known:
        yield SIDE_UNKNOWN
    if structure in seen.provenance.located_only:
        yield Statement("poorly_segmented", {"structure": structure})


SIDE_UNKNOWN = Statement("side_unknown")


def fragment(structure: str, found: StructureStatistics) -> Statement:
    """Too little of a structure to be it."""
    volume_cm3 = round(found.volume_cm3, 3)
    return Statement("fragment", {"structure": structure, "volume_cm3": volume_cm3})
