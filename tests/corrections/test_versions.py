"""Every version can be had again: its numbers, its label maps, and the way back to it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
from corrected_cases import (
    MUSCLE,
    draw,
    drawn,
    files_of,
    made,
    reject,
    restore,
    say_level,
    smaller_liver,
)
from publishing_cases import trunk_arrays

from heimdallr.corrections.versions import (
    compare,
    label_map_of,
    results_of,
    version_in,
    versions,
    write_label_map_of,
)
from heimdallr.domain.errors import CorrectionError, PublishingError
from heimdallr.publishing.correction_records import RejectionRecord
from heimdallr.publishing.schema import read_results

if TYPE_CHECKING:
    from pathlib import Path

MAPS = ("labels/total.nii.gz", "labels/tissue_types.nii.gz")


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The networks' folder; the same after three corrections, whose numbers have a gap."""
    first = made(tmp_path_factory.mktemp("first"))
    case = shutil.copytree(first, tmp_path_factory.mktemp("story") / first.name)
    organs, after = smaller_liver()
    draw(case, drawn("total", organs, after), 1)
    tissues = trunk_arrays()[2]
    without = np.where(tissues == MUSCLE, 0, tissues).astype(np.uint8)
    draw(case, drawn("tissue_types", tissues, without), 2)
    say_level(case, "vertebrae_L2", "vertebrae_L3", 5)
    return first, case


@pytest.fixture
def case(story: tuple[Path, Path], tmp_path: Path) -> Path:
    """A copy to be worked on."""
    return shutil.copytree(story[1], tmp_path / story[1].name)


def test_versions_are_numbered_by_their_corrections(story: tuple[Path, Path]) -> None:
    """0, then each number that was applied."""
    first, case = story
    assert versions(first) == (0,)
    assert versions(case) == (0, 1, 2, 5)
    assert [version_in(results_of(case, one)) for one in (0, 1, 2, 5)] == [0, 1, 2, 5]
    assert results_of(case, 0) == read_results(first)
    assert results_of(case, 5) == read_results(case)


def test_label_maps_of_every_version_follow_from_the_present_ones(
    story: tuple[Path, Path], tmp_path: Path
) -> None:
    """Also of a map that has lost a structure since; as files they are the very ones."""
    first, case = story
    organs, after = smaller_liver()
    assert np.array_equal(label_map_of(case, 1, "total").data, after)
    assert np.array_equal(label_map_of(case, 0, "total").data, organs)
    assert np.array_equal(label_map_of(case, 1, "tissue_types").data, trunk_arrays()[2])
    assert not (label_map_of(case, 2, "tissue_types").data == MUSCLE).any()
    target = tmp_path / "map.nii.gz"
    for name in MAPS:
        write_label_map_of(case, 0, name.removeprefix("labels/").removesuffix(".nii.gz"), target)
        assert target.read_bytes() == (first / name).read_bytes()


def test_the_first_version_comes_back_byte_by_byte(story: tuple[Path, Path], case: Path) -> None:
    """All but the files that tell the story; the way there can be gone back as well."""
    first, _ = story
    now = read_results(case)

    applied = restore(case, 0, 6)

    def plain(folder: Path) -> dict[str, bytes]:
        told = ("corrections/", "resultados.json", "case.json")
        return {name: data for name, data in files_of(folder).items() if not name.startswith(told)}

    assert plain(case) == plain(first)
    was = read_results(first)
    assert applied.results.measurements == was.measurements
    assert applied.results.findings == was.findings
    assert [one.number for one in applied.results.provenance.corrections] == [6]
    assert versions(case) == (0, 1, 2, 5, 6)

    again = restore(case, 5, 7)
    assert again.results.measurements == now.measurements
    assert [one.number for one in again.results.provenance.corrections] == [1, 2, 5, 7]
    assert np.array_equal(label_map_of(case, 5, "total").data, label_map_of(case, 7, "total").data)


def test_rejections_are_restored_as_they_were(case: Path) -> None:
    """What was not believed at version 8 is not believed again."""
    liver = RejectionRecord(kind="structure", name="liver", reason="wrong_extent")
    reject(case, 8, no=[liver])
    reject(case, 9, yes=[liver])
    assert read_results(case).provenance.rejections == []

    results = restore(case, 8, 10).results

    assert [one.name for one in results.provenance.rejections] == ["liver"]
    assert results.measurements == results_of(case, 8).measurements


def test_a_comparison_names_what_differs(story: tuple[Path, Path]) -> None:
    """Numbers, statuses and findings; nothing of what is the same."""
    _, case = story
    found = compare(results_of(case, 0), results_of(case, 1))

    liver = next(one for one in found.measurements if one.name == "liver_vol_cm3")
    assert isinstance(liver.before, float)
    assert isinstance(liver.after, float)
    assert liver.before > liver.after
    assert (liver.unit, liver.status_before, liver.status_after) == ("cm3", "measured", "measured")
    assert "SMA_cm2" not in {one.name for one in found.measurements}
    lost = {one.name: one for one in compare(results_of(case, 1), results_of(case, 2)).measurements}
    assert (lost["SMA_cm2"].after, lost["SMA_cm2"].status_after) == (None, "not_assessable")
    assert lost["SMA_cm2"].reason_after_coded is not None
    same = compare(results_of(case, 1), results_of(case, 1))
    assert (same.measurements, same.findings_gone, same.findings_new) == ((), (), ())


def test_findings_come_and_go(story: tuple[Path, Path]) -> None:
    """By their codes."""
    first = read_results(story[0])
    without = first.model_copy(update={"findings": first.findings[1:]})
    assert compare(first, without).findings_gone == (first.findings[0].code,)
    assert compare(without, first).findings_new == (first.findings[0].code,)


@pytest.mark.parametrize("version", [3, 6, -1])
def test_there_is_no_other_version(story: tuple[Path, Path], version: int) -> None:
    """Of a number that was declined, or not yet given."""
    for asked in (results_of, lambda case, one: label_map_of(case, one, "total")):
        with pytest.raises(CorrectionError, match="there is no version"):
            asked(story[1], version)


def test_a_map_that_no_task_made_is_not_there(story: tuple[Path, Path]) -> None:
    """The same word as for a drawing on it."""
    with pytest.raises(CorrectionError, match="lung_nodules"):
        label_map_of(story[1], 0, "lung_nodules")


def test_a_damaged_story_is_said(case: Path) -> None:
    """With what to do; nothing of the file is quoted."""
    (case / "corrections" / "0002" / "before.json").write_text("SILVA^MARIA")

    with pytest.raises(PublishingError, match="process the study again") as damaged:
        results_of(case, 0)

    assert "SILVA" not in str(damaged.value)
