"""Nodules of two case folders are laid over each other lobe by lobe."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from store_cases import add_study, make_identity, make_results, measurement, write_case

from heimdallr.publishing.schema import (
    LABELS_FILE,
    LABELS_FOLDER,
    LabelMapRecord,
    Labels,
    MeasurementRecord,
    StructureRecord,
)
from heimdallr.store.models import MeasurementRow, StudyState
from heimdallr.store.reading.nodule_comparison import compare_nodules

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

    from heimdallr.publishing.schema import Index
    from heimdallr.store.database import Database
    from heimdallr.store.models import Study

LOBE = "lung_lower_lobe_right"


def lobe(low: Index, high: Index, name: str = LOBE) -> Labels:
    """``labels.json`` of an image of 200³ voxels of 1 × 1 × 2 mm with one lobe."""
    middle = (100.0, 100.0, 100.0)
    record = StructureRecord(
        label=13, structure=name, name="", colour=(1, 2, 3), group="lungs", voxels=9,
        bbox_min_ijk=low, bbox_max_ijk=high, centroid_ijk=middle, centroid_ras_mm=middle,
        largest_slice=100, position_ijk=(100, 100, 100), position_ras_mm=middle,
    )  # fmt: skip
    affine = ((1.0, 0, 0, 0), (0, 1.0, 0, 0), (0, 0, 2.0, 0), (0, 0, 0, 1.0))
    maps = [LabelMapRecord(name="total", task="total", structures=[record])]
    return Labels(shape=(200, 200, 200), affine=affine, maps=maps)


def nodule(number: int, volume_mm3: float, voxel: str) -> tuple[MeasurementRecord, ...]:
    """What is published of a nodule, as far as it is read here."""
    volume = measurement(f"nodule_{number}_vol_mm3", volume_mm3, unit="mm3")
    where = measurement(f"nodule_{number}_lobe", LOBE)
    return volume.model_copy(update={"parameters": {"voxel": voxel}}), where


def examined(
    session: Session,
    output: Path,
    date: str,
    labels: Labels,
    *rows: MeasurementRecord,
    count: int | None = None,
) -> Study:
    """A study of the patient with a folder; it lists all it counts unless told otherwise."""
    counted = len(rows) // 2 if count is None else count
    rows = (measurement("lung_nodules", counted), *rows)
    case_id = f"SilvaMJ_{date}_1"
    folder = write_case(
        output,
        make_results(measurements=rows, case_id=case_id),
        make_identity(case_id=case_id),
    )
    (folder / LABELS_FOLDER).mkdir()
    (folder / LABELS_FOLDER / LABELS_FILE).write_text(labels.model_dump_json())
    study = add_study(
        session, f"1.{date}", study_date=date, patient_fk=1, modality="CT", has_results=True,
        state=StudyState.DONE, case_id=case_id,
    )  # fmt: skip
    for one in rows:
        number = one.value if isinstance(one.value, int | float) else None
        session.add(
            MeasurementRow(
                study_fk=study.id, name=one.name, value=number, unit="", status="measured"
            )
        )
    session.flush()
    return study


def test_a_nodule_that_grew_and_one_that_is_new(database: Database, tmp_path: Path) -> None:
    """Ranks have changed and the lobe lies elsewhere; the doubling time is that of one nodule."""
    with database.write() as session:
        before = examined(
            session, tmp_path, "20250101", lobe((20, 20, 20), (119, 119, 119)),
            *nodule(1, 200.0, "70 70 70"),
        )  # fmt: skip
        now = examined(
            session, tmp_path, "20260101", lobe((30, 30, 30), (129, 129, 149)),
            *nodule(1, 900.0, "40 40 40"), *nodule(2, 400.0, "80 80 90"),
        )  # fmt: skip
        found = compare_nodules(session, now, tmp_path)
        assert found is not None
        assert (found.study_id, found.study_date) == (before.id, "20250101")
        new, grown = found.nodules
        assert (new.why_not, new.earlier, new.growth) == ("not_seen_before", None, None)
        assert grown.earlier is not None
        assert grown.earlier.number == 1
        assert grown.growth is not None
        assert grown.growth.doubling_days == pytest.approx(365.0)
        assert compare_nodules(session, before, tmp_path) is None


def test_a_lobe_at_the_edge_of_the_image_is_not_compared(
    database: Database, tmp_path: Path
) -> None:
    """Its box is not the lobe's: what is seen now may have lain beyond the edge."""
    with database.write() as session:
        examined(session, tmp_path, "20250101", lobe((20, 20, 0), (119, 119, 90)))
        row = nodule(1, 400.0, "70 70 70")
        now = examined(session, tmp_path, "20260101", lobe((20, 20, 20), (119, 119, 119)), *row)
        found = compare_nodules(session, now, tmp_path)
        assert found is not None
        assert [one.why_not for one in found.nodules] == ["lobe_not_whole"]


