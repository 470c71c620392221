"""A drawn patient from the thighs to the vertex, with maps of every task that analyses read.

In-plane it is drawn twice as coarse as its voxels are, for the sake of the time it takes.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from totalsegmentator.map_to_binary import class_map

from heimdallr.analyses.anatomy.vertebral_body import TASK as BODIES
from heimdallr.analyses.case import Case
from heimdallr.domain.study import KernelClass, Patient, Series
from heimdallr.imaging.volume import LabelMap, Volume
from heimdallr.phantom.anatomy import build
from heimdallr.phantom.materials import Material
from heimdallr.phantom.patient import Lesion
from heimdallr.phantom.patient import Patient as PhantomPatient
from heimdallr.phantom.render import patient_ct_numbers
from heimdallr.segmentation.network_collections import Collection
from heimdallr.segmentation.result import Segmentation, SegmentationProvenance

SEED = 20
SPACING_MM, COARSER = (3.0, 3.0, 2.5), 2
HEIGHT_MM, WIDTH_MM = (-330.0, 655.0), (462.0, 462.0)
LESIONS = (
    Lesion("intracerebral_bleed", 30.0),
    Lesion("kidney_stone", 14.0, "left"),
    Lesion("kidney_stone", 14.0, "right"),
    Lesion("lung_nodule", 16.0, "right"),
    Lesion("aortic_calcification", 8.0),
    Lesion("coronary_calcium", 8.0),
    Lesion("vertebral_fracture", 8.0, level="L2"),
)
SERIES = Series("1.2.3", "CT", kvp=120.0, kernel="B30f", kernel_class=KernelClass.SOFT)
PATIENT = Patient(sex="M", age_years=60.0, height_m=1.75, weight_kg=80.0)
BOA = Collection("BOA", "Apache-2.0", "Haubold 2023", "https://example.org")
REGIONS = {1: "pericardium", 2: "mediastinum"}
ARMS = {1: "arm_left", 2: "arm_right"}
Labels = np.ndarray


@cache
def whole_case() -> Case:
    """Native, on its own labels."""
    patient = PhantomPatient(region="whole", inspiration_mm=40.0, lesions=LESIONS)
    x, y, z = SPACING_MM
    drawn = build(
        patient,
        spacing_mm=(x * COARSER, y * COARSER, z),
        seed=SEED,
        z_range_mm=HEIGHT_MM,
        fov_mm=WIDTH_MM,
        measure_lesions=False,
    )
    total = {name: number for number, name in class_map["total"].items()}
    hu = patient_ct_numbers(patient, "native")[drawn.material].round().astype(np.int16)
    lungs = np.isin(drawn.total, [n for name, n in total.items() if name.startswith("lung_")])
    hindmost = np.flatnonzero(lungs.any(axis=(0, 2)))[0]
    lungs[:, hindmost + 4 :] = False
    hu[lungs], drawn.total[lungs] = 8, 0
    chest = drawn.total == total["heart"]
    column = np.isin(drawn.total, [n for name, n in total.items() if "vertebrae_" in name])
    bodies = column & (np.indices(column.shape)[1] > _middle(column)[1])
    maps = {
        "total": drawn.total,
        "tissue_types": drawn.tissue,
        "cerebral_bleed": drawn.bleed,
        "lung_nodules": 2 * (drawn.material == Material.NODULE),
        "pleural_pericard_effusion": 2 * lungs,
        "ventricle_parts": _ventricles(drawn.total == total["brain"]),
        "body": ~np.isin(drawn.material, (Material.AIR, Material.TABLE)),
        "coronary_arteries": chest & (np.indices(chest.shape)[0] == round(_middle(chest)[0])),
        BODIES: bodies,
        "boa_body_regions": chest + 2 * np.roll(chest, 3, axis=1) * ~chest,
        "boa_body_parts": np.zeros_like(drawn.total),
    }
    names = {"body": {1: "body"}, "boa_body_regions": REGIONS, "boa_body_parts": ARMS}
    affine = drawn.affine.copy()
    affine[:3, :2] /= COARSER
    made = {}
    for task, labels in maps.items():
        known = names.get(task) or dict(class_map[task])
        made[task] = Segmentation(
            LabelMap(_fine(labels.astype(np.uint8)), affine, known), _how(task)
        )
    image = _fine(hu)
    image += np.random.default_rng(SEED).normal(0, 8, image.shape).astype(np.int16)
    return Case("CT", Volume(image, affine), PATIENT, SERIES, made)


def _how(task: str) -> SegmentationProvenance:
    by = (BOA,) if task.startswith("boa_") else ()
    return SegmentationProvenance(task, "none", "cpu", (), "official", (), 1.5, 0.0, collections=by)


def _middle(mask: Labels) -> Labels:
    return np.asarray(np.argwhere(mask).mean(axis=0))


def _fine(data: Labels) -> Labels:
    """Every pixel as several, in the order in memory that volumes are loaded in."""
    return np.asfortranarray(data.repeat(COARSER, 0).repeat(COARSER, 1))


def _ventricles(brain: Labels) -> Labels:
    """Ellipsoids amid the brain in the places of its ventricles."""
    numbers = {name: number for number, name in class_map["ventricle_parts"].items()}
    spacing = np.array(SPACING_MM) * (COARSER, COARSER, 1)
    off = (np.moveaxis(np.indices(brain.shape), 0, -1) - _middle(brain)) * spacing
    parts = np.zeros(brain.shape, np.uint8)
    shapes = {
        "ventricle_frontal_horn_right": ((12, 24, 8), (10, 18, 14)),
        "ventricle_frontal_horn_left": ((-12, 24, 8), (10, 18, 14)),
        "ventricle_trigone_right": ((20, -24, 8), (9, 14, 12)),
        "ventricle_trigone_left": ((-20, -24, 8), (9, 14, 12)),
        "third_ventricle": ((0, 0, -6), (7, 16, 12)),
        "fourth_ventricle": ((0, -30, -36), (10, 10, 10)),
    }
    for name, (centre, radii) in shapes.items():
        parts[(((off - centre) / radii) ** 2).sum(axis=-1) < 1] = numbers[name]
    return parts
