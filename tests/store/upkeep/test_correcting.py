"""Corrections kept, applied, accepted, offered again: rows and folders, whoever else is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hand_made_corrections import ANNA, MARIA, HandMade, add_case, drawn, processed_anew
from sqlalchemy import select
from store_cases import NOW, bleed, make_identity, make_results, put_in_state

from heimdallr.config import Settings
from heimdallr.corrections.difference import labels_version
from heimdallr.domain.body_size import BodySize
from heimdallr.domain.errors import (
    CorrectionError,
    OtherBaseError,
    PublishingError,
    StateConflictError,
)
from heimdallr.domain.statements import Statement
from heimdallr.publishing.correction_records import LevelRecord, StructureChange
from heimdallr.publishing.schema import read_identity, read_results
from heimdallr.store.corrections import CorrectionRow, CorrectionState, corrections_of
from heimdallr.store.delivery_tables import DeliveryNews
from heimdallr.store.layout import DataFolders, data_folders
from heimdallr.store.models import Event, FindingRow, MeasurementRow, Study, StudyState
from heimdallr.store.results import index_results
from heimdallr.store.study_body_sizes import keep_body_size
from heimdallr.store.upkeep.applying import apply_pending, follow_pending
from heimdallr.store.upkeep.case_builder import BuilderDiedError
from heimdallr.store.upkeep.correcting import (
    accept,
    decline,
    difference_of,
    offer_corrections,
    propose,
    save,
    why_not,
)
from heimdallr.store.upkeep.deletion import delete_study
from heimdallr.store.upkeep.rebuild import rebuild
from heimdallr.store.upkeep.resizing import follow_if_free
from heimdallr.store.upkeep.withdrawal import withdraw_results
from heimdallr.store.work.lifecycle import reopen
from heimdallr.store.work.states import lock
from heimdallr.store.work.verification import verify

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.store.database import Database

CHANGED = b"changed voxels"


class Killed(BaseException):
    """The process is no more."""


def kill() -> None:
    """End it."""
    raise Killed


class Desk:
    """One study on a radiologist's desk, and short words for what the tests do to it."""

    def __init__(self, database: Database, folders: DataFolders) -> None:
        self.database, self.folders = database, folders
        self.study, self.case = add_case(database, folders)
        self.build = HandMade()

    @property
    def base(self) -> str:
        """Of the label maps as they are."""
        return labels_version(self.case)

    def save(self, **facts: object) -> int:
        """Keep a correction."""
        record = drawn(self.base, **facts)
        return save(self.database, self.folders, self.study, record, CHANGED)

    def apply(self, number: int) -> CorrectionState:
        """Apply it, and tell what became of it."""
        apply_pending(self.database, self.folders, self.study, number, self.build, NOW)
        return self.states()[number]

    def accept(self, number: int) -> int:
        """Maria accepts it."""
        return accept(self.database, self.folders, self.study, number, self.base, MARIA, NOW)

    def follow(self) -> int:
        """The next start."""
        return follow_pending(self.database, self.folders, self.build, NOW)

    def states(self) -> dict[int, CorrectionState]:
        """Number → state."""
        return {row.number: row.state for row in self.rows()}

    def rows(self) -> list[CorrectionRow]:
        """All of its corrections."""
        with self.database.read() as session:
            return corrections_of(session, self.study)

    def difference(self, number: int) -> bytes | None:
        """The changed voxels of one."""
        with self.database.read() as session:
            row = corrections_of(session, self.study)[number - 1]
            return difference_of(row, self.case)

    def liver(self) -> tuple[float | None, object]:
        """Its volume in the database, and in the folder."""
        with self.database.read() as session:
            row = session.scalars(
                select(MeasurementRow.value).where(MeasurementRow.name == "liver_vol_cm3")
            ).one_or_none()
        return row, read_results(self.case).measurements[0].value

    def put(self, state: StudyState) -> None:
        """Bring the study into a state."""
        with self.database.write() as session:
            put_in_state(session, self.study, state)

    def reprocess(self) -> None:
        """The networks publish new results."""
        processed_anew(self.case)
        with self.database.write() as session:
            study = lock(session, self.study)
            found = read_results(self.case), read_identity(self.case)
            index_results(session, study, *found, self.case, NOW)
            offer_corrections(session, study, self.case, NOW)


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    """On both databases."""
    folders = data_folders(Settings(data_dir=tmp_path / "data"))
    folders.create()
    return Desk(database, folders)


