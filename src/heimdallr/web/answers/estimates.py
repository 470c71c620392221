"""How long the studies on a page still take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.domain.study import MODALITIES
from heimdallr.store.work.runs import past_seconds
from heimdallr.store.work.states import STAGES
from heimdallr.workflow.estimate import remaining_seconds, typical_seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.orm import Session

    from heimdallr.store.reading.worklist import WorklistRow

_STAGE_OF = {state: stage for stage, state in STAGES.items()}


def remaining(session: Session, rows: Iterable[WorklistRow]) -> Mapping[int, float | None]:
    """Study → seconds it still takes; only of those being worked on."""
    working = [row for row in rows if row.state in _STAGE_OF]
    typical = {
        modality: typical_seconds(past_seconds(session, modality))
        for modality in {_modality(row) for row in working}
    }
    return {
        row.id: remaining_seconds(typical[_modality(row)], _STAGE_OF[row.state], row.progress)
        for row in working
    }


def _modality(row: WorklistRow) -> str:
    """What is going to be measured, as far as the images received tell."""
    return next((one for one in MODALITIES if one in row.modalities), row.modality)
