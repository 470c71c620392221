"""Measurements read back from ``resultados.json``, as the code that made them knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.domain.measurement import Measurement, Status
from heimdallr.domain.statements import Statement
from heimdallr.publishing.schema import said

if TYPE_CHECKING:
    from heimdallr.domain.measurement import Scalar
    from heimdallr.publishing.schema import FindingRecord, MeasurementRecord, Results


def stored_measurement(record: MeasurementRecord, *, flat: bool = False) -> Measurement:
    """A measurement as it was when it was published.

    Args:
        record: as it stands in the file.
        flat: whether it is a top-level key as well; the record does not say.
    """
    return Measurement(
        name=record.name,
        value=record.value,
        unit=record.unit,
        status=Status(record.status),
        why=_reason(record),
        analysis=record.analysis,
        structure=record.structure,
        flat=flat,
        parameters=dict(record.parameters),
    )


def stored_title(finding: FindingRecord) -> Statement:
    """A finding's title; in folders of earlier versions it is words without a code."""
    return said(finding.title_coded) if finding.title_coded else Statement(finding.title)


def stored_kvp(results: Results) -> float | None:
    """Tube voltage in kV, as the measurements of attenuation name it; ``None``: none does."""
    named = (one.parameters.get("kvp") for one in results.measurements)
    return next((float(kvp) for kvp in named if isinstance(kvp, int | float)), None)


def _reason(record: MeasurementRecord) -> Statement | None:
    """Why there is no value; folders of earlier versions have words without a code."""
    if record.reason_coded is not None:
        return said(record.reason_coded)
    return Statement(record.reason) if record.reason else None


def contrast_phase_of(results: Results) -> Scalar:
    """The measured contrast phase; ``None`` where it is not known."""
    return next((one.value for one in results.measurements if one.name == "contrast_phase"), None)
