"""Tiny networks with random weights in TotalSegmentator's folder layout, made on the spot."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from nnunetv2.utilities.get_network_from_plans import get_network_from_plans

from heimdallr.imaging.volume import Volume

if TYPE_CHECKING:
    from heimdallr.segmentation.tasks import Model, Task


def tiny_plans(
    spacing_mm: tuple[float, float, float],
    patch: tuple[int, int, int] = (32, 32, 32),
    features: tuple[int, ...] = (4, 8, 8),
    configuration: str = "3d_fullres",
) -> dict[str, Any]:
    """A ``plans.json`` as nnU-Net writes it, of a very small U-Net.

    Args:
        spacing_mm: along nnU-Net's axes (superior first).
        patch: voxels of a patch.
        features: channels of each stage.
        configuration: its name.
    """
    stages = len(features)
    resampling = {"is_seg": False, "order_z": 0, "force_separate_z": None}
    return {
        "dataset_name": "tiny",
        "plans_name": "nnUNetPlans",
        "original_median_spacing_after_transp": list(spacing_mm),
        "original_median_shape_after_transp": [64, 64, 64],
        "image_reader_writer": "NibabelIOWithReorient",
        "transpose_forward": [0, 1, 2],
        "transpose_backward": [0, 1, 2],
        "experiment_planner_used": "ExperimentPlanner",
        "label_manager": "LabelManager",
        "foreground_intensity_properties_per_channel": {
            "0": {
                "max": 1500.0,
                "mean": 20.0,
                "median": 30.0,
                "min": -1024.0,
                "percentile_00_5": -1000.0,
                "percentile_99_5": 900.0,
                "std": 250.0,
            }
        },
        "configurations": {
            configuration: {
                "data_identifier": "nnUNetPlans_3d_fullres",
                "preprocessor_name": "DefaultPreprocessor",
                "batch_size": 2,
                "patch_size": list(patch),
                "median_image_size_in_voxels": [64.0, 64.0, 64.0],
                "spacing": list(spacing_mm),
                "normalization_schemes": ["CTNormalization"],
                "use_mask_for_norm": [False],
                "resampling_fn_data": "resample_data_or_seg_to_shape",
                "resampling_fn_seg": "resample_data_or_seg_to_shape",
                "resampling_fn_data_kwargs": {**resampling, "order": 3},
                "resampling_fn_seg_kwargs": {**resampling, "is_seg": True, "order": 1},
                "resampling_fn_probabilities": "resample_data_or_seg_to_shape",
                "resampling_fn_probabilities_kwargs": {**resampling, "order": 1},
                "architecture": {
                    "network_class_name": (
                        "dynamic_network_architectures.architectures.unet.PlainConvUNet"
                    ),
                    "arch_kwargs": {
                        "n_stages": stages,
                        "features_per_stage": list(features),
                        "conv_op": "torch.nn.modules.conv.Conv3d",
                        "kernel_sizes": [[3, 3, 3]] * stages,
                        "strides": [[1, 1, 1]] + [[2, 2, 2]] * (stages - 1),
                        "n_conv_per_stage": [1] * stages,
                        "n_conv_per_stage_decoder": [1] * (stages - 1),
                        "conv_bias": True,
                        "norm_op": "torch.nn.modules.instancenorm.InstanceNorm3d",
                        "norm_op_kwargs": {"eps": 1e-05, "affine": True},
                        "dropout_op": None,
                        "dropout_op_kwargs": None,
                        "nonlin": "torch.nn.LeakyReLU",
                        "nonlin_kwargs": {"inplace": True},
                    },
                    "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
                },
                "batch_dice": False,
            }
        },
    }


def install_tiny(
    root: Path,
    task: Task,
    plans: dict[str, Any] | None = None,
    *,
    seed: int = 0,
    favoured: tuple[str, ...] = (),
) -> list[Path]:
    """Write random weights for every network of a task below ``root``.

    Args:
        root: weights folder.
        task: whose networks.
        plans: of every network; by default at the task's own spacing.
        seed: of the random weights.
        favoured: structures that should win somewhere.

    Returns:
        The model folders.
    """
    return [
        install_tiny_model(root, model, task, plans, seed=seed + number, favoured=favoured)
        for number, model in enumerate(task.models)
    ]


def as_trained(task: Task) -> Task:
    """A task of another collection as its makers have it: a trainer, and their class names."""
    (model,) = task.models
    assert model.published is not None
    trained = replace(
        model, trainer="nnUNetTrainer", plans="nnUNetPlans", configuration="3d_fullres"
    )
    return replace(task, names=model.published.their_names, models=(trained,))


def install_tiny_blast(folder: Path, count: int = 1) -> None:
    """Write random checkpoints of BLAST-CT's network; the package ``blast-ct`` must be there."""
    assets, models = (import_module(f"blast_ct.{name}") for name in ("assets", "models"))
    settings = json.loads(Path(assets.get_config_path()).read_text())
    folder.mkdir(parents=True)
    for number in range(1, count + 1):
        torch.manual_seed(number)
        module = models.DeepMedic(
            input_channels=settings["data"]["input_channels"],
            num_classes=settings["data"]["num_classes"],
            **settings["model"]["DeepMedic"],
        )
        torch.save(module.state_dict(), folder / f"model_{number}.torch_model")


