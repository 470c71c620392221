"""Networks are built from plans; only checkpoints that hold plain values are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from tiny_networks import install_tiny, tiny_plans

from heimdallr.domain.errors import WeightsError
from heimdallr.segmentation.networks.network import load_network
from heimdallr.segmentation.networks.plans import plan_spacing_mm
from heimdallr.segmentation.networks.weights import Weights, WeightsStore
from heimdallr.segmentation.tasks import task

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def found(tmp_path: Path) -> Weights:
    """Tiny weights of ``total_fast`` with 6 mm plans."""
    install_tiny(tmp_path, task("total_fast"), tiny_plans((6.0, 6.0, 6.0)))
    return WeightsStore(tmp_path).locate(task("total_fast"))[0]


def test_a_checkpoint_with_numpy_numbers_is_read_safely(found: Weights) -> None:
    """nnU-Net logs losses as numpy scalars; they need no unpickling of code."""
    network = load_network(found)
    plans = network.plans
    assert (plans.heads, plans.channels, plans.patch) == (118, 1, (32, 32, 32))
    assert plan_spacing_mm(found) == 6.0
    with torch.inference_mode():
        assert network.modules[0](torch.zeros(1, 1, 32, 32, 32)).shape == (1, 118, 32, 32, 32)


class _Payload:
    """What an attacker would put into a checkpoint."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("code from a checkpoint has run",)


def test_a_checkpoint_with_code_is_refused(
    found: Weights, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its code does not run, and what is to be done about it can be done."""
    torch.save({"network_weights": {}, "payload": _Payload()}, found.checkpoints[0])
    with pytest.raises(WeightsError, match="would run code") as refused:
        load_network(found)
    assert refused.value.remedy == "install the release as its makers published it"
    assert "has run" not in capsys.readouterr().out


def test_weights_of_another_shape_are_refused(found: Weights) -> None:
    """The error names the dataset."""
    checkpoint = torch.load(found.checkpoints[0], weights_only=False)
    name = "encoder.stages.0.0.convs.0.conv.weight"
    checkpoint["network_weights"][name] = torch.zeros(5, 1, 3, 3, 3)
    torch.save(checkpoint, found.checkpoints[0])
    with pytest.raises(WeightsError, match=r"Dataset297.* does not fit"):
        load_network(found)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"not a checkpoint" * 100])
def test_a_damaged_checkpoint_is_named(found: Weights, content: bytes) -> None:
    """Damage is an error of the weights, with a remedy."""
    found.checkpoints[0].write_bytes(content)
    with pytest.raises(WeightsError, match=r"fold_0/checkpoint_final\.pth"):
        load_network(found)


def test_weights_saved_in_half_precision_are_run_in_full(found: Weights) -> None:
    """Small releases store 16-bit numbers."""
    checkpoint = torch.load(found.checkpoints[0], weights_only=False)
    weights = checkpoint["network_weights"]
    checkpoint["network_weights"] = {name: value.half() for name, value in weights.items()}
    torch.save(checkpoint, found.checkpoints[0])
    module = load_network(found).modules[0]
    assert {parameter.dtype for parameter in module.parameters()} == {torch.float32}
    assert np.isfinite(module(torch.ones(1, 1, 32, 32, 32)).detach().numpy()).all()
