"""Tidying label maps of the bundled networks; official weights' results are left as they are.

A small network trained on synthetic anatomy sees, here and there, a speck of an organ where none
can be, and its coarse voxels draw fat and lung into an organ's rim. An organ is one piece; a bowel
shows as several. A left arm is left of the spine. A spleen or a kidney holds no fat, and acute
blood is brighter than brain.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Literal

import cc3d
import numpy as np
from scipy import ndimage

from heimdallr.imaging.morphology import label_boxes
from heimdallr.segmentation.anatomy.lungs import lungs_by_air
from heimdallr.segmentation.anatomy.spine import divided_at_discs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heimdallr.imaging.volume import Affine, Array, Volume

IN_PIECES = frozenset({"colon", "small_bowel", "subcutaneous_fat", "torso_fat", "skeletal_muscle"})
"""Structures that are rightly seen as several pieces: only specks are dropped."""

LESIONS = frozenset({"intracerebral_hemorrhage"})
"""There may be several, of any size relative to each other: only specks are dropped."""

SPECK_CM3 = 1.0
"""Pieces smaller than this are dropped.

Chosen, not measured: five voxels of the networks of whole bodies (6 mm), after 0.2, one voxel.
Twice it would drop loops of bowel that the image's edge cuts off.
"""

LESION_SPECK_CM3 = 0.5
"""The same for lesions. On a real head without a bleed (GE, gantry tilted; November 2026) the
bundled network marks specks of falx, tentorium and skull base, 0.1 cm³ each: a bleed that small is
beyond it. Half of it might let a larger speck pass; twice it would lose bleeds for nothing."""

SMALLEST_SHARE = 0.25
"""Pieces smaller than this share of their structure's largest one are dropped from the others;
of a vertebra only the largest piece is kept.

Chosen, not measured. Half of it would keep larger strays; twice it would drop the smaller part of
an organ that the network has torn in two.
"""

SIDED = ("humerus", "scapula", "clavicula", "femur", "hip", "gluteus_")
"""Beginnings of names of paired structures that lie wholly beside the spine, in everybody."""

MIDLINE = ("vertebrae", "sacrum", "spinal_cord")

BESIDE_MM = 30.0
"""A piece with its centre this far beyond the spine's middle is the other side's: no curve of the
spine reaches so far over from where a limb begins. Chosen, not measured: half of it and a scoliosis
would swap hips; twice it and a clavicle's inner end would keep the wrong side."""

WINDOWS_HU = {
    "spleen": (-30.0, np.inf),
    "kidney_left": (-30.0, np.inf),
    "kidney_right": (-30.0, np.inf),
    "intracerebral_hemorrhage": (46.0, 100.0),
}
"""Structures whose rim can be told by attenuation, and what they may measure on CT.

Spleen and kidneys hold no fat, which ends at -30 HU (Alberta protocol); a fatty liver may be
nearly as dark and is not listed. Acute blood lies between brain, up to some 45 HU, and what is
calcified or bone, from 100 HU; blood that has become as dark as brain is lost by this. The two
limits of blood are chosen, not measured; of 20 bleeds in head phantoms two of 2 cm³ come out 14 %
too small, all others at most 6 % (``docs/bundled-weights.md``).
"""

BONE_FROM_HU = 100.0
BONE_SHARE = 0.15
MARROW_BELOW_CM3 = 3.0
"""A small lesion with more bone than this around it is marrow, not blood in the brain; a large one
may lie against the skull and is kept.

Found in November 2026 on a real head CT without a bleed: of 4 cm³ of false blood in skull base and
falx the rules of this module leave nothing. Half of the share or twice the volume would lose bleeds
that touch the skull; twice the share or half the volume might keep marrow.
"""

_BONE_REACH_MM = 3.0
"""How far around a lesion bone counts: a voxel of the bleed network."""
_SMOOTHING_MM = 1.0
"""Noise is averaged over this (Gaussian sigma) before a voxel is judged."""


def without_strays(labels: Array, names: Mapping[int, str], voxel_mm3: float) -> Array:
    """The label map without pieces that are too small to belong to their structure.

    Args:
        labels: (I, J, K) label numbers; not changed.
        names: label number → structure.
        voxel_mm3: volume of one voxel.
    """
    shape = labels.shape
    order: Literal["F", "C"] = "F" if labels.flags.f_contiguous else "C"
    pieces = cc3d.connected_components(labels, connectivity=26).ravel(order)
    labels = labels.ravel(order)
    # runs of voxels of one piece: there are a tenth as many as voxels, or fewer
    starts = np.concatenate([[0], np.flatnonzero(pieces[1:] != pieces[:-1]) + 1])
    lengths = np.diff(starts, append=pieces.size)
    piece_of, label_of_run = pieces[starts], labels[starts]
    sizes = np.bincount(piece_of, weights=lengths)
    label_of = np.zeros(len(sizes), labels.dtype)
    label_of[piece_of] = label_of_run
    largest = np.zeros(int(label_of.max(initial=0)) + 1)
    np.maximum.at(largest, label_of[1:], sizes[1:])
    structures = [names.get(int(label), "") for label in label_of]
    share = np.array([_smallest_share(name) for name in structures])
    speck = np.array([LESION_SPECK_CM3 if name in LESIONS else SPECK_CM3 for name in structures])
    smallest = np.maximum(largest[label_of] * share, speck * 1000 / voxel_mm3)
    kept = labels.copy()
    for run in np.flatnonzero((sizes < smallest)[piece_of] & (label_of_run != 0)):
        kept[starts[run] : starts[run] + lengths[run]] = 0
    return kept.reshape(shape, order=order)


