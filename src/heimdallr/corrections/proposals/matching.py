"""Which of a case's structures another tool means: by its code, then by its name.

A code is compared as terminology means it (old SNOMED RT codes are SNOMED CT ones), with side and
region. A name is compared without regard to case, accents, order of words, plural and language:
"Left Kidney", ``kidney_left``, "Rim esquerdo" are one. Where code and name say different things, or
several structures fit, nothing is guessed; nor is a lesion an organ, whatever it is called.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from heimdallr.domain.statements import LANGUAGES, structure_name
from heimdallr.preparation.folded_words import without_accents
from heimdallr.publishing.dicom.codes import codes_of, finding_category, says_finding

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from heimdallr.corrections.proposals.drawn import Drawn
    from heimdallr.publishing.dicom.segmentation_reader import SegmentCodes

_SIDES = {
    **dict.fromkeys(("left", "l", "lt", "esquerdo", "esquerda", "esq"), "left"),
    **dict.fromkeys(("right", "r", "rt", "direito", "direita", "dir"), "right"),
}
_SAYS_NOTHING = frozenset(
    {"a", "o", "and", "e", "da", "das", "de", "do", "dos", "of", "the", "st", "nd", "rd", "th"}
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_TOKEN = re.compile(r"[a-z]*\d+|[a-z]+")
_VERTEBRA = "vertebrae_"

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """A structure that a case has a label for.

    Attributes:
        map_name: its label map.
        label: its number there.
        structure: class name.
        present: it has a voxel.
    """

    map_name: str
    label: int
    structure: str
    present: bool


def match(drawn: Drawn, known: Sequence[Known]) -> Known | None:
    """The structure of a case that is meant; ``None`` where that is not certain."""
    structures = {one.structure for one in known}
    coded, named = by_code(drawn.codes, structures), by_name(drawn.names, structures)
    if not coded and says_finding(drawn.codes.type, drawn.codes.category):
        named = frozenset(one for one in named if codes_of(one).category == finding_category())
    meant = coded & named if coded and named else coded or named
    if len(meant) != 1:
        return None
    (structure,) = meant
    fitting = [one for one in known if one.structure == structure]
    return next((one for one in fitting if one.present), fitting[0])


def by_code(codes: SegmentCodes, structures: Iterable[str]) -> frozenset[str]:
    """The structures whose codes these are; both sides where none is told."""
    if codes.type is None:
        return frozenset()
    return frozenset(one for one in structures if _says(codes, one))


def _says(codes: SegmentCodes, structure: str) -> bool:
    own = codes_of(structure)
    if codes.type != own.type:
        return False
    if codes.side is not None and own.side is not None and codes.side != own.side:
        return False
    return codes.region is None or own.region is None or codes.region == own.region


def by_name(names: Iterable[str], structures: Collection[str]) -> frozenset[str]:
    """The structures that the first name that names any names."""
    for name in names:
        if name in structures:
            return frozenset({name})
        key = key_of(name)
        if found := frozenset(one for one in structures if key and key in _keys(one)):
            return found
    return frozenset()


def key_of(name: str) -> Key:
    """What a name says, whoever wrote it: its words in alphabetical order."""
    words = _TOKEN.findall(_CAMEL.sub(" ", without_accents(name)).casefold())
    words = [_SIDES.get(word, word) for word in words]
    return tuple(sorted({_singular(one) for one in words if one not in _SAYS_NOTHING}))


def _singular(word: str) -> str:
    if word.endswith("ae"):
        return word[:-1]
    return word.removesuffix("s")


@cache
def _keys(structure: str) -> frozenset[Key]:
    """All that a structure may be called."""
    names = [structure, *(structure_name(structure, language) for language in LANGUAGES)]
    names.append(codes_of(structure).type.meaning if codes_of(structure).side is None else "")
    if structure.startswith(_VERTEBRA):
        names.append(structure.removeprefix(_VERTEBRA))
    return frozenset(filter(None, map(key_of, names)))
