"""Divides the vertebrae at their discs and counts them from the sacrum.

A coarse network sees a column of bone and guesses where it is divided; discs go with the bone,
borders may lie a third of a vertebra off, and now and then one label covers two vertebrae, so that
all above it are one off. The image shows the discs (:mod:`heimdallr.segmentation.anatomy.discs`);
the vertebrae between them are counted from the sacrum, or, where that is not in view, as most of
the labels have it. A disc becomes the border, and what is dark within it is no bone. A disc that
does not show is where the others let it be expected; where hardly any do (a fused spine), the
network's labels stay.

The figures here and in ``discs`` were chosen in November 2026 on one real CT, the TotalSegmentator
label maps s0327 and s0328 and 20 phantoms, also with labels spoilt on purpose. What they do
together stands in ``docs/bundled-weights.md``; what each of them alone does was not written down.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cc3d
import numpy as np
from scipy import ndimage

from heimdallr.imaging.morphology import box_of, label_boxes
from heimdallr.segmentation.anatomy.discs import (
    HIGHEST_MM,
    LOWEST_MM,
    MIDDLE_MM,
    RISE,
    find_discs,
    line_through,
)
from heimdallr.segmentation.anatomy.ribs import find_branches, marks_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heimdallr.imaging.volume import Array, Volume
    from heimdallr.segmentation.anatomy.discs import Discs, Line
    from heimdallr.segmentation.anatomy.ribs import Marks

COLUMN = (
    *("vertebrae_S1", *(f"vertebrae_L{n}" for n in range(5, 0, -1))),
    *(f"vertebrae_T{n}" for n in range(12, 0, -1)),
)
"""Upwards. Cervical bodies are hardly higher than the network's voxels: left as they are."""

FEWEST_LEVELS = 3
"""Labels above the sacrum that must be there for a height to go by: two give one height, which one
wrong label spoils."""

FEWEST_SEEN = 2
"""Discs that must be seen: one alone may be a vein within a body."""

FARTHEST_LEVELS = 2
"""A border without a disc is moved when one was seen at most so many levels away: heights add up
their error with each."""

BODY_MM = 30.0
"""Nothing of a vertebral body is farther from the line through the bodies."""

BEHIND_MM = 10.0
"""Farther behind that line are canal, arch and processes, which reach past the disc."""

FORGETTING = 0.7
"""Counted from the sacrum, a label is trusted by this less than the one below it.

At 0.5 the lowest label would weigh as much as all the others; at 1 those of the chest, which are
wrong more often, as much as those beside the sacrum.
"""

HANGING_MM = 10.0
"""Arch and processes hang so much lower than their body: a quarter of a height."""

OWN_SHARE = 0.55
"""A label of which this share is one vertebra's names the arch and processes of that one: a little
more than half, so that a label that two share names none."""

L5_MM, FALL = 36.0, 0.975
"""Height of an adult's L5 with its disc; each vertebra above is lower by the second, on average.

From L3 to L4 the label maps s0327, s0328 and that of TotalSegmentator's example CT have 31.1 to
36.3 mm, where this says 34.7; from T2 to T3 s0327 has 25.3 mm, where it says 24.9.
"""

UNSURE_OF = 2
"""The labels' heights outweigh an adult's when there are more of them than this."""

_CUT_SHARE = 0.5
"""A label that has more of the line's end than this is cut there: its middle is not known."""
_BEYOND_MM = 2.0
"""Of bone past a border there must be more than this, or no vertebra lies there."""
_TILT_MM = 2.0
"""So much farther than its dark band a disc that stands askew is looked for."""
_SMOOTHING_MM = 1.0
"""Noise is averaged over this (Gaussian sigma) before a voxel is judged."""
_BETWEEN_MM = 4.0
"""Labels are averaged over this along the line (Gaussian sigma): slices may be 8 mm apart."""


