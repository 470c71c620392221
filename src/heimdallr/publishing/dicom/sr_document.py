"""A structured report as a document: what it reports on and refers to (PS3.3 A.35.13, C.17.2)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from highdicom.sr import (
    DeviceObserverIdentifyingAttributes,
    LanguageOfContentItemAndDescendants,
    MeasurementReport,
    ObservationContext,
    ObserverContext,
)
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import Comprehensive3DSRStorage

from heimdallr.domain.identity import OWN_MANUFACTURER, OWN_UID_ROOT
from heimdallr.publishing.dicom.codes import PRIVATE_SCHEME
from heimdallr.publishing.dicom.datasets import put
from heimdallr.publishing.dicom.header import MODEL, new_object, source_header
from heimdallr.publishing.dicom.kinds import SERIES_NUMBERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from heimdallr.domain.statements import Language
    from heimdallr.publishing.dicom.case_content import CaseFolderContent
    from heimdallr.publishing.dicom.kinds import DicomObject

Reference = tuple[str, str, str]
"""SeriesInstanceUID, SOPClassUID, SOPInstanceUID."""

TITLE = Code("126000", "DCM", "Imaging Measurement Report")
DEVICE = Code("121007", "DCM", "Device")
PROCEDURES = {
    "CT": Code("77477000", "SCT", "Computed tomography"),
    "MR": Code("113091000", "SCT", "Magnetic resonance imaging"),
}
LANGUAGES = {
    "en": Code("en-GB", "RFC5646", "English (United Kingdom)"),
    "pt": Code("pt-BR", "RFC5646", "Portuguese (Brazil)"),
}
PRIVATE_SCHEME_UID = OWN_UID_ROOT + "2"


def document(
    content: CaseFolderContent,
    kind: DicomObject,
    language: Language,
    *,
    place: Sequence[str] = (),
    groups: Sequence[object],
    references: Iterable[Reference],
    description: str,
) -> Dataset:
    """A Comprehensive 3D SR of measurement groups (TID 1500).

    Args:
        content: the case.
        kind: of object.
        language: of its texts.
        place: what else changes its content and is no part of the case: see ``ObjectUids``.
        groups: measurement groups of highdicom; at least one.
        references: every object that the groups refer to.
        description: of the series.
    """
    new = new_object(
        content,
        sop_class_uid=Comprehensive3DSRStorage,
        sop_instance_uid=content.uids.instance(kind, language, *place),
        series_instance_uid=content.uids.series(kind, language, *place),
        modality="SR",
        series_number=SERIES_NUMBERS[kind],
        series_description=description,
    )
    new.CompletionFlag, new.VerificationFlag = "COMPLETE", "UNVERIFIED"
    new.PreliminaryFlag = "PRELIMINARY"
    new.PerformedProcedureCodeSequence = []
    new.ReferencedPerformedProcedureStepSequence = []
    new.CurrentRequestedProcedureEvidenceSequence = [_evidence(new.StudyInstanceUID, references)]
    new.CodingSchemeIdentificationSequence = [_local_scheme()]
    if new.AccessionNumber:
        new.ReferencedRequestSequence = [_request(content, new)]
    report = MeasurementReport(
        observation_context=ObservationContext(observer_device_context=_observer(new)),
        procedure_reported=PROCEDURES[content.results.modality],
        imaging_measurements=groups,
        title=TITLE,
        language_of_content_item_and_descendants=LanguageOfContentItemAndDescendants(
            LANGUAGES[language]
        ),
    )
    new.update(report[0])
    return new


def _observer(new: Dataset) -> ObserverContext:
    return ObserverContext(
        DEVICE,
        DeviceObserverIdentifyingAttributes(
            uid=new.DeviceUID,
            name="Heimdallr",
            manufacturer_name=OWN_MANUFACTURER,
            model_name=MODEL,
            serial_number=str(new.SoftwareVersions),
        ),
    )


def _request(content: CaseFolderContent, new: Dataset) -> Dataset:
    """The order that the study answers, as far as its images name it (PS3.3 C.17.2)."""
    header, item = source_header(content.source), Dataset()
    asked = next(iter(header.get("RequestAttributesSequence", ())), Dataset())
    item.StudyInstanceUID = new.StudyInstanceUID
    item.ReferencedStudySequence = []
    put(item, "AccessionNumber", "SH", new.AccessionNumber)
    for keyword, vr, told in (
        ("PlacerOrderNumberImagingServiceRequest", "LO", header),
        ("FillerOrderNumberImagingServiceRequest", "LO", header),
        ("RequestedProcedureID", "SH", asked),
        ("RequestedProcedureDescription", "LO", asked),
    ):
        put(item, keyword, vr, told.get(keyword, ""))
    item.RequestedProcedureCodeSequence = []
    return item


def _evidence(study_instance_uid: str, references: Iterable[Reference]) -> Dataset:
    """Every object referred to, by series (PS3.3 C.17.2.1)."""
    by_series: dict[str, dict[str, str]] = defaultdict(dict)
    for series, sop_class, instance in references:
        by_series[series][instance] = sop_class
    study = Dataset()
    study.StudyInstanceUID = study_instance_uid
    study.ReferencedSeriesSequence = []
    for series, instances in by_series.items():
        item = Dataset()
        item.SeriesInstanceUID = series
        item.ReferencedSOPSequence = [
            _reference(sop_class, instance) for instance, sop_class in instances.items()
        ]
        study.ReferencedSeriesSequence.append(item)
    return study


def _reference(sop_class_uid: str, sop_instance_uid: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class_uid, sop_instance_uid
    return item


def _local_scheme() -> Dataset:
    """Whose the local codes are (PS3.3 C.12.1.1)."""
    item = Dataset()
    item.CodingSchemeDesignator, item.CodingSchemeUID = PRIVATE_SCHEME, PRIVATE_SCHEME_UID
    item.CodingSchemeName = "Heimdallr's measurements and findings"
    item.CodingSchemeResponsibleOrganization = OWN_MANUFACTURER
    return item
