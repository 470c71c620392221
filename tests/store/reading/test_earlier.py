"""A measurement's earlier value: of the same patient, of what can be compared, and dated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from store_cases import add_study

from heimdallr.analyses.rules.findings import BUNDLED_CAVEAT
from heimdallr.publishing.dicom.kinds import EarlierValue
from heimdallr.store.models import MeasurementRow, Study, StudyState
from heimdallr.store.reading.earlier import earlier_values

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from heimdallr.store.database import Database


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


@pytest.mark.parametrize(
    ("notices", "told"),
    [
        ([], (1400.0, "20240101")),
        ([BUNDLED_CAVEAT.text], (1100.0, "20250101")),
    ],
)
def test_bundled_networks_are_compared_with_themselves_only(
    database: Database, notices: list[str], told: tuple[float, str]
) -> None:
    """What another network draws differently is no change of the patient."""
    with database.write() as session:
        measured(session, "1.1", "20240101", 1400.0, notices=["files could not be read"])
        measured(session, "1.2", "20250101", 1100.0, notices=[BUNDLED_CAVEAT.text])
        study = measured(session, "1.3", "20260201", 1500.0, notices=notices)
        value, date = told
        assert earlier_values(session, study) == (
            EarlierValue("liver_vol_cm3", value, "cm3", date),
        )


def attenuated(session: Session, uid: str, date: str, hu: float, phase: str | None) -> Study:
    """A study in which the liver's attenuation was measured, at a phase."""
    study = measured(session, uid, date, 1400.0)
    told: dict[str, dict[str, object]] = {
        "liver_hu_eroded_mean": {"value": hu, "unit": "HU"},
        "contrast_phase": {"text": phase},
    }
    session.add_all(
        MeasurementRow(study_fk=study.id, name=name, status="measured", **columns)
        for name, columns in told.items()
    )
    session.flush()
    return study


@pytest.mark.parametrize(
    ("phase", "told"),
    [
        ("native", (38.0, "20230101", "native")),
        ("venous", (97.0, "20250101", "venous")),
        ("arterial", (97.0, "20250101", "venous")),
        (None, (97.0, "20250101", "venous")),
    ],
)
def test_attenuation_is_compared_at_its_own_contrast_phase(
    database: Database, phase: str | None, told: tuple[float, str, str]
) -> None:
    """The newest of the same phase, also where another came since; else the newest, with its."""
    with database.write() as session:
        attenuated(session, "1.0", "20210101", 35.0, None)
        attenuated(session, "1.1", "20220101", 36.0, "native")
        attenuated(session, "1.2", "20230101", 38.0, "native")
        attenuated(session, "1.3", "20240101", 95.0, "venous")
        attenuated(session, "1.4", "20250101", 97.0, "venous")
        study = attenuated(session, "1.5", "20260101", 40.0, phase)
        value, date, at = told
        assert earlier_values(session, study) == (
            EarlierValue("liver_hu_eroded_mean", value, "HU", date, at),
            EarlierValue("liver_vol_cm3", 1400.0, "cm3", "20250101"),
        )


def test_a_midline_shift_has_its_side(database: Database) -> None:
    """Of the same study; older results name none."""
    with database.write() as session:
        for uid, date, side in (("1.1", "20240101", "left"), ("1.2", "20250101", None)):
            study = add_study(
                session, uid, study_date=date, patient_fk=1, modality="CT", has_results=True,
                state=StudyState.DONE,
            )  # fmt: skip
            told: dict[str, dict[str, object]] = {
                "midline_shift_mm": {"value": 7.0, "unit": "mm"},
                "ventricles_vol_cm3": {"value": 30.0, "unit": "cm3"},
                "midline_shift_side": {"text": side},
            }
            session.add_all(
                MeasurementRow(study_fk=study.id, name=name, status="measured", **columns)
                for name, columns in told.items()
            )
        session.flush()
        last = measured(session, "1.3", "20260101", 1400.0)
        shift, volume = earlier_values(session, last)
        assert (shift.study_date, shift.side) == ("20250101", None)
        assert volume.side is None
        second = session.get_one(Study, study.id)
        shift, _ = earlier_values(session, second)
        assert (shift.study_date, shift.side) == ("20240101", "left")


def test_where_the_patient_is_not_certain_there_is_none(database: Database) -> None:
    """A stranger's value is worse than none."""
    with database.write() as session:
        measured(session, "1.1", "20240101", 1400.0)
        study = measured(session, "1.2", "20260201", 1500.0, patients=2)
        assert earlier_values(session, study) == ()