def on_their_sides(labels: Array, names: Mapping[int, str], affine: Affine) -> Array:
    """The label map with pieces of limbs named for the side on which they lie.

    Args:
        labels: (I, J, K) label numbers; changed in place.
        names: label number → structure.
        affine: (4, 4) voxel index → RAS mm.
    """
    if not any(name.startswith(SIDED) for name in names.values()):
        return labels
    boxes = label_boxes(labels)
    numbers = {name: number for number, name in names.items()}
    spine = [box for n, box in boxes.items() if names.get(n, "").startswith(MIDLINE)]
    if not spine:
        return labels
    middle_mm = float(np.median([_ends_mm(box, affine).mean() for box in spine]))
    for side, other, sign in (("_left", "_right", 1), ("_right", "_left", -1)):
        wrong = []
        for number, box in boxes.items():
            name = names.get(number, "")
            twin = numbers.get(name.replace(side, other))
            if twin is None or not (name.startswith(SIDED) and side in name):
                continue
            if (sign * (_ends_mm(box, affine) - middle_mm)).max() <= BESIDE_MM:
                continue
            pieces = cc3d.connected_components(labels[box] == number, connectivity=26)
            corner = np.array([part.start for part in box])
            centres = cc3d.statistics(pieces)["centroids"][1:] + corner
            beyond_mm = sign * (centres @ affine[0, :3] + affine[0, 3] - middle_mm)
            theirs = np.flatnonzero(beyond_mm > BESIDE_MM) + 1
            wrong.append((box, np.isin(pieces, theirs), twin))
        for box, mask, number in wrong:
            labels[box][mask] = number
    return labels


def _ends_mm(box: tuple[slice, ...], affine: Affine) -> Array:
    """The least and the greatest place of a box from left to right, mm."""
    corners = product(*((side.start, side.stop - 1) for side in box))
    places = [float(np.dot(affine[0, :3], corner) + affine[0, 3]) for corner in corners]
    return np.array([min(places), max(places)])


def without_bone_marrow(labels: Array, image: Volume) -> Array:
    """A lesion map without small pieces that lie within bone, whose marrow measures like blood.

    Args:
        labels: (I, J, K) lesions, 0 elsewhere; changed in place.
        image: CT, HU.
    """
    pieces = cc3d.connected_components(labels, connectivity=26)
    reach = np.maximum(np.ceil(_BONE_REACH_MM / image.spacing_mm), 1).astype(int)
    for number, box in label_boxes(pieces).items():
        wider = tuple(
            slice(max(side.start - margin, 0), side.stop + margin)
            for side, margin in zip(box, reach, strict=True)
        )
        piece = pieces[wider] == number
        if np.count_nonzero(piece) * image.voxel_volume_mm3 / 1000 >= MARROW_BELOW_CM3:
            continue
        distance_mm = ndimage.distance_transform_edt(~piece, sampling=image.spacing_mm)
        around = image.data[wider][(distance_mm > 0) & (distance_mm <= _BONE_REACH_MM)]
        if np.mean(around > BONE_FROM_HU) > BONE_SHARE:
            labels[wider][piece] = 0
    return labels


def _smallest_share(name: str) -> float:
    if name in IN_PIECES | LESIONS:
        return 0.0
    return 1.0 if name.startswith("vertebrae_") else SMALLEST_SHARE


def tidied(
    labels: Array, names: Mapping[int, str], image: Volume, body: Array | None = None
) -> Array:
    """A CT's label map tidied: by body, attenuation, air and discs, then :func:`in_one`.

    Args:
        labels: (I, J, K) label numbers on the image's grid; changed in place.
        names: label number → structure.
        image: CT, HU.
        body: (I, J, K) where the patient is; nothing is labelled elsewhere.
    """
    if body is not None:
        np.multiply(labels, body, out=labels)
    labels = within_windows(labels, names, image)
    if not LESIONS.isdisjoint(names.values()):
        labels = without_bone_marrow(labels, image)
    labels = lungs_by_air(labels, names, image)
    labels = divided_at_discs(labels, names, image)
    return in_one(labels, names, image)


def in_one(labels: Array, names: Mapping[int, str], image: Volume) -> Array:
    """The label map with limbs on their sides, without specks.

    Args:
        labels: (I, J, K) label numbers on the image's grid; changed in place.
        names: label number → structure.
        image: CT or MR.
    """
    labels = on_their_sides(labels, names, image.affine)
    return without_strays(labels, names, image.voxel_volume_mm3)


def within_windows(labels: Array, names: Mapping[int, str], image: Volume) -> Array:
    """The label map without voxels whose attenuation is not that of their structure.

    Args:
        labels: (I, J, K) label numbers on the image's grid; changed in place.
        names: label number → structure; those of :data:`WINDOWS_HU` are looked at.
        image: CT, HU.
    """
    looked_at = {number: name for number, name in names.items() if name in WINDOWS_HU}
    boxes = label_boxes(labels) if looked_at else {}
    sigma = _SMOOTHING_MM / image.spacing_mm
    for number, name in looked_at.items():
        box = boxes.get(number)
        if box is None:
            continue
        lowest, highest = WINDOWS_HU[name]
        smooth = ndimage.gaussian_filter(image.data[box].astype(np.float32), sigma)
        inside = labels[box]
        inside[(inside == number) & ((smooth < lowest) | (smooth > highest))] = 0
    return labels
