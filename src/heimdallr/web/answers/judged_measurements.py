"""A study's measurements with the published limits that hold for its patient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.publishing.judgements import Judgement, judgements
from heimdallr.publishing.schema import coded
from heimdallr.web.schemas.references import reference_out
from heimdallr.web.schemas.studies import MeasurementOut

if TYPE_CHECKING:
    from heimdallr.publishing.schema import Identity, MeasurementRecord, Results


def judged(results: Results, identity: Identity) -> list[MeasurementOut]:
    """The measurements as they are sent; only a measured number has limits."""
    found = judgements(results, identity)
    return [_out(one, found.get(one.name)) for one in results.measurements]


def _out(one: MeasurementRecord, judgement: Judgement | None) -> MeasurementOut:
    limits = judgement.limits if judgement else ()
    caveats = judgement.caveats if judgement else ()
    return MeasurementOut.model_validate(
        one.model_dump()
        | {
            "reference": reference_out(limits[0]) if limits else None,
            "flag": judgement.flag if judgement else None,
            "other_references": [reference_out(other) for other in limits[1:]],
            "reference_caveats": [caveat.text for caveat in caveats],
            "reference_caveats_coded": [coded(caveat) for caveat in caveats],
        }
    )
