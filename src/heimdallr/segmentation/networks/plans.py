"""What ``plans.json`` and ``dataset.json`` say of a network.

nnU-Net's own ``PlansManager`` and ``LabelManager`` import PyTorch and whatever nnU-Net trains
with: seconds, and hundreds of megabytes, before a network that runs in OpenVINO has begun. Of what
they read, running a network needs the little that is here; tests compare. Building one is left to
nnU-Net (:mod:`heimdallr.segmentation.networks.network`).
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from heimdallr.domain.errors import WeightsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from heimdallr.segmentation.networks.weights import Weights
    from heimdallr.segmentation.tasks import Model

SPATIAL_AXES = 3

REINSTALL = "install the weights again ('heimdallr weights download' or 'weights install')"

Index3 = tuple[int, int, int]

_Json = dict[str, Any]

_Number = TypeVar("_Number", int, float)


@dataclass(frozen=True, slots=True)
class Normalization:
    """How the values of a channel are brought to the scale the network was trained on.

    Attributes:
        scheme: name of nnU-Net's class, ``CTNormalization`` say.
        masked: whether only voxels inside the patient count.
        intensities: of the training images' foreground: ``mean``, ``std``, ``percentile_00_5`` …
    """

    scheme: str
    masked: bool
    intensities: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Resampling:
    """How arrays are brought from one spacing to another.

    Attributes:
        function: name of nnU-Net's function.
        options: its keyword arguments.
    """

    function: str
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Plans:
    """One configuration of a network. Axes are nnU-Net's: superior first, then transposed.

    Attributes:
        configuration: its name, ``3d_fullres`` say.
        patch: voxels of one patch.
        spacing_mm: voxel size the network works at.
        transpose_forward: which axis of an image becomes each of the network's.
        transpose_backward: the way back.
        normalizations: of each input channel.
        resampling_data: how images are brought to ``spacing_mm``.
        resampling_logits: how the network's output is brought back.
        heads: output channels.
        region_labels: of a network whose outputs are regions that overlap, the label of each
            output, later ones covering earlier ones; None where the outputs exclude each other.
    """

    configuration: str
    patch: Index3
    spacing_mm: tuple[float, float, float]
    transpose_forward: Index3
    transpose_backward: Index3
    normalizations: tuple[Normalization, ...]
    resampling_data: Resampling
    resampling_logits: Resampling
    heads: int
    region_labels: tuple[int, ...] | None

    @property
    def channels(self) -> int:
        """Input channels."""
        return len(self.normalizations)


def read_plans(weights: Weights, configuration: str) -> Plans:
    """The plans of one configuration of a network.

    Raises:
        WeightsError: a file is missing or damaged, describes no network that can be run, or has
            other classes than the table of its collection.
    """
    plans, dataset = read_descriptions(weights.folder)
    check_classes(dataset, weights.model)
    try:
        resolved = _resolved(plans, configuration)
        if len(resolved["patch_size"]) != SPATIAL_AXES or resolved.get("previous_stage"):
            msg = f"{weights.dataset} is a two-dimensional or cascaded network"
            raise WeightsError(msg, remedy="only full 3-D configurations can be run")
        heads, region_labels = _outputs(dataset)
        return Plans(
            configuration=configuration,
            patch=_three(int, resolved["patch_size"]),
            spacing_mm=_three(float, resolved["spacing"]),
            transpose_forward=_three(int, plans["transpose_forward"]),
            transpose_backward=_three(int, plans["transpose_backward"]),
            normalizations=_normalizations(plans, resolved, dataset),
            resampling_data=_resampling(resolved, "resampling_fn_data"),
            resampling_logits=_resampling(resolved, "resampling_fn_probabilities"),
            heads=heads,
            region_labels=region_labels,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        msg = f"the plans of {weights.dataset} describe no network that can be run"
        raise WeightsError(msg, remedy=REINSTALL) from error


def read_descriptions(folder: Path) -> tuple[_Json, _Json]:
    """``plans.json`` and ``dataset.json`` of a model folder.

    Raises:
        WeightsError: one is missing or is no JSON.
    """
    try:
        plans = json.loads((folder / "plans.json").read_bytes())
        dataset = json.loads((folder / "dataset.json").read_bytes())
    except (OSError, ValueError) as error:
        msg = f"plans.json or dataset.json of {folder.parent.name} cannot be read"
        raise WeightsError(msg, remedy=REINSTALL) from error
    return plans, dataset


def check_classes(dataset: _Json, model: Model) -> None:
    """Hold the labels of ``dataset.json`` to the table of the collection a network belongs to.

    Spellings differ between a collection's own sources, so names are compared by their letters
    and digits, and only those the table knows: what may not differ is what a number means.

    Raises:
        WeightsError: there are more or fewer labels, or a class has another number.
    """
    if model.published is None:
        return
    wanted = model.published.their_names
    number_of = {_spelt(name): number for number, name in wanted.items()}
    labels: dict[str, int] = dataset["labels"]
    found = {n: name for name, n in labels.items() if name not in ("background", "ignore")}
    moved = [name for n, name in found.items() if number_of.get(_spelt(name), n) != n]
    if set(found) != set(wanted) or moved:
        msg = f"the classes of this {model.dataset} are not those of the release that is known"
        raise WeightsError(msg, remedy=f"install {model.published.address}")


def plan_spacing_mm(weights: Weights) -> float:
    """Voxel size the network works at: the cube root of its plans' voxel volume.

    Raises:
        WeightsError: the plans cannot be read.
    """
    spacing = read_plans(weights, folders_configuration(weights)).spacing_mm
    return round(math.prod(spacing) ** (1 / len(spacing)), 4)


def folders_configuration(weights: Weights) -> str:
    """The configuration a model folder is named after."""
    return weights.folder.name.split("__")[-1]


def _spelt(name: str) -> str:
    """A class name by its letters and digits: ``vertebrae_L1`` and ``vertebra L1`` are one."""
    letters = "".join(letter for letter in name.lower() if letter.isalnum())
    return letters.replace("vertebrae", "vertebra")


def _resolved(plans: _Json, name: str, heirs: tuple[str, ...] = ()) -> _Json:
    """A configuration with what it inherits."""
    if name in heirs:
        msg = f"configuration {name} inherits from itself"
        raise ValueError(msg)
    own: _Json = plans["configurations"][name]
    if "inherits_from" not in own:
        return own
    return {**_resolved(plans, own["inherits_from"], (*heirs, name)), **own}


def _outputs(dataset: _Json) -> tuple[int, tuple[int, ...] | None]:
    """How many outputs there are, and the label of each where they are regions.

    A region is several labels; one more label of voxels that were not to be learnt (``ignore``) is
    no output.
    """
    labels = {
        name: tuple(label) if isinstance(label, list) else (int(label),)
        for name, label in dataset["labels"].items()
        if name != "ignore"
    }
    if labels["background"] != (0,):
        msg = "the background is not label 0"
        raise ValueError(msg)
    if all(len(label) == 1 for label in labels.values()):
        return len(set(labels.values())), None
    regions = sum(set(label) != {0} for label in labels.values())
    order = tuple(int(label) for label in dataset["regions_class_order"])
    if len(order) != regions:
        msg = f"{regions} regions, but an order of {len(order)}"
        raise ValueError(msg)
    return regions, order


def _normalizations(plans: _Json, resolved: _Json, dataset: _Json) -> tuple[Normalization, ...]:
    """Of each channel; nnU-Net 2.0 said modality where it says channel now."""
    intensities = plans.get("foreground_intensity_properties_per_channel")
    if intensities is None:
        intensities = plans["foreground_intensity_properties_by_modality"]
    channels = dataset["modality"] if "modality" in dataset else dataset["channel_names"]
    schemes, masks = resolved["normalization_schemes"], resolved["use_mask_for_norm"]
    return tuple(
        Normalization(schemes[n], bool(masks[n]), intensities[str(n)]) for n in range(len(channels))
    )


def _resampling(resolved: _Json, key: str) -> Resampling:
    return Resampling(str(resolved[key]), dict(resolved[f"{key}_kwargs"]))


def _three(
    kind: Callable[[Any], _Number], values: Sequence[Any]
) -> tuple[_Number, _Number, _Number]:
    first, second, third = (kind(value) for value in values)
    return first, second, third
