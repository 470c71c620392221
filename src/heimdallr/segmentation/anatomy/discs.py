"""Finds the discs of a spine in the image, all of them at once.

Along the line through the vertebral bodies a disc is a dark band between two bright endplates; the
endplates make the difference, not the marrow, which in old age is no brighter than a disc. Other
bands are dark too (the veins within a body, the rim of an osteophyte), and some discs do not show
(osteoporosis, noise, thick slices). So the column is divided as a whole: heights change little from
one vertebra to the next, and are about what the network's labels let expect; and every vertebra
carries one pair of ribs or processes (:mod:`heimdallr.segmentation.anatomy.ribs`).

Where the figures come from: see ``spine``. Some were set anew on 23 November 2026, so that a clear
disc is trusted even where it makes a vertebra look fractured, and veins within a body are not taken
for discs; the old values stand beside those.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from heimdallr.imaging.volume import Array, Volume
    from heimdallr.segmentation.anatomy.ribs import Marks

LOWEST_MM, HIGHEST_MM = 12, 60
"""A vertebra with its disc is not lower (two voxels of the network) or higher than this."""

MIDDLE_MM = 9.0
"""Nearer to the line than this is the middle of a body."""

NEAR_SHARE = 0.2
"""Endplates lie within this share of a vertebra's height from the middle of its disc; 0.25
before."""

CLEAR_HU = (80.0, 200.0)
"""A clear disc is darker than its endplates by as much as the clearest twentieth of the line; it
counts as clear at the second value, and never below the first, which noise may reach. (60, 120)
before."""

SEEN = 0.35
"""A disc that stands out by this share of a clear one is seen; 0.5 before."""

WORTH, NEEDED = 1.5, 0.3
"""What a clear disc is worth, and what every border costs: a vein within a body is not worth it."""

GUESS, GUESS_MM = 0.15, 8.0
"""What a border that is the network's too is worth, and how far off it may be."""

RISE, CHANGE = 0.985, 0.17
"""A vertebra is as high as the one below times the first, give or take the second (logarithms):
from L1 to T1 heights fall to somewhat more than half."""

HEIGHT = 0.25
"""Spread of the logarithm of a height about what the labels let expect."""

UNLIKELIEST = 1.5
"""What the oddest height costs, and the oddest change: as much as one clear disc is worth; 2.5
before."""

PASSED, ASIDE_MM = 1.0, 6
"""What it costs to pass over a clear disc (0.5 before); one so near a border is the border's."""

AMISS, ASIDE = 1.5, 0.2
"""What it costs when a vertebra has no rib where its neighbours have, carries twice, or carries at
the oddest place: as much as a clear disc is worth, so that in old age, when discs may be brighter
than marrow, ribs decide. Spread of that place about the vertebra's middle, in heights."""

SACRUM_MM, SACRAL = 12.0, 0.3
"""How far off the labels' upper end of the sacrum may be; share of its worth that a disc has there:
the sacrum's own first disc is as dark."""

MOST_LEFT = 1.4
"""At an end of the line at most this share of a height is left without a border."""

SNAP_MM = 5
"""A seen disc this near to a border draws it."""

_CORE_MM, _DEEPER = 7.0, 4
"""Depth of the bodies' middle within the bone; what is deeper counts by this power more."""

_HOLE_MM = 8.0
"""Dark marrow leaves holes up to this wide in a coarse network's bone."""

_STEADY_MM = 15.0
"""The line is averaged over this along itself (Gaussian sigma): half a vertebra."""
_COARSE_MM = 2.0
"""Grid on which the line is looked for: chosen for speed."""
_SHORTEST_MM = 36.0
"""A line shorter than one vertebra with its disc has nothing to divide."""


@dataclass(frozen=True, slots=True)
class Line:
    """The line through the middle of the vertebral bodies, upwards in steps of 1 mm.

    Attributes:
        places_mm: (n, 3) in RAS directions from voxel 0.
        upwards: (n, 3) unit vectors along it.
    """

    places_mm: Array
    upwards: Array

    def along(self, places_mm: Array) -> tuple[Array, Array]:
        """Where places are with regard to the line.

        Args:
            places_mm: (m, 3) in RAS directions from voxel 0.

        Returns:
            (m,) mm along the line, negative and beyond its length past its ends; (m, 3) the way
            from the line to the place, at right angles to it.
        """
        last = len(self.places_mm) - 1
        along = np.interp(places_mm[:, 2], self.places_mm[:, 2], np.arange(last + 1))
        for _ in range(3):  # the line bends little: this finds the foot of the perpendicular
            foot = np.clip(np.round(along), 0, last).astype(int)
            offset = places_mm - self.places_mm[foot]
            beyond = np.einsum("ma,ma->m", offset, self.upwards[foot])
            along = foot + beyond
        return along, offset - beyond[:, None] * self.upwards[foot]


