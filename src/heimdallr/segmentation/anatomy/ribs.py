"""Finds the ribs and transverse processes beside a column in the image, and where they begin.

Which vertebrae carry ribs names a column whose sacrum is not in view, and shows a transitional
vertebra where it is. Networks name ribs from their place, as they name vertebrae, and coarse ones
do not see them; but a rib is bright, thin where it begins beside its vertebra, and reaches far to
the side: farther than any transverse process.

Where the figures come from: the labels of ribs and vertebrae in s0327, s0328, the example CT and
``ct_chest_lidc_0001`` (TotalSegmentator's), and what of five unlabelled CTs could be seen by eye
(November 2026).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import cc3d
import numpy as np
from scipy import ndimage

from heimdallr.imaging.morphology import box_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from heimdallr.imaging.morphology import Mask
    from heimdallr.imaging.volume import Array, Volume
    from heimdallr.segmentation.anatomy.discs import Line

BONE_HU = 130.0
"""Ribs are brighter over 1.5 mm. At 150 the short last ribs of one CT in slices of 5 mm were
missed; at 100 enhanced muscle and spleen begin to join them."""

BEGINS_MM = (26.0, 40.0)
"""Distance to the side at which a rib begins: past the body, about its tubercle (26 to 46 mm)."""

SIDE_MM = 34.0
"""What begins farther to the side does not come from a vertebra: kidney, spleen, bowel."""

DEPTH_MM = (-48.0, 8.0)
"""How far before the line through the bodies a rib begins: behind it, but for the first two."""

THICK_MM = 30.0
"""What is higher than this where it begins is no rib (6 to 20 mm), but a kidney, say."""

RIB_MM = 68.0
"""What reaches farther to the side is a rib: transverse processes reach 25 (T12) to 58 mm (L5)."""

SHORT_MM = 50.0
"""What reaches so far next to the others is a rib if what follows it reaches :data:`LESS_MM` less:
last ribs reach 56 to 121 mm, first ones 53 to 78, processes of L1 up to 42."""

LESS_MM = 10.0
"""See :data:`SHORT_MM`. Chosen, not measured: half of it is noise of slices 5 mm thick."""

NEXT_MM = (12.0, 50.0)
"""How far from one rib the next one begins: 17 to 40 mm in adults, less in children."""

FARTHEST_MM, BEHIND_MM, BEFORE_MM = 105.0, 90.0, 12.0
"""How far to the side, behind and before the line ribs are followed: far enough to tell one; in
front lie vessels and bowel that contrast makes as bright."""

CONTRAST = (
    *("kidney", "spleen", "liver", "gallbladder", "stomach", "duodenum", "small_bowel", "colon"),
    *("heart", "aorta", "inferior_vena_cava", "superior_vena_cava"),
    *("portal_vein", "pulmonary_vein"),
)
"""Structures that contrast makes as bright as bone."""

_PELVIS = ("hip", "sacrum", "femur")
BRIGHT_BESIDE_RIBS = (*CONTRAST, *_PELVIS)
"""Beginnings of the names of structures whose voxels are not taken for a rib's."""
_MARGIN_MM = {"kidney": 4.0, "hip": 5.0}
"""So far beyond their labels the voxels of these are not taken for a rib's: coarse labels end
within their organ, and a crest of the ilium that is left over looks like one."""

RIB_ABOVE, LAST_ABOVE, FIRST_ABOVE, PROCESS_ABOVE = 0.2, (-0.05, 0.1), (0.1, 0.0, -0.1), 0.17
"""How far above the middle of its vertebra a branch begins, in heights of a vertebra with its disc:
ribs by -0.3 to 0.5, but the last two, from below, by -0.15 to 0.05 and 0 to 0.3, and the first
three, in whose part the column leans forward, by -0.2 to 0.5, mean 0; processes by 0 to 0.4."""

FORGETTING = 0.7
"""Counted from an anchor, a vertebra is trusted by this less than the one before it.

At 0.5 the nearest would weigh as much as all the others; at 1 one that is missing would outweigh
those next to the anchor.
"""

PROCESS_MM = 30.0
"""Shorter ones are not taken for transverse processes: splinters reach up to 28 mm, processes from
L1 down from 31 mm."""

BEYOND_MM = 25.0
"""So much must be seen below a vertebra that carries ribs before it is called the last, or above it
the first: most of the next vertebra, whose ribs begin no lower than at its middle. Chosen, not
measured."""

