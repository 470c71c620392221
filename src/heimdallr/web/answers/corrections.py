"""Corrections of a study: what is asked for, put into rows and folders; what is told of them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from heimdallr.corrections.difference import labels_version
from heimdallr.corrections.versions import Comparison, version_in
from heimdallr.domain.errors import CorrectionError
from heimdallr.domain.statements import Statement
from heimdallr.publishing.correction_records import CorrectionRecord, RejectionRecord
from heimdallr.publishing.schema import CodedStatement, coded, said
from heimdallr.store.corrections import (
    CorrectionRow,
    CorrectionState,
    correction_of,
    corrections_of,
)
from heimdallr.store.upkeep import correcting
from heimdallr.store.upkeep.applied_corrections import change_by
from heimdallr.store.upkeep.applying import FAULTS
from heimdallr.web.access import Permission, audit
from heimdallr.web.answers.cases import folder_of, study_of, trail_name
from heimdallr.web.answers.verification import beside, editors, verification_out
from heimdallr.web.http.problems import Problem
from heimdallr.web.schemas.corrections import (
    ChangedResults,
    CorrectionDetail,
    CorrectionOut,
    CorrectionsOut,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fastapi import Request

    from heimdallr.publishing.schema import Results
    from heimdallr.web.access import Principal
    from heimdallr.web.context import Context
    from heimdallr.web.schemas.corrections import RejectionsIn

UNNUMBERED = 1
"""A record has its number when it is kept."""


@dataclass(frozen=True, slots=True)
class Hand:
    """Whose hand is on which study.

    Attributes:
        request: the request.
        context: of the application.
        who: asks.
        study_id: the study.
    """

    request: Request
    context: Context
    who: Principal
    study_id: int

    def trace(self, details: str) -> None:
        """Write the audit trail, before anything is done.

        Raises:
            Problem: 404, there is no such study.
        """
        study_of(self.context, self.study_id)
        audit(self.request, self.who, "study.correct", trail_name(self.study_id), details=details)

    def case(self) -> Path:
        """The study's case folder.

        Raises:
            Problem: 404 or 409, there is none.
        """
        return folder_of(self.context, study_of(self.context, self.study_id)).path

    def record(self, **said: object) -> CorrectionRecord:
        """A correction by this person, now, drawn or said here."""
        facts = {
            "number": UNNUMBERED,
            "by": self.who.actor,
            "at": self.context.now(),
            "origin": "api" if self.who.kind == "token" else "viewer",
        }
        return CorrectionRecord.model_validate(facts | said)

    def present_base(self) -> str:
        """Token of the label maps as they are; for what no label map is seen for."""
        try:
            return labels_version(self.case())
        except OSError as error:
            raise Problem(404, "the case has no such file any more", code="not_kept") from error


@contextmanager
def refusals() -> Iterator[None]:
    """Answer what does not fit: 409 where the study has changed or is busy, 422 otherwise."""
    try:
        yield
    except CorrectionError as error:
        raise _refusal(error.why) from None


def _refusal(why: Statement) -> Problem:
    if why.code in correcting.OTHER_BASE:
        return Problem(409, why.text, code="other_base", why=coded(why))
    status = 409 if why.code in correcting.NOT_NOW else 422
    return Problem(status, why.text, code=why.code, why=coded(why))


def save(hand: Hand, record: CorrectionRecord, difference: bytes | None = None) -> CorrectionOut:
    """Keep a correction, let the results follow, and tell what became of it."""
    hand.trace(record.kind)
    context = hand.context
    with refusals():
        number = correcting.save(
            context.database, context.folders, hand.study_id, record, difference
        )
    context.corrector.apply(hand.study_id, number)
    row = row_of(hand, number)
    if (refused := _unfit(row)) is not None:
        correcting.discard(context.database, hand.study_id, number)
        raise refused
    return correction_out(row)


def _unfit(row: CorrectionRow) -> Problem | None:
    """What is answered where the fault is the correction's own."""
    if row.state is not CorrectionState.FAILED or row.error is None:
        return None
    why = said(CodedStatement.model_validate(row.error))
    return None if why.code in FAULTS else _refusal(why)


