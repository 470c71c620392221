"""Rules from measurements to findings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import pytest
from analysis_bodies import ADULT, head, trunk
from hand_made_outputs import output

from heimdallr.analyses.declared_outputs import unassessable
from heimdallr.analyses.registry import run_all
from heimdallr.analyses.rules.findings import (
    AGE_CAVEAT,
    BUNDLED_CAVEAT,
    RULES,
    Finding,
    Severity,
    find,
)
from heimdallr.analyses.rules.muscle_cutoffs import cutoffs_for
from heimdallr.domain.study import Patient, Series, Spectral

if TYPE_CHECKING:
    from heimdallr.domain.measurement import Measurement, Scalar

CASE = trunk((6.0, 6.0, 6.0)).case()


def findings(
    values: dict[str, float | str],
    patient: Patient = ADULT,
    series: Series | None = None,
    **parameters: Scalar,
) -> dict[str, Finding]:
    """Findings by code for hand-written measurements."""
    case = replace(CASE, patient=patient, series=series or CASE.series)
    measurements = [
        replace(output(name).measured(value), parameters=parameters)
        for name, value in values.items()
    ]
    return {one.code: one for one in find(case, measurements)}


def test_a_bleed_is_critical() -> None:
    """A real run over a head: critical, with its slice and volume."""
    case = head((4.0, 4.0, 4.0), bleeds=[((30, 0, 0), (15, 15, 15))]).case()
    found = {one.code: one for one in find(case, run_all(case))}["intracerebral_haemorrhage"]
    assert found.severity is Severity.CRITICAL
    assert found.slice_index == case.image.shape[2] // 2
    assert found.evidence["hemorrhage_side"] == "right"
    assert "large" not in found.title


def test_a_large_bleed_says_so() -> None:
    """30 cm3 and more is named, with the score it comes from."""
    found = findings({"hemorrhage_alert": "alert"}, segmented_cm3=31.0)
    assert "large" in found["intracerebral_haemorrhage"].title
    assert "Hemphill" in found["intracerebral_haemorrhage"].reference


def test_no_alert_no_finding() -> None:
    """Below the threshold, and without a measurement, the rule is silent."""
    assert not findings({"hemorrhage_alert": "below threshold"}, segmented_cm3=0.05)
    assert not findings({})


@pytest.mark.parametrize(
    ("sex", "smi", "severity"),
    [
        ("M", 45.3, Severity.SIGNIFICANT),
        ("M", 50.0, Severity.NOTE),
        ("M", 54.0, None),
        ("F", 34.3, Severity.SIGNIFICANT),
        ("F", 40.0, Severity.NOTE),
        ("F", 41.0, None),
    ],
)
def test_low_muscle_mass(sex: Literal["M", "F"], smi: float, severity: Severity | None) -> None:
    """Below healthy donors: significant; below patients' cut-offs only: a note."""
    patient = replace(ADULT, sex=sex)  # BMI 26.1: Martin's 53 for men
    found = findings({"SMI_cm2_m2": smi, "SMA_cm2": 150.0, "slice_L3": 40}, patient)
    if severity is None:
        assert "low_muscle_mass" not in found
    else:
        assert found["low_muscle_mass"].severity is severity
        assert found["low_muscle_mass"].slice_index == 40


def test_the_area_decides_without_a_height() -> None:
    """No index: Derstine's area, 144.3 cm2 for men."""
    assert "low_muscle_mass" in findings({"SMA_cm2": 144.2})
    assert "low_muscle_mass" not in findings({"SMA_cm2": 144.3})


@pytest.mark.parametrize(
    "patient", [replace(ADULT, age_years=17.9), replace(ADULT, sex=None), replace(ADULT, sex="O")]
)
def test_adult_and_sex_specific_limits_need_an_adult_and_a_sex(patient: Patient) -> None:
    """Neither children nor unknown sexes get a muscle finding."""
    assert "low_muscle_mass" not in findings({"SMI_cm2_m2": 20.0, "SMA_cm2": 60.0}, patient)


def test_an_unknown_age_is_a_caveat() -> None:
    """Adult limits are applied, and the finding says on what footing."""
    found = findings({"spleen_vol_cm3": 400.0}, replace(ADULT, age_years=None))
    assert found["splenomegaly"].caveats == (AGE_CAVEAT,)


def test_low_attenuation_by_donors_needs_native_ct() -> None:
    """Derstine's attenuation was measured without contrast; Martin's (33 HU, BMI 26) was not."""
    values: dict[str, float | str] = {"muscle_HU_mean": 36.0}
    assert "low_muscle_attenuation" in findings(values | {"contrast_phase": "native"})
    assert "low_muscle_attenuation" not in findings(values | {"contrast_phase": "venous"})
    assert "low_muscle_attenuation" in findings({"muscle_HU_mean": 32.0})


@pytest.mark.parametrize(("volume_cm3", "enlarged"), [(314.5, False), (314.6, True)])
def test_splenomegaly(volume_cm3: float, *, enlarged: bool) -> None:
    """Above the largest normal spleen of Prassopoulos 1997."""
    assert ("splenomegaly" in findings({"spleen_vol_cm3": volume_cm3})) is enlarged


def test_no_splenomegaly_in_children() -> None:
    """An adult limit is no limit at 12."""
    assert not findings({"spleen_vol_cm3": 400.0}, replace(ADULT, age_years=12.0))


