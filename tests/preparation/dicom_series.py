"""Small but real DICOM series on disk, with a body that looks different from every side."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    UID,
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    EnhancedMRImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    MRImageStorage,
    RLELossless,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
BODY_MM = np.array([60.0, 45.0, 30.0])


def body_hu(points_lps_mm: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """HU of a body without any symmetry at (…, 3) LPS mm: an organ left, a bone at the front."""
    x, y, z = np.moveaxis(points_lps_mm, -1, 0)
    hu = np.full(x.shape, -900.0)
    hu[(x / 70) ** 2 + (y / 55) ** 2 + (z / 90) ** 2 < 1] = 40.0
    hu[((x - 25) / 20) ** 2 + ((y - 10) / 15) ** 2 + ((z - 12) / 18) ** 2 < 1] = 110.0
    hu[((x + 10) / 8) ** 2 + ((y + 35) / 6) ** 2 + ((z + 20) / 14) ** 2 < 1] = 700.0
    return np.asarray(hu + 0.2 * x + 0.1 * y + 0.3 * z)


@dataclass
class SeriesOnDisk:
    """What to write; every default is an ordinary axial CT.

    Attributes:
        depths_mm: distance of each slice from the first along the slice normal.
        shear_mm: sideways shift along the columns per mm of depth (a tilted gantry).
        bits_stored: 12 as most scanners write, or 16.
        signed: stored values are two's complement.
        decimals: of ImagePositionPatient; six significant figures when ``None``.
        tags: extra elements by keyword, for every image.
        per_slice: extra elements by keyword, one value per slice.
    """

    depths_mm: tuple[float, ...] = tuple(4.0 * k for k in range(12))
    orientation: tuple[float, ...] = AXIAL
    matrix: tuple[int, int] = (40, 48)
    pixel_mm: tuple[float, float] = (3.0, 3.2)
    origin_mm: tuple[float, float, float] = (-76.0, -58.0, -24.0)
    shear_mm: float = 0.0
    modality: str = "CT"
    study_uid: str = "1.2.826.0.1.3680043.2.1125.1"
    series_uid: str = "1.2.826.0.1.3680043.2.1125.1.5"
    number: int | None = 5
    transfer_syntax: UID = ExplicitVRLittleEndian
    rescale: tuple[float, float] = (1.0, -1024.0)
    bits_stored: int = 12
    signed: bool = False
    decimals: int | None = None
    tags: Mapping[str, object] = field(default_factory=dict)
    per_slice: Mapping[str, Sequence[object]] = field(default_factory=dict)

    def positions_mm(self) -> npt.NDArray[np.float64]:
        """(N, 3) ImagePositionPatient."""
        cosines = np.asarray(self.orientation)
        normal = np.cross(cosines[:3], cosines[3:])
        depths = np.asarray(self.depths_mm)[:, None]
        return np.asarray(self.origin_mm) + depths * (normal + self.shear_mm * cosines[3:])

    def images(self) -> list[Dataset]:
        """The instances, uncompressed, in order of depth."""
        return [self._image(k, position) for k, position in enumerate(self.positions_mm())]

    def write(self, folder: Path, prefix: str = "image") -> list[Path]:
        """Write one file per slice; returns them in order of depth."""
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for k, image in enumerate(self.images()):
            path = folder / f"{prefix}{k:03d}.dcm"
            if self.transfer_syntax == RLELossless:
                image.compress(RLELossless)
            if self.transfer_syntax == ExplicitVRBigEndian:
                pixels = np.frombuffer(image.PixelData, "<u2")
                image.PixelData = pixels.astype(">u2").tobytes()
            image.file_meta.TransferSyntaxUID = UID(self.transfer_syntax)
            pydicom.dcmwrite(path, image, enforce_file_format=True)
            paths.append(path)
        return paths

    def _image(self, k: int, position: npt.NDArray[np.float64]) -> Dataset:
        rows, columns = np.indices(self.matrix).astype(float)
        cosines = np.asarray(self.orientation)
        points = (
            position
            + columns[..., None] * cosines[:3] * self.pixel_mm[1]
            + rows[..., None] * cosines[3:] * self.pixel_mm[0]
        )
        slope, intercept = self.rescale
        stored = np.rint((body_hu(points) - intercept) / slope)
        image = Dataset()
        image.SOPClassUID = CTImageStorage if self.modality == "CT" else MRImageStorage
        image.SOPInstanceUID = UID(f"{self.series_uid}.{k + 1}")
        image.StudyInstanceUID, image.SeriesInstanceUID = self.study_uid, self.series_uid
        image.FrameOfReferenceUID = self.study_uid + ".9"
        image.PatientName, image.PatientID = "SILVA^MARIA JOSE", "SECRET-77"
        image.StudyDate, image.StudyTime = "20260201", "101112"
        image.AccessionNumber = "123-45 6"
        image.Modality, image.Manufacturer = self.modality, "SIEMENS"
        image.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL" if self.modality == "CT" else "M"]
        image.SeriesNumber, image.InstanceNumber = self.number, k + 1
        image.PatientPosition = "HFS"
        form = ".6g" if self.decimals is None else f".{self.decimals}f"
        image.ImagePositionPatient = [f"{value:{form}}" for value in position]
        image.ImageOrientationPatient = [f"{value:.8g}" for value in self.orientation]
        image.PixelSpacing = list(self.pixel_mm)
        image.SliceThickness = 4.0
        image.Rows, image.Columns = self.matrix
        image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
        image.BitsAllocated = 16
        image.BitsStored, image.HighBit = self.bits_stored, self.bits_stored - 1
        image.PixelRepresentation = int(self.signed)
        if self.modality == "CT":
            image.RescaleSlope, image.RescaleIntercept = slope, intercept
        image.PixelData = stored.astype(np.int16 if self.signed else np.uint16).tobytes()
        for keyword, value in self.tags.items():
            setattr(image, keyword, value)
        for keyword, values in self.per_slice.items():
            setattr(image, keyword, values[k])
        image.file_meta = FileMetaDataset()
        image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        image.file_meta.MediaStorageSOPClassUID = image.SOPClassUID
        image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
        return image


DEFLATED, BIG_ENDIAN, RLE = DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless


def enhanced_mr(folder: Path, kinds: tuple[str, ...] = ("M", "PHASE MAP"), slices: int = 8) -> Path:
    """One enhanced MR object that holds the same slices once per kind of image, interleaved."""
    series = SeriesOnDisk(depths_mm=tuple(4.0 * k for k in range(slices)), modality="MR")
    images = series.images()
    whole = images[0]
    whole.SOPClassUID = whole.file_meta.MediaStorageSOPClassUID = EnhancedMRImageStorage
    whole.SOPInstanceUID = UID("1.2.826.0.1.3680043.2.1125.1.99")
    whole.file_meta.MediaStorageSOPInstanceUID = whole.SOPInstanceUID
    whole.ImageType = ["ORIGINAL", "PRIMARY", "T1", "MIXED"]
    frames, pixels = [], []
    for image in images:
        for number, kind in enumerate(kinds):
            frames.append(_frame_groups(image, kind, number))
            shift = np.uint16(300 * number)
            pixels.append((np.frombuffer(image.PixelData, np.uint16) // (number + 1)) + shift)
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
        delattr(whole, keyword)
    whole.NumberOfFrames = len(frames)
    whole.PerFrameFunctionalGroupsSequence = frames
    whole.PixelData = np.concatenate(pixels).tobytes()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "enhanced.dcm"
    pydicom.dcmwrite(path, whole, enforce_file_format=True)
    return path


def _frame_groups(image: Dataset, kind: str, number: int) -> Dataset:
    groups = Dataset()
    plane, orientation, measures = Dataset(), Dataset(), Dataset()
    frame_type, content = Dataset(), Dataset()
    plane.ImagePositionPatient = image.ImagePositionPatient
    orientation.ImageOrientationPatient = image.ImageOrientationPatient
    measures.PixelSpacing, measures.SliceThickness = image.PixelSpacing, image.SliceThickness
    frame_type.FrameType = ["ORIGINAL", "PRIMARY", "T1", kind]
    content.StackID, content.InStackPositionNumber = str(number + 1), image.InstanceNumber
    content.TemporalPositionIndex = 1
    groups.PlanePositionSequence = [plane]
    groups.PlaneOrientationSequence = [orientation]
    groups.PixelMeasuresSequence = [measures]
    groups.MRImageFrameTypeSequence = [frame_type]
    groups.FrameContentSequence = [content]
    return groups
