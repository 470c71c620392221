"""One destination's turn: sent, tried again, given up, asked whether it keeps what it took."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import deliveries
import pytest
from deliveries import (
    CASE,
    Desk,
    FakeReport,
    add_destination,
    add_done,
    correct,
    later,
    publish_anew,
    refuses,
    rows,
    states,
    verify_study,
)
from sqlalchemy import delete, select, update
from store_cases import NOW, make_identity, make_results, write_case

from heimdallr.config import Settings
from heimdallr.delivery import claims, commitment, directory, makers, outbox
from heimdallr.delivery.destinations import DicomNode, FhirServer, Hl7Listener
from heimdallr.delivery.directory import DestinationFacts
from heimdallr.delivery.making import Made, Workshop
from heimdallr.delivery.sending import Answer, Fate
from heimdallr.delivery.tidying import tidy
from heimdallr.domain.errors import StateConflictError
from heimdallr.domain.statements import Statement
from heimdallr.store.delivery_tables import (
    DeliveryNews,
    DeliveryState,
    Destination,
    OutboxRow,
    When,
)
from heimdallr.store.models import Event, Run, Study, StudyState
from heimdallr.store.results import forget_results
from heimdallr.store.upkeep.retention import sweep
from heimdallr.store.upkeep.withdrawal import clear_withdrawn, withdraw_results
from heimdallr.store.work.states import end, lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from heimdallr.delivery.destinations import Peer
    from heimdallr.delivery.making import Order
    from heimdallr.delivery.sending import Item

ARCHIVE = DicomNode(ae_title="ARCHIVE", host="127.0.0.1", commitment=True)


def reason(row: OutboxRow) -> str:
    """The code of a row's reason."""
    return row.reason["code"] if isinstance(row.reason, dict) else ""


def test_a_kind_of_several_files_is_several_rows(desk: Desk) -> None:
    """Each with its own UIDs; files lie in the outbox until everything has arrived."""
    share = add_destination(desk.database, objects=("seg", "results"))
    add_done(desk.database, desk.folders)
    desk.deliver(share)
    found = rows(desk)
    assert [(row.kind, row.part, row.state.value) for row in found] == [
        ("seg", 1, "sent"), ("results", 1, "sent"), ("seg", 2, "sent"),
    ]  # fmt: skip
    assert len({row.sop_instance_uid for row in found if row.kind == "seg"}) == 2
    assert all("Silva" not in row.file for row in found)
    assert len(list(desk.folders.outbox.rglob("*.dcm"))) == 2
    assert tidy(desk.database, desk.folders) == 1
    assert list(desk.folders.outbox.iterdir()) == []
    assert {row.file for row in rows(desk)} == {""}


def test_a_peer_that_is_busy_is_asked_later_and_later_and_in_the_end_no_more(desk: Desk) -> None:
    """A minute, doubling to an hour; after three days it is given up, and a person is told."""
    share = add_destination(desk.database, objects=("results",))
    add_done(desk.database, desk.folders)
    desk.peer.answer = later
    waits = []
    for _ in range(8):
        desk.deliver(share)
        due = rows(desk)[0].next_try_at
        assert due is not None
        waits.append((due - desk.time).total_seconds())
        desk.time = due - timedelta(seconds=1)
        desk.deliver(share)
        desk.time = due
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert len(desk.peer.keys) == len(waits), "not before it is due"
    _try_in_vain(desk, share)
    assert timedelta(days=3) <= desk.time - NOW < timedelta(days=3, hours=1)
    assert states(desk) == ["given_up"]
    assert reason(rows(desk)[0]) == "delivery_not_tried", "the last word of the peer stays"
    with desk.database.read() as session:
        event = session.scalars(select(Event).where(Event.kind == "not_delivered")).one()
    assert event.message == "not delivered to share: results was given up"


def _try_in_vain(desk: Desk, destination_id: int) -> None:
    """Try whenever it is due, until nothing is."""
    while any(row.state is DeliveryState.WAITING for row in rows(desk)):
        desk.time = max(desk.time, min(row.next_try_at or desk.time for row in rows(desk)))
        desk.deliver(destination_id)


def test_days_on_which_nothing_could_be_tried_do_not_count(desk: Desk) -> None:
    """The destination was switched off, then the deliverer stood still over a long weekend."""
    share = add_destination(desk.database, objects=("results",), enabled=False)
    add_done(desk.database, desk.folders)
    desk.deliver(share)
    desk.forward(days=4)
    with desk.database.write() as session:
        session.get_one(Destination, share).enabled = True
    desk.peer.answer = later
    desk.deliver(share)
    assert states(desk) == ["waiting"]
    desk.forward(days=4)
    desk.deliver(share)
    assert states(desk) == ["waiting"]
    began = desk.time
    _try_in_vain(desk, share)
    assert desk.time - began > timedelta(days=2, hours=23)
    assert states(desk) == ["given_up"]


