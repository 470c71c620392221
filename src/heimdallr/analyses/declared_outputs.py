"""The measurements an analysis declares, and why one of them may have no value.

An :class:`Output` is declared once per measurement and builds its measurements, so that name,
unit and flat key cannot drift apart between the measured and the not measured case.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from heimdallr.domain.measurement import Measurement, Scalar, Status
from heimdallr.domain.statements import Statement, Value

if TYPE_CHECKING:
    from collections.abc import Iterable

PLACEHOLDER = re.compile(r"<[a-z]+>")


@dataclass(frozen=True, slots=True)
class Absence:
    """Why there is no value.

    Attributes:
        status: ``not_applicable``, ``not_assessable`` or ``failed``.
        why: one clause, without patient data.
    """

    status: Status
    why: Statement


def inapplicable(code: str, /, **parameters: Value) -> Absence:
    """The measurement makes no sense for this study; arguments as of a :class:`Statement`."""
    return Absence(Status.NOT_APPLICABLE, Statement(code, parameters))


def unassessable(code: str, /, **parameters: Value) -> Absence:
    """The measurement would make sense, but this study cannot answer it; arguments likewise."""
    return Absence(Status.NOT_ASSESSABLE, Statement(code, parameters))


@dataclass(frozen=True, slots=True)
class Output:
    """One measurement an analysis publishes.

    Attributes:
        name: measurement name; ``<structure>_vol_cm3`` stands for one per structure.
        unit: unit symbol, empty for counts, indices and categories.
        meaning: one line for the documentation.
        flat: published as a top-level key of ``resultados.json`` as well.
    """

    name: str
    unit: str
    meaning: str
    flat: bool = False

    @property
    def is_template(self) -> bool:
        """Whether the name holds a placeholder."""
        return PLACEHOLDER.search(self.name) is not None

    def of(self, **parts: str) -> Output:
        """This output with its placeholders filled in."""
        name = self.name
        for part, value in parts.items():
            name = name.replace(f"<{part}>", value)
        return replace(self, name=name)

    def measured(
        self, value: float | str, *, structure: str | None = None, **parameters: Scalar
    ) -> Measurement:
        """The measurement with its value; :class:`ValueError` for NaN or infinity."""
        return Measurement(
            self.name,
            value,
            self.unit,
            Status.MEASURED,
            structure=structure,
            flat=self.flat,
            parameters=parameters,
        )

    def absent(
        self, absence: Absence, *, structure: str | None = None, **parameters: Scalar
    ) -> Measurement:
        """The measurement without a value, and why."""
        return Measurement(
            self.name,
            None,
            self.unit,
            absence.status,
            absence.why,
            structure=structure,
            flat=self.flat,
            parameters=parameters,
        )


def all_absent(outputs: Iterable[Output], absence: Absence) -> tuple[Measurement, ...]:
    """Every output that has a fixed name, absent for one common reason."""
    return tuple(output.absent(absence) for output in outputs if not output.is_template)