SINGLE, FEWEST_GAPS = (0.55, 1.5), 3
"""A gap within these shares of the expected height is one vertebra's, a narrower one a splinter's,
a wider one two vertebrae's; fewer of them than the second do not outweigh the labels."""

FEWEST_RIBS = 3
"""Fewer vertebrae with ribs do not make a first one of the highest: near it are clavicles and veins
full of contrast."""

_PAIR = 0.5
"""Left and right are one vertebra's when the one is not higher than the other by so many heights
more, or less, than at the vertebra below; they differ by up to 0.5."""

_GRID_MM = 1.5
"""Grid in the slices on which ribs are followed: chosen for speed."""
_START_MM = 10.0
"""The height of a beginning is read over so much of it."""
_BENT_MM = 6.0
"""Measured in the axial plane a place is nearer to a bent line than at right angles by less."""
_FEWEST = 4
"""Voxels that a beginning has at least."""
_THICK_SLICES_MM = 4.0
"""From here on a steep rib may move farther between two slices than it is wide."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A rib or a transverse process where it begins.

    Attributes:
        is_right: on which side.
        begins_mm: height along the line through the vertebral bodies.
        reach_mm: how far it can be followed to the side, at most :data:`FARTHEST_MM`.
    """

    is_right: bool
    begins_mm: float
    reach_mm: float


@dataclass(frozen=True, slots=True)
class Marks:
    """Vertebrae that show by what they carry on their sides, upwards.

    Attributes:
        middle_mm: (n,) about their middles, mm along the line.
        has_rib: (n,) whether they carry ribs; the others have transverse processes.
        last_rib: which of them is the last one (T12) that carries ribs; None where the column is
            not seen far enough below it to tell.
        first_rib: likewise the first one (T1), where the column goes on above it.
    """

    middle_mm: Array
    has_rib: Array
    last_rib: int | None
    first_rib: int | None

    def place_of(self, anchor: int, place_at: Callable[[float], int]) -> int:
        """Where the last or the first vertebra with ribs is among others that are counted.

        A mark may be nearer to the next vertebra and one may be missing, so that all vertebrae with
        ribs vote, each with less weight than the one nearer to the anchor.

        Args:
            anchor: ``last_rib`` or ``first_rib``.
            place_at: mm along the line → place in a count that goes upwards.
        """
        votes: defaultdict[int, float] = defaultdict(float)
        for n in np.flatnonzero(self.has_rib).tolist():
            above = n - anchor
            votes[place_at(float(self.middle_mm[n])) - above] += FORGETTING ** abs(above)
        return max(votes, key=lambda place: votes[place])

    def heights_mm(self, usual_mm: Array) -> Array:
        """(mm,) height of a vertebra with its disc along the line, by these vertebrae.

        Args:
            usual_mm: (mm,) what else lets expect; kept where vertebrae were passed over.
        """
        gaps_mm = np.diff(self.middle_mm)
        between = (self.middle_mm[1:] + self.middle_mm[:-1]) / 2
        ratio = gaps_mm / np.interp(between, np.arange(len(usual_mm)), usual_mm)
        single = (ratio > SINGLE[0]) & (ratio < SINGLE[1])
        if np.count_nonzero(single) < FEWEST_GAPS:
            return usual_mm
        steady = ndimage.median_filter(ratio[single], 3, mode="nearest")
        return np.asarray(usual_mm * np.interp(np.arange(len(usual_mm)), between[single], steady))


