"""Write trained networks as nnU-Net model folders with TotalSegmentator's names and numbers.

    python tools/train/export.py --work DIR --to src/heimdallr/segmentation/bundled

Each head of a network becomes a task of its own with the same trunk. Channels of classes that were
not trained have zero weights and a bias far below every logit, so they are never the largest.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from classes import BLEED, MR_KEPT, TISSUE, TISSUE_KEPT, TOTAL, TOTAL_KEPT, TOTAL_MR
from dynamic_network_architectures.architectures.unet import PlainConvUNet
from model import HeadedUNet, architecture
from stages import STAGES
from torch import nn
from totalsegmentator.map_tasks_config import TASK_CONFIGS, TASK_ID_WEIGHTS_CONFIGS

if TYPE_CHECKING:
    from collections.abc import Mapping

OFF = -100.0
"""Bias of a channel that was not trained.

nnU-Net sums logits times up to 10 over up to dozens of windows in half precision (largest 65504).
"""


_TOTAL_NOT_LEARNT = frozenset({8, 9})
_MR_NOT_LEARNT = frozenset({8, 9, 17, 20, 26, 34, 35})
"""Trained, but with a mean Dice below 0.2 on phantoms: adrenals; on MR also prostate, discs, the
left iliac artery and clavicles. Their channels are switched off."""


_TOTAL_HIDDEN = frozenset({7})
"""Learnt, but not well: the pancreas (Dice 0.33 on the real CT). The channel stays, so that nothing
else takes its place; the engine leaves the label out."""

_TOTAL_LOCATED = frozenset({53, 64, 65, 66})
"""Not well either, but the contrast phase is read off their attenuation: pulmonary, portal and
splenic veins, iliac arteries. They are in the label map, and are not measured."""

_MR_HIDDEN = frozenset({7, 14, 25, 27})
"""Learnt, but not well on phantoms: pancreas, duodenum, portal and splenic vein, right iliac artery
(mean Dice 0.35 to 0.50)."""


@dataclass(frozen=True, slots=True)
class Target:
    """One model folder.

    Attributes:
        stage: Training stage whose checkpoint is used.
        head: Which head of it.
        dataset_id: TotalSegmentator's dataset number.
        trainer: Trainer name of the official folder.
        names: Official class numbers and names.
        kept: Official numbers in the order of the trained channels.
        modality: Channel name in `dataset.json`.
        normalisation: nnU-Net's normalisation scheme.
        caution: Subtracted from every foreground logit. The bleed's 3.5 was found in November 2026
            on ten phantoms that are neither trained on nor evaluated on: without it bleeds measured
            18 % too large there. Found anew after each training.
        not_learnt: Trained classes that are not good enough to be shown; switched off.
        hidden: Trained classes whose voxels are left out of the label map.
        located: Classes that are shown, but not measured.
    """

    stage: str
    head: int
    dataset_id: int
    trainer: str
    names: Mapping[int, str]
    kept: tuple[int, ...]
    modality: str = "CT"
    normalisation: str = "CTNormalization"
    caution: float = 0.0
    not_learnt: frozenset[int] = frozenset()
    hidden: frozenset[int] = frozenset()
    located: frozenset[int] = frozenset()

    @property
    def dataset(self) -> str:
        """Name of the dataset folder."""
        return str(TASK_ID_WEIGHTS_CONFIGS[self.dataset_id]["foldername"])


def _trainer(task: str, mode: str | None = None) -> str:
    config = TASK_CONFIGS[task]
    return str((config["sub_modes"][mode] if mode else config)["trainer"])


TARGETS: dict[str, Target] = {
    "total": Target(
        "ct",
        0,
        297,
        _trainer("total", "fast"),
        TOTAL,
        TOTAL_KEPT,
        not_learnt=_TOTAL_NOT_LEARNT,
        hidden=_TOTAL_HIDDEN,
        located=_TOTAL_LOCATED,
    ),
    "tissue_types": Target("ct", 1, 481, _trainer("tissue_types"), TISSUE, TISSUE_KEPT),
    "total_mr": Target(
        "mr",
        0,
        852,
        _trainer("total_mr", "fast"),
        TOTAL_MR,
        MR_KEPT,
        "MRI",
        "ZScoreNormalization",
        not_learnt=_MR_NOT_LEARNT,
        hidden=_MR_HIDDEN,
    ),
    "cerebral_bleed": Target("bleed", 0, 150, _trainer("cerebral_bleed"), BLEED, (1,), caution=3.5),
}


def plans(target: Target) -> dict[str, Any]:
    """nnU-Net's `plans.json` of one target."""
    stage = STAGES[target.stage]
    spacing = [stage.spacing_mm] * 3
    properties = {
        "max": stage.high_hu,
        "mean": stage.mean_hu,
        "median": stage.mean_hu,
        "min": stage.low_hu,
        "percentile_00_5": stage.low_hu,
        "percentile_99_5": stage.high_hu,
        "std": stage.std_hu,
    }
    resample = "resample_data_or_seg_to_shape"
    return {
        "dataset_name": target.dataset,
        "plans_name": "nnUNetPlans",
        "original_median_spacing_after_transp": spacing,
        "original_median_shape_after_transp": list(stage.patch),
        "image_reader_writer": "NibabelIOWithReorient",
        "transpose_forward": [0, 1, 2],
        "transpose_backward": [0, 1, 2],
        "experiment_planner_used": "ExperimentPlanner",
        "label_manager": "LabelManager",
        "foreground_intensity_properties_per_channel": {"0": properties},
        "configurations": {
            "3d_fullres": {
                "data_identifier": "nnUNetPlans_3d_fullres",
                "preprocessor_name": "DefaultPreprocessor",
                "batch_size": 1,
                "patch_size": list(stage.patch),
                "median_image_size_in_voxels": list(stage.patch),
                "spacing": spacing,
                "normalization_schemes": [target.normalisation],
                "use_mask_for_norm": [False],
                "resampling_fn_data": resample,
                "resampling_fn_seg": resample,
                "resampling_fn_data_kwargs": {
                    "is_seg": False,
                    "order": 3,
                    "order_z": 0,
                    "force_separate_z": None,
                },
                "resampling_fn_seg_kwargs": {
                    "is_seg": True,
                    "order": 1,
                    "order_z": 0,
                    "force_separate_z": None,
                },
                "resampling_fn_probabilities": resample,
                "resampling_fn_probabilities_kwargs": {
                    "is_seg": False,
                    "order": 1,
                    "order_z": 0,
                    "force_separate_z": None,
                },
                "architecture": architecture(stage.network),
                "batch_dice": True,
            }
        },
    }


