"""What is known about a patient, a study and a series before anything is measured.

Everything here comes out of DICOM headers; a value the header does not give is ``None``,
never a default that looks like a fact.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Literal, get_args

from heimdallr.domain.statements import Statement  # noqa: TC001 - pydantic reads it at run time

Modality = Literal["CT", "MR"]
"""A modality (0008,0060) Heimdallr turns into volumes."""
MODALITIES: tuple[Modality, ...] = get_args(Modality)
"""All of them; in a study that holds several, the earlier one is measured."""


ADULT_YEARS = 18.0
"""From here on limits and norms of adults hold."""


@dataclass(frozen=True, slots=True)
class Patient:
    """Facts about the person that measurements and reference ranges depend on.

    Attributes:
        name: PatientName (0010,0010), alphabetic group when there is one.
        patient_id: PatientID (0010,0020).
        birth_date: PatientBirthDate (0010,0030), ``YYYYMMDD``.
        sex: PatientSex (0010,0040): ``M``, ``F`` or ``O``.
        age_years: from birth and study date, else PatientAge (0010,1010); 0 on the day of birth.
        height_m: PatientSize (0010,1020), only when it is a plausible height.
        weight_kg: PatientWeight (0010,1030), only when plausible.
    """

    name: str = ""
    patient_id: str = ""
    birth_date: str | None = None
    sex: Literal["M", "F", "O"] | None = None
    age_years: float | None = None
    height_m: float | None = None
    weight_kg: float | None = None

    @property
    def body_mass_index(self) -> float | None:
        """In kg/m², to six decimals; ``None`` where height or weight is not known.

        Without rounding 64 kg at 1.60 m lie below 25: no binary number is 1.6.
        """
        if self.height_m is None or self.weight_kg is None:
            return None
        return round(self.weight_kg / self.height_m**2, 6)


@dataclass(frozen=True, slots=True)
class Study:
    """One DICOM study, and the case it becomes.

    Attributes:
        case_id: folder-safe identifier, ``FirstNameInitials_YYYYMMDD_AccessionNumber``.
        study_instance_uid: (0020,000D); empty when the header leaves it empty.
        study_date: (0008,0020) ``YYYYMMDD``, or ``None``.
    """

    case_id: str
    study_instance_uid: str
    patient: Patient
    modality: Modality
    accession_number: str = ""
    study_date: str | None = None
    study_time: str | None = None
    description: str = ""
    institution: str = ""


class KernelClass(str, Enum):
    """How a CT reconstruction kernel treats edges; decides selection and gates densities."""

    SOFT = "soft"
    STANDARD = "standard"
    LUNG = "lung"
    BONE = "bone"
    UNKNOWN = "unknown"


class PixelValues(str, Enum):
    """What the pixels of a CT series are once RescaleSlope and RescaleIntercept are applied."""

    ATTENUATION = "attenuation"
    """Hounsfield units of the body as a usual tube shows it."""
    VIRTUAL = "virtual"
    """Hounsfield units the scanner computed: at another energy, or with a material taken out."""
    OTHER = "other"
    """Another quantity: iodine, electron density, effective atomic number …"""
    UNKNOWN = "unknown"
    """The header does not say."""


class Spectral(str, Enum):
    """What a scanner computes from several X-ray energies (DICOM PS3.3 C.8.2.1)."""

    MONOENERGETIC = "monoenergetic"
    NON_CONTRAST = "virtual_non_contrast"
    IODINE = "iodine"
    ATOMIC_NUMBER = "effective_atomic_number"
    ELECTRON_DENSITY = "electron_density"
    BLOOD_VOLUME = "perfused_blood_volume"
    MATERIAL = "material"


LIKE_A_USUAL_TUBE_KEV = (65.0, 75.0)
"""Virtual monoenergetic images of these energies show tissues as a tube of 120 kVp does, whose beam
has about 70 keV on average behind a body; iodine is a third brighter at 60 keV already."""

_HOUNSFIELD = frozenset({"", "HU", "HOUNSFIELD", "HOUNSFIELD UNIT", "HOUNSFIELD UNITS"})
_MODIFIED_HOUNSFIELD = frozenset({"HU_MOD"})
_OTHER_QUANTITIES = frozenset({"MGML", "Z_EFF", "ED", "EDW", "PCT", "OD"})
"""Defined terms of RescaleType (0028,1054), PS3.3 C.11.1.1.2; ``US`` says *unspecified*."""
_PERCENT_OF = {
    "%": 1.0, "PCT": 1.0, "PERCENT": 1.0,
    "‰": 0.1, "PERMILLE": 0.1, "PER MILLE": 0.1, "PERMIL": 0.1,
}  # fmt: skip
"""RescaleType → percent of one unit of it. PCT is DICOM's term for it."""


@dataclass(frozen=True, slots=True)
class LossyCompression:
    """What is known of a compression that pixels were altered by.

    Attributes:
        method: ``JPEG``, ``JPEG 2000`` …; empty when the header does not tell.
        ratio: LossyImageCompressionRatio (0028,2112), ``None`` when the header does not tell.
        certain: the header says it was lossy; otherwise the encoding only allows it.
    """

    method: str = ""
    ratio: float | None = None
    certain: bool = True

    def __str__(self) -> str:
        ratio = "" if self.ratio is None else f" {self.ratio:g}:1"
        return f"{self.method or 'unknown method'}{ratio}"