@pytest.mark.parametrize(
    ("liver", "spleen", "phase", "kvp", "expected"),
    [
        (39.9, 48.0, "native", 120.0, True),
        (45.0, 56.0, "native", 120.0, True),
        (45.0, 54.0, "native", 120.0, False),
        (39.9, 48.0, "venous", 120.0, False),
        (39.9, 48.0, "native", 80.0, False),
        (39.9, 48.0, "native", None, False),
    ],
)
def test_steatosis_needs_native_ct_at_the_usual_voltage(
    liver: float, spleen: float, phase: str, kvp: float | None, *, expected: bool
) -> None:
    """Below 40 HU or 10 HU below the spleen; unenhanced and 110 to 130 kVp only."""
    found = findings(
        {
            "liver_hu_eroded_mean": liver,
            "spleen_hu_eroded_mean": spleen,
            "contrast_phase": phase,
        },
        series=replace(CASE.series, kvp=kvp),
    )
    assert ("liver_steatosis" in found) is expected


def test_limits_in_hounsfield_units_do_not_hold_for_virtual_images() -> None:
    """A fatty liver and poor muscle at 40 keV are judged by nobody's limits."""
    values: dict[str, float | str] = {
        "liver_hu_eroded_mean": 30.0, "contrast_phase": "native", "muscle_HU_mean": 10.0,
        "SMA_cm2": 60.0,
    }  # fmt: skip
    usual = replace(CASE.series, kvp=120.0)
    virtual = replace(usual, spectral=Spectral.MONOENERGETIC, energy_kev=40.0)
    named = {"liver_steatosis", "low_muscle_attenuation", "low_muscle_mass"}
    assert named <= set(findings(values, series=usual))
    assert not named & set(findings(values, series=virtual))


def cut_liver() -> list[Measurement]:
    """A truncated liver on a covered abdomen."""
    return [
        output("body_region_abdomen").measured("covered"),
        output("liver_vol_cm3", "cm3").absent(
            unassessable("truncated", edges=("superior",), count=1, percent=42.0)
        ),
        output("spleen_vol_cm3", "cm3").absent(unassessable("not_segmented", structure="spleen")),
    ]


@pytest.mark.parametrize(
    ("series", "noted"),
    [
        (Series("1", "CT"), True),
        (Series("1", "CT", body_part="ABDOMEN"), True),
        (Series("1", "CT", description="Fígado trifásico"), True),
        (Series("1", "CT", body_part="CHEST"), False),
        (Series("1", "CT", protocol="Renal colic"), False),
    ],
)
def test_the_organ_asked_for_is_cut(series: Series, *, noted: bool) -> None:
    """A cut liver matters when the study was about the liver or the abdomen, or says nothing."""
    found = find(replace(CASE, series=series), cut_liver())
    assert bool(found) is noted
    if noted:
        assert found[0].code == "truncated_coverage"
        assert found[0].evidence == {"liver_vol_cm3": "superior"}


def test_bundled_weights_are_a_caveat_of_every_finding() -> None:
    """Results of the bundled weights are not for clinical use, and each finding says so."""
    body = trunk((6.0, 6.0, 6.0))
    body.paint(body.box((-66, -6, 90), (66, 66, 126)), 50, "spleen")
    case = body.case(origin="bundled")
    found = find(case, run_all(case))
    assert {one.code for one in found} >= {"splenomegaly"}
    assert all(BUNDLED_CAVEAT in one.caveats for one in found)


def test_a_transitional_vertebra_is_a_note() -> None:
    """With what was counted; levels unknown for another reason are none."""
    six = output("vertebral_levels").absent(unassessable("transitional_vertebra", count=6))
    (found,) = find(CASE, [six])
    assert found.severity is Severity.NOTE
    assert found.evidence == {"vertebrae_between_ribs_and_sacrum": 6}
    assert "6 vertebrae" in found.title
    unknown = output("vertebral_levels").absent(unassessable("no_level_anchor"))
    assert find(CASE, [unknown]) == ()


def test_rules_are_named_after_their_codes() -> None:
    """The documentation lists rules by the code of their finding."""
    case = replace(CASE, series=replace(CASE.series, kvp=120.0))
    everything = [
        output("hemorrhage_alert").measured("alert", segmented_cm3=1.0),
        output("SMA_cm2").measured(50.0),
        output("muscle_HU_mean").measured(10.0),
        output("spleen_vol_cm3").measured(500.0),
        output("liver_hu_eroded_mean").measured(20.0),
        output("contrast_phase").measured("native"),
        output("vertebral_levels").absent(unassessable("transitional_vertebra", count=6)),
        *(one for one in cut_liver() if one.name != "spleen_vol_cm3"),
    ]
    assert [one.code for one in find(case, everything)] == [rule.__name__ for rule in RULES]


def test_cutoffs_follow_sex_and_body_mass_index() -> None:
    """Martin's limit for men depends on the BMI and is left out when it is not known."""
    slim, heavy = replace(ADULT, weight_kg=70.0), replace(ADULT, weight_kg=90.0)
    limits = [
        {cutoff.limit for cutoff in cutoffs_for(patient) if cutoff.quantity == "SMI_cm2_m2"}
        for patient in (slim, heavy, replace(ADULT, weight_kg=None))
    ]
    assert limits == [{45.4, 52.4, 43.0}, {45.4, 52.4, 53.0}, {45.4, 52.4}]
    assert cutoffs_for(Patient()) == ()
