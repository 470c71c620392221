"""How large structures are in an adult: what sizes and shares are compared with.

Organs: means of the reference man and woman (ICRP Publication 89, 2002, masses ÷ 1.05 g/cm³); lobes
share a 5 L inspiratory lung. Bones, muscles and bowel with its contents are rounded by hand; a real
adult (TCGA-LIHC A10W) has 420 cm³ of a hip bone, 570 of a gluteus maximus, 950 of colon.
"""

from __future__ import annotations

LOBES_CM3 = {
    "lung_upper_lobe_left": 1200.0,
    "lung_lower_lobe_left": 1100.0,
    "lung_upper_lobe_right": 1000.0,
    "lung_middle_lobe_right": 450.0,
    "lung_lower_lobe_right": 1250.0,
}

_PAIRED_CM3 = {
    "kidney": 139.0,
    "hip": 400.0,
    "femur": 500.0,
    "humerus": 180.0,
    "scapula": 90.0,
    "gluteus_maximus": 800.0,
    "gluteus_medius": 350.0,
    "autochthon": 600.0,
    "iliopsoas": 350.0,
}

TYPICAL_CM3 = {
    "brain": 1310.0,
    "skull": 800.0,
    "thyroid_gland": 18.0,
    **{f"vertebrae_C{level}": 14.0 for level in range(1, 8)},
    **LOBES_CM3,
    "lung_left": 2300.0,
    "lung_right": 2700.0,
    "heart": 690.0,
    "liver": 1520.0,
    "spleen": 133.0,
    "pancreas": 124.0,
    "stomach": 370.0,
    "small_bowel": 800.0,
    "colon": 800.0,
    "sacrum": 190.0,
    "urinary_bladder": 150.0,
    **{
        f"{name}_{side}": volume_cm3
        for name, volume_cm3 in _PAIRED_CM3.items()
        for side in ("left", "right")
    },
}

OTHERS_CM3 = 50.0
"""Of a structure that is not listed: a thoracic vertebra, a vessel. Chosen, not measured."""


def typical_cm3(structure: str) -> float:
    """The volume of a structure in an adult, for thresholds only."""
    return TYPICAL_CM3.get(structure, OTHERS_CM3)
