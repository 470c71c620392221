"""The worklist: what is asked for is what comes, on both databases and in both ways of looking."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from store_cases import NOW, add_study

from heimdallr.store.models import STAT, Study, StudyState
from heimdallr.store.reading import worklist as module
from heimdallr.store.reading.search import search_text
from heimdallr.store.reading.worklist import Sort, WorklistFilter, studies, worklist

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from heimdallr.store.database import Database


@pytest.fixture(params=["few", "dense", "gathered", "skewed"])
def filled(
    request: pytest.FixtureRequest, database: Database, monkeypatch: pytest.MonkeyPatch
) -> Database:
    """Six studies; found in one pass, or by walking the order as those of a long list are.

    *Gathered*: the newest studies promised many, and there were few. *Skewed*: the other way.
    """
    if request.param == "dense":
        monkeypatch.setattr(module, "DENSE", 0)
        monkeypatch.setattr(module, "SPARSE", 0)
    elif request.param == "gathered":
        monkeypatch.setattr(module, "DENSE", 0)
    elif request.param == "skewed":
        monkeypatch.setattr(module, "FEW", 0)
    with database.write() as session:
        fill(session)
    return database


def fill(session: Session) -> None:
    """Studies a to f, received in this order, one hour apart."""
    columns: dict[str, dict[str, object]] = {
        "a": {"patient_name": "SILVA^MARIA", "state": StudyState.DONE, "turnaround_s": 90.0,
              "has_results": True, "body_regions": ",head,neck,", "worst_severity": 3,
              "finding_codes": ",intracerebral_haemorrhage,"},
        "b": {"patient_name": "Müller^Jörg", "state": StudyState.DONE, "turnaround_s": 30.0,
              "has_results": True, "read_at": NOW, "body_regions": ",abdomen,",
              "worst_severity": 1, "study_date": "20250615",
              "finding_codes": ",splenomegaly,truncated_coverage,"},
        "c": {"patient_name": "山田^太郎", "patient_id": "X-9", "modalities": ",MR,SR,",
              "state": StudyState.FAILED, "study_date": None},
        "d": {"patient_name": "SANTOS^ANA", "accession_number": "ACC-777", "priority": STAT,
              "state": StudyState.QUEUED},
        "e": {"patient_name": "", "patient_id": "", "accession_number": "",
              "state": StudyState.RECEIVING, "flagged": True},
        "f": {"patient_name": "50%_OFF^TEST", "state": StudyState.SEGMENTING},
    }  # fmt: skip
    for hour, (key, values) in enumerate(columns.items()):
        received = NOW + timedelta(hours=hour)
        add_study(session, key, **{"received_at": received, **values})


def keys(database: Database, wanted: WorklistFilter, **how: object) -> str:
    """The keys of the studies that come, in their order; the total has to agree."""
    with database.read() as session:
        page = worklist(session, wanted, **how)  # type: ignore[arg-type]
    assert page.total >= len(page.rows)
    return "".join(row.key for row in page.rows)


FILTERS = [
    (WorklistFilter(), "fedcba"),
    (WorklistFilter(search="maria silva"), "a"),
    (WorklistFilter(search="MULLER"), "b"),
    (WorklistFilter(search="jörg"), "b"),
    (WorklistFilter(search="山田"), "c"),
    (WorklistFilter(search="x-9"), "c"),
    (WorklistFilter(search="acc-777"), "d"),
    (WorklistFilter(search="50%"), "f"),
    (WorklistFilter(search="%"), "f"),
    (WorklistFilter(search="silva müller"), ""),
    (WorklistFilter(search="2025-06-15"), "b"),
    (WorklistFilter(search="20250615"), "b"),
    (WorklistFilter(search="2025-06"), "b"),
    (WorklistFilter(states=(StudyState.DONE, StudyState.FAILED)), "cba"),
    (WorklistFilter(states=(StudyState.QUEUED,)), "d"),
    (WorklistFilter(modality="MR"), "c"),
    (WorklistFilter(modality="M"), ""),
    (WorklistFilter(study_date_from="20260101"), "feda"),
    (WorklistFilter(study_date_to="20251231"), "b"),
    (WorklistFilter(study_date_from="20250615", study_date_to="20250615"), "b"),
    (WorklistFilter(received_from=NOW + timedelta(hours=4)), "fe"),
    (WorklistFilter(received_before=NOW + timedelta(hours=1)), "a"),
    (WorklistFilter(region="neck"), "a"),
    (WorklistFilter(finding="splenomegaly"), "b"),
    (WorklistFilter(severity="note"), "ba"),
    (WorklistFilter(severity="critical"), "a"),
    (WorklistFilter(unread=True), "a"),
    (WorklistFilter(stat=True), "d"),
    (WorklistFilter(flagged=True), "e"),
    (WorklistFilter(search="silva", states=(StudyState.DONE,), region="head"), "a"),
]

ASCENDING = [
    (Sort.RECEIVED, "abcdef"),
    (Sort.DATE, "cbadef"),
    (Sort.NAME, "efbdac"),
    (Sort.STATE, "cfdeab"),
    (Sort.SEVERITY, "cdefba"),
    (Sort.TURNAROUND, "cdefba"),
]


def test_filters(filled: Database) -> None:
    """Each filter alone, and some together; newest first."""
    assert [keys(filled, wanted) for wanted, _ in FILTERS] == [found for _, found in FILTERS]


def test_sorting(filled: Database) -> None:
    """Both directions, and pages that neither repeat nor miss a study."""
    for sort, ascending in ASCENDING:
        assert keys(filled, WorklistFilter(), sort=sort, descending=False) == ascending
        assert keys(filled, WorklistFilter(), sort=sort, descending=True) == ascending[::-1]
        pages = [
            keys(filled, WorklistFilter(), sort=sort, descending=False, offset=offset, limit=2)
            for offset in range(0, 8, 2)
        ]
        assert pages == [ascending[:2], ascending[2:4], ascending[4:], ""]


def test_the_total_counts_what_is_wanted(filled: Database) -> None:
    """Whatever the page holds."""
    with filled.read() as session:
        page = worklist(session, WorklistFilter(states=(StudyState.DONE,)), limit=1)
        assert (page.total, len(page.rows)) == (2, 1)
        assert worklist(session, WorklistFilter(), offset=100).total == 6


def test_a_row_tells_missing_from_zero(filled: Database) -> None:
    """What is not known is None, also where it is sorted by something else."""
    with filled.read() as session:
        number = session.scalars(select(Study.id).where(Study.key == "c")).one()
        (row,) = studies(session, [10_000, number])
        assert (row.study_date, row.turnaround_s, row.worst_severity) == (None, None, None)
        assert row.modalities == ("MR", "SR")
        assert row.key == "c"


def test_sort_columns_follow_every_change(filled: Database) -> None:
    """A study that moves on moves on the sorted list."""
    with filled.write() as session:
        study = next(one for one in session.query(Study) if one.key == "d")
        study.state, study.turnaround_s, study.study_date = StudyState.DONE, 60.0, "20240101"
    assert keys(filled, WorklistFilter(), sort=Sort.TURNAROUND) == "adbfec"
    assert keys(filled, WorklistFilter(), sort=Sort.DATE, descending=False)[:2] == "cd"
    assert keys(filled, WorklistFilter(), sort=Sort.STATE, descending=False) == "cfeabd"


def test_search_text_is_folded_and_in_order() -> None:
    """It begins with the name, because it is also sorted by."""
    assert search_text("SILVA^MARÍA JOSÉ", "P-77", "A1") == "silva maria jose p-77 a1"
    assert search_text("Yamada^Tarou=山田^太郎", "", "") == "yamada tarou yamada tarou 山田 太郎"
