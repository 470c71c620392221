"""Whose study it is: two people under one UID, a corrected patient, two images under one UID.

On SQLite and on PostgreSQL.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from received_images import ONE, TWO, Image, of, spooled
from sqlalchemy import func, select
from store_cases import make_identity, make_results, write_case

from heimdallr.clock import utc_now as now
from heimdallr.config import Settings
from heimdallr.domain.errors import StateConflictError
from heimdallr.domain.identity import OWN_MANUFACTURER
from heimdallr.intake import keeping_apart
from heimdallr.intake.declare_complete import complete_studies
from heimdallr.intake.keeping_apart import keep_apart
from heimdallr.intake.recorder import Recorded, record_batch
from heimdallr.store.layout import DataFolders, data_folders
from heimdallr.store.models import (
    Event,
    Header,
    Instance,
    MeasurementRow,
    Patient,
    Run,
    Series,
    Study,
    StudyState,
)
from heimdallr.store.patients import declare_one, patients_of, settle
from heimdallr.store.results import forget_results, index_results
from heimdallr.store.upkeep.deletion import delete_study
from heimdallr.store.work import lifecycle, runs
from heimdallr.store.work.states import lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from heimdallr.store.database import Database

NOBODY: dict[str, object] = dict.fromkeys(("PatientName", "PatientID", "PatientBirthDate"))


@dataclass
class Site:
    """A data folder with its database."""

    database: Database
    folders: DataFolders
    settings: Settings

    def record(self, images: Iterable[Image | bytes], **how: object) -> Recorded:
        """Receive images."""
        batch = spooled(self.folders.spool, images, **how)  # type: ignore[arg-type]
        return record_batch(self.database, self.folders, batch.folder)

    def complete(self) -> None:
        """Declare every study complete that is being received."""
        with self.database.read() as session:
            numbers = list(session.scalars(select(Study.id)))
        complete_studies(self.database, self.settings, self.folders, numbers, now())

    def studies(self) -> list[Study]:
        """All of them, the oldest first."""
        with self.database.read() as session:
            return list(session.scalars(select(Study).order_by(Study.id)))

    def study(self) -> Study:
        """The only one."""
        (study,) = self.studies()
        return study

    def kinds(self) -> list[str]:
        """What happened, in order."""
        with self.database.read() as session:
            return list(session.scalars(select(Event.kind).order_by(Event.id)))

    def take_up(self) -> str:
        """A worker begins the only run; its name."""
        with self.database.write() as session:
            workflow_id = session.scalars(select(Run.workflow_id)).one()
            runs.take_up(session, workflow_id, "w#1", now(), max_recoveries=3)
        return workflow_id

    def let_go(self, workflow_id: str) -> None:
        """Its worker hears that it is to stop."""
        with self.database.write() as session:
            runs.end_run(session, workflow_id, StudyState.CANCELLED, now(), executor="w#1")

    def cancel(self) -> None:
        """A person cancels the work on study 1."""
        with self.database.write() as session:
            lifecycle.cancel(session, 1, now(), "user:anna")

    def publish(self, study: Study, series: int) -> None:
        """Results of a study, of one of its series, as a worker leaves them."""
        identity = make_identity(case_id=str(study.case_id), uid=study.study_instance_uid)
        measured = identity.series[0].model_copy(
            update={"series_instance_uid": f"{Image().study_uid}.{series}"}
        )
        identity = identity.model_copy(update={"series": [measured]})
        results = make_results(case_id=str(study.case_id))
        folder = write_case(self.folders.output, results, identity)
        with self.database.write() as session:
            row = lock(session, study.id)
            run = session.scalars(select(Run).where(Run.study_fk == row.id)).one()
            run.state = row.state = StudyState.DONE
            run.finished_at = now()
            index_results(session, row, results, identity, folder, now())
            settle(session, row, now())

    def is_whole(self) -> bool:
        """Every row has its file and every file its row, and the counts agree."""
        with self.database.read() as session:
            paths = set(session.scalars(select(Instance.path)))
            for study in session.scalars(select(Study)):
                mine = session.scalars(select(Instance).where(Instance.study_fk == study.id)).all()
                assert study.instance_count == len(mine)
                assert study.size_bytes == sum(one.size_bytes for one in mine)
            for series in session.scalars(select(Series)):
                counted = select(func.count()).where(Instance.series_fk == series.id)
                assert series.instance_count == session.scalar(counted)
                assert series.instance_count
        files = self.folders.incoming.glob("[!.]*/[!.]*.dcm")
        return {path.relative_to(self.folders.incoming).as_posix() for path in files} == paths


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    """An empty one."""
    settings = Settings(data_dir=tmp_path / "data")
    folders = data_folders(settings)
    folders.create()
    return Site(database, folders, settings)


def apart(site: Site) -> list[Study]:
    """Somebody says that the patients of study 1 are different people."""
    first = site.studies()[0]
    keep_apart(site.database, site.folders, first.id, now(), "user:anna", seen=first.patients)
    site.complete()
    return site.studies()


def test_a_study_of_two_people_waits_for_a_person(site: Site) -> None:
    """Nothing is queued; the row and an event say so, without naming anybody."""
    site.record([*of(ONE, 1, 3), *of(TWO, 2)])
    site.complete()
    study = site.study()
    assert (study.state, study.patients, study.revision) == (StudyState.HELD, 2, 0)
    assert study.error.startswith("the images name 2 different patients")
    with site.database.read() as session:
        assert session.scalars(select(Run)).all() == []
        told = session.scalars(select(Event.message).where(Event.kind == "held")).one()
        found = patients_of(session, study)
    assert "PERSON" not in told
    assert [(one.named.name, one.images) for one in found] == [("PERSON^TWO", 5), ("PERSON^ONE", 3)]
    for word in ("person one", "a-1", "person two", "b-2"):
        assert word in study.search_text


@pytest.mark.parametrize(
    "tags",
    [
        {"PatientName": "person^one^^^", "PatientID": "a-1 "},
        {"PatientName": "Person One", "PatientBirthDate": None},
        {"PatientID": None},
        {"PatientName": None},
        dict(NOBODY),
        {"PatientName": "PERSON^ONE=人^一"},
        {"Manufacturer": OWN_MANUFACTURER, **TWO},
    ],
)
def test_one_person_written_differently_is_not_held(site: Site, tags: dict[str, object]) -> None:
    """Case, padding, what is missing, component groups; and what this system wrote itself."""
    site.record([*of(ONE, 1), *of({**ONE, **tags}, 2, 2)])
    site.complete()
    study = site.study()
    assert (study.state, study.patients) == (StudyState.QUEUED, 1)
    assert (study.patient_name, study.patient_id, study.birth_date) == (
        "PERSON^ONE", "A-1", "19400101",
    )  # fmt: skip


def test_kept_apart_each_patient_has_a_study(site: Site) -> None:
    """Their own images, name, patient, case; the first keeps number and key."""
    site.record([*of(ONE, 1, 3), *of(TWO, 2)])
    site.complete()
    boy, woman = apart(site)
    assert (boy.key, boy.patient_name, boy.instance_count) == (Image().study_uid, "PERSON^TWO", 5)
    assert woman.key.startswith(f"{Image().study_uid}-")
    assert (woman.patient_name, woman.instance_count, woman.sex) == ("PERSON^ONE", 3, "F")
    assert woman.study_instance_uid == boy.study_instance_uid
    assert {boy.state, woman.state} == {StudyState.QUEUED}
    assert boy.case_id is not None
    assert woman.case_id is not None
    assert boy.case_id != woman.case_id
    assert (boy.patients, woman.patients, boy.error) == (1, 1, "")
    assert boy.patient_fk != woman.patient_fk
    assert boy.age_years == pytest.approx(11.08, abs=0.01)
    assert site.is_whole()
    assert site.kinds().count("patients_apart") == 2
    with site.database.read() as session:
        actors = set(session.scalars(select(Event.actor).where(Event.kind == "patients_apart")))
        assert set(session.scalars(select(Header.study_fk))) == {boy.id, woman.id}
    assert actors == {"user:anna", ""}


def test_kept_apart_the_row_keeps_the_patient_it_named(site: Site) -> None:
    """Who came first and was on the worklist, though another one has more images."""
    site.record(of(ONE, 1, 3))
    site.record(of(TWO, 2))
    site.complete()
    assert site.study().patient_name == "PERSON^ONE"
    woman, boy = apart(site)
    assert (woman.key, woman.patient_name) == (Image().study_uid, "PERSON^ONE")
    assert (boy.patient_name, boy.instance_count) == ("PERSON^TWO", 5)
    assert site.is_whole()


def test_later_images_find_their_patients_study(site: Site) -> None:
    """By the person they name; nameless ones by their series; a third person is asked for."""
    site.record([*of(ONE, 1, 3), *of(TWO, 2)])
    site.complete()
    apart(site)
    site.record([Image(1, 1, 9, 9, dict(ONE)), Image(1, 2, 9, 9, {"PatientID": "b-2"})])
    site.record([Image(1, 1, 10, 9, dict(NOBODY))])
    boy, woman = site.studies()
    assert (boy.instance_count, woman.instance_count) == (6, 5)
    site.record([Image(1, 5, 1, 1, dict(NOBODY))])
    nobody = site.studies()[2]
    assert (nobody.patient_name, nobody.instance_count) == ("", 1)
    third = {
        **ONE,
        "PatientName": "OTHER^THREE",
        "PatientID": "C-3",
        "PatientBirthDate": "19800101",
    }
    site.record([Image(1, 7, 1, 1, third)])
    site.complete()
    states = [one.state for one in site.studies()]
    assert states == [StudyState.HELD, StudyState.QUEUED, StudyState.QUEUED]
    assert site.is_whole()
    fourth = apart(site)[3]
    assert (fourth.patient_name, fourth.state) == ("OTHER^THREE", StudyState.QUEUED)
    assert site.is_whole()


def test_images_sent_again_change_nothing_when_patients_are_apart(site: Site) -> None:
    """Each is known in the study it went to."""
    images = [*of(ONE, 1, 3), *of(TWO, 2)]
    site.record(images)
    site.complete()
    apart(site)
    done = site.record(images)
    assert (done.recorded, done.identical) == (0, 8)
    assert {one.state for one in site.studies()} == {StudyState.QUEUED}


def test_a_deleted_patient_comes_back_as_a_study_of_their_own(site: Site) -> None:
    """And the other one's files stay."""
    site.record([*of(ONE, 1, 3), *of(TWO, 2)])
    site.complete()
    boy, woman = apart(site)
    with site.database.write() as session:
        for run in session.scalars(select(Run)):
            run.state = StudyState.DONE
    delete_study(site.database, site.folders, boy.id, now(), "user:anna")
    assert site.is_whole()
    site.record(of(TWO, 2))
    site.record([Image(1, 9, 1, 1, dict(NOBODY)), Image(1, 1, 9, 9, dict(NOBODY))])
    left, again, nobody = site.studies()
    assert (left.id, left.instance_count) == (woman.id, 4)
    assert (again.key, again.patient_name) == (Image().study_uid, "PERSON^TWO")
    assert (nobody.patient_name, nobody.instance_count) == ("", 1)


