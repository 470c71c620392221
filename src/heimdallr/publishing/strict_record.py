"""How every record of a case folder's JSON files is: frozen, complete, strict JSON."""

from __future__ import annotations

from pydantic import ConfigDict

STRICT = ConfigDict(
    frozen=True,
    extra="forbid",
    allow_inf_nan=False,
    validate_by_name=True,
    validate_by_alias=True,
    serialize_by_alias=True,
)
"""A record knows all of its keys, and holds neither NaN nor infinity."""
