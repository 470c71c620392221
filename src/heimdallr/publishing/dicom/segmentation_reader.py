"""Reads segmentation objects back: which structure covers which pixels of which image.

BINARY and LABELMAP, whoever wrote them; geometry and names come from the object alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.pixels.utils import pixel_array

from heimdallr.domain.errors import ObjectError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pydicom.dataset import Dataset, FileDataset

Masks = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SegmentedPlane:
    """Where a frame lies, and the image it was drawn on.

    Attributes:
        position_lps_mm: centre of its first pixel.
        sop_instance_uid: of the image; empty where the frame names none.
        frame: number of the image's frame, from 1; ``None`` for a single-frame image.
    """

    position_lps_mm: tuple[float, float, float]
    sop_instance_uid: str
    frame: int | None


@dataclass(frozen=True, slots=True)
class Segment:
    """One structure.

    Attributes:
        number: SegmentNumber (0062,0004).
        label: SegmentLabel (0062,0005).
        structure: TrackingID (0062,0020): in our own objects the class name; empty when absent.
        planes: those it is on.
        masks: (N, rows, columns) its pixels on each of them.
    """

    number: int
    label: str
    structure: str
    planes: tuple[SegmentedPlane, ...]
    masks: Masks


@dataclass(frozen=True, slots=True)
class SegmentationImage:
    """A segmentation object.

    Attributes:
        series_instance_uids: of the series it refers to.
        frame_of_reference_uid: of its positions.
        orientation: cosines of rows and columns.
        pixel_spacing_mm: between rows, between columns.
        segments: in the order of their numbers, without the background.
    """

    series_instance_uids: tuple[str, ...]
    frame_of_reference_uid: str
    orientation: tuple[float, ...]
    pixel_spacing_mm: tuple[float, float]
    segments: tuple[Segment, ...]

    def centroid_lps_mm(self, segment: Segment) -> npt.NDArray[np.float64]:
        """(3,) mean position of a segment's pixels, every plane weighing the same."""
        frame, row, column = np.nonzero(segment.masks)
        cosines = np.asarray(self.orientation)
        between_rows, between_columns = self.pixel_spacing_mm
        positions = np.array([plane.position_lps_mm for plane in segment.planes])
        points = (
            positions[frame]
            + column[:, None] * cosines[:3] * between_columns
            + row[:, None] * cosines[3:] * between_rows
        )
        return np.asarray(points.mean(axis=0))


def read_segmentation(path: Path) -> SegmentationImage:
    """Read a segmentation object.

    Raises:
        ObjectError: it is none, or one of a type that is not read (FRACTIONAL).
        OSError: the file cannot be read.
    """
    try:
        dataset = pydicom.dcmread(path)
        return _read(dataset)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        msg = "the file is no segmentation object that can be read"
        raise ObjectError(msg, remedy="BINARY and LABELMAP segmentations are read") from error


def _read(dataset: FileDataset) -> SegmentationImage:
    shared = dataset.SharedFunctionalGroupsSequence[0]
    frames = dataset.PerFrameFunctionalGroupsSequence
    first, second = shared.PixelMeasuresSequence[0].PixelSpacing
    orientation = shared.PlaneOrientationSequence[0].ImageOrientationPatient
    return SegmentationImage(
        series_instance_uids=tuple(
            str(one.SeriesInstanceUID) for one in dataset.get("ReferencedSeriesSequence", ())
        ),
        frame_of_reference_uid=str(dataset.FrameOfReferenceUID),
        orientation=tuple(map(float, orientation)),
        pixel_spacing_mm=(float(first), float(second)),
        segments=tuple(_segments(dataset, tuple(map(_plane, frames)))),
    )


def _segments(dataset: FileDataset, planes: tuple[SegmentedPlane, ...]) -> Iterator[Segment]:
    pixels = _frames_of(dataset)
    is_label_map = dataset.SegmentationType == "LABELMAP"
    numbers = [] if is_label_map else [
        int(one.SegmentIdentificationSequence[0].ReferencedSegmentNumber)
        for one in dataset.PerFrameFunctionalGroupsSequence
    ]  # fmt: skip
    for one in sorted(dataset.SegmentSequence, key=lambda item: int(item.SegmentNumber)):
        number = int(one.SegmentNumber)
        if is_label_map:
            masks = pixels == number
            held = np.flatnonzero(masks.any(axis=(1, 2)))
            masks = masks[held]
        else:
            held = np.flatnonzero(np.asarray(numbers) == number)
            masks = pixels[held] > 0
        if number:
            yield Segment(
                number=number,
                label=str(one.SegmentLabel),
                structure=str(one.get("TrackingID", "")),
                planes=tuple(planes[frame] for frame in held),
                masks=masks,
            )


def _frames_of(dataset: FileDataset) -> npt.NDArray[np.uint8]:
    """(frames, rows, columns) stored values."""
    if dataset.SegmentationType not in {"BINARY", "LABELMAP"}:
        msg = "neither BINARY nor LABELMAP"
        raise ValueError(msg)
    shape = (int(dataset.NumberOfFrames), int(dataset.Rows), int(dataset.Columns))
    return np.asarray(pixel_array(dataset)).reshape(shape)


def _plane(groups: Dataset) -> SegmentedPlane:
    x, y, z = map(float, groups.PlanePositionSequence[0].ImagePositionPatient)
    derivations = groups.get("DerivationImageSequence") or ()
    sources = [one for item in derivations for one in item.get("SourceImageSequence") or ()]
    if not sources:
        return SegmentedPlane((x, y, z), "", None)
    frame = sources[0].get("ReferencedFrameNumber")
    uid = str(sources[0].ReferencedSOPInstanceUID)
    return SegmentedPlane((x, y, z), uid, None if frame is None else int(frame))
