"""What the report of one page says: the same as the dashboard's, in the reader's language."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from heimdallr.domain.person_names import readable_name
from heimdallr.domain.terms import (
    analysis_name,
    capitalised,
    date_text,
    moment_text,
    report_word,
)
from heimdallr.publishing.judgements import judgements
from heimdallr.publishing.report.rows import Row, latest, notices_text, row, spoken
from heimdallr.publishing.schema import read_identity, read_results
from heimdallr.publishing.standings import standings
from heimdallr.publishing.summary import summary_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

    from heimdallr.domain.statements import Language
    from heimdallr.domain.verification import Verification
    from heimdallr.publishing.dicom.kinds import EarlierValue
    from heimdallr.publishing.schema import (
        FindingRecord,
        Identity,
        MeasurementRecord,
        Results,
        SegmentationRecord,
    )

KEY = {
    "cerebral_haemorrhage": (
        r"hemorrhage_(vol_cm3|side|abc2_cm3|diameter_mm|lesions|ventricle_contact)"
    ),
    "vertebral_fracture": r"vertebral_(fractures_suspected|height_loss_percent)",
    "bone_density": r"(bone_density_(category|z)|L1_trabecular_hu_mean)",
    "ventricles": r"evans_index|midline_shift_(mm|side)",
    "lung_nodules": r"lung_nodules|lung_nodule_(largest_mm|size_class)",
    "effusions": r"(pleural_effusion_(right|left)|pericardial_effusion)_ml",
    "aortic_diameters": r"aorta_(ascending|abdominal)_diameter_mm",
    "coronary_calcium": r"coronary_calcium_category",
    "kidney_stones": r"kidney_stones_(right|left)_diameter_mm",
    "sarcopenia_l3": r"SMA_cm2|SMI_cm2_m2|muscle_HU_mean",
    "organ_volumetry": r"\w+_vol_cm3",
    "organ_size": r"kidney_(right|left)_length_mm|liver_vol_per_bsa_ml_m2",
    "organ_density": r"(liver|spleen)_hu_eroded_mean",
    "liver_steatosis": r"liver_(fat|pdff)_percent|liver_portal_venous_hu_class",
    "tissue_composition": r"(subcutaneous|visceral)_fat_area_L3_cm2",
    "contrast_phase": r"contrast_phase",
    "body_regions": r"body_regions",
}
"""By analysis, the measurements one page has room for: those that carry a decision, in order."""

WHERE_INSTALLED = frozenset({"ventricles", "lung_nodules", "effusions"})
"""Analyses of tasks that a site may have or not: silent where theirs was not run."""

WHERE_MEASURED = frozenset({
    "vertebral_fracture", "bone_density", "aortic_diameters", "coronary_calcium", "kidney_stones",
    "liver_steatosis",
})  # fmt: skip
"""Analyses that answer in some studies only: of the others the page has no room to say why not."""

PICTURES = (
    "bleed_overlay_center_50.png",
    "ventricles_overlay.png",
    "nodules_overlay.png",
    "L3_overlay.png",
    "coronal_overview.png",
)
"""Those a page has, in the order in which one looks."""

PICTURE_OF = {
    "abdominal_aorta_dilated": "aorta_overlay.png",
    "ascending_aorta_dilated": "aorta_overlay.png",
    "coronary_calcium": "coronary_calcium_overlay.png",
    "kidney_stone_right": "kidney_stones_overlay.png",
    "kidney_stone_left": "kidney_stones_overlay.png",
    "vertebral_fracture": "spine_overlay.png",
    "low_bone_density": "spine_overlay.png",
}
"""Finding → the picture that shows it; that of the most urgent one comes before the others."""
MOST_PICTURES = 3

KNOWN_PICTURES = frozenset({
    "aorta_overlay", "L3_overlay", "spine_overlay", "coronal_overview", "bleed_overlay_inferior_15",
    "bleed_overlay_center_50", "bleed_overlay_superior_85", "kidney_stones_overlay",
    "coronary_calcium_overlay", "emphysema_overlay", "nodules_overlay", "ventricles_overlay",
})  # fmt: skip
"""Those that have a caption in ``words/report.json``."""

DAYS_PER_YEAR, MONTHS_PER_YEAR, COUNTED_IN_YEARS_FROM = 365.25, 12, 2


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing about patient, study or series."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class FindingLine:
    """A finding: how much it weighs, what it rests on, whose limit it is, what weakens it."""

    title: str
    severity: str
    severity_word: str
    source: str
    caveats: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of the case and what it shows."""

    file: Path
    caption: str


