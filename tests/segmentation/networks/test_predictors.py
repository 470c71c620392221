"""A network answers the same on OpenVINO as in PyTorch, and OpenVINO reports to nobody."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from tiny_networks import install_tiny

from heimdallr.domain.errors import SegmentationError, WeightsError
from heimdallr.segmentation.networks import gpus, predictors
from heimdallr.segmentation.networks.network import load_network
from heimdallr.segmentation.networks.predictors import DeviceChoice, choose_device, load_predictors
from heimdallr.segmentation.networks.sliding_window import gaussian_weight
from heimdallr.segmentation.networks.torch_predictor import TorchPredictor
from heimdallr.segmentation.networks.weights import Weights, WeightsStore
from heimdallr.segmentation.tasks import task

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.imaging.volume import Array

FULL = DeviceChoice("cpu", "openvino", "f32", 1)


@pytest.fixture
def weights(tmp_path: Path) -> Weights:
    """A tiny network of three classes."""
    install_tiny(tmp_path / "weights", task("body_fast"), seed=7)
    return WeightsStore(tmp_path / "weights").locate(task("body_fast"))[0]


@pytest.mark.parametrize("backend", ["openvino", "torch"])
def test_features_through_the_last_layer_are_the_logits(
    weights: Weights, tmp_path: Path, backend: str
) -> None:
    """The backends that split the last layer off answer as the reference, once it is applied."""
    cpu = torch.device("cpu")
    network = load_network(weights)
    plans, module = network.plans, network.modules[0]
    patch = np.random.default_rng(0).normal(size=(1, *plans.patch)).astype(np.float32)
    weight = gaussian_weight(plans.patch).astype(np.float32)
    expected = TorchPredictor(plans, module, cpu)(patch).numpy() / weight
    predictor = (
        TorchPredictor(plans, module, cpu, split=True)
        if backend == "torch"
        else load_predictors(weights, FULL, checksum="a" * 64, cache_dir=tmp_path)[1][0]
    )
    features = predictor.arithmetic.numpy(predictor(patch)) / weight
    assert predictor.head is not None
    assert len(features) == predictor.channels == 4
    flat = predictor.arithmetic.here(features.reshape(4, -1).T)
    logits = predictor.arithmetic.numpy(predictor.head.logits(flat)).T.reshape(expected.shape)
    np.testing.assert_allclose(logits, expected, rtol=1e-3, atol=1e-3)


def answered(weights: Weights, checksum: str, cache_dir: Path | None) -> Array:
    """What the network says of a patch on OpenVINO, its last layer applied."""
    plans, (predictor,) = load_predictors(weights, FULL, checksum=checksum, cache_dir=cache_dir)
    features = predictor(np.ones((1, *plans.patch), np.float32))
    assert predictor.head is not None
    return np.asarray(predictor.head.logits(features.reshape(len(features), -1).T))


def test_a_network_that_rested_answers_the_same(weights: Weights) -> None:
    """Its memory is given back between cases, and taken again."""
    plans, (predictor,) = load_predictors(weights, FULL, checksum="a" * 64, cache_dir=None)
    patch = np.ones((1, *plans.patch), np.float32)
    before = np.array(predictor(patch))
    predictor.rest()
    np.testing.assert_array_equal(np.asarray(predictor(patch)), before)


def test_converted_network_is_kept_under_the_checksum(
    weights: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second process reads the files; other weights or plans make others."""
    first = answered(weights, "a" * 64, tmp_path)
    files = sorted((tmp_path / "openvino").iterdir())
    assert [file.suffix for file in files] == [".bin", ".npz", ".xml"]
    assert all(file.name.startswith("a" * 32) for file in files)
    with monkeypatch.context() as patched:
        patched.setattr(predictors, "_converted", None)  # it is not called
        np.testing.assert_array_equal(answered(weights, "a" * 64, tmp_path), first)
    answered(weights, "b" * 64, tmp_path)
    assert len(list((tmp_path / "openvino").iterdir())) == 6
    plans = weights.folder / "plans.json"
    plans.write_text(plans.read_text().replace("32", "16"))
    assert len(answered(weights, "a" * 64, tmp_path)) == 16**3
    assert len(answered(weights, "a" * 64, None)) == 16**3


