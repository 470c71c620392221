"""The case ID: ``FirstNameInitials_YYYYMMDD_AccessionNumber``, safe as a folder name."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

UNKNOWN_NAME = "Unknown"
UNKNOWN_DATE = "00000000"
MIN_INITIAL_LETTERS = 4
"""Later words shorter than this are particles ("da", "von") and give no initial."""

_NAME_LENGTH = 40
_ACCESSION_LENGTH = 32


def case_id(
    patient_name: str,
    study_date: str | None,
    accession_number: str,
    study_key: str,
    *,
    taken: Callable[[str], bool] = lambda _: False,
) -> str:
    """Name a case after its patient's surname and initials, its date and its accession number.

    ``SILVA^MARIA JOSE``, 20260201, ``123-45 6`` → ``SilvaMJ_20260201_123456``.

    Args:
        patient_name: PatientName (0010,0010), with or without its component groups.
        study_date: StudyDate, ``YYYYMMDD``.
        accession_number: AccessionNumber (0008,0050).
        study_key: StudyInstanceUID, or what stands for it; its hash replaces a missing accession.
        taken: says whether *another* study owns an ID already; a suffix is then added.
    """
    date = study_date if study_date and re.fullmatch(r"\d{8}", study_date) else UNKNOWN_DATE
    accession = _safe(accession_number)[:_ACCESSION_LENGTH] or short_hash(study_key)
    name = f"{_initials(patient_name)}_{date}_{accession}"
    if not taken(name):
        return name
    return next(new for number in count(2) if not taken(new := f"{name}_{number}"))


def alphabetic_name(patient_name: str) -> str:
    """The alphabetic component group of a person name, else the first that is not empty.

    Groups are alphabetic ``=`` ideographic ``=`` phonetic (PS3.5 6.2).
    """
    groups = [group.strip(" ^") for group in patient_name.split("=")]
    return next((group for group in groups if group), "")


def short_hash(key: str) -> str:
    """Eight hexadecimal digits that stand for a study without saying anything about it."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:8]


def _initials(patient_name: str) -> str:
    tokens = [_safe(token) for token in re.split(r"[\^\s]+", alphabetic_name(patient_name))]
    first, *later = [token for token in tokens if token] or [UNKNOWN_NAME]
    initials = "".join(token[0].upper() for token in later if len(token) >= MIN_INITIAL_LETTERS)
    return (first[0].upper() + first[1:].lower() + initials)[:_NAME_LENGTH]


def _safe(text: str) -> str:
    """ASCII letters and digits only; accents are folded, everything else is dropped."""
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^A-Za-z0-9]", "", folded)
