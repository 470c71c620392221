"""What Heimdallr says to people: a code with its parameters; words are made where it is shown.

A reason for a missing value, the title of a finding, a notice: each is a :class:`Statement`. Its
words stand in ``domain/words/en.ftl`` and ``pt.ftl`` (https://projectfluent.org), which the
dashboard reads too; anatomical names and other terms in the JSON tables beside them. To say
something new, write ``Statement("my_code", {"volume_cm3": 1.2})`` and a message ``my_code`` in both
files; a test names whatever is missing.

What a parameter is, its name says: see :data:`_TERMS`. Everything else is a number, which the
message formats, or a text that is the same in every language (a level, a task, a kernel).
"""

from __future__ import annotations

import decimal
import json
import re
from collections.abc import Mapping  # noqa: TC003 - pydantic reads it when the program runs
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from fluent.runtime import FluentBundle

Language = Literal["en", "pt"]
LANGUAGES: tuple[Language, ...] = ("en", "pt")

_TERMS = {
    "structure": "structures",
    "region": "regions",
    "analysis": "analyses",
    "attribute": "attributes",
    "edge": "edges",
    "phase": "values",
    "landmark": "values",
    "rejection": "rejections",
}
"""Parameter → table of terms its value is looked up in; in the plural it is a list of them."""

_LOCALES = {"en": "en-GB", "pt": "pt-BR"}
_MESSAGE = re.compile(r"^(?P<code>[a-z]\w*) *=.*\n(?:(?:[ }].*)?\n)*", re.MULTILINE)
"""A message begins at the left; what goes on is indented, or a brace that ends it."""
_PARAMETER = re.compile(r"\$(\w+)")
_SIDE = re.compile(r"_(left|right)(?=_|$)")
_LEVEL = re.compile(r"_([CTLS]?\d+)$")
_SIDES = {"left": {"m": "esquerdo", "f": "esquerda"}, "right": {"m": "direito", "f": "direita"}}
_AND = {"en": " and ", "pt": " e "}


@dataclass(frozen=True, slots=True)
class Statement:
    """Something said to a person, in no language yet.

    Attributes:
        code: stable; the name of its message in the tables of words.
        parameters: what the words need: numbers, names, lists of names, other statements. No
            patient data.
    """

    code: str
    parameters: Mapping[str, Value] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """In English, as files and logs have it."""
        return self.in_language("en")

    def in_language(self, language: Language) -> str:
        """In words. A code without a message is shown as it is: better than nothing at all."""
        bundle, code = _bundle(language), self.code
        if not bundle.has_message(code):
            if code not in (messages := _messages(language)):
                return code.replace("_", " ")
            _add(bundle, messages[code])
        pattern = bundle.get_message(code).value
        if pattern is None:
            return code.replace("_", " ")
        spoken = {
            name: value if isinstance(value, int | float) else _spoken(name, value, language)
            for name, value in self.parameters.items()
        }
        with decimal.localcontext() as context:
            # As browsers round; the dashboard says the same number beside it.
            context.rounding = decimal.ROUND_HALF_UP
            text, _errors = bundle.format_pattern(pattern, spoken)
        return str(text)


Value = str | int | float | tuple[str, ...] | tuple[Statement, ...] | Statement


def parameters_of(code: str) -> frozenset[str]:
    """What the words of a message name, by what stands in them."""
    return frozenset(_PARAMETER.findall(_messages("en").get(code, "")))


def structure_name(structure: str, language: Language) -> str:
    """``kidney_left`` → "left kidney", "rim esquerdo"; a class without a name, readable."""
    names = _table("structures")
    side = _SIDE.search(structure)
    unsided = _SIDE.sub("", structure)
    level = None if unsided in names else _LEVEL.search(unsided)
    base = unsided if level is None else _LEVEL.sub("", unsided)
    if base == "vertebrae" and level:
        return f"{'vertebra' if language == 'en' else 'vértebra'} {level[1]}"
    if base not in names:
        return structure.replace("_", " ")
    english, portuguese, gender = names[base]
    if language == "en":
        name = f"{side[1]} {english}" if side else english
        return f"{name} {level[1]}" if level else name
    name = f"{portuguese} {_SIDES[side[1]][gender]}" if side else portuguese
    return f"{level[1]}ª {name}" if level else name


def is_structure(text: str) -> bool:
    """Whether a text is the name of a class that has a name here."""
    names = _table("structures")
    unsided = _SIDE.sub("", text)
    return unsided in names or _LEVEL.sub("", unsided) in names


def term(table: str, key: str, language: Language) -> str | None:
    """What ``words.json`` calls a thing in one of its tables; ``None`` for one it does not know."""
    terms: dict[str, list[str]] = _table("words")[table]
    return terms[key][LANGUAGES.index(language)] if key in terms else None


def _spoken(name: str, value: Value, language: Language) -> str:
    if isinstance(value, Statement):
        return value.in_language(language)
    if isinstance(value, tuple):
        spoken = [_spoken(name.removesuffix("s"), one, language) for one in value]
        return _AND[language].join([one for one in (", ".join(spoken[:-1]), *spoken[-1:]) if one])
    text = str(value)
    if name == "structure":
        return structure_name(text, language)
    return (term(_TERMS[name], text, language) if name in _TERMS else None) or text


@cache
def _bundle(language: Language) -> FluentBundle:
    """The messages that have been said so far: to parse a whole table takes half a second."""
    from fluent.runtime import FluentBundle  # noqa: PLC0415 - most commands say nothing

    return FluentBundle([_LOCALES[language]], use_isolating=False)


def _add(bundle: FluentBundle, message: str) -> None:
    from fluent.runtime import FluentResource  # noqa: PLC0415 - likewise

    bundle.add_resource(FluentResource(message))


@cache
def _messages(language: Language) -> dict[str, str]:
    """Code → its message in Fluent's syntax; none refers to another one."""
    found = _MESSAGE.finditer(_read(f"{language}.ftl"))
    return {one["code"]: one[0] for one in found}


@cache
def _table(name: str) -> dict[str, Any]:
    table: dict[str, Any] = json.loads(_read(f"{name}.json"))
    return table


def _read(name: str) -> str:
    return (resources.files("heimdallr.domain") / "words" / name).read_text("utf-8")
