"""What is made of the settings is made of all of them, and is current."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from heimdallr.config import Setting, Settings, describe

TOOL = Path(__file__).parents[2] / "tools" / "settings_pages.py"
SETTINGS = describe(Settings.model_construct(), environment={})


@pytest.fixture
def tool() -> dict[str, Any]:
    """The tool's functions; it is a script."""
    return runpy.run_path(str(TOOL))


def test_the_pages_are_current() -> None:
    """The operator's tables and the environment file say what config.py says."""
    command = [sys.executable, str(TOOL), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def test_every_setting_has_a_row_with_its_default(tool: dict[str, Any]) -> None:
    """In the order of config.py; where there is no value, its description says what holds."""
    rows = re.findall(r"^\| `(HEIMDALLR_\w+)` \| (.*?) \|", tool["tables"](SETTINGS), re.MULTILINE)
    assert [name for name, _ in rows] == [one.name for one in SETTINGS]
    assert dict(rows)["HEIMDALLR_DICOM_PORT"] == "`11112`"
    assert dict(rows)["HEIMDALLR_WEIGHTS_DIR"] == "weights/ in the data folder"
    assert dict(rows)["HEIMDALLR_WATCH_DIR"] == "none"


def test_only_the_data_folder_is_set_for_services(tool: dict[str, Any]) -> None:
    """Every other line is commented out and shows the default, below its description."""
    text = tool["environment"](SETTINGS)
    lines = re.findall(r"^(#?)(HEIMDALLR_\w+)=(.*)$", text, re.MULTILINE)
    assert [name for _, name, _ in lines] == [one.name for one in SETTINGS]
    assert [name for commented, name, _ in lines if not commented] == ["HEIMDALLR_DATA_DIR"]
    assert ("#", "HEIMDALLR_AE_TITLE", "HEIMDALLR") in lines
    assert max(map(len, text.splitlines())) <= 100


def test_a_setting_stands_under_its_section(tool: dict[str, Any]) -> None:
    """Each section once, in front of its settings."""
    settings = [
        Setting("Coffee", "HEIMDALLR_CUPS", "2", "default", "cups a day"),
        Setting("Coffee", "HEIMDALLR_SUGAR", "", "default", "spoons; default: as many as cups"),
        Setting("Tea", "HEIMDALLR_LEAVES", "", "default", "kind of leaves"),
    ]
    assert tool["tables"](settings) == (
        "### Coffee\n\n| Variable | Default | Meaning |\n|---|---|---|\n"
        "| `HEIMDALLR_CUPS` | `2` | cups a day |\n"
        "| `HEIMDALLR_SUGAR` | as many as cups | spoons |\n\n"
        "### Tea\n\n| Variable | Default | Meaning |\n|---|---|---|\n"
        "| `HEIMDALLR_LEAVES` | none | kind of leaves |"
    )
    assert tool["environment"](settings).endswith(
        "## Coffee\n\n# cups a day\n#HEIMDALLR_CUPS=2\n\n"
        "# spoons; default: as many as cups\n#HEIMDALLR_SUGAR=\n\n"
        "## Tea\n\n# kind of leaves\n#HEIMDALLR_LEAVES=\n"
    )
