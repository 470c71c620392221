"""The study page's limits: those that hold for this patient, beside numbers only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from store_cases import make_identity, make_results, measurement

from heimdallr.domain.study import PixelValues
from heimdallr.web.answers.judged_measurements import judged

if TYPE_CHECKING:
    from web_service import Service

    from heimdallr.publishing.schema import MeasurementRecord


def of_case(*rows: MeasurementRecord, **patient: object) -> dict[str, dict[str, Any]]:
    """The measurements of a case, as they are sent, by name."""
    identity = make_identity().model_copy(update=patient)
    found = judged(make_results(measurements=rows), identity)
    return {one.name: one.model_dump() for one in found}


def test_a_number_has_its_limit_and_flag() -> None:
    """The woman of 66 years in `id.json`; her weight is not known."""
    found = of_case(
        measurement("SMI_cm2_m2", 30.0, unit="cm2/m2"),
        measurement("spleen_vol_cm3", 400.0, unit="cm3"),
        measurement("liver_vol_cm3", 1500.0, unit="cm3"),
    )
    smi = found["SMI_cm2_m2"]
    assert (smi["reference"]["low"], smi["flag"]) == (34.4, "low")
    assert smi["reference"]["applies_to"]["sex"] == "F"
    assert [one["low"] for one in smi["other_references"]] == [38.5, 41.0]
    assert (found["spleen_vol_cm3"]["reference"]["high"], found["spleen_vol_cm3"]["flag"]) == (
        314.5,
        "high",
    )
    liver = found["liver_vol_cm3"]
    assert (liver["reference"], liver["flag"], liver["other_references"]) == (None, None, [])


@pytest.mark.parametrize(
    ("length_mm", "flag", "low", "high"),
    [(80.0, "low", 84.1, None), (100.0, "normal", 84.1, None), (140.0, "high", None, 132.9)],
)
def test_of_two_limits_the_crossed_one_comes_first(
    length_mm: float, flag: str, low: float | None, high: float | None
) -> None:
    """A kidney may be too short or too long."""
    kidney = of_case(measurement("kidney_right_length_mm", length_mm, unit="mm"))
    found = kidney["kidney_right_length_mm"]
    assert (found["flag"], found["reference"]["low"], found["reference"]["high"]) == (
        flag,
        low,
        high,
    )
    assert len(found["other_references"]) == 1


def test_a_number_says_where_it_stands_by_norms() -> None:
    """The woman of 66 years: by z-score and percentile; a norm alone needs no limit."""
    found = of_case(
        measurement("SMA_cm2", 88.7, unit="cm2"), measurement("liver_vol_cm3", 1500.0, unit="cm3")
    )
    by_z, by_percentile = found["SMA_cm2"]["norms"]
    assert (by_z["z"], by_z["percentile"], by_z["group"]) == (
        -1.0,
        15.9,
        "women of 65 to 74 years",
    )
    assert by_percentile["said_coded"]["code"] == "norm_not_below"
    (liver,) = found["liver_vol_cm3"]["norms"]
    assert liver["said"] == "between the 2.5th and the 97.5th percentile (Kim 2021)"
    nobody = of_case(measurement("SMA_cm2", 88.7, unit="cm2"), sex=None)["SMA_cm2"]["norms"]
    assert {one["said_coded"]["code"] for one in nobody} == {"norm_needs_sex"}
    assert {one["group"] for one in nobody} == {None}


def test_what_is_missing_has_none() -> None:
    """No value, no limit, no flag."""
    found = of_case(measurement("SMI_cm2_m2", reason="the height is not known"))["SMI_cm2_m2"]
    assert (found["reference"], found["flag"]) == (None, None)


def test_an_old_folder_gives_no_reasons() -> None:
    """What was not made and does not say why takes no limits from what was."""
    found = of_case(measurement("SMI_cm2_m2"), measurement("spleen_vol_cm3", 400.0, unit="cm3"))
    assert (found["SMI_cm2_m2"]["flag"], found["spleen_vol_cm3"]["flag"]) == (None, "high")


def test_attenuation_by_phase_and_voltage() -> None:
    """Unenhanced at 120 kVp there is a limit; after contrast there is none."""
    liver = measurement("liver_hu_eroded_mean", 35.0, unit="HU").model_copy(
        update={"parameters": {"kvp": 120.0}}
    )
    fat = measurement("liver_fat_percent", 17.9, unit="%")
    native, venous = (
        of_case(liver, fat, measurement("contrast_phase", phase))["liver_hu_eroded_mean"]
        for phase in ("native", "venous")
    )
    assert (native["flag"], venous["flag"]) == ("low", None)
    assert native["reference"]["applies_to"]["contrast_phase"] == "native"


def test_attenuation_of_a_sliver_of_liver_has_no_limit() -> None:
    """Where neither fat nor ratio is assessable the number beside them is not judged either."""
    liver = measurement("liver_hu_eroded_mean", 35.0, unit="HU").model_copy(
        update={"parameters": {"kvp": 120.0}}
    )
    little = measurement("liver_fat_percent", reason="only 60 cm³ of liver over 20 mm in view")
    found = of_case(liver, little, measurement("contrast_phase", "native"))["liver_hu_eroded_mean"]
    assert (found["reference"], found["flag"]) == (None, None)


def test_virtual_images_have_no_limit_of_attenuation() -> None:
    """As no rule asks them: at 40 keV muscle is outlined by other numbers."""
    rows = (measurement("SMA_cm2", 85.0, unit="cm2"), measurement("spleen_vol_cm3", 400.0))
    results = make_results(measurements=rows)
    assert [one.flag for one in judged(results, make_identity())] == ["low", "high"]
    provenance = results.provenance.model_copy(update={"pixel_values": PixelValues.VIRTUAL})
    virtual = results.model_copy(update={"provenance": provenance})
    assert [one.flag for one in judged(virtual, make_identity())] == [None, "high"]


def test_children_and_unknown_ages() -> None:
    """None for a child; of unknown age, a caveat."""
    row = measurement("spleen_vol_cm3", 400.0, unit="cm3")
    assert of_case(row, age_years=10.0)["spleen_vol_cm3"]["reference"] is None
    unknown = of_case(row, age_years=None)["spleen_vol_cm3"]
    assert unknown["reference_caveats"] == [
        "the patient's age is not known; adult values were applied"
    ]
    assert [one["code"] for one in unknown["reference_caveats_coded"]] == ["age_unknown"]


def test_the_catalogue_lists_every_limit(service: Service) -> None:
    """With whom each is for."""
    rows = service.client.get("/api/v1/measurements/catalogue").json()["measurements"]
    by_name = {row["name"]: row["references"] for row in rows}
    assert {name for name, limits in by_name.items() if limits} == {
        "SMA_cm2", "SMI_cm2_m2", "muscle_HU_mean", "spleen_vol_cm3", "liver_hu_eroded_mean",
        "evans_index", "midline_shift_mm",
        "liver_minus_spleen_hu", "L1_trabecular_hu_mean", "vertebral_fractures_suspected",
        "liver_vol_per_bsa_ml_m2", "liver_pdff_percent",
        "kidney_right_length_mm", "kidney_left_length_mm", "kidney_length_difference_mm",
        "aortic_calcium_agatston", "kidney_stones_right_diameter_mm",
        "kidney_stones_left_diameter_mm",
        "aorta_abdominal_diameter_mm", "aorta_ascending_diameter_mm",
        "aorta_infrarenal_diameter_mm",
    }  # fmt: skip
    assert len(by_name["SMI_cm2_m2"]) == 7
    (spleen,) = by_name["spleen_vol_cm3"]
    assert (spleen["low"], spleen["high"], spleen["unit"]) == (None, 314.5, "cm3")


def test_a_study_names_them(service: Service) -> None:
    """In its full view every measurement says whether it has a limit."""
    number = service.add_done()
    rows = service.client.get(f"/api/v1/studies/{number}").json()["results"]["measurements"]
    assert rows
    assert all({"reference", "flag", "other_references"} <= row.keys() for row in rows)


def test_a_corrected_number_says_so() -> None:
    """The page marks it; all others are the networks' own."""
    liver = measurement("liver_vol_cm3", 1500.0, unit="cm3")
    found = of_case(
        liver.model_copy(update={"corrected": True}), measurement("spleen_vol_cm3", 200.0)
    )
    assert found["liver_vol_cm3"]["corrected"]
    assert not found["spleen_vol_cm3"]["corrected"]
