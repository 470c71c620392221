"""Heights and weights that other systems tell, for studies whose images do not.

What orders and admissions said (:mod:`heimdallr.intake.hl7`) is looked at first; what is missing
still is asked of the record over FHIR, where one is named. Results follow without segmenting again.
What a person entered is never replaced; what was told is completed by what is told later.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import structlog
from sqlalchemy import func, select

from heimdallr.clock import utc_now
from heimdallr.delivery.destinations import FhirServer
from heimdallr.delivery.directory import known
from heimdallr.domain.body_size import BodySize
from heimdallr.domain.dicom_dates import calendar_date
from heimdallr.domain.errors import (
    ArchiveError,
    ConfigurationError,
    DestinationError,
    PublishingError,
    StateConflictError,
)
from heimdallr.publishing.schema import read_identity
from heimdallr.retrieval.body_size_lookup import NEAR_DAYS, look_up
from heimdallr.store.body_sizes import BodySizeRow, sizes_of
from heimdallr.store.models import Patient, Study, StudyState
from heimdallr.store.study_body_sizes import StudyBodySizeRow, body_size_of, keep_body_size
from heimdallr.store.upkeep.resizing import follow_if_free
from heimdallr.store.work.states import lock, note

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydantic import SecretStr
    from sqlalchemy import ColumnElement

    from heimdallr.config import Settings
    from heimdallr.publishing.schema import Identity
    from heimdallr.store.database import Database
    from heimdallr.store.layout import DataFolders

FRESH = timedelta(days=3)
"""Older results are not looked at again. Chosen: a weekend on which this did not run."""
AGAIN = timedelta(hours=1)
"""Until a record that could not be asked is asked again."""
_log = structlog.get_logger()


class _Candidate(NamedTuple):
    """A study whose results may want a height.

    Attributes:
        told_at: when a size of its patient came last; ``None``: none did.
    """

    study: Study
    issuer: str
    told_at: datetime | None


class ToldSizes:
    """Takes over what was told; no thread and no waiting loop in it.

    Args:
        database: the database.
        settings: which record is asked.
        folders: the data folder.
        now: the clock.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        folders: DataFolders,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database, self._settings, self._folders = database, settings, folders
        self._now = now
        self._seen: dict[int, tuple[datetime | None, datetime | None]] = {}
        self._ask_again_at: dict[int, datetime] = {}

    def step(self) -> int:
        """Look at every study with news; how many have a height or a weight now that they lacked.

        Raises:
            ConfigurationError: the record that is named is none.
            sqlalchemy.exc.SQLAlchemyError: the database is away; nothing is lost.
        """
        taken = 0
        for one in self._candidates():
            state = (one.study.finished_at, one.told_at)
            due = self._ask_again_at.get(one.study.id)
            if self._seen.get(one.study.id) == state and (due is None or due > self._now()):
                continue
            self._seen[one.study.id] = state
            taken += self._take_over(one)
        return taken

    def _candidates(self) -> Sequence[_Candidate]:
        since = self._now() - FRESH
        newest = (
            select(func.max(BodySizeRow.received_at))
            .where(BodySizeRow.patient_id == Study.patient_id)
            .scalar_subquery()
        )
        wanted = (
            select(Study, Patient.issuer, newest)
            .outerjoin(Patient, Patient.id == Study.patient_fk)
            .outerjoin(StudyBodySizeRow, StudyBodySizeRow.study_fk == Study.id)
            .where(
                Study.state == StudyState.DONE,
                Study.has_results,
                Study.patient_id != "",
                Study.patients == 1,
                StudyBodySizeRow.study_fk.is_(None) | _may_be_completed(),
                (Study.finished_at >= since) | (newest >= since),
            )
        )
        with self._database.read() as session:
            return [_Candidate(*row) for row in session.execute(wanted)]

    def _take_over(self, one: _Candidate) -> bool:
        study = one.study
        self._ask_again_at.pop(study.id, None)
        day = calendar_date(study.study_date)
        try:
            identity = read_identity(self._folders.output / (study.case_id or ""))
        except (OSError, ValueError):
            return False
        if day is None or not _lacks(identity, None):
            return False
        size = self._told(one, identity, day)
        if self._settings.sizes_from and _lacks(identity, size):
            size = self._asked(study, identity, day, size)
        return size is not None and self._keep(study.id, size)

    def _told(self, one: _Candidate, identity: Identity, day: date) -> BodySize | None:
        """What orders said, nearest to the study, of what the header leaves out."""
        with self._database.read() as session:
            rows = [
                row
                for row in sizes_of(session, one.study.patient_id, one.issuer or "")
                if abs((row.observed_at.date() - day).days) <= NEAR_DAYS
            ]
        rows.sort(key=lambda row: abs((row.observed_at.date() - day).days))
        heights = [row for row in rows if row.height_m and identity.height_m is None]
        weights = [row for row in rows if row.weight_kg and identity.weight_kg is None]
        used = [*heights[:1], *weights[:1]]
        if not used:
            return None
        return BodySize(
            heights[0].height_m if heights else None,
            weights[0].weight_kg if weights else None,
            "hl7",
            used[0].who,
            self._now(),
        )

    def _asked(
        self, study: Study, identity: Identity, day: date, told: BodySize | None
    ) -> BodySize | None:
        """What the record says of what is missing still."""
        server, secret = self._record()
        try:
            found = look_up(
                server, secret, self._settings, study.patient_id, day,
                system=server.patient_system, now=self._now,
            )  # fmt: skip
        except ArchiveError as error:
            self._ask_again_at[study.id] = self._now() + AGAIN
            _log.warning("the record was not asked", study_id=study.id, reason=error.why.code)
            return told
        if not isinstance(found, BodySize):
            return told
        height_m = found.height_m if identity.height_m is None else None
        weight_kg = found.weight_kg if identity.weight_kg is None else None
        if told:
            height_m, weight_kg = told.height_m or height_m, told.weight_kg or weight_kg
            return replace(told, height_m=height_m, weight_kg=weight_kg)
        if height_m is None and weight_kg is None:
            return None
        return replace(found, height_m=height_m, weight_kg=weight_kg)

    def _record(self) -> tuple[FhirServer, SecretStr | None]:
        """The destination that is asked.

        Raises:
            ConfigurationError: there is none of this name, or it is no FHIR server.
        """
        msg = "HEIMDALLR_SIZES_FROM names no FHIR destination"
        remedy = "see `heimdallr destination list`"
        try:
            peer, secret = known(self._database, self._settings.sizes_from)
        except DestinationError:
            raise ConfigurationError(msg, remedy=remedy) from None
        if not isinstance(peer, FhirServer):
            raise ConfigurationError(msg, remedy=remedy)
        return peer, secret

    def _keep(self, study_id: int, size: BodySize) -> bool:
        """Keep what is news, unless a person has entered one, then let the results follow."""
        now = self._now()
        try:
            with self._database.write() as session:
                study = lock(session, study_id)
                row = session.get(StudyBodySizeRow, study_id)
                before = body_size_of(session, study_id)
                size = _completed(before, size)
                changes = [
                    (name, None, f"{value:g}")
                    for name in ("height_m", "weight_kg")
                    if (value := getattr(size, name)) != getattr(before, name, None)
                ]
                if not changes or (row is not None and row.source == "entered"):
                    return False
                keep_body_size(session, study_id, size, now)
                note(session, study, "body_size", f"height or weight told ({size.source})", now,
                     actor=size.by, changes=changes)  # fmt: skip
            follow_if_free(self._database, self._folders, study_id, now)
        except (PublishingError, StateConflictError) as error:
            _log.error("results do not follow a height", study_id=study_id, reason=str(error))
        return True


def _may_be_completed() -> ColumnElement[bool]:
    """Whether a row holds one of both, and no person's word."""
    lacks = StudyBodySizeRow.height_m.is_(None) | StudyBodySizeRow.weight_kg.is_(None)
    return (StudyBodySizeRow.source != "entered") & lacks


def _completed(before: BodySize | None, told: BodySize) -> BodySize:
    """What was told before, and of what is told now the rest."""
    if before is None:
        return told
    return replace(
        told,
        height_m=before.height_m or told.height_m,
        weight_kg=before.weight_kg or told.weight_kg,
    )


def _lacks(identity: Identity, size: BodySize | None) -> bool:
    """Whether the height or the weight is not known."""
    height_m = identity.height_m or (size.height_m if size else None)
    weight_kg = identity.weight_kg or (size.weight_kg if size else None)
    return height_m is None or weight_kg is None
