"""Studies, results and case folders for the tests of the store, written by hand."""

from __future__ import annotations

import gzip
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from heimdallr.domain.statements import Statement
from heimdallr.domain.study import PixelValues
from heimdallr.publishing import identity as identity_module
from heimdallr.publishing import results as results_module
from heimdallr.publishing.schema import (
    IDENTITY_FILE,
    LABELS_FILE,
    LABELS_FOLDER,
    PREVIEW_NAME,
    RESULTS_FILE,
    FindingRecord,
    Identity,
    LabelMapRecord,
    Labels,
    MeasurementRecord,
    PipelineRecord,
    ProvenanceRecord,
    Results,
    SelectedSeriesRecord,
    SeriesRecord,
    StructureRecord,
    coded,
)
from heimdallr.store.models import Instance, Patient, Run, Series, Study, StudyState
from heimdallr.store.reading.search import search_text
from heimdallr.store.work.states import new_workflow_id

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

    from heimdallr.store.layout import DataFolders

NOW = datetime(2026, 2, 1, 12, 0, tzinfo=timezone.utc)
UID = "1.2.3"
SERIES_UID = "1.2.3.4"
OTHER_SERIES_UID = "1.2.3.5"
CASE_ID = "SilvaMJ_20260201_123456"
BUNDLED = Statement("bundled_weights")
UNASSESSABLE = Statement("level_truncated", {"level": "L3", "edges": ("inferior",), "count": 1})
MEASURED = Statement("series_covers", {"coverage_mm": 360.0})
REFUSED = Statement("series_is_localizer")


def add_study(session: Session, key: str = UID, **columns: object) -> Study:
    """A study as the recorder leaves it, with its patient; ``columns`` replace the defaults."""
    name = str(columns.get("patient_name", "SILVA^MARIA JOSÉ"))
    patient_id = str(columns.get("patient_id", "P-77"))
    accession = str(columns.get("accession_number", "123456"))
    patient = Patient(patient_id=patient_id, name=name)
    session.add(patient)
    session.flush()
    values: dict[str, object] = {
        "key": key,
        "study_instance_uid": key,
        "patient_fk": patient.id,
        "patient_name": name,
        "patient_id": patient_id,
        "accession_number": accession,
        "search_text": search_text(name, patient_id, accession),
        "study_date": "20260201",
        "modalities": ",CT,",
        "received_at": NOW,
        "last_instance_at": NOW,
        "changed_at": NOW,
        "state": StudyState.RECEIVING,
    }
    study = Study(**{**values, **columns})
    session.add(study)
    session.flush()
    return study


def put_in_state(session: Session, study_id: int, state: StudyState) -> None:
    """A study whose newest run is in a state, and which tells of it."""
    study = session.get_one(Study, study_id)
    run = session.query(Run).filter_by(study_fk=study_id).order_by(Run.id.desc()).first()
    if run is None:
        run = Run(
            study_fk=study_id,
            revision=study.revision,
            attempt=1,
            cause="received",
            workflow_id=new_workflow_id(),
            queued_at=NOW,
        )
        session.add(run)
    run.state = study.state = state
    session.flush()


