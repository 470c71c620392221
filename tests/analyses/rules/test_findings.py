"""Rules from measurements to findings."""

from __future__ import annotations

import re
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
    REMARKS,
    Finding,
    find,
    told_by,
)
from heimdallr.analyses.rules.references import references_for
from heimdallr.analyses.rules.rule_table import packaged_rules, unit_of
from heimdallr.analyses.rules.severity import Severity
from heimdallr.analyses.rules.titles import title_code
from heimdallr.domain.statements import LANGUAGES, Statement, parameters_of
from heimdallr.domain.study import Patient, Series, Spectral
from heimdallr.domain.terms import value_text

if TYPE_CHECKING:
    from heimdallr.analyses.rules.limits import Limit
    from heimdallr.analyses.rules.rule_table import Rule
    from heimdallr.domain.measurement import Measurement, Scalar

CASE = trunk((6.0, 6.0, 6.0)).case()
NATIVE_AT_120 = replace(CASE.series, kvp=120.0)


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
    return {one.code: one for one in find(case, measurements).findings}


def test_a_bleed_is_critical() -> None:
    """A real run over a head: critical, with its slice and volume."""
    case = head((4.0, 4.0, 4.0), bleeds=[((30, 0, 0), (15, 15, 15))]).case()
    found = {one.code: one for one in find(case, run_all(case)).findings}[
        "intracerebral_haemorrhage"
    ]
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
        fatty(liver, spleen) | {"contrast_phase": phase}, series=replace(CASE.series, kvp=kvp)
    )
    assert ("liver_steatosis" in found) is expected


def fatty(liver_hu: float, spleen_hu: float) -> dict[str, float | str]:
    """What an unenhanced CT says of such a liver."""
    return {
        "liver_hu_eroded_mean": liver_hu,
        "liver_minus_spleen_hu": liver_hu - spleen_hu,
        "liver_to_spleen_hu_ratio": liver_hu / spleen_hu,
        "contrast_phase": "native",
    }


@pytest.mark.parametrize(
    ("liver", "spleen", "decides", "title"),
    [
        (47.0, 58.0, "liver_minus_spleen_hu",
         "Liver darker than the spleen in the range of steatosis, difference -11 HU"),
        (30.0, 50.0, "liver_hu_eroded_mean", "Liver attenuation in the range of steatosis, 30 HU"),
        (38.0, 40.0, "liver_hu_eroded_mean", "Liver attenuation in the range of steatosis, 38 HU"),
    ],
)  # fmt: skip
def test_steatosis_is_told_by_what_decided(
    liver: float, spleen: float, decides: str, title: str
) -> None:
    """47 HU are in no range of steatosis, the spleen says so; 30 HU are by themselves."""
    found = findings(fatty(liver, spleen), series=NATIVE_AT_120)["liver_steatosis"]
    assert found.title == title
    assert next(iter(found.evidence)) == decides


@pytest.mark.parametrize(("height_mm", "fits"), [(27, False), (30, True)])
def test_steatosis_is_not_read_off_a_sliver_of_liver(height_mm: int, *, fits: bool) -> None:
    """130 cm³ of the liver's dome at 30 HU, 24 mm high: no limit holds, and it is said why."""
    body = trunk()
    body.image[body.labels["total"] == 5] = 20
    body.labels["total"][body.labels["total"] == 5] = 0
    body.paint(body.box((66, 6, 84), (90, 60, height_mm)), 30, "liver")
    case = body.case(series=NATIVE_AT_120)
    measurements = run_all(case)
    assert next(one.value for one in measurements if one.name == "liver_hu_eroded_mean") == 30.0
    conclusions = find(case, measurements)
    (outcome,) = (one for one in conclusions.outcomes if one.code == "liver_steatosis")
    assert (outcome.finding is not None) is fits
    assert (outcome.why_not.code if outcome.why_not else None) == (None if fits else "little_liver")
    judged = references_for(told_by(case, measurements))
    assert ("liver_hu_eroded_mean" in judged) is fits
    assert ("liver_minus_spleen_hu" in judged) is fits