def test_a_peer_may_ask_to_be_left_alone_for_longer(desk: Desk) -> None:
    """As long as it says, but not for ever: an hour is the longest there is."""
    share = add_destination(desk.database, objects=("results",))
    add_done(desk.database, desk.folders)
    for asked_s, waits_s in ((600, 600), (5, 120), (86400, 3600)):
        busy = Answer(Fate.LATER, Statement("delivery_not_tried"), not_before_s=asked_s)
        desk.peer.answer = lambda _item, busy=busy: busy  # type: ignore[misc]
        desk.deliver(share)
        due = rows(desk)[0].next_try_at
        assert due is not None
        assert (due - desk.time).total_seconds() == waits_s
        desk.time = due


def test_a_kind_of_which_the_case_has_nothing_is_called_off(desk: Desk) -> None:
    """A head has no slice of L3: nothing is refused, and nobody has to mend anything."""
    archive = add_destination(desk.database, peer=ARCHIVE, objects=("sr_planar", "seg"))
    add_done(desk.database, desk.folders)
    desk.deliver(archive)
    outlines, *others = rows(desk)
    assert (outlines.state.value, reason(outlines)) == ("cancelled", "delivery_nothing_to_make")
    assert {one.state.value for one in others} == {"sent"}
    with desk.database.read() as session:
        assert session.scalars(select(Event).where(Event.kind == "not_delivered")).all() == []


def test_newer_results_know_what_the_destination_has_of_the_ones_before(desk: Desk) -> None:
    """Their makers are told, so that they replace it; a first result replaces nothing."""
    archive = add_destination(desk.database, objects=("seg", "results"))
    study = add_done(desk.database, desk.folders)
    desk.deliver(archive)
    publish_anew(desk.database, desk.folders, study)
    desk.deliver(archive)
    first, second = ({row.kind: row for row in rows(desk) if row.revision == n} for n in (1, 2))
    assert told_of(first["seg"]) == []
    before = [row for row in rows(desk) if row.kind == "seg" and row.revision == 1]
    assert told_of(second["seg"]) == [row.sop_instance_uid for row in before]
    assert told_of(second["results"]) == []


def unsure(fate: Fate) -> Answer:
    """An answer that leaves open whether it arrived."""
    return replace(Answer(fate, Statement("delivery_not_tried")), may_have_arrived=True)


@pytest.fixture
def orders(monkeypatch: pytest.MonkeyPatch) -> list[Order]:
    """What was ordered of results, and messages of them, whose names are what they say."""
    heard: list[Order] = []

    def make(order: Order) -> Sequence[Made]:
        heard.append(order)
        (made,) = deliveries.make_one(order)
        return [replace(made, said=(order.results_digest,))]

    for kind in ("results", "hl7", "fhir"):
        monkeypatch.setitem(deliveries.MAKERS, kind, make)
    return heard


def correct_and_verify(desk: Desk, study: int, destination: int) -> None:
    """Newer results that a person has verified go out, to a peer that takes everything."""
    desk.peer.answer = lambda _item: Answer(Fate.SENT)
    correct(desk.database, desk.folders, study)
    verify_study(desk.database, desk.folders, study)
    desk.forward(hours=2)
    desk.deliver(destination)
    assert states(desk)[-1] == "sent"


@pytest.mark.parametrize(
    ("answer", "is_told"),
    [
        (unsure(Fate.LATER), True),
        (unsure(Fate.REFUSED), True),
        (later(None), False),  # type: ignore[arg-type]
        (refuses(None), False),  # type: ignore[arg-type]
    ],
    ids=["unanswered", "refused in part", "not reached", "refused"],
)
def test_newer_results_take_back_what_may_have_arrived(
    desk: Desk, orders: list[Order], answer: Answer, *, is_told: bool
) -> None:
    """What a person had verified is corrected; what surely did not come is not spoken of."""
    share = add_destination(desk.database, objects=("results",))
    study = add_done(desk.database, desk.folders)
    verify_study(desk.database, desk.folders, study)
    desk.peer.answer = lambda _item: answer
    desk.deliver(share)
    (before,) = rows(desk)
    assert before.sent_at is None
    correct_and_verify(desk, study, share)
    told = (before.results_digest,) if is_told else ()
    assert (orders[-1].said, orders[-1].verified_before) == (told, told)
    assert len(desk.peer.taken) == 1


def test_what_may_have_arrived_once_is_not_forgotten_when_it_is_sent_again(
    desk: Desk, orders: list[Order]
) -> None:
    """By hand, to a peer that cannot be reached then."""
    share = add_destination(desk.database, objects=("results",))
    study = add_done(desk.database, desk.folders)
    desk.peer.answer = lambda _item: unsure(Fate.REFUSED)
    desk.deliver(share)
    desk.peer.answer = later
    with desk.database.write() as session:
        outbox.resend(session, desk.folders, rows(desk)[0].id, desk.time, "user:anna")
    desk.deliver(share)
    assert states(desk) == ["waiting"]
    correct_and_verify(desk, study, share)
    assert orders[-1].said == (rows(desk)[0].results_digest,)


