"""How often people differ from the networks: counted of corrections that hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from store_cases import NOW, add_study

from heimdallr.publishing.correction_records import (
    CorrectionKind,
    CorrectionRecord,
    RejectionRecord,
    StructureChange,
)
from heimdallr.store.corrections import CorrectionState, keep_correction, next_number
from heimdallr.store.models import MeasurementRow
from heimdallr.store.reading.agreement import agreement

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from heimdallr.store.database import Database

ANNA, MARIA = "user:anna", "user:maria"


def change(
    before: float,
    after: float,
    dice: float | None,
    structure: str = "liver",
    task: str = "total",
    *,
    with_networks: float | None = None,
) -> StructureChange:
    """A structure's volume changes."""
    return StructureChange(
        task=task, structure=structure, voxels_added=1, voxels_removed=1, dice=dice,
        volume_before_cm3=before, volume_after_cm3=after, dice_with_networks=with_networks,
    )  # fmt: skip


def add(
    session: Session,
    study_id: int,
    *changes: StructureChange,
    by: str = ANNA,
    kind: CorrectionKind = "voxels",
    state: CorrectionState = CorrectionState.APPLIED,
    **said: object,
) -> None:
    """A correction of a study."""
    facts = {"number": next_number(session, study_id), "base": "0" * 32, "at": NOW}
    record = CorrectionRecord.model_validate(
        {**facts, "kind": kind, "by": by, "structures": list(changes), **said}
    )
    keep_correction(session, study_id, record, state)


def study(session: Session, number: int, *measured: str, modality: str = "CT") -> int:
    """A study in which volumes of these were measured."""
    row = add_study(session, f"1.2.{number}", modality=modality)
    for name in measured:
        session.add(
            MeasurementRow(
                study_fk=row.id, name=f"{name}_vol_cm3", value=1.0, unit="cm3", status="measured",
                structure=name,
            )
        )  # fmt: skip
    return row.id


def test_nothing_was_corrected(database: Database) -> None:
    """Nothing is told of what nobody has touched."""
    with database.write() as session:
        study(session, 1, "liver")
        assert agreement(session) == []


def test_networks_against_people(database: Database) -> None:
    """One correction has a Dice, several have the volume from first to last."""
    with database.write() as session:
        once, twice, untouched, unmeasured, mr = (
            study(session, 1, "liver"), study(session, 2, "liver"), study(session, 3, "liver"),
            study(session, 4, "spleen"), study(session, 5, "liver", modality="MR"),
        )  # fmt: skip
        add(session, once, change(100, 110, 0.9), by=MARIA)
        add(session, twice, change(200, 100, 0.5))
        add(session, twice, change(100, 180, 0.6))
        add(session, unmeasured, change(0, 50, 0.0))
        assert {untouched, mr}.isdisjoint({once, twice, unmeasured})
        (liver,) = agreement(session)
    assert (liver.task, liver.structure) == ("total", "liver")
    assert (liver.studies, liver.corrected, liver.rejected, liver.readers) == (4, 3, 0, 2)
    assert (liver.dice_studies, liver.dice_median, liver.dice_worst) == (2, 0.45, 0.0)
    assert liver.volume_difference_percent_median == 0.0, "of +10 % and -10 %; not of nothing"
    assert liver.between_readers_dice_median is None


def test_dice_of_several_corrections_is_that_of_the_last_ones_record(database: Database) -> None:
    """With what the networks made; of records of an earlier version only a single one is known."""
    with database.write() as session:
        told, untold, single = (study(session, number, "liver") for number in (1, 2, 3))
        add(session, told, change(100, 90, 0.9, with_networks=0.9))
        add(session, told, change(90, 60, 0.8, with_networks=0.7), by=MARIA)
        add(session, untold, change(100, 90, 0.95))
        add(session, untold, change(90, 60, 0.3))
        add(session, single, change(100, 90, 0.5))
        (liver,) = agreement(session)
    assert (liver.dice_studies, liver.dice_median, liver.dice_worst) == (2, 0.6, 0.5)


def test_studies_without_a_correction_count_whatever_their_volume_is_called(
    database: Database,
) -> None:
    """A bleed, muscle and fluid bear other names as measurements; none counts twice."""
    with database.write() as session:
        for number in (1, 2):
            study(session, number, "hemorrhage", "skeletal_muscle_scanned", "visceral_fat_scanned")
        corrected = study(session, 3)
        add(
            session,
            corrected,
            change(0, 9, None, "intracerebral_hemorrhage", "cerebral_bleed"),
            change(9, 8, 0.9, "skeletal_muscle", "tissue_types"),
            change(9, 8, 0.9, "torso_fat", "tissue_types"),
        )
        assert {one.structure: one.studies for one in agreement(session)} == {
            "intracerebral_hemorrhage": 3,
            "skeletal_muscle": 3,
            "torso_fat": 3,
        }


def test_what_does_not_hold_is_not_counted(database: Database) -> None:
    """Proposals, what waits or was declined, what was made before the networks, ways back."""
    with database.write() as session:
        one = study(session, 1, "liver")
        for state in set(CorrectionState) - {CorrectionState.APPLIED}:
            add(session, one, change(100, 110, 0.9), state=state)
        add(session, one, change(110, 100, 0.9), kind="restore", restores_version=0)
        assert agreement(session) == []


def test_one_reader_against_another(database: Database) -> None:
    """What the second one left against what the first one had, if it took one step."""
    with database.write() as session:
        for number, (people, dice) in enumerate({
            (ANNA, MARIA): (0.5, 0.98), (ANNA, ANNA): (0.5, 0.7),
            (ANNA, MARIA, MARIA): (0.5, 0.6, 0.7), (MARIA, ANNA): (0.5, 0.90),
        }.items()):  # fmt: skip
            one = study(session, number)
            for by, each in zip(people, dice, strict=True):
                add(session, one, change(100, 100, each), by=by)
        (liver,) = agreement(session)
    assert (liver.between_readers_studies, liver.between_readers_dice_median) == (2, 0.94)
    assert (liver.corrected, liver.dice_studies, liver.dice_median) == (4, 0, None)


def test_structures_that_are_not_believed(database: Database) -> None:
    """As long as they are not; measurements that are not believed are no structures."""
    liver = RejectionRecord(kind="structure", name="liver", reason="wrong_extent")
    with database.write() as session:
        ct, mr, again = (
            study(session, 1, "liver"),
            study(session, 2, modality="MR"),
            study(session, 3, "liver"),
        )
        value = RejectionRecord(kind="measurement", name="SMA_cm2", reason="artefact")
        for one in (ct, mr, again):
            add(session, one, kind="rejections", reject=[liver, value])
        add(session, again, kind="rejections", restore_rejections=[liver])
        found = agreement(session)
    assert [(one.task, one.structure, one.studies, one.rejected) for one in found] == [
        ("total", "liver", 2, 1), ("total_mr", "liver", 1, 1),
    ]  # fmt: skip
    assert {one.corrected for one in found} == {0}
