"""The flat keys of ``resultados.json``: what the founding document promises at the top level."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.analyses.body_regions import BODY_REGIONS, SEPARATOR
from heimdallr.domain.measurement import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from heimdallr.domain.measurement import Measurement

FlatValue = float | int | str | list[str] | dict[str, float | int | str]


def flat_keys(measurements: Iterable[Measurement]) -> Mapping[str, FlatValue]:
    """Measured flat values by key, in order; a key is absent unless it was measured.

    ``body_regions`` becomes a list, and a dotted name (``hemorrhage_analysis_slices.center_50``) an
    entry of a nested object.
    """
    flat: dict[str, FlatValue] = {}
    nested: dict[str, dict[str, float | int | str]] = {}
    for one in measurements:
        if not one.flat or one.status is not Status.MEASURED or one.value is None:
            continue
        if one.name == BODY_REGIONS.name:
            flat[one.name] = str(one.value).split(SEPARATOR)
        elif "." in one.name:
            key, _, inner = one.name.partition(".")
            flat[key] = nested.setdefault(key, {})
            nested[key][inner] = one.value
        else:
            flat[one.name] = one.value
    return flat