def test_nameless_images_go_with_their_series_or_are_nobodys(site: Site) -> None:
    """A nameless series among two people is neither's."""
    site.record([*of(ONE, 1, 3), Image(1, 1, 8, 8, dict(NOBODY)), *of(TWO, 2), *of(NOBODY, 3, 2)])
    site.complete()
    told = {one.patient_name: one.instance_count for one in apart(site)}
    assert told == {"PERSON^TWO": 5, "PERSON^ONE": 4, "": 2}
    assert site.is_whole()


def test_a_kill_between_rows_and_files_is_mended(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows were moved, the first names of the files were left: they go when it is completed."""

    def killed(_: object) -> None:
        raise KeyboardInterrupt

    site.record([*of(ONE, 1, 3), *of(TWO, 2)])
    site.complete()
    with monkeypatch.context() as dying:
        dying.setattr(keeping_apart, "sync_folder", killed)
        dying.setattr("pathlib.Path.unlink", lambda *_, **__: None)
        with pytest.raises(KeyboardInterrupt):
            apart(site)
    assert not site.is_whole()
    site.complete()
    assert site.is_whole()
    assert {one.state for one in site.studies()} == {StudyState.QUEUED}


def test_a_person_who_saw_something_else_decides_nothing(site: Site) -> None:
    """A third patient came meanwhile, or the study is not held at all."""
    site.record([*of(ONE, 1, 3), *of(TWO, 2)])
    number = site.study().id
    with pytest.raises(StateConflictError, match="receiving"):
        keep_apart(site.database, site.folders, number, now(), "", seen=2)
    site.complete()
    with pytest.raises(StateConflictError, match="2 patients by now"):
        keep_apart(site.database, site.folders, number, now(), "", seen=3)
    assert site.study().state is StudyState.HELD
    assert site.is_whole()


def test_taken_as_one_it_is_worked_on_until_somebody_else_comes(site: Site) -> None:
    """What a person said holds for whom they saw."""
    site.record([*of(ONE, 1, 3), *of(TWO, 2)])
    site.complete()
    with site.database.write() as session:
        declare_one(session, site.study().id, 2, now(), "user:anna")
    site.complete()
    study = site.study()
    assert (study.state, study.patients, study.revision) == (StudyState.QUEUED, 1, 1)
    site.record([Image(1, 1, 9, 9, dict(ONE))])
    site.complete()
    assert site.study().state is StudyState.QUEUED
    third = {
        **ONE,
        "PatientName": "OTHER^THREE",
        "PatientID": "C-3",
        "PatientBirthDate": "19800101",
    }
    site.record([Image(1, 7, 1, 1, third)])
    site.complete()
    assert (site.study().state, site.study().patients) == (StudyState.HELD, 2)


def test_a_study_that_becomes_one_persons_is_released(site: Site) -> None:
    """The stray images are sent again with the right name."""
    site.record([*of(ONE, 1, 3), *of(TWO, 2)])
    site.complete()
    site.record(of(TWO, 1, 3))
    site.complete()
    study = site.study()
    assert (study.state, study.patients, study.error) == (StudyState.QUEUED, 1, "")
    assert study.patient_name == "PERSON^TWO"


def test_a_study_sent_again_with_its_right_patient_follows(site: Site) -> None:
    """Worklist, search, birth date, age, patient, case folder; before and after in an event."""
    site.record(of(ONE, 1))
    site.complete()
    wrong = site.study()
    site.publish(wrong, 1)
    assert site.study().has_results
    site.record(of(TWO, 1))
    study = site.study()
    assert not study.has_results  # results made for somebody else are not shown meanwhile
    assert not (site.folders.output / str(wrong.case_id)).exists()
    site.complete()
    study = site.study()
    assert (study.patient_name, study.patient_id, study.birth_date, study.sex) == (
        "PERSON^TWO", "B-2", "20150101", "M",
    )  # fmt: skip
    assert study.age_years == pytest.approx(11.08, abs=0.01)
    assert study.search_text == "person two b-2 a1"
    assert (study.state, study.revision) == (StudyState.QUEUED, 2)
    with site.database.read() as session:
        (patient,) = session.scalars(select(Patient)).all()
        (event,) = session.scalars(select(Event).where(Event.kind == "corrected")).all()
        assert session.scalars(select(MeasurementRow)).all() == []
        assert len(session.scalars(select(Header)).all()) == 1
    assert (patient.id, patient.patient_id, patient.name) == (
        study.patient_fk, "B-2", "PERSON^TWO",
    )  # fmt: skip
    assert "PERSON" not in event.message
    changes = {fact: (before, after) for fact, before, after in event.changes}
    assert changes["patient_name"] == ("PERSON^ONE", "PERSON^TWO")
    assert changes["birth_date"] == ("19400101", "20150101")
    assert "withdrawn" in site.kinds()


def test_a_case_is_called_after_its_corrected_patient(site: Site) -> None:
    """The same person under her right name: results stay, and move."""
    site.record(of(ONE, 1))
    site.complete()
    former = str(site.study().case_id)
    site.publish(site.study(), 1)
    (site.folders.failed / f"{former}.r1").mkdir()
    married: dict[str, object] = {**ONE, "PatientName": "NEWNAME^ONE"}
    site.record(of(married, 1))
    assert site.study().has_results
    site.complete()
    study = site.study()
    assert former.startswith("Person")
    assert str(study.case_id).startswith("Newname")
    assert study.has_results
    assert (site.folders.output / str(study.case_id) / "id.json").exists()
    assert not (site.folders.output / former).exists()
    assert (site.folders.failed / f"{study.case_id}.r1").is_dir()
    assert "renamed" in site.kinds()


def test_a_correction_that_is_half_there_is_held(site: Site) -> None:
    """Shown is whom it showed before; complete, it is the right person's."""
    site.record(of(ONE, 1, 6))
    site.complete()
    site.record(of(TWO, 1, 3))
    site.complete()
    study = site.study()
    assert (study.state, study.patient_name) == (StudyState.HELD, "PERSON^ONE")
    site.record(of(TWO, 1, 6))
    site.complete()
    study = site.study()
    assert (study.state, study.patient_name, study.revision) == (
        StudyState.QUEUED, "PERSON^TWO", 2,
    )  # fmt: skip


@pytest.mark.parametrize("is_worked_on", [False, True])
def test_a_study_that_others_came_into_is_measured_when_they_have_left(
    site: Site, *, is_worked_on: bool
) -> None:
    """Its work was stopped for them; its images are those of before."""
    site.record(of(ONE, 1, 3))
    site.complete()
    working = site.take_up() if is_worked_on else ""
    site.record(of(TWO, 2))
    site.complete()
    assert site.study().state is StudyState.HELD
    woman, boy = apart(site)
    if working:
        site.let_go(working)
        woman = site.studies()[0]
    assert (woman.patient_name, woman.state, woman.error) == ("PERSON^ONE", StudyState.QUEUED, "")
    assert (woman.revision, boy.state) == (2, StudyState.QUEUED)


def test_a_correction_that_is_taken_back_half_way_is_measured(site: Site) -> None:
    """The images come again as they were, and the study goes on by itself."""
    site.record(of(ONE, 1, 6))
    site.complete()
    site.record(of(TWO, 1, 3))
    site.complete()
    assert site.study().state is StudyState.HELD
    site.record(of(ONE, 1, 3))
    site.complete()
    study = site.study()
    assert (study.state, study.patient_name, study.error) == (StudyState.QUEUED, "PERSON^ONE", "")


@pytest.mark.parametrize("was_done", [False, True])
def test_a_patient_who_is_the_first_one_again_is_measured_again(
    site: Site, *, was_done: bool
) -> None:
    """The work was stopped, or its results were withdrawn, while the images named another one."""
    site.record(of(ONE, 1))
    site.complete()
    if was_done:
        site.publish(site.study(), 1)
    site.record(of(TWO, 1))
    site.record(of(ONE, 1))
    site.complete()
    study = site.study()
    assert (study.state, study.patient_name, study.error) == (StudyState.QUEUED, "PERSON^ONE", "")
    assert (study.revision, study.has_results) == (2, False)


def test_results_that_retention_removed_are_not_made_again(site: Site) -> None:
    """Nothing was withdrawn when the images named somebody else for a while."""
    site.record(of(ONE, 1))
    site.complete()
    site.publish(site.study(), 1)
    with site.database.write() as session:
        forget_results(session, lock(session, 1))
    site.record(of(TWO, 1))
    site.record(of(ONE, 1))
    site.complete()
    assert (site.study().state, site.study().revision) == (StudyState.DONE, 1)


def test_what_a_person_cancelled_before_others_came_stays_cancelled(site: Site) -> None:
    """It had ended; nothing was stopped for them."""
    site.record(of(ONE, 1, 3))
    site.complete()
    site.cancel()
    site.record(of(TWO, 2))
    site.complete()
    woman, boy = apart(site)
    assert (woman.state, woman.error) == (StudyState.CANCELLED, "cancelled")
    assert (woman.revision, boy.state) == (1, StudyState.QUEUED)


@pytest.mark.parametrize("first", ["person", "images"])
def test_what_a_person_cancelled_while_it_stopped_stays_cancelled(site: Site, first: str) -> None:
    """Before others came, or while the study was held; whenever its worker hears of it."""
    site.record(of(ONE, 1, 3))
    site.complete()
    working = site.take_up()
    if first == "person":
        site.cancel()
    site.record(of(TWO, 2))
    site.complete()
    if first == "images":
        site.cancel()
    assert site.study().state is StudyState.HELD
    woman, boy = apart(site)
    assert (woman.state, woman.revision) == (StudyState.PREPARING, 1)
    site.let_go(working)
    woman = site.studies()[0]
    assert (woman.state, boy.state) == (StudyState.CANCELLED, StudyState.QUEUED)
    assert sorted(woman.error.split("; ")) == ["cancelled", "superseded by newer images"]


def test_corrected_numbers_of_the_exam_follow_too(site: Site) -> None:
    """Accession number, description, and what is not said any more."""
    site.record(of({**ONE, "StudyDescription": "CT HEAD"}, 1))
    site.record(of({**ONE, "AccessionNumber": "ACC2", "PatientSex": None}, 1))
    study = site.study()
    assert (study.accession_number, study.description, study.sex) == ("ACC2", "", None)
    assert study.search_text.endswith("acc2")
    with site.database.read() as session:
        (event,) = session.scalars(select(Event).where(Event.kind == "corrected")).all()
    assert {fact for fact, _, _ in event.changes} == {"accession_number", "description", "sex"}


def test_a_patient_with_other_studies_keeps_their_row(site: Site) -> None:
    """Only the study moves to the right person, whom other studies name already."""
    site.record([Image(2, tags=dict(ONE)), Image(3, tags=dict(TWO)), *of(ONE, 1)])
    site.record(of(TWO, 1))
    owner = {one.study_instance_uid: one.patient_fk for one in site.studies()}
    assert owner[Image(1).study_uid] == owner[Image(3).study_uid]
    assert owner[Image(1).study_uid] != owner[Image(2).study_uid]
    with site.database.read() as session:
        names = set(session.scalars(select(Patient.name)))
    assert names == {"PERSON^ONE", "PERSON^TWO"}


def test_one_uid_in_two_series_keeps_both(site: Site) -> None:
    """Said once, whole on the disk, and known again when they are sent again."""
    images = of(ONE, 1)
    collide = [
        Image(1, 2, one.number, 50 + one.number, {**ONE, "SOPInstanceUID": one.uid})
        for one in images
    ]
    assert site.record([*images, *collide]).recorded == 10
    assert site.record([*collide, *images]).identical == 10
    assert site.study().instance_count == 10
    assert site.kinds().count("shared_uids") == 1
    assert site.is_whole()
    corrected = [Image(1, 2, one.number, 90, {**ONE, "SOPInstanceUID": one.uid}) for one in images]
    assert site.record(corrected).replaced == 5
    assert site.is_whole()


def test_one_uid_for_all_images_of_a_series_loses_none(site: Site) -> None:
    """Other places and other pixels are other images; a corrected header is not."""
    tags = {**ONE, "SOPInstanceUID": "1.2.99"}
    images = [Image(1, 1, number, number, dict(tags)) for number in range(1, 8)]
    assert site.record(images).recorded == 7
    assert site.record(images[::-1]).identical == 7
    again = [Image(1, 1, number, number, {**tags, "PatientSex": "M"}) for number in range(1, 8)]
    assert site.record(again).replaced == 7
    assert site.study().instance_count == 7
    assert site.is_whole()


def test_a_renumbered_image_is_the_same_image(site: Site) -> None:
    """Its pixels say so."""
    site.record([Image(1, 1, 1, 7, dict(ONE))])
    renumbered = Image(1, 1, 1, 7, {**ONE, "InstanceNumber": 40})
    assert site.record([renumbered]).replaced == 1


def test_the_case_of_two_patients(site: Site, case_input: Callable[..., Path]) -> None:
    """As it came: held, then two studies; nothing vanishes."""
    files = [path.read_bytes() for path in sorted(case_input("two_patients_one_study").iterdir())]
    assert site.record(files, source="upload").recorded == len(files)
    site.complete()
    assert site.study().state is StudyState.HELD
    told = {one.patient_name: one.instance_count for one in apart(site)}
    assert set(told) == {"PERSON^ONE", "PERSON^TWO"}
    assert sum(told.values()) == len(files)
    assert site.is_whole()


@pytest.mark.parametrize(("name", "studies"), [("same_sop_two_series", 1), ("copied_study", 2)])
def test_the_cases_of_colliding_uids(
    site: Site, case_input: Callable[..., Path], name: str, studies: int
) -> None:
    """Nothing vanishes as a duplicate."""
    files = [path.read_bytes() for path in sorted(case_input(name).iterdir())]
    assert site.record(files, source="upload").recorded == len(files)
    site.complete()
    assert [one.state for one in site.studies()] == [StudyState.QUEUED] * studies
    assert site.is_whole()
