"""Vertebrae one by one, discs, sacrum and spinal cord.

Levels and sizes: mean of two adult CT label maps, in line with the vertebral dimensions of Panjabi
et al., Spine 1991-1993. All in reference-body millimetres.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.interpolate import CubicSpline

from heimdallr.phantom.canvas import Paint
from heimdallr.phantom.labels import VERTEBRAE
from heimdallr.phantom.materials import Material
from heimdallr.phantom.patient import REFERENCE_HEIGHT_MM
from heimdallr.phantom.primitives import Ellipsoid, Region, Tube, Union, mirrored, tube

if TYPE_CHECKING:
    from heimdallr.phantom.patient import Patient
    from heimdallr.phantom.primitives import Bools, Coordinates, Floats, Shape

# Vertebra: height of the body's centre, its forward position, half width, half depth, reach of the
# transverse processes, backward reach of the spinous process, its drop.
_LEVELS = {
    "C1": (469, 46, 13, 6, 37, 30, 2),
    "C2": (451, 47, 10, 9, 26, 40, 4),
    "C3": (433, 46, 11, 9, 26, 38, 4),
    "C4": (416, 45, 11, 9, 27, 38, 5),
    "C5": (399, 43, 12, 9, 28, 40, 6),
    "C6": (382, 40, 13, 10, 29, 44, 8),
    "C7": (364.5, 39, 14, 10, 32, 50, 10),
    "T1": (345.5, 31, 15, 11, 37, 50, 13),
    "T2": (325, 21.5, 15, 12, 35, 50, 17),
    "T3": (304, 12, 15, 12.5, 33, 51, 20),
    "T4": (281.5, 3, 15, 13, 33, 52, 24),
    "T5": (258, -2, 15, 13.5, 33, 53, 26),
    "T6": (233.5, -4, 15.5, 14, 33, 54, 27),
    "T7": (208.5, -5, 16, 14.5, 32, 54, 27),
    "T8": (183, -4, 16.5, 15, 32, 54, 26),
    "T9": (157.5, -2.5, 17, 15.5, 31, 53, 22),
    "T10": (131, 0.5, 18, 16, 29, 53, 17),
    "T11": (102, 4.5, 19.5, 16, 26, 54, 12),
    "T12": (70, 9.5, 21, 16.5, 24, 56, 8),
    "L1": (36, 13.5, 22.5, 17, 36, 60, 6),
    "L2": (0, 17, 23.5, 17.5, 40, 63, 6),
    "L3": (-36, 20, 25.5, 18, 44, 65, 6),
    "L4": (-71.5, 21.5, 26.5, 18, 42, 63, 6),
    "L5": (-105, 17, 28.5, 18, 44, 56, 6),
}
_S1 = (-133.0, -2.0)
_DISC_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Spine:
    """Centre line of the vertebral bodies in the reference body.

    Attributes:
        centres_mm: vertebra name to the centre of its body (x, y, z), mm.
        tilt: vertebra name to the unit vector along its axis.
        height_mm: vertebra name to the height of its body, mm.
    """

    centres_mm: dict[str, Floats]
    tilt: dict[str, Floats]
    height_mm: dict[str, float]


def make_spine() -> Spine:
    """Lay out the vertebral bodies."""
    z = np.array([_LEVELS[v][0] for v in VERTEBRAE] + [_S1[0]])
    y = np.array([_LEVELS[v][1] for v in VERTEBRAE] + [_S1[1]])
    curve = CubicSpline(z[::-1], y[::-1])
    pitch = -np.diff(z)
    pitch = np.concatenate([pitch[:1], (pitch[:-1] + pitch[1:]) / 2, pitch[-1:]])
    centres, tilt, height = {}, {}, {}
    for i, name in enumerate(VERTEBRAE):
        centres[name] = np.array([0.0, y[i], z[i]])
        axis = np.array([0.0, float(curve(z[i], 1)), 1.0])
        tilt[name] = axis / np.linalg.norm(axis)
        height[name] = float(pitch[i] * (1 - _DISC_SHARE) / tilt[name][2])
    return Spine(centres, tilt, height)


def canal_centre_mm(spine: Spine) -> Floats:
    """Return the centre line of the spinal canal from skull base to S2, (N, 3), mm."""
    points = [np.array([0.0, 44.0, 492.0])]
    for name in VERTEBRAE:
        depth = _LEVELS[name][3]
        back = 1.0 if name == "C1" else depth + (8.0 if name[0] == "C" else 9.5)
        c = spine.centres_mm[name]
        points.append(c + _backward(spine.tilt[name]) * back)
    points += [np.array([0.0, -24.0, -133.0]), np.array([0.0, -36.0, -152.0])]
    return np.array(points)


def spine_steps(patient: Patient, spine: Spine) -> list[Paint]:
    """Return the painting steps of spine, sacrum, discs and cord."""
    tall = patient.height_mm / REFERENCE_HEIGHT_MM
    loss = {x.level: x.size_mm / tall for x in patient.lesions if x.kind == "vertebral_fracture"}
    steps = _discs(spine)
    steps += _sacrum()
    for name in reversed(VERTEBRAE):
        label = f"vertebrae_{name}"
        steps.append(Paint(_posterior(spine, name), Material.CORTICAL_BONE, label))
        if name == "C1":
            steps.append(Paint(_atlas(spine), Material.CORTICAL_BONE, label))
            continue
        collapsed = loss.get(name, 0.0)
        steps.append(Paint(_body(spine, name, 0.0, collapsed), Material.CORTICAL_BONE, label))
        steps.append(Paint(_body(spine, name, 2.0, collapsed), Material.TRABECULAR_BONE, label))
    canal = tube(canal_centre_mm(spine), 7.6, step_mm=15)
    cord = tube(canal_centre_mm(spine), 6.4, step_mm=15)
    steps.append(Paint(canal, Material.CSF, ""))
    steps.append(Paint(cord, Material.SPINAL_CORD, "spinal_cord"))
    return steps


def _backward(tilt: Floats) -> Floats:
    """Return the unit vector pointing back in the vertebra's own frame."""
    return np.array([0.0, -tilt[2], tilt[1]])