def test_steatosis_without_a_spleen() -> None:
    """The fat percentage says that the images are fit."""
    alone: dict[str, float | str] = {"liver_hu_eroded_mean": 30.0, "contrast_phase": "native"}
    assert "liver_steatosis" not in findings(alone, series=NATIVE_AT_120)
    assert "liver_steatosis" in findings(alone | {"liver_fat_percent": 20.8}, series=NATIVE_AT_120)


@pytest.mark.parametrize(
    ("name", "value", "title"),
    [
        ("liver_portal_venous_hu_class", "80 to 90 HU", None),
        ("liver_portal_venous_hu_class", "below 80 HU", "Portal venous liver attenuation"),
        ("liver_pdff_percent", 17.3, None),
        ("liver_pdff_percent", 17.4, "Liver fat fraction in the range of steatosis, 17.4 %"),
    ],
)
def test_steatosis_in_other_ways(name: str, value: float | str, title: str | None) -> None:
    """By the class of the portal venous phase, and by MR; each with its own words."""
    found = findings({name: value, "contrast_phase": "venous"}).get("liver_steatosis")
    assert (found is None) is (title is None)
    assert found is None or found.title.startswith(title or "")


@pytest.mark.parametrize(
    ("index", "severity"),
    [(920, None), (921, Severity.NOTE), (1080, Severity.NOTE), (1081, Severity.SIGNIFICANT)],
)
def test_hepatomegaly(index: int, severity: Severity | None) -> None:
    """Mild is a note, massive significant; on the limit is not beyond it."""
    found = findings({"liver_vol_cm3": 2000.0, "liver_vol_per_bsa_ml_m2": index})
    assert [one.severity for one in found.values()] == ([severity] if severity else [])
    assert all("2,000 cm³" in one.title for one in found.values())


@pytest.mark.parametrize(
    ("side", "length_mm", "code"),
    [
        ("right", 84.0, "small_kidney_right"),
        ("right", 84.1, None),
        ("right", 132.9, None),
        ("right", 133.0, "large_kidney_right"),
        ("left", 86.0, "small_kidney_left"),
        ("left", 136.6, "large_kidney_left"),
    ],
)
def test_kidney_length(side: str, length_mm: float, code: str | None) -> None:
    """Beyond two standard deviations; not in children."""
    values: dict[str, float | str] = {f"kidney_{side}_length_mm": length_mm}
    assert list(findings(values)) == ([code] if code else [])
    assert not findings(values, Patient(sex="F", age_years=10.0))


