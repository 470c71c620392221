"""``case.json``: what the analyses were given beside voxels, so that they can be asked again.

Image and label maps are files of the folder, the patient's sex, age, height and weight stand in
``id.json``; here is the rest of a :class:`~heimdallr.analyses.case.Case`: the series, what it does
not show, notices, every task with its names and provenance, and what a person has said. Statistics,
judgements and levels are kept as well: to work them out takes seconds of a large volume. They count
for the version of the program that made them only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

import heimdallr
from heimdallr.analyses.belief import Judgement  # noqa: TC001 - pydantic reads it at run time
from heimdallr.analyses.vertebral_levels import LevelCheck  # noqa: TC001 - likewise
from heimdallr.domain.corrections import (  # noqa: TC001 - likewise
    LevelStatement,
    RejectionReason,
)
from heimdallr.domain.statements import Statement  # noqa: TC001 - likewise
from heimdallr.domain.study import Series, Unseen  # noqa: TC001 - likewise
from heimdallr.imaging.statistics import StructureStatistics  # noqa: TC001 - likewise
from heimdallr.segmentation.result import SegmentationProvenance  # noqa: TC001 - likewise

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from heimdallr.analyses.case import Case

CASE_FILE = "case.json"

MASK_FOLDERS: Mapping[str, str] = {
    "total": "total",
    "total_mr": "total",
    "tissue_types": "tissue_types",
    "tissue_types_mr": "tissue_types",
    "cerebral_bleed": "bleed",
}
"""Task → folder of its masks, and name of its label map; any other task has its own name."""


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """A task that was run.

    Attributes:
        names: label number → structure, of every one that the task knows.
        provenance: of its label map.
    """

    names: dict[int, str]
    provenance: SegmentationProvenance


@dataclass(frozen=True, slots=True)
class WorkedOutRecord:
    """What was worked out of image and label maps; what nobody had asked for is ``None``."""

    statistics: dict[str, StructureStatistics] | None = None
    judgements: dict[str, Judgement] | None = None
    levels: LevelCheck | None = None


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """``case.json``.

    Attributes:
        version: of the program that wrote it.
        series: as its headers describe it.
        tasks: those that were run, in their order.
        skipped_tasks: others → why they were not.
        notices: what the preparation has to tell.
        unseen: parts of the patient that the series shows or should show, and the image does not.
        said_level: what a person said of the vertebrae.
        rejected: structure → why a person does not believe it.
        worked_out: of image and label maps, by that version.
    """

    version: str
    series: Series
    tasks: dict[str, TaskRecord]
    skipped_tasks: dict[str, Statement] = field(default_factory=dict)
    notices: tuple[Statement, ...] = ()
    unseen: tuple[Unseen, ...] = ()
    said_level: LevelStatement | None = None
    rejected: dict[str, RejectionReason] = field(default_factory=dict)
    worked_out: WorkedOutRecord = field(default_factory=WorkedOutRecord)


@dataclass(frozen=True, slots=True)
class _Written:
    """The one key of ``case.json`` that every version has."""

    version: str


@dataclass(frozen=True, slots=True)
class _Named:
    """Of a task, its names only."""

    names: dict[int, str]


@dataclass(frozen=True, slots=True)
class _Tasks:
    """Of ``case.json``, its tasks only."""

    tasks: dict[str, _Named]


_RECORD: TypeAdapter[CaseRecord] = TypeAdapter(CaseRecord)
_WRITTEN: TypeAdapter[_Written] = TypeAdapter(_Written)
_TASKS: TypeAdapter[_Tasks] = TypeAdapter(_Tasks)


def case_json(case: Case) -> str:
    """The file's text, strict JSON."""
    known = case.worked_out
    record = CaseRecord(
        version=heimdallr.__version__,
        series=case.series,
        tasks={
            task: TaskRecord(dict(one.label_map.names), one.provenance)
            for task, one in case.segmentations.items()
        },
        skipped_tasks=dict(case.skipped_tasks),
        notices=case.notices,
        unseen=case.unseen,
        said_level=case.said_level,
        rejected=dict(case.rejected),
        worked_out=WorkedOutRecord(
            None if known.statistics is None else dict(known.statistics),
            None if known.judgements is None else dict(known.judgements),
            known.levels,
        ),
    )
    return _RECORD.dump_json(record).decode() + "\n"


def read_case_record(case_folder: Path) -> CaseRecord:
    """``case.json`` of a case folder.

    Raises:
        OSError: it cannot be read; FileNotFoundError where it is not there.
        pydantic.ValidationError: it is damaged; a ValueError whose text quotes the file.
    """
    return _RECORD.validate_json((case_folder / CASE_FILE).read_bytes())


def written_by(case_folder: Path) -> str:
    """The version of the program that wrote ``case.json``; raises as :func:`read_case_record`."""
    return _WRITTEN.validate_json((case_folder / CASE_FILE).read_bytes()).version


def names_of_tasks(case_folder: Path) -> dict[str, dict[int, str]]:
    """Task → label number → structure; raises as :func:`read_case_record`, and is quicker."""
    told = _TASKS.validate_json((case_folder / CASE_FILE).read_bytes())
    return {task: one.names for task, one in told.tasks.items()}
