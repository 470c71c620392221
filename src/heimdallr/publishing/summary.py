"""A study in ten seconds: its findings, most urgent first, and what was not asked.

*Abdominal aorta, 52 mm (was 47 in 2024-03: +2.9 a year) · Enlarged spleen, 420 cm³*. Silence is
never called normal: the last words say how many rules found nothing, and how many could not be
asked.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from heimdallr.analyses.rules.change import change_of
from heimdallr.analyses.ventricles import SHIFT, SHIFT_SIDE, SIDES
from heimdallr.domain.statements import Statement
from heimdallr.domain.terms import decimals
from heimdallr.publishing.stored_measurements import contrast_phase_of, stored_title

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heimdallr.analyses.rules.change import Change
    from heimdallr.domain.measurement import Scalar
    from heimdallr.domain.statements import Value
    from heimdallr.publishing.dicom.kinds import EarlierValue
    from heimdallr.publishing.schema import FindingRecord, Results


@dataclass(frozen=True, slots=True)
class Line:
    """A finding in a few words.

    Attributes:
        finding: the finding.
        said: its title, with what it was in an earlier study.
    """

    finding: FindingRecord
    said: Statement


@dataclass(frozen=True, slots=True)
class Summary:
    """A study in a few words.

    Attributes:
        lines: one per finding, most urgent first.
        silence: what the other rules say: nothing, or that they could not be asked.
    """

    lines: tuple[Line, ...]
    silence: Statement


def summary_of(
    results: Results, study_date: str | None, earlier: Mapping[str, EarlierValue]
) -> Summary:
    """The summary of a case.

    Args:
        results: as published.
        study_date: ``YYYYMMDD``; without it nothing is compared.
        earlier: measurement → its latest value of an earlier study.
    """
    lines = tuple(
        Line(one, _said(one, results, study_date or "", earlier)) for one in results.findings
    )
    return Summary(lines, _silence(results))


def _said(
    finding: FindingRecord,
    results: Results,
    study_date: str,
    earlier: Mapping[str, EarlierValue],
) -> Statement:
    title = stored_title(finding)
    name = next(iter(finding.evidence), "")
    before = earlier.get(name)
    now = next((one for one in results.measurements if one.name == name), None)
    if before is None or now is None or not isinstance(now.value, int | float):
        return title
    phase = contrast_phase_of(results)
    side = next((one.value for one in results.measurements if one.name == SHIFT_SIDE.name), None)
    change = (
        None
        if _is_other_phase(before, phase) or not _is_same_side(before, side)
        else change_of(
            name, now.value, study_date, earlier=before.value, earlier_date=before.study_date
        )
    )
    told: dict[str, Value] = {
        "title": title,
        "value": _rounded(before.value, before.unit),
        "month": f"{before.study_date[:4]}-{before.study_date[4:6]}",
    }
    if change is not None and change.verdict == "no_change":
        return Statement("summary_unchanged", told)
    if before.contrast_phase and _is_other_phase(before, phase):
        return Statement("summary_other_phase", told | {"phase": before.contrast_phase})
    if {before.side, side} == set(SIDES):
        return Statement("summary_other_side", told)
    if change is None or change.per_year is None:
        return Statement("summary_earlier", told)
    return _moved(told | {"per_year": _rounded(abs(change.per_year), before.unit)}, change)


def _moved(told: dict[str, Value], change: Change) -> Statement:
    if change.verdict == "risen":
        return Statement("summary_risen", told)
    return Statement("summary_fallen", told)


def _rounded(value: float, unit: str) -> Statement:
    """With the decimals that every number of the unit has."""
    return Statement("rounded", {"value": value, "digits": decimals(value, unit)})


def _is_other_phase(before: EarlierValue, phase: Scalar) -> bool:
    """Whether a difference may be contrast medium's; of phases that are not known it may."""
    return before.unit == "HU" and (phase is None or before.contrast_phase != phase)


def _is_same_side(before: EarlierValue, side: Scalar) -> bool:
    """Whether distances from the middle are of one side; where one is not known they may not be."""
    if before.name != SHIFT.name:
        return True
    return None not in {before.side, side} and {before.side, side} != set(SIDES)


def _silence(results: Results) -> Statement:
    if not results.rules:  # made before results told of each rule
        return Statement("rules_not_told")
    counted = Counter(one.outcome for one in results.rules)
    told = {"silent": counted["not_found"], "not_asked": counted["not_asked"]}
    if results.findings:
        return Statement("other_rules", told)
    return Statement("no_finding_of_rules", told)
