"""The resident engine: TotalSegmentator's tasks, networks loaded once, arrays kept in memory.

What TotalSegmentator does around its networks (crop, resampling, several networks merged into one
label map, clean-up, resampling back) is done here in the same order with the same rules
(``totalsegmentator.nnunet.nnUNet_predict_image``); tests compare the label maps. What is left out
is its process per case, its files between the steps, its usage statistics.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from heimdallr.domain.errors import LicenceError, SegmentationError
from heimdallr.imaging.morphology import label_boxes
from heimdallr.imaging.volume import LabelMap
from heimdallr.segmentation import crop_and_clean
from heimdallr.segmentation import tasks as task_table
from heimdallr.segmentation.anatomy import sharpening
from heimdallr.segmentation.anatomy.spine import COLUMN
from heimdallr.segmentation.anatomy.tidying import in_one, tidied, without_strays
from heimdallr.segmentation.networks import blast_ct
from heimdallr.segmentation.networks.labelling import labels_from_planes, prior_from_planes
from heimdallr.segmentation.networks.plans import plan_spacing_mm
from heimdallr.segmentation.networks.predictors import choose_device, load_predictors
from heimdallr.segmentation.networks.preparations import Preparations
from heimdallr.segmentation.networks.resampling import labels_to_shape
from heimdallr.segmentation.networks.sliding_window import (
    count_patches,
    mean_of_folds,
    predict_planes,
)
from heimdallr.segmentation.result import Segmentation, SegmentationProvenance

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from heimdallr.imaging.volume import Affine, Array, Volume
    from heimdallr.segmentation.networks.arithmetic import Arithmetic, Head
    from heimdallr.segmentation.networks.blast_ct import BlastNetwork
    from heimdallr.segmentation.networks.plans import Plans
    from heimdallr.segmentation.networks.preprocessing import Prepared
    from heimdallr.segmentation.networks.sliding_window import PatchPredictor, Planes
    from heimdallr.segmentation.networks.weights import Weights, WeightsStore
    from heimdallr.segmentation.tasks import Task

Progress = Callable[[float, str], None]
"""Told the share done, 0 to 1, and what is being done."""

_SPARSE = (slice(None, None, 4), slice(None, None, 4), slice(None, None, 2))
"""Voxels enough to tell what a vertebra is made of."""


Answer_co = TypeVar("Answer_co", covariant=True)


class _Reader(Protocol[Answer_co]):
    """Turns a network's planes into labels or probabilities."""

    def __call__(
        self,
        blocks: Iterable[Planes],
        prepared: Prepared,
        plans: Plans,
        arithmetic: Arithmetic,
        head: Head | None = None,
    ) -> Answer_co: ...


@dataclass(frozen=True, slots=True)
class _Loaded:
    weights: Weights
    plans: Plans
    predictors: tuple[PatchPredictor, ...]


