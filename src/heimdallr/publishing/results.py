"""``resultados.json``: the founding document's flat keys beside the full, typed lists.

A flat key is there exactly when its measurement was made; the full list holds every measurement,
those without a value together with the reason. Nothing is rounded, renamed or derived here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import heimdallr
from heimdallr.analyses.body_regions import BODY_REGIONS, SEPARATOR
from heimdallr.analyses.presence import patient_absence
from heimdallr.analyses.rules.findings import BUNDLED_CAVEAT
from heimdallr.domain.measurement import Measurement, Status
from heimdallr.domain.statements import Statement
from heimdallr.publishing.schema import (
    CollectionRecord,
    FindingRecord,
    FlatValue,
    MeasurementRecord,
    ProvenanceRecord,
    Results,
    RuleRecord,
    SegmentationRecord,
    WeightsRecord,
    coded,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from heimdallr.analyses.case import Case
    from heimdallr.analyses.rules.findings import Conclusions, Finding, Outcome
    from heimdallr.segmentation.network_collections import Collection
    from heimdallr.segmentation.result import Segmentation

GROUP_SEPARATOR = "."
"""A flat name ``group.member`` is published as ``{"group": {"member": …}}``."""


def build_results(
    case_id: str,
    case: Case,
    measurements: Sequence[Measurement],
    conclusions: Conclusions,
    created_at: datetime,
    *,
    failures: Sequence[Statement] = (),
) -> Results:
    """Everything known about a case's numbers, ready to be written.

    Args:
        case_id: the case.
        case: what was measured: modality, series and segmentations go into the provenance.
        measurements: of all analyses, in the order of the registry.
        conclusions: what the rules made of them.
        created_at: when the numbers were complete, with its time zone.
        failures: what could not be published; it stands among the notices.

    Raises:
        ValueError: two measurements share a name, or a value is not finite.
    """
    told = [*notices(case), *failures]
    return Results(
        case_id=case_id,
        modality=case.modality,
        measurements=[measurement_record(one) for one in measurements],
        findings=[finding_record(one) for one in conclusions.findings],
        rules=[rule_record(one) for one in conclusions.outcomes],
        provenance=_provenance(case, created_at, conclusions.changed),
        notices=[one.text for one in told],
        notices_coded=[coded(one) for one in told],
        **flat_keys(measurements),
    )


def results_json(results: Results) -> str:
    """The file's text: identity, flat keys, then the lists; UTF-8, strict JSON."""
    content = results.model_dump(mode="json")
    # Reading order: pydantic alone would put the flat keys last.
    leading = ["case_id", "modality", *results.flat]
    ordered = {name: content.pop(name) for name in leading} | content
    return json.dumps(ordered, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def flat_keys(measurements: Iterable[Measurement]) -> dict[str, FlatValue]:
    """The top-level keys: measured values only, grouped where the name has a dot.

    Raises:
        ValueError: two measurements would share a key.
    """
    keys: dict[str, FlatValue] = {}
    names: set[str] = set()
    for one in measurements:
        if one.name in names:
            msg = f"{one.name} was measured twice"
            raise ValueError(msg)
        names.add(one.name)
        if not one.flat or one.status is not Status.MEASURED or one.value is None:
            continue
        group, separator, member = one.name.partition(GROUP_SEPARATOR)
        if one.name == BODY_REGIONS.name:
            keys[one.name] = str(one.value).split(SEPARATOR)
        elif separator:
            members = keys.setdefault(group, {})
            if not isinstance(members, dict):
                msg = f"{group} is both a value and a group"
                raise ValueError(msg)
            members[member] = one.value
        else:
            keys[one.name] = one.value
    return keys


def notices(case: Case) -> list[Statement]:
    """What every reader of these results has to be told, what weighs most first.

    Overlays carry as many of them as fit on their foot.
    """
    nobody = patient_absence(case)
    made = [one.provenance for one in case.segmentations.values()]
    bundled = "bundled" in {one.weights_origin for one in made}
    collections = dict.fromkeys(one for provenance in made for one in provenance.collections)
    return [
        *([nobody.why] if nobody else []),
        *([BUNDLED_CAVEAT] if bundled else []),
        *case.notices,
        *map(_credit, collections),
    ]


def _credit(collection: Collection) -> Statement:
    return Statement(
        "networks_of_collection",
        {
            "collection": collection.name,
            "licence": collection.licence,
            "credit": collection.credit,
        },
    )


def _provenance(
    case: Case, created_at: datetime, changed_rules: Mapping[str, Any]
) -> ProvenanceRecord:
    return ProvenanceRecord(
        software="heimdallr",
        version=heimdallr.__version__,
        created_at=created_at,
        series_instance_uid=case.series.series_instance_uid,
        pixel_values=case.series.pixel_values if case.modality == "CT" else None,
        computed_as=case.series.spectral,
        energy_kev=case.series.energy_kev,
        segmentations=[_segmentation_record(one) for one in case.segmentations.values()],
        skipped_tasks={task: reason.text for task, reason in case.skipped_tasks.items()},
        skipped_tasks_coded={task: coded(reason) for task, reason in case.skipped_tasks.items()},
        changed_rules=dict(changed_rules),
    )


def _segmentation_record(segmentation: Segmentation) -> SegmentationRecord:
    made = segmentation.provenance
    return SegmentationRecord(
        task=made.task,
        engine=made.engine,
        device=made.device,
        weights=[
            WeightsRecord(name=name, sha256=sha256)
            for name, sha256 in zip(made.weights, made.weights_sha256, strict=True)
        ],
        weights_origin=made.weights_origin,
        spacing_mm=made.spacing_mm,
        seconds=round(made.seconds, 3),
        confidence=dict(made.confidence),
        left_out=list(made.left_out),
        located_only=list(made.located_only),
        collections=[
            CollectionRecord(name=one.name, licence=one.licence, credit=one.credit, home=one.home)
            for one in made.collections
        ],
        cropped_to_body=made.cropped_to_body,
    )


def measurement_record(measurement: Measurement) -> MeasurementRecord:
    """A measurement as it is published."""
    return MeasurementRecord(
        name=measurement.name,
        value=measurement.value,
        unit=measurement.unit,
        status=measurement.status.value,
        reason=measurement.reason,
        reason_coded=None if measurement.why is None else coded(measurement.why),
        analysis=measurement.analysis,
        structure=measurement.structure,
        parameters=dict(measurement.parameters),
    )


def finding_record(finding: Finding) -> FindingRecord:
    """A finding as it is published."""
    return FindingRecord(
        code=finding.code,
        severity=finding.severity.value,
        title=finding.title,
        title_coded=coded(finding.said),
        evidence=dict(finding.evidence),
        reference=finding.reference,
        structure=finding.structure,
        slice_index=finding.slice_index,
        caveats=[one.text for one in finding.caveats],
        caveats_coded=[coded(one) for one in finding.caveats],
    )


def rule_record(outcome: Outcome) -> RuleRecord:
    """What became of a rule, as it is published."""
    if outcome.why_not is None:
        found = "not_found" if outcome.finding is None else "found"
        return RuleRecord(code=outcome.code, outcome=found)
    return RuleRecord(
        code=outcome.code,
        outcome="not_asked",
        reason=outcome.why_not.text,
        reason_coded=coded(outcome.why_not),
    )
