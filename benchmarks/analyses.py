"""Every analysis on one large CT: wall time and memory of each, and TotalSegmentator's statistics.

A phantom from mid-thigh to vertex, 512×512×600 voxels, native, with every structure of `total` that
phantoms know and the maps of the tasks that analyses read (tissues, haemorrhage, nodules, effusion,
ventricles). Each contender runs in a process of its own that has the arrays loaded already. What
several analyses share (statistics, judgements, levels) is worked out first, on lines of its own.

    python benchmarks/analyses.py [--slices 600] [--profile ANALYSIS]

Not fed: networks whose structures phantoms do not have (coronary arteries, vessels of the neck);
the analyses take the way without them.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import subprocess
import sys
import tempfile
import time
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
from totalsegmentator.map_to_binary import class_map

from heimdallr.analyses.case import Case
from heimdallr.analyses.registry import ANALYSES
from heimdallr.analyses.rules.findings import find
from heimdallr.domain.study import KernelClass, Patient, Series
from heimdallr.imaging.volume import LabelMap, Volume
from heimdallr.phantom.anatomy import build
from heimdallr.phantom.materials import Material
from heimdallr.phantom.patient import Lesion
from heimdallr.phantom.patient import Patient as PhantomPatient
from heimdallr.phantom.render import patient_ct_numbers
from heimdallr.segmentation.anatomy import body
from heimdallr.segmentation.result import Segmentation, SegmentationProvenance

SEED = 20
IN_PLANE, COARSER = 512, 2
"""Drawn with pixels of twice the size, for the sake of the time it takes."""
PIXEL_MM, HEIGHT_MM, NOISE_HU = 0.9, (-440.0, 655.0), 12.0
LESIONS = (
    Lesion("intracerebral_bleed", 30.0),
    Lesion("kidney_stone", 8.0, "left"),
    Lesion("kidney_cyst", 20.0, "left"),
    Lesion("kidney_cyst", 15.0, "right"),
    Lesion("lung_nodule", 12.0, "right"),
    Lesion("lung_nodule", 7.0, "left"),
    Lesion("aortic_calcification", 6.0),
    Lesion("coronary_calcium", 4.0),
    Lesion("vertebral_fracture", 8.0, level="L1"),
)
FLUID_HU, FLUID_MM = 8, 25.0
NAMES = class_map["total"]
NUMBERS = {name: number for number, name in NAMES.items()}


def make_case(folder: Path, slices: int) -> int:
    """Image, label maps and affine as files; returns how many structures of `total` there are."""
    patient = PhantomPatient(region="whole", inspiration_mm=40.0, lesions=LESIONS)
    low, high = HEIGHT_MM
    phantom = build(
        patient,
        spacing_mm=(PIXEL_MM * COARSER, PIXEL_MM * COARSER, (high - low) / slices),
        seed=SEED,
        z_range_mm=HEIGHT_MM,
        fov_mm=(PIXEL_MM * IN_PLANE, PIXEL_MM * IN_PLANE),
        measure_lesions=False,
    )
    hu = patient_ct_numbers(patient, "native")[phantom.material].astype(np.int16)
    fluid = _fluid(phantom.total, phantom.affine)
    hu[fluid] = FLUID_HU
    phantom.total[fluid] = 0
    maps = {
        "total": phantom.total,
        "tissue_types": phantom.tissue,
        "cerebral_bleed": phantom.bleed,
        "lung_nodules": 2 * (phantom.material == Material.NODULE),
        "pleural_pericard_effusion": 2 * fluid,
        "ventricle_parts": _ventricles(phantom.material, phantom.total, phantom.affine),
        "body": ~np.isin(phantom.material, (Material.AIR, Material.TABLE)),
    }
    affine = phantom.affine.copy()
    affine[:3, :2] /= COARSER
    np.save(folder / "affine.npy", affine)
    for name, labels in maps.items():
        np.save(folder / f"{name}.npy", _fine(labels.astype(np.uint8)))
    image, rng = _fine(hu), np.random.default_rng(SEED)
    for k in range(slices):
        image[:, :, k] += (rng.standard_normal(image.shape[:2]) * NOISE_HU).astype(np.int16)
    np.save(folder / "image.npy", image)
    return len(np.unique(phantom.total)) - 1


def _fine(data: np.ndarray) -> np.ndarray:
    """Every pixel as several, in the order in memory that volumes are loaded in."""
    out = np.empty((IN_PLANE, IN_PLANE, data.shape[2]), data.dtype, order="F")
    for k in range(data.shape[2]):
        out[:, :, k] = data[:, :, k].repeat(COARSER, 0).repeat(COARSER, 1)
    return out


def _fluid(total: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """The hindmost part of both lungs."""
    lungs = np.isin(total, [number for name, number in NUMBERS.items() if "lung_" in name])
    hindmost = np.flatnonzero(lungs.any(axis=(0, 2)))[0]
    lungs[:, hindmost + round(FLUID_MM / affine[1, 1]) :] = False
    return lungs


def _ventricles(material: np.ndarray, total: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """Fluid amid the brain, by side and front: a rough share of TotalSegmentator's twelve parts."""
    number = {name: number for number, name in class_map["ventricle_parts"].items()}
    brain = np.argwhere(total == NUMBERS["brain"])
    middle, reach = brain.mean(axis=0), brain.std(axis=0)
    parts = np.zeros(total.shape, np.uint8)
    where = np.argwhere(material == Material.CSF)
    off = (where - middle) * np.diag(affine)[:3]
    amid = np.all(np.abs(where - middle) < 1.2 * reach, axis=1)
    kinds = (
        (off[:, 0] > 0, "ventricle_body_right"),
        (off[:, 0] <= 0, "ventricle_body_left"),
        ((off[:, 0] > 0) & (off[:, 1] > 0), "ventricle_frontal_horn_right"),
        ((off[:, 0] <= 0) & (off[:, 1] > 0), "ventricle_frontal_horn_left"),
        (np.abs(off[:, 0]) < 4, "third_ventricle"),
    )
    for chosen, name in kinds:
        parts[tuple(where[amid & chosen].T)] = number[name]
    return parts


