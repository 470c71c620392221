"""Reading one received file: is it a usable instance, and whose image is it?

The header is read once and only for what the database wants to know; the pixels are read for
their digest alone, a piece at a time. Whatever a file holds, reading it ends with an answer or
with an :class:`UnusableFileError` that carries a countable reason.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from heimdallr.domain.drawn_objects import DRAWN_CLASSES
from heimdallr.domain.identity import is_own_object
from heimdallr.intake.pixels import (
    IMAGE_TAGS,
    Fault,
    UnusableFileError,
    check_pixels,
    data_set_start,
)
from heimdallr.preparation.duplicates import pixel_digest
from heimdallr.preparation.headers import series_key, study_key
from heimdallr.preparation.instances import instance_of, integer_of, text_of
from heimdallr.preparation.patient_facts import dicom_date, patient_of
from heimdallr.preparation.persons import Named
from heimdallr.preparation.reading import SkippedFileError, SkipReason, read_open

if TYPE_CHECKING:
    from pathlib import Path

    from pydicom.dataset import FileDataset

    from heimdallr.domain.study import Patient

MAX_READS = 2_000_000
"""Read calls one header may take here: an enhanced object of some ten thousand frames."""

_TAGS = (
    *IMAGE_TAGS,
    "AccessionNumber", "AdmissionID", "BodyPartExamined", "DirectoryRecordSequence",
    "ImagePositionPatient",
    "InstanceNumber", "InstitutionName", "IssuerOfPatientID", "Manufacturer", "Modality",
    "PatientAge", "PatientBirthDate", "PatientID", "PatientName", "PatientSex", "PatientSize",
    "PatientWeight", "RouteOfAdmissions", "SOPClassUID", "SOPInstanceUID", "SeriesDescription",
    "SeriesInstanceUID",
    "SeriesNumber", "StudyDate", "StudyDescription", "StudyInstanceUID", "StudyTime",
    # What stands for a series without a UID
    "ConvolutionKernel", "FrameOfReferenceUID", "ImageType", "ProtocolName",
)  # fmt: skip

_PLACE = ("ImagePositionPatient", "InstanceNumber")

_UID = re.compile(r"(?=.{1,64}\Z)[0-9]+(\.[0-9]+)*")
_MAX_INTEGER = 2**31 - 1
_CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class ReceivedInstance:
    """What the database is told about one file.

    Attributes:
        study_key: StudyInstanceUID, or what stands for it; made of the safe alphabet.
        series_key: SeriesInstanceUID, or what stands for it.
        instance_key: SOPInstanceUID, or what stands for it; made of the safe alphabet.
        person_name: PatientName with all its groups; ``patient.name`` is the alphabetic one.
        visit: AdmissionID.
        route: RouteOfAdmissions.
        position: ImagePositionPatient as it is written; empty where there is none.
        own: this system wrote it.
        digest: SHA-256 of the encoded data set, without preamble and file meta group.
    """

    study_key: str
    study_instance_uid: str
    series_key: str
    instance_key: str
    sop_class_uid: str
    transfer_syntax_uid: str
    patient: Patient
    person_name: str
    issuer: str
    accession_number: str
    study_date: str | None
    study_time: str | None
    description: str
    institution: str
    visit: str
    route: str
    modality: str
    series_number: int | None
    series_description: str
    body_part: str
    instance_number: int | None
    position: str
    own: bool
    digest: str
    size_bytes: int

    @property
    def drawn(self) -> bool:
        """Whether it says where structures are, and is no image."""
        return self.sop_class_uid in DRAWN_CLASSES

    @property
    def named(self) -> Named:
        """Whom it names."""
        patient = self.patient
        return Named(patient.patient_id, self.person_name, patient.birth_date or "")


def read_received(path: Path, *, announced: bool) -> ReceivedInstance:
    """Read and check one received file.

    Call inside :func:`~heimdallr.preparation.reading.tolerant_pydicom`.

    Args:
        path: the file.
        announced: the file meta group says what the sender announced (a C-STORE request), so the
            data set must agree with it. In a file that somebody wrote, the data set is the truth.

    Raises:
        UnusableFileError: the file is no usable instance.
        OSError: the disk fails; the file may be good.
    """
    with path.open("rb", buffering=2**16) as file:
        size = os.fstat(file.fileno()).st_size
        header = None
        try:
            header = read_open(file, size, _TAGS, max_reads=MAX_READS)
            check_pixels(file, size, header)
            digest = _digest(file)
            return _facts(path, header, size, digest, announced=announced)
        except OSError:
            raise
        except Exception as error:  # the edge: one file must not stop the others
            raise _unusable(error, header) from error


def _unusable(error: Exception, header: FileDataset | None) -> UnusableFileError:
    """Why a file is no usable instance, and what its header, where it was read, says it is."""
    if isinstance(error, UnusableFileError):
        reason = error.reason
    elif isinstance(error, SkippedFileError):
        reason = error.reason.value
    else:
        reason = SkipReason.DAMAGED.value
    told = (
        text_of(header, name) if header else "" for name in ("StudyInstanceUID", "SOPInstanceUID")
    )
    study, instance = (uid if _UID.fullmatch(uid) else "" for uid in told)
    return UnusableFileError(reason, study_instance_uid=study, sop_instance_uid=instance)


def is_same_image(one: Path, other: Path) -> bool:
    """Whether two files of one series and one SOPInstanceUID are the same image.

    They are when they lie at the same place, the newer one being a correction, or hold the same
    pixels, however their headers differ. Where one cannot be read they are: it is to be replaced.
    """
    try:
        there, here = _place(one), _place(other)
        return (any(here) and there == here) or pixel_digest(one) == pixel_digest(other)
    except (SkippedFileError, OSError):
        return True


def _place(path: Path) -> tuple[str, str]:
    with path.open("rb") as file:
        header = read_open(file, path.stat().st_size, _PLACE)
    return text_of(header, "InstanceNumber"), text_of(header, "ImagePositionPatient")


def data_set_digest(path: Path) -> str:
    """SHA-256 of a file's encoded data set.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return _digest(file)


