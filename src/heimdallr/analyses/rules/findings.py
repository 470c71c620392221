"""Findings: what the measurements of a case mean, by rules a person can read and check.

A finding names its evidence and its source. It is a pointer for a radiologist, not a diagnosis; the
absence of a finding says nothing, since a rule whose measurements are missing stays silent. Which
rules could be asked is told by their :class:`Outcome`.

Rules over numbers stand in ``findings.toml`` (:mod:`~heimdallr.analyses.rules.rule_table`); two
more are about the study itself, and are functions here.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from heimdallr.analyses.body_regions import COVERED, IN_PART, SEPARATOR
from heimdallr.analyses.level_naming import BETWEEN
from heimdallr.analyses.organ_volumetry import ORGANS
from heimdallr.analyses.presence import truncated_edges
from heimdallr.analyses.rules.limits import PARAMETER
from heimdallr.analyses.rules.rule_table import packaged_rules, unit_of
from heimdallr.analyses.rules.severity import Severity
from heimdallr.analyses.rules.titles import packaged_title, title_code
from heimdallr.analyses.vertebral_levels import TRANSITIONAL
from heimdallr.domain.corrections import REJECTED
from heimdallr.domain.statements import Statement, parameters_of
from heimdallr.domain.study import PixelValues
from heimdallr.domain.terms import decimals, unit_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from heimdallr.analyses.case import Case
    from heimdallr.analyses.rules.limits import Limit
    from heimdallr.analyses.rules.rule_table import Rule, RuleTable
    from heimdallr.domain.measurement import Measurement, Scalar
    from heimdallr.domain.study import Patient

BUNDLED_CAVEAT = Statement("bundled_weights")
AGE_CAVEAT = Statement("age_unknown")
SITE = "site_finding"
"""The title of a department's own rule: its name, the value and its unit."""
SITE_CAVEAT = Statement("site_rule")

ASKED_ORGANS = {
    "liver": ("LIVER", "HEPAT", "FIGADO", "HIGADO", "LEBER", "FOIE", "FEGATO"),
    "spleen": ("SPLEEN", "SPLEN", "BACO", "BAZO", "MILZ", "RATE", "MILZA"),
    "kidney_right": ("KIDNEY", "RENAL", "RENAIS", "RINS", "NIERE", "NIEREN", "UROGRA", "URO"),
    "kidney_left": ("KIDNEY", "RENAL", "RENAIS", "RINS", "NIERE", "NIEREN", "UROGRA", "URO"),
}
"""Organ → beginnings of header words that ask for it."""
ABDOMEN_WORDS = ("ABD", "ABDOMEN", "ABDOME")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found.

    Attributes:
        code: stable identifier.
        said: its title, one line for the worklist: a statement ``finding_<code>``.
        evidence: measurement or limit it rests on → its value, what decided first; units are in
            the names.
        reference: publication the limit comes from; empty for a technical finding.
        structure: TotalSegmentator class name it is about.
        slice_index: axial slice to look at, 0 = most inferior.
        caveats: what weakens it.
    """

    code: str
    severity: Severity
    said: Statement
    evidence: Mapping[str, Scalar]
    reference: str = ""
    structure: str | None = None
    slice_index: int | None = None
    caveats: tuple[Statement, ...] = ()

    @property
    def title(self) -> str:
        """The title in English."""
        return self.said.text


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one rule of the table.

    Attributes:
        code: the rule's.
        finding: what it found.
        why_not: why it could not be asked; ``None``: it was, and a finding or none came of it.
    """

    code: str
    finding: Finding | None = None
    why_not: Statement | None = None


