"""What retention decides: by age, for space, and never what is protected."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from store_cases import NOW

from heimdallr.config import Settings
from heimdallr.store.models import StudyState
from heimdallr.store.upkeep.retention_plan import IDLE_STATES, Kept, Part, Policy, plan, policy_of

FOR_EVER: dict[Part, timedelta | None] = dict.fromkeys(Part)
ALL_PARTS = {Part.ORIGINALS: 500, Part.VOLUME: 100, Part.MASKS: 50, Part.RESULTS: 5}
OLD = Kept(1, "A", StudyState.DONE, NOW - timedelta(days=100), sizes=ALL_PARTS)
YOUNG = Kept(2, "B", StudyState.DONE, NOW - timedelta(days=1), sizes=ALL_PARTS)


def decided(
    studies: list[Kept],
    policy: Policy,
    missing: dict[Part, int] | None = None,
    *,
    most: int | None = None,
    same_disk: bool = True,
) -> list[tuple[int, str, str]]:
    """Study, part, reason."""
    found = plan(studies, policy, missing or {}, NOW, most=most, same_disk=same_disk)
    return [(one.study_id, one.part.value, one.reason) for one in found.removals]


def short(amount: int) -> dict[Part, int]:
    """So many bytes are missing everywhere."""
    return dict.fromkeys((Part.ORIGINALS, Part.VOLUME, Part.MASKS), amount)


def test_a_limit_counts_studies_and_holds_for_age_only() -> None:
    """All parts of the oldest; what lacks space is taken from the others all the same."""
    policy = Policy({**FOR_EVER, Part.VOLUME: timedelta(30), Part.MASKS: timedelta(30)})
    older = replace(OLD, study_id=3, since=OLD.since - timedelta(days=1))
    by_age = [(3, "volume", "age"), (3, "masks", "age")]
    assert decided([OLD, older], policy, most=1) == by_age
    assert decided([OLD, older], policy, short(600), most=1) == [*by_age, (3, "originals", "space")]
    assert plan([OLD, older], policy, {}, NOW, most=1).more
    assert not plan([OLD, older], policy, {}, NOW, most=2).more
    assert (policy.most(1000), replace(policy, share=0.01).most(1000)) == (1000, 10)
    assert replace(policy, share=0.01).most(20) == 1


def test_each_part_has_its_own_period() -> None:
    """A part goes when its own period is over, to the second."""
    policy = Policy({**FOR_EVER, Part.ORIGINALS: timedelta(days=30), Part.MASKS: timedelta(99)})
    assert decided([YOUNG, OLD], policy) == [(1, "originals", "age"), (1, "masks", "age")]
    exactly = replace(OLD, since=NOW - timedelta(days=30))
    assert decided([exactly], policy) == []
    assert decided([replace(exactly, since=exactly.since - timedelta(seconds=1))], policy) == [
        (1, "originals", "age")
    ]


def test_without_a_policy_nothing_goes() -> None:
    """The default keeps everything for ever."""
    policy = policy_of(Settings())
    assert policy.removes_nothing
    assert decided([OLD, YOUNG], policy) == []


def test_space_takes_the_oldest_until_there_is_enough() -> None:
    """Originals first, then volume and masks of the same study, then the next study."""
    policy = Policy(FOR_EVER, keep_free=1)
    assert decided([YOUNG, OLD], policy, short(1)) == [(1, "originals", "space")]
    assert decided([YOUNG, OLD], policy, short(500)) == [(1, "originals", "space")]
    assert decided([YOUNG, OLD], policy, short(501)) == [
        (1, "originals", "space"),
        (1, "volume", "space"),
    ]
    assert decided([YOUNG, OLD], policy, short(10_000)) == [
        (number, part, "space") for number in (1, 2) for part in ("originals", "volume", "masks")
    ], "results never go for space"


def test_rows_follow_files_that_are_gone() -> None:
    """A part without a byte goes by its rules too, and is no gain."""
    taken = replace(OLD, sizes={**ALL_PARTS, Part.ORIGINALS: 0})
    policy = Policy({**FOR_EVER, Part.ORIGINALS: timedelta(days=30)})
    assert decided([taken], policy) == [(1, "originals", "age")]
    policy = Policy(FOR_EVER, keep_free=1)
    assert decided([taken], policy, short(0)) == []
    assert decided([taken], policy, short(1)) == [(1, "originals", "space"), (1, "volume", "space")]


def test_what_goes_by_age_counts_for_space() -> None:
    """Nothing more goes when the periods that are over free enough."""
    policy = Policy({**FOR_EVER, Part.ORIGINALS: timedelta(days=30)}, keep_free=1)
    assert decided([YOUNG, OLD], policy, short(400)) == [(1, "originals", "age")]


def test_only_what_is_on_the_short_disk_helps() -> None:
    """Originals on a disk of their own are no use to the one of the results."""
    policy = Policy(FOR_EVER, keep_free=1)
    missing = {Part.ORIGINALS: 0, Part.VOLUME: 120, Part.MASKS: 120}
    assert decided([OLD, YOUNG], policy, missing, same_disk=False) == [
        (1, "volume", "space"),
        (1, "masks", "space"),
    ]


def test_protected_studies_are_left_alone() -> None:
    """Whatever their age, and however full the disk is."""
    policy = Policy(dict.fromkeys(Part, timedelta(days=1)), keep_free=1)
    busy = [replace(OLD, state=state) for state in StudyState if state not in IDLE_STATES]
    assert {study.state for study in busy} >= {
        StudyState.RECEIVING,
        StudyState.QUEUED,
        StudyState.SEGMENTING,
        StudyState.SENDING,
        StudyState.DELETING,
    }
    marked = [replace(OLD, flagged=True), replace(OLD, critical_unseen=True)]
    assert decided([*busy, *marked], policy, short(10**9)) == []


def test_what_is_gone_is_not_removed_again() -> None:
    """Only parts that are still there are planned."""
    policy = Policy(dict.fromkeys(Part, timedelta(days=1)), keep_free=1)
    left = replace(OLD, sizes={Part.RESULTS: 5})
    assert decided([left], policy, short(100)) == [(1, "results", "age")]
