"""What a person mends is in every number, file and picture, as if it had been so from the start."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from corrected_cases import (
    LATER,
    LIVER,
    MUSCLE,
    TORSO_FAT,
    draw,
    drawn,
    files_of,
    made,
    published,
    record,
    reject,
    restore,
    say_level,
    smaller_liver,
    trunk_of,
)
from publishing_cases import TRUNK_AFFINE, trunk_arrays

from heimdallr.corrections.difference import Difference, labels_version
from heimdallr.corrections.recompute import apply_correction
from heimdallr.corrections.wanted import Wanted
from heimdallr.domain.body_size import BodySize
from heimdallr.domain.errors import CorrectionError, OtherBaseError, PublishingError
from heimdallr.domain.statements import Statement
from heimdallr.publishing.body_size import recompute
from heimdallr.publishing.correction_records import (
    CORRECTION_FILE,
    CorrectionRecord,
    RejectionRecord,
)
from heimdallr.publishing.kept_correction import KeptCorrection
from heimdallr.publishing.schema import (
    MeasurementRecord,
    Results,
    read_labels,
    read_results,
    said,
)
from heimdallr.publishing.stored_case import stored_case

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from heimdallr.imaging.volume import Array

PIXEL_CM2 = TRUNK_AFFINE[0, 0] * TRUNK_AFFINE[1, 1] / 100
STORY = ("resultados.json", "case.json", "id.json", "corrections/")
"""Files that tell when and how often something was made."""


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trunk as the networks' results are published."""
    return made(tmp_path_factory.mktemp("trunk"))


@pytest.fixture
def case(untouched: Path, tmp_path: Path) -> Path:
    """A copy of it to be corrected."""
    return shutil.copytree(untouched, tmp_path / "output" / untouched.name)


def named(results: Results, name: str) -> MeasurementRecord:
    """One measurement."""
    return next(one for one in results.measurements if one.name == name)


def numbers(results: Results) -> list[tuple[object, ...]]:
    """What is said of every measurement, but for its being corrected."""
    return [
        (one.name, one.value, one.status, one.reason, one.structure) for one in results.measurements
    ]


def contents(case: Path) -> dict[str, bytes]:
    """Files of a folder, but for those that tell its story."""
    return {name: data for name, data in files_of(case).items() if not name.startswith(STORY)}


def leak(hu: Array, _: Array, tissues: Array) -> None:
    """Six by four pixels of fat that look like muscle, on three slices about the middle of L3."""
    middle = int(np.median(np.argwhere(trunk_arrays()[1] == 29)[:, 2]))
    where = np.s_[40:46, 40:44, middle - 1 : middle + 2]
    assert (tissues[where] == TORSO_FAT).all()
    tissues[where], hu[where] = MUSCLE, 40


def test_an_erased_leak_takes_exactly_its_area_from_the_muscle(tmp_path: Path) -> None:
    """24 pixels at L3; what does not depend on muscle stays as it was."""
    case = made(tmp_path, leak)
    hu, organs, tissues = (one.copy() for one in trunk_arrays())
    right = tissues.copy()
    leak(hu, organs, tissues)
    before = read_results(case)

    applied = draw(case, drawn("tissue_types", tissues, right))

    now = named(applied.results, "SMA_cm2")
    was = named(before, "SMA_cm2")
    assert isinstance(was.value, float)
    assert now.value == pytest.approx(was.value - 24 * PIXEL_CM2, abs=1e-9)
    assert now.corrected
    assert not named(applied.results, "liver_vol_cm3").corrected
    assert named(applied.results, "liver_vol_cm3") == named(before, "liver_vol_cm3")
    (change, fat) = sorted(applied.record.structures, key=lambda one: one.structure)
    assert (change.structure, change.voxels_removed, change.voxels_added) == (
        "skeletal_muscle", 72, 0,
    )  # fmt: skip
    assert (fat.structure, fat.voxels_added) == ("torso_fat", 72)
    assert change.volume_after_cm3 - change.volume_before_cm3 == pytest.approx(-72 * 0.08)
    assert read_results(case) == applied.results


