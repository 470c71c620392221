"""Studies in, case folders out, in one process.

Each stage is one function over the value the stage before it returned; the times they took are
published with the case. A study that fails does not stop the others: it comes out as an outcome
with its error, and whatever case folder it had before stays as it was.
"""

from __future__ import annotations

import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import structlog

from heimdallr.clock import local_now
from heimdallr.domain.errors import HeimdallrError
from heimdallr.preparation.prepare import PreparedStudy, RefusedStudy, explain, prepare
from heimdallr.publishing.ownership import may_take
from heimdallr.workflow.assignment import Chronicle
from heimdallr.workflow.department_rules import InForce, department_rules
from heimdallr.workflow.estimate import SHARES, share_of_case
from heimdallr.workflow.stages import (
    analyze,
    case_of,
    make_engine,
    preferences,
    publish,
    segment,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from heimdallr.analyses.rules.findings import Finding
    from heimdallr.config import Settings
    from heimdallr.domain.study import Modality, Selection
    from heimdallr.segmentation.engine import Engine

Report = Callable[[str, str, float], None]
"""Told the case ID, the stage and the share of the case that is done, 0 to 1."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class CaseOutcome:
    """What became of one study.

    Attributes:
        source: the input it was found in.
        state: ``refused`` when it cannot be measured, ``failed`` when something broke.
        folder: the case folder, when there is one.
        error: what happened and what to do; empty when done.
        seconds: stage → wall time.
        findings: of a case that is done.
        notices: what every reader of its numbers has to be told.
        selection: every series with its verdict; empty when the input could not be read.
        skipped: files of the input that took no part, by reason.
    """

    source: Path
    case_id: str
    state: Literal["done", "refused", "failed"]
    folder: Path | None = None
    error: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    notices: tuple[str, ...] = ()
    selection: Selection | None = None
    skipped: Mapping[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """What a program needs to go on; everything else stands in the case folder."""
        return {
            "source": str(self.source),
            "case_id": self.case_id,
            "state": self.state,
            "folder": str(self.folder) if self.folder else None,
            "error": self.error or None,
            "seconds": {stage: round(spent, 3) for stage, spent in self.seconds.items()},
            "findings": [
                {"code": finding.code, "severity": finding.severity.value, "title": finding.title}
                for finding in self.findings
            ],
            "notices": list(self.notices),
            "skipped_files": dict(self.skipped),
        }


def process_paths(
    paths: Iterable[Path],
    output: Path,
    settings: Settings,
    report: Report,
    *,
    modality: Modality | None = None,
    known: Callable[[str], bool] = lambda _uid: False,
) -> Iterator[CaseOutcome]:
    """Process every study of every input, one after the other, with one resident engine.

    Args:
        paths: folders, ZIP files, DICOM or NIfTI files; never changed.
        output: folder of case folders.
        settings: the configuration.
        report: told of progress.
        modality: of NIfTI files, which do not say it themselves.
        known: whether the services, whose output folder this is, know a study by its UID: nothing
            may take the place of its results behind their back.

    Yields:
        One outcome per study; an input that cannot be read at all is one refused outcome.

    Raises:
        RulesError: the department's changes to the rules cannot be used.
    """
    rules = InForce(department_rules(settings))
    pipeline = _Pipeline(output, settings.resolution, make_engine(settings), rules, report)
    for path in paths:
        with tempfile.TemporaryDirectory(prefix="heimdallr-") as work:
            report("", "prepare", 0.0)
            studies = prepare(
                path,
                Path(work),
                preferences(settings),
                taken=lambda case_id, uid: not may_take(output / case_id, uid),
                modality=modality,
            )
            begun = time.monotonic()
            try:
                for study in studies:
                    if isinstance(study, RefusedStudy):
                        yield _refused(path, study)
                    elif known(study.study.study_instance_uid):
                        yield _left_to_services(path, study)
                    else:
                        yield pipeline.run(path, study, time.monotonic() - begun)
                    report("", "prepare", 0.0)
                    begun = time.monotonic()
            except HeimdallrError as error:
                yield CaseOutcome(path, path.name, "refused", error=str(error))


def explain_selection(paths: Iterable[Path], settings: Settings) -> Iterator[tuple[str, Selection]]:
    """Case ID and verdict on every series of every study; nothing is converted or segmented.

    Raises:
        InputRefusedError: an input cannot be read at all.
    """
    for path in paths:
        with tempfile.TemporaryDirectory(prefix="heimdallr-") as work:
            yield from explain(path, Path(work), preferences(settings))


@dataclass(frozen=True, slots=True)
class _Pipeline:
    """The stages after preparation, for one study after the other."""

    output: Path
    resolution: Literal["fast", "full"]
    engine: Engine
    rules: InForce
    report: Report

    def run(self, source: Path, prepared: PreparedStudy, prepare_s: float) -> CaseOutcome:
        """Take one prepared study to its folder; an error becomes a failed outcome."""
        seconds = {"prepare": prepare_s}
        try:
            return self._run(source, prepared, seconds)
        except HeimdallrError as error:
            message = str(error)
        except Exception as error:  # noqa: BLE001 - the edge of the case: recorded, the next goes on
            # The error's text is left out: it may quote a header.
            where = traceback.extract_tb(error.__traceback__)[-1]
            _log.error(
                "case_failed",
                study=prepared.study.study_instance_uid,
                error=type(error).__name__,
                at=f"{Path(where.filename).name}:{where.lineno}",
            )
            message = f"{type(error).__name__} — this is a fault of Heimdallr's; please report it"
        return CaseOutcome(
            source,
            prepared.study.case_id,
            "failed",
            error=message,
            seconds=seconds,
            selection=prepared.selection,
            skipped=prepared.skipped,
        )

    def _run(self, source: Path, prepared: PreparedStudy, seconds: dict[str, float]) -> CaseOutcome:
        case_id, started_at = prepared.study.case_id, local_now()

        def progress(share: float) -> None:
            self.report(case_id, "segment", share_of_case("segment", share))

        with _timed("segment", seconds):
            segmented = segment(prepared, self.engine, self.resolution, progress)
        self.report(case_id, "analyze", SHARES["segment"])
        with _timed("analyze", seconds):
            case = case_of(prepared, segmented)
            analyzed = analyze(case, self.rules)
        self.report(case_id, "publish", SHARES["analyze"])
        with _timed("publish", seconds):
            chronicle = Chronicle(started_at, dict(seconds))
            published = publish(self.output, prepared, case, analyzed, chronicle)
        self.report(case_id, "publish", SHARES["publish"])
        return CaseOutcome(
            source,
            case_id,
            "done",
            folder=published.folder,
            seconds=seconds,
            findings=analyzed.conclusions.findings,
            notices=published.notices,
            selection=prepared.selection,
            skipped=prepared.skipped,
        )


def _refused(source: Path, study: RefusedStudy) -> CaseOutcome:
    return CaseOutcome(
        source,
        study.case_id,
        "refused",
        error=str(study.error),
        selection=study.selection,
        skipped=study.skipped,
        notices=tuple(one.text for one in study.notices),
    )


def _left_to_services(source: Path, prepared: PreparedStudy) -> CaseOutcome:
    return CaseOutcome(
        source,
        prepared.study.case_id,
        "refused",
        error="the services know this study, and this is their folder of results — "
        "reprocess it there, or name another folder with --output",
        selection=prepared.selection,
        skipped=prepared.skipped,
    )


@contextmanager
def _timed(name: str, seconds: dict[str, float]) -> Iterator[None]:
    begun = time.monotonic()
    try:
        yield
    finally:
        seconds[name] = time.monotonic() - begun