def find_branches(
    labels: Array, names: Mapping[int, str], image: Volume, line: Line
) -> tuple[Branch, ...]:
    """All that is bright and thin where it begins beside the column: ribs and processes, upwards.

    Args:
        labels: (I, J, K) label numbers of a whole-body map on the image's grid.
        names: label number → structure.
        image: CT, HU.
        line: through the vertebral bodies.
    """
    box = _around(line, image)
    step = np.maximum(1, np.floor(_GRID_MM / image.spacing_mm)).astype(int)
    step[2] = 1
    coarse = tuple(slice(None, None, int(one)) for one in step)
    smooth = ndimage.uniform_filter(image.data[box].astype(np.float32), tuple(step))[coarse]
    spacing_mm = image.spacing_mm * step
    bright = (smooth > BONE_HU) & ~_others(labels[box][coarse], names, spacing_mm)
    where = np.argwhere(bright)
    places_mm = (where * step + [side.start for side in box]) @ image.affine[:3, :3].T
    column_mm = np.interp(places_mm[:, 2], line.places_mm[:, 2], line.places_mm[:, 0])
    beside = np.abs(places_mm[:, 0] - column_mm) > BEGINS_MM[0] - _BENT_MM  # cheap, before all else
    where, places_mm = where[beside], places_mm[beside]
    along_mm, aside_mm = line.along(places_mm)
    lateral_mm, forward_mm = np.abs(aside_mm[:, 0]), aside_mm[:, 1]
    near = (lateral_mm > BEGINS_MM[0]) & (lateral_mm < FARTHEST_MM)
    near &= (forward_mm > -BEHIND_MM) & (forward_mm < BEFORE_MM)
    begins = near & (lateral_mm < BEGINS_MM[1]) & (forward_mm > DEPTH_MM[0])
    begins &= forward_mm < DEPTH_MM[1]
    found = []
    for is_right in (False, True):
        here = near & ((aside_mm[:, 0] > 0) == is_right)
        whole = _pieces(where, here, bright.shape, spacing_mm)
        starts = _pieces(where, here & begins, bright.shape, spacing_mm)
        for start in range(1, starts.max(initial=0) + 1):
            first = starts == start
            if np.count_nonzero(first) < _FEWEST or (inner := lateral_mm[first].min()) > SIDE_MM:
                continue
            heights_mm = along_mm[first & (lateral_mm < inner + _START_MM)]
            low, middle, high = np.percentile(heights_mm, (5, 50, 95))
            if high - low <= THICK_MM:
                reach_mm = float(np.percentile(lateral_mm[whole == whole[first][0]], 99))
                found.append(Branch(is_right, float(middle), reach_mm))
    return tuple(sorted(found, key=lambda branch: branch.begins_mm))


def ribs_among(branches: Sequence[Branch]) -> tuple[Branch, ...]:
    """Those of the branches that are ribs: long ones, and short ones next to them."""
    sure = [one.begins_mm for one in branches if one.reach_mm >= RIB_MM]
    if not sure:
        return ()
    lowest, highest = min(sure), max(sure)
    return tuple(
        one
        for one in branches
        if one.reach_mm >= RIB_MM or _is_short_rib(one, branches, lowest, highest)
    )


def marks_of(branches: Sequence[Branch], usual_mm: Array) -> Marks:
    """The vertebrae that show by their ribs, or by processes on both sides.

    Args:
        branches: as :func:`find_branches` gives them.
        usual_mm: (mm,) height of a vertebra with its disc along the line.
    """
    ribs = ribs_among(branches)
    lowest = min((rib.begins_mm for rib in ribs), default=np.inf)
    processes = [
        one
        for one in branches
        if one.reach_mm >= PROCESS_MM and one.begins_mm < lowest - NEXT_MM[0]
    ]
    pairs = _pairs((*processes, *ribs), usual_mm)
    low = [pair.begins_mm for pair in pairs if pair.both and pair.begins_mm < lowest - NEXT_MM[0]]
    high = [pair.begins_mm for pair in pairs if pair.begins_mm >= lowest - NEXT_MM[0]]
    begins_mm = np.array([*low, *high])
    high_mm = usual_mm[np.clip(np.round(begins_mm), 0, len(usual_mm) - 1).astype(int)]
    is_last = bool(high) and begins_mm[len(low)] - high_mm[len(low)] / 2 > BEYOND_MM
    above = np.full(len(begins_mm), PROCESS_ABOVE)
    above[len(low) :] = RIB_ABOVE
    top_mm = len(usual_mm) - BEYOND_MM
    is_first = len(high) >= FEWEST_RIBS and begins_mm[-1] + high_mm[-1] / 2 < top_mm
    if is_first:
        above[-len(FIRST_ABOVE) :] = FIRST_ABOVE
    if is_last:
        above[len(low) : len(low) + len(LAST_ABOVE)] = LAST_ABOVE[: len(high)]
    middle_mm = begins_mm - above * high_mm
    return Marks(
        middle_mm,
        has_rib=np.arange(len(middle_mm)) >= len(low),
        last_rib=len(low) if is_last else None,
        first_rib=len(middle_mm) - 1 if is_first else None,
    )


class _Pair(NamedTuple):
    """What one vertebra carries: where it begins, and whether on both sides."""

    begins_mm: float
    both: bool


