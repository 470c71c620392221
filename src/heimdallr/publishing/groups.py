"""Which system of the body a structure belongs to: the branches of the viewer's structure tree.

One table, by TotalSegmentator's class names without their side, as the palette has it.
"""

from __future__ import annotations

import re
from typing import Literal, get_args

Group = Literal[
    "findings",
    "organs",
    "lungs",
    "heart",
    "vessels",
    "nervous_system",
    "vertebrae",
    "ribs",
    "bones",
    "muscles",
    "tissue",
    "other",
]
"""In the order in which a tree shows them."""

GROUPS: tuple[Group, ...] = get_args(Group)

MEMBERS: dict[Group, tuple[str, ...]] = {
    "findings": (
        "intracerebral_hemorrhage",
        "intraparenchymal_hemorrhage",
        "extra_axial_hemorrhage",
        "intraventricular_hemorrhage",
        "perilesional_edema",
        "lung_nodules",
        "pleural_effusion",
        "pericardial_effusion",
    ),
    "organs": (
        "liver",
        "gallbladder",
        "spleen",
        "kidney",
        "kidney_cyst",
        "adrenal_gland",
        "pancreas",
        "esophagus",
        "stomach",
        "duodenum",
        "small_bowel",
        "colon",
        "urinary_bladder",
        "prostate",
        "thyroid_gland",
        "glands",
    ),
    "lungs": (
        "lung",
        "lung_pleural",
        "lung_upper_lobe",
        "lung_middle_lobe",
        "lung_lower_lobe",
        "trachea",
    ),
    "heart": (
        "heart",
        "coronary_arteries",
        "atrial_appendage",
        "heart_myocardium",
        "heart_atrium",
        "heart_ventricle",
        "pericardium",
    ),
    "vessels": (
        "aorta",
        "brachiocephalic_trunk",
        "subclavian_artery",
        "common_carotid_artery",
        "iliac_artery",
        "pulmonary_artery",
        "pulmonary_vein",
        "superior_vena_cava",
        "inferior_vena_cava",
        "brachiocephalic_vein",
        "iliac_vena",
        "portal_vein_and_splenic_vein",
    ),
    "nervous_system": (
        "brain",
        "ventricle_frontal_horn",
        "ventricle_body",
        "ventricle_trigone",
        "ventricle_occipital_horn",
        "ventricle_temporal_horn",
        "third_ventricle",
        "fourth_ventricle",
        "spinal_cord",
        "nervous_system",
    ),
    "vertebrae": ("vertebrae", "vertebrae_body", "sacrum", "intervertebral_discs"),
    "ribs": ("rib", "sternum", "costal_cartilages"),
    "bones": (
        "skull",
        "clavicula",
        "scapula",
        "humerus",
        "radius",
        "ulna",
        "carpal",
        "metacarpal",
        "phalanges_hand",
        "hip",
        "femur",
        "patella",
        "tibia",
        "fibula",
        "tarsal",
        "metatarsal",
        "phalanges_feet",
        "bone",
    ),
    "muscles": (
        "gluteus_maximus",
        "gluteus_medius",
        "gluteus_minimus",
        "autochthon",
        "iliopsoas",
        "muscle",
    ),
    "tissue": (
        "body",
        "skeletal_muscle",
        "subcutaneous_fat",
        "torso_fat",
        "subcutaneous_tissue",
        "abdominal_cavity",
        "thoracic_cavity",
        "mediastinum",
        "breast_implant",
        "torso",
        "head",
        "arm",
        "arms",
        "leg",
        "legs",
    ),
    "other": (),
}
"""Group → names of its structures; what is in none of them is ``other``."""

_SIDE = re.compile(r"_(left|right)(?=_|$)")
_LEVEL = re.compile(r"_[CTLS]?\d+$")
_GROUP_OF = {name: group for group, names in MEMBERS.items() for name in names}


def base_name(structure: str) -> str:
    """A class name without side and level: ``rib_left_7`` → ``rib``."""
    return _LEVEL.sub("", _SIDE.sub("", structure))


def group(structure: str) -> Group:
    """The group of a structure by its TotalSegmentator class name."""
    return _GROUP_OF.get(base_name(structure), "other")
