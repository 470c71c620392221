"""Limits hold for whom they were made for, and are the findings' own."""

from __future__ import annotations

import pytest
from hand_made_outputs import output

from heimdallr.analyses.registry import ANALYSES
from heimdallr.analyses.rules.findings import Told
from heimdallr.analyses.rules.references import (
    Reference,
    caveats_for,
    references,
    references_for,
)
from heimdallr.domain.study import Patient

WOMAN = Patient(sex="F", age_years=60.0)


def told(
    patient: Patient,
    phase: str = "native",
    *,
    kvp: float | None = 120.0,
    usual_attenuation: bool = True,
    **values: float,
) -> Told:
    """A case of these measured values."""
    measurements = [
        output("contrast_phase").measured(phase),
        *(output(name).measured(value) for name, value in values.items()),
    ]
    return Told(patient, usual_attenuation, kvp, {one.name: one for one in measurements}, {})


def found(patient: Patient, *, phase: str = "native", kvp: float | None = 120.0) -> set[str]:
    """Measurements with a limit for a patient, of a CT with enough liver and spleen."""
    return set(references_for(told(patient, phase, kvp=kvp, liver_to_spleen_hu_ratio=0.9)))


def of(quantity: str) -> Reference:
    """The only limit of a measurement."""
    (one,) = [one for one in references() if one.quantity == quantity]
    return one


def test_every_limit_is_of_a_measurement_in_its_unit() -> None:
    """And says where it comes from."""
    units = {one.name: one.unit for analysis in ANALYSES.values() for one in analysis.OUTPUTS}
    for one in references():
        assert units[one.quantity] == one.unit
        assert (one.low is None) != (one.high is None)
        assert any(character.isdigit() for character in one.source)


def test_limits_of_a_woman() -> None:
    """By sex; healthy people's first; without height and weight none that depend on them."""
    limits = references_for(told(WOMAN, liver_fat_percent=4.0))
    assert [(one.low, one.source.partition(",")[0]) for one in limits["SMI_cm2_m2"]] == [
        (34.4, "Derstine 2018"),
        (38.5, "Prado 2008"),
        (41.0, "Martin 2013"),
    ]
    assert [one.low for one in limits["muscle_HU_mean"]] == [34.3]
    assert [one.low for one in limits["SMA_cm2"]] == [92.2]
    assert limits["spleen_vol_cm3"] == (of("spleen_vol_cm3"),)
    assert limits["liver_hu_eroded_mean"] == (of("liver_hu_eroded_mean"),)


@pytest.mark.parametrize(("weight", "smi", "attenuation"), [(70.0, 43.0, 41.0), (90.0, 53.0, 33.0)])
def test_limits_by_body_mass_index(weight: float, smi: float, attenuation: float) -> None:
    """Martin's, of a man; with the bounds they hold between."""
    man = Patient(sex="M", age_years=60.0, height_m=1.75, weight_kg=weight)
    limits = references_for(told(man))
    one, other = limits["SMI_cm2_m2"][-1], limits["muscle_HU_mean"][-1]
    assert (one.low, other.low) == (smi, attenuation)
    assert {(one.limit.bmi_from, one.limit.bmi_below)} == {
        (25.0, None) if weight > 80 else (None, 25.0)
    }


def test_limits_of_unenhanced_ct() -> None:
    """With contrast, or at another voltage, attenuation has none of them."""
    liver = {"liver_hu_eroded_mean", "liver_minus_spleen_hu"}
    calcium = {"aortic_calcium_agatston"}
    unenhanced = liver | calcium | {"muscle_HU_mean"}
    assert found(WOMAN) - found(WOMAN, phase="venous") == unenhanced
    for kvp in (80.0, 140.0, None):
        assert found(WOMAN) - found(WOMAN, kvp=kvp) == liver | calcium


