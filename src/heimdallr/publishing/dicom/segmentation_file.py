"""Writes the frames of a segmentation: functional groups and pixels, straight to the file.

An object of a hundred structures on six hundred slices has ten thousand frames. Data sets of
pydicom for each would take minutes and gigabytes; here the bytes of what frames share are encoded
once (a plane's place and image, a segment's number), and each frame's item is put together of them.
Pixels are packed and written segment by segment, so that only the label map is in memory.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import numpy as np
from pydicom import dcmwrite
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.sr.coding import Code
from pydicom.valuerep import DSfloat
from rle.utils import encode_pixel_data

from heimdallr.domain.errors import ObjectError
from heimdallr.files import whole_file
from heimdallr.publishing.dicom.datasets import code_item
from heimdallr.publishing.dicom.references import instance_item

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from heimdallr.publishing.dicom.label_planes import LabelPlanes, Pixels, PlaneGrid

DERIVED_BY_SEGMENTATION = Code("113076", "DCM", "Segmentation")
SOURCE_OF_PROCESSING = Code("121322", "DCM", "Source image for image processing operation")
"""CID 7203 and CID 7202, which the Derivation Image macro asks for (PS3.3 C.7.6.16.2.6)."""

MAX_ELEMENT_BYTES = 2**32 - 2
"""What an element of stated length may hold (PS3.5 section 7.1)."""

_ITEM = struct.Struct("<HHI")
_LONG_ELEMENT = struct.Struct("<HH2sHI")
_FUNCTIONAL_GROUPS = (0x5200, 0x9230)
_PIXEL_DATA = (0x7FE0, 0x0010)
_UNDEFINED = 0xFFFFFFFF
_BYTE = 8


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame to be written.

    Attributes:
        plane: of the planes, from 0.
        segment: number of its segment; ``None`` in a label map, whose frames hold all of them.
        label: the number that stands for the segment in the label map.
    """

    plane: int
    segment: int | None = None
    label: int = 0


