"""When a study is complete: told as what happens, on clocks that the test moves."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from received_images import START, FakeClock

from heimdallr.intake.completion_rule import CompletionRule, Verdict, has_no_gap

if TYPE_CHECKING:
    from collections.abc import Iterable

IDLE = 30.0
NOTHING = Verdict()
DONE = Verdict(complete=(1,))
ASK = Verdict(if_gapless=(1,))


class Receiving:
    """A rule, its clock, and one open study as the database has it."""

    def __init__(self, *, early: bool = True) -> None:
        self.clock = FakeClock()
        self.rule = CompletionRule(IDLE, early=early, clock=self.clock)
        self.last = START

    def image(self, batch: str = "a", sender: str = "CT1@10.0.0.7") -> None:
        """An image arrives and is recorded."""
        self.rule.opened(batch, sender)
        self.last = self.clock.now()
        self.rule.saw(1, batch, self.last)

    def look(self) -> Verdict:
        """What the rule says now."""
        return self.rule.look({1: self.last})

    def after(self, seconds: float) -> Verdict:
        """What the rule says after so many seconds without anything."""
        self.clock.pass_s(seconds)
        return self.look()


@pytest.fixture
def receiving() -> Receiving:
    """An image has arrived, its association is open."""
    one = Receiving()
    one.image()
    return one


def test_silence_completes_a_study(receiving: Receiving) -> None:
    """Idle time counts from the last image, whether or not the association is still open."""
    assert receiving.after(IDLE - 1) == NOTHING
    receiving.image()
    assert receiving.after(IDLE - 1) == NOTHING
    assert receiving.after(1) == DONE


def test_a_release_lets_a_study_start_sooner(receiving: Receiving) -> None:
    """A moment after the last association ended, if the numbering has no gap."""
    receiving.rule.ended("a", released=True)
    assert receiving.rule.is_settling
    assert receiving.look() == NOTHING
    assert receiving.after(2) == ASK
    assert receiving.after(1) == NOTHING  # it was asked, and nothing has changed
    assert not receiving.rule.is_settling
    assert receiving.after(IDLE + 1e-6) == DONE


def test_an_early_start_can_be_switched_off() -> None:
    """Then only silence counts."""
    receiving = Receiving(early=False)
    receiving.image()
    receiving.rule.ended("a", released=True)
    assert receiving.after(IDLE - 1) == NOTHING
    assert receiving.after(1) == DONE


def test_an_aborted_association_is_no_release(receiving: Receiving) -> None:
    """What broke off may go on: the study waits."""
    receiving.rule.ended("a", released=False)
    assert receiving.after(IDLE - 1) == NOTHING
    assert receiving.after(1) == DONE


def test_every_sender_must_have_ended(receiving: Receiving) -> None:
    """One of two associations being released says nothing."""
    receiving.image("b", "CT1@10.0.0.7")
    receiving.rule.ended("a", released=True)
    assert receiving.after(3) == NOTHING
    receiving.rule.ended("b", released=True)
    assert receiving.after(1) == NOTHING
    assert receiving.after(1) == ASK


def test_a_sender_with_another_association_open_is_not_finished(receiving: Receiving) -> None:
    """Although nothing of this study has come over it yet."""
    receiving.rule.opened("b", "CT1@10.0.0.7")
    receiving.rule.opened("c", "MR2@10.0.0.8")  # somebody else
    receiving.rule.ended("a", released=True)
    assert receiving.after(10) == NOTHING
    receiving.rule.ended("b", released=True)
    assert receiving.after(2) == ASK


def test_one_association_for_every_image(receiving: Receiving) -> None:
    """Many senders do so; the study must not be complete between two of them."""
    for number in range(20):
        receiving.rule.ended("a" if number == 0 else f"n{number - 1}", released=True)
        assert receiving.after(1.5) == NOTHING
        receiving.image(f"n{number}")
    receiving.rule.ended("n19", released=True)
    assert receiving.after(2) == ASK


def test_an_upload_is_complete_when_it_is_recorded(receiving: Receiving) -> None:
    """Nothing more belongs to it."""
    receiving.rule.ended("a", released=True, whole=True)
    assert receiving.look() == DONE


def test_a_restart_goes_on_counting() -> None:
    """A study that was quiet for 20 s before the restart needs 10 s more, and no early start."""
    receiving = Receiving()
    receiving.rule.resume({1: START - timedelta(seconds=20)})
    receiving.last = START - timedelta(seconds=20)
    assert receiving.after(9) == NOTHING
    receiving.image()
    receiving.rule.ended("a", released=True)
    assert receiving.after(5) == NOTHING  # what came before the restart nobody has seen
    assert receiving.after(IDLE + 1e-6) == DONE


def test_a_clock_set_forward_completes_nothing(receiving: Receiving) -> None:
    """A year passes on the wall in a second: images that come now are still new."""
    receiving.look()
    receiving.clock.set_by_s(365 * 86400)
    assert receiving.after(1) == NOTHING
    assert receiving.after(IDLE + 1e-6) == DONE


def test_a_clock_set_back_stalls_nothing(receiving: Receiving) -> None:
    """An hour back, the last image lies in the future; the study is complete in time."""
    receiving.look()
    receiving.clock.set_by_s(-3600)
    assert receiving.after(IDLE - 1) == NOTHING
    assert receiving.after(1) == DONE


def test_a_restart_with_the_clock_set_back_waits_the_idle_time_once() -> None:
    """An image from the future is as good as one from now."""
    receiving = Receiving()
    receiving.last = START + timedelta(days=3)
    receiving.rule.resume({1: receiving.last})
    assert receiving.after(IDLE - 1) == NOTHING
    assert receiving.after(1) == DONE


def test_images_that_another_process_recorded_count(receiving: Receiving) -> None:
    """They show in the database only."""
    receiving.look()
    receiving.clock.pass_s(20)
    receiving.last = receiving.clock.now()
    assert receiving.after(IDLE - 1) == NOTHING
    assert receiving.after(1) == DONE


def test_a_study_that_is_no_longer_open_is_forgotten(receiving: Receiving) -> None:
    """Somebody started it by hand; a late image opens it anew."""
    assert receiving.rule.look({}) == NOTHING
    receiving.clock.pass_s(5)
    receiving.image("b")
    assert receiving.after(IDLE - 1) == NOTHING
    assert receiving.after(1) == DONE


@pytest.mark.parametrize(
    ("series", "answer"),
    [
        ([[1, 2, 3]], True),
        ([[0, 1, 2], [1]], True),
        ([[1, 1, 2, 2]], True),
        ([], True),
        ([[1, 3]], False),
        ([[2, 3]], False),
        ([[1, 2], [1, None]], False),
        ([[-1, 0, 1]], False),
        ([[]], False),
    ],
)
def test_gaps_in_the_numbering(series: Iterable[Iterable[int | None]], *, answer: bool) -> None:
    """Every series is numbered from 0 or 1 on; nothing else tells that all of it is there."""
    assert has_no_gap(series) is answer


@given(st.sets(st.integers(1, 200), min_size=1), st.integers(0, 1))
def test_any_missing_number_is_a_gap(taken: set[int], first: int) -> None:
    """Taking images out of a full series leaves no gap only when they were the last ones."""
    numbers = [number for number in range(first, 202) if number not in taken]
    complete = numbers == list(range(first, first + len(numbers))) and bool(numbers)
    assert has_no_gap([numbers]) is complete


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("image"), st.sampled_from("ab")),
        st.tuples(st.just("release"), st.sampled_from("ab")),
        st.tuples(st.just("abort"), st.sampled_from("ab")),
        st.tuples(st.just("pass"), st.floats(0, 20)),
        st.tuples(st.just("set"), st.floats(-1e8, 1e8)),
        st.tuples(st.just("look"), st.just(0)),
    ),
    max_size=40,
)


@example([("look", 0), ("pass", 1.0), ("image", "a"), ("set", -1.0)])
@given(STEPS)
def test_whatever_happens_a_study_is_complete_once_it_is_quiet_and_not_before(
    steps: list[tuple[str, str | float]],
) -> None:
    """Clocks jump, associations end or not: silence alone decides, within its idle time."""
    receiving = Receiving(early=False)
    receiving.image()
    quiet_since = receiving.clock.monotonic()
    for step, what in steps:
        if step == "image":
            receiving.image(str(what))
            quiet_since = receiving.clock.monotonic()
        elif step in {"release", "abort"}:
            receiving.rule.ended(str(what), released=step == "release")
        elif step == "pass":
            receiving.clock.pass_s(float(what))
        elif step == "set":
            receiving.clock.set_by_s(float(what))
        elif receiving.look() == DONE:
            assert receiving.clock.monotonic() - quiet_since >= IDLE
    assert receiving.after(IDLE + 1e-6) == DONE


@given(STEPS)
def test_an_early_start_never_cuts_into_an_open_association(
    steps: list[tuple[str, str | float]],
) -> None:
    """Before the idle time is over, a candidate's senders have all released, a while ago."""
    receiving = Receiving()
    receiving.image()
    is_open, aborted, quiet_since = {"a"}, False, receiving.clock.monotonic()
    for step, what in steps:
        if step == "image":
            receiving.image(str(what))
            is_open.add(str(what))
            quiet_since = receiving.clock.monotonic()
        elif step in {"release", "abort"} and what in is_open:
            receiving.rule.ended(str(what), released=step == "release")
            is_open.discard(str(what))
            aborted = aborted or step == "abort"
        elif step == "pass":
            receiving.clock.pass_s(float(what))
        elif step == "set":
            receiving.clock.set_by_s(float(what))
        elif step == "look" and receiving.look() == ASK:
            assert not is_open
            assert not aborted
            assert receiving.clock.monotonic() - quiet_since >= 2
