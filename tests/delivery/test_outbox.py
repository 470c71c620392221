"""The outbox: what follows from news, what people ask for, what newer results change."""

from __future__ import annotations

import pytest
from deliveries import (
    CASE,
    Desk,
    add_destination,
    add_done,
    later,
    publish_anew,
    refuses,
    rows,
)
from sqlalchemy import select
from store_cases import NOW, add_study, write_case

from heimdallr.delivery import directory, outbox
from heimdallr.delivery.rules import Conditions
from heimdallr.domain.errors import StateConflictError
from heimdallr.store.delivery_tables import DeliveryNews, DeliveryState, When
from heimdallr.store.models import Event, FindingRow, Run, Study, StudyState
from heimdallr.store.reading import details
from heimdallr.store.upkeep.deletion import delete_study
from heimdallr.store.upkeep.rebuild import rebuild
from heimdallr.store.upkeep.withdrawal import withdraw_results
from heimdallr.store.work import owed, states


def said(desk: Desk) -> list[tuple[str, int, str]]:
    """Kind, part and state of each row."""
    return [(row.kind, row.part, row.state.value) for row in rows(desk)]


def news(desk: Desk) -> list[When]:
    """What the rules have not been asked about."""
    with desk.database.read() as session:
        return list(session.scalars(select(DeliveryNews.what)))


def test_results_become_rows_once(desk: Desk) -> None:
    """However often they are told of; news goes when its rows come."""
    add_destination(desk.database, objects=("seg", "results"))
    study_id = add_done(desk.database, desk.folders, critical=True)
    assert desk.expand() == 1
    assert said(desk) == [("seg", 1, "waiting"), ("results", 1, "waiting")]
    assert {row.priority for row in rows(desk)} == {0}
    assert {row.cause for row in rows(desk)} == {"rule:all to share"}
    assert news(desk) == []
    with desk.database.write() as session:
        owed.tell(session, study_id, When.RESULTS, NOW)
    assert desk.expand() == 1
    assert len(rows(desk)) == 2


def test_nothing_is_owed_where_no_rule_holds(desk: Desk) -> None:
    """The news goes all the same."""
    add_destination(desk.database, conditions=Conditions(modalities=("MR",)))
    add_done(desk.database, desk.folders)
    desk.expand()
    assert (rows(desk), news(desk)) == ([], [])


def test_a_run_that_ends_is_news_in_the_same_transaction(desk: Desk) -> None:
    """Whatever ends it; a run that is cancelled is none of anybody's business."""
    expected = {
        StudyState.DONE: [When.RESULTS],
        StudyState.FAILED: [When.FAILED],
        StudyState.REFUSED: [When.FAILED],
        StudyState.CANCELLED: [],
    }
    for number, (state, what) in enumerate(expected.items()):
        with desk.database.write() as session:
            study = add_study(session, f"1.2.{number}", state=StudyState.QUEUED, revision=1)
            run = Run(
                study_fk=study.id, revision=1, attempt=1, cause="received",
                workflow_id=f"run-{number}", queued_at=NOW,
            )  # fmt: skip
            session.add(run)
            session.flush()
            states.end(session, study, run, state, NOW)
            found = session.scalars(
                select(DeliveryNews).where(DeliveryNews.study_fk == study.id)
            ).all()
            assert [one.what for one in found] == what
            assert [one.run for one in found] == [run.workflow_id] * len(what)


def test_rebuilding_the_index_sends_nothing(desk: Desk) -> None:
    """Everything would go out once more, years later."""
    add_destination(desk.database)
    write_case(desk.folders.output)
    rebuild(desk.database, desk.folders, NOW)
    desk.expand()
    assert (rows(desk), news(desk)) == ([], [])


def test_a_failure_is_told_to_those_who_wait_for_it_and_to_nobody_else(desk: Desk) -> None:
    """An event, once for each run that failed."""
    add_destination(desk.database)
    hook = add_destination(desk.database, "hook", rule=When.FAILED, objects=("event",))
    with desk.database.write() as session:
        study = add_study(session, state=StudyState.FAILED, revision=1, error="no room")
        session.add_all(
            Run(
                study_fk=study.id, revision=1, attempt=number, cause="received", queued_at=NOW,
                workflow_id=f"run-{number}",
            )
            for number in (1, 2, 3)
        )  # fmt: skip
        for run in ("run-1", "run-2"):
            owed.tell(session, study.id, When.FAILED, NOW, run=run)
    desk.expand()
    with desk.database.write() as session:
        owed.tell(session, study.id, When.FAILED, NOW, run="run-3")
    desk.expand()
    assert [(row.destination_fk, row.kind) for row in rows(desk)] == [(hook, "event")] * 2
    desk.deliver(hook)
    assert {row.state for row in rows(desk)} == {DeliveryState.SENT}