def load(folder: Path) -> Case:
    """The case, all arrays in memory."""
    affine = np.load(folder / "affine.npy")
    segmentations = {}
    for path in folder.glob("*.npy"):
        task = path.stem
        if task in {"affine", "image"}:
            continue
        names = {1: body.BODY} if task == body.TASK else class_map[task]
        how = SegmentationProvenance(task, "none", "cpu", (), "official", (), 1.5, 0.0)
        segmentations[task] = Segmentation(LabelMap(np.load(path), affine, names), how)
    series = Series("1.2.3", "CT", kvp=120.0, kernel="B30f", kernel_class=KernelClass.SOFT)
    patient = Patient(sex="M", age_years=60.0, height_m=1.75, weight_kg=80.0)
    return Case("CT", Volume(np.load(folder / "image.npy"), affine), patient, series, segmentations)


def peak_mb() -> float:
    """Most memory this process had since :func:`forget_peak`."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def forget_peak() -> float:
    """Begin to watch anew; returns what the process has now."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return peak_mb()


def ours(folder: Path, profiled: str) -> list[tuple[str, float, float, float, str]]:
    """Name, wall and processor seconds, peak MB above the loaded case, what came out."""
    from totalsegmentator.bin import totalseg_get_phase  # noqa: F401 - start-up is no analysis

    case, found, lines = load(folder), [], []
    base = forget_peak()

    def timed(name: str, work):  # noqa: ANN001, ANN202 - whatever it returns
        forget_peak()
        wall, cpu = time.perf_counter(), time.process_time()
        watch = cProfile.Profile()
        result = watch.runcall(work) if name == profiled else work()
        spent = time.perf_counter() - wall, time.process_time() - cpu
        if name == profiled:
            pstats.Stats(watch, stream=sys.stderr).sort_stats("cumtime").print_stats(35)
        said = ""
        if isinstance(result, tuple):
            counts = Counter(one.status.value for one in result)
            said = ", ".join(f"{count} {status}" for status, count in counts.most_common())
        lines.append((name, *spent, peak_mb() - base, said))
        return result

    timed("· statistics", lambda: case.statistics)
    timed("· judgements", lambda: case.judgements)
    timed("· levels", lambda: case.levels)
    for name, analysis in ANALYSES.items():
        made = timed(name, partial(analysis.measure, case))
        found += made
        case = case.with_facts(made)
    timed("· findings", lambda: find(case, found))
    return lines


def theirs(folder: Path, _: str) -> list[tuple[str, float, float, float, str]]:
    """The same line for TotalSegmentator's ``get_basic_statistics`` on `total`."""
    import nibabel as nib
    from totalsegmentator.statistics import get_basic_statistics

    case = load(folder)
    image = nib.Nifti1Image(case.image.data, case.image.affine)
    base = forget_peak()
    wall, cpu = time.perf_counter(), time.process_time()
    found = get_basic_statistics(
        case.anatomy.data, image, folder / "statistics.json", quiet=True, task="total"
    )
    spent = time.perf_counter() - wall, time.process_time() - cpu
    said = f"{len(found)} structures"
    return [("get_basic_statistics", *spent, peak_mb() - base, said)]


CONTENDERS = {"ours": ours, "theirs": theirs}


def main() -> None:
    """Make the case, run both, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slices", type=int, default=600)
    parser.add_argument("--profile", default="", help="an analysis, or one of the shared lines")
    parser.add_argument("--keep", type=Path, help="folder that keeps the case from run to run")
    parser.add_argument("--ours-only", action="store_true")
    parser.add_argument("--child", choices=CONTENDERS)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    if asked.child:
        print(json.dumps(CONTENDERS[asked.child](asked.folder, asked.profile)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = asked.keep or Path(name)
        if not (folder / "image.npy").exists():
            folder.mkdir(parents=True, exist_ok=True)
            print(f"{make_case(folder, asked.slices)} structures of `total`")
        print(f"{IN_PLANE}×{IN_PLANE}×{asked.slices}")
        mine = compare("ours", folder, asked.profile)
        if not asked.ours_only:
            peer = compare("theirs", folder, "")
            wall, cpu = (theirs / ours for theirs, ours in zip(peer, mine, strict=True))
            print(f"  get_basic_statistics over ours: wall {wall:.1f} ×, processor {cpu:.1f} ×")


def compare(which: str, folder: Path, profiled: str) -> tuple[float, float]:
    """Run one contender and print its lines; returns its wall and processor seconds in all."""
    arguments = ["--child", which, "--folder", str(folder), "--profile", profiled]
    done = subprocess.run(
        [sys.executable, __file__, *arguments], check=True, stdout=subprocess.PIPE, text=True
    )
    lines = json.loads(done.stdout.splitlines()[-1])
    total = sum(line[1] for line in lines)
    print(f"  {'':24}  wall s  share   cpu s  peak MB")
    for name, wall, cpu, peak, said in lines:
        print(f"  {name:24} {wall:7.2f}  {wall / total:5.0%} {cpu:7.2f}  {peak:7.0f}  {said}")
    cpu, peak = sum(line[2] for line in lines), max(line[3] for line in lines)
    print(f"  {'all of ' + which:24} {total:7.2f}   100% {cpu:7.2f}  {peak:7.0f}")
    return total, cpu


if __name__ == "__main__":
    main()
