"""Everything from nothing: pools, training of all stages, export. Interrupted, it goes on.

    python tools/train/main.py [--work build/train] [--maps DIR-with-label-maps] [--to DIR]

Stages are trained one after the other; while one trains, one background process renders.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
STAGES = {"ct": 78.0, "bleed": 12.0, "mr": 18.0}
"""Stage to minutes of wall time, in this order; `mr` starts from the weights of `ct`."""
_PEAK_RATE = {"ct": 2e-3, "bleed": 1.5e-3, "mr": 1.5e-3}
_FRESH_BODIES = 4
_BUNDLED = HERE.parents[1] / "src" / "heimdallr" / "segmentation" / "bundled"
# Without this glibc gives every large tensor back to the kernel after each step: twice the time.
_ALLOCATOR = {
    "MALLOC_MMAP_THRESHOLD_": "8000000000",
    "MALLOC_TRIM_THRESHOLD_": "16000000000",
    "MALLOC_TOP_PAD_": "268435456",
    "GOMP_SPINCOUNT": "0",
}


def unpacked_maps(work: Path) -> Path:
    """Folder of the label maps of the test data (`HEIMDALLR_TEST_DATA`), unpacked into `work`."""
    data = Path(os.environ.get("HEIMDALLR_TEST_DATA", HERE.parents[2] / "shared" / "data"))
    folder = work / "maps"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(data / "label_maps_ct.zip") as archive:
        for name in archive.namelist():
            if name.endswith("_total.nii.gz"):
                (folder / Path(name).name).write_bytes(archive.read(name))
    return folder


def _command(script: str, *arguments: object) -> list[str]:
    return [sys.executable, str(HERE / script), *map(str, arguments)]


def _environment(threads: int) -> dict[str, str]:
    return {**os.environ, **_ALLOCATOR, "OMP_NUM_THREADS": str(threads)}


@contextmanager
def _background(command: list[str]) -> Iterator[None]:
    """A process that renders or builds while the block runs."""
    process = subprocess.Popen(command, env=_environment(1))  # noqa: S603 - our own scripts
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def _call(command: list[str], threads: int = 1) -> None:
    subprocess.run(command, env=_environment(threads), check=True)  # noqa: S603 - our own scripts


def train(work: Path, stage: str, minutes: float, threads: int) -> None:
    """Train one stage with its renderer beside it."""
    start = ["--start-from", work / "ct.pt"] if stage == "mr" else []
    with _background(_command("ring.py", stage, "--work", work)):
        _call(
            _command(
                "train.py",
                stage,
                "--work",
                work,
                "--minutes",
                minutes,
                "--threads",
                threads,
                "--rate",
                _PEAK_RATE[stage],
            )
            + [str(part) for part in start],
            threads,
        )


def main() -> None:
    """Run the whole training from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=HERE.parents[1] / "build" / "train")
    parser.add_argument("--maps", type=Path, help="folder of *_total.nii.gz")
    parser.add_argument("--to", type=Path, default=_BUNDLED)
    parser.add_argument("--bodies", type=int, default=120, help="phantoms")
    parser.add_argument("--stages", nargs="*", default=[f"{k}:{v}" for k, v in STAGES.items()])
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    pool = options.work / "pool"
    maps = sorted((options.maps or unpacked_maps(options.work)).glob("*_total.nii.gz"))
    if not maps:
        parser.error("there are no label maps to train from")
    # A few bodies to start with, the others while training goes on.
    _call(_command("pool.py", "real", *maps, "--pool", pool, "--count", _FRESH_BODIES))
    _call(_command("pool.py", "phantom", "--pool", pool, "--count", _FRESH_BODIES))
    _call(_command("pool.py", "head", "--pool", pool, "--count", _FRESH_BODIES))
    more = _command("pool.py", "all", *maps, "--pool", pool, "--count", options.bodies)
    with _background(more):
        for entry in options.stages:
            stage, minutes = entry.split(":")
            train(options.work, stage, float(minutes), options.threads)
    _call(_command("export.py", "--work", options.work, "--to", options.to))


if __name__ == "__main__":
    main()
