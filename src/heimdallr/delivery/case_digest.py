"""Telling results from newer ones of the same study."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sqlalchemy import select

from heimdallr.publishing.schema import RESULTS_FILE
from heimdallr.store.models import Run

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

    from heimdallr.domain.verification import Verification


def case_digest(case: Path) -> str:
    """SHA-256 of a case's ``resultados.json``, which says when it was made and of what.

    Label maps and volume are made with it, and may be removed by retention before it is.

    Args:
        case: the case folder.

    Raises:
        OSError: the results cannot be read; FileNotFoundError where they are gone.
    """
    return hashlib.sha256((case / RESULTS_FILE).read_bytes()).hexdigest()


def said_digest(case: Path, verification: Verification | None) -> str:
    """The same of what is said of a case: that somebody has verified it is said as well.

    Args:
        case: the case folder.
        verification: who verified these results; ``None``: nobody, and it is :func:`case_digest`.

    Raises:
        OSError: as there.
    """
    results = case_digest(case)
    return results if verification is None else verification.digest_of(results)


def failure_digest(run: str) -> str:
    """The same for a study that could not be measured, by the run that ended so."""
    return hashlib.sha256(f"failed {run}".encode()).hexdigest()


def tells_of_failure(session: Session, study_id: int, digest: str) -> bool:
    """Whether a digest is that of a run of the study that failed, and no results are meant."""
    runs = session.scalars(select(Run.workflow_id).where(Run.study_fk == study_id))
    return digest in {failure_digest(one) for one in runs}