@dataclass(frozen=True, slots=True)
class _Bone:
    """Every voxel of the column, and where its labels are along the line through the bodies.

    Attributes:
        labels: (n,) place in the column, upwards.
        along_mm: (n,) along the line.
        is_body: (n,) within reach of a vertebral body.
        hu: (n,) attenuation, noise averaged.
        guess: (places, mm) share of the bodies' middle that each label has along the line.
    """

    labels: Array
    along_mm: Array
    is_body: Array
    hu: Array
    guess: Array


def divided_at_discs(labels: Array, names: Mapping[int, str], image: Volume) -> Array:
    """The label map with vertebrae that end at their discs and are counted from the sacrum.

    Args:
        labels: (I, J, K) label numbers on the image's grid; changed in place.
        names: label number → structure.
        image: CT, HU.
    """
    numbers = {name: number for number, name in names.items()}
    column = [numbers.get(name, 0) for name in COLUMN]
    if not any(column):
        return labels
    place_of = np.full(256, -1)
    place_of[column] = np.arange(len(column))
    place_of[0] = -1
    spine = (place_of >= 0)[labels]
    box = box_of(spine)
    if box is None:
        return labels
    line = line_through(spine[box], box, image)
    if line is None:
        return labels
    labels_here, where = labels[box], np.nonzero(spine[box])
    bone = _bone(place_of[labels_here[where]], where, box, line, image)
    usual_mm = _usual_height(bone.guess)
    if usual_mm is not None:
        changes = np.flatnonzero(np.diff(bone.guess.argmax(axis=0))) + 0.5
        marks = _marks(labels, names, image, usual_mm)
        usual_mm = marks.heights_mm(usual_mm)
        discs = find_discs(line, image, usual_mm, changes, top=_sacrum(bone.guess), marks=marks)
        if np.count_nonzero(discs.known) >= FEWEST_SEEN:
            labels_here[where] = np.array([*column, 0], labels.dtype)[_divided(bone, discs, marks)]
    _fill(labels_here, column)
    return labels


def _divided(bone: _Bone, discs: Discs, marks: Marks) -> Array:
    """(n,) place in the column of every voxel, -1 for discs."""
    borders, seen, known = _to_the_ends(bone, discs)
    level = np.searchsorted(borders, bone.along_mm)
    lowest = _lowest(bone.guess, borders, marks)
    named = _named(bone, borders, lowest)
    sacral = (lowest == 1) & (level == 0) & (named == 0)  # its border stands askew, out of view
    counted = np.clip(lowest + level, 0, len(COLUMN) - 1)
    found = np.where(bone.is_body & ~sacral, counted, named)
    for border, at in enumerate(borders):
        first = max(border - FARTHEST_LEVELS, 0)
        if seen[border]:
            found[_in_disc(bone, discs, at)] = -1
        elif lowest + border == 0 or not known[first : border + FARTHEST_LEVELS + 1].any():
            beside = (level == border) | (level == border + 1)
            beside &= (named == lowest + border) | (named == lowest + border + 1)
            found[beside] = named[beside]
    return found


def _bone(
    labels: Array, where: tuple[Array, ...], box: tuple[slice, ...], line: Line, image: Volume
) -> _Bone:
    """Where each voxel of the column is with regard to the line.

    Args:
        labels: (n,) place in the column.
        where: the voxels' indices within the box.
        box: of the column in the image.
        line: through the bodies.
        image: CT, HU.
    """
    voxels = np.stack(where, axis=1) + [side.start for side in box]
    along_mm, aside_mm = line.along(voxels @ image.affine[:3, :3].T)
    radius_mm = np.linalg.norm(aside_mm, axis=1)
    middle = radius_mm <= MIDDLE_MM
    length = len(line.places_mm)
    guess = np.zeros((len(COLUMN), length))
    at = np.clip(np.round(along_mm[middle]), 0, length - 1).astype(int)
    np.add.at(guess, (labels[middle], at), 1.0)
    smooth = ndimage.gaussian_filter1d(guess, _BETWEEN_MM, axis=1)  # slices may be far apart
    guess = smooth / np.maximum(smooth.sum(axis=0), 1e-6)
    sigma = _SMOOTHING_MM / image.spacing_mm
    steady = ndimage.gaussian_filter(image.data[box].astype(np.float32), sigma, truncate=2.5)
    is_body = (radius_mm <= BODY_MM) & (aside_mm[:, 1] > -BEHIND_MM)
    return _Bone(labels, along_mm, is_body, steady[where], guess)