def install_tiny_model(
    root: Path,
    model: Model,
    task: Task,
    plans: dict[str, Any] | None = None,
    *,
    seed: int = 0,
    favoured: tuple[str, ...] = (),
) -> Path:
    """Write one network as nnU-Net leaves it after training."""
    if plans is None:
        right, anterior, superior = (mm or 3.0 for mm in task.spacing_mm or (3.0, 3.0, 3.0))
        plans = tiny_plans((superior, anterior, right), configuration=model.configuration)
    folder = root / model.dataset / model.folder
    labels = {"background": 0}
    labels |= {task.names[number]: label for label, number in model.label_numbers.items()}
    dataset = {
        "channel_names": {"0": "CT"},
        "labels": labels,
        "numTraining": 1,
        "file_ending": ".nii.gz",
        "overwrite_image_reader_writer": "NibabelIOWithReorient",
    }
    folder.mkdir(parents=True)
    (folder / "plans.json").write_text(json.dumps(plans))
    (folder / "dataset.json").write_text(json.dumps(dataset))
    liked = [labels[name] for name in favoured if name in labels]
    for fold in model.folds or (0, 1):
        (folder / f"fold_{fold}").mkdir()
        checkpoint = tiny_checkpoint(plans, model, len(labels), seed + 100 * fold, liked)
        torch.save(checkpoint, folder / f"fold_{fold}" / "checkpoint_final.pth")
    return folder


def tiny_checkpoint(
    plans: dict[str, Any], model: Model, heads: int, seed: int, liked: list[int]
) -> dict[str, Any]:
    """A checkpoint with everything nnU-Net's own hold, numpy numbers included."""
    torch.manual_seed(seed)
    architecture = plans["configurations"][model.configuration]["architecture"]
    network = get_network_from_plans(
        architecture["network_class_name"],
        architecture["arch_kwargs"],
        architecture["_kw_requires_import"],
        1,
        heads,
        allow_init=False,
        deep_supervision=True,
    )
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if "seg_layers" in name:  # spread the classes, or one of them wins everywhere
                parameter.normal_(0, 1)
                if name.endswith("bias"):
                    parameter[liked] += 4
    return {
        "network_weights": network.state_dict(),
        "optimizer_state": None,
        "grad_scaler_state": None,
        "logging": {"train_losses": [np.float32(0.5)], "val_losses": [np.float64(0.4)]},
        "_best_ema": np.float64(0.9),
        "current_epoch": 1000,
        "init_args": {
            "plans": plans,
            "configuration": model.configuration,
            "fold": 0,
            "device": torch.device("cpu"),
        },
        "trainer_name": model.trainer,
        "inference_allowed_mirroring_axes": (0, 1, 2),
    }


def noisy_body(
    shape: tuple[int, int, int] = (36, 32, 40),
    spacing_mm: tuple[float, float, float] = (3.9, 4.2, 4.4),
    seed: int = 1,
) -> Volume:
    """An ellipse of soft tissue with smooth texture in air, HU as int16."""
    generator = np.random.default_rng(seed)
    i, j, k = np.ogrid[: shape[0], : shape[1], : shape[2]]
    middle = np.array(shape) / 2
    body = ((i - middle[0]) / (0.42 * shape[0])) ** 2 + ((j - middle[1]) / (0.4 * shape[1])) ** 2
    waves = sum(
        90 * np.sin(f * i / 9 + a) * np.cos(f * j / 7 + b) * np.sin(f * k / 8 + a)
        for f, a, b in ((1, 0, 1), (2, 2, 0), (4, 1, 3))
    )
    data = np.where(body < 1, 40 + waves, -1000) + generator.normal(0, 15, shape)
    affine = np.diag([*spacing_mm, 1.0])
    affine[:3, 3] = (-110.0, -95.5, 300.25)
    return Volume(np.clip(data, -1024, 1500).astype(np.int16), affine)
