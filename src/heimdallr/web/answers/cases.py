"""A study and its case folder, as the endpoints need them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from heimdallr.publishing.report.content import Content, read_content
from heimdallr.publishing.schema import (
    IDENTITY_FILE,
    RESULTS_FILE,
    Identity,
    Results,
    read_identity,
    read_results,
)
from heimdallr.store.models import Study, StudyState
from heimdallr.store.reading.details import study_by_case
from heimdallr.web.answers.files import case_folder_of
from heimdallr.web.http.problems import Problem
from heimdallr.web.schemas.common import MAX_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from heimdallr.domain.statements import Language
    from heimdallr.publishing.dicom.kinds import EarlierValue
    from heimdallr.web.context import Context

_Document = TypeVar("_Document", Results, Identity, Content)

_OVER = {
    StudyState.FAILED: "failed",
    StudyState.REFUSED: "refused",
    StudyState.CANCELLED: "cancelled",
    StudyState.HELD: "held",
    StudyState.STORED: "not_processed",
    StudyState.SENT: "handed_over",
}


@dataclass(frozen=True, slots=True)
class CaseFolder:
    """The results of a study on the disk."""

    study: Study
    path: Path

    @property
    def name(self) -> str:
        """How the audit trail names it."""
        return trail_name(self.study.id)

    def results(self) -> Results:
        """``resultados.json``.

        Raises:
            Problem: 404 where retention has removed it, 500 where it is damaged.
        """
        return _document(self.path, RESULTS_FILE, read_results)

    def identity(self) -> Identity:
        """``id.json``; raises as :meth:`results`."""
        return _document(self.path, IDENTITY_FILE, read_identity)

    def report(self, language: Language, earlier: Iterable[EarlierValue]) -> Content:
        """The report of one page; raises as :meth:`results`."""
        return _document(
            self.path, "the report", lambda folder: read_content(folder, language, earlier)
        )


def trail_name(study_id: int) -> str:
    """How the audit trail names a study; a case ID would say whose it is."""
    return f"study:{study_id}"


def study_of(context: Context, study_id: int) -> Study:
    """A study by its number.

    Raises:
        Problem: 404, there is none.
    """
    with context.database.read() as session:
        study = session.get(Study, study_id)
    if study is None or study.state is StudyState.DELETING:
        raise Problem(404, "there is no study of this number")
    return study


def case_of(context: Context, case: str) -> CaseFolder:
    """The folder of a case that has results.

    Args:
        context: where the studies are.
        case: its case ID, or the number of its study, which no case ID consists of.

    Raises:
        Problem: 404, there is no such case; 409, it has no results (yet).
    """
    if case.isascii() and case.isdigit():
        return folder_of(context, study_of(context, min(int(case), MAX_ID)))
    with context.database.read() as session:
        study = study_by_case(session, case)
    if study is None or study.state is StudyState.DELETING:
        raise Problem(404, "there is no case of this name")
    return folder_of(context, study)


def folder_of(context: Context, study: Study) -> CaseFolder:
    """The folder of a study that has results.

    Raises:
        Problem: 404, the folder is gone; 409, there are no results (yet).
    """
    if not study.has_results or study.case_id is None:
        raise no_results(study)
    return CaseFolder(study, case_folder_of(context.folders.output, study.case_id))


def no_results(study: Study) -> Problem:
    """409: why a study has no results."""
    state = study.state.value
    if study.state in _OVER:
        was = "is" if study.state is StudyState.HELD else "was"
        detail = f"the study {was} {state}; there are no results"
        if study.state is StudyState.FAILED:
            detail = f"the study failed; there are no results: {study.error}"
        elif study.state is StudyState.HELD:
            detail += f": {study.error}"
        return Problem(409, detail, code=_OVER[study.state])
    return Problem(409, f"the study is {state}; there are no results yet", code="not_finished")


def _document(folder: Path, name: str, read: Callable[[Path], _Document]) -> _Document:
    try:
        return read(folder)
    except FileNotFoundError as error:
        raise Problem(404, "the case has no such file any more", code="not_kept") from error
    except (ValidationError, OSError) as error:
        raise Problem(500, f"{name} of this case is damaged; reprocess the study") from error
