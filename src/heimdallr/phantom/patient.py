"""Who the phantom is: size, build, posture, organ sizes and disease.

Stature and weight ranges follow the adult reference values of ICRP Publication 89; organ factors
are relative to the reference body and spread like the masses reported there (about 10 to 25 %).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

Region = Literal["trunk", "head", "whole"]
Sex = Literal["male", "female"]
Arms = Literal["up", "down", "absent"]
LesionKind = Literal[
    "intracerebral_bleed",
    "kidney_stone",
    "kidney_cyst",
    "lung_nodule",
    "aortic_aneurysm",
    "aortic_calcification",
    "coronary_calcium",
    "vertebral_fracture",
    "gallstone",
]

REFERENCE_HEIGHT_MM = 1750.0
"""Stature of the reference body."""


@dataclass(frozen=True, slots=True)
class Lesion:
    """One lesion to be put into the phantom.

    Attributes:
        kind: what it is.
        size_mm: diameter of a bleed, stone, cyst, nodule or aneurysm (aneurysm: inner diameter of
            the aorta at its widest); of a fracture, the loss of anterior height; of calcium, the
            diameter of one plaque.
        side: where it lies, for paired organs.
        level: vertebra, for a fracture.
    """

    kind: LesionKind
    size_mm: float
    side: Literal["right", "left"] = "right"
    level: str = "L1"


@dataclass(frozen=True, slots=True)
class OrganScales:
    """Linear size factors of organs relative to the reference body."""

    liver: float = 1.0
    left_liver: float = 1.0
    spleen: float = 1.0
    kidney_right: float = 1.0
    kidney_left: float = 1.0
    pancreas: float = 1.0
    stomach: float = 1.0
    gallbladder: float = 1.0
    bladder: float = 1.0
    prostate: float = 1.0
    heart: float = 1.0
    aorta: float = 1.0
    thyroid: float = 1.0
    colon: float = 1.0
    brain: float = 1.0
    ventricles: float = 1.0


@dataclass(frozen=True, slots=True)
class Patient:
    """Everything that sets one synthetic patient apart.

    Attributes:
        region: what the study covers.
        sex: decides pelvis organs and breasts.
        age_years: years.
        height_mm: stature, mm.
        bmi: body mass index aimed at, kg/m².
        frame: width and depth of the skeleton over the reference body.
        subcutaneous_mm: subcutaneous fat thickness at the flank, mm.
        visceral: 0 lean to 1.6 very much visceral fat.
        muscle: muscle thickness over the reference body.
        liver_fat_fraction: proton density fat fraction of the liver, 0 to 0.4.
        marrow_density: trabecular bone over normal, 0.4 (osteoporotic) to 1.3.
        lordosis_mm: extra forward shift of the lumbar spine, mm.
        kyphosis_mm: extra backward shift of the thoracic spine, mm.
        scoliosis_mm: largest sideways shift, mm.
        inspiration_mm: how much lower than in the reference body the diaphragm stands, mm.
        arms: above the head (only the shoulders are seen), beside the body, or left out.
        warp_mm: typical shift of the random smooth warp, mm.
        organs: size factors.
        lesions: disease put in.
    """

    region: Region = "trunk"
    sex: Sex = "male"
    age_years: float = 50.0
    height_mm: float = REFERENCE_HEIGHT_MM
    bmi: float = 25.0
    frame: float = 1.0
    subcutaneous_mm: float = 16.0
    visceral: float = 0.5
    muscle: float = 1.0
    liver_fat_fraction: float = 0.03
    marrow_density: float = 1.0
    lordosis_mm: float = 0.0
    kyphosis_mm: float = 0.0
    scoliosis_mm: float = 0.0
    inspiration_mm: float = 0.0
    arms: Arms = "up"
    warp_mm: float = 8.0
    organs: OrganScales = field(default_factory=OrganScales)
    lesions: tuple[Lesion, ...] = ()


def sample_patient(
    rng: np.random.Generator, *, region: Region = "trunk", lesions: bool = False
) -> Patient:
    """Draw one adult.

    Args:
        rng: source of randomness; the same state gives the same patient.
        region: what the study will cover.
        lesions: whether to put disease in.
    """
    sex: Sex = "male" if rng.random() < 0.55 else "female"
    height_mm = float(np.clip(rng.normal(1755 if sex == "male" else 1630, 70), 1450, 2000))
    bmi = float(np.clip(17.0 + rng.gamma(4.0, 2.4), 17.0, 42.0))
    excess = bmi - 18.0
    lean = float(np.clip(rng.normal(1.0 if sex == "male" else 0.88, 0.12), 0.6, 1.3))
    visceral_share = rng.uniform(0.5, 1.3) if sex == "male" else rng.uniform(0.25, 1.0)
    return Patient(
        region=region,
        sex=sex,
        age_years=float(rng.uniform(18, 90)),
        height_mm=height_mm,
        bmi=bmi,
        frame=float(np.clip(rng.normal(1.0, 0.05) + (height_mm - 1720) / 4000, 0.85, 1.15)),
        subcutaneous_mm=float(
            np.clip(
                (4.0 + excess * (1.2 if sex == "male" else 1.6)) * rng.uniform(0.7, 1.35), 3, 48
            )
        ),
        visceral=float(np.clip(excess / 14.0 * visceral_share, 0.0, 1.7)),
        muscle=lean,
        liver_fat_fraction=float(np.clip(rng.exponential(0.05 if excess < 8 else 0.1), 0.0, 0.4)),
        marrow_density=float(rng.uniform(0.45, 1.3)),
        lordosis_mm=float(rng.normal(0.0, 7.0)),
        kyphosis_mm=float(rng.normal(0.0, 9.0)),
        scoliosis_mm=float(rng.normal(0.0, 5.0)),
        inspiration_mm=float(rng.uniform(-20, 22)),
        arms=_choose_arms(rng),
        warp_mm=float(rng.uniform(4.0, 13.0)),
        organs=_sample_organs(rng, sex),
        lesions=_sample_lesions(rng, region) if lesions else (),
    )


def _choose_arms(rng: np.random.Generator) -> Arms:
    draw = rng.random()
    return "up" if draw < 0.65 else "down" if draw < 0.9 else "absent"


def _sample_organs(rng: np.random.Generator, sex: Sex) -> OrganScales:
    size = 1.0 if sex == "male" else 0.94

    def factor(spread: float) -> float:
        return float(size * np.exp(np.clip(rng.normal(0.0, spread), -2 * spread, 2.2 * spread)))

    return OrganScales(
        liver=factor(0.07),
        left_liver=factor(0.15),
        spleen=factor(0.12),
        kidney_right=factor(0.07),
        kidney_left=factor(0.07),
        pancreas=factor(0.12),
        stomach=factor(0.2),
        gallbladder=factor(0.25),
        bladder=factor(0.25),
        prostate=factor(0.15),
        heart=factor(0.07),
        aorta=factor(0.12),
        thyroid=factor(0.15),
        colon=factor(0.13),
        brain=float(np.exp(rng.normal(0.0, 0.025))) * (1.0 if sex == "male" else 0.97),
        ventricles=float(np.exp(rng.normal(0.0, 0.2))),
    )


def _sample_lesions(rng: np.random.Generator, region: Region) -> tuple[Lesion, ...]:
    side: Literal["right", "left"] = "right" if rng.random() < 0.5 else "left"
    level = str(rng.choice(["T11", "T12", "L1", "L2"]))
    head = [Lesion("intracerebral_bleed", float(rng.uniform(12, 52)), side)]
    trunk = [
        Lesion("kidney_stone", float(rng.uniform(3, 14)), side),
        Lesion("kidney_cyst", float(rng.uniform(10, 50)), side),
        Lesion("lung_nodule", float(rng.uniform(6, 28)), side),
        Lesion("aortic_aneurysm", float(rng.uniform(35, 60))),
        Lesion("aortic_calcification", float(rng.uniform(3, 7))),
        Lesion("coronary_calcium", float(rng.uniform(2, 5))),
        Lesion("vertebral_fracture", float(rng.uniform(6, 14)), level=level),
        Lesion("gallstone", float(rng.uniform(5, 15))),
    ]
    chosen = [lesion for lesion in trunk if rng.random() < 0.3] if region != "head" else []
    if region != "trunk" and rng.random() < 0.75:
        chosen += head
    return tuple(chosen)