def _digest(file: IO[bytes]) -> str:
    file.seek(data_set_start(file))
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _facts(
    path: Path, header: FileDataset, size: int, digest: str, *, announced: bool
) -> ReceivedInstance:
    meta = header.file_meta
    instance_uid = _agreed(
        text_of(header, "SOPInstanceUID"), text_of(meta, "MediaStorageSOPInstanceUID"), announced
    )
    sop_class = _agreed(
        text_of(header, "SOPClassUID"), text_of(meta, "MediaStorageSOPClassUID"), announced
    )
    study_uid, series_uid = _uid(header, "StudyInstanceUID"), _uid(header, "SeriesInstanceUID")
    modality = text_of(header, "Modality").upper()
    if not sop_class and not modality:
        raise UnusableFileError(SkipReason.NO_IMAGE_FACTS.value)
    instance = None if study_uid and series_uid else instance_of(path, header)
    study_date = dicom_date(text_of(header, "StudyDate"))
    return ReceivedInstance(
        study_key=study_uid if instance is None else study_key(instance),
        study_instance_uid=study_uid,
        series_key=series_uid if instance is None else series_key(instance),
        instance_key=instance_uid or f"instance-{digest[:32]}",
        sop_class_uid=sop_class,
        transfer_syntax_uid=_checked(text_of(meta, "TransferSyntaxUID")),
        patient=patient_of(lambda keyword: text_of(header, keyword), study_date),
        person_name=text_of(header, "PatientName"),
        issuer=text_of(header, "IssuerOfPatientID"),
        accession_number=text_of(header, "AccessionNumber"),
        study_date=study_date,
        study_time=text_of(header, "StudyTime")[:16] or None,
        description=text_of(header, "StudyDescription"),
        institution=text_of(header, "InstitutionName"),
        visit=text_of(header, "AdmissionID"),
        route=text_of(header, "RouteOfAdmissions"),
        modality=modality,
        series_number=_number(header, "SeriesNumber"),
        series_description=text_of(header, "SeriesDescription"),
        body_part=text_of(header, "BodyPartExamined"),
        instance_number=_number(header, "InstanceNumber"),
        position=text_of(header, "ImagePositionPatient"),
        own=is_own_object(text_of(header, "Manufacturer"), instance_uid, series_uid),
        digest=digest,
        size_bytes=size,
    )


def _agreed(told: str, announced: str, must_agree: bool) -> str:  # noqa: FBT001
    """The UID a data set gives, else the one of its file meta group."""
    if must_agree and told and announced and told != announced:
        raise UnusableFileError(Fault.OTHER_UID.value)
    return _checked(told or announced)


def _uid(header: FileDataset, keyword: str) -> str:
    return _checked(text_of(header, keyword))


def _checked(uid: str) -> str:
    """A UID that may become part of a path (PS3.5 section 9.1), or none."""
    if uid and not _UID.fullmatch(uid):
        raise UnusableFileError(Fault.BAD_UID.value)
    return uid


def _number(header: FileDataset, keyword: str) -> int | None:
    number = integer_of(header, keyword)
    return number if number is not None and abs(number) <= _MAX_INTEGER else None