@dataclass(frozen=True, slots=True)
class Series:
    """One series as its headers describe it.

    Attributes:
        series_instance_uid: (0020,000E).
        number: SeriesNumber (0020,0011), ``None`` when blank.
        image_type: ImageType (0008,0008) values of the first instance.
        instances: usable image instances (frames for multi-frame objects).
        kernel: ConvolutionKernel (0018,1210), values joined by ``/``.
        slice_thickness_mm: SliceThickness (0018,0050) — not the spacing.
        spacing_mm: median distance of neighbouring slices along the normal.
        coverage_mm: extent along the slice normal.
        kvp: KVP (0018,0060).
        contrast_agent: ContrastBolusAgent (0018,0010); ``None`` when absent.
        gated: the header tells of an electrocardiogram the images were triggered or sorted by.
            ``False`` says nothing: many scanners leave it out.
        phase_hint: contrast phase the tags tell (``native``, ``arterial``, ``venous``,
            ``delayed``), ``None`` when they do not.
        acquisition: MR sequence facts (ScanningSequence, MRAcquisitionType, EchoTime …).
        rescaled: every image has RescaleSlope and RescaleIntercept; a NIfTI file of a CT holds
            Hounsfield units by convention.
        rescale_type: RescaleType (0028,1054), empty when absent.
        spectral: what was computed from several energies; ``None`` for an image as it was scanned.
        energy_kev: of a virtual monoenergetic image.
        lossy: the compression that altered the pixels, if any did.
        sides_known: it is said how the patient lies; a NIfTI file may leave that out, and then
            nothing tells left from right.
    """

    series_instance_uid: str
    modality: str
    number: int | None = None
    description: str = ""
    protocol: str = ""
    body_part: str = ""
    manufacturer: str = ""
    image_type: tuple[str, ...] = ()
    sop_class_uid: str = ""
    transfer_syntax_uid: str = ""
    instances: int = 0
    rows: int | None = None
    columns: int | None = None
    pixel_spacing_mm: tuple[float, float] | None = None
    kernel: str = ""
    kernel_class: KernelClass = KernelClass.UNKNOWN
    slice_thickness_mm: float | None = None
    spacing_mm: float | None = None
    coverage_mm: float | None = None
    kvp: float | None = None
    contrast_agent: str | None = None
    gated: bool = False
    phase_hint: str | None = None
    acquisition: tuple[tuple[str, str], ...] = ()
    rescaled: bool = True
    rescale_type: str = ""
    spectral: Spectral | None = None
    energy_kev: float | None = None
    lossy: LossyCompression | None = None
    sides_known: bool = True

    @property
    def attenuation_known(self) -> bool:
        """Whether voxels are Hounsfield units."""
        known = (PixelValues.ATTENUATION, PixelValues.VIRTUAL)
        return self.modality == "CT" and self.pixel_values in known

    @property
    def percent_per_unit(self) -> float | None:
        """What 1 of a map is in percent; ``None``: it says of no percentage, or of no scale."""
        return _PERCENT_OF.get(self.rescale_type.strip().upper()) if self.rescaled else None

    @property
    def pixel_values(self) -> PixelValues:
        """What the pixels of a CT series are; of MR it says nothing."""
        unit = self.rescale_type.strip().upper()
        if unit in _OTHER_QUANTITIES:
            return PixelValues.OTHER
        low_kev, high_kev = LIKE_A_USUAL_TUBE_KEV
        if self.spectral not in (None, Spectral.MONOENERGETIC, Spectral.NON_CONTRAST):
            return PixelValues.OTHER
        if not self.rescaled or unit not in _HOUNSFIELD | _MODIFIED_HOUNSFIELD:
            return PixelValues.UNKNOWN
        usual = self.energy_kev is not None and low_kev <= self.energy_kev <= high_kev
        if unit in _MODIFIED_HOUNSFIELD or not (self.spectral is None or usual):
            return PixelValues.VIRTUAL
        return PixelValues.ATTENUATION


@dataclass(frozen=True, slots=True)
class Unseen:
    """A part of the patient that the series shows or should show, and the volume does not.

    Attributes:
        normal_ras: unit normal of the slices.
        low_mm: distance from the origin, along the normal, at which it begins.
        high_mm: distance at which it ends.
        images: slices that are missing there, or that were left out.
    """

    normal_ras: tuple[float, float, float]
    low_mm: float
    high_mm: float
    images: int


@dataclass(frozen=True, slots=True)
class SeriesVerdict:
    """What series selection thought of one series, as a person can check it.

    Attributes:
        rank: 1 for the chosen series; ``None`` for a series that cannot be used.
        reasons: why it was chosen, passed over or refused, most important first.
    """

    series: Series
    rank: int | None
    reasons: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """All series of a study in the order selection put them; the first usable one is chosen."""

    verdicts: tuple[SeriesVerdict, ...] = field(default_factory=tuple)

    @property
    def chosen(self) -> SeriesVerdict | None:
        """The verdict of rank 1, or ``None`` when no series is usable."""
        return next((verdict for verdict in self.verdicts if verdict.rank == 1), None)
