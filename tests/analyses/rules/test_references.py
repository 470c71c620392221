"""Limits hold for whom they were made for, and are the findings' own."""

from __future__ import annotations

import pytest

from heimdallr.analyses.registry import ANALYSES
from heimdallr.analyses.rules.muscle_cutoffs import DERSTINE, MARTIN, PRADO
from heimdallr.analyses.rules.references import (
    LIVER,
    REFERENCES,
    SPLEEN,
    Reference,
    caveats_for,
    references_for,
)
from heimdallr.domain.study import Patient

WOMAN = Patient(sex="F", age_years=60.0)


def found(patient: Patient, *, native: bool = True, kvp: float | None = 120.0) -> set[str]:
    """Measurements with a limit for a patient."""
    return set(references_for(patient, native=native, kvp=kvp))


def test_every_limit_is_of_a_measurement_in_its_unit() -> None:
    """And says where it comes from."""
    units = {one.name: one.unit for analysis in ANALYSES.values() for one in analysis.OUTPUTS}
    for one in REFERENCES:
        assert units[one.quantity] == one.unit
        assert (one.low is None) != (one.high is None)
        assert any(character.isdigit() for character in one.source)


def test_limits_of_a_woman() -> None:
    """By sex; healthy people's first; without height and weight none that depend on them."""
    limits = references_for(WOMAN, native=True, kvp=120.0)
    assert [(one.low, one.source) for one in limits["SMI_cm2_m2"]] == [
        (34.4, DERSTINE),
        (38.5, PRADO),
        (41.0, MARTIN),
    ]
    assert [one.low for one in limits["muscle_HU_mean"]] == [34.3]
    assert [one.low for one in limits["SMA_cm2"]] == [92.2]
    assert limits["spleen_vol_cm3"] == (SPLEEN,)
    assert limits["liver_hu_eroded_mean"] == (LIVER,)


@pytest.mark.parametrize(("weight", "smi", "attenuation"), [(70.0, 43.0, 41.0), (90.0, 53.0, 33.0)])
def test_limits_by_body_mass_index(weight: float, smi: float, attenuation: float) -> None:
    """Martin's, of a man; with the bounds they hold between."""
    man = Patient(sex="M", age_years=60.0, height_m=1.75, weight_kg=weight)
    limits = references_for(man, native=True, kvp=120.0)
    one, other = limits["SMI_cm2_m2"][-1], limits["muscle_HU_mean"][-1]
    assert (one.low, other.low) == (smi, attenuation)
    assert {(one.bmi_from, one.bmi_below)} == {(25.0, None) if weight > 80 else (None, 25.0)}


def test_limits_of_unenhanced_ct() -> None:
    """With contrast, or at another voltage, attenuation has none of them."""
    unenhanced = {"liver_hu_eroded_mean", "muscle_HU_mean"}
    assert found(WOMAN) - found(WOMAN, native=False) == unenhanced
    for kvp in (80.0, 140.0, None):
        assert found(WOMAN) - found(WOMAN, kvp=kvp) == {"liver_hu_eroded_mean"}


def test_limits_are_for_adults() -> None:
    """None under 18; an unknown age is said; an unknown sex leaves what does not depend on it."""
    assert found(Patient(sex="F", age_years=17.9)) == set()
    assert "SMA_cm2" in found(Patient(sex="F", age_years=18.0))
    assert found(Patient(sex="O", age_years=60.0)) == {"spleen_vol_cm3", "liver_hu_eroded_mean"}
    assert caveats_for(WOMAN) == ()
    assert caveats_for(Patient(sex="F"))


@pytest.mark.parametrize(
    ("one", "value", "flag"),
    [
        (SPLEEN, 314.5, "normal"),
        (SPLEEN, 314.6, "high"),
        (SPLEEN, 20.0, "normal"),
        (LIVER, 40.0, "normal"),
        (LIVER, 39.9, "low"),
        (LIVER, 90.0, "normal"),
    ],
)
def test_a_flag_says_what_the_finding_says(one: Reference, value: float, flag: str) -> None:
    """On the limit is not beyond it."""
    assert one.flag(value) == flag
