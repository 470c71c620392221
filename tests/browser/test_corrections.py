"""A person's hand on results: a level put right, a number not believed, results verified."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect
from study_page import open_study, row, study_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Locator

    from heimdallr.cli.demonstration.system import DemoSystem

SAVED_MS = 300_000.0
"""A correction is computed in a process that has to start first, on a machine that is busy."""
PASSWORD = "anchor of the fair isle"  # noqa: S105 - of a user who lives for a test
NARROW = 390


def corrections_of(system: DemoSystem, study: int) -> dict[str, Any]:
    """What the API tells of a study's corrections."""
    answer = system.client.get(f"/api/v1/studies/{study}/corrections").raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def say(system: DemoSystem, study: int, what: str, **body: object) -> dict[str, Any]:
    """A correction through the API, as a program makes it."""
    url = f"/api/v1/studies/{study}/corrections/{what}"
    answer = system.client.post(url, json=body, timeout=SAVED_MS / 1000).raise_for_status()
    told: dict[str, Any] = answer.json()
    assert told["state"] == "applied", told
    return told


def measured(system: DemoSystem, study: int, name: str) -> dict[str, Any]:
    """A measurement as the API has it."""
    rows = system.client.get(f"/api/v1/studies/{study}").json()["results"]["measurements"]
    found: dict[str, Any] = next(one for one in rows if one["name"] == name)
    return found


pytestmark = [pytest.mark.slow, pytest.mark.draws]
"""They change a study of the system that other pages' tests look at."""


@pytest.fixture
def trunk(system: DemoSystem) -> Iterator[int]:
    """Number of the trunk CT; what a test does to it is taken back."""
    study = study_of(system, "CT TRUNK")
    yield study
    now = corrections_of(system, study)
    if now["version"] != 0:
        say(system, study, "restore", base=now["base"], version=0)


def choose(page: Page, beside: Locator, action: str) -> None:
    """An entry of the menu beside a number or a finding."""
    beside.get_by_role("button", name=re.compile("^Correct: ")).first.click()
    page.get_by_role("menuitem", name=action).click()


def test_a_level_is_put_right(page: Page, system: DemoSystem, trunk: int) -> None:
    """A column that is one level off: one word, and the number at L3 is the right one again."""
    right = measured(system, trunk, "SMA_cm2")["value"]
    base = corrections_of(system, trunk)["base"]
    say(system, trunk, "level", **{"base": base, "vertebra": "vertebrae_L4", "is": "vertebrae_L3"})
    wrong = measured(system, trunk, "SMA_cm2")["value"]
    assert wrong != right, "or nothing would be seen to change"

    open_study(page, trunk)
    expect(row(page, "SMA_cm2").locator("[data-corrected]")).to_contain_text(f"{right:.1f} cm²")
    choose(page, row(page, "SMA_cm2"), "Wrong level …")
    dialog = page.get_by_role("dialog", name="This vertebra is …")
    expect(dialog.get_by_role("combobox", name="It is called")).to_have_value("L3")
    dialog.get_by_role("combobox", name="It is", exact=True).click()
    page.get_by_role("option", name="L4", exact=True).click()
    expect(dialog.get_by_role("status")).to_contain_text("L3 → L4")
    dialog.get_by_role("button", name="Save").click()
    change = dialog.locator('[data-change="SMA_cm2"]')
    expect(change).to_contain_text(f"{right:.1f}", timeout=SAVED_MS)
    expect(change).to_contain_text(f"{wrong:.1f}" if wrong else "not assessable")
    dialog.get_by_role("button", name="Close").last.click()
    expect(row(page, "SMA_cm2")).to_contain_text(f"{right:.1f} cm²")
    assert measured(system, trunk, "SMA_cm2")["value"] == right

    page.get_by_role("tab", name="Corrections").click()
    latest = page.locator("[data-correction]").first
    expect(latest).to_contain_text("L3 is L4")
    expect(latest).to_contain_text("applied")


def test_not_believed_and_taken_back(page: Page, system: DemoSystem, trunk: int) -> None:
    """A number with its reason and its old value struck through; then it is a number again."""
    value = measured(system, trunk, "liver_vol_cm3")["value"]
    open_study(page, trunk)
    liver = row(page, "liver_vol_cm3").first
    choose(page, liver, "Not believed: this number …")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Save")).to_be_disabled()
    dialog.get_by_role("radio", name="Wrong extent").check()
    dialog.get_by_label("Comment").fill("runs into the stomach")
    dialog.get_by_role("button", name="Save").click()
    struck = liver.locator("[data-corrected]")
    expect(struck).to_contain_text(re.compile("not believed by .*: wrong extent"), timeout=SAVED_MS)
    expect(struck.locator("s")).to_contain_text(f"{round(value):,} cm³")
    assert measured(system, trunk, "liver_vol_cm3")["value"] is None

    liver.get_by_role("button", name="Take back").click()
    expect(struck).to_have_count(0, timeout=SAVED_MS)
    expect(liver).to_contain_text(f"{round(value):,} cm³")
    assert measured(system, trunk, "liver_vol_cm3")["value"] == value
    page.get_by_role("tab", name="Corrections").click()
    expect(page.get_by_text("runs into the stomach")).to_be_visible()


