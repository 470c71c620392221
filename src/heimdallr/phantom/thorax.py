"""Lungs by lobe, airways, heart, great vessels of the chest and lower neck, oesophagus, thyroid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heimdallr.phantom.canvas import Paint
from heimdallr.phantom.labels import SIDES
from heimdallr.phantom.materials import Material
from heimdallr.phantom.primitives import Ellipsoid, Region, Union, mirrored, rotation, tube

if TYPE_CHECKING:
    from collections.abc import Callable

    from heimdallr.phantom.patient import Patient
    from heimdallr.phantom.primitives import Bools, Coordinates, Floats, Shape

_LUNG = frozenset({Material.LUNG})


def lung_steps(patient: Patient, rng: np.random.Generator) -> list[Paint]:
    """Return lungs (five lobes), their vessels and the mediastinal fat between them."""
    tilt = rng.normal(0.0, 0.06, 3)
    height = rng.normal(0.0, 9.0, 3)

    def oblique(c: Coordinates, slope: float, offset: float) -> Bools:
        # From T4 behind (z 270 at y -45) to the diaphragm in front (z 95 at y 120).
        return np.asarray(c.z > 222.0 + offset - (1.06 + slope) * c.y)

    def pleura(c: Coordinates) -> Bools:
        return np.asarray((c.cavity_depth > 1.0) & (c.above_diaphragm > 1.0))

    def left_upper(c: Coordinates) -> Bools:
        return pleura(c) & (c.x < 0) & oblique(c, float(tilt[0]), float(height[0]))

    def right_front(c: Coordinates) -> Bools:
        return pleura(c) & (c.x > 0) & oblique(c, float(tilt[1]), float(height[1]))

    def right_upper(c: Coordinates) -> Bools:
        horizontal = c.z > 204.0 + height[2] + (0.08 + tilt[2]) * (c.y - 60)
        return np.asarray(right_front(c) & horizontal)

    def box(inside: Callable[[Coordinates], Bools], sign: int) -> Region:
        lo, hi = (0.0, -75.0, 20.0), (170.0, 200.0, 352.0)
        if sign < 0:
            lo, hi = (-170.0, -75.0, 20.0), (0.0, 200.0, 352.0)
        return Region(lo, hi, inside)

    def diaphragm(c: Coordinates) -> Bools:
        return np.asarray((c.cavity_depth > 0.0) & (np.abs(c.above_diaphragm + 0.8) < 2.0))

    lung = Material.LUNG
    crura = [
        tube([[s * 16, 34, 92], [s * 12, 40, 50], [s * 10, 38, 0]], [6, 6, 3.5]) for s in (1, -1)
    ]
    return [
        Paint(Region((-170, -75, 10), (170, 220, 170), diaphragm), Material.MUSCLE, ""),
        Paint(Union(tuple(crura)), Material.MUSCLE, ""),
        Paint(box(lambda c: pleura(c) & (c.x < 0), -1), lung, "lung_lower_lobe_left"),
        Paint(box(left_upper, -1), lung, "lung_upper_lobe_left"),
        Paint(box(lambda c: pleura(c) & (c.x > 0), 1), lung, "lung_lower_lobe_right"),
        Paint(box(right_front, 1), lung, "lung_middle_lobe_right"),
        Paint(box(right_upper, 1), lung, "lung_upper_lobe_right"),
        *_lung_vessels(rng),
        Paint(_mediastinum(patient), Material.VISCERAL_FAT, ""),
    ]


def _mediastinum(patient: Patient) -> Shape:
    behind = tube(
        [[0, 20, 60], [0, 12, 150], [0, 8, 230], [0, 28, 320]], 26.0, flatten=(1.0, 1.0, 1.0)
    )
    upper = Ellipsoid((6.0, 58.0, 250.0), (40, 50, 92))
    retrosternal = Ellipsoid((-2.0, 112.0, 205.0), (16, 30, 95))
    k = patient.organs.heart
    heart = _heart_outer(patient, 4.0 + 5.0 * patient.visceral, ())
    roots = Ellipsoid((4.0, 62.0, 190.0), (44 * k, 34 * k, 34 * k))
    return Union((behind, upper, retrosternal, heart, roots))


def _lung_vessels(rng: np.random.Generator) -> list[Paint]:
    """Return branching vessels inside the lungs; they belong to the lobe they run in."""
    shapes: list[Shape] = []
    for sign in (1, -1):
        hilum = np.array([sign * 36.0, 45.0, 210.0])
        for _ in range(14):
            way = rng.normal(0, 1, 3) * [0.55, 0.8, 1.0] + [0.9 * sign, 0, 0]
            way /= np.linalg.norm(way)
            bent = hilum + way * 45 + rng.normal(0, 8, 3)
            end = hilum + way * rng.uniform(80, 120) + rng.normal(0, 14, 3)
            shapes.append(tube([hilum, bent, end], [4.5, 3.2, 1.2]))
            for _ in range(2):
                tip = bent + (way + rng.normal(0, 0.5, 3)) * rng.uniform(30, 60)
                shapes.append(tube([bent, tip], [2.5, 0.8]))
    return [Paint(Union(tuple(shapes)), Material.BLOOD_PULMONARY, None, over=_LUNG)]


def airway_steps() -> list[Paint]:
    """Return trachea with the main bronchi, oesophagus and thyroid's neighbours in order."""
    line = [[2, 66, 470], [2, 66, 400], [2, 62, 345], [4, 48, 285], [5, 40, 244]]
    right = [[5, 40, 246], [22, 38, 230], [42, 36, 214]]
    left = [[5, 40, 246], [-18, 38, 230], [-40, 34, 212]]
    wall = Union((tube(line, 10.0), tube(right, [9.5, 8.5, 7]), tube(left, [9.0, 8, 7])))
    lumen = Union((tube(line, 8.4), tube(right, [8, 7, 5.5]), tube(left, [7.5, 6.5, 5.5])))
    return [
        Paint(wall, Material.AIRWAY_WALL, "trachea"),
        Paint(lumen, Material.AIRWAY_AIR, "trachea"),
    ]


