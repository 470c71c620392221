"""A study that can be edited in a browser: a drawn patient's case folder behind a real server.

No network has to run: the label maps are the truth, as they would be published. It can be behind
access control, with people who may edit, and have DICOM images that other tools draw on.
"""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import uvicorn
from analysis_bodies import Body, head
from dicom_series import SeriesOnDisk
from publishing_cases import CASE_ID, ENDED, PATIENT, PREPARED, STARTED, stored
from store_cases import NOW, add_study
from web_service import service_in

from heimdallr.analyses.cerebral_haemorrhage import TASK as BLEED_TASK
from heimdallr.analyses.registry import run_all
from heimdallr.analyses.rules.findings import find
from heimdallr.clock import utc_now
from heimdallr.imaging.volume import load_volume
from heimdallr.phantom.anatomy import build
from heimdallr.phantom.patient import sample_patient
from heimdallr.phantom.render import patient_ct_numbers
from heimdallr.preparation.prepare import PreparedStudy, prepare
from heimdallr.publishing.publish import Publication, publish
from heimdallr.publishing.schema import read_identity, read_results
from heimdallr.store.models import Role, StudyState
from heimdallr.store.people.accounts import add_user
from heimdallr.store.results import index_results

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from web_service import Service

    from heimdallr.analyses.case import Case
    from heimdallr.domain.source_images import SourceImages
    from heimdallr.imaging.volume import Array

LAS = np.array([[0, -1], [1, 1], [2, 1]])
"""Where the axes of the stored files point: not as the volume's do."""
STUDY_UID = "1.2.826.0.1.3680043.2.1125.77"
PASSWORD = "anchor of the fair isle"  # noqa: S105 - of people who live for a test


@dataclass(frozen=True, slots=True)
class EditableStudy:
    """A study, the server that shows it, and its case folder.

    Attributes:
        service: the server.
        url: where it answers.
        number: of the study.
        folder: of its case.
        images: folder of the DICOM images it was made of; empty unless they were asked for.
    """

    service: Service
    url: str
    number: int
    folder: Path
    images: Path


def drawn_abdomen(spacing_mm: float) -> Case:
    """A drawn patient from the hips to the diaphragm, with organs and tissues."""
    patient = sample_patient(np.random.default_rng(5))
    phantom = build(
        patient, spacing_mm=spacing_mm, seed=5, z_range_mm=(-170.0, 190.0), measure_lesions=False
    )
    body = Body((40, 40, 40))
    body.image = patient_ct_numbers(patient, "native")[phantom.material].round().astype(np.int16)
    body.affine = phantom.affine
    body.labels = {"total": phantom.total, "tissue_types": phantom.tissue}
    return body.case(PATIENT, PREPARED.series)


def bleeding_head(spacing_mm: float, *, found: bool) -> Case:
    """A head with blood in its middle, which the network found or missed."""
    body = head((spacing_mm,) * 3, bleeds=[((0.0, 0.0, 0.0), (20.0, 15.0, 12.0))])
    if not found:
        body.labels[BLEED_TASK][:] = 0
    return body.case(PATIENT, PREPARED.series)


def images_of(case: Case, folder: Path) -> SourceImages:
    """Write axial images on a case's own voxels; what ``source.json`` tells of them."""
    across, along, up = case.image.shape
    spacing = np.diag(case.image.affine)[:3]
    right, anterior, lowest = case.image.affine[:3, 3] + spacing * (across - 1, along - 1, 0)
    SeriesOnDisk(
        depths_mm=tuple(float(k * spacing[2]) for k in range(up)),
        matrix=(along, across),
        pixel_mm=(float(spacing[1]), float(spacing[0])),
        origin_mm=(-float(right), -float(anterior), float(lowest)),
        study_uid=STUDY_UID,
    ).write(folder)
    with tempfile.TemporaryDirectory() as work:
        (prepared,) = prepare(folder, Path(work))
    assert isinstance(prepared, PreparedStudy)
    assert prepared.source is not None
    return prepared.source


def pixels_of(mask: Array) -> Array:
    """(N, rows, columns) of those images: a mask (I, J, K) of the volume."""
    return np.asarray(mask[::-1, ::-1].transpose(2, 1, 0))


def published(output: Path, case: Case, source: SourceImages | None = None) -> Path:
    """Its case folder, as the networks' results are published."""
    path = stored(output.parent / "converted.nii", case.image.data, case.image.affine, LAS)
    image = load_volume(path)
    made = {
        task: replace(one, label_map=replace(one.label_map, affine=image.affine))
        for task, one in case.segmentations.items()
    }
    case = replace(case, image=image, segmentations=made)
    measured = run_all(case)
    study = replace(PREPARED.study, patient=PATIENT, modality=case.modality)
    prepared = replace(PREPARED, study=study, series=case.series, volume_path=path, source=source)
    publication = Publication(prepared, case, measured, find(case, measured), STARTED)
    return publish(output, publication, lambda: ENDED).folder


@contextmanager
def editable_study(
    folder: Path, case: Case, *, people: Sequence[str] = (), has_images: bool = False
) -> Iterator[EditableStudy]:
    """One study on a server of its own until the block ends.

    Args:
        folder: where everything is.
        case: what is known of it.
        people: who may edit it, with :data:`PASSWORD`; without them anybody may.
        has_images: DICOM images are there, too.
    """
    service = service_in(folder, auth="on" if people else "off")
    for name in people:
        add_user(
            service.database, name, Role.OPERATOR, PASSWORD, utc_now(), must_change_password=False
        )
    images = folder / "images"
    source = images_of(case, images) if has_images else None
    case_folder = published(service.folders.output, case, source)
    results, identity = read_results(case_folder), read_identity(case_folder)
    with service.database.write() as session:
        study = add_study(session, state=StudyState.DONE, case_id=CASE_ID, revision=1, digest="d")
        index_results(session, study, results, identity, case_folder, NOW)
        number = study.id
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port = door.getsockname()[1]
    server = uvicorn.Server(
        uvicorn.Config(service.app, port=port, log_level="error", lifespan="on", ws="none")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    try:
        yield EditableStudy(service, f"http://127.0.0.1:{port}", number, case_folder, images)
    finally:
        server.should_exit = True
        thread.join()
        service.database.close()


def label_voxels(study: EditableStudy, name: str) -> Array:
    """A label map as it lies in the case folder, in RAS+ order."""
    return load_volume(study.folder / "labels" / f"{name}.nii.gz").data
