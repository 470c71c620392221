"""What the tags of a CT series tell about its contrast phase.

Descriptions are written by people in their own languages and abbreviations; only words that can
mean nothing else are used. What they do not tell stays unknown: a series without a
ContrastBolusAgent (0018,0010) may still be enhanced, because many scanners never fill that tag.
"""

from __future__ import annotations

import re
from typing import Literal

from heimdallr.preparation.folded_words import phrase

Phase = Literal["native", "arterial", "venous", "delayed"]

NO_AGENT = frozenset({
    "", "none", "no", "nao", "n a", "na", "sem", "0", "nil", "ohne", "without",
    "nenhum", "nenhuma", "ninguno", "ninguna", "kein", "keine", "keines", "aucun", "nessuno",
})  # fmt: skip
"""Values of ContrastBolusAgent, as folded words, that say nothing was given; so do those of
:data:`VOCABULARY` that name a native phase."""

# Sought as whole words in order; the first hit decides. "late arterial" is arterial and "pre
# contrast" is native, so narrow phrases stand before wide ones.
VOCABULARY: tuple[tuple[Phase, tuple[str, ...]], ...] = (
    ("native", (
        "sem contraste", "s contraste", "sin contraste", "sans injection", "sans contraste",
        "sem iodo", "s iodo", "sin yodo", "sans iode", "senza iodio", "ohne jod", "without iodine",
        "sans iv", "senza contrasto", "senza mdc", "ohne km", "ohne kontrast", "nativ", "native",
        "nativo", "nativa", "non contrast", "noncontrast", "non con", "noncon", "no contrast",
        "without contrast", "without iv", "wo contrast", "w o contrast", "w o iv", "w o con",
        "unenhanced", "non enhanced", "nonenhanced", "not enhanced", "ncct", "nect", "tnc",
        "pre contrast", "pre contraste", "precontrast", "pre contrasto", "plain", "fase basal",
        "simples", "s c",
    )),
    ("arterial", (
        "arterial", "arterielle", "arteriell", "arteriel", "arteriosa", "arterie", "art",
        "arteriale",
    )),
    ("venous", (
        "portal", "porta", "portale", "portovenous", "porto venous", "portal venous", "venosa",
        "venoso", "venous", "venos", "venose", "veineux", "veineuse", "portalvenos",
        "portovenos", "pv", "nefrografica", "nephrographic",
    )),
    ("arterial", ("angio", "angiotc", "angioct", "cta", "angiography")),
    ("delayed", (
        "tardia", "tardio", "tardif", "tardive", "tardivo", "excretora", "excretoria",
        "excretory", "delayed", "delay", "late", "spat", "spatphase", "urografica", "equilibrio",
        "equilibrium", "urographic", "retardada",
    )),
)  # fmt: skip

ENHANCED = (
    "com contraste", "c contraste", "con contraste", "con contrasto", "avec injection", "mit km",
    "post contrast", "pos contraste", "postcontrast", "with contrast", "w contrast", "w iv",
    "com iodo", "c iodo", "con yodo", "con iodio", "avec iode", "mit jod", "with iodine",
    "enhanced", "omnipaque", "iopamiro", "ultravist", "visipaque", "iohexol",
)  # fmt: skip


_C_MINUS = re.compile(r"(?<![a-z0-9])c ?-(?![a-z0-9])")
_C_PLUS = re.compile(r"(?<![a-z0-9])c ?\+")

_WITH, _WITHOUT = "(?:with|w|com|c|con|avec|mit)", "(?:without|wo|w o|sem|s|sin|sans|senza|ohne)"
_AND = "(?: and| or| e| y| et| und| oder| ou| o)?"
_WITH_AND_WITHOUT = re.compile(
    f" (?:{_WITH}{_AND} {_WITHOUT}|(?!s c){_WITHOUT}{_AND} {_WITH}|s c(?= contrast)"
    rf"|nativ\w*{_AND} (?:km|kontrast\w*))(?= )"
)
"""What says both says nothing of one series: "W/WO CONTRAST", "com e sem contraste"."""

# "PRE 5.0" and "ABD PRE" are native; "PRE OP" is a time, "PRE TAVI" a reason.
_ENDS = r"(?= $| [a-z]{0,2}\d)"
_PRE, _POST = re.compile(f" pre{_ENDS}"), re.compile(f" (?:post|pos){_ENDS}")


def phase_from_words(description: str, protocol: str = "") -> Phase | None:
    """The phase that the words of a series name; ``None`` when they name none.

    Args:
        description: SeriesDescription; what it says outvotes the protocol.
        protocol: ProtocolName. It is often the whole study's, so one that names several phases
            says nothing of a series.
    """
    if named := _phases(description):
        return named[0]
    told = set(_phases(protocol))
    if len(told) != 1 or (told == {"native"} and says_enhanced(description)):
        return None
    return told.pop()


def says_native(*texts: str) -> bool:
    """Whether a text says that no contrast medium was given."""
    return any("native" in _phases(text) for text in texts)


def _phases(text: str) -> list[Phase]:
    """Every phase a text names, in the order of the vocabulary.

    A text that says of contrast medium that it was given and that it was not names no native phase.
    """
    line = _WITH_AND_WITHOUT.sub("", phrase(text))
    found = [
        phase for phase, vocabulary in VOCABULARY if any(f" {word} " in line for word in vocabulary)
    ]
    if "native" not in found and (_PRE.search(line) or _C_MINUS.search(text.lower())):
        found.append("native")
    return [phase for phase in found if phase != "native" or not says_enhanced(text)]


def agent_given(contrast_agent: str | None) -> bool:
    """Whether ContrastBolusAgent names something that was injected or drunk."""
    if contrast_agent is None or says_native(contrast_agent):
        return False
    return phrase(contrast_agent).strip() not in NO_AGENT


def says_enhanced(*texts: str) -> bool:
    """Whether a description says that contrast medium was given, without naming the phase."""
    return any(map(_says_enhanced, texts))


def _says_enhanced(text: str) -> bool:
    line = _WITH_AND_WITHOUT.sub("", phrase(text))
    for word in VOCABULARY[0][1]:  # "not enhanced" is not enhanced
        line = line.replace(f" {word} ", " ")
    named = any(f" {word} " in line for word in ENHANCED)
    return named or bool(_POST.search(line)) or bool(_C_PLUS.search(text.lower()))
