"""Segmentation objects (PS3.3 A.51; Label Map Segmentation A.51 as well): one per label map.

BINARY on the source's own planes is what everything reads; LABELMAP is small and for those who
know it. Of a source whose planes make no regular grid, a second object on the regular grid of the
volume serves readers that build one: they shift frames that are unevenly spaced by millimetres.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.tag import Tag
from pydicom.uid import UID, ExplicitVRLittleEndian, RLELossless, SegmentationStorage

from heimdallr.domain.terms import report_word
from heimdallr.publishing.dicom.chosen_structures import ChosenMap, chosen_maps
from heimdallr.publishing.dicom.codes import codes_of
from heimdallr.publishing.dicom.colours import cielab
from heimdallr.publishing.dicom.datasets import code_item
from heimdallr.publishing.dicom.hands import hands
from heimdallr.publishing.dicom.header import (
    NOT_FOR_CLINICAL_USE,
    described,
    frame_of_reference,
    new_object,
)
from heimdallr.publishing.dicom.kinds import SERIES_NUMBERS, DicomObject
from heimdallr.publishing.dicom.label_planes import regular_planes, source_planes
from heimdallr.publishing.dicom.nearest_plane import nearest
from heimdallr.publishing.dicom.references import referenced_series
from heimdallr.publishing.dicom.segmentation_file import (
    decimal_strings,
    write_binary,
    write_label_map,
)
from heimdallr.publishing.dicom.written import WrittenObject
from heimdallr.publishing.palette import display_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from heimdallr.publishing.dicom.case_content import CaseFolderContent
    from heimdallr.publishing.dicom.hands import Hand
    from heimdallr.publishing.dicom.kinds import EarlierValue, ObjectOptions
    from heimdallr.publishing.dicom.label_planes import LabelPlanes
    from heimdallr.publishing.schema import SegmentationRecord, StructureRecord

LABEL_MAP_SEGMENTATION_STORAGE = UID("1.2.840.10008.5.1.4.1.1.66.7")
ARTIFICIAL_INTELLIGENCE = Code("123110", "DCM", "Artificial Intelligence")
MORPHOLOGICAL_OPERATIONS = Code("123104", "DCM", "Morphological Operations")
"""CID 7162: of networks, and of label maps that are made without any."""
BACKGROUND = Code("125040", "DCM", "Background")

ALGORITHM_TYPES: dict[Hand | None, str] = {
    None: "AUTOMATIC",
    "in_part": "SEMIAUTOMATIC",
    "alone": "MANUAL",
}
"""Whose hand a person's is in an outline → SegmentAlgorithmType (C.8.20.2)."""

AT_L3 = "at L3 only"
"""What is said of structures that only the slice is taken of that muscle is measured on."""

_BY_SEGMENT = (Tag("ReferencedSegmentNumber"), Tag("SegmentIdentificationSequence"))
_BY_POSITION = (Tag("ImagePositionPatient"), Tag("PlanePositionSequence"))


@dataclass(frozen=True, slots=True)
class SegmentationObject:
    """One segmentation of a case, as others refer to it, written or not.

    Attributes:
        kind: on the source's planes or on the regular grid.
        chosen: the label map and its structures; a structure's place, from 1, is its segment's
            number in a BINARY object.
        is_label_map: LABELMAP, whose segments keep the numbers of the label map.
        sop_class_uid: of the object.
        sop_instance_uid: of the object.
        series_instance_uid: of its series, in which it is alone.
        series_number: of that series.
    """

    kind: DicomObject
    chosen: ChosenMap
    is_label_map: bool
    sop_class_uid: str
    sop_instance_uid: str
    series_instance_uid: str
    series_number: int

    def segment_number(self, structure: str) -> int | None:
        """Number of a structure's segment; ``None`` where it has none."""
        for number, one in enumerate(self.chosen.structures, start=1):
            if one.structure == structure:
                return one.label if self.is_label_map else number
        return None


def segmentation_objects(
    content: CaseFolderContent, options: ObjectOptions, kind: DicomObject = DicomObject.SEG
) -> tuple[SegmentationObject, ...]:
    """The segmentations of a case, whose UIDs are known before they are written.

    Raises:
        ObjectError: the masks are gone, or a structure that is wanted was not segmented.
    """
    is_label_map = options.segmentation == "labelmap"
    sop_class = LABEL_MAP_SEGMENTATION_STORAGE if is_label_map else SegmentationStorage
    objects = []
    for number, chosen in enumerate(chosen_maps(content, options.structures)):
        structures = ",".join(one.structure for one in chosen.structures)
        at = () if chosen.only is None else (str(chosen.only.slice_index),)
        place = (options.segmentation, chosen.record.name, structures, *at)
        objects.append(
            SegmentationObject(
                kind=kind,
                chosen=chosen,
                is_label_map=is_label_map,
                sop_class_uid=str(sop_class),
                sop_instance_uid=content.uids.instance(kind, *place),
                series_instance_uid=content.uids.series(kind, *place),
                series_number=SERIES_NUMBERS[kind] + number,
            )
        )
    return tuple(objects)


