"""What the bodies of the pool lack: fluid and masses within the trunk, spots in liver and lung.

Fluid and masses belong to no class: the networks learn that there is tissue they have no name
for. Spots change the attenuation of an organ and leave it its name, as TotalSegmentator's labels
do. Frequencies and sizes are chosen, not measured: a quarter of the patches has fluid or a
mass, as one of the four CTs of `ct_real_unlabelled`; with half of it a network sees too few, with
twice of it few healthy bellies.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from classes import TOTAL
from realmaps import smooth_noise
from tissues import KIND_NUMBER

if TYPE_CHECKING:
    from numpy import typing as npt
    from realmaps import Body

    Bool = npt.NDArray[np.bool_]
    Codes = npt.NDArray[np.uint8]
    Float = npt.NDArray[np.float32]

_LUNG = np.arange(10, 15)
_LIVER = 5
_SPINE = np.arange(26, 51)
_TORSO_FAT = 2
_SOFT_ENOUGH = frozenset(
    n
    for n, name in TOTAL.items()
    if name in {"small_bowel", "colon", "duodenum", "stomach", "pancreas"}
)
"""What gives way to a mass, beside fat."""


def with_code(body: Body, kind: str, tissue: int = 0) -> tuple[Body, int]:
    """The body with one more code, of a material that belongs to no class; and that code."""
    return (
        replace(
            body,
            total=np.append(body.total, np.uint8(0)),
            tissue=np.append(body.tissue, np.uint8(tissue)),
            kind=np.append(body.kind, np.uint8(KIND_NUMBER[kind])),
        ),
        len(body.kind),
    )


def fall_ill(body: Body, fine: Codes, rng: np.random.Generator) -> Body:
    """Ascites, effusions or a mass, at times; the body with their codes (changes `fine`)."""
    draw = rng.random()
    if draw < 0.08:
        return ascites(body, fine, rng)
    if draw < 0.16:
        return effusion(body, fine, rng)
    if draw < 0.26:
        return mass(body, fine, rng)
    return body


def ascites(body: Body, fine: Codes, rng: np.random.Generator) -> Body:
    """Fluid instead of visceral fat before the spine, from pockets to nearly all of it."""
    spine = np.isin(body.total, _SPINE)[fine]
    fat = ((body.total == 0) & (body.tissue == _TORSO_FAT))[fine]
    if not spine.any() or not fat.any():
        return body
    body, code = with_code(body, "bowel_fluid")
    before = np.arange(fine.shape[1])[:, None] > np.nonzero(spine)[1].mean()
    fluid = fat & before & (smooth_noise(rng, fine.shape, 60) > rng.uniform(-1.5, 1))
    lungs = np.flatnonzero(np.isin(body.total, _LUNG)[fine].any((1, 2)))
    if lungs.size:  # not above the domes
        fluid[int(lungs.mean()) :] = False
    fine[fluid] = code
    return body


def effusion(body: Body, fine: Codes, rng: np.random.Generator) -> Body:
    """Fluid in the dependent part of one lung or both."""
    lung = np.isin(body.total, _LUNG)[fine]
    if not lung.any():
        return body
    body, code = with_code(body, "bowel_fluid")
    rows, columns = np.nonzero(lung)[1:]
    level = np.quantile(rows, rng.uniform(0.05, 0.5)) + 3 * smooth_noise(rng, fine.shape, 60)
    fluid = lung & (np.arange(fine.shape[1])[None, :, None] < level)
    if rng.random() < 0.5:
        middle = int(columns.mean())
        fluid[..., slice(middle, None) if rng.random() < 0.5 else slice(0, middle)] = False
    fine[fluid] = code
    return body


def mass(body: Body, fine: Codes, rng: np.random.Generator) -> Body:
    """A lump of 10 to 90 mm radius in the belly instead of fat and bowel; at times half fluid."""
    soft = np.isin(body.total, sorted(_SOFT_ENOUGH))[fine]
    places = np.argwhere(soft[::4, ::4, ::4]) * 4
    if not len(places):
        return body
    centre = places[rng.integers(len(places))]
    radii = np.exp(rng.uniform(np.log(10), np.log(90))) / 3 * rng.uniform(0.7, 1.4, 3)
    axes = [(np.arange(n) - c) / r for n, c, r in zip(fine.shape, centre, radii, strict=True)]
    far = np.sqrt(sum(np.square(one) for one in np.ix_(*axes)))
    lump = far < 1 + 0.2 * smooth_noise(rng, fine.shape, 40)
    lump &= soft | ((body.total == 0) & (body.tissue == _TORSO_FAT))[fine]
    body, code = with_code(body, "lean")
    fine[lump] = code
    if rng.random() < 0.5:
        body, code = with_code(body, "bowel_fluid")
        fine[lump & (smooth_noise(rng, fine.shape, 50) > 0)] = code
    return body


def spots(hu: Float, body: Body, fine: Codes, rng: np.random.Generator) -> None:
    """Metastases in the liver, consolidation in the lungs, at times (changes `hu`)."""
    for numbers, chance in ((np.array([_LIVER]), 0.15), (_LUNG, 0.12)):
        if rng.random() > chance:
            continue
        organ = np.isin(body.total, numbers)[fine]
        if not organ.any():
            continue
        where = organ & (smooth_noise(rng, fine.shape, rng.uniform(12, 60)) > rng.uniform(1, 2.2))
        if numbers[0] == _LIVER:
            hu[where] += rng.uniform(-70, 30)
        else:
            hu[where] = rng.uniform(-700, 40) + rng.normal(0, 30, int(where.sum()))
