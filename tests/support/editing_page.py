"""The viewer in a browser, as somebody sees it who edits: what the tests of it have in common."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from editable_study import EditableStudy
    from playwright.sync_api import Browser, Locator

_LOADED_MS = 120_000


@contextmanager
def stranger(chromium: Browser, url: str) -> Iterator[Page]:
    """A page in a browser that knows nothing yet; no script on it may fail."""
    context = chromium.new_context(
        base_url=url, viewport={"width": 1440, "height": 900}, locale="en-GB"
    )
    page = context.new_page()
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.on("console", lambda said: broken.extend([said.text] * ("GL_INVALID" in said.text)))
    try:
        yield page
    finally:
        context.close()
    assert not broken


def loaded(page: Page) -> None:
    """Wait until everything has arrived."""
    expect(page.get_by_test_id("value")).to_be_visible(timeout=_LOADED_MS)
    expect(page.locator("[data-stage]")).to_have_count(0, timeout=_LOADED_MS)


def edit(page: Page, study: EditableStudy, structure: str) -> None:
    """Go to a structure and begin to edit it."""
    page.goto(f"/studies/{study.number}")
    loaded(page)
    page.get_by_role("searchbox", name="Search structures").fill(structure)
    page.get_by_role("button", name=f"Go to {structure}").click()
    page.get_by_role("button", name=f"More about {structure}").click()
    page.get_by_role("menuitem", name="Edit this").click()
    expect(choice(page)).to_have_value(structure)
    page.locator("canvas").focus()


def stroke(page: Page, below: int = 0) -> None:
    """Along a line through the crosshair, or so many pixels below it."""
    x, y = crosshair(page)
    page.mouse.move(x - 15, y + below)
    page.mouse.down()
    page.mouse.move(x + 15, y + below + 5, steps=5)
    page.mouse.up()


def choice(page: Page) -> Locator:
    """Which structure is edited."""
    return page.get_by_role("combobox", name="Structure to edit")


def bar(page: Page) -> Locator:
    """The tools of whoever edits."""
    return page.get_by_role("toolbar", name="Edit the structures")


def changes(page: Page) -> Locator:
    """What has been changed, in words."""
    return page.get_by_test_id("edit-changes")


def crosshair(page: Page) -> tuple[float, float]:
    """Where it is on the page, while an edit tool is in hand."""
    box = page.locator("canvas").bounding_box()
    spot = page.locator("svg circle[cx]").first
    assert box
    return (
        box["x"] + float(str(spot.get_attribute("cx"))),
        box["y"] + float(str(spot.get_attribute("cy"))),
    )
