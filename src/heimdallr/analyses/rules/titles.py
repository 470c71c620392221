"""The title of a finding, whose words the table of rules names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.analyses.rules.rule_table import LIMIT
from heimdallr.domain.statements import Statement

if TYPE_CHECKING:
    from collections.abc import Callable

    from heimdallr.analyses.rules.limits import Limit
    from heimdallr.analyses.rules.rule_table import Rule


def packaged_title(
    rule: Rule, limit: Limit, value_of: Callable[[str], float | str | None]
) -> Statement:
    """The package's words for a finding.

    Args:
        rule: which rule spoke.
        limit: the limit that decided.
        value_of: measurement, or its parameter after a colon → value.
    """
    values = {
        parameter: value
        for parameter, name in rule.values.items()
        if (value := limit.bound if name == LIMIT else value_of(name)) is not None
    }
    return Statement(title_code(rule, limit), values)


def title_code(rule: Rule, limit: Limit) -> str:
    """Which message of the package the title is."""
    return limit.title or f"finding_{rule.code}"
