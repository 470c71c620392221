"""Who a phantom study says it is about, and how its series call themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from heimdallr.phantom.dicom import SeriesHeader, StudyHeader
from heimdallr.phantom.patient import Patient, sample_patient

if TYPE_CHECKING:
    from heimdallr.domain.study import Modality

Kind = Literal["trunk_ct", "head_ct", "abdomen_mr"]

STUDY_DATE = "20260201"
KINDS: tuple[Kind, ...] = ("trunk_ct", "head_ct", "abdomen_mr")

_GIVEN_NAMES = {
    "male": ("BALDER JOSE", "ODIN CARLOS", "VIDAR LUIS", "BRAGI PAULO", "HODER MARIO"),
    "female": ("ASTRID MARIA", "FREYA HELENA", "IDUN SOFIA", "NANNA CLARA", "SIGYN LUCIA"),
}
_STUDY_TIMES = {"trunk_ct": "090000", "head_ct": "101400", "abdomen_mr": "110000"}
_BMI_RANGE = (19.0, 30.0)
"""Bodies that fit the field of view of the study."""


def adult(seed: int, kind: Kind) -> Patient:
    """Draw the patient of a study: an adult of ordinary build.

    Args:
        seed: seed of the study.
        kind: which study; every study has a patient of its own.
    """
    rng = np.random.default_rng((seed, KINDS.index(kind)))
    while True:
        patient = sample_patient(rng)
        if _BMI_RANGE[0] <= patient.bmi <= _BMI_RANGE[1] and patient.subcutaneous_mm <= 24:
            return patient


def study_header(
    seed: int, kind: Kind, modality: Modality, description: str, patient: Patient
) -> StudyHeader:
    """Header of a study; name, accession number and dates follow from seed and patient."""
    names = _GIVEN_NAMES[patient.sex]
    age = int(patient.age_years)
    height_m = round(patient.height_mm / 1000, 2)
    return StudyHeader(
        seed=seed,
        kind=kind,
        modality=modality,
        description=description,
        patient_name=f"PHANTOM^{names[(seed + KINDS.index(kind)) % len(names)]}",
        patient_id=f"PHANTOM-{seed}-{KINDS.index(kind) + 1}",
        sex="M" if patient.sex == "male" else "F",
        birth_date=f"{int(STUDY_DATE[:4]) - age}0115",
        age_years=age,
        height_m=height_m,
        weight_kg=round(patient.bmi * height_m**2, 1),
        accession_number=f"PH{seed:06d}{KINDS.index(kind) + 1}",
        study_date=STUDY_DATE,
        study_time=_STUDY_TIMES[kind],
    )


def ct_header(
    number: int,
    description: str,
    *,
    protocol: str,
    body_part: str,
    time: str,
    acquisition: int,
    window: tuple[float, float] = (50.0, 400.0),
    image_type: tuple[str, ...] = ("ORIGINAL", "PRIMARY", "AXIAL"),
) -> SeriesHeader:
    """Header of a CT series; the window is the abdomen's unless another is given."""
    return SeriesHeader(
        number=number,
        description=description,
        protocol=protocol,
        body_part=body_part,
        image_type=image_type,
        time=time,
        acquisition=acquisition,
        window=window,
    )


def mr_header(
    number: int,
    description: str,
    *,
    time: str,
    sequence: Literal["SE", "GR"],
    acquisition_type: Literal["2D", "3D"],
    repetition_ms: float,
    echo_ms: float,
) -> SeriesHeader:
    """Header of an MR series of the abdomen at 1.5 T."""
    return SeriesHeader(
        number=number,
        description=description,
        protocol=description,
        body_part="ABDOMEN",
        image_type=("ORIGINAL", "PRIMARY", "M"),
        time=time,
        acquisition=number,
        window=(400.0, 900.0),
        technique=(
            ("ScanningSequence", sequence),
            ("SequenceVariant", "SK" if sequence == "SE" else "SP"),
            ("ScanOptions", ""),
            ("MRAcquisitionType", acquisition_type),
            ("RepetitionTime", repetition_ms),
            ("EchoTime", echo_ms),
            ("EchoNumbers", "1"),
            ("EchoTrainLength", 100 if sequence == "SE" else 1),
            ("FlipAngle", 150.0 if sequence == "SE" else 10.0),
            ("MagneticFieldStrength", 1.5),
        ),
    )
