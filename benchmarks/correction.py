"""A correction until its numbers are there, beside processing the study anew.

    python benchmarks/correction.py [--slices 100 600] [--runs 3] [--profile]

A phantom of 512×512×SLICES voxels, noise and all, goes through `heimdallr process` with the bundled
networks once. Then a person's edits of its case folder are timed in a process that is warm, as the
web server's is: muscle erased on one slice at L3, and a column renamed by one level. Each run takes
the folder as it was. Bars: 3 s for 100 slices, 8 s for 600, on two processors; ten times quicker
than processing anew.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from process_study import run

from heimdallr.clock import local_now
from heimdallr.corrections.difference import Difference, between, labels_version
from heimdallr.corrections.recompute import apply_correction
from heimdallr.corrections.versions import label_map_of
from heimdallr.corrections.wanted import Wanted
from heimdallr.imaging.volume import save_nifti
from heimdallr.phantom.anatomy import build
from heimdallr.phantom.patient import Patient
from heimdallr.phantom.render import patient_ct_numbers
from heimdallr.publishing.correction_records import CorrectionRecord, LevelRecord
from heimdallr.publishing.schema import read_labels, read_results

SEED, NOISE_HU = 20, 12.0
IN_PLANE, COARSER, PIXEL_MM = 512, 2, 0.9
"""Drawn with pixels of twice the size, for the sake of the time it takes."""
HEIGHTS_MM = {100: (-220.0, 280.0), 600: (-440.0, 655.0)}
"""A trunk, or all from mid-thigh to vertex."""


def make_volume(path: Path, slices: int) -> None:
    """A phantom's CT as a NIfTI file."""
    low, high = HEIGHTS_MM.get(slices, HEIGHTS_MM[600])
    patient = Patient(region="whole", inspiration_mm=40.0)
    phantom = build(
        patient,
        spacing_mm=(PIXEL_MM * COARSER, PIXEL_MM * COARSER, (high - low) / slices),
        seed=SEED,
        z_range_mm=(low, high),
        fov_mm=(PIXEL_MM * IN_PLANE, PIXEL_MM * IN_PLANE),
        measure_lesions=False,
    )
    hu = patient_ct_numbers(patient, "native")[phantom.material].astype(np.int16)
    affine, rng = phantom.affine.copy(), np.random.default_rng(SEED)
    affine[:3, :2] /= COARSER
    image = np.empty((IN_PLANE, IN_PLANE, hu.shape[2]), np.int16, order="F")
    for k in range(hu.shape[2]):
        fine = hu[:, :, k].repeat(COARSER, 0).repeat(COARSER, 1)
        image[:, :, k] = fine + (rng.standard_normal(fine.shape) * NOISE_HU).astype(np.int16)
    save_nifti(path, image, affine)


def process(volume: Path, home: Path) -> tuple[Path, float]:
    """`heimdallr process`; the case folder, and how long it took."""
    seconds = run(volume, home).wall_s
    (case,) = (one for one in (home / "output").iterdir() if one.is_dir())
    return case, seconds


def tissue_edit(case: Path) -> Wanted:
    """Muscle in front of the spine's middle erased on the slice of L3, or in the middle."""
    level = read_results(case).flat.get("slice_L3")
    muscle = label_map_of(case, 0, "tissue_types")
    k = level if isinstance(level, int) else muscle.shape[2] // 2
    after = muscle.data.copy(order="F")
    plane = after[: IN_PLANE // 2, :, k]
    plane[plane == muscle.number("skeletal_muscle")] = 0
    runs = between("tissue_types", muscle.data, after)
    return Wanted(record(case, "voxels"), Difference(muscle.shape, {"tissue_types": runs}))


def level_edit(case: Path) -> Wanted:
    """The column one level up or down, so that nothing falls off the table."""
    seen = {one.structure for own in read_labels(case).maps for one in own.structures}
    column = [f"vertebrae_L{n}" for n in range(1, 6)]
    there = [one for one in column if one in seen]
    vertebra = there[len(there) // 2]
    other = column[column.index(vertebra) + (1 if "vertebrae_L5" not in seen else -1)]
    level = LevelRecord(vertebra=vertebra, is_=other)
    return Wanted(record(case, "levels").model_copy(update={"level": level}))


def record(case: Path, kind: str) -> CorrectionRecord:
    """A correction on the folder as it is."""
    told = {"number": 1, "kind": kind, "by": "benchmark", "at": local_now()}
    return CorrectionRecord.model_validate(told | {"base": labels_version(case)})


def timed(case: Path, wanted: Wanted, *, profile: bool) -> float:
    """Seconds until the corrected folder is in its place; a copy is corrected."""
    with tempfile.TemporaryDirectory(dir=case.parent.parent) as room:
        copy = shutil.copytree(case, Path(room) / case.name)
        os.sync()
        profiler = cProfile.Profile()
        begun = time.perf_counter()
        if profile:
            profiler.enable()
        apply_correction(copy, wanted, 1, clock=local_now)
        profiler.disable()
        seconds = time.perf_counter() - begun
        if profile:
            pstats.Stats(profiler).sort_stats("cumulative").print_stats(45)
    return seconds


def main() -> None:
    """Process once, correct several times, print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slices", type=int, nargs="+", default=[100, 600])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--keep", type=Path, help="folder that keeps what was processed")
    arguments = parser.parse_args()
    for slices in arguments.slices:
        with tempfile.TemporaryDirectory() as room:
            home = (arguments.keep or Path(room)) / str(slices)
            home.mkdir(parents=True, exist_ok=True)
            measure(home, slices, arguments)


def measure(home: Path, slices: int, arguments: argparse.Namespace) -> None:
    """One size of volume."""
    volume = home / "volume.nii"
    if not volume.exists():
        make_volume(volume, slices)
    if (home / "output").exists():
        (case,) = (one for one in (home / "output").iterdir() if one.is_dir())
        anew_s = float((home / "seconds").read_text())
    else:
        case, anew_s = process(volume, home)
        (home / "seconds").write_text(str(anew_s))
    print(f"512×512×{slices}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    print(f"  processed anew  {anew_s:7.1f} s")
    for name, make in (("tissue edit", tissue_edit), ("level edit", level_edit)):
        wanted = make(case)
        timed(case, wanted, profile=False)  # what is imported once
        runs = [timed(case, wanted, profile=arguments.profile) for _ in range(arguments.runs)]
        seconds = statistics.median(runs)
        print(f"  {name:14}  {seconds:7.2f} s   {anew_s / seconds:5.1f} times quicker")


if __name__ == "__main__":
    main()