@dataclass(frozen=True, slots=True)
class Discs:
    """Where vertebrae end along the line, and at which of these places a disc was seen.

    Attributes:
        profile: (mm,) mean attenuation, HU.
        borders: (n,) where one vertebra ends and the next begins, mm along the line, upwards.
        seen: (n,) whether a disc was seen there.
        known: (n,) whether it was seen, or what the vertebrae on both sides carry shows the border.
        reach: (mm,) how far from a disc's middle its endplates lie, mm.
    """

    profile: Array
    borders: Array
    seen: Array
    known: Array
    reach: Array


def line_through(spine: Array, box: tuple[slice, ...], image: Volume) -> Line | None:
    """The line through the bodies, steady over a few centimetres; None where there are none.

    Args:
        spine: bool, the column within the box.
        box: where it is in the image.
        image: gives the grid.
    """
    step = np.maximum(1, np.round(_COARSE_MM / image.spacing_mm)).astype(int)
    spacing_mm = image.spacing_mm * step
    reach = np.round(_HOLE_MM / 2 / spacing_mm).astype(int)
    around = [(n + 1, n + 1) for n in reach]
    padded = np.pad(spine[:: step[0], :: step[1], :: step[2]], around, mode="edge")  # cut: goes on
    bone = ndimage.binary_closing(padded, np.ones(2 * reach + 1, bool))
    depth_mm = ndimage.distance_transform_edt(bone, spacing_mm)
    depth_mm = depth_mm[tuple(slice(n + 1, -n - 1) for n in reach)]
    core = np.argwhere(depth_mm >= _CORE_MM)
    if not len(core) or np.ptp(core[:, 2]) * spacing_mm[2] < _SHORTEST_MM:
        return None
    first = core[:, 2].min()
    level, weight = core[:, 2] - first, depth_mm[tuple(core.T)] ** _DEEPER
    sigma = _STEADY_MM / spacing_mm[2]
    steady = partial(ndimage.gaussian_filter1d, sigma=sigma, mode="constant", truncate=8.0)
    total = steady(np.bincount(level, weight))
    middle = [steady(np.bincount(level, weight * core[:, axis])) / total for axis in (0, 1)]
    voxels = np.stack([*middle, first + np.arange(len(total))], axis=1) * step
    places_mm = (voxels + [side.start for side in box]) @ image.affine[:3, :3].T
    along_mm = np.cumsum(np.linalg.norm(np.diff(places_mm, axis=0, prepend=places_mm[:1]), axis=1))
    every_mm = np.arange(0.0, along_mm[-1], 1.0)
    places_mm = np.stack([np.interp(every_mm, along_mm, axis) for axis in places_mm.T], axis=1)
    upwards = np.gradient(ndimage.gaussian_filter1d(places_mm, _STEADY_MM, axis=0), axis=0)
    return Line(places_mm, upwards / np.linalg.norm(upwards, axis=1)[:, None])


def find_discs(
    line: Line, image: Volume, usual_mm: Array, guess: Array, *, top: int | None, marks: Marks
) -> Discs:
    """The most likely division of the line into vertebrae.

    Args:
        line: through the bodies.
        image: CT, HU.
        usual_mm: (mm,) height of a vertebra with its disc as the labels let expect it.
        guess: where the labels change, mm along the line.
        top: where they let the sacrum end; None where it is not in view.
        marks: vertebrae that show by what they carry.
    """
    profile = _profile(line, image)
    reach = np.maximum(3, np.round(NEAR_SHARE * usual_mm).astype(int))
    contrast = _contrast(profile, reach)
    contrast /= np.clip(np.quantile(contrast, 0.95), *CLEAR_HU)
    borders = _divide(contrast, usual_mm, guess, top, marks)
    near = [slice(max(at - SNAP_MM, 0), at + SNAP_MM + 1) for at in borders]
    clearest = np.array([one.start + contrast[one].argmax() for one in near])
    seen = contrast[clearest] >= SEEN
    carries = np.diff(np.searchsorted(marks.middle_mm, [-np.inf, *borders, np.inf])) == 1
    shown = carries[:-1] & carries[1:] & ~seen
    brightest = np.array([one.start + profile[one].argmax() for one in near])  # both endplates
    is_peak = shown & (np.abs(brightest - borders) < SNAP_MM)
    borders = np.where(seen, clearest, np.where(is_peak, brightest, borders))
    return Discs(profile, borders, seen, seen | shown, reach)


