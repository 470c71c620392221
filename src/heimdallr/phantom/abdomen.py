"""Liver, gallbladder, spleen, pancreas, kidneys, adrenals, bladder and prostate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heimdallr.phantom.canvas import Paint
from heimdallr.phantom.labels import SIDES
from heimdallr.phantom.materials import Material
from heimdallr.phantom.primitives import Clip, Ellipsoid, Region, Union, rotation, tube

if TYPE_CHECKING:
    from heimdallr.phantom.patient import Patient
    from heimdallr.phantom.primitives import Bools, Coordinates, Floats


def below_diaphragm(c: Coordinates) -> Bools:
    """Tell which voxels lie in the abdominal cavity."""
    return np.asarray((c.cavity_depth > 2.5) & (c.above_diaphragm < -2.5))


def liver_steps(patient: Patient, rng: np.random.Generator) -> list[Paint]:
    """Return the liver: under the right dome, its lower face rising from right to left."""
    k, left = patient.organs.liver, patient.organs.left_liver
    drop = 0.9 * patient.inspiration_mm
    tip = -16.0 - 170.0 * (k - 1.0) - drop + float(rng.normal(0, 7))
    reach = -50.0 - 70.0 * (left - 1.0)
    slope, lean = 0.62 + rng.normal(0, 0.08), 0.22 + rng.normal(0, 0.08)
    wave = rng.uniform(0, 6.3, 4)

    def inside(c: Coordinates) -> Bools:
        # Visceral face: lowest at the right side, higher to the left and to the back.
        across = np.clip(118.0 - c.x, 0.0, 200.0)
        under = tip + slope * np.minimum(across, 75.0) + 0.28 * np.maximum(across - 75.0, 0.0)
        under = under - lean * (c.y - 60.0)
        under = under + 6.0 * np.sin(c.x / 33.0 + wave[0]) + 5.0 * np.sin(c.y / 28.0 + wave[1])
        under = under + 0.010 * np.clip(c.y - 85.0, 0.0, None) ** 2 * np.clip(c.x / 40, 0, 1)
        # Posterior face: free of the spine and the cava, then forward over the stomach.
        behind = 52.0 - 1.25 * np.clip(c.x, 0.0, 70.0) - 0.6 * np.clip(c.x, -200.0, 0.0)
        behind = behind + 0.45 * np.clip(70.0 - c.z, 0.0, 60.0) * np.clip((60 - c.x) / 60, 0, 1)
        behind = behind + 7.0 * np.sin(c.x / 24.0 + wave[2]) * np.sin(c.z / 30.0 + wave[3])
        # Left lobe thins out towards its tip.
        limit = reach + 0.003 * (c.y - 105.0) ** 2
        thin = np.clip((40.0 - c.x) / 95.0, 0.0, 1.0)
        mask = below_diaphragm(c) & (c.z > under) & (c.y > behind) & (c.x > limit)
        return np.asarray(mask & (c.above_diaphragm > -150.0 + 95.0 * thin))

    region = Region((-130.0, -80.0, -120.0), (175.0, 220.0, 175.0), inside)
    return [Paint(region, Material.LIVER, "liver")]


def gallbladder_steps(patient: Patient) -> list[Paint]:
    """Return the gallbladder under the liver's right lobe."""
    k, d = patient.organs.gallbladder, 0.9 * patient.inspiration_mm
    line = np.array([[48, 70, 40], [60, 84, 26], [72, 100, 8]]) - [0, 0, d]
    return [
        Paint(tube(line, np.array([6, 12, 15]) * k), Material.GALLBLADDER_WALL, "gallbladder"),
        Paint(tube(line, np.array([6, 12, 15]) * k - 1.8), Material.BILE, "gallbladder"),
    ]


def spleen_steps(patient: Patient, rng: np.random.Generator) -> list[Paint]:
    """Return the spleen, moulded to the left dome and the ribs."""
    k, d = patient.organs.spleen, 0.8 * patient.inspiration_mm
    place = (-103.0 + rng.normal(0, 4), 4.0 + rng.normal(0, 6), 71.0 + rng.normal(0, 7) - d)
    turned = rotation(about_x_deg=-18 + rng.normal(0, 8), about_z_deg=24 + rng.normal(0, 10))
    bumps = tuple(rng.normal(0, 0.08, 5))
    shape = Ellipsoid(place, (31 * k, 47 * k, 50 * k), turned, bumps=bumps)
    return [Paint(Clip(shape, below_diaphragm), Material.SPLEEN, "spleen")]


