"""What other tools drew on a study is received, waits, and becomes a proposal; nothing else."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
from dicom_series import SeriesOnDisk
from foreign_objects import (
    AS_DRAWN,
    LIVER,
    Drawn,
    ForeignCase,
    case_of,
    write_segmentation,
    write_structure_set,
)
from pydicom.uid import generate_uid
from received_images import spooled
from sqlalchemy import func, select
from store_cases import NOW, put_in_state

from heimdallr.config import Settings
from heimdallr.corrections.difference import Difference, labels_version
from heimdallr.domain.identity import OWN_UID_ROOT
from heimdallr.intake.recorder import record_batch
from heimdallr.publishing.schema import read_identity, read_results
from heimdallr.store.corrections import CorrectionState, corrections_of
from heimdallr.store.drawn_objects import DrawnObjectRow
from heimdallr.store.layout import DataFolders, data_folders
from heimdallr.store.models import Event, Study, StudyState
from heimdallr.store.results import index_results
from heimdallr.store.upkeep.case_jobs import do
from heimdallr.store.upkeep.deletion import delete_study
from heimdallr.store.upkeep.proposing import MOST_TRIES, follow_drawn
from heimdallr.store.work.lifecycle import complete

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from heimdallr.store.database import Database
    from heimdallr.store.upkeep.case_builder import Build, Job, Outcome


class Killed(BaseException):
    """The process is no more."""


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> ForeignCase:
    """A CT with labels."""
    return case_of(SeriesOnDisk(), tmp_path_factory.mktemp("case"))


class House:
    """A system that knows nothing of a case yet."""

    def __init__(self, case: ForeignCase, database: Database, tmp_path: Path) -> None:
        self.case, self.database, self.tmp_path = case, database, tmp_path
        self.folders: DataFolders = data_folders(Settings(data_dir=tmp_path / "data"))
        self.folders.create()

    def receive(self, *files: Path) -> None:
        """Take files in, as over C-STORE."""
        batch = spooled(
            self.folders.spool, [one.read_bytes() for one in files], calling_ae="VIEWER"
        )
        record_batch(self.database, self.folders, batch.folder)

    def measure(self) -> None:
        """Let the study have its results."""
        folder = self.folders.output / self.case.folder.name
        shutil.copytree(self.case.folder, folder)
        (folder / "volume.nii.gz").touch()  # objects are read without it
        with self.database.write() as session:
            study = session.scalars(select(Study)).one()
            complete(session, study, NOW)
            study.case_id, study.state = folder.name, StudyState.DONE
            results, identity = read_results(folder), read_identity(folder)
            index_results(session, study, results, identity, folder, NOW)

    def drawn(self, name: str = "seg", **changes: object) -> Path:
        """A liver that another tool drew."""
        segments = [Drawn("Liver", AS_DRAWN(self.case.pixels_lps_mm()))]
        return write_segmentation(self.case, self.tmp_path / name, segments, "BINARY", **changes)

    def follow(self, build: Build = do) -> int:
        """Read what waits."""
        return follow_drawn(self.database, self.folders, build, NOW)

    @property
    def study(self) -> Study:
        """The only one."""
        with self.database.read() as session:
            return session.scalars(select(Study)).one()

    def state(self) -> StudyState:
        """Of the only study, now."""
        return self.study.state

    @property
    def waiting(self) -> int:
        """How many objects have not been read."""
        with self.database.read() as session:
            return session.scalar(select(func.count()).select_from(DrawnObjectRow)) or 0

    def events(self, kind: str) -> list[str]:
        """What the study's history says."""
        with self.database.read() as session:
            found = session.scalars(select(Event.message).where(Event.kind == kind))
            return list(found)

    def proposals(self) -> list[tuple[CorrectionState, str, str]]:
        """What was proposed, how and by whom."""
        with self.database.read() as session:
            rows = corrections_of(session, self.study.id)
            return [(one.state, one.origin, one.by) for one in rows]


@pytest.fixture
def house(case: ForeignCase, database: Database, tmp_path: Path) -> House:
    """With images, and no results yet."""
    house = House(case, database, tmp_path)
    house.receive(*case.images.iterdir())
    return house


def test_a_segmentation_of_a_finished_study_becomes_a_proposal(house: House) -> None:
    """It is kept, opens nothing again, and says what would change and who says so."""
    house.measure()
    before = house.study
    house.receive(house.drawn())
    after = house.study
    assert (after.state, after.revision) == (StudyState.DONE, before.revision)
    assert after.instance_count == before.instance_count + 1
    assert house.waiting == 1
    assert house.follow() == 1
    assert house.proposals() == [(CorrectionState.PROPOSED, "dicom_seg", "dicom:VIEWER")]
    with house.database.read() as session:
        (row,) = corrections_of(session, after.id)
        assert row.difference is not None
        difference = Difference.read(row.difference)
        assert row.base == labels_version(house.folders.output / house.case.folder.name)
    changed = AS_DRAWN(house.case.points_lps_mm()) != (np.asarray(house.case.labels.data) == LIVER)
    assert difference.maps["total"].voxels == changed.sum()
    liver = row.said.structures[0]
    assert (liver.task, liver.structure) == ("total", "liver")
    assert liver.voxels_added + liver.voxels_removed == changed.sum()
    assert house.waiting == house.follow() == 0


