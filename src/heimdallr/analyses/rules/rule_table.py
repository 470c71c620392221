"""The table of rules: the one that comes with the package, and what a department changed in it.

``findings.toml`` beside this module has one entry per rule; ``docs/rules.md`` says how to write
one. A department's own file has the same form: an entry of a known code replaces the fields it
names, any other is a rule of its own.
"""

from __future__ import annotations

import re
import stat
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from heimdallr.analyses.declared_outputs import PLACEHOLDER
from heimdallr.analyses.registry import ANALYSES
from heimdallr.analyses.rules.limits import Limit, Line
from heimdallr.analyses.rules.toml_tables import packaged_table, parsed
from heimdallr.domain.errors import RulesError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from heimdallr.analyses.declared_outputs import Output

FILE = "findings.toml"
LIMIT = "limit"
"""As a value of a title: the limit that decided."""
REMARKS = frozenset({"transitional_vertebra", "truncated_coverage"})
"""Codes of findings about the study itself, which no limit makes."""
_LARGEST_FILE = 1 << 20
_LONGEST_COMPLAINT = 300
CODE = r"^[a-z][a-z0-9_]{0,62}$"


class Rule(BaseModel):
    """One rule: limits, any of which makes a finding.

    Attributes:
        code: stable identifier of its finding.
        enabled: whether it is asked at all.
        about: what it says, a sentence for the documentation.
        name: of a department's own rule: what its finding is called; empty: words of the package.
        structure: what the finding is about, a class name.
        slice: measurement that names the slice to look at; empty: what decided says, or the
            middle of the structure.
        evidence: further measurements shown with the finding.
        values: parameter of the title → measurement it takes its value from, or ``limit``.
        limits: what makes a finding, least severe first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Annotated[str, Field(pattern=CODE)]
    enabled: bool = True
    about: str = ""
    name: Annotated[Line, Field(max_length=80)] = ""
    structure: Annotated[Line, Field(max_length=64)] | None = None
    slice: str = ""
    evidence: tuple[str, ...] = ()
    values: dict[str, str] = {}
    limits: Annotated[tuple[Limit, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _measurements_exist(self) -> Rule:
        named = [one.measurement for one in self.limits] + [one.unless for one in self.limits]
        named += [one for limit in self.limits for one in limit.only_with]
        named += [*self.evidence, *(one for one in self.values.values() if one != LIMIT)]
        for one in filter(None, [*named, self.slice]):
            measurement = one.partition(":")[0]
            if output_of(measurement) is None:
                near = get_close_matches(measurement, list(_outputs()), n=1)
                hint = f"; is {near[0]} meant?" if near else ""
                msg = f"nothing is measured under the name {measurement}{hint}"
                raise ValueError(msg)
        for limit in self.limits:
            if limit.among and unit_of(limit):
                msg = f"{limit.measurement} is a number: give below, at_most, above or at_least"
                raise ValueError(msg)
        return self


class RuleTable:
    """The rules that are asked.

    Attributes:
        rules: in order of urgency among rules of one severity.
        changed: what a department changed, as its file has it; empty: nothing.
    """

    def __init__(self, changed: Mapping[str, Any] | None = None) -> None:
        """The package's rules with a department's changes.

        Args:
            changed: code → fields, as read from a department's file.

        Raises:
            RulesError: an entry is not a rule.
        """
        self.changed: Mapping[str, Any] = dict(changed or {})
        entries = {code: dict(fields) for code, fields in packaged_table(FILE).items()}
        for code, fields in self.changed.items():
            if not isinstance(fields, dict):
                msg = f"{code} is no table of fields"
                raise RulesError(msg, remedy="begin each rule with its code, [my_rule]")
            if code in REMARKS or not re.fullmatch(CODE, code):
                msg = f"{code[:70]!r} cannot be the code of a rule"
                remedy = "up to 63 small letters, digits and _, and none of the study's own remarks"
                raise RulesError(msg, remedy=remedy)
            if code not in entries and not str(fields.get("name", "")).strip():
                msg = f"rule {code} has no name"
                raise RulesError(msg, remedy='say what its finding is called: name = "…"')
            entries[code] = {**entries.get(code, {}), **fields}
        self.rules = tuple(_rule(code, fields) for code, fields in entries.items())

    def __iter__(self) -> Iterator[Rule]:
        """The rules that are asked."""
        return (rule for rule in self.rules if rule.enabled)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """All limits, in the order of the table."""
        return tuple(limit for rule in self for limit in rule.limits)


@cache
def packaged_rules() -> RuleTable:
    """The rules as they come with the package."""
    return RuleTable()


def read_rules(file: Path | None, *, is_expected: bool = False) -> RuleTable:
    """The rules with what a department's file changes.

    Args:
        file: the file; where there is none, nothing is changed.
        is_expected: somebody named it: that it is not there is a mistake.

    Raises:
        RulesError: it cannot be read, or is not a table of rules.
    """
    if file is None:
        return packaged_rules()
    try:
        about = file.stat()
        if not stat.S_ISREG(about.st_mode):
            msg = f"{file.name} is no file"
            raise RulesError(msg, remedy="it is to be a text file in UTF-8")
        if about.st_size > _LARGEST_FILE:
            msg = f"{file.name} has more than 1 MB"
            raise RulesError(msg, remedy="a table of rules has some kilobytes: is it this file?")
        text = file.read_text(encoding="utf-8-sig")  # Windows' editors put a mark before it
    except FileNotFoundError:
        if not is_expected:
            return packaged_rules()
        msg = f"{file} is not there"
        raise RulesError(msg, remedy="HEIMDALLR_RULES_FILE names it") from None
    except (OSError, ValueError) as error:
        msg = f"{file.name} cannot be read ({type(error).__name__})"
        raise RulesError(msg, remedy="it is to be a text file in UTF-8") from None
    try:
        return RuleTable(parsed(text))
    except (ValueError, RecursionError) as error:  # of numbers without end, of brackets likewise
        msg = f"{file.name} is not TOML: {error}"
        raise RulesError(msg, remedy="mend that line; docs/rules.md shows the form") from None


def output_of(measurement: str) -> Output | None:
    """What an analysis declares under a name; a template's places take any word."""
    known = _outputs()
    if measurement in known:
        return known[measurement]
    return next((one for one in known.values() if _pattern(one).fullmatch(measurement)), None)


@cache
def _pattern(output: Output) -> re.Pattern[str]:
    return re.compile(".+".join(map(re.escape, PLACEHOLDER.split(output.name))))


def unit_of(limit: Limit) -> str:
    """The unit of what a limit is about; of a measurement's parameter: none."""
    output = output_of(limit.name)
    return output.unit if output is not None and limit.name == limit.measurement else ""


def _rule(code: str, fields: Mapping[str, Any]) -> Rule:
    try:
        return Rule(code=code, **fields)
    except (ValidationError, TypeError) as error:
        msg = f"rule {code}: {_what_is_wrong(error)}"
        raise RulesError(msg, remedy="docs/rules.md shows the form") from None


def _what_is_wrong(error: ValidationError | TypeError) -> str:
    if isinstance(error, TypeError):
        return "a field is named twice or is called code"
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part + 1) if isinstance(part, int) else part for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    return (f"{place}: {message}" if place else message)[:_LONGEST_COMPLAINT]


@cache
def _outputs() -> dict[str, Output]:
    return {one.name: one for analysis in ANALYSES.values() for one in analysis.OUTPUTS}
