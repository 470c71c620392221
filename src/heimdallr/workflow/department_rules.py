"""The rules of findings as a department has changed them, read for each case."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from heimdallr.analyses.rules.rule_table import RuleTable, packaged_rules, read_rules
from heimdallr.domain.errors import RulesError
from heimdallr.domain.statements import Statement

if TYPE_CHECKING:
    from heimdallr.config import Settings

_DIGITS = 12


@dataclass(frozen=True, slots=True)
class InForce:
    """The rules that are asked now.

    Attributes:
        table: the rules.
        notices: what every reader has to be told of them.
    """

    table: RuleTable
    notices: tuple[Statement, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Changes when the department's part does."""
        text = json.dumps(self.table.changed, sort_keys=True) + repr(self.notices)
        return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def department_rules(settings: Settings) -> RuleTable:
    """The rules with the department's changes; a file that a setting names has to be there.

    Raises:
        RulesError: the file is not a table of rules, or is not there.
    """
    return read_rules(settings.rules_path, is_expected=settings.rules_file is not None)


def in_force(settings: Settings) -> InForce:
    """The rules with the department's changes; without them, and saying so, where these are broken.

    A file that was saved half done does not hold up a case, nor does it silence a finding.
    """
    try:
        return InForce(department_rules(settings))
    except RulesError:
        return InForce(packaged_rules(), (Statement("department_rules_broken"),))
