"""A case whose patient's height or weight become known later, without segmenting it again.

What depends on them follows from what is in the folder: the muscle index from the muscle area, the
liver's from its volume, and the findings whose limits go by index or body mass. No voxel is read.
Published limits are judged when they are shown, by what ``id.json`` says. Everything else stays
what it was, file by file.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from heimdallr.analyses.organ_size import LIVER_INDEX, liver_index
from heimdallr.analyses.rules.findings import ask, weakened
from heimdallr.analyses.rules.severity import Severity
from heimdallr.analyses.sarcopenia_l3 import SMA, SMI, muscle_index
from heimdallr.domain.body_size import BodySize
from heimdallr.domain.errors import PublishingError
from heimdallr.domain.measurement import Status
from heimdallr.domain.statements import Statement
from heimdallr.files import same_file, whole_file
from heimdallr.publishing.case_folder import case_folder
from heimdallr.publishing.identity import identity_json
from heimdallr.publishing.judgements import told_of
from heimdallr.publishing.overlays import l3
from heimdallr.publishing.results import (
    finding_record,
    measurement_record,
    results_json,
    rule_record,
)
from heimdallr.publishing.schema import (
    IDENTITY_FILE,
    RESULTS_FILE,
    BodySizeRecord,
    coded,
    read_identity,
    read_results,
)
from heimdallr.publishing.stored_measurements import stored_measurement
from heimdallr.publishing.stored_rules import stored_rules

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from heimdallr.analyses.rules.rule_table import Rule
    from heimdallr.publishing.schema import Identity, MeasurementRecord, Results

INDEX_OF = {SMI.name: SMA.name, LIVER_INDEX.name: "liver_vol_cm3"}
"""Measurements that height and weight change → what they are of."""


def recompute(
    case: Path,
    size: BodySize | None,
    clock: Callable[[], datetime],
    *,
    last_word: Callable[[], None] = lambda: None,
) -> tuple[Results, Identity]:
    """Let a case folder follow what is known of its patient's height and weight.

    Args:
        case: the folder; replaced whole, and not at all where it follows already.
        size: what was entered or told; ``None``: what the header says holds again.
        clock: gives the time with its zone, for ``created_at``.
        last_word: as of :func:`heimdallr.publishing.case_folder.case_folder`.

    Returns:
        What the folder says now.

    Raises:
        PublishingError: it cannot be read or written; the folder is as it was.
    """
    try:
        results, identity = read_results(case), read_identity(case)
    except (OSError, ValueError) as error:
        # The error's own text quotes the file.
        msg = f"the case folder cannot be read ({type(error).__name__})"
        raise PublishingError(msg, remedy="reprocess the study") from None
    if size_in(identity) == size:
        return results, identity
    sized = with_body_size(identity, size)
    changed = results_for(results, sized, clock())
    with case_folder(case.parent, case.name, last_word=last_word) as folder:
        changed = _fill(folder, case, results, changed)
        _write(folder / RESULTS_FILE, results_json(changed))
        _write(folder / IDENTITY_FILE, identity_json(sized))
    return changed, sized


def created_at(case: Path) -> datetime | None:
    """When the results of a case folder were made; ``None`` where they cannot be read."""
    try:
        return read_results(case).provenance.created_at
    except (OSError, ValueError):
        return None


def size_in(identity: Identity) -> BodySize | None:
    """What a case folder says was entered or told; ``None``: its header holds."""
    told = identity.body_size
    if told is None:
        return None
    return BodySize(told.height_m, told.weight_kg, told.source, told.by, told.at)


def with_body_size(identity: Identity, size: BodySize | None) -> Identity:
    """``id.json`` with another height and weight; what the header said is kept beside them."""
    before = identity.body_size
    height_m = before.header_height_m if before else identity.height_m
    weight_kg = before.header_weight_kg if before else identity.weight_kg
    if size is None:
        told = {"height_m": height_m, "weight_kg": weight_kg, "body_size": None}
        return identity.model_copy(update=told)
    record = BodySizeRecord(
        height_m=size.height_m,
        weight_kg=size.weight_kg,
        source=size.source,
        by=size.by,
        at=size.at,
        header_height_m=height_m,
        header_weight_kg=weight_kg,
    )
    told_now = {
        "height_m": height_m if size.height_m is None else size.height_m,
        "weight_kg": weight_kg if size.weight_kg is None else size.weight_kg,
        "body_size": record,
    }
    return identity.model_copy(update=told_now)


def results_for(results: Results, identity: Identity, now: datetime) -> Results:
    """``resultados.json`` for the height and weight that ``id.json`` says.

    Args:
        results: as published.
        identity: of the same case, with the height and weight that hold.
        now: when that is, with its time zone.
    """
    measurements = [_resized(one, results, identity) for one in results.measurements]
    rules = stored_rules(results)
    told = told_of(results, identity, measurements)
    rejected = {one.name for one in results.provenance.rejections if one.kind == "finding"}
    by_size = {rule.code for rule in rules if _follows_body_size(rule)} - rejected
    asked = {one.code: one for one in ask(told, rules) if one.code in by_size}
    origins = {one.weights_origin for one in results.provenance.segmentations}
    found = [one.finding for one in asked.values() if one.finding is not None]
    findings = [
        *(one for one in results.findings if one.code not in by_size),
        *map(finding_record, weakened(found, bundled="bundled" in origins)),
    ]
    order = {rule.code: place for place, rule in enumerate(rules)}
    return results.model_copy(
        update={
            "measurements": measurements,
            "findings": sorted(
                findings,
                key=lambda one: (Severity(one.severity).place, order.get(one.code, len(order))),
            ),
            "rules": [
                rule_record(asked[one.code]) if one.code in asked else one for one in results.rules
            ],
            "provenance": results.provenance.model_copy(update={"created_at": now}),
        }
    )


def _follows_body_size(rule: Rule) -> bool:
    return any(
        one.name in INDEX_OF or one.bmi_from is not None or one.bmi_below is not None
        for one in rule.limits
    )


def _resized(record: MeasurementRecord, results: Results, identity: Identity) -> MeasurementRecord:
    """A measurement for another height and weight: indices follow what they are of, others stay."""
    if record.name not in INDEX_OF:
        return record
    rejected = {one.name for one in results.provenance.rejections if one.kind == "measurement"}
    source = INDEX_OF[record.name]
    whole = next((one for one in results.measurements if one.name == source), None)
    if whole is None or whole.status != Status.MEASURED.value or record.name in rejected:
        return record
    measured = stored_measurement(whole)
    index = (
        muscle_index(measured, identity.height_m)
        if record.name == SMI.name
        else liver_index(measured, identity.height_m, identity.weight_kg)
    )
    told = measurement_record(replace(index, analysis=record.analysis))
    return told.model_copy(update={"corrected": whole.corrected})


def _fill(folder: Path, case: Path, before: Results, after: Results) -> Results:
    """All other files: the same ones, but for the picture that shows the index."""
    redrawn = before.measurements != after.measurements
    for source in sorted(case.rglob("*")):
        target = folder / source.relative_to(case)
        if source.is_dir():
            target.mkdir(exist_ok=True)
        elif source.parent == case and source.name in {RESULTS_FILE, IDENTITY_FILE}:
            continue
        elif redrawn and source == case / l3.FILE_NAME:
            after = _redraw(source, target, after)
        else:
            same_file(source, target)
    return after


def _redraw(source: Path, target: Path, results: Results) -> Results:
    """The picture with its new figure; what cannot be redrawn is left out, and that is said."""
    by_name = {one.name: stored_measurement(one) for one in results.measurements}
    try:
        canvas = l3.redraw_figures(source, by_name)
    except (OSError, ValueError) as error:
        kind = l3.FILE_NAME.partition(".")[0]
        told = Statement("picture_not_drawn", {"file": kind, "error": type(error).__name__})
        return results.model_copy(
            update={
                "notices": [*results.notices, told.text],
                "notices_coded": [*results.notices_coded, coded(told)],
            }
        )
    canvas.save(target)
    return results


def _write(path: Path, text: str) -> None:
    with whole_file(path) as file:
        file.write(text.encode())
