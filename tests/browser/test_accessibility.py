"""Every page for everybody: axe, the keyboard alone, narrow screens, the right language."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from accessibility import serious_violations
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from heimdallr.cli.demonstration.system import DemoSystem

THEMES = ("dark", "light")
WIDTHS = (360, 1440)

PAGES = {
    "/": "Worklist",
    "/studies/{study}": None,
    "/studies/{study}/report": None,
    "/explorer": "Measurement explorer",
    "/explorer?name=spleen_vol_cm3": "Measurement explorer",
    "/rules": "Rules of findings",
    "/explorer?name=brain_vol_cm3&against=age_years": "Measurement explorer",
    "/system": "System",
    "/system?show=settings": "System",
    "/destinations": "Destinations",
    "/destinations?tab=deliveries&show=all": "Destinations",
    "/access": "Access",
    "/access?tab=tokens": "Access",
    "/access?tab=audit": "Access",
    "/welcome": "Connect your PACS",
    "/help": "Help",
}
"""Address → heading; a study's is the patient's."""


def arrive(page: Page, system: DemoSystem, path: str) -> None:
    """Open a page, and wait until it shows what it has."""
    study = system.client.get("/api/v1/studies").json()["studies"][0]["id"]
    page.goto(path.format(study=study))
    expect(page.get_by_role("heading", level=1).first).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="Loading")).to_have_count(0)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("theme", THEMES)
def test_no_page_keeps_anybody_out(
    open_page: Callable[..., Page], system: DemoSystem, theme: str, path: str
) -> None:
    """Axe has nothing serious to say; on a telephone nothing stands beside the screen."""
    page = open_page(reduced_motion="reduce")
    page.add_init_script(f"localStorage.setItem('mantine-color-scheme-value', '{theme}')")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        arrive(page, system, path)
        assert serious_violations(page) == [], f"{width} pixels"
        room = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert room <= 0, f"{room} pixels too wide for {width}"


@pytest.mark.parametrize("theme", THEMES)
def test_signing_in_keeps_nobody_out(open_page: Callable[..., Page], theme: str) -> None:
    """The form, and what it says when the password is wrong."""
    page = open_page(signed_in=False, reduced_motion="reduce")
    page.add_init_script(f"localStorage.setItem('mantine-color-scheme-value', '{theme}')")
    page.goto("/")
    page.get_by_label("Name").fill("nobody")
    page.get_by_role("textbox", name="Password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    assert serious_violations(page) == []


def press_until_focused(page: Page, name: str) -> None:
    """Press Tab until a link of this name has the focus."""
    link = page.get_by_role("navigation").get_by_role("link", name=name)
    for _ in range(20):
        page.keyboard.press("Tab")
        if link.evaluate("element => element === document.activeElement"):
            return
    pytest.fail(f"Tab does not lead to {name}")


def test_every_page_is_reached_by_keyboard(page: Page, system: DemoSystem) -> None:
    """By Tab and Enter; the page that opens has the focus and is named in the tab."""
    for name, heading in (
        ("Explorer", "Measurement explorer"),
        ("System", "System"),
        ("Destinations", "Destinations"),
        ("Access", "Access"),
        ("Help", "Help"),
    ):
        arrive(page, system, "/help" if name != "Help" else "/system")
        press_until_focused(page, name)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1, name=heading)).to_be_visible()
        expect(page).to_have_title(f"{heading} · Heimdallr")
        expect(page.locator("main")).to_be_focused()


def test_keys_lead_to_pages(page: Page, system: DemoSystem) -> None:
    """`g` and a letter; `?` for help, where all of them stand."""
    arrive(page, system, "/welcome")
    for keys, heading in (("ge", "Measurement explorer"), ("gs", "System"), ("gw", "Worklist")):
        for key in keys:
            page.keyboard.press(key)
        expect(page).to_have_title(f"{heading} · Heimdallr")
    page.keyboard.press("Shift+?")
    expect(page.get_by_role("heading", level=1, name="Help")).to_be_visible()
    expect(page.get_by_role("heading", name="Keyboard")).to_be_visible()


def test_the_header_can_be_skipped(page: Page, system: DemoSystem) -> None:
    """The first Tab offers the way to the content."""
    arrive(page, system, "/help")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_the_page_says_its_language(open_page: Callable[..., Page], system: DemoSystem) -> None:
    """The browser's at first; then what the reader chose, also after a reload."""
    page = open_page(locale="pt-BR")
    arrive(page, system, "/help")
    expect(page.locator("html")).to_have_attribute("lang", "pt")
    expect(page.get_by_role("heading", level=1, name="Ajuda")).to_be_visible()
    page.get_by_role("banner").get_by_role("button").last.click()
    page.get_by_role("menuitem", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.reload()
    expect(page.get_by_role("heading", level=1, name="Help")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")
