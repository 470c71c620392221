"""Results of a corrected case: findings anew, what persons reject left out, what differs marked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from heimdallr.analyses import liver_steatosis, lung_nodules, organ_density, organ_size
from heimdallr.analyses.bone_density import CATEGORY, MEAN, NATIVE, Z
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


LIVER_HU, SPLEEN_HU = "liver_hu_eroded_mean", "spleen_hu_eroded_mean"
RECKONED_FROM = {
    **{index: (of,) for index, of in INDEX_OF.items()},
    organ_density.DIFFERENCE.name: (LIVER_HU, SPLEEN_HU),
    liver_steatosis.RATIO.name: (LIVER_HU, SPLEEN_HU),
    liver_steatosis.FAT.name: (LIVER_HU,),
    liver_steatosis.PORTAL.name: (LIVER_HU,),
    organ_size.DIFFERENCE.name: tuple(one.name for one in organ_size.LENGTHS.values()),
    organ_size.RATIO.name: ("liver_vol_cm3", "spleen_vol_cm3"),
    lung_nodules.SIZE_CLASS.name: (lung_nodules.LARGEST.name,),
}
"""Measurement → those it is a formula of."""
OF_LEVELS = frozenset(one.name for one in (CATEGORY, Z, NATIVE))
"""Formulas of the means of the levels that they name."""


def accepted(
    measurements: Sequence[Measurement], rejected: Mapping[str, RejectionRecord]
) -> tuple[Measurement, ...]:
    """Measurements without the values that persons reject, nor those reckoned from them.

    Of what was cut, so that only a part was seen, the part is rejected.
    """
    return tuple(_accepted(one, rejected) for one in measurements)


def _accepted(one: Measurement, rejected: Mapping[str, RejectionRecord]) -> Measurement:
    own = rejected.get(one.name)
    if own is None and one.status is Status.MEASURED:
        own = next((rejected[of] for of in reckoned_from(one) if of in rejected), None)
    if own is None or one.status is Status.NOT_APPLICABLE:
        return one
    return replace(one, value=None, status=Status.NOT_ASSESSABLE, why=own.said.why)


def reckoned_from(one: Measurement) -> tuple[str, ...]:
    """The measurements that a measurement is a formula of, and of nothing else in the images."""
    if one.name in OF_LEVELS:
        levels = str(one.parameters.get("levels", "")).split(",")
        return tuple(MEAN.of(level=level).name for level in levels)
    return RECKONED_FROM.get(one.name, ())


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
