"""The simulated department still runs: a short day of few studies, without hosts of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from postgresql import program

SIMULATION = Path(__file__).parents[2] / "benchmarks" / "department.py"


@pytest.mark.slow
@pytest.mark.skipif(program("initdb") is None, reason="PostgreSQL is not installed")
def test_a_short_day_loses_nothing(tmp_path: Path) -> None:
    """Ten studies with what comes twice and late, one worker; the script's own verdict is good."""
    done = subprocess.run(
        [sys.executable, str(SIMULATION), "--studies", "10", "--compression", "7200",
         "--workers", "--day-workers", "1", "--no-namespaces", "--folder", str(tmp_path)],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing lost, nothing doubled" in done.stdout
    assert "routine" in done.stdout
