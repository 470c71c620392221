"""The documentation keeps up with the program."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from heimdallr.cli.app import app
from heimdallr.config import Settings, describe

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
OPERATE = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")
NO_SETTINGS = {"HEIMDALLR_TEST_DATA", "HEIMDALLR_SERVER"}
"""Read by the tests and by the dashboard's development server."""


def test_every_command_is_documented() -> None:
    """Each command, and each subcommand, has its row on the operator's page; no other has one."""
    section = OPERATE.split("## Commands")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `heimdallr ([a-z -]+?) ?(?:[A-Z].*)?` \|", section, re.MULTILINE)
    commands = get_command(app).commands  # type: ignore[attr-defined]
    known = {
        f"{name} {sub}".strip()
        for name, command in commands.items()
        for sub in getattr(command, "commands", {"": None})
    }
    unwritten, gone = sorted(known - set(rows)), sorted(set(rows) - known)
    assert not unwritten, f"docs/operate.md, table under Commands: add a row for {unwritten}"
    assert not gone, f"docs/operate.md, table under Commands: there is no command {gone} any more"


def test_only_settings_that_exist_are_named() -> None:
    """A setting that is renamed is renamed on every page; the changelog tells what was."""
    known = {setting.name for setting in describe(Settings.model_construct())}
    for page in set(PAGES) - {ROOT / "CHANGELOG.md"}:
        text = page.read_text(encoding="utf-8")
        strange = set(re.findall(r"\bHEIMDALLR_[A-Z_]*[A-Z]\b", text)) - known - NO_SETTINGS
        assert not strange, f"{page.relative_to(ROOT)} names settings that do not exist: {strange}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link and picture of a page exists."""
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    ours = [target for target in targets if not target.startswith(("http:", "https:"))]
    broken = [target for target in ours if not (page.parent / target).exists()]
    assert not broken, f"{page.relative_to(ROOT)} links to what does not exist: {broken}"


def test_every_page_is_reached_from_the_readme() -> None:
    """Links lead from the README to each page of `docs/`, over other pages or at once."""
    reached: set[Path] = set()
    ahead = [ROOT.resolve() / "README.md"]
    while ahead:
        if (page := ahead.pop()) not in reached:
            reached.add(page)
            targets = re.findall(r"\]\(([^)#:]+\.md)", page.read_text(encoding="utf-8"))
            ahead += [(page.parent / target).resolve() for target in targets]
    pages = set(ROOT.resolve().glob("docs/**/*.md"))
    lost = sorted(str(page.relative_to(ROOT.resolve())) for page in pages - reached)
    assert not lost, f"no link leads to {lost}: add one to README.md or to a page it leads to"
