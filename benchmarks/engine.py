"""The resident engine against TotalSegmentator's own command, on the same weights.

    python benchmarks/engine.py                    the example CT, one multilabel file (--fast --ml)
    python benchmarks/engine.py --slices 600       a 512×512×600 CT, one file per structure (--fast)
    python benchmarks/engine.py --full …           the five networks of 1.5 mm instead
    python benchmarks/engine.py --crop-to-body …   on the box around the patient (the peer is not)
    python benchmarks/engine.py --device cuda …    on a GPU (``benchmarks/gpu.sh`` runs them all)

The weights are random numbers in the true architecture of TotalSegmentator's networks (nnU-Net
``3d_fullres``: six stages of 32 to 320 features, patch 128³): time does not depend on their
values. TotalSegmentator runs as its users run it, one process per case. The engine's time is
its *second* case, networks loaded: that is what a resident engine is for; the first is printed too.

nnU-Net looks for a trainer's class by importing all of its trainers, some of which need packages
that are not installed here; in the peer's process the search is answered directly. Usage
statistics are off.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from heimdallr.imaging.volume import Volume, load_volume, native_grid, save_nifti
from heimdallr.publishing.masks import write_masks
from heimdallr.segmentation.anatomy.body import body_mask
from heimdallr.segmentation.engine import Engine
from heimdallr.segmentation.networks.weights import WeightsStore
from heimdallr.segmentation.tasks import task

EXAMPLE = "ct_totalsegmentator_example"
FEATURES = (32, 64, 128, 256, 320, 320)


def main() -> None:
    """Measure both, print a table and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--image", type=Path, help="a CT as NIfTI; default: the example CT")
    parser.add_argument("--slices", type=int, help="of a synthetic CT of 512×512 voxels each")
    parser.add_argument("--full", action="store_true", help="five networks of 1.5 mm, not of 3 mm")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--crop-to-body", action="store_true")
    parser.add_argument("--skip-peer", action="store_true")
    parser.add_argument("--precision", default="auto", choices=("auto", "f32", "bf16"))
    parser.add_argument("--role", choices=("peer", "engine"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.role == "peer":
        run_peer(options)
    elif options.role == "engine":
        run_engine(options)
    else:
        compare(options)


def compare(options: argparse.Namespace) -> None:
    """Run each in its own process and print what they took."""
    with tempfile.TemporaryDirectory(prefix="heimdallr-bench-") as name:
        folder = Path(name)
        slices = options.slices
        image = options.image or (synthetic_ct(folder, slices) if slices else example_ct(folder))
        make_weights(folder / "weights", task_of(options))
        passed_on = ["--image", str(image), "--folder", str(folder)]
        passed_on += ["--precision", options.precision, "--device", options.device]
        passed_on += ["--slices", str(slices)] if slices else []
        passed_on += ["--full"] if options.full else []
        passed_on += ["--crop-to-body"] if options.crop_to_body else []
        ours = report("engine", passed_on, folder)
        print(f"image {ours['shape']}, {os.cpu_count()} cores, {ours['device']}, {ours['engine']}")
        print(f"load average while measuring: {os.getloadavg()[0]:.1f}")
        print(f"{'engine, first case':28s} {ours['first_s']:8.1f} s")
        print(f"{'engine, second case':28s} {ours['second_s']:8.1f} s")
        print(f"{'  of it writing masks':28s} {ours['masks_s']:8.1f} s")
        print(f"{'  processor time':28s} {ours['cpu_s']:8.1f} s")
        print(f"{'engine, peak memory':28s} {ours['peak_gb']:8.2f} GB")
        if options.skip_peer:
            return
        peer = report("peer", passed_on, folder)
        print(f"{'TotalSegmentator, a case':28s} {peer['wall_s']:8.1f} s")
        print(f"{'  largest process':28s} {peer['peak_gb']:8.2f} GB")
        print(f"{'  processor time':28s} {peer['cpu_s']:8.1f} s")
        print(f"ratio {peer['wall_s'] / ours['second_s']:.1f} ×")


def report(role: str, arguments: list[str], folder: Path) -> dict[str, Any]:
    """Run this file in a role; its figures, and the wall time of the whole process."""
    started = time.monotonic()
    subprocess.run(
        [sys.executable, __file__, "--role", role, *arguments],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, **peer_environment(folder)},
    )
    figures: dict[str, Any] = json.loads((folder / f"{role}.json").read_text())
    return {**figures, "wall_s": time.monotonic() - started}


def run_engine(options: argparse.Namespace) -> None:
    """Two cases on one engine."""
    engine = Engine(
        WeightsStore(options.folder / "weights"),
        device=options.device,
        precision=options.precision,
        cache_dir=options.folder / "cache",
        crop_to_body=options.crop_to_body,
    )
    seconds, masks_s, cpu_s = [], 0.0, 0.0
    for number in range(2):
        started, cpu_started = time.monotonic(), time.process_time()
        volume = load_volume(options.image)
        body = body_mask(volume) if options.crop_to_body else None
        labels = engine.segment(task_of(options), volume, body=body).label_map
        segmented = time.monotonic()
        target = options.folder / f"ours-{number}"
        target.mkdir()
        like = native_grid(options.image)
        if options.slices:
            write_masks(target, labels, like)
        else:
            save_nifti(target / "total.nii.gz", labels.data, labels.affine, like=like)
        masks_s = time.monotonic() - segmented
        seconds.append(time.monotonic() - started)
        cpu_s = time.process_time() - cpu_started
    figures = {
        "first_s": seconds[0],
        "second_s": seconds[1],
        "masks_s": masks_s,
        "cpu_s": cpu_s,
        "shape": list(volume.shape),
        "engine": engine.choice.engine,
        "device": engine.choice.device,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }
    (options.folder / "engine.json").write_text(json.dumps(figures))


def run_peer(options: argparse.Namespace) -> None:
    """TotalSegmentator's command, with its own process pools and files."""
    import totalsegmentator.nnunet  # noqa: F401 - patches nnU-Net, then is patched here
    from nnunetv2.inference import predict_from_raw_data as prediction
    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer
    from totalsegmentator.python_api import totalsegmentator as run

    prediction.recursive_find_trainer_class_by_name = lambda _name: nnUNetTrainer
    multilabel = not options.slices
    output = options.folder / ("theirs.nii.gz" if multilabel else "theirs")
    device = "gpu" if options.device == "cuda" else "cpu"
    run(options.image, output, ml=multilabel, fast=not options.full, device=device, quiet=True)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    figures = {
        "peak_gb": max(one.ru_maxrss for one in used) / 1e6,
        "cpu_s": sum(one.ru_utime + one.ru_stime for one in used),
    }
    (options.folder / "peer.json").write_text(json.dumps(figures))


def peer_environment(folder: Path) -> dict[str, str]:
    """A private TotalSegmentator home that reports nothing."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    settings = {
        "totalseg_id": "benchmark",
        "send_usage_stats": False,
        "prediction_counter": 0,
        "statistics_disclaimer_shown": True,
    }
    (home / "config.json").write_text(json.dumps(settings))
    return {"TOTALSEG_HOME_DIR": str(home), "TOTALSEG_WEIGHTS_PATH": str(folder / "weights")}


def task_of(options: argparse.Namespace) -> str:
    """The task that is asked for."""
    return "total" if options.full else "total_fast"


def make_weights(root: Path, name: str) -> None:
    """Random weights of a task's networks, at its spacing."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "segmentation"))
    from tiny_networks import install_tiny, tiny_plans

    wanted = task(name)
    right, anterior, superior = wanted.spacing_mm
    plans = tiny_plans((superior, anterior, right), patch=(128, 128, 128), features=FEATURES)
    kwargs = plans["configurations"]["3d_fullres"]["architecture"]["arch_kwargs"]
    kwargs["n_conv_per_stage"] = [2] * len(FEATURES)
    kwargs["n_conv_per_stage_decoder"] = [2] * (len(FEATURES) - 1)
    install_tiny(root, wanted, plans)


def example_ct(folder: Path) -> Path:
    """The CT that TotalSegmentator ships as its example."""
    data = Path(os.environ.get("HEIMDALLR_TEST_DATA", "../shared/data"))
    archive = data / f"{EXAMPLE}.zip"
    if not archive.is_file():
        sys.exit(f"{archive} is missing: set HEIMDALLR_TEST_DATA, or give --image or --slices")
    import zipfile

    with zipfile.ZipFile(archive) as zipped:
        member = next(m for m in zipped.namelist() if m.endswith("example_ct_sm.nii.gz"))
        return Path(zipped.extract(member, folder))


def synthetic_ct(folder: Path, slices: int) -> Path:
    """A smooth elliptic body, 512×512 voxels of 0.8 mm, slices of 1.5 mm."""
    shape = (512, 512, slices)
    i, j = np.ogrid[: shape[0], : shape[1]]
    body = np.hypot((i - 255.5) / 230, (j - 255.5) / 170) < 1
    noise = np.random.default_rng(0).integers(-20, 20, shape[:2]).astype(np.int16)
    data = np.empty(shape, np.int16, order="F")
    for k in range(shape[2]):
        tissue = 40 + 60 * np.sin(i / 23 + k / 50) * np.cos(j / 31 - k / 70)
        data[:, :, k] = np.where(body, tissue + np.roll(noise, k), -1000)
    volume = Volume(data, np.diag([0.8, 0.8, 1.5, 1.0]))
    save_nifti(folder / "large.nii.gz", volume.data, volume.affine)
    return folder / "large.nii.gz"


if __name__ == "__main__":
    main()
