"""What materials look like on CT: HU in native scans, gain by contrast phase, texture.

Values are textbook means (e.g. Lell & Kachelriess, Invest Radiol 2020; Boone et al.) with spreads
wide enough to cover patients and scanners; they need not be exact, the networks see them jittered.
"""

from __future__ import annotations

from dataclasses import dataclass

from classes import TOTAL


@dataclass(frozen=True, slots=True)
class Look:
    """Appearance of one material: HU mean, spread between patients, gains, texture SD in HU."""

    native_hu: float
    spread_hu: float
    arterial_hu: float = 0.0
    portal_hu: float = 0.0
    delayed_hu: float = 0.0
    texture_hu: float = 4.0


LOOKS: dict[str, Look] = {
    "air": Look(-1000, 3, texture_hu=0),
    "gas": Look(-930, 50),
    "lung": Look(-840, 50, 15, 15, 10, 50),
    "fat": Look(-103, 10, 0, 1, 1, 8),
    "stranded_fat": Look(-88, 14, 2, 4, 4, 22),
    "skin": Look(0, 40, 5, 10, 10, 20),
    "muscle": Look(54, 8, 4, 10, 10, 9),
    "lean": Look(25, 20, 10, 20, 15, 25),
    "liver": Look(56, 10, 12, 52, 35, 6),
    "spleen": Look(48, 5, 60, 72, 45, 5),
    "kidney": Look(32, 4, 110, 140, 110, 18),
    "renal_sinus": Look(-40, 40, 10, 40, 120, 30),
    "pancreas": Look(40, 8, 50, 48, 25, 16),
    "gallbladder": Look(12, 9, 0, 2, 6, 3),
    "adrenal": Look(22, 12, 45, 50, 25, 8),
    "thyroid": Look(95, 20, 70, 60, 40, 8),
    "bowel_wall": Look(38, 9, 30, 45, 30, 10),
    "bowel_fluid": Look(14, 14, 4, 6, 6, 10),
    "oral_contrast": Look(220, 90, texture_hu=30),
    "stool": Look(20, 50, texture_hu=90),
    "urine": Look(4, 6, 0, 5, 120, 2),
    "prostate": Look(38, 7, 15, 35, 30, 8),
    "artery": Look(42, 6, 260, 115, 60, 5),
    "vein": Look(42, 6, 40, 110, 65, 8),
    "portal_vein": Look(42, 6, 70, 130, 70, 5),
    "pulmonary_vessel": Look(42, 6, 210, 105, 60, 6),
    "heart": Look(42, 6, 140, 95, 58, 25),
    "bone_shell": Look(420, 140, 0, 5, 5, 90),
    "bone_trabecular": Look(190, 70, 5, 12, 8, 35),
    "cartilage": Look(105, 35, 0, 2, 2, 25),
    "disc": Look(72, 16, 0, 3, 3, 8),
    "canal": Look(15, 14, 0, 2, 2, 8),
    "spinal_cord": Look(34, 7, 2, 4, 4, 5),
    "brain": Look(34, 3, 2, 4, 4, 3),
    "csf": Look(7, 4, 0, 0, 0, 2),
    "blood_clot": Look(66, 8, texture_hu=4),
    "metal": Look(2500, 500, texture_hu=100),
    # Bodies on disk store positions in this table: add at the end only.
    "kidney_medulla": Look(30, 4, 35, 135, 110, 10),
    "myocardium": Look(45, 5, 65, 62, 50, 8),
    "grey_matter": Look(38, 3, 3, 4, 3, 3),
    "skull": Look(900, 150, texture_hu=80),
}
KINDS: tuple[str, ...] = tuple(LOOKS)
KIND_NUMBER: dict[str, int] = {name: number for number, name in enumerate(KINDS)}

_KIND_OF_CLASS = {
    "liver": "liver",
    "spleen": "spleen",
    "pancreas": "pancreas",
    "gallbladder": "gallbladder",
    "trachea": "gas",
    "thyroid_gland": "thyroid",
    "urinary_bladder": "urine",
    "prostate": "prostate",
    "heart": "heart",
    "aorta": "artery",
    "pulmonary_vein": "pulmonary_vessel",
    "atrial_appendage_left": "pulmonary_vessel",
    "superior_vena_cava": "vein",
    "inferior_vena_cava": "vein",
    "portal_vein_and_splenic_vein": "portal_vein",
    "brachiocephalic_trunk": "artery",
    "spinal_cord": "spinal_cord",
    "brain": "brain",
    "esophagus": "bowel_wall",
    "stomach": "bowel_wall",
    "small_bowel": "bowel_wall",
    "duodenum": "bowel_wall",
    "colon": "bowel_wall",
    "costal_cartilages": "cartilage",
}
_KIND_OF_PREFIX = {
    "kidney_cyst": "urine",
    "kidney": "kidney",
    "adrenal": "adrenal",
    "lung": "lung",
    "subclavian_artery": "artery",
    "common_carotid": "artery",
    "iliac_artery": "artery",
    "iliac_vena": "vein",
    "brachiocephalic_vein": "vein",
    "gluteus": "muscle",
    "autochthon": "muscle",
    "iliopsoas": "muscle",
}


def kind_of_class(name: str) -> str:
    """Material that a class of `total` mainly consists of (bones: `bone_trabecular`)."""
    if name in _KIND_OF_CLASS:
        return _KIND_OF_CLASS[name]
    for prefix, kind in _KIND_OF_PREFIX.items():
        if name.startswith(prefix):
            return kind
    return "bone_trabecular"


BONES: frozenset[int] = frozenset(
    number for number, name in TOTAL.items() if kind_of_class(name) == "bone_trabecular"
)
HOLLOW: frozenset[int] = frozenset(
    number
    for number, name in TOTAL.items()
    if name in {"stomach", "small_bowel", "duodenum", "colon", "esophagus"}
)
