"""Compare results with a phantom's truth, value by value, each with its tolerance.

The tolerances are the ones the bundled networks are held to on synthetic patients; they say
nothing about real ones. A value that should be there and is not counts as wrong, and so does one
that should not be there: the volume of an organ that the study shows in part only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel

from heimdallr.domain.study import Modality
from heimdallr.publishing.schema import Identity, Results, read_identity, read_results

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VOLUME_TOLERANCES = {
    "CT": {"liver": 0.12, "spleen": 0.20, "kidney_right": 0.20, "kidney_left": 0.20},
    "MR": {"liver": 0.12, "spleen": 0.20, "kidney_right": 0.45, "kidney_left": 0.45},
}
"""Networks of 6 mm voxels, the borders drawn by the image. The trunk CT is native, where spleen,
bowel and muscle measure alike. The network for MR is trained for a quarter of the time, and takes
what lies beside a kidney for a part of it where both are of one signal."""

HU_TOLERANCE = 5.0
MUSCLE_AREA_TOLERANCE = 0.06
BLEED_TOLERANCE = 0.15
LEVEL_TOLERANCE_MM = 10.0
PHASES = {"portal_venous": "venous"}
"""The phantom's phase names → the founding document's, where they differ."""


class _Structure(BaseModel):
    series_volume_cm3: float
    truncated_at: list[str]
    hu_rendered: float | None


class _Muscle(BaseModel):
    slice_index: int
    sma_window_cm2: float
    hu_rendered: float


class _Series(BaseModel):
    series_instance_uid: str
    description: str
    spacing_mm: float | None
    selected: bool


class _Regions(BaseModel):
    covered: set[str]
    partly: set[str]


class Truth(BaseModel):
    """The part of a phantom's ``truth.json`` that can be compared with a case folder."""

    study_instance_uid: str
    modality: Modality
    contrast_phase: str | None
    regions: _Regions
    series: list[_Series]
    structures: dict[str, _Structure]
    l3: _Muscle | None
    bleed_series_volume_cm3: float

    @property
    def selected(self) -> _Series:
        """The series that selection must choose."""
        return next(series for series in self.series if series.selected)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One line of the demo's table, as text, and whether it is as it should be."""

    what: str
    measured: str
    true: str
    tolerance: str
    within: bool


def compare(case_folder: Path, truth_file: Path) -> list[Comparison]:
    """Everything of a case folder that the truth of its phantom says something about."""
    results, identity = read_results(case_folder), read_identity(case_folder)
    return compare_records(results, identity, truth_file)


def compare_records(results: Results, identity: Identity, truth_file: Path) -> list[Comparison]:
    """Compare what the API answered with the truth; see :func:`compare`."""
    truth = Truth.model_validate_json(truth_file.read_bytes())
    return [*_study(results, identity, truth), *_organs(results, truth), *_focus(results, truth)]


def _study(results: Results, identity: Identity, truth: Truth) -> Iterator[Comparison]:
    chosen, meant = identity.selected_series, truth.selected
    right = chosen.series_instance_uid == meant.series_instance_uid
    yield Comparison("series", chosen.description, meant.description, "the same", right)
    if truth.modality == "CT" and truth.contrast_phase and "brain" not in truth.structures:
        phase = chosen.contrast_phase.phase if chosen.contrast_phase else "–"
        meant_phase = PHASES.get(truth.contrast_phase, truth.contrast_phase)
        yield Comparison("phase", phase, meant_phase, "the same", phase == meant_phase)
    found = results.flat.get("body_regions")
    regions = set(found) if isinstance(found, list) else set()
    sure, maybe = truth.regions.covered, truth.regions.partly
    yield Comparison(
        "regions",
        ", ".join(sorted(regions)) or "–",
        ", ".join(sorted(sure)),
        f"± {', '.join(sorted(maybe))}" if maybe else "the same",
        sure <= regions <= sure | maybe,
    )


def _organs(results: Results, truth: Truth) -> Iterator[Comparison]:
    for organ, tolerance in VOLUME_TOLERANCES[truth.modality].items():
        structure = truth.structures.get(organ)
        if structure is None:
            continue
        volume, true = results.flat.get(f"{organ}_vol_cm3"), structure.series_volume_cm3
        if structure.truncated_at:
            shown = "none" if volume is None else _text(volume, "cm³")
            yield Comparison(f"{organ} volume", shown, "truncated", "none", volume is None)
            continue
        yield _relative(f"{organ} volume", volume, true, tolerance, "cm³")
        if structure.hu_rendered is not None:
            density = results.flat.get(f"{organ}_hu_mean")
            yield _absolute(f"{organ} density", density, structure.hu_rendered, HU_TOLERANCE, "HU")


def _focus(results: Results, truth: Truth) -> Iterator[Comparison]:
    if truth.l3 is not None:
        spacing = truth.selected.spacing_mm or 1.0
        level = results.flat.get("slice_L3")
        height = level * spacing if isinstance(level, int | float) else None
        true_height = truth.l3.slice_index * spacing
        yield _absolute("L3 height", height, true_height, LEVEL_TOLERANCE_MM, "mm")
        area, true = results.flat.get("SMA_cm2"), truth.l3.sma_window_cm2
        yield _relative("L3 muscle area", area, true, MUSCLE_AREA_TOLERANCE, "cm²")
        density = results.flat.get("muscle_HU_mean")
        yield _absolute("L3 muscle density", density, truth.l3.hu_rendered, HU_TOLERANCE, "HU")
    if truth.bleed_series_volume_cm3 > 0:
        volume, true = results.flat.get("hemorrhage_vol_cm3"), truth.bleed_series_volume_cm3
        yield _relative("haemorrhage", volume, true, BLEED_TOLERANCE, "cm³")
        critical = any(finding.severity == "critical" for finding in results.findings)
        yield Comparison(
            "critical finding", "raised" if critical else "none", "raised", "the same", critical
        )


def _relative(what: str, measured: object, true: float, share: float, unit: str) -> Comparison:
    within = isinstance(measured, int | float) and abs(measured - true) <= share * true
    return Comparison(what, _text(measured, unit), _text(true, unit), f"± {share:.0%}", within)


def _absolute(what: str, measured: object, true: float, margin: float, unit: str) -> Comparison:
    within = isinstance(measured, int | float) and abs(measured - true) <= margin
    tolerance = f"± {margin:.0f} {unit}"
    return Comparison(what, _text(measured, unit), _text(true, unit), tolerance, within)


def _text(value: object, unit: str) -> str:
    return f"{value:.1f} {unit}" if isinstance(value, int | float) else "not measured"
