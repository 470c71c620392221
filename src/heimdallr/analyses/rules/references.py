"""Published limits of the measurements, each with the patients it holds for.

They are those the findings use, no others. A value beyond a limit is a reason to look, not a
diagnosis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from heimdallr.analyses.rules.findings import AGE_CAVEAT
from heimdallr.analyses.rules.rule_table import packaged_rules, unit_of

if TYPE_CHECKING:
    from heimdallr.analyses.rules.findings import Told
    from heimdallr.analyses.rules.limits import Limit
    from heimdallr.analyses.rules.rule_table import RuleTable
    from heimdallr.domain.statements import Statement
    from heimdallr.domain.study import Patient

Flag = Literal["low", "high", "normal"]


@dataclass(frozen=True, slots=True)
class Reference:
    """A published limit of a measured number.

    Attributes:
        limit: of the table of rules.
        unit: of the measurement.
    """

    limit: Limit
    unit: str

    @property
    def quantity(self) -> str:
        """Name of the measurement."""
        return self.limit.measurement

    @property
    def source(self) -> str:
        """Citation, and whom it was derived from."""
        return self.limit.source

    @property
    def is_normal_range(self) -> bool:
        """Whether it was derived from people without disease."""
        return self.limit.normal_range

    @property
    def low(self) -> float | None:
        """Values below it are low; ``None``: there is no such limit."""
        return self.limit.low

    @property
    def high(self) -> float | None:
        """Values above it are high; ``None``: there is no such limit."""
        return self.limit.high

    def flag(self, value: float) -> Flag:
        """Where a value lies; ``normal``: not beyond the limit there is."""
        if not self.limit.is_crossed_by(value):
            return "normal"
        return "high" if self.limit.low is None else "low"


def references(rules: RuleTable | None = None) -> tuple[Reference, ...]:
    """All of them, in the order of the table.

    Args:
        rules: whose limits; by default those of the package.
    """
    limits = (packaged_rules() if rules is None else rules).limits
    return tuple(
        Reference(one, unit_of(one))
        for one in limits
        if one.name == one.measurement and not one.among
    )


def references_for(told: Told, rules: RuleTable | None = None) -> dict[str, tuple[Reference, ...]]:
    """Measurement → the limits that hold for a case: those that its rules would ask.

    Args:
        told: what the rules ask of the case.
        rules: whose limits; by default those of the package.
    """
    found: dict[str, tuple[Reference, ...]] = {}
    for one in references(rules):
        if told.fits(one.limit):
            found[one.quantity] = (*found.get(one.quantity, ()), one)
    return found


def caveats_for(patient: Patient) -> tuple[Statement, ...]:
    """What weakens every limit for a patient."""
    return (AGE_CAVEAT,) if patient.age_years is None else ()
