"""Brain, skull, face and upper airway, simplified.

Sizes: adult head of ICRP Publication 110 (brain about 1.4 l, skull vault 6 to 8 mm thick).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heimdallr.phantom.canvas import Paint
from heimdallr.phantom.materials import Material
from heimdallr.phantom.primitives import Clip, Ellipsoid, Sheet, Tube, Union, mirrored, tube

if TYPE_CHECKING:
    from heimdallr.phantom.patient import Patient
    from heimdallr.phantom.primitives import Bools, Coordinates, Point, Shape

BRAIN_CENTRE_MM: Point = (0.0, 50.0, 562.0)
BRAIN_SEMI_MM: Point = (67.0, 83.0, 64.0)
_IN_SKULL = frozenset({Material.CSF, Material.GREY_MATTER, Material.WHITE_MATTER})


def head_surface_steps() -> list[Paint]:
    """Return scalp and face as skin, fat and muscle; they fill what is still air."""
    air = frozenset({Material.AIR})
    steps = []
    layers = ((0.0, Material.SKIN), (2.0, Material.SUBCUTANEOUS_FAT), (5.0, Material.MUSCLE))
    for margin, material in layers:
        over = air if margin == 0.0 else frozenset({Material.SKIN, Material.SUBCUTANEOUS_FAT})
        vault = Ellipsoid(BRAIN_CENTRE_MM, _grown(BRAIN_SEMI_MM, 16.0 - margin))
        nape = Ellipsoid((0.0, 12.0, 518.0), _grown((60.0, 46.0, 36.0), 7.0 - margin))
        face = Ellipsoid((0.0, 100.0, 505.0), _grown((60.0, 48.0, 78.0), -margin), power=2.3)
        jaw = Ellipsoid((0.0, 100.0, 455.0), _grown((48.0, 40.0, 34.0), -margin))
        nose = tube([[0, 140, 520], [0, 158, 494]], [9 - margin * 0.5, 12 - margin * 0.5])
        steps.append(Paint(Union((vault, nape, face, jaw, nose)), material, "", over=over))
    return steps


def head_steps(patient: Patient, rng: np.random.Generator) -> list[Paint]:
    """Return skull, face bones, brain, ventricles, eyes and airway."""
    steps = _skull()
    steps += _brain(patient, rng)
    steps += _airway()
    return steps


def _grown(semi: Point, by_mm: float) -> Point:
    return semi[0] + by_mm, semi[1] + by_mm, semi[2] + by_mm


def _skull() -> list[Paint]:
    bone, label = Material.SKULL, "skull"
    vault = Ellipsoid(BRAIN_CENTRE_MM, _grown(BRAIN_SEMI_MM, 10.5))
    fossa = Ellipsoid((0.0, 12.0, 520.0), (60, 46, 36))
    face: list[Shape] = []
    for sign in (1, -1):
        orbit = [
            [18, 134, 524],
            [32, 138, 540],
            [48, 126, 530],
            [44, 130, 508],
            [24, 136, 508],
            [18, 134, 524],
        ]
        face.append(tube(mirrored(orbit, sign), 4.5, step_mm=8))
        face.append(tube(mirrored([[44, 128, 506], [62, 96, 506], [64, 60, 514]], sign), 4.5))
        face.append(tube(mirrored([[20, 134, 506], [24, 132, 480]], sign), 6.0))
        ramus = [[50, 66, 506], [48, 72, 470], [44, 84, 450], [28, 112, 444], [0, 130, 444]]
        face.append(tube(mirrored(ramus, sign), [6, 6, 7, 7, 7], flatten=(0.8, 1, 1.4)))
        face.append(tube(mirrored([[54, 24, 506], [56, 24, 486]], sign), [13, 8]))
    upper = tube(
        [[-28, 96, 474], [-22, 124, 474], [0, 134, 474], [22, 124, 474], [28, 96, 474]], 7.0
    )
    palate = Sheet(
        np.array([[-24, 92, 482], [-20, 128, 480]]), np.array([[24, 92, 482], [20, 128, 480]]), 2.5
    )
    nasal = tube([[0, 142, 522], [0, 148, 510]], 4.0)
    base = Ellipsoid((0.0, 62.0, 508.0), (50, 44, 13))
    steps = [Paint(s, bone, label) for s in (Union(tuple(face)), upper, palate, nasal)]
    steps.append(Paint(base, bone, label))
    steps.append(Paint(Clip(vault, lambda c: _above_base(c, 5.0)), bone, label))
    steps.append(Paint(Clip(fossa, lambda c: np.asarray(c.y < 52.0)), bone, label))
    inside = Ellipsoid(BRAIN_CENTRE_MM, _grown(BRAIN_SEMI_MM, 2.5))
    steps.append(Paint(Clip(inside, _above_base), Material.CSF, ""))
    fossa_inside = Ellipsoid((0.0, 12.0, 520.0), (53, 40, 29))
    steps.append(Paint(fossa_inside, Material.CSF, ""))
    steps.append(Paint(tube([[0, 44, 480], [0, 44, 510]], 15.0), Material.CSF, ""))
    return steps


def _above_base(c: Coordinates, below_mm: float = 0.0) -> Bools:
    # The skull base rises towards the front: 500 mm behind, 532 mm at the forehead.
    return np.asarray(c.z > 500.0 - below_mm + 0.30 * np.clip(c.y - 35.0, 0.0, 110.0))


def _brain(patient: Patient, rng: np.random.Generator) -> list[Paint]:
    k, v = patient.organs.brain, patient.organs.ventricles
    v *= 0.8 + 0.4 * np.clip((patient.age_years - 30) / 60, 0, 1)
    semi = BRAIN_SEMI_MM
    grey, white = Material.GREY_MATTER, Material.WHITE_MATTER
    label = "brain"
    cerebrum = Ellipsoid(BRAIN_CENTRE_MM, (semi[0] * k, semi[1] * k, semi[2] * k))

    def supratentorial(c: Coordinates) -> Bools:
        return np.asarray(c.z > 506.0 + 0.30 * np.clip(c.y - 35.0, 0.0, 110.0))

    phase = rng.uniform(0, 6.3, 6)

    def cortex_free(c: Coordinates) -> Bools:
        # White matter, with folds reaching between the gyri.
        u = (c.x / semi[0]) ** 2 + ((c.y - BRAIN_CENTRE_MM[1]) / semi[1]) ** 2
        u = u + ((c.z - BRAIN_CENTRE_MM[2]) / semi[2]) ** 2
        fold = np.sin(c.x / 5.0 + phase[0]) + np.sin(c.y / 5.5 + phase[1])
        fold = fold + np.sin(c.z / 5.0 + phase[2])
        return np.asarray((u < 0.72 + 0.05 * fold) & (np.abs(c.x) > 3.0))

    def sulci(c: Coordinates) -> Bools:
        u = (c.x / semi[0]) ** 2 + ((c.y - BRAIN_CENTRE_MM[1]) / semi[1]) ** 2
        u = u + ((c.z - BRAIN_CENTRE_MM[2]) / semi[2]) ** 2
        fold = np.sin(c.x / 5.0 + phase[3]) * np.sin(c.y / 6.0 + phase[4])
        return np.asarray((u > 0.85) & (fold * np.sin(c.z / 5.5 + phase[5]) > 0.62))

    cerebellum = Ellipsoid((0.0, 10.0, 517.0), (47, 33, 24))
    stem = tube([[0, 44, 482], [0, 46, 500], [0, 50, 520], [0, 52, 540]], [7.5, 10, 14, 14])
    falx = Ellipsoid((0.0, 40.0, 590.0), (1.4, 80, 42))
    thalamus = [Ellipsoid((s * 14.0, 48.0, 560.0), (10, 18, 12)) for s in (1, -1)]
    return [
        Paint(Clip(cerebrum, supratentorial), grey, label),
        Paint(Clip(Clip(cerebrum, supratentorial), cortex_free), white, label),
        Paint(Clip(Clip(cerebrum, supratentorial), sulci), Material.CSF, None),
        Paint(cerebellum, grey, label),
        Paint(Ellipsoid((0.0, 12.0, 517.0), (32, 20, 13)), white, label),
        Paint(stem, white, label),
        Paint(Union(tuple(thalamus)), grey, label),
        Paint(falx, Material.CONNECTIVE_TISSUE, None, over=_IN_SKULL),
        *_ventricles(v, label),
    ]


def _ventricles(v: float, label: str) -> list[Paint]:
    shapes: list[Shape] = []
    for sign in (1, -1):
        body = [[10, 78, 572], [11, 58, 582], [15, 30, 580], [24, 14, 566], [28, 34, 548]]
        shapes.append(tube(mirrored(body, sign), np.array([6, 7, 7.5, 7, 3.5]) * v))
        shapes.append(tube(mirrored([[24, 14, 566], [20, -6, 562]], sign), [5 * v, 2.5 * v]))
    shapes.append(tube([[0, 60, 562], [0, 46, 556]], 3.5 * v))
    shapes.append(Ellipsoid((0.0, 27.0, 522.0), (7 * v, 5 * v, 9 * v)))
    return [Paint(Union(tuple(shapes)), Material.CSF, label)]


def _airway() -> list[Paint]:
    air = Material.AIRWAY_AIR
    nasal = [
        tube(
            mirrored([[7, 142, 496], [7, 118, 500], [8, 84, 500]], s),
            [5, 6, 6],
            flatten=(0.7, 1, 2.2),
        )
        for s in (1, -1)
    ]
    pharynx = tube(
        [[0, 82, 500], [0, 74, 476], [0, 72, 440], [0, 68, 410]],
        [9, 8, 9, 8],
        flatten=(1.4, 0.8, 1),
    )
    maxillary = [Ellipsoid((s * 31.0, 114.0, 494.0), (12, 15, 13)) for s in (1, -1)]
    frontal = Ellipsoid((0.0, 133.0, 548.0), (20, 5, 8))
    sphenoid = Ellipsoid((0.0, 84.0, 516.0), (13, 13, 8))
    ethmoid = Ellipsoid((0.0, 116.0, 518.0), (11, 18, 10))
    mastoid = [Ellipsoid((s * 53.0, 22.0, 504.0), (9, 9, 9)) for s in (1, -1)]
    sinuses = Union((*maxillary, frontal, sphenoid, ethmoid, *mastoid))
    sinus_bone = Union(
        tuple(Ellipsoid(e.centre, _grown(e.semi, 2.0)) for e in (*maxillary, sphenoid, ethmoid))
    )
    eyes = Union(tuple(Ellipsoid((s * 32.0, 132.0, 524.0), (12, 12, 12)) for s in (1, -1)))
    socket = Union(tuple(Ellipsoid((s * 31.0, 120.0, 524.0), (17, 25, 17)) for s in (1, -1)))
    nerve = Union(
        tuple(
            Tube(mirrored([[32, 124, 524], [16, 92, 526]], s), np.array([2.2, 2.2]))
            for s in (1, -1)
        )
    )
    parotid = [Ellipsoid((s * 54.0, 56.0, 480.0), (9, 14, 22)) for s in (1, -1)]
    tongue = Ellipsoid((0.0, 100.0, 462.0), (24, 30, 18))
    soft = frozenset({Material.MUSCLE, Material.SUBCUTANEOUS_FAT, Material.CSF})
    cheeks = [Ellipsoid((s * 44.0, 112.0, 480.0), (12, 18, 20)) for s in (1, -1)]
    deep = [tube(mirrored([[52, 84, 520], [50, 88, 480]], s), 9.0) for s in (1, -1)]
    nape = tube([[0, -24, 440], [0, -26, 480]], 9.0, flatten=(3.0, 0.6, 1.0))
    muscle = frozenset({Material.MUSCLE})
    fat = Union((*cheeks, *deep, nape))
    return [
        Paint(fat, Material.VISCERAL_FAT, "", over=muscle),
        Paint(socket, Material.VISCERAL_FAT, "", over=soft | {Material.SKULL}),
        Paint(nerve, Material.WHITE_MATTER, ""),
        Paint(eyes, Material.EYE, ""),
        Paint(sinus_bone, Material.SKULL, "skull", over=soft),
        Paint(sinuses, air, ""),
        Paint(Union(tuple(parotid)), Material.GLAND, "", over=soft),
        Paint(tongue, Material.MUSCLE, ""),
        Paint(Union((*nasal, pharynx)), air, ""),
    ]