def edits() -> dict[str, Callable[[Array, Array], None]]:
    """Name → what is drawn on organs and tissues."""

    def halve_the_liver(organs: Array, _: Array) -> None:
        organs[:] = smaller_liver()[1]

    def erase_a_kidney(organs: Array, _: Array) -> None:
        organs[organs == 2] = 0

    def give_spleen_to_liver(organs: Array, _: Array) -> None:
        organs[organs == 1] = LIVER

    def erase_muscle(_: Array, tissues: Array) -> None:
        tissues[tissues == MUSCLE] = 0

    def erase_everything(organs: Array, _: Array) -> None:
        organs[:] = 0

    def both(organs: Array, tissues: Array) -> None:
        organs[:, :40][organs[:, :40] == 29] = 0
        tissues[20:30] = 1

    return {one.__name__: one for one in locals().values()}


@pytest.mark.parametrize("name", edits())
def test_it_is_as_if_the_networks_had_made_it_so(case: Path, tmp_path: Path, name: str) -> None:
    """Numbers, findings, label maps, masks and pictures, byte by byte."""
    hu, organs, tissues = (one.copy() for one in trunk_arrays())
    maps = {"total": organs.copy(), "tissue_types": tissues.copy()}
    edits()[name](organs, tissues)
    after = {"total": organs, "tissue_types": tissues}
    runs = {
        map_name: drawn(map_name, maps[map_name], after[map_name]).maps[map_name]
        for map_name in maps
        if not np.array_equal(maps[map_name], after[map_name])
    }
    anew = published(tmp_path / "anew", *trunk_of(tmp_path / "anew", hu, organs, tissues))

    applied = draw(case, Difference(hu.shape, runs))

    told = read_results(anew)
    assert numbers(applied.results) == numbers(told)
    assert applied.results.findings == told.findings
    assert applied.results.rules == told.rules
    assert applied.results.notices == told.notices
    assert applied.results.flat == told.flat
    assert contents(case) == contents(anew)
    assert applied.base == labels_version(case) == labels_version(anew)


COLUMN = [32, 31, 30, 29, 27, 28]
"""The trunk's vertebrae, T12 to L5."""


def shifted(_: Array, organs: Array, __: Array) -> None:
    """Every vertebra is called one lower than it is; the lowest has no name."""
    new = np.arange(256)
    new[COLUMN[-1]] = 0
    for true, name in pairwise(COLUMN):
        new[true] = name
    organs[:] = new[organs]


def without_the_lowest(_: Array, organs: Array, __: Array) -> None:
    """The right names, of what the shifted column has."""
    organs[organs == COLUMN[-1]] = 0


def test_one_word_puts_a_shifted_column_right(tmp_path: Path) -> None:
    """What was called L4 is L3: the numbers are those of the right column."""
    wrong, right = made(tmp_path / "wrong", shifted), made(tmp_path / "right", without_the_lowest)
    assert named(read_results(wrong), "SMA_cm2").value is None

    applied = say_level(wrong, "vertebrae_L4", "vertebrae_L3")

    told, now = (named(one, "SMA_cm2") for one in (read_results(right), applied.results))
    assert told.value is not None
    assert (now.value, now.parameters["slice_index"]) == (
        told.value,
        told.parameters["slice_index"],
    )
    assert now.parameters["level_rests_on"] == "person"
    assert now.corrected
    for path in ("labels/total.nii.gz", "total/vertebrae_L3.nii.gz", "total/vertebrae_T12.nii.gz"):
        assert (wrong / path).read_bytes() == (right / path).read_bytes()
    assert not (wrong / "total" / "vertebrae_L5.nii.gz").exists()
    assert applied.record.level is not None
    assert stored_case(wrong).said_level == applied.record.level.said
    assert [one.code for one in applied.notes] == ["no_last_lumbar_vertebra"]


def test_a_confirmed_level_rests_on_the_person(case: Path) -> None:
    """No voxel changes, no difference is kept, and the numbers say whose word they follow."""
    before = read_results(case)

    applied = say_level(case, "vertebrae_L3", "vertebrae_L3")

    assert numbers(applied.results) == numbers(before)
    assert named(applied.results, "SMA_cm2").parameters["level_rests_on"] == "person"
    assert not (case / "corrections" / "0001" / "difference.gz").exists()
    assert applied.base == applied.record.base


def test_what_falls_off_the_table_is_said(case: Path) -> None:
    """L5 would be L6, for which this table has no name; its voxels are kept in the difference."""
    applied = say_level(case, "vertebrae_L2", "vertebrae_L3")

    assert [one.code for one in applied.notes] == ["level_has_no_name"]
    kept = KeptCorrection.model_validate_json(
        (case / "corrections/0001" / CORRECTION_FILE).read_bytes()
    )
    assert (kept.record, [said(one) for one in kept.notes]) == (applied.record, [*applied.notes])
    lost = next(one for one in applied.record.structures if one.structure == "vertebrae_L5")
    assert lost.voxels_removed > 0
    restore(case, 0, 2)
    assert "vertebrae_T12" in {one.structure for one in read_labels(case).maps[0].structures}


