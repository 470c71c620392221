"""Networks built from ``plans.json`` and filled from a checkpoint.

nnU-Net finds the class that builds a network by importing every trainer it ships, among them some
that need packages Heimdallr does not. The released networks all use the plans' own architecture, so
it is built from the plans directly; a checkpoint that does not fit is refused by name.
"""

from __future__ import annotations

import json
import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from nnunetv2.utilities.get_network_from_plans import get_network_from_plans
from nnunetv2.utilities.label_handling.label_handling import determine_num_input_channels
from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

from heimdallr.domain.errors import WeightsError

if TYPE_CHECKING:
    from pathlib import Path

    from nnunetv2.utilities.label_handling.label_handling import LabelManager
    from nnunetv2.utilities.plans_handling.plans_handler import ConfigurationManager

    from heimdallr.segmentation.networks.weights import Weights
    from heimdallr.segmentation.tasks import Model

SPATIAL_AXES = 3


@dataclass(frozen=True, slots=True)
class Network:
    """One model of a task, ready to be run.

    Attributes:
        plans: nnU-Net's reading of ``plans.json``.
        configuration: the configuration the weights were trained with.
        labels: nnU-Net's reading of the labels in ``dataset.json``.
        modules: one network per fold, in evaluation mode, 32 bit, on the CPU.
        channels: input channels.
    """

    plans: PlansManager
    configuration: ConfigurationManager
    labels: LabelManager
    modules: tuple[torch.nn.Module, ...]
    channels: int

    @property
    def patch(self) -> tuple[int, int, int]:
        """Voxels of one patch along nnU-Net's axes (superior first)."""
        z, y, x = (int(size) for size in self.configuration.patch_size)
        return z, y, x

    @property
    def heads(self) -> int:
        """Output channels."""
        return int(self.labels.num_segmentation_heads)


def load_network(weights: Weights, *, trust_pickle: bool = False) -> Network:
    """Build the network of each fold and load its weights.

    Args:
        weights: where they are.
        trust_pickle: also read checkpoints that hold more than tensors and plain values. Such a
            file can run any code, so it is refused unless the operator vouches for it.

    Raises:
        WeightsError: a file is damaged, holds code, or does not fit the plans, or the classes are
            not those the table of its collection says.
    """
    plans, dataset = read_plans(weights.folder)
    check_classes(dataset, weights.model)
    checkpoints = [read_checkpoint(p, trust_pickle=trust_pickle) for p in weights.checkpoints]
    name = _configuration_name(checkpoints[0], weights)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # plans of nnU-Net 2.0 are converted
            configuration = plans.get_configuration(name)
        if len(configuration.patch_size) != SPATIAL_AXES or configuration.previous_stage_name:
            msg = f"{weights.dataset} is a two-dimensional or cascaded network"
            raise WeightsError(msg, remedy="only full 3-D configurations can be run")
        labels = plans.get_label_manager(dataset)
        channels = determine_num_input_channels(plans, configuration, dataset)
        modules = tuple(
            _filled(configuration, channels, labels.num_segmentation_heads, checkpoint, weights)
            for checkpoint in checkpoints
        )
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError, ImportError) as error:
        msg = f"the plans of {weights.dataset} describe no network that can be built"
        raise WeightsError(msg, remedy=_REINSTALL) from error
    return Network(plans, configuration, labels, modules, int(channels))


def read_plans(folder: Path) -> tuple[PlansManager, dict[str, Any]]:
    """``plans.json`` and ``dataset.json`` of a model folder.

    Raises:
        WeightsError: one is missing or is no JSON.
    """
    try:
        plans = json.loads((folder / "plans.json").read_text())
        dataset = json.loads((folder / "dataset.json").read_text())
    except (OSError, ValueError) as error:
        msg = f"plans.json or dataset.json of {folder.parent.name} cannot be read"
        raise WeightsError(msg, remedy=_REINSTALL) from error
    return PlansManager(plans), dataset


def check_classes(dataset: dict[str, Any], model: Model) -> None:
    """Hold the labels of ``dataset.json`` to the table of the collection a network belongs to.

    Spellings differ between a collection's own sources, so names are compared by their letters
    and digits, and only those the table knows: what may not differ is what a number means.

    Raises:
        WeightsError: there are more or fewer labels, or a class has another number.
    """
    if model.published is None:
        return
    wanted = model.published.their_names
    number_of = {_spelt(name): number for number, name in wanted.items()}
    labels: dict[str, int] = dataset["labels"]
    found = {n: name for name, n in labels.items() if name not in ("background", "ignore")}
    moved = [name for n, name in found.items() if number_of.get(_spelt(name), n) != n]
    if set(found) != set(wanted) or moved:
        msg = f"the classes of this {model.dataset} are not those of the release that is known"
        raise WeightsError(msg, remedy=f"install {model.published.address}")