def test_a_saved_correction_is_followed_by_folder_and_rows(desk: Desk) -> None:
    """One number higher, the voxels in the folder alone, an event, and nobody else told."""
    assert desk.apply(desk.save()) is CorrectionState.APPLIED
    (row,) = desk.rows()
    assert (row.version, row.changed_measurements, row.error) == (1, 1, None)
    assert desk.liver() == (1499.5, 1499.5)
    assert desk.difference(1) == CHANGED
    with desk.database.read() as session:
        study = session.get_one(Study, desk.study)
        event = session.scalars(select(Event).where(Event.kind == "correction_applied")).one()
        assert not session.scalars(select(DeliveryNews).where(~DeliveryNews.held)).all()
        assert session.scalars(select(CorrectionRow.difference)).one() is None
    assert study.read_at is None
    assert (event.actor, "leak" in event.message) == (ANNA, False)
    assert desk.apply(desk.save()) is CorrectionState.APPLIED
    assert desk.liver() == (1498.5, 1498.5)
    assert [row.version for row in desk.rows()] == [1, 2]


def test_an_acknowledged_finding_stays_so(desk: Desk) -> None:
    """Its evidence did not change."""
    results = make_results(findings=(bleed(),))
    processed_anew(desk.case, results)
    with desk.database.write() as session:
        study = lock(session, desk.study)
        index_results(session, study, results, read_identity(desk.case), desk.case, NOW)
        session.scalars(select(FindingRow)).one().acknowledged_by = "anna"
    desk.apply(desk.save())
    with desk.database.read() as session:
        assert session.scalars(select(FindingRow)).one().acknowledged_by == "anna"


def test_whoever_comes_second_is_told_who_was_first(desk: Desk) -> None:
    """Whether the first one's results are there already or not; nothing is overwritten."""
    base = desk.base
    number = desk.save()
    for _ in range(2):
        with pytest.raises(OtherBaseError, match="anna") as refused:
            save(desk.database, desk.folders, desk.study, drawn(base, by=MARIA), b"other")
        assert refused.value.why.parameters["number"] == 1
        desk.apply(number)
    assert [row.by for row in desk.rows()] == [ANNA]


@pytest.mark.parametrize(
    "state", [StudyState.PREPARING, StudyState.PUBLISHING, StudyState.HELD, StudyState.DELETING]
)
def test_a_study_in_other_hands_is_not_corrected(desk: Desk, state: StudyState) -> None:
    """It is refused, and nothing is kept."""
    desk.put(state)
    with pytest.raises(CorrectionError):
        desk.save()
    assert not desk.rows()


def test_a_late_image_hides_no_worker(desk: Desk) -> None:
    """The study is being received again, and its worker publishes: nothing of it is changed."""
    desk.put(StudyState.PUBLISHING)
    with desk.database.write() as session:
        reopen(session, lock(session, desk.study), NOW)
    with pytest.raises(CorrectionError) as refused:
        desk.save()
    assert refused.value.why == Statement("correction_while_processed")
    assert not follow_if_free(desk.database, desk.folders, desk.study, NOW)
    with desk.database.write() as session, pytest.raises(StateConflictError, match="processed"):
        verify(session, lock(session, desk.study), NOW, "user:anna", "", NOW)


def test_a_late_image_lets_no_pending_correction_go_first(desk: Desk) -> None:
    """What the worker publishes would take its place."""

    def take() -> None:
        desk.put(StudyState.PUBLISHING)
        with desk.database.write() as session:
            reopen(session, lock(session, desk.study), NOW)

    desk.build.before_last_word = take
    desk.save()
    assert desk.apply(1) is CorrectionState.PENDING


def test_what_cannot_be_corrected_says_why(desk: Desk) -> None:
    """A folder of an earlier version, one without images or masks, a study without results."""
    with desk.database.write() as session:
        study = session.get_one(Study, desk.study)
        assert why_not(session, desk.folders, study) is None
        (desk.case / "case.json").write_text('{"version": "0.0.1"}')
        assert why_not(session, desk.folders, study) == Statement("correction_of_old_folder")
        (desk.case / "case.json").write_text("{")
        assert why_not(session, desk.folders, study) == Statement("case_folder_damaged")
        (desk.case / "case.json").unlink()
        assert why_not(session, desk.folders, study) == Statement("correction_of_old_folder")
        (desk.case / "volume.nii.gz").unlink()
        assert why_not(session, desk.folders, study) == Statement("correction_without_volume")
        (desk.case / "labels" / "labels.json").unlink()
        assert why_not(session, desk.folders, study) == Statement("correction_without_masks")
        study.has_results = False
        assert why_not(session, desk.folders, study) == Statement("correction_without_results")


