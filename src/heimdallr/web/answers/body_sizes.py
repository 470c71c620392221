"""Height and weight of a study's patient, entered by a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.domain.body_size import BodySize
from heimdallr.domain.errors import StateConflictError
from heimdallr.store.models import StudyState
from heimdallr.store.study_body_sizes import StudyBodySizeRow, body_size_of, keep_body_size
from heimdallr.store.upkeep.resizing import follow_if_free
from heimdallr.store.work.states import lock, note
from heimdallr.web.schemas.studies import BodySizeOut

if TYPE_CHECKING:
    from heimdallr.web.answers.study_actions import Asked
    from heimdallr.web.context import Context
    from heimdallr.web.schemas.studies import BodySizeIn


def entered(context: Context, study_id: int) -> BodySizeOut:
    """What was entered for a study."""
    with context.database.read() as session:
        size = body_size_of(session, study_id)
        row = session.get(StudyBodySizeRow, study_id)
    return BodySizeOut(
        height_m=size.height_m if size else None,
        weight_kg=size.weight_kg if size else None,
        source=size.source if size else None,
        by=size.by if size else "",
        at=size.at if size else None,
        pending=row is not None and row.pending,
    )


def enter(asked: Asked, study_id: int, given: BodySizeIn) -> None:
    """Keep what a person entered, then let the results follow, unless a worker has the study."""
    asked.begin(study_id, "body_size")
    context, now, who = asked.context, asked.now, asked.who.actor
    size = None
    if given.height_m is not None or given.weight_kg is not None:
        size = BodySize(given.height_m, given.weight_kg, "entered", who, now)
    with context.database.write() as session:
        study = lock(session, study_id)
        if study.state is StudyState.DELETING:
            msg = "the study is being deleted"
            raise StateConflictError(msg)
        before = body_size_of(session, study_id)
        keep_body_size(session, study_id, size, now)
        what = "height and weight entered" if size else "entered height and weight taken back"
        changes = [
            (name, _text(before, name), _text(size, name))
            for name in ("height_m", "weight_kg")
            if _text(before, name) != _text(size, name)
        ]
        note(session, study, "body_size", what, now, actor=who, changes=changes)
    follow_if_free(context.database, context.folders, study_id, now)


def _text(size: BodySize | None, name: str) -> str | None:
    value = getattr(size, name, None)
    return None if value is None else f"{value:g}"
