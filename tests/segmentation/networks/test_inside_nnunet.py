"""Preprocessing, sliding window and labelling equal nnU-Net's own functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from tiny_networks import install_tiny, noisy_body, tiny_plans

from heimdallr.domain.errors import SegmentationError
from heimdallr.segmentation.networks.labelling import labels_from_planes
from heimdallr.segmentation.networks.network import Network, load_network
from heimdallr.segmentation.networks.predictors import TorchPredictor
from heimdallr.segmentation.networks.preprocessing import Prepared, prepare
from heimdallr.segmentation.networks.sliding_window import count_patches, predict_planes
from heimdallr.segmentation.networks.weights import WeightsStore
from heimdallr.segmentation.tasks import task

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.imaging.volume import Array

PLANS: dict[str, dict[str, Any]] = {
    "same spacing": tiny_plans((4.4, 4.2, 3.9)),
    "coarser": tiny_plans((6.0, 6.0, 6.0)),
    "finer": tiny_plans((3.0, 3.0, 3.0)),
    "thick slices": tiny_plans((15.0, 3.0, 3.0)),
    "transposed": {
        **tiny_plans((6.0, 5.0, 4.0)),
        "transpose_forward": [2, 0, 1],
        "transpose_backward": [1, 2, 0],
    },
    "masked z-score": tiny_plans((6.0, 6.0, 6.0)),
    "small patch": tiny_plans((3.0, 3.0, 3.0), patch=(24, 32, 16)),
}
_MASKED = PLANS["masked z-score"]["configurations"]["3d_fullres"]
_MASKED["normalization_schemes"] = ["ZScoreNormalization"]
_MASKED["use_mask_for_norm"] = [True]


@pytest.fixture(params=PLANS)
def network(request: pytest.FixtureRequest, tmp_path: Path) -> Network:
    """A tiny network for each kind of plans."""
    install_tiny(tmp_path, task("body_fast"), PLANS[request.param], seed=5)
    return load_network(WeightsStore(tmp_path).locate(task("body_fast"))[0])


def framed_body() -> tuple[Array, Array]:
    """An image whose border is zero, as some scanners pad it, and its affine."""
    volume = noisy_body((33, 31, 37))
    image = volume.data.copy()
    image[:4] = 0
    image[:, :, -5:] = 0
    image[15, 15, 15] = 0
    return image, volume.affine


def nnunet_preprocessed(network: Network, image: Array, affine: Array) -> tuple[Array, Any]:
    """What nnU-Net makes of an image."""
    from nnunetv2.preprocessing.preprocessors.default_preprocessor import (  # noqa: PLC0415
        DefaultPreprocessor,
    )

    spacing = [float(value) for value in np.diag(affine)[:3].astype(np.float32)[::-1]]
    data, _, properties = DefaultPreprocessor(verbose=False).run_case_npy(
        image.transpose(2, 1, 0)[None].astype(np.float32),
        None,
        {"spacing": spacing},
        network.plans,
        network.configuration,
        {},
    )
    return data, properties


def test_preprocessing_is_nnunets(network: Network) -> None:
    """Same voxels, same box, same shapes."""
    image, affine = framed_body()
    untouched = image.copy()
    expected, properties = nnunet_preprocessed(network, image, affine)
    ours = prepare(image, affine, network)
    np.testing.assert_array_equal(image, untouched)
    np.testing.assert_allclose(ours.data, expected, rtol=1e-6, atol=1e-6)
    assert ours.shape_before_crop == tuple(properties["shape_before_cropping"])
    assert ours.shape_cropped == tuple(properties["shape_after_cropping_and_before_resampling"])
    box = [[side.start, side.stop] for side in ours.box]
    assert box == [list(side) for side in properties["bbox_used_for_cropping"]]


def nnunet_logits(network: Network, data: torch.Tensor, step: float) -> torch.Tensor:
    """nnU-Net's own sliding window."""
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor  # noqa: PLC0415

    predictor = nnUNetPredictor(
        tile_step_size=step, use_mirroring=False, device=torch.device("cpu"), allow_tqdm=False
    )
    dataset = {"labels": {"background": 0, "body_trunc": 1, "body_extremities": 2}}
    predictor.manual_initialization(
        network.modules[0], network.plans, network.configuration, None, dataset, "", None
    )
    logits: torch.Tensor = predictor.predict_sliding_window_return_logits(data)
    return logits


@pytest.mark.parametrize("step", [0.5, 0.8])
def test_sliding_window_and_labels_are_nnunets(network: Network, step: float) -> None:
    """Logits equal to the last bit; labels on the image's grid likewise."""
    from nnunetv2.inference.export_prediction import (  # noqa: PLC0415
        convert_predicted_logits_to_segmentation_with_correct_shape as nnunet_labels,
    )

    image, affine = framed_body()
    prepared = prepare(image, affine, network)
    data = torch.from_numpy(prepared.data)
    expected = nnunet_logits(network, data, step)
    predictor = TorchPredictor(network, network.modules[0], torch.device("cpu"))
    visited: list[int] = []
    blocks = [
        (start, block.clone())
        for start, block in predict_planes(data, predictor, step, lambda: visited.append(1))
    ]
    ours = torch.cat([block for _, block in blocks], dim=1)
    starts = [start for start, _ in blocks]
    assert starts == list(np.cumsum([0, *[block.shape[1] for _, block in blocks]])[:-1])
    torch.testing.assert_close(ours, expected, rtol=0, atol=2e-2)
    z, y, x = data.shape[1:]
    assert len(visited) == count_patches((z, y, x), network.patch, step)
    properties = nnunet_preprocessed(network, image, affine)[1]
    theirs = nnunet_labels(
        expected.numpy(), network.plans, network.configuration, network.labels, properties
    )
    labels = labels_from_planes(iter(blocks), prepared, network)
    assert labels.shape == image.shape
    agreement = float(np.mean(labels == theirs.transpose(2, 1, 0)))
    assert len(np.unique(theirs)) > 1
    assert agreement >= 0.999


def test_a_network_that_answers_nonsense_is_an_error(tmp_path: Path) -> None:
    """Infinities never become labels."""
    install_tiny(tmp_path, task("body_fast"), tiny_plans((6.0, 6.0, 6.0)))
    network = load_network(WeightsStore(tmp_path).locate(task("body_fast"))[0])
    box = (slice(0, 4),) * 3
    shape = (4, 4, 4)
    prepared = Prepared(np.zeros((1, *shape), np.float32), box, shape, shape, (6.0, 6.0, 6.0))
    logits = torch.zeros(3, 4, 4, 4, dtype=torch.half)
    logits[1, 2, 2, 2] = torch.inf
    with pytest.raises(SegmentationError, match="no finite numbers"):
        labels_from_planes([(0, logits)], prepared, network)