def test_limits_in_hounsfield_units_do_not_hold_for_virtual_images() -> None:
    """A fatty liver and poor muscle at 40 keV are judged by nobody's limits."""
    values: dict[str, float | str] = {
        **fatty(30.0, 50.0), "muscle_HU_mean": 10.0, "SMA_cm2": 60.0,
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
    found = find(replace(CASE, series=series), cut_liver()).findings
    assert bool(found) is noted
    if noted:
        assert found[0].code == "truncated_coverage"
        assert found[0].evidence == {"liver_vol_cm3": "superior"}


def test_bundled_weights_are_a_caveat_of_every_finding() -> None:
    """Results of the bundled weights are not for clinical use, and each finding says so."""
    body = trunk((6.0, 6.0, 6.0))
    body.paint(body.box((-66, -6, 90), (66, 66, 126)), 50, "spleen")
    case = body.case(origin="bundled")
    found = find(case, run_all(case)).findings
    assert {one.code for one in found} >= {"splenomegaly"}
    assert all(BUNDLED_CAVEAT in one.caveats for one in found)


def test_a_transitional_vertebra_is_a_note() -> None:
    """With what was counted; levels unknown for another reason are none."""
    six = output("vertebral_levels").absent(unassessable("transitional_vertebra", count=6))
    (found,) = find(CASE, [six]).findings
    assert found.severity is Severity.NOTE
    assert found.evidence == {"vertebrae_between_ribs_and_sacrum": 6}
    assert "6 vertebrae" in found.title
    unknown = output("vertebral_levels").absent(unassessable("no_level_anchor"))
    assert find(CASE, [unknown]).findings == ()


@pytest.mark.parametrize(
    ("level", "count", "words"),
    [
        ("L1", 1, "Compression suspected: L1 has lost 31 % of its height"),
        ("L1", 2, "Compression of 2 vertebrae suspected; L1 has lost 31 %"),
    ],
)
def test_a_vertebral_fracture_names_its_level(level: str, count: int, words: str) -> None:
    """The viewer is led to the vertebra that the numbers are of."""
    lowest = output("vertebral_height_loss_percent").measured(31.4, level=level)
    how_many = output("vertebral_fractures_suspected").measured(count, structure="vertebrae_L1")
    found = find(CASE, [lowest, how_many]).findings[0]
    assert found.severity is Severity.SIGNIFICANT
    assert words in found.title
    assert found.structure == "vertebrae_L1"
    assert found.slice_index == round(CASE.statistics["vertebrae_L1"].centroid_ijk[2])
    none = output("vertebral_fractures_suspected").measured(0)
    assert not find(CASE, [none]).findings


def test_a_vertebral_fracture_without_a_name_has_a_place() -> None:
    """Said of *a vertebra*, and shown on its slice."""
    lowest = output("vertebral_height_loss_percent").measured(31.4, level="unnamed")
    one = output("vertebral_fractures_suspected").measured(1, levels="unnamed", slice_index=17)
    (found,) = find(CASE, [lowest, one]).findings
    assert "a vertebra (which one is not certain) has lost 31 %" in found.title
    assert (found.structure, found.slice_index) == (None, 17)


@pytest.mark.parametrize(
    ("hu", "severity"), [(111.0, None), (110.0, Severity.NOTE), (99.9, Severity.SIGNIFICANT)]
)
def test_low_bone_density(hu: float, severity: Severity | None) -> None:
    """Pickhardt's limits; of T12 and L2 where L1 has none."""
    measured = output("L1_trabecular_hu_mean", "HU").measured(hu, structure="vertebrae_L1")
    category = output("bone_density_category").measured("likely", mean_hu=hu, levels="L1")
    found = find(CASE, [measured, category]).findings
    assert [one.severity for one in found] == ([severity] if severity else [])
    assert all("HU in L1" in one.title for one in found)


@pytest.mark.parametrize(("hu", "severity"), [(105.0, Severity.NOTE), (84.0, Severity.SIGNIFICANT)])
def test_low_bone_density_beside_l1(hu: float, severity: Severity) -> None:
    """Without a value at L1 the levels beside it weigh as much."""
    category = output("bone_density_category").measured("likely", mean_hu=hu, levels="T12,L2")
    (found,) = find(CASE, [category]).findings
    assert (found.title, found.severity) == (f"Low bone density: {hu:.0f} HU in T12,L2", severity)


@pytest.mark.parametrize(
    ("size", "age", "severity"),
    [
        ("below_6_mm", 60.0, None),
        ("6_to_8_mm", 60.0, Severity.NOTE),
        ("above_8_mm", 60.0, Severity.SIGNIFICANT),
        ("above_8_mm", 34.0, None),
    ],
)
def test_a_lung_nodule_weighs_by_its_size(size: str, age: float, severity: Severity | None) -> None:
    """Fleischner's classes, from 35 years on."""
    found = findings({"lung_nodule_size_class": size}, replace(ADULT, age_years=age))
    assert found.get("lung_nodule") is None or found["lung_nodule"].severity is severity
    assert ("lung_nodule" in found) is (severity is not None)


@pytest.mark.parametrize(("shift_mm", "critical"), [(5.0, False), (5.1, True)])
def test_a_midline_shift_is_critical(shift_mm: float, *, critical: bool) -> None:
    """Above 5 mm; in children there is no such limit here."""
    assert ("midline_shift" in findings({"midline_shift_mm": shift_mm})) is critical
    child = replace(ADULT, age_years=9.0)
    assert "midline_shift" not in findings({"midline_shift_mm": shift_mm}, child)


@pytest.mark.parametrize(("index", "wide"), [(0.30, False), (0.31, True)])
def test_wide_ventricles_are_a_note(index: float, *, wide: bool) -> None:
    """An Evans index above 0.30."""
    assert ("ventriculomegaly" in findings({"evans_index": index})) is wide


def test_fluid_that_is_cut_still_counts() -> None:
    """At least so much was seen; 49 mL is too little."""
    for seen_ml, told in ((49.0, False), (50.0, True)):
        cut = output("pleural_effusion_right_ml").absent(
            unassessable("truncated", edges=("inferior",), count=1, percent=40.0),
            segmented_ml=seen_ml,
        )
        codes = {one.code for one in find(CASE, [cut]).findings}
        assert ("pleural_effusion" in codes) is told


def stones(side: str, diameter_mm: float) -> list[Measurement]:
    """One stone, as its analysis says it."""
    return [
        output(f"kidney_stones_{side}").measured(1, largest_mm=diameter_mm),
        output(f"kidney_stones_{side}_diameter_mm").measured(diameter_mm, slice_index=7),
    ]


@pytest.mark.parametrize(
    ("diameter_mm", "severity"),
    [(2.0, Severity.NOTE), (9.9, Severity.NOTE), (10.0, Severity.SIGNIFICANT)],
)
def test_a_stone_of_ten_millimetres_is_significant(diameter_mm: float, severity: Severity) -> None:
    """A smaller one is a note; none found says nothing."""
    (found,) = find(CASE, stones("left", diameter_mm)).findings
    assert (found.code, found.severity) == ("kidney_stone_left", severity)
    assert "limit" not in found.evidence
    assert f"{diameter_mm} mm" in found.title
    assert find(CASE, [output("kidney_stones_left").measured(0)]).findings == ()


@pytest.mark.parametrize(
    ("category", "severity"),
    [("0", None), ("1-99", None), ("100-299", "note"), ("300 or more", "significant")],
)
def test_coronary_calcium_speaks_from_a_hundred_on(category: str, severity: str | None) -> None:
    """A note, from 300 on significant; only on native CT of usual voltage."""
    case = replace(CASE, series=replace(CASE.series, kvp=120.0))
    measured = [
        output("coronary_calcium_category").measured(category),
        output("contrast_phase").measured("native"),
    ]
    found = find(case, measured).findings
    assert [one.severity.value for one in found] == ([severity] if severity else [])
    assert find(case, measured[:1]).findings == ()


@pytest.mark.parametrize("category", ["100-299", "300 or more"])
def test_a_finding_says_of_gating_what_the_header_does(category: str) -> None:
    """Gated, or not known: no header says that a scan was not."""
    case = replace(CASE, series=replace(CASE.series, kvp=120.0))
    native = output("contrast_phase").measured("native")
    for gating, said in (
        ("gated", {"en": "on an ECG-gated CT", "pt": "em TC sincronizada com ECG"}),
        ("unknown", {"en": "(ECG gating not known)", "pt": "(sincronização com ECG desconhecida)"}),
    ):
        calcium = output("coronary_calcium_category").measured(category, ecg_gating=gating)
        (found,) = find(case, [calcium, native]).findings
        assert found.evidence["ecg_gating"] == gating
        for language in LANGUAGES:
            assert found.said.in_language(language).endswith(said[language])


def told_limits() -> dict[str, tuple[Rule, Limit, str]]:
    """Limits of numbers that titles tell: in words → rule, limit, the number's parameter."""
    return {
        f"{rule.code}: {limit.in_words(unit_of(limit))}": (rule, limit, parameter)
        for rule in packaged_rules()
        for limit in rule.limits
        for parameter, name in rule.values.items()
        if limit.bound is not None and name == limit.measurement
    }


@pytest.mark.parametrize("which", told_limits())
def test_no_title_rounds_a_number_over_a_limit(which: str) -> None:
    """29.7 mm of an ectatic aorta are not 30, which is an aneurysm; nor is 0.30 above 0.30."""
    rule, limit, parameter = told_limits()[which]
    unit, bound = unit_of(limit), limit.bound
    step = 0.1 if unit else 0.01 if limit.measurement == "evans_index" else 1.0
    assert bound is not None
    bands = [one for one in rule.limits if one.measurement == limit.measurement]
    for steps in (-3, -1, 0, 1, 3):
        value = round(bound + steps * step, 2)
        crossed = [one for one in bands if one.is_crossed_by(value)]
        codes = {title_code(rule, one) for one in crossed}
        told = [
            Statement(code, {parameter: value}).text
            for code in codes
            if parameter in parameters_of(code)
        ]
        for text in (*told, value_text(value, unit, "en")) if crossed else ():
            numbers = re.findall(r"-?\d+(?:\.\d+)?", text.replace(",", "").replace("−", "-"))
            shown = [float(one) for one in numbers]
            nearest = min(shown, key=lambda one: abs(one - value))
            assert limit.is_crossed_by(nearest) == limit.is_crossed_by(value), text


def test_an_ectatic_aorta_is_not_told_as_an_aneurysm() -> None:
    """The band above is one of the whole abdominal aorta."""
    (found,) = findings({"aorta_infrarenal_diameter_mm": 29.7}).values()
    assert (found.title, found.severity) == ("Ectatic infrarenal aorta, 29.7 mm", Severity.NOTE)


def test_aortic_calcium_speaks_above_two_hundred() -> None:
    """As the paper has it: 200 is not above it."""
    case = replace(CASE, series=replace(CASE.series, kvp=120.0))
    native = output("contrast_phase").measured("native")
    for score, codes in ((200, []), (201, ["aortic_calcium"])):
        found = find(case, [output("aortic_calcium_agatston").measured(score), native]).findings
        assert [one.code for one in found] == codes


def test_every_rule_can_speak() -> None:
    """On measurements that are all beyond their limits."""
    case = replace(CASE, series=replace(CASE.series, kvp=120.0))
    everything = [
        output("hemorrhage_alert").measured("alert", segmented_cm3=1.0),
        output("midline_shift_mm").measured(8.0),
        output("evans_index").measured(0.34),
        output("lung_nodule_size_class").measured("above_8_mm"),
        output("pericardial_effusion_ml").measured(80.0, segmented_ml=80.0),
        output("pleural_effusion_left_ml").measured(80.0, segmented_ml=80.0),
        output("aorta_abdominal_diameter_mm").measured(44.0),
        output("aorta_ascending_diameter_mm").measured(44.0),
        output("SMA_cm2").measured(50.0),
        output("muscle_HU_mean").measured(10.0),
        output("spleen_vol_cm3").measured(500.0),
        output("liver_hu_eroded_mean").measured(20.0),
        output("liver_fat_percent").measured(26.6),
        output("contrast_phase").measured("native"),
        output("L1_trabecular_hu_mean").measured(80.0),
        output("vertebral_fractures_suspected").measured(1),
        output("liver_vol_per_bsa_ml_m2").measured(1100),
        output("kidney_length_difference_mm").measured(80.0),
        *stones("right", 4.0),
        *stones("left", 12.0),
        output("coronary_calcium_category").measured("300 or more"),
        output("aortic_calcium_agatston").measured(900),
        output("vertebral_levels").absent(unassessable("transitional_vertebra", count=6)),
        *(one for one in cut_liver() if one.name != "spleen_vol_cm3"),
    ]
    lengths = [
        [output(f"kidney_{side}_length_mm").measured(mm) for side in ("right", "left")]
        for mm in (70.0, 150.0)
    ]
    said = {one.code for kidneys in lengths for one in find(case, everything + kidneys).findings}
    assert said == {rule.code for rule in packaged_rules()} | {one.__name__ for one in REMARKS}


def test_the_most_urgent_finding_comes_first() -> None:
    """A bleed before anything significant, that before notes."""
    found = findings(
        {"muscle_HU_mean": 10.0, "spleen_vol_cm3": 500.0, "hemorrhage_alert": "alert"},
        segmented_cm3=1.0,
    )
    assert list(found) == ["intracerebral_haemorrhage", "splenomegaly", "low_muscle_attenuation"]
