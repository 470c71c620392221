"""Which work folders a worker removes when it tidies up."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from quick_work import receive, runs_of, study_of

from heimdallr.clock import utc_now
from heimdallr.store.layout import data_folders
from heimdallr.store.models import StudyState
from heimdallr.store.work import runs
from heimdallr.workflow.durable.housekeeping import KEEP_UNFINISHED, remove_idle

if TYPE_CHECKING:
    from heimdallr.config import Settings
    from heimdallr.store.database import Database


def test_only_what_nobody_goes_on_from_is_removed(database: Database, settings: Settings) -> None:
    """Waiting and lately failed cases keep theirs; done, unknown and long failed ones do not."""
    now = utc_now()
    folders = data_folders(settings)
    ends = {
        "waits": None,
        "done": StudyState.DONE,
        "refused": StudyState.REFUSED,
        "failed": StudyState.FAILED,
        "cancelled": StudyState.CANCELLED,
    }
    paths = {}
    for name, state in ends.items():
        study_id = receive(database, settings, f"1.2.{name}")
        (run,) = runs_of(database, study_id)
        if state is not None:
            with database.write() as session:
                runs.end_run(session, run.workflow_id, state, now)
        paths[name] = folders.revision(str(study_of(database, study_id).case_id), 1)
    paths["unknown"] = folders.revision("Nobody_20260101_1", 3)
    for path in paths.values():
        (path / "prepare").mkdir(parents=True)
    (folders.input / "not one of ours").mkdir()

    assert remove_idle(database, folders.input, now) == 3
    left = {name for name, path in paths.items() if path.exists()}
    assert left == {"waits", "failed", "cancelled"}
    assert remove_idle(database, folders.input, now + KEEP_UNFINISHED + timedelta(hours=1)) == 2
    assert paths["waits"].exists()
    assert (folders.input / "not one of ours").exists()