def test_acknowledged_findings_release_what_waits_for_a_person(desk: Desk) -> None:
    """Every finding; not when it is only read."""
    add_destination(desk.database, rule=When.ACKNOWLEDGED, objects=("results",))
    study_id = add_done(desk.database, desk.folders, critical=True)
    desk.expand()
    with desk.database.write() as session:
        details.mark_read(session, study_id, NOW, "user:ana", on=True)
    desk.expand()
    assert rows(desk) == []
    with desk.database.write() as session:
        finding = session.scalars(select(FindingRow)).one()
        details.acknowledge(session, finding.id, "", NOW, "user:ana")
    desk.expand()
    assert said(desk) == [("results", 1, "waiting")]


def test_a_study_without_findings_is_released_by_being_read(desk: Desk) -> None:
    """There is nothing to acknowledge."""
    add_destination(desk.database, rule=When.ACKNOWLEDGED, objects=("results",))
    study_id = add_done(desk.database, desk.folders)
    desk.expand()
    assert rows(desk) == []
    with desk.database.write() as session:
        details.mark_read(session, study_id, NOW, "user:ana", on=True)
    desk.expand()
    assert said(desk) == [("results", 1, "waiting")]


def test_newer_results_take_the_place_of_what_had_not_gone_out(desk: Desk) -> None:
    """What was sent stays on record; what a person asked for is carried over."""
    share = add_destination(desk.database, objects=("results",))
    other = add_destination(desk.database, "other", rule=None, objects=("seg",))
    study_id = add_done(desk.database, desk.folders)
    desk.deliver(share)
    with desk.database.write() as session:
        destination = directory.destination_named(session, "OTHER")
        outbox.send_by_hand(
            session, desk.folders, study_id, destination, (), now=NOW, actor="user:ana"
        )
    publish_anew(desk.database, desk.folders, study_id)
    desk.expand()
    assert said(desk) == [
        ("results", 1, "sent"), ("seg", 1, "superseded"),
        ("results", 1, "waiting"), ("seg", 1, "waiting"),
    ]  # fmt: skip
    assert rows(desk)[3].cause == "user:ana"
    assert rows(desk)[3].destination_fk == other
    assert rows(desk)[1].reason == {"code": "delivery_superseded", "parameters": {}}
    with desk.database.write() as session, pytest.raises(StateConflictError, match="newer"):
        outbox.resend(session, desk.folders, rows(desk)[1].id, NOW, "user:ana")


def test_by_hand_a_sent_object_goes_again_as_the_same_object(desk: Desk) -> None:
    """The same UIDs, so that an archive recognises it."""
    share = add_destination(desk.database, rule=None, objects=("seg",))
    study_id = add_done(desk.database, desk.folders)
    for _ in range(2):
        with desk.database.write() as session:
            destination = directory.destination_named(session, "share")
            found = outbox.send_by_hand(
                session, desk.folders, study_id, destination, ("seg",), now=NOW, actor="user:ana"
            )
            assert {row.state for row in found} == {DeliveryState.WAITING}
        desk.deliver(share)
    assert said(desk) == [("seg", 1, "sent"), ("seg", 2, "sent")]
    assert desk.peer.taken[:2] == desk.peer.taken[2:]
    with desk.database.read() as session:
        asked = session.scalars(select(Event).where(Event.kind == "delivery")).all()
    assert [one.message for one in asked] == ["to be sent to share: seg"] * 2


def test_a_study_without_results_cannot_be_sent(desk: Desk) -> None:
    """Also one whose folder retention has taken."""
    add_destination(desk.database, rule=None)
    study_id = add_done(desk.database, desk.folders)
    (desk.folders.output / CASE.format(1) / "resultados.json").unlink()
    with desk.database.write() as session:
        share = directory.destination_named(session, "share")
        with pytest.raises(StateConflictError, match="no results"):
            outbox.send_by_hand(
                session, desk.folders, study_id, share, (), now=NOW, actor="user:ana"
            )
    desk.expand()
    assert news(desk) == [], "nobody waits for what cannot come"


