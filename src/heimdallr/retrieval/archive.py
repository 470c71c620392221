"""What is asked of an archive, what it says, and what became of a retrieval.

Whoever knows how to ask one follows :class:`Archive`; there are two, by DIMSE
(:mod:`heimdallr.retrieval.query_retrieve`) and by DICOMweb
(:mod:`heimdallr.retrieval.dicomweb_query`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Protocol

from heimdallr.domain.errors import ConfigurationError
from heimdallr.preparation.persons import Named

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from heimdallr.domain.statements import Statement

MOST_STUDIES = 10_000
"""More answers to one query than any day has; an archive that goes on is not listened to."""

_WILDCARDS = re.compile(r"[*?\\]")
"""Of PS3.4 section C.2.2.2.4, and what separates several values."""
_DATES = re.compile(r"(\d{8})?(-)?(\d{8})?")
_UID = re.compile(r"[0-9.]{1,64}")


@dataclass(frozen=True, slots=True)
class Query:
    """Which studies are wanted (PS3.4 section C.6.2.1); what is empty does not matter.

    Attributes:
        study_instance_uid: of one study.
        accession_number: of one order.
        patient_id: of one patient.
        study_date: ``YYYYMMDD``, or a range ``YYYYMMDD-YYYYMMDD`` with either end left out.
        modalities: of which a study has at least one.

    Raises:
        ConfigurationError: nothing is asked for, or a value would match what nobody asked for.
    """

    study_instance_uid: str = ""
    accession_number: str = ""
    patient_id: str = ""
    study_date: str = ""
    modalities: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a query for everything: ``*`` as a PatientID is every patient."""
        keys = (self.study_instance_uid, self.accession_number, self.patient_id)
        if not any((*keys, self.study_date)):
            msg = "nothing says which studies are wanted"
            raise ConfigurationError(msg, remedy="name an accession, a UID, a date or a patient")
        if any(_WILDCARDS.search(key) for key in (*keys, *self.modalities)):
            msg = "wildcards are not sent to an archive"
            raise ConfigurationError(msg, remedy="give the value whole")
        if self.study_instance_uid and not _UID.fullmatch(self.study_instance_uid):
            msg = "a StudyInstanceUID has digits and dots, 64 at most"
            raise ConfigurationError(msg)
        if self.study_date and not _is_date_or_range(self.study_date):
            msg = "a date is YYYYMMDD, a range YYYYMMDD-YYYYMMDD"
            raise ConfigurationError(msg)

    def matches(self, found: FoundStudy) -> bool:
        """Whether an answer is what was asked for: archives ignore keys they do not know."""
        asked = (self.study_instance_uid, self.accession_number, self.patient_id)
        told = (found.study_instance_uid, found.accession_number, found.patient_id)
        if any(key and key.strip() != value for key, value in zip(asked, told, strict=True)):
            return False
        if self.modalities and found.modalities:
            return bool(set(self.modalities) & set(found.modalities))
        return True


def _is_date_or_range(text: str) -> bool:
    match = _DATES.fullmatch(text)
    if match is None:
        return False
    first, dash, last = match.groups()
    return bool(first or last) and (bool(dash) or last is None)


@dataclass(frozen=True, slots=True)
class FoundStudy:
    """A study an archive has, as it describes it; what it does not say is empty.

    Attributes:
        study_date: ``YYYYMMDD``.
        modalities: of all its series.
        patient_name: with all its component groups; never logged.
        birth_date: ``YYYYMMDD``; never logged.
        sop_classes: of its instances (SOPClassesInStudy).
        instances: how many it has; ``None`` where that is not said.
    """

    study_instance_uid: str
    accession_number: str = ""
    study_date: str = ""
    modalities: tuple[str, ...] = ()
    patient_id: str = ""
    issuer: str = ""
    patient_name: str = ""
    birth_date: str = ""
    sop_classes: tuple[str, ...] = ()
    instances: int | None = None

    @property
    def named(self) -> Named:
        """Whose study it is."""
        return Named(self.patient_id, self.patient_name, self.birth_date)


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What became of the retrieval of one study: sub-operations of PS3.4 section C.4.2 or C.4.3.

    Attributes:
        completed: instances that were sent, and taken.
        failed: instances that were not.
        warning: instances that were, with a remark.
        why: what went wrong, and what to do; ``None`` when nothing did.
        batches: the spool's batches it lies in; none where our listener took it.
    """

    completed: int = 0
    failed: int = 0
    warning: int = 0
    why: Statement | None = None
    batches: tuple[Path, ...] = ()

    @property
    def arrived(self) -> int:
        """Instances that are here."""
        return self.completed + self.warning


class Archive(Protocol):
    """Knows how to ask one archive."""

    def find(self, query: Query) -> Sequence[FoundStudy]:
        """The studies it has, in its order; none when there are none.

        Raises:
            ArchiveError: it cannot be asked, or refuses.
        """

    def fetch(self, study: FoundStudy) -> Retrieved:
        """Have every instance of a study sent into the spool, or to our listener.

        Raises:
            ArchiveError: it cannot be asked, or refuses; what came is kept all the same.
        """


def each_once(found: Iterable[FoundStudy], query: Query) -> tuple[FoundStudy, ...]:
    """The answers that fit the query, each study once, the most that was said of it."""
    studies: dict[str, FoundStudy] = {}
    for one in found:
        if not _UID.fullmatch(one.study_instance_uid) or not query.matches(one):
            continue
        known = studies.get(one.study_instance_uid)
        if known is None or _told(one) > _told(known):
            studies[one.study_instance_uid] = one
    return tuple(studies.values())


def _told(study: FoundStudy) -> int:
    return sum(bool(getattr(study, field.name)) for field in fields(study))
