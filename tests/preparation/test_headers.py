"""The header scan: studies, series, what was skipped."""

from __future__ import annotations

import json
import random
import resource
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pydicom
import pytest
from dicom_series import SeriesOnDisk

from heimdallr.preparation.headers import scan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FUZZ_MEMORY_BYTES = 1_500_000_000
FUZZ_SECONDS = 60

SCAN_PROGRAM = """
import json, sys
from pathlib import Path
from heimdallr.preparation.headers import scan
files = [path for path in Path(sys.argv[1]).rglob("*") if path.is_file()]
found = scan(files)
print(json.dumps({"files": len(files), "skipped": dict(found.skipped),
                  "studies": len(found.studies),
                  "images": sum(len(one.frames) for s in found.studies for one in s.candidates)}))
"""


def test_several_studies_in_one_heap_stay_apart(tmp_path: Path) -> None:
    """Two studies, one with two series; equal series numbers do not collide."""
    root = "1.2.826.0.1.3680043.2.1125"
    for study, series in (("1", "1.5"), ("1", "1.6"), ("2", "2.5")):
        SeriesOnDisk(study_uid=f"{root}.{study}", series_uid=f"{root}.{series}").write(
            tmp_path / series
        )
    found = scan(tmp_path.rglob("*.dcm"))
    assert [len(study.candidates) for study in found.studies] == [2, 1]
    assert found.skipped == {}


def test_the_order_and_names_of_files_change_nothing(tmp_path: Path) -> None:
    """Shuffled and renamed files give the same studies, but for the paths."""
    series = SeriesOnDisk()
    paths = series.write(tmp_path / "a")
    names = [f"{number:02d}" for number in range(len(paths))]
    random.Random(7).shuffle(names)  # noqa: S311 - no secret
    (tmp_path / "b").mkdir()
    renamed = [
        shutil.copyfile(path, tmp_path / "b" / name)
        for path, name in zip(paths, names, strict=True)
    ]
    (first,), (second,) = scan(paths).studies, scan(renamed).studies
    ours, theirs = first.candidates[0], second.candidates[0]
    assert (ours.series, ours.geometry, ours.key) == (theirs.series, theirs.geometry, theirs.key)
    assert [one.position for one in ours.frames] == [one.position for one in theirs.frames]


def test_empty_uids_still_make_one_study_and_one_series(tmp_path: Path) -> None:
    """A surrogate of other header facts stands in; nothing is made up in the study itself."""
    for path in SeriesOnDisk().write(tmp_path):
        dataset = pydicom.dcmread(path)
        dataset.StudyInstanceUID = dataset.SeriesInstanceUID = dataset.SOPInstanceUID = ""
        dataset.save_as(path)
    (study,) = scan(tmp_path.iterdir()).studies
    assert study.study_instance_uid == ""
    assert study.key.startswith("study-")
    assert [len(one.frames) for one in study.candidates] == [12]


def test_unreadable_files_are_counted_by_reason(tmp_path: Path) -> None:
    """A study survives what lies beside it."""
    paths = SeriesOnDisk().write(tmp_path)
    (tmp_path / "readme.txt").write_text("not an image")
    (tmp_path / "empty").touch()
    shutil.copyfile(paths[0], tmp_path / "again.dcm")
    found = scan(tmp_path.iterdir())
    assert found.skipped == {"duplicate instance": 1, "empty file": 1, "not a DICOM file": 1}
    assert len(found.studies[0].candidates[0].frames) == 12


