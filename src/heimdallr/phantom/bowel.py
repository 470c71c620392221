"""Stomach, duodenum, small bowel and colon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heimdallr.phantom.abdomen import below_diaphragm
from heimdallr.phantom.canvas import Paint
from heimdallr.phantom.materials import Material
from heimdallr.phantom.primitives import Clip, Tube, Union, tube

if TYPE_CHECKING:
    from collections.abc import Callable

    from heimdallr.phantom.patient import Patient
    from heimdallr.phantom.primitives import Bools, Coordinates, Floats, Shape

_FREE = frozenset({Material.VISCERAL_FAT})


def small_bowel_steps(patient: Patient, rng: np.random.Generator) -> list[Paint]:
    """Return loops packed into the middle abdomen, wall and content."""
    excess = patient.visceral - 0.45
    forward = (26.0 if excess > 0 else 44.0) * excess
    points = []
    rows = np.arange(54.0, -196.0, -26.0)
    flip = 1
    for depth in (62.0, 90.0):
        for row in rows if depth < 70 else rows[::-1]:
            half = 92.0 - 0.18 * max(-row - 100.0, 0.0)
            # Above the transverse colon loops lie on the left only, behind the stomach.
            across = np.arange(-half, half - 14 if row < 10 else -20.0, 27.0)[::flip]
            flip = -flip
            y = depth + forward * (0.4 if depth < 70 else 1.0)
            points += [[x, y, row] for x in across]
    line = np.array(points) + rng.normal(0.0, 7.5, (len(points), 3))
    wave = rng.uniform(8.5, 14.5, len(line))
    wave *= rng.uniform(0.85, 1.25)
    radii = np.convolve(np.pad(wave, 2, mode="edge"), np.ones(5) / 5, mode="valid")
    whole = tube(line, radii, step_mm=9)
    content = Tube(whole.points, np.maximum(whole.radii - 2.4, 1.0))
    steps = [
        Paint(Clip(whole, below_diaphragm), Material.BOWEL_WALL, "small_bowel", over=_FREE),
        Paint(content, Material.SMALL_BOWEL_CONTENT, "small_bowel", over=_WALL),
    ]
    gas = _gas(content, rng, share=0.12)
    return [*steps, Paint(gas, Material.BOWEL_GAS, "small_bowel", over=_CONTENT)]


_WALL = frozenset({Material.BOWEL_WALL})
_CONTENT = frozenset({Material.SMALL_BOWEL_CONTENT, Material.STOOL})


def colon_line(patient: Patient, rng: np.random.Generator) -> Floats:
    """Return the centre line of the colon from caecum to anus, (N, 3), mm."""
    excess = patient.visceral - 0.45
    f, v = (24.0 if excess > 0 else 46.0) * excess, 10.0 * excess
    d = 0.5 * patient.inspiration_mm
    droop = rng.uniform(0, 60)
    points = np.array(
        [
            [84, 62, -146],
            [92, 50, -118],
            [98, 42, -75],
            [100, 40, -35],
            [96, 56, -8 - d],
            [74, 92 + f, -22 - d],
            [36, 104 + f, -30 - droop],
            [-8, 108 + f, -30 - droop],
            [-52, 102 + f, -5 - 0.4 * droop],
            [-88, 70, 30 - d],
            [-106, 30, 44 - d],
            [-108, 8, 8],
            [-108, 14, -40],
            [-106, 22, -85],
            [-98, 40, -122],
            [-78, 58, -152],
            [-42, 60, -172],
            [-6, 50, -158],
            [20, 30, -168],
            [12, -6, -182],
            [0, -28, -196],
            [0, -32, -220],
            [0, -18, -246],
            [0, -14, -268],
        ],
        dtype=float,
    )
    points[3:16, 0] *= 1.0 + v / 100.0
    points[1:15, 1] += 6.0
    jitter = rng.normal(0.0, 6.0, points.shape)
    jitter[-4:] *= 0.2
    return np.asarray(points + jitter)


def colon_steps(patient: Patient, rng: np.random.Generator) -> list[Paint]:
    """Return the colon: wall with haustra, stool, gas above."""
    line = colon_line(patient, rng)
    base = np.array(
        [
            29,
            30,
            26,
            25,
            25,
            23,
            22,
            22,
            21,
            20,
            20,
            18,
            17,
            17,
            17,
            17,
            17,
            17,
            17,
            18,
            20,
            19,
            12,
            8.0,
        ]
    )
    shape = tube(line, base * patient.organs.colon * 0.88, step_mm=9)
    haustra = 1.0 + 0.11 * np.sin(np.arange(len(shape.radii)) * 2.1 + rng.uniform(0, 6.3))
    slow = np.interp(
        np.arange(len(shape.radii)), np.linspace(0, len(shape.radii), 9), rng.uniform(0.8, 1.2, 9)
    )
    whole = Tube(shape.points, shape.radii * haustra * slow)
    content = Tube(whole.points, np.maximum(whole.radii - 2.6, 1.0))
    gas = _gas(content, rng, share=0.5)
    return [
        Paint(Clip(whole, below_diaphragm), Material.BOWEL_WALL, "colon"),
        Paint(Clip(content, below_diaphragm), Material.STOOL, "colon"),
        Paint(gas, Material.BOWEL_GAS, "colon", over=_CONTENT),
    ]


def stomach_steps(patient: Patient, rng: np.random.Generator) -> list[Paint]:
    """Return the stomach: fundus under the left dome, body, antrum; content and gas."""
    k, d = patient.organs.stomach, 0.8 * patient.inspiration_mm
    excess = patient.visceral - 0.45
    f = (18.0 if excess > 0 else 34.0) * excess
    line = np.array(
        [
            [-66, 28, 92],
            [-72, 48, 80],
            [-70, 78 + f, 58],
            [-52, 96 + f, 36],
            [-20, 102 + f, 22],
            [8, 96 + f, 18],
            [28, 82, 22],
        ]
    )
    # From a steer-horn stomach lying high to one that hangs into the middle abdomen.
    hang = rng.uniform(-8.0, 45.0)
    line = line + rng.normal(0, 4.0, line.shape) - [0, 0, d]
    line[:, 2] -= hang * np.array([0, 0, 0.3, 0.8, 1.0, 0.6, 0.1])
    radii = np.array([25, 28, 26, 22, 18, 14, 10]) * k
    whole = tube(line, radii)
    content = Tube(whole.points, whole.radii - 4.0)
    level = float(rng.uniform(70, 110) + f)
    gas = Tube(content.points, content.radii, keep=lambda c: np.asarray(c.y > level))
    return [
        Paint(Clip(whole, below_diaphragm), Material.STOMACH_WALL, "stomach"),
        Paint(Clip(content, below_diaphragm), Material.STOMACH_CONTENT, "stomach"),
        Paint(Clip(gas, below_diaphragm), Material.BOWEL_GAS, "stomach", over=_STOMACH),
    ]


_STOMACH = frozenset({Material.STOMACH_CONTENT})


def duodenum_steps(patient: Patient, rng: np.random.Generator) -> list[Paint]:
    """Return the duodenum's loop around the head of the pancreas."""
    d = 0.5 * patient.inspiration_mm
    line = np.array(
        [
            [30, 80, 22],
            [44, 72, 16],
            [48, 60, -8],
            [44, 56, -36],
            [18, 68, -48],
            [-14, 70, -40],
            [-30, 72, -14],
        ]
    )
    line = line + rng.normal(0, 3.0, line.shape) - [0, 0, d]
    whole = tube(line, float(rng.uniform(9.0, 11.5)), step_mm=10)
    content = Tube(whole.points, whole.radii - 3.0)
    return [
        Paint(whole, Material.BOWEL_WALL, "duodenum"),
        Paint(content, Material.SMALL_BOWEL_CONTENT, "duodenum"),
    ]


def _above(level_mm: float) -> Callable[[Coordinates], Bools]:
    return lambda c: np.asarray(c.y > level_mm)


def _gas(content: Tube, rng: np.random.Generator, *, share: float) -> Shape:
    """Return the gas of a supine patient: the upper part of some stretches of a lumen."""
    shapes: list[Shape] = []
    start = 0
    while start < len(content.points) - 2:
        stop = min(start + int(rng.integers(4, 11)), len(content.points))
        if rng.random() < share:
            part = slice(start, stop)
            level = float(
                content.points[part, 1].mean() + rng.uniform(-0.8, 0.5) * content.radii[part].mean()
            )
            shapes.append(Tube(content.points[part], content.radii[part], keep=_above(level)))
        start = stop - 1
    return Union(tuple(shapes))
