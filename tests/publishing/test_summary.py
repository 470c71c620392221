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
        (320.0, "20240301", "(was 320 in 2024-03: +50.0 a year)"),
        (520.0, "20250301", "(was 520 in 2025-03: −100 a year)"),
        (390.0, "20240301", "(was 390 in 2024-03: no change beyond measurement error)"),
        (320.0, "20260215", "(was 320 in 2026-02)"),
    ],
)
def test_a_finding_beside_what_it_was(earlier: float, date: str, told: str) -> None:
    """A rate where it is more than measurement error and time enough has passed."""
    assert line(earlier, date) == f"Enlarged spleen, 420 cm³ {told}"


BONE = FindingRecord(
    code="low_bone_density",
    severity="note",
    title="Low bone density: 105 HU in L1",
    title_coded=coded(Statement("finding_low_bone_density", {"hu": 105.0, "levels": "L1"})),
    evidence={"L1_trabecular_hu_mean": 105.0, "limit_pickhardt_2013": 110.0},
    reference="Pickhardt 2013",
    structure="vertebrae_L1",
    slice_index=88,
    caveats=[],
)


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ("venous", "native", "(was 135 in 2024-03, contrast phase: venous)"),
        ("venous", None, "(was 135 in 2024-03, contrast phase: venous)"),
        (None, "native", "(was 135 in 2024-03)"),
        (None, None, "(was 135 in 2024-03)"),
        ("native", "native", "(was 135 in 2024-03: −15.0 a year)"),
        ("venous", "venous", "(was 135 in 2024-03: −15.0 a year)"),
    ],
)
def test_contrast_medium_is_no_loss_of_bone(before: str | None, now: str | None, told: str) -> None:
    """Attenuations are a change where both are known to be of one phase."""
    phases = (measurement("contrast_phase", now),) if now else ()
    bone = measurement("L1_trabecular_hu_mean", 105.0, unit="HU")
    made = make_results(measurements=(bone, *phases)).model_copy(update={"findings": [BONE]})
    earlier = EarlierValue(bone.name, 135.0, "HU", "20240301", before)

    (one,) = summary_of(made, "20260301", {bone.name: earlier}).lines

    assert one.said.text == f"Low bone density: 105 HU in L1 {told}"


def test_the_phase_makes_an_attenuation_unchanged_too() -> None:
    """Nor is a liver of 100 HU with contrast what one of 100 HU without is."""
    bone = measurement("L1_trabecular_hu_mean", 105.0, unit="HU")
    phase = measurement("contrast_phase", "native")
    made = make_results(measurements=(bone, phase)).model_copy(update={"findings": [BONE]})
    earlier = EarlierValue(bone.name, 106.0, "HU", "20240301", "venous")

    (one,) = summary_of(made, "20260301", {bone.name: earlier}).lines

    assert one.said.code == "summary_other_phase"
    assert one.said.in_language("pt").endswith("(era 106 em 2024-03, fase de contraste: venosa)")


def finding(code: str, said: Statement, name: str, value: float) -> FindingRecord:
    """A finding of one number."""
    return FindingRecord(
        code=code, severity="significant", title=said.text, title_coded=coded(said),
        evidence={name: value}, reference="", structure=None, slice_index=None, caveats=[],
    )  # fmt: skip


def test_an_index_has_two_decimals_as_everywhere() -> None:
    """With one, a year's change of it is nothing."""
    index = measurement("evans_index", 0.37)
    said = Statement("finding_ventriculomegaly", {"index": 0.37})
    made = make_results(measurements=(index,)).model_copy(
        update={"findings": [finding("ventriculomegaly", said, "evans_index", 0.37)]}
    )
    earlier = EarlierValue("evans_index", 0.301, "", "20250301")

    (one,) = summary_of(made, "20260301", {"evans_index": earlier}).lines

    assert one.said.text == "Wide ventricles: Evans index 0.37 (was 0.30 in 2025-03: +0.07 a year)"
    assert one.said.in_language("pt").endswith("(era 0,30 em 2025-03: +0,07 por ano)")


@pytest.mark.parametrize(
    ("before", "now", "code"),
    [
        ("left", "left", "summary_unchanged"),
        ("neither", "left", "summary_unchanged"),
        ("left", "right", "summary_other_side"),
        ("right", "left", "summary_other_side"),
        (None, "right", "summary_earlier"),
        ("left", None, "summary_earlier"),
    ],
)
def test_a_shift_to_the_other_side_is_a_change(
    before: str | None, now: str | None, code: str
) -> None:
    """7 mm to the left and 6 to the right are 13 mm apart."""
    shift = measurement("midline_shift_mm", 6.0, unit="mm")
    side = measurement("midline_shift_side", now)
    said = Statement("finding_midline_shift", {"shift_mm": 6.0})
    made = make_results(measurements=(shift, side)).model_copy(
        update={"findings": [finding("midline_shift", said, shift.name, 6.0)]}
    )
    earlier = EarlierValue(shift.name, 7.0, "mm", "20260215", side=before)

    (one,) = summary_of(made, "20260301", {shift.name: earlier}).lines

    assert one.said.code == code
    assert one.said.text.startswith("Midline shift of 6 mm (was 7 in 2026-02")


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
