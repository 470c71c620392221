"""A structured report as a document: what it reports on and refers to (PS3.3 A.35.13, C.17.2)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydicom import dcmwrite
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import Comprehensive3DSRStorage

from heimdallr.domain.identity import OWN_MANUFACTURER, OWN_UID_ROOT
from heimdallr.files import whole_file
from heimdallr.publishing.dicom import measurement_codes as concepts
from heimdallr.publishing.dicom.codes import PRIVATE_SCHEME
from heimdallr.publishing.dicom.content_items import (
    Relationship,
    code,
    container,
    content_sequence,
    text,
    uid,
)
from heimdallr.publishing.dicom.datasets import code_item, put
from heimdallr.publishing.dicom.header import MODEL, new_object, source_header
from heimdallr.publishing.dicom.kinds import SERIES_NUMBERS
from heimdallr.publishing.dicom.references import instance_item

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from heimdallr.domain.statements import Language
    from heimdallr.domain.verification import Verification
    from heimdallr.publishing.dicom.case_content import CaseFolderContent
    from heimdallr.publishing.dicom.content_items import ContentItem
    from heimdallr.publishing.dicom.kinds import DicomObject, Reference

TITLE = Code("126000", "DCM", "Imaging Measurement Report")
LANGUAGE = Code("121049", "DCM", "Language of Content Item and Descendants")
PROCEDURE = Code("121058", "DCM", "Procedure reported")
OBSERVER_TYPE = Code("121005", "DCM", "Observer Type")
DEVICE = Code("121007", "DCM", "Device")
OBSERVER_UID = Code("121012", "DCM", "Device Observer UID")
OBSERVER = {
    "name": Code("121013", "DCM", "Device Observer Name"),
    "manufacturer": Code("121014", "DCM", "Device Observer Manufacturer"),
    "model": Code("121015", "DCM", "Device Observer Model Name"),
    "serial_number": Code("121016", "DCM", "Device Observer Serial Number"),
}
PROCEDURES = {
    "CT": Code("77477000", "SCT", "Computed tomography"),
    "MR": Code("113091000", "SCT", "Magnetic resonance imaging"),
}
LANGUAGES = {
    "en": Code("en-GB", "RFC5646", "English (United Kingdom)"),
    "pt": Code("pt-BR", "RFC5646", "Portuguese (Brazil)"),
}
NOT_TOLD = "not told"
PRIVATE_SCHEME_UID = OWN_UID_ROOT + "2"


@dataclass(frozen=True, slots=True)
class SrDocument:
    """A report that is ready to be written.

    Attributes:
        header: everything but the content tree.
        content: the Content Sequence, encoded; its tag is behind all others.
    """

    header: Dataset
    content: bytes

    def write(self, path: Path) -> None:
        """Write it; the file appears whole.

        Raises:
            OSError: it cannot be written.
        """
        with whole_file(path) as file:
            dcmwrite(file, self.header, enforce_file_format=True)
            file.write(self.content)


@dataclass(frozen=True, slots=True)
class Group:
    """What tells a measurement group from others.

    Attributes:
        name: its tracking identifier.
        uid: its tracking unique identifier.
        finding: what it is about.
    """

    name: str
    uid: str
    finding: Code


def measurement_group(group: Group, items: Iterable[ContentItem], template: str) -> ContentItem:
    """A measurement group (TID 1410, 1411, 1501), whose items are in the order of its template."""
    told = [
        text(concepts.TRACKING_IDENTIFIER, group.name, Relationship.HAS_OBS_CONTEXT),
        uid(concepts.TRACKING_UID, group.uid, Relationship.HAS_OBS_CONTEXT),
        code(concepts.FINDING, group.finding),
    ]
    return container(concepts.MEASUREMENT_GROUP, [*told, *items], template=template)


def document(
    content: CaseFolderContent,
    kind: DicomObject,
    language: Language,
    *,
    place: Sequence[str] = (),
    groups: Sequence[ContentItem],
    references: Iterable[Reference],
    description: str,
    replaces: Sequence[Reference] = (),
    verification: Verification | None = None,
) -> SrDocument:
    """A Comprehensive 3D SR of measurement groups (TID 1500).

    Args:
        content: the case.
        kind: of object.
        language: of its texts.
        place: what else changes its content and is no part of the case: see ``ObjectUids``.
        groups: measurement groups; at least one.
        references: every object that the groups refer to.
        description: of the series.
        replaces: documents of earlier results (Predecessor Documents, PS3.3 C.17.2).
        verification: who verified the results; ``None``: nobody, and the report is preliminary.
    """
    place = [*place, *map(str, replaces), *([str(verification)] if verification else [])]
    new = new_object(
        content,
        sop_class_uid=Comprehensive3DSRStorage,
        sop_instance_uid=content.uids.instance(kind, language, *place),
        series_instance_uid=content.uids.series(kind, language, *place),
        modality="SR",
        series_number=SERIES_NUMBERS[kind],
        series_description=description,
    )
    new.CompletionFlag = "COMPLETE"
    new.VerificationFlag = "VERIFIED" if verification else "UNVERIFIED"
    new.PreliminaryFlag = "FINAL" if verification else "PRELIMINARY"
    if verification:
        new.VerifyingObserverSequence = [_observed(content, verification)]
    new.PerformedProcedureCodeSequence = []
    new.ReferencedPerformedProcedureStepSequence = []
    new.CurrentRequestedProcedureEvidenceSequence = [_evidence(new.StudyInstanceUID, references)]
    if replaces:
        new.PredecessorDocumentsSequence = [_evidence(new.StudyInstanceUID, replaces)]
    new.CodingSchemeIdentificationSequence = [_local_scheme()]
    if new.AccessionNumber:
        new.ReferencedRequestSequence = [_request(content, new)]
    new.ValueType, new.ContinuityOfContent = "CONTAINER", "CONTINUOUS"
    new.ConceptNameCodeSequence = [code_item(TITLE)]
    new.ContentTemplateSequence = [_template("1500")]
    modified = Relationship.HAS_CONCEPT_MOD
    items = [
        code(LANGUAGE, LANGUAGES[language], modified),
        *_observer(new),
        code(PROCEDURE, PROCEDURES[content.results.modality], modified),
        container(concepts.IMAGING_MEASUREMENTS, groups),
    ]
    return SrDocument(new, content_sequence(items))


def _observed(content: CaseFolderContent, verification: Verification) -> Dataset:
    """Who verified (PS3.3 C.17.2): an account's name; the organisation is the images'.

    Name and organisation are Type 1: where nobody tells them, the report says just that.
    """
    item, header = Dataset(), source_header(content.source)
    organisation = str(header.get("InstitutionName", "")) or NOT_TOLD
    put(item, "VerifyingOrganization", "LO", organisation)
    item.VerificationDateTime = f"{verification.at:%Y%m%d%H%M%S%z}"
    put(item, "VerifyingObserverName", "PN", verification.by or NOT_TOLD)
    item.VerifyingObserverIdentificationCodeSequence = []
    return item


def _template(identifier: str) -> Dataset:
    """Content Template macro (PS3.3 C.18.8)."""
    item = Dataset()
    item.MappingResource, item.TemplateIdentifier = "DCMR", identifier
    return item


def _observer(new: Dataset) -> list[ContentItem]:
    """Who observed: a device (TID 1002, TID 1004)."""
    context = Relationship.HAS_OBS_CONTEXT
    told = {
        "name": "Heimdallr",
        "manufacturer": OWN_MANUFACTURER,
        "model": MODEL,
        "serial_number": str(new.SoftwareVersions),
    }
    return [
        code(OBSERVER_TYPE, DEVICE, context),
        uid(OBSERVER_UID, new.DeviceUID, context),
        *(text(OBSERVER[key], value, context) for key, value in told.items()),
    ]


def _request(content: CaseFolderContent, new: Dataset) -> Dataset:
    """The order that the study answers, as far as its images name it (PS3.3 C.17.2)."""
    header, item = source_header(content.source), Dataset()
    asked = next(iter(header.get("RequestAttributesSequence", ())), Dataset())
    item.add(new["StudyInstanceUID"])
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
    put(study, "StudyInstanceUID", "UI", study_instance_uid)
    study.ReferencedSeriesSequence = []
    for series, instances in by_series.items():
        item = Dataset()
        put(item, "SeriesInstanceUID", "UI", series)
        item.ReferencedSOPSequence = [instance_item(*pair) for pair in instances.items()]
        study.ReferencedSeriesSequence.append(item)
    return study


def _local_scheme() -> Dataset:
    """Whose the local codes are (PS3.3 C.12.1.1)."""
    item = Dataset()
    item.CodingSchemeDesignator, item.CodingSchemeUID = PRIVATE_SCHEME, PRIVATE_SCHEME_UID
    item.CodingSchemeName = "Heimdallr's measurements and findings"
    item.CodingSchemeResponsibleOrganization = OWN_MANUFACTURER
    return item
