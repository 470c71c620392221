"""The case that every analysis receives, and the protocol that every analysis follows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from heimdallr.analyses.belief import Evidence, judged
from heimdallr.analyses.vertebral_levels import LevelCheck, check_levels, said_by_person
from heimdallr.analyses.weak_level_anchors import weighed
from heimdallr.domain.corrections import Rejection
from heimdallr.imaging.field_of_view import field_of_view, whole_slice
from heimdallr.imaging.slabs import gaps_in, slab_of
from heimdallr.imaging.statistics import FACES, cuts, sections_in, structure_statistics
from heimdallr.segmentation.anatomy.body import BODY
from heimdallr.segmentation.anatomy.body import TASK as BODY_TASK

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from heimdallr.analyses.belief import Judgement
    from heimdallr.analyses.declared_inputs import Reads
    from heimdallr.analyses.declared_outputs import Output
    from heimdallr.domain.corrections import LevelStatement, RejectionReason
    from heimdallr.domain.measurement import Measurement
    from heimdallr.domain.statements import Statement
    from heimdallr.domain.study import Modality, Patient, Series, Unseen
    from heimdallr.imaging.field_of_view import FieldOfView
    from heimdallr.imaging.morphology import Box, Mask
    from heimdallr.imaging.slabs import Slab
    from heimdallr.imaging.statistics import StructureStatistics
    from heimdallr.imaging.volume import Array, LabelMap, Volume
    from heimdallr.segmentation.result import Segmentation


@dataclass(slots=True)
class WorkedOut:
    """What several analyses ask of a case: each is worked out when it is asked for first.

    Attributes:
        statistics: of every structure of the whole-body map.
        judgements: of each of them.
        levels: of the vertebrae.
        field_of_view: what a slice shows.
    """

    statistics: Mapping[str, StructureStatistics] | None = None
    judgements: Mapping[str, Judgement] | None = None
    levels: LevelCheck | None = None
    field_of_view: FieldOfView | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One prepared and segmented study: image, label maps, header facts.

    Attributes:
        image: the selected series on its own grid, RAS+; HU where ``attenuation_known``.
        segmentations: task name (``total``, ``total_mr``, ``tissue_types``, ``cerebral_bleed``,
            ``body`` …) → its result; a task that was not run is absent.
        skipped_tasks: task name → why it was not run (licence, no weights, no head in view).
        notices: what the preparation has to tell every reader of what is measured here.
        unseen: parts of the patient that the series shows or should show, and the image does not.
        facts: results of earlier analyses of the registry, by measurement name.
        said_level: what a person said of the vertebrae; their names rest on it.
        rejected: structure, of whichever task → why a person does not believe it.
        worked_out: what was asked of the above already.
    """

    modality: Modality
    image: Volume
    patient: Patient
    series: Series
    segmentations: Mapping[str, Segmentation]
    skipped_tasks: Mapping[str, Statement] = field(default_factory=dict)
    notices: tuple[Statement, ...] = ()
    unseen: tuple[Unseen, ...] = ()
    facts: Mapping[str, Measurement] = field(default_factory=dict)
    said_level: LevelStatement | None = None
    rejected: Mapping[str, RejectionReason] = field(default_factory=dict)
    worked_out: WorkedOut = field(default_factory=WorkedOut, init=False, repr=False, compare=False)

    @property
    def anatomy_task(self) -> str:
        """The whole-body task of this modality."""
        return "total" if self.modality == "CT" else "total_mr"

    @property
    def attenuation_known(self) -> bool:
        """Whether voxels are Hounsfield units: everything that needs them asks here."""
        return self.series.attenuation_known

    @property
    def anatomy(self) -> LabelMap:
        """The whole-body label map; :class:`KeyError` when that task was not run."""
        return self.segmentations[self.anatomy_task].label_map

    @property
    def body(self) -> Array | None:
        """(I, J, K) 1 where the patient is, 0 elsewhere; ``None`` where nothing says it."""
        made = self.segmentations.get(BODY_TASK)
        return None if made is None or BODY in self.rejected else made.label_map.data

    def confidence(self, structure: str) -> float | None:
        """How sure the whole-body network is of a structure; None where it does not say."""
        return self.segmentations[self.anatomy_task].provenance.confidence.get(structure)

    @property
    def gaps(self) -> tuple[Slab, ...]:
        """Slices of the image that show nothing, and in which nothing is labelled."""
        return gaps_in(self.image.shape, self.image.affine, self.unseen)

    @property
    def field_of_view(self) -> FieldOfView:
        """What the slices show; of a CT, beyond a round field is padding."""
        if self.worked_out.field_of_view is None:
            is_ct = self.modality == "CT" and self.attenuation_known
            self.worked_out.field_of_view = (
                field_of_view(self.image, self.gaps) if is_ct else whole_slice(self.image)
            )
        return self.worked_out.field_of_view

    def cuts(self, mask: Mask, box: Box) -> Mapping[str, float]:
        """What cuts a mask of the part of the image in ``box``, and how much of it lies there."""
        on_rim = self.field_of_view.on_rim(mask, box)
        return cuts(sections_in(mask, box, self.image.shape), self.gaps, on_rim)

    @property
    def unseen_beyond(self) -> Mapping[str, float]:
        """Faces of the image beyond which the series shows more → how much of it, in mm."""
        found: dict[str, float] = {}
        gaps = self.gaps
        for part in self.unseen:
            slab = slab_of(part, self.image.affine)
            if slab in gaps:
                continue
            is_high = slab.start + slab.stop > self.image.shape[slab.axis]
            face = FACES[slab.axis][int(is_high)]
            found[face] = max(part.high_mm - part.low_mm, found.get(face, 0.0))
        return found

    @property
    def statistics(self) -> Mapping[str, StructureStatistics]:
        """Statistics of every structure of the whole-body map, one pass over the voxels."""
        if self.worked_out.statistics is None:
            self.worked_out.statistics = structure_statistics(
                self.anatomy, self.image, self.gaps, self.field_of_view
            )
        return self.worked_out.statistics

    @property
    def judgements(self) -> Mapping[str, Judgement]:
        """Whether each structure of the whole-body map is believed, with the reasons."""
        if self.worked_out.judgements is None:
            self.worked_out.judgements = judged(
                Evidence(
                    anatomy=self.anatomy,
                    statistics=self.statistics,
                    provenance=self.segmentations[self.anatomy_task].provenance,
                    body=self.body,
                    attenuation_known=self.attenuation_known,
                    sides_known=self.series.sides_known,
                    sex=self.patient.sex,
                    rejected=self.rejected,
                )
            )
        return self.worked_out.judgements

    def doubts(self, task: str) -> Mapping[str, tuple[Statement, ...]]:
        """Structure of a task's map → why it is not believed; those that are may be left out."""
        if task == self.anatomy_task:
            return {name: one.doubts for name, one in self.judgements.items()}
        return {
            name: (Rejection("structure", name, reason).why,)
            for name, reason in self.rejected.items()
        }

    @property
    def shows_a_patient(self) -> bool:
        """Whether any structure of the whole-body map is believed; a test object has none."""
        return any(one.is_believed for one in self.judgements.values())

    @property
    def levels(self) -> LevelCheck:
        """Whether the vertebrae of the whole-body map are what they are called."""
        if self.worked_out.levels is None:
            check = check_levels(self.anatomy, self.image, self.statistics)
            believed = [name for name, one in self.judgements.items() if one.is_believed]
            check = weighed(check, self.anatomy, self.statistics, believed)
            self.worked_out.levels = check if self.said_level is None else said_by_person(check)
        return self.worked_out.levels

    def with_facts(self, measurements: Iterable[Measurement]) -> Case:
        """The same case knowing these results too; what one works out, the other knows."""
        known = {**self.facts, **{m.name: m for m in measurements}}
        return replace(self, facts=known).knowing(self.worked_out)

    def knowing(self, worked_out: WorkedOut) -> Case:
        """This case, told what was worked out of the same image, labels and words."""
        object.__setattr__(self, "worked_out", worked_out)
        return self


class Analysis(Protocol):
    """One analysis: a module whose docstring teaches the metric.

    A module satisfies this protocol by defining the names below; see
    :mod:`heimdallr.analyses.organ_volumetry` for the shortest one.
    """

    @property
    def OUTPUTS(self) -> tuple[Output, ...]:  # noqa: N802 - a module's constant
        """Every measurement the analysis publishes; names may hold ``<placeholders>``."""

    @property
    def READS(self) -> Reads:  # noqa: N802 - a module's constant
        """What of a case the analysis reads; an analysis that reads more will be caught out."""

    def measure(self, case: Case) -> tuple[Measurement, ...]:
        """Every measurement of this analysis, each measured or with its status and reason."""
