"""Hip bones, femora, gluteal muscles and iliopsoas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heimdallr.phantom.canvas import Paint
from heimdallr.phantom.labels import SIDES
from heimdallr.phantom.materials import Material
from heimdallr.phantom.primitives import Ellipsoid, Sheet, Union, mirrored, rotation, tube

if TYPE_CHECKING:
    from heimdallr.phantom.patient import Patient
    from heimdallr.phantom.primitives import Floats, Shape

# Iliac wing: crest from the posterior to the anterior superior spine, and the line below it.
_CREST = [[36, -58, -134], [52, -54, -110], [84, -34, -90], [112, 0, -84], [126, 36, -100],
          [128, 66, -128]]
_MIDDLE = [[42, -46, -152], [60, -34, -145], [82, -14, -142], [102, 12, -140], [112, 38, -146],
           [118, 58, -156]]
_LOWER = [[56, -34, -178], [68, -20, -186], [80, -4, -192], [88, 10, -192], [94, 26, -188],
          [98, 42, -184]]


def pelvis_steps() -> list[Paint]:
    """Return hips and femora."""
    steps = []
    for side, sign in SIDES:
        outer, inner = _hip(sign, 1.0), _hip(sign, 0.62)
        steps.append(Paint(outer, Material.CORTICAL_BONE, f"hip_{side}"))
        steps.append(Paint(inner, Material.TRABECULAR_BONE, f"hip_{side}"))
    for side, sign in SIDES:
        gap = Ellipsoid((sign * 92.0, 18.0, -214.0), (26.5, 26.5, 26.5))
        steps.append(Paint(gap, Material.CARTILAGE, "", over=_NOT_HIP))
        steps.append(Paint(_femur(sign, 0.0), Material.CORTICAL_BONE, f"femur_{side}"))
        steps.append(Paint(_femur(sign, 2.5), Material.TRABECULAR_BONE, f"femur_{side}"))
    return steps


_NOT_HIP = frozenset({Material.CORTICAL_BONE, Material.TRABECULAR_BONE, Material.MUSCLE})


def _hip(sign: int, share: float) -> Shape:
    crest, middle, lower = (mirrored(p, sign) for p in (_CREST, _MIDDLE, _LOWER))
    shapes: list[Shape] = [
        Sheet(crest, middle, 4.6 * share),
        Sheet(middle, lower, 5.8 * share),
        tube(crest, 7.5 * share),
        tube(mirrored([[36, -58, -134], [44, -46, -155], [60, -30, -185]], sign), 9.0 * share),
        Ellipsoid((sign * 88.0, 16.0, -208.0), (30 * share, 35 * share, 34 * share)),
        tube(
            mirrored([[84, 40, -205], [55, 62, -222], [25, 66, -236], [9, 60, -246]], sign),
            np.array([13, 9, 9, 12]) * share,
        ),
        tube(
            mirrored([[84, -10, -220], [78, -28, -245], [66, -26, -272]], sign),
            np.array([17, 15, 16]) * share,
        ),
        tube(
            mirrored([[64, -18, -280], [38, 20, -276], [12, 52, -256]], sign),
            np.array([11, 7, 9]) * share,
        ),
    ]
    return Union(tuple(shapes))


def _femur(sign: int, margin_mm: float) -> Shape:
    head = Ellipsoid((sign * 92.0, 18.0, -214.0), (23.5 - margin_mm,) * 3)
    neck = tube(
        mirrored([[94, 17, -216], [118, 10, -232], [138, 2, -245]], sign),
        np.array([17.0, 15, 18]) - margin_mm,
    )
    trochanter = tube(
        mirrored([[150, -6, -224], [146, 2, -250]], sign), np.array([14.0, 18]) - margin_mm
    )
    shaft = tube(
        mirrored([[140, 4, -250], [134, 10, -290], [126, 18, -360], [116, 22, -470]], sign),
        np.array([19.0, 16, 14, 14]) - margin_mm * 1.5,
    )
    return Union((head, neck, trochanter, shaft))


def gluteal_steps(patient: Patient) -> list[Paint]:
    """Return gluteus maximus, medius and minimus of both sides."""
    steps = []
    bulk = 0.55 + 0.45 * patient.muscle
    for side, sign in SIDES:
        turned = rotation(about_x_deg=8, about_y_deg=-22 * sign, about_z_deg=12 * sign)
        maximus = Ellipsoid((sign * 92.0, -44.0, -212.0), (74, 24 * bulk, 92), turned, power=2.4)
        steps.append(Paint(maximus, Material.MUSCLE, f"gluteus_maximus_{side}", over=_SOFT))
        wing = rotation(about_z_deg=-42.0 * sign, about_y_deg=8.0 * sign)
        medius = Ellipsoid((sign * 122.0, 4.0, -160.0), (22 * bulk, 52, 70), wing, power=2.4)
        steps.append(Paint(medius, Material.MUSCLE, f"gluteus_medius_{side}", over=_SOFT))
        minimus = Ellipsoid((sign * 114.0, 28.0, -180.0), (13 * bulk, 36, 40), wing, power=2.4)
        steps.append(Paint(minimus, Material.MUSCLE, f"gluteus_minimus_{side}", over=_SOFT))
    return steps


_SOFT = frozenset({Material.MUSCLE, Material.VISCERAL_FAT, Material.SUBCUTANEOUS_FAT})


def iliopsoas_steps(patient: Patient) -> list[Paint]:
    """Return psoas and iliacus, one class per side."""
    steps = []
    bulk = 0.5 + 0.5 * patient.muscle
    for side, sign in SIDES:
        psoas: Floats = mirrored(
            [[26, 12, 18], [34, 16, -30], [42, 22, -75], [52, 30, -120], [64, 42, -165],
             [76, 56, -205], [84, 46, -240], [92, 14, -272]],
            sign,
        )
        radii = np.array([8, 15, 20, 22, 19, 18, 16, 9]) * bulk
        iliacus = mirrored(
            [[92, 0, -100], [98, 22, -125], [94, 42, -160], [82, 56, -200]], sign
        )
        shape = Union((
            tube(psoas, radii),
            tube(iliacus, np.array([9, 13, 15, 14]) * bulk),
            tube(mirrored([[76, -12, -112], [84, 6, -138], [80, 34, -170]], sign),
                 np.array([8, 11, 12]) * bulk),
        ))
        steps.append(Paint(shape, Material.MUSCLE, f"iliopsoas_{side}"))
    return steps
