"""The system page: what an administrator needs at three in the morning."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import Locator, Page, expect
from web_service import zipped

if TYPE_CHECKING:
    from collections.abc import Callable

    from heimdallr.cli.demonstration.system import DemoSystem


def section(page: Page, name: str) -> Locator:
    """A part of the page."""
    return page.get_by_role("region", name=name, exact=True)


def test_everything_at_a_glance(page: Page, system: DemoSystem) -> None:
    """Alerts, queue, workers, DICOM, disk and weights, as they are."""
    page.goto("/system")
    alerts = page.get_by_label("What needs attention")
    expect(alerts).to_contain_text("Bundled weights, not for clinical use, segment")
    expect(
        section(page, "Queue").get_by_role("link", name=re.compile(r"^\d+ done$"))
    ).to_be_visible()
    expect(section(page, "Queue")).to_contain_text("nothing waits")
    workers = section(page, "Workers and devices")
    expect(workers).to_contain_text("alive")
    expect(workers).to_contain_text(re.compile(r"\d+ cores?"))
    dicom = section(page, "DICOM")
    expect(dicom).to_contain_text(str(system.settings.dicom_port))
    expect(dicom.get_by_role("row", name=re.compile("DEMO_CT"))).to_be_visible()
    expect(section(page, "Disk")).to_contain_text(re.compile(r"free of"))
    weights = section(page, "Network weights")
    expect(weights.get_by_role("alert")).to_contain_text("Not for clinical use")
    expect(weights.get_by_role("row", name=re.compile("cerebral_bleed.*bundled"))).to_be_visible()


def test_a_state_leads_to_its_studies(page: Page) -> None:
    """The numbers of the queue are links to the worklist, filtered."""
    page.goto("/system")
    section(page, "Queue").get_by_role("link", name=re.compile(r"^\d+ done$")).click()
    expect(page).to_have_url(re.compile(r"/\?state=done"))
    expect(page).to_have_title(re.compile("Worklist"))


def test_events_lead_to_their_study(page: Page) -> None:
    """What happened, newest first, each with its study."""
    page.goto("/system")
    events = page.get_by_role("region", name="Events")
    row = events.get_by_role("row", name=re.compile("done")).first
    expect(row).to_be_visible()
    row.get_by_role("link").click()
    expect(page).to_have_url(re.compile(r"/studies/\d+"))


def test_an_unusable_file_is_told(page: Page, system: DemoSystem) -> None:
    """Quarantine is an alert that leads to the files and the reason."""
    damaged = ("damaged.dcm", b"\0" * 128 + b"DICM" + b"\0" * 64)
    system.client.post("/upload", files={"file": ("exam.zip", zipped([damaged]))})
    assert system.client.get("/api/v1/quarantine").json()["files"]
    page.goto("/system")
    alert = page.get_by_label("What needs attention").get_by_role("alert")
    kept = alert.filter(has_text="put into quarantine")
    expect(kept).to_be_visible()
    kept.get_by_role("link", name="Show the files").click()
    expect(page).to_have_url(re.compile(r"show=quarantine"))
    expect(page.get_by_role("region", name="Quarantine").get_by_role("row")).not_to_have_count(0)


def test_settings_are_searched(page: Page, system: DemoSystem) -> None:
    """Value, source and meaning of each; the choice of the tab is in the address."""
    page.goto("/system?show=settings")
    settings = page.get_by_role("region", name="Settings")
    page.get_by_label("Search the settings").fill("port of the dicom")
    row = settings.get_by_role("row", name=re.compile("HEIMDALLR_DICOM_PORT"))
    expect(row).to_contain_text(str(system.settings.dicom_port))
    expect(settings.get_by_role("row")).to_have_count(2)


def test_settings_are_for_administrators(
    open_page: Callable[..., Page], system: DemoSystem
) -> None:
    """Whoever only reads sees how the system is, not how it is set."""
    name, password = "watcher", "staple of the north sea"
    made = system.client.post("/api/v1/users", json={"name": name, "role": "viewer"}).json()
    page = open_page(signed_in=False)
    page.goto("/system?show=settings")
    page.get_by_label("Name").fill(name)
    page.get_by_role("textbox", name="Password").fill(made["password"])
    page.keyboard.press("Enter")
    page.get_by_role("textbox", name=re.compile("New password,")).fill(password)
    page.get_by_role("textbox", name="once more").fill(password)
    page.keyboard.press("Enter")
    expect(page.get_by_role("tab", name="Events")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("tab", name="Settings")).to_have_count(0)
