"""The exchange's rounds one by one, on a store of files: what takes its place and what does not."""

from __future__ import annotations

import threading
from contextlib import suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
import structlog
from quick_work import QuickWork, receive, runs_of, study_of
from store_cases import add_instance, make_identity, make_results, measurement

from heimdallr.clock import utc_now
from heimdallr.config import Settings
from heimdallr.domain.drawn_objects import SEGMENTATIONS
from heimdallr.domain.errors import PublishingError
from heimdallr.publishing.correction_records import CORRECTIONS_FOLDER
from heimdallr.publishing.identity import identity_json
from heimdallr.publishing.results import results_json
from heimdallr.store import stored_folders
from heimdallr.store.layout import data_folders
from heimdallr.store.models import STAT, Study, StudyState
from heimdallr.store.objects import ObjectStore, folder_files
from heimdallr.store.work import lifecycle, runs, states
from heimdallr.workflow import exchange
from heimdallr.workflow.cases import endings
from heimdallr.workflow.cases.job import Shop, take_up
from heimdallr.workflow.durable.housekeeping import keep_house
from heimdallr.workflow.exchange import AWAY_S, LANDING_TRIES, Carrier, run_exchange

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from heimdallr.publishing.schema import Identity, Results
    from heimdallr.store.database import Database
    from heimdallr.workflow.assignment import Assignment
    from heimdallr.workflow.work_folder import WorkFolder


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    """A store whose objects are files."""
    pytest.importorskip("fsspec")
    (tmp_path / "store").mkdir()
    return ObjectStore((tmp_path / "store").as_uri())


@pytest.fixture
def carrier(database: Database, settings: Settings, store: ObjectStore) -> Carrier:
    """The exchange's rounds."""
    data_folders(settings).create()
    return Carrier(database, data_folders(settings), store)


def hand_in(
    database: Database, store: ObjectStore, study_id: int, folder: Path, *, case_id: str = ""
) -> str:
    """Do what a worker on another host does; its run."""
    made = folder / f"of-{study_id}"
    made.mkdir()
    case_id = case_id or str(study_of(database, study_id).case_id)
    results = make_results(measurements=(measurement("liver_vol_cm3", 7.0),), case_id=case_id)
    (made / "resultados.json").write_text(results_json(results))
    (made / "id.json").write_text(identity_json(make_identity()))
    workflow_id = runs_of(database, study_id)[-1].workflow_id
    with database.write() as session:
        runs.take_up(session, workflow_id, "there#1", utc_now(), max_recoveries=3)
        runs.enter_stage(session, workflow_id, "publish", "there#1", utc_now())
        stored_folders.announce(session, study_id, workflow_id)
    manifest = store.put(study_id, folder_files(made))
    with database.write() as session:
        stored_folders.settle(session, study_id, manifest, workflow_id=workflow_id)
    return workflow_id


def test_what_persons_said_of_the_older_folder_goes_along(
    database: Database, settings: Settings, store: ObjectStore, carrier: Carrier, tmp_path: Path
) -> None:
    """A worker elsewhere knows nothing of it; the folder that takes its place has it."""
    study_id = receive(database, settings, "1.2.3")
    case = data_folders(settings).output / str(study_of(database, study_id).case_id)
    (case / CORRECTIONS_FOLDER).mkdir(parents=True)
    (case / CORRECTIONS_FOLDER / "1.json").write_text("{}")
    hand_in(database, store, study_id, tmp_path)
    assert carrier.land_results() == 1
    assert (case / CORRECTIONS_FOLDER / "1.json").read_text() == "{}"
    assert study_of(database, study_id).state is StudyState.DONE
    assert carrier.land_results() == 0
    assert carrier.remove_what_is_over() == 1
    assert store.studies() == set()


def test_results_under_a_name_the_case_has_no_more_are_nobodys(
    database: Database, settings: Settings, store: ObjectStore, carrier: Carrier, tmp_path: Path
) -> None:
    """They were made for whoever the images named before."""
    study_id = receive(database, settings, "1.2.3")
    hand_in(database, store, study_id, tmp_path, case_id="AnotherPatient_1")
    assert carrier.land_results() == 0
    assert study_of(database, study_id).state is StudyState.CANCELLED
    assert not study_of(database, study_id).has_results
    assert list(data_folders(settings).output.iterdir()) == []
    assert carrier.remove_what_is_over() == 1


