"""The rules a case was judged by, read back from ``resultados.json``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.analyses.rules.rule_table import RuleTable, packaged_rules
from heimdallr.domain.errors import RulesError

if TYPE_CHECKING:
    from heimdallr.publishing.schema import Results


def stored_rules(results: Results) -> RuleTable:
    """This version's rules with what the department had changed when the case was made.

    A change that fits this version no more is left out as a whole.
    """
    if not results.provenance.changed_rules:
        return packaged_rules()
    try:
        return RuleTable(results.provenance.changed_rules)
    except RulesError:
        return packaged_rules()
