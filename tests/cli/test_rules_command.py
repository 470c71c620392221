"""`heimdallr rules`: what makes a finding here, and trying a file before it is put in force."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from heimdallr.cli.app import app

if TYPE_CHECKING:
    from pathlib import Path

OFF = "[splenomegaly]\nenabled = false\n"


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty data folder."""
    monkeypatch.setenv("HEIMDALLR_DATA_DIR", str(tmp_path))


def test_all_rules_with_their_limits_and_whose_they_are(tmp_path: Path) -> None:
    """A department's part stands out."""
    (tmp_path / "rules.toml").write_text(OFF, encoding="utf-8")
    shown = CliRunner().invoke(app, ["rules"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    lines = {line.split()[0]: line for line in shown.output.splitlines() if line.strip()}
    assert "not asked" in lines["splenomegaly"]
    assert "department" in lines["splenomegaly"]
    assert "SMI_cm2_m2 < 45.4 cm2/m2 (M)" in lines["low_muscle_mass"]


def test_a_file_is_tried(tmp_path: Path) -> None:
    """What is wrong is said with exit code 2, and nothing is in force by it."""
    tried = tmp_path / "new.toml"
    tried.write_text("[splenomegaly]\nlimit = 3\n", encoding="utf-8")
    wrong = CliRunner().invoke(app, ["rules", str(tried)])
    assert wrong.exit_code != 0
    tried.write_text(OFF, encoding="utf-8")
    right = CliRunner().invoke(app, ["rules", str(tried), "--json"])
    assert json.loads(right.output)["changed"] == {"splenomegaly": {"enabled": False}}
