"""A network in PyTorch: the reference on a CPU, and what every GPU runs.

Whoever imports this module imports PyTorch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from heimdallr.segmentation.networks.arithmetic import Head
from heimdallr.segmentation.networks.sliding_window import gaussian_weight

if TYPE_CHECKING:
    from heimdallr.imaging.volume import Array
    from heimdallr.segmentation.networks.arithmetic import Arithmetic
    from heimdallr.segmentation.networks.network import Network
    from heimdallr.segmentation.networks.plans import Index3, Plans


class TorchArithmetic:
    """See :class:`~heimdallr.segmentation.networks.arithmetic.Arithmetic`.

    Args:
        device: where the output lies.
    """

    at_once = 1 << 20
    """A plane of the image: half a gigabyte of 118 logits."""

    threads = 1

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def zeros(self, shape: tuple[int, ...], *, half: bool = False) -> torch.Tensor:
        """See the protocol."""
        kind = torch.half if half else torch.float32
        return torch.zeros(shape, dtype=kind, device=self._device)

    def here(self, values: Array) -> torch.Tensor:
        """See the protocol."""
        return torch.tensor(values, device=self._device)

    def numpy(self, values: torch.Tensor) -> Array:
        """See the protocol."""
        return values.cpu().numpy()

    def float32(self, values: torch.Tensor) -> torch.Tensor:
        """See the protocol."""
        return values.to(torch.float32, copy=True, memory_format=torch.contiguous_format)

    def through_half(self, values: torch.Tensor) -> torch.Tensor:
        """See the protocol."""
        return values.half().float()

    def softmax(self, logits: torch.Tensor) -> torch.Tensor:
        """See the protocol."""
        return torch.softmax(logits, dim=0)


class TorchPredictor:
    """PyTorch. On a CPU it is the reference: 32 bit, logits summed as nnU-Net sums them.

    On a GPU it runs in half-precision autocast and takes the module over: its last layer is split
    off. See :class:`~heimdallr.segmentation.networks.sliding_window.PatchPredictor`.

    Args:
        plans: of the network.
        module: one fold's network.
        device: where to run it.
        split: split the last layer off; None: on a GPU only.
    """

    def __init__(
        self,
        plans: Plans,
        module: torch.nn.Module,
        device: torch.device,
        *,
        split: bool | None = None,
    ) -> None:
        self.patch: Index3 = plans.patch
        self.arithmetic: Arithmetic = TorchArithmetic(device)
        self.head: Head | None = None
        self.channels = plans.heads
        self._device = device
        self._module = module.to(device)
        if device.type == "cuda" if split is None else split:
            self._module, self.head = without_head(self._module)
            self.channels = plans.heads if self.head is None else self.head.weight.shape[1]
        self._weight = self.arithmetic.here(gaussian_weight(self.patch))

    @torch.inference_mode()
    def __call__(self, image: Array) -> torch.Tensor:
        """Output for a patch × weight."""
        batch = torch.from_numpy(np.ascontiguousarray(image[None])).to(self._device)
        with torch.autocast("cuda", enabled=self._device.type == "cuda"):
            output: torch.Tensor = self._module(batch)[0]
        return output.float().mul_(self._weight)

    def rest(self) -> None:
        """Nothing to do: PyTorch hands the next network what this one has freed."""


def torch_predictors(network: Network, device: str) -> tuple[TorchPredictor, ...]:
    """The network of every fold on a device."""
    where = torch.device(device)
    return tuple(TorchPredictor(network.plans, module, where) for module in network.modules)


def without_head(module: torch.nn.Module) -> tuple[torch.nn.Module, Head | None]:
    """A U-Net without its last layer, and that layer.

    A network of another build keeps its last layer: (module, None).
    """
    layers = getattr(getattr(module, "decoder", None), "seg_layers", None)
    if not isinstance(layers, torch.nn.ModuleList):
        return module, None
    last = layers[-1]
    if not isinstance(last, torch.nn.Conv3d) or set(last.kernel_size) != {1}:
        return module, None
    weight = last.weight.detach().flatten(1).clone()
    bias = torch.zeros(len(weight)).to(weight) if last.bias is None else last.bias.detach().clone()
    layers[-1] = torch.nn.Identity()
    return module, Head(weight, bias)
