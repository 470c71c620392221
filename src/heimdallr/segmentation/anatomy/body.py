"""The patient's body on a CT, without couch, headrest, blanket and clothing.

What is thick is body, what is thin is not: the shell of a couch, a sheet, a strap are a few
millimetres; of the body only skin folds, ears and fingers are. Gas with thick walls belongs to it
(lungs, bowel, the airways), gas behind a shell does not (a hollow couch). Of the pieces the largest
is the patient, and with it go limbs: large pieces of soft tissue with a bone inside.

Worked out on a grid of some 3.5 mm; the skin is then found on the image's own voxels.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import cc3d
import edt
import numpy as np
from scipy import ndimage

import heimdallr
from heimdallr.imaging.volume import LabelMap
from heimdallr.segmentation.result import Segmentation, SegmentationProvenance

if TYPE_CHECKING:
    from heimdallr.imaging.volume import Array, Volume

TASK, BODY = "body", "body"
"""Name of the label map, TotalSegmentator's for the same thing, and of the one structure in it."""

COARSE_MM = 3.5
"""Grid of the search. Chosen for speed: half of it takes eight times as long, twice it would not
see a couch's shell apart from the skin."""

SOLID_HU = -300
"""Half way from lung or foam to fat; cushions of foam have -980 to -850, skin and fat from -150.

Chosen, not measured. -600 would take dense blankets and atelectatic lung's rim, -150 lose fat.
"""

SHELL_MM = 10.0
"""What is thinner is not body unless it lies on it: a couch's shell and plates have up to some 6 mm
and look wider by a voxel of the coarse grid. Chosen, not measured: half of it would keep couches,
twice it would lose a child's arms."""

ROOM_HU = -900
"""Between the air of a room, with its noise, and lung. At -950 noise of thin slices would fill the
room, at -800 a lung that the field of view cuts would be outside."""

UNSEEN_HU = -1100
"""Lower is no attenuation but what scanners write outside the circle they reconstruct."""

PASSAGE_MM = 14.0
"""Air that is narrower does not lead from outside into the body: nostrils, pharynx and trachea are.
Chosen, not measured: half of it would empty the lungs through the nose; twice it would count the
air between arm and flank to the body."""

WALLED = 0.5
"""Share of a gas pocket's wall that is thick if the pocket is of the body.

Chosen, not measured: the lungs of an infant have thin walls at the ribs only, a couch's cavity a
thick one at most where the patient lies on it. A quarter would keep such a cavity; at three
quarters a lung beside thin ribs would be lost.
"""

LIMB_CM3 = 150.0
"""A piece apart from the largest is a limb from this volume on, if it is made like one.

Chosen, not measured: an adult's hand has some 350 cm³, an infant's leg 200. Half of it would take
up bottles and pumps; twice it would lose those.
"""

SOFT_HU = (-150, 150)
BONE_FROM_HU = 200
LIMB_SOFT, LIMB_BONE = 0.6, 0.01
"""Shares of a limb that are fat or muscle, at least, and bone, at least. Chosen, not measured: an
arm is a tenth bone, and foam, plastic or metal are not soft tissue around it."""


def body_of(image: Volume) -> Segmentation:
    """The body of a CT as a label map of its own; arguments as of :func:`body_mask`."""
    started = time.monotonic()
    labels = body_mask(image).view(np.uint8)
    provenance = SegmentationProvenance(
        task=TASK,
        engine=f"heimdallr {heimdallr.__version__}",
        device="cpu",
        weights=(),
        weights_origin="none",
        weights_sha256=(),
        spacing_mm=COARSE_MM,
        seconds=round(time.monotonic() - started, 3),
    )
    return Segmentation(LabelMap(labels, image.affine, {1: BODY}), provenance)


def body_mask(image: Volume) -> Array:
    """Where the patient is.

    Args:
        image: CT, HU.

    Returns:
        (I, J, K) bool; all ``False`` where nothing is thick enough to be a body.
    """
    step = np.maximum(1, np.round(COARSE_MM / image.spacing_mm)).astype(int)
    small = _coarse(image.data, step)
    body, solid = _coarse_body(small, image.spacing_mm * step)
    return _on_fine_grid(image.data, body, solid, step)


