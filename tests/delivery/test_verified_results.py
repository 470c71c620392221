"""What is sent once a person has verified results, and what is not sent before."""

from __future__ import annotations

import pytest
from deliveries import (
    Desk,
    add_destination,
    add_done,
    correct,
    correct_halfway,
    later,
    publish_anew,
    rows,
    settle_correction,
    states,
    verify_study,
)
from sqlalchemy import delete, select
from store_cases import NOW, put_in_state

from heimdallr.clock import utc_now
from heimdallr.delivery import directory, outbox
from heimdallr.delivery.directory import RuleFacts
from heimdallr.delivery.rules import Conditions
from heimdallr.delivery.sending import Answer, Fate
from heimdallr.delivery.withholding import follow_setting
from heimdallr.domain.errors import StateConflictError
from heimdallr.domain.verification import Verified
from heimdallr.publishing.schema import read_results
from heimdallr.store.corrections import CorrectionRow
from heimdallr.store.delivery_tables import DeliveryNews, DeliveryState, When
from heimdallr.store.models import Study, StudyState
from heimdallr.store.reading import details
from heimdallr.store.work import owed, verification

AWAITS = {"code": "delivery_awaits_verification", "parameters": {}}


def news(desk: Desk) -> dict[str, bool]:
    """What the rules have not been asked about, and whether it is held."""
    with desk.database.read() as session:
        found = session.execute(select(DeliveryNews.what, DeliveryNews.held))
        return {what.value: held for what, held in found}


def study_of(desk: Desk, study_id: int) -> Study:
    """A study's row."""
    with desk.database.read() as session:
        return session.get_one(Study, study_id)


def take_back(desk: Desk, study_id: int, *, send_unverified: bool = True) -> None:
    """A person takes a verification back."""
    with desk.database.write() as session:
        study = session.get_one(Study, study_id)
        verification.take_back(
            session, study, "user:ana", utc_now(), send_unverified=send_unverified
        )


def busy(desk: Desk) -> None:
    """Let the peer be busy."""
    desk.peer.answer = later


def free(desk: Desk) -> None:
    """Let the peer take everything, an hour later."""
    desk.peer.answer = lambda _item: Answer(Fate.SENT)
    desk.forward(hours=2)


def test_a_verification_releases_what_waits_for_one(desk: Desk) -> None:
    """As verified results, which another person's word makes others; saying it again does not."""
    share = add_destination(desk.database, rule=When.VERIFIED, objects=("results",))
    study_id = add_done(desk.database, desk.folders)
    desk.deliver(share)
    assert rows(desk) == []
    verify_study(desk.database, desk.folders, study_id)
    desk.deliver(share)
    verify_study(desk.database, desk.folders, study_id)
    desk.deliver(share)
    assert [(row.state, row.verified) for row in rows(desk)] == [(DeliveryState.SENT, True)]
    verify_study(desk.database, desk.folders, study_id, "user:bruno")
    desk.deliver(share)
    assert states(desk) == ["sent", "sent"]
    assert len({row.results_digest for row in rows(desk)}) == 2


def test_who_got_results_at_once_gets_them_verified_only_where_a_rule_says_so(desk: Desk) -> None:
    """The archive keeps the preliminary ones; the record is told both."""
    archive = add_destination(desk.database, "archive", objects=("results",))
    record = add_destination(desk.database, "record", objects=("results",))
    with desk.database.write() as session:
        facts = RuleFacts("signed", "record", When.VERIFIED, Conditions())
        directory.write_rule(session, None, facts, NOW, "test")
    study_id = add_done(desk.database, desk.folders)
    for _ in range(2):
        for one in (archive, record):
            desk.deliver(one)
        verify_study(desk.database, desk.folders, study_id)
    assert [(row.destination, row.verified) for row in rows(desk)] == [
        ("archive", False), ("record", False), ("record", True),
    ]  # fmt: skip
    assert len(desk.peer.taken) == 3


def test_what_waits_while_a_person_verifies_goes_as_verified(desk: Desk) -> None:
    """The results are the same: whoever was to get them still is."""
    share = add_destination(desk.database, objects=("results",))
    study_id = add_done(desk.database, desk.folders)
    busy(desk)
    desk.deliver(share)
    verify_study(desk.database, desk.folders, study_id)
    free(desk)
    desk.deliver(share)
    assert [(row.state.value, row.cause) for row in rows(desk)] == [
        ("superseded", "rule:all to share"), ("sent", "rule:all to share"),
    ]  # fmt: skip
    assert desk.peer.taken == [f"results {rows(desk)[1].results_digest}"]


def test_what_has_gone_in_part_while_a_person_verifies_goes_whole_as_verified(desk: Desk) -> None:
    """The second file of a kind waits, the first is there: neither is forgotten."""
    share = add_destination(desk.database, objects=("seg",))
    study_id = add_done(desk.database, desk.folders)
    answers = iter([Answer(Fate.SENT), later(None)])  # type: ignore[arg-type]
    desk.peer.answer = lambda _item: next(answers)
    desk.deliver(share)
    assert states(desk) == ["sent", "waiting"]
    verify_study(desk.database, desk.folders, study_id)
    free(desk)
    desk.deliver(share)
    assert states(desk) == ["sent", "superseded", "sent", "sent"]
    assert [(row.part, row.verified) for row in rows(desk)[2:]] == [(1, True), (2, True)]