@pytest.mark.parametrize(
    ("then", "now", "why_not"),
    [(10, 10, None), (12, 10, "not_all_listed"), (10, 12, "not_all_listed")],
)
def test_of_more_than_ten_nodules_some_have_no_place(
    database: Database, tmp_path: Path, then: int, now: int, why_not: str | None
) -> None:
    """Number 2 of now may have been number 11 then, and lie beside what was number 8."""
    place = lobe((20, 20, 20), (119, 119, 119))
    rows = [
        one
        for n in range(10)
        for one in nodule(n + 1, 300.0 - n, f"{30 + 25 * (n % 4)} {30 + 25 * (n // 4)} 70")
    ]
    with database.write() as session:
        examined(session, tmp_path, "20250101", place, *rows, count=then)
        study = examined(session, tmp_path, "20260101", place, *rows, count=now)
        found = compare_nodules(session, study, tmp_path)
        assert found is not None
        assert [one.why_not for one in found.nodules] == [why_not] * 10
        growths = [one.growth and one.growth.verdict for one in found.nodules]
        assert growths == [None if why_not else "no_change"] * 10


def test_a_nodule_without_a_volume_may_be_the_one(database: Database, tmp_path: Path) -> None:
    """Missing slices cut it then; what lies there now is not new."""
    place = lobe((20, 20, 20), (119, 119, 119))
    volume, where = nodule(1, 400.0, "70 70 70")
    cut = volume.model_copy(update={"value": None, "status": "not_assessable"})
    with database.write() as session:
        examined(session, tmp_path, "20250101", place, cut, where)
        now = examined(session, tmp_path, "20260101", place, volume, where)
        found = compare_nodules(session, now, tmp_path)
        assert found is not None
        assert [one.why_not for one in found.nodules] == ["not_all_listed"]


def test_the_last_ct_that_shows_the_lobe_counts(database: Database, tmp_path: Path) -> None:
    """Between two chests an abdomen shows the bases, and no nodule in them."""
    upper = "lung_upper_lobe_right"
    place = lobe((20, 20, 20), (119, 119, 119), upper)
    volume, _ = nodule(1, 400.0, "70 70 70")
    rows = (volume, measurement("nodule_1_lobe", upper))
    with database.write() as session:
        chest = examined(session, tmp_path, "20250101", place, *rows)
        bases = lobe((20, 20, 0), (119, 119, 90))
        abdomen = examined(session, tmp_path, "20250301", bases)
        now = examined(session, tmp_path, "20250601", place, *rows)
        found = compare_nodules(session, now, tmp_path)
        assert found is not None
        assert (found.study_id, found.study_date) == (chest.id, "20250101")
        assert [one.why_not for one in found.nodules] == [None]
        shutil.rmtree(tmp_path / str(chest.case_id))
        found = compare_nodules(session, now, tmp_path)
        assert found is not None
        assert (found.study_id, found.study_date) == (abdomen.id, "20250301")
        assert [one.why_not for one in found.nodules] == ["lobe_not_whole"]


def test_folders_that_are_gone_compare_nothing(database: Database, tmp_path: Path) -> None:
    """Retention has taken the earlier one."""
    with database.write() as session:
        row = nodule(1, 400.0, "70 70 70")
        place = lobe((20, 20, 20), (119, 119, 119))
        before = examined(session, tmp_path, "20250101", place, *row)
        now = examined(session, tmp_path, "20260101", place, *row)
        shutil.rmtree(tmp_path / str(before.case_id))
        assert compare_nodules(session, now, tmp_path) is None
