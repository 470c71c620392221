"""The documentation keeps up with the program."""

from __future__ import annotations

import pkgutil
import re
from importlib import resources
from pathlib import Path

import pytest
from typer.main import get_command

from heimdallr.cli.app import app
from heimdallr.config import Settings, describe

ROOT = Path(__file__).parents[1]
OPERATE = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")

PAGES = sorted(
    {
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "tools/train/README.md")),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("findings/*.md"),
    }
)
"""Pages that speak of the program as it is."""

NO_MODULES = frozenset({"conf", "db", "dump", "example", "key", "pem", "target", "token"})
"""What follows `heimdallr.` in names of files, units and hosts."""

FOUNDING_SCRIPTS = frozenset({"dicom_listener.py", "metrics.py", "run.py", "uploader.py"})
"""Named in the README as what was there before."""

MADE_BY_TOOLS = frozenset({"frontend/openapi.json"})

SOURCES = [
    path.relative_to(ROOT).as_posix()
    for folder in ("src", "tests", "tools", "benchmarks", "frontend/src")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".py", ".ts", ".tsx"}
]


def test_every_setting_is_documented_with_its_default() -> None:
    """The operator's page has a row for each setting and no other."""
    rows = dict(re.findall(r"^\| `(HEIMDALLR_\w+)` \| `?([^|`]*)`? \|", OPERATE, re.MULTILINE))
    settings = {row.name: row for row in describe(Settings.model_construct())}
    assert rows.keys() == settings.keys()
    for name, default in rows.items():
        if value := settings[name].value:
            assert default == value, name


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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_modules_that_a_page_names_are_there(page: Path) -> None:
    """Dotted names can be imported, paths exist: whole, or as the end of one source's path."""
    text = page.read_text(encoding="utf-8")
    for name in re.findall(r"(?<![\w/.@-])heimdallr(?:\.[A-Za-z_]\w*)+", text):
        if name.split(".")[1] not in NO_MODULES:
            pkgutil.resolve_name(name)
    for path in re.findall(r"(?<![\w/.<>-])(?:[\w-]+/)*[\w-]+\.(?:py|tsx?)\b", text):
        known = any(f"/{source}".endswith(f"/{path}") for source in SOURCES)
        theirs = (resources.files("totalsegmentator") / path).is_file()
        assert known or theirs or path in FOUNDING_SCRIPTS, path
    tops = r"src|tests|docs|tools|benchmarks|frontend|deploy|findings"
    for path in re.findall(rf"(?<![\w/.<>-])(?:{tops})/[\w./-]*[\w/](?![\w<*])", text):
        assert (ROOT / path).exists() or path in MADE_BY_TOOLS, path


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
