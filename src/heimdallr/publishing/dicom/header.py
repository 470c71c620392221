"""What every object says besides its content: patient, study, equipment, and how it came to be.

Patient and study are the source's (PS3.3 C.7.1.1, C.7.2.1, C.7.2.2), brought into the form the
standard asks for: every Type 2 attribute is there, if need be empty; what has no valid form is
left out; text is UTF-8. Equipment is ours (C.7.5.1, C.7.5.2). All times are those of the results,
so that an object made again is the same, byte for byte.
"""

from __future__ import annotations

import re
from datetime import timedelta, timezone
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sr.coding import Code
from pydicom.uid import UID

from heimdallr.domain.identity import OWN_MANUFACTURER, OWN_UID_ROOT
from heimdallr.publishing.dicom.datasets import code_item, dataset_of, put
from heimdallr.publishing.dicom.uids import own_uid

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from heimdallr.domain.source_images import SourceImages
    from heimdallr.publishing.dicom.case_content import CaseFolderContent
    from heimdallr.publishing.schema import SegmentationRecord

NOT_FOR_CLINICAL_USE = "not for clinical use"
MODEL = "Heimdallr pipeline"
IMPLEMENTATION_CLASS_UID = OWN_UID_ROOT + "1"
IMPLEMENTATION_VERSION_NAME = "HEIMDALLR"
UTF_8 = "ISO_IR 192"
DESCRIPTION_LENGTH = 64
"""Characters that SeriesDescription and ContentDescription (LO) may have."""

ACQUISITION_EQUIPMENT = Code("109101", "DCM", "Acquisition Equipment")
PROCESSING_EQUIPMENT = Code("109102", "DCM", "Processing Equipment")
"""CID 7005. IHE AIR calls the purpose "Processing Algorithm"; that is no code of its own."""

_TYPE_2 = {
    "PatientName": "PN", "PatientID": "LO", "PatientBirthDate": "DA", "PatientSex": "CS",
    "StudyDate": "DA", "StudyTime": "TM", "ReferringPhysicianName": "PN", "StudyID": "SH",
    "AccessionNumber": "SH",
}  # fmt: skip
"""Attributes that have to be there, and may be empty."""

_COPIED = (
    "TimezoneOffsetFromUTC",
    # Patient (C.7.1.1)
    "PatientName", "PatientID", "IssuerOfPatientID", "TypeOfPatientID",
    "IssuerOfPatientIDQualifiersSequence", "PatientBirthDate", "PatientBirthTime", "PatientSex",
    "QualityControlSubject", "OtherPatientIDsSequence", "OtherPatientNames", "EthnicGroup",
    "PatientIdentityRemoved", "DeidentificationMethod", "DeidentificationMethodCodeSequence",
    # General and patient study (C.7.2.1, C.7.2.2)
    "StudyInstanceUID", "StudyDate", "StudyTime", "ReferringPhysicianName",
    "ReferringPhysicianIdentificationSequence", "StudyID", "AccessionNumber",
    "IssuerOfAccessionNumberSequence", "StudyDescription", "ProcedureCodeSequence",
    "PhysiciansOfRecord", "AdmittingDiagnosesDescription", "PatientAge", "PatientSize",
    "PatientWeight", "AdmissionID", "IssuerOfAdmissionIDSequence",
    # General series (C.7.3.1)
    "RequestAttributesSequence", "BodyPartExamined",
)  # fmt: skip

_ACQUISITION = (
    "Manufacturer", "InstitutionName", "StationName", "ManufacturerModelName",
    "DeviceSerialNumber", "SoftwareVersions",
)  # fmt: skip


def source_header(source: SourceImages) -> Dataset:
    """Everything ``source.json`` says of the images, as a data set; empty elements left out."""
    return dataset_of(source.header)


