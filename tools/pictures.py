"""Take the documentation's pictures of the dashboard, from synthetic patients.

    python tools/pictures.py docs/pictures

Starts the whole system, sends the demo's studies, and photographs its pages with Chromium.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from heimdallr.cli.demonstration.system import USER, DemoSystem, running_system
from heimdallr.config import load_settings
from heimdallr.phantom.studies import write_demo_studies

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SEED = 7
_LOADED_MS = 180_000
_STILL_MS = 5000
"""Until nothing blinks any more."""
_FLAGS = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]


def main() -> None:
    """Every picture, into the folder that is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=Path)
    target: Path = parser.parse_args().target
    with tempfile.TemporaryDirectory(prefix="heimdallr-pictures-") as name:
        work = Path(name)
        (work / "studies").mkdir()
        studies = write_demo_studies(work / "studies", SEED)
        with running_system(work / "data", load_settings()) as system:
            for study in studies:
                system.send(study.dicom)
            system.follow_all(len(studies), lambda _seen: None, 600)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=shutil.which("chromium"), args=_FLAGS, chromium_sandbox=False
                )
                photograph(browser, system, target)
                browser.close()


def photograph(browser: Browser, system: DemoSystem, target: Path) -> None:
    """The pages, by file."""
    studies = system.client.get("/api/v1/studies").json()["studies"]
    numbers = {row["description"]: row["id"] for row in studies}
    page = opened(browser, system, "dark")
    page.goto("/")
    page.get_by_role("table").get_by_text("CT HEAD").wait_for()
    page.screenshot(path=target / "dashboard-worklist.png")
    show(page, numbers["CT HEAD"], "Show in the viewer")
    page.screenshot(path=target / "dashboard-bleed.png")
    show(page, numbers["CT TRUNK 3 PHASES"], "Skeletal muscle area at L3 (SMA)")
    page.screenshot(path=target / "dashboard-study.png")
    light = opened(browser, system, "light")
    light.goto(f"/studies/{numbers['CT HEAD']}/report")
    light.get_by_role("heading").first.wait_for()
    light.wait_for_load_state("networkidle")
    light.screenshot(path=target / "dashboard-report.png", full_page=True)


def show(page: Page, study: int, button: str) -> None:
    """Open a study and follow a number or a finding to its place in the viewer."""
    page.goto(f"/studies/{study}")
    page.get_by_test_id("value").wait_for(timeout=_LOADED_MS)
    page.wait_for_function("() => !document.querySelector('[data-stage]')", timeout=_LOADED_MS)
    page.get_by_role("button", name=button).first.click()
    page.wait_for_timeout(_STILL_MS)


def opened(browser: Browser, system: DemoSystem, scheme: str) -> Page:
    """A page of somebody who has signed in."""
    context = browser.new_context(
        base_url=system.url, viewport={"width": 1440, "height": 900}, locale="en-GB"
    )
    context.request.post("/api/v1/session", data={"name": USER, "password": system.password})
    context.add_init_script(f"localStorage.setItem('mantine-color-scheme-value', '{scheme}')")
    return context.new_page()


if __name__ == "__main__":
    main()
