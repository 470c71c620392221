"""Norms say where a value stands among people like the patient, or why they cannot."""

from __future__ import annotations

import pytest

from heimdallr.analyses.registry import ANALYSES
from heimdallr.analyses.rules.norms import norms, standings
from heimdallr.domain.study import Patient

WOMAN = Patient(sex="F", age_years=60.0)
MAN = Patient(sex="M", age_years=60.0)


def said(quantity: str, value: float, patient: Patient, *, native: bool = True) -> list[str]:
    """The standings in English."""
    return [one.said.text for one in standings(quantity, value, patient, native=native)]


def test_every_norm_is_of_a_measurement_in_its_unit() -> None:
    """Says whom it was made from, and its groups do not overlap."""
    units = {one.name: one.unit for analysis in ANALYSES.values() for one in analysis.OUTPUTS}
    units["visceral_fat_area_L3_cm2"] = units["<tissue>_area_<level>_cm2"]
    for quantity, of in norms().items():
        for norm in of:
            assert units[quantity] == norm.unit
            assert norm.population
            assert any(character.isdigit() for character in norm.source)
            keys = [(figure.group, figure.percentile) for figure in norm.figures]
            assert len(keys) == len(set(keys))
            for figure in norm.figures:
                told = (figure.percentile, figure.mean, figure.limit)
                assert sum(one is not None for one in told) == 1


def test_mean_and_deviation_give_a_z_score() -> None:
    """A woman of 60: 110.6 ± 16.3 cm²; one deviation below it is percentile 16."""
    found, _ = standings("SMA_cm2", 94.3, WOMAN, native=True)
    assert (found.z, found.percentile) == (-1.0, 15.9)
    assert found.said.text == "z -1.0, percentile 16 of a normal distribution (Tonnesen 2024)"
    assert found.said.in_language("pt").startswith("z -1,0, percentil 16")
    assert found.group is not None
    assert found.group.text == "women of 55 to 64 years"


@pytest.mark.parametrize(
    ("value", "words"),
    [(60.0, "z -3.1, below percentile 1"), (160.0, "z 3.0, above percentile 99")],
)
def test_far_out_no_percentile_is_named(value: float, words: str) -> None:
    """A few hundred people say nothing about one in a thousand."""
    assert said("SMA_cm2", value, WOMAN)[0].startswith(words)


@pytest.mark.parametrize(
    ("height_m", "weight_kg", "group"),
    [
        (1.60, 51.1, "men of 50 to 59 years, BMI 17 to 20"),
        (1.60, 51.2, "men of 50 to 59 years, BMI 20 to 25"),
        (1.80, 64.8, "men of 50 to 59 years, BMI 20 to 25"),
        (1.60, 64.0, "men of 50 to 59 years, BMI 25 to 30"),
    ],
)
def test_the_first_body_mass_index_of_a_group_is_in_it(
    height_m: float, weight_kg: float, group: str
) -> None:
    """Also where the square of a height in metres is not what it is on paper."""
    man = Patient(sex="M", age_years=55.0, height_m=height_m, weight_kg=weight_kg)
    (found,) = standings("SMA_cm2", 150.0, man, native=True)
    assert found.group is not None
    assert found.group.text == group


@pytest.mark.parametrize(("value", "words"), [(124.4, "below the"), (124.5, "not below the")])
def test_a_percentile_alone_says_on_which_side(value: float, words: str) -> None:
    """Of men of 60 to 69 years, whatever their body mass index."""
    assert said("SMA_cm2", value, MAN) == [f"{words} 5th percentile (van der Werf 2018)"]


def test_the_fewest_people_hold() -> None:
    """By body mass index where it is known and was published; by sex alone at other ages."""
    lean = Patient(sex="M", age_years=60.0, height_m=1.8, weight_kg=70.0)
    assert said("SMA_cm2", 120.0, lean)[0].startswith("not below")
    heavy = Patient(sex="M", age_years=60.0, height_m=1.8, weight_kg=120.0)
    (of_all,) = standings("SMA_cm2", 120.0, heavy, native=True)
    assert of_all.said.text.startswith("below")
    assert of_all.group is not None
    assert of_all.group.text == "men of 60 to 69 years"
    (old,) = standings("SMA_cm2", 120.0, Patient(sex="M", age_years=81.0), native=True)
    assert old.group is not None
    assert old.group.text == "men of 20 to 82 years"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (81.0, "below the 2.5th percentile (Kim 2021)"),
        (81.1, "between the 2.5th and the 97.5th percentile (Kim 2021)"),
        (322.0, "above the 97.5th percentile (Kim 2021)"),
    ],
)
def test_two_percentiles_make_a_range(value: float, words: str) -> None:
    """The central 95 % of liver donors, at their borders."""
    assert said("spleen_vol_cm3", value, MAN) == [words]


def test_a_limit_of_one_people() -> None:
    """Visceral fat: by sex in Korea, for both in Japan; on the limit counts."""
    assert said("visceral_fat_area_L3_cm2", 100.0, MAN) == [
        "at or above 100, a limit of JASSO 2002",
        "below 134.6, a limit of Lee 2018",
    ]
    assert said("visceral_fat_area_L3_cm2", 91.1, WOMAN) == [
        "below 100, a limit of JASSO 2002",
        "at or above 91.1, a limit of Lee 2018",
    ]


def test_what_is_not_known_is_said() -> None:
    """Sex, age, contrast; a child is told from an adult; no norm, no word."""
    assert said("SMA_cm2", 100.0, Patient(age_years=60.0)) == [
        "not compared with Tonnesen 2024: the patient's sex is not known",
        "not compared with van der Werf 2018: the patient's sex is not known",
    ]
    assert said("spleen_vol_cm3", 100.0, Patient(sex="F")) == [
        "not compared with Kim 2021: the patient's age is not known"
    ]
    assert said("spleen_vol_cm3", 100.0, Patient(sex="F", age_years=17.9)) == [
        "not compared with Kim 2021: made for adults"
    ]
    assert said("SMA_cm2", 100.0, Patient(sex="M", age_years=90.0)) == [
        "not compared with van der Werf 2018: nobody of the patient's age was measured there"
    ]
    assert said("muscle_HU_mean", 30.0, MAN, native=False) == [
        "not compared with van der Werf 2018: holds for unenhanced CT"
    ]
    assert said("muscle_HU_mean", 30.0, MAN) == ["not below the 5th percentile (van der Werf 2018)"]
    assert said("slice_L3", 30.0, MAN) == []
