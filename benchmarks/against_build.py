"""`heimdallr process` of another revision beside this one: same study, same run, per stage.

    python benchmarks/against_build.py [REVISION] [STUDY] [--runs 3]

The other revision (by default the one before this) is checked out and installed in an environment
of its own (with the versions of its own constraints.txt; `--share-packages` takes those that are
installed here instead). Both process the study in turn, and the medians of wall time, processor
time and peak memory are printed with their ratios. Then the case folders are compared: voxels of
every mask, and every number.

STUDY is a folder, ZIP or NIfTI file; default: the TCGA-LIHC abdomen CT of the test data. `large`
is a phantom of 512×512×600 voxels.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import sysconfig
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
from correction import make_volume
from process_study import DATA, Run, run

from heimdallr.publishing.schema import RESULTS_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parents[1]
ROUNDING = 1e-6
"""Relative difference up to which two numbers are the same."""


@dataclass(frozen=True)
class Build:
    """A revision that can be run.

    Attributes:
        name: what it is called in the table.
        python: of its environment.
        home: its data folder.
    """

    name: str
    python: Path
    home: Path

    @property
    def case(self) -> Path:
        """The folder of the one case."""
        (results,) = (self.home / "output").glob(f"*/{RESULTS_FILE}")
        return results.parent


@contextmanager
def other_build(revision: str, room: Path, *, share_packages: bool) -> Iterator[Build]:
    """A revision checked out and installed."""
    tree = room / "tree"
    git = ["git", "-C", str(HERE), "worktree"]
    subprocess.run([*git, "add", "--quiet", "--detach", str(tree), revision], check=True)
    try:
        yield Build(revision, _environment(tree, share_packages=share_packages), room / "other")
    finally:
        subprocess.run([*git, "remove", "--force", str(tree)], check=True)


def _environment(tree: Path, *, share_packages: bool) -> Path:
    """The Python of a new environment with what is checked out at ``tree``."""
    options = ["--without-pip"] if share_packages else []
    subprocess.run([sys.executable, "-m", "venv", *options, str(tree / ".venv")], check=True)
    python = tree / ".venv" / "bin" / "python"
    if share_packages:
        paths = {"base": str(tree / ".venv"), "platbase": str(tree / ".venv")}
        packages = Path(sysconfig.get_path("purelib", "venv", paths))
        (packages / "a-source.pth").write_text(f"{tree / 'src'}\n")
        here = sysconfig.get_path("purelib")
        (packages / "shared.pth").write_text(f"import site; site.addsitedir({here!r})\n")
    else:
        pip = [str(python), "-m", "pip", "install", "--quiet", "-c", "constraints.txt"]
        subprocess.run([*pip, "-e", "."], cwd=tree, check=True)
    return python


def print_ratios(names: tuple[str, str], other: list[Run], own: list[Run]) -> None:
    """A line for each figure: the other build, this one, how many times less this one takes."""
    figures: dict[str, Callable[[Run], float]] = {
        "wall, s": lambda one: one.wall_s,
        "CPU, s": lambda one: one.cpu_s,
        "peak, GiB": lambda one: one.peak_gib,
    }
    for stage in own[0].stages_s:
        figures[f"{stage}, s"] = lambda one, stage=stage: one.stages_s[stage]  # type: ignore[misc]
    print(f"  {'':12} {names[0]:>12} {names[1]:>12}   ratio")
    for name, figure in figures.items():
        before, now = (statistics.median(map(figure, runs)) for runs in (other, own))
        print(f"  {name:12} {before:12.2f} {now:12.2f}  {before / now:5.2f} ×")


def print_differences(other: Path, own: Path) -> None:
    """How far masks and numbers of two case folders differ."""
    masks = {path.relative_to(own) for path in own.glob("*/*.nii.gz")}
    theirs = {path.relative_to(other) for path in other.glob("*/*.nii.gz")}
    for lonely, where in ((theirs - masks, "other build only"), (masks - theirs, "this one only")):
        if lonely:
            print(f"  {where}: {', '.join(sorted(map(str, lonely)))}")
    voxels, unequal = 0, {}
    for mask in sorted(masks & theirs):
        a, b = (np.asanyarray(nib.load(folder / mask).dataobj) for folder in (other, own))
        voxels = a.size
        unequal[mask] = int(np.count_nonzero(a != b))
    if unequal:
        worst = max(unequal, key=lambda mask: unequal[mask])
        equal = 1 - unequal[worst] / voxels
        print(f"  {len(unequal)} masks: {equal:.4%} of voxels equal at least ({worst})")
    before, now = _values(other), _values(own)
    both = [name for name in before if name in now]
    differing = [name for name in both if not _same(before[name], now[name])]
    print(f"  {len(both)} values in both, {len(differing)} differ")
    for name in differing:
        print(f"    {name}: {before[name]} → {now[name]}")


def _values(case: Path) -> dict[str, object]:
    """The values on top of ``resultados.json``: any revision has those."""
    results = json.loads((case / RESULTS_FILE).read_text())
    return {name: one for name, one in results.items() if not isinstance(one, list | dict)}


def _same(before: object, now: object) -> bool:
    if isinstance(before, int | float) and isinstance(now, int | float):
        return math.isclose(before, now, rel_tol=ROUNDING)
    return before == now


def main() -> None:
    """Run both in turn, the first time to fill the caches, and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("revision", nargs="?", default="HEAD^")
    parser.add_argument(
        "study", nargs="?", type=Path, default=DATA / "ct_abdomen_tcga_lihc_A10W.zip"
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--share-packages", action="store_true")
    arguments = parser.parse_args()
    study: Path = arguments.study
    with tempfile.TemporaryDirectory() as folder:
        room = Path(folder)
        if study == Path("large"):
            study = room / "large.nii"
            make_volume(study, 600)
        if not study.exists():
            print(f"skipped: {study.name} is not there")
            return
        own = Build("this one", Path(sys.executable), room / "own")
        with other_build(
            arguments.revision, room, share_packages=arguments.share_packages
        ) as other:
            runs: dict[str, list[Run]] = {}
            for turn in range(arguments.runs + 1):
                for build in (other, own):
                    one = run(study, build.home, python=build.python)
                    if turn:
                        runs.setdefault(build.name, []).append(one)
            print(f"{study.name}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
            print_ratios((other.name, own.name), runs[other.name], runs[own.name])
            print_differences(other.case, own.case)


if __name__ == "__main__":
    main()
