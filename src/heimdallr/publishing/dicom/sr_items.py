"""Content items of our structured reports: measurements with all that belongs to them.

Templates of PS3.16: TID 300 (Measurement), TID 310 (Measurement Properties), TID 312 (Normal
Range), TID 4019 (Algorithm Identification).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from heimdallr.domain.statements import is_structure
from heimdallr.domain.terms import measurement_name, report_word
from heimdallr.publishing.dicom import measurement_codes as concepts
from heimdallr.publishing.dicom.codes import codes_of
from heimdallr.publishing.dicom.content_items import Relationship, code, date, number, text
from heimdallr.publishing.dicom.header import NOT_FOR_CLINICAL_USE
from heimdallr.publishing.report.rows import (
    correction_notes,
    limit_note,
    phase_text,
    reason_text,
)
from heimdallr.publishing.standings import compared

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from heimdallr.analyses.rules.norms import Standing
    from heimdallr.domain.statements import Language
    from heimdallr.publishing.dicom.content_items import ContentItem
    from heimdallr.publishing.dicom.kinds import EarlierValue
    from heimdallr.publishing.judgements import Judgement
    from heimdallr.publishing.schema import MeasurementRecord, Results, SegmentationRecord

_TISSUE = re.compile(r"(\w+?)_(?:area_\w+_cm2|scanned_vol_cm3)")


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside a value.

    Attributes:
        judgement: its published limit; ``None`` where there is none.
        standings: where it stands by published norms.
        earlier: the same measurement of an earlier study.
    """

    judgement: Judgement | None = None
    standings: tuple[Standing, ...] = ()
    earlier: EarlierValue | None = None


def measured(
    one: MeasurementRecord, value: float, beside: Beside, language: Language
) -> ContentItem:
    """A measured value with its unit, limit, flag and earlier value (TID 300)."""
    concept, below = concepts.concept_of(one.name, language), []
    if concept.method:
        method = concepts.method_code(concept.method, language)
        below.append(code(concepts.MEASUREMENT_METHOD, method, Relationship.HAS_CONCEPT_MOD))
    if concept.derivation:
        derivation = concept.derivation
        below.append(code(concepts.DERIVATION, derivation, Relationship.HAS_CONCEPT_MOD))
    below += [*_own_site(one), *_limit(beside.judgement, language), _tracking(one)]
    below += _standings(beside.standings, language)
    below += [*_correction(one, language), *_earlier(beside.earlier, language)]
    unit = concepts.UNITS[one.unit]
    return number(concept.name, value, unit, children=below)


def not_measured(one: MeasurementRecord, beside: Beside, language: Language) -> ContentItem:
    """A measurement that was not made: a qualifier of CID 42 in its place, and the reason in words.

    PS3.3 C.18.1 has a NUM without a value for this, but highdicom (0.28) then reads nothing of the
    whole document. A coded value says the same, and every reader shows it.
    """
    reason = text(concepts.COMMENT, reason_text(one, language), Relationship.HAS_PROPERTIES)
    below = [_tracking(one), *_own_site(one), reason, *_earlier(beside.earlier, language)]
    name = concepts.concept_of(one.name, language).name
    return code(name, concepts.ABSENCE[one.status], children=below)


def categories(one: MeasurementRecord, language: Language) -> list[ContentItem]:
    """A category, or each of a list of them."""
    name = concepts.concept_of(one.name, language).name
    return [
        code(
            name,
            concepts.category_code(value, language),
            children=[_tracking(one), *_correction(one, language)],
        )
        for value in str(one.value).split(",")
    ]


def site(structure: str) -> ContentItem:
    """Where something is: a structure with its side; of a lesion, what it lies in."""
    codes, below = codes_of(structure), []
    if codes.side:
        below.append(code(concepts.LATERALITY, codes.side, Relationship.HAS_CONCEPT_MOD))
    place = codes.region or codes.type
    return code(concepts.FINDING_SITE, place, Relationship.HAS_CONCEPT_MOD, below)


def algorithm(record: SegmentationRecord, results: Results) -> list[ContentItem]:
    """Which networks outlined what was measured (TID 4019)."""
    told = [
        NOT_FOR_CLINICAL_USE,
        f"weights: {record.weights_origin}",
        *(f"{one.name} {one.sha256[:16]}" for one in record.weights),
        *(f"{one.name} ({one.licence}; {one.credit})" for one in record.collections),
    ]
    version = f"{results.provenance.version}, {record.engine}"
    return [
        text(name, value, Relationship.HAS_CONCEPT_MOD)
        for name, value in (
            (concepts.ALGORITHM_NAME, f"heimdallr {record.task}"),
            (concepts.ALGORITHM_VERSION, version),
            (concepts.ALGORITHM_PARAMETERS, "; ".join(told)),
        )
    ]


def _tracking(one: MeasurementRecord) -> ContentItem:
    """The measurement's key, by which programs find it (TID 4108, without a UID of its own)."""
    return text(concepts.TRACKING_IDENTIFIER, one.name, Relationship.HAS_OBS_CONTEXT)


def _own_site(one: MeasurementRecord) -> Iterator[ContentItem]:
    """What a value is of, where that is not the structure of its group: fat between muscles."""
    found = _TISSUE.match(one.name)
    if found and found[1] != one.structure and is_structure(found[1]):
        yield site(found[1])


def _limit(judgement: Judgement | None, language: Language) -> Iterator[ContentItem]:
    """The published limit and where the value lies (TID 310).

    One of a normal range as TID 312 has it, any other in words.
    """
    if judgement is None:
        return
    limit, below = judgement.limits[0], Relationship.HAS_PROPERTIES
    if normality := concepts.NORMALITY.get(judgement.flag):
        yield code(concepts.NORMALITY_OF_VALUE, normality, below)
    if not limit.is_normal_range:
        yield text(concepts.COMMENT, limit_note(limit, language), below)
        return
    bounds = ((concepts.LOWER_LIMIT, limit.low), (concepts.UPPER_LIMIT, limit.high))
    for name, value in bounds:
        if value is not None:
            yield number(name, value, concepts.UNITS[limit.unit], below)
    yield text(concepts.LIMIT_AUTHORITY, limit.source, below)


def _standings(standings: Iterable[Standing], language: Language) -> Iterator[ContentItem]:
    """Where a value stands by published norms (TID 311, CID 227), and in words."""
    below = Relationship.HAS_PROPERTIES
    for one in standings:
        if one.group is None:
            continue
        if one.z is not None:
            yield number(concepts.Z_SCORE, one.z, concepts.UNITS[""], below)
            yield text(concepts.TABLE_CITATION, one.source, below)
        yield text(concepts.COMMENT, compared([one], language)[0], below)


def _correction(one: MeasurementRecord, language: Language) -> Iterator[ContentItem]:
    """That a person corrected it."""
    for note in correction_notes(one, language):
        yield text(concepts.COMMENT, note, Relationship.HAS_PROPERTIES)


def _earlier(earlier: EarlierValue | None, language: Language) -> Iterator[ContentItem]:
    """The patient's earlier value, and when it was measured."""
    if earlier is None:
        return
    name = concepts.local("earlier_value", report_word("earlier_value", language))
    unit, below = concepts.UNITS[earlier.unit], Relationship.HAS_PROPERTIES
    about = [date(concepts.STUDY_DATE, earlier.study_date, below)]
    if phase := phase_text(earlier, language):
        named = f"{measurement_name('contrast_phase', language)}: {phase}"
        about.append(text(concepts.COMMENT, named, below))
    yield number(name, earlier.value, unit, below, about)