def add_instance(
    session: Session,
    study: Study,
    key: str,
    folders: DataFolders | None = None,
    *,
    series_uid: str = SERIES_UID,
    content: bytes = b"DICM",
) -> Instance:
    """An instance of a series that is made when new; with its file where folders are given."""
    series = next(iter(session.query(Series).filter_by(study_fk=study.id, uid=series_uid)), None)
    if series is None:
        series = Series(study_fk=study.id, uid=series_uid, modality="CT")
        session.add(series)
        session.flush()
    if folders:
        path = folders.instance(study.key, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    instance = Instance(
        study_fk=study.id,
        series_fk=series.id,
        key=key,
        digest=key.rjust(64, "0"),
        size_bytes=len(content),
        path=f"{study.key}/{key}.dcm",
        received_at=NOW,
    )
    session.add(instance)
    study.instance_count += 1
    study.size_bytes += len(content)
    session.flush()
    return instance


def measurement(
    name: str,
    value: float | str | None = None,
    *,
    unit: str = "",
    reason: str = "",
    why: Statement | None = None,
) -> MeasurementRecord:
    """A measurement; without a value it was not assessable, for ``why`` or an older ``reason``."""
    return MeasurementRecord(
        name=name,
        value=value,
        unit=unit,
        status="measured" if value is not None else "not_assessable",
        reason=why.text if why else reason,
        reason_coded=coded(why) if why else None,
        analysis="organ_volumetry",
        structure=None,
        parameters={},
    )


def bleed(volume_cm3: float = 12.5) -> FindingRecord:
    """A critical finding."""
    title = Statement("finding_intracerebral_haemorrhage", {"volume_cm3": volume_cm3})
    return FindingRecord(
        code="intracerebral_haemorrhage",
        severity="critical",
        title=title.text,
        title_coded=coded(title),
        evidence={"hemorrhage_vol_cm3": volume_cm3},
        reference="Kothari 1996",
        structure="intracerebral_hemorrhage",
        slice_index=12,
        caveats=[BUNDLED.text],
        caveats_coded=[coded(BUNDLED)],
    )


def make_results(
    *,
    measurements: tuple[MeasurementRecord, ...] = (
        measurement("liver_vol_cm3", 1500.5, unit="cm3"),
        measurement("hemorrhage_alert", "alert"),
        measurement("SMA_cm2", why=UNASSESSABLE),
    ),
    findings: tuple[FindingRecord, ...] = (),
    case_id: str = CASE_ID,
) -> Results:
    """What ``resultados.json`` holds."""
    return Results(
        case_id=case_id,
        modality="CT",
        measurements=list(measurements),
        findings=list(findings),
        provenance=ProvenanceRecord(
            software="heimdallr",
            version="0",
            created_at=NOW,
            series_instance_uid=SERIES_UID,
            pixel_values=PixelValues.ATTENUATION,
            segmentations=[],
            skipped_tasks={},
        ),
        notices=[BUNDLED.text],
        notices_coded=[coded(BUNDLED)],
        body_regions=["head", "thorax"],
    )


def make_identity(*, case_id: str = CASE_ID, uid: str = UID) -> Identity:
    """What ``id.json`` holds: one chosen series, one refused."""
    return Identity(
        patient_name="SILVA^MARIA JOSÉ",
        accession_number="123456",
        study_instance_uid=uid,
        modality="CT",
        study_date="20260201",
        case_id=case_id,
        clinical_name="Maria José Silva",
        pipeline=PipelineRecord(
            start_time=NOW - timedelta(seconds=90),
            end_time=NOW,
            elapsed_time="0:01:30",
            stages_s={"prepare": 10.0, "segment": 60.0, "analyze": 15.0, "publish": 5.0},
        ),
        selected_series=SelectedSeriesRecord(
            number="4",
            contrast_phase=None,
            series_instance_uid=SERIES_UID,
            description="ABD",
            kernel="B30f",
            slice_thickness_mm=3.0,
            spacing_mm=3.0,
            coverage_mm=360.0,
        ),
        patient_id="P-77",
        birth_date="19600102",
        sex="F",
        age_years=66.0,
        height_m=1.62,
        weight_kg=None,
        study_time="101500",
        study_description="CT ABDOMEN",
        institution="Hospital",
        series=[
            SeriesRecord(
                number="4",
                series_instance_uid=SERIES_UID,
                description="ABD",
                modality="CT",
                instances=120,
                rank=1,
                reasons=[MEASURED.text],
                reasons_coded=[coded(MEASURED)],
            ),
            SeriesRecord(
                number="1",
                series_instance_uid=OTHER_SERIES_UID,
                description="SCOUT",
                modality="CT",
                instances=1,
                rank=None,
                reasons=[REFUSED.text],
                reasons_coded=[coded(REFUSED)],
            ),
        ],
        skipped_files={},
        conversion=None,
    )


def write_case(
    output: Path, results: Results | None = None, identity: Identity | None = None
) -> Path:
    """A case folder with a volume and one mask."""
    results, identity = results or make_results(), identity or make_identity()
    folder = output / identity.case_id
    (folder / "total").mkdir(parents=True)
    (folder / "total" / "liver.nii.gz").write_bytes(b"m" * 300)
    (folder / "volume.nii.gz").write_bytes(b"v" * 1000)
    (folder / "L3_overlay.png").write_bytes(b"p" * 50)
    (folder / RESULTS_FILE).write_text(results_module.results_json(results))
    (folder / IDENTITY_FILE).write_text(identity_module.identity_json(identity))
    return folder


def write_viewer_files(folder: Path) -> None:
    """A preview, and a label map with the liver, beside what :func:`write_case` wrote."""
    liver = StructureRecord(
        label=5,
        structure="liver",
        name="Liver",
        colour=(188, 96, 76),
        group="organs",
        voxels=8,
        bbox_min_ijk=(2, 2, 2),
        bbox_max_ijk=(3, 3, 3),
        centroid_ijk=(2.5, 2.5, 2.5),
        centroid_ras_mm=(2.5, 2.5, 7.5),
        largest_slice=2,
        position_ijk=(2, 2, 2),
        position_ras_mm=(2.0, 2.0, 6.0),
    )
    rows = ((1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 3.0, 0.0), (0.0, 0.0, 0.0, 1.0))
    total = LabelMapRecord(name="total", task="total", structures=[liver])
    labels = Labels(shape=(8, 8, 20), affine=rows, maps=[total])
    (folder / LABELS_FOLDER).mkdir()
    (folder / LABELS_FOLDER / LABELS_FILE).write_text(labels.model_dump_json())
    (folder / LABELS_FOLDER / "total.nii.gz").write_bytes(gzip.compress(b"l" * 400))
    (folder / PREVIEW_NAME).write_bytes(gzip.compress(b"w" * 100))
