"""Hip bones, femora, gluteal muscles and iliopsoas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heimdallr.phantom.canvas import Paint
from heimdallr.phantom.labels import SIDES
from heimdallr.phantom.materials import Material
from heimdallr.phantom.primitives import Ellipsoid, Region, Sheet, Union, mirrored, rotation, tube

if TYPE_CHECKING:
    from heimdallr.phantom.patient import Patient
    from heimdallr.phantom.primitives import Bools, Coordinates, Floats, Shape

# Iliac wing: crest from the posterior to the anterior superior spine, and the line below it.
_CREST = [
    [36, -58, -134],
    [52, -54, -110],
    [84, -34, -90],
    [112, 0, -84],
    [126, 36, -100],
    [128, 66, -128],
]
_MIDDLE = [
    [42, -46, -152],
    [60, -34, -145],
    [82, -14, -142],
    [102, 12, -140],
    [112, 38, -146],
    [118, 58, -156],
]
_LOWER = [
    [56, -34, -178],
    [68, -20, -186],
    [80, -4, -192],
    [88, 10, -192],
    [94, 26, -188],
    [98, 42, -184],
]


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
        wing = rotation(about_z_deg=-42.0 * sign, about_y_deg=8.0 * sign)
        place = (sign * 122.0, 4.0, -160.0)
        under = Ellipsoid(place, (25 * bulk, 55, 73), wing, power=2.4)
        steps.append(Paint(under, Material.VISCERAL_FAT, "", over=_MUSCLE))
        medius = Ellipsoid(place, (22 * bulk, 51, 68), wing, power=2.4)
        steps.append(Paint(medius, Material.MUSCLE, f"gluteus_medius_{side}", over=_SOFT))
        minimus = Ellipsoid((sign * 113.0, 28.0, -180.0), (14 * bulk, 36, 42), wing, power=2.4)
        steps.append(Paint(minimus, Material.MUSCLE, f"gluteus_minimus_{side}", over=_SOFT))
        fat = 3.0 + 5.0 * patient.visceral
        beneath = _gluteus_maximus(sign, 29.0 * bulk + fat)
        steps.append(Paint(beneath, Material.VISCERAL_FAT, "", over=_MUSCLE))
        maximus = _gluteus_maximus(sign, 29.0 * bulk)
        steps.append(Paint(maximus, Material.MUSCLE, f"gluteus_maximus_{side}", over=_SOFT))
    return steps


def _gluteus_maximus(sign: int, thickness_mm: float) -> Shape:
    """Return the layer under the fascia of the buttock, from the sacrum down to the femur."""

    def inside(c: Coordinates) -> Bools:
        x = c.x * sign
        # Distance within the muscle's outline: upper outer, lower inner and front border.
        upper = (-122.0 - 0.82 * (x - 38.0) - c.z) / 1.29
        lower = (c.z + 258.0 + 0.75 * (x - 25.0)) / 1.25
        edge = np.minimum(np.minimum(upper, lower), np.minimum(x - 16.0, (4.0 - c.y) * 1.5))
        layer = thickness_mm * np.sqrt(np.clip(edge / 22.0, 0.0, 1.0))
        # Below the trunk's floor the muscle lies on the thigh, a tube about (99, 6).
        thigh = 70.0 - np.sqrt((x - 99.0) ** 2 + (c.y - 6.0) ** 2)
        depth = np.where(c.fascia_depth > -500.0, c.fascia_depth, thigh)
        return np.asarray((edge > 0) & (depth > 0) & (depth < layer))

    lo, hi = (10.0, -130.0, -345.0), (185.0, 8.0, -120.0)
    if sign < 0:
        lo, hi = (-185.0, -130.0, -345.0), (-10.0, 8.0, -120.0)
    return Region(lo, hi, inside)


_MUSCLE = frozenset({Material.MUSCLE})
_SOFT = frozenset({Material.MUSCLE, Material.VISCERAL_FAT, Material.SUBCUTANEOUS_FAT})


def iliopsoas_steps(patient: Patient) -> list[Paint]:
    """Return psoas and iliacus, one class per side."""
    steps = []
    bulk = 0.5 + 0.5 * patient.muscle
    for side, sign in SIDES:
        lumborum = mirrored([[52, -30, 28], [62, -32, -30], [74, -38, -88]], sign)
        steps.append(
            Paint(
                tube(lumborum, np.array([8.0, 12, 12]) * bulk, flatten=(1.5, 0.7, 1)),
                Material.MUSCLE,
                "",
            )
        )
        psoas: Floats = mirrored(
            [
                [26, 12, 18],
                [34, 16, -30],
                [42, 22, -75],
                [52, 30, -120],
                [64, 42, -165],
                [76, 56, -205],
                [84, 46, -240],
                [92, 14, -272],
            ],
            sign,
        )
        radii = np.array([8, 15, 20, 22, 19, 18, 16, 9]) * bulk
        iliacus = mirrored([[92, 0, -100], [98, 22, -125], [94, 42, -160], [82, 56, -200]], sign)
        shape = Union(
            (
                tube(psoas, radii),
                tube(iliacus, np.array([9, 13, 15, 14]) * bulk),
                tube(
                    mirrored([[76, -12, -112], [84, 6, -138], [80, 34, -170]], sign),
                    np.array([8, 11, 12]) * bulk,
                ),
            )
        )
        steps.append(Paint(shape, Material.MUSCLE, f"iliopsoas_{side}"))
    return steps
