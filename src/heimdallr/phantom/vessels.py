"""Aorta, venae cavae, portal and iliac vessels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heimdallr.phantom.canvas import Paint
from heimdallr.phantom.labels import SIDES
from heimdallr.phantom.materials import Material
from heimdallr.phantom.primitives import mirrored, tube

if TYPE_CHECKING:
    from heimdallr.phantom.patient import Lesion, Patient
    from heimdallr.phantom.primitives import Tube

_AORTA = np.array(
    [
        # x, y, z, radius: root, ascending, arch, descending, abdominal to the bifurcation.
        [4, 84, 182, 15],
        [14, 86, 212, 15.5],
        [12, 82, 238, 15.5],
        [4, 70, 256, 14.5],
        [-8, 52, 262, 13.5],
        [-17, 34, 254, 13],
        [-20, 24, 232, 12.8],
        [-19, 21, 190, 12.4],
        [-17, 22, 150, 12],
        [-13, 26, 115, 11.6],
        [-8, 34, 80, 11],
        [-7, 41, 40, 10],
        [-7, 46, 0, 9.2],
        [-6, 49, -40, 8.8],
        [-4, 51, -72, 8.6],
    ],
    dtype=float,
)
_ANEURYSM_MM = (-6.2, 48.7, -34.0)
_ANEURYSM_LENGTH_MM = 26.0


def aorta_line(patient: Patient) -> Tube:
    """Return the aorta as a tube; an aneurysm widens it below the renal arteries."""
    radii = _AORTA[:, 3] * patient.organs.aorta
    smooth = tube(_AORTA[:, :3], radii, step_mm=8)
    wide, line = smooth.radii.copy(), smooth.points.copy()
    for lesion in patient.lesions:
        if lesion.kind == "aortic_aneurysm":
            z, below = smooth.points[:, 2], smooth.points[:, 2] < 60
            bell = np.exp(-(((z - _ANEURYSM_MM[2]) / _ANEURYSM_LENGTH_MM) ** 2)) * below
            wide += np.maximum(lesion.size_mm / 2 / patient.frame - wide, 0) * bell
    # The spine is behind: a wide aorta bulges forward.
    line[:, 1] += wide - smooth.radii
    return type(smooth)(line, wide)


def aneurysm_centre_mm(patient: Patient, lesion: Lesion) -> tuple[float, float, float]:
    """Return the middle of an aneurysm in the reference body, mm."""
    x, y, z = _ANEURYSM_MM
    normal = float(np.interp(-z, -_AORTA[:, 2], _AORTA[:, 3])) * patient.organs.aorta
    return x, y + max(lesion.size_mm / 2 / patient.frame - normal, 0.0), z


def abdominal_vessel_steps(patient: Patient) -> list[Paint]:
    """Return aorta, inferior vena cava, iliac vessels and renal vessels."""
    k = 0.5 + 0.5 * patient.organs.aorta
    drop = 0.5 * patient.inspiration_mm
    artery, vein = Material.BLOOD_ARTERY, Material.BLOOD_VEIN_LOWER
    steps = []
    for _, sign in SIDES:
        renal_vein: list[list[float]] = [
            [12 + 6 * sign, 50, 6],
            [34 * sign, 42, 6 - drop],
            [56 * sign, 18, 8 - drop],
        ]
        if sign < 0:
            renal_vein[0] = [14, 54, 8]
            renal_vein.insert(1, [-12, 58, 10])
        steps.append(Paint(tube(renal_vein, 4.8), vein, ""))
        renal_artery: list[list[float]] = [
            [-6, 46, 10],
            [32 * sign, 34, 6 - drop],
            [58 * sign, 14, 6 - drop],
        ]
        steps.append(Paint(tube(renal_artery, 3.0), artery, ""))
    for side, sign in SIDES:
        join = [[15, 42, -84], [15 + 12 * sign, 40, -100]]
        way = mirrored([[44, 28, -142], [56, 40, -180], [66, 64, -222], [70, 68, -262]], sign)
        steps.append(
            Paint(
                tube(np.concatenate([join, way]), [9, 8.5, 8, 7.5, 8, 7.5]),
                vein,
                f"iliac_vena_{side}",
            )
        )
    for side, sign in SIDES:
        way = mirrored(
            [[24, 54, -106], [42, 48, -145], [56, 56, -185], [70, 78, -228], [76, 74, -262]], sign
        )
        line = np.concatenate([[[-4, 52, -72]], way])
        steps.append(
            Paint(
                tube(line, np.array([6.5, 6.2, 5.2, 4.8, 4.8, 4.6]) * k),
                artery,
                f"iliac_artery_{side}",
            )
        )
    cava = [
        [16, 43, -88],
        [19, 47, -40],
        [21, 49, 10],
        [25, 46, 60],
        [29, 48, 96],
        [27, 56, 126],
        [26, 62, 150],
    ]
    steps.append(
        Paint(
            tube(cava, np.array([10, 10.5, 11, 11.5, 12.5, 12.5, 11.5]), flatten=(1.05, 0.92, 1.0)),
            vein,
            "inferior_vena_cava",
        )
    )
    steps.append(Paint(aorta_line(patient), Material.BLOOD_AORTA, "aorta"))
    return steps


def portal_steps(patient: Patient) -> list[Paint]:
    """Return portal and splenic vein, one class, and the superior mesenteric vessels."""
    d = 0.6 * patient.inspiration_mm
    portal = np.array([[8, 70, 22], [20, 70, 36], [38, 68, 52], [54, 66, 60]]) - [0, 0, d]
    splenic = np.array(
        [[8, 68, 24], [-20, 66, 36], [-50, 50, 44], [-76, 28, 52], [-92, 14, 62]]
    ) - [0, 0, d]
    mesenteric = np.array([[8, 70, 22], [8, 76, -10], [12, 82, -60]]) - [0, 0, d]
    branch = np.array([[50, 66, 58], [80, 50, 66], [98, 40, 62]]) - [0, 0, d]
    left = np.array([[44, 70, 58], [22, 92, 70], [-10, 108, 76]]) - [0, 0, d]
    artery = np.array([[-6, 50, 20], [-2, 66, 8], [2, 76, -30], [6, 80, -70]])
    blood, name = Material.BLOOD_PORTAL, "portal_vein_and_splenic_vein"
    return [
        Paint(tube(mesenteric, 5.0), blood, ""),
        Paint(tube(artery, 3.4), Material.BLOOD_ARTERY, ""),
        Paint(tube(branch, [5, 4, 2]), blood, None),
        Paint(tube(left, [4.5, 3.5, 2]), blood, None),
        Paint(tube(portal, 7.8), blood, name),
        Paint(tube(splenic, [5.8, 5.4, 5, 4.6, 4]), blood, name),
    ]
