"""Ribs, costal cartilages, sternum, shoulder girdle and upper arms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heimdallr.phantom.canvas import Paint
from heimdallr.phantom.labels import SIDES
from heimdallr.phantom.materials import Material
from heimdallr.phantom.primitives import Ellipsoid, Sheet, Tube, Union, mirrored, tube

if TYPE_CHECKING:
    from heimdallr.phantom.patient import Patient
    from heimdallr.phantom.primitives import Floats
    from heimdallr.phantom.spine import Spine
    from heimdallr.phantom.torso import Torso

# Rib: angle of the anterior end from the back (degrees) and its height (mm).
_RIBS = {
    1: (148, 284),
    2: (152, 250),
    3: (152, 216),
    4: (150, 180),
    5: (147, 144),
    6: (143, 110),
    7: (137, 76),
    8: (126, 50),
    9: (114, 31),
    10: (100, 14),
    11: (82, -4),
    12: (60, -3),
}
_RIB_RADIUS_MM = 4.7


def rib_line(number: int, sign: int, spine: Spine, torso: Torso) -> Floats:
    """Return the centre line of a rib from its head to its anterior end, (N, 3), mm."""
    end_deg, end_z = _RIBS[number]
    centre = spine.centres_mm[f"T{number}"]
    z_head = centre[2] + (5.0 if 1 < number < 11 else 2.0 if number == 1 else -4.0)
    head = np.array([sign * 23.0, centre[1] - 13, z_head])
    tubercle = np.array([sign * 37.0, centre[1] - 27, z_head])
    start = np.deg2rad({1: 52, 2: 44, 11: 34, 12: 34}.get(number, 36))
    angle = np.linspace(start, np.deg2rad(end_deg), 14)
    progress = (angle - start) / (angle[-1] - start)
    z = z_head + (end_z - z_head) * progress**1.15
    shell = torso.on_inner(sign * angle, z, 6.0)
    return np.concatenate([[head, tubercle], shell])


def ribcage_steps(patient: Patient, spine: Spine, torso: Torso) -> list[Paint]:
    """Return the painting steps of ribs, cartilages and sternum."""
    del patient
    steps = []
    sternum = sternum_line(torso)
    anterior: dict[int, Floats] = {}
    for side, sign in SIDES:
        for number in range(1, 13):
            line = tube(rib_line(number, sign, spine, torso), 1.0, step_mm=14).points
            taper = np.full(len(line), _RIB_RADIUS_MM)
            if number in (1, 11, 12):
                taper *= np.linspace(1.0, 0.75, len(line))
            label = f"rib_{side}_{number}"
            tall = (0.85, 0.85, 1.25)
            steps.append(Paint(Tube(line, taper, tall), Material.CORTICAL_BONE, label))
            steps.append(Paint(Tube(line, taper * 0.6, tall), Material.TRABECULAR_BONE, label))
            anterior[number * sign] = line[-1]
        steps += _cartilages(sign, anterior, sternum, torso)
    plate = tube(sternum, [15, 17, 13, 15, 16, 8, 4], flatten=(1.25, 0.42, 1.0))
    core = tube(sternum, [12, 14, 10, 12, 13, 5, 2], flatten=(1.25, 0.3, 1.0))
    steps.append(Paint(plate, Material.CORTICAL_BONE, "sternum"))
    steps.append(Paint(core, Material.TRABECULAR_BONE, "sternum"))
    return steps


def sternum_line(torso: Torso) -> Floats:
    """Return the centre line of the sternum, head to foot, (7, 3), mm."""
    z = np.array([284.0, 268, 245, 215, 180, 158, 135])
    return torso.on_inner(np.full(7, np.pi), z, 7.0)


def _cartilages(
    sign: int, anterior: dict[int, Floats], sternum: Floats, torso: Torso
) -> list[Paint]:
    insertion_z = {1: 276, 2: 252, 3: 232, 4: 212, 5: 194, 6: 180, 7: 168}
    shapes = []
    for number, z in insertion_z.items():
        start = anterior[number * sign]
        y = float(np.interp(z, sternum[::-1, 2], sternum[::-1, 1]))
        stop = np.array([sign * 17.0, y, z])
        shapes.append(tube(_along_wall(start, stop, torso), 6.3, step_mm=14, flatten=(1, 0.9, 1.2)))
    for number in (8, 9, 10):
        start, above = anterior[number * sign], anterior[(number - 1) * sign]
        target = above + (sternum[4] + [sign * 17, 0, 0] - above) * 0.35
        shapes.append(tube(_along_wall(start, target, torso), 6.3, step_mm=14))
    return [Paint(Union(tuple(shapes)), Material.CARTILAGE, "costal_cartilages")]


def _along_wall(start: Floats, stop: Floats, torso: Torso) -> Floats:
    """Return points from `start` to `stop` that keep to the outside of the inner wall."""
    t = np.linspace(0, 1, 6)[1:-1, None]
    line = start + (stop - start) * t
    line[:, 2] -= 10.0 * np.sin(np.pi * t[:, 0])
    angle = np.arctan2(line[:, 0], 40.0 - line[:, 1])
    wall = torso.on_inner(angle, line[:, 2], 6.0)
    return np.concatenate([[start], wall, [stop]])


def shoulder_steps(patient: Patient) -> list[Paint]:
    """Return clavicles, scapulae and humeri."""
    steps = []
    up = patient.arms == "up"
    for side, sign in SIDES:
        lift = 14.0 if up else 0.0
        clavicle: list[list[float]] = [
            [14, 104, 286],
            [55, 104, 298],
            [95, 72, 310 + lift],
            [130, 38, 316 + lift],
        ]
        line = mirrored(clavicle, sign)
        steps.append(Paint(tube(line, 6.9), Material.CORTICAL_BONE, f"clavicula_{side}"))
        steps.append(Paint(tube(line, 3.2), Material.TRABECULAR_BONE, f"clavicula_{side}"))
        medial = [[82, -58, 312], [78, -64, 270], [92, -62, 225], [112, -56, 190]]
        lateral = [[125, -5, 305], [138, 0, 292], [136, -25, 245], [118, -50, 196]]
        blade = Sheet(mirrored(medial, sign), mirrored(lateral, sign), 3.6)
        ridge = tube(
            mirrored([[84, -64, 290], [112, -55, 305], [140, -20, 316], [146, 12, 318]], sign),
            [5, 6, 6.5, 6],
        )
        border = tube(mirrored([[114, -54, 192], [130, -34, 245], [138, 2, 290]], sign), [5, 5, 9])
        coracoid = tube(mirrored([[130, 8, 300], [122, 34, 304]], sign), 6.0)
        scapula = Union((blade, ridge, border, coracoid))
        steps.append(Paint(scapula, Material.CORTICAL_BONE, f"scapula_{side}"))
        head = (sign * 160.0, 14.0, 296.0)
        shaft = arm_line(patient, sign)
        humerus = Union(
            (Ellipsoid(head, (23, 23, 23)), Tube(shaft[:-1], np.full(len(shaft) - 1, 12.0)))
        )
        inner = Union(
            (Ellipsoid(head, (20, 20, 20)), Tube(shaft[:-1], np.full(len(shaft) - 1, 6.5)))
        )
        if patient.arms == "down":
            for offset in (-9.0, 9.0):
                forearm = tube(shaft[2:] + np.array([offset, 0.0, -8.0]), 7.0)
                steps.append(Paint(forearm, Material.CORTICAL_BONE, ""))
        steps.append(Paint(humerus, Material.CORTICAL_BONE, f"humerus_{side}"))
        steps.append(Paint(inner, Material.YELLOW_MARROW, f"humerus_{side}"))
    return steps


def arm_line(patient: Patient, sign: int) -> Floats:
    """Return shoulder, mid humerus, elbow and wrist of one arm, (4, 3), mm."""
    if patient.arms == "up":
        points: list[list[float]] = [[164, 16, 300], [182, 40, 390], [192, 62, 470], [120, 70, 690]]
    elif patient.arms == "down":
        wide = 16.0 * patient.visceral + 0.8 * patient.subcutaneous_mm
        points = [[166, 14, 290], [192 + wide, 4, 170], [204 + wide, 0, 20], [206 + wide, 30, -230]]
    else:
        points = [[166, 14, 290], [172, 12, 280], [176, 10, 272], [180, 10, 268]]
    return mirrored(points, sign)
