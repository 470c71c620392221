"""Parallel images of one series that show the same part of the body several times, taken apart.

A series may hold two acquisitions, ten phases of the heart, three b-values or a thick and a thin
reconstruction. Their images lie at the same places, or between one another. Joined in one volume
they would be a mixture of all, so each *pass* over the body becomes a volume of its own. Headers
tell passes apart: images that share a value make a group, groups that continue one another make a
pass, and a group that runs over the body again begins the next one.

Acquisitions that meet are one pass: slices of the border may occur twice, the first is taken.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from heimdallr.preparation.copies import without_copies
from heimdallr.preparation.geometry import SAME_POSITION_MM, Floats
from heimdallr.preparation.image_planes import grouped
from heimdallr.preparation.instances import number_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from heimdallr.preparation.image_planes import Image

Places = npt.NDArray[np.intp]

NUMBERED = (
    "TemporalPositionIdentifier", "NominalPercentageOfCardiacPhase",
    "NominalPercentageOfRespiratoryPhase", "NominalCardiacTriggerDelayTime",
    "NominalRespiratoryTriggerDelayTime", "DiffusionBValue", "KVP", "SliceThickness",
    "AcquisitionNumber", "TriggerTime",
)  # fmt: skip
"""Attributes whose value may be said: a number, and nothing of the patient."""

TELLING = (*NUMBERED, "file", "ContrastBolusAgent")
WEAKLY_TELLING = (
    "ImageType", "LossyImageCompression", "TransferSyntaxUID", "ProtocolName", "AcquisitionTime",
    "SeriesTime", "ContentTime", "InstanceNumber",
)  # fmt: skip
"""What tells passes apart, the most telling first; the latter may also number images at random."""

MEETING_SLICES = 3
"""Acquisitions that share no more slices than this continue one another.

Chosen, not measured: a border is one slice, or two where table positions were rounded. Scans that
are planned to overlap share centimetres, and may differ in breath and contrast.
"""

FEW = 0.1
"""Share of the slices that is too little to be a pass of its own.