def _profile(line: Line, image: Volume) -> Array:
    """(mm,) mean attenuation around the line, over a disc at right angles to it."""
    right = np.cross(line.upwards, [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right, axis=1)[:, None]
    front = np.cross(line.upwards, right)
    steps = np.arange(-MIDDLE_MM, MIDDLE_MM + 1, 3.0)
    x, y = np.array([(x, y) for x in steps for y in steps if np.hypot(x, y) <= MIDDLE_MM]).T
    across = right[:, None] * x[:, None] + front[:, None] * y[:, None]
    places_mm = (line.places_mm[:, None] + across).reshape(-1, 3)
    voxels = places_mm @ np.linalg.inv(image.affine[:3, :3]).T
    values = ndimage.map_coordinates(image.data, voxels.T, np.float32, order=1, mode="nearest")
    mean = values.reshape(len(line.places_mm), -1).mean(axis=1)
    return np.asarray(ndimage.gaussian_filter1d(mean, 1.0))


def _contrast(profile: Array, reach: Array) -> Array:
    """(mm,) how much darker each place is than the brightest to both sides of it, HU."""
    contrast = np.zeros(len(profile))
    for at, far in enumerate(reach):
        below, above = profile[max(at - far, 0) : at + 1], profile[at : at + far + 1]
        contrast[at] = min(below.max(), above.max()) - profile[at]
    return contrast


def _divide(contrast: Array, usual_mm: Array, guess: Array, top: int | None, marks: Marks) -> Array:
    """(n,) borders of the best division: dynamic programming over border and height below it."""
    length, heights = len(contrast), np.arange(LOWEST_MM, HIGHEST_MM + 1)
    every = np.arange(length)
    off_mm = np.abs(every[:, None] - guess).min(axis=1, initial=np.inf)
    worth = WORTH * np.minimum(contrast, 1) - NEEDED + GUESS * np.exp(-((off_mm / GUESS_MM) ** 2))
    if top is None:
        start = np.where(every <= MOST_LEFT * usual_mm[0], worth, -np.inf)
    else:
        start = SACRAL * worth - 0.5 * ((every - top) / SACRUM_MM) ** 2
    change = _unlikely(np.log(heights[:, None] / heights) - np.log(RISE), CHANGE)  # [upper, lower]
    passed = _passed(contrast)
    carried = np.searchsorted(marks.middle_mm, every)
    best = np.full((length, len(heights)), -np.inf)
    came = np.full((length, len(heights)), -1)
    for at in range(LOWEST_MM, length):
        fits = heights <= at
        below = at - heights[fits]
        onwards = best[below] - change[fits]
        begins = start[below] >= onwards.max(axis=1)
        came[at, fits] = np.where(begins, -1, onwards.argmax(axis=1))
        score = np.where(begins, start[below], onwards.max(axis=1))
        off = _unlikely(np.log(heights[fits] / usual_mm[(at + below) // 2]), HEIGHT)
        passing = passed[at - ASIDE_MM] - passed[below + ASIDE_MM]
        cost = (
            off
            + PASSED * passing
            + _carried_amiss(
                marks, carried[below], carried[at], at - heights[fits] / 2, heights[fits]
            )
        )
        best[at, fits] = score + worth[at] - cost
    last = max(length - round(MOST_LEFT * usual_mm[-1]), LOWEST_MM)
    end, height = map(int, np.unravel_index(best[last:].argmax(), best[last:].shape))
    borders = [last + end]
    while height >= 0:
        before = int(came[borders[-1], height])
        borders.append(borders[-1] - int(heights[height]))
        height = before
    return np.array(borders[::-1])


def _carried_amiss(marks: Marks, below: Array, at: int, middle: Array, high: Array) -> Array:
    """Cost of vertebrae without ribs among those that have some, with several, or in odd places.

    Args:
        marks: what the vertebrae carry.
        below: (n,) marks below the lower border of each vertebra.
        at: those below its upper border.
        middle: (n,) of the vertebrae, mm.
        high: (n,) their heights, mm.
    """
    ribs = np.flatnonzero(marks.has_rib)
    among = len(ribs) > 0 and ribs[0] < at <= ribs[-1]
    place = marks.middle_mm[at - 1] if at else np.inf
    aside = np.minimum(0.5 * ((place - middle) / (ASIDE * high)) ** 2, AMISS)
    return np.where(at > below, AMISS * (at - below - 1) + aside, AMISS * among)


def _unlikely(off: Array, spread: float) -> Array:
    """Cost of a deviation; a broken vertebra is not infinitely unlikely."""
    return np.asarray(np.minimum(0.5 * (off / spread) ** 2, UNLIKELIEST))


def _passed(contrast: Array) -> Array:
    """(mm,) sum of the seen discs up to each place, a clear one as 1."""
    peak = contrast == ndimage.maximum_filter1d(contrast, 2 * ASIDE_MM + 1)
    return np.cumsum(np.clip((contrast - SEEN) / (1 - SEEN), 0, 1) * peak)
