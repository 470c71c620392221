"""Vertebrae by their discs: where one ends, and the next one begins.

A coarse network sees a column of bone and guesses where it is divided; discs go with the bone, and
borders may lie a third of a vertebra off. The image shows the discs: between two neighbours, along
the line through the middle of their bodies, a disc is a dark band between two bright endplates.
Where such a band stands out, it becomes the border, and what is dark within it is no bone. Where
none does (a fused or very osteoporotic spine, thick slices), the border is where the discs beside
it, found at regular distances, let the next one be expected; failing these, the network's stays.

The endplates make the difference, not the marrow: in old age marrow is no brighter than a disc.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, product
from typing import TYPE_CHECKING

import cc3d
import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heimdallr.imaging.volume import Array, Volume

COLUMN = (
    *("vertebrae_S1", *(f"vertebrae_L{n}" for n in range(5, 0, -1))),
    *(f"vertebrae_T{n}" for n in range(12, 0, -1)),
)
"""Upwards. Cervical bodies are hardly higher than the network's voxels: left as they are."""

ENDPLATE_HU = 60.0
"""A disc is darker than both its endplates by this."""

NEAR_SHARE = 0.25
"""Endplates lie within this share of the usual distance between neighbours from the disc's middle:
those of one disc are nearer to each other than those of one body."""

FIRST_SHARE, LAST_SHARE = 0.15, 0.85
"""Part of the way between two centres where their disc is looked for."""

NEAREST_MM, FARTHEST_MM = 10.0, 60.0
"""Centres of neighbours are not nearer or farther than this, or they are no neighbours."""

BODY_MM = 30.0
"""Nothing of a vertebral body is farther from the line through the centres."""

BEHIND_MM = 10.0
"""Farther behind that line are canal, arch and processes, which reach past the disc."""

RISE = 0.97
"""A vertebra with its disc is as high as the one below it times this: from L1 to T1 heights fall to
somewhat more than half, in the lumbar spine they hardly change."""

REGULAR = 0.2
"""Heights found are regular where none differs from their mean by more than this share."""

FEWEST_HEIGHTS = 2
MOST_HEIGHTS = 3
"""Heights beside a border without a disc that must, and that may, say where it is to be."""

FARTHEST_LEVELS = 2
"""From a disc found, so many levels are counted on."""

OFF_MM = 4.0
"""A network's border this near to where it is expected stays."""

_MIDDLE_MM = 12.0
"""Radius of the cylinder in which the profile is taken."""

_CORES_MM = (7.0, 4.0)
"""Depth of a vertebral body's middle within the bone; the second where the first finds none."""

_HOLE_MM = 8.0
"""Dark marrow leaves holes up to this wide in a coarse network's bone."""

_FEWEST = 5
_BORDER = 0.05
_BEYOND_MM = 5.0
_TILT_MM = 2.0
_SMOOTHING_MM = 1.0
_COARSE_MM = 2.0


@dataclass(frozen=True, slots=True)
class _Voxels:
    """Every voxel of the spine.

    Attributes:
        places_mm: (n, 3) in RAS directions.
        labels: (n,) label numbers, to be changed.
        hu: (n,) attenuation, noise averaged.
    """

    places_mm: Array
    labels: Array
    hu: Array


@dataclass(frozen=True, slots=True)
class _Disc:
    """A disc on the line from the lower centre to the upper, in mm from the lower.

    Attributes:
        lower, upper: where it begins and ends.
        dark_hu: what is darker in it is no bone.
        margin_mm: how far beyond that still counts, for discs that stand askew.
    """

    lower: float
    upper: float
    dark_hu: float
    margin_mm: float


def divided_at_discs(labels: Array, names: Mapping[int, str], image: Volume) -> Array:
    """The label map with vertebrae that end at their discs.

    Args:
        labels: (I, J, K) label numbers on the image's grid; changed in place.
        names: label number → structure.
        image: CT, HU.
    """
    numbers = {name: number for number, name in names.items()}
    column = [numbers[name] for name in COLUMN if name in numbers]
    in_column = np.zeros(256, bool)
    in_column[column] = True
    spine = in_column[labels]
    box = next(iter(ndimage.find_objects(spine.view(np.uint8))), None)
    if box is None:
        return labels
    centres = _centres(labels[box], in_column, column, image)
    where = np.nonzero(spine[box])
    image_hu = image.data[box].astype(np.float32)
    smooth = ndimage.gaussian_filter(image_hu, _SMOOTHING_MM / image.spacing_mm, truncate=2.5)
    places_mm = np.stack(where, axis=1) @ image.affine[:3, :3].T
    voxels = _Voxels(places_mm, labels[box][where], smooth[where])
    ways = {
        (lower, upper): (centres[lower], centres[upper] - centres[lower])
        for lower, upper in pairwise(column)
        if lower in centres and upper in centres
    }
    lengths = [float(np.linalg.norm(way)) for _, way in ways.values()]
    discs_mm: dict[int, Array] = {}
    for number, (pair, (start, way)) in enumerate(ways.items()):
        usual_mm = float(np.median(lengths[max(number - 2, 0) : number + 3]))
        place_mm = _divide(voxels, pair, start, way, usual_mm)
        if place_mm is not None:
            discs_mm[column.index(pair[0])] = place_mm
    for pair in ways:
        if pair[0] == numbers.get(COLUMN[0]):  # L5 stands askew on the sacrum: no height to go by
            continue
        expected = _expected(discs_mm, column.index(pair[0]))
        if expected is not None:
            _divide_at(voxels, pair, *expected)
    labels[box][where] = voxels.labels
    _fill(labels, column)
    return labels


