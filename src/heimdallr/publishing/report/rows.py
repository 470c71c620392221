"""A measurement as one line of a table: value, limit and earlier value, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from heimdallr.analyses.rules.findings import SITE
from heimdallr.domain.statements import term
from heimdallr.domain.terms import (
    date_text,
    measurement_name,
    quantity_text,
    range_text,
    report_word,
)
from heimdallr.publishing.schema import said

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heimdallr.analyses.rules.norms import Standing
    from heimdallr.analyses.rules.references import Reference
    from heimdallr.domain.statements import Language
    from heimdallr.publishing.dicom.kinds import EarlierValue
    from heimdallr.publishing.judgements import Judgement
    from heimdallr.publishing.schema import (
        CodedStatement,
        FindingRecord,
        MeasurementRecord,
        Results,
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One line; texts in the reader's language.

    Attributes:
        key: the measurement.
        name: what it is called.
        value: with its unit; empty when there is none.
        reason: status and why there is no value; empty when there is one.
        flag: ``↓ low``, ``↑ high``; empty within the limit, or without one.
        limit: the published limit; empty without one.
        source: who published it, and when.
        standing: where the value stands among people like the patient; empty without a norm.
        earlier: the same measurement of an earlier study, with its date.
    """

    key: str
    name: str
    value: str
    reason: str
    flag: str = ""
    limit: str = ""
    source: str = ""
    standing: str = ""
    earlier: str = ""


def row(
    one: MeasurementRecord,
    judgement: Judgement | None,
    standings: Iterable[Standing],
    earlier: EarlierValue | None,
    language: Language,
) -> Row:
    """A measurement's line."""
    name = measurement_name(one.name, language)
    before = earlier_text(earlier, language) if earlier else ""
    if one.value is None:
        return Row(one.name, name, "", reason_text(one, language), earlier=before)
    value = corrected_value(one, language)
    standing = next((s.said.in_language(language) for s in standings if s.group is not None), "")
    if judgement is None:
        return Row(one.name, name, value, "", standing=standing, earlier=before)
    limit = judgement.limits[0]
    return Row(
        one.name,
        name,
        value,
        "",
        flag=flag_text(judgement.flag, language),
        limit=range_text(limit.low, limit.high, limit.unit, language),
        source=limit.source.partition(",")[0],
        standing=standing,
        earlier=before,
    )


def corrected_value(one: MeasurementRecord, language: Language) -> str:
    """A value with its unit, and that a person corrected it: ``131.2 cm² (corrected by …)``."""
    assert one.value is not None  # noqa: S101 - where there is none there is a reason
    value = quantity_text(one.value, one.unit, language)
    return " ".join([value, *(f"({note})" for note in correction_notes(one, language))])


def correction_notes(one: MeasurementRecord, language: Language) -> tuple[str, ...]:
    """What is to be said of a value that is not the networks' own; a reason speaks for itself."""
    told = one.corrected and one.value is not None
    return (report_word("corrected", language),) if told else ()


def limit_note(limit: Reference, language: Language) -> str:
    """``limit ≤ 10 mm: Assimos 2016, J Urol 196:1161``: of one that is no normal range."""
    bound = range_text(limit.low, limit.high, limit.unit, language)
    told = f"{report_word('limit', language)} {bound}"
    return f"{told}: {limit.source}" if limit.source else told


def reason_text(one: MeasurementRecord, language: Language) -> str:
    """``not assessable: the patient's height is not known``."""
    status = report_word(f"status_{one.status}", language)
    return f"{status}: {spoken(one.reason_coded, one.reason, language)}"


def earlier_text(earlier: EarlierValue, language: Language) -> str:
    """``1,480 cm³, 3 Aug 2025``; of attenuation with its contrast phase."""
    value = quantity_text(earlier.value, earlier.unit, language)
    told = (value, date_text(earlier.study_date, language), phase_text(earlier, language))
    return ", ".join(filter(None, told))


def phase_text(earlier: EarlierValue, language: Language) -> str:
    """At which contrast phase it was measured; empty where that is not known, or means nothing."""
    phase = earlier.contrast_phase
    return (term("values", phase, language) or phase) if phase else ""


def flag_text(flag: str, language: Language) -> str:
    """An arrow and a word; empty for what is within its limit."""
    arrows = {"low": "↓", "high": "↑"}
    return f"{arrows[flag]} {report_word(f'flag_{flag}', language)}" if flag in arrows else ""


def latest(earlier: Iterable[EarlierValue]) -> dict[str, EarlierValue]:
    """Measurement → the most recent of its earlier values."""
    return {one.name: one for one in sorted(earlier, key=lambda value: value.study_date)}


def spoken(coded: CodedStatement | None, text: str, language: Language) -> str:
    """A published statement in words; its text where the results are older than codes."""
    return text if coded is None else said(coded).in_language(language)


def finding_term(one: FindingRecord, language: Language) -> str:
    """What the code of a finding is called, the same in every case: without the value in it."""
    coded = one.title_coded
    named = coded.parameters.get("name") if coded is not None and coded.code == SITE else None
    by_rule = named if isinstance(named, str) else spoken(coded, one.title, language)
    return term("findings", one.code, language) or by_rule


def notices_text(results: Results, language: Language) -> tuple[str, ...]:
    """What every reader has to be told."""
    if len(results.notices_coded) != len(results.notices):
        return tuple(results.notices)
    return tuple(said(one).in_language(language) for one in results.notices_coded)
