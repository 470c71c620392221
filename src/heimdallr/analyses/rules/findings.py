"""Findings: what the measurements of a case mean, by rules a person can read and check.

A finding names its evidence and its source. It is a pointer for a radiologist, not a diagnosis; the
absence of a finding says nothing, since a rule whose measurements are missing stays silent.

To add a rule: write a function from :class:`Known` to a finding or ``None``, and name it in
:data:`RULES`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from heimdallr.analyses.body_regions import COVERED, IN_PART, SEPARATOR
from heimdallr.analyses.cerebral_haemorrhage import ALERT, ALERT_CM3, LABEL, LARGE_CM3
from heimdallr.analyses.organ_volumetry import ORGANS
from heimdallr.analyses.presence import truncated_edges
from heimdallr.analyses.rules.muscle_cutoffs import Cutoff, cutoffs_for
from heimdallr.analyses.vertebral_levels import TRANSITIONAL
from heimdallr.domain.statements import Statement
from heimdallr.domain.study import PixelValues

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement, Scalar
    from heimdallr.domain.study import Patient

ADULT_YEARS = 18.0
LARGEST_SPLEEN_CM3 = 314.5
"""The largest of Prassopoulos 1997, below."""
FATTY_LIVER_HU, FATTY_DIFFERENCE_HU = 40.0, -10.0
"""Boyce 2010; Limanond 2004, below."""
STEATOSIS_KVP = (110.0, 130.0)
"""Chosen, not measured: the limits were published for 120 kVp, and fat is darker at lower voltages.
At 80 or 100 kVp a fatty liver would measure lower than the limit means, at 140 higher."""
PRASSOPOULOS = "Prassopoulos 1997, Eur Radiol 7:246 (107.2 to 314.5 cm³)"
BOYCE = "Boyce 2010, AJR 194:623 (40 HU)"
LIMANOND = "Limanond 2004, Radiology 230:276 (L-S -10 HU)"

BUNDLED_CAVEAT = Statement("bundled_weights")
AGE_CAVEAT = Statement("age_unknown")

ASKED_ORGANS = {
    "liver": ("LIVER", "HEPAT", "FIGADO", "HIGADO", "LEBER", "FOIE", "FEGATO"),
    "spleen": ("SPLEEN", "SPLEN", "BACO", "BAZO", "MILZ", "RATE", "MILZA"),
    "kidney_right": ("KIDNEY", "RENAL", "RENAIS", "RINS", "NIERE", "NIEREN", "UROGRA", "URO"),
    "kidney_left": ("KIDNEY", "RENAL", "RENAIS", "RINS", "NIERE", "NIEREN", "UROGRA", "URO"),
}
"""Organ → beginnings of header words that ask for it."""
ABDOMEN_WORDS = ("ABD", "ABDOMEN", "ABDOME")


class Severity(str, Enum):
    """How soon a person should look."""

    CRITICAL = "critical"
    """Must be acknowledged by a person."""
    SIGNIFICANT = "significant"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found.

    Attributes:
        code: stable identifier.
        said: its title, one line for the worklist: a statement ``finding_<code>``.
        evidence: measurement or limit it rests on → its value; units are in the names.
        reference: publication the limit comes from; empty for a technical finding.
        structure: TotalSegmentator class name it is about.
        slice_index: axial slice to look at, 0 = most inferior.
        caveats: what weakens it.
    """

    code: str
    severity: Severity
    said: Statement
    evidence: Mapping[str, Scalar]
    reference: str = ""
    structure: str | None = None
    slice_index: int | None = None
    caveats: tuple[Statement, ...] = ()

    @property
    def title(self) -> str:
        """The title in English."""
        return self.said.text