def _frame(tilt: Floats) -> Floats:
    return np.stack([np.array([1.0, 0, 0]), -_backward(tilt), tilt], axis=1)


def _body(spine: Spine, name: str, margin_mm: float, loss_mm: float) -> Shape:
    """Return a vertebral body; a fracture lowers its upper endplate, most at the front."""
    centre, tilt = spine.centres_mm[name], spine.tilt[name]
    frame = _frame(tilt)
    half_width, half_depth = _LEVELS[name][2], _LEVELS[name][3]
    a, b, h = half_width - margin_mm, half_depth - margin_mm, spine.height_mm[name] / 2 - margin_mm
    reach = np.abs(frame) @ np.array([a, b, h + 2.0])
    f = frame.astype(np.float32)

    def inside(c: Coordinates) -> Bools:
        x, y, z = c.x - centre[0], c.y - centre[1], c.z - centre[2]
        v = f[1, 1] * y + f[2, 1] * z
        w = f[1, 2] * y + f[2, 2] * z
        # A waist of 8 % and slightly concave endplates.
        waist = 1.0 - 0.08 * (1.0 - (w / h) ** 2)
        radial = np.abs(x / a) ** 2.6 + np.abs(v / b) ** 2.6
        top = h - loss_mm * np.clip((v + b) / (2 * b), 0, 1)
        return np.asarray((radial < waist**2.6) & (w < top) & (w > -h))

    return Region(tuple(centre - reach), tuple(centre + reach), inside)


def _posterior(spine: Spine, name: str) -> Shape:
    """Return arch, articular, transverse and spinous processes of one vertebra."""
    centre, tilt = spine.centres_mm[name], spine.tilt[name]
    half_width, half_depth, transverse, spinous, drop = _LEVELS[name][2:]
    frame, h = _frame(tilt), spine.height_mm[name]
    thick = {"C": 3.3, "T": 4.6, "L": 5.8}[name[0]]

    def at(x: float, back: float, up: float) -> Floats:
        return np.asarray(centre + frame @ np.array([x, -back, up]))

    canal = half_depth + {"C": 7.5, "T": 9.0, "L": 9.0}[name[0]]
    arch = half_depth + {"C": 17.0, "T": 19.0, "L": 21.0}[name[0]]
    if name == "C1":
        canal, arch = 4.0, 22.0
    shapes: list[Shape] = []
    for side in (1, -1):
        x = side * half_width * (0.62 if name[0] != "C" else 0.85)
        wide = side * {"C": 15.0, "T": 12.5, "L": 15.0}[name[0]]
        lamina = [at(x, half_depth - 3, h * 0.2), at(wide, canal + 2, h * 0.15)]
        lamina += [at(wide * 0.8, arch - 4, 0), at(0, arch + 1, -h * 0.1)]
        shapes.append(tube(lamina, thick, step_mm=8, flatten=(1, 1, 1.5)))
        tip = at(side * transverse, canal + (10 if name[0] == "T" else 1), h * 0.1)
        line = np.array([at(wide, canal + 1, h * 0.12), tip])
        shapes.append(
            Tube(
                line,
                np.array([thick * 0.9, thick * (0.9 if name == "L5" else 0.65)]),
                (1, 0.85, 1.15),
            )
        )
        facets = [at(wide, canal + 4, h * 0.55), at(wide * 0.95, arch - 4, -h * 0.55)]
        shapes.append(Tube(np.array(facets), np.array([thick * 1.2, thick * 1.1])))
    process = [at(0, arch - 1, -h * 0.05), at(0, (arch + spinous) / 2, -drop * 0.6)]
    process.append(at(0, spinous, -drop * 1.1))
    tall = {"C": 1.5, "T": 1.9, "L": 2.4}[name[0]]
    shapes.append(tube(process, [thick, thick * 0.85, thick], step_mm=9, flatten=(0.95, 1.0, tall)))
    return Union(tuple(shapes))


