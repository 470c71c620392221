"""Every measurement of a case in lines: those of many structures alike side by side, reasons once.

The key measurements come first, as on the report's page; then the others, analysis by analysis.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from heimdallr.domain.statements import is_structure, structure_name
from heimdallr.domain.terms import (
    analysis_name,
    capitalised,
    measurement_name,
    number_text,
    quantity_text,
    report_word,
)
from heimdallr.publishing.report.rows import corrected_value, earlier_text, reason_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from heimdallr.domain.statements import Language
    from heimdallr.publishing.dicom.kinds import EarlierValue
    from heimdallr.publishing.schema import MeasurementRecord

_ALIKE = re.compile(r"(?P<structure>\w+?)_(?P<column>vol_cm3|hu_mean|hu_std|hu_median)")
"""What most structures have: volume, and mean, standard deviation and median of attenuation."""


@dataclass(frozen=True, slots=True)
class Line:
    """A name and what is said of it: a value with its spread, or why there is none."""

    name: str
    told: str
    is_value: bool


@dataclass(frozen=True, slots=True)
class Section:
    """The lines of an analysis under its title."""

    title: str
    lines: tuple[Line, ...]


def other_sections(
    measurements: Iterable[MeasurementRecord],
    told_already: set[str],
    earlier: Mapping[str, EarlierValue],
    language: Language,
) -> tuple[Section, ...]:
    """Every measurement that is not told already; a reason that many share is told once."""
    by_analysis: dict[str, list[MeasurementRecord]] = {}
    for one in measurements:
        if one.name not in told_already:
            by_analysis.setdefault(one.analysis, []).append(one)
    return tuple(
        Section(analysis_name(analysis, language), _lines(members, earlier, language))
        for analysis, members in by_analysis.items()
    )


def _lines(
    members: Sequence[MeasurementRecord],
    earlier: Mapping[str, EarlierValue],
    language: Language,
) -> tuple[Line, ...]:
    reasons = {(one.status, one.reason) for one in members}
    if len(reasons) == 1 and members[0].value is None:
        count = f"{report_word('measurements', language)}: {len(members)}"
        return (Line(count, reason_text(members[0], language), is_value=False),)
    alike: dict[str, dict[str, MeasurementRecord]] = {}
    lines: list[Line] = []
    for one in members:
        found = _ALIKE.fullmatch(one.name)
        if found and is_structure(found["structure"]):
            alike.setdefault(found["structure"], {})[found["column"]] = one
        else:
            lines.append(_line(one, earlier.get(one.name), language))
    lines += [_alike(name, columns, earlier, language) for name, columns in alike.items()]
    return tuple(lines)


def _line(one: MeasurementRecord, before: EarlierValue | None, language: Language) -> Line:
    name = measurement_name(one.name, language)
    if one.value is None:
        return Line(name, reason_text(one, language), is_value=False)
    told = corrected_value(one, language)
    if before is not None:
        told += f" ({report_word('earlier', language).lower()}: {earlier_text(before, language)})"
    return Line(name, told, is_value=True)


def _alike(
    structure: str,
    columns: Mapping[str, MeasurementRecord],
    earlier: Mapping[str, EarlierValue],
    language: Language,
) -> Line:
    """Volume, mean ± standard deviation and median of one structure; each reason once."""
    name = capitalised(structure_name(structure, language))
    told: list[str] = []
    for column, one in columns.items():
        if one.value is None:
            told.append(reason_text(one, language))
        elif column == "hu_std" and isinstance(one.value, int | float):
            told.append(f"± {number_text(one.value, 1, language)}")
        elif column == "hu_median":
            median = report_word("median", language)
            told.append(f"{median} {quantity_text(one.value, one.unit, language)}")
        else:
            told.append(_line(one, earlier.get(one.name), language).told)
    values = " · ".join(dict.fromkeys(told)).replace(" · ±", " ±")
    return Line(name, values, any(one.value is not None for one in columns.values()))
