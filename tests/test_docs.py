"""The documentation keeps up with the program."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from heimdallr.cli.app import app

ROOT = Path(__file__).parents[1]
OPERATE = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")


def test_every_command_is_documented() -> None:
    """Each command, and each subcommand, stands on the operator's page."""
    commands = get_command(app).commands  # type: ignore[attr-defined]
    for name, command in commands.items():
        for sub in getattr(command, "commands", {"": None}):
            assert f"`heimdallr {name} {sub}".strip() in OPERATE, (name, sub)


@pytest.mark.parametrize(
    "page", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]), ids=lambda page: page.name
)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link and picture of a page exists."""
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http:", "https:")):
            assert (page.parent / target).exists(), target


def test_every_page_is_reached_from_the_readme() -> None:
    """Links lead from the README to each page of `docs/`, over other pages or at once."""
    reached: set[Path] = set()
    ahead = [ROOT.resolve() / "README.md"]
    while ahead:
        if (page := ahead.pop()) not in reached:
            reached.add(page)
            targets = re.findall(r"\]\(([^)#:]+\.md)", page.read_text(encoding="utf-8"))
            ahead += [(page.parent / target).resolve() for target in targets]
    assert not set(ROOT.resolve().glob("docs/**/*.md")) - reached