def _coarse(hu: Array, step: Array) -> Array:
    """Every few voxels of an image, the mean of up to four in the axial plane."""
    shape = -(-np.array(hu.shape) // step)
    total = np.zeros(shape, np.float32)
    offsets = {(i, j) for i in (0, step[0] // 2) for j in (0, step[1] // 2)}
    for i, j in offsets:
        part = hu[i :: step[0], j :: step[1], :: step[2]]
        missing = [(0, int(n - have)) for n, have in zip(shape, part.shape, strict=True)]
        total += np.pad(part, missing, mode="edge")
    return total / len(offsets)


def _coarse_body(hu: Array, spacing_mm: Array) -> tuple[Array, Array]:
    """The body on the coarse grid, and what is solid there."""
    solid = hu > SOLID_HU
    thick = _opened(solid, SHELL_MM / 2, spacing_mm)
    gas = _gas(hu, solid, thick, spacing_mm)
    body = _largest_and_limbs(thick | gas, hu, float(np.prod(spacing_mm)))
    # what is thin but lies on the body: an ear, the wall of a chest
    near = _grown(body, SHELL_MM / 2, spacing_mm) & solid
    return body | near, solid


def _gas(hu: Array, solid: Array, thick: Array, spacing_mm: Array) -> Array:
    """What is not solid, has no wide way through air to the sides, and thick walls."""
    wide = cc3d.connected_components(
        _opened(hu < ROOM_HU, PASSAGE_MM / 2, spacing_mm), connectivity=6
    )
    sides = [np.unique(side) for side in (wide[0], wide[-1], wide[:, 0], wide[:, -1])]
    room = np.isin(wide, np.setdiff1d(np.concatenate(sides), 0))
    pockets = cc3d.connected_components(~solid & ~room, connectivity=6)
    walls, thick_walls = np.zeros((2, int(pockets.max()) + 1))
    seen = hu > UNSEEN_HU
    for axis in range(3):
        for turned in (False, True):
            inner, outer, is_thick, is_seen = (
                np.moveaxis(np.flip(one, axis) if turned else one, axis, 0)[part]
                for one, part in (
                    (pockets, slice(1, None)),
                    (pockets, slice(-1)),
                    (thick, slice(-1)),
                    (seen, slice(-1)),
                )
            )
            edge = (inner > 0) & (outer != inner) & is_seen
            walls += np.bincount(inner[edge], minlength=walls.size)
            thick_walls += np.bincount(inner[edge & is_thick], minlength=walls.size)
    walled = thick_walls >= WALLED * np.maximum(walls, 1)
    return np.asarray(walled[pockets] & (pockets > 0))


def _largest_and_limbs(mask: Array, hu: Array, voxel_mm3: float) -> Array:
    """The largest piece of a mask, and those made like a limb."""
    pieces = cc3d.connected_components(mask, connectivity=6)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    kept = sizes == sizes.max()
    soft, bone = (
        np.bincount(pieces[where], minlength=sizes.size) / np.maximum(sizes, 1)
        for where in ((hu > SOFT_HU[0]) & (hu < SOFT_HU[1]), hu > BONE_FROM_HU)
    )
    kept |= (sizes * voxel_mm3 >= 1000 * LIMB_CM3) & (soft >= LIMB_SOFT) & (bone >= LIMB_BONE)
    kept[0] = False
    return np.asarray(kept[pieces])


def _opened(mask: Array, radius_mm: float, spacing_mm: Array) -> Array:
    """What of a mask a ball of this radius reaches from within."""
    if mask.all():
        return mask
    return _grown(_distance_mm(mask, spacing_mm) > radius_mm, radius_mm, spacing_mm)


def _grown(mask: Array, radius_mm: float, spacing_mm: Array) -> Array:
    if not mask.any():
        return mask
    return np.asarray(_distance_mm(~mask, spacing_mm) <= radius_mm)


def _distance_mm(mask: Array, spacing_mm: Array) -> Array:
    """How far each voxel of a mask is from what is not in it; edges of the array do not count."""
    return np.asarray(edt.edt(mask, anisotropy=tuple(spacing_mm)))


def _on_fine_grid(hu: Array, body: Array, solid: Array, step: Array) -> Array:
    """The coarse body on the image's voxels: at its surface their attenuation decides.

    Args:
        hu: (I, J, K) the image.
        body: the body on the coarse grid.
        solid: what is solid there; body that is not is gas.
        step: voxels per coarse voxel.
    """
    cube = ndimage.generate_binary_structure(3, 3)
    sure = (ndimage.binary_erosion(body, cube, border_value=1)) | (body & ~solid)
    near = ndimage.binary_dilation(body, cube)
    i, j, k = (
        np.minimum(np.round(np.arange(n) / s).astype(int), few - 1)
        for n, s, few in zip(hu.shape, step, body.shape, strict=True)
    )
    fine = np.empty(hu.shape, bool, order="F" if hu.flags.f_contiguous else "C")
    for coarse in np.unique(k):  # plane by plane: no temporary as large as the image
        sure_here, near_here = (
            np.asfortranarray(one[:, :, coarse][np.ix_(i, j)]) for one in (sure, near)
        )
        for plane in np.flatnonzero(k == coarse):
            fine[:, :, plane] = sure_here | (near_here & (hu[:, :, plane] > SOLID_HU))
    return fine
