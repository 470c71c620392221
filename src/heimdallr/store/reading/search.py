"""How a worklist is searched: accents and case do not matter, and every word must be found."""

from __future__ import annotations

from heimdallr.preparation.case_id import alphabetic_name
from heimdallr.preparation.folded_words import fold


def search_text(patient_name: str, patient_id: str, accession_number: str) -> str:
    """What a study is found by, in this order, so that it also sorts by name.

    ``SILVA^MARÍA JOSÉ``, ``P-77``, ``A123`` → ``silva maria jose p-77 a123``. The alphabetic
    group of a name comes first; ideographic and phonetic groups follow.
    """
    name = (
        f"{alphabetic_name(patient_name)} {patient_name}" if "=" in patient_name else patient_name
    )
    words = fold(f"{name} {patient_id} {accession_number}")
    return " ".join(words.replace("^", " ").replace("=", " ").split())


def search_words(query: str) -> tuple[str, ...]:
    """The words of what somebody typed, folded as :func:`search_text` is."""
    return tuple(fold(query).replace("^", " ").replace("=", " ").split())