def _spelt(name: str) -> str:
    """A class name by its letters and digits: ``vertebrae_L1`` and ``vertebra L1`` are one."""
    letters = "".join(letter for letter in name.lower() if letter.isalnum())
    return letters.replace("vertebrae", "vertebra")


def plan_spacing_mm(weights: Weights) -> float:
    """Voxel size the network works at: the cube root of its plans' voxel volume.

    Raises:
        WeightsError: the plans cannot be read.
    """
    plans, _ = read_plans(weights.folder)
    name = weights.folder.name.split("__")[-1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        spacing = plans.get_configuration(name).spacing
    return round(math.prod(float(mm) for mm in spacing) ** (1 / len(spacing)), 4)


def read_checkpoint(path: Path, *, trust_pickle: bool = False) -> dict[str, Any]:
    """A checkpoint's tensors and plain values.

    Raises:
        WeightsError: the file is damaged or, without ``trust_pickle``, holds code.
    """
    where = f"{path.parents[2].name}/{path.parent.name}/{path.name}"
    try:
        with torch.serialization.safe_globals(_numpy_scalars()):
            checkpoint = torch.load(path, map_location="cpu", weights_only=not trust_pickle)
    except Exception as error:  # a damaged pickle raises whatever it likes
        if "weights_only" in str(error).lower() or "Unsupported" in str(error):
            msg = f"{where} holds more than tensors; loading it would run code from the file"
            remedy = "install TotalSegmentator's own release, or allow this file explicitly"
        else:
            msg = f"{where} is no readable checkpoint"
            remedy = _REINSTALL
        raise WeightsError(msg, remedy=remedy) from error
    if not isinstance(checkpoint, dict) or "network_weights" not in checkpoint:
        msg = f"{where} holds no network weights"
        raise WeightsError(msg, remedy=_REINSTALL)
    return checkpoint


_REINSTALL = "install the weights again ('heimdallr weights download' or 'weights install')"


def _numpy_scalars() -> list[Any]:
    """What nnU-Net's checkpoints hold beside tensors: losses logged as numpy numbers.

    numpy 2 moved its internals, so the old spelling inside the files is allowed by name.
    """
    multiarray = np._core.multiarray  # type: ignore[attr-defined]  # noqa: SLF001
    allowed: list[Any] = [np.dtype, np.ndarray]
    for module in ("numpy.core.multiarray", "numpy._core.multiarray"):
        allowed.append((multiarray.scalar, f"{module}.scalar"))
        allowed.append((multiarray._reconstruct, f"{module}._reconstruct"))  # noqa: SLF001
    kinds = (np.float16, np.float32, np.float64, np.int8, np.int16, np.int32, np.int64, np.bool_)
    allowed.extend(type(np.dtype(kind)) for kind in kinds)
    return allowed


def _configuration_name(checkpoint: dict[str, Any], weights: Weights) -> str:
    """The configuration trained: the checkpoint's word, else the folder's."""
    arguments = checkpoint.get("init_args") or {}
    return str(arguments.get("configuration") or weights.folder.name.split("__")[-1])


def _filled(
    configuration: ConfigurationManager,
    channels: int,
    heads: int,
    checkpoint: dict[str, Any],
    weights: Weights,
) -> torch.nn.Module:
    module: torch.nn.Module = get_network_from_plans(
        configuration.network_arch_class_name,
        configuration.network_arch_init_kwargs,
        configuration.network_arch_init_kwargs_req_import,
        channels,
        heads,
        allow_init=False,
        deep_supervision=False,
    )
    state = {
        # weights saved from a compiled or distributed network carry its wrapper's name
        name.removeprefix("module.").removeprefix("_orig_mod."): tensor
        for name, tensor in checkpoint["network_weights"].items()
    }
    try:
        module.load_state_dict(state)
    except RuntimeError as error:
        msg = f"the checkpoint of {weights.dataset} does not fit the network its plans describe"
        raise WeightsError(msg, remedy=_REINSTALL) from error
    return module.float().eval().requires_grad_(requires_grad=False)