def test_what_is_to_be_stopped_does_not_take_its_place(
    database: Database, settings: Settings, store: ObjectStore, carrier: Carrier, tmp_path: Path
) -> None:
    """The exchange ends it; the worker that waits for that is not told before."""
    study_id = receive(database, settings, "1.2.3")
    workflow_id = hand_in(database, store, study_id, tmp_path)
    with database.write() as session:
        lifecycle.cancel(session, study_id, utc_now(), "anna")
    with database.write() as session:
        runs.report_progress(session, workflow_id, "there#1", 1.0, utc_now())
    assert carrier.land_results() == 0
    assert list(data_folders(settings).output.iterdir()) == []
    assert study_of(database, study_id).state is StudyState.CANCELLED


@pytest.mark.parametrize("by_whom", ["a worker that waits", "a worker that has gone"])
def test_to_stop_what_has_taken_its_place_is_too_late(  # noqa: PLR0917 - fixtures
    database: Database,
    settings: Settings,
    store: ObjectStore,
    carrier: Carrier,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    by_whom: str,
) -> None:
    """Folder and rows tell of one run, also where the exchange is killed between them."""
    study_id = receive(database, settings, "1.2.3")
    case = data_folders(settings).output / str(study_of(database, study_id).case_id)
    (case / "earlier").mkdir(parents=True)
    workflow_id = hand_in(database, store, study_id, tmp_path)
    if by_whom == "a worker that has gone":
        with database.write() as session:
            runs.hand_back(session, workflow_id, "there#1", utc_now(), "stopped")
    read = endings.read_case

    def killed(folder: Path) -> tuple[Results, Identity]:
        if folder != case:
            return read(folder)
        with database.write() as session:
            lifecycle.cancel(session, study_id, utc_now(), "anna")
        raise KeyboardInterrupt

    monkeypatch.setattr(endings, "read_case", killed)
    with pytest.raises(KeyboardInterrupt):
        carrier.land_results()
    monkeypatch.setattr(endings, "read_case", read)
    with database.write() as session, suppress(runs.RunOverError):
        runs.take_up(session, workflow_id, "there#2", utc_now(), max_recoveries=3)
    assert carrier.land_results() == 1
    study = study_of(database, study_id)
    assert (study.state, study.has_results) == (StudyState.DONE, True)
    assert not (case / "earlier").exists()