def dataset_description(target: Target) -> dict[str, Any]:
    """nnU-Net's `dataset.json` of one target."""
    labels = {"background": 0} | {name: number for number, name in sorted(target.names.items())}
    return {
        "channel_names": {"0": target.modality},
        "labels": labels,
        "numTraining": 0,
        "file_ending": ".nii.gz",
        "name": target.dataset,
        "overwrite_image_reader_writer": "NibabelIOWithReorient",
    }


def network_weights(net: HeadedUNet, target: Target) -> dict[str, torch.Tensor]:
    """State dict of the PlainConvUNet with the official number of output channels, half precision.

    The encoder appears twice in nnU-Net's state dict; both entries share one tensor, so that the
    file holds it once.
    """
    stage = STAGES[target.stage]
    kwargs = dict(architecture(stage.network)["arch_kwargs"])
    kwargs |= {
        "conv_op": nn.Conv3d,
        "norm_op": nn.InstanceNorm3d,
        "nonlin": nn.LeakyReLU,
        "deep_supervision": False,
    }
    full = PlainConvUNet(input_channels=1, num_classes=1 + max(target.names), **kwargs)
    trunk = net.trunk.state_dict()
    missing = full.load_state_dict(
        {k: v for k, v in trunk.items() if "seg_layers" not in k}, strict=False
    )
    if missing.unexpected_keys or any("seg_layers" not in key for key in missing.missing_keys):
        msg = f"the trunk does not fit the plans: {missing}"
        raise RuntimeError(msg)
    head = net.heads[target.head]
    rows = [0, *target.kept]
    with torch.no_grad():
        for layer in full.decoder.seg_layers:
            layer.weight.zero_()
            layer.bias.fill_(OFF)
            layer.bias[0] = 0.0
        last = full.decoder.seg_layers[-1]
        last.weight[rows, :, 0, 0, 0] = head.weight
        last.bias[rows] = head.bias
        last.bias[1:] -= target.caution
        not_learnt = sorted(target.not_learnt)
        last.weight[not_learnt] = 0
        last.bias[not_learnt] = OFF
    halves: dict[int, torch.Tensor] = {}
    state = full.state_dict()
    for tensor in state.values():
        halves.setdefault(tensor.data_ptr(), tensor.half().clone())
    return {key: halves[tensor.data_ptr()] for key, tensor in state.items()}


