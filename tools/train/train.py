"""Train one stage for a given wall time, resuming from its checkpoint.

    python tools/train/train.py ct --work DIR --minutes 80

The learning rate follows the share of the time that has passed, so a run always ends annealed.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from model import FAST_BF16, HeadedUNet, head_loss
from ring import Ring
from stages import STAGES

_WARM_UP_S = 60.0
_SAVE_EVERY_S = 120.0
_EMA = 0.998
_LONGEST_STEP_S = 30.0
"""What lies beyond is time in which the process was stopped, and does not anneal the rate."""


def learning_rate(elapsed_s: float, total_s: float, peak: float) -> float:
    """Linear warm-up, then a cosine down to a hundredth of the peak."""
    warm = min(1.0, (elapsed_s + 5) / _WARM_UP_S)
    share = min(1.0, elapsed_s / total_s)
    return peak * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * share)))


class Trainer:
    """Network, optimiser, averaged weights and clock of one stage."""

    def __init__(self, stage: str, work: Path, start_from: Path | None) -> None:
        self.stage, self.settings, self.work = stage, STAGES[stage], work
        torch.manual_seed(1)
        self.net = HeadedUNet(self.settings.network, self.settings.heads)
        for weight in self.net.parameters():
            if weight.ndim == 5:  # in float32 three quarters of the time of a step
                weight.data = weight.data.contiguous(memory_format=torch.channels_last_3d)
        self.average = HeadedUNet(self.settings.network, self.settings.heads)
        self.optimiser = torch.optim.AdamW(
            self.net.parameters(), lr=1e-3, betas=(0.9, 0.99), weight_decay=0.02
        )
        self.steps, self.elapsed_s = 0, 0.0
        self.path = work / f"{stage}.pt"
        if self.path.exists():
            self._resume(torch.load(self.path, weights_only=True))
        elif start_from is not None:
            state = torch.load(start_from, weights_only=True)["average"]
            own = self.net.state_dict()
            fitting = {k: v for k, v in state.items() if k in own and own[k].shape == v.shape}
            self.net.load_state_dict(fitting, strict=False)
            self.average.load_state_dict(self.net.state_dict())
        else:
            self.average.load_state_dict(self.net.state_dict())
        self.ring = Ring(work / f"ring-{stage}", self.settings.patch, self.settings.label_channels)
        self.rng = np.random.default_rng(self.steps)

    def _resume(self, state: dict[str, Any]) -> None:
        self.net.load_state_dict(state["net"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.steps, self.elapsed_s = state["steps"], state["elapsed_s"]

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        aside = self.path.with_suffix(".part")
        torch.save(
            {
                "net": self.net.state_dict(),
                "average": self.average.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "steps": self.steps,
                "elapsed_s": self.elapsed_s,
            },
            aside,
        )
        aside.replace(self.path)

    def step(self, rate: float) -> float:
        """One patch: forward, loss on the body and a tenth of the rest, update, average."""
        image, labels = self.ring.draw(self.rng)
        image = image * self.rng.normal(1, 0.03) + self.rng.normal(0, 0.04) * (image != 0)
        where = torch.from_numpy((labels[-1] > 0) | (self.rng.random(image.shape) < 0.08))
        where = where.flatten().nonzero()[:, 0]
        targets = [torch.from_numpy(chan.ravel()).long()[where] for chan in labels[:-1]]
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        with torch.autocast("cpu", torch.bfloat16, enabled=FAST_BF16):
            features = self.net.features(torch.from_numpy(image.astype(np.float32))[None, None])
            rows = features.flatten(2)[0].index_select(1, where).T
            losses = [
                head_loss(head, rows, target)
                for head, target in zip(self.net.heads, targets, strict=True)
            ]
        loss = torch.stack(losses).sum()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 3.0)
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.steps += 1
        decay = min(_EMA, (1 + self.steps) / (10 + self.steps))
        with torch.no_grad():
            for mean, now in zip(self.average.parameters(), self.net.parameters(), strict=True):
                mean.lerp_(now, 1 - decay)
        return float(loss.detach())

    def run(self, total_s: float, peak: float, check_every_s: float) -> None:
        """Train until `total_s` seconds were spent on this stage in all."""
        while self.ring.count < 8:
            time.sleep(1)
        last = time.monotonic()
        saved = checked = last
        losses: list[float] = []
        while self.elapsed_s < total_s:
            losses.append(self.step(learning_rate(self.elapsed_s, total_s, peak)))
            now = time.monotonic()
            self.elapsed_s += min(now - last, _LONGEST_STEP_S)
            last = now
            if self.steps % 50 == 0:
                self._log(
                    f"{self.stage} step {self.steps} {self.elapsed_s / 60:.1f} min "
                    f"loss {np.mean(losses):.3f} rendered {self.ring.count}"
                )
                losses.clear()
            if now - saved > _SAVE_EVERY_S:
                self.save()
                saved = now
            if now - checked > check_every_s:
                self._check()
                checked = now
        self.save()
        self._check()

    def _check(self) -> None:
        from quick import quick_check  # noqa: PLC0415 - needs the test data only here

        start = time.monotonic()
        for line in quick_check(self.stage, self.average, self.work):
            self._log(line)
        self._log(f"checked in {time.monotonic() - start:.1f} s")

    def _log(self, line: str) -> None:
        stamped = f"{time.strftime('%H:%M:%S')} {line}"
        print(stamped, flush=True)
        with (self.work / "log.txt").open("a") as stream:
            stream.write(stamped + "\n")


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage", choices=sorted(STAGES))
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--check-minutes", type=float, default=8)
    parser.add_argument("--start-from", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    trainer = Trainer(options.stage, options.work, options.start_from)
    trainer.run(options.minutes * 60, options.rate, options.check_minutes * 60)


if __name__ == "__main__":
    main()