def oesophagus_steps(rng: np.random.Generator) -> list[Paint]:
    """Return the oesophagus from the pharynx to the cardia."""
    points = [
        [0, 56, 400],
        [-2, 50, 345],
        [-4, 34, 285],
        [-2, 28, 230],
        [-3, 24, 185],
        [-8, 30, 140],
        [-18, 40, 112],
        [-34, 46, 96],
    ]
    steps = [Paint(tube(points, 6.9, flatten=(1.2, 0.9, 1)), Material.OESOPHAGUS, "esophagus")]
    if rng.random() < 0.5:
        gas = tube(points[1:6], float(rng.uniform(1.5, 3.5)))
        steps.append(Paint(gas, Material.BOWEL_GAS, "esophagus"))
    return steps


def thyroid_steps(patient: Patient) -> list[Paint]:
    """Return the two lobes and the isthmus of the thyroid gland."""
    k = patient.organs.thyroid
    lobes = [Ellipsoid((s * 18.0, 68.0, 366.0), (9 * k, 11 * k, 24 * k)) for s in (1, -1)]
    isthmus = tube([[-16, 76, 358], [0, 80, 356], [16, 76, 358]], 4.5 * k)
    return [Paint(Union((*lobes, isthmus)), Material.THYROID, "thyroid_gland")]


_HEART_AXIS = rotation(about_x_deg=-22, about_y_deg=38, about_z_deg=28)


def _heart_centre(patient: Patient) -> Floats:
    return np.array([-10.0, 88.0, 156.0]) - [0, 0, 0.6 * patient.inspiration_mm]


def _heart_outer(patient: Patient, margin_mm: float, bumps: tuple[float, ...]) -> Ellipsoid:
    k, m = patient.organs.heart, margin_mm
    x, y, z = _heart_centre(patient)
    return Ellipsoid(
        (float(x), float(y), float(z)),
        (65 * k + m, 49 * k + m, 53 * k + m),
        _HEART_AXIS,
        bumps=bumps,
    )


