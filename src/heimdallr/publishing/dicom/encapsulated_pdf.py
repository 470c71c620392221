"""The report of one page as an Encapsulated PDF (PS3.3 A.45.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.uid import EncapsulatedPDFStorage

from heimdallr.publishing.dicom.header import new_object
from heimdallr.publishing.dicom.kinds import SERIES_NUMBERS, DicomObject
from heimdallr.publishing.report.content import read_content
from heimdallr.publishing.report.pdf import pdf_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydicom.dataset import Dataset

    from heimdallr.domain.statements import Language
    from heimdallr.domain.verification import Verification
    from heimdallr.publishing.dicom.case_content import CaseFolderContent
    from heimdallr.publishing.dicom.kinds import EarlierValue

DESCRIPTION = "Heimdallr report"


def encapsulated_pdf(
    content: CaseFolderContent,
    language: Language,
    earlier: Sequence[EarlierValue] = (),
    verification: Verification | None = None,
) -> Dataset:
    """The report, which says who verified the results: of verified ones it is another object.

    Raises:
        OSError: the case folder cannot be read.
        PublishingError: the page could not be set.
    """
    report = read_content(content.folder, language, earlier, verification)
    said = str(verification) if verification else "unverified"
    kind, place = DicomObject.PDF, (language, said, *map(str, earlier))
    new = new_object(
        content,
        sop_class_uid=EncapsulatedPDFStorage,
        sop_instance_uid=content.uids.instance(kind, *place),
        series_instance_uid=content.uids.series(kind, *place),
        modality="DOC",
        series_number=SERIES_NUMBERS[kind],
        series_description=DESCRIPTION,
    )
    new.ConversionType = "WSD"
    new.AcquisitionDateTime = ""
    new.BurnedInAnnotation = "YES"
    new.DocumentTitle = report.word("heading")
    new.ConceptNameCodeSequence = []
    new.MIMETypeOfEncapsulatedDocument = "application/pdf"
    document = pdf_bytes(report)
    new.EncapsulatedDocumentLength = len(document)
    new.EncapsulatedDocument = document + b"\0" * (len(document) % 2)
    return new