def write_binary(path: Path, header: Dataset, planes: LabelPlanes, labels: Sequence[int]) -> int:
    """Write a BINARY segmentation (PS3.3 C.8.20.2.3.1): a bit per pixel, a frame per segment.

    Args:
        path: the file to appear.
        header: everything but frames; NumberOfFrames is set here.
        planes: the label map.
        labels: number in the label map of segment 1, 2, …

    Returns:
        how many frames it has; without any, no file is written.

    Raises:
        ObjectError: the frames are too many for one object.
    """
    held = _labels_held(planes)
    frames = [
        Frame(plane, segment, label)
        for segment, label in enumerate(labels, start=1)
        for plane in np.flatnonzero(held[:, label]).tolist()
    ]
    pixels = planes.grid.rows * planes.grid.columns
    size = -(-len(frames) * pixels // _BYTE)
    _check_size(size)
    if not frames:
        return 0
    with whole_file(path) as file:
        _write_header(file, header, planes.grid, frames)
        file.write(_LONG_ELEMENT.pack(*_PIXEL_DATA, b"OB", 0, size + size % 2))
        masks = (planes.read(frame.plane) == frame.label for frame in frames)
        for packed in _packed(masks, pixels):
            file.write(packed.data)
        file.write(b"\0" * (size % 2))
    return len(frames)


def write_label_map(path: Path, header: Dataset, planes: LabelPlanes, labels: Sequence[int]) -> int:
    """Write a LABELMAP segmentation (C.8.20.2.3.3), RLE: a byte per pixel, a frame per plane.

    Arguments, result and errors are those of :func:`write_binary`; segments keep their numbers.
    """
    chosen = np.zeros(256, np.uint8)
    chosen[list(labels)] = list(labels)
    held = _labels_held(planes)[:, list(labels)].any(axis=1)
    frames = [Frame(int(plane)) for plane in np.flatnonzero(held)]
    rows, columns = planes.grid.rows, planes.grid.columns
    encoded = [_run_lengths(chosen[planes.read(one.plane)], rows, columns) for one in frames]
    _check_size(sum(map(len, encoded)))
    if not frames:
        return 0
    with whole_file(path) as file:
        _write_header(file, header, planes.grid, frames)
        file.write(_LONG_ELEMENT.pack(*_PIXEL_DATA, b"OB", 0, _UNDEFINED))
        _write_items(file, encoded)
    return len(frames)


def _labels_held(planes: LabelPlanes) -> npt.NDArray[np.bool_]:
    """(N, 256) whether a plane holds a label."""
    held = np.zeros((len(planes.grid.positions), 256), dtype=bool)
    for plane, found in enumerate(held):
        pixels = planes.read(plane).ravel()
        # A label is there where a pixel differs from the one before it: few do.
        found[pixels[1:][pixels[1:] != pixels[:-1]]] = True
        found[pixels[:1]] = True
    return held


def _check_size(size: int) -> None:
    if size > MAX_ELEMENT_BYTES:
        msg = f"the segmentation would take {size / 2**30:.1f} GiB, more than an object can hold"
        raise ObjectError(msg, remedy="choose fewer structures, or the label map (--labelmap)")


def _packed(masks: Iterable[npt.NDArray[np.bool_]], pixels: int) -> Iterator[Pixels]:
    """Bits of frames, the first pixel lowest; frames follow each other without a gap (PS3.5 8.1.1).

    Where a frame fills no whole bytes, eight together do.
    """
    together: list[npt.NDArray[np.bool_]] = []
    group = 1 if pixels % _BYTE == 0 else _BYTE
    for mask in masks:
        together.append(mask.ravel())
        if len(together) == group:
            yield np.packbits(
                np.concatenate(together) if group > 1 else together[0], bitorder="little"
            )
            together.clear()
    if together:
        yield np.packbits(np.concatenate(together), bitorder="little")


def _run_lengths(pixels: Pixels, rows: int, columns: int) -> bytes:
    """A frame in RLE (PS3.5 annex G), of even length."""
    encoded = encode_pixel_data(
        pixels.tobytes(), rows=rows, columns=columns, samples_per_pixel=1, bits_allocated=8
    )
    return bytes(encoded) + b"\0" * (len(encoded) % 2)


def _write_items(file: IO[bytes], fragments: Sequence[bytes]) -> None:
    """Encapsulated frames, a fragment each, with a basic offset table (PS3.5 A.4)."""
    sizes = [len(one) + _ITEM.size for one in fragments]
    offsets = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype("<u4").tobytes()
    for content in (offsets, *fragments):
        file.write(_ITEM.pack(0xFFFE, 0xE000, len(content)) + content)
    file.write(_ITEM.pack(0xFFFE, 0xE0DD, 0))


def _write_header(
    file: IO[bytes], header: Dataset, grid: PlaneGrid, frames: Sequence[Frame]
) -> None:
    """Everything up to the pixels."""
    header.NumberOfFrames = len(frames)
    dcmwrite(file, header, enforce_file_format=True)
    groups = b"".join(_functional_groups(grid, frames))
    file.write(_LONG_ELEMENT.pack(*_FUNCTIONAL_GROUPS, b"SQ", 0, len(groups)) + groups)


def _functional_groups(grid: PlaneGrid, frames: Sequence[Frame]) -> Iterator[bytes]:
    """An item of the Per-frame Functional Groups Sequence for each frame.

    The value of a frame on the position's dimension is the number of its plane among those that
    have a frame, as on the segment's it is the number of the segment.
    """
    planes = sorted({frame.plane for frame in frames})
    place = {plane: number for number, plane in enumerate(planes, start=1)}
    derivations = {plane: _derivation(grid, plane) for plane in planes}
    positions = {plane: _position(grid, plane) for plane in planes}
    identifications = {
        segment: _identification(segment)
        for segment in {frame.segment for frame in frames}
        if segment is not None
    }
    for frame in frames:
        index = (
            (place[frame.plane],) if frame.segment is None else (frame.segment, place[frame.plane])
        )
        item = (
            derivations[frame.plane]
            + _frame_content(index)
            + positions[frame.plane]
            + (b"" if frame.segment is None else identifications[frame.segment])
        )
        yield _ITEM.pack(0xFFFE, 0xE000, len(item)) + item


def _derivation(grid: PlaneGrid, plane: int) -> bytes:
    """Derivation Image macro (C.7.6.16.2.6)."""
    item, groups, source = Dataset(), Dataset(), grid.sources[plane]
    image = instance_item(source.sop_instance_uid, source.sop_class_uid)
    if source.frame is not None:
        image.ReferencedFrameNumber = source.frame
    image.SpatialLocationsPreserved = "YES" if grid.on_sources else "NO"
    image.PurposeOfReferenceCodeSequence = [code_item(SOURCE_OF_PROCESSING)]
    item.SourceImageSequence = [image]
    item.DerivationCodeSequence = [code_item(DERIVED_BY_SEGMENTATION)]
    groups.DerivationImageSequence = [item]
    return encoded_elements(groups)


def _position(grid: PlaneGrid, plane: int) -> bytes:
    """Plane Position (Patient) macro (C.7.6.16.2.3)."""
    item, groups = Dataset(), Dataset()
    item.ImagePositionPatient = decimal_strings(grid.positions[plane])
    groups.PlanePositionSequence = [item]
    return encoded_elements(groups)


def _identification(segment: int) -> bytes:
    """Segment Identification macro (C.8.20.3.1)."""
    item, groups = Dataset(), Dataset()
    item.ReferencedSegmentNumber = segment
    groups.SegmentIdentificationSequence = [item]
    return encoded_elements(groups)


def _frame_content(index: tuple[int, ...]) -> bytes:
    """Frame Content macro (C.7.6.16.2.2): DimensionIndexValues (0020,9157), UL."""
    values = struct.pack(f"<HH2sH{len(index)}I", 0x0020, 0x9157, b"UL", 4 * len(index), *index)
    item = _ITEM.pack(0xFFFE, 0xE000, len(values)) + values
    return _LONG_ELEMENT.pack(0x0020, 0x9111, b"SQ", 0, len(item)) + item


def decimal_strings(values: Iterable[float]) -> list[DSfloat]:
    """Numbers in the 16 characters that a DS has (PS3.5 6.2)."""
    return [DSfloat(float(value), auto_format=True) for value in values]


def encoded_elements(dataset: Dataset) -> bytes:
    """The elements of a data set in Explicit VR Little Endian."""
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    write_dataset(buffer, dataset, parent_encoding="utf-8")
    return bytes(buffer.getvalue())
