"""What the program imports is what its package says it needs."""

from __future__ import annotations

import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

from heimdallr.analyses.rules.toml_tables import parsed

ROOT = Path(__file__).parents[1]
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
IMPORTED = re.compile(
    r"^\s*(?:from\s+(\w+)[\w.]*\s+import\b|import\s+(\w+)[\w.]*\s*(?:$|#|as\b))", re.MULTILINE
)


def _plain(name: str) -> str:
    """A distribution's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _needed(*extras: str) -> dict[str, str]:
    """Distributions the package asks for, with the lines that do."""
    project = parsed(PYPROJECT)["project"]
    wanted = [*project["dependencies"]]
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    lines = {line.strip().split('"')[1]: line for line in PYPROJECT.splitlines() if '"' in line}
    return {_plain(re.split(r"[^\w.-]", one, maxsplit=1)[0]): lines[one] for one in wanted}


def _imported(*folders: str) -> set[str]:
    """Packages that modules below these folders import, ours and Python's left out."""
    found = {
        name
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        for match in IMPORTED.finditer(path.read_text(encoding="utf-8"))
        for name in match.groups()
        if name
    }
    return found - sys.stdlib_module_names - {"heimdallr", "tomllib"}  # Python's since 3.11


def test_every_package_that_is_imported_is_asked_for() -> None:
    """None comes only because another one needs it: the next version of that may not."""
    needed, made_by = _needed("s3", "blast"), packages_distributions()
    forgotten = {
        name
        for name in _imported("src", "deploy")
        if not {_plain(one) for one in made_by.get(name, [name])} & needed.keys()
    }
    assert not forgotten, f"pyproject.toml, dependencies: add what brings {sorted(forgotten)}"


def test_what_no_module_imports_says_why_it_is_asked_for() -> None:
    """What only tests need is under `dev`; what another package loads has a comment."""
    made_by = packages_distributions()
    imported = {_plain(one) for name in _imported("src") for one in (*made_by.get(name, ()), name)}
    idle = sorted(
        name for name, line in _needed().items() if name not in imported and "#" not in line
    )
    assert not idle, f"pyproject.toml, dependencies: nothing imports {idle}"
