"""`heimdallr work` with the networks replaced by the time they take; all else is the real worker.

The label map is made by thresholds, so that analyses and case folder have something to say that
depends on the images. Run as a program, with the environment of a worker and
``SIMULATED_SEGMENT_SHARE``: how much of the real time is spent.
"""

from __future__ import annotations

import os
import random
import sys
import time
from typing import TYPE_CHECKING

import numpy as np

from heimdallr import logs
from heimdallr.config import Settings
from heimdallr.imaging.volume import LabelMap, load_volume
from heimdallr.parent_process import stop_on_signals
from heimdallr.segmentation.plan import CaseSegmentations
from heimdallr.segmentation.result import Segmentation, SegmentationProvenance
from heimdallr.store.layout import data_folders
from heimdallr.workflow.cases import artefacts
from heimdallr.workflow.cases.case_work import CaseWork
from heimdallr.workflow.engine_lease import EngineLease
from heimdallr.workflow.service import run_worker
from heimdallr.workflow.stages import Segmented, make_engine
from simulated_department.day import IMAGES_PER_FILE
from simulated_department.times import segment_s

if TYPE_CHECKING:
    from heimdallr.imaging.volume import Volume
    from heimdallr.preparation.prepare import PreparedStudy
    from heimdallr.workflow.assignment import Assignment, Report, Work
    from heimdallr.workflow.work_folder import WorkFolder

SHARE = "SIMULATED_SEGMENT_SHARE"
_LIVER, _FROM_HU, _TO_HU = 5, 90.0, 160.0
_LOOK_S = 0.05


class TimedWork(CaseWork):
    """The real work, but that its networks only take their time."""

    def _run_networks(self, prepared: PreparedStudy, made_from: str, report: Report) -> Segmented:
        images = len(self._of.sources) * IMAGES_PER_FILE
        dice = random.Random(self._of.content)  # noqa: S311 - the same study takes the same time
        seconds = segment_s(images) * dice.uniform(0.8, 1.2) * float(os.environ[SHARE])
        with self._folder.writing("segment", made_from) as draft:
            with self._lease.use(lambda: report(0.0)):
                draft.begin_now()
                until = time.monotonic() + seconds
                while (left := until - time.monotonic()) > 0:
                    report(1 - left / seconds)
                    time.sleep(min(left, _LOOK_S))
            image = load_volume(prepared.volume_path)
            segmented = Segmented(image, CaseSegmentations({"total": _thresholds(image)}))
            artefacts.save_segmented(draft.folder, segmented)
        self._whole("segment", made_from)
        return segmented


def _thresholds(image: Volume) -> Segmentation:
    inside = (image.data > _FROM_HU) & (image.data < _TO_HU)
    labels = LabelMap(inside.astype(np.uint8) * _LIVER, image.affine, {_LIVER: "liver"})
    provenance = SegmentationProvenance(
        task="total", engine="simulated", device="cpu", weights=(), weights_origin="none",
        weights_sha256=(), spacing_mm=3.0, seconds=0.0,
    )  # fmt: skip
    return Segmentation(labels, provenance)


def main() -> int:
    """A worker until it is told to stop."""
    logs.configure(service="worker", level="info")
    settings = Settings()
    lease, output = EngineLease(lambda: make_engine(settings)), data_folders(settings).output

    def make(assignment: Assignment, folder: WorkFolder) -> Work:
        return TimedWork(assignment, folder, output, settings, lease)

    ended = run_worker(settings, stop_on_signals(), make_work=make)
    if not ended:
        os._exit(3)
    return 0


if __name__ == "__main__":
    sys.exit(main())
