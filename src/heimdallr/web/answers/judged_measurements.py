"""A study's measurements with the published limits and norms that hold for its patient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.publishing.judgements import Judgement, judgements
from heimdallr.publishing.schema import coded
from heimdallr.publishing.standings import standings
from heimdallr.web.schemas.references import norm_out, reference_out
from heimdallr.web.schemas.studies import MeasurementOut

if TYPE_CHECKING:
    from heimdallr.analyses.rules.norms import Standing
    from heimdallr.publishing.schema import Identity, MeasurementRecord, Results


def judged(results: Results, identity: Identity) -> list[MeasurementOut]:
    """The measurements as they are sent; only a measured number has limits."""
    found = judgements(results, identity)
    stand = standings(results, identity)
    return [_out(one, found.get(one.name), stand.get(one.name, ())) for one in results.measurements]


def _out(
    one: MeasurementRecord, judgement: Judgement | None, norms: tuple[Standing, ...]
) -> MeasurementOut:
    limits = judgement.limits if judgement else ()
    caveats = judgement.caveats if judgement else ()
    return MeasurementOut.model_validate(
        one.model_dump()
        | {
            "reference": reference_out(limits[0]) if limits else None,
            "flag": judgement.flag if judgement else None,
            "other_references": [reference_out(other) for other in limits[1:]],
            "norms": [norm_out(norm) for norm in norms],
            "reference_caveats": [caveat.text for caveat in caveats],
            "reference_caveats_coded": [coded(caveat) for caveat in caveats],
        }
    )