@pytest.mark.parametrize("is_made", [True, False])
def test_newer_results_take_back_what_a_killed_deliverer_may_have_sent(
    desk: Desk, orders: list[Order], *, is_made: bool
) -> None:
    """Killed with it in its hands; where nothing was made yet, nothing can have left."""
    share = add_destination(desk.database, objects=("results",))
    study = add_done(desk.database, desk.folders)
    desk.expand()
    with desk.database.write() as session:
        taken = claims.claim(session, share, "dead#1", desk.patience, desk.time)
    if is_made:
        workshop = Workshop(desk.database, desk.folders, deliveries.MAKERS)  # type: ignore[arg-type]
        workshop.furnish(taken, "dead#1", desk.time)
    with desk.database.write() as session:
        claims.take_back(session, "dead#1", desk.patience, desk.time)
    desk.peer.answer = later
    desk.deliver(share)
    correct_and_verify(desk, study, share)
    assert orders[-1].said == ((rows(desk)[0].results_digest,) if is_made else ())


@pytest.mark.parametrize("may_have_arrived", [True, False])
def test_a_report_replaces_what_was_sent_last_and_what_may_have_come_since(
    desk: Desk, *, may_have_arrived: bool
) -> None:
    """The last is there for sure, what came after it perhaps."""
    archive = add_destination(desk.database, objects=("seg",))
    study = add_done(desk.database, desk.folders)
    answer = Answer(Fate.LATER, None, may_have_arrived=may_have_arrived)
    for one in (Answer(Fate.SENT), answer, Answer(Fate.SENT)):
        desk.peer.answer = lambda _item, one=one: one  # type: ignore[misc]
        desk.deliver(archive)
        publish_anew(desk.database, desk.folders, study)
        desk.forward(hours=2)
    first, second, third = ([row for row in rows(desk) if row.revision == n] for n in (1, 2, 3))
    expected = [*first, *(second if may_have_arrived else ())]
    assert told_of(third[0]) == [row.sop_instance_uid for row in expected]


@pytest.mark.parametrize(
    ("kind", "peer", "is_told"),
    [
        ("hl7", Hl7Listener(host="10.1.2.3"), False),
        ("fhir", FhirServer(url="https://record.example/fhir"), True),
    ],
)
def test_a_record_is_told_nothing_of_what_another_patients_was(
    desk: Desk, orders: list[Order], kind: str, peer: Peer, *, is_told: bool
) -> None:
    """A message files by the patient: theirs never had what it would delete or correct.

    FHIR's resources are the study's, and go over with it.
    """
    there = add_destination(desk.database, "there", peer=peer, objects=(kind,))
    study_id = add_done(desk.database, desk.folders)
    verify_study(desk.database, desk.folders, study_id)
    desk.deliver(there)
    (before,) = rows(desk)
    desk.forward(hours=1)
    with desk.database.write() as session:
        study = lock(session, study_id)
        withdraw_results(session, desk.folders, study, desk.time)
        case_id = str(study.case_id)
        identity = make_identity(case_id=case_id, uid=study.study_instance_uid)
    write_case(desk.folders.output, make_results(case_id=case_id), identity)
    desk.forward(hours=1)
    for _ in range(2):
        publish_anew(desk.database, desk.folders, study_id)
        verify_study(desk.database, desk.folders, study_id)
        desk.deliver(there)
        desk.forward(hours=1)
    _, second, third = rows(desk)
    old = (before.results_digest,) if is_told else ()
    told = [(one.said, one.verified_before) for one in orders[1:]]
    new = (*old, second.results_digest)
    assert told == [(old, old), (new, new)]
    assert third.state is DeliveryState.SENT


@pytest.mark.parametrize(
    ("answer", "is_named"),
    [
        (Answer(Fate.SENT), True),
        (unsure(Fate.LATER), True),
        (later(None), False),  # type: ignore[arg-type]
    ],
    ids=["sent", "unanswered", "not reached"],
)
def test_an_event_names_who_has_results_of_the_wrong_patient(
    desk: Desk, answer: Answer, *, is_named: bool
) -> None:
    """Also once retention has removed them here; each of them once, and no webhook's event."""
    kinds = (("share", "results"), ("archive", "seg"), ("hook", "event"))
    destinations = [add_destination(desk.database, name, objects=(kind,)) for name, kind in kinds]
    study_id = add_done(desk.database, desk.folders)
    desk.peer.answer = lambda _item: answer
    for one in destinations:
        desk.deliver(one)
    for _ in range(2):
        desk.forward(hours=1)
        with desk.database.write() as session:
            study = lock(session, study_id)
            forget_results(session, study)
            withdraw_results(session, desk.folders, study, desk.time)
    with desk.database.read() as session:
        told = session.scalars(select(Event.message).where(Event.kind == "withdrawn")).all()
    assert [message.partition("; ")[2] for message in told] == (
        ["they were sent to archive, share, where somebody has to take them back"]
        if is_named
        else []
    )


