"""What the stages make of slices that no image shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
from dicom_series import SeriesOnDisk
from publishing_cases import PREPARED, STARTED, trunk

from heimdallr.analyses.rules.rule_table import packaged_rules
from heimdallr.domain.statements import Statement
from heimdallr.imaging.volume import LabelMap, Volume
from heimdallr.preparation.prepare import PreparedStudy, prepare
from heimdallr.segmentation.plan import CaseSegmentations
from heimdallr.segmentation.result import Segmentation, SegmentationProvenance
from heimdallr.workflow import stages
from heimdallr.workflow.assignment import Chronicle
from heimdallr.workflow.department_rules import InForce

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from heimdallr.publishing.publish import Publication
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


def test_what_was_worked_out_of_a_case_is_published_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the rules in force have something to tell: nobody counts its voxels again."""
    published: list[Publication] = []
    monkeypatch.setattr(stages, "publish_case", lambda _, one, *__, **___: published.append(one))
    case, told = trunk(), Statement("not_requested")
    analyzed = stages.analyze(case, InForce(packaged_rules(), (told,)))

    stages.publish(tmp_path, PREPARED, case, analyzed, Chronicle(STARTED))

    (one,) = published
    assert one.case.notices[-1] == told
    assert one.case.worked_out is case.worked_out
    assert one.case.worked_out.levels is not None
