"""A network on a device: PyTorch (the reference, and every GPU) or OpenVINO (CPUs).

OpenVINO runs the same 3-D U-Net several times faster than PyTorch on a CPU, in particular where
the processor multiplies bfloat16 natively. A network is converted once and kept on disk under the
checksum of its weights; from then on PyTorch is not imported.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import zipfile
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import structlog

from heimdallr.domain.errors import SegmentationError
from heimdallr.segmentation.networks.arithmetic import Head, NumpyArithmetic
from heimdallr.segmentation.networks.gpus import count_gpus
from heimdallr.segmentation.networks.plans import read_descriptions, read_plans

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from heimdallr.imaging.volume import Array
    from heimdallr.segmentation.networks.arithmetic import Arithmetic
    from heimdallr.segmentation.networks.plans import Index3, Plans
    from heimdallr.segmentation.networks.sliding_window import PatchPredictor
    from heimdallr.segmentation.networks.weights import Weights

Backend = Literal["openvino", "torch"]
Precision = Literal["f32", "f16", "bf16"]

_log = structlog.get_logger()

GRAPH_VERSION = 4
"""Raised whenever the converted graph or what is kept beside it changes, so that older files are
not used."""


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
        device = "cuda" if count_gpus() else "cpu"
    if device.startswith("cuda"):
        index = int(device.partition(":")[2] or 0)
        if index >= count_gpus():
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


def load_predictors(
    weights: Weights,
    choice: DeviceChoice,
    *,
    checksum: str,
    cache_dir: Path | None,
) -> tuple[Plans, tuple[PatchPredictor, ...]]:
    """The network of every fold, ready on its device.

    Args:
        weights: where they are.
        choice: where to run it.
        checksum: of the weights; names the converted networks in the cache.
        cache_dir: where converted networks are kept; None: converted anew in every process.

    Raises:
        WeightsError: a file is damaged, or does not fit the plans.
    """
    if choice.backend == "openvino":
        files = _files(weights, choice, checksum, cache_dir) if cache_dir is not None else None
        kept = _kept(files) if files else None
        if kept is None:
            kept = _converted(weights, files)
        plans = read_plans(weights, kept[0].configuration)
        return plans, tuple(OpenVinoPredictor(plans, one, choice) for one in kept)
    from heimdallr.segmentation.networks.network import load_network  # noqa: PLC0415 - PyTorch
    from heimdallr.segmentation.networks.torch_predictor import (  # noqa: PLC0415
        torch_predictors,
    )

    network = load_network(weights)
    return network.plans, torch_predictors(network, choice.device)


@dataclass(frozen=True, slots=True)
class Converted:
    """One fold's network as OpenVINO runs it.

    Attributes:
        configuration: of the plans, which the checkpoint names.
        model: OpenVINO's.
        head: the last layer, still to be applied.
    """

    configuration: str
    model: Any
    head: Head | None


class OpenVinoPredictor:
    """OpenVINO on the CPU; the weighting is part of its graph.

    See :class:`~heimdallr.segmentation.networks.sliding_window.PatchPredictor`.
    """

    def __init__(self, plans: Plans, network: Converted, choice: DeviceChoice) -> None:
        self.patch: Index3 = plans.patch
        self.arithmetic: Arithmetic = NumpyArithmetic(choice.threads)
        self.head = network.head
        self.channels = plans.heads if self.head is None else self.head.weight.shape[1]
        options: dict[str, Any] = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": choice.precision,
        }
        if choice.threads:
            options["INFERENCE_NUM_THREADS"] = choice.threads
        self._compiled = openvino().Core().compile_model(network.model, "CPU", options)
        self._request = self._compiled.create_infer_request()

    def __call__(self, image: Array) -> Array:
        """Output for a patch × weight; valid until the next call."""
        self._request.infer([np.ascontiguousarray(image[None])], share_inputs=True)
        output: Array = self._request.get_output_tensor(0).data[0]
        return output

    def rest(self) -> None:
        """See the protocol."""
        self._compiled.release_memory()


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


def _files(
    weights: Weights, choice: DeviceChoice, checksum: str, cache_dir: Path
) -> tuple[Path, ...]:
    """Where the converted network of each fold is kept.

    Other weights, other plans, another precision and another OpenVINO make other files.
    """
    described = hashlib.sha256(json.dumps(read_descriptions(weights.folder)).encode())
    made_by = f"{choice.precision}-{metadata.version('openvino')}-v{GRAPH_VERSION}"
    name = f"{checksum[:32]}-{described.hexdigest()[:16]}"
    folder = cache_dir / "openvino"
    return tuple(
        folder / f"{name}-{number}-{made_by}.xml" for number in range(len(weights.checkpoints))
    )


def _kept(files: tuple[Path, ...]) -> tuple[Converted, ...] | None:
    """The converted networks of an earlier process; None where one is missing or damaged."""
    if not all(file.is_file() for file in files):
        return None
    core = openvino().Core()
    networks = []
    try:
        for file in files:
            with (
                file.with_suffix(".npz").open("rb") as stream,
                np.load(stream, allow_pickle=False) as beside,
            ):
                head = Head(beside["weight"], beside["bias"]) if "weight" in beside else None
                configuration = str(beside["configuration"])
            networks.append(Converted(configuration, core.read_model(file), head))
    except (OSError, ValueError, KeyError, RuntimeError, zipfile.BadZipFile) as error:
        _log.warning("converted_network_damaged", error=type(error).__name__)
        return None
    return tuple(networks)


def _converted(weights: Weights, files: tuple[Path, ...] | None) -> tuple[Converted, ...]:
    """The network of each fold converted now, and kept in its file."""
    from heimdallr.segmentation.networks.conversion import converted  # noqa: PLC0415 - PyTorch
    from heimdallr.segmentation.networks.network import load_network  # noqa: PLC0415

    ov = openvino()
    network = load_network(weights)
    made = []
    for number, module in enumerate(network.modules):
        model, head = converted(ov, network, module)
        made.append(Converted(network.plans.configuration, model, head))
        if files is not None:
            _keep(ov, made[-1], files[number])
    return tuple(made)


def _keep(ov: ModuleType, network: Converted, file: Path) -> None:
    """Save a converted network; its files appear whole, the description last."""
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f".{os.getpid()}-{file.name}")
    layer = (
        {} if network.head is None else {"weight": network.head.weight, "bias": network.head.bias}
    )
    np.savez(aside.with_suffix(".npz"), configuration=np.array(network.configuration), **layer)
    ov.save_model(network.model, aside, compress_to_fp16=False)
    for suffix in (".bin", ".npz", ".xml"):
        aside.with_suffix(suffix).replace(file.with_suffix(suffix))


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