def reject(hand: Hand, said: RejectionsIn) -> CorrectionOut:
    """Keep what is not believed, or is again.

    Raises:
        Problem: 422, nothing is said, or something is believed already.
    """
    standing = {(one.kind, one.name): one for one in _results(hand).provenance.rejections}
    asked = [(one.kind, one.name) for one in said.restore]
    if not all(one in standing for one in asked):
        detail = "what is to be believed again is not rejected"
        raise Problem(422, detail, code="not_rejected")
    if not said.reject and not asked:
        raise Problem(422, "nothing is rejected, and nothing believed again", code="invalid")
    back = [RejectionRecord(kind=k, name=n, reason=standing[k, n].reason) for k, n in asked]
    record = hand.record(
        kind="rejections",
        base=hand.present_base(),
        comment=said.comment,
        reject=said.reject,
        restore_rejections=back,
    )
    return save(hand, record)


def accept(hand: Hand, number: int, base: str) -> CorrectionOut:
    """Make a correction of what waits."""
    hand.trace(f"accept {number}")
    context, who = hand.context, hand.who.actor
    with refusals():
        applied_as = correcting.accept(
            context.database, context.folders, hand.study_id, number, base, who, context.now()
        )
    context.corrector.apply(hand.study_id, applied_as)
    row = row_of(hand, applied_as)
    if (refused := _unfit(row)) is not None:
        raise refused
    return correction_out(row)


def decline(hand: Hand, number: int) -> CorrectionOut:
    """Put aside what waits."""
    hand.trace(f"decline {number}")
    context = hand.context
    correcting.decline(context.database, hand.study_id, number, hand.who.actor, context.now())
    return correction_out(row_of(hand, number))


def overview(hand: Hand) -> CorrectionsOut:
    """All corrections of a study, and whether it can be corrected."""
    study = study_of(hand.context, hand.study_id)
    case = folder_of(hand.context, study)
    results = case.results()
    with hand.context.database.read() as session:
        why = correcting.why_not(session, hand.context.folders, study)
        rows = corrections_of(session, hand.study_id)
        others = editors(session, hand.study_id, hand.context.now())
        said = verification_out(session, study)
    if why is None and not hand.who.may(Permission.OPERATE):
        why = Statement("correction_not_allowed")
    return CorrectionsOut(
        can_correct=why is None,
        why_not=None if why is None else coded(why),
        base=hand.present_base(),
        version=version_in(results),
        corrections=[correction_out(row) for row in reversed(rows)],
        rejections=results.provenance.rejections,
        others=others,
        verification=beside(said, study, results.provenance.created_at),
    )


def detail(hand: Hand, number: int) -> CorrectionDetail:
    """A correction, with what differs by it; of one that is not applied nothing does yet."""
    row = row_of(hand, number)
    told = correction_out(row).model_dump()
    try:
        changes = change_by(hand.case(), number)
    except FileNotFoundError:
        changes = Comparison((), (), ())
    except (OSError, ValueError) as error:
        raise Problem(500, "the correction is damaged in the case folder") from error
    return CorrectionDetail(**told, **ChangedResults.model_validate(changes).model_dump())


def difference(hand: Hand, number: int) -> bytes:
    """The changed voxels of a correction, packed.

    Raises:
        Problem: 404, it has none, or they are not kept.
    """
    with hand.context.database.read() as session:
        row = _existing(correction_of(session, hand.study_id, number))
        with refusals():
            packed = correcting.difference_of(row, hand.case())
    if packed is None:
        raise Problem(404, "this correction has changed no voxel")
    return packed


def row_of(hand: Hand, number: int) -> CorrectionRow:
    """One of the study's corrections.

    Raises:
        Problem: 404, there is none of that number.
    """
    with hand.context.database.read() as session:
        return _existing(correction_of(session, hand.study_id, number))


def correction_out(row: CorrectionRow) -> CorrectionOut:
    """A correction as it is told."""
    said = row.said
    return CorrectionOut(
        **{
            name: getattr(said, name) for name in CorrectionRecord.model_fields.keys() - {"made_on"}
        },
        state=row.state,
        error=row.error,
        notes=row.notes,
        changed_measurements=row.changed_measurements,
        version=row.version,
    )


def _results(hand: Hand) -> Results:
    return folder_of(hand.context, study_of(hand.context, hand.study_id)).results()


def _existing(row: CorrectionRow | None) -> CorrectionRow:
    if row is None:
        raise Problem(404, "the study has no correction of this number")
    return row
