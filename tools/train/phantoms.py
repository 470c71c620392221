"""Phantoms as training bodies: built at 3 mm, their materials translated to `tissues.LOOKS`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from body_files import save_body
from realmaps import body_from_maps
from tissues import KIND_NUMBER

from heimdallr.phantom.anatomy import build
from heimdallr.phantom.materials import MATERIALS
from heimdallr.phantom.patient import sample_patient

if TYPE_CHECKING:
    from pathlib import Path

    from realmaps import Body

    from heimdallr.phantom.patient import Region

VOXEL_MM = 3.0
HELD_OUT_SEED = 90_000
"""Phantoms of this seed and the 999 after it are never trained on."""

_LOOK_OF_MATERIAL = {
    "AIR": "air",
    "TABLE": "air",
    "SKIN": "skin",
    "SUBCUTANEOUS_FAT": "fat",
    "VISCERAL_FAT": "fat",
    "MUSCLE": "muscle",
    "CONNECTIVE_TISSUE": "lean",
    "LUNG": "lung",
    "AIRWAY_AIR": "gas",
    "AIRWAY_WALL": "lean",
    "LIVER": "liver",
    "SPLEEN": "spleen",
    "PANCREAS": "pancreas",
    "ADRENAL": "adrenal",
    "KIDNEY_CORTEX": "kidney",
    "KIDNEY_MEDULLA": "kidney_medulla",
    "KIDNEY_PELVIS": "renal_sinus",
    "KIDNEY_CYST": "gallbladder",
    "GALLBLADDER_WALL": "bowel_wall",
    "BILE": "gallbladder",
    "OESOPHAGUS": "bowel_wall",
    "STOMACH_WALL": "bowel_wall",
    "STOMACH_CONTENT": "bowel_fluid",
    "BOWEL_WALL": "bowel_wall",
    "SMALL_BOWEL_CONTENT": "bowel_fluid",
    "STOOL": "stool",
    "BOWEL_GAS": "gas",
    "BLADDER_WALL": "bowel_wall",
    "URINE": "urine",
    "PROSTATE": "prostate",
    "UTERUS": "prostate",
    "THYROID": "thyroid",
    "MYOCARDIUM": "myocardium",
    "BLOOD_LEFT_HEART": "artery",
    "BLOOD_RIGHT_HEART": "pulmonary_vessel",
    "BLOOD_PULMONARY": "pulmonary_vessel",
    "BLOOD_AORTA": "artery",
    "BLOOD_ARTERY": "artery",
    "BLOOD_VEIN_UPPER": "pulmonary_vessel",
    "BLOOD_VEIN_LOWER": "vein",
    "BLOOD_PORTAL": "portal_vein",
    "CORTICAL_BONE": "bone_shell",
    "TRABECULAR_BONE": "bone_trabecular",
    "YELLOW_MARROW": "stranded_fat",
    "SKULL": "skull",
    "DISC": "disc",
    "CARTILAGE": "cartilage",
    "SPINAL_CORD": "spinal_cord",
    "CSF": "csf",
    "GREY_MATTER": "grey_matter",
    "WHITE_MATTER": "brain",
    "BLEED": "blood_clot",
    "EYE": "urine",
    "GLAND": "lean",
    "CALCIFICATION": "bone_shell",
    "STONE": "bone_shell",
    "NODULE": "lean",
}
_LUT = np.zeros(256, np.uint8)
for _material in MATERIALS:
    _LUT[_material] = KIND_NUMBER[_LOOK_OF_MATERIAL[_material.name]]


def phantom_body(region: Region, seed: int, voxel_mm: float = VOXEL_MM) -> Body:
    """One random phantom as a training body, `(z, y, x)`."""
    rng = np.random.default_rng(seed)
    # A bleed's true volume is counted on a fine grid, which costs more than all the rest.
    patient = sample_patient(rng, region=region, lesions=region == "trunk")
    phantom = build(patient, spacing_mm=voxel_mm, seed=seed)
    side = np.pad(
        np.stack([phantom.total, phantom.tissue, _LUT[phantom.material]]).transpose(0, 3, 2, 1),
        ((0, 0), (0, 10 if region != "trunk" else 0), (12, 12), (12, 12)),
    )
    return body_from_maps(side[0], side[1], side[2])


def build_phantoms(pool: Path, count: int, seed: int) -> None:
    """Add phantoms to a pool until it has `count`: two of three trunks, the rest whole bodies."""
    for index in range(count):
        region: Region = "whole" if index % 3 == 2 else "trunk"
        path = pool / "phantom" / f"{index:04d}.npz"
        if path.exists():
            continue
        save_body(path, phantom_body(region, seed * 1000 + index))
        if index % 10 == 0:
            print(f"phantom {index}", flush=True)


def build_heads(pool: Path, count: int, seed: int) -> None:
    """Add heads at 1.5 mm, without disease: bleeds are painted in while rendering."""
    for index in range(count):
        path = pool / "head" / f"{index:04d}.npz"
        if not path.exists():
            save_body(path, phantom_body("head", 500_000 + seed * 1000 + index, 1.5))
