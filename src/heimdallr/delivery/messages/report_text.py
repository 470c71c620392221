"""What both messages say in plain text: findings, what weakens them, what every reader is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.delivery.messages.reported_case import finding_name
from heimdallr.domain.statements import Statement, term
from heimdallr.domain.terms import measurement_name
from heimdallr.publishing.report.rows import notices_text, spoken

if TYPE_CHECKING:
    from heimdallr.delivery.messages.reported_case import ReportedCase
    from heimdallr.domain.statements import Language


def conclusion(case: ReportedCase, language: Language) -> tuple[str, ...]:
    """Lines: the findings, most urgent first, then the notices, then whose word it is.

    Where no rule found anything it says so, and that this excludes nothing.
    """
    found = [spoken(one.title_coded, one.title, language) for one in case.results.findings]
    nothing = Statement("no_rule_found_anything").in_language(language)
    warning = Statement("not_for_clinical_use").in_language(language)
    return (*(found or [nothing]), *notices_text(case.results, language), warning)


def reported_name(name: str, language: Language) -> str:
    """What a measurement or a finding is called that is no longer reported."""
    finding = name.removeprefix(finding_name(""))
    if finding == name:
        return measurement_name(name, language)
    return term("findings", finding, language) or finding.replace("_", " ")
