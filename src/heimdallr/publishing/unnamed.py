"""``resultados.json`` for whoever is not to know whose it is: numbers instead of names.

A case ID begins with the patient's surname and ends with the accession number, and a UID is found
again in every archive that has the images. Both are replaced by the study's number, wherever they
stand; what can be found by it is known to those who may read the study. What persons corrected
stays; who they are, and what they wrote in their own words, does not.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from heimdallr.publishing.schema import Results

if TYPE_CHECKING:
    from collections.abc import Callable

    from heimdallr.publishing.schema import Identity, ProvenanceRecord


def unnamed(results: Results, identity: Identity | None, study: int) -> Results:
    """The results under a neutral name.

    Args:
        results: as published.
        identity: ``id.json`` of the case, which knows the UIDs of the study and of every series.
        study: the study's number.

    Returns:
        The same numbers; ``study-17`` for the case ID and the StudyInstanceUID, and
        ``study-17-series-1`` for the SeriesInstanceUID of the first series in ``id.json``; no
        names of persons and nothing they wrote.
    """
    neutral = f"study-{study}"
    series = [one.series_instance_uid for one in identity.series] if identity else []
    measured = results.provenance.series_instance_uid
    uids = dict.fromkeys(uid for uid in (*series, measured) if uid)
    renamed = {uid: f"{neutral}-series-{place}" for place, uid in enumerate(uids, start=1)}
    if identity and identity.study_instance_uid:
        renamed[identity.study_instance_uid] = neutral
    replace = _replacer(results.case_id, neutral, renamed)
    told = results.model_copy(update={"provenance": _without_persons(results.provenance)})
    return Results.model_validate(_everywhere(told.model_dump(mode="json"), replace))


def _without_persons(provenance: ProvenanceRecord) -> ProvenanceRecord:
    """The corrections without their persons' names and comments."""
    corrections = [
        one.model_copy(update={"by": "", "comment": ""}) for one in provenance.corrections
    ]
    rejections = [one.model_copy(update={"by": ""}) for one in provenance.rejections]
    return provenance.model_copy(update={"corrections": corrections, "rejections": rejections})


def _replacer(case_id: str, neutral: str, renamed: dict[str, str]) -> Callable[[str], str]:
    """Replaces whole UIDs, never the beginning of a longer one, and the case ID."""
    longest_first = sorted(renamed, key=len, reverse=True)
    uids = "|".join(rf"(?<![\w.]){re.escape(uid)}(?!\.?\w)" for uid in longest_first)
    pattern = re.compile(rf"(?<!\w){re.escape(case_id)}(?!\w)" + (f"|{uids}" if uids else ""))
    return lambda text: pattern.sub(lambda found: renamed.get(found[0], neutral), text)


def _everywhere(value: Any, replace: Callable[[str], str]) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        return replace(value)
    if isinstance(value, list):
        return [_everywhere(one, replace) for one in value]
    if isinstance(value, dict):
        return {name: _everywhere(one, replace) for name, one in value.items()}
    return value
