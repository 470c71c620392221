"""Outlines that a viewer can draw, as a structured report of planar groups (TID 1410).

Two places where one looks: the muscle at L3, and a bleed on the slice that shows most of it. Each
is a closed line on one image of the source, with the measured value that it is shown for and the
area that it encloses. These differ: the line is around the muscles with the fat that lies in them,
of which the measured area is what has muscle's attenuation. Under a value stands nothing more:
viewers (OHIF 3) show no value that has modifiers, and nothing of a report that holds a group of
another kind; the other report has all that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from heimdallr.analyses import cerebral_haemorrhage, sarcopenia_l3
from heimdallr.analyses.anatomy.axial_tissue import (
    ARMS,
    BODY_PARTS,
    MUSCLE,
    Section,
    compartments_of,
    labelled,
)
from heimdallr.analyses.cerebral_haemorrhage import BRAIN
from heimdallr.domain.terms import measurement_name
from heimdallr.publishing.dicom import measurement_codes as concepts
from heimdallr.publishing.dicom.codes import codes_of
from heimdallr.publishing.dicom.content_items import Relationship, image, number, polyline
from heimdallr.publishing.dicom.kinds import DicomObject
from heimdallr.publishing.dicom.label_planes import source_planes
from heimdallr.publishing.dicom.missing_uids import SERIES, uid_in
from heimdallr.publishing.dicom.nearest_plane import nearest_plane
from heimdallr.publishing.dicom.outlines import outline, signed_area
from heimdallr.publishing.dicom.segmentation import is_resampled
from heimdallr.publishing.dicom.sr_document import Group, document, measurement_group
from heimdallr.publishing.dicom.sr_items import site
from heimdallr.publishing.targets import MIDDLE_OF_BLEED, Grid, Places

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy.typing as npt

    from heimdallr.domain.source_images import SourcePlane
    from heimdallr.domain.statements import Language
    from heimdallr.domain.verification import Verification
    from heimdallr.imaging.volume import LabelMap
    from heimdallr.publishing.dicom.case_content import CaseFolderContent
    from heimdallr.publishing.dicom.content_items import ContentItem
    from heimdallr.publishing.dicom.kinds import Reference
    from heimdallr.publishing.dicom.label_planes import Pixels
    from heimdallr.publishing.dicom.sr_document import SrDocument
    from heimdallr.publishing.schema import MeasurementRecord

    Mask = npt.NDArray[np.bool_]

DESCRIPTION = "Heimdallr outlines"
ANATOMY = "total"
"""The label map of the whole body, whatever task made it."""


@dataclass(frozen=True, slots=True)
class _Outlined:
    """What is outlined.

    Attributes:
        map: the label map it is in.
        structure: its class there.
        slice: the measurement that names the slice.
        value: the measurement that the outline carries.
    """

    map: str
    structure: str
    slice: str
    value: str


OUTLINED = (
    _Outlined("tissue_types", MUSCLE, sarcopenia_l3.SLICE.name, sarcopenia_l3.SMA.name),
    _Outlined(
        "bleed",
        cerebral_haemorrhage.LABEL,
        MIDDLE_OF_BLEED,
        cerebral_haemorrhage.VOLUME.name,
    ),
)


def planar_report(
    content: CaseFolderContent,
    language: Language,
    replaces: Sequence[Reference] = (),
    verification: Verification | None = None,
) -> SrDocument | None:
    """The report; ``None`` where the case has nothing to outline.

    Args:
        content: the case.
        language: of its texts.
        replaces: reports of earlier results of the study.
        verification: who verified the results.

    Raises:
        ObjectError: a label map is damaged, or the images are not those of the case.
    """
    found = [one for outlined in OUTLINED for one in _group(content, outlined, language)]
    if not found:
        return None
    series = uid_in(content.source.header, SERIES)
    return document(
        content,
        DicomObject.SR_PLANAR,
        language,
        groups=[group for group, _ in found],
        references=[
            (plane.series_instance_uid or series, plane.sop_class_uid, plane.sop_instance_uid)
            for _, plane in found
        ],
        description=DESCRIPTION,
        replaces=replaces,
        verification=verification,
    )


def _group(
    content: CaseFolderContent, outlined: _Outlined, language: Language
) -> Iterator[tuple[ContentItem, SourcePlane]]:
    """The group of one outline, and the image it lies on."""
    by_name = {one.name: one for one in content.results.measurements}
    level, value = by_name.get(outlined.slice), by_name.get(outlined.value)
    if level is None or not isinstance(level.value, int) or content.map_of(outlined.map) is None:
        return
    plane = _plane(content, outlined, level.value)
    line = None if plane is None else outline(_mask(content, plane, outlined))
    if plane is None or line is None:
        return
    on_image = image(
        concepts.SOURCE_OF_REGION,
        plane.sop_class_uid,
        plane.sop_instance_uid,
        Relationship.SELECTED_FROM,
        frame=plane.frame,
    )
    told = Group(
        measurement_name(outlined.value, language),
        content.uids.of("tracking", "outline", outlined.value),
        codes_of(outlined.structure).type,
    )
    region = polyline(concepts.IMAGE_REGION, line.astype(float), on_image)
    down_mm, across_mm = content.source.pixel_spacing_mm
    enclosed_cm2 = abs(signed_area(line)) * down_mm * across_mm / 100
    items = [site(outlined.structure), *_values(value, enclosed_cm2, language), region]
    group = measurement_group(told, items, "1410")
    yield group, plane


def _plane(content: CaseFolderContent, outlined: _Outlined, k: int) -> SourcePlane | None:
    """The source image at the structure's height on an axial slice of the volume."""
    labels = content.labels
    if labels is None:
        return None
    places = Places(Grid(labels.shape, np.array(labels.affine)), labels.maps)
    target = places.on_slice(k, outlined.structure)
    return nearest_plane(content.source, target.position_ras_mm) if target else None


