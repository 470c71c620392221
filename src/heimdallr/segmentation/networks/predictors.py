"""A network on a device: PyTorch (the reference, and every GPU) or OpenVINO (CPUs).

OpenVINO runs the same 3-D U-Net several times faster than PyTorch on a CPU, in particular where
the processor multiplies bfloat16 natively. A network is converted once and kept on disk under the
checksum of its weights.
"""

from __future__ import annotations

import os
import sys
import warnings
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import structlog
import torch

from heimdallr.domain.errors import SegmentationError
from heimdallr.segmentation.networks.sliding_window import Head, gaussian_weight

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from heimdallr.segmentation.networks.network import Network
    from heimdallr.segmentation.networks.sliding_window import Patch, PatchPredictor

Backend = Literal["openvino", "torch"]
Precision = Literal["f32", "f16", "bf16"]

_log = structlog.get_logger()

GRAPH_VERSION = 2
"""Raised whenever the converted graph changes, so that older files are not used."""


@dataclass(frozen=True, slots=True)
class DeviceChoice:
    """Where and how networks are run.

    Attributes:
        device: ``cpu`` or ``cuda:N``.
        backend: openvino or torch.
        precision: of the multiplications, as they are run; ``f16``: PyTorch's autocast on a GPU.
        threads: CPU threads; 0 leaves it to the library.
    """

    device: str
    backend: Backend
    precision: Precision
    threads: int = 0

    @property
    def engine(self) -> str:
        """Name of the engine for a result's provenance."""
        return f"heimdallr-{self.backend} {metadata.version(self.backend)} {self.precision}"


