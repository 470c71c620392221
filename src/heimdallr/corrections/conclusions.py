"""Results of a corrected case: findings anew, what persons reject left out, what differs marked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from heimdallr.analyses.rules.findings import find
from heimdallr.corrections.versions import reads
from heimdallr.domain.measurement import Status
from heimdallr.publishing.body_size import INDEX_OF, results_for
from heimdallr.publishing.results import build_results
from heimdallr.publishing.stored_rules import stored_rules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from heimdallr.analyses.case import Case
    from heimdallr.analyses.rules.findings import Conclusions
    from heimdallr.corrections.wanted import Standing
    from heimdallr.domain.measurement import Measurement
    from heimdallr.domain.statements import Statement
    from heimdallr.publishing.correction_records import RejectionRecord
    from heimdallr.publishing.schema import Identity, Results


def accepted(
    measurements: Sequence[Measurement], rejected: Mapping[str, RejectionRecord]
) -> tuple[Measurement, ...]:
    """Measurements without the values that persons reject, nor those reckoned from them."""
    refused = {
        **rejected,
        **{index: rejected[of] for index, of in INDEX_OF.items() if of in rejected},
    }
    return tuple(
        replace(one, value=None, status=Status.NOT_ASSESSABLE, why=refused[one.name].said.why)
        if one.name in refused and one.status is Status.MEASURED
        else one
        for one in measurements
    )


@dataclass(frozen=True, slots=True)
class Told:
    """What a case folder says before a correction.

    Attributes:
        results: with the rules the case was judged by.
        networks: results of version 0, from which a corrected number differs.
        identity: of the case, with the height and weight that hold.
    """

    results: Results
    networks: Results
    identity: Identity


def corrected_results(
    case: Case,
    measurements: Sequence[Measurement],
    standing: Standing,
    before: Told,
    now: datetime,
    *,
    failures: Sequence[Statement] = (),
) -> Results:
    """``resultados.json`` of a corrected case.

    Args:
        case: corrected.
        measurements: its own, see :func:`accepted`.
        standing: what holds by persons' word.
        before: what the folder says without the correction.
        now: with its time zone.
        failures: pictures that could not be drawn.
    """
    conclusions = _concluded(case, measurements, standing, before.results)
    case_id = before.results.case_id
    results = build_results(case_id, case, measurements, conclusions, now, failures=failures)
    networks = results_for(before.networks, before.identity, now)
    own = {one.name: reads(one) for one in networks.measurements}
    provenance = results.provenance.model_copy(
        update={
            "corrections": list(standing.corrections),
            "rejections": list(standing.rejections),
        }
    )
    marked = [
        one.model_copy(update={"corrected": own.get(one.name) != reads(one)})
        for one in results.measurements
    ]
    return results.model_copy(update={"provenance": provenance, "measurements": marked})


def _concluded(
    case: Case, measurements: Sequence[Measurement], standing: Standing, before: Results
) -> Conclusions:
    """What the rules the case was judged by make of it, without the findings persons reject."""
    found = find(case, measurements, stored_rules(before))
    rejected = standing.of_kind("finding")
    return replace(
        found,
        findings=tuple(one for one in found.findings if one.code not in rejected),
        outcomes=tuple(
            replace(one, finding=None, why_not=rejected[one.code].said.why)
            if one.finding is not None and one.code in rejected
            else one
            for one in found.outcomes
        ),
    )
