"""Actions on one study: start, cancel, retry, mark, delete; asked for alone or for many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from heimdallr.intake.declare_complete import complete_studies
from heimdallr.intake.keeping_apart import keep_apart
from heimdallr.store.models import Study, StudyState
from heimdallr.store.patients import declare_one
from heimdallr.store.reading import details
from heimdallr.store.upkeep import deletion
from heimdallr.store.upkeep.withdrawal import clear_withdrawn, withdraw_results
from heimdallr.store.work import lifecycle
from heimdallr.web.access import Principal, audit
from heimdallr.web.answers.cases import study_of, trail_name
from heimdallr.web.context import Context
from heimdallr.web.http.problems import Problem

if TYPE_CHECKING:
    from datetime import datetime

    from fastapi import Request

    from heimdallr.web.schemas.studies import PatientsMeant


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that changes something, and who makes it."""

    request: Request
    context: Context
    who: Principal

    @property
    def now(self) -> datetime:
        """The time."""
        return self.context.now()

    def begin(self, study_id: int, action: str) -> Study:
        """Look a study up and write the audit trail, before anything is done.

        Raises:
            Problem: 404, there is none.
        """
        study = study_of(self.context, study_id)
        audit(self.request, self.who, f"study.{action}", trail_name(study_id))
        return study


def start(asked: Asked, study_id: int) -> None:
    """What has arrived is all there is; refused unless images are being received."""
    study = asked.begin(study_id, "start")
    if study.state is not StudyState.RECEIVING:
        raise Problem(409, f"the study is {study.state.value}; it has started already")
    context = asked.context
    complete_studies(
        context.database,
        context.settings,
        context.folders,
        [study_id],
        asked.now,
        actor=asked.who.actor,
    )


def cancel(asked: Asked, study_id: int) -> None:
    """Stop the work: at once where it waits, within a step where it runs."""
    asked.begin(study_id, "cancel")
    with asked.context.database.write() as session:
        lifecycle.cancel(session, study_id, asked.now, asked.who.actor)


def retry(asked: Asked, study_id: int) -> None:
    """Try again, from the stage that failed."""
    asked.begin(study_id, "retry")
    with asked.context.database.write() as session:
        lifecycle.retry(session, study_id, asked.now, asked.who.actor)


def reprocess(asked: Asked, study_id: int) -> None:
    """Do every stage anew."""
    asked.begin(study_id, "reprocess")
    with asked.context.database.write() as session:
        lifecycle.retry(session, study_id, asked.now, asked.who.actor, fresh=True)


def say_whom(asked: Asked, study_id: int, meant: PatientsMeant) -> list[int]:
    """Say whom the images of a held study mean; the studies that are worked on then."""
    asked.begin(study_id, f"patients_{meant.meant}")
    context, who = asked.context, asked.who.actor
    if meant.meant == "apart":
        studies = keep_apart(
            context.database, context.folders, study_id, asked.now, who, seen=meant.patients
        )
    else:
        studies = [study_id]
        with context.database.write() as session:
            study, is_other = declare_one(session, study_id, meant.patients, asked.now, who)
            if is_other:
                withdraw_results(session, context.folders, study, asked.now)
        clear_withdrawn(context.folders, study_id)
    complete_studies(
        context.database, context.settings, context.folders, studies, asked.now, actor=who
    )
    return studies


def set_priority(asked: Asked, study_id: int, priority: int) -> None:
    """Say how urgent a study is."""
    asked.begin(study_id, "priority")
    with asked.context.database.write() as session:
        lifecycle.set_priority(session, study_id, priority, asked.now, asked.who.actor)


def flag(asked: Asked, study_id: int, *, on: bool) -> None:
    """Flag a study, or take the flag away."""
    asked.begin(study_id, "flag")
    with asked.context.database.write() as session:
        details.flag(session, study_id, asked.now, asked.who.actor, on=on)


def mark_read(asked: Asked, study_id: int, *, on: bool) -> None:
    """Mark the results as read, or as unread again; refused where there are none."""
    asked.begin(study_id, "read")
    with asked.context.database.write() as session:
        details.mark_read(session, study_id, asked.now, asked.who.actor, on=on)


def delete(asked: Asked, study_id: int) -> Study:
    """Delete a study for good; as it was is returned."""
    study = asked.begin(study_id, "delete")
    context = asked.context
    deletion.delete_study(context.database, context.folders, study_id, asked.now, asked.who.actor)
    return study
