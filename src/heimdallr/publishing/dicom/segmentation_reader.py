"""Reads segmentation objects back: which structure covers which pixels of which image.

BINARY, LABELMAP and FRACTIONAL, whoever wrote them; geometry, names and codes come from the object
alone. Pixels are decoded when a segment's masks are asked for: a hundred structures on six hundred
slices are gigabytes.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.errors import InvalidDicomError
from pydicom.pixels.utils import iter_pixels, pixel_array
from pydicom.sr.coding import Code

from heimdallr.domain.errors import ObjectError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pydicom.dataset import Dataset, FileDataset

Masks = npt.NDArray[np.bool_]

UNREADABLE = (
    ArithmeticError, AttributeError, EOFError, InvalidDicomError, LookupError, RuntimeError,
    TypeError, ValueError, struct.error,
)  # fmt: skip
"""What pydicom and NumPy raise of an object that is not as it should be."""

TYPES = frozenset({"BINARY", "LABELMAP", "FRACTIONAL"})
AT_LEAST = 0.5
"""Share of its largest value from which a FRACTIONAL pixel belongs to the structure."""
LARGEST_PIXELS = 2**30
"""Of the frames decoded together. Chosen: six times those of a CT of 600 slices of 512²."""
_TURNED = 1e-3
"""How far direction cosines of frames may differ and still be rounded ones of one orientation."""


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
class SegmentCodes:
    """What a segment says it is, in codes; ``None`` where it does not.

    Attributes:
        type: SegmentedPropertyType.
        side: left or right, as the type's or the region's modifier.
        region: AnatomicRegion.
        category: SegmentedPropertyCategory.
    """

    type: Code | None = None
    side: Code | None = None
    region: Code | None = None
    category: Code | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """One structure.

    Attributes:
        number: SegmentNumber (0062,0004).
        label: SegmentLabel (0062,0005).
        structure: TrackingID (0062,0020): in our own objects the class name; empty when absent.
        codes: what it is, in codes.
        planes: those it is on.
        frames: of the object, one for each plane.
    """

    number: int
    label: str
    structure: str
    codes: SegmentCodes
    planes: tuple[SegmentedPlane, ...]
    frames: tuple[int, ...]
    _pixels: _Pixels = field(repr=False, compare=False)

    @property
    def masks(self) -> Masks:
        """(N, rows, columns) its pixels on each of its planes, decoded anew each time.

        Raises:
            ObjectError: they cannot be decoded.
        """
        return self._pixels.masks(self.frames, self.number)


@dataclass(frozen=True, slots=True)
class SegmentationImage:
    """A segmentation object.

    Attributes:
        study_instance_uid: of its study.
        series_instance_uids: of the series it refers to.
        frame_of_reference_uid: of its positions.
        orientation: cosines of rows and columns.
        pixel_spacing_mm: between rows, between columns.
        plane_spacing_mm: what is told of the distance between planes; ``None`` where nothing is.
        rows: of each plane.
        columns: of each plane.
        segments: in the order of their numbers, without the background.
    """

    study_instance_uid: str
    series_instance_uids: tuple[str, ...]
    frame_of_reference_uid: str
    orientation: tuple[float, ...]
    pixel_spacing_mm: tuple[float, float]
    plane_spacing_mm: float | None
    rows: int
    columns: int
    segments: tuple[Segment, ...]


class _Pixels:
    """The frames of an object, decoded on demand.

    Args:
        dataset: the object.
    """

    def __init__(self, dataset: FileDataset) -> None:
        self._dataset = dataset
        self.kind = str(dataset.SegmentationType)
        if self.kind not in TYPES:
            msg = "no type of segmentation that is known"
            raise ValueError(msg)
        self.shape = (int(dataset.Rows), int(dataset.Columns))
        self.frames = int(dataset.NumberOfFrames)
        self._largest = float(dataset.get("MaximumFractionalValue") or 255)
        if self.kind == "LABELMAP" and self.frames * math.prod(self.shape) > LARGEST_PIXELS:
            msg = "more frames than are read at once"
            raise ValueError(msg)

    @cached_property
    def labels(self) -> npt.NDArray[Any]:
        """(frames, rows, columns) numbers of a LABELMAP."""
        return np.asarray(pixel_array(self._dataset)).reshape((self.frames, *self.shape))

    @cached_property
    def frames_of_labels(self) -> dict[int, tuple[int, ...]]:
        """Number → frames that hold it."""
        held: dict[int, list[int]] = {}
        for frame, plane in enumerate(self.labels):
            for number in np.flatnonzero(np.bincount(plane.ravel())).tolist():
                held.setdefault(number, []).append(frame)
        return {number: tuple(frames) for number, frames in held.items()}

    def masks(self, frames: Sequence[int], number: int) -> Masks:
        """(N, rows, columns) pixels of a segment on some frames."""
        try:
            return self._masks(frames, number)
        except UNREADABLE as error:
            raise _unreadable() from error

    def _masks(self, frames: Sequence[int], number: int) -> Masks:
        if self.kind == "LABELMAP":
            return np.asarray(self.labels[list(frames)] == number)
        masks = np.zeros((len(frames), *self.shape), dtype=bool)
        if masks.size > LARGEST_PIXELS:
            msg = "more frames than are read at once"
            raise ValueError(msg)
        least = AT_LEAST * self._largest if self.kind == "FRACTIONAL" else 1
        for place, frame in enumerate(self._decoded(frames)):
            masks[place] = frame.reshape(self.shape) >= least
        return masks

    def _decoded(self, frames: Sequence[int]) -> Iterator[npt.NDArray[Any]]:
        dataset = self._dataset
        if dataset.BitsAllocated != 1 or dataset.file_meta.TransferSyntaxUID.is_compressed:
            yield from iter_pixels(dataset, indices=frames) if frames else ()
            return
        # Frames follow each other without a gap, in the midst of a byte; pydicom 3 begins each
        # with a byte of its own.
        packed, size = np.frombuffer(dataset.PixelData, np.uint8), math.prod(self.shape)
        for frame in frames:
            first, skipped = divmod(frame * size, 8)
            some = packed[first : first + (skipped + size + 7) // 8]
            yield np.unpackbits(some, bitorder="little")[skipped : skipped + size]


def read_segmentation(path: Path) -> SegmentationImage:
    """Read a segmentation object.

    Raises:
        ObjectError: it is none, or one whose frames are not parallel planes of a patient.
        OSError: the file cannot be read.
    """
    try:
        return _read(pydicom.dcmread(path))
    except UNREADABLE as error:
        raise _unreadable() from error


def _unreadable() -> ObjectError:
    msg = "the file is no segmentation object that can be read"
    return ObjectError(msg, remedy="BINARY, LABELMAP and FRACTIONAL segmentations are read")


def _read(dataset: FileDataset) -> SegmentationImage:
    shared = dataset.get("SharedFunctionalGroupsSequence") or [pydicom.Dataset()]
    frames = [_groups(shared[0], own) for own in dataset.PerFrameFunctionalGroupsSequence]
    pixels = _Pixels(dataset)
    if len(frames) != pixels.frames:
        msg = "not every frame is described"
        raise ValueError(msg)
    measures = frames[0]["PixelMeasuresSequence"]
    between_rows, between_columns = map(float, measures.PixelSpacing)
    spacing = measures.get("SpacingBetweenSlices") or measures.get("SliceThickness")
    return SegmentationImage(
        study_instance_uid=str(dataset.get("StudyInstanceUID", "")),
        series_instance_uids=tuple(
            str(one.SeriesInstanceUID) for one in dataset.get("ReferencedSeriesSequence") or ()
        ),
        frame_of_reference_uid=str(dataset.FrameOfReferenceUID),
        orientation=_orientation(frames),
        pixel_spacing_mm=(between_rows, between_columns),
        plane_spacing_mm=abs(float(spacing)) if spacing else None,
        rows=pixels.shape[0],
        columns=pixels.shape[1],
        segments=tuple(_segments(dataset, pixels, frames)),
    )


_GROUPS = (
    "PixelMeasuresSequence", "PlaneOrientationSequence", "PlanePositionSequence",
    "SegmentIdentificationSequence", "DerivationImageSequence",
)  # fmt: skip


def _groups(shared: Dataset, own: Dataset) -> dict[str, Any]:
    """What is said of a frame, by itself or with all others; of derivations, all."""
    found: dict[str, Any] = {}
    for name in _GROUPS:
        items = own.get(name) or shared.get(name)
        if items:
            found[name] = items if name == "DerivationImageSequence" else items[0]
    return found


def _orientation(frames: Sequence[dict[str, Any]]) -> tuple[float, ...]:
    """The one orientation of all frames."""
    cosines = np.array(
        [one["PlaneOrientationSequence"].ImageOrientationPatient for one in frames], float
    )
    if np.abs(cosines - cosines[0]).max() > _TURNED:
        msg = "frames are not parallel"
        raise ValueError(msg)
    return tuple(cosines[0].tolist())


def _segments(
    dataset: FileDataset, pixels: _Pixels, frames: Sequence[dict[str, Any]]
) -> Iterator[Segment]:
    planes = tuple(map(_plane, frames))
    held: dict[int, list[int]] = {}
    if pixels.kind != "LABELMAP":
        for place, one in enumerate(frames):
            number = int(one["SegmentIdentificationSequence"].ReferencedSegmentNumber)
            held.setdefault(number, []).append(place)
    for one in sorted(dataset.SegmentSequence, key=lambda item: int(item.SegmentNumber)):
        number = int(one.SegmentNumber)
        of_it = pixels.frames_of_labels if pixels.kind == "LABELMAP" else held
        if number:
            yield Segment(
                number=number,
                label=str(one.get("SegmentLabel", "")),
                structure=str(one.get("TrackingID", "")),
                codes=_codes(one),
                planes=tuple(planes[place] for place in of_it.get(number, ())),
                frames=tuple(of_it.get(number, ())),
                _pixels=pixels,
            )


def _codes(segment: Dataset) -> SegmentCodes:
    kind, region, category = (
        next(iter(segment.get(name) or ()), None)
        for name in (
            "SegmentedPropertyTypeCodeSequence",
            "AnatomicRegionSequence",
            "SegmentedPropertyCategoryCodeSequence",
        )
    )
    side = next(
        (
            item
            for holder, name in (
                (kind, "SegmentedPropertyTypeModifierCodeSequence"),
                (region, "AnatomicRegionModifierSequence"),
                (segment, "SegmentedPropertyTypeModifierCodeSequence"),
            )
            if holder is not None
            for item in holder.get(name) or ()
        ),
        None,
    )
    return SegmentCodes(*map(code_of, (kind, side, region, category)))


def code_of(item: Dataset | None) -> Code | None:
    """The code of a code sequence's item; ``None`` where it is none."""
    if item is None or "CodeValue" not in item or "CodingSchemeDesignator" not in item:
        return None
    value, scheme = str(item.CodeValue), str(item.CodingSchemeDesignator)
    return Code(value, scheme, str(item.get("CodeMeaning", "")))


def _plane(groups: dict[str, Any]) -> SegmentedPlane:
    x, y, z = map(float, groups["PlanePositionSequence"].ImagePositionPatient)
    derivations = groups.get("DerivationImageSequence") or ()
    sources = [one for item in derivations for one in item.get("SourceImageSequence") or ()]
    if not sources:
        return SegmentedPlane((x, y, z), "", None)
    frame = sources[0].get("ReferencedFrameNumber")
    uid = str(sources[0].get("ReferencedSOPInstanceUID", ""))
    if isinstance(frame, pydicom.multival.MultiValue):
        frame = frame[0] if frame else None
    return SegmentedPlane((x, y, z), uid, None if frame is None else int(frame))