@dataclass(frozen=True, slots=True)
class Conclusions:
    """What the rules made of a case.

    Attributes:
        findings: the most urgent first.
        outcomes: of every rule of the table, so that silence can be told from not having looked.
        changed: what a department changed in the table, as its file has it.
    """

    findings: tuple[Finding, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    changed: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Told:
    """A patient and measurements: all that the table's rules ask for, also long afterwards.

    Attributes:
        patient: sex, age, height and weight count.
        usual_attenuation: whether limits in HU hold; they were found at the energies of usual
            tubes.
        kvp: tube voltage, where it is known.
        measurements: by name.
        middle_slices: structure → axial slice through its middle.
    """

    patient: Patient
    usual_attenuation: bool
    kvp: float | None
    measurements: Mapping[str, Measurement]
    middle_slices: Mapping[str, int]

    def value(self, name: str) -> float | str | None:
        """The value of a measurement, or of its parameter after a colon; ``None``: there is none.

        A truth value is none: nothing is compared with it. Nor is anything with what stands beside
        a value that a person rejects.
        """
        measurement, _, parameter = name.partition(PARAMETER)
        found = self.measurements.get(measurement)
        if found is None or self.rejection(name) is not None:
            return None
        value = found.parameters.get(parameter) if parameter else found.value
        return value if isinstance(value, int | float | str) else None

    def rejection(self, name: str) -> Statement | None:
        """Why a person does not believe a measurement, or what it is a parameter of."""
        found = self.measurements.get(name.partition(PARAMETER)[0])
        why = found.why if found is not None else None
        return why if why is not None and why.code == REJECTED else None

    def number(self, name: str) -> float | None:
        """The same, where it is a number."""
        found = self.value(name)
        return found if isinstance(found, int | float) else None

    def word(self, name: str) -> str | None:
        """The same, where it is a category."""
        found = self.value(name)
        return found if isinstance(found, str) else None

    def evidence(self, *names: str) -> dict[str, Scalar]:
        """Those of the named values that there are; a parameter goes by its own name."""
        values = {name.rpartition(PARAMETER)[2]: self.value(name) for name in names}
        return {name: value for name, value in values.items() if value is not None}

    def fits(self, limit: Limit) -> bool:
        """Whether a limit holds here, and what it is to be asked with was measured."""
        return self.holds(limit) and not self.lacks(limit)

    def lacks(self, limit: Limit) -> bool:
        """Whether none of the measurements that a limit is to be asked with has a value."""
        needed = limit.only_with
        return bool(needed) and all(self.value(one) is None for one in needed)

    def holds(self, limit: Limit) -> bool:
        """Whether a limit holds for this patient, this acquisition and these pixel values."""
        in_hu = limit.usual_attenuation or unit_of(limit) == "HU"
        return (
            limit.holds_for(self.patient)
            and limit.holds_at(self.word("contrast_phase"), self.kvp)
            and (self.usual_attenuation or not in_hu)
            and (not limit.unless or self.value(limit.unless) is None)
        )


_COUNT = f"vertebral_levels{PARAMETER}{BETWEEN}"


def transitional_vertebra(told: Told, _case: Case) -> Finding | None:
    """Not five vertebrae between the last ribs and the sacrum: whoever operates wants to know."""
    levels = told.measurements.get("vertebral_levels")
    if levels is None:
        return None
    why = levels.why
    is_reason = why is not None and why.code == TRANSITIONAL
    count = why.parameters["count"] if why and is_reason else told.value(_COUNT)
    if not isinstance(count, int):
        return None
    return Finding(
        code=TRANSITIONAL,
        severity=Severity.NOTE,
        said=Statement("finding_transitional_vertebra", {"count": count}),
        evidence={BETWEEN: count},
        reference="Konin and Walz 2010, AJNR 31:1778",
        structure="sacrum",
        slice_index=told.middle_slices.get("sacrum"),
    )


def truncated_coverage(told: Told, case: Case) -> Finding | None:
    """An organ the study was made for is cut by the edge of the volume."""
    cut = {
        organ: edges
        for organ in _asked_organs(told, case)
        if (one := told.measurements.get(f"{organ}_vol_cm3")) is not None
        and (edges := truncated_edges(one))
    }
    if not cut:
        return None
    return Finding(
        code="truncated_coverage",
        severity=Severity.NOTE,
        said=Statement("finding_truncated_coverage", {"structures": tuple(cut)}),
        evidence={f"{organ}_vol_cm3": SEPARATOR.join(edges) for organ, edges in cut.items()},
    )


REMARKS: tuple[Callable[[Told, Case], Finding | None], ...] = (
    transitional_vertebra,
    truncated_coverage,
)
"""What is said of the study itself; after all others."""


def find(
    case: Case, measurements: Iterable[Measurement], rules: RuleTable | None = None
) -> Conclusions:
    """Ask every rule about a case.

    Args:
        case: the case.
        measurements: of all analyses.
        rules: those to ask; by default those of the package.
    """
    told = told_by(case, measurements)
    rules = packaged_rules() if rules is None else rules
    outcomes = ask(told, rules)
    remarks = [finding for remark in REMARKS if (finding := remark(told, case)) is not None]
    found = [one.finding for one in outcomes if one.finding is not None]
    bundled = any(one.provenance.weights_origin == "bundled" for one in case.segmentations.values())
    findings = by_urgency(weakened([*found, *remarks], bundled=bundled))
    return Conclusions(findings, outcomes, rules.changed)


def told_by(case: Case, measurements: Iterable[Measurement]) -> Told:
    """What the rules ask of a case."""
    segmented = case.anatomy_task in case.segmentations
    return Told(
        patient=case.patient,
        usual_attenuation=case.series.pixel_values is PixelValues.ATTENUATION,
        kvp=case.series.kvp,
        measurements={one.name: one for one in measurements},
        middle_slices={
            structure: round(one.centroid_ijk[2])
            for structure, one in (case.statistics if segmented else {}).items()
        },
    )


def ask(told: Told, rules: RuleTable) -> tuple[Outcome, ...]:
    """What becomes of each rule of a table, in its order."""
    found = []
    for rule in rules:
        one = _asked(rule, told)
        if one.finding is not None and rule.code in rules.changed:
            caveats = (*one.finding.caveats, SITE_CAVEAT)
            one = replace(one, finding=replace(one.finding, caveats=caveats))
        found.append(one)
    return tuple(found)


def weakened(findings: Iterable[Finding], *, bundled: bool) -> list[Finding]:
    """Findings with the caveat of the bundled networks, where these made the numbers."""
    if not bundled:
        return list(findings)
    return [replace(one, caveats=(*one.caveats, BUNDLED_CAVEAT)) for one in findings]


def by_urgency(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The most urgent first; of one severity, in the order given."""
    return tuple(sorted(findings, key=lambda one: one.severity.place))


def _asked(rule: Rule, told: Told) -> Outcome:
    holding = [one for one in rule.limits if told.holds(one)]
    tellable = [one for one in holding if told.fits(one) and _untold(rule, one, told) is None]
    with_values = [(one, told.value(one.measurement)) for one in tellable]
    known = [(one, value) for one, value in with_values if value is not None]
    if not known:
        return Outcome(rule.code, why_not=_why_not(rule, holding, told))
    crossed = [one for one, value in known if one.is_crossed_by(value)]
    return Outcome(rule.code, _finding(rule, crossed, told) if crossed else None)


def _untold(rule: Rule, limit: Limit, told: Told) -> Statement | None:
    """Why a limit's title cannot be told: it names a value that a person rejects."""
    if rule.name:
        return None
    named = parameters_of(title_code(rule, limit))
    values = (name for parameter, name in rule.values.items() if parameter in named)
    return next((why for one in values if (why := told.rejection(one)) is not None), None)


def _why_not(rule: Rule, holding: list[Limit], told: Told) -> Statement:
    for limit in holding or rule.limits:
        for name in (limit.name, *limit.only_with):
            found = told.measurements.get(name)
            if found is not None and found.why is not None:
                return found.why
    for limit in holding:
        if (why := _untold(rule, limit, told)) is not None:
            return why
    if holding:
        return Statement("not_measured")
    return Statement("no_limit_holds")


def _finding(rule: Rule, crossed: list[Limit], told: Told) -> Finding:
    # Of bands of one severity the farther one decides: they stand least severe first.
    decides = min(reversed(crossed), key=lambda one: one.severity.place)
    # A bound of 0 says no more than that there is something.
    limits = {one.evidence_name: bound for one in (*crossed, decides) if (bound := one.bound)}
    named = (decides.measurement, *rule.evidence)
    caveats = bool(decides.age_from) and told.patient.age_years is None
    return Finding(
        code=rule.code,
        severity=decides.severity,
        said=_title(rule, decides, told),
        evidence={**told.evidence(*dict.fromkeys(named)), **limits},
        reference="; ".join(dict.fromkeys(one.source for one in crossed if one.source)),
        structure=_structure(rule, decides, told),
        slice_index=_slice(rule, decides, told),
        caveats=(AGE_CAVEAT,) if caveats else (),
    )


def _title(rule: Rule, limit: Limit, told: Told) -> Statement:
    if not rule.name:
        return packaged_title(rule, limit, told.value)
    value = told.value(limit.measurement)
    assert value is not None  # noqa: S101 - it crossed the limit
    unit = unit_of(limit)
    if not isinstance(value, str):
        value = round(value, decimals(value, unit))
    return Statement(SITE, {"name": rule.name, "value": value, "unit": unit_text(unit)})


def _structure(rule: Rule, limit: Limit, told: Told) -> str | None:
    """The rule's, else that of what decided."""
    found = told.measurements.get(limit.name)
    return rule.structure or (found.structure if found else None)


def _slice(rule: Rule, limit: Limit, told: Told) -> int | None:
    named = told.number(rule.slice) if rule.slice else None
    if named is None:
        named = told.number(f"{limit.name}{PARAMETER}slice_index")
    if named is None:
        named = told.middle_slices.get(_structure(rule, limit, told) or "")
    return None if named is None else int(named)


def _asked_organs(told: Told, case: Case) -> tuple[str, ...]:
    """Organs the header asks for; all four when it says nothing and the abdomen is covered."""
    series = case.series
    text = f"{series.body_part} {series.protocol} {series.description}"
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().upper()
    words = re.findall(r"[A-Z]+", folded)
    if not words:
        return ORGANS if told.word("body_region_abdomen") in {COVERED, IN_PART} else ()
    if any(word.startswith(ABDOMEN_WORDS) for word in words):
        return ORGANS
    return tuple(
        organ for organ in ORGANS if any(word.startswith(ASKED_ORGANS[organ]) for word in words)
    )