def told_of(row: OutboxRow) -> list[str]:
    """What the makers of the tests were told of earlier results: they note it as what is said."""
    assert isinstance(row.said, list)
    return row.said


def test_a_refusal_ends_at_once(desk: Desk) -> None:
    """Trying again would not help."""
    share = add_destination(desk.database, objects=("results",))
    add_done(desk.database, desk.folders)
    desk.peer.answer = refuses
    desk.deliver(share)
    desk.forward(days=1)
    desk.deliver(share)
    assert (states(desk), len(desk.peer.keys)) == (["refused"], 1)


def test_what_was_refused_goes_as_the_destination_is_now(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person mends the destination and sends again: not what was refused before."""

    def make(order: Order) -> Sequence[Made]:
        path = order.folder / "results.json"
        path.write_text(order.language)
        return [Made(path, "application/json")]

    monkeypatch.setitem(deliveries.MAKERS, "results", make)
    share = add_destination(desk.database, objects=("results", "event"))
    add_done(desk.database, desk.folders)
    desk.peer.answer = lambda item: (refuses if item.path.name == "results.json" else later)(item)
    desk.deliver(share)  # the event still waits, so nothing is tidied
    tidy(desk.database, desk.folders)
    with desk.database.write() as session:
        row = directory.destination_named(session, "share")
        facts = DestinationFacts("share", directory.peer_of(row), "pt", ("results", "event"))
        directory.change_destination(session, row, facts, None, NOW, "test")
        (refused,) = (one for one in rows(desk) if one.state is DeliveryState.REFUSED)
        outbox.resend(session, desk.folders, refused.id, desk.time, "admin")
    desk.peer.answer = lambda _item: Answer(Fate.SENT)
    desk.deliver(share)
    assert "pt" in desk.peer.taken
    assert "en" not in desk.peer.taken


def test_a_clock_that_was_set_back_does_not_make_anybody_wait(desk: Desk) -> None:
    """A wait longer than any there is, is none."""
    share = add_destination(desk.database, objects=("results",))
    add_done(desk.database, desk.folders)
    desk.peer.answer = later
    desk.forward(days=400)
    desk.deliver(share)
    desk.time = NOW
    desk.peer.answer = lambda _item: Answer(Fate.SENT)
    desk.deliver(share)
    assert states(desk) == ["sent"]


def test_critical_findings_go_first(desk: Desk) -> None:
    """Whenever they came."""
    share = add_destination(desk.database, objects=("results",))
    numbers = [add_done(desk.database, desk.folders, one, critical=one == 3) for one in (1, 2, 3)]
    desk.deliver(share)
    order = {row.id: row.study_fk for row in rows(desk)}
    assert [order[key] for key in desk.peer.keys] == [numbers[2], numbers[0], numbers[1]]


def test_one_connection_at_a_time_whoever_has_it(desk: Desk) -> None:
    """While a row is in somebody's hands, nobody takes another one for the same destination."""
    share = add_destination(desk.database, objects=("results",))
    other = add_destination(desk.database, "other", objects=("results",))
    add_done(desk.database, desk.folders)
    desk.expand()
    taken: list[list[int]] = []

    def meanwhile(_item: Item) -> Answer:
        add_done(desk.database, desk.folders, 2)
        desk.expand()
        with desk.database.write() as session:
            for target in (share, other):
                found = claims.claim(session, target, "rival#1", desk.patience, desk.time)
                taken.append([row.id for row in found])
        desk.peer.answer = lambda _item: Answer(Fate.SENT)
        return Answer(Fate.SENT)

    desk.peer.answer = meanwhile
    desk.errand(share).run()
    assert taken[0] == []
    assert len(taken[1]) == 2


def test_what_a_dead_deliverer_had_in_its_hands_is_sent_as_the_same_objects(desk: Desk) -> None:
    """Its own late word is not heard."""
    share = add_destination(desk.database, objects=("seg",))
    add_done(desk.database, desk.folders)
    dead = desk.errand(share, "dead#1")
    desk.expand()
    with desk.database.write() as session:
        claims.claim(session, share, dead.signature, desk.patience, desk.time)
    assert states(desk) == ["sending"]
    with desk.database.write() as session:
        assert claims.holders(session) == {"dead#1"}
        assert claims.take_back(session, "dead#1", desk.patience, desk.time) == 1
    key = rows(desk)[0].id
    dead._record(key, Answer(Fate.REFUSED))
    assert states(desk) == ["waiting"]
    desk.peer.answer = lambda _item: Answer(Fate.SENT)
    desk.errand(share).run()
    assert states(desk) == ["sent", "sent"]


def test_what_kills_every_deliverer_gives_way_to_the_others(desk: Desk) -> None:
    """After a few losses it waits, longer each time."""
    share = add_destination(desk.database, objects=("results",))
    add_done(desk.database, desk.folders)
    desk.expand()
    waits = []
    for _ in range(7):
        with desk.database.write() as session:
            claims.claim(session, share, "dead#1", desk.patience, desk.time)
        with desk.database.write() as session:
            claims.take_back(session, "dead#1", desk.patience, desk.time)
        due = rows(desk)[0].next_try_at
        waits.append(due and (due - desk.time).total_seconds())
        desk.time = due or desk.time
    assert waits == [None, None, None, None, 60, 120, 240]


def test_a_deliverer_that_stops_gives_back_what_it_has_not_tried(desk: Desk) -> None:
    """After the object that is being sent, at once."""
    share = add_destination(desk.database, objects=("seg", "results"))
    add_done(desk.database, desk.folders)

    def stop(_item: Item) -> Answer:
        desk.stopping.set()
        return Answer(Fate.SENT)

    desk.peer.answer = stop
    desk.deliver(share)
    assert sorted(states(desk)) == ["sent", "waiting", "waiting"]
    assert {row.next_try_at for row in rows(desk)} == {None}
    desk.stopping.clear()
    desk.peer.answer = lambda _item: Answer(Fate.SENT)
    desk.errand(share).run()
    assert states(desk) == ["sent"] * 3


def test_a_connection_that_ends_early_costs_what_was_not_tried_nothing(desk: Desk) -> None:
    """The one that was answered is written down; the others wait for the next connection."""
    share = add_destination(desk.database, objects=("seg", "results"))
    add_done(desk.database, desk.folders)
    answers = iter([later(None), None])  # type: ignore[arg-type]
    desk.peer.answer = lambda _item: next(answers)
    desk.deliver(share)
    attempts = sorted((row.attempts, row.next_try_at) for row in rows(desk))
    minute = NOW + timedelta(minutes=1)
    assert attempts == [(0, minute), (0, minute), (1, minute)]


def test_a_sender_that_breaks_costs_one_try(desk: Desk) -> None:
    """And the log says so."""
    share = add_destination(desk.database, objects=("results",))
    add_done(desk.database, desk.folders)

    def broken(_item: Item) -> Answer:
        msg = "SILVA^MARIA"
        raise RuntimeError(msg)

    desk.peer.answer = broken
    desk.deliver(share)
    assert states(desk) == ["waiting"]
    assert rows(desk)[0].attempts == 1


def test_called_off_while_it_is_being_sent(desk: Desk) -> None:
    """What arrives has arrived; what does not is not tried again."""
    share = add_destination(desk.database, objects=("seg",))
    study_id = add_done(desk.database, desk.folders)
    answers = iter([Answer(Fate.SENT), later(None)])  # type: ignore[arg-type]

    def newer(_item: Item) -> Answer:
        publish_anew(desk.database, desk.folders, study_id)
        desk.expand()
        desk.stopping.set()
        return next(answers)

    desk.peer.answer = newer
    desk.deliver(share)
    assert [(row.part, row.state.value) for row in rows(desk)] == [
        (1, "sent"), (2, "superseded"), (1, "waiting"),
    ]  # fmt: skip
    desk.stopping.clear()
    desk.deliver(share)
    assert [(row.part, row.state.value) for row in rows(desk)[2:]] == [
        (1, "superseded"), (2, "superseded"), (1, "waiting"),
    ]  # fmt: skip


@pytest.mark.parametrize("answer", [later, refuses])
def test_what_a_person_called_off_while_it_was_sent_is_called_off(
    desk: Desk, answer: Callable[[Item], Answer]
) -> None:
    """Nobody has to mend anything, and a verification that comes in between owes nothing anew."""
    share = add_destination(desk.database, objects=("results",))
    study_id = add_done(desk.database, desk.folders)

    def cancelled(item: Item) -> Answer:
        with desk.database.write() as session:
            outbox.cancel(session, int(item.key), desk.time, "user:ana")
        verify_study(desk.database, desk.folders, study_id)
        desk.expand()
        return answer(item)

    desk.peer.answer = cancelled
    desk.deliver(share)
    assert [(row.state.value, reason(row)) for row in rows(desk)] == [
        ("cancelled", "delivery_cancelled")
    ]


@pytest.mark.parametrize("withdrawn", [True, False])
def test_what_is_called_off_while_others_are_sent_does_not_go(
    desk: Desk, *, withdrawn: bool
) -> None:
    """It is in the deliverer's hands, and its turn has not come."""
    share = add_destination(desk.database, objects=("seg", "results"))
    study_id = add_done(desk.database, desk.folders)
    urgent = add_done(desk.database, desk.folders, 2, critical=True)

    def call_off(_item: Item) -> Answer:
        if len(desk.peer.keys) == 3:  # the last of the urgent ones
            with desk.database.write() as session:
                if withdrawn:
                    withdraw_results(session, desk.folders, lock(session, study_id), desk.time)
                for row in rows(desk):
                    if not withdrawn and row.study_fk == study_id:
                        outbox.cancel(session, row.id, desk.time, "user:ana")
        return Answer(Fate.SENT)

    desk.peer.answer = call_off
    desk.deliver(share)
    assert {(row.study_fk, row.state.value) for row in rows(desk)} == {
        (urgent, "sent"), (study_id, "cancelled"),
    }  # fmt: skip
    assert len(desk.peer.keys) == 3


def test_a_case_that_changes_under_our_hands_is_not_sent_as_the_old_one(desk: Desk) -> None:
    """The rows mean results that are not there any more."""
    share = add_destination(desk.database, objects=("results",))
    study_id = add_done(desk.database, desk.folders)
    desk.expand()
    publish_anew(desk.database, desk.folders, study_id)
    desk.errand(share).run()
    assert [(row.state.value, reason(row)) for row in rows(desk)] == [
        ("waiting", "delivery_case_changed")
    ]
    assert desk.peer.keys == []
    desk.deliver(share)
    assert states(desk) == ["superseded", "sent"]


def test_what_was_refused_of_older_results_is_not_sent_in_place_of_newer_ones(desk: Desk) -> None:
    """Sending it again says so; what slips through waits for nothing that will never come."""
    share = add_destination(desk.database, objects=("results",))
    study = add_done(desk.database, desk.folders)
    desk.peer.answer = refuses
    desk.deliver(share)
    assert tidy(desk.database, desk.folders) == 1
    publish_anew(desk.database, desk.folders, study)
    old = rows(desk)[0].id
    with desk.database.write() as session:
        outbox.resend(
            session, desk.folders, old, desk.time, "user:anna"
        )  # the news is not told yet
    desk.errand(share).run()
    assert reason(rows(desk)[0]) == "delivery_case_changed", "the news may supersede it"
    with desk.database.write() as session:
        session.execute(delete(DeliveryNews))
    desk.forward(minutes=2)
    desk.errand(share).run()
    assert states(desk) == ["superseded"]
    publish_anew(desk.database, desk.folders, study)
    desk.deliver(share)
    publish_anew(desk.database, desk.folders, study)
    desk.deliver(share)
    assert states(desk) == ["superseded", "refused", "refused"]
    with desk.database.write() as session, pytest.raises(StateConflictError, match="newer"):
        outbox.resend(session, desk.folders, rows(desk)[1].id, desk.time, "user:anna")


def told_to_the_hook(desk: Desk) -> list[tuple[str, str]]:
    """What a webhook heard: what happened, and the study's state."""
    bodies = [json.loads(one) for one in desk.peer.taken]
    return [(one["event"], one["state"]) for one in bodies]


def test_an_old_event_sent_again_does_not_call_a_measured_study_failed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person has corrected it meanwhile: it is superseded, as everything else."""
    monkeypatch.setitem(deliveries.MAKERS, "event", makers.event)
    hook = add_destination(desk.database, objects=("event",))
    study = add_done(desk.database, desk.folders)
    desk.deliver(hook)
    assert tidy(desk.database, desk.folders) == 1
    correct(desk.database, desk.folders, study)
    with desk.database.write() as session:
        outbox.resend(session, desk.folders, rows(desk)[0].id, desk.time, "user:anna")
    for _ in range(2):
        desk.deliver(hook)
        desk.forward(minutes=2)
    assert (told_to_the_hook(desk), states(desk)) == ([("case.completed", "done")], ["superseded"])


def test_a_failure_is_told_beside_earlier_results(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They stay in the folder when a study is measured anew in vain; also told once more."""
    monkeypatch.setitem(deliveries.MAKERS, "event", makers.event)
    hook = add_destination(desk.database, rule=When.FAILED, objects=("event",))
    study_id = add_done(desk.database, desk.folders)
    desk.expand()
    with desk.database.write() as session:
        run = Run(
            study_fk=study_id, revision=2, attempt=1, cause="reprocessed", workflow_id="run-2",
            queued_at=NOW,
        )  # fmt: skip
        session.add(run)
        study = session.get_one(Study, study_id)
        study.state, study.revision = StudyState.QUEUED, 2
        session.flush()
        end(session, study, run, StudyState.FAILED, NOW)
    desk.deliver(hook)
    tidy(desk.database, desk.folders)
    with desk.database.write() as session:
        outbox.resend(session, desk.folders, rows(desk)[0].id, desk.time, "user:anna")
    desk.deliver(hook)
    assert told_to_the_hook(desk) == [("case.failed", "failed")] * 2


def test_a_case_that_is_gone_and_a_kind_nobody_makes(desk: Desk) -> None:
    """Refused, with the reason; the others go."""
    share = add_destination(desk.database, objects=("fhir", "results"))
    add_done(desk.database, desk.folders)
    desk.deliver(share)
    assert [(row.state.value, reason(row)) for row in rows(desk)] == [
        ("refused", "delivery_no_maker"), ("sent", ""),
    ]  # fmt: skip
    add_done(desk.database, desk.folders, 2)
    desk.expand()
    (desk.folders.output / CASE.format(2) / "resultados.json").unlink()
    desk.errand(share).run()
    assert {reason(row) for row in rows(desk)[2:]} == {"delivery_no_maker", "delivery_case_gone"}


def test_results_whose_disk_is_not_mounted_wait_for_it(desk: Desk) -> None:
    """Refused for good they would have to be sent by hand, one by one."""
    share = add_destination(desk.database, objects=("results",))
    add_done(desk.database, desk.folders)
    desk.expand()
    disk = desk.folders.root / "disk"
    desk.folders.output.rename(disk)
    desk.folders.output.mkdir()
    desk.errand(share).run()
    assert [(row.state.value, reason(row)) for row in rows(desk)] == [
        ("waiting", "delivery_case_away")
    ]
    desk.folders.output.rmdir()
    disk.rename(desk.folders.output)
    desk.forward(hours=1)
    desk.deliver(share)
    assert states(desk) == ["sent"]


def test_a_destination_that_is_switched_off_waits(desk: Desk) -> None:
    """Nothing is lost meanwhile."""
    share = add_destination(desk.database, objects=("results",), enabled=False)
    add_done(desk.database, desk.folders)
    desk.deliver(share)
    with desk.database.write() as session:
        assert claims.due_destinations(session, desk.patience, desk.time) == []
        session.get_one(Destination, share).enabled = True
    with desk.database.read() as session:
        assert claims.due_destinations(session, desk.patience, desk.time) == [share]
    desk.deliver(share)
    assert states(desk) == ["sent"]


def _report(desk: Desk, **said: object) -> None:
    desk.reports.come[desk.peer.commitments[-1]] = FakeReport(**said)  # type: ignore[arg-type]
    commitment.hear(desk.database, desk.reports, desk.patience, desk.time)


def test_only_what_an_archive_says_it_keeps_is_committed(desk: Desk) -> None:
    """Sent is not stored; what it does not keep is sent again."""
    archive = add_destination(desk.database, peer=ARCHIVE, objects=("seg",))
    add_done(desk.database, desk.folders)
    desk.deliver(archive)
    assert states(desk) == ["sent", "sent"]
    assert desk.reports.expected == desk.peer.commitments
    assert tidy(desk.database, desk.folders) == 0, "the files are still needed"
    first, second = (row.sop_instance_uid for row in rows(desk))
    _report(desk, kept=(first,), lost=((second, 0x0112),))
    assert states(desk) == ["committed", "waiting"]
    assert rows(desk)[1].reason == {
        "code": "commitment_failed", "parameters": {"status": "0112"},
    }  # fmt: skip
    desk.forward(minutes=1)
    desk.deliver(archive)
    _report(desk, kept=(second,))
    assert states(desk) == ["committed", "committed"]
    assert len(set(desk.peer.commitments)) == 2
    assert tidy(desk.database, desk.folders) == 1


@pytest.mark.parametrize("withdrawn", [False, True])
def test_what_an_archive_denies_at_once_is_sent_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, *, withdrawn: bool
) -> None:
    """On the association it was asked on; nothing comes to our listener then."""
    archive = add_destination(desk.database, peer=ARCHIVE, objects=("seg",))
    study_id = add_done(desk.database, desk.folders)

    def denies(items: Sequence[Item], _uid: str) -> Iterator[tuple[str, Answer]]:
        if withdrawn:
            with desk.database.write() as session:
                withdraw_results(session, desk.folders, lock(session, study_id), desk.time)
        for item in items:
            yield item.key, Answer(Fate.LATER, Statement("commitment_denied", {"status": "0x0112"}))

    monkeypatch.setattr(desk.peer, "request_commitment", denies)
    desk.deliver(archive)
    assert states(desk) == (["sent", "sent"] if withdrawn else ["waiting", "waiting"])
    desk.forward(minutes=1)
    desk.deliver(archive)
    assert len(desk.peer.taken) == (2 if withdrawn else 4)


