"""Preprocessing, sliding window and labelling equal nnU-Net's own functions."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from nnunetv2.inference.sliding_window_prediction import (
    compute_gaussian,
    compute_steps_for_sliding_window,
)
from nnunetv2.utilities.label_handling.label_handling import LabelManager
from nnunetv2.utilities.plans_handling.plans_handler import PlansManager
from tiny_networks import install_tiny, noisy_body, tiny_plans

from heimdallr.domain.errors import SegmentationError
from heimdallr.segmentation.networks.arithmetic import NumpyArithmetic
from heimdallr.segmentation.networks.labelling import _chosen, labels_from_planes
from heimdallr.segmentation.networks.network import Network, load_network
from heimdallr.segmentation.networks.plans import read_descriptions
from heimdallr.segmentation.networks.preprocessing import Prepared, prepare
from heimdallr.segmentation.networks.sliding_window import (
    count_patches,
    gaussian_weight,
    mean_of_folds,
    predict_planes,
    steps,
)
from heimdallr.segmentation.networks.torch_predictor import TorchArithmetic, TorchPredictor
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
    "cubic output": tiny_plans((5.0, 6.0, 6.0)),
    "small patch": tiny_plans((3.0, 3.0, 3.0), patch=(24, 32, 16)),
}
PLANS["cubic output"]["configurations"]["3d_fullres"]["resampling_fn_probabilities_kwargs"][
    "order"
] = 3
_MASKED = PLANS["masked z-score"]["configurations"]["3d_fullres"]
_MASKED["normalization_schemes"] = ["ZScoreNormalization"]
_MASKED["use_mask_for_norm"] = [True]


class Case:
    """A tiny network, and what nnU-Net reads of its plans."""

    def __init__(self, folder: Path, plans: dict[str, Any], seed: int = 5) -> None:
        install_tiny(folder, task("body_fast"), plans, seed=seed)
        weights = WeightsStore(folder).locate(task("body_fast"))[0]
        self.network: Network = load_network(weights)
        self.plans, self.module = self.network.plans, self.network.modules[0]
        description, self.dataset = read_descriptions(weights.folder)
        self.manager = PlansManager(description)
        self.configuration = self.manager.get_configuration(self.plans.configuration)
        self.labels = self.manager.get_label_manager(self.dataset)


@pytest.fixture(params=PLANS)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    """One for each kind of plans."""
    return Case(tmp_path, PLANS[request.param])


class InMainMemory(TorchPredictor):
    """A network in PyTorch whose output is added up in numpy, as OpenVINO's is."""

    def __init__(self, case: Case, *, split: bool) -> None:
        super().__init__(case.plans, deepcopy(case.module), torch.device("cpu"), split=split)
        self.arithmetic = NumpyArithmetic(2)
        if self.head is not None:
            self.head = replace(
                self.head, weight=self.head.weight.numpy(), bias=self.head.bias.numpy()
            )

    def __call__(self, image: Array) -> Array:  # type: ignore[override]
        """Output for a patch × weight."""
        return super().__call__(image).numpy()


def framed_body() -> tuple[Array, Array]:
    """An image whose border is zero, as some scanners pad it, and its affine."""
    volume = noisy_body((33, 31, 37))
    image = volume.data.copy()
    image[:4] = 0
    image[:, :, -5:] = 0
    image[15, 15, 15] = 0
    return image, volume.affine


def nnunet_preprocessed(case: Case, image: Array, affine: Array) -> tuple[Array, Any]:
    """What nnU-Net makes of an image."""
    from nnunetv2.preprocessing.preprocessors.default_preprocessor import (  # noqa: PLC0415
        DefaultPreprocessor,
    )

    spacing = [float(value) for value in np.diag(affine)[:3].astype(np.float32)[::-1]]
    data, _, properties = DefaultPreprocessor(verbose=False).run_case_npy(
        image.transpose(2, 1, 0)[None].astype(np.float32),
        None,
        {"spacing": spacing},
        case.manager,
        case.configuration,
        {},
    )
    return data, properties


