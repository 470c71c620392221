"""What a phantom's voxels are made of, and how each material looks on CT and MR.

CT numbers are means in Hounsfield units for a 120 kVp scan without noise: native, late arterial
(about 35 s after injection), portal venous (about 70 s) and delayed (about 5 min). MR signals are
relative to the brightest tissue of the weighting (1.0), for a spoiled gradient echo T1 and a fat
bright fast spin echo T2 at 1.5 T.

Sources of the typical values: ICRU Report 44 / ICRP Publication 110 (densities and compositions of
reference tissues), Lamba et al., AJR 2014 (CT numbers of organs, native and portal venous),
Kodama et al., AJR 2007 (liver fat and CT number), Bae, Radiology 2010 (time course of
enhancement), Bottomley et al., Med Phys 1984 and Stanisz et al., MRM 2005 (relaxation times behind
the MR signals). They are means of wide distributions: a renderer varies them per study.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, auto
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

ContrastPhase = Literal["native", "arterial", "portal_venous", "delayed"]
MrWeighting = Literal["t1", "t2"]


class Material(IntEnum):
    """One number per material; the values of `Phantom.material`. Air is 0."""

    AIR = 0
    TABLE = auto()
    SKIN = auto()
    SUBCUTANEOUS_FAT = auto()
    VISCERAL_FAT = auto()
    MUSCLE = auto()
    CONNECTIVE_TISSUE = auto()
    LUNG = auto()
    AIRWAY_AIR = auto()
    AIRWAY_WALL = auto()
    LIVER = auto()
    SPLEEN = auto()
    PANCREAS = auto()
    ADRENAL = auto()
    KIDNEY_CORTEX = auto()
    KIDNEY_MEDULLA = auto()
    KIDNEY_PELVIS = auto()
    KIDNEY_CYST = auto()
    GALLBLADDER_WALL = auto()
    BILE = auto()
    OESOPHAGUS = auto()
    STOMACH_WALL = auto()
    STOMACH_CONTENT = auto()
    BOWEL_WALL = auto()
    SMALL_BOWEL_CONTENT = auto()
    STOOL = auto()
    BOWEL_GAS = auto()
    BLADDER_WALL = auto()
    URINE = auto()
    PROSTATE = auto()
    UTERUS = auto()
    THYROID = auto()
    MYOCARDIUM = auto()
    BLOOD_LEFT_HEART = auto()
    BLOOD_RIGHT_HEART = auto()
    BLOOD_PULMONARY = auto()
    BLOOD_AORTA = auto()
    BLOOD_ARTERY = auto()
    BLOOD_VEIN_UPPER = auto()
    BLOOD_VEIN_LOWER = auto()
    BLOOD_PORTAL = auto()
    CORTICAL_BONE = auto()
    TRABECULAR_BONE = auto()
    YELLOW_MARROW = auto()
    SKULL = auto()
    DISC = auto()
    CARTILAGE = auto()
    SPINAL_CORD = auto()
    CSF = auto()
    GREY_MATTER = auto()
    WHITE_MATTER = auto()
    BLEED = auto()
    EYE = auto()
    GLAND = auto()
    CALCIFICATION = auto()
    STONE = auto()
    NODULE = auto()


@dataclass(frozen=True, slots=True)
class Appearance:
    """Typical noise-free signal of one material.

    Attributes:
        hu_native: CT number before contrast medium, HU.
        hu_arterial: CT number in the late arterial phase, HU.
        hu_portal_venous: CT number in the portal venous phase, HU.
        hu_delayed: CT number about five minutes after injection, HU.
        t1: T1-weighted signal, 0 to 1.
        t2: T2-weighted signal, 0 to 1.
    """

    hu_native: float
    hu_arterial: float
    hu_portal_venous: float
    hu_delayed: float
    t1: float
    t2: float


def _same(hu: float, t1: float, t2: float) -> Appearance:
    """Describe a material that takes up no contrast medium."""
    return Appearance(hu, hu, hu, hu, t1, t2)


# The enumeration's order is the order of the rows; `_check_complete` below holds them together.
APPEARANCE: dict[Material, Appearance] = {
    Material.AIR: _same(-1000, 0.00, 0.00),
    Material.TABLE: _same(-300, 0.00, 0.00),
    Material.SKIN: Appearance(20, 25, 40, 40, 0.40, 0.25),
    Material.SUBCUTANEOUS_FAT: _same(-105, 1.00, 0.80),
    Material.VISCERAL_FAT: _same(-100, 0.95, 0.75),
    Material.MUSCLE: Appearance(52, 58, 65, 66, 0.38, 0.18),
    Material.CONNECTIVE_TISSUE: Appearance(35, 40, 50, 55, 0.35, 0.25),
    Material.LUNG: Appearance(-830, -820, -815, -820, 0.05, 0.06),
    Material.AIRWAY_AIR: _same(-990, 0.00, 0.00),
    Material.AIRWAY_WALL: Appearance(30, 45, 55, 50, 0.30, 0.25),
    Material.LIVER: Appearance(57, 70, 112, 92, 0.55, 0.25),
    Material.SPLEEN: Appearance(48, 125, 122, 95, 0.38, 0.45),
    Material.PANCREAS: Appearance(40, 100, 95, 75, 0.58, 0.35),
    Material.ADRENAL: Appearance(25, 75, 80, 55, 0.42, 0.35),
    Material.KIDNEY_CORTEX: Appearance(34, 180, 190, 140, 0.48, 0.55),
    Material.KIDNEY_MEDULLA: Appearance(30, 70, 170, 140, 0.38, 0.65),
    Material.KIDNEY_PELVIS: Appearance(5, 8, 20, 320, 0.20, 0.95),
    Material.KIDNEY_CYST: _same(6, 0.15, 1.00),
    Material.GALLBLADDER_WALL: Appearance(35, 55, 75, 65, 0.40, 0.35),
    Material.BILE: _same(10, 0.30, 0.95),
    Material.OESOPHAGUS: Appearance(35, 55, 70, 65, 0.40, 0.35),
    Material.STOMACH_WALL: Appearance(38, 75, 85, 75, 0.42, 0.35),
    Material.STOMACH_CONTENT: _same(20, 0.30, 0.80),
    Material.BOWEL_WALL: Appearance(38, 85, 95, 80, 0.42, 0.35),
    Material.SMALL_BOWEL_CONTENT: _same(22, 0.30, 0.80),
    Material.STOOL: _same(5, 0.45, 0.40),
    Material.BOWEL_GAS: _same(-950, 0.00, 0.00),
    Material.BLADDER_WALL: Appearance(35, 45, 65, 65, 0.38, 0.25),
    Material.URINE: Appearance(5, 5, 10, 180, 0.18, 1.00),
    Material.PROSTATE: Appearance(40, 60, 80, 80, 0.40, 0.45),
    Material.UTERUS: Appearance(45, 80, 110, 100, 0.40, 0.45),
    Material.THYROID: Appearance(105, 190, 165, 140, 0.48, 0.42),
    Material.MYOCARDIUM: Appearance(45, 110, 110, 95, 0.40, 0.28),
    Material.BLOOD_LEFT_HEART: Appearance(42, 300, 150, 105, 0.25, 0.15),
    Material.BLOOD_RIGHT_HEART: Appearance(42, 220, 150, 105, 0.25, 0.15),
    Material.BLOOD_PULMONARY: Appearance(42, 240, 150, 105, 0.25, 0.15),
    Material.BLOOD_AORTA: Appearance(42, 310, 150, 105, 0.20, 0.10),
    Material.BLOOD_ARTERY: Appearance(42, 300, 150, 105, 0.20, 0.10),
    Material.BLOOD_VEIN_UPPER: Appearance(42, 200, 145, 105, 0.22, 0.15),
    Material.BLOOD_VEIN_LOWER: Appearance(42, 60, 135, 108, 0.22, 0.15),
    Material.BLOOD_PORTAL: Appearance(42, 85, 170, 110, 0.22, 0.15),
    Material.CORTICAL_BONE: _same(850, 0.05, 0.03),
    Material.TRABECULAR_BONE: Appearance(180, 185, 200, 195, 0.55, 0.35),
    Material.YELLOW_MARROW: _same(-40, 0.85, 0.60),
    Material.SKULL: _same(900, 0.08, 0.05),
    Material.DISC: _same(85, 0.32, 0.45),
    Material.CARTILAGE: _same(100, 0.40, 0.35),
    Material.SPINAL_CORD: Appearance(30, 32, 36, 36, 0.45, 0.45),
    Material.CSF: _same(6, 0.12, 1.00),
    Material.GREY_MATTER: Appearance(38, 42, 42, 40, 0.42, 0.55),
    Material.WHITE_MATTER: Appearance(28, 30, 30, 29, 0.55, 0.40),
    Material.BLEED: _same(68, 0.45, 0.35),
    Material.EYE: _same(10, 0.15, 0.95),
    Material.GLAND: Appearance(30, 60, 75, 65, 0.55, 0.50),
    Material.CALCIFICATION: _same(500, 0.02, 0.02),
    Material.STONE: _same(800, 0.02, 0.02),
    Material.NODULE: Appearance(35, 60, 65, 60, 0.40, 0.45),
}

MATERIALS: tuple[Material, ...] = tuple(Material)
"""All materials; the index is the number in `Phantom.material`."""

if tuple(APPEARANCE) != MATERIALS:  # guards an edit of one list only
    msg = "every material needs one row in APPEARANCE, in the order of Material"
    raise RuntimeError(msg)


def ct_numbers(phase: ContrastPhase) -> npt.NDArray[np.float32]:
    """Return the mean CT number of every material, shape `(len(MATERIALS),)`, HU.

    Args:
        phase: contrast phase.

    Index the result with `Phantom.material` to get a noise-free image.
    """
    field = f"hu_{phase}"
    return np.array([getattr(APPEARANCE[m], field) for m in MATERIALS], dtype=np.float32)


def mr_signals(weighting: MrWeighting) -> npt.NDArray[np.float32]:
    """Return the relative MR signal of every material, shape `(len(MATERIALS),)`, 0 to 1."""
    return np.array([getattr(APPEARANCE[m], weighting) for m in MATERIALS], dtype=np.float32)


def liver_hu_native(fat_fraction: float) -> float:
    """Return the native CT number of a liver with the given proton density fat fraction.

    Args:
        fat_fraction: fat fraction by MR, 0 (none) to 0.5.

    Linear relation of about -1.06 HU per percent of fat from a fat-free liver of 62 HU, after
    Kramer et al., AJR 2017 (native CT against MR fat fraction).
    """
    return 62.0 - 106.0 * fat_fraction