def test_what_an_archive_does_not_keep_of_withdrawn_results_does_not_go_again(desk: Desk) -> None:
    """They name the wrong patient; somebody may have rejected them there for that very reason."""
    archive = add_destination(desk.database, peer=ARCHIVE, objects=("seg",))
    study_id, other = (add_done(desk.database, desk.folders, one) for one in (1, 2))
    desk.deliver(archive)
    assert len(desk.peer.taken) == 4
    with desk.database.write() as session:
        withdraw_results(session, desk.folders, lock(session, study_id), desk.time)
    clear_withdrawn(desk.folders, study_id)
    assert [path.name.split("-")[1] for path in desk.folders.outbox.iterdir()] == [str(other)]
    _report(desk, lost=tuple((row.sop_instance_uid, 0x0112) for row in rows(desk)))
    found = {(row.study_fk, row.state.value) for row in rows(desk)}
    assert found == {(study_id, "sent"), (other, "waiting")}
    desk.forward(hours=2)
    desk.deliver(archive)
    assert len(desk.peer.taken) == 6


def test_nothing_waits_for_a_destination_that_was_removed(desk: Desk) -> None:
    """Its archive may say afterwards that it does not keep something: there is nowhere to send."""
    archive = add_destination(desk.database, peer=ARCHIVE, objects=("seg",))
    add_done(desk.database, desk.folders)
    desk.deliver(archive)
    other = add_destination(desk.database, "other", peer=ARCHIVE, objects=("seg",))
    with desk.database.write() as session:
        session.execute(update(OutboxRow).where(OutboxRow.part == 2).values(destination_fk=other))
        directory.remove_destination(session, session.get_one(Destination, archive), desk.time)
    _report(desk, lost=tuple((row.sop_instance_uid, 0x0112) for row in rows(desk)))
    assert states(desk) == ["sent", "waiting"]


