"""Where results go: set up, tried, ruled and sent from the dashboard alone, and why not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from accessibility import serious_violations
from playwright.sync_api import Page, expect
from study_page import study_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Locator

    from heimdallr.cli.demonstration.system import DemoSystem


@pytest.fixture
def study(system: DemoSystem) -> Iterator[int]:
    """Number of the trunk CT; what a test set up around it is gone afterwards."""
    yield study_of(system, "CT TRUNK")
    for one in system.client.get("/api/v1/destinations").json()["destinations"]:
        system.client.delete(f"/api/v1/destinations/{one['name']}").raise_for_status()


def folder_destination(system: DemoSystem, name: str, path: Path) -> None:
    """A folder that gets the results of studies."""
    peer = {"kind": "folder", "path": str(path)}
    body = {"name": name, "peer": peer, "objects": ["results"]}
    system.client.post("/api/v1/destinations", json=body).raise_for_status()


def delivery_rows(page: Page, study: int, destination: str) -> Locator:
    """What a study's page says of a destination."""
    page.goto(f"/studies/{study}")
    page.get_by_role("tab", name="Delivery").click()
    return page.get_by_role("row", name=re.compile(destination))


@pytest.mark.usefixtures("study")
def test_a_destination_is_set_up_and_tried(page: Page, tmp_path: Path) -> None:
    """Added, tried at once with a line for each thing, changed, tried again, removed."""
    page.goto("/destinations")
    page.get_by_role("button", name="Add a destination").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Kind", exact=True).select_option("folder")
    dialog.get_by_role("textbox", name="Name").fill("share")
    dialog.get_by_role("textbox", name="Folder").fill("relative")
    dialog.get_by_role("button", name="Save and test").click()
    expect(dialog.get_by_role("alert")).to_contain_text("begins with /")
    assert serious_violations(page) == []
    dialog.get_by_role("textbox", name="Folder").fill(str(tmp_path / "absent"))
    dialog.get_by_role("button", name="Save and test").click()
    line = page.get_by_role("dialog", name="Test of share").locator("[data-check=writable]")
    expect(line).to_have_attribute("data-is", "failed")
    assert serious_violations(page) == []
    page.get_by_role("dialog").get_by_role("button", name="Close").last.click()

    page.get_by_role("button", name="Actions for share").click()
    page.get_by_role("menuitem", name="Change").click()
    page.get_by_role("dialog").get_by_role("textbox", name="Folder").fill(str(tmp_path))
    page.get_by_role("dialog").get_by_role("button", name="Save and test").click()
    expect(line).to_have_attribute("data-is", "ok")
    page.get_by_role("dialog").get_by_role("button", name="Close").last.click()

    page.get_by_role("button", name="Actions for share").click()
    page.get_by_role("menuitem", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("There is no destination yet.")).to_be_visible()


@pytest.mark.usefixtures("study")
def test_a_secret_goes_in_and_never_comes_out(page: Page, system: DemoSystem) -> None:
    """What was entered is nowhere on the page; left empty it stays as it is."""
    page.goto("/destinations")
    page.get_by_role("button", name="Add a destination").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Kind", exact=True).select_option("webhook")
    dialog.get_by_role("textbox", name="Name").fill("flow")
    dialog.get_by_role("textbox", name="Address").fill("http://127.0.0.1:1/")
    dialog.get_by_label("Key that signs").fill("wolf of the north")
    dialog.get_by_role("button", name="Save and test").click()
    expect(page.get_by_role("dialog", name="Test of flow")).to_be_visible()
    page.reload()
    page.get_by_role("button", name="Actions for flow").click()
    page.get_by_role("menuitem", name="Change").click()
    expect(page.get_by_role("dialog")).to_contain_text("There is one.")
    assert "wolf of the north" not in page.content()
    page.get_by_role("dialog").get_by_role("button", name="Save and test").click()
    expect(page.get_by_role("dialog", name="Test of flow")).to_be_visible()
    (flow,) = system.client.get("/api/v1/destinations").json()["destinations"]
    assert flow["has_secret"] is True