class Engine:
    """Runs tasks on volumes; keeps every network it has loaded.

    One engine per process and device. Calls are serialised: a network uses the whole device.

    Args:
        store: where weights are found.
        device: auto, cpu, cuda or cuda:N.
        backend: auto, openvino or torch (the reference).
        precision: auto, f32 or bf16, on OpenVINO.
        cache_dir: where converted networks are kept between processes.
        threads: CPU threads; 0 leaves it to the library.
        licence: TotalSegmentator licence number for licensed tasks. Only whether there is one is
            remembered.
        crop_to_body: run networks on the box around the patient, as TotalSegmentator does when it
            is told to (``--body_seg``). Half the patches or less; patches then lie elsewhere, so
            label maps differ at borders. Bundled networks see the whole image.

    Raises:
        SegmentationError: the device does not exist.
    """

    def __init__(
        self,
        store: WeightsStore,
        *,
        device: str = "auto",
        backend: str = "auto",
        precision: str = "auto",
        cache_dir: Path | None = None,
        threads: int = 0,
        licence: str | None = None,
        crop_to_body: bool = False,
    ) -> None:
        self.store = store
        self.choice = choose_device(device, backend, precision, threads)
        self._cache_dir = cache_dir
        self.licensed = bool(licence)
        self._crop_to_body = crop_to_body
        self._loaded: dict[Path, _Loaded] = {}
        self._blast: dict[Path, BlastNetwork] = {}
        self._checksums: dict[Path, str] = {}
        self._preparations, self._cases = Preparations(), 0
        self._lock = threading.RLock()
        if threads and self.choice.backend == "torch":
            import torch  # noqa: PLC0415 - only where it runs the networks

            torch.set_num_threads(threads)

    def segment(
        self,
        task_name: str,
        volume: Volume,
        *,
        progress: Progress | None = None,
        context: Mapping[str, Segmentation] | None = None,
        body: Array | None = None,
    ) -> Segmentation:
        """Run one task.

        Args:
            task_name: a name of the task table, ``total_fast`` say.
            volume: the image, HU for CT.
            progress: called with a share from 0 to 1 and what is being done.
            context: segmentations of the same image made earlier, by TotalSegmentator task name;
                a task that needs a crop takes it from there instead of running another network.
            body: (I, J, K) where the patient is; bundled networks label nothing elsewhere, others
                are run there only if the engine is told to.

        Raises:
            WeightsError: weights are absent or damaged.
            LicenceError: the task's official weights need a licence that is not configured.
            SegmentationError: there is no such task, or a network could not be run.
        """
        task = task_table.task(task_name)
        with self._lock, self.one_case():
            return self._segment(task, volume, progress or _silent, context or {}, body)

    @contextmanager
    def one_case(self) -> Iterator[None]:
        """Within it, networks that want the same of an image share its preparation.

        It is forgotten when the case ends; nobody may write into the volume before.
        """
        with self._lock:
            self._cases += 1
        try:
            yield
        finally:
            with self._lock:
                self._cases -= 1
                if self._cases == 0:
                    self._preparations = Preparations()

    def load(self, task_name: str) -> None:
        """Load a task's networks now, so that the first case does not wait for them.

        Raises:
            WeightsError: weights are absent or damaged.
            SegmentationError: there is no such task.
        """
        task = task_table.task(task_name)
        with self._lock:
            for weights in self._located(task):
                if weights.model.framework == "blast_ct":
                    self._load_blast(weights)
                else:
                    self._load(weights)

    def _segment(
        self,
        task: Task,
        volume: Volume,
        progress: Progress,
        context: Mapping[str, Segmentation],
        body: Array | None = None,
    ) -> Segmentation:
        started = time.monotonic()
        weights = self._located(task)
        if task.licence_required and weights[0].origin != "bundled" and not self.licensed:
            msg = f"task {task.name} needs a TotalSegmentator licence number"
            raise LicenceError(msg, remedy="set TOTALSEGMENTATOR_LICENSE")
        labels = np.zeros(volume.shape, np.uint8, order="F")
        box: crop_and_clean.Box | None = (slice(0, None), slice(0, None), slice(0, None))
        found, cropped = None, False
        confidence: dict[str, float] = {}
        if task.crop is not None:
            progress(0.0, f"{task.name}: finding the region")
            found = self._companion(task.crop.task, volume, context)
            box = crop_and_clean.crop_box(found, task.crop)
        elif self._crop_to_body and body is not None and weights[0].origin != "bundled":
            patient = crop_and_clean.body_box(body, volume.affine)
            cropped, box = patient is not None, patient or box
        if box is not None:
            progress(0.0, f"{task.name}: preparing")
            labels, confidence = self._labels_in(box, task, weights, volume, progress)
        sha256 = tuple(self._checksum(entry) for entry in weights)
        if found is not None and task.keep_inside:
            labels = crop_and_clean.kept_inside(labels, found, task)
        if weights[0].origin == "bundled" and labels.any():
            guessed = labels[_SPARSE].copy()
            labels = _tidied(labels, task, volume, body)
            confidence = _of_vertebrae(confidence, guessed, labels[_SPARSE], task)
        left_out = _left_out(task, weights)
        if left_out:
            labels = _without(labels, left_out, task)
        if task.refine_with is not None:
            bodies = self._companion(task.refine_with, volume, context)
            labels = crop_and_clean.refined(labels, bodies, task)
        progress(1.0, f"{task.name}: done")
        provenance = SegmentationProvenance(
            task=task.family,
            engine=self.choice.engine,
            device=self.choice.device,
            weights=tuple(entry.dataset for entry in weights),
            weights_origin=weights[0].origin,
            weights_sha256=sha256,
            spacing_mm=self._spacing_mm(weights[0]),
            seconds=round(time.monotonic() - started, 3),
            confidence=_of_present(confidence, labels, task),
            left_out=left_out,
            located_only=tuple(sorted(frozenset().union(*(w.located_only for w in weights)))),
            collections=() if task.collection is None else (task.collection,),
            cropped_to_body=cropped,
        )
        return Segmentation(LabelMap(labels, volume.affine, task.names), provenance)

    def _companion(
        self, task_name: str, volume: Volume, context: Mapping[str, Segmentation]
    ) -> LabelMap:
        """Label map another task needs: made earlier, or made now by the family's best network."""
        wanted = task_table.task(task_name)
        known = context.get(wanted.family)
        if known is not None and known.label_map.shape == volume.shape:
            return known.label_map
        coarse_first = reversed(task_table.variants(wanted.family))
        for candidate in (wanted, *coarse_first):
            if self.store.has(candidate):
                return self._segment(candidate, volume, _silent, context).label_map
        self.store.locate(wanted)  # raises, and says what is missing
        raise AssertionError

    def _labels_in(
        self,
        box: crop_and_clean.Box,
        task: Task,
        weights: tuple[Weights, ...],
        volume: Volume,
        progress: Progress,
    ) -> tuple[Array, dict[str, float]]:
        """A task's labels on the image's grid, none outside the box, and how sure they are."""
        if weights[0].origin == "bundled" and task.family in sharpening.FAMILIES:
            return self._sharpened(task, weights[0], volume, box, progress)
        if weights[0].model.framework == "blast_ct":
            text = f"{task.name}: network 1 of 1"
            network, device = self._load_blast(weights[0]), self.choice.device
            labels = blast_ct.segment(network, volume, box, device, lambda d: progress(d, text))
            return labels, {}
        labels = np.zeros(volume.shape, np.uint8, order="F")
        labels[box] = self._labels(task, weights, volume, box, progress)
        return labels, {}

    def _labels(
        self,
        task: Task,
        weights: tuple[Weights, ...],
        volume: Volume,
        box: crop_and_clean.Box,
        progress: Progress,
    ) -> Array:
        """The task's labels on the (cropped) image's own grid."""
        data, affine = self._image(task, volume, box)
        merged = np.zeros(data.shape, np.uint8)
        parts = list(crop_and_clean.slabs(data.shape, several=len(weights) > 1))
        # all networks of a slab, then the next: they share its preparation
        runs = [(entry, part, keep) for part, keep in parts for entry in weights]
        for number, (entry, part, keep) in enumerate(runs):
            share = _Share(progress, task.name, number, len(runs))
            model = self._load(entry)
            slab = self._predict(
                model, data, affine, part, step=task.step, share=share, read=labels_from_planes
            )
            if len(weights) > 1:  # half a gigabyte of 128³ voxels each
                for predictor in model.predictors:
                    predictor.rest()
            mapped = _lookup(model)[slab[:, :, keep]]
            first = part.start + keep.start
            window = merged[:, :, first : first + mapped.shape[2]]
            np.copyto(window, mapped, where=mapped != 0)
        merged = crop_and_clean.cleaned(merged, task, affine)
        if weights[0].origin == "bundled":
            voxel_mm3 = float(abs(np.linalg.det(affine[:3, :3])))
            merged = without_strays(merged, task.names, voxel_mm3)
        i, j, k = volume.data[box].shape
        return labels_to_shape(merged, (i, j, k))

    def _image(self, task: Task, volume: Volume, box: crop_and_clean.Box) -> tuple[Array, Affine]:
        """The (cropped) image at the task's spacing."""
        return self._preparations.image(
            volume.data,
            crop_and_clean.cropped_affine(volume.affine, box),
            box,
            task.spacing_mm,
            task.resampling_order,
            integers=task.crop is not None,  # TotalSegmentator crops into integers
            signal=task.modality == "MR",
        )

    def _sharpened(
        self,
        task: Task,
        weights: Weights,
        volume: Volume,
        box: crop_and_clean.Box,
        progress: Progress,
    ) -> tuple[Array, dict[str, float]]:
        """The labels of one coarse network, borders drawn by the image, and how sure it is."""
        data, affine = self._image(task, volume, box)
        model = self._load(weights)
        share = _Share(progress, task.name, 0, 1)
        everything = slice(0, data.shape[2])
        prior = self._predict(
            model, data, affine, everything, step=task.step, share=share, read=prior_from_planes
        )
        prior = replace(prior, labels=_lookup(model)[prior.labels])
        progress(1.0, f"{task.name}: sharpening")
        voxel_mm3 = float(np.prod(model.plans.spacing_mm))
        found = prior.found_in(task.names, voxel_mm3)
        image = volume if task.modality == "CT" else sharpening.on_one_scale(volume)
        labels = sharpening.sharpened(
            found.their_prior(), task.names, image, threads=self.choice.threads
        )
        return labels, found.confidence()

    def _predict(
        self,
        model: _Loaded,
        data: Array,
        affine: Affine,
        part: slice,
        *,
        step: float,
        share: _Share,
        read: _Reader[Answer_co],
    ) -> Answer_co:
        """What one network says about one slab of an image, or all of it."""
        predictors = model.predictors
        try:
            # the matrices are small: a thread for some rows each, not several for one matrix
            with threadpool_limits(1, user_api="blas"):
                prepared = self._preparations.prepared(data, affine, part, model.plans)
                z, y, x = prepared.data.shape[1:]
                patches = count_patches((z, y, x), model.plans.patch, step)
                share.total = patches * len(predictors)
                folds = [predict_planes(prepared.data, p, step, share.advance) for p in predictors]
                arithmetic = predictors[0].arithmetic
                blocks, head = mean_of_folds(folds, [p.head for p in predictors], arithmetic)
                return read(blocks, prepared, model.plans, arithmetic, head)
        except (RuntimeError, MemoryError) as error:
            msg = f"the network of {model.weights.dataset} could not be run on this volume"
            remedy = "check the free memory of the device, or run on the CPU"
            raise SegmentationError(msg, remedy=remedy) from error

    def _located(self, task: Task) -> tuple[Weights, ...]:
        """A task's weights; networks of weights that were replaced since are forgotten."""
        located = self.store.locate(task)
        for weights in located:
            known = self._checksums.get(weights.folder)
            if known is not None and known != self.store.sha256(weights):
                for networks in (self._loaded, self._blast, self._checksums):
                    networks.pop(weights.folder, None)
        return located

    def _checksum(self, weights: Weights) -> str:
        """Of the network that is loaded, whatever lies in its folder by now."""
        return self._checksums.get(weights.folder) or self.store.sha256(weights)

    def _load(self, weights: Weights) -> _Loaded:
        if weights.folder not in self._loaded:
            checksum = self.store.sha256(weights)
            plans, predictors = load_predictors(
                weights, self.choice, checksum=checksum, cache_dir=self._cache_dir
            )
            self._loaded[weights.folder] = _Loaded(weights, plans, predictors)
            self._checksums[weights.folder] = checksum
        return self._loaded[weights.folder]

    def _load_blast(self, weights: Weights) -> BlastNetwork:
        if weights.folder not in self._blast:
            checksum = self.store.sha256(weights)
            self._blast[weights.folder] = blast_ct.load_network(weights)
            self._checksums[weights.folder] = checksum
        return self._blast[weights.folder]

    def _spacing_mm(self, weights: Weights) -> float:
        if weights.model.framework == "blast_ct":
            return self._load_blast(weights).spacing_mm
        return plan_spacing_mm(weights)


