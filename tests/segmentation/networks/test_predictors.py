"""A network answers the same on OpenVINO as in PyTorch, and OpenVINO reports to nobody."""

from __future__ import annotations

import copy
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch
from tiny_networks import install_tiny

from heimdallr.domain.errors import SegmentationError
from heimdallr.segmentation.networks import predictors
from heimdallr.segmentation.networks.network import Network, load_network
from heimdallr.segmentation.networks.predictors import (
    DeviceChoice,
    OpenVinoPredictor,
    TorchPredictor,
    choose_device,
    make_predictors,
)
from heimdallr.segmentation.networks.sliding_window import gaussian_weight
from heimdallr.segmentation.networks.weights import WeightsStore
from heimdallr.segmentation.tasks import task

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.segmentation.networks.sliding_window import PatchPredictor

FULL = DeviceChoice("cpu", "openvino", "f32", 1)


@pytest.fixture
def network(tmp_path: Path) -> Network:
    """A tiny network of three classes."""
    install_tiny(tmp_path / "weights", task("body_fast"), seed=7)
    return load_network(WeightsStore(tmp_path / "weights").locate(task("body_fast"))[0])


@pytest.mark.parametrize("backend", ["openvino", "torch"])
def test_features_through_the_last_layer_are_the_logits(network: Network, backend: str) -> None:
    """The backends that split the last layer off answer as the reference, once it is applied."""
    cpu = torch.device("cpu")
    patch = torch.randn(1, *network.patch, generator=torch.Generator().manual_seed(0))
    weight = gaussian_weight(network.patch, cpu).float()
    module = network.modules[0]
    expected = TorchPredictor(network, module, cpu)(patch) / weight
    predictor = (
        TorchPredictor(network, module, cpu, split=True)
        if backend == "torch"
        else OpenVinoPredictor(network, module, FULL, None)
    )
    features = predictor(patch) / weight
    assert predictor.head is not None
    assert len(features) == predictor.channels == 4
    logits = predictor.head.logits(features.reshape(4, -1)).T.reshape(expected.shape)
    torch.testing.assert_close(logits, expected, rtol=1e-3, atol=1e-3)


def converted(network: Network, checksum: str, cache_dir: Path) -> PatchPredictor:
    """The network on OpenVINO; a copy, because predictors take modules over."""
    fresh = replace(network, modules=copy.deepcopy(network.modules))
    return make_predictors(fresh, FULL, checksum=checksum, cache_dir=cache_dir)[0]


def test_converted_network_is_kept_under_the_checksum(network: Network, tmp_path: Path) -> None:
    """A second process reads the file; other weights make another file."""
    patch = torch.ones(1, *network.patch)
    first = converted(network, "a" * 64, tmp_path)(patch).clone()
    files = sorted((tmp_path / "openvino").iterdir())
    assert [file.suffix for file in files] == [".bin", ".xml"]
    assert all(file.name.startswith("a" * 32) for file in files)
    stamps = [file.stat().st_mtime_ns for file in files]
    again = converted(network, "a" * 64, tmp_path)(patch)
    torch.testing.assert_close(first, again)
    assert stamps == [file.stat().st_mtime_ns for file in files]
    converted(network, "b" * 64, tmp_path)
    assert len(list((tmp_path / "openvino").iterdir())) == 4


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
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert choose_device("cuda").engine.endswith(" f16")
    assert torch.get_autocast_dtype("cuda") is torch.float16
