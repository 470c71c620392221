"""Which earlier studies of a patient are worth fetching, and at what hours.

Nothing is fetched on a PatientID alone: numbers are given twice, in two houses or by mistake.
Issuer, name and birth date must not contradict, and one of the last two has to say the same on both
sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from heimdallr.domain.dicom_dates import calendar_date
from heimdallr.preparation.persons import same_person

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heimdallr.preparation.persons import Named
    from heimdallr.retrieval.archive import FoundStudy

MODALITIES = ("CT", "MR")
"""What can be measured here."""
DAYS_PER_YEAR = 365.25


@dataclass(frozen=True, slots=True)
class Arrived:
    """A study that arrived, for whose patient earlier ones are looked for.

    Attributes:
        study_date: ``YYYYMMDD``; ``None`` where it is not known.
    """

    study_instance_uid: str
    named: Named
    issuer: str
    study_date: str | None


def choose(
    found: Iterable[FoundStudy], arrived: Arrived, *, most: int, years: float, today: date
) -> tuple[FoundStudy, ...]:
    """Those of an archive's answers that are fetched, the newest first.

    Args:
        found: what the archive has of the PatientID.
        arrived: the study they are for.
        most: how many.
        years: how old they may be, seen from it.
        today: stands in for a study date that is not known.
    """
    until = calendar_date(arrived.study_date) or today
    since = until - timedelta(days=years * DAYS_PER_YEAR)
    fitting = [
        one
        for one in found
        if one.study_instance_uid != arrived.study_instance_uid
        and (day := calendar_date(one.study_date)) is not None
        and since <= day <= until
        and (not one.modalities or set(one.modalities) & set(MODALITIES))
        and is_same_patient(one, arrived)
    ]
    newest = sorted(fitting, key=lambda one: (one.study_date, one.study_instance_uid), reverse=True)
    return tuple(newest[:most])


def is_same_patient(one: FoundStudy, arrived: Arrived) -> bool:
    """Whether a study is certainly the patient's, as far as headers can be certain."""
    ours, theirs = arrived.named, one.named
    if not ours.folded_id or ours.folded_id != theirs.folded_id:
        return False
    if one.issuer and arrived.issuer and one.issuer != arrived.issuer:
        return False
    births = (ours.birth_date, theirs.birth_date)
    if all(births) and births[0] != births[1]:
        return False
    told_twice = all(births) or bool(ours.spellings and theirs.spellings)
    return told_twice and same_person(ours, theirs)


def is_open(hours: str, now: datetime) -> bool:
    """Whether studies are fetched at this time.

    Args:
        hours: ``19-06``: from the first to before the second; empty: always.
        now: local time.
    """
    if not hours:
        return True
    first, last = (int(one) for one in hours.split("-"))
    if first <= last:
        return first <= now.hour < last
    return now.hour >= first or now.hour < last
