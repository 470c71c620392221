"""`heimdallr process` on one real study, from ZIP to case folder: wall, CPU, memory, stages.

    python benchmarks/process_study.py [STUDY] [--runs 3]

STUDY is a folder, ZIP or NIfTI file; default: the TCGA-LIHC abdomen CT of the test data.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

DATA = Path(os.environ.get("HEIMDALLR_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))


@dataclass(frozen=True)
class Run:
    """Figures of one run."""

    wall_s: float
    cpu_s: float
    peak_gib: float
    stages_s: dict[str, float]


def run(study: Path, home: Path, *, python: Path = Path(sys.executable)) -> Run:
    """Process the study in a process of its own; converted networks stay cached in ``home``."""
    command = [str(python), "-m", "heimdallr", "process", str(study), "--json"]
    if study.name.endswith((".nii", ".nii.gz")):
        command += ["--modality", "CT"]
    environment = os.environ | {"HEIMDALLR_DATA_DIR": str(home)}
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as complaints:
        started = time.perf_counter()
        child = subprocess.Popen(command, env=environment, stdout=said, stderr=complaints)
        # The peak of this child: RUSAGE_CHILDREN tells that of the largest there ever was.
        _, status, used = os.wait4(child.pid, 0)
        wall_s = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        complaints.seek(0)
        if child.returncode != 0:
            sys.exit(f"the study did not become a case:\n{said.read()}{complaints.read()}")
        stages_s = json.load(said)[0]["seconds"]
    return Run(wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20, stages_s)


def main() -> None:
    """Run several times, the first to fill the caches, and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "study", nargs="?", type=Path, default=DATA / "ct_abdomen_tcga_lihc_A10W.zip"
    )
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    if not arguments.study.exists():
        print(f"skipped: {arguments.study.name} is not there")
        return
    with tempfile.TemporaryDirectory() as home:
        first = run(arguments.study, Path(home))
        runs = [run(arguments.study, Path(home)) for _ in range(arguments.runs)]
    print(f"{arguments.study.name}, {os.cpu_count()} processors, median of {len(runs)} runs")
    wall_s = statistics.median(r.wall_s for r in runs)
    print(f"  wall  {wall_s:7.1f} s   (first: {first.wall_s:.1f} s)")
    print(f"  CPU   {statistics.median(r.cpu_s for r in runs):7.1f} s")
    print(f"  peak  {max(r.peak_gib for r in runs):7.2f} GiB")
    inside = sum(statistics.median(r.stages_s[s] for r in runs) for s in first.stages_s)
    for stage in first.stages_s:
        spent = statistics.median(r.stages_s[stage] for r in runs)
        print(f"  {stage:9} {spent:5.1f} s   {spent / inside:5.0%}")
    print(f"  start-up  {wall_s - inside:5.1f} s   (imports, not a stage)")


if __name__ == "__main__":
    main()
