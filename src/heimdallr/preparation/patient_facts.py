"""The person a header tells of: name, number, birth date, sex, age and size, or nothing.

What cannot be true is left out, never corrected.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

from heimdallr.domain.body_size import PLAUSIBLE_HEIGHT_M, PLAUSIBLE_WEIGHT_KG
from heimdallr.domain.dicom_dates import calendar_date
from heimdallr.domain.study import Patient
from heimdallr.preparation.case_id import alphabetic_name
from heimdallr.preparation.instances import number_in

if TYPE_CHECKING:
    from collections.abc import Callable

DAYS_PER_YEAR = 365.25
OLDEST_YEARS = 120.0
"""Beyond this a birth date is no birth date: 1900-01-01 stands for "unknown" in many archives."""


def patient_of(told: Callable[[str], str], study_date: str | None) -> Patient:
    """The person that header texts tell of; what cannot be true is left out.

    The age follows from birth date and study date; PatientAge is asked where these do not tell.
    Scanners write ``000Y`` for an infant as well as for whom they know nothing of.
    """
    birth_date = dicom_date(told("PatientBirthDate"))
    sexes: dict[str, Literal["M", "F", "O"]] = {"M": "M", "F": "F", "O": "O"}
    age = _age_between(birth_date, study_date)
    if age is None:
        age = _age_of_text(told("PatientAge"))
    return Patient(
        name=alphabetic_name(told("PatientName")),
        patient_id=told("PatientID"),
        birth_date=birth_date,
        sex=sexes.get(told("PatientSex").upper()),
        age_years=age,
        height_m=_plausible(number_in(told("PatientSize")), PLAUSIBLE_HEIGHT_M),
        weight_kg=_plausible(number_in(told("PatientWeight")), PLAUSIBLE_WEIGHT_KG),
    )


def dicom_date(text: str) -> str | None:
    """``YYYYMMDD`` of a DA value, the old ``YYYY.MM.DD`` included; ``None`` when it is no day."""
    digits = re.sub(r"[.\-]", "", text)
    return digits if calendar_date(digits) else None


def _age_of_text(text: str) -> float | None:
    """Years of an AS value (PS3.5 6.2): ``045Y``, ``018M``, ``003W``, ``000D``; not ``000Y``."""
    match = re.fullmatch(r"([0-9]{1,3})([YMWD])", text.upper())
    if match is None or (match[2] == "Y" and not int(match[1])):
        return None
    years = {"Y": 1.0, "M": 1 / 12, "W": 7 / DAYS_PER_YEAR, "D": 1 / DAYS_PER_YEAR}
    age = int(match[1]) * years[match[2]]
    return age if age <= OLDEST_YEARS else None


def _age_between(birth_date: str | None, study_date: str | None) -> float | None:
    """Years from one day to the other, whole ones on birthdays; ``None`` when that cannot be."""
    born, seen = calendar_date(birth_date), calendar_date(study_date)
    if born is None or seen is None or seen < born:
        return None
    had_birthday = (seen.month, seen.day) >= (born.month, born.day)
    years = seen.year - born.year - (0 if had_birthday else 1)
    last = date(born.year + years, born.month, 1) + timedelta(days=born.day - 1)
    # Rounding must not make anybody a year older: limits of adults begin at 18.
    age = years + min(round((seen - last).days / DAYS_PER_YEAR, 2), 0.99)
    return age if age <= OLDEST_YEARS else None


def _plausible(value: float | None, bounds: tuple[float, float]) -> float | None:
    """The value, if it can be true; zero stands for "not entered" in these tags."""
    return value if value is not None and bounds[0] < value <= bounds[1] else None