class _Share:
    """Progress over one of several runs, patch by patch."""

    def __init__(self, progress: Progress, task_name: str, number: int, runs: int) -> None:
        self.total = 1
        self._progress = progress
        self._text = f"{task_name}: network {number + 1} of {runs}"
        self._number, self._runs, self._done = number, runs, 0

    def advance(self) -> None:
        """One patch more."""
        self._done += 1
        inside = min(self._done / self.total, 1.0)
        self._progress((self._number + inside) / self._runs, self._text)


def _lookup(model: _Loaded) -> Array:
    """(256,) table from the network's labels to the task's; labels without a name become 0."""
    table = np.zeros(256, np.uint8)
    for label, number in model.weights.model.label_numbers.items():
        table[label] = number
    return table


def _tidied(labels: Array, task: Task, volume: Volume, body: Array | None) -> Array:
    """Of bundled weights; only CT has attenuations that tell what cannot be."""
    if task.modality == "CT":
        return tidied(labels, task.names, volume, body)
    return in_one(labels, task.names, volume)


def _left_out(task: Task, weights: tuple[Weights, ...]) -> tuple[str, ...]:
    """Structures of a task that none of its weights is good for, as far as they say."""
    known = [entry.classes for entry in weights]
    if any(classes is None for classes in known):
        return ()
    named = frozenset().union(*(classes for classes in known if classes is not None))
    return tuple(name for name in task.names.values() if name not in named)


