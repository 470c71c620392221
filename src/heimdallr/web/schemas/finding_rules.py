"""Rules of findings: what is asked here, and whose rule it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from heimdallr.analyses.rules.limits import PARAMETER
from heimdallr.analyses.rules.rule_table import unit_of
from heimdallr.analyses.rules.severity import Severity
from heimdallr.web.schemas.common import Schema
from heimdallr.web.schemas.references import AppliesTo, applies_to

if TYPE_CHECKING:
    from heimdallr.analyses.rules.limits import Limit
    from heimdallr.analyses.rules.rule_table import Rule, RuleTable

Origin = Literal["package", "changed", "department"]
Comparison = Literal["below", "at_most", "above", "at_least", "among"]


class RuleLimitOut(Schema):
    """What makes a finding: a value beyond a bound, or one of some categories."""

    measurement: str = Field(examples=["spleen_vol_cm3"])
    parameter: str = Field(
        examples=[""], description="of the measurement, which is compared instead of its value"
    )
    comparison: Comparison
    bound: float | None = Field(examples=[314.5], description="null: compared with categories")
    among: list[str] = Field(examples=[[]], description="these categories make a finding")
    unit: str = Field(examples=["cm3"])
    severity: Severity
    source: str = Field(
        examples=["Prassopoulos 1997, Eur Radiol 7:246 (107.2 to 314.5 cm³)"],
        description="publication, and whom it was derived from; may be empty",
    )
    applies_to: AppliesTo
    usual_attenuation: bool = Field(description="not asked of virtual images of spectral scanners")
    unless: str = Field(examples=[""], description="not asked where this measurement has a value")
    only_with: list[str] = Field(
        examples=[[]], description="asked only where one of these measurements has a value"
    )


class FindingRuleOut(Schema):
    """A rule of findings."""

    code: str = Field(examples=["splenomegaly"])
    name: str = Field(examples=[""], description="of a department's own rule; else empty")
    about: str = Field(
        examples=["Spleen above the largest volume seen in 140 patients without splenic disease."]
    )
    origin: Origin = Field(
        description="the package's, changed by this department, or the department's own"
    )
    changed: list[str] = Field(examples=[["limits"]], description="fields the department gave")
    enabled: bool = Field(description="whether it is asked at all")
    structure: str | None = Field(examples=["spleen"], description="what its finding is about")
    limits: list[RuleLimitOut] = Field(description="the least severe first")


class BrokenRules(Schema):
    """Why the department's file is not used; the package's rules are asked instead."""

    reason: str = Field(examples=["rule splenomegaly: limits.1: give exactly one of below, …"])
    remedy: str = Field(examples=["docs/rules.md shows the form"])


class FindingRules(Schema):
    """What is asked here, in order of urgency among rules of one severity."""

    file: str = Field(examples=["rules.toml"], description="the department's; it may not be there")
    broken: BrokenRules | None = Field(description="null: the file is in force, or is not there")
    rules: list[FindingRuleOut]


def finding_rules_out(table: RuleTable, packaged: RuleTable) -> list[FindingRuleOut]:
    """A table of rules as it is sent.

    Args:
        table: in force here.
        packaged: as it comes with the package.
    """
    known = {rule.code for rule in packaged.rules}
    return [_rule(rule, table, known) for rule in table.rules]


def _rule(rule: Rule, table: RuleTable, packaged: set[str]) -> FindingRuleOut:
    changed = list(table.changed.get(rule.code, ()))
    origin: Origin = "package" if not changed else "changed"
    if rule.code not in packaged:
        origin, changed = "department", []
    return FindingRuleOut(
        code=rule.code,
        name=rule.name,
        about=rule.about,
        origin=origin,
        changed=changed,
        enabled=rule.enabled,
        structure=rule.structure,
        limits=[_limit(one) for one in rule.limits],
    )


def _limit(one: Limit) -> RuleLimitOut:
    bounds: dict[Comparison, float | None] = {
        "below": one.below,
        "at_most": one.at_most,
        "above": one.above,
        "at_least": one.at_least,
    }
    comparison = next((name for name, bound in bounds.items() if bound is not None), "among")
    return RuleLimitOut(
        measurement=one.name,
        parameter=one.measurement.partition(PARAMETER)[2],
        comparison=comparison,
        bound=one.bound,
        among=list(one.among),
        unit=unit_of(one),
        severity=one.severity,
        source=one.source,
        applies_to=applies_to(one),
        usual_attenuation=one.usual_attenuation,
        unless=one.unless,
        only_with=list(one.only_with),
    )
