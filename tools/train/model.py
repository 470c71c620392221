"""The network as nnU-Net builds it, trained with its heads apart from the trunk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openvino
import torch
from classes import IGNORE
from dynamic_network_architectures.architectures.unet import PlainConvUNet
from torch import nn
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stages import Network

FAST_BF16 = "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
"""Elsewhere bf16 is imitated: on a processor with no more than AVX a step took 130 s, in float32
4 s."""


def architecture(network: Network) -> dict[str, Any]:
    """The `architecture` entry of a plans file, as nnU-Net writes it."""
    stages = len(network.features)
    return {
        "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
        "arch_kwargs": {
            "n_stages": stages,
            "features_per_stage": list(network.features),
            "conv_op": "torch.nn.modules.conv.Conv3d",
            "kernel_sizes": [[3, 3, 3]] * stages,
            "strides": [[1, 1, 1], *[[2, 2, 2]] * (stages - 1)],
            "n_conv_per_stage": list(network.convs_encoder),
            "n_conv_per_stage_decoder": list(network.convs_decoder),
            "conv_bias": True,
            "norm_op": "torch.nn.modules.instancenorm.InstanceNorm3d",
            "norm_op_kwargs": {"eps": 1e-05, "affine": True},
            "dropout_op": None,
            "dropout_op_kwargs": None,
            "nonlin": "torch.nn.LeakyReLU",
            "nonlin_kwargs": {"inplace": True},
        },
        "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
    }


class HeadedUNet(nn.Module):
    """A PlainConvUNet trunk with several voxel-wise heads.

    The heads are evaluated only where asked, which saves most of the cost of many classes.
    """

    def __init__(self, network: Network, heads: Sequence[int]) -> None:
        super().__init__()
        kwargs = dict(architecture(network)["arch_kwargs"])
        kwargs |= {
            "conv_op": nn.Conv3d,
            "norm_op": nn.InstanceNorm3d,
            "nonlin": nn.LeakyReLU,
            "deep_supervision": False,
        }
        self.trunk = PlainConvUNet(input_channels=1, num_classes=1, **kwargs)
        self.trunk.decoder.seg_layers[-1] = nn.Identity()
        self.heads = nn.ModuleList(nn.Linear(network.features[0], size) for size in heads)

    def features(self, image: torch.Tensor) -> torch.Tensor:
        """Full-resolution features, `(n, f, z, y, x)`, of images `(n, 1, z, y, x)`."""
        return torch.as_tensor(self.trunk(image))

    def logits(self, image: torch.Tensor, head: int) -> torch.Tensor:
        """Dense logits of one head, `(n, classes, z, y, x)`."""
        layer = self.heads[head]
        if not isinstance(layer, nn.Linear):
            msg = f"head {head} is no linear layer"
            raise TypeError(msg)
        weight = layer.weight[:, :, None, None, None]
        return functional.conv3d(self.features(image), weight, layer.bias)


def head_loss(head: nn.Module, rows: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Loss of one head; voxels labelled `IGNORE` take no part.

    Args:
        head: From features to logits.
        rows: `(voxels, features)`.
        target: `(voxels,)` int64.
    """
    known = target != IGNORE
    return segmentation_loss(head(rows[known]), target[known])


def segmentation_loss(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Cross entropy plus one minus soft Dice over the foreground classes present.

    Both from one log-softmax: with many classes it is a tenth of a step.

    Args:
        logits: `(voxels, classes)`.
        target: `(voxels,)` int64.
    """
    log_probability = logits.float().log_softmax(1)
    classes = logits.shape[1]
    at_target = log_probability.gather(1, target[:, None])[:, 0]
    size = torch.bincount(target, minlength=classes).float()
    overlap = torch.zeros(classes).index_add_(0, target, at_target.exp())
    score = (2 * overlap + 1) / (log_probability.exp().sum(0) + size + 1)
    present = size > 0
    present[0] = False
    dice = 1 - score[present].mean() if bool(present.any()) else logits.new_zeros(())
    return dice - at_target.mean()
