"""A study in ten seconds: findings with what they were, and what silence means."""

from __future__ import annotations

import pytest
from store_cases import make_results, measurement

from heimdallr.domain.statements import Statement
from heimdallr.publishing.dicom.kinds import EarlierValue
from heimdallr.publishing.schema import FindingRecord, Results, RuleRecord, coded
from heimdallr.publishing.summary import summary_of

SPLEEN = FindingRecord(
    code="splenomegaly",
    severity="significant",
    title="Enlarged spleen, 420 cm³",
    title_coded=coded(Statement("finding_splenomegaly", {"volume_cm3": 420.0})),
    evidence={"spleen_vol_cm3": 420.0, "limit_prassopoulos_1997": 314.5},
    reference="Prassopoulos 1997",
    structure="spleen",
    slice_index=88,
    caveats=[],
)
RULES = [
    RuleRecord(code="splenomegaly", outcome="found"),
    RuleRecord(code="low_muscle_mass", outcome="not_found"),
    RuleRecord(code="liver_steatosis", outcome="not_asked", reason="the liver is truncated"),
]


def results(*findings: FindingRecord) -> Results:
    """A spleen of 420 cm³ with what the rules said."""
    made = make_results(measurements=(measurement("spleen_vol_cm3", 420.0, unit="cm3"),))
    return made.model_copy(update={"findings": list(findings), "rules": RULES})


def line(earlier: float, date: str) -> str:
    """The finding beside an earlier value, in a study of 1 March 2026."""
    before = {"spleen_vol_cm3": EarlierValue("spleen_vol_cm3", earlier, "cm3", date)}
    (told,) = summary_of(results(SPLEEN), "20260301", before).lines
    return told.said.text


def test_a_finding_without_an_earlier_study() -> None:
    """Its title."""
    (told,) = summary_of(results(SPLEEN), "20260301", {}).lines
    assert told.said.text == "Enlarged spleen, 420 cm³"


@pytest.mark.parametrize(
    ("earlier", "date", "told"),
    [
        (320.0, "20240301", "(was 320 in 2024-03: +50 a year)"),
        (520.0, "20250301", "(was 520 in 2025-03: −100.1 a year)"),
        (390.0, "20240301", "(was 390 in 2024-03: no change beyond measurement error)"),
        (320.0, "20260215", "(was 320 in 2026-02)"),
    ],
)
def test_a_finding_beside_what_it_was(earlier: float, date: str, told: str) -> None:
    """A rate where it is more than measurement error and time enough has passed."""
    assert line(earlier, date) == f"Enlarged spleen, 420 cm³ {told}"


def test_silence_is_not_health() -> None:
    """How many rules found nothing, how many could not be asked."""
    assert summary_of(results(SPLEEN), None, {}).silence.text == (
        "rules that found nothing: 1; that could not be asked: 1"
    )
    nothing = summary_of(results(), None, {})
    assert nothing.lines == ()
    assert "does not mean that nothing is wrong" in nothing.silence.text
    old = results().model_copy(update={"rules": []})
    assert summary_of(old, None, {}).silence.code == "rules_not_told"
