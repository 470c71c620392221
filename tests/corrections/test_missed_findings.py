"""A bleed that the network missed is painted on a map that has no file, and everything follows."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
import pytest
from corrected_cases import LATER, draw, drawn, files_of, record, restore
from editable_study import bleeding_head, published

from heimdallr.analyses.cerebral_haemorrhage import LABEL, TASK
from heimdallr.corrections.proposals.matching import by_code
from heimdallr.corrections.proposals.proposal import proposal_from
from heimdallr.corrections.recompute import apply_correction
from heimdallr.corrections.training_cases import Candidate, Choice
from heimdallr.corrections.training_export import export_training_data
from heimdallr.corrections.versions import compare, label_map_of, results_of
from heimdallr.corrections.wanted import Wanted
from heimdallr.domain.errors import CorrectionError, OtherBaseError
from heimdallr.imaging.volume import load_volume
from heimdallr.publishing.case_file import MASK_FOLDERS
from heimdallr.publishing.dicom.codes import codes_of
from heimdallr.publishing.dicom.segmentation_reader import SegmentCodes
from heimdallr.publishing.schema import read_labels, read_results
from heimdallr.publishing.stored_case import stored_case

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.corrections.difference import Difference
    from heimdallr.imaging.volume import Array
    from heimdallr.publishing.schema import Results

BLEED = MASK_FOLDERS[TASK]
MAP, MASK = f"labels/{BLEED}.nii.gz", f"{BLEED}/{LABEL}.nii.gz"
FINDING = "intracerebral_haemorrhage"
SPACING_MM = 4.0
STORY = ("resultados.json", "case.json", "id.json", "corrections/")


def blood() -> Array:
    """(I, J, K) the label map that a person paints."""
    return bleeding_head(SPACING_MM, found=True).segmentations[TASK].label_map.data


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The head as published: the bleed was missed."""
    return published(
        tmp_path_factory.mktemp("missed") / "output", bleeding_head(SPACING_MM, found=False)
    )


@pytest.fixture
def case(untouched: Path, tmp_path: Path) -> Path:
    """A copy of it to be corrected."""
    return shutil.copytree(untouched, tmp_path / "output" / untouched.name)


