"""What is done in the process beside the web server: label maps in, files out; no database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.analyses.contrast_phase import predict_phase
from heimdallr.clock import local_now
from heimdallr.corrections import versions
from heimdallr.corrections.difference import labels_version
from heimdallr.corrections.recompute import apply_correction
from heimdallr.corrections.wanted import Wanted
from heimdallr.store.upkeep.case_builder import (
    MakeReady,
    Outcome,
    ProposalRead,
    ReadProposal,
    WriteVersion,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from heimdallr.store.upkeep.case_builder import Correct, Job


def do(job: Job, last_word: Callable[[], None]) -> Outcome:
    """Do a job, in this process; see :class:`heimdallr.store.upkeep.case_builder.Build`."""
    if isinstance(job, ReadProposal):
        return Outcome(proposal=_read_proposal(job))
    if isinstance(job, WriteVersion):
        versions.write_label_map_of(job.case, job.version, job.map_name, job.target)
        return Outcome()
    if isinstance(job, MakeReady):
        predict_phase({})  # its imports and regressors take seconds, once
        return Outcome()
    _correct(job, last_word)
    return Outcome()


def _correct(job: Correct, last_word: Callable[[], None]) -> None:
    wanted = Wanted.of(job.record, job.difference, onto_present=job.onto_present, notes=job.notes)
    number = job.record.number
    apply_correction(job.case, wanted, number, clock=local_now, last_word=last_word)


def _read_proposal(job: ReadProposal) -> ProposalRead:
    # Few corrections come from another tool, and its readers bring libraries of their own.
    from heimdallr.corrections.proposals.proposal import proposal_from  # noqa: PLC0415

    base = labels_version(job.case)
    read = proposal_from(job.case, job.files)
    return ProposalRead(read.difference.pack(), base, read.origin, read.notes, read.structures)