@dataclass(frozen=True, slots=True)
class Content:
    """The report's texts.

    Attributes:
        language: they are in.
        institution: where the study was made; may be empty.
        notices: what every reader has to be told; none may be left out.
        facts: patient, study and series.
        findings: what the rules found; empty is no normal finding.
        silence: what the rules that found nothing mean.
        rows: the key measurements.
        remarks: what does not apply to this study, once per analysis.
        pictures: at most three.
        made_with: software, networks and their origin.
        created_at: when the numbers were complete.
        verification: who verified them; ``None``: nobody.
    """

    language: Language
    institution: str
    notices: tuple[str, ...]
    facts: tuple[Fact, ...]
    findings: tuple[FindingLine, ...]
    silence: str
    rows: tuple[Row, ...]
    remarks: tuple[str, ...]
    pictures: tuple[Picture, ...]
    made_with: str
    created_at: datetime
    verification: Verification | None = None

    def word(self, key: str) -> str:
        """A heading or label."""
        return report_word(key, self.language)

    @property
    def measured_at(self) -> str:
        """``Measured 1 Feb 2026, 10:02 -03:00``."""
        return f"{self.word('measured_at')} {moment_text(self.created_at, self.language)}"

    @property
    def verified(self) -> str:
        """``Results verified by anna, 1 Feb 2026, 11:20 -03:00``, or that nobody has."""
        said = self.verification
        if said is None:
            return self.word("not_verified")
        when = moment_text(said.at.astimezone(self.created_at.tzinfo), self.language)
        if not said.by:
            return f"{self.word('verified_at')} {when}"
        return f"{self.word('verified_by')} {said.by}, {when}"


def read_content(
    case_folder: Path,
    language: Language,
    earlier: Iterable[EarlierValue] = (),
    verification: Verification | None = None,
) -> Content:
    """The report of a case.

    Args:
        case_folder: of any version.
        language: of all texts but those of the headers.
        earlier: the patient's earlier values, of any study.
        verification: who verified the results of the folder.

    Raises:
        OSError: the folder cannot be read.
        ValueError: it is damaged; the text quotes the file.
    """
    results, identity = read_results(case_folder), read_identity(case_folder)
    earlier = tuple(earlier)
    rows, remarks = key_rows(results, identity, earlier, language)
    summary = summary_of(results, identity.study_date, latest(earlier))
    findings = zip(findings_text(results, language), summary.lines, strict=True)
    return Content(
        language=language,
        institution=identity.institution,
        notices=tuple(capitalised(one) for one in notices_text(results, language)),
        facts=_facts(identity, language),
        findings=tuple(
            replace(one, title=line.said.in_language(language)) for one, line in findings
        ),
        silence=capitalised(summary.silence.in_language(language)),
        rows=rows,
        remarks=remarks,
        pictures=_pictures(case_folder, results, language),
        made_with=made_with(results, language),
        created_at=results.provenance.created_at,
        verification=verification,
    )


def key_rows(
    results: Results, identity: Identity, earlier: Iterable[EarlierValue], language: Language
) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """What has a value or a reason why this study gave none; and what makes no sense for it."""
    key = [
        one
        for analysis, pattern in KEY.items()
        for one in results.measurements
        if one.analysis == analysis and re.fullmatch(pattern, one.name) and not _unasked(one)
    ]
    judged, before = judgements(results, identity), latest(earlier)
    stand = standings(results, identity)
    told = [one for one in key if one.status != "not_applicable"]
    rows = [
        row(one, judged.get(one.name), stand.get(one.name, ()), before.get(one.name), language)
        for one in told
    ]
    return tuple(rows), _inapplicable(key, {one.analysis for one in told}, language)


def _unasked(one: MeasurementRecord) -> bool:
    """Whether it belongs to what this site, or this study, has no use for."""
    if one.analysis in WHERE_MEASURED:
        return one.status != "measured"
    if one.analysis not in WHERE_INSTALLED:
        return False
    return one.status == "not_applicable" or (
        one.reason_coded is not None and one.reason_coded.code == "task_not_run"
    )


