"""What arrives on one day: when, how large, how urgent, and what is sent again or too late.

The curve of the hours, the sizes and the shares are chosen, not taken from one hospital: a quiet
night, a morning whose busiest hour brings three times the mean, a lower second peak.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from itertools import accumulate

HOURLY = (
    0.25, 0.2, 0.2, 0.2, 0.2, 0.25, 0.4, 0.9, 2.0, 2.7, 3.0, 2.5,
    1.5, 1.8, 2.2, 1.9, 1.3, 0.8, 0.5, 0.4, 0.3, 0.25, 0.15, 0.1,
)  # fmt: skip
"""Arrivals of each hour of the day, as a multiple of the day's mean."""

SIZES = ((0.25, 60, 150), (0.45, 200, 500), (0.25, 500, 1000), (0.05, 1000, 1500))
"""Share of the studies, fewest and most images."""

IMAGES_PER_FILE = 25
"""An image that is sent stands for so many; a test machine's disk and processor hold no more."""

STAT_SHARE, TWICE_SHARE, LATE_SHARE, RESENT_SHARE = 0.10, 0.03, 0.05, 0.03
DAY_S = 86_400.0
_TWICE_AFTER_S, _LATE_AFTER_S, _RESENT_AFTER_S = 60.0, 3600.0, 7200.0
_LATE_FILES = 2


@dataclass(frozen=True, order=True)
class Sending:
    """One association.

    Attributes:
        at_s: second of the day.
        number: of the study.
        first, last: which of its files, from 0; ``last`` is not sent.
        is_new: the files have not been sent before.
    """

    at_s: float
    number: int
    first: int
    last: int
    is_new: bool


@dataclass(frozen=True)
class PlannedStudy:
    """A study of the day.

    Attributes:
        number: decides its UIDs, patient and accession number.
        files: how many are sent in the end.
        stat: sent by a calling AE title that is STAT.
        sendings: the first one brings it, the others are what else happens.
    """

    number: int
    files: int
    stat: bool
    sendings: tuple[Sending, ...] = field(default=())


def mean_images() -> int:
    """Images of a study, on average."""
    return round(sum(share * (fewest + most) / 2 for share, fewest, most in SIZES))


def hourly_day(count: int, seed: int) -> list[PlannedStudy]:
    """So many studies over a day with the curve of :data:`HOURLY`."""
    dice = random.Random(seed)  # noqa: S311 - sample data
    hours = dice.choices(range(24), cum_weights=list(accumulate(HOURLY)), k=count)
    times = sorted((hour + dice.random()) * 3600.0 for hour in hours)
    return [_study(dice, number, at_s) for number, at_s in enumerate(times)]


def steady(count: int, every_s: float, seed: int, *, alike: int = 0) -> list[PlannedStudy]:
    """Studies at an even pace, sent once each; with ``alike``, their sizes repeat after so many."""
    dice = random.Random(seed)  # noqa: S311 - sample data
    kinds = [(_files(dice), dice.random() < STAT_SHARE) for _ in range(alike or count)]
    planned = []
    for number in range(count):
        files, stat = kinds[number % len(kinds)]
        only = Sending(number * every_s, number, 0, files, is_new=True)
        planned.append(PlannedStudy(number, files, stat, (only,)))
    return planned


def _study(dice: random.Random, number: int, at_s: float) -> PlannedStudy:
    files, stat = _files(dice), dice.random() < STAT_SHARE
    twice, late, resent = (
        dice.random() < share for share in (TWICE_SHARE, LATE_SHARE, RESENT_SHARE)
    )
    first = files - _LATE_FILES if late else files
    sendings = [Sending(at_s, number, 0, first, is_new=True)]
    if twice:
        sendings.append(Sending(at_s + _TWICE_AFTER_S, number, 0, first, is_new=False))
    if late:
        sendings.append(Sending(at_s + _LATE_AFTER_S, number, first, files, is_new=True))
    if resent:
        sendings.append(Sending(at_s + _RESENT_AFTER_S, number, 0, first, is_new=False))
    return PlannedStudy(number, files, stat, tuple(sendings))


def _files(dice: random.Random) -> int:
    _, fewest, most = dice.choices(SIZES, weights=[share for share, _, _ in SIZES])[0]
    return max(dice.randint(fewest, most) // IMAGES_PER_FILE, _LATE_FILES + 4)
