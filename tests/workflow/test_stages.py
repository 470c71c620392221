"""What the stages make of slices that no image shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
from dicom_series import SeriesOnDisk

from heimdallr.imaging.volume import LabelMap, Volume
from heimdallr.preparation.prepare import PreparedStudy, prepare
from heimdallr.segmentation.plan import CaseSegmentations
from heimdallr.segmentation.result import Segmentation, SegmentationProvenance
from heimdallr.workflow import stages

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from heimdallr.segmentation.engine import Engine


def test_nothing_is_labelled_where_slices_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Networks look at what lies between, readers and analyses do not; these are told of it."""
    SeriesOnDisk(depths_mm=(0.0, 4.0, 8.0, 12.0, 28.0, 32.0, 36.0)).write(tmp_path / "images")
    (prepared,) = prepare(tmp_path / "images", tmp_path / "work")
    assert isinstance(prepared, PreparedStudy)

    def everywhere(_engine: Engine, image: Volume, *_: object, **__: object) -> CaseSegmentations:
        assert np.ptp(image.data[:, :, 5]) > 900
        labels = LabelMap(np.ones(image.shape, np.uint8), image.affine, {1: "liver"})
        provenance = SegmentationProvenance("total", "none", "cpu", (), "other", (), 3.0, 0.0)
        return CaseSegmentations({"total": Segmentation(labels, provenance)})

    monkeypatch.setattr(stages, "segment_case", everywhere)
    segmented = stages.segment(prepared, cast("Engine", None), "fast", lambda _share: None)
    labels = segmented.made.done["total"].label_map.data
    assert [int(labels[:, :, k].max()) for k in range(10)] == [1, 1, 1, 1, 0, 0, 0, 1, 1, 1]
    case = stages.case_of(prepared, segmented)
    assert [(gap.start, gap.stop) for gap in case.gaps] == [(4, 7)]
    assert np.ptp(case.image.data[:, :, 4:7]) == 0
    assert case.statistics["liver"].truncated_at[-1] == "gap"
