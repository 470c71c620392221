"""Which concept a structure is: category, type, side and region (PS3.3 section C.8.20.4).

``structure_codes.json`` has a row for every class of every task, by the class name or by the name
without its side: both kidneys are one row, and the side is its modifier (CID 244). Where DICOM's
terminology has no code that is certain to mean the class, the code is a private one with the class
name as its meaning: never a SNOMED CT code that says something else.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from heimdallr.publishing.palette import display_name

PRIVATE_SCHEME = "99HEIMDALLR"
"""CodingSchemeDesignator of our own codes (PS3.16 section 8.2: private ones begin with 99)."""
_SNOMED = "SCT"
_SIDES = {"left": Code("7771000", _SNOMED, "Left"), "right": Code("24028007", _SNOMED, "Right")}
_NO_LESION = frozenset({codes.DCM.Background.value, codes.SCT.Normal.value})
"""What is beside lesions in their context group."""
_SIDE = re.compile(r"(?:^|_)(left|right)(?=_|$)")

Category = Literal["anatomy", "tissue", "object", "finding"]


@dataclass(frozen=True, slots=True)
class StructureCodes:
    """What is said of a structure in codes.

    Attributes:
        category: SegmentedPropertyCategory (CID 7150).
        type: SegmentedPropertyType.
        side: left or right; ``None`` for what has none, or whose type says it.
        region: the anatomical region of what is no anatomy itself: the liver of a lesion.
    """

    category: Code
    type: Code
    side: Code | None = None
    region: Code | None = None


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid")

    type: tuple[str, str]
    category: Category = "anatomy"
    region: tuple[str, str] | None = None


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid")

    source: str
    categories: dict[Category, tuple[str, str]]
    coded: dict[str, _Row]
    not_coded: dict[str, Category]


def codes_of(structure: str) -> StructureCodes:
    """The codes of a structure by its class name; a class nobody knows has a private code."""
    table = _table()
    side, name = _side_of(structure)
    if row := table.coded.get(name):
        return StructureCodes(
            category=_snomed(table.categories[row.category]),
            type=_snomed(row.type),
            side=side,
            region=None if row.region is None else _snomed(row.region),
        )
    category = table.not_coded.get(name, "anatomy")
    return StructureCodes(_snomed(table.categories[category]), private_code(name), side)


def private_code(name: str, meaning: str = "") -> Code:
    """Our own code of a name that no terminology has: the same wherever it is made."""
    value = f"{zlib.crc32(name.encode()):08X}"
    return Code(value, PRIVATE_SCHEME, (meaning or display_name(name))[:64])


def says_finding(kind: Code | None, category: Code | None) -> bool:
    """Whether a type or category means something in or beside an organ, a lesion, and no organ."""
    if category is not None and category == finding_category():
        return True
    return kind is not None and any(kind == one for one in _finding_types())


def finding_category() -> Code:
    """SegmentedPropertyCategory of what is no anatomy of a healthy person."""
    return _snomed(_table().categories["finding"])


def _side_of(structure: str) -> tuple[Code | None, str]:
    """Side and the name it has in the table: with its side where that is a part of the name."""
    table = _table()
    match = _SIDE.search(structure)
    if match is None or structure in table.coded or structure in table.not_coded:
        return None, structure
    return _SIDES[match[1]], _SIDE.sub("", structure, count=1).strip("_")


def _snomed(pair: tuple[str, str]) -> Code:
    return Code(pair[0], _SNOMED, pair[1])


@cache
def _finding_types() -> tuple[Code, ...]:
    """Those of the table, and of DICOM's lesions (CID 7159)."""
    lesions = (getattr(codes.cid7159, name) for name in codes.cid7159.dir())
    found = (_snomed(row.type) for row in _table().coded.values() if row.category == "finding")
    return (*(one for one in lesions if one.value not in _NO_LESION), *found)


@cache
def _table() -> _Table:
    file = resources.files("heimdallr.publishing.dicom").joinpath("structure_codes.json")
    return _Table.model_validate_json(file.read_text("utf-8"))