def test_label_maps_and_structure_sets_are_received_likewise(house: House) -> None:
    """Each becomes a proposal of its own, whatever the intake makes of pixels it has or has not."""
    house.measure()
    segments = [Drawn("Liver", AS_DRAWN(house.case.pixels_lps_mm()))]
    square = np.array([[10.0, 0, 0], [40.0, 0, 0], [40.0, 30.0, 0], [10.0, 30.0, 0]])
    heights = house.case.series.positions_mm()[4:8, 2]
    outlines = [square + np.array([0, 0, height]) for height in heights]
    house.receive(
        write_segmentation(house.case, house.tmp_path / "map", segments, "LABELMAP"),
        write_structure_set(house.case, house.tmp_path / "rs", {"liver": outlines}),
    )
    assert house.follow() == 2
    assert sorted(origin for _, origin, _ in house.proposals()) == ["dicom_seg", "rtstruct"]
    assert house.state() is StudyState.DONE


def test_it_waits_until_there_are_results(house: House) -> None:
    """Sent with the images: they are worked on, and not once more because of it."""
    house.receive(house.drawn())
    assert house.study.state is StudyState.RECEIVING
    assert house.follow() == 0
    house.measure()
    with house.database.write() as session:
        put_in_state(session, house.study.id, StudyState.SEGMENTING)
    assert house.follow() == 0
    with house.database.write() as session:
        put_in_state(session, house.study.id, StudyState.DONE)
    assert house.follow() == 1
    assert len(house.proposals()) == 1


def test_a_segmentation_alone_is_kept_and_not_worked_on(
    case: ForeignCase, database: Database, tmp_path: Path
) -> None:
    """There is no image to measure; those that come later are."""
    house = House(case, database, tmp_path)
    house.receive(house.drawn())
    with database.write() as session:
        complete(session, session.scalars(select(Study)).one(), NOW)
    assert house.state() is StudyState.STORED
    house.receive(*case.images.iterdir())
    assert house.state() is StudyState.RECEIVING


def test_our_own_objects_propose_nothing_and_edited_copies_do(house: House) -> None:
    """Whoever changes an object gives it another SOPInstanceUID, whatever name it keeps."""
    house.measure()
    own = house.drawn("own", Manufacturer="Heimdallr", SOPInstanceUID=f"{OWN_UID_ROOT}7")
    house.receive(own)
    assert house.waiting == 0
    house.receive(house.drawn("edited", Manufacturer="Heimdallr"))
    assert house.waiting == 1
    assert house.study.state is StudyState.DONE
    assert house.follow() == 1


def test_what_does_not_fit_is_said_once(house: House) -> None:
    """In the study's history; the object is kept, and not read again and again."""
    house.measure()
    house.receive(house.drawn(FrameOfReferenceUID=generate_uid()))
    assert house.follow() == 1
    (said,) = house.events("correction_not_proposed")
    assert "frame of reference" in said
    assert not house.proposals()
    assert house.follow() == 0


def test_a_process_that_is_killed_forgets_nothing_and_does_not_try_for_ever(
    house: House,
) -> None:
    """An object that needs more memory than there is takes the process down, three times."""

    def die(job: Job, last_word: Callable[[], None]) -> Outcome:
        raise Killed(job, last_word)

    house.measure()
    house.receive(house.drawn())
    for _ in range(MOST_TRIES):
        with pytest.raises(Killed):
            house.follow(die)
        assert house.waiting == 1
    assert house.follow(die) == 1
    assert house.waiting == 0
    assert len(house.events("correction_not_proposed")) == 1
    # Sent again with other content, it is tried again.
    house.receive(house.drawn())
    assert house.follow() == 1
    assert len(house.proposals()) == 1


def test_a_study_that_is_deleted_takes_what_waits_with_it(house: House) -> None:
    """Also while the object is being read."""

    def slow(job: Job, last_word: Callable[[], None]) -> Outcome:
        read = do(job, last_word)
        delete_study(house.database, house.folders, house.study.id, NOW, "user:anna")
        return read

    house.measure()
    house.receive(house.drawn())
    assert house.follow(slow) == 0
    assert house.waiting == 0


def test_whoever_saves_does_not_wait_for_all_objects(house: House) -> None:
    """After each object it is asked whether to go on; the rest is read another time."""
    house.measure()
    house.receive(house.drawn("one"))
    house.receive(house.drawn("two"))

    done = follow_drawn(house.database, house.folders, do, NOW, go_on=lambda: False)

    assert (done, house.waiting) == (1, 1)
    assert house.follow() == 1
