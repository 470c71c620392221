"""Where network weights live and how they are found.

The layout is nnU-Net's, the names are TotalSegmentator's, so an existing
``~/.totalsegmentator/nnunet/results`` can be used as it is::

    <weights folder>/
      Dataset297_TotalSegmentator_total_3mm_1559subj/
        heimdallr-checksums.json            written when Heimdallr installed it
        nnUNetTrainer_4000epochs_NoMirroring__nnUNetPlans__3d_fullres/
          dataset.json  plans.json
          fold_0/checkpoint_final.pth
      BLAST-CT/
        heimdallr-checksums.json
        saved_models/model_1.torch_model

Folders are searched in a fixed order: the one configured, TotalSegmentator's own, then the small
networks that come with this package. The first that holds every part of a task serves it.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from heimdallr.domain.errors import WeightsError
from heimdallr.files import sha256_of
from heimdallr.segmentation import tasks as task_table
from heimdallr.segmentation.network_collections import datasets_of_collections

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heimdallr.segmentation.result import WeightsOrigin
    from heimdallr.segmentation.tasks import Model, Task

CHECKPOINT = "checkpoint_final.pth"
BLAST_FOLDER, BLAST_CHECKPOINTS = "saved_models", "model_*.torch_model"
"""The layout of ``blast_ct.assets``; every checkpoint there is averaged."""

BUNDLED_MARKER = "heimdallr-bundled.json"
"""A dataset folder with this file holds this project's own weights, wherever it was copied to."""

CHECKSUMS = "heimdallr-checksums.json"
"""sha256 of every file of a dataset folder, recorded when it was installed."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights of one :class:`~heimdallr.segmentation.tasks.Model`, found on disk.

    Attributes:
        model: what was looked for.
        folder: nnU-Net's folder with ``plans.json`` and the folds.
        origin: whose weights they are.
        checkpoints: one file per fold, in the order they are averaged.
    """

    model: Model
    folder: Path
    origin: WeightsOrigin
    checkpoints: tuple[Path, ...]

    @property
    def dataset(self) -> str:
        """Name of the dataset folder."""
        return self.folder.parent.name

    @property
    def classes(self) -> frozenset[str] | None:
        """Structures that bundled weights segment; None where nothing is said of it."""
        return self._said("classes")

    @property
    def located_only(self) -> frozenset[str]:
        """Structures that bundled weights find, but not well enough to measure."""
        return self._said("located_only") or frozenset()

    def _said(self, key: str) -> frozenset[str] | None:
        """A list of structures in the file that marks bundled weights."""
        marker = self.folder.parent / BUNDLED_MARKER
        if self.origin != "bundled" or not marker.is_file():
            return None
        try:
            return frozenset(json.loads(marker.read_bytes())[key])
        except (ValueError, KeyError, TypeError):
            return None


@dataclass(frozen=True, slots=True)
class Availability:
    """One row of ``heimdallr weights list``.

    Attributes:
        task: name of the task.
        weights: its networks, where all of them are present; else empty.
        missing: dataset names that are not.
        licence_required: whether TotalSegmentator's own weights need a licence number.
    """

    task: str
    weights: tuple[Weights, ...]
    missing: tuple[str, ...]
    licence_required: bool

    @property
    def state(self) -> WeightsOrigin | Literal["missing"]:
        """Whose weights serve the task, or ``missing``."""
        return self.weights[0].origin if self.weights else "missing"