def pancreas_steps(patient: Patient, rng: np.random.Generator) -> list[Paint]:
    """Return the pancreas from the duodenum's loop to the spleen."""
    k, d = patient.organs.pancreas, 0.6 * patient.inspiration_mm
    line = np.array(
        [[28, 64, -14], [26, 70, 8], [6, 80, 24], [-24, 78, 34], [-54, 58, 40], [-80, 36, 50]]
    )
    line = line + rng.normal(0, 3.0, line.shape) - [0, 0, d]
    radii = np.array([9, 14, 10, 10, 9.5, 7]) * k
    return [Paint(tube(line, radii, flatten=(1, 0.85, 1.15)), Material.PANCREAS, "pancreas")]


def kidney_steps(patient: Patient, rng: np.random.Generator) -> list[Paint]:
    """Return kidneys with cortex, medulla and sinus, and the adrenal glands."""
    steps = []
    for side, sign in SIDES:
        k = patient.organs.kidney_right if sign > 0 else patient.organs.kidney_left
        centre = kidney_centre_mm(patient, sign) + rng.normal(0, [4, 4, 9])
        turned = rotation(
            about_x_deg=-12 + rng.normal(0, 4),
            about_y_deg=sign * (13 + rng.normal(0, 4)),
            about_z_deg=sign * (35 + rng.normal(0, 8)),
        )
        place = tuple(centre)
        bumps = tuple(rng.normal(0, 0.05, 5))
        label = f"kidney_{side}"
        outer = Ellipsoid(place, (30 * k, 25 * k, 56 * k), turned, bumps=bumps)
        medulla = Ellipsoid(place, (22 * k, 17 * k, 46 * k), turned, bumps=bumps)
        steps.append(Paint(outer, Material.KIDNEY_CORTEX, label))
        steps.append(Paint(medulla, Material.KIDNEY_MEDULLA, label))
        hilum = centre + turned @ np.array([-sign * 22.0 * k, 0, 0])
        sinus = Ellipsoid(tuple(hilum), (20 * k, 9 * k, 24 * k), turned)
        steps.append(Paint(sinus, Material.VISCERAL_FAT, ""))
        pelvis = Ellipsoid(tuple(hilum), (12 * k, 4.5 * k, 13 * k), turned)
        steps.append(Paint(pelvis, Material.KIDNEY_PELVIS, ""))
        ureter = [
            hilum + np.array([-sign * 6, 4, -10]),
            [sign * 44.0, 30, -60],
            [sign * 42.0, 44, -130],
            [sign * 48.0, 0, -190],
            [sign * 18.0, 28, -222],
        ]
        steps.append(Paint(tube(ureter, 2.2), Material.URINE, ""))
    return steps


def kidney_centre_mm(patient: Patient, sign: int) -> Floats:
    """Return the centre of one kidney, mm (the left lies a little higher)."""
    lateral = 72.0 + 8.0 * (patient.visceral - 0.5)
    height = 8.0 if sign > 0 else 18.0
    return np.array([sign * lateral, 6.0, height - 0.5 * patient.inspiration_mm])


def adrenal_steps(patient: Patient) -> list[Paint]:
    """Return the adrenal glands: two thin limbs joined in front."""
    steps = []
    d = 0.5 * patient.inspiration_mm
    front = {"right": (34.0, 37.0, 62.0), "left": (-38.0, 45.0, 54.0)}
    for side, sign in SIDES:
        x, y, z = front[side]
        limbs = []
        for out in (8.0, -3.0):
            line = [
                [x, y, z + 12 - d],
                [x + sign * out, y - 14, z - d],
                [x + sign * out * 1.4, y - 22, z - 12 - d],
            ]
            limbs.append(tube(line, [3.8, 3.7, 2.9], step_mm=8, flatten=(0.8, 1.1, 1.7)))
        steps.append(Paint(Union(tuple(limbs)), Material.ADRENAL, f"adrenal_gland_{side}"))
    return steps


def pelvic_organ_steps(patient: Patient) -> list[Paint]:
    """Return bladder and prostate, or bladder and uterus."""
    k = patient.organs.bladder
    semi = np.array([38.0, 34.0, 26.0]) * k
    centre = (0.0, 40.0, -236.0 + float(semi[2]))
    wall = Ellipsoid(centre, tuple(semi), power=2.3)
    lumen = Ellipsoid(centre, tuple(semi - 3.0), power=2.3)
    steps = [
        Paint(wall, Material.BLADDER_WALL, "urinary_bladder"),
        Paint(lumen, Material.URINE, "urinary_bladder"),
    ]
    if patient.sex == "male":
        p = patient.organs.prostate
        gland = Ellipsoid((0.0, 24.0, -248.0), (23 * p, 16 * p, 17 * p))
        return [Paint(gland, Material.PROSTATE, "prostate"), *steps]
    uterus = tube([[0, 10, -232], [2, 8, -205], [4, 28, -180]], [11, 17, 22], flatten=(1.2, 0.9, 1))
    ovaries = [Ellipsoid((s * 42.0, 10.0, -190.0), (10, 12, 14)) for s in (1, -1)]
    return [Paint(Union((uterus, *ovaries)), Material.UTERUS, ""), *steps]
