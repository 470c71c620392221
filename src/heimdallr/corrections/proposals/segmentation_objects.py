"""DICOM segmentations of other tools: each segment a drawn structure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heimdallr.corrections.proposals.drawn import Drawn
from heimdallr.corrections.proposals.images_of_case import stack_of
from heimdallr.domain.errors import CorrectionError, ObjectError
from heimdallr.domain.statements import Statement
from heimdallr.imaging.patient_axes import LPS_RAS
from heimdallr.publishing.dicom.segmentation_reader import read_segmentation

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy.typing as npt

    from heimdallr.corrections.proposals.drawn import Masks
    from heimdallr.corrections.proposals.images_of_case import CaseImages
    from heimdallr.publishing.dicom.segmentation_reader import Segment


def drawn_in_segmentation(path: Path, images: CaseImages) -> list[Drawn]:
    """The structures of a segmentation object, none of them decoded yet.

    Frames on the planes of the case's images are taken pixel by pixel; what lies beyond those
    images nobody has seen. Other frames make a grid of their own.

    Raises:
        CorrectionError: it cannot be read, or was drawn on another study or in other coordinates.
    """
    try:
        image = read_segmentation(path)
    except (ObjectError, OSError):
        raise unreadable() from None
    images.check(image.study_instance_uid, image.frame_of_reference_uid)
    positions = np.array(
        [plane.position_lps_mm for one in image.segments for plane in one.planes]
    ).reshape(-1, 3)
    if not len(positions):
        return []
    shape = (image.rows, image.columns)
    place = images.places(positions, image.orientation, image.pixel_spacing_mm, shape)
    stack, on_images = images.stack, place is not None
    if place is None:
        stack = stack_of(
            positions, image.orientation, image.pixel_spacing_mm, shape, image.plane_spacing_mm
        )
        place = stack.nearest(positions @ LPS_RAS)
    drawn, begin = [], 0
    for one in image.segments:
        planes, begin = place[begin : begin + len(one.planes)], begin + len(one.planes)
        drawn.append(
            Drawn(
                names=_names(one),
                stack=stack,
                pixels=_pixels(one, planes),
                codes=one.codes,
                leaves_out=True,
                keeps_beyond=on_images,
            )
        )
    return drawn


def unreadable() -> CorrectionError:
    """What is said of a file that is no segmentation object."""
    return CorrectionError(Statement("proposal_unreadable", {"format": "DICOM SEG"}))


def _names(segment: Segment) -> tuple[str, ...]:
    codes = segment.codes
    meaning = codes.type.meaning if codes.type else ""
    side = codes.side.meaning if codes.side else ""
    names = (segment.structure, segment.label, f"{side} {meaning}" if meaning else "")
    return tuple(one.strip() for one in names if one.strip())


def _pixels(
    segment: Segment, planes: npt.NDArray[np.intp]
) -> Callable[[], tuple[npt.NDArray[np.intp], Masks]]:
    def decoded() -> tuple[npt.NDArray[np.intp], Masks]:
        try:
            return planes, segment.masks
        except ObjectError:
            raise unreadable() from None

    return decoded
