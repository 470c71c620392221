"""A run in the hands of a worker that was cut off: what it finds, and leaves alone, coming back."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from hand_made_corrections import drawn
from quick_work import SERIES, add_late_image, receive, study_of
from sqlalchemy import select
from store_cases import make_identity, make_results, measurement

from heimdallr.clock import utc_now
from heimdallr.domain.body_size import BodySize
from heimdallr.domain.errors import UnsupportedStudyError
from heimdallr.domain.statements import Statement
from heimdallr.domain.study import Selection, SeriesVerdict
from heimdallr.domain.study import Series as FoundSeries
from heimdallr.intake.pixels import Fault
from heimdallr.publishing.identity import identity_json
from heimdallr.publishing.results import results_json
from heimdallr.publishing.schema import read_identity
from heimdallr.store.corrections import CorrectionState, corrections_of, keep_correction
from heimdallr.store.layout import data_folders
from heimdallr.store.models import (
    Event,
    MeasurementRow,
    Quarantined,
    Run,
    Series,
    Study,
    StudyState,
)
from heimdallr.store.study_body_sizes import StudyBodySizeRow, keep_body_size
from heimdallr.store.upkeep.withdrawal import withdraw_results
from heimdallr.store.work import lifecycle, runs
from heimdallr.store.work.states import lock
from heimdallr.workflow.assignment import StudyRefusedError
from heimdallr.workflow.cases.job import Job, Shop, take_up

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from heimdallr.config import Settings
    from heimdallr.store.database import Database
    from heimdallr.workflow.assignment import Assignment, Chronicle, Report
    from heimdallr.workflow.work_folder import WorkFolder


class OneNumber:
    """Work whose case folder holds one number.

    Attributes:
        before: what happens at the end of ``prepare``, before anything is known of its outcome.
        after: what happens when the last word is spoken, before the worker says that it is done.
    """

    def __init__(self, value: float, before: Callable[[], None], after: Callable[[], None]) -> None:
        self._value = value
        self.before, self.after = before, after
        self.output: Path | None = None

    def do(self, _stage: str, _report: Report) -> float:
        """A stage without an output."""
        self.before()
        return 0.0

    def publish(self, _chronicle: Chronicle, last_word: Callable[[], None]) -> Path:
        """Write the number; every work has a folder of its own, so none is in the other's way."""
        assert self.output is not None
        self.output.mkdir(parents=True)
        number = measurement("liver_vol_cm3", self._value, unit="cm3")
        results = make_results(measurements=(number,))
        (self.output / "resultados.json").write_text(results_json(results))
        (self.output / "id.json").write_text(identity_json(make_identity()))
        last_word()
        self.after()
        return self.output


class Hands:
    """Workers of one shop, one job after the other."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database = database
        self.folders = data_folders(settings)
        self._work = OneNumber(0.0, _nothing, _nothing)
        self._shop = Shop(database, self.folders, self._make, max_recoveries=3)
        self._taken = 0
        self.given: Assignment | None = None

    def take(
        self,
        study_id: int,
        value: float = 0.0,
        before: Callable[[], None] = lambda: None,
        after: Callable[[], None] = lambda: None,
    ) -> Job:
        """Another worker takes up the study's newest run."""
        self._taken += 1
        self._work = OneNumber(value, before, after)
        with self.database.read() as session:
            run = session.query(Run).filter_by(study_fk=study_id).order_by(Run.id.desc()).first()
        assert run is not None
        job = take_up(self._shop, run.workflow_id, f"w#{self._taken}")
        assert job is not None
        return job

    @property
    def newest(self) -> OneNumber:
        """The work that was taken up last."""
        return self._work

    def _make(self, assignment: Assignment, _folder: WorkFolder) -> OneNumber:
        self.given = assignment
        self._work.output = self.folders.output / f"{assignment.case_id}-{self._taken}"
        return self._work


def _nothing() -> None:
    pass


