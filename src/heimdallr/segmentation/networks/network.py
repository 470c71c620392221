"""Networks built from ``plans.json`` and filled from a checkpoint, with PyTorch and nnU-Net.

nnU-Net finds the class that builds a network by importing every trainer it ships, among them some
that need packages Heimdallr does not. The released networks all use the plans' own architecture, so
it is built from the plans directly; a checkpoint that does not fit is refused by name.

Whoever imports this module imports PyTorch: only what builds or converts a network does.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from nnunetv2.utilities.get_network_from_plans import get_network_from_plans
from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

from heimdallr.domain.errors import WeightsError
from heimdallr.segmentation.networks.plans import (
    REINSTALL,
    folders_configuration,
    read_descriptions,
    read_plans,
)

if TYPE_CHECKING:
    from pathlib import Path

    from nnunetv2.utilities.plans_handling.plans_handler import ConfigurationManager

    from heimdallr.segmentation.networks.plans import Plans
    from heimdallr.segmentation.networks.weights import Weights


@dataclass(frozen=True, slots=True)
class Network:
    """One model of a task, built.

    Attributes:
        plans: what is said of it.
        modules: one network per fold, in evaluation mode, 32 bit, on the CPU.
        strides: by which factor a patch shrinks along each axis in all.
    """

    plans: Plans
    modules: tuple[torch.nn.Module, ...]
    strides: tuple[int, ...]


def load_network(weights: Weights) -> Network:
    """Build the network of each fold and load its weights.

    Args:
        weights: where they are.

    Raises:
        WeightsError: a file is damaged, holds code, or does not fit the plans, or the classes are
            not those the table of its collection says.
    """
    checkpoints = [read_checkpoint(path) for path in weights.checkpoints]
    plans = read_plans(weights, _configuration_name(checkpoints[0], weights))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # plans of nnU-Net 2.0 are converted
            description = read_descriptions(weights.folder)[0]
            configuration = PlansManager(description).get_configuration(plans.configuration)
        modules = tuple(
            _filled(configuration, plans, checkpoint, weights) for checkpoint in checkpoints
        )
        strides = np.prod(np.array(configuration.pool_op_kernel_sizes), axis=0)
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError, ImportError) as error:
        msg = f"the plans of {weights.dataset} describe no network that can be built"
        raise WeightsError(msg, remedy=REINSTALL) from error
    return Network(plans, modules, tuple(int(stride) for stride in strides))


def read_checkpoint(path: Path) -> dict[str, Any]:
    """A checkpoint's tensors and plain values.

    Raises:
        WeightsError: the file is damaged, or holds code.
    """
    where = f"{path.parents[2].name}/{path.parent.name}/{path.name}"
    try:
        with torch.serialization.safe_globals(_numpy_scalars()):
            checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged pickle raises whatever it likes
        if "weights_only" in str(error).lower() or "Unsupported" in str(error):
            msg = f"{where} holds more than tensors; loading it would run code from the file"
            remedy = "install the release as its makers published it"
        else:
            msg = f"{where} is no readable checkpoint"
            remedy = REINSTALL
        raise WeightsError(msg, remedy=remedy) from error
    if not isinstance(checkpoint, dict) or "network_weights" not in checkpoint:
        msg = f"{where} holds no network weights"
        raise WeightsError(msg, remedy=REINSTALL)
    return checkpoint


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
    return str(arguments.get("configuration") or folders_configuration(weights))


def _filled(
    configuration: ConfigurationManager,
    plans: Plans,
    checkpoint: dict[str, Any],
    weights: Weights,
) -> torch.nn.Module:
    module: torch.nn.Module = get_network_from_plans(
        configuration.network_arch_class_name,
        configuration.network_arch_init_kwargs,
        configuration.network_arch_init_kwargs_req_import,
        plans.channels,
        plans.heads,
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
        raise WeightsError(msg, remedy=REINSTALL) from error
    return module.float().eval().requires_grad_(requires_grad=False)
