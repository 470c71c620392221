"""A measurement: value and unit, or status and reason."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heimdallr.domain.statements import Statement

Scalar = str | int | float | bool | None
"""What a provenance entry, a parameter or an evidence field may hold."""


class Status(str, Enum):
    """Why a measurement has, or has not, a value."""

    MEASURED = "measured"
    NOT_APPLICABLE = "not_applicable"
    """The measurement makes no sense here (HU statistics on MR, a bleed without a head)."""
    NOT_ASSESSABLE = "not_assessable"
    """It would make sense, but this study cannot answer it (a truncated organ)."""
    FAILED = "failed"
    """The software broke while computing it."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One named quantity of one study.

    A value is present exactly when ``status`` is ``measured``; otherwise ``why`` says why
    it is not. Analyses build theirs with
    :class:`~heimdallr.analyses.declared_outputs.Output`.

    Attributes:
        name: unique within a case; the flat key where the founding document names one,
            ``liver_vol_cm3`` say.
        value: a finite number or a category; ``None`` unless measured.
        unit: UCUM-like symbol (``cm3``, ``cm2``, ``[hnsf'U]`` is written ``HU``, ``mm``, ``%``);
            empty for counts, indices and categories.
        analysis: name of the analysis that made it.
        structure: TotalSegmentator class name it is about, if it is about one.
        flat: publish it as a top-level key of ``resultados.json`` as well.
        parameters: what was used to compute it (HU windows, slice index, thresholds).
    """

    name: str
    value: float | int | str | None
    unit: str
    status: Status
    why: Statement | None = None
    analysis: str = ""
    structure: str | None = None
    flat: bool = False
    parameters: Mapping[str, Scalar] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """Why there is no value, in English; empty when there is one."""
        return "" if self.why is None else self.why.text

    def __post_init__(self) -> None:
        """Refuse a value without the status, a status without the reason, and NaN."""
        if (self.status is Status.MEASURED) != (self.value is not None):
            msg = f"{self.name}: a value is present exactly when the status is 'measured'"
            raise ValueError(msg)
        if self.status is not Status.MEASURED and self.why is None:
            msg = f"{self.name}: status {self.status} needs a reason"
            raise ValueError(msg)
        if isinstance(self.value, float) and not math.isfinite(self.value):
            msg = f"{self.name}: {self.value} is not a number to publish"
            raise ValueError(msg)