@pytest.fixture
def hands(database: Database, settings: Settings) -> Hands:
    """Workers in this process."""
    return Hands(database, settings)


def _number(database: Database, study_id: int) -> float | None:
    with database.read() as session:
        return session.query(MeasurementRow).filter_by(study_fk=study_id).one().value


def test_whoever_measures_knows_of_images_that_came_damaged(
    database: Database, settings: Settings, hands: Hands
) -> None:
    """Of this study alone."""
    study_id = receive(database, settings, "1.2.3")
    with database.write() as session:
        for number, study_uid in enumerate(("1.2.3", "1.2.4", "")):
            session.add(
                Quarantined(
                    path=f"batch/{number}.dcm",
                    reason=Fault.SHORT_PIXELS.value,
                    size_bytes=1,
                    received_at=utc_now(),
                    study_instance_uid=study_uid,
                )
            )
    hands.take(study_id).stage("prepare", last_try=True)
    assert hands.given is not None
    assert hands.given.lacking == (1, 0)


def test_a_height_entered_meanwhile_is_in_the_results(
    database: Database, settings: Settings, hands: Hands
) -> None:
    """What was entered while the worker had the study, or before, outlives what it publishes."""
    study_id = receive(database, settings, "1.2.3")
    case = hands.folders.output / str(study_of(database, study_id).case_id)
    size = BodySize(1.7, None, "entered", "maria", utc_now())
    with database.write() as session:
        keep_body_size(session, study_id, size, utc_now())

    def in_its_place() -> None:
        output = hands.newest.output
        assert output is not None
        shutil.copytree(output, case)

    assert hands.take(study_id, after=in_its_place).stage("publish", last_try=True) == "over"
    assert read_identity(case).height_m == 1.7
    with database.read() as session:
        assert not session.get_one(StudyBodySizeRow, study_id).pending


def test_corrections_of_the_old_label_maps_are_offered_to_the_new_ones(
    database: Database, settings: Settings, hands: Hands
) -> None:
    """What was applied, and what a person saved while the worker had the study."""
    study_id = receive(database, settings, "1.2.3")
    case = hands.folders.output / str(study_of(database, study_id).case_id)
    with database.write() as session:
        for number, state in enumerate((CorrectionState.APPLIED, CorrectionState.PENDING), 1):
            record = drawn("0" * 32, number=number)
            keep_correction(session, study_id, record, state, difference=b"voxels")

    def in_its_place() -> None:
        output = hands.newest.output
        assert output is not None
        shutil.copytree(output, case)

    assert hands.take(study_id, after=in_its_place).stage("publish", last_try=True) == "over"
    with database.read() as session:
        found = [row.state for row in corrections_of(session, study_id)]
        events = session.scalars(select(Event).where(Event.kind == "correction_offered")).all()
    assert found == [CorrectionState.OFFERED, CorrectionState.OFFERED]
    assert [one.message.rpartition(": ")[2] for one in events] == ["1, 2"]


def test_older_results_are_not_indexed_over_newer_ones(
    database: Database, settings: Settings, hands: Hands
) -> None:
    """Cut off after its last word; another one ends the run, then come newer images' results."""
    study_id = receive(database, settings, "1.2.3")
    work_folder = hands.folders.revision(str(study_of(database, study_id).case_id), 1)

    def meanwhile() -> None:
        assert hands.take(study_id, 1.0).stage("publish", last_try=True) == "over"
        add_late_image(database, settings, study_id, complete=True)
        assert hands.take(study_id, 2.0).stage("publish", last_try=True) == "over"
        assert _number(database, study_id) == 2.0
        work_folder.mkdir()

    cut_off = hands.take(study_id, 9.0, after=meanwhile)
    assert cut_off.stage("publish", last_try=True) == "over"
    assert _number(database, study_id) == 2.0
    study = study_of(database, study_id)
    assert (study.state, study.revision) == (StudyState.DONE, 2)
    assert work_folder.exists(), "whoever ended the run has cleared away; this may be a retry's"


