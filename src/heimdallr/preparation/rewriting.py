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
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

from heimdallr.domain.errors import ConversionError, MachineFaultError
from heimdallr.preparation.child_process import ensure_not_killed, tethered
from heimdallr.preparation.reading import tolerant_pydicom
from heimdallr.preparation.usability import CT_CLASSES, MR_CLASSES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from pydicom.dataset import FileDataset

    from heimdallr.preparation.instances import Frame

_Scaled = tuple["npt.NDArray[np.generic]", "tuple[float, ...] | None"]
"""Stored values, and the rescale that makes HU of them."""

_Fit = Callable[["npt.NDArray[np.generic]", "_Order"], _Scaled]

TIMEOUT_S = 600.0
MEMORY_BYTES = 8 * 2**30
"""Chosen, not measured: enough for thousands of frames; a file that needs more is malformed."""

_CANNOT_DECODE = 3
"""How the process ends when the images are at fault. Python's own code for an error is 1."""


@dataclass(frozen=True, slots=True)
class _Order:
    """One copy to write: what the header scan knows of the frame, in plain values."""

    path: str
    index: int | None
    transfer_syntax_uid: str
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
        MachineFaultError: something else kept the process from it; nothing is known of the frames.
    """
    orders = [
        _Order(
            path=str(frame.path),
            index=frame.index,
            transfer_syntax_uid=frame.transfer_syntax_uid,
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
    except OSError as error:
        msg = f"the images could not be decoded: {error.strerror}"
        raise MachineFaultError(msg, remedy="look at the machine's memory and processes") from error
    _ensure_whole(finished.returncode)
    return tuple(folder / f"{number:06d}.dcm" for number in range(1, len(orders) + 1))


def _ensure_whole(return_code: int) -> None:
    """Tell images that cannot be decoded from a process that could not do its work."""
    ensure_not_killed("the process that decodes images", return_code)
    if return_code == _CANNOT_DECODE or return_code < 0:
        msg = "the images' pixel data cannot be decoded"
        raise ConversionError(msg, remedy="export the study uncompressed and send it again")
    if return_code != 0:
        msg = "the images could not be read, or their copies could not be written"
        raise MachineFaultError(msg, remedy="look at the disks and at the installation")


def values_of(frame: Frame) -> npt.NDArray[np.float64]:
    """(rows, columns) rescaled values of one original frame: HU for CT.

    Any error of pydicom or of a plug-in may come.
    """
    return _rescaled(np.asarray(pixel_array(frame.path, index=frame.index)), frame.rescale)


def values_of_copy(path: Path) -> npt.NDArray[np.float64]:
    """(rows, columns) rescaled values of a copy: HU for CT.

    A copy may hold other stored values than its original and then has another scale, which
    stands in it and nowhere else.
    """
    copy = pydicom.dcmread(path)
    scale = (
        (float(copy.RescaleSlope), float(copy.RescaleIntercept)) if "RescaleSlope" in copy else None
    )
    return _rescaled(np.asarray(pixel_array(copy)), scale)


def _rescaled(
    stored: npt.NDArray[np.generic], rescale: tuple[float, float] | None
) -> npt.NDArray[np.float64]:
    """The only place where a scale is applied for the comparison with the converter's work."""
    slope, intercept = rescale or (1.0, 0.0)
    return stored.astype(np.float64) * slope + intercept


@lru_cache(maxsize=1)
def _read(path: str) -> FileDataset:
    """A whole file, kept until another one is asked for: of many frames it is read once."""
    return pydicom.dcmread(path, force=True)


def _write(order: _Order, number: int, uids: dict[str, str], folder: Path, fit: _Fit) -> None:
    source = _read(order.path)
    source.file_meta.TransferSyntaxUID = UID(order.transfer_syntax_uid)
    pixels = np.asarray(pixel_array(source, index=order.index))
    if pixels.ndim != 2 or pixels.dtype.kind not in "iu":  # noqa: PLR2004 - rows and columns
        msg = "neither a plane nor whole numbers"
        raise ValueError(msg)
    pixels, rescale = fit(pixels, order)
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


class _DoesNotFitError(Exception):
    """An image's values do not go into signed 16-bit numbers in the way that was tried."""


def _as_stored(pixels: npt.NDArray[np.generic], order: _Order) -> _Scaled:
    return _to_int16(pixels), order.rescale


def _as_hu(pixels: npt.NDArray[np.generic], order: _Order) -> _Scaled:
    slope, intercept = order.rescale or (1.0, 0.0)
    if order.modality != "CT" or not (float(slope).is_integer() and float(intercept).is_integer()):
        raise _DoesNotFitError
    return _to_int16(pixels.astype(np.int64) * int(slope) + int(intercept)), (1.0, 0.0)


def _unchanged(pixels: npt.NDArray[np.generic], order: _Order) -> _Scaled:
    return pixels, order.rescale


_FITS: tuple[_Fit, ...] = (_as_stored, _as_hu, _unchanged)
"""Ways to write values, tried one after the other until all images of a series go into one.

dcm2niix corrects tilt and uneven spacing of signed 16-bit images only.
"""


def _to_int16(values: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    limits = np.iinfo(np.int16)
    if int(values.min()) < limits.min or int(values.max()) > limits.max:
        raise _DoesNotFitError
    return values.astype(np.int16)


def _ds(value: float) -> str:
    """A number in the 16 characters a DS value may have (PS3.5 6.2)."""
    text = f"{value:.10g}"
    return text if len(text) <= 16 else f"{value:.8g}"  # noqa: PLR2004


def main(folder: Path) -> None:
    """Write the copies ordered on standard input; a limit or an error ends the process."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    orders = [_Order(**fields) for fields in json.load(sys.stdin)]
    try:
        _write_all(orders, folder)
    except BaseException as error:  # the edge to pydicom's decoders: those in Rust panic
        if is_of_the_system(error):
            raise
        sys.exit(_CANNOT_DECODE)


def is_of_the_system(error: BaseException) -> bool:
    """Whether the operating system refused to read or write; decoders raise OSErrors as well."""
    return isinstance(error, OSError) and error.errno is not None


def _write_all(orders: Sequence[_Order], folder: Path) -> None:
    uids = {name: str(generate_uid()) for name in ("study", "series", "frame of reference")}
    with tolerant_pydicom():
        for fit in _FITS:
            with suppress(_DoesNotFitError):
                for number, order in enumerate(orders, start=1):
                    _write(order, number, uids, folder, fit)
                return


if __name__ == "__main__":
    main(Path(sys.argv[1]))
