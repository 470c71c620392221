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


@dataclass(frozen=True, slots=True)
class Patient:
    """Facts about the person that measurements and reference ranges depend on.

    Attributes:
        name: PatientName (0010,0010), alphabetic group when there is one.
        patient_id: PatientID (0010,0020).
        birth_date: PatientBirthDate (0010,0030), ``YYYYMMDD``.
        sex: PatientSex (0010,0040): ``M``, ``F`` or ``O``.
        age_years: PatientAge (0010,1010), or from birth and study date.
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
        phase_hint: contrast phase the tags tell (``native``, ``arterial``, ``venous``,
            ``delayed``), ``None`` when they do not.
        acquisition: MR sequence facts (ScanningSequence, MRAcquisitionType, EchoTime …).
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
    phase_hint: str | None = None
    acquisition: tuple[tuple[str, str], ...] = ()
    sides_known: bool = True


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
