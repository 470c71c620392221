"""A network of PyTorch converted to OpenVINO's graph.

Whoever imports this module imports PyTorch: a network is converted once, and its file is read by
:mod:`~heimdallr.segmentation.networks.predictors` from then on.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from heimdallr.segmentation.networks.arithmetic import Head
from heimdallr.segmentation.networks.sliding_window import gaussian_weight
from heimdallr.segmentation.networks.torch_predictor import without_head

if TYPE_CHECKING:
    from types import ModuleType

    from heimdallr.segmentation.networks.network import Network


def converted(ov: ModuleType, network: Network, module: torch.nn.Module) -> tuple[Any, Head | None]:
    """Network × weight as an OpenVINO model of fixed shape, and its last layer.

    Args:
        ov: the package openvino.
        network: what the module was built from.
        module: one fold's network; its last layer is split off.

    Returns:
        The model and the layer still to be applied to its output; None where there is none.
    """
    trunk, head = without_head(module)
    plans = network.plans
    # traced on a small patch: the layers are the same and the real one costs seconds and 1 GB
    small = [min(2 * stride, p) for stride, p in zip(network.strides, plans.patch, strict=True)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tracing: shapes are fixed here, that is intended
        model = ov.convert_model(trunk, example_input=torch.zeros(1, plans.channels, *small))
    model.reshape([1, plans.channels, *plans.patch])
    operations = ov.opset13
    weight = gaussian_weight(plans.patch).astype(np.float32)
    features = model.output(0).get_node().input_value(0)  # what the graph's result node receives
    # in 32 bits: numpy takes ten times as long to add 16 of them to what it sums up
    weighted = operations.multiply(features, operations.constant(weight))
    model = ov.Model([weighted], model.get_parameters(), "heimdallr")
    return model, None if head is None else Head(head.weight.numpy(), head.bias.numpy())
