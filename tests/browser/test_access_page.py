"""Users, tokens and the audit trail, through the pages of an administrator."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx
from playwright.sync_api import Page, expect
from signing_in import sign_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from heimdallr.cli.demonstration.system import DemoSystem

PASSWORD = "staple of the north sea"  # noqa: S105 - of a user who lives for a test


def secret_of(page: Page) -> str:
    """The secret that is shown; taking it down closes the dialog."""
    dialog = page.get_by_role("dialog").filter(has_text="It is shown this once")
    secret = dialog.locator("code").inner_text()
    dialog.get_by_role("button", name="I have taken it down").click()
    expect(dialog).to_have_count(0)
    return secret


def test_a_user_comes_and_is_shut_out(
    page: Page, open_page: Callable[..., Page], system: DemoSystem
) -> None:
    """The one-time password is shown once and works once; shut out means at once."""
    page.goto("/access")
    page.get_by_role("button", name="Add a user").click()
    page.get_by_role("dialog").get_by_label("Name").fill("freya")
    page.get_by_role("radio", name="operator").check()
    page.get_by_role("dialog").get_by_role("button", name="Add a user").click()
    password = secret_of(page)
    row = page.get_by_role("row", name=re.compile("freya"))
    expect(row).to_contain_text("one-time password")
    assert password not in page.content()

    theirs = open_page(signed_in=False)
    theirs.goto("/")
    theirs.get_by_label("Name").fill("freya")
    theirs.get_by_role("textbox", name="Password").fill(password)
    theirs.keyboard.press("Enter")
    theirs.get_by_role("textbox", name=re.compile("New password,")).fill(PASSWORD)
    theirs.get_by_role("textbox", name="once more").fill(PASSWORD)
    theirs.keyboard.press("Enter")
    expect(theirs.get_by_role("navigation")).to_be_visible()

    row.get_by_role("button", name="Actions for freya").click()
    page.get_by_role("menuitem", name="Shut out").click()
    page.get_by_role("dialog").get_by_role("button", name="Shut out").click()
    expect(row).to_contain_text("shut out")
    theirs.goto("/system")
    expect(theirs.get_by_role("button", name="Sign in")).to_be_visible()
    signing_in = httpx.post(
        f"{system.url}/api/v1/session", json={"name": "freya", "password": PASSWORD}
    )
    assert signing_in.status_code == httpx.codes.UNAUTHORIZED


def test_what_the_server_refuses_stands_at_the_field(page: Page) -> None:
    """A name that is taken, or is none."""
    page.goto("/access")
    page.get_by_role("button", name="Add a user").click()
    dialog = page.get_by_role("dialog")
    for name, reason in (("demo", "already"), ("né", "letters a-z")):
        dialog.get_by_label("Name").fill(name)
        dialog.get_by_role("button", name="Add a user").click()
        expect(dialog.get_by_label("Name")).to_have_accessible_description(re.compile(reason))


def test_a_role_changes_after_a_question(page: Page, system: DemoSystem) -> None:
    """What the new role may do is said before."""
    system.client.post("/api/v1/users", json={"name": "tyr", "role": "viewer"}).raise_for_status()
    page.goto("/access")
    role = page.get_by_role("combobox", name="Role of tyr")
    role.click()
    page.get_by_role("option", name="operator").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Make tyr operator?")
    dialog.get_by_role("button", name="Change the role").click()
    expect(dialog).to_have_count(0)
    expect(role).to_have_value("operator")


def test_a_token_lives_and_is_revoked(page: Page, system: DemoSystem) -> None:
    """Its secret is shown once; revoking it shuts its program out at once."""
    page.goto("/access?tab=tokens")
    page.get_by_role("button", name="Add a token").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("research")
    dialog.get_by_role("button", name="Add a token").click()
    expect(dialog).to_contain_text("Choose at least one.")
    dialog.get_by_role("checkbox", name="read").check()
    dialog.get_by_label("Days").fill("90")
    dialog.get_by_role("button", name="Add a token").click()
    headers = {"Authorization": f"Bearer {secret_of(page)}"}
    ask = f"{system.url}/api/v1/studies"
    assert httpx.get(ask, headers=headers).status_code == httpx.codes.OK

    row = page.get_by_role("row", name=re.compile("research"))
    expect(row).to_contain_text("works")
    row.get_by_role("button", name="Revoke research").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke", exact=True).click()
    expect(row).to_contain_text("revoked")
    assert httpx.get(ask, headers=headers).status_code == httpx.codes.UNAUTHORIZED


def test_the_audit_trail_is_searched(page: Page, system: DemoSystem) -> None:
    """By who and what; the search is in the address and outlives a reload."""
    system.client.post("/api/v1/users", json={"name": "odin", "role": "viewer"}).raise_for_status()
    page.goto("/access?tab=audit")
    page.get_by_label("Object").fill("user:odin")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("object=user%3Aodin"))
    trail = page.get_by_role("region", name="Audit trail")
    for _ in range(2):
        expect(trail.get_by_role("row")).to_have_count(2)
        expect(trail).to_contain_text("user.create")
        page.reload()
    page.get_by_label("Who").fill("user:nobody")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No entry fits.")).to_be_visible()


def test_access_is_for_administrators(open_page: Callable[..., Page], system: DemoSystem) -> None:
    """Others are told so, and asked nothing they may not know."""
    made = system.client.post("/api/v1/users", json={"name": "loki", "role": "viewer"}).json()
    page = open_page(signed_in=False)
    page.goto("/access")
    sign_in(page, "loki", made["password"])
    page.get_by_role("textbox", name=re.compile("New password,")).fill(PASSWORD)
    page.get_by_role("textbox", name="once more").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_text("are for administrators")).to_be_visible()
