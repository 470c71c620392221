"""Write a phantom's images as the DICOM a scanner would send.

Classic single-frame objects: CT Image (PS3.3 A.3), MR Image (A.4) and Secondary Capture (A.8),
explicit VR little endian, uncompressed. Every type 1 and type 2 attribute of their modules is
there. Nothing pretends to be a vendor or a person: the manufacturer is *Phantom*, the patient's
name begins with PHANTOM, QualityControlSubject (0010,0200) says YES, and all UIDs stand below one
arc of their own.

UIDs, dates and file names follow from the study's seed alone, so that one seed writes one set of
files, byte for byte.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from pydicom import uid
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset

from heimdallr.phantom.render import FLOOR_HU

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from heimdallr.domain.study import Modality
    from heimdallr.phantom.stack import Stack

UID_ROOT = "2.25.105987409858469180892672274163566555586."
"""Arc of all phantom UIDs: a UUID under 2.25 (PS3.5 B.2), one level below it for each object."""
IMPLEMENTATION_CLASS_UID = UID_ROOT + "1"
IMPLEMENTATION_VERSION_NAME = "PHANTOM_1"
MANUFACTURER = "Phantom"
MODEL = "Parametric body"
COMMENT = "Synthetic phantom. Not a patient."

Sex = Literal["M", "F"]


@dataclass(frozen=True, slots=True)
class StudyHeader:
    """What all objects of one study share.

    Attributes:
        seed: the study's seed; with `kind` it decides every UID.
        kind: short name of the study, such as ``trunk_ct``.
        patient_name: PatientName (0010,0010), ``PHANTOM^GIVEN NAMES``.
        birth_date: ``YYYYMMDD``; study_date likewise; study_time ``HHMMSS``.
        height_m: PatientSize (0010,1020).
    """

    seed: int
    kind: str
    modality: Modality
    description: str
    patient_name: str
    patient_id: str
    sex: Sex
    birth_date: str
    age_years: int
    height_m: float
    weight_kg: float
    accession_number: str
    study_date: str
    study_time: str

    def uid(self, *parts: object) -> str:
        """Return the UID of whatever these parts name within the study."""
        names = ["heimdallr.phantom", self.kind, str(self.seed), *map(str, parts)]
        return str(uid.generate_uid(prefix=UID_ROOT, entropy_srcs=names))

    @property
    def study_instance_uid(self) -> str:
        """StudyInstanceUID (0020,000D)."""
        return self.uid("study")

    @property
    def frame_of_reference_uid(self) -> str:
        """FrameOfReferenceUID (0020,0052): the patient lies still for the whole study."""
        return self.uid("frame of reference")


@dataclass(frozen=True, slots=True)
class ContrastBolus:
    """The Contrast/Bolus module of an enhanced CT series (PS3.3 C.7.6.4)."""

    agent: str = "Iopromide 370"
    route: str = "IV"
    volume_ml: float = 100.0
    flow_ml_s: float = 3.0


@dataclass(frozen=True, slots=True)
class SeriesHeader:
    """What all images of one series share.

    Attributes:
        number: SeriesNumber (0020,0011); names the folder as well.
        image_type: ImageType (0008,0008).
        time: SeriesTime and AcquisitionTime, ``HHMMSS``.
        acquisition: AcquisitionNumber (0020,0012): reconstructions of one scan share it.
        window: (centre, width) of the first display.
        kernel: ConvolutionKernel (0018,1210), CT only.
        contrast: set when contrast medium was given.
        technique: further attributes by DICOM keyword (KVP, EchoTime …).
    """

    number: int
    description: str
    protocol: str
    body_part: str
    image_type: tuple[str, ...]
    time: str
    acquisition: int
    window: tuple[float, float]
    kernel: str = ""
    contrast: ContrastBolus | None = None
    technique: tuple[tuple[str, str | float | tuple[str, ...]], ...] = ()


CT_TECHNIQUE: tuple[tuple[str, str | float | tuple[str, ...]], ...] = (
    ("KVP", 120.0),
    ("ScanOptions", "HELICAL MODE"),
    ("DataCollectionDiameter", 500.0),
    ("GantryDetectorTilt", 0.0),
    ("RotationDirection", "CW"),
    ("ExposureTime", "500"),
    ("XRayTubeCurrent", "220"),
    ("Exposure", "110"),
    ("FilterType", "FLAT"),
)


def write_ct_stack(
    folder: Path,
    study: StudyHeader,
    series: SeriesHeader,
    stack: Stack,
    slice_hu: Callable[[int], npt.NDArray[np.int16]],
) -> Path:
    """Write one CT series, instance 1 at the top.

    Args:
        folder: study folder; the series gets its own below it.
        study: header of the study.
        series: header of the series.
        stack: grid of the slices.
        slice_hu: slice index → (rows, columns) int16 CT numbers.

    Returns:
        The series' folder.
    """
    target = _series_folder(folder, series)
    for instance, index in stack.from_above():
        dataset = ct_image(study, series, instance)
        _place(dataset, stack, index)
        dataset.ReconstructionDiameter = stack.matrix * stack.pixel_spacing_mm[0]
        set_hu(dataset, slice_hu(index))
        save(target, instance, dataset)
    return target


def write_mr_stack(
    folder: Path,
    study: StudyHeader,
    series: SeriesHeader,
    stack: Stack,
    slice_signal: Callable[[int], npt.NDArray[np.uint16]],
    *,
    first_instance: int = 1,
) -> Path:
    """Write one MR series or one echo of it, first instance at the top.

    Args:
        folder: study folder.
        study: header of the study.
        series: header of the series.
        stack: grid of the slices.
        slice_signal: slice index → (rows, columns) uint16 signal.
        first_instance: number of the first image, for a further echo of a series.
    """
    target = _series_folder(folder, series)
    for instance, index in stack.from_above():
        dataset = mr_image(study, series, first_instance - 1 + instance)
        dataset.SpacingBetweenSlices = _ds(stack.spacing_mm)
        _place(dataset, stack, index)
        set_pixels(dataset, slice_signal(index), bits_stored=12)
        save(target, first_instance - 1 + instance, dataset)
    return target


@dataclass(frozen=True, slots=True)
class Plane:
    """Where a single image lies (PS3.3 C.7.6.2).

    Attributes:
        orientation_lps: ImageOrientationPatient.
        position_lps_mm: ImagePositionPatient.
        pixel_spacing_mm: distance between rows, between columns.
    """

    orientation_lps: tuple[float, ...]
    position_lps_mm: tuple[float, float, float]
    pixel_spacing_mm: tuple[float, float]


def write_plane(
    folder: Path,
    study: StudyHeader,
    series: SeriesHeader,
    plane: Plane,
    pixels: npt.NDArray[Any],
    *,
    instance: int = 1,
) -> Path:
    """Write a single image that belongs to no stack, such as a localizer.

    Args:
        folder: study folder.
        study: header of the study; its modality decides the kind of object.
        series: header of the series.
        plane: where the image lies.
        pixels: (rows, columns) int16 in the range of CT numbers, or uint16 MR signal.
        instance: InstanceNumber.
    """
    target = _series_folder(folder, series)
    dataset = (ct_image if study.modality == "CT" else mr_image)(study, series, instance)
    dataset.ImageOrientationPatient = [_ds(x) for x in plane.orientation_lps]
    dataset.ImagePositionPatient = [_ds(x) for x in plane.position_lps_mm]
    dataset.PixelSpacing = [_ds(x) for x in plane.pixel_spacing_mm]
    if study.modality == "CT":
        dataset.SliceThickness = None
        set_hu(dataset, pixels)
    else:
        dataset.SliceThickness = "8"
        set_pixels(dataset, pixels, bits_stored=12)
    if "LOCALIZER" in series.image_type:
        del dataset.RescaleType  # a projection's values are no CT numbers
    save(target, instance, dataset)
    return target


def mr_image(study: StudyHeader, series: SeriesHeader, instance: int) -> Dataset:
    """Return an MR image without plane and pixels."""
    dataset = _image(study, series, instance, uid.MRImageStorage)
    _set_window(dataset, series)
    return dataset


def ct_image(study: StudyHeader, series: SeriesHeader, instance: int) -> Dataset:
    """Return a CT image without plane and pixels."""
    dataset = _image(study, series, instance, uid.CTImageStorage)
    for keyword, value in CT_TECHNIQUE:
        setattr(dataset, keyword, value)
    if series.kernel:
        dataset.ConvolutionKernel = series.kernel
    if series.contrast is not None:
        dataset.ContrastBolusAgent = series.contrast.agent
        dataset.ContrastBolusRoute = series.contrast.route
        dataset.ContrastBolusVolume = _ds(series.contrast.volume_ml)
        dataset.ContrastFlowRate = _ds(series.contrast.flow_ml_s)
    _set_window(dataset, series)
    return dataset


def new_object(
    study: StudyHeader, series: SeriesHeader, instance: int, sop_class_uid: str
) -> Dataset:
    """Return an object with the modules every kind has: patient, study, series, equipment."""
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = sop_class_uid
    dataset.SOPInstanceUID = study.uid("series", series.number, "instance", instance)
    dataset.StudyDate = dataset.SeriesDate = dataset.ContentDate = study.study_date
    dataset.StudyTime, dataset.SeriesTime, dataset.ContentTime = (
        study.study_time,
        series.time,
        series.time,
    )
    dataset.AccessionNumber = study.accession_number
    dataset.Modality = study.modality
    dataset.Manufacturer = MANUFACTURER
    dataset.ManufacturerModelName = MODEL
    dataset.InstitutionName = "Phantom Hospital"
    dataset.StationName = "PHANTOM"
    dataset.DeviceSerialNumber = "1"
    dataset.SoftwareVersions = "1"
    dataset.ReferringPhysicianName = ""
    dataset.StudyDescription = study.description
    dataset.SeriesDescription = series.description
    dataset.PatientName = study.patient_name
    dataset.PatientID = study.patient_id
    dataset.PatientBirthDate = study.birth_date
    dataset.PatientSex = study.sex
    dataset.PatientAge = f"{study.age_years:03d}Y"
    dataset.PatientSize = _ds(round(study.height_m, 2))
    dataset.PatientWeight = _ds(round(study.weight_kg, 1))
    dataset.QualityControlSubject = "YES"
    dataset.StudyInstanceUID = study.study_instance_uid
    dataset.SeriesInstanceUID = study.uid("series", series.number)
    dataset.StudyID = study.accession_number
    dataset.SeriesNumber = series.number
    dataset.InstanceNumber = instance
    return dataset


def set_pixels(dataset: Dataset, pixels: npt.NDArray[Any], *, bits_stored: int) -> None:
    """Fill the Image Pixel module from an unsigned (rows, columns) grey image."""
    bits = pixels.dtype.itemsize * 8
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits, bits_stored, bits_stored - 1
    dataset.PixelRepresentation = 0
    dataset.PixelData = pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()
    dataset["PixelData"].VR = "OW"


def set_hu(dataset: Dataset, hu: npt.NDArray[np.int16]) -> None:
    """Store CT numbers as 12 unsigned bits with RescaleIntercept -1024."""
    dataset.RescaleIntercept = FLOOR_HU
    dataset.RescaleSlope = 1
    dataset.RescaleType = "HU"
    set_pixels(dataset, (hu - np.int16(FLOOR_HU)).astype(np.uint16), bits_stored=12)


def save(folder: Path, instance: int, dataset: Dataset) -> None:
    """Write one object as a DICOM file (PS3.10) named after its instance number."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    meta.ImplementationClassUID = uid.UID(IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{instance:05d}.dcm"
    file = FileDataset(str(path), dataset, preamble=b"\0" * 128, file_meta=meta)
    file.save_as(path, enforce_file_format=True)