def _mask(content: CaseFolderContent, plane: SourcePlane, outlined: _Outlined) -> Mask:
    """(rows, columns) the structure on an image; muscle without the arms, as it is measured."""
    labels, names = _labels(content, plane, outlined.map)
    if outlined.structure != MUSCLE:
        return labelled(labels, names, {outlined.structure})
    structures, structure_names = _labels(content, plane, ANATOMY)
    rejections = content.results.provenance.rejections
    rejected = {one.name for one in rejections if one.kind == "structure"}
    section = Section(
        tissues=labels,
        tissue_names=names,
        structures=structures,
        structure_names=structure_names,
        arms=labelled(*_labels(content, plane, BODY_PARTS), ARMS - rejected),
        spacing_mm=content.source.pixel_spacing_mm,
    )
    return compartments_of(section)[MUSCLE]


def _labels(
    content: CaseFolderContent, plane: SourcePlane, label_map: str
) -> tuple[Pixels, Mapping[int, str]]:
    """(rows, columns) a label map on an image, and its names; empty where there is no such map."""
    if content.map_of(label_map) is None:
        return np.zeros((content.source.rows, content.source.columns), np.uint8), {}
    found = content.label_map(label_map)
    if cerebral_haemorrhage.LABEL in found.names.values():
        found = _measured(content, found)
    planes = source_planes(found, content.source, resampled=is_resampled(content))
    return planes.read(planes.grid.sources.index(plane)), found.names


def _measured(content: CaseFolderContent, bleed_map: LabelMap) -> LabelMap:
    """Of a bleed what its volume counts, where the brain is there to tell."""
    record = content.map_of(ANATOMY)
    if record is None or all(one.structure != BRAIN for one in record.structures):
        return bleed_map
    return cerebral_haemorrhage.measured_bleed(bleed_map, content.label_map(ANATOMY))


def _values(
    one: MeasurementRecord | None, enclosed_cm2: float, language: Language
) -> Iterator[ContentItem]:
    """What was measured, and the area of the region itself; neither where that was not measured."""
    if one is None or not isinstance(one.value, int | float):
        return
    name = concepts.concept_of(one.name, language).name
    if name == concepts.AREA:  # of what has such values; the region's own is another number
        meaning = f"{measurement_name(one.name, language)}, {one.parameters.get('window', '')}"
        name = concepts.local(one.name, meaning.rstrip(", "))
    yield number(name, one.value, concepts.UNITS[one.unit])
    yield number(concepts.AREA, round(enclosed_cm2, 2), concepts.UNITS["cm2"])