def no(kind: str, name: str) -> RejectionRecord:
    """Somebody does not believe it."""
    return RejectionRecord(kind=kind, name=name, reason="artefact")


def test_a_rejected_measurement_has_no_value_and_its_findings_are_not_asked(case: Path) -> None:
    """Nor has what is reckoned from it; the value is kept in the version before, and comes back."""
    before = read_results(case)
    assert named(before, "SMA_cm2").value is not None

    results = reject(case, no=[no("measurement", "SMA_cm2")]).results

    for name in ("SMA_cm2", "SMI_cm2_m2"):
        one = named(results, name)
        assert (one.value, one.status, one.corrected) == (None, "not_assessable", True)
        assert one.reason_coded is not None
        assert one.reason_coded.code == "rejected_by_person"
    assert "SMA_cm2" not in results.flat
    assert named(results, "muscle_HU_mean").value == named(before, "muscle_HU_mean").value
    assert [(one.kind, one.name, one.by) for one in results.provenance.rejections] == [
        ("measurement", "SMA_cm2", "maria")
    ]
    back = reject(case, 2, yes=[no("measurement", "SMA_cm2")]).results
    assert numbers(back) == numbers(before)
    assert back.flat == before.flat
    assert back.provenance.rejections == []
    assert not any(one.corrected for one in back.measurements)


def test_a_rejected_finding_is_left_out_and_its_rule_was_not_asked(case: Path) -> None:
    """The others stay; the reason stands where the outcome of the rule does."""
    before = read_results(case)
    gone = next(one.code for one in before.findings if one.code in {r.code for r in before.rules})

    results = reject(case, no=[no("finding", gone)]).results

    assert [one.code for one in results.findings] == [
        one.code for one in before.findings if one.code != gone
    ]
    rule = next(one for one in results.rules if one.code == gone)
    assert rule.outcome == "not_asked"
    assert rule.reason_coded is not None
    assert rule.reason_coded.code == "rejected_by_person"
    assert numbers(results) == numbers(before)


def test_a_rejected_structure_is_not_measured_and_says_why(case: Path) -> None:
    """Its mask is kept, and stands among what is not believed."""
    results = reject(case, no=[no("structure", "liver")]).results

    one = named(results, "liver_vol_cm3")
    assert one.value is None
    assert one.reason_coded is not None
    assert one.reason_coded.code == "structure_rejected_by_person"
    liver = next(own for own in read_labels(case).maps[0].structures if own.structure == "liver")
    assert liver.doubts_coded[0].code == "structure_rejected_by_person"
    assert (case / "total" / "liver.nii.gz").exists()
    assert dict(stored_case(case).rejected) == {"liver": "artefact"}


def test_a_rejected_vertebra_goes_with_its_voxels(case: Path) -> None:
    """Whoever then moves the column has rejected the same bone under its new name."""
    reject(case, no=[no("structure", "vertebrae_L1"), no("structure", "vertebrae_L5")])

    results = say_level(case, "vertebrae_L2", "vertebrae_L3", 2).results

    assert [one.name for one in results.provenance.rejections] == ["vertebrae_L2"]


def test_a_later_height_keeps_the_story(case: Path) -> None:
    """Marks, corrections and rejections outlive another body size, and nothing rejected returns."""
    organs, after = smaller_liver()
    draw(case, drawn("total", organs, after))
    results = reject(case, 2, no=[no("measurement", "SMA_cm2")]).results

    sized, _ = recompute(case, BodySize(2.1, 60.0, "entered", "maria", LATER), lambda: LATER)

    assert sized.provenance.corrections == results.provenance.corrections
    assert sized.provenance.rejections == results.provenance.rejections
    assert named(sized, "SMI_cm2_m2").value is None
    index = named(sized, "liver_vol_per_bsa_ml_m2")
    assert index.value is not None
    assert index.corrected
    assert {one.name for one in (case / "corrections").iterdir()} == {"0001", "0002"}
    back = restore(case, 0, 3).results
    assert not any(one.corrected for one in back.measurements)


