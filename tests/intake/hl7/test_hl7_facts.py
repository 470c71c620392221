"""Height and weight out of orders: as measured, in our units, or not at all."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hl7_orders import HEIGHT, WEIGHT, order

from heimdallr.hl7v2.syntax import read
from heimdallr.intake.hl7.facts import NoPatientError, Observed, OrderFacts, order_facts

BRASILIA = timezone(timedelta(hours=-3))
SENT = datetime(2026, 2, 1, 8, tzinfo=BRASILIA)


def facts(*observations: str, **parts: str) -> OrderFacts:
    """What an order says."""
    return order_facts(read(order(*observations, **parts)), BRASILIA)


def test_an_order_tells_of_a_patient() -> None:
    """Number, authority, accession number, metres, kilograms, and when each was taken."""
    assert facts(HEIGHT, WEIGHT) == OrderFacts(
        patient_id="P-77",
        issuer="HOSPITAL",
        accession_number="123456",
        height=Observed(1.62, datetime(2026, 1, 31, tzinfo=BRASILIA)),
        weight=Observed(70.5, datetime(2026, 1, 31, 12, tzinfo=BRASILIA)),
    )


def values(found: OrderFacts) -> tuple[float | None, float | None]:
    """Height in metres and weight in kilograms."""
    return (
        found.height.value if found.height else None,
        found.weight.value if found.weight else None,
    )


@pytest.mark.parametrize(
    ("observation", "height_m", "weight_kg"),
    [
        ("NM|HT^Height^L||1.62|m|||||F", 1.62, None),
        ("NM|HT^Height^L||64|[in_i]|||||F", 1.6256, None),
        ("NM|altura^Altura do paciente^L||1620|mm|||||F", 1.62, None),
        ("ST|PESO^Peso^L||70,5|KG|||||P", None, 70.5),
        ("SN|29463-7^Body weight^LN||=^155|lb|||||F", None, 70.3068),
        ("NM|X^y^L^8302-2^Body height^LN||162|cm|||||F", 1.62, None),
    ],
)
def test_units_and_names_of_others(
    observation: str, height_m: float | None, weight_kg: float | None
) -> None:
    """LOINC first or second, local names in two languages, units of three systems."""
    found = facts(observation)
    assert (*values(found), found.remarks) == (height_m, weight_kg, ())


@pytest.mark.parametrize(
    ("observation", "code"),
    [
        ("NM|HT^Height^L||162||||||F", "103"),
        ("NM|HT^Height^L||162|furlong|||||F", "103"),
        ("NM|HT^Height^L||162|m|||||F", "102"),
        ("NM|HT^Height^L||1.62|cm|||||F", "102"),
        ("NM|HT^Height^L||about 160|cm|||||F", "102"),
        ("SN|HT^Height^L||>^160|cm|||||F", "102"),
        ("NM|WT^Weight^L||0|kg|||||F", "102"),
    ],
)
def test_what_cannot_be_is_not_taken_and_said(observation: str, code: str) -> None:
    """No unit, another unit, no number: a remark that repeats nothing of it."""
    found = facts(observation)
    assert values(found) == (None, None)
    assert [(one.code, one.severity, one.place) for one in found.remarks] == [
        (code, "W", ("OBX", "1", "5"))
    ]
    assert "160" not in found.remarks[0].text


@pytest.mark.parametrize(
    "observation",
    [
        "NM|8302-2^Body height^LN||162|cm|||||D",
        "NM|8302-2^Body height^LN||162|cm|||||W",
        "NM|8302-2^Body height^LN|||cm|||||X",
        "NM|8339-4^Birth weight Measured^LN||3.2|kg|||||F",
        "NM|BW^Birth weight^L||3.2|kg|||||F",
        "NM|FH^Fundal height^L||32|cm|||||F",
        "NM|HW^Weight height ratio^L||2|kg|||||F",
        "NM|CREA^Creatinine^L||0.9|mg/dL|||||F",
    ],
)
def test_other_observations_are_none_of_ours(observation: str) -> None:
    """Deleted, wrong, of another time of life, of something else: not even a remark."""
    found = facts(observation)
    assert (*values(found), found.remarks) == (None, None, ())


def test_which_number_is_the_patients() -> None:
    """The medical record number, wherever it stands; an authority that is an OID."""
    several = facts(patient="999^^^CLUB^PT~88^^^&1.2.3&ISO^MR")
    assert (several.patient_id, several.issuer) == ("88", "1.2.3")
    plain = facts(patient="77")
    assert (plain.patient_id, plain.issuer) == ("77", "")
    for nobody in ("", '""', "^^^HOSPITAL^MR"):
        with pytest.raises(NoPatientError):
            facts(patient=nobody)


@pytest.mark.parametrize("time", ["", "yesterday", "20261399", "2026", "20260131250000"])
def test_a_time_that_is_none_is_the_messages(time: str) -> None:
    """When it was sent, with the zone it tells."""
    found = facts(f"NM|8302-2^Body height^LN||162|cm|||||F|||{time}")
    assert found.height == Observed(1.62, SENT)


def test_each_value_has_its_own_day() -> None:
    """A child's height of years ago does not become today's beside a weight of today."""
    old = "NM|8302-2^Body height^LN||128|cm|||||F|||20190301"
    found = facts(old, WEIGHT)
    assert found.height == Observed(1.28, datetime(2019, 3, 1, tzinfo=BRASILIA))
    assert found.weight == Observed(70.5, datetime(2026, 1, 31, 12, tzinfo=BRASILIA))
    undated = facts(HEIGHT.removesuffix("20260131"), WEIGHT.replace("202601311200", "20150101"))
    assert undated.height == Observed(1.62, SENT)
    assert undated.weight == Observed(70.5, datetime(2015, 1, 1, tzinfo=BRASILIA))


def test_of_several_the_one_measured_last_holds() -> None:
    """Wherever it stands; one without a time is as old as the message; of equals, the last."""
    new = "NM|29463-7^Body weight^LN||62|kg|||||F|||20260131"
    old = "NM|29463-7^Body weight^LN||95|kg|||||F|||20250301"
    undated = "NM|29463-7^Body weight^LN||63|kg|||||F"
    again = new.replace("62", "64")
    for observations, weight_kg in (
        ((new, old), 62),
        ((old, new), 62),
        ((undated, new, old), 63),
        ((new, again), 64),
    ):
        assert values(facts(*observations)) == (None, weight_kg)