def _marks(labels: Array, names: Mapping[int, str], image: Volume, usual_mm: Array) -> Marks:
    """What the vertebrae carry, with those of the neck: ribs are the first if none are above."""
    vertebra = np.zeros(256, bool)
    vertebra[[number for number, name in names.items() if name.startswith("vertebrae_")]] = True
    spine = vertebra[labels]
    box = box_of(spine)
    line = None if box is None else line_through(spine[box], box, image)
    if line is None:
        return marks_of((), usual_mm)
    usual_mm = np.interp(np.arange(len(line.places_mm)), np.arange(len(usual_mm)), usual_mm)
    return marks_of(find_branches(labels, names, image, line), usual_mm)


def _usual_height(guess: Array) -> Array | None:
    """(mm,) height of a vertebra with its disc, as the labels' middles let expect it."""
    length = guess.shape[1]
    there = [n for n in range(1, len(COLUMN)) if guess[n].sum() >= LOWEST_MM / 2]
    whole = [n for n in there if max(guess[n, 0], guess[n, -1]) < _CUT_SHARE]
    levels = whole if len(whole) >= FEWEST_LEVELS else there
    if len(levels) < FEWEST_LEVELS:
        return None
    every = np.arange(length)
    middles = np.array([guess[n] @ every / guess[n].sum() for n in levels])
    between = (np.array(levels[1:]) + levels[:-1]) / 2
    heights = np.maximum(np.diff(middles) / np.diff(levels), 1.0)
    size = np.median(np.log(heights / (L5_MM * FALL ** (between - 1))))
    size *= len(heights) / (len(heights) + UNSURE_OF)
    usual = np.exp(size) * L5_MM * FALL ** (np.interp(every, middles, levels) - 1)
    return np.asarray(np.clip(usual, LOWEST_MM, HIGHEST_MM))


def _sacrum(guess: Array) -> int | None:
    """Where the labels let the sacrum end, mm along the line; None where it is not in view."""
    if guess[0].sum() < LOWEST_MM / 2:
        return None
    return int(np.cumsum(guess[0] - guess[1:].sum(axis=0)).argmax()) + 1


def _to_the_ends(bone: _Bone, discs: Discs) -> tuple[Array, Array, Array]:
    """Borders, seen and known ones, with those to be expected before the image ends."""
    along_mm = bone.along_mm[bone.is_body]
    borders = discs.borders.tolist()
    end_mm = along_mm.max() + HANGING_MM - _BEYOND_MM
    while borders[-1] + (high := round((borders[-1] - borders[-2]) * RISE)) < end_mm:
        borders.append(borders[-1] + high)
    above = len(borders) - len(discs.borders)
    if _sacrum(bone.guess) is None:
        end_mm = along_mm.min() + _BEYOND_MM
        while borders[0] - (high := round((borders[1] - borders[0]) / RISE)) > end_mm:
            borders.insert(0, borders[0] - high)
    more = (len(borders) - len(discs.borders) - above, above)
    return np.array(borders), np.pad(discs.seen, more), np.pad(discs.known, more)