class WeightsStore:
    """Finds weights; remembers checksums, because hashing 200 MB for every case is waste.

    Args:
        weights_dir: the configured folder; searched first, installed into.
        cache_dir: where checksums are remembered between runs; None: in memory only.
        totalsegmentator_dir: TotalSegmentator's own folder; the default is its default.
        bundled_dir: the package's own weights; the default is the package data.
    """

    def __init__(
        self,
        weights_dir: Path | None,
        cache_dir: Path | None = None,
        *,
        totalsegmentator_dir: Path | None = None,
        bundled_dir: Path | None = None,
    ) -> None:
        self.weights_dir = weights_dir
        self.bundled_dir = bundled_dir or Path(
            str(resources.files("heimdallr.segmentation").joinpath("bundled"))
        )
        self._totalsegmentator_dir = totalsegmentator_dir or _totalsegmentator_results()
        self._checksums = _ChecksumCache(cache_dir)

    @property
    def folders(self) -> tuple[Path, ...]:
        """Existing folders in the order they are searched."""
        candidates = (self.weights_dir, self._totalsegmentator_dir, self.bundled_dir)
        return tuple(dict.fromkeys(f for f in candidates if f is not None and f.is_dir()))

    def locate(self, task: Task) -> tuple[Weights, ...]:
        """The weights of every network of a task, all from one folder.

        Raises:
            WeightsError: no folder holds them all; the message names what is missing and where
                it was looked for.
        """
        for folder in self.folders:
            found = [self._find(folder, model) for model in task.models]
            if all(weights is not None for weights in found):
                return tuple(weights for weights in found if weights is not None)
        missing = ", ".join(self._missing(task))
        looked = ", ".join(str(folder) for folder in self.folders) or "no weights folder exists"
        msg = f"the weights of task {task.name} are not installed ({missing}; searched: {looked})"
        remedy = f"run 'heimdallr weights download {task.name}', or 'heimdallr weights install'"
        if task.licence_required:
            remedy += "; these weights need a TotalSegmentator licence number"
        raise WeightsError(msg, remedy=remedy)

    def has(self, task: Task) -> bool:
        """Whether :meth:`locate` would succeed."""
        try:
            self.locate(task)
        except WeightsError:
            return False
        return True

    def overview(self) -> tuple[Availability, ...]:
        """Every task with its weights, or with what is missing."""
        rows = []
        for task in task_table.all_tasks().values():
            weights = self.locate(task) if self.has(task) else ()
            missing = () if weights else self._missing(task)
            rows.append(Availability(task.name, weights, missing, task.licence_required))
        return tuple(rows)

    def sha256(self, weights: Weights) -> str:
        """Checksum of the checkpoint; of the folds' checksums in order when there are several."""
        digests = [self._checksums.sha256(path) for path in weights.checkpoints]
        if len(digests) == 1:
            return digests[0]
        return hashlib.sha256("".join(digests).encode()).hexdigest()

    def _missing(self, task: Task) -> tuple[str, ...]:
        return tuple(
            model.dataset
            for model in task.models
            if not any(self._find(folder, model) for folder in self.folders)
        )

    def _find(self, root: Path, model: Model) -> Weights | None:
        for folder in _candidates(root, model):
            checkpoints = _checkpoints(folder, model)
            if checkpoints and all((folder / name).is_file() for name in described_by(model)):
                return Weights(model, folder, self._origin(folder, model), checkpoints)
        return None

    def _origin(self, folder: Path, model: Model) -> WeightsOrigin:
        dataset = folder.parent
        marked = any((place / BUNDLED_MARKER).is_file() for place in (dataset, folder))
        if marked or self.bundled_dir in dataset.parents:
            return "bundled"
        named_as_released = (dataset.name, folder.name) == (model.dataset, model.folder)
        return "official" if named_as_released else "other"


def described_by(model: Model) -> tuple[str, ...]:
    """The files that describe a model's network, in its folder."""
    return ("plans.json", "dataset.json") if model.framework == "nnunet" else ()


def _candidates(root: Path, model: Model) -> Iterator[Path]:
    """Folders that may hold a model: under its exact name first, then under its number.

    Numbers are unique within a collection only: those of others are known by name.
    """
    if model.published is not None:
        form = "*__*__*" if model.framework == "nnunet" else BLAST_FOLDER
        yield from sorted((root / model.dataset).glob(form))
        return
    yield root / model.dataset / model.folder
    for dataset in sorted(root.glob(f"Dataset{model.dataset_id:03d}_*")):
        if dataset.name not in datasets_of_collections():
            yield dataset / model.folder
            yield from sorted(dataset.glob(f"*__*__{model.configuration}"))


def _checkpoints(folder: Path, model: Model) -> tuple[Path, ...]:
    if model.framework == "blast_ct":
        return tuple(sorted(folder.glob(BLAST_CHECKPOINTS)))
    if model.folds is None:
        return tuple(sorted(folder.glob(f"fold_[0-9]*/{CHECKPOINT}")))
    wanted = [folder / f"fold_{fold}" / CHECKPOINT for fold in model.folds]
    return tuple(wanted) if all(path.is_file() for path in wanted) else ()


def _totalsegmentator_results() -> Path:
    """TotalSegmentator's weights folder (``totalsegmentator.config.get_weights_dir``'s rule)."""
    if named := os.environ.get("TOTALSEG_WEIGHTS_PATH"):
        return Path(named)
    home = os.environ.get("TOTALSEG_HOME_DIR")
    base = Path(home) if home else Path.home() / ".totalsegmentator"
    return base / "nnunet" / "results"


class _ChecksumCache:
    """Checksums by path, size and modification time; a damaged cache file is forgotten."""

    def __init__(self, folder: Path | None) -> None:
        self._file = folder / "weights-checksums.json" if folder is not None else None
        self._known: dict[str, str] = {}
        if self._file is not None and self._file.is_file():
            try:
                stored = json.loads(self._file.read_text())
            except (OSError, ValueError):
                stored = {}
            self._known = {str(k): str(v) for k, v in stored.items()} if stored else {}

    def sha256(self, path: Path) -> str:
        status = path.stat()
        key = f"{path.resolve()}|{status.st_size}|{status.st_mtime_ns}"
        if key not in self._known:
            self._known[key] = sha256_of(path)
            self._save()
        return self._known[key]

    def _save(self) -> None:
        if self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        aside = self._file.with_suffix(f".{os.getpid()}.tmp")
        aside.write_text(json.dumps(self._known, indent=1))
        aside.replace(self._file)