def write_segmentations(
    content: CaseFolderContent,
    target: Path,
    options: ObjectOptions,
    _earlier: Sequence[EarlierValue] = (),
) -> Iterator[WrittenObject]:
    """Write every segmentation of a case on the planes of its source.

    Raises:
        ObjectError: it cannot be made of this case.
    """
    for one in segmentation_objects(content, options):
        label_map = content.label_map(one.chosen.record.name)
        planes = source_planes(label_map, content.source, resampled=is_resampled(content))
        yield from _write(content, one, planes, target)


def write_regular_segmentations(
    content: CaseFolderContent,
    target: Path,
    options: ObjectOptions,
    _earlier: Sequence[EarlierValue] = (),
) -> Iterator[WrittenObject]:
    """The same on the volume's own grid; nothing where the source's planes make one themselves."""
    if not is_resampled(content):
        return
    for one in segmentation_objects(content, options, DicomObject.SEG_REGULAR):
        label_map = content.label_map(one.chosen.record.name)
        yield from _write(content, one, regular_planes(label_map, content.source), target)


def is_resampled(content: CaseFolderContent) -> bool:
    """Whether the volume was interpolated from the images: their planes make no regular grid."""
    conversion = content.identity.conversion
    return conversion is not None and (conversion.tilt_corrected or conversion.equidistant)


def _write(
    content: CaseFolderContent, one: SegmentationObject, planes: LabelPlanes, target: Path
) -> Iterator[WrittenObject]:
    """The object; none where no pixel of an image belongs to its structures."""
    path = target / f"{one.kind.value}-{one.chosen.record.name}.dcm"
    if one.chosen.only is not None:
        grid, point = planes.grid, one.chosen.only.position_ras_mm
        planes = planes.only(nearest(grid.positions, grid.orientation, point))
    header = _header(content, one, planes)
    labels = [structure.label for structure in one.chosen.structures]
    write = write_label_map if one.is_label_map else write_binary
    if write(path, header, planes, labels):
        yield WrittenObject(
            one.kind, path, one.sop_class_uid, one.sop_instance_uid, one.series_instance_uid
        )


def _header(content: CaseFolderContent, one: SegmentationObject, planes: LabelPlanes) -> Dataset:
    """Everything but the frames."""
    grid, name = planes.grid, display_name(one.chosen.record.name)
    if one.chosen.only is not None:
        name = f"{name} {AT_L3}"
    on_grid = "" if grid.on_sources else ", regular grid"
    header = new_object(
        content,
        sop_class_uid=one.sop_class_uid,
        sop_instance_uid=one.sop_instance_uid,
        series_instance_uid=one.series_instance_uid,
        modality="SEG",
        series_number=one.series_number,
        series_description=f"Segmentation {name}{on_grid}",
        transfer_syntax_uid=str(RLELossless if one.is_label_map else ExplicitVRLittleEndian),
    )
    header.update(frame_of_reference(content.source))
    header.ReferencedSeriesSequence = referenced_series(content.source)
    header.ImageType = ["DERIVED", "PRIMARY"]
    header.SamplesPerPixel, header.PhotometricInterpretation = 1, "MONOCHROME2"
    header.Rows, header.Columns = grid.rows, grid.columns
    bits = 8 if one.is_label_map else 1
    header.BitsAllocated, header.BitsStored, header.HighBit = bits, bits, bits - 1
    header.PixelRepresentation, header.LossyImageCompression = 0, "00"
    header.SegmentationType = "LABELMAP" if one.is_label_map else "BINARY"
    header.SegmentsOverlap = "NO"
    header.ContentLabel = "SEGMENTATION"
    header.ContentDescription = described(f"{name}{on_grid}")
    header.ContentCreatorName = ""
    header.PresentationLUTShape = "IDENTITY"
    header.SegmentSequence = list(_segments(content, one))
    if one.is_label_map:
        header.PixelPaddingValue = 0
    _add_dimensions(header, content, one, is_even=grid.spacing_mm is not None)
    header.SharedFunctionalGroupsSequence = [_shared_groups(planes)]
    return header


def _add_dimensions(
    header: Dataset, content: CaseFolderContent, one: SegmentationObject, *, is_even: bool
) -> None:
    """Multi-frame Dimension module (C.7.6.17): by segment, then by place along the normal."""
    organization, items = Dataset(), []
    organization.DimensionOrganizationUID = content.uids.of("dimensions", one.sop_instance_uid)
    for pointer, group in (_BY_POSITION,) if one.is_label_map else (_BY_SEGMENT, _BY_POSITION):
        item = Dataset()
        item.DimensionOrganizationUID = organization.DimensionOrganizationUID
        item.DimensionIndexPointer, item.FunctionalGroupPointer = pointer, group
        items.append(item)
    header.DimensionOrganizationSequence = [organization]
    header.DimensionIndexSequence = items
    if one.is_label_map and is_even:
        header.DimensionOrganizationType = "3D"


