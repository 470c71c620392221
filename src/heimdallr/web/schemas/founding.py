"""The founding document's endpoints; keys that are ours beside theirs say so."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from heimdallr.publishing.publish import VOLUME_NAME
from heimdallr.publishing.schema import Results
from heimdallr.store.models import StudyState
from heimdallr.store.reading.worklist import WorklistRow
from heimdallr.web.schemas.common import Schema


class UploadAccepted(Schema):
    """An upload that was taken in."""

    status: str = Field(examples=["Accepted"])
    message: str = Field(examples=["600 images of 1 study received"])
    original_file: str = Field(examples=["exam.zip"], description="the client's name of the file")
    study_instance_uids: list[str] = Field(examples=[["1.2.826.0.1.3680043.8.498.1"]])
    location: str = Field(
        examples=["/api/v1/studies/17"], description="where to follow the (first) study"
    )
    studies: list[int] = Field(examples=[[17]], description="numbers of the studies")
    instances: int = Field(examples=[600], description="images that are new")
    duplicates: int = Field(examples=[0], description="images that were here already")
    unusable: int = Field(examples=[1], description="files that are no usable image")
    passed_over: dict[str, int] = Field(
        examples=[{"not a DICOM file": 1}],
        description="those of them that no image was expected of, by reason",
    )


class PatientRow(Schema):
    """A study, in the founding document's words; ``state`` and what follows is ours."""

    case_id: str | None = Field(examples=["SilvaMJ_20260201_123456"])
    filename: str | None = Field(examples=[VOLUME_NAME])
    file_size_bytes: int | None
    file_size_mb: float | None
    patient_name: str
    study_date: str | None = Field(examples=["20260201"])
    accession: str
    modality: str
    elapsed_seconds: float | None
    has_results: bool
    body_regions: list[str]
    has_hemorrhage: bool | None = Field(description="null where that could not be answered")
    study_id: int
    state: StudyState
    progress: float
    error: str


class Patients(Schema):
    """Newest first."""

    patients: list[PatientRow]
    total: int
    offset: int


class ResultsWithImages(Results):
    """`resultados.json`, and the names of the pictures beside it."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)
    images: list[str] = Field(examples=[["L3_overlay.png"]])


def patient_row(row: WorklistRow) -> PatientRow:
    """A study in the founding document's words."""
    size = row.volume_bytes
    return PatientRow(
        case_id=row.case_id,
        filename=VOLUME_NAME if size is not None else None,
        file_size_bytes=size,
        file_size_mb=None if size is None else round(size / 2**20, 2),
        patient_name=row.patient_name,
        study_date=row.study_date,
        accession=row.accession_number,
        modality=row.modality or next(iter(row.modalities), ""),
        elapsed_seconds=row.elapsed_s,
        has_results=row.has_results,
        body_regions=list(row.body_regions),
        has_hemorrhage=row.has_hemorrhage,
        study_id=row.id,
        state=row.state,
        progress=row.progress,
        error=row.error,
    )
