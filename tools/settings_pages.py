"""Renew what is made of the settings: the tables of docs/operate.md, and deploy/heimdallr.env.

python tools/settings_pages.py            # after a change of src/heimdallr/config.py
python tools/settings_pages.py --check    # only say which of them is not current
"""

from __future__ import annotations

import argparse
import sys
import textwrap
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from heimdallr.config import Setting, Settings, describe

ROOT = Path(__file__).parents[1]
OPERATE = Path("docs/operate.md")
ENVIRONMENT = Path("deploy/heimdallr.env")

BEGIN = "<!-- made by tools/settings_pages.py -->"
END = "<!-- up to here -->"
HEAD = """\
# Settings of Heimdallr's services: a copy of this file is /etc/heimdallr/heimdallr.env,
# owner root, group heimdallr, mode 0640 (it may hold a password). What is commented out has
# the value shown, or none. `heimdallr config` prints what is in force.
"""
SERVICES_HAVE = {"HEIMDALLR_DATA_DIR": "/var/lib/heimdallr"}
"""Settings that are not left at their default where services run."""


def tables(settings: list[Setting]) -> str:
    """A table of each section, as Markdown."""
    parts = []
    for section, rows in groupby(settings, attrgetter("section")):
        parts.append(f"### {section}\n\n| Variable | Default | Meaning |\n|---|---|---|")
        parts[-1] += "".join(f"\n{_table_row(row)}" for row in rows)
    return "\n\n".join(parts)


def _table_row(row: Setting) -> str:
    meaning, _, default = row.description.partition("; default: ")
    shown = f"`{row.value}`" if row.value else default or "none"
    return f"| `{row.name}` | {shown} | {meaning} |"


def environment(settings: list[Setting]) -> str:
    """The environment file: every setting under its section, commented out with its default."""
    parts = [HEAD]
    for section, rows in groupby(settings, attrgetter("section")):
        parts.append(f"## {section}\n")
        parts += [_assignment(row) for row in rows]
    return "\n".join(parts)


def _assignment(row: Setting) -> str:
    comment = textwrap.fill(
        row.description, 100, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False
    )
    if row.name in SERVICES_HAVE:
        return f"{comment}\n{row.name}={SERVICES_HAVE[row.name]}\n"
    return f"{comment}\n#{row.name}={row.value}\n"


def pages() -> dict[Path, str]:
    """File → what it is to hold."""
    settings = describe(Settings.model_construct(), environment={})
    before, rest = (ROOT / OPERATE).read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    return {
        OPERATE: f"{before}{BEGIN}\n\n{tables(settings)}\n\n{END}{after}",
        ENVIRONMENT: environment(settings),
    }


def main() -> None:
    """Write the files that are not current, or name them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 for a change")
    check = parser.parse_args().check
    wanted = pages()
    old = [path for path in wanted if (ROOT / path).read_text(encoding="utf-8") != wanted[path]]
    if check and old:
        names = " and ".join(map(str, old))
        sys.exit(f"{names}: not what config.py says; run `python tools/settings_pages.py`")
    for path in old:
        (ROOT / path).write_text(wanted[path], encoding="utf-8")
        print(f"renewed {path}")


if __name__ == "__main__":
    main()
