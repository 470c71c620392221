"""What a stage hands on through its folder is what it handed on in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dicom_series import SeriesOnDisk

from heimdallr.domain.statements import Statement
from heimdallr.preparation.prepare import PreparedStudy, prepare
from heimdallr.workflow.cases import artefacts

if TYPE_CHECKING:
    from pathlib import Path


def test_a_prepared_study_is_read_back_as_it_was(tmp_path: Path) -> None:
    """Its notices too: they are told only when the case is published."""
    instances = tmp_path / "instances"
    SeriesOnDisk(depths_mm=(0.0, 4.0, 8.0, 20.0, 24.0, 28.0)).write(instances)
    (made,) = prepare(instances, tmp_path / "work")
    assert isinstance(made, PreparedStudy)
    notices = (Statement("told", {"count": 2, "ratio": 1.5, "edges": ("left", "right")}),)
    made = replace(made, notices=notices, skipped={"empty file": 1})
    made.volume_path.rename(tmp_path / artefacts.VOLUME)
    artefacts.save_prepared(tmp_path, made, instances)
    again = artefacts.load_prepared(tmp_path, instances)
    assert (again.notices, again.skipped) == (made.notices, {"empty file": 1})
    assert len(again.unseen) == 1
    assert again.unseen == made.unseen
    assert (again.study, again.series, again.selection) == (made.study, made.series, made.selection)
    assert again.source_files == made.source_files
    assert made.source is not None
    assert again.source == made.source
