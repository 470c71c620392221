"""Arithmetic on a network's output, where that lies: numpy in main memory, PyTorch on a GPU.

The sliding window and the labelling are written once, in what numpy arrays and PyTorch's tensors
have in common (slices, ``+=``, ``@``, ``reshape``); the few things the two say differently are
here, for numpy. PyTorch's are in :mod:`~heimdallr.segmentation.networks.torch_predictor`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heimdallr.imaging.volume import Array

Values = Any
"""A numpy array or a tensor."""


class Arithmetic(Protocol):
    """What numpy and PyTorch say differently.

    Attributes:
        at_once: voxels whose logits are worked out together: what a processor's cache holds of
            them, or what a GPU is busy with.
        threads: how many such parts of a plane are worked on at a time.
    """

    at_once: int
    threads: int

    def zeros(self, shape: tuple[int, ...], *, half: bool = False) -> Values:
        """Zeros in 32 bit, or in half precision."""
        ...

    def here(self, values: Array) -> Values:
        """A numpy array brought to where the output lies."""
        ...

    def numpy(self, values: Values) -> Array:
        """The way back."""
        ...

    def float32(self, values: Values) -> Values:
        """A copy in 32 bit, contiguous."""
        ...

    def through_half(self, values: Values) -> Values:
        """Values in 32 bit as half precision keeps them."""
        ...

    def softmax(self, logits: Values) -> Values:
        """(heads, N) logits → probabilities; may overwrite them."""
        ...


class NumpyArithmetic:
    """See :class:`Arithmetic`.

    Args:
        threads: 0: one per processor.
    """

    at_once = 8192
    """4 MB of 118 logits. A quarter and four times took as long, 512×512 half as much again."""

    def __init__(self, threads: int = 0) -> None:
        self.threads = threads or os.cpu_count() or 1

    def zeros(self, shape: tuple[int, ...], *, half: bool = False) -> Array:
        """See :class:`Arithmetic`."""
        return np.zeros(shape, np.float16 if half else np.float32)

    def here(self, values: Array) -> Array:
        """See :class:`Arithmetic`."""
        return values

    def numpy(self, values: Array) -> Array:
        """See :class:`Arithmetic`."""
        return values

    def float32(self, values: Array) -> Array:
        """See :class:`Arithmetic`."""
        return np.array(values, np.float32, order="C")

    def through_half(self, values: Array) -> Array:
        """See :class:`Arithmetic`."""
        return values.astype(np.float16).astype(np.float32)

    def softmax(self, logits: Array) -> Array:
        """See :class:`Arithmetic`."""
        logits -= logits.max(axis=0)
        np.exp(logits, out=logits)
        logits /= logits.sum(axis=0)
        return logits


@dataclass(frozen=True, slots=True)
class Head:
    """A network's last layer: logits = weight · features + bias.

    Attributes:
        weight: (heads, channels) float32.
        bias: (heads,) float32.
    """

    weight: Values
    bias: Values

    def logits(self, features: Values) -> Values:
        """(N, channels) features → (N, heads) logits, float32."""
        logits = features @ self.weight.T
        logits += self.bias
        return logits

    def logits_by_head(self, features: Values) -> Values:
        """(N, channels) features → (heads, N) logits, float32."""
        logits = self.weight @ features.T
        logits += self.bias[:, None]
        return logits


def mean_of_heads(heads: Sequence[Head], arithmetic: Arithmetic) -> Head:
    """One layer over the features of several networks: the mean of their logits."""
    count = len(heads)
    weight = arithmetic.zeros((len(heads[0].weight), sum(head.weight.shape[1] for head in heads)))
    first = 0
    for head in heads:
        weight[:, first : first + head.weight.shape[1]] = head.weight / count
        first += head.weight.shape[1]
    return Head(weight, sum(head.bias / count for head in heads))
