"""What every analysis receives and returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heimdallr.domain.measurement import Measurement
    from heimdallr.domain.study import Modality, Patient, Series
    from heimdallr.imaging.statistics import StructureStatistics
    from heimdallr.imaging.volume import LabelMap, Volume
    from heimdallr.segmentation.result import Segmentation


@dataclass(frozen=True)
class Case:
    """One prepared and segmented study: image, label maps, header facts.

    Attributes:
        image: the selected series on its own grid, RAS+; HU for CT.
        segmentations: task name (``total``, ``total_mr``, ``tissue_types``, ``cerebral_bleed``
            …) → its result; a task that was not run is absent.
        skipped_tasks: task name → why it was not run (licence, no weights, no head in view).
        facts: results of earlier analyses of the registry, by measurement name.
    """

    modality: Modality
    image: Volume
    patient: Patient
    series: Series
    segmentations: Mapping[str, Segmentation]
    skipped_tasks: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Measurement] = field(default_factory=dict)

    @property
    def anatomy_task(self) -> str:
        """The whole-body task of this modality."""
        return "total" if self.modality == "CT" else "total_mr"

    @property
    def anatomy(self) -> LabelMap:
        """The whole-body label map; :class:`KeyError` when that task was not run."""
        return self.segmentations[self.anatomy_task].label_map

    @cached_property
    def statistics(self) -> Mapping[str, StructureStatistics]:
        """Statistics of every structure of the whole-body map, one pass over the voxels."""
        from heimdallr.imaging.statistics import structure_statistics  # noqa: PLC0415

        return structure_statistics(self.anatomy, self.image)


class Analysis(Protocol):
    """One analysis: a name, the documentation of its numbers, and a pure function."""

    @property
    def name(self) -> str:
        """Unique, snake_case: ``sarcopenia_l3``."""

    def applies_to(self, case: Case) -> bool:
        """Whether this analysis says anything about such a case (modality, task present)."""

    def measure(self, case: Case) -> tuple[Measurement, ...]:
        """Every measurement of this analysis, each measured or with its status and reason."""