def test_preprocessing_is_nnunets(case: Case) -> None:
    """Same voxels, same box, same shapes."""
    image, affine = framed_body()
    untouched = image.copy()
    expected, properties = nnunet_preprocessed(case, image, affine)
    ours = prepare(image, affine, case.plans)
    np.testing.assert_array_equal(image, untouched)
    np.testing.assert_allclose(ours.data, expected, rtol=1e-5, atol=1e-5)
    assert ours.shape_before_crop == tuple(properties["shape_before_cropping"])
    assert ours.shape_cropped == tuple(properties["shape_after_cropping_and_before_resampling"])
    box = [[side.start, side.stop] for side in ours.box]
    assert box == [list(side) for side in properties["bbox_used_for_cropping"]]


def nnunet_logits(case: Case, data: Array, step: float) -> torch.Tensor:
    """nnU-Net's own sliding window."""
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor  # noqa: PLC0415

    predictor = nnUNetPredictor(
        tile_step_size=step, use_mirroring=False, device=torch.device("cpu"), allow_tqdm=False
    )
    predictor.manual_initialization(
        case.module, case.manager, case.configuration, None, case.dataset, "", None
    )
    logits: torch.Tensor = predictor.predict_sliding_window_return_logits(torch.from_numpy(data))
    return logits


def nnunet_labels(case: Case, logits: torch.Tensor, properties: Any) -> Array:  # noqa: ANN401
    """nnU-Net's own labels on the image's grid, in the axis order of the image."""
    from nnunetv2.inference.export_prediction import (  # noqa: PLC0415
        convert_predicted_logits_to_segmentation_with_correct_shape,
    )

    labels = convert_predicted_logits_to_segmentation_with_correct_shape(
        logits.numpy(), case.manager, case.configuration, case.labels, properties
    )
    return np.asarray(labels).transpose(2, 1, 0)


def predictor_of(case: Case, where: str) -> TorchPredictor:
    """The reference in PyTorch, or a network whose output lies in main memory."""
    if where == "reference":
        return TorchPredictor(case.plans, case.module, torch.device("cpu"))
    if where == "features in PyTorch":  # as on a GPU
        return TorchPredictor(case.plans, deepcopy(case.module), torch.device("cpu"), split=True)
    return InMainMemory(case, split=where == "features in numpy")


@pytest.mark.parametrize(
    ("where", "step"),
    [
        *(("reference", 0.8), ("logits in numpy", 0.5)),
        *(("features in PyTorch", 0.5), ("features in numpy", 0.5)),
    ],
)
def test_sliding_window_and_labels_are_nnunets(case: Case, where: str, step: float) -> None:
    """Logits are equal; labels on the image's grid likewise."""
    image, affine = framed_body()
    prepared = prepare(image, affine, case.plans)
    expected = nnunet_logits(case, prepared.data, step)
    predictor = predictor_of(case, where)
    visited: list[int] = []
    blocks = [
        (start, predictor.arithmetic.through_half(block * 1.0))
        if predictor.head is None
        else (start, predictor.arithmetic.float32(block))
        for start, block in predict_planes(
            prepared.data, predictor, step, lambda: visited.append(1)
        )
    ]
    starts = [start for start, _ in blocks]
    assert starts == list(np.cumsum([0, *[block.shape[1] for _, block in blocks]])[:-1])
    if predictor.head is None:
        ours = np.concatenate([predictor.arithmetic.numpy(block) for _, block in blocks], axis=1)
        np.testing.assert_allclose(ours, expected.numpy(), rtol=0, atol=2e-2)
    z, y, x = prepared.data.shape[1:]
    assert len(visited) == count_patches((z, y, x), case.plans.patch, step)
    properties = nnunet_preprocessed(case, image, affine)[1]
    theirs = nnunet_labels(case, expected, properties)
    labels = labels_from_planes(
        iter(blocks), prepared, case.plans, predictor.arithmetic, predictor.head
    )
    assert labels.shape == image.shape
    assert len(np.unique(theirs)) > 1
    # of a tiny network's random features hardly any voxel has a clear winner
    assert float(np.mean(labels == theirs)) >= (0.999 if predictor.head is None else 0.99)


