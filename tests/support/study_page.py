"""The page of a study in a browser: what the tests of it have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import Locator, Page, expect

if TYPE_CHECKING:
    from heimdallr.cli.demonstration.system import DemoSystem


def study_of(system: DemoSystem, description: str) -> int:
    """The oldest study of this description."""
    studies = system.client.get("/api/v1/studies?limit=200").json()["studies"]
    return min(int(one["id"]) for one in studies if description in one["description"])


def open_study(page: Page, study: int) -> None:
    """Go there, and wait for the numbers."""
    page.goto(f"/studies/{study}")
    expect(page.locator("[data-measurement]").first).to_be_visible()


def row(page: Page, name: str) -> Locator:
    """A measurement of the panel."""
    return page.locator(f'[data-measurement="{name}"]')