def test_patient_facts_are_read_or_absent_never_guessed(tmp_path: Path) -> None:
    """Age from birth and study date; a height of 172 (cm) is no height in metres."""
    tags: dict[str, object] = {
        "PatientBirthDate": "19660201", "PatientSex": "F", "PatientSize": "172",
        "PatientWeight": "68.5", "PatientName": "Yamada^Tarou=山田^太郎",
        "SpecificCharacterSet": "ISO_IR 192",
    }  # fmt: skip
    SeriesOnDisk(tags=tags).write(tmp_path)
    patient = scan(tmp_path.iterdir()).studies[0].patient
    assert patient.name == "Yamada^Tarou"
    assert patient.age_years == pytest.approx(60.0, abs=0.01)
    assert patient.height_m is None
    assert patient.weight_kg == pytest.approx(68.5)
    assert patient.sex == "F"


def test_what_one_image_leaves_out_another_may_say(tmp_path: Path) -> None:
    """The first slice lost its weight tag; a report without any facts does not hide it."""
    weights = ["", *["70"] * 11]
    SeriesOnDisk(per_slice={"PatientWeight": weights}).write(tmp_path / "ct")
    SeriesOnDisk(
        series_uid="1.2.826.0.1.3680043.2.1125.1.1", depths_mm=(0.0,), modality="SR",
        tags={"PatientName": "", "PatientID": "", "PatientWeight": "1"},
    ).write(tmp_path / "sr")  # fmt: skip
    (study,) = scan(tmp_path.rglob("*.dcm")).studies
    assert study.patient.weight_kg == pytest.approx(70.0)
    assert study.patient.name == "SILVA^MARIA JOSE"


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("045Y", 45.0),
        ("018M", 1.5),
        ("026W", 0.498),
        ("000D", 0.0),
        ("abc", None),
        ("000Y", None),
        ("121Y", None),
    ],
)
def test_ages(tmp_path: Path, text: str, years: float | None) -> None:
    """AS values; zero years is what anonymisers write, not an age; nobody writes zero days so."""
    SeriesOnDisk(depths_mm=(0.0,), tags={"PatientAge": text}).write(tmp_path)
    age = scan(tmp_path.iterdir()).studies[0].patient.age_years
    assert age == (None if years is None else pytest.approx(years, abs=1e-3))


@pytest.mark.parametrize(
    ("born", "header", "years"),
    [
        ("20250628", "000Y", 0.6),
        ("20250628", "", 0.6),
        ("20260201", "000D", 0.0),
        ("20260131", "001D", 0.0),
        ("20080201", "018Y", 18.0),
        ("20080202", "018Y", 17.99),
        ("19400101", "011Y", 86.08),
        ("19000101", "045Y", 45.0),
        ("20260202", "003M", 0.25),
        ("19669999", "045Y", 45.0),
        ("19000101", "", None),
        ("20260202", "000Y", None),
    ],
)
def test_the_birth_date_tells_the_age_first(
    tmp_path: Path, born: str, header: str, years: float | None
) -> None:
    """An infant's header age is 000Y; a birth date that cannot be true leaves it to the header."""
    tags: dict[str, object] = {"PatientBirthDate": born, "PatientAge": header}
    SeriesOnDisk(depths_mm=(0.0,), tags=tags).write(tmp_path)
    age = scan(tmp_path.iterdir()).studies[0].patient.age_years
    assert age == (None if years is None else pytest.approx(years, abs=0.01))


def test_hostile_files_are_survived_within_limits(real_set: Callable[[str], Path]) -> None:
    """586 malformed files: one minute, 1.5 GB of address space, every file accounted for."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (FUZZ_MEMORY_BYTES, FUZZ_MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (FUZZ_SECONDS, FUZZ_SECONDS))

    finished = subprocess.run(
        [sys.executable, "-c", SCAN_PROGRAM, str(real_set("fuzz_pwnlab"))],
        capture_output=True, text=True, timeout=4 * FUZZ_SECONDS, check=True,
        preexec_fn=limit,
    )  # fmt: skip
    report = json.loads(finished.stdout)
    assert finished.stderr == ""
    assert report["files"] == 586
    assert report["skipped"]["damaged DICOM header"] > 0
    assert report["images"] + sum(report["skipped"].values()) >= report["files"]
    assert report["studies"] > 0
