"""Reports and pictures of a case, written into a folder: what the registry of objects calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.files import whole_file
from heimdallr.publishing.dicom.captures import captures, table
from heimdallr.publishing.dicom.encapsulated_pdf import encapsulated_pdf
from heimdallr.publishing.dicom.kinds import DicomObject
from heimdallr.publishing.dicom.planar_report import planar_report
from heimdallr.publishing.dicom.segmentation import segmentation_objects
from heimdallr.publishing.dicom.structured_report import SegmentReference, structured_report
from heimdallr.publishing.dicom.written import WrittenObject

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from pydicom.dataset import Dataset

    from heimdallr.publishing.dicom.case_content import CaseFolderContent
    from heimdallr.publishing.dicom.kinds import EarlierValue, ObjectOptions
    from heimdallr.publishing.dicom.sr_document import SrDocument


def write_structured_report(
    content: CaseFolderContent,
    target: Path,
    options: ObjectOptions,
    earlier: Sequence[EarlierValue] = (),
) -> Iterator[WrittenObject]:
    """Every measurement; it refers to the segments of the BINARY segmentation of the same options.

    Raises:
        ObjectError: a structure that is wanted was not segmented.
    """
    segments = _segments(content, options)
    report = structured_report(
        content, segments, options.language, earlier, options.replaces, options.verification
    )
    yield _report(DicomObject.SR, report, target)


def write_planar_report(
    content: CaseFolderContent,
    target: Path,
    options: ObjectOptions,
    _earlier: Sequence[EarlierValue] = (),
) -> Iterator[WrittenObject]:
    """Outlines; nothing where there is nothing to outline, or retention removed the masks.

    Raises:
        ObjectError: a label map is damaged, or the images are not those of the case.
    """
    report = planar_report(content, options.language, options.replaces, options.verification)
    if report is not None:
        yield _report(DicomObject.SR_PLANAR, report, target)


def write_captures(
    content: CaseFolderContent,
    target: Path,
    options: ObjectOptions,
    _earlier: Sequence[EarlierValue] = (),
) -> Iterator[WrittenObject]:
    """The pictures; nothing where retention removed them."""
    yield from _written(DicomObject.CAPTURES, captures(content, options), target)


def write_table(
    content: CaseFolderContent,
    target: Path,
    options: ObjectOptions,
    earlier: Sequence[EarlierValue] = (),
) -> Iterator[WrittenObject]:
    """The values as pictures."""
    yield from _written(DicomObject.TABLE, table(content, options, earlier), target)


def write_pdf_object(
    content: CaseFolderContent,
    target: Path,
    options: ObjectOptions,
    earlier: Sequence[EarlierValue] = (),
) -> Iterator[WrittenObject]:
    """The report of one page.

    Raises:
        PublishingError: it could not be set.
    """
    pdf = encapsulated_pdf(content, options.language, earlier, options.verification)
    yield from _written(DicomObject.PDF, [pdf], target)


def _segments(
    content: CaseFolderContent, options: ObjectOptions
) -> dict[tuple[str, str], SegmentReference]:
    """(label map, structure) → its segment; none that is a slice of the structure only.

    None of a LABELMAP either: dciodvfy and DCMTK refuse a report that refers to segments of one.
    """
    if options.segmentation != "binary" or content.labels is None:
        return {}
    return {
        (one.chosen.record.name, structure.structure): SegmentReference(
            one.series_instance_uid, one.sop_instance_uid, number
        )
        for one in segmentation_objects(content, options)
        if one.chosen.only is None
        for number, structure in enumerate(one.chosen.structures, start=1)
    }


def _report(kind: DicomObject, report: SrDocument, target: Path) -> WrittenObject:
    path = _path(kind, target)
    report.write(path)
    return _written_object(kind, report.header, path)


def _written(
    kind: DicomObject, objects: Iterable[Dataset], target: Path
) -> Iterator[WrittenObject]:
    for number, one in enumerate(objects, start=1):
        path = _path(kind, target, number)
        with whole_file(path) as file:
            one.save_as(file, enforce_file_format=True)
        yield _written_object(kind, one, path)


def _path(kind: DicomObject, target: Path, number: int = 1) -> Path:
    return target / f"{kind.value}-{number:02}.dcm"


def _written_object(kind: DicomObject, header: Dataset, path: Path) -> WrittenObject:
    return WrittenObject(
        kind=kind,
        path=path,
        sop_class_uid=str(header.SOPClassUID),
        sop_instance_uid=str(header.SOPInstanceUID),
        series_instance_uid=str(header.SeriesInstanceUID),
    )