def test_folds_are_averaged_as_nnunet_averages_them(tmp_path: Path) -> None:
    """By their features and one layer, or by their logits: the mean of nnU-Net's logits."""
    folds = [Case(tmp_path / str(seed), PLANS["finer"], seed) for seed in (5, 6)]
    image, affine = framed_body()
    prepared = prepare(image, affine, folds[0].plans)
    logits = [nnunet_logits(fold, prepared.data, 0.5).float() for fold in folds]
    properties = nnunet_preprocessed(folds[0], image, affine)[1]
    expected = nnunet_labels(folds[0], torch.stack(logits).mean(dim=0), properties)
    assert len(np.unique(expected)) > 1
    for where in ("reference", "features in PyTorch", "features in numpy"):
        predictors = [predictor_of(fold, where) for fold in folds]
        planes = [predict_planes(prepared.data, one, 0.5) for one in predictors]
        arithmetic = predictors[0].arithmetic
        blocks, head = mean_of_folds(planes, [one.head for one in predictors], arithmetic)
        labels = labels_from_planes(blocks, prepared, folds[0].plans, arithmetic, head)
        assert float(np.mean(labels == expected)) >= (0.999 if head is None else 0.99)


def test_regions_that_overlap_become_labels_as_nnunets_do() -> None:
    """The last one that is likelier than not; nothing where none is."""
    labels = {"background": 0, "body": [1, 2, 3], "trunk": [1, 2], "heart": [2]}
    manager = LabelManager(labels, [3, 1, 2])
    logits = np.random.default_rng(0).normal(size=(3, 4, 50)).astype(np.float32)
    theirs = manager.convert_logits_to_segmentation(logits)
    arithmetics = (NumpyArithmetic(), TorchArithmetic(torch.device("cpu")))
    for arithmetic in arithmetics:
        flat = arithmetic.here(logits.reshape(3, -1).T)
        ours = _chosen(flat, (3, 1, 2), arithmetic).reshape(4, 50)
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("patch", [(32, 32, 32), (80, 48, 64), (24, 33, 17), (128, 128, 128)])
def test_the_weights_of_a_patch_are_nnunets(patch: tuple[int, int, int]) -> None:
    """To the bit, in half precision."""
    theirs = compute_gaussian(
        patch, sigma_scale=1.0 / 8, value_scaling_factor=10, device=torch.device("cpu")
    )
    np.testing.assert_array_equal(gaussian_weight(patch), theirs.numpy())


@pytest.mark.parametrize("step", [0.3, 0.5, 0.8, 1.0])
def test_patches_lie_where_nnunets_do(step: float) -> None:
    """Along an axis of any length."""
    for patch in (16, 31, 80):
        for size in range(patch, 4 * patch, 3):
            theirs = compute_steps_for_sliding_window((size,), (patch,), step)
            assert [steps(size, patch, step)] == theirs


def test_a_network_that_answers_nonsense_is_an_error(tmp_path: Path) -> None:
    """Infinities never become labels."""
    case = Case(tmp_path, tiny_plans((6.0, 6.0, 6.0)))
    box = (slice(0, 4),) * 3
    shape = (4, 4, 4)
    prepared = Prepared(np.zeros((1, *shape), np.float32), box, shape, shape, (6.0, 6.0, 6.0))
    logits = np.zeros((3, 4, 4, 4), np.float16)
    logits[1, 2, 2, 2] = np.inf
    with pytest.raises(SegmentationError, match="no finite numbers"):
        labels_from_planes([(0, logits)], prepared, case.plans, NumpyArithmetic())