def write(target: Target, net: HeadedUNet, to: Path, trained: Mapping[str, float]) -> Path:
    """Write one model folder; returns it."""
    dataset = to / target.dataset
    folder = dataset / f"{target.trainer}__nnUNetPlans__3d_fullres"
    (folder / "fold_0").mkdir(parents=True, exist_ok=True)
    (folder / "plans.json").write_text(json.dumps(plans(target), indent=1) + "\n")
    (folder / "dataset.json").write_text(json.dumps(dataset_description(target), indent=1) + "\n")
    left_out = target.not_learnt | target.hidden
    marker = {
        "notice": "bundled weights — not for clinical use",
        "classes": [target.names[n] for n in target.kept if n not in left_out],
        "located_only": [target.names[n] for n in sorted(target.located)],
        "trained": dict(trained),
    }
    text = json.dumps(marker, indent=1, ensure_ascii=False)
    (dataset / "heimdallr-bundled.json").write_text(text + "\n", encoding="utf-8")
    checkpoint = folder / "fold_0" / "checkpoint_final.pth"
    aside = checkpoint.with_suffix(".part")
    torch.save(
        {
            "network_weights": network_weights(net, target),
            "trainer_name": target.trainer,
            "init_args": {"configuration": "3d_fullres", "fold": 0},
            "inference_allowed_mirroring_axes": None,
            "current_epoch": 0,
        },
        aside,
    )
    aside.replace(checkpoint)
    return folder


@dataclass(frozen=True, slots=True)
class Start:
    """What a training began with, mixed into its result: it often keeps what was good.

    Attributes:
        weights: What `warm_start.py` wrote.
        share: Of the trained weights, 0 to 1; the rest are the start's.
    """

    weights: Path
    share: float

    def mixed(self, trained: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Each parameter on the line from start to trained."""
        start = torch.load(self.weights, weights_only=True)["average"]
        return {key: torch.lerp(start[key], value, self.share) for key, value in trained.items()}


def export(
    work: Path, to: Path, names: list[str], *, allow_untrained: bool, start: Start | None = None
) -> None:
    """Write the named targets from the checkpoints of a work folder.

    Raises:
        FileNotFoundError: A stage has no checkpoint and `allow_untrained` is off.
    """
    for name in names:
        target = TARGETS[name]
        stage = STAGES[target.stage]
        torch.manual_seed(1)
        net = HeadedUNet(stage.network, stage.heads)
        path = work / f"{target.stage}.pt"
        trained = {"steps": 0, "minutes": 0.0}
        if path.exists():
            state = torch.load(path, weights_only=True)
            average = state["average"]
            net.load_state_dict(average if start is None else start.mixed(average))
            trained = {"steps": state["steps"], "minutes": round(state["elapsed_s"] / 60, 1)}
        elif not allow_untrained:
            raise FileNotFoundError(path)
        folder = write(target, net, to, trained)
        size = (folder / "fold_0" / "checkpoint_final.pth").stat().st_size
        print(f"{name}: {trained['steps']} steps, {size / 1e6:.2f} MB, {folder}")


def main() -> None:
    """Export from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", nargs="*", metavar="TASK", help=f"of {list(TARGETS)}; default all")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--allow-untrained", action="store_true", help="for trying the pipeline")
    parser.add_argument("--start", type=Path, help="weights to mix in, of warm_start.py")
    parser.add_argument("--share", type=float, default=0.5, help="of the trained ones in the mix")
    options = parser.parse_args()
    tasks = list(options.tasks) or list(TARGETS)
    start = None if options.start is None else Start(options.start, options.share)
    export(options.work, options.to, tasks, allow_untrained=options.allow_untrained, start=start)


if __name__ == "__main__":
    main()
