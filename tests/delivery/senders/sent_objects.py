"""Small DICOM objects as Heimdallr sends them, and items of them; nothing of them is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    UID,
    Comprehensive3DSRStorage,
    ComprehensiveSRStorage,
    EncapsulatedPDFStorage,
    ExplicitVRLittleEndian,
    MultiFrameTrueColorSecondaryCaptureImageStorage,
    RLELossless,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
)

from heimdallr.delivery.sending import Item
from heimdallr.domain.identity import OWN_MANUFACTURER, OWN_UID_ROOT

if TYPE_CHECKING:
    from pathlib import Path

SEG = str(SegmentationStorage)
SR_3D = str(Comprehensive3DSRStorage)
SR = str(ComprehensiveSRStorage)
CAPTURE = str(MultiFrameTrueColorSecondaryCaptureImageStorage)
SINGLE_CAPTURE = str(SecondaryCaptureImageStorage)
PDF = str(EncapsulatedPDFStorage)
LABEL_MAP = "1.2.840.10008.5.1.4.1.1.66.7"
EXPLICIT, RLE = str(ExplicitVRLittleEndian), str(RLELossless)
STUDY_UID = f"{OWN_UID_ROOT}1"


def write_object(
    path: Path,
    sop_class_uid: str,
    number: int,
    *,
    syntax: str = EXPLICIT,
    comment: str = "",
    size: int = 0,
) -> Item:
    """Write an object; the item to send.

    Args:
        path: of its file.
        sop_class_uid: of the object.
        number: of its SOP instance UID.
        syntax: transfer syntax that it says to have.
        comment: something in its content, to tell two of the same UID apart.
        size: bytes of a value that makes it large.
    """
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    dataset.SOPClassUID = sop_class_uid
    dataset.SOPInstanceUID = uid_of(number)
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = STUDY_UID, f"{OWN_UID_ROOT}2.{number}"
    dataset.Manufacturer, dataset.Modality = OWN_MANUFACTURER, "OT"
    dataset.PatientName, dataset.PatientID = "TEST^ONE", "T1"
    dataset.StudyDate, dataset.StudyTime, dataset.AccessionNumber = "20260201", "101010", "A1"
    dataset.StudyID = dataset.PatientBirthDate = dataset.PatientSex = ""
    dataset.ReferringPhysicianName, dataset.ContentDescription = "", comment
    dataset.SeriesNumber = dataset.InstanceNumber = number
    if size:
        dataset.EncapsulatedDocument = bytes(size)
    dataset.save_as(path, enforce_file_format=True)
    return Item(f"{number}", path, "application/dicom", sop_class_uid, uid_of(number))


def write_objects(folder: Path, first: int = 1) -> list[Item]:
    """A segmentation, a report, a capture and a PDF, with numbers from ``first`` on."""
    kinds = enumerate((SEG, SR, CAPTURE, PDF), first)
    return [write_object(folder / f"{number}.dcm", kind, number) for number, kind in kinds]


def uid_of(number: int) -> str:
    """SOP instance UID of the object of this number."""
    return f"{OWN_UID_ROOT}3.{number}"
