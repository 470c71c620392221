"""Run TotalSegmentator's own ``totalsegmentator()`` on given images: the peer of the engine.

Started as a program of its own, because it changes the process it runs in: nnU-Net looks for a
trainer's class by importing every trainer it has, some of which need torchvision. Here it is told
that every trainer builds the plans' network, which is true of the released ones. Its process pools
are replaced by nnU-Net's own sequential loop to keep the test quick.

Usage: ``python run_totalsegmentator.py JOBS.json`` where JOBS is a list of
``{"image": …, "output": …, "arguments": {…}}``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    """Run every job of the file named on the command line."""
    jobs = json.loads(Path(sys.argv[1]).read_text())
    import torch  # noqa: PLC0415

    torch.set_num_threads(1)
    totalsegmentator = prepared_totalsegmentator()
    for job in jobs:
        totalsegmentator(
            job["image"], job["output"], ml=True, quiet=True, device="cpu", **job["arguments"]
        )


def prepared_totalsegmentator() -> Any:  # noqa: ANN401 - the peer is untyped
    """``totalsegmentator.python_api.totalsegmentator``, able to run without torchvision."""
    import totalsegmentator.nnunet  # noqa: F401, PLC0415 - it patches nnU-Net when imported
    from nnunetv2.inference import predict_from_raw_data as prediction  # noqa: PLC0415
    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer  # noqa: PLC0415
    from totalsegmentator.python_api import totalsegmentator as run  # noqa: PLC0415

    prediction.recursive_find_trainer_class_by_name = lambda _name: nnUNetTrainer

    def sequentially(self: Any, source: str, target: str, **options: Any) -> Any:  # noqa: ANN401
        for unused in ("num_processes_preprocessing", "num_processes_segmentation_export"):
            options.pop(unused)
        for unused in ("num_parts", "part_id"):
            options.pop(unused)
        return self.predict_from_files_sequential(source, target, **options)

    prediction.nnUNetPredictor.predict_from_files = sequentially
    return run


if __name__ == "__main__":
    main()
