"""Skin, subcutaneous fat, muscle mantle and visceral fat of trunk, limbs and head."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heimdallr.phantom.canvas import Paint
from heimdallr.phantom.labels import SIDES
from heimdallr.phantom.materials import Material
from heimdallr.phantom.primitives import Clip, Ellipsoid, Region, Union, mirrored, tube
from heimdallr.phantom.ribcage import arm_line

if TYPE_CHECKING:
    from heimdallr.phantom.patient import Patient
    from heimdallr.phantom.primitives import Bools, Coordinates, Shape

SKIN_MM = 2.0
"""Thickness of the skin."""

_AIR = frozenset({Material.AIR})
_MANTLE = frozenset({Material.SKIN})
_UNDER = frozenset({Material.SKIN, Material.SUBCUTANEOUS_FAT})
_BOX = ((-420.0, -300.0, -330.0), (420.0, 420.0, 480.0))


def surface_steps(patient: Patient) -> list[Paint]:
    """Return skin, subcutaneous fat and muscle of trunk and limbs, from the outside in."""
    fat = patient.subcutaneous_mm
    thigh = 4.0 + 0.55 * fat
    arm = 3.0 + 0.4 * fat
    shoulder = 3.0 + 0.3 * fat
    skin: list[Shape] = [Region(*_BOX, lambda c: np.asarray(c.skin_depth > 0))]
    under: list[Shape] = [Region(*_BOX, lambda c: np.asarray(c.skin_depth > SKIN_MM))]
    muscle: list[Shape] = [Region(*_BOX, lambda c: np.asarray(c.fascia_depth > 0))]
    for _, sign in SIDES:
        for shapes, legs, arms, top in (
            (skin, thigh, arm, shoulder),
            (under, thigh - SKIN_MM, arm - SKIN_MM, shoulder - SKIN_MM),
            (muscle, 0.0, 0.0, 0.0),
        ):
            shapes.append(_thigh(patient, sign, legs))
            shapes.append(_shoulder(patient, sign, top))
            if patient.arms != "absent":
                shapes.append(_arm(patient, sign, arms))
    if patient.sex == "female":
        skin.append(_breasts(patient, 0.0))
        under.append(_breasts(patient, SKIN_MM))
    return [
        Paint(Union(tuple(skin)), Material.SKIN, "", over=_AIR),
        Paint(Union(tuple(under)), Material.SUBCUTANEOUS_FAT, "", over=_MANTLE),
        Paint(Union(tuple(muscle)), Material.MUSCLE, "", over=_UNDER),
    ]


def _thigh(patient: Patient, sign: int, margin_mm: float) -> Shape:
    k = 0.8 + 0.2 * patient.muscle
    line = mirrored([[100, 4, -270], [96, 8, -340], [92, 14, -480]], sign)
    radii = np.array([72, 74, 60]) * k + margin_mm
    return Clip(tube(line, radii, step_mm=30), lambda c: np.asarray(c.z < -255.0))


def _shoulder(patient: Patient, sign: int, margin_mm: float) -> Shape:
    k = 0.85 + 0.15 * patient.muscle
    lift = 10.0 if patient.arms == "up" else 0.0
    line = mirrored([[70, 0, 318], [120, 8, 306 + lift], [158, 14, 296]], sign)
    return tube(line, np.array([38, 40, 40]) * k + margin_mm, step_mm=30, flatten=(1, 1.1, 1))


def _arm(patient: Patient, sign: int, margin_mm: float) -> Shape:
    k = 0.8 + 0.2 * patient.muscle
    line = arm_line(patient, sign)
    return tube(line, np.array([42, 38, 34, 24]) * k + margin_mm, step_mm=40)


def _breasts(patient: Patient, margin_mm: float) -> Shape:
    r = 30.0 + 0.7 * patient.subcutaneous_mm - margin_mm
    front = 128.0
    return Union(
        tuple(Ellipsoid((s * 80.0, front, 175.0), (r * 1.35, r * 1.25, r * 1.35)) for s in (1, -1))
    )


def cavity_steps(patient: Patient) -> list[Paint]:
    """Return the fat that fills the trunk's cavity, and fat between the hip muscles."""

    def cavity(c: Coordinates) -> Bools:
        return np.asarray(c.cavity_depth > 0)

    box = Region((-200.0, -90.0, -270.0), (200.0, 260.0, 352.0), cavity)
    steps = [Paint(box, Material.VISCERAL_FAT, "")]
    gland = 10.0 + 0.35 * patient.subcutaneous_mm
    if patient.sex == "female":
        glands = [
            Ellipsoid((s * 80.0, 150.0, 175.0), (gland * 1.2, gland, gland * 1.2)) for s in (1, -1)
        ]
        over = frozenset({Material.SUBCUTANEOUS_FAT})
        steps.append(Paint(Union(tuple(glands)), Material.GLAND, "", over=over))
    seam = 5.0 * patient.visceral
    shapes: list[Shape] = []
    for _, s in SIDES:
        # Fat planes: below gluteus maximus, around the ischium, between the thigh muscles.
        shapes.append(
            tube(mirrored([[52, -22, -225], [58, -30, -262], [40, -12, -285]], s), 8 + seam)
        )
        shapes.append(tube(mirrored([[84, 66, -225], [80, 58, -300]], s), 5 + seam))
        shapes.append(tube(mirrored([[120, -14, -235], [118, -12, -330]], s), 5 + seam))
        shapes.append(tube(mirrored([[94, -18, 320], [130, -20, 300]], s), 5 + seam))
        shapes.append(tube(mirrored([[118, 28, 250], [130, 30, 285]], s), 9 + seam))
        shapes.append(tube(mirrored([[64, 8, 335], [38, 36, 350]], s), 5 + seam))
    over = frozenset({Material.MUSCLE})
    return [*steps, Paint(Union(tuple(shapes)), Material.VISCERAL_FAT, "", over=over)]
