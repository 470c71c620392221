"""Names, values and units in the reader's language, as the dashboard writes them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from heimdallr.domain.terms import (
    analysis_name,
    date_text,
    measurement_name,
    moment_text,
    quantity_text,
    range_text,
    value_text,
)

BRASILIA = timezone(timedelta(hours=-3))


@pytest.mark.parametrize(
    ("name", "english", "portuguese"),
    [
        (
            "SMA_cm2",
            "Skeletal muscle area at L3 (SMA)",
            "Área de músculo esquelético em L3 (SMA)",
        ),
        ("kidney_left_vol_cm3", "Left kidney, volume", "Rim esquerdo, volume"),
        ("body_region_thorax", "Region: thorax", "Região: tórax"),
        (
            "visceral_fat_area_L3_cm2",
            "Visceral fat, area at L3",
            "Gordura visceral, área em L3",
        ),
        ("of_tomorrow", "Of tomorrow", "Of tomorrow"),
    ],
)
def test_a_measurement_is_called_as_on_the_page(name: str, english: str, portuguese: str) -> None:
    """A name nobody put into words is at least readable."""
    assert measurement_name(name, "en") == english
    assert measurement_name(name, "pt") == portuguese


def test_numbers_have_the_decimals_they_deserve() -> None:
    """Large volumes none, small numbers two; rounded half up, separated as the language does."""
    assert quantity_text(1523.5, "cm3", "en") == "1,524\N{NO-BREAK SPACE}cm³"
    assert quantity_text(1523.5, "cm3", "pt") == "1.524\N{NO-BREAK SPACE}cm³"
    assert quantity_text(85.25, "cm2", "pt") == "85,3\N{NO-BREAK SPACE}cm²"
    assert quantity_text(0.126, "cm3", "en") == "0.13\N{NO-BREAK SPACE}cm³"
    assert value_text(-1234.565, "", "en") == "-1,234.57"
    assert value_text(42, "", "en") == "42"


def test_categories_are_spoken() -> None:
    """Several of them one after the other; what has no word stays."""
    assert value_text("abdomen,pelvis", "", "pt") == "abdome, pelve"
    assert value_text("kidney_left", "", "en") == "left kidney"
    assert value_text("T12,L1", "", "en") == "T12, L1"


def test_limits_are_not_rounded() -> None:
    """A limit of 92.25 is not one of 92.3."""
    assert range_text(92.25, 144.3, "cm2", "en") == "92.25–144.3\N{NO-BREAK SPACE}cm²"
    assert range_text(None, 314.5, "cm3", "pt").endswith("314,5\N{NO-BREAK SPACE}cm³")
    assert range_text(None, 314.5, "cm3", "pt").startswith("≤")


def test_dates_are_written_out() -> None:
    """With the zone, where it is an instant; what is no date stays as it was sent."""
    assert date_text("20260201", "en") == "1 Feb 2026"
    assert date_text("20260201", "pt") == "1 de fev. de 2026"
    assert date_text("unknown", "en") == "unknown"
    instant = datetime(2026, 2, 1, 10, 5, tzinfo=BRASILIA)
    assert moment_text(instant, "en") == "1 Feb 2026, 10:05 -03:00"


def test_an_analysis_has_its_title() -> None:
    """The heading of its rows."""
    assert analysis_name("sarcopenia_l3", "pt") == "Músculo em L3"
    assert analysis_name("of_tomorrow", "en") == "Of tomorrow"
