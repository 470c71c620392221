"""A DICOM person name (PN, PS3.5 section 6.2) as people write it."""

from __future__ import annotations

import re

_PARTICLES = {"da", "das", "de", "del", "di", "do", "dos", "du", "e", "y"}
_COMPONENTS = 5
_START = re.compile("(^|[-'\N{RIGHT SINGLE QUOTATION MARK}.])(\\w)")


def readable_name(person_name: str) -> str:
    """``SILVA^MARIA JOSÉ`` → ``SILVA, Maria José``; empty where there is no name.

    The ideographic group stands behind in brackets.
    """
    alphabetic, _, others = person_name.partition("=")
    ideographic = _tidy(others.partition("=")[0].replace("^", " "))
    components = [_tidy(part) for part in alphabetic.split("^")]
    family, given, middle, prefix, suffix = (components + [""] * _COMPONENTS)[:_COMPONENTS]
    given = _tidy(f"{given} {middle}")
    rest = _tidy(f"{prefix} {_gently(given)}")
    whole = ", ".join(
        filter(None, (_capitals(family) if given or prefix else family, rest, suffix))
    )
    if not ideographic or ideographic == whole:
        return whole
    return f"{whole} ({ideographic})" if whole else ideographic


def _tidy(text: str) -> str:
    return " ".join(text.split())


def _capitals(name: str) -> str:
    """In capitals, as lists of patients are; a name that would be spelt differently stays."""
    upper = name.upper()
    return upper if len(upper) == len(name) else name


def _gently(given: str) -> str:
    """A shouted name in mixed case; what was sent in mixed case is right already."""
    if given != given.upper():
        return given
    return " ".join(
        word if word in _PARTICLES else _START.sub(_raise, word)
        for word in given.lower().split(" ")
    )


def _raise(start: re.Match[str]) -> str:
    return start[1] + start[2].upper()
