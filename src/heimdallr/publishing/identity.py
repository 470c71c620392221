"""``id.json``: patient, study, chosen series, and how the case came to be.

It names the patient, as ``source.json`` beside it does and no other file. The founding document's
keys are always there; what the headers do not tell is ``null`` (an empty string for texts that are
empty there).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from heimdallr.analyses.contrast_phase import PHASE
from heimdallr.domain.measurement import Status
from heimdallr.publishing.schema import (
    ContrastPhaseRecord,
    ConversionRecord,
    Identity,
    PipelineRecord,
    SelectedSeriesRecord,
    SeriesRecord,
    coded,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime, timedelta

    from heimdallr.domain.measurement import Measurement
    from heimdallr.domain.study import Series, SeriesVerdict
    from heimdallr.preparation.conversion import Conversion
    from heimdallr.preparation.prepare import PreparedStudy


@dataclass(frozen=True, slots=True)
class Processing:
    """When the case was processed.

    Attributes:
        started_at: with its time zone.
        ended_at: with its time zone.
        stages_s: seconds spent in each stage, in the order they ran.
    """

    started_at: datetime
    ended_at: datetime
    stages_s: Mapping[str, float]


def build_identity(
    prepared: PreparedStudy, measurements: Iterable[Measurement], processing: Processing
) -> Identity:
    """Everything ``id.json`` says.

    Args:
        prepared: the study, its series and selection, skipped files and conversion.
        measurements: the contrast phase is read off them.
        processing: when, and how long each stage took.
    """
    study, patient = prepared.study, prepared.study.patient
    return Identity(
        patient_name=patient.name,
        accession_number=study.accession_number,
        study_instance_uid=study.study_instance_uid,
        modality=study.modality,
        study_date=study.study_date,
        case_id=study.case_id,
        clinical_name=study.case_id,
        pipeline=_pipeline(processing),
        selected_series=_selected(prepared.series, measurements),
        patient_id=patient.patient_id,
        birth_date=patient.birth_date,
        sex=patient.sex,
        age_years=patient.age_years,
        height_m=patient.height_m,
        weight_kg=patient.weight_kg,
        study_time=study.study_time,
        study_description=study.description,
        institution=study.institution,
        series=[_verdict(one) for one in prepared.selection.verdicts],
        skipped_files=dict(prepared.skipped),
        conversion=_conversion(prepared.conversion),
    )


def identity_json(identity: Identity) -> str:
    """The file's text, strict JSON."""
    return identity.model_dump_json(indent=2) + "\n"


def contrast_phase(measurements: Iterable[Measurement]) -> ContrastPhaseRecord | None:
    """The founding document's ``ContrastPhaseData``; ``None`` when no phase was measured.

    It has a probability, which nothing here is able to give.
    """
    values = {one.name: one.value for one in measurements if one.status is Status.MEASURED}
    phase = values.get(PHASE.name)
    return None if phase is None else ContrastPhaseRecord(phase=str(phase), probability=None)


def _pipeline(processing: Processing) -> PipelineRecord:
    return PipelineRecord(
        start_time=processing.started_at,
        end_time=processing.ended_at,
        elapsed_time=_clock(processing.ended_at - processing.started_at),
        stages_s={stage: round(seconds, 3) for stage, seconds in processing.stages_s.items()},
    )


def _clock(elapsed: timedelta) -> str:
    """Elapsed time as ``h:mm:ss``, whole seconds."""
    minutes, seconds = divmod(round(elapsed.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"


def _selected(series: Series, measurements: Iterable[Measurement]) -> SelectedSeriesRecord:
    return SelectedSeriesRecord(
        number=_number(series),
        contrast_phase=contrast_phase(measurements),
        series_instance_uid=series.series_instance_uid,
        description=series.description,
        kernel=series.kernel,
        slice_thickness_mm=series.slice_thickness_mm,
        spacing_mm=series.spacing_mm,
        coverage_mm=series.coverage_mm,
    )


def _conversion(conversion: Conversion | None) -> ConversionRecord | None:
    if conversion is None:
        return None
    return ConversionRecord(
        converter=conversion.converter,
        return_code=conversion.return_code,
        tilt_corrected=conversion.tilt_corrected,
        equidistant=conversion.equidistant,
        resampled_by=conversion.resampled_by,
        rewritten=conversion.rewritten,
        placement_error_mm=conversion.placement_error_mm,
        warnings=list(conversion.warnings),
    )


def _verdict(verdict: SeriesVerdict) -> SeriesRecord:
    series = verdict.series
    return SeriesRecord(
        number=_number(series),
        series_instance_uid=series.series_instance_uid,
        description=series.description,
        modality=series.modality,
        instances=series.instances,
        rank=verdict.rank,
        reasons=[one.text for one in verdict.reasons],
        reasons_coded=[coded(one) for one in verdict.reasons],
    )


def _number(series: Series) -> str | None:
    """SeriesNumber as a text, as the founding document writes it."""
    return None if series.number is None else str(series.number)
