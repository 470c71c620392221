"""JSON as FHIR wants it: decimals keep their zeros (FHIR R4 datatypes, decimal)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

Json = Decimal | int | str | bool | None | Sequence["Json"] | Mapping[str, "Json"]
"""A value; an element that is ``None`` or empty is left out, as FHIR forbids empty ones."""
Element = dict[str, Json]
"""A FHIR element or resource, its keys in FHIR's order."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
"""What a FHIR string must not hold (datatypes, string), and no UTF-8 can."""


def fhir_json(value: Json) -> str:
    """A resource as text: on one line, letters as they are, the same for the same content."""
    if isinstance(value, Mapping):
        there = ((name, one) for name, one in value.items() if not is_empty(one))
        members = (f"{json.dumps(name)}:{fhir_json(one)}" for name, one in there)
        return "{" + ",".join(members) + "}"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ",".join(fhir_json(one) for one in value if not is_empty(one)) + "]"
    if isinstance(value, str):
        value = _CONTROL.sub(" ", value)
    return json.dumps(value, ensure_ascii=False)


def is_empty(value: Json) -> bool:
    """Whether there is nothing in it: an element must have a value or children."""
    if isinstance(value, Mapping):
        return all(is_empty(one) for one in value.values())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return all(is_empty(one) for one in value)
    return value is None or (isinstance(value, str) and not value.strip())
