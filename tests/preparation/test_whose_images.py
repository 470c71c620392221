"""Whose images are measured: two people in one study, and two images under one UID."""

from __future__ import annotations

import random
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pydicom
import pytest
from dicom_series import RLE, SeriesOnDisk
from pydicom.uid import UID

from heimdallr.domain.identity import OWN_MANUFACTURER
from heimdallr.domain.statements import Statement
from heimdallr.imaging.volume import load_volume
from heimdallr.preparation.headers import scan
from heimdallr.preparation.prepare import PreparedStudy, RefusedStudy, prepare

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pydicom.dataset import Dataset

ROOT = "1.2.826.0.1.3680043.2.1125"
ONE: dict[str, object] = {
    "PatientName": "PERSON^ONE", "PatientID": "A-1", "PatientBirthDate": "19400101",
    "PatientSex": "F", "PatientSize": "1.50",
}  # fmt: skip
TWO: dict[str, object] = {
    "PatientName": "PERSON^TWO", "PatientID": "B-2", "PatientBirthDate": "20150101",
    "PatientSex": "M",
}  # fmt: skip
NOBODY: dict[str, object] = {"PatientName": "", "PatientID": ""}


def series(number: int, tags: dict[str, object], slices: int = 12) -> SeriesOnDisk:
    """A series of one study, of one of these people."""
    return SeriesOnDisk(
        depths_mm=tuple(4.0 * k for k in range(slices)),
        series_uid=f"{ROOT}.1.{number}",
        number=number,
        tags=tags,
    )


def change(image: Dataset, tags: dict[str, object]) -> None:
    """Give an image other elements."""
    for keyword, value in tags.items():
        setattr(image, keyword, value)


def prepared(folder: Path, work: Path) -> list[PreparedStudy]:
    """Every study of a folder; none is refused."""
    found = list(prepare(folder, work))
    assert not [one for one in found if isinstance(one, RefusedStudy)]
    return [one for one in found if isinstance(one, PreparedStudy)]


def renamed(folder: Path, target: Path, seed: int = 3) -> Path:
    """The same files under names in another order."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    random.Random(seed).shuffle(paths)  # noqa: S311 - no secret
    target.mkdir()
    for number, path in enumerate(paths):
        shutil.copyfile(path, target / f"{number:05d}")
    return target


def test_two_people_in_one_study_are_two_cases(tmp_path: Path) -> None:
    """Each with their own name, age, sex and size, and a notice that says so."""
    series(3, ONE, slices=8).write(tmp_path / "in", "a")
    series(6, TWO).write(tmp_path / "in", "b")
    woman, boy = sorted(
        prepared(tmp_path / "in", tmp_path / "work"), key=lambda one: one.study.patient.name
    )
    assert (woman.study.patient.name, woman.series.number) == ("PERSON^ONE", 3)
    assert (boy.study.patient.name, boy.series.number) == ("PERSON^TWO", 6)
    assert woman.study.patient.height_m == pytest.approx(1.5)
    assert boy.study.patient.height_m is None
    assert boy.study.patient.age_years == pytest.approx(11.08, abs=0.01)
    assert woman.study.study_instance_uid == boy.study.study_instance_uid
    assert woman.study.case_id != boy.study.case_id
    for one in (woman, boy):
        (notice,) = one.notices
        assert (notice.code, notice.parameters) == ("several_patients", {"count": 2})
    assert len(woman.selection.verdicts) == len(boy.selection.verdicts) == 1


def test_slices_of_two_people_in_one_series_are_taken_apart(tmp_path: Path) -> None:
    """The series' UID proves nothing."""
    paths = series(3, ONE).write(tmp_path)
    for number, path in enumerate(paths):
        image = pydicom.dcmread(path)
        if number % 2:
            change(image, TWO)
        image.save_as(path)
    first, second = scan(tmp_path.iterdir()).studies
    assert {one.patient.name for one in (first, second)} == {"PERSON^ONE", "PERSON^TWO"}
    assert [len(one.instances) for one in (first, second)] == [6, 6]


