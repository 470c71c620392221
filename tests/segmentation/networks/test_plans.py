"""Plans are read as nnU-Net reads them, without nnU-Net."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from nnunetv2.utilities.label_handling.label_handling import determine_num_input_channels
from nnunetv2.utilities.plans_handling.plans_handler import PlansManager
from tiny_networks import install_tiny, tiny_plans

from heimdallr.domain.errors import WeightsError
from heimdallr.segmentation.networks.plans import Plans, read_plans
from heimdallr.segmentation.networks.weights import WeightsStore
from heimdallr.segmentation.tasks import task

if TYPE_CHECKING:
    from heimdallr.segmentation.networks.weights import Weights

BUNDLED = sorted(WeightsStore(None).bundled_dir.rglob("plans.json"))

Edit = Callable[[dict[str, Any], dict[str, Any]], None]


@pytest.fixture
def weights(tmp_path: Path) -> Weights:
    """Tiny weights of a task of three classes."""
    install_tiny(tmp_path, task("body_fast"), tiny_plans((6.0, 5.0, 4.0), patch=(32, 16, 24)))
    return WeightsStore(tmp_path).locate(task("body_fast"))[0]


def edited(weights: Weights, edit: Edit) -> None:
    """Change ``plans.json`` and ``dataset.json``."""
    files = [weights.folder / name for name in ("plans.json", "dataset.json")]
    contents = [json.loads(file.read_text()) for file in files]
    edit(*contents)
    for file, content in zip(files, contents, strict=True):
        file.write_text(json.dumps(content))


def assert_as_nnunet(ours: Plans, folder: Path) -> None:
    """Everything that is read is what nnU-Net reads."""
    dataset = json.loads((folder / "dataset.json").read_text())
    plans = PlansManager(json.loads((folder / "plans.json").read_text()))
    theirs = plans.get_configuration(ours.configuration)
    labels = plans.get_label_manager(dataset)
    assert ours.heads == labels.num_segmentation_heads
    assert (ours.region_labels is not None) == labels.has_regions
    if ours.region_labels is not None:
        assert list(ours.region_labels) == labels.regions_class_order
    assert ours.channels == determine_num_input_channels(plans, theirs, dataset)
    assert list(ours.patch) == list(theirs.patch_size)
    assert list(ours.spacing_mm) == list(theirs.spacing)
    assert list(ours.transpose_forward) == list(plans.transpose_forward)
    assert list(ours.transpose_backward) == list(plans.transpose_backward)
    assert [one.scheme for one in ours.normalizations] == theirs.normalization_schemes
    assert [one.masked for one in ours.normalizations] == theirs.use_mask_for_norm
    assert {
        str(n): one.intensities for n, one in enumerate(ours.normalizations)
    } == plans.foreground_intensity_properties_per_channel
    for resampling, key in (
        (ours.resampling_data, "resampling_fn_data"),
        (ours.resampling_logits, "resampling_fn_probabilities"),
    ):
        assert resampling.function == theirs.configuration[key]
        assert resampling.options == theirs.configuration[f"{key}_kwargs"]


def inheriting(plans: dict[str, Any], _dataset: dict[str, Any]) -> None:
    """A configuration that changes the patch of another."""
    configurations = plans["configurations"]
    configurations["middle"] = {"inherits_from": "3d_fullres", "patch_size": [16, 16, 16]}
    configurations["3d_small"] = {"inherits_from": "middle", "spacing": [2.0, 2.0, 2.0]}


def of_version_2_0(plans: dict[str, Any], dataset: dict[str, Any]) -> None:
    """The form of the first release: no architecture, other names."""
    one = plans["configurations"]["3d_fullres"]
    kwargs = one.pop("architecture")["arch_kwargs"]
    one |= {
        "UNet_class_name": "PlainConvUNet",
        "UNet_base_num_features": 4,
        "unet_max_num_features": 8,
        "n_conv_per_stage_encoder": kwargs["n_conv_per_stage"],
        "n_conv_per_stage_decoder": kwargs["n_conv_per_stage_decoder"],
        "num_pool_per_axis": [2, 2, 2],
        "pool_op_kernel_sizes": kwargs["strides"],
        "conv_kernel_sizes": kwargs["kernel_sizes"],
    }
    intensities = plans.pop("foreground_intensity_properties_per_channel")
    plans["foreground_intensity_properties_by_modality"] = intensities
    dataset["modality"] = dataset.pop("channel_names")


def of_regions(_plans: dict[str, Any], dataset: dict[str, Any]) -> None:
    """Outputs that overlap."""
    dataset["labels"] = {"background": 0, "body": [1, 2], "trunk": [1], "ignore": 3}
    dataset["regions_class_order"] = [2, 1]


def of_two_channels(plans: dict[str, Any], dataset: dict[str, Any]) -> None:
    """Two images of a patient, normalised each in its way."""
    dataset["channel_names"] = {"0": "CT", "1": "PET"}
    intensities = plans["foreground_intensity_properties_per_channel"]
    intensities["1"] = {**intensities["0"], "mean": 5.0}
    one = plans["configurations"]["3d_fullres"]
    one["normalization_schemes"] = ["CTNormalization", "ZScoreNormalization"]
    one["use_mask_for_norm"] = [False, True]


def with_ignored_voxels(_plans: dict[str, Any], dataset: dict[str, Any]) -> None:
    """One more label, which is no output."""
    dataset["labels"]["ignore"] = 3


@pytest.mark.filterwarnings("ignore:Detected old nnU-Net plans")
@pytest.mark.parametrize(
    ("edit", "configuration"),
    [
        (lambda _plans, _dataset: None, "3d_fullres"),
        (inheriting, "3d_small"),
        (of_version_2_0, "3d_fullres"),
        (of_regions, "3d_fullres"),
        (of_two_channels, "3d_fullres"),
        (with_ignored_voxels, "3d_fullres"),
    ],
)
def test_plans_are_nnunets(weights: Weights, edit: Edit, configuration: str) -> None:
    """Whatever form they have."""
    edited(weights, edit)
    assert_as_nnunet(read_plans(weights, configuration), weights.folder)


@pytest.mark.parametrize("file", BUNDLED, ids=lambda file: file.parents[1].name)
def test_the_bundled_plans_are_nnunets(file: Path) -> None:
    """Each network that comes with the package."""
    names = {"Dataset150": "cerebral_bleed", "Dataset297": "total_fast"}
    names |= {"Dataset481": "tissue_types", "Dataset852": "total_mr_fast"}
    wanted = task(names[file.parents[1].name.partition("_")[0]])
    (weights,) = WeightsStore(None, totalsegmentator_dir=Path("/nowhere")).locate(wanted)
    assert weights.folder == file.parent
    assert_as_nnunet(read_plans(weights, "3d_fullres"), weights.folder)


def broken(**changes: Any) -> Edit:  # noqa: ANN401 - as JSON has it
    """An edit of the configuration; None takes a key out."""

    def edit(plans: dict[str, Any], _dataset: dict[str, Any]) -> None:
        for key, value in changes.items():
            one = plans["configurations"]["3d_fullres"]
            one[key] = deepcopy(value)
            if value is None:
                del one[key]

    return edit


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (broken(spacing=None), "describe no network that can be run"),
        (broken(spacing=[1.0, 1.0]), "describe no network that can be run"),
        (broken(inherits_from="3d_fullres"), "describe no network that can be run"),
        (broken(patch_size=[32, 32]), "two-dimensional or cascaded"),
        (broken(previous_stage="3d_lowres"), "two-dimensional or cascaded"),
        (lambda _plans, dataset: dataset.update(labels={"liver": 1}), "no network that can be run"),
        (
            lambda _plans, dataset: dataset.update(
                labels={"background": 0, "all": [1, 2]}, regions_class_order=[1, 2]
            ),
            "no network that can be run",
        ),
    ],
)
def test_plans_of_no_network_name_the_dataset(weights: Weights, edit: Edit, said: str) -> None:
    """What is missing or makes no sense is an error of the weights."""
    edited(weights, edit)
    with pytest.raises(WeightsError, match=rf"Dataset.*{said}"):
        read_plans(weights, "3d_fullres")