def test_a_worker_that_takes_the_study_meanwhile_goes_first(desk: Desk) -> None:
    """The correction waits; of the new label maps it is offered."""
    number = desk.save()
    desk.build.before_last_word = lambda: desk.put(StudyState.SEGMENTING)
    assert desk.apply(number) is CorrectionState.PENDING
    assert desk.liver() == (1500.5, 1500.5)
    desk.reprocess()
    desk.put(StudyState.DONE)
    assert desk.states() == {1: CorrectionState.OFFERED}
    assert desk.difference(1) == CHANGED


def test_a_worker_that_fails_leaves_the_correction_to_be_applied(desk: Desk) -> None:
    """As soon as somebody looks."""
    number = desk.save()
    desk.build.before_last_word = lambda: desk.put(StudyState.SEGMENTING)
    desk.apply(number)
    desk.build.before_last_word = lambda: None
    desk.put(StudyState.FAILED)
    assert desk.follow() == 1
    assert desk.states() == {1: CorrectionState.APPLIED}


def test_a_height_that_is_entered_meanwhile_is_not_lost(desk: Desk) -> None:
    """The folder is built again, on the one that knows it."""
    number = desk.save()

    def enter() -> None:
        desk.build.before_last_word = lambda: None
        with desk.database.write() as session:
            keep_body_size(session, desk.study, BodySize(1.7, None, "entered", "maria", NOW), NOW)
        follow_if_free(desk.database, desk.folders, desk.study, NOW)

    desk.build.before_last_word = enter
    assert desk.apply(number) is CorrectionState.APPLIED
    assert desk.build.built == [1, 1]
    assert read_identity(desk.case).height_m == 1.7
    assert desk.liver() == (1499.5, 1499.5)


@pytest.mark.parametrize("moment", ["before_last_word", "after_rename"])
def test_a_kill_loses_nothing_and_doubles_nothing(desk: Desk, moment: str) -> None:
    """The old version or the new one; the next start goes on from either."""
    number = desk.save()
    setattr(desk.build, moment, kill)
    with pytest.raises(Killed):
        desk.apply(number)
    assert desk.states() == {1: CorrectionState.PENDING}
    setattr(desk.build, moment, lambda: None)
    assert desk.follow() == 1
    assert desk.states() == {1: CorrectionState.APPLIED}
    assert desk.liver() == (1499.5, 1499.5)
    assert len(desk.build.built) == (1 if moment == "after_rename" else 2)
    assert desk.follow() == 0


@pytest.mark.parametrize("error", [PublishingError("no space"), BuilderDiedError("killed")])
def test_what_breaks_is_kept_and_can_be_tried_again(desk: Desk, error: Exception) -> None:
    """With a reason; under its own number where it had one of its own."""

    def fail() -> None:
        raise error

    number = desk.save()
    desk.build.before_last_word = fail
    assert desk.apply(number) is CorrectionState.FAILED
    (row,) = desk.rows()
    assert isinstance(row.error, dict)
    assert row.error["code"] in {"correction_not_written", "correction_builder_died"}
    assert desk.liver() == (1500.5, 1500.5)
    desk.build.before_last_word = lambda: None
    again = desk.accept(number)
    assert desk.apply(again) is CorrectionState.APPLIED
    assert desk.liver() == (1499.5, 1499.5)
    assert desk.difference(again) == CHANGED


@pytest.mark.parametrize("content", [b"{", None])
def test_a_folder_that_cannot_be_read_holds_up_no_other_study(
    desk: Desk, content: bytes | None
) -> None:
    """Its own correction fails, with the reason; the other study's is applied."""
    broken = desk.save()
    study, case = add_case(desk.database, desk.folders, make_identity(case_id="Other", uid="1.9"))
    save(desk.database, desk.folders, study, drawn(labels_version(case)), CHANGED)
    if content is None:
        (desk.case / "resultados.json").unlink()
    else:
        (desk.case / "resultados.json").write_bytes(content)

    assert desk.follow() == 2

    with desk.database.read() as session:
        (other,) = corrections_of(session, study)
    assert other.state is CorrectionState.APPLIED
    (row,) = desk.rows()
    assert (row.number, row.state) == (broken, CorrectionState.FAILED)
    assert isinstance(row.error, dict)
    assert row.error["code"] == "correction_not_written"


def test_a_builder_that_dies_after_the_rename_has_done_it(desk: Desk) -> None:
    """The folder tells."""

    def die() -> None:
        raise BuilderDiedError("killed")  # noqa: EM101 - as it comes

    desk.build.after_rename = die
    assert desk.apply(desk.save()) is CorrectionState.APPLIED
    assert desk.liver() == (1499.5, 1499.5)


