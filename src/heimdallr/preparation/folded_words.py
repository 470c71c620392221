"""Texts folded for comparison: without accents, in lower case, cut into words."""

from __future__ import annotations

import re
import unicodedata


def fold(text: str) -> str:
    """Text without accents, in lower case: ``PULMÃO`` and ``pulmao`` become one word."""
    return without_accents(text).lower()


def without_accents(text: str) -> str:
    """Text in plain letters; systems differ in whether an accent is a sign of its own."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))


def words(*texts: str) -> tuple[str, ...]:
    """The words of several texts in order; digits stay with their letters (``br38f``)."""
    return tuple(word for text in texts for word in re.split(r"[^a-z0-9]+", fold(text)) if word)


def phrase(*texts: str) -> str:
    """The words of several texts as one padded line, so that `` sem contraste `` can be sought."""
    return f" {' '.join(words(*texts))} "