def test_a_verification_taken_back_before_it_went_out_leaves_preliminary_results(
    desk: Desk,
) -> None:
    """Nothing that claims a person's word is sent without it."""
    share = add_destination(desk.database, objects=("results",))
    study_id = add_done(desk.database, desk.folders)
    busy(desk)
    desk.deliver(share)
    verify_study(desk.database, desk.folders, study_id)
    desk.deliver(share)
    take_back(desk, study_id)
    free(desk)
    desk.deliver(share)
    assert [(row.state.value, row.verified) for row in rows(desk)] == [
        ("sent", False), ("superseded", True),
    ]  # fmt: skip
    assert study_of(desk, study_id).verified is Verified.NO


def test_a_corrected_case_goes_nowhere_by_itself(desk: Desk) -> None:
    """Neither what was corrected nor the correction, until a person has verified it."""
    share = add_destination(desk.database, objects=("results",))
    study_id = add_done(desk.database, desk.folders)
    busy(desk)
    desk.deliver(share)  # its file is made
    correct(desk.database, desk.folders, study_id)
    assert [(row.state.value, row.reason) for row in rows(desk)] == [("superseded", AWAITS)]
    free(desk)
    desk.deliver(share)
    assert (desk.peer.taken, news(desk)) == ([], {"results": True})
    with desk.database.read() as session:
        assert owed.owed_studies(session, [study_id]) == frozenset()
    verify_study(desk.database, desk.folders, study_id)
    desk.deliver(share)
    assert states(desk) == ["superseded", "sent"]
    assert (len(desk.peer.taken), news(desk)) == (1, {})


def test_a_correction_that_a_kill_left_halfway_goes_nowhere(desk: Desk) -> None:
    """The folder is corrected, and no row knows it: no rule, no person sends or verifies it."""
    share = add_destination(desk.database, objects=("results",))
    study_id = add_done(desk.database, desk.folders)
    correct_halfway(desk.database, desk.folders, study_id)
    desk.deliver(share)
    assert (desk.expand(), rows(desk), news(desk)) == (0, [], {"results": False})
    with pytest.raises(StateConflictError, match="being replaced"):
        send(desk, study_id)
    with pytest.raises(StateConflictError, match="being applied"):
        verify_study(desk.database, desk.folders, study_id)
    assert study_of(desk, study_id).verified is Verified.NO
    settle_correction(desk.database, desk.folders, study_id)
    desk.deliver(share)
    assert (desk.peer.taken, news(desk)) == ([], {"results": True})
    verify_study(desk.database, desk.folders, study_id)
    desk.deliver(share)
    assert states(desk) == ["sent"]


def test_results_that_the_rows_do_not_know_go_nowhere(desk: Desk) -> None:
    """A database brought back from a backup knows neither the folder's results nor why."""
    share = add_destination(desk.database, objects=("results",))
    study_id = add_done(desk.database, desk.folders)
    correct_halfway(desk.database, desk.folders, study_id)
    with desk.database.write() as session:
        session.execute(delete(CorrectionRow))
    desk.deliver(share)
    assert (desk.peer.taken, news(desk)) == ([], {"results": False})
    with pytest.raises(StateConflictError, match="being applied"):
        verify_study(desk.database, desk.folders, study_id)


def test_what_waits_outlasts_a_correction_that_is_halfway(desk: Desk) -> None:
    """What a person asked for is not taken for old; it is owed again once they verify."""
    share = add_destination(desk.database, rule=None, objects=("results",))
    study_id = add_done(desk.database, desk.folders)
    desk.expand()
    send(desk, study_id)
    correct_halfway(desk.database, desk.folders, study_id)
    for _ in range(3):
        desk.deliver(share)
        desk.forward(hours=2)
    assert (states(desk), desk.peer.taken) == (["waiting"], [])
    settle_correction(desk.database, desk.folders, study_id)
    verify_study(desk.database, desk.folders, study_id)
    desk.deliver(share)
    assert states(desk) == ["superseded", "sent"]


def test_results_known_already_are_known_as_corrected(desk: Desk) -> None:
    """Indexing them again is no news, and says what the folder says all the same."""
    study_id = add_done(desk.database, desk.folders)
    correct_halfway(desk.database, desk.folders, study_id)
    case = desk.folders.output / (study_of(desk, study_id).case_id or "")
    with desk.database.write() as session:
        study = session.get_one(Study, study_id)
        study.results_created_at = read_results(case).provenance.created_at
    settle_correction(desk.database, desk.folders, study_id)
    assert study_of(desk, study_id).corrected


