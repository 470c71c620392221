"""What lies around a patient in the gantry: couch, head rest, blankets, arms beside the body.

Figures are from `scan_statistics.py` on the four CTs of `ct_real_unlabelled` (November 2026): the
skin lies 0 to 1.6 mm above the couch, the last surface 54 to 73 mm below it; a column meets 2.6 to
3 surfaces of -630 to 240 HU, with -912 to -947 HU between them. Cloth lies over 19 to 83 % of the
skin, -770 to -870 HU, 2 to 16 mm high, the highest folds 19 to 43 mm. Four scans are few: what is
drawn reaches about twice as far.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from disease import with_code
from realmaps import smooth_noise
from scipy import ndimage

if TYPE_CHECKING:
    from numpy import typing as npt
    from realmaps import Body

    Codes = npt.NDArray[np.uint8]
    Float = npt.NDArray[np.float32]

_FINE_MM = 3.0
_LUNG = np.arange(10, 15)
_BRAIN = 90
_HUMERI = (69, 70)
_SUBCUTANEOUS, _MUSCLE = 1, 3


def surround(hu: Float, body: Body, fine: Codes, rng: np.random.Generator) -> None:
    """Lay couch, cloth and head rest into the air around the patient (changes `hu`).

    Args:
        hu: `(z, y, x)` HU at 3 mm; y grows to the front.
        body: The body the codes are of.
        fine: Codes, same shape; 0 is air.
        rng: Source of everything random.
    """
    if not fine.any():
        return
    if rng.random() < 0.85:
        couch(hu, fine, rng)
    if rng.random() < 0.4:
        cloth(hu, fine, rng)
    if (body.total[fine] == _BRAIN).any() and rng.random() < 0.7:
        head_rest(hu, body, fine, rng)


def couch(hu: Float, fine: Codes, rng: np.random.Generator) -> None:
    """A mattress the back sinks into, and a hollow couch below it."""
    patient = fine > 0
    rows = np.flatnonzero(patient.any((0, 2)))
    x = np.linspace(-1, 1, fine.shape[2]) + rng.normal(0, 0.1)
    gap = rng.uniform(-8, 2) if rng.random() < 0.7 else rng.uniform(2, 25)
    top = rows[0] - gap / _FINE_MM + rng.uniform(0, 16) * x**2
    mattress = rng.uniform(0, 28) / _FINE_MM
    hollow = rng.uniform(25, 110) / _FINE_MM
    depth = top[None, :] - np.arange(fine.shape[1])[:, None]
    # The hull below is flat or as round as the top.
    below = depth if rng.random() < 0.6 else depth - (top - top.min())[None, :]
    wide = np.abs(x)[None, :] < rng.uniform(0.5, 1.1)
    air = ~patient
    # With a gap below zero the back lies in the mattress, whose sides rise beside it.
    inside = wide & (depth > 0) & (depth < mattress)
    hu[air & inside] = rng.uniform(-990, -880)
    shell = rng.uniform(1, 2.5)
    plate = wide & (depth >= mattress) & (below < hollow + mattress)
    hu[air & plate] = rng.uniform(-1000, -890)
    surface = plate & ((depth < mattress + shell) | (below > hollow + mattress - shell))
    hu[air & surface] = rng.uniform(-630, 240)
    cover = wide & (depth > 0) & (depth < 1)
    hu[air & cover] = rng.uniform(-950, -500)


def cloth(hu: Float, fine: Codes, rng: np.random.Generator) -> None:
    """A thin sheet with folds over the patient, at times under the arms and knees too."""
    coarse = ndimage.distance_transform_edt(fine[::2, ::2, ::2] == 0) * 2
    far = ndimage.zoom(coarse.astype(np.float32), 2, order=1)[tuple(map(slice, fine.shape))]
    lift = np.abs(smooth_noise(rng, fine.shape, rng.uniform(25, 80)))
    height = rng.uniform(1, 8) / _FINE_MM + rng.uniform(1, 15) / _FINE_MM * lift
    sheet = (fine == 0) & (np.abs(far - height) < rng.uniform(0.5, 1.2))
    sheet &= smooth_noise(rng, fine.shape, 150) > rng.uniform(-1.5, 1)
    sheet[:, : int(np.flatnonzero((fine > 0).any((0, 2))).mean())] &= rng.random() < 0.3
    hu[sheet] = rng.uniform(-930, -650)


def head_rest(hu: Float, body: Body, fine: Codes, rng: np.random.Generator) -> None:
    """A shell behind and beside the head, with foam up to the skin."""
    levels = np.flatnonzero((body.total[fine] == _BRAIN).any((1, 2)))
    first = max(0, levels[0] - int(rng.integers(0, 20)))
    head = fine[first:]
    y, x = np.nonzero((head > 0).any(0))
    centre_y, centre_x = y.mean(), x.mean()
    half_y, half_x = np.ptp(y) / 2 + rng.uniform(0, 4), np.ptp(x) / 2 + rng.uniform(0, 6)
    rows, columns = np.ogrid[: fine.shape[1], : fine.shape[2]]
    # Between an ellipse and a box.
    cubes = np.abs((rows - centre_y) / half_y) ** 3 + np.abs((columns - centre_x) / half_x) ** 3
    away = np.cbrt(cubes)
    behind = rows < centre_y + rng.uniform(-0.6, 0.5) * half_y
    air = head == 0
    hu[first:][air & (behind & (away < 1))] = rng.uniform(-1000, -900)
    shell = behind & (away >= 1) & (away < 1 + rng.uniform(1, 3) / half_x)
    hu[first:][air & shell] = rng.uniform(-500, 300)


def arms_beside(body: Body, fine: Codes, rng: np.random.Generator) -> Body:
    """Forearms beside the belly, at times, where the body has none (changes `fine`).

    Only below the lungs: higher up an arm has a humerus, which has a name. Radii are an adult
    forearm's, 60 to 90 mm across with a bone of 15 to 20 mm; chosen, not measured.
    """
    if rng.random() > 0.12 or np.isin(body.total[np.unique(fine)], _HUMERI).any():
        return body
    lungs = np.flatnonzero(np.isin(body.total, _LUNG)[fine].any((1, 2)))
    stop = int(lungs[0]) if lungs.size else len(fine)
    wide = np.flatnonzero((fine[:stop] > 0).any((0, 1))) if stop else np.empty(0)
    if not wide.size:
        return body
    codes = []
    for kind, compartment in (("fat", _SUBCUTANEOUS), ("muscle", _MUSCLE), ("bone_shell", 0)):
        body, code = with_code(body, kind, compartment)
        codes.append(code)
    radius = rng.uniform(28, 45) / _FINE_MM
    rows = np.flatnonzero((fine[:stop] > 0).any((0, 2)))
    tilt = rng.normal(0, 0.08, 2) * (np.arange(stop) - stop / 2)[:, None]
    for side in (-1, 1) if rng.random() < 0.7 else (rng.choice([-1, 1]),):
        edge = wide[0] if side < 0 else wide[-1]
        centre_x = edge + side * radius * rng.uniform(0.6, 1.2) + tilt[:, 0]
        centre_y = rows[0] + radius * rng.uniform(0.9, 2.5) + tilt[:, 1]
        far = np.hypot(
            np.arange(fine.shape[1])[None, :, None] - centre_y[:, None, None],
            np.arange(fine.shape[2])[None, None, :] - centre_x[:, None, None],
        )
        lower = fine[:stop]
        air = lower == 0
        for code, share in zip(codes, (1, rng.uniform(0.7, 0.92), 0.25), strict=True):
            lower[air & (far < radius * share)] = code
    return body