def _fill(labels: Array, column: list[int]) -> None:
    """Give every vertebra the dark marrow that its bone encloses (changes ``labels``)."""
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        if box is None or number not in column:
            continue
        here = labels[box]
        outside = cc3d.connected_components(
            np.pad(here != number, 1, constant_values=True), connectivity=6
        )
        holes = (outside != outside[0, 0, 0])[1:-1, 1:-1, 1:-1]
        here[holes & (here == 0)] = number


def _centres(labels: Array, in_column: Array, column: list[int], image: Volume) -> dict[int, Array]:
    """Label number → middle of the vertebral body, mm from the box's corner."""
    step = np.maximum(1, np.round(_COARSE_MM / image.spacing_mm)).astype(int)
    small = labels[:: step[0], :: step[1], :: step[2]]
    spacing_mm = image.spacing_mm * step
    reach = np.maximum(1, np.round(_HOLE_MM / 2 / spacing_mm)).astype(int)
    padded = np.pad(small, [(n + 1, n + 1) for n in reach], mode="edge")  # a cut spine goes on
    bone = ndimage.binary_closing(in_column[padded], np.ones(2 * reach + 1, bool))
    depth_mm = ndimage.distance_transform_edt(bone, spacing_mm)
    nearest = ndimage.distance_transform_edt(
        ~in_column[padded], spacing_mm, return_distances=False, return_indices=True
    )
    inside = tuple(slice(n + 1, -n - 1) for n in reach)
    depth_mm, owner = depth_mm[inside], padded[tuple(nearest)][inside]
    centres = {}
    for number in column:
        depths = np.where(owner == number, depth_mm, 0)
        for core_mm in _CORES_MM:
            core = np.argwhere(depths >= core_mm)
            if len(core) >= _FEWEST:
                centres[number] = (core.mean(axis=0) * step) @ image.affine[:3, :3].T
                break
    return centres


def _divide(
    voxels: _Voxels, pair: tuple[int, int], start: Array, way: Array, usual_mm: float
) -> Array | None:
    """Put the border of two neighbours where their disc is (changes the labels).

    Args:
        voxels: of the spine.
        pair: label numbers, the lower one first.
        start: centre of the lower one, mm.
        way: from there to the centre of the upper one.
        usual_mm: distance of neighbours around here.

    Returns:
        (3,) the disc's middle, mm; None where none stands out.
    """
    lower, upper = pair
    distance_mm = float(np.linalg.norm(way))
    if not NEAREST_MM < distance_mm < FARTHEST_MM or way[2] <= 0:
        return None
    both, along, middle, within_body = _about(voxels, pair, start, way / distance_mm)
    profile = _profile(along[middle], voxels.hu[both[middle]], distance_mm)
    disc = _disc(profile, NEAR_SHARE * min(distance_mm, usual_mm))
    if disc is None:
        return None
    middle_mm = (disc.lower + disc.upper) / 2
    near = (along > -_BEYOND_MM) & (along < distance_mm + _BEYOND_MM)
    body = near & within_body
    above = along[body] >= middle_mm
    voxels.labels[both[body]] = np.where(above, upper, lower)
    within = (along >= disc.lower - disc.margin_mm) & (along <= disc.upper + disc.margin_mm)
    dark = voxels.hu[both] < disc.dark_hu
    voxels.labels[both[body & within & dark]] = 0
    return np.asarray(start + way * (middle_mm / distance_mm))