def test_virtual_images_have_no_limits_of_attenuation() -> None:
    """As the rules have it: neither those in HU nor those of what is outlined by attenuation."""
    virtual = set(
        references_for(told(WOMAN, usual_attenuation=False, liver_to_spleen_hu_ratio=0.9))
    )
    assert found(WOMAN) - virtual == {
        "SMA_cm2",
        "SMI_cm2_m2",
        "muscle_HU_mean",
        "L1_trabecular_hu_mean",
        "liver_hu_eroded_mean",
        "liver_minus_spleen_hu",
    }
    assert virtual < found(WOMAN)


def test_the_area_has_no_limit_where_the_index_counts() -> None:
    """The rules do not ask it then; of a tall woman the two may differ."""
    assert "SMA_cm2" in references_for(told(WOMAN, SMA_cm2=95.0))
    assert "SMA_cm2" not in references_for(told(WOMAN, SMA_cm2=95.0, SMI_cm2_m2=30.0))


def test_attenuation_of_a_liver_that_is_hardly_seen_has_no_limit() -> None:
    """The fat percentage has none then, nor has the ratio; the spleen's needs the ratio."""
    attenuations = {"liver_hu_eroded_mean", "liver_minus_spleen_hu"}
    for fit, judged in (
        (told(WOMAN), set()),
        (told(WOMAN, liver_fat_percent=20.8), {"liver_hu_eroded_mean"}),
        (told(WOMAN, liver_to_spleen_hu_ratio=0.6), attenuations),
    ):
        assert attenuations & references_for(fit).keys() == judged


@pytest.mark.parametrize(
    ("height_m", "weight_kg", "attenuation"),
    [(1.60, 64.0, 33.0), (1.60, 63.9, 41.0), (1.80, 81.0, 33.0), (1.80, 80.9, 41.0)],
)
def test_a_body_mass_index_of_25_is_not_below_it(
    height_m: float, weight_kg: float, attenuation: float
) -> None:
    """64 kg at 1.60 m, whatever a computer makes of 1.6 squared; 63.9 kg are below."""
    patient = Patient(sex="F", age_years=60.0, height_m=height_m, weight_kg=weight_kg)
    (martin,) = references_for(told(patient, phase="venous"))["muscle_HU_mean"]
    assert martin.low == attenuation


def test_limits_are_for_adults() -> None:
    """None under 18; an unknown age is said; an unknown sex leaves what does not depend on it."""
    assert found(Patient(sex="F", age_years=17.9)) == set()
    assert "SMA_cm2" in found(Patient(sex="F", age_years=18.0))
    assert found(Patient(sex="O", age_years=60.0)) == {
        "midline_shift_mm",
        "evans_index",
        "spleen_vol_cm3",
        "L1_trabecular_hu_mean",
        "vertebral_fractures_suspected",
        "liver_hu_eroded_mean",
        "liver_minus_spleen_hu",
        "liver_vol_per_bsa_ml_m2",
        "liver_pdff_percent",
        "kidney_right_length_mm",
        "kidney_left_length_mm",
        "kidney_length_difference_mm",
        "aortic_calcium_agatston",
        "kidney_stones_right_diameter_mm",
        "kidney_stones_left_diameter_mm",
        "aorta_abdominal_diameter_mm",
        "aorta_ascending_diameter_mm",
        "aorta_infrarenal_diameter_mm",
    }
    assert caveats_for(WOMAN) == ()
    assert caveats_for(Patient(sex="F"))


@pytest.mark.parametrize(
    ("quantity", "value", "flag"),
    [
        ("spleen_vol_cm3", 314.5, "normal"),
        ("spleen_vol_cm3", 314.6, "high"),
        ("spleen_vol_cm3", 20.0, "normal"),
        ("liver_hu_eroded_mean", 40.0, "normal"),
        ("liver_hu_eroded_mean", 39.9, "low"),
        ("liver_hu_eroded_mean", 90.0, "normal"),
    ],
)
def test_a_flag_says_what_the_finding_says(quantity: str, value: float, flag: str) -> None:
    """On the limit is not beyond it."""
    assert of(quantity).flag(value) == flag