def _atlas(spine: Spine) -> Shape:
    """Return the lateral masses and the anterior arch of C1."""
    c = spine.centres_mm["C1"]
    masses = [Ellipsoid((side * 19.0, c[1] - 1, c[2]), (8, 9, 8)) for side in (1, -1)]
    arch = tube(
        [c + np.array([-16, 4, 0]), c + np.array([0, 12, 0]), c + np.array([16, 4, 0])],
        3.5,
        step_mm=6,
    )
    return Union((*masses, arch))


def _discs(spine: Spine) -> list[Paint]:
    steps = []
    names = VERTEBRAE[1:]
    for upper, lower in zip(names, (*names[1:], "S1"), strict=True):
        high = spine.centres_mm[upper]
        low = spine.centres_mm[lower] if lower != "S1" else np.array([0.0, _S1[1], _S1[0]])
        axis = (high - low) / np.linalg.norm(high - low)
        width, depth = _LEVELS[upper][2] + 0.5, _LEVELS[upper][3] + 0.5
        height = float(np.linalg.norm(high - low)) * 0.22
        if lower == "S1":
            height *= 1.2
        middle = (high + low) / 2
        shape = Ellipsoid(tuple(middle), (width, depth, height), _frame(axis), power=3.0)
        steps.append(Paint(shape, Material.DISC, ""))
    return steps


def _sacrum() -> list[Paint]:
    """Return sacrum, coccyx and S1 (a class of its own)."""
    curve = np.array(
        [[0, -17, -128], [0, -33, -153], [0, -47, -180], [0, -52, -205], [0, -44, -228]]
    )
    steps = []
    lateral = [[12, -14, -133], [32, -22, -140], [30, -38, -165], [16, -48, -190]]
    wing = [
        tube(mirrored(lateral, side), [15, 17, 14, 9], flatten=(1.25, 0.9, 1.15))
        for side in (1, -1)
    ]
    core = tube(curve, [17, 17, 13, 10, 6], flatten=(1.5, 0.8, 1.0))
    crest = tube(curve + np.array([0, -13, -4]), [6, 6, 5, 4, 3], flatten=(0.8, 1, 1))
    whole = Union((*wing, core, crest))
    steps.append(Paint(whole, Material.CORTICAL_BONE, "sacrum"))
    inner = [
        tube(
            t.points[:: max(len(t.points) // 4, 1)], 0.72 * float(t.radii.mean()), flatten=t.flatten
        )
        for t in (*wing, core)
    ]
    steps.append(Paint(Union(tuple(inner)), Material.TRABECULAR_BONE, "sacrum"))
    frame = _frame(np.array([0.0, 0.5, 0.866]))
    s1 = Ellipsoid((0.0, _S1[1], _S1[0]), (27, 17, 15), frame, power=3.5)
    s1_core = Ellipsoid((0.0, _S1[1], _S1[0]), (25, 15, 13), frame, power=3.5)
    steps.append(Paint(s1, Material.CORTICAL_BONE, "vertebrae_S1"))
    back = tube([[-24, -22, -133], [0, -36, -140], [24, -22, -133]], 6.0, flatten=(1, 1, 1.4))
    steps.append(Paint(back, Material.CORTICAL_BONE, "vertebrae_S1"))
    steps.append(Paint(s1_core, Material.TRABECULAR_BONE, "vertebrae_S1"))
    return steps


def autochthon_steps(patient: Patient, spine: Spine) -> list[Paint]:
    """Return the paraspinal muscles: between spinous processes and ribs, from C7 to the sacrum."""
    steps = []
    bulk = 0.6 + 0.4 * patient.muscle
    sections = [
        ("T1", 24, 17, 11),
        ("T4", 25, 17, 13),
        ("T8", 27, 19, 15),
        ("T12", 31, 23, 19),
        ("L3", 35, 24, 22),
        ("L5", 33, 22, 20),
    ]
    for side, sign in (("right", 1), ("left", -1)):
        points, radii = [], []
        for name, lateral, half_width, half_depth in sections:
            back = _LEVELS[name][3] + (36 if name[0] == "L" else 34 if name == "T12" else 30)
            c = spine.centres_mm[name] + _backward(spine.tilt[name]) * back
            points.append([sign * lateral * (0.85 + 0.15 * bulk), c[1], c[2]])
            radii.append((half_width + half_depth) / 2 * bulk)
        points.append([sign * 22, -62, -145])
        radii.append(11.0)
        shape = tube(points, radii, flatten=(1.2, 0.86, 1.0))
        steps.append(Paint(shape, Material.MUSCLE, f"autochthon_{side}"))
    return steps
