"""Results in the database: what the case folder says, searchable; acknowledgements survive."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from store_cases import (
    NOW,
    OTHER_SERIES_UID,
    SERIES_UID,
    UNASSESSABLE,
    add_instance,
    add_study,
    bleed,
    make_identity,
    make_results,
    measurement,
    write_case,
)

from heimdallr.analyses import cerebral_haemorrhage
from heimdallr.publishing import publish
from heimdallr.store import results as module
from heimdallr.store.models import FindingRow, MeasurementRow, Series, Study
from heimdallr.store.results import index_results

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

    from heimdallr.publishing.schema import Results
    from heimdallr.store.database import Database


def index(session: Session, study: Study, tmp_path: Path, results: Results) -> None:
    """Index results as a worker does, in a folder of their own."""
    identity = make_identity()
    folder = tmp_path / identity.case_id
    if not folder.exists():
        write_case(tmp_path, results, identity)
    index_results(session, study, results, identity, folder, NOW)
    session.flush()


def test_names_are_those_of_their_owners() -> None:
    """The store repeats three names instead of importing numerical libraries."""
    assert cerebral_haemorrhage.ALARM.name == module.ALARM
    assert module.ALERT == cerebral_haemorrhage.ALERT
    assert module.VOLUME_NAME == publish.VOLUME_NAME


def test_a_series_of_several_stacks_has_the_best_rank_and_all_reasons(
    database: Database, tmp_path: Path
) -> None:
    """Whatever the order of its stacks in the folder; a reason that two share is told once."""
    record = make_identity().series[0]
    stacks = [
        record.model_copy(update={"rank": rank, "reasons": list(reasons), "reasons_coded": []})
        for rank, reasons in ((2, ("thick", "oblique")), (1, ("thin",)), (None, ("thick", "few")))
    ]
    identity = make_identity().model_copy(update={"series": stacks})
    folder = write_case(tmp_path, make_results(), identity)
    with database.write() as session:
        study = add_study(session)
        add_instance(session, study, "a")
        index_results(session, study, make_results(), identity, folder, NOW)
        (series,) = session.scalars(select(Series))
        assert series.rank == 1
        assert series.reasons == ["thick", "oblique", "thin", "few"]
        assert series.reasons_coded == []


def test_a_citation_longer_than_its_column_is_cut(database: Database, tmp_path: Path) -> None:
    """A rule of several crossed limits quotes them all; PostgreSQL would refuse every row."""
    found = bleed().model_copy(update={"reference": "x" * 600, "structure": "y" * 80})
    with database.write() as session:
        study = add_study(session)
        index(session, study, tmp_path, make_results(findings=(found,)))
        session.expire_all()
        (row,) = session.scalars(select(FindingRow))
        assert (row.reference, row.structure) == ("x" * 500, "y" * 64)


def test_everything_a_worklist_shows_is_there(database: Database, tmp_path: Path) -> None:
    """Summary columns, series verdicts, measurements and findings come from the folder."""
    with database.write() as session:
        study = add_study(session)
        add_instance(session, study, "a")
        add_instance(session, study, "b", series_uid=OTHER_SERIES_UID)
        add_instance(session, study, "c", series_uid="1.2.3.6")
        index(session, study, tmp_path, make_results(findings=(bleed(),)))
    with database.read() as session:
        study = session.scalars(select(Study)).one()
        assert study.modality == "CT"
        assert study.has_results
        assert study.has_hemorrhage is True
        assert study.body_regions == ",head,thorax,"
        assert study.finding_codes == ",intracerebral_haemorrhage,"
        assert study.worst_severity == 3
        assert study.notices == ["bundled weights — not for clinical use"]
        assert study.volume_bytes == 1000
        assert study.kept == {"volume": True, "masks": True, "results": True}
        series = {row.uid: row for row in session.scalars(select(Series))}
        assert (series[SERIES_UID].rank, series[OTHER_SERIES_UID].rank) == (1, None)
        assert series[OTHER_SERIES_UID].reasons == ["localizer"]
        assert series["1.2.3.6"].reasons == []
        rows = {row.name: row for row in session.scalars(select(MeasurementRow))}
        assert rows["liver_vol_cm3"].value == 1500.5
        assert (rows["hemorrhage_alert"].value, rows["hemorrhage_alert"].text) == (None, "alert")
        missing = rows["SMA_cm2"]
        assert (missing.value, missing.text, missing.status) == (None, None, "not_assessable")
        assert missing.reason == "L3 is truncated at inferior edge"


def test_what_is_said_is_kept_as_codes_too(database: Database, tmp_path: Path) -> None:
    """For readers in another language: notices, series, reasons, titles, caveats."""
    with database.write() as session:
        study = add_study(session)
        add_instance(session, study, "a")
        index(session, study, tmp_path, make_results(findings=(bleed(),)))
    with database.read() as session:
        bundled = {"code": "bundled_weights", "parameters": {}}
        assert session.scalars(select(Study.notices_coded)).one() == [bundled]
        assert session.scalars(select(Series.reasons_coded)).one() == [
            {"code": "series_covers", "parameters": {"coverage_mm": 360.0}}
        ]
        rows = {row.name: row.reason_coded for row in session.scalars(select(MeasurementRow))}
        assert rows["liver_vol_cm3"] is None
        assert rows["SMA_cm2"] == {
            "code": "level_truncated",
            "parameters": {"level": "L3", "edges": ["inferior"], "count": 1},
        }
        finding = session.scalars(select(FindingRow)).one()
        assert finding.title_coded == {
            "code": "finding_intracerebral_haemorrhage",
            "parameters": {"volume_cm3": 12.5},
        }
        assert finding.caveats_coded == [bundled]


def test_a_code_beside_a_text_known_before_is_no_news(database: Database, tmp_path: Path) -> None:
    """Indexed before there were codes, and again now: the reader has seen it."""
    now = measurement("SMA_cm2", why=UNASSESSABLE)
    before = measurement("SMA_cm2", reason=UNASSESSABLE.text)
    with database.write() as session:
        study = add_study(session)
        index(session, study, tmp_path, make_results(measurements=(before,)))
        study.read_at = NOW
        index(session, study, tmp_path, make_results(measurements=(now,)))
        assert study.read_at == NOW
        code = session.scalars(select(MeasurementRow.reason_coded)).one()
        assert isinstance(code, dict)
        assert code["code"] == "level_truncated"


def test_no_answer_about_a_bleed_is_none(database: Database, tmp_path: Path) -> None:
    """Not assessable is not "no bleed"; below the threshold is."""
    with database.write() as session:
        study = add_study(session)
        index(session, study, tmp_path, make_results(measurements=(measurement(module.ALARM),)))
        assert study.has_hemorrhage is None
        index(session, study, tmp_path, make_results(measurements=()))
        assert study.has_hemorrhage is None
        below = measurement(module.ALARM, "below threshold")
        index(session, study, tmp_path, make_results(measurements=(below,)))
        assert study.has_hemorrhage is False


def test_an_acknowledgement_outlives_the_same_finding_only(
    database: Database, tmp_path: Path
) -> None:
    """Who has seen 12.5 cm³ has not seen 40 cm³."""
    with database.write() as session:
        study = add_study(session)
        index(session, study, tmp_path, make_results(findings=(bleed(12.5),)))
        row = session.scalars(select(FindingRow)).one()
        row.acknowledged_at, row.acknowledged_by, row.note = NOW, "ana", "called the ward"
    with database.write() as session:
        study = session.scalars(select(Study)).one()
        index(session, study, tmp_path, make_results(findings=(bleed(12.5),)))
        row = session.scalars(select(FindingRow)).one()
        assert (row.acknowledged_by, row.note) == ("ana", "called the ward")
        index(session, study, tmp_path, make_results(findings=(bleed(40.0),)))
        row = session.scalars(select(FindingRow)).one()
        assert (row.acknowledged_at, row.note) == (None, "")


def test_only_news_makes_a_study_unread(database: Database, tmp_path: Path) -> None:
    """Indexing the same results again (a retried stage) leaves the reader's mark alone."""
    with database.write() as session:
        study = add_study(session)
        index(session, study, tmp_path, make_results(findings=(bleed(),)))
        study.read_at = NOW + timedelta(hours=1)
        index(session, study, tmp_path, make_results(findings=(bleed(),)))
        assert study.read_at is not None
        other = (measurement("liver_vol_cm3", 1400.0, unit="cm3"),)
        index(session, study, tmp_path, make_results(measurements=other))
        assert study.read_at is None
        assert session.scalars(select(MeasurementRow.value)).all() == [1400.0]