def test_an_archive_that_does_not_answer_is_asked_a_few_times(desk: Desk) -> None:
    """Then the object stays sent, with the reason; a late report of an older question is void."""
    archive = add_destination(desk.database, peer=ARCHIVE, objects=("seg",))
    add_done(desk.database, desk.folders)
    desk.deliver(archive)
    for _ in range(5):
        desk.forward(hours=1)
        desk.errand(archive).run()
    assert len(desk.peer.commitments) == commitment.MOST_ASKED
    assert states(desk) == ["sent", "sent"]
    assert {reason(row) for row in rows(desk)} == {"commitment_unanswered"}
    with desk.database.read() as session:
        assert claims.due_destinations(session, desk.patience, desk.time) == []


def test_a_deliverer_that_died_before_it_could_ask_is_made_up_for_soon(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not after the hour that an archive may take to answer; and it does not count as asking."""
    archive = add_destination(desk.database, peer=ARCHIVE, objects=("seg",))
    add_done(desk.database, desk.folders)
    desk.expand()
    dead = desk.errand(archive)
    with monkeypatch.context() as patch:
        patch.setattr(desk.peer, "request_commitment", lambda _items, _uid: _killed())
        with pytest.raises(SystemExit):
            dead.run()
    desk.forward(minutes=4)
    desk.errand(archive).run()
    assert desk.peer.commitments == [], "it may be asking still"
    desk.forward(minutes=1)
    desk.errand(archive).run()
    assert len(desk.peer.commitments) == 1
    assert {row.commitment_tries for row in rows(desk)} == {1}


def _killed() -> Iterator[tuple[str, Answer]]:
    """The end of a process, in the middle."""
    raise SystemExit
    yield


def test_an_archive_that_is_asked_no_more_owes_no_answer(desk: Desk) -> None:
    """Somebody has switched it off meanwhile."""
    archive = add_destination(desk.database, peer=ARCHIVE, objects=("seg",))
    add_done(desk.database, desk.folders)
    desk.deliver(archive)
    with desk.database.write() as session:
        row = session.get_one(Destination, archive)
        row.peer = {**dict(row.peer), "commitment": False}
    desk.forward(hours=1)
    desk.errand(archive).run()
    assert len(desk.peer.commitments) == 1
    assert states(desk) == ["sent", "sent"]
    assert tidy(desk.database, desk.folders) == 1


def test_retention_leaves_a_study_alone_until_its_results_have_arrived(desk: Desk) -> None:
    """Given up counts as the end; waiting for ever would fill the disk."""
    share = add_destination(desk.database, objects=("results",))
    study_id = add_done(desk.database, desk.folders)
    settings = Settings(data_dir=desk.folders.root, keep_results_days=1, keep_masks_days=1)
    desk.peer.answer = later
    desk.deliver(share)
    later_on = NOW + timedelta(days=2)
    assert sweep(settings, desk.database, later_on, believe_clock=True).removals == ()
    desk.peer.answer = lambda _item: Answer(Fate.SENT)
    desk.forward(days=1)
    desk.deliver(share)
    gone = sweep(settings, desk.database, later_on, believe_clock=True).removals
    assert {one.study_id for one in gone} == {study_id}


def test_state_words_fit_what_senders_say() -> None:
    """A fate that is final is a state."""
    assert {DeliveryState(one.value) for one in Fate if one is not Fate.LATER}
    assert Statement("delivery_not_tried").text != "delivery not tried"
