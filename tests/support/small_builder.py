"""A builder's process that leaves a mark for each job: ``python small_builder.py IDLE_S FD``."""

from __future__ import annotations

import sys
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from heimdallr.domain.errors import CorrectionError, OtherBaseError, PublishingError
from heimdallr.domain.statements import Statement
from heimdallr.store.upkeep.case_builder import Correct, Outcome
from heimdallr.store.upkeep.case_builder_process import serve

if TYPE_CHECKING:
    from collections.abc import Callable

    from heimdallr.store.upkeep.case_builder import Job

ERRORS = {
    "other base": OtherBaseError(Statement("correction_of_other_base")),
    "unfit": CorrectionError(Statement("correction_changes_nothing")),
    "no room": PublishingError("no room", remedy="make some"),
    "broken": ZeroDivisionError("Mrs Silva"),
}
"""What goes wrong where a comment asks for it."""


def build(job: Job, last_word: Callable[[], None]) -> Outcome:
    """Ask for the last word, then leave a file named after the correction."""
    assert isinstance(job, Correct)
    if error := ERRORS.get(job.record.comment):
        raise error
    last_word()
    (job.case / str(job.record.number)).touch()
    return Outcome()


if __name__ == "__main__":
    serve(Connection(int(sys.argv[2])), build, float(sys.argv[1]))