def test_cancelled_and_sent_again(desk: Desk) -> None:
    """A person's word, each an event of the study."""
    share = add_destination(desk.database, objects=("results",))
    add_done(desk.database, desk.folders)
    desk.expand()
    key = rows(desk)[0].id
    with desk.database.write() as session:
        assert outbox.cancel(session, key, NOW, "user:ana").state is DeliveryState.CANCELLED
    desk.deliver(share)
    assert desk.peer.keys == []
    with desk.database.write() as session, pytest.raises(StateConflictError, match="cancelled"):
        outbox.cancel(session, key, NOW, "user:ana")
    with desk.database.write() as session:
        outbox.resend(session, desk.folders, key, NOW, "user:ana")
    desk.peer.answer = refuses
    desk.deliver(share)
    assert said(desk) == [("results", 1, "refused")]
    with desk.database.write() as session:
        outbox.resend(session, desk.folders, key, NOW, "user:ana")
    assert said(desk) == [("results", 1, "waiting")]


def test_withdrawn_results_are_owed_to_nobody(desk: Desk) -> None:
    """They name the wrong patient: neither rows nor news remain."""
    add_destination(desk.database, objects=("results",))
    study_id = add_done(desk.database, desk.folders)
    desk.expand()
    publish_anew(desk.database, desk.folders, study_id)
    with desk.database.write() as session:
        study = session.get_one(Study, study_id)
        withdraw_results(session, desk.folders, study, NOW)
    desk.expand()
    assert said(desk) == [("results", 1, "cancelled")]
    assert rows(desk)[0].reason == {"code": "delivery_withdrawn", "parameters": {}}


@pytest.mark.parametrize("has_gone", [True, False])
def test_withdrawn_results_are_not_sent_again(desk: Desk, *, has_gone: bool) -> None:
    """Neither what had gone nor what was called off, whatever a person asks for."""
    share = add_destination(desk.database, objects=("results",))
    study_id = add_done(desk.database, desk.folders)
    if not has_gone:
        desk.peer.answer = later
    desk.deliver(share)
    with desk.database.write() as session:
        withdraw_results(session, desk.folders, session.get_one(Study, study_id), NOW)
    assert said(desk) == [("results", 1, "sent" if has_gone else "cancelled")]
    with desk.database.write() as session, pytest.raises(StateConflictError, match="no results"):
        outbox.resend(session, desk.folders, rows(desk)[0].id, NOW, "user:ana")


def test_that_a_study_failed_can_be_told_again(desk: Desk) -> None:
    """Which needs no results."""
    hook = add_destination(desk.database, "hook", rule=When.FAILED, objects=("event",))
    with desk.database.write() as session:
        study = add_study(session, state=StudyState.QUEUED, revision=1)
        run = Run(
            study_fk=study.id, revision=1, attempt=1, cause="received", workflow_id="run-1",
            queued_at=NOW,
        )  # fmt: skip
        session.add(run)
        session.flush()
        states.end(session, study, run, StudyState.FAILED, NOW)
    desk.deliver(hook)
    with desk.database.write() as session:
        outbox.resend(session, desk.folders, rows(desk)[0].id, NOW, "user:ana")
    desk.deliver(hook)
    assert len(desk.peer.taken) == 2


def test_a_deleted_study_leaves_nothing_to_send(desk: Desk) -> None:
    """Rows, files and news go; an event says that something was to be sent."""
    share = add_destination(desk.database, objects=("seg",))
    study_id = add_done(desk.database, desk.folders)
    desk.peer.answer = lambda _item: None
    desk.deliver(share)
    assert list(desk.folders.outbox.iterdir())
    delete_study(desk.database, desk.folders, study_id, NOW, "user:ana")
    desk.expand()
    assert (rows(desk), news(desk)) == ([], [])
    assert list(desk.folders.outbox.iterdir()) == []
    with desk.database.read() as session:
        messages = session.scalars(select(Event.message)).all()
    assert any("2 objects of study" in message for message in messages)


def test_a_removed_destination_gets_nothing_and_its_record_stays(desk: Desk) -> None:
    """What waited is called off, and its name is free again."""
    share = add_destination(desk.database, objects=("results",))
    add_done(desk.database, desk.folders, 1)
    desk.deliver(share)
    add_done(desk.database, desk.folders, 2)
    desk.expand()
    with desk.database.write() as session:
        row = directory.destination_named(session, "share")
        assert directory.remove_destination(session, row, NOW) == 1
    assert said(desk) == [("results", 1, "sent"), ("results", 1, "cancelled")]
    assert {(row.destination, row.destination_fk) for row in rows(desk)} == {("share", None)}
    add_destination(desk.database, objects=("results",))
    desk.expand()
    assert len(rows(desk)) == 2