@pytest.mark.usefixtures("study")
def test_a_rule_is_a_sentence(page: Page, system: DemoSystem, tmp_path: Path) -> None:
    """What is ticked is said while it is ticked, and is what is kept."""
    folder_destination(system, "share", tmp_path)
    page.goto("/destinations?tab=rules")
    page.get_by_role("button", name="Add a rule").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Name").fill("urgent CT")
    dialog.get_by_role("checkbox", name="CT", exact=True).check()
    dialog.get_by_label("Severity").select_option("critical")
    dialog.get_by_role("checkbox", name="inpatient").check()
    dialog.get_by_role("combobox", name="Sent by").fill("CT1")
    said = (
        "When results are there of CT studies, from CT1, with a critical finding, "
        "of patient class inpatient"
    )
    dialog.get_by_role("combobox", name="Sent by").press("Enter")
    expect(dialog.get_by_role("status")).to_have_text(f"{said} → results → share")
    assert serious_violations(page) == []
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row", name=re.compile("urgent CT"))).to_contain_text(said)
    (rule,) = system.client.get("/api/v1/delivery-rules").json()["rules"]
    assert rule["conditions"] == {
        "modalities": ["CT"], "calling_aes": ["CT1"], "least_severity": "critical",
        "body_regions": [], "findings": [], "patient_classes": ["inpatient"],
    }  # fmt: skip


def test_results_are_sent_by_hand(
    page: Page, system: DemoSystem, study: int, tmp_path: Path
) -> None:
    """From the study's menu; the row says by itself when they are there."""
    folder_destination(system, "share", tmp_path)
    row = delivery_rows(page, study, "share")
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Send…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("radio", name="share").check()
    assert serious_violations(page) == []
    dialog.get_by_role("button", name="Send", exact=True).click()
    expect(row.locator("[data-delivery=sent]")).to_be_visible()
    assert list(tmp_path.rglob("*.json")), "it is there"


def test_what_does_not_arrive_says_why(
    page: Page, system: DemoSystem, study: int, tmp_path: Path
) -> None:
    """The reason, on the study's page and in the list of all; called off there."""
    folder_destination(system, "lost", tmp_path / "absent")
    url = f"/api/v1/studies/{study}/deliveries"
    system.client.post(url, json={"destination": "lost"}).raise_for_status()
    row = delivery_rows(page, study, "lost")
    expect(row).to_contain_text("folder")
    assert serious_violations(page) == []
    page.goto("/destinations?tab=deliveries&show=all&to=lost")
    expect(row).to_contain_text("folder")
    row.get_by_role("button", name=re.compile("Call off")).click()
    expect(row.locator("[data-delivery=cancelled]")).to_be_visible()
    row.get_by_role("link", name=str(study)).click()
    expect(page).to_have_url(re.compile(f"/studies/{study}$"))


def test_the_report_is_taken_along(page: Page, study: int) -> None:
    """As a PDF whose name says nothing of the patient."""
    page.goto(f"/studies/{study}/report")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download as PDF").click()
    assert waiting.value.suggested_filename == f"study-{study}-report.pdf"
    assert waiting.value.path().read_bytes().startswith(b"%PDF-")


def test_height_and_weight_are_entered(page: Page, system: DemoSystem, study: int) -> None:
    """What another unit looks like is refused at the field; results follow, and go back."""

    def index() -> object:
        told = system.client.get(f"/api/v1/studies/{study}").json()["results"]["measurements"]
        return next(one["value"] for one in told if one["name"] == "SMI_cm2_m2")

    before = index()
    page.goto(f"/studies/{study}")
    dialog = page.get_by_role("dialog")
    enter = page.get_by_role("button", name="Enter height and weight")
    enter.click()
    dialog.get_by_label("Height (cm)").fill("1.9")
    expect(dialog.get_by_text("A number between 30 and 250")).to_be_visible()
    expect(dialog.get_by_role("button", name="Save")).to_be_disabled()
    dialog.get_by_label("Height (cm)").fill("190,5")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("190.5 cm")).to_be_visible()
    assert index() != before
    enter.click()
    expect(dialog).to_contain_text("Entered by demo")
    assert serious_violations(page) == []
    dialog.get_by_label("Height (cm)").fill("")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    assert index() == before
