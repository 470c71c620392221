"""What a measurement is called, and its value and unit, in the reader's language.

The dashboard says the same out of the same tables (``frontend/src/terms``): a number read on the
page and in a report has the same name, the same decimals and the same unit.
"""

from __future__ import annotations

import json
import re
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from babel.dates import format_date, format_datetime

from heimdallr.domain.dicom_dates import calendar_date
from heimdallr.domain.statements import LANGUAGES, is_structure, structure_name, term

if TYPE_CHECKING:
    from datetime import datetime

    from heimdallr.domain.statements import Language

UNITS = {
    "cm3": "cm³",
    "cm2": "cm²",
    "cm2/m2": "cm²/m²",
    "mL/m2": "mL/m²",
    "m2": "m²",
    "mm2": "mm²",
    "mm3": "mm³",
}
_PLACE = re.compile(r"<(\w+)>")
_SAID_AS_IT_IS = {"level", "n", "task"}
_LOCALES = {"en": "en_GB", "pt": "pt_BR"}
_GROUPED_VOLUME_CM3 = 100
"""From here on a volume has no decimals: more would claim what is not known."""


def measurement_name(name: str, language: Language) -> str:
    """``kidney_left_vol_cm3`` → "Left kidney, volume"; a name without words, readable."""
    labels, patterns = _labels()
    if name in labels:
        return labels[name][LANGUAGES.index(language)]
    for expression, label in patterns:
        if found := expression.fullmatch(name):
            spoken = _PLACE.sub(
                lambda place, found=found: _place(place[1], found[place[1]], language),  # type: ignore[misc]
                label[LANGUAGES.index(language)],
            )
            return capitalised(spoken)
    return capitalised(re.sub(r"[_.]", " ", name))


def analysis_name(analysis: str, language: Language) -> str:
    """``sarcopenia_l3`` → "Muscle at L3"."""
    return term("analyses", analysis, language) or capitalised(analysis.replace("_", " "))


def value_text(value: float | str, unit: str, language: Language) -> str:
    """A number with as many decimals as it deserves, or a category in words; without the unit."""
    if isinstance(value, int | float):
        return number_text(value, decimals(value, unit), language)
    return ", ".join(_category(one, language) for one in value.split(","))


def quantity_text(value: float | str, unit: str, language: Language) -> str:
    """With its unit, unbroken: "1,523 cm³"."""
    text = value_text(value, unit, language)
    return f"{text}\N{NO-BREAK SPACE}{unit_text(unit)}" if unit else text


def unit_text(unit: str) -> str:
    """``cm2`` → "cm²"."""
    return UNITS.get(unit, unit)


def decimals(value: float, unit: str) -> int:
    """How many decimals a number of this unit deserves; more would claim what is not known."""
    if float(value).is_integer():
        return 0
    if unit == "" or abs(value) < 1:
        return 2
    return 0 if unit == "cm3" and abs(value) >= _GROUPED_VOLUME_CM3 else 1


def number_text(value: float, digits: int, language: Language) -> str:
    """``1523.45`` → "1,523.5", "1.523,5"; rounded as browsers round."""
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    text = f"{rounded:,f}"
    return text.translate(str.maketrans(",.", ".,")) if language == "pt" else text


def exact_number_text(value: float, language: Language) -> str:
    """A limit as it was published: rounded, it would be another one."""
    _, _, fraction = f"{value:.10f}".rstrip("0").partition(".")
    return number_text(value, len(fraction), language)


def range_text(low: float | None, high: float | None, unit: str, language: Language) -> str:
    """``92.2–144.3 cm²``, ``≥ 92.2 cm²``, ``≤ 314.5 cm³``."""
    limits = [exact_number_text(one, language) for one in (low, high) if one is not None]
    text = f"{'–'.join(limits)}\N{NO-BREAK SPACE}{unit_text(unit)}".strip()
    if len(limits) != 1:
        return text
    return f"{'≤' if low is None else '≥'}\N{NO-BREAK SPACE}{text}"


def date_text(day: str, language: Language) -> str:
    """``20260201`` → "1 Feb 2026"; what is no date stays as it was sent."""
    parsed = calendar_date(day)
    if parsed is None:
        return day
    return format_date(parsed, "medium", locale=_LOCALES[language])


def moment_text(instant: datetime, language: Language) -> str:
    """Day and minute in the instant's own time zone, which is told as its distance from UTC."""
    locale = _LOCALES[language]
    day = format_date(instant, "medium", locale=locale)
    return f"{day}, {format_datetime(instant, 'HH:mm ZZZZZ', locale=locale)}"


def report_word(key: str, language: Language) -> str:
    """A heading or label of what is printed; every key stands in ``words/report.json``."""
    return _report_words()[key][LANGUAGES.index(language)]


def capitalised(text: str) -> str:
    """With a capital first letter; the others stay."""
    return text[:1].upper() + text[1:]


def _category(value: str, language: Language) -> str:
    named = term("values", value, language) or term("regions", value, language)
    if named:
        return named
    return structure_name(value, language) if is_structure(value) else value


def _place(place: str, value: str, language: Language) -> str:
    if place in _SAID_AS_IT_IS:
        return value
    if place == "region":
        return term("regions", value, language) or value
    return structure_name(value, language)


@cache
def _labels() -> tuple[dict[str, list[str]], list[tuple[re.Pattern[str], list[str]]]]:
    """Names without places, and those with, the most particular first."""
    path = resources.files("heimdallr.domain") / "words" / "measurements.json"
    labels: dict[str, list[str]] = json.loads(path.read_text("utf-8"))
    with_places = [name for name in labels if _PLACE.search(name)]
    with_places.sort(key=lambda name: -len(_PLACE.sub("", name)))
    patterns = [
        (re.compile(_PLACE.sub(r"(?P<\1>\\w+?)", name)), labels[name]) for name in with_places
    ]
    return labels, patterns


@cache
def _report_words() -> dict[str, list[str]]:
    path = resources.files("heimdallr.domain") / "words" / "report.json"
    words: dict[str, list[str]] = json.loads(path.read_text("utf-8"))
    return words
