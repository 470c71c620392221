"""What a run leaves behind when it ends otherwise than well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from heimdallr.config import Settings
from heimdallr.store.layout import data_folders
from heimdallr.workflow import work_folder
from heimdallr.workflow.assignment import Assignment
from heimdallr.workflow.cases.endings import keep_input
from heimdallr.workflow.cases.run_log import RunLog

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

CASE = "SilvaMJ_20260201_123456"


def test_an_input_that_cannot_be_kept_costs_a_line_without_the_patient(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``failed/`` is written by somebody else, too: the run still ends, and no name is told."""
    monkeypatch.setattr(work_folder, "_took_place", lambda _partial, _final: False)
    folders = data_folders(Settings(data_dir=tmp_path))
    assignment = Assignment("run-1", 1, "1.2.3", CASE, 1, 1, fresh=False, sources=())
    log = RunLog(tmp_path / "run.log", "run-1", "w#1")
    with structlog.testing.capture_logs() as told:
        keep_input(folders, assignment, "broken", log)
    (line,) = told
    assert line["event"] == "input_not_kept"
    assert "several processes" in log.text()
    assert "Silva" not in log.text() + repr(told)
    assert not list(folders.failed.iterdir())
