"""A measurement's earlier value: of the same patient, of the same modality, and dated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from store_cases import add_study

from heimdallr.publishing.dicom.kinds import EarlierValue
from heimdallr.store.models import MeasurementRow, StudyState
from heimdallr.store.reading.earlier import earlier_values

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from heimdallr.store.database import Database
    from heimdallr.store.models import Study


def measured(session: Session, uid: str, date: str | None, value: float, **more: object) -> Study:
    """A study of one patient in which the liver was measured."""
    columns = {"patient_fk": 1, "modality": "CT", "has_results": True, **more}
    study = add_study(session, uid, state=StudyState.DONE, study_date=date, **columns)
    session.add(
        MeasurementRow(
            study_fk=study.id, name="liver_vol_cm3", value=value, unit="cm3", status="measured"
        )
    )
    session.flush()
    return study


def test_the_newest_earlier_value_of_the_same_modality(database: Database) -> None:
    """Not of a later study, not of MR, not without a date."""
    with database.write() as session:
        measured(session, "1.1", "20240101", 1400.0)
        measured(session, "1.2", "20250101", 1450.0)
        measured(session, "1.3", "20250601", 1460.0, modality="MR")
        measured(session, "1.4", "20270101", 1700.0)
        measured(session, "1.5", None, 1800.0)
        study = measured(session, "1.6", "20260201", 1500.0)
        assert earlier_values(session, study) == (
            EarlierValue("liver_vol_cm3", 1450.0, "cm3", "20250101"),
        )


def test_where_the_patient_is_not_certain_there_is_none(database: Database) -> None:
    """A stranger's value is worse than none."""
    with database.write() as session:
        measured(session, "1.1", "20240101", 1400.0)
        study = measured(session, "1.2", "20260201", 1500.0, patients=2)
        assert earlier_values(session, study) == ()
