"""One revision of a case, stage by stage, with every output kept in its work folder.

Each stage asks for the output of the one before: from memory in the process that made it, else
from the folder, else it is made. So a case goes on from its last whole stage, on any machine that
sees the data folder, and a folder that lost something costs time, not the case.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, TypeVar

import structlog

import heimdallr
from heimdallr.domain.errors import ConversionError, NoDicomError
from heimdallr.preparation.headers import scan
from heimdallr.preparation.prepare import RefusedStudy, prepare_study, unread
from heimdallr.segmentation.plan import runs_for
from heimdallr.workflow.assignment import StudyRefusedError
from heimdallr.workflow.cases import artefacts
from heimdallr.workflow.department_rules import in_force
from heimdallr.workflow.stages import analyze, case_of, preferences, publish, segment
from heimdallr.workflow.work_folder import INSTANCES, fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from heimdallr.analyses.case import Case
    from heimdallr.config import Settings
    from heimdallr.domain.study import Modality
    from heimdallr.preparation.headers import Scan, ScannedStudy
    from heimdallr.preparation.prepare import PreparedStudy
    from heimdallr.segmentation.engine import Engine
    from heimdallr.segmentation.plan import Resolution
    from heimdallr.segmentation.tasks import Task
    from heimdallr.workflow.assignment import Assignment, Chronicle, Report
    from heimdallr.workflow.department_rules import InForce
    from heimdallr.workflow.engine_lease import EngineLease
    from heimdallr.workflow.stages import Analyzed, Segmented
    from heimdallr.workflow.work_folder import WorkFolder

_UNREADABLE = (OSError, ValueError, ConversionError)
"""What reading an output back may raise when it is not what was written."""

_Output = TypeVar("_Output")

_log = structlog.get_logger()


class CaseWork:
    """The real work: dcm2niix, networks, analyses, case folder."""

    def __init__(
        self,
        assignment: Assignment,
        folder: WorkFolder,
        output: Path,
        settings: Settings,
        lease: EngineLease,
    ) -> None:
        self._of = assignment
        self._folder = folder
        self._output = output
        self._settings = settings
        self._lease = lease
        self._prepared: PreparedStudy | None = None
        self._segmented: Segmented | None = None
        self._analyzed: Analyzed | None = None
        self._seconds: dict[str, float] = {}

    def do(self, stage: str, report: Report) -> float:
        """See :class:`~heimdallr.workflow.assignment.Work`."""
        {"prepare": self._prepare, "segment": self._segment, "analyze": self._analyze}[stage](
            report
        )
        return self._seconds[stage]

    def publish(self, chronicle: Chronicle, last_word: Callable[[], None]) -> Path:
        """See :class:`~heimdallr.workflow.assignment.Work`."""

        def silent(_share: float) -> int:
            last_word()
            return 0

        prepared, segmented = self._prepare(silent), self._segment(silent)
        analyzed = self._analyze(silent)
        case = case_of(prepared, segmented)
        done = publish(self._output, prepared, case, analyzed, chronicle, last_word=last_word)
        return done.folder

    # Each of these hands out what it has, else what is on the disk, else what it makes.

    def _prepare(self, report: Report) -> PreparedStudy:
        if self._prepared is None:
            made_from, room = self._made_from_prepare(), self._folder.path
            self._prepared = self._kept(
                "prepare",
                made_from,
                lambda: artefacts.load_prepared(room / "prepare", room / INSTANCES),
            ) or self._convert(made_from, report)
        return self._prepared

    def _segment(self, report: Report) -> Segmented:
        if self._segmented is None:
            prepared, made_from = self._prepare(report), self._made_from_segment(report)
            self._segmented = self._kept(
                "segment",
                made_from,
                lambda: artefacts.load_segmented(
                    self._folder.path / "segment", prepared.volume_path
                ),
            ) or self._run_networks(prepared, made_from, report)
        return self._segmented

    def _analyze(self, report: Report) -> Analyzed:
        if self._analyzed is None:
            case = case_of(self._prepare(report), self._segment(report))
            rules = in_force(self._settings)
            made_from = fingerprint(self._made_from_segment(report), "analyze", rules.fingerprint)
            self._analyzed = self._kept(
                "analyze",
                made_from,
                lambda: artefacts.load_analyzed(self._folder.path / "analyze"),
            ) or self._measure(case, rules, made_from)
        return self._analyzed

    def _convert(self, made_from: str, report: Report) -> PreparedStudy:
        with self._lease.preparing(), self._folder.writing("prepare", made_from) as draft:
            instances = self._folder.snapshot(self._of.sources, self._of.content)
            # A study of several patients is not begun before somebody has said who is meant.
            found = scan(sorted(instances.glob("*.dcm")), keep_apart=False)
            report(0.3)
            scanned = self._own_study(found)
            target = draft.folder / artefacts.VOLUME
            made = prepare_study(scanned, self._of.case_id, target, preferences(self._settings))
            if isinstance(made, RefusedStudy):
                raise StudyRefusedError(made.error, made.selection)
            notices = (*made.notices, *unread(found, *self._of.lacking))
            made = replace(made, skipped=found.skipped, notices=notices)
            artefacts.save_prepared(draft.folder, made, instances)
        self._whole("prepare", made_from)
        return artefacts.load_prepared(self._folder.path / "prepare", instances)

    def _own_study(self, found: Scan) -> ScannedStudy:
        """The study among those the files hold: one, but for headers that contradict themselves."""
        if not found.studies:
            counts = ", ".join(f"{count} × {reason}" for reason, count in found.skipped.items())
            msg = f"no readable DICOM image in {len(self._of.sources)} files ({counts})"
            raise StudyRefusedError(NoDicomError(msg, remedy="send the images again"))
        if len(found.studies) > 1:
            _log.warning(
                "several_studies", workflow_id=self._of.workflow_id, count=len(found.studies)
            )
        return max(
            found.studies,
            key=lambda one: (one.key == self._of.study_key, len(one.candidates), one.key),
        )

    def _run_networks(self, prepared: PreparedStudy, made_from: str, report: Report) -> Segmented:
        resolution = self._settings.resolution
        with self._folder.writing("segment", made_from) as draft:
            with self._lease.use(lambda: report(0.0)) as engine:
                draft.begin_now()
                segmented = segment(prepared, engine, resolution, report)
            artefacts.save_segmented(draft.folder, segmented)
        self._whole("segment", made_from)
        return segmented

    def _measure(self, case: Case, rules: InForce, made_from: str) -> Analyzed:
        with self._folder.writing("analyze", made_from) as draft:
            analyzed = analyze(case, rules)
            artefacts.save_analyzed(draft.folder, analyzed)
        self._whole("analyze", made_from)
        return analyzed

    def _kept(self, stage: str, made_from: str, load: Callable[[], _Output]) -> _Output | None:
        """A stage's output, where it is whole; what turns out damaged is made again."""
        if self._folder.whole(stage, made_from) is None:
            return None
        try:
            output = load()
        except _UNREADABLE as error:
            _log.warning(
                "output_damaged",
                workflow_id=self._of.workflow_id,
                stage=stage,
                error=type(error).__name__,
            )
            return None
        self._whole(stage, made_from)
        return output

    def _whole(self, stage: str, made_from: str) -> None:
        manifest = self._folder.whole(stage, made_from)
        self._seconds[stage] = manifest.seconds if manifest else 0.0

    def _made_from_prepare(self) -> str:
        chosen_by = asdict(preferences(self._settings))
        return fingerprint(
            heimdallr.__version__, self._of.content, repr(self._of.lacking), repr(chosen_by)
        )

    def _made_from_segment(self, report: Report) -> str:
        modality = self._prepare(report).study.modality
        weights = weights_of(self._lease.engine(), modality, self._settings.resolution)
        return fingerprint(self._made_from_prepare(), self._settings.resolution, weights)


def weights_of(engine: Engine, modality: Modality, resolution: Resolution) -> dict[str, list[str]]:
    """Checksums of the networks a case of this modality is run through, by task.

    Raises:
        WeightsError: not even the whole-body task has weights.
    """
    return {
        task.name: [engine.store.sha256(one) for one in engine.store.locate(task)]
        for task in tasks_of(engine, modality, resolution)
    }


def tasks_of(engine: Engine, modality: Modality, resolution: Resolution) -> tuple[Task, ...]:
    """The tasks a case of this modality may be run through.

    Raises:
        WeightsError: not even the whole-body task has weights.
    """
    plan = runs_for(modality, resolution, engine.store, licensed=engine.licensed)
    return (plan.anatomy, *plan.tissue_tasks, *plan.besides)
