"""Corrected cases as training data: right labels, nothing that names a patient, whole or absent."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np
import pytest
from corrected_cases import LIVER, NOW, draw, drawn, made, reject, restore, smaller_liver
from object_cases import HEADER, trunk_source
from publishing_cases import CASE_ID, PATIENT, TRUNK_NAMES

from heimdallr.corrections import training_export
from heimdallr.corrections.training_cases import Candidate, Choice, pseudonym
from heimdallr.corrections.training_export import Exported, export_training_data
from heimdallr.domain.errors import PublishingError
from heimdallr.imaging.volume import load_label_map, load_volume
from heimdallr.publishing.correction_records import RejectionRecord
from heimdallr.publishing.schema import RESULTS_FILE, read_identity, read_results
from heimdallr.publishing.source_file import source_json

if TYPE_CHECKING:
    from pathlib import Path

SECRET = b"s" * 32


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trunk, as the networks made it."""
    return made(tmp_path_factory.mktemp("untouched"))


@pytest.fixture(scope="module")
def corrected(untouched: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trunk, its liver drawn smaller, and the spleen not believed."""
    folder = tmp_path_factory.mktemp("corrected") / untouched.name
    shutil.copytree(untouched, folder)
    draw(folder, drawn("total", *smaller_liver()))
    no = RejectionRecord(kind="structure", name="spleen", reason="wrong_structure")
    reject(folder, 2, no=[no])
    return folder


@pytest.fixture
def case(corrected: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(corrected, tmp_path / "output" / corrected.name)


def export(case: Path, target: Path, **choice: Any) -> Exported:  # noqa: ANN401 - of a choice
    """Export one case."""
    return export_training_data([Candidate(case, verified=True)], target, SECRET, Choice(**choice))


def told(path: Path) -> dict[str, Any]:
    """A JSON file."""
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def test_a_pair_is_the_image_and_what_persons_left_of_the_labels(
    case: Path, tmp_path: Path
) -> None:
    """On one grid, numbered as nnU-Net wants, what is not believed ignored; only what was drawn."""
    done = export(case, tmp_path / "set")
    assert (done.cases, done.left_out) == ({"total": 1}, {})
    folder = tmp_path / "set" / "total"
    name = pseudonym(SECRET, read_identity(case))
    dataset = told(folder / "dataset.json")
    labels = dataset["labels"]
    assert sorted(labels.values()) == list(range(len(TRUNK_NAMES) + 2))
    assert (labels["background"], labels["ignore"]) == (0, len(TRUNK_NAMES) + 1)
    assert (dataset["numTraining"], dataset["file_ending"]) == (1, ".nii.gz")
    assert dataset["channel_names"] == {"0": "CT"}
    image = load_volume(folder / "imagesTr" / f"{name}_0000.nii.gz")
    found = load_label_map(folder / "labelsTr" / f"{name}.nii.gz", {})
    assert np.array_equal(image.data, load_volume(case / "volume.nii.gz").data)
    assert np.array_equal(image.affine, found.affine)
    _, after = smaller_liver()
    for number, structure in TRUNK_NAMES.items():
        expected = labels["ignore"] if structure == "spleen" else labels[structure]
        assert np.unique(found.data[after == number]).tolist() in ([expected], [])
    assert not found.data[after == 0].any()


def test_results_that_nobody_has_verified_do_not_pass_for_those_that_were(
    case: Path, tmp_path: Path
) -> None:
    """The folder was corrected once more, between the look into the database and that into it."""
    made_at = read_results(case).provenance.created_at
    for seen, expected in (
        (made_at, ({"total": 1}, {})),
        (made_at - timedelta(hours=1), ({}, {"changed_meanwhile": 1})),
    ):
        one = Candidate(case, verified=True, results_at=seen)
        done = export_training_data([one], tmp_path / f"{seen:%H}", SECRET, Choice())
        assert (done.cases, done.left_out) == expected


def test_the_manifest_says_what_persons_did_and_what_made_the_rest(
    case: Path, tmp_path: Path
) -> None:
    """Voxels, Dice and digests are those of the files."""
    export(case, tmp_path / "set")
    folder = tmp_path / "set" / "total"
    (one,) = told(folder / "manifest.json")["cases"]
    before, after = (side == LIVER for side in smaller_liver())
    (liver,) = one["corrected"]
    assert liver["structure"] == "liver"
    assert (liver["voxels_added"], liver["voxels_removed"]) == (0, (before & ~after).sum())
    assert liver["dice"] == pytest.approx(2 * after.sum() / (before.sum() + after.sum()))
    assert (one["rejected"], one["verified"]) == (["spleen"], True)
    assert one["made_by"][0]["weights"][0]["sha256"] == "0" * 64
    for key, path in (("image", "imagesTr/{}_0000"), ("labels", "labelsTr/{}")):
        content = (folder / f"{path.format(one['name'])}.nii.gz").read_bytes()
        assert one[f"{key}_sha256"] == hashlib.sha256(content).hexdigest()


def test_nothing_in_it_names_a_patient_or_a_day(case: Path, tmp_path: Path) -> None:
    """Neither files nor their names nor headers: no name, number, UID, date or person's word."""
    export(case, tmp_path / "set")
    telling = (
        PATIENT.name, "SILVA", PATIENT.patient_id, CASE_ID, "1.2.3", "2026", "maria", "123456",
    )  # fmt: skip
    for path in (tmp_path / "set").rglob("*"):
        texts = [path.relative_to(tmp_path).as_posix()]
        if path.suffix == ".json":
            texts.append(path.read_text())
        elif path.suffix == ".gz":
            texts.append(gzip.decompress(path.read_bytes())[:352].decode("latin-1"))
            assert not nib.load(path).header.extensions
        assert not [word for word in telling for text in texts if word.lower() in text.lower()]
    assert pseudonym(b"other", read_identity(case)) != pseudonym(SECRET, read_identity(case))


def test_what_is_not_chosen_is_left_out_with_its_reason(
    case: Path, untouched: Path, tmp_path: Path
) -> None:
    """Nothing drawn, drawn earlier, other structures, text in the pixels, a folder in pieces."""
    assert export(untouched, tmp_path / "1").left_out == {"not_drawn": 1}
    since = NOW + timedelta(days=1)
    assert export(case, tmp_path / "2", since=since).left_out == {"earlier": 1}
    assert export(case, tmp_path / "3", since=NOW).cases == {"total": 1}
    kidney, liver = frozenset({"kidney_left"}), frozenset({"liver", "kidney_left"})
    assert export(case, tmp_path / "4", structures=kidney).left_out == {"not_drawn": 1}
    export(case, tmp_path / "5", structures=liver)
    labels = told(tmp_path / "5" / "total" / "dataset.json")["labels"]
    assert labels == {"background": 0, "kidney_left": 1, "liver": 2}
    burned = trunk_source({**HEADER, "00280301": {"vr": "CS", "Value": ["YES"]}})
    (case / "source.json").write_text(source_json(burned))
    assert export(case, tmp_path / "6").left_out == {"burned_in": 1}
    (case / "case.json").write_text("{")
    assert export(case, tmp_path / "7").left_out == {"not_readable": 1}


def test_what_was_taken_back_teaches_nothing(case: Path, tmp_path: Path) -> None:
    """The networks' own labels, restored, are no correction."""
    restore(case, 0, 3)
    assert export(case, tmp_path / "set").left_out == {"not_drawn": 1}


def test_heads_are_left_out_unless_they_are_asked_for(case: Path, tmp_path: Path) -> None:
    """A face can be drawn from one; where no region was found, nothing says that it is none."""
    results = told(case / RESULTS_FILE)
    for regions in (["head", "neck"], None):
        results["body_regions"] = regions
        if regions is None:
            del results["body_regions"]
        (case / RESULTS_FILE).write_text(json.dumps(results))
        assert export(case, tmp_path / f"{regions}").left_out == {"a_face": 1}
    assert export(case, tmp_path / "with", with_faces=True).cases == {"total": 1}


def test_a_folder_that_is_there_is_not_touched(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And one that cannot be finished never appears."""
    (tmp_path / "set").mkdir()
    with pytest.raises(PublishingError, match="there already"):
        export(case, tmp_path / "set")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(training_export, "write_label_map", full)
    with pytest.raises(PublishingError, match="No space left"):
        export(case, tmp_path / "other")
    assert {path.name for path in tmp_path.iterdir()} == {"set", "output"}