def _shared_groups(planes: LabelPlanes) -> Dataset:
    """What all frames have in common: orientation and size of pixels (C.7.6.16.2.1, .4)."""
    grid, orientation, measures, groups = planes.grid, Dataset(), Dataset(), Dataset()
    orientation.ImageOrientationPatient = decimal_strings(grid.orientation)
    measures.PixelSpacing = decimal_strings(grid.pixel_spacing_mm)
    (measures.SliceThickness,) = decimal_strings([grid.thickness_mm])
    if grid.spacing_mm is not None:
        (measures.SpacingBetweenSlices,) = decimal_strings([grid.spacing_mm])
    groups.PlaneOrientationSequence, groups.PixelMeasuresSequence = [orientation], [measures]
    return groups


def _segments(content: CaseFolderContent, one: SegmentationObject) -> Iterator[Dataset]:
    """Segment Description macro (C.8.20.4) of each structure."""
    task, corrected = one.chosen.record.task, hands(content.results)
    records = content.results.provenance.segmentations
    record = next((made for made in records if made.task == task), None)
    if one.is_label_map:
        yield _background()
    for structure in one.chosen.structures:
        number = one.segment_number(structure.structure)
        hand = corrected.get((task, structure.structure))
        remarks = [
            *([AT_L3] if one.chosen.only is not None else []),
            *([report_word("corrected", "en")] if hand else []),
        ]
        item = _segment(content, structure, number or 0, remarks)
        item.update(_made(content, record, hand))
        yield item


def _segment(
    content: CaseFolderContent,
    structure: StructureRecord,
    number: int,
    remarks: Sequence[str],
) -> Dataset:
    codes, item = codes_of(structure.structure), Dataset()
    item.SegmentNumber, item.SegmentLabel = number, structure.name[:64]
    told = [structure.structure, *structure.doubts, *remarks]
    item.SegmentDescription = "; ".join(told)[:1024]
    item.SegmentedPropertyCategoryCodeSequence = [code_item(codes.category)]
    kind = code_item(codes.type)
    if codes.side is not None:
        kind.SegmentedPropertyTypeModifierCodeSequence = [code_item(codes.side)]
    item.SegmentedPropertyTypeCodeSequence = [kind]
    if codes.region is not None:
        item.AnatomicRegionSequence = [code_item(codes.region)]
    item.RecommendedDisplayCIELabValue = cielab(structure.colour)
    item.TrackingID = structure.structure
    item.TrackingUID = content.uids.of("tracking", structure.structure)
    return item


def _made(
    content: CaseFolderContent, record: SegmentationRecord | None, hand: Hand | None
) -> Dataset:
    """What made the outline; of one that is a person's alone, no algorithm is told."""
    item = Dataset()
    item.SegmentAlgorithmType = ALGORITHM_TYPES[hand]
    if hand == "alone":
        return item
    item.SegmentAlgorithmName = algorithm_name(record)
    if record is not None:
        item.SegmentationAlgorithmIdentificationSequence = [_algorithm(content, record)]
    return item


def algorithm_name(record: SegmentationRecord | None) -> str:
    """What made a label map, in an LO; a task of an old case may have left no record."""
    return "Heimdallr" if record is None else f"{record.task} ({record.engine})"[:64]


def _algorithm(content: CaseFolderContent, record: SegmentationRecord) -> Dataset:
    """Algorithm Identification macro (10.16)."""
    item = Dataset()
    by_network = record.weights_origin != "none"
    family = ARTIFICIAL_INTELLIGENCE if by_network else MORPHOLOGICAL_OPERATIONS
    weights = [f"{one.name} sha256 {one.sha256}" for one in record.weights]
    item.AlgorithmFamilyCodeSequence = [code_item(family)]
    item.AlgorithmName = algorithm_name(record)
    item.AlgorithmVersion = content.results.provenance.version
    told = [f"weights: {record.weights_origin}", *weights, NOT_FOR_CLINICAL_USE]
    item.AlgorithmParameters = "; ".join(told)[:10240]
    return item


def _background() -> Dataset:
    """Segment 0 of a label map: what belongs to no structure."""
    item = Dataset()
    item.SegmentNumber, item.SegmentLabel = 0, BACKGROUND.meaning
    item.SegmentedPropertyCategoryCodeSequence = [code_item(BACKGROUND)]
    item.SegmentedPropertyTypeCodeSequence = [code_item(BACKGROUND)]
    item.RecommendedDisplayCIELabValue = cielab((0, 0, 0))
    item.SegmentAlgorithmType, item.SegmentAlgorithmName = "AUTOMATIC", "Heimdallr"
    return item
