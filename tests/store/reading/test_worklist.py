"""The worklist: what is asked for is what comes, on both databases and in both ways of looking."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from store_cases import NOW, add_study

from heimdallr.domain.verification import Verified
from heimdallr.store.models import ROUTINE, STAT, Study, StudyState
from heimdallr.store.reading import worklist as module
from heimdallr.store.reading.search import search_text
from heimdallr.store.reading.worklist import Sort, studies, worklist
from heimdallr.store.reading.worklist_filter import WorklistFilter

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from heimdallr.store.database import Database


@pytest.fixture(params=["few", "dense", "far"])
def filled(
    request: pytest.FixtureRequest, database: Database, monkeypatch: pytest.MonkeyPatch
) -> Database:
    """Six studies; put in order when all are found, or as those of a long list are.

    *Dense*: the newest studies promise many, and the order is walked. *Far*: the way does not lead
    to enough of them.
    """
    if request.param != "few":
        monkeypatch.setattr(module, "COUNTED", 0)
    if request.param == "far":
        monkeypatch.setattr(module, "WALKED", 1)
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
    assert page.at_least or page.total >= len(page.rows)
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
        page = worklist(session, WorklistFilter(states=(StudyState.DONE,)), limit=1, count_all=True)
        assert (page.total, page.at_least, len(page.rows)) == (2, False, 1)
        assert worklist(session, WorklistFilter(), offset=100, count_all=True).total == 6


def test_whatever_is_asked_comes_as_a_plain_look_at_every_study_would_find_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Studies at random, of which many are dense, rare, or far from the beginning of the order."""
    monkeypatch.setattr(module, "COUNTED", 20)
    monkeypatch.setattr(module, "WALKED", 60)
    monkeypatch.setattr(module, "INDEXED", 8)
    dice = random.Random(7)  # noqa: S311 - sample data
    with database.write() as session:
        for number in range(400):
            add_study(session, f"1.2.{number}", **a_study(dice, number))
    with database.read() as session:
        everything = session.scalars(select(Study)).all()
        ways = set()
        for _ in range(400):
            chosen = dice.sample(sorted(QUESTIONS), dice.choice((0, 1, 1, 1, 2, 3)))
            wanted = WorklistFilter(**{name: QUESTIONS[name][0] for name in chosen})  # type: ignore[arg-type]
            sort, descending = dice.choice(list(Sort)), dice.random() < 0.7
            offset, limit = dice.choice((0, 0, 3, 12, 40, 390)), dice.choice((1, 4, 10))
            page = worklist(
                session, wanted, sort=sort, descending=descending, offset=offset, limit=limit,
                count_all=dice.random() < 0.2,
            )  # fmt: skip
            found = [
                study for study in everything if all(QUESTIONS[name][1](study) for name in chosen)
            ]
            column = module._COLUMNS[sort].key
            found.sort(key=lambda study: (getattr(study, column), study.id), reverse=descending)
            expected = [study.id for study in found[offset : offset + limit]]
            assert [row.id for row in page.rows] == expected, (wanted, sort, descending, offset)
            if page.at_least:
                assert offset + len(expected) <= page.total <= len(found)
            else:
                assert page.total == len(found)
            ways.add((page.at_least, offset > 0))
    assert len(ways) == 4


def a_study(dice: random.Random, number: int) -> dict[str, object]:
    """Its columns; states, severities and dates go with the time, as they do in a hospital."""
    state = StudyState.DONE
    if number > 390 or dice.random() < 0.05:
        state = dice.choice((StudyState.FAILED, StudyState.QUEUED, StudyState.CANCELLED))
    done = state is StudyState.DONE
    return {
        "patient_name": f"{dice.choice(('SILVA', 'SANTOS', 'MÜLLER'))}^{dice.choice('ABC')}",
        "accession_number": f"A{number}",
        "state": state,
        "has_results": done,
        "read_at": NOW if number < 380 else None,
        "study_date": f"202{number // 100}0{dice.randrange(1, 9)}01",
        "received_at": NOW + timedelta(hours=number, minutes=dice.randrange(300)),
        "modalities": dice.choice((",CT,", ",CT,SR,", ",MR,")) if number != 5 else ",PT,",
        "body_regions": dice.choice((",head,", ",head,neck,", ",abdomen,")) if done else "",
        "finding_codes": ",splenomegaly," if done and dice.random() < 0.1 else "",
        "worst_severity": dice.choice((0, 0, 1, 3)) if done and number < 200 else 0,
        "turnaround_s": dice.random() * 1000 if done else None,
        "priority": STAT if dice.random() < 0.05 else ROUTINE,
        "flagged": number < 30,
        "verified": Verified.YES if done and number < 100 else Verified.NO,
    }


QUESTIONS: dict[str, tuple[object, Callable[[Study], bool]]] = {
    "search": ("silva", lambda study: "silva" in study.search_text),
    "states": ((StudyState.FAILED,), lambda study: study.state is StudyState.FAILED),
    "modality": ("CT", lambda study: ",CT," in study.modalities),
    "region": ("head", lambda study: ",head," in study.body_regions),
    "finding": ("splenomegaly", lambda study: "splenomegaly" in study.finding_codes),
    "severity": ("critical", lambda study: study.worst_severity == 3),
    "study_date_from": ("20210301", lambda study: (study.study_date or "") >= "20210301"),
    "study_date_to": ("20220301", lambda study: (study.study_date or "") <= "20220301"),
    "received_before": (
        NOW + timedelta(hours=100), lambda study: study.received_at < NOW + timedelta(hours=100),
    ),
    "unread": (True, lambda study: study.has_results and study.read_at is None),
    "stat": (True, lambda study: study.priority <= STAT),
    "flagged": (True, lambda study: study.flagged),
    "verified": (Verified.YES, lambda study: study.verified is Verified.YES and study.has_results),
    "attention": (
        True,
        lambda study: (
            study.state is StudyState.FAILED
            or (study.priority <= STAT and study.state is StudyState.QUEUED)
            or (study.priority <= STAT and study.has_results and study.read_at is None)
        ),
    ),
}  # fmt: skip
"""What a filter says, and which studies that means."""


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