def test_a_nameless_series_among_two_people_is_nobodys(tmp_path: Path) -> None:
    """Single nameless images go with their series; a whole series is neither person's."""
    paths = series(3, ONE).write(tmp_path / "in", "a")
    image = pydicom.dcmread(paths[0])
    change(image, NOBODY)
    del image.PatientBirthDate
    image.save_as(paths[0])
    series(6, TWO).write(tmp_path / "in", "b")
    series(7, NOBODY).write(tmp_path / "in", "c")
    found = prepared(tmp_path / "in", tmp_path / "work")
    assert {one.study.patient.name: one.series.number for one in found} == {
        "PERSON^ONE": 3, "PERSON^TWO": 6, "": 7,
    }  # fmt: skip
    (whole,) = (one for one in found if one.series.number == 3)
    assert whole.series.instances == 12


def test_a_nameless_series_of_one_patient_is_hers(tmp_path: Path) -> None:
    """What the measured series leaves out, others tell that name the same person."""
    series(3, ONE, slices=5).write(tmp_path / "in", "a")
    series(6, NOBODY).write(tmp_path / "in", "b")
    (found,) = prepared(tmp_path / "in", tmp_path / "work")
    assert found.series.number == 6
    assert found.study.patient.name == "PERSON^ONE"
    assert found.study.patient.height_m == pytest.approx(1.5)
    assert found.notices == ()


def test_the_measured_series_tells_who_the_patient_is(tmp_path: Path) -> None:
    """The same person, written twice: what is measured is what counts."""
    series(3, {**ONE, "PatientName": "PERSON^ONE^X", "PatientSize": "1.7"}, 5).write(
        tmp_path / "in", "a"
    )
    series(6, ONE).write(tmp_path / "in", "b")
    (found,) = prepared(tmp_path / "in", tmp_path / "work")
    assert found.study.patient.name == "PERSON^ONE"
    assert found.study.patient.height_m == pytest.approx(1.5)


def test_where_somebody_said_that_they_are_one_they_are_one(tmp_path: Path) -> None:
    """And still no size is borrowed from images that name somebody else."""
    series(3, ONE, slices=8).write(tmp_path, "a")
    series(6, TWO).write(tmp_path, "b")
    (study,) = scan(tmp_path.iterdir(), keep_apart=False).studies
    (measured,) = (one for one in study.candidates if one.series.number == 6)
    patient = study.patient_of(measured)
    assert (patient.name, patient.sex, patient.height_m) == ("PERSON^TWO", "M", None)
    (said,) = study.notices
    assert said.text == (
        "images of this study name 2 different patients; somebody said that they are one"
    )


def test_our_own_results_name_nobody_else(tmp_path: Path) -> None:
    """A report written before the name was corrected makes no second patient."""
    series(3, ONE).write(tmp_path, "a")
    series(900, {**TWO, "Manufacturer": OWN_MANUFACTURER}, 1).write(tmp_path, "own")
    (study,) = scan(tmp_path.iterdir()).studies
    assert study.patient.name == "PERSON^ONE"


def test_a_copy_of_an_image_is_dropped_and_counted(tmp_path: Path) -> None:
    """Whatever it is called, and in whatever transfer syntax it came."""
    paths = series(3, ONE).write(tmp_path, "a")
    shutil.copyfile(paths[0], tmp_path / "again.dcm")
    for number, image in enumerate(series(3, ONE).images()):
        image.compress(RLE, generate_instance_uid=False)
        image.save_as(tmp_path / f"{number}-compressed.dcm", enforce_file_format=True)
    found = scan(tmp_path.rglob("*.dcm"))
    assert found.skipped == {"duplicate instance": 13}
    (study,) = found.studies
    assert study.notices == ()
    assert study.candidates[0].series.transfer_syntax_uid == "1.2.840.10008.1.2.1"