def _inapplicable(
    key: Sequence[MeasurementRecord], told: set[str], language: Language
) -> tuple[str, ...]:
    first = {one.analysis: one for one in reversed(key) if one.analysis not in told}
    return tuple(
        f"{analysis_name(one.analysis, language)}: {spoken(one.reason_coded, one.reason, language)}"
        for one in reversed(first.values())
    )


def findings_text(results: Results, language: Language) -> tuple[FindingLine, ...]:
    """The findings in words; a caveat that stands among the notices is not repeated."""
    told = set(notices_text(results, language))
    return tuple(_finding(one, told, language) for one in results.findings)


def _finding(one: FindingRecord, told: set[str], language: Language) -> FindingLine:
    if len(one.caveats_coded) == len(one.caveats):
        caveats = [spoken(coded, "", language) for coded in one.caveats_coded]
    else:
        caveats = list(one.caveats)
    return FindingLine(
        title=spoken(one.title_coded, one.title, language),
        severity=one.severity,
        severity_word=report_word(f"severity_{one.severity}", language),
        source=one.reference,
        caveats=tuple(caveat for caveat in caveats if caveat not in told),
    )


def made_with(results: Results, language: Language) -> str:
    """Software and networks: ``heimdallr 0.1.0 · total: Dataset297 (0a1b2c3d), official, …``."""
    made = results.provenance
    parts = [f"{made.software} {made.version}"]
    for one in made.segmentations:
        weights = [f"{each.name} ({each.sha256[:8]})" for each in one.weights]
        parts.append(f"{one.task}: {', '.join([*weights, _origin(one, language), one.engine])}")
    return " · ".join(parts)


def _origin(one: SegmentationRecord, language: Language) -> str:
    if one.collections:
        return ", ".join(f"{each.name} ({each.licence})" for each in one.collections)
    return report_word(f"origin_{one.weights_origin}", language)


def _facts(identity: Identity, language: Language) -> tuple[Fact, ...]:
    series = identity.selected_series
    told = {
        "patient": readable_name(identity.patient_name),
        "study_date": _when(identity, language),
        "patient_id": identity.patient_id,
        "accession": identity.accession_number,
        "birth_date": date_text(identity.birth_date or "", language),
        "exam": " · ".join(filter(None, (identity.modality, identity.study_description))),
        "sex_age": ", ".join(filter(None, (_sex(identity, language), _age(identity, language)))),
        "series": " · ".join(filter(None, (series.number, series.description))),
    }
    missing = report_word("not_sent", language)
    return tuple(Fact(report_word(key, language), text or missing) for key, text in told.items())


def _when(identity: Identity, language: Language) -> str:
    if not identity.study_date:
        return ""
    time = re.match(r"([01]\d|2[0-3]):?([0-5]\d)", identity.study_time or "")
    day = date_text(identity.study_date, language)
    return f"{day}, {time[1]}:{time[2]}" if time else day


def _sex(identity: Identity, language: Language) -> str:
    return report_word(f"sex_{identity.sex}", language) if identity.sex else ""


def _age(identity: Identity, language: Language) -> str:
    """In the unit that says something: years from two on, months, and days of a newborn."""
    years = identity.age_years
    if years is None:
        return ""
    count, unit = int(years), "year"
    if years < COUNTED_IN_YEARS_FROM:
        count, unit = int(years * MONTHS_PER_YEAR), "month"
        if count < 1:
            count, unit = round(years * DAYS_PER_YEAR), "day"
    return f"{count} {report_word(unit if count == 1 else f'{unit}s', language)}"


def picture_caption(name: str, language: Language) -> str:
    """What a picture of a case shows; its name, where nobody put it into words."""
    stem = name.removesuffix(".png")
    if stem in KNOWN_PICTURES:
        return report_word(f"picture_{stem}", language)
    return capitalised(stem.replace("_", " "))


def _pictures(case_folder: Path, results: Results, language: Language) -> tuple[Picture, ...]:
    found = [PICTURE_OF[one.code] for one in results.findings if one.code in PICTURE_OF][:1]
    names = [name for name in (*found, *PICTURES) if (case_folder / name).is_file()]
    return tuple(
        Picture(case_folder / name, picture_caption(name, language))
        for name in names[:MOST_PICTURES]
    )
