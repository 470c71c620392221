"""The table of segmentation tasks, read from TotalSegmentator's own configuration.

Dataset numbers, trainers, spacings, crops, class names and licences come from
``totalsegmentator.map_tasks_config`` and ``totalsegmentator.map_to_binary``, so a newer
TotalSegmentator brings its newer tasks along. What its command line calls ``total --fast`` is a
task of its own here (``total_fast``), because it has its own networks. Other people's networks
follow, one task each, from the tables of :mod:`heimdallr.segmentation.network_collections`.

What its configuration does not say is typed in by hand from its code (2.18). Read it again when
TotalSegmentator is upgraded:

* ``python_api.py``: :data:`DEFAULT_PLANS`, :data:`CROP_MARGIN_MM`, which network finds a crop
  (:func:`_crop`), and that ``vertebrae_body`` refines ``vertebrae_pp_refined``;
* ``nnunet.py``: :data:`OVERLAPPING_LESS` with its two steps, and which families are split over
  several networks (:data:`_PARTS`);
* ``map_tasks_config.py``: which tasks are experiments (:data:`_NOT_TASKS`), and whether a task has
  a cascade, which is not supported;
* ``libs.py``: where releases lie (:func:`download_url`).

``docs/segmentation.md`` has the list for the whole package, and what notices a change.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from totalsegmentator import map_to_binary
from totalsegmentator.map_tasks_config import (
    DEFAULT_CONFIG,
    TASK_CONFIGS,
    TASK_ID_WEIGHTS_CONFIGS,
)
from totalsegmentator.map_to_binary import class_map, commercial_models
from totalsegmentator.registry import task_modality

from heimdallr.domain.errors import SegmentationError
from heimdallr.segmentation.network_collections import PublishedNetwork, published_networks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heimdallr.domain.study import Modality
    from heimdallr.segmentation.network_collections import Collection, Framework, SplineOrder

Variant = Literal["full", "fast", "fastest"]

DEFAULT_PLANS = "nnUNetPlans"
"""The plans every released network was trained with (``totalsegmentator(plans=…)``'s default)."""

CROP_MARGIN_MM = (20.0, 20.0, 20.0)
"""Margin around a crop made by a ``total`` or ``body`` network.

``totalsegmentator.python_api`` replaces the task's own ``crop_addon`` by 20 mm whenever the crop
does not come from a task named in ``crop_model``.
"""

OVERLAPPING_LESS = frozenset({"total", "total_v3", "total_mr"})
"""Families whose sliding window steps by 0.8 of a patch instead of 0.5 (TotalSegmentator 2.18)."""

_VARIANT_OF_MODE: dict[str, Variant] = {"default": "full", "fast": "fast", "fastest": "fastest"}

_PARTS: dict[str, tuple[dict[int, str], dict[str, dict[int, str]]]] = {
    "total": (map_to_binary.map_taskid_to_partname_ct, map_to_binary.class_map_5_parts),
    "total_v3": (
        map_to_binary.map_taskid_to_partname_ct_v3,
        map_to_binary.class_map_5_parts_total_v3,
    ),
    "total_mr": (map_to_binary.map_taskid_to_partname_mr, map_to_binary.class_map_parts_mr),
    "headneck_muscles": (
        map_to_binary.map_taskid_to_partname_headneck_muscles,
        map_to_binary.class_map_parts_headneck_muscles,
    ),
}
"""Families split over several networks: dataset number → part name, part name → its classes."""

_NOT_TASKS = frozenset({"test", "total_highres_test"})
"""Entries of TASK_CONFIGS that are its author's experiments, without released weights."""


@dataclass(frozen=True, slots=True)
class Model:
    """One trained network: what its weights are called and what its labels mean.

    Attributes:
        dataset_id: number in the folder name, 297 say.
        dataset: folder name, ``Dataset297_TotalSegmentator_total_3mm_1559subj``.
        trainer: nnU-Net trainer the weights came from.
        plans: plans identifier.
        configuration: nnU-Net configuration, ``3d_fullres``.
        folds: folds averaged; None takes every fold present.
        label_numbers: the network's label → the task's label number.
        published: of another collection than TotalSegmentator's: its entry there. Its weights
            then lie in any folder of nnU-Net's form below the dataset.
    """

    dataset_id: int
    dataset: str
    trainer: str
    plans: str
    configuration: str
    folds: tuple[int, ...] | None
    label_numbers: Mapping[int, int]
    published: PublishedNetwork | None = None

    @property
    def folder(self) -> str:
        """``<trainer>__<plans>__<configuration>``, nnU-Net's folder below the dataset."""
        return f"{self.trainer}__{self.plans}__{self.configuration}"

    @property
    def framework(self) -> Framework:
        """What builds and runs the network."""
        return "nnunet" if self.published is None else self.published.framework


@dataclass(frozen=True, slots=True)
class Crop:
    """The region a task is run in.

    Attributes:
        structures: the union of these, in the label map of ``task``, bounds the region.
        task: task that finds them when no earlier segmentation does.
        margin_mm: added along each axis.
    """

    structures: tuple[str, ...]
    task: str
    margin_mm: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Task:
    """One task as TotalSegmentator runs it.

    Attributes:
        name: this project's name, ``total_fast`` say.
        family: TotalSegmentator's task name, ``total`` say; it fixes the class names.
        variant: full, fast or fastest networks of the family.
        modality: what the networks were trained on.
        models: networks run one after another; later ones overwrite earlier ones.
        spacing_mm: voxel size the image is resampled to first (axes R, A, S); None: not resampled,
            None within: not along this axis.
        crop: region the task is run in; None: the whole image.
        names: label number → class name.
        licence_required: TotalSegmentator's weights for it need a licence number.
        step: sliding window step as a share of the patch.
        keep_inside: structures of the crop's label map; labels farther than
            ``keep_inside_mm`` from them are removed.
        keep_inside_mm: see ``keep_inside``.
        refine_with: task whose foreground sharpens the result (``vertebrae_pp_refined``).
        resampling_order: of the spline that resamples the image to ``spacing_mm``.
        collection: whose networks, where they are not TotalSegmentator's.
    """

    name: str
    family: str
    variant: Variant
    modality: Modality
    models: tuple[Model, ...]
    spacing_mm: tuple[float | None, float | None, float | None] | None
    crop: Crop | None
    names: Mapping[int, str]
    licence_required: bool
    step: float
    keep_inside: tuple[str, ...] = ()
    keep_inside_mm: float = 0.0
    refine_with: str | None = None
    resampling_order: SplineOrder = 1
    collection: Collection | None = None


def task(name: str) -> Task:
    """The task of this name.

    Raises:
        SegmentationError: there is none.
    """
    try:
        return all_tasks()[name]
    except KeyError:
        msg = f"there is no segmentation task named {name!r}"
        raise SegmentationError(msg, remedy=f"one of: {', '.join(all_tasks())}") from None


def variants(family: str) -> tuple[Task, ...]:
    """The tasks of one family, from the full to the coarsest."""
    return tuple(entry for entry in all_tasks().values() if entry.family == family)


def download_url(model: Model) -> str | None:
    """Where these weights are published; None behind TotalSegmentator's licence server or unknown.

    Source: ``totalsegmentator.libs.download_pretrained_weights``, which builds the same address.
    """
    if model.published is not None:
        return model.published.address
    version = TASK_ID_WEIGHTS_CONFIGS.get(model.dataset_id, {}).get("version")
    if version is None or version == "TODO":
        return None
    releases = "https://github.com/wasserth/TotalSegmentator/releases/download"
    return f"{releases}/{version}/{model.dataset}.zip"


@lru_cache(maxsize=1)
def all_tasks() -> Mapping[str, Task]:
    """Every task by name: TotalSegmentator's in its order, then those of other collections."""
    tasks = {}
    for family, raw in TASK_CONFIGS.items():
        if family in _NOT_TASKS:
            continue
        modes = raw.get("sub_modes", {"default": raw})
        for mode, variant in _VARIANT_OF_MODE.items():
            if mode in modes:
                entry = _task(family, variant, {**DEFAULT_CONFIG, **modes[mode]})
                tasks[entry.name] = entry
    tasks |= {network.task: _of_collection(network) for network in published_networks()}
    return MappingProxyType(tasks)


def tasks_of_collections() -> tuple[Task, ...]:
    """The tasks of other people's networks."""
    return tuple(entry for entry in all_tasks().values() if entry.collection is not None)


def _of_collection(network: PublishedNetwork) -> Task:
    near = network.looks_near
    model = Model(
        dataset_id=0,
        dataset=network.dataset,
        trainer="*",
        plans="*",
        configuration="*",
        folds=None,
        label_numbers=MappingProxyType({label: label for label in network.our_names}),
        published=network,
    )
    return Task(
        name=network.task,
        family=network.task,
        variant="full",
        modality="CT",
        models=(model,),
        spacing_mm=network.spacing_mm,
        crop=None if near is None else Crop((near,), "total_fast", CROP_MARGIN_MM),
        names=network.our_names,
        licence_required=False,
        step=0.5,
        resampling_order=network.resampling_order,
        collection=network.collection,
    )


def _task(family: str, variant: Variant, settings: Mapping[str, Any]) -> Task:
    numbers = settings["task_id"]
    names = class_map[family]
    return Task(
        name=family if variant == "full" else f"{family}_{variant}",
        family=family,
        variant=variant,
        modality="MR" if task_modality(family) == "MR" else "CT",
        models=tuple(
            _model(family, number, settings)
            for number in (numbers if isinstance(numbers, list) else [numbers])
        ),
        spacing_mm=_three(settings["resample"]),
        crop=_crop(family, settings),
        names=MappingProxyType(dict(names)),
        licence_required=bool(settings["commercial"]) or family in commercial_models,
        step=0.8 if family in OVERLAPPING_LESS else 0.5,
        keep_inside=tuple(settings["remove_outside"] or ()),
        keep_inside_mm=float(settings["remove_outside_dilation"] or 0.0),
        refine_with="vertebrae_body" if family == "vertebrae_pp_refined" else None,
    )


def _model(family: str, number: int, settings: Mapping[str, Any]) -> Model:
    folds = settings["folds"]
    return Model(
        dataset_id=number,
        dataset=str(TASK_ID_WEIGHTS_CONFIGS[number]["foldername"]),
        trainer=settings["trainer"],
        plans=settings["plans"] or DEFAULT_PLANS,
        configuration=settings["model"],
        folds=None if folds is None else tuple(folds),
        label_numbers=MappingProxyType(_label_numbers(family, number)),
    )


def _label_numbers(family: str, number: int) -> dict[int, int]:
    """The network's labels in the task's numbering: the same, unless the task has parts."""
    names = class_map[family]
    part_of, parts = _PARTS.get(family, ({}, {}))
    if number not in part_of:
        return {label: label for label in names}
    number_of = {name: label for label, name in names.items()}
    return {label: number_of[name] for label, name in parts[part_of[number]].items()}


def _crop(family: str, settings: Mapping[str, Any]) -> Crop | None:
    """Which network finds the crop: the rules of ``totalsegmentator.python_api``."""
    structures = settings["crop"]
    if structures is None:
        return None
    if settings["crop_model"] is not None:
        i, j, k = (float(margin) for margin in settings["crop_addon"])
        return Crop(tuple(structures), settings["crop_model"], (i, j, k))
    if {"body_trunc", "body_extremities"} & set(structures):
        finder = "body_fast"
    elif family.endswith("_mr"):
        finder = "total_mr_fast"
    else:
        finder = "total_fast" if settings["robust_crop"] else "total_fastest"
    return Crop(tuple(structures), finder, CROP_MARGIN_MM)


def _three(spacing: float | list[float] | None) -> tuple[float, float, float] | None:
    if spacing is None:
        return None
    if isinstance(spacing, (int, float)):
        return (float(spacing),) * 3
    i, j, k = (float(value) for value in spacing)
    return i, j, k