def test_a_correction_that_does_not_fit_fails_with_its_reason(desk: Desk) -> None:
    """Its row says so."""

    def refuse() -> None:
        raise CorrectionError(Statement("correction_changes_nothing"))

    number = desk.save()
    desk.build.before_last_word = refuse
    assert desk.apply(number) is CorrectionState.FAILED
    assert desk.rows()[0].error == {"code": "correction_changes_nothing", "parameters": {}}
    assert desk.liver() == (1500.5, 1500.5)


def test_a_proposal_waits_for_a_person(desk: Desk) -> None:
    """Accepted it keeps its number; by then it is hers who accepted it."""
    record = drawn(desk.base, by="PACS", origin="dicom_seg")
    notes = [Statement("correction_not_kept", {"number": 7})]
    number = propose(desk.database, desk.folders, desk.study, record, CHANGED, notes, NOW)
    assert desk.states() == {1: CorrectionState.PROPOSED}
    assert desk.follow() == 0
    desk.apply(desk.save())
    assert desk.accept(number) == number
    assert desk.apply(number) is CorrectionState.APPLIED
    row = desk.rows()[0]
    assert (row.by, row.origin, len(row.notes)) == (MARIA, "dicom_seg", 1)
    with pytest.raises(StateConflictError):
        desk.accept(number)


def test_a_proposal_that_is_declined_keeps_its_number(desk: Desk) -> None:
    """And may not be accepted any more."""
    record = drawn(desk.base, origin="nifti")
    number = propose(desk.database, desk.folders, desk.study, record, CHANGED, (), NOW)
    decline(desk.database, desk.study, number, MARIA, NOW)
    assert desk.states() == {1: CorrectionState.DECLINED}
    assert desk.save() == 2
    for refused in (number, 9):
        with pytest.raises(StateConflictError):
            decline(desk.database, desk.study, refused, MARIA, NOW)


def test_what_was_applied_is_offered_after_processing_anew(desk: Desk) -> None:
    """Accepted, it is made again under a number of its own."""
    desk.apply(desk.save())
    desk.reprocess()
    assert desk.states() == {1: CorrectionState.OFFERED}
    assert desk.rows()[0].version is None
    assert desk.liver() == (1500.5, 1500.5)
    again = desk.accept(1)
    assert desk.apply(again) is CorrectionState.APPLIED
    assert desk.states() == {1: CorrectionState.SUPERSEDED, 2: CorrectionState.APPLIED}
    assert desk.rows()[1].origin == "offered_again"
    assert desk.liver() == (1499.5, 1499.5)


def test_what_was_drawn_on_another_series_is_not_made_again(desk: Desk) -> None:
    """The networks have measured another one meanwhile, of as many voxels, perhaps."""
    desk.apply(desk.save())
    desk.reprocess()
    identity = read_identity(desk.case)
    other = identity.selected_series.model_copy(update={"series_instance_uid": "1.2.3.99"})
    changed = identity.model_copy(update={"selected_series": other})
    (desk.case / "id.json").write_text(changed.model_dump_json(by_alias=True))
    with pytest.raises(CorrectionError) as refused:
        desk.accept(1)
    assert refused.value.why == Statement("correction_of_other_series")
    assert desk.states() == {1: CorrectionState.OFFERED}


@pytest.mark.parametrize(
    ("file", "before", "after", "other"),
    [
        ("labels/labels.json", "[8,8,20]", "[8,8,21]", "grid"),
        ("labels/labels.json", "[0.0,0.0,3.0,0.0]", "[0.0,0.0,3.0,1.5]", "grid"),
        ("labels/labels.json", "[0.0,0.0,3.0,0.0]", "[0.0,0.0,3.1,0.0]", "grid"),
        ("labels/labels.json", "[0.0,0.0,3.0,0.0]", "[0.0,0.0,3.0001,0.001]", None),
        ("case.json", '"5": "liver"', '"6": "liver"', "labels"),
        ("case.json", '"total":', '"total_mr":', "labels"),
        ("case.json", '"total":', '"other": {"names": {}}, "total":', None),
    ],
)  # fmt: skip
def test_what_would_lie_on_other_voxels_is_not_made_again(
    desk: Desk, file: str, before: str, after: str, other: str | None
) -> None:
    """Of the same series, converted or labelled otherwise; rounding and other maps do not count."""
    desk.apply(desk.save())
    desk.reprocess()
    told = (desk.case / file).read_text()
    assert before in told
    (desk.case / file).write_text(told.replace(before, after))
    if other is None:
        assert desk.apply(desk.accept(1)) is CorrectionState.APPLIED
        return
    with pytest.raises(CorrectionError) as refused:
        desk.accept(1)
    assert refused.value.why == Statement(f"correction_of_other_{other}")
    assert desk.states() == {1: CorrectionState.OFFERED}


