"""The parts of HL7 fields: codes, names, numbers of orders, units, ranges; each escaped once."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import TYPE_CHECKING

from heimdallr.delivery.messages import concepts
from heimdallr.hl7v2.syntax import components, escaped

if TYPE_CHECKING:
    from datetime import datetime

    from heimdallr.analyses.rules.references import Reference
    from heimdallr.delivery.messages.concepts import Concept
    from heimdallr.delivery.messages.order import PersonName

_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
_SPELLINGS = str.maketrans(
    {
        "×": "x",
        "–": "-",
        "—": "-",
        "−": "-",
        "≥": ">=",
        "≤": "<=",
        "·": "-",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "“": '"',
        "”": '"',
        "…": "...",
        "±": "+/-",
        "\N{NO-BREAK SPACE}": " ",
        "\N{NARROW NO-BREAK SPACE}": " ",
    }
)
_COMBINING = "Mn"


def timestamp(moment: datetime) -> str:
    """A moment as TS (2.A.77), to the second, with its zone."""
    return moment.strftime("%Y%m%d%H%M%S%z")


def concept_field(name: str, text: str, concept: Concept | None) -> str:
    """A name of ours as CE, and the public concept as its alternate."""
    own = components(name, text, concepts.LOCAL)
    if concept is None:
        return own
    return f"{own}^{components(concept.code, concept.meaning, concept.scheme)}"


def unit_field(unit: str) -> str:
    """A unit as CE of UCUM; empty for a count or an index."""
    return components(concepts.ucum_code(unit), unit, concepts.UCUM) if unit else ""


def range_field(limit: Reference) -> str:
    """OBX-7 (7.4.2.7): ``low-high``, ``> low``, ``< high``."""
    low, high = (
        None if one is None else format(Decimal(repr(one)), "f") for one in (limit.low, limit.high)
    )
    if low and high:
        return f"{low}-{high}"
    return f"> {low}" if low else f"< {high}"


def issuer_field(issuer: str) -> str:
    """An assigning authority as HD within a component: an OID as ISO, else a name."""
    if not issuer:
        return ""
    if _OID.fullmatch(issuer):
        return f"&{issuer}&ISO"
    return escaped(issuer)


def order_number(number: str) -> str:
    """A number of an order as EI; who gave it is not told by the header."""
    return escaped(number)


def names_field(name: PersonName) -> str:
    """A patient's name as XPN, one repetition per group, with how it is written (XPN-8).

    A name that is not known says so: type ``U``.
    """
    groups = name.groups
    if not groups:
        return "^^^^^^U"
    return "~".join(
        components(family, given, middle, suffix, prefix, "", "L", group)
        for group, (family, given, middle, prefix, suffix) in groups.items()
    )


def name_field(name: PersonName, *, number: str) -> str:
    """A doctor's name as XCN, in its first group; empty where there is none."""
    for family, given, middle, prefix, suffix in name.groups.values():
        return components(number, family, given, middle, suffix, prefix)
    return ""


def spelled(text: str, codec: str) -> str:
    """A text, escaped already, in a smaller character set.

    Signs get their usual spelling, letters lose their accents; what has no
    spelling becomes ``?``, which a reader sees.
    """
    return "".join(_spelled(character, codec) for character in text)


def _spelled(character: str, codec: str) -> str:
    for candidate in (character, character.translate(_SPELLINGS), _plain(character)):
        try:
            candidate.encode(codec)
        except UnicodeEncodeError:
            continue
        return candidate if candidate == character else escaped(candidate)
    return "?"


def _plain(character: str) -> str:
    apart = unicodedata.normalize("NFKD", character)
    return "".join(one for one in apart if unicodedata.category(one) != _COMBINING) or "?"
