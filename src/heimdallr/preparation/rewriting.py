"""Single-frame, uncompressed, nameless copies of DICOM images.

dcm2niix reads most transfer syntaxes and most enhanced objects, but not all, and it cannot be told
to take some frames of a file. For those, the frames are decoded by pydicom and its plug-ins and
written as plain CT or MR images holding geometry and pixels only.

Decoders of compressed images are C code fed with bytes from outside: they run in a process of
their own, under limits of time and memory, and this module is that process's program as well.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels.utils import pixel_array
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from heimdallr.domain.errors import ConversionError
from heimdallr.preparation.child_process import tethered
from heimdallr.preparation.reading import has_preamble, tolerant_pydicom
from heimdallr.preparation.usability import CT_CLASSES, MR_CLASSES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from heimdallr.preparation.instances import Frame

TIMEOUT_S = 600.0
MEMORY_BYTES = 8 * 2**30
"""Chosen, not measured: enough for thousands of frames; a file that needs more is malformed."""


@dataclass(frozen=True, slots=True)
class _Order:
    """One copy to write: what the header scan knows of the frame, in plain values."""

    path: str
    index: int | None
    headless: bool
    position: tuple[float, ...]
    orientation: tuple[float, ...]
    pixel_spacing: tuple[float, ...]
    slice_thickness: float | None
    rescale: tuple[float, ...] | None
    modality: str
    manufacturer: str


def rewrite(
    frames: Sequence[Frame],
    modality: str,
    folder: Path,
    *,
    manufacturer: str = "",
    timeout_s: float = TIMEOUT_S,
) -> tuple[Path, ...]:
    """Write one uncompressed single-frame copy per frame, in a process of its own.

    Args:
        frames: planes with position, orientation and pixel spacing.
        modality: ``CT`` or ``MR``.
        folder: where the copies ``000001.dcm`` … appear.
        manufacturer: kept because converters read some values by it.
        timeout_s: wall-clock limit.

    Raises:
        ConversionError: a frame cannot be decoded within the limits.
    """
    orders = [
        _Order(
            path=str(frame.path),
            index=frame.index,
            headless=not has_preamble(frame.path),
            position=frame.position or (),
            orientation=frame.orientation or (),
            pixel_spacing=frame.pixel_spacing or (),
            slice_thickness=frame.slice_thickness,
            rescale=frame.rescale,
            modality=modality,
            manufacturer=manufacturer,
        )
        for frame in frames
    ]
    job = json.dumps([{name: getattr(one, name) for name in one.__slots__} for one in orders])
    command = [sys.executable, "-m", "heimdallr.preparation.rewriting", str(folder)]
    try:
        finished = subprocess.run(  # noqa: S603 - our own interpreter, our own module
            tethered(command),
            input=job,
            text=True,
            capture_output=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        msg = f"the images could not be decoded within {timeout_s:.0f} s"
        raise ConversionError(msg) from error
    if finished.returncode != 0:
        msg = "the images' pixel data cannot be decoded"
        raise ConversionError(msg, remedy="export the study uncompressed and send it again")
    return tuple(folder / f"{number:06d}.dcm" for number in range(1, len(orders) + 1))


def decode(path: Path, index: int | None = None) -> npt.NDArray[np.generic]:
    """(rows, columns) stored values of one frame; any error of pydicom or a plug-in may come."""
    return np.asarray(pixel_array(path, index=index))


def _write(order: _Order, number: int, uids: dict[str, str], folder: Path) -> None:
    source = pydicom.dcmread(order.path, force=order.headless)
    if order.headless:
        source.file_meta.TransferSyntaxUID = source.original_encoding_uid
    pixels = np.asarray(pixel_array(source, index=order.index))
    if pixels.ndim != 2 or pixels.dtype.kind not in "iu":  # noqa: PLR2004 - rows and columns
        msg = "neither a plane nor whole numbers"
        raise ValueError(msg)
    pixels, rescale = _signed(pixels, order, int(source.get("BitsStored", 16)))
    bits = pixels.dtype.itemsize * 8
    copy = Dataset()
    copy.SOPClassUID = (CT_CLASSES if order.modality == "CT" else MR_CLASSES)[0]
    copy.SOPInstanceUID = generate_uid()
    copy.StudyInstanceUID, copy.SeriesInstanceUID = uids["study"], uids["series"]
    copy.FrameOfReferenceUID = uids["frame of reference"]
    copy.Modality, copy.Manufacturer = order.modality, order.manufacturer
    copy.ImageType = ["DERIVED", "PRIMARY", "AXIAL" if order.modality == "CT" else "OTHER"]
    copy.SeriesNumber, copy.AcquisitionNumber, copy.InstanceNumber = 1, 1, number
    copy.PatientPosition = source.get("PatientPosition") or "HFS"
    copy.ImagePositionPatient = list(map(_ds, order.position))
    copy.ImageOrientationPatient = list(map(_ds, order.orientation))
    copy.PixelSpacing = list(map(_ds, order.pixel_spacing))
    if order.slice_thickness is not None:
        copy.SliceThickness = _ds(order.slice_thickness)
    if rescale is not None:
        copy.RescaleSlope, copy.RescaleIntercept = map(_ds, rescale)
    copy.SamplesPerPixel, copy.PhotometricInterpretation = 1, "MONOCHROME2"
    copy.Rows, copy.Columns = pixels.shape
    copy.BitsAllocated, copy.BitsStored, copy.HighBit = bits, bits, bits - 1
    copy.PixelRepresentation = int(pixels.dtype.kind == "i")
    copy.PixelData = np.ascontiguousarray(pixels.astype(pixels.dtype.newbyteorder("<"))).tobytes()
    copy.file_meta = FileMetaDataset()
    copy.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    copy.file_meta.MediaStorageSOPClassUID = copy.SOPClassUID
    copy.file_meta.MediaStorageSOPInstanceUID = copy.SOPInstanceUID
    copy.save_as(folder / f"{number:06d}.dcm", enforce_file_format=True)


def _signed(
    pixels: npt.NDArray[np.generic], order: _Order, bits_stored: int
) -> tuple[npt.NDArray[np.generic], tuple[float, ...] | None]:
    """Values as signed 16-bit numbers where that loses nothing, and the rescale they then need.

    dcm2niix corrects tilt and uneven spacing of signed images only. The choice depends on the
    series' properties, not on one image's values, so that all images of a series agree.
    """
    if pixels.dtype.itemsize < 2 or bits_stored < 16:  # noqa: PLR2004 - room for a sign
        return pixels.astype(np.int16), order.rescale
    slope, intercept = order.rescale or (1.0, 0.0)
    if order.modality == "CT" and float(slope).is_integer() and float(intercept).is_integer():
        hu = pixels.astype(np.int64) * int(slope) + int(intercept)
        if np.iinfo(np.int16).min <= hu.min() and hu.max() <= np.iinfo(np.int16).max:
            return hu.astype(np.int16), (1.0, 0.0)
    return pixels, order.rescale


def _ds(value: float) -> str:
    """A number in the 16 characters a DS value may have (PS3.5 6.2)."""
    text = f"{value:.10g}"
    return text if len(text) <= 16 else f"{value:.8g}"  # noqa: PLR2004


def main(folder: Path) -> None:
    """Write the copies ordered on standard input; a limit or an error ends the process."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    uids = {name: str(generate_uid()) for name in ("study", "series", "frame of reference")}
    with tolerant_pydicom():
        for number, fields in enumerate(json.load(sys.stdin), start=1):
            _write(_Order(**fields), number, uids, folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
