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

NO_AGENT = frozenset({"", "none", "no", "nao", "n/a", "na", "sem", "0", "nil", "ohne", "without"})
"""Values of ContrastBolusAgent, folded, that say nothing was given."""

# Sought as whole words in order; the first hit decides. "late arterial" is arterial and "pre
# contrast" is native, so narrow phrases stand before wide ones.
VOCABULARY: tuple[tuple[Phase, tuple[str, ...]], ...] = (
    ("native", (
        "sem contraste", "s contraste", "sin contraste", "sans injection", "sans contraste",
        "sans iv", "senza contrasto", "senza mdc", "ohne km", "ohne kontrast", "nativ", "native",
        "nativo", "nativa", "non contrast", "noncontrast", "non con", "noncon", "no contrast",
        "without contrast", "without iv", "wo contrast", "w o contrast", "w o iv", "w o con",
        "unenhanced", "pre contrast", "pre contraste", "precontrast", "pre contrasto", "plain",
        "fase basal", "simples", "s c",
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
    "enhanced", "omnipaque", "iopamiro", "ultravist", "visipaque", "iohexol",
)  # fmt: skip


_C_MINUS = re.compile(r"(?<![a-z0-9])c ?-(?![a-z0-9])")
_C_PLUS = re.compile(r"(?<![a-z0-9])c ?\+")


def phase_from_words(*texts: str) -> Phase | None:
    """The phase that descriptions name; ``None`` when they name none."""
    line = phrase(*texts)
    for phase, vocabulary in VOCABULARY:
        if any(f" {word} " in line for word in vocabulary):
            return phase
    return "native" if any(_C_MINUS.search(text.lower()) for text in texts) else None


def agent_given(contrast_agent: str | None) -> bool:
    """Whether ContrastBolusAgent names something that was injected or drunk."""
    return contrast_agent is not None and contrast_agent.strip().lower() not in NO_AGENT


def says_enhanced(*texts: str) -> bool:
    """Whether a description says that contrast medium was given, without naming the phase."""
    line = phrase(*texts)
    return any(f" {word} " in line for word in ENHANCED) or any(
        _C_PLUS.search(text.lower()) for text in texts
    )
