"""What can be sent, and which of it each kind of destination takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from heimdallr.publishing.dicom.kinds import DicomObject

if TYPE_CHECKING:
    from collections.abc import Collection

    from heimdallr.delivery.destinations import Peer

Kind = Literal[
    "seg", "seg_regular", "sr", "sr_planar", "sc", "sc_table", "pdf",
    "fhir", "hl7", "event", "results", "report",
]  # fmt: skip
"""DICOM objects as :class:`~heimdallr.publishing.dicom.kinds.DicomObject`, then: a FHIR bundle, an
ORU message, the news that a case is complete or has failed, ``resultados.json``, the report as a
PDF file."""

KINDS: tuple[Kind, ...] = get_args(Kind)
DICOM_KINDS: tuple[Kind, ...] = tuple(
    kind for kind in KINDS if kind in {one.value for one in DicomObject}
)
_FILES: tuple[Kind, ...] = (*DICOM_KINDS, "fhir", "hl7", "event", "results", "report")

TAKEN: dict[str, tuple[Kind, ...]] = {
    "dicom": DICOM_KINDS,
    "dicomweb": DICOM_KINDS,
    "fhir": ("fhir",),
    "hl7": ("hl7",),
    "webhook": ("event", "results"),
    "folder": _FILES,
}
"""Kind of destination → what it can be sent."""

USUAL: dict[str, tuple[Kind, ...]] = {
    "dicom": ("seg", "sr", "pdf"),
    "dicomweb": ("seg", "sr", "pdf"),
    "fhir": ("fhir",),
    "hl7": ("hl7",),
    "webhook": ("event",),
    "folder": ("results", "report"),
}
"""Kind of destination → what it gets where nobody has chosen."""

FILED_BY_PATIENT: tuple[Kind, ...] = ("hl7",)
"""What receivers file by the patient's number alone: of a study that is another patient's now, that
one's record knows nothing that was said before. All else finds the study by its UID."""

OF_FAILURES: tuple[Kind, ...] = ("event",)
"""What can be made of a study that could not be measured."""


def not_taken(peer: Peer, kinds: Collection[str]) -> list[str]:
    """Those of some kinds that a destination cannot be sent."""
    return [kind for kind in kinds if kind not in TAKEN[peer.kind]]
