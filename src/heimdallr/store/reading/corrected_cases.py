"""Studies whose results rest on a person's corrections, for those who train networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from heimdallr.corrections.training_cases import Candidate
from heimdallr.domain.verification import Verified
from heimdallr.store.corrections import CorrectionRow, CorrectionState
from heimdallr.store.models import ACTIVE_STATES, Run, Study

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from heimdallr.store.layout import DataFolders


def corrected_cases(
    session: Session, folders: DataFolders, *, only_verified: bool = False
) -> list[Candidate]:
    """Case folders of studies with an applied correction that no worker holds, oldest first.

    Args:
        session: the transaction.
        folders: the data folder.
        only_verified: those whose present results a person has verified.
    """
    applied = select(CorrectionRow.study_fk).where(CorrectionRow.state == CorrectionState.APPLIED)
    held = select(Run.study_fk).where(Run.state.in_(ACTIVE_STATES))
    asked = select(Study.case_id, Study.verified, Study.results_created_at).where(
        Study.id.in_(applied),
        Study.has_results,
        Study.id.not_in(held),
    )
    if only_verified:
        asked = asked.where(Study.verified == Verified.YES)
    return [
        Candidate(folders.output / case_id, verified is Verified.YES, results_at)
        for case_id, verified, results_at in session.execute(asked.order_by(Study.id))
        if case_id is not None
    ]
