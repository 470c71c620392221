"""DICOM objects of a case folder: one registry, one call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from heimdallr.domain.errors import PublishingError
from heimdallr.publishing.dicom.case_content import CaseFolderContent, read_case
from heimdallr.publishing.dicom.kinds import DicomObject, EarlierValue, ObjectOptions
from heimdallr.publishing.dicom.report_objects import (
    write_captures,
    write_pdf_object,
    write_planar_report,
    write_structured_report,
    write_table,
)
from heimdallr.publishing.dicom.segmentation import (
    write_regular_segmentations,
    write_segmentations,
)
from heimdallr.publishing.dicom.written import WrittenObject

if TYPE_CHECKING:
    from heimdallr.domain.source_images import SourceImages

Maker = Callable[
    [CaseFolderContent, Path, ObjectOptions, Sequence[EarlierValue]], Iterable[WrittenObject]
]
"""Writes the objects of one kind into a folder; none where the case has nothing for them."""

MAKERS: dict[DicomObject, Maker] = {
    DicomObject.SEG: write_segmentations,
    DicomObject.SEG_REGULAR: write_regular_segmentations,
    DicomObject.SR: write_structured_report,
    DicomObject.SR_PLANAR: write_planar_report,
    DicomObject.CAPTURES: write_captures,
    DicomObject.TABLE: write_table,
    DicomObject.PDF: write_pdf_object,
}
"""Kind → what makes it."""


def write_objects(
    case_folder: Path,
    kinds: Iterable[DicomObject],
    target_folder: Path,
    options: ObjectOptions | None = None,
    *,
    source: SourceImages | None = None,
    earlier: Sequence[EarlierValue] = (),
) -> list[WrittenObject]:
    """Write objects of a case; each file appears whole.

    Made again of an unchanged case they are the same files, byte for byte.

    Args:
        case_folder: the case; nothing is written into it.
        kinds: which objects, in which order.
        target_folder: where they go; made if need be.
        options: how; the defaults where ``None``.
        source: the images the case was made of, for a folder without ``source.json``.
        earlier: the patient's earlier values, for reports.

    Raises:
        ObjectError: an object cannot be made of this case.
        PublishingError: the case was published anew meanwhile; do it again.
        OSError: a file cannot be written.
    """
    content = read_case(case_folder, source)
    return write_objects_of(content, kinds, target_folder, options, earlier=earlier)


def write_objects_of(
    content: CaseFolderContent,
    kinds: Iterable[DicomObject],
    target_folder: Path,
    options: ObjectOptions | None = None,
    *,
    earlier: Sequence[EarlierValue] = (),
) -> list[WrittenObject]:
    """The same, of a case that was read already."""
    target_folder.mkdir(parents=True, exist_ok=True)
    chosen = options or ObjectOptions()
    made = [
        written
        for kind in kinds
        for written in MAKERS[kind](content, target_folder, chosen, earlier)
    ]
    if not content.is_current():
        # Numbers of one revision and masks of another may be mixed in them.
        for one in made:
            one.path.unlink(missing_ok=True)
        msg = "the case was published anew while objects were made of it"
        raise PublishingError(msg, remedy="make them again")
    return made
