"""Radiotherapy structure sets (RTSTRUCT): each region of interest a drawn structure.

Closed outlines on planes parallel to the case's images are read; points and open lines are no
structures. A plane without an outline is empty.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pydicom

from heimdallr.corrections.proposals.drawn import Drawn
from heimdallr.corrections.proposals.images_of_case import stack_of
from heimdallr.corrections.proposals.outlines import filled
from heimdallr.domain.errors import CorrectionError
from heimdallr.domain.statements import Statement
from heimdallr.imaging.patient_axes import LPS_RAS
from heimdallr.publishing.dicom.codes import finding_category
from heimdallr.publishing.dicom.segmentation_reader import UNREADABLE, SegmentCodes, code_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pydicom.dataset import Dataset

    from heimdallr.corrections.proposals.drawn import Masks
    from heimdallr.corrections.proposals.images_of_case import CaseImages
    from heimdallr.corrections.proposals.plane_stack import Floats, PlaneStack

CLOSED = frozenset({"CLOSED_PLANAR", "CLOSEDPLANAR_XOR"})

TARGETS = frozenset({"GTV", "CTV", "PTV", "TREATED_VOLUME"})
"""RTROIInterpretedType of what is irradiated: a lesion, or what lies around one."""

OFF_PLANE_MM = 0.2
"""How far a point may lie off its outline's plane, and that off an image. Chosen: planning systems
round coordinates to a tenth of a millimetre; slices are farther apart."""
_CORNERS = 3
"""Fewer points make no outline."""


def drawn_in_structure_set(path: Path, images: CaseImages) -> list[Drawn]:
    """The structures of a structure set, none of them filled yet.

    Raises:
        CorrectionError: it cannot be read, was drawn on another study or in other coordinates, or
            its outlines do not lie on planes parallel to the images.
    """
    try:
        dataset = pydicom.dcmread(path)
        frames = {str(_frame_of_reference(dataset, one)) for one in _regions(dataset)}
        for frame in frames or {str(dataset.get("FrameOfReferenceUID", ""))}:
            images.check(str(dataset.get("StudyInstanceUID", "")), frame)
        outlines = {int(one.ReferencedROINumber): list(_closed(one)) for one in _contours(dataset)}
        planes = images.stack.normal
        depths = [float(_depth(one, planes)) for many in outlines.values() for one in many]
        stack, on_images = _stack(images, np.array(depths))
        return [
            _drawn(dataset, region, outlines.get(int(region.ROINumber), []), stack, on_images)
            for region in _regions(dataset)
        ]
    except (*UNREADABLE, OSError):
        raise CorrectionError(Statement("proposal_unreadable", {"format": "RTSTRUCT"})) from None


def _drawn(
    dataset: Dataset,
    region: Dataset,
    outlines: list[Floats],
    stack: PlaneStack,
    on_images: bool,  # noqa: FBT001 - which of two stacks it is
) -> Drawn:
    number = int(region.ROINumber)
    observed = [
        one
        for one in dataset.get("RTROIObservationsSequence") or ()
        if int(one.get("ReferencedROINumber", -1)) == number
    ]
    codes = [one.get("RTROIIdentificationCodeSequence") or () for one in observed]
    code = code_of(next((item for items in codes for item in items), None))
    is_target = any(str(one.get("RTROIInterpretedType", "")) in TARGETS for one in observed)
    names = [region.get("ROIName", ""), *(one.get("ROIObservationLabel", "") for one in observed)]
    return Drawn(
        names=tuple(str(one).strip() for one in names if str(one).strip()),
        stack=stack,
        pixels=partial(_filled, stack, outlines),
        codes=SegmentCodes(code, category=finding_category() if is_target else None),
        leaves_out=True,
        keeps_beyond=on_images,
    )


def _filled(stack: PlaneStack, outlines: Sequence[Floats]) -> tuple[npt.NDArray[np.intp], Masks]:
    """The planes that outlines lie on, and the pixels within them."""
    by_plane: dict[int, list[Floats]] = {}
    for one in outlines:
        plane = int(stack.nearest(one.mean(axis=0)[None])[0])
        by_plane.setdefault(plane, []).append(stack.on_plane(plane, one))
    shape = (stack.rows, stack.columns)
    masks = np.zeros((len(by_plane), *shape), dtype=bool)
    for place, plane in enumerate(by_plane):
        masks[place] = filled(by_plane[plane], shape)
    return np.array(list(by_plane), dtype=np.intp), masks


def _stack(images: CaseImages, depths: Floats) -> tuple[PlaneStack, bool]:
    """The planes of the images where all outlines lie on them, else planes of their own."""
    stack, source = images.stack, images.source
    own = stack.origins_mm @ stack.normal
    nearest = stack.nearest(depths[:, None] * stack.normal)
    off = depths - own[nearest]
    if np.abs(off).max(initial=0.0) <= OFF_PLANE_MM:
        return stack, True
    origins = stack.origins_mm[nearest] + off[:, None] * stack.normal
    made = stack_of(
        origins @ LPS_RAS,
        source.planes[0].orientation,
        source.pixel_spacing_mm,
        (source.rows, source.columns),
        source.slice_thickness_mm,
    )
    return made, False


def _depth(outline: Floats, normal: Floats) -> float:
    """Where a flat outline lies along the normal of the images.

    Raises:
        CorrectionError: it is not parallel to them.
    """
    along = outline @ normal
    if float(np.ptp(along)) > 2 * OFF_PLANE_MM:
        raise CorrectionError(Statement("proposal_outlines_not_parallel"))
    return float(along.mean())


def _closed(contours: Dataset) -> list[Floats]:
    """(P, 3) RAS mm of each closed outline of a region."""
    outlines = []
    for one in contours.get("ContourSequence") or ():
        if str(one.get("ContourGeometricType", "")) in CLOSED:
            points = np.array(one.ContourData, dtype=np.float64).reshape(-1, 3)
            if not np.isfinite(points).all():
                msg = "an outline has a point that is none"
                raise ValueError(msg)
            if len(points) >= _CORNERS:
                outlines.append(points @ LPS_RAS)
    return outlines


def _regions(dataset: Dataset) -> Sequence[Dataset]:
    regions: Sequence[Dataset] = dataset.StructureSetROISequence
    return regions


def _contours(dataset: Dataset) -> Sequence[Dataset]:
    contours: Sequence[Dataset] = dataset.get("ROIContourSequence") or ()
    return contours


def _frame_of_reference(dataset: Dataset, region: Dataset) -> Any:  # noqa: ANN401 - a UID, or none
    return region.get("ReferencedFrameOfReferenceUID") or dataset.get("FrameOfReferenceUID", "")