@dataclass(frozen=True)
class Told:
    """A patient and measurements: all that some rules ask for, also long after the case was made.

    Attributes:
        patient: sex, age, height and weight count.
        usual_attenuation: whether limits in HU hold; they were found at the energies of usual
            tubes.
        measurements: by name.
    """

    patient: Patient
    usual_attenuation: bool
    measurements: Mapping[str, Measurement]

    def number(self, name: str) -> float | None:
        """The value of a measured number, else ``None``."""
        found = self.measurements.get(name)
        if found is None or not isinstance(found.value, int | float):
            return None
        return float(found.value)

    def word(self, name: str) -> str | None:
        """The value of a measured category, else ``None``."""
        found = self.measurements.get(name)
        return found.value if found is not None and isinstance(found.value, str) else None

    def evidence(self, *names: str) -> dict[str, Scalar]:
        """Those of the named measurements that were measured, with their values."""
        found = (self.measurements.get(name) for name in names)
        return {one.name: one.value for one in found if one is not None and one.value is not None}

    @property
    def adult(self) -> bool:
        """Not known to be under 18; an unknown age adds a caveat."""
        age = self.patient.age_years
        return age is None or age >= ADULT_YEARS

    @property
    def age_caveats(self) -> tuple[Statement, ...]:
        """The caveat of an unknown age."""
        return (AGE_CAVEAT,) if self.patient.age_years is None else ()


@dataclass(frozen=True)
class Known(Told):
    """A case and its measurements, as the rules ask for them."""

    case: Case


def intracerebral_haemorrhage(known: Known) -> Finding | None:
    """Segmented intracerebral blood of at least 0.1 cm³; 30 cm³ and more is called large."""
    alert = known.measurements.get("hemorrhage_alert")
    if alert is None or alert.value != ALERT:
        return None
    segmented = alert.parameters.get("segmented_cm3")
    volume_cm3 = float(segmented) if isinstance(segmented, int | float) else ALERT_CM3
    large = volume_cm3 >= LARGE_CM3
    said = (
        Statement(
            "finding_intracerebral_haemorrhage_large",
            {"volume_cm3": volume_cm3, "limit_cm3": LARGE_CM3},
        )
        if large
        else Statement("finding_intracerebral_haemorrhage", {"volume_cm3": volume_cm3})
    )
    centre = known.number("hemorrhage_analysis_slices.center_50")
    return Finding(
        code="intracerebral_haemorrhage",
        severity=Severity.CRITICAL,
        said=said,
        evidence={
            "hemorrhage_segmented_cm3": volume_cm3,
            **known.evidence("hemorrhage_side", "hemorrhage_abc2_cm3", "hemorrhage_diameter_mm"),
        },
        reference="Hemphill 2001, Stroke 32:891 (ICH score: 30 cm³)" if large else "",
        structure=LABEL,
        slice_index=None if centre is None else int(centre),
    )


def low_muscle_mass(known: Told) -> Finding | None:
    """Muscle area or index at L3 below a published cut-off for the patient's sex.

    Significant below the limit of healthy people; a note when only cut-offs from
    patients with cancer are undercut. The index counts where there is one, else the area.
    """
    quantity = "SMA_cm2" if known.number("SMI_cm2_m2") is None else "SMI_cm2_m2"
    crossed = _below(known, quantity)
    if not crossed:
        return None
    healthy = any(cutoff.healthy for cutoff in crossed)
    return Finding(
        code="low_muscle_mass",
        severity=Severity.SIGNIFICANT if healthy else Severity.NOTE,
        said=Statement("finding_low_muscle_mass"),
        evidence={**known.evidence("SMA_cm2", "SMI_cm2_m2"), **_limits(crossed)},
        reference="; ".join(cutoff.source for cutoff in crossed),
        structure="skeletal_muscle",
        slice_index=_slice_l3(known),
        caveats=known.age_caveats,
    )


