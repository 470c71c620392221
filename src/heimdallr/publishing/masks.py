"""One NIfTI mask per structure, and one label map of all, in the image's own grid, at disk speed.

A label map of 117 structures over a 512×512×600 CT becomes 18 GB of plain masks, nearly all
zeros. Compressing them one after another takes minutes; here only the box around a structure is
compressed, the zeros around it are a constant (see :mod:`heimdallr.publishing.gzip_stream`), and
the structures are shared among threads (ISA-L and NumPy release the interpreter lock).
"""

from __future__ import annotations

import gzip
import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
from nibabel.openers import Opener

from heimdallr.domain.errors import PublishingError
from heimdallr.files import whole_file
from heimdallr.imaging.morphology import label_boxes
from heimdallr.publishing import gzip_stream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from concurrent.futures import Executor
    from pathlib import Path

    from heimdallr.imaging.volume import Affine, Array, LabelMap, NativeGrid
    from heimdallr.publishing.gzip_stream import Piece

WORTHWHILE_GAP_BYTES = 4096
"""Shorter runs of zeros between two slices are left to the compressor: a cut costs bytes too."""

LARGEST_LABEL = int(np.iinfo(np.uint8).max)
"""Of a label map in one file; TotalSegmentator's largest task has 117."""

_WORDS = ("data_type", "db_name", "descrip", "aux_file", "intent_name", "unused_str")
"""Fields of a NIfTI-1 or NIfTI-2 header that hold free text, or may."""

Box = tuple[slice, ...]


def write_masks(
    folder: Path,
    label_map: LabelMap,
    grid: NativeGrid,
    *,
    together: Path | None = None,
    threads: int | None = None,
) -> tuple[str, ...]:
    """Write ``<structure>.nii.gz`` for every structure that has a voxel.

    Args:
        folder: existing folder to write into.
        label_map: structures in RAS+ order, on the same voxels as the image.
        grid: the image file's own axis order and affine, which the masks get.
        together: where to write the label map itself, all structures in one file of uint8;
            nothing is written when no structure has a voxel.
        threads: how many structures are written at a time; one per processor by default.

    Returns:
        Names of the structures written, in the order of their label numbers.

    Raises:
        PublishingError: the label map is not on the image's voxels, holds a nameless label, or
            more labels than a file of uint8 has numbers for.
    """
    slices = _in_file_order(label_map, grid)
    boxes = label_boxes(slices)
    if nameless := boxes.keys() - label_map.names.keys():
        msg = f"the label map holds label {min(nameless)}, which has no name"
        raise PublishingError(msg)
    if together and max(boxes, default=0) > LARGEST_LABEL:
        msg = f"label {max(boxes)} does not fit a label map, whose labels end at {LARGEST_LABEL}"
        raise PublishingError(msg)
    place = together if boxes else None
    return _write(folder, _Written(label_map.names, slices, grid, boxes), place, threads)


def rewrite_masks(
    folder: Path,
    label_map: LabelMap,
    grid: NativeGrid,
    boxes: Mapping[int, Box],
    *,
    together: Path,
    threads: int | None = None,
) -> None:
    """Write some structures' masks and the label map anew, as :func:`write_masks` would.

    Args:
        folder: of the masks; those of other structures are not looked at.
        label_map: structures in RAS+ order, on the same voxels as the image.
        grid: the image file's own axis order and affine.
        boxes: label of each structure to write → the box around all of its voxels, RAS+ order.
        together: where the label map is written.
        threads: how many structures are written at a time; one per processor by default.

    Raises:
        PublishingError: the label map is not on the image's voxels.
    """
    slices = _in_file_order(label_map, grid)
    native = {number: grid.box_from_canonical(box)[::-1] for number, box in boxes.items()}
    _write(folder, _Written(label_map.names, slices, grid, native), together, threads)


def write_label_map(
    path: Path, label_map: LabelMap, grid: NativeGrid, *, threads: int | None = None
) -> None:
    """Write a label map alone, the very file that :func:`write_masks` writes beside the masks.

    Raises:
        PublishingError: the label map is not on the image's voxels.
    """
    slices = _in_file_order(label_map, grid)
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        _write_together(path, mask_header(grid), slices, pool)


@dataclass(frozen=True, slots=True)
class _Written:
    """Structures to write: (Z, Y, X) labels in file order, and the box around each."""

    names: Mapping[int, str]
    slices: Array
    grid: NativeGrid
    boxes: Mapping[int, Box]


def _in_file_order(label_map: LabelMap, grid: NativeGrid) -> Array:
    """(Z, Y, X) labels as a file has them, C-contiguous.

    NIfTI stores the first axis fastest: transposed, the file's bytes lie in C order.
    """
    native = grid.from_canonical(label_map.data)
    if native.shape != grid.shape:
        msg = f"a label map of {native.shape} voxels does not fit an image of {grid.shape}"
        raise PublishingError(msg)
    return np.ascontiguousarray(native.T)