def _image(study: StudyHeader, series: SeriesHeader, instance: int, sop_class_uid: str) -> Dataset:
    dataset = new_object(study, series, instance, sop_class_uid)
    dataset.ImageType = list(series.image_type)
    dataset.AcquisitionDate, dataset.AcquisitionTime = study.study_date, series.time
    dataset.AcquisitionNumber = series.acquisition
    dataset.ProtocolName = series.protocol
    dataset.BodyPartExamined = series.body_part
    dataset.PatientPosition = "HFS"
    dataset.FrameOfReferenceUID = study.frame_of_reference_uid
    dataset.PositionReferenceIndicator = ""
    dataset.ImageComments = COMMENT
    for keyword, value in series.technique:
        setattr(dataset, keyword, list(value) if isinstance(value, tuple) else value)
    return dataset


def _place(dataset: Dataset, stack: Stack, index: int) -> None:
    """Image Plane module (PS3.3 C.7.6.2)."""
    orientation = np.array(stack.orientation_lps)
    position = stack.position_lps_mm(index)
    normal = np.cross(orientation[:3], orientation[3:])
    dataset.ImageOrientationPatient = [_ds(x) for x in orientation]
    dataset.ImagePositionPatient = [_ds(x) for x in position]
    dataset.SliceLocation = _ds(float(normal @ position))
    dataset.SliceThickness = _ds(stack.thickness_mm)
    dataset.PixelSpacing = [_ds(x) for x in stack.pixel_spacing_mm]


def _set_window(dataset: Dataset, series: SeriesHeader) -> None:
    dataset.WindowCenter, dataset.WindowWidth = (_ds(x) for x in series.window)


def _series_folder(folder: Path, series: SeriesHeader) -> Path:
    return folder / f"{series.number:04d}"


def _ds(value: float) -> str:
    """Decimal string of at most 16 characters (PS3.5 6.2), without a negative zero."""
    text = f"{float(value):.9g}"
    if len(text) > 16:
        text = f"{float(value):.8f}"[:16]
    return "0" if float(text) == 0 else text
