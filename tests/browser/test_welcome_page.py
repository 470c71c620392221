"""Connect your PACS: a light that turns green when somebody at the other end tries."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect
from pynetdicom import AE

if TYPE_CHECKING:
    from heimdallr.cli.demonstration.system import DemoSystem

VERIFICATION = "1.2.840.10008.1.1"
HOST = "127.0.0.1"


def echo(system: DemoSystem, calling_ae: str) -> None:
    """Send C-ECHO as a PACS does that is being set up."""
    pacs = AE(calling_ae)
    pacs.add_requested_context(VERIFICATION)
    association = pacs.associate(
        HOST, system.settings.dicom_port, ae_title=system.settings.ae_title
    )
    assert association.is_established
    assert association.send_c_echo().Status == 0
    association.release()


def test_an_echo_turns_the_light_green(page: Page, system: DemoSystem) -> None:
    """Nobody reloads anything: the page asks while somebody watches."""
    page.goto("/welcome")
    signs = page.get_by_role("region", name="Is it connected?")
    expect(signs).to_contain_text("The listener is alive")
    expect(signs).to_contain_text("Images have arrived")
    expect(signs).not_to_contain_text("NEWPACS")
    echo(system, "NEWPACS")
    light = signs.locator("li", has_text="A C-ECHO has come through")
    expect(light).to_contain_text("NEWPACS · 127.0.0.1")
    expect(light).to_have_attribute("data-light", "good")


def test_who_is_turned_away_is_told(page: Page, system: DemoSystem) -> None:
    """With the reason; and no more, as soon as that address gets through."""
    page.goto("/welcome")
    with socket.create_connection((HOST, system.settings.dicom_port)) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        refused = page.get_by_role("status").filter(has_text="Somebody was turned away")
        expect(refused).to_contain_text("does not begin with an association request")
    echo(system, "NEWPACS")
    expect(refused).to_have_count(0)


def test_what_the_pacs_needs_is_copied(page: Page, system: DemoSystem) -> None:
    """Title, host and port, and commands with them in place."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/welcome")
    page.get_by_role("button", name="Copy: AE title").click()
    assert page.evaluate("navigator.clipboard.readText()") == system.settings.ae_title
    page.get_by_role("button", name="Copy: Is anybody there?").click()
    expected = f"-aec {system.settings.ae_title} {HOST} {system.settings.dicom_port}"
    assert expected in page.evaluate("navigator.clipboard.readText()")
    expect(page.get_by_text("this machine only, because nobody else is named")).to_be_visible()