def low_muscle_attenuation(known: Told) -> Finding | None:
    """Mean muscle attenuation at L3 below a published cut-off (fatty muscle)."""
    crossed = _below(known, "muscle_HU_mean")
    if not crossed:
        return None
    return Finding(
        code="low_muscle_attenuation",
        severity=Severity.NOTE,
        said=Statement("finding_low_muscle_attenuation"),
        evidence={**known.evidence("muscle_HU_mean", "contrast_phase"), **_limits(crossed)},
        reference="; ".join(cutoff.source for cutoff in crossed),
        structure="skeletal_muscle",
        slice_index=_slice_l3(known),
        caveats=known.age_caveats,
    )


def splenomegaly(known: Known) -> Finding | None:
    """Spleen above the largest volume seen in 140 patients without splenic disease."""
    volume_cm3 = known.number("spleen_vol_cm3")
    if volume_cm3 is None or not known.adult or volume_cm3 <= LARGEST_SPLEEN_CM3:
        return None
    return Finding(
        code="splenomegaly",
        severity=Severity.SIGNIFICANT,
        said=Statement("finding_splenomegaly", {"volume_cm3": volume_cm3}),
        evidence={**known.evidence("spleen_vol_cm3"), "upper_limit_cm3": LARGEST_SPLEEN_CM3},
        reference=PRASSOPOULOS,
        structure="spleen",
        slice_index=_centre_slice(known, "spleen"),
        caveats=known.age_caveats,
    )


def liver_steatosis(known: Known) -> Finding | None:
    """Liver attenuation in the range of moderate to severe steatosis, on unenhanced CT only.

    Eroded liver mean below 40 HU (Boyce 2010), or more than 10 HU below the spleen (Limanond
    2004), at 110 to 130 kVp.
    """
    liver_hu = known.number("liver_hu_eroded_mean")
    kvp = known.case.series.kvp
    if liver_hu is None or kvp is None or not known.adult or not known.usual_attenuation:
        return None
    if known.word("contrast_phase") != "native" or not STEATOSIS_KVP[0] <= kvp <= STEATOSIS_KVP[1]:
        return None
    spleen_hu = known.number("spleen_hu_eroded_mean")
    difference_hu = None if spleen_hu is None else round(liver_hu - spleen_hu, 2)
    fatter = difference_hu is not None and difference_hu < FATTY_DIFFERENCE_HU
    if liver_hu >= FATTY_LIVER_HU and not fatter:
        return None
    evidence = known.evidence("liver_hu_eroded_mean", "spleen_hu_eroded_mean", "contrast_phase")
    if difference_hu is not None:
        evidence["liver_minus_spleen_hu"] = difference_hu
    return Finding(
        code="liver_steatosis",
        severity=Severity.NOTE,
        said=Statement("finding_liver_steatosis", {"liver_hu": liver_hu}),
        evidence={**evidence, "kvp": kvp},
        reference=f"{BOYCE}; {LIMANOND}",
        structure="liver",
        slice_index=_centre_slice(known, "liver"),
        caveats=known.age_caveats,
    )


def truncated_coverage(known: Known) -> Finding | None:
    """An organ the study was made for is cut by the edge of the volume."""
    cut = {
        organ: edges
        for organ in _asked_organs(known)
        if (one := known.measurements.get(f"{organ}_vol_cm3")) is not None
        and (edges := truncated_edges(one))
    }
    if not cut:
        return None
    return Finding(
        code="truncated_coverage",
        severity=Severity.NOTE,
        said=Statement("finding_truncated_coverage", {"structures": tuple(cut)}),
        evidence={f"{organ}_vol_cm3": SEPARATOR.join(edges) for organ, edges in cut.items()},
    )


def transitional_vertebra(known: Known) -> Finding | None:
    """Not five vertebrae between the last ribs and the sacrum: whoever operates wants to know."""
    levels = known.measurements.get("vertebral_levels")
    if levels is None or levels.why is None or levels.why.code != TRANSITIONAL:
        return None
    count = levels.why.parameters["count"]
    assert isinstance(count, int)  # noqa: S101 - as its statement has it
    return Finding(
        code=TRANSITIONAL,
        severity=Severity.NOTE,
        said=Statement("finding_transitional_vertebra", {"count": count}),
        evidence={"vertebrae_between_ribs_and_sacrum": count},
        reference="Konin and Walz 2010, AJNR 31:1778",
        structure="sacrum",
        slice_index=_centre_slice(known, "sacrum"),
    )


