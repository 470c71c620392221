"""Disease with known truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from heimdallr.phantom.abdomen import kidney_centre_mm
from heimdallr.phantom.canvas import Paint
from heimdallr.phantom.materials import Material
from heimdallr.phantom.primitives import Ellipsoid, Union
from heimdallr.phantom.vessels import aneurysm_centre_mm, aorta_line

if TYPE_CHECKING:
    from heimdallr.phantom.patient import Lesion, Patient
    from heimdallr.phantom.primitives import Floats, Shape

_BRAIN = frozenset({Material.GREY_MATTER, Material.WHITE_MATTER, Material.CSF, Material.BLEED})
_LUNG = frozenset({Material.LUNG, Material.BLOOD_PULMONARY})
_HEART = frozenset(
    {
        Material.MYOCARDIUM,
        Material.BLOOD_LEFT_HEART,
        Material.BLOOD_RIGHT_HEART,
        Material.VISCERAL_FAT,
    }
)


@dataclass(frozen=True, slots=True)
class PlacedLesion:
    """One lesion with its place and its paint.

    Attributes:
        lesion: what was asked for.
        centre_mm: centre in the reference body, mm.
        steps: painting steps; empty where another organ's shape carries the lesion.
    """

    lesion: Lesion
    centre_mm: tuple[float, float, float]
    steps: tuple[Paint, ...]


def place_lesions(
    patient: Patient, scale: tuple[float, float, float], rng: np.random.Generator
) -> list[PlacedLesion]:
    """Place the patient's lesions.

    Args:
        patient: whose lesions.
        scale: patient size over reference size, so that lesions keep their size in real mm.
        rng: source of randomness.
    """
    return [_place(patient, lesion, np.asarray(scale), rng) for lesion in patient.lesions]


def _place(
    patient: Patient, lesion: Lesion, scale: Floats, rng: np.random.Generator
) -> PlacedLesion:
    sign = 1.0 if lesion.side == "right" else -1.0
    radius = lesion.size_mm / 2
    steps: tuple[Paint, ...] = ()
    centre: Floats = np.zeros(3)
    if lesion.kind == "intracerebral_bleed":
        centre = np.array([sign * 28.0, 50.0, 566.0]) + rng.normal(0, [3, 14, 6])
        steps = (Paint(_blobs(centre, radius, scale, rng), Material.BLEED, None, over=_BRAIN),)
    elif lesion.kind == "kidney_stone":
        centre = kidney_centre_mm(patient, int(sign)) + np.array(
            [-sign * 10.0, 0, rng.uniform(-18, 12)]
        )
        ball = _ball(centre, radius, scale)
        steps = (Paint(ball, Material.STONE, f"kidney_{lesion.side}"),)
    elif lesion.kind == "kidney_cyst":
        centre = kidney_centre_mm(patient, int(sign)) + np.array(
            [sign * 24.0, -4.0, rng.uniform(-30, -10)]
        )
        ball = _ball(centre, radius, scale)
        steps = (Paint(ball, Material.KIDNEY_CYST, f"kidney_cyst_{lesion.side}"),)
    elif lesion.kind == "lung_nodule":
        centre = np.array([sign * 82.0, 35.0, 205.0]) + rng.normal(0, [5, 25, 25])
        steps = (Paint(_ball(centre, radius, scale), Material.NODULE, None, over=_LUNG),)
    elif lesion.kind == "gallstone":
        down = 0.9 * patient.inspiration_mm
        centre = np.array([69.0, 96.0, 13.0 - down])
        over = frozenset({Material.BILE})
        steps = (Paint(_ball(centre, radius, scale), Material.STONE, None, over=over),)
    elif lesion.kind == "aortic_calcification":
        steps, centre = _aortic_plaques(patient, radius, scale, rng)
    elif lesion.kind == "coronary_calcium":
        centre = np.array([-12.0, 112.0, 186.0 - 0.6 * patient.inspiration_mm])
        steps = (_coronary_plaques(centre, radius, scale, rng),)
    elif lesion.kind == "aortic_aneurysm":
        centre = np.array(aneurysm_centre_mm(patient, lesion))
    place = (float(centre[0]), float(centre[1]), float(centre[2]))
    return PlacedLesion(lesion, place, steps)


def _ball(centre: Floats, radius_mm: float, scale: Floats) -> Ellipsoid:
    semi = radius_mm / scale
    return Ellipsoid(
        (float(centre[0]), float(centre[1]), float(centre[2])),
        (float(semi[0]), float(semi[1]), float(semi[2])),
    )


def _blobs(centre: Floats, radius_mm: float, scale: Floats, rng: np.random.Generator) -> Shape:
    """Return a lobulated shape of about the volume of the ball."""
    parts = [_ball(centre, 0.85 * radius_mm, scale)]
    for _ in range(4):
        way = rng.normal(0, 1, 3)
        way /= np.linalg.norm(way)
        parts.append(
            _ball(centre + way * 0.6 * radius_mm, rng.uniform(0.35, 0.6) * radius_mm, scale)
        )
    return Union(tuple(parts))


def _aortic_plaques(
    patient: Patient, radius_mm: float, scale: Floats, rng: np.random.Generator
) -> tuple[tuple[Paint, ...], Floats]:
    aorta = aorta_line(patient)
    low = np.flatnonzero(aorta.points[:, 2] < 60)
    shapes = []
    for i in rng.choice(low, size=6):
        angle = rng.uniform(0, 2 * np.pi)
        out = np.array([np.cos(angle), np.sin(angle), 0.0]) * (aorta.radii[i] - 0.6 * radius_mm)
        shapes.append(_ball(aorta.points[i] + out, radius_mm, scale))
    step = Paint(
        Union(tuple(shapes)), Material.CALCIFICATION, None, over=frozenset({Material.BLOOD_AORTA})
    )
    return (step,), np.array([-6.0, 48.0, -10.0])


def _coronary_plaques(
    centre: Floats, radius_mm: float, scale: Floats, rng: np.random.Generator
) -> Paint:
    way = np.array([-0.55, 0.25, -0.8])
    shapes = [
        _ball(centre + way * s + rng.normal(0, 1.0, 3), radius_mm, scale) for s in (0, 9, 16, 28)
    ]
    return Paint(Union(tuple(shapes)), Material.CALCIFICATION, "heart", over=_HEART)
