"""BLAST-CT's network, run the way its makers run it, in memory.

The network (DeepMedic) and its settings come from the package ``blast-ct`` (``pip install
heimdallr[blast]``), of which only what needs no more than torch is imported. Around it stands
``blast_ct.nifti``: axes towards left, posterior, superior; linear to 1 mm; attenuation of
−15 … 100 HU to −1 … 1; patches of 110³ voxels whose middle 30³ are answered, edges repeated
beyond the image; labels back to the nearest voxel. Checkpoints are averaged by their
probabilities. What is left out: patches that lie wholly outside the region asked for.

Monteiro 2020, Lancet Digital Health 2:e314.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from heimdallr.domain.errors import WeightsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    import torch

    from heimdallr.imaging.volume import Array, Volume
    from heimdallr.segmentation.networks.weights import Weights

Index3 = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class BlastNetwork:
    """BLAST-CT, ready to be run.

    Attributes:
        modules: one network per checkpoint, in evaluation mode, on the CPU.
        spacing_mm: voxel size it works at, all axes.
        window_hu: attenuation that becomes −1 and 1.
        patch: voxels of a patch along Z, Y, X.
        answered: voxels in the middle of a patch that it labels.
    """

    modules: tuple[torch.nn.Module, ...]
    spacing_mm: float
    window_hu: tuple[float, float]
    patch: Index3
    answered: Index3


def is_installed() -> bool:
    """Whether the package that builds the network is there."""
    return find_spec("blast_ct") is not None


def load_network(weights: Weights) -> BlastNetwork:
    """Build the network of each checkpoint.

    Raises:
        WeightsError: the package ``blast-ct`` is not installed, or a file is damaged.
    """
    if not is_installed():
        msg = "the weights of BLAST-CT are run by the package blast-ct, which is not installed"
        raise WeightsError(msg, remedy="pip install 'heimdallr[blast]'")
    from blast_ct.assets import get_config_path  # noqa: PLC0415 - an extra
    from blast_ct.models import DeepMedic  # noqa: PLC0415

    with open(get_config_path(), encoding="utf-8") as file:  # noqa: PTH123 - they give a str
        settings = json.load(file)
    data = settings["data"]
    modules = []
    for path in weights.checkpoints:
        module = DeepMedic(
            input_channels=data["input_channels"],
            num_classes=data["num_classes"],
            **settings["model"]["DeepMedic"],
        )
        _fill(module, path)
        modules.append(module.eval().requires_grad_(requires_grad=False))
    window = data["transformation"]["IntensityWindowNormalization"]
    z, y, x = settings["test"]["input_patch_size"]
    return BlastNetwork(
        modules=tuple(modules),
        spacing_mm=float(data["resolution"][0]),
        window_hu=(window["lower_bound"], window["upper_bound"]),
        patch=(z, y, x),
        answered=modules[0].get_output_size((z, y, x)),
    )


def segment(
    network: BlastNetwork,
    volume: Volume,
    box: tuple[slice, slice, slice],
    device: str,
    advance: Callable[[float], None],
) -> Array:
    """The labels inside a box.

    Args:
        network: the network.
        volume: the CT in HU, RAS+.
        box: where labels are wanted; outside they are 0.
        device: torch's name of it.
        advance: told the share done, 0 to 1.

    Returns:
        (I, J, K) uint8 labels on the volume's grid.
    """
    import torch  # noqa: PLC0415 - only where BLAST-CT is run

    image = prepared(network, volume)
    steps = network.spacing_mm / volume.spacing_mm[::-1]
    low, high = (np.array(side) / steps for side in _towards_lps(box, volume.shape))
    modules = [module.to(device) for module in network.modules]
    labels = np.zeros(image.shape, np.uint8)
    # a voxel wider to every side: the nearest label of the outermost voxels may lie there
    corners = [
        corner
        for corner in _corners(image.shape, network.answered)
        if np.all(corner + np.array(network.answered) > low - 1) and np.all(corner < high + 1)
    ]
    with torch.inference_mode():
        for number, corner in enumerate(corners):
            patch = torch.from_numpy(_patch(image, corner, network))[None, None].to(device)
            probability = sum(module(patch)[0].softmax(1) for module in modules)
            answer = torch.as_tensor(probability).argmax(1)[0].to(torch.uint8).cpu().numpy()
            window = labels[_window(corner, network.answered)]
            window[...] = answer[tuple(slice(0, size) for size in window.shape)]
            advance((number + 1) / len(corners))
    last: Array = np.array(labels.shape) - 1
    near = [
        np.minimum(np.floor(np.arange(size) / step + 0.5).astype(np.intp), end)
        for size, step, end in zip(volume.shape[::-1], steps, last, strict=True)
    ]
    whole = labels[np.ix_(*near)].transpose(2, 1, 0)[::-1, ::-1]
    inside = np.zeros(volume.shape, np.uint8)
    inside[box] = whole[box]
    return inside


def prepared(network: BlastNetwork, volume: Volume) -> Array:
    """(Z, Y, X) float32 image as the network wants it, axes towards S, P, L."""
    data = volume.data[::-1, ::-1].transpose(2, 1, 0).astype(np.float32)
    steps = network.spacing_mm / volume.spacing_mm[::-1]
    shape = tuple(round((n - 1) / step + 1) for n, step in zip(data.shape, steps, strict=True))
    image = ndimage.affine_transform(data, steps, output_shape=shape, order=1, mode="nearest")
    if volume.data.dtype.kind in "iu":
        image = np.trunc(image)  # SimpleITK keeps the image's type, and cuts
    low, high = network.window_hu
    clipped = np.clip(image, low, high)
    return np.asarray((2 * clipped - low - high) / (high - low), np.float32)


def _fill(module: torch.nn.Module, path: Path) -> None:
    import torch  # noqa: PLC0415 - only where BLAST-CT is run

    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        module.load_state_dict(state)
    except Exception as error:  # a damaged pickle raises whatever it likes
        msg = f"{path.name} is no checkpoint of BLAST-CT"
        raise WeightsError(msg, remedy="run 'heimdallr weights download blast_ct'") from error


def _towards_lps(
    box: Iterable[slice], shape: tuple[int, ...]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Lower and upper bounds of a box along Z, Y, X, the latter two turned round."""
    i, j, k = (part.indices(size)[:2] for part, size in zip(box, shape, strict=True))
    turned = (k, (shape[1] - j[1], shape[1] - j[0]), (shape[0] - i[1], shape[0] - i[0]))
    return tuple(low for low, _ in turned), tuple(high for _, high in turned)


def _corners(shape: tuple[int, ...], answered: Index3) -> Iterator[Index3]:
    """First voxel of the answer of each patch: ``FullImageToOverlappingPatchesNiftiDataset``."""
    yield from product(*map(range, (0, 0, 0), shape, answered))


def _window(corner: Index3, size: Index3) -> tuple[slice, ...]:
    return tuple(slice(first, first + many) for first, many in zip(corner, size, strict=True))


def _patch(image: Array, corner: Index3, network: BlastNetwork) -> Array:
    """The patch around an answer, edges repeated where it reaches beyond the image."""
    index = []
    for first, many, whole, size in zip(
        corner, network.answered, network.patch, image.shape, strict=True
    ):
        start = first + many // 2 - whole // 2
        index.append(np.clip(np.arange(start, start + whole), 0, size - 1))
    return np.ascontiguousarray(image[np.ix_(*index)])
