"""The documentation keeps up with the program."""

from __future__ import annotations

import pkgutil
import re
from importlib import resources
from pathlib import Path

import pytest
from typer import Context
from typer.main import get_command

from heimdallr.cli.app import app
from heimdallr.cli.command_tree import COMMANDS
from heimdallr.config import Settings, describe

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("findings/*.md"),
        *ROOT.glob("tools/**/*.md"),
    ]
)
OPERATE = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")
NO_SETTINGS = {
    "HEIMDALLR_TEST_DATA",
    "HEIMDALLR_TEST_CASES",
    "HEIMDALLR_TEST_PHANTOM",
    "HEIMDALLR_TEST_OHIF",
    "HEIMDALLR_SERVER",
    "HEIMDALLR_REAL_CT",
}
"""Read by the tests, the dashboard's development server and the training tools."""

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


def test_every_command_is_documented() -> None:
    """Each command, and each subcommand, has its row on the operator's page; no other has one."""
    section = OPERATE.split("## Commands")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `heimdallr ([a-z -]+?) ?(?:[A-Z].*)?` \|", section, re.MULTILINE)
    tree = get_command(app)
    known = {
        f"{name} {sub}".strip()
        for name in COMMANDS
        for command in [tree.get_command(Context(tree), name)]  # type: ignore[attr-defined]
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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_modules_that_a_page_names_are_there(page: Path) -> None:
    """Dotted names can be imported, paths exist: whole, or as the end of one source's path."""
    if page.name == "CHANGELOG.md":
        return  # tells what was
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
    pages = set(ROOT.resolve().glob("docs/**/*.md"))
    lost = sorted(str(page.relative_to(ROOT.resolve())) for page in pages - reached)
    assert not lost, f"no link leads to {lost}: add one to README.md or to a page it leads to"
