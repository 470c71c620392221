"""A ring of rendered patches on disk: one process fills it, the trainer draws from it.

The trainer never waits: it takes any filled slot. A slot overwritten while it is read gives one
mixed patch, which does no harm.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from body_files import load_body

if TYPE_CHECKING:
    from numpy import typing as npt
    from realmaps import Body

SLOTS = 384


class Ring:
    """Memory-mapped patches: `image` float16 and `labels` uint8 with its channels."""

    def __init__(self, folder: Path, patch: tuple[int, int, int], channels: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        mode: Literal["r+", "w+"] = "r+" if (folder / "count.bin").exists() else "w+"
        self.image = np.memmap(str(folder / "image.bin"), np.float16, mode, shape=(SLOTS, *patch))
        self.labels = np.memmap(
            str(folder / "labels.bin"), np.uint8, mode, shape=(SLOTS, channels, *patch)
        )
        self._counter = np.memmap(str(folder / "count.bin"), np.int64, mode, shape=(1,))

    @property
    def count(self) -> int:
        """How many patches were written in all."""
        return int(self._counter[0])

    def write(
        self, index: int, image: npt.NDArray[np.float32], labels: list[npt.NDArray[np.uint8]]
    ) -> None:
        """Put patch number `index` in its slot."""
        self.image[index % SLOTS] = image
        for channel, values in enumerate(labels):
            self.labels[index % SLOTS, channel] = values
        self._counter[0] = index + 1

    def draw(
        self, rng: np.random.Generator
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
        """Any filled slot: image and labels."""
        slot = int(rng.integers(0, min(self.count, SLOTS)))
        return np.array(self.image[slot], np.float32), np.array(self.labels[slot])


class Pool:
    """The bodies below a folder, each group (sub-folder) drawn with its weight."""

    def __init__(self, folder: Path, weights: dict[str, float], keep: int = 160) -> None:
        self._folder, self._weights, self._keep = folder, weights, keep
        self._bodies: dict[Path, Body] = {}
        self._files: dict[str, list[Path]] = {}
        self._listed = 0.0

    def draw(self, rng: np.random.Generator) -> Body:
        """A random body; new files are noticed within a minute."""
        if time.monotonic() - self._listed > 60:
            self._listed = time.monotonic()
            for group in self._weights:
                files = sorted((self._folder / group).glob("[0-9]*[0-9].npz"))
                if files:
                    self._files[group] = files
        groups = sorted(self._files)
        weights = np.array([self._weights[group] for group in groups])
        group = str(rng.choice(groups, p=weights / weights.sum()))
        path = self._files[group][int(rng.integers(0, len(self._files[group])))]
        if path not in self._bodies:
            if len(self._bodies) >= self._keep:
                self._bodies.pop(next(iter(self._bodies)))
            self._bodies[path] = load_body(path)
        return self._bodies[path]


def fill(stage: str, work: Path, seed: int) -> None:
    """Render patches of a stage for ever."""
    from stages import STAGES  # noqa: PLC0415 - the stages import the renderers

    settings = STAGES[stage]
    ring = Ring(work / f"ring-{stage}", settings.patch, settings.label_channels)
    pool = Pool(work / "pool", settings.groups)
    rng = np.random.default_rng([seed, ring.count])
    index = ring.count
    pace = time.monotonic()
    while True:
        image, labels = settings.draw(pool.draw(rng), rng)
        ring.write(index, image, labels)
        index += 1
        # The trainer may draw a patch several times; do not take more of the machine than needed.
        if index > SLOTS:
            wait = pace + settings.seconds_per_patch - time.monotonic()
            time.sleep(max(wait, 0))
        pace = time.monotonic()


if __name__ == "__main__":
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    fill(options.stage, options.work, options.seed)
