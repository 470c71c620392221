"""Which results go where by themselves: facts of a study against rules, without touching anything.

A rule looks at a study when its results are there, when a person has acknowledged its findings or
verified its results, or when it could not be measured. Everything a rule names must hold; what it
leaves out holds always. A patient class that is not known is none of those a rule asks for, unless
it asks for ``unknown``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from heimdallr.delivery.kinds import OF_FAILURES
from heimdallr.domain.patient_class import UNKNOWN, PatientClass
from heimdallr.store.delivery_tables import When

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from heimdallr.delivery.kinds import Kind

Severity = Literal["note", "significant", "critical"]
_RANKS: dict[str, int] = {"note": 1, "significant": 2, "critical": 3}
_Word = Annotated[str, Field(min_length=1, max_length=64)]
_Words = Annotated[tuple[_Word, ...], Field(max_length=50)]

CRITICAL_PRIORITY = 0
"""Of results with a critical finding: before everything else a destination waits for."""


class Conditions(BaseModel):
    """What must hold of a study; an empty list, or no severity, asks nothing.

    Attributes:
        calling_aes: AE titles, one of which sent the images.
        modalities: one of which was measured: ``CT``, ``MR``.
        body_regions: one of which the volume covers.
        findings: codes, one of which was found.
        least_severity: some finding is at least that severe.
        patient_classes: one of which the patient is of, by orders and admissions: ``inpatient``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    calling_aes: _Words = ()
    modalities: _Words = ()
    body_regions: _Words = ()
    findings: _Words = ()
    least_severity: Severity | None = None
    patient_classes: Annotated[tuple[PatientClass, ...], Field(max_length=50)] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules may ask of a study.

    Attributes:
        worst_severity: 0 none, 1 note, 2 significant, 3 critical.
        study_priority: of the worklist, 1 (STAT) to 10.
        acknowledged: a person has acknowledged every finding, or read results without one.
        verified: a person has verified these results.
    """

    calling_ae: str = ""
    modality: str = ""
    body_regions: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    worst_severity: int = 0
    study_priority: int = 10
    acknowledged: bool = False
    verified: bool = False
    patient_class: PatientClass = UNKNOWN


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that is in force, and what its destination gets by it."""

    name: str
    destination_id: int
    when: When
    conditions: Conditions
    objects: tuple[Kind, ...]


@dataclass(frozen=True, slots=True)
class Owed:
    """An object that a destination is to get; ``cause`` is the first rule that says so."""

    destination_id: int
    kind: Kind
    cause: str


def owed(rules: Iterable[Rule], facts: Facts, happened: Collection[When]) -> list[Owed]:
    """What follows, each object of a destination once.

    Args:
        rules: in their order.
        facts: of the study.
        happened: what the rules may be about.
    """
    found: dict[tuple[int, Kind], Owed] = {}
    for rule in rules:
        if rule.when not in happened or not holds(rule.conditions, facts):
            continue
        for kind in rule.objects:
            if rule.when is When.FAILED and kind not in OF_FAILURES:
                continue
            one = Owed(rule.destination_id, kind, f"rule:{rule.name}")
            found.setdefault((rule.destination_id, kind), one)
    return list(found.values())


def holds(conditions: Conditions, facts: Facts) -> bool:
    """Whether everything a rule names is so."""
    return (
        _any_of(conditions.calling_aes, (facts.calling_ae,))
        and _any_of(conditions.modalities, (facts.modality,))
        and _any_of(conditions.body_regions, facts.body_regions)
        and _any_of(conditions.findings, facts.findings)
        and _any_of(conditions.patient_classes, (facts.patient_class,))
        and facts.worst_severity >= _RANKS.get(conditions.least_severity or "", 0)
    )


def undecided(rules: Iterable[Rule], facts: Facts, happened: Collection[When]) -> list[str]:
    """Names of the rules that do not hold only because nobody knows the patient's class."""
    if facts.patient_class != UNKNOWN:
        return []
    return [
        rule.name
        for rule in rules
        if rule.when in happened
        and not holds(rule.conditions, facts)
        and holds(rule.conditions.model_copy(update={"patient_classes": ()}), facts)
    ]


def happened_with_results(facts: Facts) -> tuple[When, ...]:
    """What is so as soon as results are there.

    Results that say the same as those a person has acknowledged are acknowledged already.
    """
    acknowledged = (When.ACKNOWLEDGED,) if facts.acknowledged else ()
    verified = (When.VERIFIED,) if facts.verified else ()
    return (When.RESULTS, *acknowledged, *verified)


def happened(news: Collection[When], facts: Facts) -> tuple[When, ...]:
    """What the rules are to be asked about, of what there is news of: as far as it still is so."""
    return tuple(one for one in happened_with_results(facts) if When.RESULTS in news or one in news)


def priority(facts: Facts) -> int:
    """Which place what is owed of a study takes at its destinations; lower is sooner."""
    if facts.worst_severity >= _RANKS["critical"]:
        return CRITICAL_PRIORITY
    return facts.study_priority


def _any_of(wanted: Collection[str], there: Iterable[str]) -> bool:
    return not wanted or any(one in wanted for one in there)
