"""Makes the work of each case, on the resident engine that all cases share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from heimdallr.analyses.contrast_phase import predict_phase
from heimdallr.domain.errors import HeimdallrError
from heimdallr.domain.study import MODALITIES
from heimdallr.store.layout import data_folders
from heimdallr.workflow.cases.case_work import CaseWork, tasks_of
from heimdallr.workflow.engine_lease import EngineLease
from heimdallr.workflow.stages import make_engine

if TYPE_CHECKING:
    from heimdallr.config import Settings
    from heimdallr.domain.study import Modality
    from heimdallr.workflow.assignment import Assignment
    from heimdallr.workflow.work_folder import WorkFolder

_log = structlog.get_logger()


class RealWork:
    """Makes the work on a run; all runs of the process share one resident engine."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._output = data_folders(settings).output
        self._lease = EngineLease(lambda: make_engine(settings))

    def __call__(self, assignment: Assignment, folder: WorkFolder) -> CaseWork:
        """The work on one run."""
        output = folder.published if self._settings.object_store else self._output
        return CaseWork(assignment, folder, output, self._settings, self._lease)

    def warm(self) -> None:
        """Load networks and regressors, so that the first case need not wait for them.

        One that comes meanwhile is not held up: between networks its preparation goes first.
        """
        for modality in MODALITIES:
            self._warm_for(modality)
        predict_phase({})

    def _warm_for(self, modality: Modality) -> None:
        try:
            engine = self._lease.engine()
            for task in tasks_of(engine, modality, self._settings.resolution):
                self._lease.let_cases_go_first()
                engine.load(task.name)
        except HeimdallrError as error:
            _log.warning("engine_not_ready", kind=modality, reason=str(error))
        else:
            _log.info("engine_ready", device=engine.choice.device, kind=modality)