def test_nothing_is_corrected_while_results_take_their_place(  # noqa: PLR0917 - fixtures
    database: Database,
    settings: Settings,
    store: ObjectStore,
    carrier: Carrier,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Even when the worker that waits for the exchange is stopped: it would be overwritten."""
    study_id = receive(database, settings, "1.2.3")
    workflow_id = hand_in(database, store, study_id, tmp_path)
    said: list[bool] = []

    def asked(_case: Path, _folder: Path) -> None:
        with database.write() as session:
            said.append(states.is_worked_on(session, study_id))
            runs.hand_back(session, workflow_id, "there#1", utc_now(), "stopped")
            said.append(states.is_worked_on(session, study_id))

    monkeypatch.setattr(exchange, "keep_words_of_persons", asked)
    assert carrier.land_results() == 1
    assert said == [True, True]
    assert study_of(database, study_id).state is StudyState.DONE


def test_a_run_that_its_worker_has_given_back_has_lost_none(
    database: Database, settings: Settings, store: ObjectStore, tmp_path: Path
) -> None:
    """It is published by the exchange; a worker that takes it up again is no second try."""
    study_id = receive(database, settings, "1.2.3")
    workflow_id = hand_in(database, store, study_id, tmp_path)
    with database.write() as session:
        runs.hand_back(session, workflow_id, "there#1", utc_now(), "stopped")
        assert runs.losses(session, workflow_id) == 0
        run = runs.take_up(session, workflow_id, "there#2", utc_now(), max_recoveries=3)
        assert (run.lost_workers, run.state) == (0, StudyState.PUBLISHING)


def test_one_case_that_cannot_be_written_holds_up_no_other(
    database: Database, settings: Settings, store: ObjectStore, carrier: Carrier, tmp_path: Path
) -> None:
    """Its run says why; it is tried again."""
    first, second = (receive(database, settings, key) for key in ("1.2.3", "1.2.4"))
    obstacle = data_folders(settings).output / str(study_of(database, first).case_id)
    obstacle.write_text("a file where the folder should be")
    for study_id in (first, second):
        hand_in(database, store, study_id, tmp_path)
    with pytest.raises(PublishingError):
        carrier.land_results()
    assert study_of(database, second).state is StudyState.DONE
    waiting = study_of(database, first)
    assert (waiting.state, "goes on by itself" in waiting.error) == (StudyState.PUBLISHING, True)
    obstacle.unlink()
    assert carrier.land_results() == 1
    assert (study_of(database, first).state, study_of(database, first).error) == (
        StudyState.DONE,
        "",
    )


def test_one_case_that_no_row_can_be_written_of_holds_up_no_other(  # noqa: PLR0917 - fixtures
    database: Database,
    store: ObjectStore,
    carrier: Carrier,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever is the matter with it; it fails when that stays so, as with a worker."""
    first, second = (receive(database, settings, key) for key in ("1.2.3", "1.2.4"))
    for study_id in (first, second):
        hand_in(database, store, study_id, tmp_path)
    trouble = data_folders(settings).output / str(study_of(database, first).case_id)
    read = endings.read_case

    def read_case(case: Path) -> tuple[Results, Identity]:
        if case == trouble:
            msg = "of this case alone"
            raise ValueError(msg)
        return read(case)

    monkeypatch.setattr(endings, "read_case", read_case)
    for attempt in range(LANDING_TRIES):
        assert study_of(database, first).state is StudyState.PUBLISHING, attempt
        with pytest.raises(ValueError, match="of this case alone"):
            carrier.land_results()
        assert study_of(database, second).state is StudyState.DONE
    failed = study_of(database, first)
    assert (failed.state, "report it" in failed.error) == (StudyState.FAILED, True)
    assert carrier.land_results() == 0


def test_an_urgent_study_that_comes_meanwhile_is_put_next(
    database: Database,
    settings: Settings,
    store: ObjectStore,
    carrier: Carrier,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A backlog takes hours to be carried; who is urgent waits for one study of it at most."""
    first, second = (receive(database, settings, key) for key in ("1.2.3", "1.2.4"))
    order: list[int] = []
    put = store.put

    def put_and_note(study_id: int, files: dict[str, Path], *, anew: bool) -> str:
        if not order:
            order.append(study_id)
            receive(database, settings, "9.9", priority=STAT)
        else:
            order.append(study_id)
        return put(study_id, files, anew=anew)

    monkeypatch.setattr(store, "put", put_and_note)
    while carrier.put_originals():
        pass
    urgent = max(first, second) + 1
    assert order == [first, urgent, second]


def test_a_round_that_has_put_something_is_followed_at_once() -> None:
    """Between two studies of a backlog nobody pauses; without one, and after an error, it does."""
    told: Iterator[object] = iter([True, True, False, ValueError("once"), 1])
    pauses: list[tuple[int, float]] = []
    rounds = 0

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            pauses.append((rounds, timeout or 0.0))
            if rounds == 5:
                self.set()
            return self.is_set()

    def work() -> object:
        nonlocal rounds
        rounds += 1
        said = next(told)
        if isinstance(said, ValueError):
            raise said
        return said

    exchange._again(work, 0.5, Stop())
    assert pauses == [(3, 0.5), (4, 1.0), (5, 0.5)]


def test_images_that_are_gone_fail_the_run_and_hold_up_no_other(
    database: Database, settings: Settings, carrier: Carrier
) -> None:
    """As a worker that sees the folder would say it."""
    first, second = (receive(database, settings, key) for key in ("1.2.3", "1.2.4"))
    (data_folders(settings).incoming / "1.2.3" / "1.2.3.0.dcm").unlink()
    assert carrier.put_originals()
    assert study_of(database, first).state is StudyState.FAILED
    assert "send the study again" in study_of(database, first).error
    assert study_of(database, second).state is StudyState.QUEUED
    assert not carrier.put_originals()


@pytest.mark.parametrize("is_own", [True, False])
def test_objects_that_are_no_images_change_nothing_for_a_run(  # noqa: PLR0917 - fixtures
    database: Database,
    settings: Settings,
    store: ObjectStore,
    carrier: Carrier,
    tmp_path: Path,
    is_own: bool,  # noqa: FBT001 - a case of the test
) -> None:
    """A report of ours comes back, or another tool's segmentation: the run has its images."""
    study_id = receive(database, settings, "1.2.3")
    taken: list[WorkFolder] = []

    def make_work(of: Assignment, folder: WorkFolder) -> QuickWork:
        taken.append(folder)
        return QuickWork(of, folder, settings.data_dir)

    shop = Shop(database, data_folders(settings), make_work, 3, store)
    carrier.put_originals()
    take_up(shop, runs_of(database, study_id)[-1].workflow_id, "there#1")
    with database.write() as session:
        study = states.lock(session, study_id)
        row = add_instance(session, study, "1.2.3.seg", data_folders(settings), content=b"SEG")
        row.own, row.sop_class_uid = is_own, "" if is_own else next(iter(SEGMENTATIONS))
    assert not carrier.put_originals()
    (tmp_path / "fetched").mkdir()
    assert taken[0].fetch is not None
    taken[0].fetch(tmp_path / "fetched")
    fetched = {path.name for path in (tmp_path / "fetched").iterdir()}
    assert fetched == {"1.2.3.0.dcm", "1.2.3.1.dcm"}


def test_images_whose_disk_is_not_mounted_are_waited_for(
    database: Database, settings: Settings, carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that starts makes an empty folder at the mount point; new studies may be in it."""
    ids = [receive(database, settings, key) for key in ("1.2.3", "1.2.4")]
    incoming = data_folders(settings).incoming
    now = 100.0
    monkeypatch.setattr(exchange, "time", SimpleNamespace(monotonic=lambda: now))
    disk = incoming.rename(incoming.with_name("disk"))
    data_folders(settings).create()
    third = receive(database, settings, "1.2.5")
    assert carrier.put_originals()
    assert not carrier.put_originals()
    for study_id in ids:
        waiting = study_of(database, study_id)
        assert waiting.state is StudyState.QUEUED
        assert "mount the disk" in waiting.error
    assert study_of(database, third).error == ""
    for folder in disk.iterdir():
        if folder.name.startswith("1.2"):
            folder.rename(incoming / folder.name)
    assert not carrier.put_originals()  # not looked for twice a second
    now += AWAY_S
    assert carrier.put_originals()
    assert carrier.put_originals()
    assert [study_of(database, one).error for one in ids] == ["", ""]


def test_what_no_row_speaks_of_is_removed(
    database: Database, settings: Settings, store: ObjectStore, carrier: Carrier, tmp_path: Path
) -> None:
    """A worker that was taken for dead, or a database out of a backup, leaves such things."""
    study_id = receive(database, settings, "1.2.3")
    carrier.put_originals()
    (tmp_path / "file").write_bytes(b"left behind")
    store.put(4711, {"file": tmp_path / "file"})
    assert carrier.remove_unknown() == 1
    assert carrier.remove_what_is_over() == 0
    assert store.studies() == {study_id}


def test_a_worker_elsewhere_carries_out_no_retention(
    database: Database, settings: Settings
) -> None:
    """It would note as removed what lies on another host, and finish deletions without files."""
    study_id = receive(database, settings, "1.2.3")
    with database.write() as session:
        lifecycle.begin_deletion(session, study_id, utc_now(), "anna")
    elsewhere = Settings.model_validate(
        {"data_dir": settings.data_dir.parent / "elsewhere", "object_store": "s3://b/p"}
    )
    data_folders(elsewhere).create()
    keep_house(elsewhere, database)
    with database.read() as session:
        assert session.get(Study, study_id) is not None
    keep_house(settings, database)
    with database.read() as session:
        assert session.get(Study, study_id) is None


@pytest.mark.parametrize("is_front", [True, False])
def test_only_where_the_data_folder_is_anything_is_carried(
    database: Database, settings: Settings, store: ObjectStore, tmp_path: Path, *, is_front: bool
) -> None:
    """An exchange that runs on a worker's host would take the results there."""
    study_id = receive(database, settings, "1.2.3")
    hand_in(database, store, study_id, tmp_path)
    told = {"object_store": (tmp_path / "store").as_uri()}
    if not is_front:
        told["data_dir"] = str(tmp_path / "worker")
    stop = threading.Event()
    stop.set()
    with structlog.testing.capture_logs() as logged:
        run_exchange(Settings.model_validate({**settings.model_dump(), **told}), stop)
    events = [one["event"] for one in logged]
    assert ("exchange_ready" in events, "data_folder_elsewhere" in events) == (
        is_front,
        not is_front,
    )
