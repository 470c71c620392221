"""What objects made of a case have to know of the images it was measured on.

The planes come from the scan, which has read every header once; one header, that of the first
plane, is read again for what preparation itself has no use for: the name in all its groups, the
issuers of numbers, the order.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pydicom import config
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement

from heimdallr.domain.source_images import SourceImages, SourcePlane
from heimdallr.files import open_regular
from heimdallr.preparation.headers import scan
from heimdallr.preparation.instances import BAD_VALUE, shown_text
from heimdallr.preparation.reading import SkippedFileError, read_open, tags_of, tolerant_pydicom
from heimdallr.preparation.selection import Preferences, rank

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pydicom.dataset import Dataset
    from pydicom.tag import BaseTag

    from heimdallr.preparation.instances import Frame, Instance
    from heimdallr.preparation.stacks import SeriesCandidate

SOURCE_TAGS = (
    "SpecificCharacterSet", "TimezoneOffsetFromUTC",
    # patient
    "PatientName", "PatientID", "IssuerOfPatientID", "TypeOfPatientID",
    "IssuerOfPatientIDQualifiersSequence", "OtherPatientIDs", "OtherPatientIDsSequence",
    "OtherPatientNames", "PatientBirthDate", "PatientBirthTime", "PatientSex", "EthnicGroup",
    "QualityControlSubject", "PatientIdentityRemoved", "DeidentificationMethod",
    "DeidentificationMethodCodeSequence", "PatientAge", "PatientSize", "PatientWeight",
    "AdmittingDiagnosesDescription", "AdmissionID", "IssuerOfAdmissionIDSequence",
    # study and order
    "StudyInstanceUID", "StudyDate", "StudyTime", "AccessionNumber",
    "IssuerOfAccessionNumberSequence", "StudyID", "StudyDescription", "ReferringPhysicianName",
    "ReferringPhysicianIdentificationSequence", "PhysiciansOfRecord", "ProcedureCodeSequence",
    "RequestAttributesSequence", "RequestedProcedureID", "RequestedProcedureDescription",
    "RequestedProcedureCodeSequence", "RequestingPhysician", "RequestingService",
    "PlacerOrderNumberImagingServiceRequest", "FillerOrderNumberImagingServiceRequest",
    "OrderPlacerIdentifierSequence", "OrderFillerIdentifierSequence",
    # series, frame of reference, equipment
    "Modality", "SeriesInstanceUID", "SeriesNumber", "SeriesDescription", "SeriesDate",
    "SeriesTime", "ProtocolName", "BodyPartExamined", "Laterality", "PatientPosition",
    "FrameOfReferenceUID", "PositionReferenceIndicator", "BurnedInAnnotation", "Manufacturer",
    "ManufacturerModelName", "InstitutionName", "InstitutionalDepartmentName", "StationName",
    "DeviceSerialNumber", "SoftwareVersions",
)  # fmt: skip
"""What is kept of a header; nothing private, nothing of single images."""

_TEXT_LENGTH = 10240
"""Characters of an LT, the longest text the standard bounds; what is longer is left out."""
_ITEMS = 64
"""Chosen: a study with more procedure codes or identifiers than that is no study."""
_WITHOUT_TEXT = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})


def source_images(candidate: SeriesCandidate, instances: Sequence[Instance]) -> SourceImages | None:
    """The planes of a stack, and what the header of the first one says.

    Args:
        candidate: the stack that was measured.
        instances: those of its study, as they were scanned.

    Returns:
        ``None`` where headers do not tell where the planes lie, or are not to be read any more.
    """
    series = candidate.series
    by_path = {one.path: one for one in instances}
    planes = [_plane(one, by_path[one.path], series.series_instance_uid)
              for one in candidate.frames]  # fmt: skip
    placed = [one for one in planes if one is not None]
    if len(placed) < len(planes) or not (placed and series.rows and series.columns):
        return None
    try:
        header = _header(candidate.frames[0].path)
    except (OSError, SkippedFileError):
        return None
    return SourceImages(
        header=header,
        rows=series.rows,
        columns=series.columns,
        pixel_spacing_mm=series.pixel_spacing_mm or (1.0, 1.0),
        slice_thickness_mm=series.slice_thickness_mm,
        planes=tuple(placed),
    )


def source_of(files: Iterable[Path], series_instance_uid: str) -> SourceImages | None:
    """The images of a case made before cases kept them, found by the scan that found them then.

    Args:
        files: the study's DICOM files, others among them.
        series_instance_uid: of the series that was measured.

    Returns:
        those of the stack of that series that would be measured first; ``None`` without any.
    """
    for study in scan(files, keep_apart=False).studies:
        for candidate, verdict in rank(study.candidates, Preferences(), {}):
            same = candidate.series.series_instance_uid == series_instance_uid
            if same and verdict.rank is not None:
                return source_images(candidate, study.instances)
    return None


def _plane(frame: Frame, instance: Instance, series_uid: str) -> SourcePlane | None:
    if frame.position is None or frame.orientation is None:
        return None
    a, b, c, d, e, f = frame.orientation
    return SourcePlane(
        sop_class_uid=instance.sop_class_uid,
        sop_instance_uid=instance.sop_instance_uid,
        frame=None if frame.index is None else frame.index + 1,
        position_lps_mm=frame.position,
        orientation=(a, b, c, d, e, f),
        series_instance_uid="" if instance.series_uid == series_uid else instance.series_uid,
    )


def _header(path: Path) -> dict[str, dict[str, Any]]:
    """What :data:`SOURCE_TAGS` lists of one file, in the DICOM JSON model, decoded."""
    with tolerant_pydicom(), open_regular(path) as file:
        dataset = read_open(file, os.fstat(file.fileno()).st_size, SOURCE_TAGS)
        return _elements(dataset, tags_of(SOURCE_TAGS[1:]))


def _elements(dataset: Dataset, tags: Iterable[BaseTag]) -> dict[str, dict[str, Any]]:
    found = {}
    for tag in sorted(tags):
        try:
            element = _element(dataset, tag)
        except BAD_VALUE:
            continue  # malformed: as if it were not there
        if element is not None:
            found[f"{int(tag):08X}"] = element
    return found


def _element(dataset: Dataset, tag: BaseTag) -> dict[str, Any] | None:
    """One element; ``None`` where it is absent, private, binary or beyond the limits."""
    raw = dataset.get_item(tag)
    if raw is None or tag.is_private:
        return None
    shown = shown_text(raw, dataset)
    if shown is not None:
        vr = raw.VR or dictionary_VR(tag)
        element = DataElement(tag, vr, shown.split("\\"), validation_mode=config.IGNORE)
    else:
        element = dataset[tag]
    if element.VR == "SQ":
        items = [_elements(item, item.keys()) for item in element.value[:_ITEMS]]
        return {"vr": "SQ", "Value": items}
    if element.VR in _WITHOUT_TEXT or len(str(element.value)) > _TEXT_LENGTH:
        return None
    as_json: Mapping[str, Any] = element.to_json_dict(None, 0)
    return dict(as_json)
