"""Whether a CT was made as a measurement needs it: phase, voltage, kernel, slices; and of whom.

Each gate gives the reason why not, or ``None``. What the header does not tell is not guessed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.analyses.body_regions import covered_regions
from heimdallr.analyses.declared_outputs import Absence, inapplicable, unassessable
from heimdallr.analyses.presence import attenuation_absence
from heimdallr.analyses.unseen_regions import may_be_unseen
from heimdallr.domain.study import ADULT_YEARS, KernelClass, PixelValues
from heimdallr.imaging.morphology import slice_distance_mm

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heimdallr.analyses.case import Case

NATIVE = "native"
SHARP = (KernelClass.LUNG, KernelClass.BONE)
ROUNDING_MM = 0.01
"""Slices of 2.5 mm are written as 2.5003 by some scanners."""


def scanned_absence(case: Case) -> Absence | None:
    """Why there are no Hounsfield units of the body as a usual tube shows it."""
    if case.modality != "CT":
        return inapplicable("mr_has_no_hounsfield_units")
    if absence := attenuation_absence(case):
        return absence
    if case.series.pixel_values is PixelValues.VIRTUAL:
        return unassessable("virtual_attenuation")
    return None


def native_absence(case: Case) -> Absence | None:
    """Why the CT is not known to be without contrast medium."""
    phase = case.facts.get("contrast_phase")
    if phase is None or phase.value is None:
        return unassessable("native_phase_not_known")
    if phase.value != NATIVE:
        return inapplicable("needs_unenhanced_ct", phase=str(phase.value))
    return None


def voltage_absence(case: Case, low_kvp: float, high_kvp: float) -> Absence | None:
    """Why the tube voltage is not between two values."""
    kvp = case.series.kvp
    if kvp is None:
        return unassessable("voltage_unknown")
    if not low_kvp <= kvp <= high_kvp:
        return unassessable("voltage_outside", kvp=kvp, low_kvp=low_kvp, high_kvp=high_kvp)
    return None


def spacing_absence(case: Case, at_most_mm: float, *, may_overlap: bool = False) -> Absence | None:
    """Why slices are too far apart, or too thick.

    Args:
        case: the case.
        at_most_mm: what the measurement bears.
        may_overlap: only their distance counts; they may be thicker than that.
    """
    slice_mm = slice_distance_mm(case.image.affine)
    if not may_overlap:
        slice_mm = max(slice_mm, case.series.slice_thickness_mm or 0.0)
    if slice_mm > at_most_mm + ROUNDING_MM:
        return unassessable("slices_too_thick", slice_mm=slice_mm, at_most_mm=at_most_mm)
    return None


def voxel_absence(case: Case, at_most_mm: float) -> Absence | None:
    """Why slices lie too far apart or pixels are too large."""
    pixel_mm = float(max(case.image.spacing_mm[:2]))
    if pixel_mm > at_most_mm + ROUNDING_MM:
        return unassessable("pixels_too_large", pixel_mm=pixel_mm, at_most_mm=at_most_mm)
    return spacing_absence(case, at_most_mm, may_overlap=True)


def kernel_absence(case: Case) -> Absence | None:
    """Why the kernel is not known to be soft or standard."""
    kernel, kind = case.series.kernel, case.series.kernel_class
    if kind in SHARP:
        return unassessable("kernel_too_sharp", kernel=kernel or kind.value)
    if kind is KernelClass.UNKNOWN:
        return unassessable("kernel_not_known")
    return None


def age_absence(case: Case, from_years: float = ADULT_YEARS) -> Absence | None:
    """Why limits do not hold: the patient is known to be younger; those of grown-ups by default."""
    age = case.patient.age_years
    if age is not None and age < from_years:
        return inapplicable("holds_from_age", from_years=from_years, age_years=age)
    return None


def region_absence(case: Case, region: str, structures: Iterable[str]) -> Absence | None:
    """Why a number does not apply: its region is not covered, and these are not seen whole.

    An abdominal CT shows the bases of the lungs; that says nothing of emphysema, and is no failure.
    """
    if case.anatomy_task not in case.segmentations or region in covered_regions(case):
        return None
    seen = [case.statistics.get(name) for name in structures]
    if may_be_unseen(case, region) or all(one is not None and not one.cuts for one in seen):
        return None
    return inapplicable("region_not_covered", region=region)