def heart_steps(patient: Patient, rng: np.random.Generator) -> list[Paint]:
    """Return heart muscle, chambers, pulmonary trunk, veins and left atrial appendage."""
    k = patient.organs.heart
    bumps = tuple(rng.normal(0, 0.07, 5))
    axis, centre = _HEART_AXIS, _heart_centre(patient)

    def chamber(offset: tuple[float, float, float], semi: tuple[float, float, float]) -> Ellipsoid:
        place = centre + np.asarray(offset) * k
        return Ellipsoid(tuple(place), tuple(np.asarray(semi) * k), axis)

    outer = _heart_outer(patient, 0.0, bumps)
    heart = "heart"
    return [
        Paint(outer, Material.MYOCARDIUM, heart),
        Paint(chamber((44, -8, 18), (26, 24, 32)), Material.MYOCARDIUM, heart),
        Paint(chamber((10, -34, 26), (36, 22, 24)), Material.MYOCARDIUM, heart),
        Paint(chamber((44, -8, 18), (23, 21, 29)), Material.BLOOD_RIGHT_HEART, heart),
        Paint(chamber((10, 18, -8), (36, 17, 26)), Material.BLOOD_RIGHT_HEART, heart),
        Paint(chamber((10, -33, 26), (32, 19, 21)), Material.BLOOD_LEFT_HEART, heart),
        Paint(chamber((-20, -6, -8), (36, 20, 22)), Material.BLOOD_LEFT_HEART, heart),
        Paint(
            tube(
                [[-12, 108, 196], [-18, 92, 222], [-14, 66, 230], [-30, 48, 226]], [13, 14, 13, 11]
            ),
            Material.BLOOD_PULMONARY,
            "",
        ),
        Paint(
            tube([[-14, 66, 228], [12, 56, 222], [38, 52, 216]], [12, 11, 9]),
            Material.BLOOD_PULMONARY,
            "",
        ),
        Paint(_pulmonary_veins(k), Material.BLOOD_LEFT_HEART, "pulmonary_vein"),
        Paint(
            tube([[-26, 66, 196], [-38, 76, 200], [-44, 88, 194]], [9, 10, 6]),
            Material.BLOOD_LEFT_HEART,
            "atrial_appendage_left",
        ),
    ]


def _pulmonary_veins(k: float) -> Shape:
    veins = []
    for sign in (1, -1):
        for z in (198.0, 176.0):
            points = [[12, 50, z - 4], [30, 46, z], [54, 42, z + 6]]
            veins.append(
                tube(mirrored(points, sign) + np.array([2, 0, 0]), np.array([7.5, 7, 5]) * k)
            )
    return Union(tuple(veins))


def thoracic_vessel_steps(patient: Patient) -> list[Paint]:
    """Return the arch's branches, the brachiocephalic veins and the superior vena cava."""
    artery, vein = Material.BLOOD_ARTERY, Material.BLOOD_VEIN_UPPER
    k = 0.5 + 0.5 * patient.organs.aorta
    lift = 20.0 if patient.arms == "up" else 0.0
    arteries: dict[str, tuple[list[list[float]], float]] = {
        "brachiocephalic_trunk": ([[12, 80, 256], [20, 78, 274], [28, 74, 292]], 6.6),
        "subclavian_artery_right": (
            [[28, 74, 291], [44, 66, 312], [72, 60, 322], [104, 58, 312], [132, 52, 306 + lift]],
            4.4,
        ),
        "common_carotid_artery_right": (
            [[28, 74, 293], [27, 68, 320], [28, 64, 360], [29, 64, 405], [30, 62, 440]],
            3.9,
        ),
        "common_carotid_artery_left": (
            [
                [-2, 72, 262],
                [-16, 68, 290],
                [-26, 66, 325],
                [-28, 64, 360],
                [-29, 64, 405],
                [-30, 62, 440],
            ],
            3.9,
        ),
        "subclavian_artery_left": (
            [
                [-16, 56, 258],
                [-26, 54, 285],
                [-40, 56, 312],
                [-72, 58, 322],
                [-104, 58, 312],
                [-132, 52, 306 + lift],
            ],
            4.7,
        ),
    }
    veins: dict[str, tuple[list[list[float]], float]] = {
        "superior_vena_cava": ([[36, 72, 264], [37, 68, 235], [34, 64, 196]], 11.0),
        "brachiocephalic_vein_right": ([[36, 73, 262], [42, 74, 284], [44, 72, 302]], 7.6),
        "brachiocephalic_vein_left": (
            [[34, 76, 262], [10, 92, 270], [-18, 88, 284], [-40, 76, 302]],
            7.4,
        ),
    }
    steps = [Paint(tube(p, r), vein, name) for name, (p, r) in veins.items()]
    for _, sign in SIDES:
        jugular: list[list[float]] = [[42, 72, 302], [38, 66, 340], [38, 62, 440]]
        steps.append(Paint(tube(mirrored(jugular, sign), 6.0), vein, ""))
        arm: list[list[float]] = [[44, 74, 302], [80, 66, 306], [132, 56, 302 + lift]]
        steps.append(Paint(tube(mirrored(arm, sign), 5.6), vein, ""))
    return steps + [Paint(tube(p, r * k), artery, name) for name, (p, r) in arteries.items()]
