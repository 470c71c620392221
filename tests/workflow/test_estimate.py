"""Remaining time: medians of the past, honest about not knowing."""

from __future__ import annotations

import pytest

from heimdallr.store.work.states import STAGES
from heimdallr.workflow.estimate import (
    SHARES,
    remaining_seconds,
    share_of_case,
    share_of_stage,
    typical_seconds,
)

CASE = {"prepare": 2.0, "segment": 60.0, "analyze": 10.0, "publish": 8.0}


def test_too_few_cases_give_no_estimate() -> None:
    """Four whole cases are too few; cases that skipped a stage do not count."""
    assert typical_seconds([CASE] * 4) is None
    assert typical_seconds([CASE] * 4 + [{"publish": 8.0}] * 9) is None
    assert remaining_seconds(None, "segment", 0.2) is None


def test_one_slow_case_does_not_spoil_the_estimate() -> None:
    """Medians by stage."""
    slow = {**CASE, "segment": 4000.0}
    assert typical_seconds([CASE, CASE, CASE, CASE, slow]) == CASE


@pytest.mark.parametrize(
    ("stage", "share", "expected"),
    [
        ("prepare", 0.0, 80.0),
        ("segment", 0.0, 78.0),
        ("segment", 0.5, 48.0),
        ("analyze", 0.0, 18.0),
        ("publish", 0.0, 8.0),
        ("publish", 1.0, 0.0),
    ],
)
def test_what_is_left_is_the_rest_of_the_stage_and_those_after_it(
    stage: str, share: float, expected: float
) -> None:
    """From the very share of the case that a worker reports."""
    progress = share_of_case(stage, share)
    assert share_of_stage(stage, progress) == pytest.approx(share)
    assert remaining_seconds(CASE, stage, progress) == pytest.approx(expected)


def test_a_report_from_the_stage_before_does_not_count_as_progress() -> None:
    """The stage has changed, the last report is older: all of the stage is left."""
    assert remaining_seconds(CASE, "segment", 0.05) == pytest.approx(78.0)
    assert remaining_seconds(CASE, "", 0.0) is None


def test_the_stages_are_those_a_study_goes_through() -> None:
    """In that order; told without the tables of the database."""
    assert list(SHARES) == list(STAGES)
