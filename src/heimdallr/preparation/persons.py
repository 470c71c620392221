"""Whom images name: whether two headers name the same person, and how many persons there are.

One study is one patient's (PS3.3 section A.1.2), and yet a StudyInstanceUID may carry images of
two: the wrong name was on the scanner's list, two studies were merged in the archive. Headers of
one person differ too: in case, in spaces, in carets, in a middle name, in what they leave out. So
three facts are compared, folded, and what is missing contradicts nothing. Two headers name the
same person when

* the PatientID agrees, and the name agrees or is missing in one; or the birth date agrees; or the
  name agrees in part and no other birth date is given;
* the PatientID is missing in one, and the name agrees or is missing in one and no other birth date
  is given; or the name agrees in part and the birth date agrees;
* the PatientID differs, but name and birth date are given in both and agree.

A name agrees in part when it shares a word, or is written in another script.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING

from heimdallr.preparation.case_id import short_hash
from heimdallr.preparation.patient_facts import dicom_date

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

MOST_PERSONS = 16
"""More persons than this are not told apart: nobody is helped by the rest."""
MOST_COMPARED = 8
"""So many ways in which a person is named are compared with a further one."""
MOST_HEADERS = 200
"""So many ways of naming anybody are looked at; a study has a handful."""

_APOSTROPHES = re.compile("['`\N{ACUTE ACCENT}\N{RIGHT SINGLE QUOTATION MARK}]")
_PLAIN = str.maketrans({"ø": "o", "æ": "a", "œ": "o", "ł": "l", "đ": "d"})
_TRANSCRIBED = (("ae", "a"), ("oe", "o"), ("ue", "u"), ("aa", "a"))
"""MUELLER is MÜLLER; that another name loses a letter in both headers does not matter."""


class _Likeness(Enum):
    SAME = "same"
    PART = "part"
    OTHER = "other"
    MISSING = "missing in one"


@dataclass(frozen=True)
class Named:
    """What one header says of whose image it is; empty where it does not say.

    Attributes:
        patient_id: PatientID (0010,0020).
        name: PatientName (0010,0010), with all its component groups.
        birth_date: PatientBirthDate (0010,0030), ``YYYYMMDD``.
    """

    patient_id: str = ""
    name: str = ""
    birth_date: str = ""

    @classmethod
    def of(cls, told: Callable[[str], str]) -> Named:
        """Whom header texts name."""
        birth_date = dicom_date(told("PatientBirthDate"))
        return cls(told("PatientID"), told("PatientName"), birth_date or "")

    @cached_property
    def folded_id(self) -> str:
        """Letters and digits before the first ``^`` (behind it HL7 names the issuer), no zeros."""
        plain = unicodedata.normalize("NFKC", self.patient_id.partition("^")[0]).casefold()
        return re.sub(r"[\W_]+", "", plain).lstrip("0")

    @cached_property
    def spellings(self) -> tuple[tuple[str, ...], ...]:
        """The words of each component group of the name, folded."""
        groups = (_words(group) for group in self.name.split("="))
        return tuple(dict.fromkeys(group for group in groups if group))

    @property
    def facts(self) -> int:
        """How many of the three are given."""
        return sum(map(bool, (self.folded_id, self.spellings, self.birth_date)))

    @property
    def digest(self) -> str:
        """Eight hexadecimal digits that stand for the person without naming anybody."""
        return short_hash(f"{self.folded_id}|{self.spellings}|{self.birth_date}")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody that a study's images name.

    Attributes:
        headers: the ways in which they do so, the most complete first.
        declared: a person said that all of these are one.
    """

    headers: tuple[Named, ...]
    declared: bool = False

    def fits(self, named: Named) -> bool:
        """Whether a header may be this person's."""
        telling = [one for one in self.headers if one.facts] or self.headers
        agree = (same_person(named, one) for one in telling[:MOST_COMPARED])
        return any(agree) if self.declared else all(agree)


def same_person(one: Named, other: Named) -> bool:
    """Whether two headers name the same person; see the table above."""
    name, birth = _likeness_of_names(one, other), _likeness(one.birth_date, other.birth_date)
    by_name = name in {_Likeness.SAME, _Likeness.MISSING}
    match _likeness(one.folded_id, other.folded_id):
        case _Likeness.SAME:
            in_part = name is _Likeness.PART and birth is not _Likeness.OTHER
            return by_name or in_part or birth is _Likeness.SAME
        case _Likeness.MISSING:
            in_part = name is _Likeness.PART and birth is _Likeness.SAME
            return (by_name and birth is not _Likeness.OTHER) or in_part
        case _:
            return name is birth is _Likeness.SAME


def persons(headers: Iterable[Named], declared: Iterable[Named] = ()) -> tuple[Person, ...]:
    """The persons that headers name.

    A header that fits several persons, because it says too little, is none of them.

    Args:
        headers: what the images say; repetitions and order play no part.
        declared: those that a person said are one.

    Returns:
        the persons, the most completely named first; at least one where there is any header.
    """
    told = sorted(set(headers), key=_most_complete_first)[:MOST_HEADERS]
    said = set(declared).intersection(told)
    found = [Person(tuple(one for one in told if one in said), declared=True)] if said else []
    for one in told:
        if one in said:
            continue
        fitting = [place for place, person in enumerate(found) if person.fits(one)]
        if len(fitting) == 1:
            known = found[fitting[0]]
            found[fitting[0]] = Person((*known.headers, one), declared=known.declared)
        elif not fitting and len(found) < MOST_PERSONS:
            found.append(Person((one,)))
    return tuple(found)


def person_of(named: Named, known: Sequence[Person]) -> Person | None:
    """The one person a header fits; ``None`` where it fits nobody, or several."""
    fitting = [person for person in known if person.fits(named)]
    return fitting[0] if len(fitting) == 1 else None


def _most_complete_first(named: Named) -> tuple[object, ...]:
    return (-named.facts, named.patient_id, named.name, named.birth_date)


def _likeness(one: str, other: str) -> _Likeness:
    if not one or not other:
        return _Likeness.MISSING
    return _Likeness.SAME if one == other else _Likeness.OTHER


def _likeness_of_names(one: Named, other: Named) -> _Likeness:
    """The best that any two spellings come to."""
    if not one.spellings or not other.spellings:
        return _Likeness.MISSING
    pairs = [(ours, theirs) for ours in one.spellings for theirs in other.spellings]
    if any(sorted(a) == sorted(b) or "".join(a) == "".join(b) for a, b in pairs):
        return _Likeness.SAME
    comparable = [(a, b) for a, b in pairs if _is_ascii(a) == _is_ascii(b)]
    if not comparable or any(set(a) & set(b) for a, b in comparable):
        return _Likeness.PART
    return _Likeness.OTHER


def _is_ascii(words: tuple[str, ...]) -> bool:
    return all(word.isascii() for word in words)


def _words(text: str) -> tuple[str, ...]:
    """``MÜLLER^Jörg``, ``Mueller Joerg`` → ``muller``, ``jorg``; apostrophes join, others cut."""
    decomposed = unicodedata.normalize("NFKD", _APOSTROPHES.sub("", text).casefold())
    plain = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    plain = plain.translate(_PLAIN)
    for written, letter in _TRANSCRIBED:
        plain = plain.replace(written, letter)
    return tuple(word for word in re.split(r"[\W_]+", plain) if word)