@pytest.mark.parametrize("where", ["series", "study"])
def test_one_uid_in_two_places_makes_no_duplicate(tmp_path: Path, where: str) -> None:
    """Both series, or both studies, are kept and said, whatever the files are called."""
    other = f"{ROOT}.7" if where == "study" else f"{ROOT}.1"
    series(3, ONE).write(tmp_path / "in", "a")
    for number, image in enumerate(series(8, ONE).images(), start=1):
        image.StudyInstanceUID = other
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = UID(
            f"{ROOT}.1.3.{number}"
        )
        image.save_as(tmp_path / "in" / f"b{number}", enforce_file_format=True)
    for folder in (tmp_path / "in", renamed(tmp_path / "in", tmp_path / "shuffled")):
        found = scan(folder.iterdir())
        assert found.skipped == {}
        kept = {one.series.number for study in found.studies for one in study.candidates}
        assert kept == {3, 8}
        count = 24 if where == "series" else 12
        for study in found.studies:
            assert study.notices == (Statement("shared_uids", {"count": count}),)


def test_one_uid_for_all_images_of_a_series_loses_none(tmp_path: Path) -> None:
    """An anonymiser gave every slice the same SOPInstanceUID."""
    for path in series(3, ONE).write(tmp_path / "in"):
        image = pydicom.dcmread(path)
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = UID(f"{ROOT}.99")
        image.save_as(path)
    (found,) = prepared(tmp_path / "in", tmp_path / "work")
    assert load_volume(found.volume_path).shape[2] == 12
    assert found.skipped == {}


def test_a_corrected_copy_beside_the_wrong_one_is_another_patients(tmp_path: Path) -> None:
    """The same images under two names: nobody can know here which is right."""
    series(3, ONE).write(tmp_path / "in", "a")
    series(3, TWO).write(tmp_path / "in", "b")
    found = prepared(tmp_path / "in", tmp_path / "work")
    assert sorted(one.study.patient.name for one in found) == ["PERSON^ONE", "PERSON^TWO"]
    assert [one.series.instances for one in found] == [12, 12]


def test_the_case_of_two_patients(case_input: Callable[..., Path], tmp_path: Path) -> None:
    """An 86-year-old woman's name does not stand on a boy's images."""
    found = prepared(case_input("two_patients_one_study"), tmp_path)
    told = {one.study.patient.name: one for one in found}
    assert {name: one.series.number for name, one in told.items()} == {
        "PERSON^ONE": 6, "PERSON^TWO": 3,
    }  # fmt: skip
    assert told["PERSON^TWO"].study.patient.age_years == pytest.approx(11, abs=0.2)
    assert told["PERSON^TWO"].study.patient.height_m == pytest.approx(1.45)


def test_the_case_of_colliding_uids(case_input: Callable[..., Path], tmp_path: Path) -> None:
    """Both reconstructions are ranked, and the names of the files decide nothing."""
    folder = case_input("same_sop_two_series")
    found = [
        prepared(one, tmp_path / f"work{place}")
        for place, one in enumerate((folder, renamed(folder, tmp_path / "shuffled")))
    ]
    for (study,) in found:
        assert sorted(one.series.number or 0 for one in study.selection.verdicts) == [3, 8]
        assert study.skipped == {}
    (ours,), (theirs,) = found
    assert ours.series.number == theirs.series.number
    assert np.array_equal(load_volume(ours.volume_path).data, load_volume(theirs.volume_path).data)


def test_the_case_of_a_copied_study(case_input: Callable[..., Path], tmp_path: Path) -> None:
    """Two studies, each whole, each with its own patient number."""
    found = prepared(case_input("copied_study"), tmp_path)
    assert len(found) == 2
    assert len({one.study.patient.patient_id for one in found}) == 2
    assert len({one.series.instances for one in found}) == 1


def test_the_case_of_an_infant(case_input: Callable[..., Path], tmp_path: Path) -> None:
    """0.6 years by the birth date, whatever PatientAge says."""
    (found,) = prepared(case_input("infant_000Y"), tmp_path)
    assert found.study.patient.age_years == pytest.approx(0.6, abs=0.03)
