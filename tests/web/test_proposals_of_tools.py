"""An edited copy of our own segmentation: handed in, accepted, and every number follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pydicom
import pytest
from object_cases import trunk_folder, trunk_source
from pydicom.uid import generate_uid
from store_cases import NOW, add_instance, add_study

from heimdallr.imaging.volume import load_label_map
from heimdallr.publishing.dicom.kinds import DicomObject, ObjectOptions
from heimdallr.publishing.dicom.objects import write_objects
from heimdallr.publishing.schema import read_identity, read_results
from heimdallr.publishing.source_file import source_json
from heimdallr.store.drawn_objects import note_drawn
from heimdallr.store.models import Study, StudyState
from heimdallr.store.results import index_results
from heimdallr.store.upkeep.case_jobs import do
from heimdallr.web.corrector import Corrector

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from web_service import Service

    from heimdallr.store.upkeep.case_builder import Job, Outcome

LIVER = 5


@pytest.fixture
def case(service: Service, tmp_path: Path) -> Path:
    """The trunk, as study 1."""
    made = trunk_folder(tmp_path / "made")
    (made / "source.json").write_text(source_json(trunk_source()))
    folder = service.folders.output / made.name
    made.rename(folder)
    results, identity = read_results(folder), read_identity(folder)
    with service.database.write() as session:
        study = add_study(session, state=StudyState.DONE, case_id=folder.name, revision=1)
        index_results(session, study, results, identity, folder, NOW)
    return folder


class Here:
    """Does the work in this process."""

    def __call__(self, job: Job, last_word: Callable[[], None]) -> Outcome:
        """Do a job."""
        return do(job, last_word)

    def close(self) -> None:
        """Nothing is to be ended."""


def edited(case: Path, folder: Path) -> Path:
    """Our segmentation of the liver as a tool keeps it whose user erased its lower half."""
    options = ObjectOptions(structures=("liver",))
    (written,) = write_objects(case, [DicomObject.SEG], folder, options)
    dataset = pydicom.dcmread(written.path)
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    heights = [
        float(one.PlanePositionSequence[0].ImagePositionPatient[2])
        for one in dataset.PerFrameFunctionalGroupsSequence
    ]
    frames = np.frombuffer(dataset.PixelData, np.uint8).copy()
    frames = frames[: len(heights) * (frames.size // len(heights))].reshape(len(heights), -1)
    frames[np.array(heights) < np.median(heights)] = 0
    dataset.PixelData = frames.tobytes()
    pydicom.dcmwrite(folder / "edited.dcm", dataset, enforce_file_format=True)
    return folder / "edited.dcm"


def test_an_edited_segmentation_is_accepted_and_the_numbers_follow(
    case: Path, service: Service, tmp_path: Path
) -> None:
    """In the very process that the service uses; the other label maps stay as they are."""
    url = "/api/v1/studies/1/corrections"
    before = load_label_map(case / "labels" / "total.nii.gz", {})
    content = edited(case, tmp_path / "objects").read_bytes()
    try:
        answer = service.client.post(f"{url}/proposals", files={"files": ("seg.dcm", content)})
        assert answer.status_code == 201, answer.text
        proposed: dict[str, Any] = answer.json()
        assert (proposed["state"], proposed["origin"]) == ("proposed", "dicom_seg")
        again = service.client.post(f"{url}/proposals", files={"files": ("a.txt", b"no")})
        assert again.status_code in {409, 422}, again.text
        base = service.client.get(url).json()["base"]
        answer = service.client.post(f"{url}/1/accept", json={"base": base})
        assert answer.status_code == 201, answer.text
    finally:
        service.app.state.heimdallr.corrector.close()
    accepted = answer.json()
    assert accepted["state"] == "applied"
    (liver,) = accepted["structures"]
    assert (liver["structure"], liver["voxels_added"]) == ("liver", 0)
    after = load_label_map(case / "labels" / "total.nii.gz", {})
    gone = np.asarray(before.data) != np.asarray(after.data)
    assert (np.asarray(before.data)[gone] == LIVER).all()
    assert liver["voxels_removed"] == gone.sum() > 0
    heights = np.argwhere(gone)[:, 2]
    kept = np.argwhere(np.asarray(after.data) == LIVER)[:, 2]
    assert heights.max() < kept.min()


def test_the_service_reads_what_was_received_when_it_starts(
    case: Path, service: Service, tmp_path: Path
) -> None:
    """Nobody has to ask for it; whoever was killed before has left the row."""
    content = edited(case, tmp_path / "objects").read_bytes()
    with service.database.write() as session:
        study = session.get_one(Study, 1)
        one = add_instance(session, study, "1.9", service.folders, content=content)
        note_drawn(session, one.id, "dicom:VIEWER")
    corrector = Corrector(
        service.database, service.folders, service.app.state.heimdallr.now, Here()
    )
    corrector.start()
    corrector.close()
    (proposed,) = service.client.get("/api/v1/studies/1/corrections").json()["corrections"]
    assert (proposed["state"], proposed["by"]) == ("proposed", "dicom:VIEWER")
    (liver,) = proposed["structures"]
    assert (liver["structure"], liver["voxels_added"]) == ("liver", 0)
    assert liver["voxels_removed"] > 0
