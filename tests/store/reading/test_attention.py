"""What waits for a person: each reason, and what a person does about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from store_cases import NOW, add_study

from heimdallr.store.models import STAT, FindingRow, StudyState
from heimdallr.store.reading import worklist as module
from heimdallr.store.reading.attention import counts
from heimdallr.store.reading.worklist import worklist
from heimdallr.store.reading.worklist_filter import WorklistFilter

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from heimdallr.store.database import Database

DONE = {"state": StudyState.DONE, "has_results": True, "read_at": NOW}
STUDIES: dict[str, dict[str, object]] = {
    "done": DONE,
    "failed": {"state": StudyState.FAILED},
    "refused": {"state": StudyState.REFUSED},
    "held": {"state": StudyState.HELD},
    "cancelled": {"state": StudyState.CANCELLED, "priority": STAT},
    "critical": DONE | {"worst_severity": 3},
    "acknowledged": DONE | {"worst_severity": 3},
    "significant": DONE | {"worst_severity": 2},
    "stat waiting": {"state": StudyState.QUEUED, "priority": STAT},
    "stat unread": DONE | {"read_at": None, "priority": STAT},
    "stat read": DONE | {"priority": STAT},
    "waiting": {"state": StudyState.RECEIVING},
}
WAITING = {"failed", "held", "critical", "stat waiting", "stat unread"}


@pytest.fixture
def filled(database: Database) -> Database:
    """A study of each kind."""
    with database.write() as session:
        for key, columns in STUDIES.items():
            number = add_study(session, key, **columns).id
            if key in {"critical", "acknowledged"}:
                _add_findings(session, number, is_acknowledged=key == "acknowledged")
            if key == "significant":
                session.add(
                    FindingRow(
                        study_fk=number, code="splenomegaly", severity="significant", title="Spleen"
                    )
                )
    return database


def _add_findings(session: Session, number: int, *, is_acknowledged: bool) -> None:
    """A critical finding, and a note that nobody need acknowledge."""
    session.add(
        FindingRow(
            study_fk=number,
            code="intracerebral_haemorrhage",
            severity="critical",
            title="Intracerebral haemorrhage",
            acknowledged_at=NOW if is_acknowledged else None,
        )
    )
    session.add(FindingRow(study_fk=number, code="cut", severity="note", title="Cut off"))


@pytest.mark.parametrize("few", [4000, 0])
def test_what_waits_for_a_person(
    filled: Database, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found in one pass, and by walking the order as those of a long list are."""
    monkeypatch.setattr(module, "COUNTED", few)
    with filled.read() as session:
        page = worklist(session, WorklistFilter(attention=True))
        unread = worklist(session, WorklistFilter(attention=True, unread=True))
    assert {row.key for row in page.rows} == WAITING
    assert page.total == len(WAITING)
    assert [row.key for row in unread.rows] == ["stat unread"]


def test_counts(filled: Database) -> None:
    """The numbers are those of the filters."""
    with filled.read() as session:
        found = counts(session)
    assert found.total == len(STUDIES)
    assert found.attention == len(WAITING)
    assert found.unread == 1
    assert found.in_progress == 2
    assert found.failed == 2


def test_counts_of_nothing(database: Database) -> None:
    """An empty database has none of any kind."""
    with database.read() as session:
        found = counts(session)
    assert (found.total, found.attention, found.unread) == (0, 0, 0)
    assert (found.in_progress, found.failed) == (0, 0)