@pytest.fixture(scope="module")
def mended(untouched: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The head, with the bleed painted by a person."""
    case = shutil.copytree(untouched, tmp_path_factory.mktemp("mended") / untouched.name)
    draw(case, painting())
    return case


@pytest.fixture
def painted(mended: Path, tmp_path: Path) -> Path:
    """A copy of that."""
    return shutil.copytree(mended, tmp_path / "output" / mended.name)


def painting() -> Difference:
    """What makes the empty map the right one."""
    return drawn(BLEED, np.zeros_like(blood()), blood())


def contents(case: Path) -> dict[str, bytes]:
    """Files of a folder, but for those that tell when and how often something was made."""
    return {name: data for name, data in files_of(case).items() if not name.startswith(STORY)}


def volume_cm3(results: Results) -> object:
    """Of the bleed."""
    return next(one.value for one in results.measurements if one.name == "hemorrhage_vol_cm3")


def test_a_bleeding_head_is_as_if_the_network_had_found_it(
    untouched: Path, mended: Path, tmp_path: Path
) -> None:
    """Map, mask, `labels.json`, pictures byte by byte; volume and finding."""
    assert not (untouched / MAP).exists()
    assert volume_cm3(read_results(untouched)) is None
    anew = published(tmp_path / "anew", bleeding_head(SPACING_MM, found=True))
    results, told = read_results(mended), read_results(anew)
    assert volume_cm3(results) == volume_cm3(told) == pytest.approx(15, abs=1)
    assert [one.code for one in results.findings] == [FINDING]
    assert results.findings == told.findings
    assert contents(mended) == contents(anew)
    assert {MAP, MASK, f"{BLEED}_overlay_center_50.png"} <= contents(mended).keys()
    (change,) = results.provenance.corrections[0].structures
    assert (change.task, change.structure, change.dice) == (TASK, LABEL, None)
    assert (change.voxels_added, change.volume_before_cm3) == (int(blood().sum()), 0)


def test_the_way_back_leaves_no_file_and_the_story_has_both(untouched: Path, painted: Path) -> None:
    """The map as it was is empty; numbers and finding go."""
    results = restore(painted, 0, 2).results

    assert not (painted / BLEED).exists()
    assert contents(painted) == contents(untouched)
    assert (volume_cm3(results), results.findings) == (None, [])
    assert not any(one.corrected for one in results.measurements)
    voxels = [np.count_nonzero(label_map_of(painted, one, BLEED).data) for one in (0, 1, 2)]
    assert voxels == [0, np.count_nonzero(blood()), 0]
    told = compare(results_of(painted, 0), results_of(painted, 1))
    assert told.findings_new == (FINDING,)
    assert "hemorrhage_vol_cm3" in {one.name for one in told.measurements}


def test_an_erased_map_can_be_painted_again(mended: Path, painted: Path) -> None:
    """The last voxel takes the file with it, the first one makes it."""
    erased = draw(painted, drawn(BLEED, blood(), np.zeros_like(blood())), 2).results

    assert not (painted / BLEED).exists()
    assert not (painted / MAP).exists()
    assert BLEED not in {one.name for one in read_labels(painted).maps}
    assert erased.findings == []
    (change,) = erased.provenance.corrections[1].structures
    assert (change.dice, change.volume_after_cm3) == (0, 0)
    assert draw(painted, painting(), 3).results.findings
    assert contents(painted) == contents(mended)


def test_of_two_who_saw_it_empty_one_is_told_of_the_other(untouched: Path, painted: Path) -> None:
    """A map that has meanwhile been painted is another base; so are its voxels by themselves."""
    now = files_of(painted)

    for seen in (untouched, painted):
        late = Wanted(record(seen, "voxels"), painting())
        with pytest.raises(OtherBaseError):
            apply_correction(painted, late, 2, clock=lambda: LATER)

    assert files_of(painted) == now


def test_what_does_not_fit_an_empty_map_is_refused(case: Path) -> None:
    """A label that its task does not know, another size, a task that was not run."""
    empty, before = np.zeros_like(blood()), files_of(case)
    unknown = drawn(BLEED, empty, 2 * blood())
    smaller = drawn(BLEED, empty[:-1], blood()[:-1])
    not_run = drawn("lung_nodules", empty, blood())
    for difference, code in (
        (unknown, "difference_of_unknown_label"),
        (smaller, "difference_of_other_shape"),
        (not_run, "difference_of_unknown_map"),
    ):
        with pytest.raises(CorrectionError) as refused:
            draw(case, difference)
        assert refused.value.why.code == code
    assert files_of(case) == before


def test_a_structure_without_a_voxel_in_a_map_of_others_is_painted(case: Path) -> None:
    """The whole-body map has brain and skull; the spinal cord is new in it, with statistics."""
    total = stored_case(case).segmentations["total"].label_map
    names = {name: number for number, name in total.names.items()}
    after = total.data.copy(order="F")
    after[10:14, 30:34, 20:24] = names["spinal_cord"]

    draw(case, drawn("total", total.data, after))

    (told,) = read_labels(case).maps
    assert "spinal_cord" in {one.structure for one in told.structures}
    assert (case / "total" / "spinal_cord.nii.gz").is_file()
    again = stored_case(case)
    assert again.statistics["spinal_cord"].voxels == 64
    assert np.array_equal(again.anatomy.data, after)


def test_what_another_tool_drew_is_proposed_onto_an_empty_map(case: Path, tmp_path: Path) -> None:
    """By its code, or by its name in any language; as it would come out."""
    maps = [one.label_map for one in stored_case(case).segmentations.values()]
    known = [name for one in maps for name in one.names.values()]
    code = codes_of(LABEL)
    assert by_code(SegmentCodes(code.type, region=code.region), known) == {LABEL}
    volume = load_volume(case / "volume.nii.gz")
    drawn_elsewhere = tmp_path / "Intracerebral haemorrhage.nii.gz"
    nib.save(nib.Nifti1Image(blood(), volume.affine), drawn_elsewhere)

    proposal = proposal_from(case, [drawn_elsewhere])

    assert proposal.matched == (LABEL,)
    (change,) = proposal.structures
    assert (change.voxels_added, change.dice) == (int(blood().sum()), None)
    told = record(case, "voxels", origin="nifti", base="0" * 32)
    wanted = Wanted(told, proposal.difference, onto_present=True)
    apply_correction(case, wanted, 1, clock=lambda: LATER)
    assert np.array_equal(label_map_of(case, 1, BLEED).data, blood())


def test_a_bleeding_head_teaches(mended: Path, tmp_path: Path) -> None:
    """The pair has the person's labels; there is no Dice with a network that drew nothing."""
    candidate = Candidate(mended, verified=True)
    export_training_data([candidate], tmp_path / "data", b"s" * 32, Choice(with_faces=True))

    (labels,) = (tmp_path / "data" / TASK / "labelsTr").iterdir()
    assert np.array_equal(load_volume(labels).data, blood())
    assert '"dice": null' in (tmp_path / "data" / TASK / "manifest.json").read_text()
