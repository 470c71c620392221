"""One colour and one readable name per structure, wherever structures are shown.

Overlays, the dashboard and DICOM segmentations use the same table. Colours follow the anatomy
(arteries red, veins blue, bone ivory, muscle dark red, fat amber) and are far enough apart for
neighbours to be told from each other on a dark background. Left and right share a colour.
"""

from __future__ import annotations

import colorsys
import re
import zlib

from heimdallr.domain.statements import structure_name

RGB = tuple[int, int, int]

BONE, DARKER_BONE = (232, 222, 198), (214, 202, 176)
ARTERY, VEIN = (222, 62, 58), (74, 116, 196)
GLUTEAL, TRUNK_MUSCLE = (164, 76, 70), (180, 92, 80)

COLOURS: dict[str, RGB] = {
    # organs of the abdomen and pelvis
    "liver": (188, 96, 76),
    "gallbladder": (112, 168, 86),
    "spleen": (146, 106, 178),
    "kidney": (208, 84, 122),
    "kidney_cyst": (122, 204, 222),
    "adrenal_gland": (240, 212, 116),
    "pancreas": (238, 186, 88),
    "stomach": (226, 154, 132),
    "duodenum": (222, 196, 142),
    "small_bowel": (208, 164, 140),
    "colon": (164, 130, 108),
    "urinary_bladder": (228, 206, 98),
    "prostate": (196, 142, 176),
    # chest and neck
    "lung": (112, 164, 194),
    "lung_upper_lobe": (126, 180, 204),
    "lung_middle_lobe": (108, 158, 190),
    "lung_lower_lobe": (90, 140, 178),
    "trachea": (164, 216, 228),
    "lung_pleural": (112, 164, 194),
    "lung_nodules": (255, 196, 70),
    "pleural_effusion": (64, 132, 220),
    "pericardial_effusion": (250, 150, 92),
    "esophagus": (198, 162, 122),
    "thyroid_gland": (88, 178, 152),
    "heart": (196, 66, 66),
    "coronary_arteries": (250, 122, 92),
    "atrial_appendage": (208, 98, 88),
    "heart_myocardium": (172, 62, 62),
    "heart_atrium": (216, 126, 96),
    "heart_ventricle": (228, 92, 112),
    "pericardium": (214, 120, 134),
    "glands": (206, 150, 186),
    # vessels
    "aorta": ARTERY,
    "brachiocephalic_trunk": ARTERY,
    "subclavian_artery": ARTERY,
    "common_carotid_artery": ARTERY,
    "iliac_artery": ARTERY,
    "pulmonary_artery": (92, 132, 206),
    "pulmonary_vein": (178, 92, 128),
    "superior_vena_cava": VEIN,
    "inferior_vena_cava": VEIN,
    "brachiocephalic_vein": VEIN,
    "iliac_vena": VEIN,
    "portal_vein_and_splenic_vein": (96, 92, 190),
    # nervous system
    "brain": (232, 198, 190),
    "ventricle_frontal_horn": (86, 196, 214),
    "ventricle_body": (70, 138, 204),
    "ventricle_trigone": (132, 206, 150),
    "ventricle_occipital_horn": (176, 132, 214),
    "ventricle_temporal_horn": (226, 190, 98),
    "third_ventricle": (236, 128, 140),
    "fourth_ventricle": (204, 118, 190),
    "spinal_cord": (242, 222, 116),
    "nervous_system": (242, 222, 116),
    # skeleton
    "skull": BONE,
    "sternum": BONE,
    "sacrum": DARKER_BONE,
    "hip": BONE,
    "femur": DARKER_BONE,
    "humerus": DARKER_BONE,
    "scapula": DARKER_BONE,
    "radius": BONE,
    "ulna": DARKER_BONE,
    "carpal": BONE,
    "metacarpal": DARKER_BONE,
    "phalanges_hand": BONE,
    "patella": BONE,
    "tibia": BONE,
    "fibula": DARKER_BONE,
    "tarsal": BONE,
    "metatarsal": DARKER_BONE,
    "phalanges_feet": BONE,
    "bone": BONE,
    "clavicula": BONE,
    "rib": BONE,
    "costal_cartilages": (180, 204, 198),
    "vertebrae": BONE,
    "vertebrae_body": BONE,
    "intervertebral_discs": (150, 186, 190),
    # muscles
    "gluteus_maximus": GLUTEAL,
    "gluteus_medius": (174, 86, 78),
    "gluteus_minimus": (184, 98, 88),
    "autochthon": TRUNK_MUSCLE,
    "iliopsoas": (192, 104, 90),
    "muscle": (236, 90, 80),
    # the body and its tissues
    "body": (214, 178, 152),
    "skeletal_muscle": (236, 90, 80),
    "intermuscular_fat": (196, 138, 228),
    "subcutaneous_fat": (252, 206, 100),
    "torso_fat": (84, 190, 214),
    "visceral_fat": (84, 190, 214),
    # regions and parts of the body
    "subcutaneous_tissue": (252, 206, 100),
    "abdominal_cavity": (84, 190, 214),
    "thoracic_cavity": (126, 180, 204),
    "mediastinum": (150, 122, 200),
    "breast_implant": (170, 220, 170),
    "torso": (200, 160, 130),
    "head": (232, 198, 190),
    "arm": (128, 174, 128),
    "arms": (128, 174, 128),
    "leg": (111, 164, 210),
    "legs": (111, 164, 210),
    # findings
    "intracerebral_hemorrhage": (255, 76, 96),
    "intraparenchymal_hemorrhage": (255, 76, 96),
    "extra_axial_hemorrhage": (255, 160, 60),
    "intraventricular_hemorrhage": (196, 80, 220),
    "perilesional_edema": (90, 200, 230),
}

_SIDE = re.compile(r"_(left|right)(?=_|$)")


def colour(structure: str) -> RGB:
    """RGB of a structure by its TotalSegmentator class name.

    A name that is not in the table gets a muted colour of its own, always the same one.
    """
    base = _SIDE.sub("", structure)
    for name in (base, base.rpartition("_")[0]):  # rib_7 → rib, vertebrae_L3 → vertebrae
        if name in COLOURS:
            return COLOURS[name]
    hue = zlib.crc32(base.encode()) / 2**32
    red, green, blue = colorsys.hls_to_rgb(hue, 0.62, 0.45)
    return round(red * 255), round(green * 255), round(blue * 255)


def display_name(structure: str) -> str:
    """How a structure is called in a picture: ``kidney_left`` → ``Left kidney``."""
    name = structure_name(structure, "en")
    return name[:1].upper() + name[1:]
