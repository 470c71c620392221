"""`heimdallr demo` in a scratch folder: the first thing a stranger runs."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from heimdallr.cli.demonstration.archive import find_orthanc
from heimdallr.config import PREFIX

if TYPE_CHECKING:
    from pathlib import Path

STUDIES = 3
LIMIT_S = 1800
"""For the studies, on a machine that does other things as well; `make demo` allows less."""


@pytest.mark.slow
def test_the_demo_measures_what_is_true(tmp_path: Path) -> None:
    """Three synthetic studies through the whole system: exit code 0, every value in tolerance.

    Where Orthanc is installed, it has their results.
    """
    folder = tmp_path / "demo"
    own = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    done = subprocess.run(
        [sys.executable, "-m", "heimdallr", "demo", "--no-serve", "--output", str(folder),
         "--limit", str(LIMIT_S)],
        cwd=tmp_path, env=own, capture_output=True, text=True, check=False, timeout=LIMIT_S + 300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "outside" not in done.stdout
    results = sorted((folder / "data" / "output").glob("*/resultados.json"))
    assert len(results) == STUDIES
    for result in results:
        assert result.parent.name in done.stdout
    if find_orthanc() is None:
        assert "Orthanc is not installed" in done.stdout
    else:
        assert done.stdout.count(": in the archive") == STUDIES
        assert "missing" not in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["demo"], "it wrote elsewhere"