RULES: tuple[Callable[[Known], Finding | None], ...] = (
    intracerebral_haemorrhage,
    low_muscle_mass,
    low_muscle_attenuation,
    splenomegaly,
    liver_steatosis,
    transitional_vertebra,
    truncated_coverage,
)
"""Most urgent first."""

BODY_SIZE_RULES: tuple[Callable[[Told], Finding | None], ...] = (
    low_muscle_mass,
    low_muscle_attenuation,
)
"""Those of them that height and weight count for."""


def find(case: Case, measurements: Iterable[Measurement]) -> tuple[Finding, ...]:
    """Apply every rule; findings come in the order of the rules."""
    known = Known(
        patient=case.patient,
        usual_attenuation=case.series.pixel_values is PixelValues.ATTENUATION,
        measurements={one.name: one for one in measurements},
        case=case,
    )
    found = [finding for rule in RULES if (finding := rule(known)) is not None]
    bundled = any(one.provenance.weights_origin == "bundled" for one in case.segmentations.values())
    return tuple(_weakened(one, bundled=bundled) for one in found)


def find_by_body_size(told: Told, *, bundled: bool) -> tuple[Finding, ...]:
    """Apply the rules that height and weight count for; see :data:`BODY_SIZE_RULES`.

    Args:
        told: the patient and the measurements.
        bundled: the bundled networks made them.
    """
    found = [finding for rule in BODY_SIZE_RULES if (finding := rule(told)) is not None]
    return tuple(_weakened(one, bundled=bundled) for one in found)


def _weakened(finding: Finding, *, bundled: bool) -> Finding:
    if not bundled:
        return finding
    return replace(finding, caveats=(*finding.caveats, BUNDLED_CAVEAT))


def _below(known: Told, quantity: str) -> tuple[Cutoff, ...]:
    """The patient's cut-offs a measured quantity undercuts."""
    value = known.number(quantity)
    if value is None or not known.adult or not known.usual_attenuation:
        return ()
    native = known.word("contrast_phase") == "native"
    return tuple(
        cutoff
        for cutoff in cutoffs_for(known.patient)
        if cutoff.quantity == quantity
        and value < cutoff.limit
        and (native or not cutoff.unenhanced)
    )


def _limits(cutoffs: tuple[Cutoff, ...]) -> dict[str, Scalar]:
    """``limit_derstine_2018`` → its value."""
    return {
        f"limit_{cutoff.source.split(',')[0].lower().replace(' ', '_')}": cutoff.limit
        for cutoff in cutoffs
    }


def _slice_l3(known: Told) -> int | None:
    k = known.number("slice_L3")
    return None if k is None else int(k)


def _centre_slice(known: Known, structure: str) -> int | None:
    """Axial slice through the centroid of a structure."""
    found = known.case.statistics.get(structure)
    return None if found is None else round(found.centroid_ijk[2])


def _asked_organs(known: Known) -> tuple[str, ...]:
    """Organs the header asks for; all four when it says nothing and the abdomen is covered."""
    series = known.case.series
    text = f"{series.body_part} {series.protocol} {series.description}"
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().upper()
    words = re.findall(r"[A-Z]+", folded)
    if not words:
        return ORGANS if known.word("body_region_abdomen") in {COVERED, IN_PART} else ()
    if any(word.startswith(ABDOMEN_WORDS) for word in words):
        return ORGANS
    return tuple(
        organ for organ in ORGANS if any(word.startswith(ASKED_ORGANS[organ]) for word in words)
    )