def patient_and_study(source: SourceImages) -> Dataset:
    """The modules that an object shares with its source, every attribute in a valid form."""
    header, common = source_header(source), Dataset()
    for keyword in _COPIED:
        if keyword in header:
            common.add(header[keyword])
    for keyword, vr in _TYPE_2.items():
        if keyword not in common:
            put(common, keyword, vr, "")
    if common.PatientSex not in {"M", "F", "O", ""}:
        common.PatientSex = ""
    for keyword in (
        "ProcedureCodeSequence", "DeidentificationMethodCodeSequence", "OtherPatientIDsSequence",
        "ReferringPhysicianIdentificationSequence", "RequestAttributesSequence",
        "IssuerOfAccessionNumberSequence", "IssuerOfAdmissionIDSequence",
    ):  # fmt: skip
        _without_unfinished_items(common, keyword)
    _say_how_identity_was_removed(common)
    return common


def new_object(
    content: CaseFolderContent,
    *,
    sop_class_uid: str,
    sop_instance_uid: str,
    series_instance_uid: str,
    modality: str,
    series_number: int,
    series_description: str,
    instance_number: int = 1,
    transfer_syntax_uid: str = "1.2.840.10008.1.2.1",
) -> Dataset:
    """An object with everything but its content, and with its file meta information.

    Args:
        content: the case.
        sop_class_uid: of the object; both UIDs come from ``content.uids``.
        sop_instance_uid: see there.
        series_instance_uid: see there.
        modality: of the object: SEG, SR, OT, DOC.
        series_number: see :data:`~heimdallr.publishing.dicom.kinds.SERIES_NUMBERS`.
        series_description: what the series is; "not for clinical use" is put behind it.
        instance_number: within the series.
        transfer_syntax_uid: of the file.
    """
    new = patient_and_study(content.source)
    made = _in_zone_of(new, content.results.provenance.created_at)
    new.SpecificCharacterSet = UTF_8
    new.SOPClassUID, new.SOPInstanceUID = UID(sop_class_uid), UID(sop_instance_uid)
    for day, time in (
        ("InstanceCreationDate", "InstanceCreationTime"),
        ("SeriesDate", "SeriesTime"),
        ("ContentDate", "ContentTime"),
    ):
        setattr(new, day, f"{made:%Y%m%d}")
        setattr(new, time, f"{made:%H%M%S}")
    new.Modality, new.SeriesInstanceUID = modality, UID(series_instance_uid)
    new.SeriesNumber, new.InstanceNumber = series_number, instance_number
    new.SeriesDescription = described(series_description)
    _equip(new, content)
    new.file_meta = _file_meta(new, transfer_syntax_uid)
    return new


def frame_of_reference(source: SourceImages) -> Dataset:
    """The Frame of Reference module (C.7.4.1) of an object that lies where its source lies."""
    header, module = source_header(source), Dataset()
    module.add(header["FrameOfReferenceUID"])
    put(module, "PositionReferenceIndicator", "LO", header.get("PositionReferenceIndicator", ""))
    return module


def described(text: str) -> str:
    """A description that ends with "not for clinical use" and fits into an LO."""
    ending = f", {NOT_FOR_CLINICAL_USE}"
    return text[: DESCRIPTION_LENGTH - len(ending)].rstrip() + ending


def device_uid(record: SegmentationRecord, version: str) -> str:
    """DeviceUID (0018,1002) of an algorithm: another one for other weights or another version."""
    weights = (f"{one.name} {one.sha256}" for one in record.weights)
    return own_uid("device", version, record.task, record.engine, *weights)


def _in_zone_of(common: Dataset, moment: datetime) -> datetime:
    """A moment in the zone that TimezoneOffsetFromUTC (0008,0201) states for all of an object."""
    stated = str(common.get("TimezoneOffsetFromUTC", ""))
    if not _ZONE.fullmatch(stated):
        common.pop("TimezoneOffsetFromUTC", None)
        return moment
    minutes = int(stated[1:3]) * 60 + int(stated[3:])
    offset = timedelta(minutes=-minutes if stated[0] == "-" else minutes)
    return moment.astimezone(timezone(offset))


