"""Every measurement of a case as a structured report (TID 1500), and why others were not made.

One group of measurements per analysis, structure and slice: with its segment where the BINARY SEG
has one (TID 1411); without where it has none, or where a value belongs to a single slice, whose
image is then referred to (TID 1501). Findings and notices are groups as well. The tracking
identifier of a value is the measurement's key in ``resultados.json``. There is no image library: it
would be most of the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pydicom.uid import SegmentationStorage

from heimdallr.domain.terms import analysis_name, report_word
from heimdallr.publishing.dicom import measurement_codes as concepts
from heimdallr.publishing.dicom.content_items import Relationship, code, image, text, uid
from heimdallr.publishing.dicom.hands import hands
from heimdallr.publishing.dicom.kinds import DicomObject
from heimdallr.publishing.dicom.missing_uids import SERIES, uid_in
from heimdallr.publishing.dicom.nearest_plane import nearest_plane
from heimdallr.publishing.dicom.sr_document import Group, document, measurement_group
from heimdallr.publishing.dicom.sr_items import (
    Beside,
    algorithm,
    categories,
    measured,
    not_measured,
    site,
)
from heimdallr.publishing.judgements import judgements
from heimdallr.publishing.report.content import findings_text
from heimdallr.publishing.report.evidence import evidence_of
from heimdallr.publishing.report.rows import finding_term, latest, notices_text
from heimdallr.publishing.standings import standings
from heimdallr.publishing.targets import (
    SARCOPENIA,
    SLICE_VALUES,
    Grid,
    Places,
    decided_at,
    finding_target,
    measurement_targets,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pydicom.sr.coding import Code

    from heimdallr.domain.source_images import SourcePlane
    from heimdallr.domain.statements import Language
    from heimdallr.domain.verification import Verification
    from heimdallr.publishing.dicom.case_content import CaseFolderContent
    from heimdallr.publishing.dicom.content_items import ContentItem
    from heimdallr.publishing.dicom.kinds import EarlierValue, Reference
    from heimdallr.publishing.dicom.sr_document import SrDocument
    from heimdallr.publishing.schema import FindingRecord, MeasurementRecord, SegmentationRecord
    from heimdallr.publishing.targets import Target

DESCRIPTION = "Heimdallr measurements"


@dataclass(frozen=True, slots=True)
class SegmentReference:
    """A segment of a BINARY SEG."""

    series_instance_uid: str
    sop_instance_uid: str
    segment_number: int

    @property
    def reference(self) -> Reference:
        """Its object, for the list of evidence."""
        return self.series_instance_uid, SegmentationStorage, self.sop_instance_uid


@dataclass(frozen=True, slots=True)
class _Key:
    """What the measurements of a group have in common."""

    analysis: str
    structure: str | None
    task: str
    plane: SourcePlane | None
    segment: SegmentReference | None

    @property
    def name(self) -> str:
        """Tells the group from the others of the report."""
        place = self.plane.sop_instance_uid if self.plane else self.task
        return " ".join(filter(None, (self.analysis, self.structure, place)))


def structured_report(  # noqa: PLR0917 - what it says, how, and what it follows
    content: CaseFolderContent,
    segments: Mapping[tuple[str, str], SegmentReference],
    language: Language,
    earlier: Iterable[EarlierValue] = (),
    replaces: Sequence[Reference] = (),
    verification: Verification | None = None,
) -> SrDocument:
    """The report.

    Args:
        content: the case.
        segments: (label map, structure) → its segment in a BINARY SEG; empty where there is none
            to refer to. Segments of a LABELMAP SEG must not be referred to.
        language: of its texts; codes keep their English meanings.
        earlier: the patient's earlier values.
        replaces: reports of earlier results of the study.
        verification: who verified the results.
    """
    before = latest(earlier)
    writer = _Writer(content, segments, language, before)
    groups = [*writer.notices(), *writer.findings(), *writer.measurements()]
    return document(
        content,
        DicomObject.SR,
        language,
        place=[str(one) for one in (*segments.values(), *before.values())],
        groups=groups,
        references=writer.references,
        description=DESCRIPTION,
        replaces=replaces,
        verification=verification,
    )


class _Writer:
    """Makes the groups, and notes what they refer to."""

    def __init__(
        self,
        content: CaseFolderContent,
        segments: Mapping[tuple[str, str], SegmentReference],
        language: Language,
        earlier: Mapping[str, EarlierValue],
    ) -> None:
        self._content = content
        self._segments = segments
        self._language = language
        self._earlier = earlier
        self._results = content.results
        self._judged = judgements(content.results, content.identity)
        self._standings = standings(content.results, content.identity)
        self._hands = hands(content.results)
        labels = content.labels
        self._tasks = {one.name: one.task for one in labels.maps} if labels else {}
        self._places = (
            Places(Grid(labels.shape, np.array(labels.affine)), labels.maps) if labels else None
        )
        self._targets: dict[str, Target] = (
            measurement_targets(content.results.measurements, self._places) if self._places else {}
        )
        self.references: list[Reference] = []
        self._refer_to(content.source.planes[0])

    def notices(self) -> Iterator[ContentItem]:
        """What every reader has to be told, before anything else."""
        told = [
            *notices_text(self._results, self._language),
            *(one.in_language(self._language) for one in self._content.notices),
        ]
        if not told:
            return
        name = concepts.local("notices", report_word("notices", self._language))
        yield self._group("notices", [text(concepts.COMMENT, one) for one in told], finding=name)

    def findings(self) -> Iterator[ContentItem]:
        """What the rules found: how much it weighs, what it rests on, whose limit it is."""
        told = findings_text(self._results, self._language)
        for one, line in zip(self._results.findings, told, strict=True):
            name = finding_term(one, self._language)
            items = [
                text(concepts.COMMENT, line.title),
                code(concepts.LEVEL_OF_SIGNIFICANCE, concepts.SIGNIFICANCE[one.severity]),
            ]
            if one.severity in concepts.ACTIONABLE:
                actionable = report_word("actionable", self._language)
                value = concepts.ACTIONABLE[one.severity]
                items.append(code(concepts.local("actionable", actionable), value))
            rests_on = concepts.local("evidence", report_word("evidence", self._language))
            evidence = evidence_of(one.evidence, self._language)
            items += [text(rests_on, each) for each in evidence]
            items += [text(concepts.COMMENT, each) for each in (line.source, *line.caveats) if each]
            yield self._group(
                f"finding {one.code} {one.structure or ''}".strip(),
                items,
                finding=concepts.local(f"finding_{one.code}", name),
                structure=one.structure,
                plane=self._plane_of(one),
            )

    def measurements(self) -> Iterator[ContentItem]:
        """All of them, grouped."""
        groups: dict[_Key, list[MeasurementRecord]] = {}
        for one in self._results.measurements:
            groups.setdefault(self._key(one), []).append(one)
        for key, members in groups.items():
            yield self._measurement_group(key, members)

    def _key(self, one: MeasurementRecord) -> _Key:
        target = self._targets.get(one.name)
        task, segment, plane = str(one.parameters.get("task") or ""), None, None
        on_slice = (
            one.name in SLICE_VALUES
            or "slice_index" in one.parameters
            or (one.analysis == SARCOPENIA)
        )
        if target and on_slice:
            plane = nearest_plane(self._content.source, target.position_ras_mm)
        elif target and target.shown and target.shown[0].structure == one.structure:
            shown = target.shown[0]
            task, segment = shown.map, self._segments.get((shown.map, shown.structure))
        return _Key(one.analysis, one.structure, task, plane, segment)

    def _measurement_group(self, key: _Key, members: Sequence[MeasurementRecord]) -> ContentItem:
        numbers, items = [], []
        for one in members:
            beside = Beside(
                self._judged.get(one.name),
                self._standings.get(one.name, ()),
                self._earlier.get(one.name),
            )
            if isinstance(one.value, int | float):
                numbers.append(measured(one, one.value, beside, self._language))
            elif one.value is None:
                items.append(not_measured(one, beside, self._language))
            else:
                items += categories(one, self._language)
        items += [
            text(concepts.COMMENT, caveat) for caveat in dict.fromkeys(self._caveats(members))
        ]
        name = concepts.local(
            f"analysis_{key.analysis}", analysis_name(key.analysis, self._language)
        )
        return self._group(
            key.name,
            items,
            numbers=numbers,
            finding=name,
            structure=key.structure,
            task=key.task,
            plane=key.plane,
            segment=key.segment,
        )

    def _caveats(self, members: Sequence[MeasurementRecord]) -> Iterator[str]:
        for one in members:
            if one.name in self._judged:
                for caveat in self._judged[one.name].caveats:
                    yield caveat.in_language(self._language)

    def _group(
        self,
        name: str,
        items: Sequence[ContentItem],
        *,
        finding: Code,
        numbers: Sequence[ContentItem] = (),
        structure: str | None = None,
        task: str = "",
        plane: SourcePlane | None = None,
        segment: SegmentReference | None = None,
    ) -> ContentItem:
        task, rests_on, template = self._tasks.get(task, task), [], "1501"
        hand = self._hands.get((task, structure or ""))
        made = None if hand == "alone" else self._made(task)
        corrected = [text(concepts.COMMENT, report_word("corrected", self._language))]
        if segment is not None:
            rests_on, template = self._refer_to_segment(segment), "1411"
        elif plane is not None:
            rests_on = [self._refer_to(plane)]
        return measurement_group(
            Group(name, self._content.uids.of("tracking", name), finding),
            [
                *([site(structure)] if structure else []),
                *(algorithm(made, self._results) if made else []),
                *numbers,
                *rests_on,
                *items,
                *(corrected if hand else []),
            ],
            template,
        )

    def _made(self, task: str) -> SegmentationRecord | None:
        records = self._results.provenance.segmentations
        return next((one for one in records if one.task == task), None)

    def _plane_of(self, finding: FindingRecord) -> SourcePlane | None:
        if self._places is None or finding.slice_index is None:
            return None
        at = decided_at(finding.evidence, self._targets)
        target = finding_target(finding.structure, finding.slice_index, self._places, at)
        return nearest_plane(self._content.source, target.position_ras_mm) if target else None

    @property
    def _series(self) -> str:
        return uid_in(self._content.source.header, SERIES)

    def _refer_to(self, plane: SourcePlane) -> ContentItem:
        series = plane.series_instance_uid or self._series
        self.references.append((series, plane.sop_class_uid, plane.sop_instance_uid))
        return image(
            concepts.SOURCE_OF_MEASUREMENT,
            plane.sop_class_uid,
            plane.sop_instance_uid,
            frame=plane.frame,
        )

    def _refer_to_segment(self, segment: SegmentReference) -> list[ContentItem]:
        self.references.append(segment.reference)
        return [
            image(
                concepts.REFERENCED_SEGMENT,
                SegmentationStorage,
                segment.sop_instance_uid,
                segment=segment.segment_number,
            ),
            uid(concepts.SOURCE_SERIES, self._series, Relationship.CONTAINS),
        ]