def test_news_of_results_that_a_person_corrects_meanwhile_is_held(desk: Desk) -> None:
    """The rules were not asked yet, and the folder is another one."""
    share = add_destination(desk.database, objects=("results",))
    study_id = add_done(desk.database, desk.folders)
    correct(desk.database, desk.folders, study_id)
    desk.deliver(share)
    assert (rows(desk), news(desk)) == ([], {"results": True})
    verify_study(desk.database, desk.folders, study_id)
    desk.deliver(share)
    assert states(desk) == ["sent"]


def test_what_a_person_asked_for_by_hand_is_held_by_a_correction_and_comes_back(
    desk: Desk,
) -> None:
    """They asked for the results as they were; those to come are theirs to release."""
    share = add_destination(desk.database, rule=None, objects=("results",))
    study_id = add_done(desk.database, desk.folders)
    send(desk, study_id)
    correct(desk.database, desk.folders, study_id)
    assert rows(desk)[0].reason == AWAITS
    for _ in range(2):
        verify_study(desk.database, desk.folders, study_id)
        desk.deliver(share)
    assert [(row.state.value, row.by_hand) for row in rows(desk)] == [
        ("superseded", True), ("sent", True),
    ]  # fmt: skip
    assert rows(desk)[0].reason == {"code": "delivery_superseded", "parameters": {}}


def test_unverified_corrections_can_be_sent_by_hand(desk: Desk) -> None:
    """As what they are: unverified."""
    share = add_destination(desk.database, objects=("results",))
    study_id = add_done(desk.database, desk.folders)
    desk.deliver(share)
    correct(desk.database, desk.folders, study_id)
    send(desk, study_id)
    desk.deliver(share)
    assert [(row.state.value, row.by_hand, row.verified) for row in rows(desk)] == [
        ("sent", False, False), ("sent", True, False),
    ]  # fmt: skip


def test_new_results_make_a_verification_old(desk: Desk) -> None:
    """It stays on record; they go as the networks' own, unverified."""
    share = add_destination(desk.database, objects=("results",))
    study_id = add_done(desk.database, desk.folders)
    verify_study(desk.database, desk.folders, study_id)
    desk.deliver(share)
    publish_anew(desk.database, desk.folders, study_id)
    assert study_of(desk, study_id).verified is Verified.OUTDATED
    desk.deliver(share)
    assert [(row.state.value, row.verified) for row in rows(desk)] == [
        ("sent", True), ("sent", False),
    ]  # fmt: skip


def test_where_nothing_goes_unverified_rules_wait(desk: Desk) -> None:
    """Those of results and of acknowledged ones; what is older is not sent in their place."""
    desk.send_unverified = False
    share = add_destination(desk.database, objects=("results",))
    signed = add_destination(desk.database, "signed", rule=When.ACKNOWLEDGED, objects=("results",))
    study_id = add_done(desk.database, desk.folders)
    with desk.database.write() as session:
        details.mark_read(session, study_id, NOW, "user:ana", on=True)
    assert desk.expand() == 1
    assert desk.expand() == 0, "it is not asked again and again"
    assert (rows(desk), news(desk)) == ([], {"results": True, "acknowledged": True})
    verify_study(desk.database, desk.folders, study_id)
    busy(desk)
    desk.deliver(share)
    publish_anew(desk.database, desk.folders, study_id)
    free(desk)
    desk.deliver(share)
    assert [(row.destination_fk, row.state.value) for row in rows(desk)] == [
        (share, "superseded"), (signed, "superseded"),
    ]  # fmt: skip
    assert (desk.peer.taken, news(desk)) == ([], {"results": True})


def test_the_setting_is_followed_by_what_waits_already(desk: Desk) -> None:
    """Turned off, rules' rows wait for a person; turned on again, they go; corrections do not."""
    share = add_destination(desk.database, objects=("results",))
    plain, corrected = (add_done(desk.database, desk.folders, one) for one in (1, 2))
    desk.expand()
    correct(desk.database, desk.folders, corrected)
    assert follow_setting(desk.database, NOW, send_unverified=False) == 1
    assert states(desk) == ["superseded", "superseded"]
    assert follow_setting(desk.database, NOW, send_unverified=True) == 1
    desk.deliver(share)
    assert [(row.study_fk, row.state.value) for row in rows(desk)] == [
        (plain, "sent"), (corrected, "superseded"),
    ]  # fmt: skip


def test_a_study_being_processed_cannot_be_verified(desk: Desk) -> None:
    """Nobody has seen what comes of it."""
    study_id = add_done(desk.database, desk.folders)
    with desk.database.write() as session:
        put_in_state(session, study_id, StudyState.SEGMENTING)
    with pytest.raises(StateConflictError, match="being processed"):
        verify_study(desk.database, desk.folders, study_id)
    assert study_of(desk, study_id).verified is Verified.NO


def send(desk: Desk, study_id: int) -> None:
    """A person sends a study's results to the share."""
    with desk.database.write() as session:
        share = directory.destination_named(session, "share")
        outbox.send_by_hand(
            session, desk.folders, study_id, share, ("results",), now=NOW, actor="user:ana"
        )