def test_what_nobody_had_written_down_is_not_asked(desk: Desk) -> None:
    """A correction of an earlier version knows its series and levels only."""
    number = desk.save()
    with desk.database.write() as session:
        (row,) = corrections_of(session, desk.study)
        told = dict(row.record)
        told["made_on"] = {name: told["made_on"][name] for name in ("series", "levels_moved")}
        row.record = told
    desk.apply(number)
    desk.reprocess()
    assert desk.apply(desk.accept(1)) is CorrectionState.APPLIED


@pytest.mark.parametrize(
    ("structure", "fits"), [("vertebrae_L2", False), ("rib_left_3", False), ("liver", True)]
)
def test_a_vertebra_drawn_under_another_name_is_not_taken_over(
    desk: Desk, structure: str, *, fits: bool
) -> None:
    """A person has said meanwhile that L2 is L3; the liver is where it was."""
    change = StructureChange(
        task="total",
        structure=structure,
        voxels_added=9,
        voxels_removed=0,
        dice=0.9,
        volume_before_cm3=1.0,
        volume_after_cm3=2.0,
    )
    record = drawn(desk.base, origin="dicom_seg", structures=[change])
    number = propose(desk.database, desk.folders, desk.study, record, CHANGED, (), NOW)
    level = LevelRecord(vertebra="vertebrae_L2", is_="vertebrae_L3")
    said = drawn(desk.base, kind="levels", level=level)
    desk.apply(save(desk.database, desk.folders, desk.study, said, None))
    if fits:
        assert desk.accept(number) == number
        return
    with pytest.raises(CorrectionError) as refused:
        desk.accept(number)
    assert refused.value.why == Statement("correction_of_other_levels")
    assert desk.states()[number] is CorrectionState.PROPOSED


def test_voxels_that_are_not_kept_any_more_are_not_made_again(desk: Desk) -> None:
    """Retention has removed the masks, and the differences with them."""
    desk.apply(desk.save())
    desk.reprocess()
    (desk.case / "corrections" / "0001" / "difference.gz").unlink()
    with pytest.raises(CorrectionError, match="not kept"):
        desk.accept(1)
    assert desk.states() == {1: CorrectionState.OFFERED}


def test_a_database_that_is_rebuilt_knows_the_corrections(desk: Desk) -> None:
    """What holds as applied, the rest as offered; numbers go on behind them."""
    desk.apply(desk.save())
    desk.reprocess()
    desk.apply(desk.accept(1))
    with desk.database.write() as session:
        session.delete(session.get_one(Study, desk.study))
    assert not rebuild(desk.database, desk.folders, NOW).skipped
    with desk.database.read() as session:
        (study,) = session.scalars(select(Study))
        rows = corrections_of(session, study.id)
        found = {row.number: (row.state, row.version) for row in rows}
        notes = [row.told for row in rows]
    assert found == {1: (CorrectionState.OFFERED, None), 2: (CorrectionState.APPLIED, 2)}
    assert notes == [(), (Statement("correction_made_again", {"number": 1}),)]
    desk.study = study.id
    assert desk.save() == 3
    rebuild(desk.database, desk.folders, NOW)
    assert len(desk.rows()) == 3


def test_numbers_go_on_behind_those_in_the_folder(desk: Desk) -> None:
    """A database out of an older backup does not know them."""
    desk.apply(desk.save())
    with desk.database.write() as session:
        session.delete(session.scalars(select(CorrectionRow)).one())
    assert desk.save() == 2


def test_corrections_go_with_their_patient(desk: Desk) -> None:
    """Withdrawn because the images name somebody else."""
    desk.apply(desk.save())
    with desk.database.write() as session:
        withdraw_results(session, desk.folders, lock(session, desk.study), NOW)
    assert not desk.rows()
    assert not desk.case.exists()


def test_corrections_go_with_their_study(desk: Desk) -> None:
    """One that is pending, too; whoever would apply it finds nothing to do."""
    desk.apply(desk.save())
    number = desk.save()
    delete_study(desk.database, desk.folders, desk.study, NOW, ANNA)
    assert not desk.rows()
    apply_pending(desk.database, desk.folders, desk.study, number, desk.build, NOW)
    assert not desk.case.exists()