def _expected(discs_mm: Mapping[int, Array], border: int) -> tuple[Array, Array] | None:
    """Where a disc that does not stand out is to be expected from those that do.

    Args:
        discs_mm: number of a border, upwards → (3,) middle of the disc found there.
        border: number of the border asked for.

    Returns:
        Where it is expected, and the way up to there from the middle of the disc below; None
        where one was found, or too few were, or not at regular distances.
    """
    if border in discs_mm:
        return None
    for away, step in product(range(1, FARTHEST_LEVELS + 1), (1, -1)):  # from below, from above
        beside = [border - away * step]
        while len(beside) <= MOST_HEIGHTS and beside[-1] - step in discs_mm:
            beside.append(beside[-1] - step)
        passed_over = away > 1 and border - step in discs_mm
        if beside[0] not in discs_mm or len(beside) <= FEWEST_HEIGHTS or passed_over:
            continue
        ways = [discs_mm[near] - discs_mm[far] for near, far in pairwise(beside)]
        lengths = [np.linalg.norm(way) for way in ways]
        heights = np.array([h * RISE ** (step * n) for n, h in enumerate(lengths, start=1)])
        if np.abs(heights / heights.mean() - 1).max() <= REGULAR:
            way = ways[0] * (heights.mean() / lengths[0])
            levels = sum(RISE ** (step * n) for n in range(away))
            return discs_mm[beside[0]] + way * levels, way * step
    return None


def _divide_at(voxels: _Voxels, pair: tuple[int, int], place_mm: Array, way: Array) -> None:
    """Put the border of two neighbours where it is expected (changes the labels).

    Args:
        voxels: of the spine.
        pair: label numbers, the lower one first.
        place_mm: where it is expected.
        way: up to there from the border below.
    """
    lower, upper = pair
    distance_mm = float(np.linalg.norm(way))
    both, along, middle, within_body = _about(voxels, pair, place_mm, way / distance_mm)
    near = np.abs(along) < distance_mm
    middle = near & middle
    below = along[middle & (voxels.labels[both] == lower)]
    above = along[middle & (voxels.labels[both] == upper)]
    if len(below) < _FEWEST or len(above) < _FEWEST:
        return
    now_mm = (np.quantile(below, 1 - _BORDER) + np.quantile(above, _BORDER)) / 2
    if abs(now_mm) <= OFF_MM:
        return
    body = near & within_body
    voxels.labels[both[body]] = np.where(along[body] >= 0, upper, lower)


def _about(
    voxels: _Voxels, pair: tuple[int, int], place_mm: Array, upwards: Array
) -> tuple[Array, Array, Array, Array]:
    """Two neighbours' voxels about the line through the middle of their bodies.

    Args:
        voxels: of the spine.
        pair: label numbers.
        place_mm: a place on the line.
        upwards: (3,) unit vector along it.

    Returns:
        Which voxels, how far along the line from the place (mm), whether in the cylinder of the
        profile, whether within reach of a body.
    """
    lower, upper = pair
    both = np.flatnonzero((voxels.labels == lower) | (voxels.labels == upper))
    offset = voxels.places_mm[both] - place_mm
    along = offset @ upwards
    aside = offset - np.outer(along, upwards)
    radius = np.linalg.norm(aside, axis=1)
    within_body = (radius <= BODY_MM) & (aside[:, 1] > -BEHIND_MM)
    return both, along, radius <= _MIDDLE_MM, within_body


def _profile(along_mm: Array, image_hu: Array, distance_mm: float) -> Array:
    """(mm,) mean attenuation along the line from the lower centre to the upper one."""
    length = int(distance_mm) + 1
    within = (along_mm >= 0) & (along_mm < length)
    place = along_mm[within].astype(int)
    count = np.bincount(place, minlength=length)
    filled = np.flatnonzero(count)
    if len(filled) < _FEWEST:
        return np.zeros(length)
    mean = np.bincount(place, image_hu[within], minlength=length)[filled] / count[filled]
    return np.asarray(ndimage.gaussian_filter1d(np.interp(np.arange(length), filled, mean), 1.0))


def _disc(profile: Array, reach_mm: float) -> _Disc | None:
    """The darkest band between two endplates; None where none stands out.

    Args:
        profile: (mm,) attenuation from centre to centre.
        reach_mm: within which the endplates lie to both sides of the disc's middle.
    """
    length, reach = len(profile), max(3, round(reach_mm))
    best, dark, peak = ENDPLATE_HU, -1, 0.0
    first, last = max(1, int(np.ceil(FIRST_SHARE * length))), int(LAST_SHARE * length)
    for at in range(first, min(last, length - 2) + 1):
        below, above = profile[max(at - reach, 0) : at], profile[at + 1 : at + 1 + reach]
        endplates = float(min(below.max(), above.max()))
        is_valley = profile[at] <= below[-1] and profile[at] <= above[0]
        if is_valley and endplates - profile[at] >= best:
            best, dark, peak = endplates - float(profile[at]), at, endplates
    if dark < 0:
        return None
    half = (float(profile[dark]) + peak) / 2
    lower, upper = dark, dark
    while lower > 0 and profile[lower - 1] < half:
        lower -= 1
    while upper < length - 1 and profile[upper + 1] < half:
        upper += 1
    if upper + 1 - lower > 2 * reach:
        return None
    marrow_is_bright = float(np.median(profile)) > half
    return _Disc(lower, upper + 1, half, _TILT_MM if marrow_is_bright else 0.0)
