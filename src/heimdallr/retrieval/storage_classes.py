"""Which storage SOP classes a C-GET offers to take, 127 to an association.

C-GET sends an instance only in a context its requestor offered (PS3.4 section C.4.3), and an
association has room for 128 (PS3.8 section 9.3.2.2: odd identifiers of one byte). There are some
180 storage SOP classes, so the likeliest are offered first, and the others in a further association
when the archive could not send everything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pynetdicom.presentation import AllStoragePresentationContexts

from heimdallr.intake.scp.commands import is_uid
from heimdallr.intake.scp.contexts import is_storage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MOST_OFFERED = 127
"""One of the 128 is C-GET's own."""

_ROOT = "1.2.840.10008.5.1.4.1.1."
_LIKELY = tuple(
    _ROOT + arc
    for arc in (
        "2", "2.1", "2.2", "4", "4.1", "4.4", "7", "7.1", "7.2", "7.3", "7.4", "128", "130",
        "128.1", "66.4", "66.7", "88.11", "88.22", "88.33", "88.34", "88.67", "104.1", "11.1",
    )
)  # fmt: skip
"""CT, MR and PET, plain, enhanced and converted; captures; segmentations, reports, dose, PDF."""

ALL = tuple(
    dict.fromkeys((*_LIKELY, *(str(one.abstract_syntax) for one in AllStoragePresentationContexts)))
)
"""Every storage SOP class that is known here, the likeliest first."""


def offers(told: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """What to offer in one association after the other, until nothing is left out.

    Args:
        told: what the archive says the study has (SOPClassesInStudy); empty where it says nothing.
    """
    classes = tuple(dict.fromkeys(one for one in told if is_uid(one) and is_storage(one)))
    wanted = classes or ALL
    for start in range(0, len(wanted), MOST_OFFERED):
        yield wanted[start : start + MOST_OFFERED]