def test_corrections_go_along_when_the_networks_publish_again(tmp_path: Path) -> None:
    """The numbers are the networks' own, and the old story lies beside them."""
    case = made(tmp_path)
    organs, after = smaller_liver()
    draw(case, drawn("total", organs, after))
    kept = {name: data for name, data in files_of(case).items() if name.startswith("corrections/")}

    assert made(tmp_path) == case

    assert {one: data for one, data in files_of(case).items() if one in kept} == kept
    assert len(kept) == 4
    assert read_results(case).provenance.corrections == []


def test_what_is_not_touched_are_the_same_files(case: Path) -> None:
    """No image, mask or picture is written again that a change of tissue cannot reach."""
    tissues = trunk_arrays()[2]
    after = tissues.copy()
    after[after == MUSCLE] = TORSO_FAT
    same = ("volume.nii.gz", "id.json", "labels/total.nii.gz", "total/liver.nii.gz",
            "tissue_types/subcutaneous_fat.nii.gz", "coronal_overview.png")  # fmt: skip
    inodes = {name: (case / name).stat().st_ino for name in same}

    draw(case, drawn("tissue_types", tissues, after))

    assert {name: (case / name).stat().st_ino for name in same} == inodes


def unfit(case: Path) -> dict[str, tuple[Wanted, str]]:
    """What does not fit a case, and the code of the reason."""
    organs, after = smaller_liver()
    difference = drawn("total", organs, after)

    def told(**said: object) -> CorrectionRecord:
        return record(case, **said)  # type: ignore[arg-type]

    level = {"vertebra": "vertebrae_C1", "is": "vertebrae_C2"}
    return {
        "another base": (Wanted(told(kind="voxels", base="0" * 32), difference),
                         "correction_of_other_base"),
        "other voxels": (Wanted(told(kind="voxels"), difference.reversed),
                         "correction_of_other_base"),
        "another shape": (Wanted(told(kind="voxels"), Difference((4, 4, 4), difference.maps)),
                          "difference_of_other_shape"),
        "another map": (Wanted(told(kind="voxels"), drawn("body", organs, after)),
                        "difference_of_unknown_map"),
        "another label": (Wanted(told(kind="voxels"), drawn("total", organs, after + 99)),
                          "difference_of_unknown_label"),
        "no difference": (Wanted(told(kind="voxels")), "correction_changes_nothing"),
        "no level": (Wanted(told(kind="levels")), "correction_changes_nothing"),
        "a vertebra out of view": (Wanted(told(kind="levels", level=level)), "vertebra_not_there"),
        "no rejection": (Wanted(told(kind="rejections")), "correction_changes_nothing"),
        "an unknown measurement": (Wanted(told(kind="rejections", reject=[no("measurement", "x")])),
                                   "nothing_to_reject"),
        "what is believed": (
            Wanted(told(kind="rejections", restore_rejections=[no("structure", "liver")])),
            "not_rejected",
        ),
        "the present version": (Wanted(told(kind="restore", restores_version=0)),
                                "correction_changes_nothing"),
        "a version that never was": (Wanted(told(kind="restore", restores_version=7)),
                                     "no_such_version"),
    }  # fmt: skip


@pytest.mark.parametrize("name", [
    "another base", "other voxels", "another shape", "another map", "another label",
    "no difference", "no level", "a vertebra out of view", "no rejection",
    "an unknown measurement", "what is believed", "the present version",
    "a version that never was",
])  # fmt: skip
def test_what_does_not_fit_changes_nothing(case: Path, name: str) -> None:
    """A reason in both languages, and every file as it was."""
    before = files_of(case)
    wanted, code = unfit(case)[name]

    with pytest.raises(CorrectionError) as refused:
        apply_correction(case, wanted, 1, clock=lambda: LATER)

    assert refused.value.why.code == code
    assert isinstance(refused.value, OtherBaseError) == (code == "correction_of_other_base")
    assert files_of(case) == before
    assert [one.name for one in case.parent.iterdir()] == [case.name]