def test_what_was_saved_meanwhile_is_said(page: Page, system: DemoSystem, trunk: int) -> None:
    """Of two people on one base the second hears of the first, and nothing of theirs is lost."""
    open_study(page, trunk)
    choose(page, row(page, "SMA_cm2"), "Wrong level …")
    dialog = page.get_by_role("dialog", name="This vertebra is …")
    dialog.get_by_role("combobox", name="It is", exact=True).click()
    page.get_by_role("option", name="L2", exact=True).click()
    base = corrections_of(system, trunk)["base"]
    say(system, trunk, "level", **{"base": base, "vertebra": "vertebrae_L4", "is": "vertebrae_L3"})
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Somebody saved another correction")
    kept = corrections_of(system, trunk)["corrections"][0]["level"]
    assert kept == {"vertebra": "vertebrae_L4", "is": "vertebrae_L3"}


def test_results_are_verified(page: Page, system: DemoSystem, trunk: int) -> None:
    """Who stands for them and since when; a correction makes that old; it can be taken back."""
    open_study(page, trunk)
    page.get_by_role("button", name="Verify results").click()
    page.get_by_role("dialog").get_by_role("button", name="Verify", exact=True).click()
    expect(page.locator("[data-verified=true]")).to_contain_text("Verified by demo")
    rejected = {"kind": "measurement", "name": "liver_vol_cm3", "reason": "other"}
    say(system, trunk, "rejections", reject=[rejected])
    page.reload()
    expect(page.locator("[data-verified=false]")).to_contain_text("Verified, changed since")
    page.get_by_role("button", name="Verify again").click()
    page.get_by_role("dialog").get_by_role("button", name="Verify", exact=True).click()
    page.get_by_role("button", name="Take verification back").click()
    page.get_by_role("dialog").get_by_role("button", name="Take verification back").click()
    expect(page.locator("[data-verified]")).to_have_count(0)


def test_a_reader_sees_and_cannot_touch(
    page: Page, open_page: Callable[..., Page], system: DemoSystem, trunk: int
) -> None:
    """No menu, no button; what was done is there to be read. On a telephone nothing overflows."""
    rejected = {"kind": "measurement", "name": "liver_vol_cm3", "reason": "wrong_extent"}
    say(system, trunk, "rejections", reject=[rejected])
    theirs = reader(page, open_page)
    open_study(theirs, trunk)
    liver = row(theirs, "liver_vol_cm3").first
    expect(liver).to_contain_text("wrong extent")
    expect(theirs.get_by_role("button", name=re.compile("^Correct: "))).to_have_count(0)
    expect(theirs.get_by_role("button", name="Take back")).to_have_count(0)
    expect(theirs.get_by_role("button", name="Verify results")).to_have_count(0)
    theirs.get_by_role("tab", name="Corrections").click()
    expect(theirs.locator("[data-correction]").first).to_be_visible()
    expect(theirs.get_by_role("button", name="Back to this version")).to_have_count(0)
    width = theirs.evaluate("document.documentElement.scrollWidth")
    assert width <= NARROW


def reader(page: Page, open_page: Callable[..., Page]) -> Page:
    """A page of somebody who may only read, on a telephone."""
    page.goto("/access")
    page.get_by_role("button", name="Add a user").click()
    page.get_by_role("dialog").get_by_label("Name").fill("sigyn")
    page.get_by_role("radio", name="viewer").check()
    page.get_by_role("dialog").get_by_role("button", name="Add a user").click()
    shown = page.get_by_role("dialog").filter(has_text="It is shown this once")
    password = shown.locator("code").inner_text()
    theirs = open_page(signed_in=False, viewport={"width": NARROW, "height": 844})
    theirs.goto("/")
    theirs.get_by_label("Name").fill("sigyn")
    theirs.get_by_role("textbox", name="Password").fill(password)
    theirs.keyboard.press("Enter")
    theirs.get_by_role("textbox", name=re.compile("New password,")).fill(PASSWORD)
    theirs.get_by_role("textbox", name="once more").fill(PASSWORD)
    theirs.keyboard.press("Enter")
    expect(theirs.get_by_role("navigation")).to_be_visible()
    return theirs