def _pairs(branches: Sequence[Branch], usual_mm: Array) -> list[_Pair]:
    """Left and right branches of one vertebra together, upwards.

    In a crooked column one side begins higher than the other by up to half a vertebra, and more or
    less so from one vertebra to the next: pairs are made from below, and remember by how much.
    """
    left = [one.begins_mm for one in branches if not one.is_right]
    right = [one.begins_mm for one in branches if one.is_right]
    pairs, tilt = [], 0.0
    while left or right:
        at = min(left[0] - tilt / 2 if left else np.inf, right[0] + tilt / 2 if right else np.inf)
        high_mm = usual_mm[np.clip(round(at), 0, len(usual_mm) - 1)]
        apart = left[0] - right[0] if left and right else np.inf
        if abs(apart - tilt) < _PAIR * high_mm:
            pairs.append(_Pair((left.pop(0) + right.pop(0)) / 2, both=True))
            tilt = float(np.clip(apart, -_PAIR * high_mm, _PAIR * high_mm))
        else:
            (left if left and left[0] - tilt / 2 == at else right).pop(0)
            pairs.append(_Pair(at, both=False))
    return pairs


def _is_short_rib(
    one: Branch, branches: Sequence[Branch], lowest_mm: float, highest_mm: float
) -> bool:
    """Whether what begins next to the lowest or the highest rib, or between the two, is one."""
    if not SHORT_MM <= one.reach_mm < RIB_MM:
        return False
    is_low = one.begins_mm < lowest_mm
    off_mm = lowest_mm - one.begins_mm if is_low else one.begins_mm - highest_mm
    if off_mm < NEXT_MM[0]:
        return True
    beyond = [
        other.reach_mm
        for other in branches
        if other.is_right == one.is_right
        and NEXT_MM[0] <= (other.begins_mm - one.begins_mm) * (-1 if is_low else 1) <= NEXT_MM[1]
    ]
    return off_mm <= NEXT_MM[1] and max(beyond, default=0.0) <= one.reach_mm - LESS_MM


def _around(line: Line, image: Volume) -> tuple[slice, ...]:
    """The box of the image that ribs are looked for in."""
    low, high = line.places_mm.min(axis=0), line.places_mm.max(axis=0)
    low -= (FARTHEST_MM, BEHIND_MM, 0.0)
    high += (FARTHEST_MM, BEFORE_MM, 0.0)
    corners = np.array(np.meshgrid(*zip(low, high, strict=True))).reshape(3, -1).T
    voxels = corners @ np.linalg.inv(image.affine[:3, :3]).T
    first = np.maximum(np.floor(voxels.min(axis=0)).astype(int), 0)
    last = np.ceil(voxels.max(axis=0)).astype(int)
    return tuple(slice(int(a), int(b) + 1) for a, b in zip(first, last, strict=True))


def _others(labels: Array, names: Mapping[int, str], spacing_mm: Array) -> Mask:
    """Where other structures are as bright as ribs, and a little around those."""
    mask = _named(labels, names, BRIGHT_BESIDE_RIBS)
    for start, margin_mm in _MARGIN_MM.items():
        own = _named(labels, names, (start,))
        if (box := box_of(own)) is None:
            continue
        reach = np.maximum(1, np.round(margin_mm / spacing_mm)).astype(int)
        around = tuple(
            slice(max(side.start - by, 0), side.stop + by)
            for side, by in zip(box, reach.tolist(), strict=True)
        )
        mask[around] |= ndimage.maximum_filter(own[around], tuple(2 * reach + 1))
    return mask


def _named(labels: Array, names: Mapping[int, str], starts: tuple[str, ...]) -> Mask:
    """Where structures are whose names start so."""
    chosen = np.zeros(256, bool)
    chosen[[number for number, name in names.items() if name.startswith(starts)]] = True
    return np.asarray(chosen[labels])


def _pieces(where: Array, chosen: Array, shape: tuple[int, ...], spacing_mm: Array) -> Array:
    """(n,) number of the connected piece of every chosen voxel, 0 for the others.

    In thick slices voxels are widened by a third of a slice, as far as a rib that falls steeply
    moves to the side from one slice to the next beyond its own width.
    """
    mask = np.zeros(shape, bool)
    mask[tuple(where[chosen].T)] = True
    if spacing_mm[2] > _THICK_SLICES_MM:
        wider = max(1, round(float(spacing_mm[2] / 3 / spacing_mm[0])))
        mask = ndimage.maximum_filter(mask, (2 * wider + 1, 2 * wider + 1, 1))
    pieces = np.zeros(len(where), int)
    pieces[chosen] = cc3d.connected_components(mask, connectivity=26)[tuple(where[chosen].T)]
    return pieces
