"""What a finding rests on, in words: measurements, and the limits of its rule."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from heimdallr.domain.statements import is_structure, structure_name, term
from heimdallr.domain.terms import capitalised, measurement_name, quantity_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heimdallr.domain.statements import Language
    from heimdallr.publishing.schema import Scalar

_LIMIT = re.compile(r"limit_(\w+)_(\d{4})")
_UNIT = re.compile(
    r"_(cm2_m2|ml_m2|percent|cm3|cm2|mm|HU|hu|s)(?:_(?:mean|std|median|eroded_mean))?$"
)
_INNER_UNIT = re.compile(r"(?:^|_)(?:hu|HU)_(?:mean|std|median|eroded_mean)$")
_LIMIT_WORD = {"en": "Limit", "pt": "Limite"}


def evidence_text(name: str, value: Scalar, language: Language) -> str:
    """``Liver, mean attenuation without rim: 34.2 HU``."""
    told = "—" if value is None else _value(name, value, language)
    return f"{evidence_name(name, language)}: {told}"


def evidence_of(evidence: Mapping[str, Scalar], language: Language) -> tuple[str, ...]:
    """All of a finding's evidence."""
    return tuple(evidence_text(name, value, language) for name, value in evidence.items())


def evidence_name(name: str, language: Language) -> str:
    """What a piece of evidence is called: a measurement, a limit, a structure's volume."""
    if limit := _LIMIT.fullmatch(name):
        source = capitalised(limit[1].replace("_", " "))
        return f"{_LIMIT_WORD[language]} ({source} {limit[2]})"
    if known := term("evidence", name, language):
        return known
    volume = name.removesuffix("_cm3")
    if volume != name and is_structure(volume):
        return capitalised(structure_name(volume, language))
    return measurement_name(name, language)


def _value(name: str, value: str | float, language: Language) -> str:
    unit = _unit_of(name)
    if isinstance(value, str) and unit:
        edges = [term("edges", one, language) or one for one in value.split(",")]
        return ", ".join(edges)
    return quantity_text(value, "" if isinstance(value, str) else unit, language)


def _unit_of(name: str) -> str:
    """A unit at the end of a name: ``upper_limit_cm3`` → ``cm3``."""
    if name == "kvp":
        return "kV"
    found = _UNIT.search(name)
    unit = found[1] if found else "HU" if _INNER_UNIT.search(name) else ""
    return {"hu": "HU", "cm2_m2": "cm2/m2", "ml_m2": "mL/m2", "percent": "%"}.get(unit, unit)
