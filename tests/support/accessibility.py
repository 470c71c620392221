"""What axe-core says about a page in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"

_STRUCTURE = ("heading-order", "landmark-unique", "page-has-heading-one", "region")
"""Moderate to axe; to somebody who hears the page they are its map."""


def serious_violations(page: Page) -> list[str]:
    """Serious and critical violations of WCAG on the page as it is, and those of its structure."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: run `npm ci` in frontend/")
    page.mouse.move(0, 0)
    expect(page.get_by_role("tooltip")).to_have_count(0)  # one that fades away is in no landmark
    page.evaluate(AXE.read_text())
    found: list[str] = page.evaluate(
        """async structure => (await axe.run()).violations
            .filter(({id, impact}) =>
                ["serious", "critical"].includes(impact) || structure.includes(id))
            .map(({id, nodes}) => `${id}: ${nodes.map(({html}) => html).join(" | ")}`)""",
        list(_STRUCTURE),
    )
    return found