def _equip(new: Dataset, content: CaseFolderContent) -> None:
    """Equipment and contributing equipment (C.7.5.1, C.7.5.2, C.12.1.1)."""
    version = content.results.provenance.version
    records = content.results.provenance.segmentations
    devices = [device_uid(one, version) for one in records]
    new.Manufacturer, new.ManufacturerModelName = OWN_MANUFACTURER, MODEL
    new.SoftwareVersions = version
    new.DeviceUID = own_uid("device", version, *devices)
    new.DeviceSerialNumber = new.DeviceUID
    items = [*_scanner(content), *(_algorithm(one, content) for one in records)]
    new.ContributingEquipmentSequence = items


def _scanner(content: CaseFolderContent) -> Iterator[Dataset]:
    """The equipment that made the source, where its header names the manufacturer (Type 1)."""
    header, item = source_header(content.source), Dataset()
    if "Manufacturer" not in header:
        return
    for keyword in _ACQUISITION:
        if keyword in header:
            item.add(header[keyword])
    item.ContributionDescription = "Acquisition of the images that were measured"
    item.PurposeOfReferenceCodeSequence = [code_item(ACQUISITION_EQUIPMENT)]
    yield item


def _algorithm(record: SegmentationRecord, content: CaseFolderContent) -> Dataset:
    """One algorithm that had a part in the results (IHE AIR names every one of them)."""
    version, item = content.results.provenance.version, Dataset()
    item.Manufacturer, item.ManufacturerModelName = OWN_MANUFACTURER, f"segmentation {record.task}"
    item.SoftwareVersions = [
        version,
        record.engine[:64],
        *(one.name[:64] for one in record.weights),
    ]
    item.DeviceUID = device_uid(record, version)
    item.DeviceSerialNumber = item.DeviceUID
    item.ContributionDateTime = f"{content.results.provenance.created_at:%Y%m%d%H%M%S%z}"
    told = [f"Weights: {record.weights_origin}; {NOT_FOR_CLINICAL_USE}"]
    told += [f"{one.name} ({one.licence})" for one in record.collections]
    told += [one.text for one in content.notices]
    item.ContributionDescription = "; ".join(told)[:1024]
    item.PurposeOfReferenceCodeSequence = [code_item(PROCESSING_EQUIPMENT)]
    return item


def _file_meta(new: Dataset, transfer_syntax_uid: str) -> FileMetaDataset:
    """File meta information (PS3.10 section 7.1)."""
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID = new.SOPClassUID
    meta.MediaStorageSOPInstanceUID = new.SOPInstanceUID
    meta.TransferSyntaxUID = UID(transfer_syntax_uid)
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    return meta


_ZONE = re.compile(r"[+-](0[0-9]|1[0-4])[0-5][0-9]")
_NEEDED = {
    "OtherPatientIDsSequence": ("PatientID", "TypeOfPatientID"),
    "ReferringPhysicianIdentificationSequence": ("PersonIdentificationCodeSequence",),
    "RequestAttributesSequence": (),
    "IssuerOfAccessionNumberSequence": (),
    "IssuerOfAdmissionIDSequence": (),
}
"""Sequence → what each of its items has to hold (Type 1); items of codes have their own three."""
_CODE = ("CodeValue", "CodingSchemeDesignator", "CodeMeaning")


def _without_unfinished_items(dataset: Dataset, keyword: str) -> None:
    """Leave out items that lack what the standard asks of them, at every depth."""
    if keyword not in dataset:
        return
    element = dataset[keyword]
    needed = _NEEDED.get(keyword, _CODE if keyword.endswith("CodeSequence") else ())
    items = []
    for item in element.value:
        for inner in [one.keyword for one in item if one.VR == "SQ"]:
            _without_unfinished_items(item, inner)
        if len(item) and all(one in item for one in needed):
            items.append(item)
    if items:
        put(dataset, element.tag, "SQ", items)
    else:
        del dataset[element.tag]


def _say_how_identity_was_removed(common: Dataset) -> None:
    """DeidentificationMethod (Type 1C) has to be there where identity was removed."""
    told = "DeidentificationMethod" in common or "DeidentificationMethodCodeSequence" in common
    if common.get("PatientIdentityRemoved") == "YES" and not told:
        common.DeidentificationMethod = "not told by the source images"
