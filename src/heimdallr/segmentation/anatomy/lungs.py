"""Redraws the bundled networks' lungs by the air they hold.

Lung is dark because it is full of air; what encloses it is not. A voxel at the lungs' border that
is more tissue than air belongs to the chest wall, the diaphragm or the heart. Air that goes on
from the lungs into a recess too thin for the network is lung as well. Gas of a bowel is not: it
is darker, a wall lies between, and the bowel has a label of its own.

The figures were chosen in November 2026 in difference maps of one real CT and two phantoms. They
brought the lungs' Dice from 0.90 to 0.95 on that CT (``docs/bundled-weights.md``); what each of
them alone does was not written down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cc3d
import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heimdallr.imaging.volume import Array, Volume

PREFIX = "lung_"

HALF_AIR_HU = -400.0
"""Between lung, about -800 HU, and what surrounds it: a voxel of half of each."""

GAS_HU = -950.0
"""Darker is gas of a bowel, or air outside (-1000); lung is rarely darker than -900."""

RIM_MM = 3.0
"""How deep the border is looked at: vessels and dense lung further in stay lung.

Half a voxel of the network (6 mm), as far as its border may be off; twice it would take out vessels
near the rim.
"""

RECESS_MM = 12.0
"""How far air is followed beyond the network's lungs: two of its voxels."""

SMALLEST_CM3 = 100.0
MOST_GAS = 0.25
"""Less lung than this in all is none where no edge of the image cuts it, or where more than this
share of it is gas: air cells of the skull, which the bundled network called lung on a real head CT.
Half the volume might keep such air cells, twice it would drop an infant's lungs."""

_COARSE_MM = 3.0
"""Grid on which the nearest lobe is looked up: chosen for speed, half a voxel of the network."""


def lungs_by_air(labels: Array, names: Mapping[int, str], image: Volume) -> Array:
    """The label map with lungs that hold air, and hold the air that belongs to them.

    Args:
        labels: (I, J, K) label numbers on the image's grid; changed in place.
        names: label number → structure.
        image: CT, HU.
    """
    is_lung = np.zeros(256, bool)
    is_lung[[number for number, name in names.items() if name.startswith(PREFIX)]] = True
    if not is_lung.any():
        return labels
    whole = is_lung[labels]
    if not whole.any():
        return labels
    box = _box(whole, np.ceil(RECESS_MM / image.spacing_mm).astype(int))
    lung, here, image_hu = whole[box], labels[box], image.data[box]
    small = lung.sum() * image.voxel_volume_mm3 / 1000 < SMALLEST_CM3
    if small and (not _cut(whole) or np.mean(image_hu[lung] < GAS_HU) > MOST_GAS):
        here[lung] = 0
        return labels
    deep = ndimage.minimum_filter(lung, _size(RIM_MM, image.spacing_mm), mode="nearest")
    here[lung & ~deep & (image_hu > HALF_AIR_HU)] = 0
    _follow(here, is_lung, image_hu, image.spacing_mm)
    return labels


def _follow(labels: Array, is_lung: Array, image_hu: Array, spacing_mm: Array) -> None:
    """Give air that goes on from a lung its nearest lobe (changes ``labels``)."""
    lung = is_lung[labels]
    near = ndimage.maximum_filter(lung, _size(RECESS_MM, spacing_mm), mode="nearest")
    air = near & (labels == 0) & (image_hu < HALF_AIR_HU) & (image_hu > GAS_HU)
    pieces = cc3d.connected_components(air | lung, connectivity=6)
    joined = np.zeros(int(pieces.max(initial=0)) + 1, bool)
    joined[pieces[lung]] = True
    found = np.nonzero(air & joined[pieces])
    step = np.maximum(1, np.round(_COARSE_MM / spacing_mm)).astype(int)
    coarse = labels[:: step[0], :: step[1], :: step[2]]
    outside = ~is_lung[coarse]
    if outside.all():
        return
    nearest = ndimage.distance_transform_edt(
        outside, spacing_mm * step, return_distances=False, return_indices=True
    )
    places = tuple(index // s for index, s in zip(found, step, strict=True))
    labels[found] = coarse[tuple(axis[places] for axis in nearest)]


def _box(mask: Array, margin: Array) -> tuple[slice, ...]:
    """The box around a mask, with a margin, within its array."""
    sides = []
    for axis, more in enumerate(margin):
        others = tuple(other for other in range(mask.ndim) if other != axis)
        present = np.flatnonzero(mask.any(axis=others))
        sides.append(slice(max(int(present[0]) - int(more), 0), int(present[-1]) + 1 + int(more)))
    return tuple(sides)


def _cut(mask: Array) -> bool:
    """Whether an edge of the image cuts a mask."""
    return any(mask.take(end, axis).any() for axis in range(mask.ndim) for end in (0, -1))


def _size(reach_mm: float, spacing_mm: Array) -> tuple[int, ...]:
    """Voxels along each edge of a box that reaches this far from its centre."""
    return tuple(2 * max(1, round(reach_mm / float(mm))) + 1 for mm in spacing_mm)