def _lowest(guess: Array, borders: Array, marks: Marks) -> int:
    """Place in the column of what lies below the lowest border.

    Counted from the sacrum, where the labels next to it count most (below zero, the first borders
    are its own); else from the last or the first ribs, where the column goes on beyond them; else
    as most labels have it.
    """
    trust: Array = np.ones(len(COLUMN))
    if _sacrum(guess) is not None:
        trust = FORGETTING ** np.arange(len(COLUMN))
    else:
        for level, anchor in (("vertebrae_T12", marks.last_rib), ("vertebrae_T1", marks.first_rib)):
            if anchor is not None:
                below = marks.place_of(anchor, lambda mm: int(np.searchsorted(borders, mm)))
                return COLUMN.index(level) - below
    shares = trust[:, None] * _shares(guess, borders)
    lowest = range(-len(borders), len(COLUMN))
    return max(lowest, key=lambda one: float(np.trace(shares, offset=-one)))


def _named(bone: _Bone, borders: Array, lowest: int) -> Array:
    """(n,) the labels, each called what the vertebra is that most of its middle is.

    A label that two share, one of two that are the same vertebra's, and one hardly in view are
    divided where arch and processes hang; at the lower end they move with their neighbour.
    """
    shares = _shares(bone.guess, borders)
    length = shares.sum(axis=1)
    main, own = shares.argmax(axis=1), shares.max(axis=1) / np.maximum(length, 1e-6)
    fit = np.flatnonzero((own >= OWN_SHARE) & (length >= LOWEST_MM))
    ends = main[fit][[0, -1]] if len(fit) else (0, 0)
    nameless = np.setdiff1d(np.arange(*ends), main[fit])
    torn = shares[:, nameless].argmax(axis=0)
    clear = [n for n in fit if own[n] == own[fit[main[fit] == main[n]]].max() and n not in torn]
    moved = lowest + main - np.arange(len(COLUMN))
    level = np.searchsorted(borders, bone.along_mm)
    hanging = np.searchsorted(borders, bone.along_mm + HANGING_MM)
    named = lowest + np.where(bone.is_body, level, hanging)
    for label in range(len(COLUMN)) if clear else ():
        if label in clear or label < clear[0]:
            here = bone.labels == label
            named[here] = label + moved[max(label, clear[0])]
    return np.asarray(np.clip(named, 0, len(COLUMN) - 1))


def _shares(guess: Array, borders: Array) -> Array:
    """(places, vertebrae) mm of each label's middle between two borders."""
    at = np.searchsorted(borders, np.arange(guess.shape[1]))
    return np.stack([guess[:, at == n].sum(axis=1) for n in range(len(borders) + 1)], axis=1)


def _in_disc(bone: _Bone, discs: Discs, at: int) -> Array:
    """(n,) whether a voxel is of the disc at a place on the line: a body's, and dark."""
    profile, reach = discs.profile, int(discs.reach[at])
    first, last = max(at - reach, 0), min(at + reach, len(profile) - 1)
    endplates = min(profile[first : at + 1].max(), profile[at : last + 1].max())
    dark_hu = (profile[at] + endplates) / 2
    lower, upper = at, at
    while lower > first and profile[lower - 1] < dark_hu:
        lower -= 1
    while upper < last and profile[upper + 1] < dark_hu:
        upper += 1
    around = profile[max(at - 2 * reach, 0) : at + 2 * reach + 1]
    margin_mm = _TILT_MM if np.median(around) > dark_hu else 0.0  # bright marrow: it may be askew
    off_mm = np.abs(bone.along_mm - (lower + upper) / 2) - (upper - lower + 1) / 2
    return np.asarray(bone.is_body & (bone.hu < dark_hu) & (off_mm <= margin_mm))


def _fill(labels: Array, column: list[int]) -> None:
    """Give every vertebra the dark marrow that its bone encloses (changes ``labels``)."""
    for number, box in label_boxes(labels).items():
        if number not in column:
            continue
        here = labels[box]
        outside = cc3d.connected_components(
            np.pad(here != number, 1, constant_values=True), connectivity=6
        )
        holes = (outside != outside[0, 0, 0])[1:-1, 1:-1, 1:-1]
        here[holes & (here == 0)] = number