def _without(labels: Array, structures: tuple[str, ...], task: Task) -> Array:
    """The label map without some structures: nothing else takes their place."""
    kept = np.arange(256, dtype=np.uint8)
    kept[[number for number, name in task.names.items() if name in structures]] = 0
    return kept[labels]


def _of_present(confidence: dict[str, float], labels: Array, task: Task) -> dict[str, float]:
    """The confidences of what is in the label map."""
    if not confidence:
        return {}
    present = {task.names.get(number) for number in label_boxes(labels)}
    return {name: sure for name, sure in confidence.items() if name in present}


def _of_vertebrae(
    confidence: dict[str, float], guessed: Array, labels: Array, task: Task
) -> dict[str, float]:
    """The confidences, those of vertebrae that were counted anew from the labels they had."""
    numbers = {name: n for n, name in task.names.items() if name in COLUMN and name in confidence}
    joint = np.bincount(guessed.ravel().astype(np.int32) * 256 + labels.ravel(), minlength=65536)
    joint = joint.reshape(256, 256)
    before = [confidence[name] for name in numbers]
    counted = dict(confidence)
    for n, name in task.names.items():
        made_of = joint[list(numbers.values()), n]
        if name in COLUMN and made_of.any():
            counted[name] = round(float(np.average(before, weights=made_of)), 3)
    return counted


def _silent(_share: float, _text: str) -> None:
    """Progress nobody asked for."""
