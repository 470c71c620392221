"""Take exported model folders up again as a checkpoint to train on from: `export.py` backwards.

    python tools/train/warm_start.py ct --from src/heimdallr/segmentation/bundled --to START.pt
    python tools/train/train.py ct --start-from START.pt …

The optimiser's state is not in the folders: give a lower rate than a first training has.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from export import OFF, TARGETS
from model import HeadedUNet
from stages import STAGES

_FORGOTTEN = -4.0
"""Added to the background's logit for a class whose channel was switched off at export.

Chosen, not measured: rare at first, and found again within some steps; -8 costs a large loss, -2
gives a fiftieth of all voxels to it."""


def network(stage: str, bundled: Path) -> HeadedUNet:
    """The network of a stage as its folders hold it, in single precision.

    Raises:
        ValueError: The folders' trunks are not one network.
    """
    net = HeadedUNet(STAGES[stage].network, STAGES[stage].heads)
    trunk: dict[str, torch.Tensor] = {}
    for target in (one for one in TARGETS.values() if one.stage == stage):
        (path,) = (bundled / target.dataset).glob("*/fold_0/checkpoint_final.pth")
        stored = torch.load(path, weights_only=False)["network_weights"]
        state = {key: value.float() for key, value in stored.items()}
        own = {key: value for key, value in state.items() if "seg_layers" not in key}
        if any(not torch.equal(value, trunk.get(key, value)) for key, value in own.items()):
            msg = f"the folders of stage {stage} hold different trunks"
            raise ValueError(msg)
        trunk = own
        last = max(key for key in state if key.endswith(".bias") and "seg_layers" in key)
        rows = [0, *target.kept]
        weight = state[last.replace(".bias", ".weight")][rows, :, 0, 0, 0]
        bias = state[last][rows]
        bias[1:] += target.caution
        forgotten = bias <= OFF / 2
        weight[forgotten], bias[forgotten] = weight[0].clone(), bias[0] + _FORGOTTEN
        head = net.heads[target.head]
        head.load_state_dict({"weight": weight, "bias": bias})
    net.trunk.load_state_dict(trunk, strict=False)
    return net


def main() -> None:
    """Write the checkpoint from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage", choices=sorted(STAGES))
    parser.add_argument("--from", dest="bundled", type=Path, required=True)
    parser.add_argument("--to", type=Path, required=True)
    options = parser.parse_args()
    torch.save({"average": network(options.stage, options.bundled).state_dict()}, options.to)


if __name__ == "__main__":
    main()
