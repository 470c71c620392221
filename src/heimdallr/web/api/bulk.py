"""One action on many studies."""

from fastapi import APIRouter, Request

from heimdallr.domain.errors import HeimdallrError
from heimdallr.web.access import REFUSALS, Permission, Reader, demand
from heimdallr.web.answers import study_actions
from heimdallr.web.answers.study_actions import Asked
from heimdallr.web.context import Ctx
from heimdallr.web.http.problems import Problem, as_problem
from heimdallr.web.schemas.commands import (
    Command,
    MarkCommand,
    Outcome,
    Outcomes,
    PriorityCommand,
)

router = APIRouter(prefix="/api/v1/studies", tags=["commands"], responses=REFUSALS)

_PLAIN = {
    "start": study_actions.start,
    "cancel": study_actions.cancel,
    "retry": study_actions.retry,
    "reprocess": study_actions.reprocess,
    "delete": study_actions.delete,
}


@router.post("/commands")
def command_studies(request: Request, context: Ctx, who: Reader, command: Command) -> Outcomes:
    """Do one thing to up to 200 studies, each as by its own endpoint; one refused stops no other.

    It takes the permission of the action: `admin` to delete, else `operate`.
    """
    demand(request, who, Permission.ADMIN if command.action == "delete" else Permission.OPERATE)
    asked = Asked(request, context, who)
    outcomes = [_outcome(asked, number, command) for number in dict.fromkeys(command.studies)]
    done = sum(one.outcome == "ok" for one in outcomes)
    return Outcomes(action=command.action, ok=done, refused=len(outcomes) - done, outcomes=outcomes)


def _outcome(asked: Asked, study_id: int, command: Command) -> Outcome:
    try:
        _do(asked, study_id, command)
    except (Problem, HeimdallrError) as error:
        problem = as_problem(error)
        return Outcome(
            study_id=study_id, outcome="refused", code=problem.code, reason=problem.detail
        )
    return Outcome(study_id=study_id, outcome="ok", code=None, reason=None)


def _do(asked: Asked, study_id: int, command: Command) -> None:
    if isinstance(command, PriorityCommand):
        study_actions.set_priority(asked, study_id, command.priority)
    elif not isinstance(command, MarkCommand):
        _PLAIN[command.action](asked, study_id)
    elif command.action == "flag":
        study_actions.flag(asked, study_id, on=command.on)
    else:
        study_actions.mark_read(asked, study_id, on=command.on)