def _write(
    folder: Path, what: _Written, together: Path | None, threads: int | None
) -> tuple[str, ...]:
    header = mask_header(what.grid)

    def write(number: int) -> str:
        name = what.names[number]
        pieces = _mask_pieces(header, what.slices, number, what.boxes[number])
        with whole_file(folder / f"{name}.nii.gz") as file:
            file.writelines(gzip_stream.assemble(pieces))
        return name

    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        written = pool.map(write, what.boxes)
        if together:
            _write_together(together, header, what.slices, pool)
        return tuple(written)


def _write_together(path: Path, header: bytes, slices: Array, pool: Executor) -> None:
    plain = slices.astype(np.uint8, copy=False).reshape(-1).data
    parts = [memoryview(header), *gzip_stream.chunks(plain)]
    pieces = pool.map(gzip_stream.compress, parts)
    with whole_file(path) as file:
        file.writelines(gzip_stream.assemble(pieces))


def mask_header(grid: NativeGrid) -> bytes:
    """The 352 bytes before the voxels of a mask: the grid's geometry, data type uint8.

    Scanner coordinates are given in both of NIfTI's ways (``qform``, ``sform``), as dcm2niix and
    so TotalSegmentator's masks do; a sheared grid (gantry tilt) cannot be told as a quaternion
    and has its ``sform`` only.
    """
    header = nib.Nifti1Header()
    header.set_data_dtype(np.uint8)
    header.set_data_shape(grid.shape)
    header.set_zooms(np.linalg.norm(grid.affine[:3, :3], axis=0))
    header.set_xyzt_units("mm", "sec")
    header.set_sform(grid.affine, code="scanner")
    if _orthogonal(grid.affine):
        header.set_qform(grid.affine, code="scanner")
    header["magic"] = b"n+1"
    header["vox_offset"] = 352
    header["scl_slope"], header["scl_inter"] = 1, 0
    return bytes(header.binaryblock) + bytes(4)


def write_volume(path: Path, source: Path, *, threads: int | None = None) -> None:
    """Write the converted image to ``path`` (``.nii.gz``): its voxels as they are, and no words.

    What a person brought may name the patient in its header, in an extension, or as the file name
    that gzip remembers: none of that goes on.

    Raises:
        PublishingError: ``source`` is neither ``.nii`` nor ``.nii.gz``.
    """
    if not source.name.endswith((".nii", ".nii.gz")):
        msg = f"{path.name} can be made of a NIfTI file only"
        raise PublishingError(msg)
    image = nib.load(source)
    voxels = image.dataobj
    first = voxels.offset
    last = first + math.prod(voxels.shape) * voxels.dtype.itemsize
    with Opener(source) as file:  # a loaded image's own has lost slope and intercept
        header = image.header_class.from_fileobj(file)
    for field in _WORDS:
        if field in header:
            header[field] = b""
    header.extensions.clear()
    header.set_data_offset(header.single_vox_offset)
    head = bytes(header.binaryblock).ljust(header.single_vox_offset, b"\0")
    if source.suffix == ".gz":
        with gzip.open(source) as packed:
            plain = memoryview(packed.read())
    else:
        plain = np.memmap(source, np.uint8, mode="r").data
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool, whole_file(path) as file:
        pieces = [memoryview(head), *gzip_stream.chunks(plain[first:last])]
        file.writelines(gzip_stream.assemble(pool.map(gzip_stream.compress, pieces)))


def _mask_pieces(header: bytes, slices: Array, number: int, box: Box) -> Iterator[Piece]:
    """The mask file of one label, as gzip pieces.

    Args:
        header: what stands before the voxels.
        slices: (Z, Y, X) label map in file order, C-contiguous.
        number: the label.
        box: its bounding box in ``slices``.
    """
    depth, height, width = slices.shape
    first, last = box[0].start, box[0].stop
    above, below = box[1].start * width, (height - box[1].stop) * width
    if above + below < WORTHWHILE_GAP_BYTES:
        above = below = 0
    rows = slice(above // width, height - below // width)

    yield gzip_stream.compress(header)
    yield gzip_stream.zeros(first * height * width + above)
    compressor = gzip_stream.RawCompressor()
    for index in range(first, last):
        mask = (slices[index, rows] == number).view(np.uint8)
        yield compressor.piece(mask.data.cast("B"))
        if (above or below) and index + 1 < last:
            yield gzip_stream.zeros(below + above)
    yield gzip_stream.zeros(below + (depth - last) * height * width)


def _orthogonal(affine: Affine) -> bool:
    axes = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    return bool(np.allclose(axes.T @ axes, np.eye(3), atol=1e-5))