Chosen, not measured: half of it would refuse a head of 40 slices for three that were sent twice;
with twice it a short second acquisition would vanish among doubled slices.
"""

UNEVEN_GAP = 1.5
"""A gap is uneven when it is wider than its neighbours by this factor: half a slice is missing."""

MOST_PASSES = 16
"""More passes than twice those a place has seen, and than this, are no passes but a jumble."""

FEWEST_SLICES = 4
"""Fewer slices do not show that they make a pass."""


@dataclass(frozen=True, slots=True)
class Telling:
    """By what a pass was told from the others of its series.

    Attributes:
        attribute: the keyword.
        value: its value where that is a number and the same for the whole pass, else empty.
        number: which pass it is, from 1, and how many there are.
        others: images of the other passes.
    """

    attribute: str
    value: str
    number: tuple[int, int]
    others: int


@dataclass(frozen=True, slots=True)
class Pass:
    """Images that show a part of the body once.

    Attributes:
        images: at most one at each place; several where nothing tells them apart.
        tellings: what told it apart, from the first cut to the last.
        copies: images left out because the series has them twice.
        doubled: images left out because another one lies at their place.
        alike: passes over the same part, this one included.
    """

    images: Sequence[Image]
    tellings: tuple[Telling, ...] = ()
    copies: int = 0
    doubled: int = 0
    alike: int = 1


def passes(images: Sequence[Image], depths: Floats) -> list[Pass]:
    """Take parallel images apart.

    Args:
        images: of one kind and orientation.
        depths: (N,) their distances along the normal in mm.

    Returns:
        the passes, in the order of what tells them apart; the images as one where nothing does.
    """
    stack = _Stack(tuple(images), depths).in_order_of_numbers()
    if stack.places.max() == 0:  # one place, looked at again and again, is no part of a body
        return [Pass(stack.images)]
    if found := stack.apart_by(TELLING):
        return found
    if stack.most_at_a_place > 1:
        originals = stack.take(without_copies(stack.images, stack.places))
        if copies := len(images) - len(originals.images):
            return _left_with(originals, copies=copies)
        kept = stack.first_of_each_place()
        doubled = len(images) - len(kept.images)
        if doubled <= max(FEW * len(kept.images), 1):
            return _left_with(kept, doubled=doubled)
    return stack.apart_by(WEAKLY_TELLING) or [Pass(stack.images)]


def _left_with(rest: _Stack, *, copies: int = 0, doubled: int = 0) -> list[Pass]:
    """What remains without some images, taken apart; each pass says what was left out."""
    return [
        replace(one, copies=one.copies + copies, doubled=one.doubled + doubled)
        for one in passes(rest.images, rest.depths)
    ]


def _passes_by(attribute: str, found: Sequence[_Stack]) -> list[Pass]:
    """What an attribute has told apart, each part taken apart by what else tells."""
    return [
        replace(
            one,
            tellings=(_telling(attribute, members, number, found), *one.tellings),
            alike=one.alike * _alike(members, found),
        )
        for number, members in enumerate(found, start=1)
        for one in passes(members.images, members.depths)
    ]


def _telling(attribute: str, members: _Stack, number: int, found: Sequence[_Stack]) -> Telling:
    values = {image.told(attribute) for image in members.images}
    value = _plain(values.pop()) if attribute in NUMBERED and len(values) == 1 else ""
    others = sum(len(one.images) for one in found) - len(members.images)
    return Telling(attribute, value, (number, len(found)), others)


def _plain(number: str) -> str:
    """35 for 35.0; nothing for what is no number."""
    found = number_in(number)
    return "" if found is None else f"{found:g}"


def _alike(members: _Stack, found: Sequence[_Stack]) -> int:
    """How many passes are about as long as one; a few stray images are none."""
    return sum(2 * len(one.images) >= len(members.images) for one in found)


@dataclass(frozen=True)
class _Stack:
    """Parallel images with their places.

    Attributes:
        depths: (N,) along the normal in mm.
    """

    images: tuple[Image, ...]
    depths: Floats

    @cached_property
    def places(self) -> Places:
        """(N,) the place of each image, counted along the normal."""
        order = np.argsort(self.depths, kind="stable")
        steps = np.diff(self.depths[order], prepend=self.depths[order[0]]) > SAME_POSITION_MM
        places = np.empty(len(order), np.intp)
        places[order] = np.cumsum(steps)
        return places

    @cached_property
    def range_mm(self) -> tuple[float, float]:
        """The lowest and the highest depth, widened by what counts as the same position."""
        return (
            float(self.depths.min()) - SAME_POSITION_MM,
            float(self.depths.max()) + SAME_POSITION_MM,
        )

    @property
    def most_at_a_place(self) -> int:
        """How many images the place with the most images has."""
        return int(np.bincount(self.places).max())

    def take(self, chosen: Iterable[int]) -> _Stack:
        """Some of the images, by their indices."""
        indices = list(chosen)
        return _Stack(tuple(self.images[i] for i in indices), self.depths[indices])

    def in_order_of_numbers(self) -> _Stack:
        """By InstanceNumber: of images at one place the first is taken, from one pass that is."""
        return self.take(sorted(range(len(self.images)), key=self._numbering))

    def first_of_each_place(self) -> _Stack:
        """One image at each place."""
        return self.take(sorted(np.unique(self.places, return_index=True)[1]))

    def _numbering(self, index: int) -> tuple[bool, int, int]:
        number = self.images[index].instance.instance_number
        return (number is None, number or 0, index)

    def apart_by(self, attributes: Iterable[str]) -> list[Pass] | None:
        """The passes told apart by the first attribute that does so believably."""
        for attribute in attributes:
            found = self._parts(attribute)
            if len(found) > 1 and self._are_passes(found, attribute):
                return _passes_by(attribute, found)
        return None

    def _parts(self, attribute: str) -> list[_Stack]:
        """Groups of one value, in the order of the values, put together where they go on."""
        indices = {id(image): i for i, image in enumerate(self.images)}
        groups = grouped(self.images, lambda image: image.told(attribute))
        if len(groups) < 2:  # noqa: PLR2004 - one value tells nothing apart
            return [self]
        groups.sort(key=lambda group: _in_order(group[0].told(attribute)))
        parts = [self.take(indices[id(image)] for image in group) for group in groups]
        return _continued(parts, max(2 * self.most_at_a_place, MOST_PASSES))

    def _are_passes(self, found: Sequence[_Stack], attribute: str) -> bool:
        if self.most_at_a_place > 1:
            return self._resolved_by([one.without_meeting_slices() for one in found])
        values = len({image.told(attribute) for image in self.images})
        numbers_images = 4 * values > len(self.images)
        return self._lie_between(found, is_weak=attribute in WEAKLY_TELLING or numbers_images)

    def without_meeting_slices(self) -> _Stack:
        """Without the doubled slices where acquisitions meet; as it is where there are more."""
        kept = self.first_of_each_place()
        doubled = len(self.images) - len(kept.images)
        return kept if doubled <= min(MEETING_SLICES, len(kept.images) // 4) else self

    def _resolved_by(self, found: Sequence[_Stack]) -> bool:
        """Whether fewer images share a place in each part, and one of them goes a long way."""
        longest = max(len(one.images) for one in found)
        return (
            all(one.most_at_a_place < self.most_at_a_place for one in found)
            and 2 * longest >= int(self.places.max()) + 1
        )

    def _lie_between(self, found: Sequence[_Stack], *, is_weak: bool) -> bool:
        """Whether parts whose images lie between one another's are passes, and not one in turns.

        Images that fill gaps of a pass belong to it, whatever their headers leave out. In MR
        slices are often acquired in turns, the odd ones first: then those of one turn leave gaps,
        which the others fill.
        """
        alone = [one for one in found if one.stands_alone]
        strays = [one for one in found if not one.stands_alone]
        standing = sum(len(one.images) for one in alone)
        if strays if is_weak else standing < (1 - FEW) * len(self.images):
            return False
        if any(one.lacks(depth) for one in alone for stray in strays for depth in stray.depths):
            return False
        if any(one.lacks_all_of(other) for one in alone for other in alone if other is not one):
            return False
        is_mr = self.images[0].instance.modality == "MR"
        if not is_weak and not is_mr:
            return True
        thickness = [image.frame.slice_thickness for image in self.images]
        known = [mm for mm in thickness if mm is not None]
        if not known:
            return not is_weak
        return any(one.spacing_mm < UNEVEN_GAP * float(np.median(known)) for one in alone)

    @cached_property
    def _distinct_mm(self) -> Floats:
        """Depths of the places, ascending."""
        depths = np.sort(self.depths)
        return depths[np.diff(depths, prepend=-np.inf) > SAME_POSITION_MM]

    @cached_property
    def gaps(self) -> Floats:
        """Distances of neighbouring places in mm."""
        return np.diff(self._distinct_mm)

    @property
    def spacing_mm(self) -> float:
        """Median of the gaps."""
        return float(np.median(self.gaps)) if self.gaps.size else 0.0

    @property
    def uneven(self) -> npt.NDArray[np.bool_]:
        """Which of the gaps are wider than those beside them."""
        before, after = np.r_[0.0, self.gaps[:-1]], np.r_[self.gaps[1:], 0.0]
        return np.asarray(self.gaps > UNEVEN_GAP * np.maximum(before, after))

    @property
    def stands_alone(self) -> bool:
        """Whether its slices follow one another without the others'."""
        return len(self.gaps) >= FEWEST_SLICES - 1 and float(self.uneven.mean()) <= FEW

    def lacks(self, depth_mm: float) -> bool:
        """Whether a place lies in a gap that is wider than those beside it."""
        below = int(np.count_nonzero(self._distinct_mm < depth_mm)) - 1
        return 0 <= below < len(self.gaps) and bool(self.uneven[below])

    def lacks_all_of(self, other: _Stack) -> bool:
        """Whether all images of another stack lie in its gaps."""
        return all(self.lacks(depth) for depth in other.depths)

    def runs_over(self, other: _Stack) -> bool:
        """Whether two stacks show the same part of the body, and do not merely meet."""
        low, high = self.range_mm
        if low > other.range_mm[1] or high < other.range_mm[0]:
            return False
        inside, within = self._within(other), other._within(self)
        fewer = min(len(self.images), len(other.images))
        return (
            min(inside, within) > min(MEETING_SLICES, fewer // 4)
            or inside == len(self.images)
            or within == len(other.images)
        )

    def _within(self, other: _Stack) -> int:
        low, high = other.range_mm
        return int(np.count_nonzero((self.depths >= low) & (self.depths <= high)))

    def joined(self, other: _Stack) -> _Stack:
        """Both."""
        return _Stack(self.images + other.images, np.r_[self.depths, other.depths])


def _continued(groups: Sequence[_Stack], most: int) -> list[_Stack]:
    """Groups, in their order, put together to passes; none when there are too many.

    A group continues the last pass, or any: what makes fewer passes is right. Table positions
    scanned one after the other want the former, a position scanned over and over before the next
    one the latter.
    """
    ways = [_assembled(groups, most, any_pass=any_pass) for any_pass in (False, True)]
    found = min((way for way in ways if way), key=len, default=[])
    # A single image may have begun a pass that turned out to go on where another one ends.
    while meeting := next((two for two in combinations(found, 2) if _meet(*two)), None):
        one, other = meeting
        others = [stack for stack in found if stack is not one and stack is not other]
        found = [one.joined(other), *others]
    return found


def _meet(one: _Stack, other: _Stack) -> bool:
    return not one.runs_over(other)


def _assembled(groups: Sequence[_Stack], most: int, *, any_pass: bool) -> list[_Stack]:
    """The passes when each group goes on where it can; none when there are more than ``most``."""
    found: list[_Stack] = []
    for group in groups:
        open_to_it = range(len(found)) if any_pass else range(len(found))[-1:]
        fitting = next((n for n in open_to_it if not group.runs_over(found[n])), None)
        if fitting is None:
            found.append(group)
        else:
            found[fitting] = found[fitting].joined(group)
        if len(found) > most:
            return []
    return found


def _in_order(value: str) -> tuple[bool, float, str]:
    """Numbers by size, before texts; what says nothing first."""
    try:
        return (False, float(value or "-inf"), "")
    except ValueError:
        return (True, 0.0, value)
