"""What a Dixon image shows: everything, water, fat, or a fraction of one in the other.

Chemical shift imaging makes up to six images of one acquisition. In-phase and opposed-phase images
are images, not phase maps; a fat image is one of fat alone; a fraction is a map in percent.
ImageType (0008,0008) tells them apart from its third value on (Siemens spells them out, Philips
has letters; PS3.3 C.8.13.1.1.1 for enhanced objects). Where it is silent, the description does.
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import TYPE_CHECKING

from heimdallr.domain.statements import Statement
from heimdallr.preparation.folded_words import phrase, words

if TYPE_CHECKING:
    from heimdallr.domain.study import Series


class MrContrast(IntEnum):
    """What an MR image shows, from what shows organs best to what does not.

    An in-phase image is as good as any that is no Dixon image.
    """

    ORDINARY = 0
    IN_PHASE = 1
    WATER = 2
    OPPOSED = 3
    FAT = 4
    FRACTION = 5

    @property
    def said(self) -> Statement:
        """What it says of a series."""
        return {
            MrContrast.ORDINARY: Statement("series_of_ordinary_contrast"),
            MrContrast.IN_PHASE: Statement("series_in_phase"),
            MrContrast.WATER: Statement("series_of_water"),
            MrContrast.OPPOSED: Statement("series_opposed_phase"),
            MrContrast.FAT: Statement("series_of_fat"),
            MrContrast.FRACTION: Statement("series_of_fraction"),
        }[self]


# The first hit decides: "fat fraction" is no fat image.
_SPELT: tuple[tuple[MrContrast, tuple[str, ...]], ...] = (
    (MrContrast.FRACTION, (
        "fat fraction", "fatfraction", "fat frac", "fatfrac", "water fraction", "water frac",
        "waterfraction", "pdff", "fat percent", "fatpercent",
    )),
    (MrContrast.IN_PHASE, ("in phase", "inphase")),
    (MrContrast.OPPOSED, (
        "opp phase", "out phase", "opposed phase", "out of phase", "oppphase", "outphase",
        "opposedphase", "opposed", "fora de fase",
    )),
)  # fmt: skip

_IN_IMAGE_TYPE: tuple[tuple[MrContrast, tuple[str, ...]], ...] = (
    (MrContrast.FRACTION, ("ff", "wf")),
    (MrContrast.IN_PHASE, ("ip", "in")),
    (MrContrast.OPPOSED, ("op", "opp", "oop")),
    (MrContrast.WATER, ("water", "w", "water only")),
    (MrContrast.FAT, ("fat", "f", "fat only")),
)

_IN_DESCRIPTION = {
    "ff": MrContrast.FRACTION, "fp": MrContrast.FRACTION,
    "in": MrContrast.IN_PHASE, "ip": MrContrast.IN_PHASE,
    "opp": MrContrast.OPPOSED, "op": MrContrast.OPPOSED, "oop": MrContrast.OPPOSED,
    "out": MrContrast.OPPOSED,
    "w": MrContrast.WATER, "water": MrContrast.WATER, "agua": MrContrast.WATER,
    "f": MrContrast.FAT, "fat": MrContrast.FAT, "gordura": MrContrast.FAT,
}  # fmt: skip
"""Words that name the image at the beginning or end of a Dixon series' description."""

_DIXON = frozenset({"dixon", "mdixon", "flex", "ideal", "wfop"})
_PHASES = re.compile(
    " (?:" + "|".join(w for _, spelt in _SPELT[1:] for w in spelt if "phase" in w) + ") "
)


def mr_contrast(series: Series) -> MrContrast:
    """What the images of a series show; ordinary where nothing says otherwise."""
    kinds = phrase(*series.image_type[2:])
    for contrast, vocabulary in (*_SPELT, *_IN_IMAGE_TYPE):
        if any(f" {word} " in kinds for word in vocabulary):
            return contrast
    described = phrase(series.description)
    for contrast, vocabulary in _SPELT:
        if any(f" {word} " in described for word in vocabulary):
            return contrast
    named = words(series.description)
    if not _DIXON.intersection(named):
        return MrContrast.ORDINARY
    ends = [_IN_DESCRIPTION[word] for word in (named[-1], named[0]) if word in _IN_DESCRIPTION]
    return ends[0] if ends else MrContrast.ORDINARY


def is_fat_fraction(series: Series) -> bool:
    """Whether a series says that it is a map of fat in fat and water, and not of water."""
    if mr_contrast(series) is not MrContrast.FRACTION:
        return False
    said = words(*series.image_type[2:], series.description)
    return not any(word == "wf" or word.startswith("water") for word in said)


def without_phases(kinds: str) -> str:
    """A padded line of words without those that name an in-phase or opposed-phase image."""
    return _PHASES.sub("  ", kinds)
