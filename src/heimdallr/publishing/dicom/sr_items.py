"""Content items of our structured reports: measurements with all that belongs to them.

Templates of PS3.16: TID 300 (Measurement), TID 310 (Measurement Properties), TID 312 (Normal
Range), TID 4019 (Algorithm Identification).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from highdicom.sr import (
    AlgorithmIdentification,
    CodeContentItem,
    ContentSequence,
    DateContentItem,
    FindingSite,
    Measurement,
    MeasurementProperties,
    NormalRangeProperties,
    NumContentItem,
    RelationshipTypeValues,
    TextContentItem,
)

from heimdallr.domain.statements import is_structure
from heimdallr.domain.terms import report_word
from heimdallr.publishing.dicom import measurement_codes as concepts
from heimdallr.publishing.dicom.codes import codes_of
from heimdallr.publishing.dicom.header import NOT_FOR_CLINICAL_USE
from heimdallr.publishing.report.rows import reason_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydicom.dataset import Dataset
    from pydicom.sr.coding import Code

    from heimdallr.domain.statements import Language
    from heimdallr.publishing.dicom.kinds import EarlierValue
    from heimdallr.publishing.judgements import Judgement
    from heimdallr.publishing.schema import MeasurementRecord, Results, SegmentationRecord

CONTAINS = RelationshipTypeValues.CONTAINS
HAS_PROPERTIES = RelationshipTypeValues.HAS_PROPERTIES
_TISSUE = re.compile(r"(\w+?)_(?:area_\w+_cm2|scanned_vol_cm3)")


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside a value.

    Attributes:
        judgement: its published limit; ``None`` where there is none.
        earlier: the same measurement of an earlier study.
    """

    judgement: Judgement | None = None
    earlier: EarlierValue | None = None


def measured(one: MeasurementRecord, beside: Beside, language: Language) -> Measurement:
    """A number with its unit, limit, flag and earlier value (TID 300)."""
    concept = concepts.concept_of(one.name, language)
    item = Measurement(
        name=concept.name,
        value=one.value,
        unit=concepts.UNITS[one.unit],
        derivation=concept.derivation,
        finding_sites=_own_site(one),
        method=concepts.method_code(concept.method, language) if concept.method else None,
        properties=None if beside.judgement is None else _limit(beside.judgement),
    )
    _append(item[0], [_tracking(one)])
    if beside.earlier is not None:
        _append(item[0], [_earlier(beside.earlier, language)])
    return item


def not_measured(one: MeasurementRecord, beside: Beside, language: Language) -> Dataset:
    """A measurement that was not made: a qualifier of CID 42 in its place, and the reason in words.

    PS3.3 C.18.1 has a NUM without a value for this, but highdicom (0.28) then reads nothing of the
    whole document. A coded value says the same, and every reader shows it.
    """
    concept = concepts.concept_of(one.name, language)
    item = code(concept.name, concepts.ABSENCE[one.status])
    children = [
        _tracking(one),
        *(_own_site(one) or ()),
        text(concepts.COMMENT, reason_text(one, language), HAS_PROPERTIES),
    ]
    if beside.earlier is not None:
        children.append(_earlier(beside.earlier, language))
    _append(item, children)
    return item


def categories(one: MeasurementRecord, language: Language) -> list[Dataset]:
    """A category, or each of a list of them."""
    name = concepts.concept_of(one.name, language).name
    items = [
        code(name, concepts.category_code(value, language)) for value in str(one.value).split(",")
    ]
    for item in items:
        _append(item, [_tracking(one)])
    return items


def text(name: Code, value: str, relationship: RelationshipTypeValues = CONTAINS) -> Dataset:
    """A text."""
    item: Dataset = TextContentItem(name, value, relationship)
    return item


def code(name: Code, value: Code) -> Dataset:
    """A coded value."""
    item: Dataset = CodeContentItem(name, value, CONTAINS)
    return item


def site(structure: str) -> FindingSite:
    """Where something is: a structure with its side; of a lesion, what it lies in."""
    codes = codes_of(structure)
    return FindingSite(codes.region or codes.type, laterality=codes.side)


def algorithm(record: SegmentationRecord, results: Results) -> AlgorithmIdentification:
    """Which networks outlined what was measured (TID 4019)."""
    told = [
        NOT_FOR_CLINICAL_USE,
        f"weights: {record.weights_origin}",
        *(f"{one.name} {one.sha256[:16]}" for one in record.weights),
        *(f"{one.name} ({one.licence}; {one.credit})" for one in record.collections),
    ]
    return AlgorithmIdentification(
        name=f"heimdallr {record.task}",
        version=f"{results.provenance.version}, {record.engine}",
        parameters=["; ".join(told)],
    )


def _tracking(one: MeasurementRecord) -> Dataset:
    """The measurement's key, by which programs find it (TID 4108, without a UID of its own)."""
    return text(concepts.TRACKING_IDENTIFIER, one.name, RelationshipTypeValues.HAS_OBS_CONTEXT)


def _own_site(one: MeasurementRecord) -> list[FindingSite] | None:
    """What a value is of, where that is not the structure of its group: fat between muscles."""
    found = _TISSUE.match(one.name)
    if found is None or found[1] == one.structure or not is_structure(found[1]):
        return None
    return [site(found[1])]


def _limit(judgement: Judgement) -> MeasurementProperties:
    """The published limit and where the value lies (TID 310, TID 312)."""
    limit = judgement.limits[0]
    unit = concepts.UNITS[limit.unit]
    bounds = ((concepts.LOWER_LIMIT, limit.low), (concepts.UPPER_LIMIT, limit.high))
    return MeasurementProperties(
        normality=concepts.NORMALITY.get(judgement.flag),
        normal_range_properties=NormalRangeProperties(
            [
                NumContentItem(name, value, unit, relationship_type=HAS_PROPERTIES)
                for name, value in bounds
                if value is not None
            ],
            authority=limit.source,
        ),
    )


def _earlier(earlier: EarlierValue, language: Language) -> Dataset:
    name = concepts.local("earlier_value", report_word("earlier_value", language))
    item: Dataset = NumContentItem(
        name, earlier.value, concepts.UNITS[earlier.unit], relationship_type=HAS_PROPERTIES
    )
    _append(item, [DateContentItem(concepts.STUDY_DATE, earlier.study_date, HAS_PROPERTIES)])
    return item


def _append(item: Dataset, children: Iterable[Dataset]) -> None:
    if "ContentSequence" not in item:
        item.ContentSequence = ContentSequence()
    item.ContentSequence.extend(children)
