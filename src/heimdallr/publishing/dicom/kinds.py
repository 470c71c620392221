"""Which DICOM objects can be made of a case, and what may be chosen of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Literal

from heimdallr.domain.statements import Language  # noqa: TC001 - pydantic reads it at run time
from heimdallr.domain.verification import (
    Verification,  # noqa: TC001 - pydantic reads it at run time
)

if TYPE_CHECKING:
    from collections.abc import Mapping


class DicomObject(str, Enum):
    """An object that can be made of a case folder."""

    SEG = "seg"
    """Segmentations on the planes of the source images, one object per group of structures."""
    SEG_REGULAR = "seg_regular"
    """The same on a regular grid; only of a source whose planes make none."""
    SR = "sr"
    """Every measurement, and why those that are missing were not made (TID 1500)."""
    SR_PLANAR = "sr_planar"
    """Outlines a viewer can draw: the slices of L3, a bleed (TID 1410 groups)."""
    CAPTURES = "sc"
    """The pictures of the case as secondary captures."""
    TABLE = "sc_table"
    """The values as a picture, for an archive that shows neither SEG nor SR."""
    PDF = "pdf"
    """The report of one page, encapsulated."""


SERIES_NUMBERS: Mapping[DicomObject, int] = {
    DicomObject.SEG: 9100,
    DicomObject.SEG_REGULAR: 9200,
    DicomObject.SR: 9300,
    DicomObject.SR_PLANAR: 9400,
    DicomObject.CAPTURES: 9500,
    DicomObject.TABLE: 9600,
    DicomObject.PDF: 9700,
}
"""SeriesNumber (0020,0011) of the first series of a kind: behind every series of a scanner."""


Reference = tuple[str, str, str]
"""SeriesInstanceUID, SOPClassUID, SOPInstanceUID."""

Structures = tuple[str, ...] | Literal["usual", "all"]
"""Class names; or those a reader checks numbers with; or every one that nothing is held against."""


@dataclass(frozen=True, slots=True)
class ObjectOptions:
    """How a destination wants its objects.

    Attributes:
        segmentation: ``binary``: BINARY, uncompressed; ``labelmap``: LABELMAP, RLE.
        captures: all pictures as the frames of one instance, or each an instance.
        language: of the words in SR, table and PDF.
        structures: which are segmented.
        replaces: the reports of earlier results that a structured report takes the place of.
        verification: who verified the results; reports say so. ``None``: nobody.
    """

    segmentation: Literal["binary", "labelmap"] = "binary"
    captures: Literal["multi_frame", "single_frame"] = "multi_frame"
    language: Language = "en"
    structures: Structures = "usual"
    replaces: tuple[Reference, ...] = ()
    verification: Verification | None = None


@dataclass(frozen=True, slots=True)
class EarlierValue:
    """What the same measurement of the same patient was at an earlier study.

    Attributes:
        name: of the measurement.
        value: in ``unit``.
        unit: as of a measurement.
        study_date: ``YYYYMMDD``.
        contrast_phase: at which a value in HU was measured; ``None``: not known, or no such value.
        side: to which the midline was shifted; ``None``: not known, or another measurement.
    """

    name: str
    value: float
    unit: str
    study_date: str
    contrast_phase: str | None = None
    side: str | None = None
