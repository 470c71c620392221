"""The measurement explorer: distributions, pairs, cohorts, tables."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from heimdallr.cli.demonstration.system import DemoSystem


def test_a_measurement_is_found_by_its_name_in_words(page: Page) -> None:
    """The choice is in the address and outlives a reload."""
    page.goto("/explorer")
    chosen = page.get_by_role("combobox", name="Measurement")
    chosen.click()
    chosen.fill("brain, vol")
    page.get_by_role("option", name=re.compile("^Brain, volume")).click()
    expect(page).to_have_url(re.compile("name=brain_vol_cm3"))
    page.reload()
    expect(page.get_by_role("img", name=re.compile(r"Histogram: Brain, volume"))).to_be_visible()
    statistics = page.get_by_role("region", name="Statistics, cm³")
    expect(statistics.get_by_role("row", name=re.compile("^Median"))).to_contain_text(
        re.compile(r"[1-9]")
    )
    expect(statistics.get_by_role("row", name=re.compile("^SD"))).to_contain_text(
        "One value has no standard deviation"
    )


def test_missing_values_are_counted_by_reason(page: Page, system: DemoSystem) -> None:
    """Never as zeros: the table agrees with the API."""
    page.goto("/explorer?name=liver_vol_cm3")
    summary = system.client.get("/api/v1/measurements/summary?name=liver_vol_cm3").json()
    missing = page.get_by_role("region", name="Measured and missing")
    for status, count in summary["by_status"].items():
        row = missing.get_by_role("row", name=re.compile(f"^{status.replace('_', ' ')}"))
        expect(row.get_by_role("cell", name=str(count), exact=True)).to_be_visible()


def test_a_cohort_without_values_says_so(page: Page) -> None:
    """Filters restrict everything, and are lifted by one button."""
    page.goto("/explorer?name=brain_vol_cm3&modality=MR")
    expect(page.get_by_text("No study of this cohort has this measurement").first).to_be_visible()
    page.get_by_role("button", name="Everybody").click()
    expect(page.get_by_role("img", name=re.compile("Histogram"))).to_be_visible()
    expect(page).not_to_have_url(re.compile("modality"))


def test_a_point_leads_to_its_study(page: Page) -> None:
    """By keyboard, and through the table, which has the same points."""
    page.goto("/explorer?name=brain_vol_cm3&against=age_years")
    plot = page.get_by_role("application", name=re.compile("Scatter plot"))
    plot.focus()
    page.keyboard.press("ArrowRight")
    told = page.get_by_role("status").filter(has_text=re.compile(r"Study \d+ ·"))
    expect(told).to_contain_text("cm³")
    page.locator("summary", has_text="As a table").first.click()
    link = page.get_by_role("row").get_by_role("link").first
    number = link.inner_text()
    plot.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/studies/{number}$"))


def test_the_cohort_is_a_table(page: Page) -> None:
    """The CSV holds what is shown, of the same studies."""
    page.goto("/explorer?name=brain_vol_cm3&modality=CT")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV of this cohort").click()
    with Path(download.value.path()).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["name"] for row in rows} == {"brain_vol_cm3"}
    assert {row["modality"] for row in rows} == {"CT"}


def test_categories_are_counted(page: Page) -> None:
    """What is no number has no histogram."""
    page.goto("/explorer?name=contrast_phase")
    expect(page.get_by_role("columnheader", name="Category")).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("Histogram"))).to_have_count(0)