@pytest.mark.parametrize("how", ["withdrawn", "renamed"])
def test_results_of_somebody_else_are_not_kept(
    database: Database, settings: Settings, hands: Hands, how: str
) -> None:
    """The study became another patient's after the last word; nothing of them is left."""
    study_id = receive(database, settings, "1.2.3")

    def meanwhile() -> None:
        with database.write() as session:
            study = lock(session, study_id)
            if how == "withdrawn":
                withdraw_results(session, hands.folders, study, utc_now())
            else:
                study.case_id = "RightP_20260201_1"

    late = hands.take(study_id, 9.0, after=meanwhile)
    assert late.stage("publish", last_try=True) == "over"
    study = study_of(database, study_id)
    assert (study.state, study.has_results) == (StudyState.CANCELLED, False)
    assert list(hands.folders.output.iterdir()) == []
    with database.read() as session:
        assert session.query(MeasurementRow).all() == []


def test_an_older_refusal_does_not_touch_newer_verdicts(
    database: Database, settings: Settings, hands: Hands
) -> None:
    """Cut off while it refused the study, which another one took and somebody let do again."""
    study_id = receive(database, settings, "1.2.3")

    def meanwhile() -> None:
        assert hands.take(study_id, 1.0).stage("publish", last_try=True) == "over"
        with database.write() as session:
            series = session.query(Series).filter_by(study_fk=study_id).one()
            series.rank, series.reasons = 1, ["the newer verdict"]
        reason = Statement("series_of_other_modality", {"modality": "US"})
        verdict = SeriesVerdict(FoundSeries(SERIES, "US"), None, (reason,))
        error = UnsupportedStudyError("modality US is not supported")
        raise StudyRefusedError(error, Selection((verdict,)))

    cut_off = hands.take(study_id, before=meanwhile)
    assert cut_off.stage("prepare", last_try=True) == "over"
    with database.read() as session:
        series = session.query(Series).filter_by(study_fk=study_id).one()
        assert (series.rank, series.reasons) == (1, ["the newer verdict"])
    assert study_of(database, study_id).state is StudyState.DONE


@pytest.mark.parametrize("sent_again", [False, True])
def test_a_deleted_studys_worker_spares_the_study_that_was_sent_again(
    database: Database, settings: Settings, hands: Hands, *, sent_again: bool
) -> None:
    """The same case ID, another study: its folders stay; without one, the worker's own go."""
    study_id = receive(database, settings, "1.2.3")
    case_id = study_of(database, study_id).case_id
    job = hands.take(study_id)
    with database.write() as session:
        session.delete(session.get_one(Study, study_id))
    if sent_again:
        again = receive(database, settings, "1.2.3")
        assert study_of(database, again).case_id == case_id
    paths = (hands.folders.output / str(case_id), hands.folders.revision(str(case_id), 1))
    for path in paths:
        (path / "content").mkdir(parents=True)
    assert job.stage("prepare", last_try=True) == "over"
    assert [path.exists() for path in paths] == [sent_again, sent_again]


def test_a_study_that_is_being_deleted_is_forgotten_too(
    database: Database, settings: Settings, hands: Hands
) -> None:
    """Its row is there until its files are gone."""
    study_id = receive(database, settings, "1.2.3")
    job = hands.take(study_id)
    now = utc_now()
    with database.write() as session:
        runs.fail_if_unfinished(session, _only_run(database), now, "lost")
        lifecycle.begin_deletion(session, study_id, now, "anna")
    output = hands.folders.output / str(study_of(database, study_id).case_id)
    output.mkdir(parents=True)
    assert job.stage("prepare", last_try=True) == "over"
    assert not output.exists()


def _only_run(database: Database) -> str:
    with database.read() as session:
        return session.query(Run).one().workflow_id
