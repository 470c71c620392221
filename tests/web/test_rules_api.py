"""The rules asked here: the package's, the department's, and what is wrong with its file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from web_service import Service

OWN = """
[small_liver]
name = "Small liver"
[[small_liver.limits]]
measurement = "liver_vol_cm3"
at_most = 900.0
severity = "note"
source = "Our own series 2026"

[splenomegaly]
[[splenomegaly.limits]]
measurement = "spleen_vol_cm3"
above = 350.0
severity = "note"
source = "Our own series 2026"

[low_muscle_attenuation]
enabled = false
"""


def written(service: Service, text: str) -> dict[str, Any]:
    """What is asked once the department has saved this file."""
    service.settings.rules_path.write_text(text, encoding="utf-8")
    answer: dict[str, Any] = service.client.get("/api/v1/rules").json()
    return answer


def limits(service: Service, name: str) -> dict[str, Any]:
    """What is published about a measurement."""
    answer: dict[str, Any] = service.client.get(
        "/api/v1/measurements/limits", params={"name": name}
    ).json()
    return answer


def test_without_a_file_the_package_asks(service: Service) -> None:
    """Every rule is the package's, with its limits, their sources and whom they hold for."""
    found = service.client.get("/api/v1/rules").json()
    assert (found["file"], found["broken"]) == ("rules.toml", None)
    assert {rule["origin"] for rule in found["rules"]} == {"package"}
    spleen = next(rule for rule in found["rules"] if rule["code"] == "splenomegaly")
    (limit,) = spleen["limits"]
    assert (limit["comparison"], limit["bound"], limit["unit"]) == ("above", 314.5, "cm3")
    assert limit["source"].startswith("Prassopoulos 1997")
    muscle = next(rule for rule in found["rules"] if rule["code"] == "low_muscle_mass")
    assert {limit["applies_to"]["sex"] for limit in muscle["limits"]} == {"M", "F"}


def test_a_department_sees_whose_rule_each_is(service: Service) -> None:
    """Its own, the one it changed with the fields it gave, the one it switched off."""
    found = written(service, OWN)
    rules = {rule["code"]: rule for rule in found["rules"]}
    assert rules["small_liver"]["origin"] == "department"
    assert rules["small_liver"]["name"] == "Small liver"
    assert (rules["splenomegaly"]["origin"], rules["splenomegaly"]["changed"]) == (
        "changed",
        ["limits"],
    )
    assert rules["splenomegaly"]["limits"][0]["bound"] == 350.0
    assert not rules["low_muscle_attenuation"]["enabled"]
    assert rules["hepatomegaly"]["origin"] == "package"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[splenomegaly\n", "is not TOML"),
        (OWN.replace("above = 350.0", "above = 350.0\nbelow = 1.0"), "splenomegaly"),
    ],
)
def test_a_broken_file_says_what_is_wrong(service: Service, text: str, reason: str) -> None:
    """The package's rules are asked meanwhile, all of them."""
    found = written(service, text)
    assert reason in found["broken"]["reason"]
    assert found["broken"]["remedy"]
    alerts = {one["code"]: one for one in service.client.get("/api/v1/system").json()["alerts"]}
    assert reason in alerts["rules_broken"]["values"]["reason"]
    assert {rule["origin"] for rule in found["rules"]} == {"package"}
    assert limits(service, "spleen_vol_cm3")["references"][0]["high"] == 314.5


def test_limits_of_a_measurement_are_the_departments(service: Service) -> None:
    """Those drawn behind a cohort and listed in the catalogue are those that are asked."""
    written(service, OWN)
    assert [one["high"] for one in limits(service, "spleen_vol_cm3")["references"]] == [350.0]
    rows = service.client.get("/api/v1/measurements/catalogue").json()["measurements"]
    spleen = next(row for row in rows if row["name"] == "spleen_vol_cm3")
    assert [one["high"] for one in spleen["references"]] == [350.0]


def test_norms_of_a_measurement_have_their_groups(service: Service) -> None:
    """Mean and standard deviation, percentiles, limits: each with its people and its source."""
    by_mean, by_percentile = limits(service, "SMA_cm2")["norms"]
    assert by_mean["source"].startswith("Tonnesen 2024")
    first = by_mean["figures"][0]
    assert (first["sex"], first["age_from"], first["age_below"]) == ("F", 33.0, 45.0)
    assert (first["mean"], first["sd"], first["group"]) == (120.9, 18.4, "women of 33 to 44 years")
    assert {one["percentile"] for one in by_percentile["figures"]} == {5.0}
    assert limits(service, "slice_L3") == {"name": "slice_L3", "references": [], "norms": []}
