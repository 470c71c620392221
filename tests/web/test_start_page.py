"""The page a browser gets first: whole, self-contained, under a strict policy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from web_service import Service

PARTS = ("/", "/assets/start.js", "/assets/start.css")


def test_nothing_comes_from_elsewhere(service: Service) -> None:
    """No address of another host in any part, and every part the page names is there."""
    page = service.client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    for name in re.findall(r'(?:src|href)="(/[^"]+)"', page.text):
        assert service.client.get(name).status_code == 200, name
    for part in PARTS:
        assert not re.search(r"(?:https?:)?//[a-z0-9]", service.client.get(part).text), part


def test_nothing_runs_that_stands_in_the_page(service: Service) -> None:
    """The policy forbids inline script and style, and the page has none."""
    page = service.client.get("/")
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe-inline" not in policy
    assert not re.search(r"<script(?![^>]*src)|<style|\son\w+=|\sstyle=", page.text)


def test_what_is_shown_is_text(service: Service) -> None:
    """A header that looks like markup stays text: the program never sets markup."""
    program = service.client.get("/assets/start.js").text
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(", program)


def test_it_is_checked_for_changes(service: Service) -> None:
    """After an upgrade the browser does not run yesterday's program."""
    for part in PARTS:
        answer = service.client.get(part)
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.headers["etag"]