@pytest.mark.parametrize("suffix", [".bin", ".npz", ".xml"])
@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_damaged_conversion_is_made_again(
    weights: Weights, tmp_path: Path, suffix: str, damage: str
) -> None:
    """A file that was cut short or lost costs a conversion, not the case."""
    first = answered(weights, "a" * 64, tmp_path)
    (file,) = (tmp_path / "openvino").glob(f"*{suffix}")
    whole = file.read_bytes()
    if damage == "cut":
        file.write_bytes(whole[: len(whole) // 2])
    else:
        file.unlink()
    np.testing.assert_allclose(answered(weights, "a" * 64, tmp_path), first, rtol=1e-5, atol=1e-5)
    assert len(file.read_bytes()) > 0.9 * len(whole)


def test_a_converted_network_is_held_to_its_plans(weights: Weights, tmp_path: Path) -> None:
    """Plans that describe another network are an error, whatever lies in the cache."""
    answered(weights, "a" * 64, tmp_path)
    plans = weights.folder / "plans.json"
    plans.write_text(plans.read_text().replace('"patch_size": [32, 32, 32]', '"patch_size": [32]'))
    with pytest.raises(WeightsError, match="two-dimensional"):
        answered(weights, "a" * 64, tmp_path)


def test_openvino_is_imported_without_its_telemetry() -> None:
    """Its telemetry package is never loaded, so it cannot report the import."""
    program = (
        "import sys; from heimdallr.segmentation.networks.predictors import openvino; openvino();"
        "assert sys.modules['openvino_telemetry'] is None;"
        "import openvino.tools.ovc.telemetry_utils as t; print(t.tm.__name__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "openvino.tools.ovc.telemetry_stub"


def test_device_choices() -> None:
    """What is asked for is what is used; nonsense is refused with what to say instead."""
    assert choose_device("cpu", "torch").backend == "torch"
    assert choose_device("cpu", "openvino", "f32") == DeviceChoice("cpu", "openvino", "f32")
    assert choose_device("cpu", "torch").engine.startswith("heimdallr-torch ")
    with pytest.raises(SegmentationError, match="unknown device 'tpu'"):
        choose_device("tpu")
    with pytest.raises(SegmentationError, match="unknown backend 'onnx'"):
        choose_device("cpu", "onnx")
    with pytest.raises(SegmentationError, match="unknown precision 'f8'"):
        choose_device("cpu", "openvino", "f8")
    with pytest.raises(SegmentationError, match="cuda:99 is not available"):
        choose_device("cuda:99")


@pytest.mark.parametrize(
    ("asked", "native", "runs"),
    [
        ("bf16", True, "bf16"), ("bf16", False, "f32"), ("auto", True, "bf16"),
        ("auto", False, "f32"), ("f32", True, "f32"),
    ],
)  # fmt: skip
def test_the_provenance_names_the_precision_that_runs(
    asked: str,
    native: bool,  # noqa: FBT001 - a table of cases
    runs: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Asked for bf16, a processor without it computes with 32 bits."""
    monkeypatch.setattr(predictors, "_multiplies_bf16", lambda: native)
    choice = choose_device("cpu", "openvino", asked)
    assert choice.precision == runs
    assert choice.engine.endswith(f" {runs}")


def test_a_gpu_runs_in_half_precision_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch's autocast on CUDA multiplies 16-bit floats."""
    monkeypatch.setattr(predictors, "count_gpus", lambda: 1)
    assert choose_device("cuda").engine.endswith(" f16")
    assert torch.get_autocast_dtype("cuda") is torch.float16
    assert choose_device("auto").device == "cuda:0"


def test_pytorch_is_asked_about_gpus_only_where_a_driver_has_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a driver it is not even imported; a driver without PyTorch for it is no GPU."""
    monkeypatch.setattr(gpus, "_AMD", tmp_path / "nowhere")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(gpus, "count_of_driver", lambda: 0)
    assert gpus.count_gpus() == 0
    monkeypatch.setattr(gpus, "count_of_driver", lambda: 1)
    assert gpus.count_gpus() == 2
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpus.count_gpus() == 0
