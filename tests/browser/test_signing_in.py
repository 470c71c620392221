"""Signing in: closed by default, one-time passwords changed first, and out again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect
from signing_in import sign_in

from heimdallr.cli.demonstration.system import USER

if TYPE_CHECKING:
    from collections.abc import Callable

    from heimdallr.cli.demonstration.system import DemoSystem


def test_nobody_sees_anything_before_signing_in(
    open_page: Callable[..., Page], system: DemoSystem
) -> None:
    """A wrong password is refused in words; the right one leads to the page that was asked for."""
    page = open_page(signed_in=False)
    page.goto("/explorer")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    sign_in(page, USER, "wrong")
    expect(page.get_by_role("alert")).to_contain_text("wrong")
    page.get_by_role("textbox", name="Password").fill(system.password)
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation")).to_be_visible()
    assert page.url.endswith("/explorer")


def test_a_session_that_ended_is_gone_on_with(page: Page, system: DemoSystem) -> None:
    """Whoever signs in again is back at the page, which asks who is there once, not for ever."""
    page.goto("/")
    studies = page.locator("tbody tr[data-study]")
    expect(studies.first).to_be_visible()
    page.context.clear_cookies()
    page.keyboard.press("r")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
    sign_in(page, USER, system.password)
    expect(studies.first).to_be_visible()
    page.wait_for_timeout(2000)
    expect(studies.first).to_be_visible()
    assert asked.count(f"GET {system.url}/api/v1/session") == 1


def test_a_one_time_password_is_changed_first(
    open_page: Callable[..., Page], system: DemoSystem
) -> None:
    """Then one is in; signing out forgets everything."""
    made = system.client.post("/api/v1/users", json={"name": "nova", "role": "viewer"}).json()
    page = open_page(signed_in=False)
    page.goto("/")
    sign_in(page, "nova", made["password"])
    expect(page.get_by_text("for one time only")).to_be_visible()
    page.get_by_role("textbox", name=re.compile("New password,")).fill("staple of the north sea")
    page.get_by_role("textbox", name="once more").fill("staple of the north sea")
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation")).to_be_visible()
    expect(page.get_by_role("link", name="Access")).to_have_count(0)  # not for a viewer
    page.get_by_role("button", name="Account").click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