def choose_device(
    device: str = "auto", backend: str = "auto", precision: str = "auto", threads: int = 0
) -> DeviceChoice:
    """Resolve ``auto``: a GPU when there is one, else OpenVINO on the CPU.

    Args:
        device: auto, cpu, cuda or cuda:N.
        backend: auto, openvino or torch; a GPU always runs torch.
        precision: auto, f32 or bf16, for OpenVINO only: auto takes bf16 where the processor has it.
            Where it has none, OpenVINO runs 32 bits whatever it is told: so the choice says.
        threads: CPU threads, 0 for the library's choice.

    Raises:
        SegmentationError: the device does not exist or the combination makes no sense.
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device.startswith("cuda"):
        index = int(device.partition(":")[2] or 0) if device != "cuda" else 0
        if not torch.cuda.is_available() or index >= torch.cuda.device_count():
            msg = f"device {device} is not available"
            raise SegmentationError(msg, remedy="set the device to 'auto' or 'cpu'")
        return DeviceChoice(f"cuda:{index}", "torch", "f16", threads)
    if device != "cpu":
        msg = f"unknown device {device!r}"
        raise SegmentationError(msg, remedy="one of: auto, cpu, cuda, cuda:N")
    if backend not in ("auto", "openvino", "torch"):
        msg = f"unknown backend {backend!r}"
        raise SegmentationError(msg, remedy="one of: auto, openvino, torch")
    if precision not in ("auto", "f32", "bf16"):
        msg = f"unknown precision {precision!r}"
        raise SegmentationError(msg, remedy="one of: auto, f32, bf16")
    if backend == "torch" or (backend == "auto" and not _has_openvino()):
        return DeviceChoice("cpu", "torch", "f32", threads)
    native = precision != "f32" and _multiplies_bf16()
    if precision == "bf16" and not native:
        _log.warning("no_bf16_on_this_processor")
    return DeviceChoice("cpu", "openvino", "bf16" if native else "f32", threads)


def make_predictors(
    network: Network, choice: DeviceChoice, *, checksum: str, cache_dir: Path | None
) -> tuple[PatchPredictor, ...]:
    """The network of every fold, ready on its device.

    Args:
        network: plans and modules; an OpenVINO predictor does not keep the modules.
        choice: where to run it.
        checksum: of the weights; names the converted networks in the cache.
        cache_dir: where converted networks are kept; None: converted anew in every process.
    """
    if choice.backend == "torch":
        device = torch.device(choice.device)
        return tuple(TorchPredictor(network, module, device) for module in network.modules)
    folder = cache_dir / "openvino" if cache_dir is not None else None
    size = "x".join(map(str, network.patch))
    made_by = f"{choice.precision}-{metadata.version('openvino')}-v{GRAPH_VERSION}"
    return tuple(
        OpenVinoPredictor(
            network,
            module,
            choice,
            folder / f"{checksum[:32]}-{number}-{size}-{made_by}.xml" if folder else None,
        )
        for number, module in enumerate(network.modules)
    )


class TorchPredictor:
    """PyTorch. On a CPU it is the reference: 32 bit, logits summed as nnU-Net sums them.

    On a GPU it runs in half-precision autocast and takes the module over: its last layer is split
    off.

    Args:
        network: patch size and heads.
        module: one fold's network.
        device: where to run it.
        split: split the last layer off; None: on a GPU only.
    """

    def __init__(
        self,
        network: Network,
        module: torch.nn.Module,
        device: torch.device,
        *,
        split: bool | None = None,
    ) -> None:
        self.patch: Patch = network.patch
        self.device = device
        self.head: Head | None = None
        self.channels = network.heads
        self._module = module.to(device)
        if device.type == "cuda" if split is None else split:
            self._module, self.head, self.channels = _split(network, self._module)
        self._weight = gaussian_weight(self.patch, device)

    @torch.inference_mode()
    def __call__(self, image: torch.Tensor) -> torch.Tensor:
        """Output for a patch × weight; see :class:`PatchPredictor`."""
        batch = image[None].to(self.device).contiguous()
        with torch.autocast("cuda", enabled=self.device.type == "cuda"):
            output: torch.Tensor = self._module(batch)[0]
        return output.float().mul_(self._weight)


class OpenVinoPredictor:
    """OpenVINO on the CPU; the weighting is part of its graph.

    Takes the module over: its last layer is split off.
    """

    def __init__(
        self, network: Network, module: torch.nn.Module, choice: DeviceChoice, file: Path | None
    ) -> None:
        ov = openvino()
        self.patch: Patch = network.patch
        self.device = torch.device("cpu")
        trunk, self.head, self.channels = _split(network, module)
        core = ov.Core()
        if file is not None and file.is_file() and file.with_suffix(".bin").is_file():
            model = core.read_model(file)
        else:
            model = _converted(ov, network, trunk, half=choice.precision == "bf16")
            if file is not None:
                _keep(ov, model, file)
        options: dict[str, Any] = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": choice.precision,
        }
        if choice.threads:
            options["INFERENCE_NUM_THREADS"] = choice.threads
        self._request = core.compile_model(model, "CPU", options).create_infer_request()

    def __call__(self, image: torch.Tensor) -> torch.Tensor:
        """Output for a patch × weight; valid until the next call. See :class:`PatchPredictor`."""
        batch = np.ascontiguousarray(image[None].numpy())
        self._request.infer([batch], share_inputs=True)
        return torch.from_numpy(self._request.get_output_tensor(0).data)[0]


def _split(network: Network, module: torch.nn.Module) -> tuple[torch.nn.Module, Head | None, int]:
    """A U-Net without its last layer, that layer, and the channels before it.

    A network of another build keeps its last layer: (module, None, heads).
    """
    layers = getattr(getattr(module, "decoder", None), "seg_layers", None)
    if not isinstance(layers, torch.nn.ModuleList):
        return module, None, network.heads
    last = layers[-1]
    if not isinstance(last, torch.nn.Conv3d) or set(last.kernel_size) != {1}:
        return module, None, network.heads
    weight = last.weight.detach().flatten(1).clone()
    bias = torch.zeros(len(weight)).to(weight) if last.bias is None else last.bias.detach().clone()
    layers[-1] = torch.nn.Identity()
    return module, Head(weight, bias), weight.shape[1]


def openvino() -> ModuleType:
    """The openvino package, with its usage statistics off.

    Importing it reports to its maker unless the user opted out by file. Its telemetry package is
    hidden from it, which makes it use the stub it ships for that case: nothing leaves the host.
    """
    if "openvino" not in sys.modules:
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino as ov  # noqa: PLC0415 - after telemetry is hidden, and only where it is used

    module: ModuleType = ov
    return module


def _converted(ov: ModuleType, network: Network, module: torch.nn.Module, *, half: bool) -> Any:  # noqa: ANN401 - openvino is untyped
    """Network × weight as an OpenVINO model of fixed shape; its output in 16 bits with ``half``."""
    strides = np.prod(np.array(network.configuration.pool_op_kernel_sizes), axis=0)
    # traced on a small patch: the layers are the same and the real one costs seconds and 1 GB
    small = [min(2 * int(s), p) for s, p in zip(strides, network.patch, strict=True)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tracing: shapes are fixed here, that is intended
        model = ov.convert_model(module, example_input=torch.zeros(1, network.channels, *small))
    model.reshape([1, network.channels, *network.patch])
    operations = ov.opset13
    weight = gaussian_weight(network.patch, torch.device("cpu")).float().numpy()
    features = model.output(0).get_node().input_value(0)  # what the graph's result node receives
    weighted = operations.multiply(features, operations.constant(weight))
    output = operations.convert(weighted, "f16") if half else weighted
    return ov.Model([output], model.get_parameters(), "heimdallr")


def _keep(ov: ModuleType, model: Any, file: Path) -> None:  # noqa: ANN401 - openvino is untyped
    """Save a converted model; both of its files appear whole, the description last."""
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f".{os.getpid()}-{file.name}")
    ov.save_model(model, aside, compress_to_fp16=False)
    aside.with_suffix(".bin").replace(file.with_suffix(".bin"))
    aside.replace(file)


def _has_openvino() -> bool:
    try:
        metadata.version("openvino")
    except metadata.PackageNotFoundError:
        return False
    return True


def _multiplies_bf16() -> bool:
    """Whether the processor multiplies bfloat16 natively (AMX or AVX512-BF16)."""
    capabilities = openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return "BF16" in capabilities
