"""Take the documentation's pictures of the dashboard, from synthetic patients.

    python tools/pictures.py docs/pictures

Starts the whole system, sends the demo's studies and a part of one of them, and photographs its
pages with Chromium.
"""

from __future__ import annotations

import argparse
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import FloatRect, sync_playwright
from pydicom import dcmread
from pydicom.uid import generate_uid

from heimdallr.cli.demonstration.system import USER, DemoSystem, running_system
from heimdallr.config import load_settings
from heimdallr.phantom.studies import write_demo_studies

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SEED = 7
_LOADED_MS = 180_000
_STILL_MS = 5000
"""Until nothing blinks any more."""
_MEASURED, LUMBAR = "Native 2 B30f", "CT LUMBAR SPINE"
_LUMBAR_MM = (-90.0, 25.0)
"""Heights of L2 to L4 in the demo's trunk, without a rib or the sacrum."""
_NOBODY = 1
"""A port at which nobody listens."""
_UPPER_THIRD: FloatRect = {"x": 0, "y": 0, "width": 1440, "height": 300}
_STROKE = 70
"""Half a stroke of the brush in pixels, from one side of the spinous process to the other."""
_BEHIND = 60
"""Pixels from where the number leads to, L3, back into the muscle."""
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
            system.send(lumbar_part(studies[0].dicom, work / "lumbar"))
            system.follow_all(len(studies) + 1, lambda _seen: None, 600)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=shutil.which("chromium"), args=_FLAGS, chromium_sandbox=False
                )
                photograph(browser, system, target)
                browser.close()


def lumbar_part(trunk: Path, target: Path) -> Path:
    """A study of some lumbar vertebrae alone: no sacrum and no ribs to count from.

    Args:
        trunk: DICOM files of the demo's trunk.
        target: folder to appear.
    """
    low_mm, high_mm = _LUMBAR_MM
    study, series = generate_uid(), generate_uid()
    target.mkdir()
    for n, path in enumerate(sorted(trunk.rglob("*.dcm"))):
        image = dcmread(path)
        if image.get("SeriesDescription") != _MEASURED:
            continue
        if low_mm < image.ImagePositionPatient[2] < high_mm:
            image.StudyInstanceUID, image.SeriesInstanceUID = study, series
            image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid()
            image.StudyDescription, image.AccessionNumber = LUMBAR, "PH0000999"
            image.save_as(target / f"{n}.dcm")
    return target


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
    doubted_and_refused(page, numbers, target)
    corrected(page, numbers["CT TRUNK 3 PHASES"], target)
    photograph_delivery(page, system, numbers["CT TRUNK 3 PHASES"], target)
    light = opened(browser, system, "light")
    light.goto(f"/studies/{numbers['CT HEAD']}/report")
    light.get_by_role("heading").first.wait_for()
    light.wait_for_load_state("networkidle")
    light.screenshot(path=target / "dashboard-report.png", full_page=True)


def doubted_and_refused(page: Page, numbers: dict[str, int], target: Path) -> None:
    """What a radiologist meets beside sure numbers: a structure in doubt, a level refused."""
    trunk, lumbar = numbers["CT TRUNK 3 PHASES"], numbers[LUMBAR]
    show(page, trunk, "Skeletal muscle area at L3 (SMA)")
    doubted = page.get_by_role("group", name="Not believed")
    doubted.get_by_role("checkbox").last.check()
    doubted.get_by_role("button", name="Go to").last.click()
    page.wait_for_timeout(_STILL_MS)
    page.screenshot(path=target / "verdict-doubtful.png")
    page.goto(f"/studies/{lumbar}")
    page.get_by_test_id("value").wait_for(timeout=_LOADED_MS)
    page.get_by_placeholder("Find a measurement").fill("L3")
    page.wait_for_timeout(_STILL_MS)
    page.screenshot(path=target / "verdict-refused.png")


def corrected(page: Page, study: int, target: Path) -> None:
    """Muscle that is erased at L3, old and new number beside it, and a level that is put right."""
    show(page, study, "Skeletal muscle area at L3 (SMA)")
    page.get_by_role("searchbox", name="Search structures").fill("skeletal")
    page.get_by_role("button", name="More about Skeletal muscle").click()
    page.get_by_role("menuitem", name="Edit this").click()
    page.locator("canvas").focus()
    page.keyboard.press("e")
    page.wait_for_timeout(_STILL_MS)
    box, spot = page.locator("canvas").bounding_box(), page.locator("svg circle[cx]").first
    if box is None:
        msg = "the viewer is not shown"
        raise RuntimeError(msg)
    x, y = (float(str(spot.get_attribute(name))) for name in ("cx", "cy"))
    x, y = box["x"] + x - _STROKE, box["y"] + y + _BEHIND
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 2 * _STROKE, y, steps=12)
    page.mouse.up()
    page.wait_for_timeout(_STILL_MS)
    page.screenshot(path=target / "correction-brush.png")
    page.keyboard.press("Control+s")
    page.get_by_label("Comment").fill("the mask ran into the fat behind the spine")
    page.get_by_role("button", name="Save", exact=True).click()
    row = page.locator('[data-measurement="SMA_cm2"]')
    row.locator("[data-corrected]").wait_for(timeout=_LOADED_MS)
    page.get_by_test_id("value").wait_for(timeout=_LOADED_MS)
    page.get_by_role("tab", name="Corrections").click()
    row.scroll_into_view_if_needed()
    page.wait_for_timeout(_STILL_MS)
    page.screenshot(path=target / "correction-numbers.png")
    row.get_by_role("button", name=re.compile("^Correct: ")).first.click()
    page.get_by_role("menuitem", name="Wrong level …").click()
    dialog = page.get_by_role("dialog", name="This vertebra is …")
    dialog.get_by_role("combobox", name="It is", exact=True).click()
    page.get_by_role("option", name="L4", exact=True).click()
    page.wait_for_timeout(_STILL_MS)
    page.screenshot(path=target / "correction-level.png")
    dialog.get_by_role("button", name="Cancel").click()


def photograph_delivery(page: Page, system: DemoSystem, study: int, target: Path) -> None:
    """A share that takes results, an archive that is not there, and what the pages say of both."""
    share = system.settings.data_dir.parent / "share"
    share.mkdir(exist_ok=True)
    archive = {"kind": "dicom", "ae_title": "ARCHIVE", "host": "127.0.0.1", "port": _NOBODY}
    for name, peer in (("pacs", archive), ("share", {"kind": "folder", "path": str(share)})):
        body = {"name": name, "peer": peer}
        system.client.post("/api/v1/destinations", json=body).raise_for_status()
        order = {"destination": name}
        system.client.post(f"/api/v1/studies/{study}/deliveries", json=order).raise_for_status()
    page.goto(f"/studies/{study}")
    page.get_by_role("tab", name="Delivery").click()
    page.locator("[data-delivery=sent]").nth(1).wait_for(timeout=_LOADED_MS)
    page.get_by_role("row", name="pacs").get_by_text("nobody listens").first.wait_for()
    page.get_by_role("tabpanel", name="Delivery").screenshot(path=target / "dashboard-delivery.png")
    system.client.delete("/api/v1/destinations/share").raise_for_status()
    page.goto("/destinations")
    page.get_by_role("button", name="Test pacs").click()
    page.locator("[data-check=reachable]").wait_for()
    page.wait_for_timeout(_STILL_MS)
    page.screenshot(path=target / "dashboard-destinations.png", clip=_UPPER_THIRD)


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