def test_what_was_drawn_elsewhere_is_put_onto_the_present_maps(case: Path) -> None:
    """Whatever lies there gives way; what is so already counts for nothing."""
    organs, smaller = smaller_liver()
    taken, after = organs.copy(), organs.copy()
    taken[smaller != organs] = 1
    after[smaller != organs] = 2
    draw(case, drawn("total", organs, taken))
    told = record(case, "voxels", base="0" * 32, origin="dicom_seg")

    applied = apply_correction(
        case,
        Wanted(told, drawn("total", organs, after), onto_present=True),
        2,
        clock=lambda: LATER,
    )

    assert np.array_equal(stored_case(case).anatomy.data, after)
    assert [one.structure for one in applied.record.structures] == ["spleen", "kidney_right"]
    assert applied.record.base != "0" * 32
    assert applied.notes == ()
    with pytest.raises(CorrectionError):
        apply_correction(
            case,
            Wanted(told, drawn("total", organs, after), onto_present=True),
            3,
            clock=lambda: LATER,
        )


def test_dice_with_the_networks_is_of_all_that_people_have_changed(case: Path) -> None:
    """Whatever the number of saves; another structure's, what is taken back, a damaged story."""
    networks, smaller = smaller_liver()
    less = smaller.copy()
    less[tuple(np.argwhere(smaller == LIVER)[::3].T)] = 1
    maps = [networks, smaller, less, smaller, networks]

    for number, (before, after) in enumerate(pairwise(maps), start=1):
        told = draw(case, drawn("total", before, after), number).record.structures
        liver = next(one for one in told if one.structure == "liver")
        for dice, other in ((liver.dice, before), (liver.dice_with_networks, networks)):
            was, now = other == LIVER, after == LIVER
            assert dice == 2 * np.count_nonzero(was & now) / (was.sum() + now.sum())
    (case / "corrections" / "0002" / "difference.gz").write_bytes(b"damaged")
    told = draw(case, drawn("total", networks, smaller), 5).record.structures
    assert [one.dice_with_networks for one in told] == [None]


def test_what_a_person_is_saying_meanwhile_is_not_linked(case: Path) -> None:
    """It may be taken back before the folder takes its place; the store writes what holds then."""
    for name in ("verification.json", ".writing-0a1b"):
        (case / name).write_text("{}")

    draw(case, drawn("total", *smaller_liver()))

    assert [
        one for one in case.iterdir() if one.name in {"verification.json", ".writing-0a1b"}
    ] == []


def test_what_was_erased_elsewhere_is_not_erased_from_another_structure(case: Path) -> None:
    """The networks call half of the leak spleen now: that half stays, and it is said."""
    organs, after = smaller_liver()
    erased = np.argwhere(organs != after)
    now, expected = organs.copy(), after.copy()
    others = tuple(erased[: len(erased) // 2].T)
    now[others] = expected[others] = 1
    draw(case, drawn("total", organs, now))
    told = record(case, "voxels", base="0" * 32, origin="offered_again")

    applied = apply_correction(
        case,
        Wanted(told, drawn("total", organs, after), onto_present=True),
        2,
        clock=lambda: LATER,
    )

    assert np.array_equal(stored_case(case).anatomy.data, expected)
    assert [one.structure for one in applied.record.structures] == ["liver"]
    left = Statement("removal_of_other_structure", {"voxels": len(others[0])})
    assert applied.notes == (left,)


def test_an_old_folder_is_refused_with_what_to_do(case: Path) -> None:
    """It does not hold what was measured."""
    (case / "case.json").unlink()
    before = files_of(case)
    organs, after = smaller_liver()

    with pytest.raises(PublishingError, match="process the study again"):
        draw(case, drawn("total", organs, after))

    assert files_of(case) == before


def test_numbers_of_two_versions_are_not_mixed(case: Path) -> None:
    """A correction that was pending while Heimdallr was updated is refused; nothing changes."""
    told = json.loads((case / "case.json").read_text())
    (case / "case.json").write_text(json.dumps({**told, "version": "0.0.1"}))
    before = files_of(case)

    with pytest.raises(CorrectionError) as refused:
        draw(case, drawn("total", *smaller_liver()))

    assert refused.value.why == Statement("correction_of_old_folder")
    assert files_of(case) == before


def test_the_last_word_may_be_no(case: Path) -> None:
    """Everything is on the disk then but the rename; the old folder stays, byte by byte."""
    organs, after = smaller_liver()
    before = files_of(case)
    wanted = Wanted(record(case, "voxels"), drawn("total", organs, after))

    def refuse() -> None:
        (partial,) = (one for one in case.parent.iterdir() if one != case)
        assert (partial / "corrections" / "0001" / "after.json").exists()
        raise StopAsyncIteration

    with pytest.raises(StopAsyncIteration):
        apply_correction(case, wanted, 1, clock=lambda: LATER, last_word=refuse)

    assert files_of(case) == before
